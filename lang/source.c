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
