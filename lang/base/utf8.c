#include "utf8.h"

#include <string.h>

size_t utf8_decode(const char *text, size_t size, uint32_t *ret)
{
    const unsigned char *s = (const unsigned char *)text;
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = s[0] < 0x80       ? 1
                    : s[0] >> 5 == 6  ? 2
                    : s[0] >> 4 == 14 ? 3
                    : s[0] >> 3 == 30 ? 4
                                      : 0;
    uint32_t point = length == 1 ? s[0] : length == 0 ? 0 : s[0] & (0xffu >> (length + 1));

    if (length == 0 || length > size)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        point = point << 6 | (s[i] & 0x3f);
    }
    if (length > 1 && point < smallest[length])
        return 0;
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
        return 0;
    *ret = point;
    return length;
}

bool utf8_is_valid(const char *text, size_t size)
{
    uint32_t point;

    for (size_t at = 0; at < size;) {
        size_t length =
            (unsigned char)text[at] < 0x80 ? 1 : utf8_decode(text + at, size - at, &point);
        if (length == 0)
            return false;
        at += length;
    }
    return true;
}

bool text_fits_json(const Buffer *body)
{
    return body->size == 0 || (memchr(body->bytes, '\0', body->size) == NULL &&
                               utf8_is_valid(body->bytes, body->size));
}
