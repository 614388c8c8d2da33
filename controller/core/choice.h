/* Deciding what one instance does next, shared by the files that decide. Internal to choose.c and
 * choose_evolve.c. */
#ifndef VED_CORE_CHOICE_H
#define VED_CORE_CHOICE_H

#include "controller/core/scheduler.h"

typedef struct Choice {
    Instance *instance;
    const RuntimeOptions *options;
    uint64_t now_ms;
    Arena *arena;
    uint64_t *due; /* by AlarmKind: when it is looked at again; 0: not by itself */
    Cause cause;
    bool found;
    int urgency;
} Choice;

/* The first cause is the one; the urgency is the largest. */
void choice_add(Choice *choice, Cause cause, int urgency);

/* What handles a message of its mailbox; the next slice of an open run. */
Cause message_cause(const Instance *instance, const Message *message);
Cause run_cause(const Instance *instance, uint32_t run);

/* The instance is looked at again at that time. */
void choice_wake_at(Choice *choice, uint64_t due_ms);

/* ---- choose_evolve.c ---- */

/* Something condemned is destroyed first. True: nothing else of the instance runs meanwhile. */
bool choose_condemned(Choice *choice);

/* What an aborted attempt left and nobody will take up any more. */
void choose_left(Choice *choice);

typedef enum RevisionTurn {
    REVISION_NONE,  /* it goes on as ever */
    REVISION_HEARS, /* it hears first: something that travels is in its mailbox */
    REVISION_FIRST  /* a stale record is computed again, now or when it may be */
} RevisionTurn;

RevisionTurn choose_revision(Choice *choice);

/* A condemned object of the owner is destroyed, or could not be: others may have their turn. */
void condemned_changed(Runtime *runtime, Instance *owner);

/* The object that CAUSE_CONDEMN is about; NULL: none. */
Object *object_to_destroy(const Instance *instance);

/* The object that CAUSE_REPAIR is about: of those that are lost, and are still wanted, the one of
 * lowest rank; NULL: none. */
Object *object_to_repair(const Instance *instance);

#endif
