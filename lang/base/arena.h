/* Memory for things that die together: allocate piece by piece, free all at once.
 *
 * One arena holds source, tokens, tree and types of a compile; another the values of a turn.
 * Pieces are never freed alone. Not for things with different lifetimes. */
#ifndef VED_BASE_ARENA_H
#define VED_BASE_ARENA_H

#include <stddef.h>

#include "macros.h"

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

/* `size` zeroed bytes, aligned for any type; never NULL. */
void *arena_alloc(Arena *arena, size_t size);

/* Copies with a terminating NUL. */
char *arena_copy_bytes(Arena *arena, const void *bytes, size_t size);
char *arena_copy_string(Arena *arena, const char *text);
char *arena_format(Arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);

#define arena_new(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define arena_array(arena, type, count) ((type *)arena_alloc((arena), (count) * sizeof(type)))

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
