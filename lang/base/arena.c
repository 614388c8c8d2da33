/* Blocks in a list, newest first; the newest is carved from the front. A request larger than a
 * block gets one of its own, so nothing is ever copied. Each block is as large as all before it
 * together, within bounds: small arenas stay small, large ones have few blocks. */
#include "arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "memory.h"
#include "text.h"

#define BLOCK_SIZE_MIN 16384
#define BLOCK_SIZE_MAX ((size_t)4 << 20)
#define BLOCK_SIZE_LARGE ((size_t)2 << 20)

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
    size_t size = arena->used < BLOCK_SIZE_MIN   ? BLOCK_SIZE_MIN
                  : arena->used < BLOCK_SIZE_MAX ? arena->used
                                                 : BLOCK_SIZE_MAX;
    size_t whole = sizeof(ArenaBlock) + (need > size ? need : size);
    ArenaBlock *block = whole < BLOCK_SIZE_LARGE ? memory_alloc(whole) : memory_alloc_large(&whole);

    block->previous = arena->blocks;
    block->size = whole - sizeof *block;
    arena->blocks = block;
    arena->next = block->bytes;
    arena->end = block->bytes + block->size;
}

void *arena_alloc_block(Arena *arena, size_t size)
{
    /* What overflows is for the allocator to refuse. */
    block_add(arena, size < SIZE_MAX / 2 ? size : SIZE_MAX / 2);
    return arena_alloc_raw(arena, size, 1); /* a block is aligned for any type */
}

char *arena_copy_bytes(Arena *arena, const void *bytes, size_t size)
{
    char *copy = arena_alloc_raw(arena, size + 1, 1);

    if (size > 0)
        memcpy(copy, bytes, size);
    copy[size] = '\0';
    return copy;
}

char *arena_copy_string(Arena *arena, const char *text)
{
    return arena_copy_bytes(arena, text, strlen(text));
}

char *arena_format(Arena *arena, const char *format, ...)
{
    char text[256];
    va_list args, again;

    va_start(args, format);
    va_copy(again, args);
    size_t size = text_format(text, sizeof text, format, args);
    va_end(args);
    char *copy = arena_alloc_raw(arena, size + 1, 1);
    if (size < sizeof text)
        memcpy(copy, text, size + 1);
    else
        text_format(copy, size + 1, format, again);
    va_end(again);
    return copy;
}
