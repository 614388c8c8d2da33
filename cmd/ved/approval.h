/* Whether what a run is about to do has been agreed to. */
#ifndef VED_CMD_APPROVAL_H
#define VED_CMD_APPROVAL_H

#include "cmd/ved/invocation.h"
#include "controller/host/engine.h"

/* The invocation is connected. The rule: it is all made on copies in memory, so that who declines
 * leaves the state as it was. */
typedef struct Approval {
    const Invocation *invocation;
    Engine *engine;
    bool is_given;   /* by a saved plan */
    bool unattended; /* nobody is asked, whatever the terminal */
    bool answered;
    bool shown; /* the plan, with its notes */
} Approval;

/* Before an edit what was sent is awaited, and the world is looked at, which is recorded; an edit
 * that is refused, as far as that can be told without either, is refused by this before. */
int approval_check_edit(const Approval *approval, Error *err);

/* On a terminal the plan is shown and somebody is asked. Elsewhere the verb is the approval, but
 * for what an edit takes away: ERROR_DECLINED. */
#define APPROVAL_STOPPED 1 /* a signal came instead of an answer */
int approval_get(Approval *approval, bool destroy, Error *err);

#endif
