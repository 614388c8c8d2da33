#include "controller/host/cursor.h"

#include <string.h>

#include "lang/base/hash.h"
#include "lang/base/json.h"

bool cursor_skip(Cursor *cursor, const char *text)
{
    size_t size = strlen(text);

    if ((size_t)(cursor->end - cursor->at) < size || memcmp(cursor->at, text, size) != 0)
        return false;
    cursor->at += size;
    return true;
}

bool cursor_number(Cursor *cursor, uint64_t *ret)
{
    uint64_t value = 0;
    const char *at = cursor->at;

    for (; at < cursor->end && *at >= '0' && *at <= '9'; at++) {
        value = value * 10 + (uint64_t)(*at - '0');
        if (value > JSON_INTEGER_MAX)
            return false;
    }
    if (at == cursor->at)
        return false;
    cursor->at = at;
    *ret = value;
    return true;
}

bool cursor_crc(Cursor *cursor, uint32_t *ret)
{
    uint32_t crc = 0;

    if (cursor->end - cursor->at < CRC_DIGITS)
        return false;
    for (int i = 0; i < CRC_DIGITS; i++) {
        char c = cursor->at[i];
        if (c >= '0' && c <= '9')
            crc = crc << 4 | (uint32_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            crc = crc << 4 | (uint32_t)(c - 'a' + 10);
        else
            return false;
    }
    cursor->at += CRC_DIGITS;
    *ret = crc;
    return true;
}

void crc_write(char *digits, uint32_t crc)
{
    for (int i = 0; i < CRC_DIGITS; i++)
        digits[i] = "0123456789abcdef"[crc >> (28 - 4 * i) & 15];
}

uint32_t crc_around(const char *bytes, size_t size, size_t digits_at)
{
    size_t rest_at = digits_at + CRC_DIGITS;

    return crc32c(crc32c(0, bytes, digits_at), bytes + rest_at, size - rest_at);
}
