/* One line of a journal: how a record becomes bytes and how bytes are found to be a record.
 *
 * A line is believed only when journal_line_parse() says LINE_GOOD: the checksum covers every byte
 * of it, the newline included. No files here. The bytes are specified in docs/journal.md. */
#ifndef VED_HOST_JOURNAL_LINE_H
#define VED_HOST_JOURNAL_LINE_H

#include <stddef.h>
#include <stdint.h>

#include "lang/base/buffer.h"

/* Bytes a line has beyond its payload, at most. */
#define JOURNAL_HEAD_MAX 80

/* How every line begins. */
#define JOURNAL_LINE_START "{\"seq\":"

typedef struct JournalLine {
    uint64_t sequence;
    uint64_t synced;       /* the last record on disk before this record's group was written */
    uint32_t crc_expected; /* as written in the line */
    uint32_t crc_found;    /* of the bytes */
    size_t body_at;        /* the ',' or '}' after the head */
} JournalLine;

typedef enum JournalLineVerdict {
    LINE_GOOD,
    LINE_NO_RECORD,    /* does not begin or end like a record; `ret` is untouched */
    LINE_BAD_CHECKSUM, /* looks like a record; both checksums are in `ret` */
} JournalLineVerdict;

/* Append the line of a record. `payload` is a JSON object's text without newlines. */
void journal_line_put(Buffer *buffer, uint64_t sequence, uint64_t synced, const char *payload,
                      size_t size);

/* Judge `size` bytes, the newline being the last of them. */
JournalLineVerdict journal_line_parse(const char *line, size_t size, JournalLine *ret);

#endif
