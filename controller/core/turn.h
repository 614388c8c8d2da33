/* One step of the core while it is being taken: what every decision needs at hand. Internal. */
#ifndef VED_CORE_TURN_H
#define VED_CORE_TURN_H

#include "controller/core/runtime.h"

typedef struct Turn {
    Runtime *runtime;
    const RuntimeOptions *options;
    uint64_t now_ms;
    Effects *effects;
    Arena *arena;
} Turn;

/* Apply a record and put it among those to be made durable. */
void turn_record(Turn *turn, Record *record);

/* Add a notice; the result may be completed. */
Notice *turn_notice(Turn *turn, NoticeKind kind, const Instance *instance);
Notice *turn_notice_intent(Turn *turn, NoticeKind kind, const Instance *instance,
                           const Intent *intent);

/* The slice commits: it is counted, and told if anybody wants to know. */
void turn_committed(Turn *turn, const Instance *instance, uint64_t slice, const Cause *cause);

/* Start what the program itself starts, and has not yet. */
void domains_start(Turn *turn);

/* Start the instance if the program itself starts it – not `spawn` –, and has not yet; NULL: it
 * does not. */
Instance *instance_start_declared(Turn *turn, uint32_t domain, const char *key);

/* Hand an intent to the host. */
void turn_call(Turn *turn, Intent *intent);

/* Compute what `instance->next` says – or, with a pending slice, compute that one further –, and
 * record what follows. */
void slice_step(Turn *turn, Instance *instance);

/* Perform the pending slice's next effect, or compute it further, or commit it. */
void pending_advance(Turn *turn, Instance *instance);

/* What the instance waited for may have come: it is looked at again. */
void waiting_end(Instance *instance);

/* A message has left the mailbox: those that waited for it to hold less than `ceiling` go on. */
void room_came(const Instance *instance, size_t ceiling);

/* A slice has ended, well or not: its domain may have changed, and there may be room again. */
void after_slice(Turn *turn, Instance *instance, const Cause *cause, Digest128 answers);

/* The slice lacks a fact: it is discarded, and tried again when what its domain knows of facts has
 * changed. */
void slice_lacks_fact(Instance *instance, const Cause *cause);

/* Ask for what is wanted. */
void facts_ask(Turn *turn);

/* What was observed of a fact; all are to be observed again. */
void fact_step(Turn *turn, const Event *event);
void facts_due_step(Turn *turn, const Event *event);

/* The process before died in a slice. */
void crashed_step(Turn *turn, const Event *event);

/* A provider's answer. */
void answer_step(Turn *turn, const Event *event);

/* The next destruction, or the end of it. */
void destroy_step(Turn *turn);

/* Objects have come or changed: whoever waits for one looks again, and lost ones may have their
 * turn. */
void objects_changed(Runtime *runtime);

/* What the order of repairs goes by has changed: lost ones may have their turn. */
void lost_changed(Runtime *runtime);

/* Give the pending slice up. */
void pending_abort(Turn *turn, Instance *instance, const char *reason);

#endif
