/* Reading text of which every byte is prescribed: heads of records and checkpoints.
 *
 * Each function moves the cursor only when it says true. */
#ifndef VED_HOST_CURSOR_H
#define VED_HOST_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CRC_DIGITS 8

typedef struct Cursor {
    const char *at;
    const char *end;
} Cursor;

/* Pass `text`. */
bool cursor_skip(Cursor *cursor, const char *text);

/* Read decimal digits, at most 2^53 - 1. */
bool cursor_number(Cursor *cursor, uint64_t *ret);

/* Read a checksum: CRC_DIGITS lower-case hexadecimal digits. */
bool cursor_crc(Cursor *cursor, uint32_t *ret);

/* Write a checksum so that cursor_crc() reads it; no NUL follows. */
void crc_write(char *digits, uint32_t crc);

/* CRC-32C of `size` bytes without the CRC_DIGITS bytes at `digits_at`. */
uint32_t crc_around(const char *bytes, size_t size, size_t digits_at);

#endif
