/* A state kept as a controller keeps it: whole at times, and between as what has changed since. */
#ifndef VED_TESTS_CORE_KEPT_H
#define VED_TESTS_CORE_KEPT_H

#include "controller/core/snapshot.h"

#define KEPT_CHANGES_MAX 16

typedef struct Kept {
    Buffer whole;
    Buffer changes[KEPT_CHANGES_MAX]; /* the oldest first */
    size_t count;
    size_t taken;
} Kept;

void kept_deinit(Kept *kept);

/* Keep the state as it is now: what has changed, if that is known and there is room, or all of it.
 */
void kept_take(Kept *kept, Runtime *runtime);

/* Append the whole state that it comes to. */
void kept_merge(const Kept *kept, Buffer *ret);

/* Append the lines of a state in the order of what they say. */
void kept_sort(const Buffer *state, Buffer *ret);

/* Fill a new runtime with it. 0 or ERROR_STATE. */
int kept_load(const Kept *kept, Runtime *runtime, Error *err);

#endif
