/* What exists against what the state says of it.
 *
 * Looking touches nothing: neither the state nor the world. */
#ifndef VED_HOST_DRIFT_H
#define VED_HOST_DRIFT_H

#include "controller/host/engine.h"

/* A member of an object's result that is not as it is recorded. */
typedef struct DriftField {
    char *name;
    char *recorded; /* JSON; NULL: it was not there */
    char *observed; /* JSON; NULL: it is not there any more */
} DriftField;

typedef struct DriftItem {
    char *address;
    char uid[UID_SIZE];
    char *external_id; /* recorded; NULL: none */
    bool lost;         /* else it is there, and has changed */
    char *reason;      /* lost: as the provider or the state says; NULL: not said */
    DriftField *fields;
    size_t field_count;
} DriftItem;

typedef struct Drift {
    DriftItem *items; /* by address */
    size_t count, capacity;
    size_t lost;
    size_t observed; /* objects that were looked at */
} Drift;

/* Ask the providers about all objects of the connected stack. What the state knows to be lost, and
 * is still, is among the items. 0, ERROR_PROVIDER if one could not say, or STACK_INTERRUPTED. `ret`
 * must be empty; free it with drift_deinit() in any case. */
int drift_observe(Stack *stack, Drift *ret, Error *err);
void drift_deinit(Drift *drift);
#define drift_deinit_p drift_deinit

/* Record what is lost, and make it and what has changed so again, with the arguments as they are
 * recorded; nothing else runs. The engine's `repair_only` must be set. */
EngineEnd engine_repair(Engine *engine, const Drift *drift, Error *err);

#endif
