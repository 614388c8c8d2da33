/* Why a slice runs, and of what text of the program.
 *
 * Begin one with cause_of(): what is left at 0 would be the first transition, not none. */
#ifndef VED_CORE_CAUSE_H
#define VED_CORE_CAUSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/core/fact.h"
#include "controller/core/mailbox.h"

typedef enum CauseKind {
#define CAUSE(name, text) CAUSE_##name,
#include "controller/core/cause.def"
#undef CAUSE
} CauseKind;

typedef struct Cause {
    CauseKind kind;
    int32_t transition; /* -1: none */
    int32_t handler;    /* -1: none */
    int32_t timer;      /* -1: none */
    int32_t goal;       /* -1: none */
    uint32_t step;      /* which slice of the transition */
    uint32_t yield;     /* behind which `yield` of it, from 1; 0: from its start */
    uint32_t run;       /* CAUSE_RUN: which open run */
    uint64_t message;   /* consumed at commit; 0: none */
    uint64_t origin;    /* CAUSE_REVISE: the slice that is computed again; 0: none */
} Cause;

/* Nothing of the program's text, yet. */
static inline Cause cause_of(CauseKind kind)
{
    return (Cause){.kind = kind, .transition = -1, .handler = -1, .timer = -1, .goal = -1};
}

/* What the text that a cause runs is called, in records and addresses: "Boot_db" of a transition,
 * "DatabaseReady" of an event's handler, "Infra.lost" of what is reported, "every_5m" of a timer.
 */
const char *cause_where(const Instance *instance, const Cause *cause);

/* What a message of its mailbox is for: the event, transition, timer ... by that name. */
const char *message_name(const Instance *instance, const Message *message);

/* -1: the domain has none of that name. */
int handler_find(const Runtime *runtime, uint32_t domain, const char *name);
int timer_find(const Runtime *runtime, uint32_t domain, const char *name);

#endif
