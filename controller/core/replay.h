/* A slice of the journal, computed again before its record is applied: slices are pure, so the same
 * state, message, facts and answers must come to the same proposal.
 *
 * Nothing that is durable changes by it. */
#ifndef VED_CORE_REPLAY_H
#define VED_CORE_REPLAY_H

#include "controller/core/record.h"

typedef enum ReplayVerdict {
    REPLAY_APPLIES, /* the record has no slice that could be computed from what is recorded: it only
                       changes the state, or its slice is the runtime's own, or one that is computed
                       again and depends on how effects were bound */
    REPLAY_SAME,
    REPLAY_OTHER /* it comes to something else: `*ret_text` says to what, in the arena */
} ReplayVerdict;

/* The record fits the state of its runtime and is not applied yet. */
ReplayVerdict record_replay(const Record *record, Arena *arena, const char **ret_text);

#endif
