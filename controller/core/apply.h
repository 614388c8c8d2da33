/* What applying records is made of. Internal to the core: others call record_apply(). */
#ifndef VED_CORE_APPLY_H
#define VED_CORE_APPLY_H

#include "controller/core/record.h"

/* ---- commit.c: what a committed slice changes, and whom it reaches ---- */

/* Around all that the commit of a slice changes: Runtime.committing is its trail meanwhile. */
void commit_begin(Instance *instance, const Cause *cause, const Record *record);
void commit_end(Runtime *runtime);

/* The message it consumed leaves the mailbox, its run is opened, goes on or is closed, the fields
 * take their new values, and what it put out is delivered. `facts` are those that it has read;
 * `record` says which instances begin to exist by that. */
void slice_commit(Instance *instance, const Cause *cause, const Proposal *proposal,
                  const SeenFacts *facts, const Record *record);

/* The message that the cause consumes was for the record of a slice. */
void message_heard(Instance *instance, const Cause *cause);

/* Begin to exist: with the first values, the timers, and what was last said of each event. */
Instance *instance_begin(Runtime *runtime, const InstanceStart *start);

/* A message of domain `from` to the receiver. */
Message *message_for(Instance *receiver, MessageKind kind, uint32_t target, uint32_t from,
                     bool high, const Value *arguments, size_t argument_count);

/* Into the mailbox of the receiver, which owns it from then on; of one that is down, to its dead
 * letters. */
void message_put(Instance *receiver, Message *message);

/* Both. */
void deliver(Instance *receiver, MessageKind kind, uint32_t target, uint32_t from, bool high,
             const Value *arguments, size_t argument_count);

/* Take a message out of the mailbox, at the head of its lane; the caller owns it. NULL: it is not
 * there. */
Message *message_take(Instance *instance, uint64_t id);

/* One more handler in a row, or the end of the row. */
void count_turn(Instance *instance, const Cause *cause);

/* ---- run.c: transitions, handlers and timers that are not at their end ---- */

/* The one slice of a transition that has no more has committed, having changed a field or none, and
 * read those facts: as if a run had been opened and closed. */
void run_whole(Instance *instance, const Cause *cause, bool changed, const SeenFacts *facts);

/* The index of the run that the slice is part of; a new one is opened with `message` (NULL: none).
 */
uint32_t run_begin(Instance *instance, const Cause *cause, const Message *message);

/* The slice, which has read those facts, has committed: its run goes on behind it, or is closed. */
void run_go_on(Instance *instance, uint32_t index, const Cause *cause, const Proposal *proposal,
               const SeenFacts *facts);

/* The transition is not tried again before the state or one of these facts has changed. */
void transition_block(Instance *instance, uint32_t transition, const SeenFacts *facts);

/* Forget the open run at `index` without closing it as done. */
void run_remove(Instance *instance, uint32_t index);

/* The message that a handler's or timer's run was opened by. The caller owns it. */
Message *run_message(const Instance *instance, const Run *run);

/* ---- report.c: what the runtime tells handlers ---- */

/* To `on P.lost` or `on P.changed` of the owner's domain, if it has that. */
void report_object(Object *object, ProgramHandlerKind kind);

/* What is reported of the object can be kept, as a message or a dead letter. If not, it is not
 * taken notice of, and is learnt when the provider is asked again. */
bool report_has_room(const Object *object);

/* To `on P.failed`, for each effect that made the slice fail. */
void report_failures(Instance *instance, const Pending *pending);

/* ---- timer.c ---- */

void timers_apply(Instance *instance, const TimerChange *changes, size_t count);

/* ---- object.c: what its effects made ---- */

/* The intent's object, made if there is none yet, is wanted from now on. */
Object *object_want(Instance *owner, const Intent *intent);

/* Its provider has answered that it is there. */
void object_made(Object *object, const Intent *intent);

/* The slice has committed: its objects are ready, with rank and origin. */
void objects_commit(Instance *instance, const Pending *pending);

/* What the effects of a discarded slice made stays, to be taken up by the next attempt. */
void objects_discard(Runtime *runtime, const Pending *pending);

/* An action or release of the pending slice was done: its answer is kept for the next attempt. */
void deed_remember(Instance *instance, const Intent *intent);

/* The slice that did them has committed: they are done again when they are emitted again. */
void deeds_commit(Instance *instance, const Pending *pending);

/* A run of that transition has committed: what its aborted attempts did is no longer recalled. */
void deeds_forget(Instance *instance, const Cause *cause);

/* What did it is another message, or an open run, that is still to be tried again: two that run the
 * same text take nothing from each other. */
bool deed_is_of_another(const Instance *instance, const Deed *deed, const Cause *cause);

#endif
