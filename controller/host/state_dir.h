/* The folder a stack's state is kept in: lock, program, checkpoints, journals, and recovery.
 *
 *      state_dir_open()      make or check the folder, take the lock
 *      state_dir_recover()   newest checkpoint, then the records after it; from here on the
 *                            journal takes records
 *      state_dir_append() and journal_commit() on state_dir_journal(), state_dir_rotate() now and
 * then state_dir_seal()      before an orderly stop state_dir_close()
 *
 * What is in checkpoints and records is the caller's business; their secrets are sealed on the way
 * into the files and opened on the way out (vault.h). One owner, one thread. The files are
 * described in docs/journal.md. */
#ifndef VED_HOST_STATE_DIR_H
#define VED_HOST_STATE_DIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/host/checkpoint.h"
#include "controller/host/journal.h"
#include "controller/host/key_source.h"
#include "lang/base/buffer.h"
#include "lang/base/error.h"

#define STATE_VERSION 1
#define STATE_KEEP_DEFAULT ((uint64_t)64 << 20)
#define STATE_PROGRAM_MAX ((size_t)64 << 20)

/* Read from the newest checkpoint on. */
#define STATE_NEWEST UINT64_MAX

/* Recovery found the last group half written, as a crash leaves it, and left it out. */
#define STATE_TORN_TAIL 1
/* There is no program in the folder yet. */
#define STATE_NO_PROGRAM 2

typedef struct StateDir StateDir;

typedef struct StateDirOptions {
    const char *stack;       /* whose state it must be; NULL: any, but then it must be there */
    const char *command;     /* the command line, for those who find the lock held */
    bool read_only;          /* take no lock and write nothing */
    int64_t lock_timeout_ms; /* how long to try for the lock; 0: once */
    StateFormat format;      /* of new checkpoints; both are read */
    uint64_t keep_bytes;     /* of checkpoints and journals; 0: STATE_KEEP_DEFAULT */
    const KeySources *keys;  /* of its secrets; NULL: only the folder's own. Copied */
    bool is_raw;             /* visitors see secrets sealed as they stand in the files */
} StateDirOptions;

/* Open, and unless read-only make, the folder. ERROR_LOCKED: held by somebody, who is named;
 * ERROR_STALE: another stack's; ERROR_STATE or -errno: missing, unreadable, newer version. The
 * caller frees with state_dir_close(). */
int state_dir_open(const char *path, const StateDirOptions *options, StateDir **ret, Error *err);

/* Close the journal and let go of the lock. What was not committed is gone. */
void state_dir_close(StateDir *dir);
CLEANUP_DEFINE(StateDir *, state_dir_close);

const char *state_dir_path(const StateDir *dir);
const char *state_dir_stack(const StateDir *dir);
const char *state_dir_lineage(const StateDir *dir); /* made at random once, 32 hex digits */

/* Receives the state, then each record after it in order. The state comes line by line, and then
 * on_checkpoint() is called without it; where `on_line` is NULL, that gets it as one text. Texts
 * are valid during the call, and whole ones end in NUL. A return value other than 0 ends the
 * reading and is handed through. */
typedef struct StateVisitor {
    int (*on_checkpoint)(void *user, uint64_t position, const char *state, size_t size, Error *err);
    int (*on_record)(void *user, uint64_t sequence, const char *payload, size_t size, Error *err);
    void *user;
    StateLineVisit *on_line;
} StateVisitor;

typedef struct StateRecovery {
    bool has_checkpoint;
    uint64_t checkpoint_position; /* 0 without one */
    uint64_t position;            /* number of the last record, seals counted */
    uint64_t record_count;        /* handed to on_record; seals are not */
    bool sealed;                  /* the process before stopped in order */
    bool torn;
    char torn_message[512]; /* what was left out, when torn */
} StateRecovery;

/* Read the newest checkpoint and the records after it. Unless read-only, cut off and keep aside a
 * torn tail and open the journal. 0, STATE_TORN_TAIL (as good as 0, but to be said), or a failure;
 * damage is ERROR_STATE with file, line, byte, expected and found. Once a StateDir. */
int state_dir_recover(StateDir *dir, const StateVisitor *visitor, StateRecovery *ret, Error *err);

/* The same without writing, as often as wanted, from the checkpoint at position `from` (0 without a
 * checkpoint there: from the first record) or STATE_NEWEST. Recovers through later journals. */
int state_dir_read(const StateDir *dir, uint64_t from, const StateVisitor *visitor,
                   StateRecovery *ret, Error *err);

/* The lowest position state_dir_read() can start from. */
int state_dir_oldest(const StateDir *dir, uint64_t *ret, Error *err);

/* The heads of the checkpoints of position `from` and above, the oldest first; the caller frees the
 * array. Below state_dir_oldest() are those that others hold the changes of. */
int state_dir_checkpoints(const StateDir *dir, uint64_t from, CheckpointHead **ret,
                          size_t *ret_count, Error *err);

/* Append the source of program-`position`.ved to `ret`: the one that a head names. */
int state_dir_read_program(const StateDir *dir, uint64_t position, Buffer *ret, Error *err);

/* journal_append(), with the record's secrets sealed. */
int state_dir_append(StateDir *dir, const char *payload, size_t size, Error *err);

/* To commit, after state_dir_recover(); owned by the folder and replaced by state_dir_rotate(),
 * so ask each time. NULL before, and when read-only. */
Journal *state_dir_journal(StateDir *dir);

/* Hands over the lines of a state, or of what has changed of it; returns what `visit` did, if that
 * is not 0. */
typedef struct StateSource {
    int (*write)(void *source, StateLineVisit *visit, void *user, Error *err);
    void *source;
} StateSource;

/* Write a checkpoint of the journal's position, begin a new journal there and delete the oldest
 * files beyond `keep_bytes` (the last two checkpoints and the journals since are always kept, and
 * what they are changes of). Nothing may be pending in the journal. After a failure the old journal
 * goes on, unless journal_is_broken(); -ENOSPC: try again when there is room. */
int state_dir_rotate_lines(StateDir *dir, const StateSource *state, Error *err);

/* The same, of the text of the state. */
int state_dir_rotate(StateDir *dir, const char *state, size_t size, Error *err);

/* Whether the next checkpoint may be one of what has changed since the newest, of `size` bytes. */
bool state_dir_takes_changes(const StateDir *dir, size_t size);

/* As state_dir_rotate(), of what has changed. */
int state_dir_rotate_changes(StateDir *dir, const char *changes, size_t size, Error *err);

/* A rotation in parts, whose checkpoint is written by a copy of the process while the journal goes
 * on (see beside.h). */
typedef struct StateRotation {
    CheckpointHead head;
    uint64_t size; /* bytes of the checkpoint, once it is written */
} StateRotation;

/* Begin a new journal at its present position, of which the checkpoint is still to come: until then
 * that journal goes on from the one before. Fails as state_dir_rotate_lines(). */
int state_dir_rotate_begin(StateDir *dir, StateRotation *ret, Error *err);

/* In the copy: write the checkpoint, of the whole state or of what has changed, and delete the
 * oldest files. */
int state_dir_rotate_copy(StateDir *dir, const StateSource *state, bool only_changes,
                          StateRotation *rotation, Error *err);

/* The checkpoint is there. */
void state_dir_rotate_end(StateDir *dir, const StateRotation *rotation);

/* Mark an orderly stop; as journal_seal(). Before state_dir_recover() it does nothing. */
int state_dir_seal(StateDir *dir, Error *err);

/* Keep the source of a program that takes over at the journal's present `position`, durably. It is
 * the one in force from the next state_dir_rotate() on (at position 0, at once). Another text at
 * the position from which a program is already in force is ERROR_STATE: commit a record of the
 * change first, then there is a new position. */
int state_dir_save_program(StateDir *dir, uint64_t position, const char *text, size_t size,
                           Error *err);

/* Append the source of the program the newest checkpoint names (program-0 without one) to `ret`: 0,
 * STATE_NO_PROGRAM, or a failure. */
int state_dir_load_program(const StateDir *dir, Buffer *ret, Error *err);

#endif
