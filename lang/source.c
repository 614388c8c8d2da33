#include "lang/source.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lang/base/memory.h"

/* What is known where a stretch of MARK_DISTANCE bytes begins. */
typedef struct SourceMark {
    uint32_t line;
    uint32_t line_start;
    uint32_t column;   /* of the byte there */
    uint32_t line_end; /* the first line break from there on, or the end of the text */
} SourceMark;

#define MARK_DISTANCE 4096u

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* The first line break in [from, to), or `to`. */
static uint32_t line_break(const Source *source, uint32_t from, uint32_t to)
{
    const char *at = from < to ? memchr(source->text + from, '\n', to - from) : NULL;

    return at != NULL ? (uint32_t)(at - source->text) : to;
}

/* From what is known of one byte to what is known of a later one. */
static void mark_advance(const Source *source, SourceMark *mark, uint32_t from, uint32_t to)
{
    for (uint32_t at; (at = line_break(source, from, to)) < to; from = at + 1) {
        mark->line++;
        mark->line_start = at + 1;
        mark->column = 1;
    }
    for (; from < to; from++)
        mark->column += !is_continuation(source->text[from]);
}

/* The file that has the byte: of those that begin before it the last. -1: there are no files. */
static int file_at(const Source *source, uint32_t offset)
{
    size_t low = 0, high = source->file_count;

    while (low + 1 < high) {
        size_t middle = (low + high) / 2;
        if (source->files[middle].start <= offset)
            low = middle;
        else
            high = middle;
    }
    return high == 0 ? -1 : (int)low;
}

/* The nearest place of the file. */
static uint32_t offset_in(const Source *source, int file, uint32_t offset)
{
    if (file >= 0 && offset < source->files[file].start)
        return source->files[file].start;
    return offset > source->size ? (uint32_t)source->size : offset;
}

static SourcePlace place_of(const Source *source, const SourceMark *mark, int file, uint32_t offset)
{
    uint32_t end = mark->line_end;

    if (end > mark->line_start && source->text[end - 1] == '\r')
        end--;
    return (SourcePlace){.file = file < 0 ? source->name : source->files[file].path,
                         .line = mark->line,
                         .column = mark->column,
                         .byte = file < 0 ? offset : offset - source->files[file].start,
                         .line_start = mark->line_start,
                         .line_end = end};
}

SourcePlace source_place(const Source *source, uint32_t offset)
{
    uint32_t size = (uint32_t)source->size;
    int file = file_at(source, offset);
    uint32_t start = file < 0 ? 0 : source->files[file].start;
    SourceMark mark = {.line = 1, .line_start = start, .column = 1};

    offset = offset_in(source, file, offset);
    mark_advance(source, &mark, start, offset);
    mark.line_end = line_break(source, offset, size);
    return place_of(source, &mark, file, offset);
}

Span source_file_span(const Source *source, uint32_t offset)
{
    int file = file_at(source, offset);

    return file < 0 ? (Span){0, (uint32_t)source->size}
                    : (Span){source->files[file].start, source->files[file].end};
}

/* ---- many places ---- */

/* What is known of a byte, lines counted over all files. */
static SourceMark index_mark(const SourceIndex *index, uint32_t offset)
{
    const Source *source = index->source;
    uint32_t at = offset / MARK_DISTANCE;
    SourceMark mark = index->marks[at];
    uint32_t next = at + 1 < index->mark_count ? (at + 1) * MARK_DISTANCE : (uint32_t)source->size;
    mark_advance(source, &mark, at * MARK_DISTANCE, offset);
    uint32_t end = line_break(source, offset, next);
    if (end < next)
        mark.line_end = end;
    else if (at + 1 < index->mark_count)
        mark.line_end = index->marks[at + 1].line_end;
    else
        mark.line_end = (uint32_t)source->size;
    return mark;
}

void source_index_init(SourceIndex *index, const Source *source)
{
    uint32_t size = (uint32_t)source->size, count = size / MARK_DISTANCE + 1;
    SourceMark *marks = memory_zero(count, sizeof *marks);
    uint32_t end = size;

    marks[0] = (SourceMark){.line = 1, .column = 1};
    for (uint32_t i = 1; i < count; i++) {
        marks[i] = marks[i - 1];
        mark_advance(source, &marks[i], (i - 1) * MARK_DISTANCE, i * MARK_DISTANCE);
    }
    for (uint32_t i = count; i-- > 0;) {
        uint32_t next = i + 1 < count ? (i + 1) * MARK_DISTANCE : size;
        uint32_t at = line_break(source, i * MARK_DISTANCE, next);
        end = at < next ? at : end;
        marks[i].line_end = end;
    }
    *index = (SourceIndex){.source = source, .marks = marks, .mark_count = count};
    index->lines_before = memory_zero(source->file_count + 1, sizeof *index->lines_before);
    for (size_t i = 0; i < source->file_count; i++)
        index->lines_before[i] = index_mark(index, source->files[i].start).line - 1;
}

void source_index_deinit(SourceIndex *index)
{
    free(index->marks);
    free(index->lines_before);
    *index = (SourceIndex){0};
}

SourcePlace source_index_place(const SourceIndex *index, uint32_t offset)
{
    const Source *source = index->source;
    int file = file_at(source, offset);

    offset = offset_in(source, file, offset);
    SourceMark mark = index_mark(index, offset);
    if (file >= 0)
        mark.line -= index->lines_before[file];
    return place_of(source, &mark, file, offset);
}
