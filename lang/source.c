#include "lang/source.h"

static uint32_t line_start(const Source *source, uint32_t offset)
{
    while (offset > 0 && source->text[offset - 1] != '\n')
        offset--;
    return offset;
}

static uint32_t line_end(const Source *source, uint32_t offset)
{
    while (offset < source->size && source->text[offset] != '\n')
        offset++;
    if (offset > 0 && source->text[offset - 1] == '\r')
        offset--;
    return offset;
}

SourcePlace source_place(const Source *source, uint32_t offset)
{
    SourcePlace place = {.line = 1, .column = 1};

    if (offset > source->size)
        offset = (uint32_t)source->size;
    place.line_start = line_start(source, offset);
    place.line_end = line_end(source, offset);
    if (place.line_end < place.line_start)
        place.line_end = place.line_start;
    for (uint32_t i = 0; i < place.line_start; i++)
        place.line += source->text[i] == '\n';
    for (uint32_t i = place.line_start; i < offset; i++)
        place.column += ((unsigned char)source->text[i] & 0xc0) != 0x80;
    return place;
}

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
