/* A growing run of bytes with a ceiling, always followed by a NUL that is not counted.
 *
 * Past the ceiling nothing is added and `overflowed` stays true until the next reset: write freely,
 * ask once at the end. */
#ifndef VED_BASE_BUFFER_H
#define VED_BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "macros.h"

typedef struct Buffer {
    char *bytes; /* NULL while nothing was ever added */
    size_t size;
    size_t capacity;
    size_t ceiling; /* 0: none, for what we make ourselves from bounded things */
    bool overflowed;
} Buffer;

void buffer_init(Buffer *buffer, size_t ceiling);
void buffer_deinit(Buffer *buffer);
void buffer_reset(Buffer *buffer);

void buffer_add(Buffer *buffer, const void *bytes, size_t size);
void buffer_add_string(Buffer *buffer, const char *text);

/* Room for so many bytes and a NUL behind what is there, to be written to: of those as many are
 * added as buffer_took() is told, at once. NULL: past the ceiling. */
char *buffer_room(Buffer *buffer, size_t most);
void buffer_took(Buffer *buffer, size_t size);
void buffer_add_char(Buffer *buffer, char c);
void buffer_add_format(Buffer *buffer, const char *format, ...) PRINTF_LIKE(2, 3);
void buffer_add_int(Buffer *buffer, int64_t value);
void buffer_add_unsigned(Buffer *buffer, uint64_t value);

/* The text so far; "" while empty. Owned by the buffer. */
const char *buffer_text(const Buffer *buffer);

/* Hand the bytes over (the caller frees them; never NULL) and leave the buffer empty. */
char *buffer_take(Buffer *buffer);

#define buffer_deinit_p buffer_deinit

#endif
