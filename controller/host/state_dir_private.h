/* What the files of a state folder's code share: its insides, and who it belongs to.
 *
 * state_dir.h has what it does; only its own files include this. */
#ifndef VED_HOST_STATE_DIR_PRIVATE_H
#define VED_HOST_STATE_DIR_PRIVATE_H

#include "controller/host/state_chain.h"
#include "controller/host/state_dir.h"
#include "controller/host/vault.h"

struct StateDir {
    char *path;
    char *stack;
    char *lineage;
    bool read_only;
    StateFormat format;
    uint64_t keep_bytes;
    int lock;
    Vault *vault;
    bool is_raw;
    Journal *journal;
    uint64_t journal_start; /* N of the journal's name */
    bool has_checkpoint;
    uint64_t checkpoint;       /* position of the newest */
    size_t changes_count;      /* checkpoints of changes in its chain */
    StateChainSize chain;      /* and the bytes of that */
    uint64_t program_in_force; /* what the newest checkpoint names */
    uint64_t program_next;     /* what the next one will name */
};

/* Read stack.json, which is at `file`, and hold the stack's name against it (NULL: any). */
int state_stack_read(StateDir *dir, const char *file, const char *stack, Error *err);

/* Write it: a folder without it is a new one; with journals in it, it is one that lost it. */
int state_stack_make(StateDir *dir, const char *file, const char *stack, Error *err);

/* Append the source of program-`position`.ved. A failure, or ERROR_STATE: it is damaged. */
int state_program_read(const char *folder, uint64_t position, Buffer *ret, Error *err);

/* Write it, durably. */
int state_program_write(const char *folder, uint64_t position, const char *text, size_t size,
                        Error *err);

/* ERROR_STATE: the checkpoint at `path` is of another position than its name says. */
int state_checkpoint_name_check(const char *path, const CheckpointHead *head, uint64_t position,
                                Error *err);

/* Write a checkpoint with its secrets sealed. `ret_size`: bytes that it took; may be NULL. */
int state_checkpoint_write(const StateDir *dir, const CheckpointHead *head,
                           const StateSource *source, uint64_t *ret_size, Error *err);

/* Say what to do about a file that may not be used; returns `code`. */
int state_dir_explain(const StateDir *dir, int code, Error *err);

#endif
