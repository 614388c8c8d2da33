/* A new epoch of a state: what another copy or an earlier time of it says is put in place of what
 * the folder holds.
 *
 * From then on objects and calls have keys of their own, which no provider can have seen. Nothing
 * is lost: the files of before are moved to `epoch-N` in the folder, N being the epoch that has
 * ended, and are a state folder themselves, to be looked at and to be restored from. */
#ifndef VED_HOST_STATE_EPOCH_H
#define VED_HOST_STATE_EPOCH_H

#include "controller/host/stack.h"
#include "controller/host/state_dir.h"

typedef struct NewEpoch {
    uint64_t epoch;
    uint64_t position; /* of the checkpoint that it begins with: above all that was there */
    char *aside;       /* the folder of before */
} NewEpoch;

/* Make the state of `source` – opened for reading, from wherever – that of `dir`, which is open for
 * change and not recovered. ERROR_STALE: they are states of two lineages. Killed on the way, either
 * the files of before are in place, or the new ones are, or the state is refused until the same is
 * done again. The caller calls new_epoch_deinit(). */
int state_epoch_begin(StateDir *dir, Stack *source, NewEpoch *ret, Error *err);

/* The highest epoch of which there is a folder of before; 0: there is none. */
int state_epoch_last(const char *folder, uint64_t *ret, Error *err);

/* Where the files of an epoch that has ended are, if there are any. The caller frees it. */
char *state_epoch_path(const char *folder, uint64_t epoch);

void new_epoch_deinit(NewEpoch *epoch);
#define new_epoch_deinit_p new_epoch_deinit

#endif
