/* A program's text and places in it. Everything else points into it by byte offset. */
#ifndef VED_LANG_SOURCE_H
#define VED_LANG_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#define SOURCE_SIZE_MAX (64u * 1024 * 1024)

/* One file of a program that imports others: bytes [start, end) of the text. */
typedef struct SourceFile {
    const char *name; /* its path from the folder of the first file */
    const char *path; /* as messages show it */
    uint32_t start;
    uint32_t end;
} SourceFile;

typedef struct Source {
    const char *name; /* as the user gave it */
    const char *text; /* of all files, one after the other */
    size_t size;
    const SourceFile *files; /* the first is the program itself; NULL: there is no other */
    size_t file_count;
} Source;

/* Bytes [start, end) of the source. */
typedef struct Span {
    uint32_t start;
    uint32_t end;
} Span;

typedef struct SourcePlace {
    const char *file; /* its path */
    uint32_t line;    /* from 1, in its file */
    uint32_t column;  /* from 1, in Unicode code points */
    uint32_t byte;    /* from 0, in its file */
    uint32_t line_start;
    uint32_t line_end; /* without the line break */
} SourcePlace;

/* Counts from the start of its file: for one place. Who wants many makes an index. */
SourcePlace source_place(const Source *source, uint32_t offset);

/* All of the file that the byte is in. */
Span source_file_span(const Source *source, uint32_t offset);

/* Answers the same question by looking at no more than a few thousand bytes, however long the text
 * or its lines are. The source must outlive it. */
typedef struct SourceIndex {
    const Source *source;
    struct SourceMark *marks; /* owned: one every so many bytes */
    size_t mark_count;
    uint32_t *lines_before; /* owned: of each file, those of the files before it */
} SourceIndex;

void source_index_init(SourceIndex *index, const Source *source);
void source_index_deinit(SourceIndex *index);
SourcePlace source_index_place(const SourceIndex *index, uint32_t offset);

#define source_index_deinit_p source_index_deinit

#endif
