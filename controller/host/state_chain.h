/* A state as the folder has it: a checkpoint that is whole, and those that hold what has changed
 * since, each since the one before.
 *
 * A chain that is not complete, in order and undamaged is none: a part of it is never taken for a
 * state. */
#ifndef VED_HOST_STATE_CHAIN_H
#define VED_HOST_STATE_CHAIN_H

#include "controller/host/checkpoint.h"
#include "controller/host/state_files.h"
#include "controller/host/vault.h"

/* So many checkpoints of changes at most stand upon a whole one. */
#define STATE_CHANGES_MAX 16

typedef struct StateChain {
    const char *folder;                     /* the caller's */
    CheckpointHead head;                    /* of the newest */
    StateFile files[STATE_CHANGES_MAX + 1]; /* the newest first, the whole one last */
    size_t count;
} StateChain;

/* The chain of a checkpoint. ERROR_STATE: a base is missing, or something else is wrong with what
 * the heads say. */
int state_chain_find(const char *folder, const StateFiles *files, const StateFile *newest,
                     StateChain *ret, Error *err);

/* Position of the whole checkpoint. */
uint64_t state_chain_base(const StateChain *chain);

typedef struct StateChainSize {
    uint64_t whole;   /* bytes of its file */
    uint64_t changes; /* of all others together */
} StateChainSize;

/* How secrets are opened; `vault` NULL: not at all. */
typedef struct StateChainKeys {
    Vault *vault;
    const char *lineage;
} StateChainKeys;

/* Hand over the lines of the state that it comes to; `visit` NULL: only look for damage. `ret_size`
 * may be NULL. */
int state_chain_visit(const StateChain *chain, const StateChainKeys *keys, StateLineVisit *visit,
                      void *user, StateChainSize *ret_size, Error *err);

#endif
