#include "utf8.h"

/* The length of the UTF-8 sequence at `bytes`, 0 if it is none (RFC 3629, section 4). */
static size_t utf8_length(const unsigned char *bytes, size_t size)
{
    unsigned char first = bytes[0];
    size_t length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;

    if (length == 0 || length > size || first > 0xf4 || first == 0)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
    if ((first == 0xe0 && bytes[1] < 0xa0) || (first == 0xed && bytes[1] > 0x9f) ||
        (first == 0xf0 && bytes[1] < 0x90) || (first == 0xf4 && bytes[1] > 0x8f))
        return 0;
    return length;
}

bool text_fits_json(const Buffer *body)
{
    const unsigned char *bytes = (const unsigned char *)body->bytes;

    for (size_t at = 0; at < body->size;) {
        size_t length = utf8_length(bytes + at, body->size - at);
        if (length == 0)
            return false;
        at += length;
    }
    return true;
}
