/* What a slice would change, send, start and end beside its effects.
 *
 * That of a record or of what is pending is on the heap (proposal_clone()); that of a slice which
 * is being computed is in the arena of its turn, and not for proposal_deinit(). */
#ifndef VED_CORE_EMISSION_H
#define VED_CORE_EMISSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/core/fact.h"
#include "lang/value.h"
#include "lang/vm.h"

typedef struct FieldChange {
    uint32_t field;
    Value value;
    bool left; /* CAUSE_REVISE: something else has set the field since, and it stays as it is */
} FieldChange;

/* What a slice puts out beside its effects: an event, a message, a log line, the start of an
 * instance, or its own end. */
typedef struct Emission {
    OutputKind kind;
    bool high;
    bool to_handler; /* OUTPUT_MESSAGE: `transition` is a handler */
    bool same;       /* it was said before, and is not said again */
    bool travels;    /* `former` was said before, and now it says this */
    bool unsaid;     /* `former` was said before, and is not any more */
    uint32_t event;
    uint32_t domain;
    uint32_t transition;
    char *key; /* OUTPUT_MESSAGE, SPAWN: of the keyed domain's instance; NULL: not keyed */
    struct Instance *receiver; /* the same, in the turn that computed it; NULL: look for it */
    char *elevated; /* OUTPUT_MESSAGE: the reason of the `elevate` around it; NULL: none */
    Value *arguments;
    size_t argument_count;
    Value *former;
    size_t former_count;
    FieldChange *first; /* OUTPUT_SPAWN: fields that are given their first value */
    size_t first_count;
} Emission;

/* What a slice would change and send; visible once it commits. */
typedef struct Proposal {
    FieldChange *changes;
    size_t change_count;
    Emission *emissions;
    size_t emission_count;
    uint32_t *reads; /* fields that it has read, where it has effects: see Origin */
    size_t read_count;
    uint32_t yield; /* it goes on behind that `yield`, with these locals; 0: it is at its end */
    Value *locals;
    size_t local_count;
} Proposal;

/* What becomes of a timer. */
typedef struct TimerChange {
    uint32_t timer;
    bool armed;
    bool fires; /* its message is put into the mailbox */
    uint64_t due_ms;
} TimerChange;

/* An instance that comes into being. */
typedef struct InstanceStart {
    uint32_t domain;
    const char *key; /* NULL: not keyed */
    Value *fields;   /* of the domain, in order */
    TimerChange *timers;
    size_t timer_count;
} InstanceStart;

/* A copy on the heap, and its end. */
void proposal_clone(Proposal *ret, const Proposal *proposal);
void proposal_deinit(Proposal *proposal);

/* The same of what it says: without logs, and without what it only takes back. */
Emission *proposal_emissions_clone(const Proposal *proposal, size_t *ret_count);
void emissions_free(Emission *emissions, size_t count);

#endif
