/* Blocks in a list, newest first; the newest is carved from the front. A request larger than a
 * block gets one of its own, so nothing is ever copied. */
#include "arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "memory.h"

#define ARENA_BLOCK_SIZE 16384
#define ARENA_ALIGN 16

struct ArenaBlock {
    ArenaBlock *previous;
    size_t size;
    _Alignas(ARENA_ALIGN) char bytes[];
};

void arena_init(Arena *arena)
{
    *arena = (Arena){0};
}

static void blocks_free(ArenaBlock *block)
{
    while (block != NULL) {
        ArenaBlock *previous = block->previous;
        free(block);
        block = previous;
    }
}

void arena_deinit(Arena *arena)
{
    blocks_free(arena->blocks);
    arena_init(arena);
}

void arena_reset(Arena *arena)
{
    ArenaBlock *keep = arena->blocks;

    if (keep == NULL)
        return;
    blocks_free(keep->previous);
    keep->previous = NULL;
    arena->next = keep->bytes;
    arena->end = keep->bytes + keep->size;
    arena->used = 0;
}

static void block_add(Arena *arena, size_t need)
{
    size_t size = need > ARENA_BLOCK_SIZE ? need : ARENA_BLOCK_SIZE;
    ArenaBlock *block = memory_alloc(sizeof *block + size);

    block->previous = arena->blocks;
    block->size = size;
    arena->blocks = block;
    arena->next = block->bytes;
    arena->end = block->bytes + size;
}

void *arena_alloc(Arena *arena, size_t size)
{
    size_t need = (size + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);

    if (need < size)
        need = SIZE_MAX / 2; /* overflow: let the allocator refuse it */
    if (arena->next == NULL || (size_t)(arena->end - arena->next) < need)
        block_add(arena, need);
    void *piece = arena->next;
    arena->next += need;
    arena->used += need;
    return memset(piece, 0, need);
}

char *arena_copy_bytes(Arena *arena, const void *bytes, size_t size)
{
    char *copy = arena_alloc(arena, size + 1);

    if (size > 0)
        memcpy(copy, bytes, size);
    return copy;
}

char *arena_copy_string(Arena *arena, const char *text)
{
    return arena_copy_bytes(arena, text, strlen(text));
}

char *arena_format(Arena *arena, const char *format, ...)
{
    va_list args, again;

    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = arena_alloc(arena, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}
