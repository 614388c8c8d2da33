/* Deaths of the process while it computed a slice of an instance: how often, how soon after each
 * other, and what becomes of the instance.
 *
 * A slice is pure, so what faults in it faults for good; that the process died is the runtime's own
 * failure, and is tried again: five times within a minute, each counted in a record before it, then
 * the instance is *down*. One that is down runs nothing and takes nothing, and what is sent to it
 * is a dead letter, until somebody says `ved resume`, the next run begins, or its program is
 * edited. */
#ifndef VED_CORE_CRASHES_H
#define VED_CORE_CRASHES_H

#include "controller/core/record.h"

#define CRASHES_MAX 5
#define CRASHES_WINDOW_MS 60000

typedef struct Crashes {
    uint64_t times[CRASHES_MAX]; /* the last ones, oldest first */
    uint32_t count;
    bool again; /* no slice of it has come to its end since the last */
    bool down;
    uint64_t due_ms; /* nothing of it runs before */
    char *reason;    /* of the last */
} Crashes;

void crashes_free(Crashes *crashes);

/* It runs nothing more by itself. */
static inline bool instance_is_down(const Instance *instance)
{
    return instance->has->crashes != NULL && instance->has->crashes->down;
}

/* Nothing of it runs now. */
bool crashes_hold(const Instance *instance, uint64_t now_ms);

/* RECORD_CRASH: one more. Without `due_ms` counting begins anew. */
void crashes_add(Instance *instance, const Record *record);

/* A slice of it has come to its end: what kills the process is not that it is run. */
static inline void crashes_pass(Instance *instance)
{
    if (instance->has->crashes != NULL)
        instance->has->crashes->again = false;
}

/* Another run begins, or somebody says so: nothing is waited for; one that is down is up. */
void crashes_begin_again(Instance *instance);

/* A part of the instance in a snapshot. */
void crashes_encode(const Instance *instance, Buffer *ret);
void crashes_decode(Instance *instance, const Json *json);

#endif
