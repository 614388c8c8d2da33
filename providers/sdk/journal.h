/* Append-only file of JSON records, one a line, each with the CRC-32C of its text.
 *
 *     {"crc":"1f2e3d4c","record":{...}}
 *
 * A record is durable once journal_sync() has returned 0 for it: nothing that depends on a record
 * may leave the process before that. One thread uses a journal. */
#ifndef VED_SDK_JOURNAL_H
#define VED_SDK_JOURNAL_H

#include "lang/base/buffer.h"
#include "lang/base/error.h"

typedef struct Journal Journal;

/* journal_open() found a half-written end, as a crash leaves it, and cut it off. */
#define JOURNAL_TORN_TAIL 1

/* Called for each record, oldest first; a negative code ends the opening with it. The text is lent
 * for the call. It is what was written, as its checksum says, and no more is known of it. */
typedef int (*JournalVisit)(void *context, const char *record, size_t size, Error *err);

/* Open or make the file. A bad record with good ones behind it is damage, not a torn tail: refused.
 * The caller owns `*ret`. */
int journal_open(const char *path, JournalVisit visit, void *context, Journal **ret, Error *err);
void journal_free(Journal *journal);

/* Put a record, an object's JSON text without line breaks, into the group that the next
 * journal_sync() writes. */
void journal_append(Journal *journal, const char *record, size_t size);

/* Write the group and fdatasync it. After a failure the file must not be used any more. */
int journal_sync(Journal *journal, Error *err);

/* Bytes in the file, the group not counted. */
size_t journal_size(const Journal *journal);

/* The next record, appended to `ret`, which is empty; false: there is none. */
typedef bool (*JournalSource)(void *context, Buffer *ret);

/* Put the records of `source` in the place of everything written so far, by rename: a crash leaves
 * the old file or the new one. The group must be empty. */
int journal_replace(Journal *journal, JournalSource source, void *context, Error *err);

CLEANUP_DEFINE(Journal *, journal_free);

#endif
