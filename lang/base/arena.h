/* Memory for things that die together: allocate piece by piece, free all at once.
 *
 * One arena holds source, tokens, tree and types of a compile; another the values of a turn.
 * Pieces are never freed alone. Not for things with different lifetimes. */
#ifndef VED_BASE_ARENA_H
#define VED_BASE_ARENA_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "macros.h"

#define ARENA_ALIGN 16

typedef struct ArenaBlock ArenaBlock;

typedef struct Arena {
    ArenaBlock *blocks;
    char *next;
    char *end;
    size_t used; /* bytes handed out since the last reset */
} Arena;

/* An empty arena takes no memory; `= {0}` does as well. */
void arena_init(Arena *arena);
void arena_deinit(Arena *arena);

/* Forget every piece but keep one block, to be used again. */
void arena_reset(Arena *arena);

/* `size` bytes of a new block, for the function below. */
void *arena_alloc_block(Arena *arena, size_t size);

/* `size` bytes with anything in them, aligned to `align`, a power of two up to ARENA_ALIGN; never
 * NULL. */
static inline void *arena_alloc_raw(Arena *arena, size_t size, size_t align)
{
    size_t gap = -(uintptr_t)arena->next & (align - 1);
    size_t left = (size_t)(arena->end - arena->next);

    if (arena->next == NULL || left < gap || left - gap < size)
        return arena_alloc_block(arena, size);
    char *piece = arena->next + gap;
    arena->next = piece + size;
    arena->used += gap + size;
    return piece;
}

/* `size` zeroed bytes, aligned for any type; never NULL. */
static inline void *arena_alloc(Arena *arena, size_t size)
{
    return memset(arena_alloc_raw(arena, size, ARENA_ALIGN), 0, size);
}

/* Copies with a terminating NUL. */
char *arena_copy_bytes(Arena *arena, const void *bytes, size_t size);
char *arena_copy_string(Arena *arena, const char *text);
char *arena_format(Arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);

#define arena_new(arena, type)                                                                     \
    ((type *)memset(arena_alloc_raw((arena), sizeof(type), _Alignof(type)), 0, sizeof(type)))
#define arena_array(arena, type, count) ((type *)arena_alloc((arena), (count) * sizeof(type)))

/* The same with anything in it, for one that is filled at once. */
#define arena_raw(arena, type, count)                                                              \
    ((type *)arena_alloc_raw((arena), (count) * sizeof(type), _Alignof(type)))

/* An array in an arena that doubles; what it outgrew stays in the arena until the end. */
#define arena_reserve_one(arena, items, count, capacity)                                           \
    do {                                                                                           \
        if ((count) == (capacity)) {                                                               \
            size_t new_capacity_ = (capacity) ? (size_t)(capacity)*2 : 4;                          \
            void *grown_ = arena_alloc((arena), new_capacity_ * sizeof *(items));                  \
            if ((count) > 0)                                                                       \
                __builtin_memcpy(grown_, (items), (size_t)(count) * sizeof *(items));              \
            (items) = grown_;                                                                      \
            (capacity) = new_capacity_;                                                            \
        }                                                                                          \
    } while (0)

#endif
