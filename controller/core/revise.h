/* Computing a committed slice again, as a slice: what it depends on has changed (docs/decisions:
 * what an edit does). The parts in which that is not like any other slice. Internal to the core. */
#ifndef VED_CORE_REVISE_H
#define VED_CORE_REVISE_H

#include "controller/core/fit.h"
#include "controller/core/intent.h"
#include "controller/core/turn.h"

/* The record that the cause is about. It is there while the slice is performed. */
Origin *revised_origin(const Instance *instance, const Cause *cause);

/* Computing that record again. */
Cause revision_cause(const Origin *origin);

/* `cause` is about the oldest stale record. If that emits no object any more, it is made to be
 * about the newest of which this is so, too: what they had set is put back in turn, like a stack.
 */
void revision_pick(Instance *instance, Arena *arena, Cause *cause);

/* Nothing has set the field since the slice did – what that was is `change` –, or, without one,
 * since the slice found it. */
bool field_is_untouched(const Instance *instance, const Origin *origin, size_t field,
                        const OriginChange *change);

/* What the slice, computed on `fields`, changes of what it had come to: `ret` is the proposal of
 * proposal_make(), and is made to say that. In the arena. */
void revision_propose(const Instance *instance, const Origin *origin, const Value *fields,
                      const SliceResult *result, Arena *arena, Proposal *ret);

/* The intents of the next of its outputs, as intent_make(): all before have been put to the
 * fitting. */
int revision_intents(const Emitted *emitted, Fitting *fitting, Arena *arena, Intents *ret,
                     const char **ret_text);

/* An object that would be destroyed although it is protected, as a sentence; NULL: none. `intents`
 * are all of the slice. */
const char *revision_fault(const Instance *instance, const Origin *origin, Intent *const *intents,
                           size_t intent_count, Arena *arena);

/* The message takes the place of one that was heard before, and no record has been made of that:
 * leave out of the proposal whatever its text does with the former content as well. */
void rehear(const Instance *instance, const SliceInput *input, const Message *message,
            const SliceResult *result, Arena *arena, Proposal *proposal);

#endif
