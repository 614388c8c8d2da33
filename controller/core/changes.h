/* What has changed since the state was last kept: what a checkpoint that holds only changes is made
 * of, in time that depends on these alone.
 *
 * The one rule: whoever changes anything durable of an instance, or of an object of it, calls
 * instance_changed() – record_apply() does for the record's own instance, message delivery for the
 * receiver. Until changes_keep() is called for the first time nothing is known, and nothing noted.
 */
#ifndef VED_CORE_CHANGES_H
#define VED_CORE_CHANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/core/snapshot_lines.h"
#include "lang/base/buffer.h"

typedef struct Instance Instance;
typedef struct Object Object;
typedef struct Runtime Runtime;
typedef struct Trail Trail;

typedef struct Changes {
    bool is_known;        /* something was kept; what is not noted here is as it was then */
    uint64_t born;        /* instances from this one on have come into being since */
    Instance **instances; /* in no order */
    size_t instance_count, instance_capacity;
    Trail **trails; /* that were kept, and were thinned since; in no order */
    size_t trail_count, trail_capacity;
    const Trail *first_new; /* of what was handed over: the first that was not kept, or the ring */
    Buffer ended[TABLE_COUNT]; /* lines of what was kept and is no more */
} Changes;

void changes_deinit(Changes *changes);
#define changes_deinit_p changes_deinit

/* The state is kept as it is now. */
void changes_keep(Runtime *runtime);

/* The state is about to be kept as it is now, from a copy of it that is made next: `ret` is what to
 * write, for snapshot_visit(), and what changes is noted anew from here on. It is not told back
 * which objects were written: all of a changed instance are again with its next change. The caller
 * frees `ret` with changes_deinit(). */
void changes_hand_over(Runtime *runtime, Changes *ret);

/* What is kept is not known any more – a checkpoint failed, or all begins anew –: the next one has
 * to be whole. */
void changes_forget(Runtime *runtime);

/* The first trail that is not kept – such stand behind all that are –, or the ring. */
const Trail *changes_first_new(const Runtime *runtime);

/* Whether what has changed is known, and is not most of all there is. */
bool changes_are_few(const Runtime *runtime);

/* ---- to be called by what changes something ---- */

/* NULL: what changed is no instance's. */
void instance_changed(Instance *instance);

/* It is about to be freed. */
void instance_ended(Instance *instance);
void object_ended(const Object *object);

/* What goes before it is another trail now; it is about to be freed. */
void trail_thinned(Trail *trail);
void trail_ended(Trail *trail);

#endif
