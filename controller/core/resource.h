/* What depends on an object's result: the slice that it was emitted by, and every effect whose
 * binding refers to it as `${resource.E.f}`. */
#ifndef VED_CORE_RESOURCE_H
#define VED_CORE_RESOURCE_H

#include "controller/core/state.h"

/* Two results, JSON or NULL, say the same. */
bool outputs_equal(const char *a, const char *b);

/* The object has another result than before: the records that depend on it are stale. */
void outputs_changed(Object *object);

/* The slice has been computed again, with these effects: it is stale still if one of them depends
 * on another. */
void resources_recheck(Instance *instance, const Pending *pending, Origin *origin);

/* An effect that the binding refers to and whose object's record is stale and older than slice
 * `before`: what depends on it waits for it. NULL: none. */
const char *resource_awaited(const Runtime *runtime, const BoundEffect *bound, uint64_t before);

#endif
