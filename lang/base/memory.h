/* Heap allocation that cannot fail in the caller: running out of memory ends the process.
 *
 * Everything durable is in the journal before it is believed, so a process that stops at any
 * allocation loses nothing; its successor continues. The message goes to stderr, the exit code is
 * that of an internal error (70). */
#ifndef VED_BASE_MEMORY_H
#define VED_BASE_MEMORY_H

#include <stddef.h>
#include <stdlib.h>

#include "macros.h"

/* As malloc, calloc, realloc, strdup, strndup; never NULL. The caller frees with free(). */
void *memory_alloc(size_t size);
void *memory_zero(size_t count, size_t size);
void *memory_grow(void *block, size_t count, size_t size);
char *memory_copy_string(const char *text);
char *memory_copy_bytes(const void *bytes, size_t size);

/* At least `*size` bytes, for millions of them that are written one after the other; sets how many
 * it is. They stand in huge pages where the system has some, so that it steps in once for two
 * million of them, not for four thousand. */
void *memory_alloc_large(size_t *size);

/* What was freed goes back to the system, also from between what is still used: after much of it
 * was used once. */
void memory_give_back(void);

/* End the process as a failed allocation does: for a library that says that it found no memory. */
_Noreturn void memory_exhausted(void);

/* Format into a new string; the caller frees it. */
char *memory_format(const char *format, ...) PRINTF_LIKE(1, 2);

static inline void free_p(void *pointer)
{
    free(*(void **)pointer);
}

/* Make room for one more element in an array that doubles: `items` holds `count` of `capacity`. */
#define memory_reserve_one(items, count, capacity)                                                 \
    do {                                                                                           \
        if ((count) == (capacity)) {                                                               \
            (capacity) = (capacity) ? (capacity)*2 : 8;                                            \
            (items) = memory_grow((items), (capacity), sizeof *(items));                           \
        }                                                                                          \
    } while (0)

#endif
