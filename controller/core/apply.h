/* What applying records is made of. Internal to the core: others call record_apply(). */
#ifndef VED_CORE_APPLY_H
#define VED_CORE_APPLY_H

#include "controller/core/record.h"

/* ---- commit.c: what a committed slice changes, and whom it reaches ---- */

/* The message it consumed leaves the mailbox, its run is opened, goes on or is closed, the fields
 * take their new values, and what it put out is delivered. */
void slice_commit(Instance *instance, const Cause *cause, const FieldChange *changes,
                  size_t change_count, const Emission *emissions, size_t emission_count,
                  uint64_t slice);

/* Set the fields; true if any value is another one now. */
bool fields_change(Instance *instance, const FieldChange *changes, size_t count);

/* Forget the open run at `index` without closing it as done. */
void run_remove(Instance *instance, uint32_t index);

/* One more handler in a row, or the end of the row. */
void count_turn(Instance *instance, const Cause *cause);

/* ---- object.c: what its effects made ---- */

/* The intent's object, made if there is none yet, is wanted from now on. */
Object *object_want(Instance *owner, const Intent *intent);

/* Its provider has answered that it is there. */
void object_made(Object *object, const Intent *intent);

/* The slice has committed: its objects are ready, with rank and origin. */
void objects_commit(Instance *instance, const Pending *pending);

/* What the effects of a discarded slice made stays, to be taken up by the next attempt. */
void objects_discard(Runtime *runtime, const Pending *pending);

/* An action of the pending slice was done: its answer is kept for the next attempt. */
void deed_remember(Instance *instance, const Intent *intent);

/* The slice that did them has committed: another run of the same transition does them again. */
void deeds_commit(Instance *instance, const Pending *pending);

/* A run of that transition has committed: what its aborted attempts did is no longer recalled. */
void deeds_forget(Instance *instance, const char *where);

#endif
