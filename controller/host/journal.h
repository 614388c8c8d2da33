/* Append-only record of everything the controller accepted, in the order it accepted it.
 *
 * A record is durable once journal_commit() has returned 0 for its group: nothing that depends on
 * it may leave the process before that. A payload is the text of a JSON object without newlines,
 * of which the members "seq", "synced" and "crc" are the journal's own; what else it says is the
 * caller's business. The bytes are specified in docs/journal.md.
 *
 * A group is written only after the one before is on disk, and each record says up to which number
 * that is. So a crash damages at most the last group: its first bad record and all after are cut
 * off and kept aside. Damage anywhere before is refused. One owner, on one thread; of its own it
 * has one that writes and syncs what journal_begin_commit() hands to it. */
#ifndef VED_HOST_JOURNAL_H
#define VED_HOST_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lang/base/error.h"

#define JOURNAL_RECORD_MAX ((size_t)64 << 20) /* payload of one record */
#define JOURNAL_GROUP_MAX ((size_t)256 << 20) /* lines of one group */
#define JOURNAL_CHUNK ((off_t)1 << 20)        /* room is taken from the disk in these steps */

/* The reader has come to the end of the records. */
#define JOURNAL_END 1
/* The last group is half written, as a crash leaves it: what follows the last record is no good. */
#define JOURNAL_TORN_TAIL 2

typedef struct Journal Journal;
typedef struct JournalReader JournalReader;

typedef struct JournalRecord {
    uint64_t sequence;
    uint64_t synced;     /* all up to this number were on disk before this was written */
    const char *payload; /* ends in NUL; valid until the next call on the reader */
    size_t size;
    uint64_t line;
    off_t offset; /* of the line in the file */
    bool seal;    /* written by journal_seal(), not by a caller */
} JournalRecord;

/* How the records of a file end. */
typedef struct JournalTail {
    uint64_t position; /* number of the last good record, or of the one before the file's first */
    uint64_t count;    /* good records */
    off_t size;        /* their bytes */
    off_t group_at;    /* where the last group of them begins: all before was on disk before it */
    bool sealed;       /* the last one is a seal: the process before stopped in order */
    bool torn;
    off_t torn_size;        /* bytes after them, without the zeros at the end */
    char torn_message[512]; /* where and why, when torn */
} JournalTail;

/* Another return value than 0 ends the reading and is handed through. */
typedef int JournalVisit(void *user, const JournalRecord *record, Error *err);

typedef struct JournalOpen {
    uint64_t position;   /* the file's first record is the one after this */
    uint64_t synced;     /* known from elsewhere: all up to here were on disk; 0: nothing known */
    JournalVisit *visit; /* is given each record, seals too; may be NULL */
    void *user;
} JournalOpen;

/* Make an empty journal whose first record will have number `position` + 1, and make it durable.
 * Fails with -errno when there is no file afterwards (or, -EEXIST, was one before), and with
 * ERROR_STATE when it was made but could not be synced. The caller frees with journal_close(). */
int journal_create(const char *path, uint64_t position, Journal **ret, Error *err);

/* Read all records, cut off a torn tail (kept in the file's name with .torn instead of .ndjson),
 * and stand ready to append. 0, JOURNAL_TORN_TAIL (ready as well), or a failure: damage is
 * ERROR_STATE, with file, line, byte, expected and found. `ret_tail` may be NULL. */
int journal_open(const char *path, const JournalOpen *options, JournalTail *ret_tail, Journal **ret,
                 Error *err);

/* Give back the preallocated room and close. What was not committed is gone. */
void journal_close(Journal *journal);
CLEANUP_DEFINE(Journal *, journal_close);

/* Add a record to the current group; nothing is written yet. It gets the number
 * journal_next(). ERROR_STATE when the record or the group passes its ceiling. */
int journal_append(Journal *journal, const char *payload, size_t size, Error *err);

/* Write the group and sync. On -ENOSPC, -EDQUOT and -EFBIG the file is as before, the group is
 * still there and the call may be repeated when there is room; after any other failure, above all
 * a failed sync, the journal takes nothing any more and the process has to recover from disk. */
int journal_commit(Journal *journal, Error *err);

/* Close the group and have it written and synced beside the caller, who goes on with the next one.
 * One is on its way at a time: this waits for the one before, and fails as that did. Nothing that
 * depends on such a record may leave the process before journal_commit() has returned 0. */
int journal_begin_commit(Journal *journal, Error *err);

/* Whether a group is on its way still; never waits. */
bool journal_is_committing(Journal *journal);

/* Forget the current group; its numbers are given out again. */
void journal_discard(Journal *journal);

/* Commit, then mark an orderly stop: from here on damage in the last group is damage as well.
 * Takes a number. A journal that ends in a seal already, or is empty, is left alone. Fails as
 * journal_commit() does; records may be appended afterwards. */
int journal_seal(Journal *journal, Error *err);

/* Take nothing any more: what was promised of the files beside it could not be kept. */
void journal_break(Journal *journal);

uint64_t journal_next(const Journal *journal);     /* number of the next record */
uint64_t journal_position(const Journal *journal); /* number of the last one known to be durable */
off_t journal_size(const Journal *journal);        /* bytes of the records up to it */
bool journal_is_broken(const Journal *journal);

/* Read without writing, also while another process appends: what is half written then reads as a
 * torn tail. The caller frees with journal_reader_close(). */
int journal_reader_open(const char *path, uint64_t position, uint64_t synced, JournalReader **ret,
                        Error *err);
void journal_reader_close(JournalReader *reader);
CLEANUP_DEFINE(JournalReader *, journal_reader_close);

/* 0 and a record; JOURNAL_END; JOURNAL_TORN_TAIL; or a failure. */
int journal_reader_next(JournalReader *reader, JournalRecord *ret, Error *err);

/* How it ended; meaningful after JOURNAL_END and JOURNAL_TORN_TAIL. */
void journal_reader_tail(const JournalReader *reader, JournalTail *ret);

/* Hand each remaining record to `visit` (may be NULL): JOURNAL_END, JOURNAL_TORN_TAIL, a failure,
 * or what `visit` returned. */
int journal_reader_visit(JournalReader *reader, JournalVisit *visit, void *user, Error *err);

#endif
