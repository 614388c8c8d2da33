/* What a slice proposes: from the VM's result to what is recorded, and whether it may be. Internal
 * to the core. */
#ifndef VED_CORE_PROPOSAL_H
#define VED_CORE_PROPOSAL_H

#include "controller/core/turn.h"

/* True if it depends on something that only a provider can say: planning ends there. */
bool proposal_is_unknown(const SliceResult *result);

/* In the arena, with copies of everything: its commit replaces what the slice has read. */
void proposal_make(const Instance *instance, const SliceResult *result, Arena *arena,
                   Proposal *ret);

/* A sentence about the ceiling that it goes beyond, other than those the VM knows; NULL: none. */
const char *proposal_fault(const Runtime *runtime, const Proposal *proposal, Arena *arena);

/* A receiver whose mailbox holds `ceiling` messages already; NULL: there is room. */
const Instance *proposal_lacks_room(const Runtime *runtime, const Proposal *proposal,
                                    size_t ceiling);

/* First values and timers of an instance that begins now. */
void start_make(const Turn *turn, uint32_t domain, const char *key, const FieldChange *first,
                size_t first_count, InstanceStart *ret);

/* Complete the record of a commit with the timers that it arms and the instances that it begins. */
void commit_complete(const Turn *turn, Record *record, const Proposal *proposal);

/* What people are told of it. */
void notice_proposal(Turn *turn, const Instance *instance, const Proposal *proposal);
void notice_starts(Turn *turn, const Record *record);

#endif
