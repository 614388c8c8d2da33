/* Records of the slices that made objects: taken when such a slice commits, kept while an object
 * points at it or while it is stale, and put again to a changed program (language: evolution).
 *
 * One origin for each slice, shared by its objects. What it takes does not depend on how many
 * objects the stack has: only the fields that the slice has read are in it, and of what it said
 * only digests. */
#ifndef VED_CORE_ORIGIN_H
#define VED_CORE_ORIGIN_H

#include "controller/core/state.h"
#include "lang/base/buffer.h"
#include "lang/base/json.h"

/* The record of the pending slice, which is about to commit. It has one reference, the caller's. Of
 * CAUSE_REVISE the one that it computed again, brought up to date, in its place. */
Origin *origin_make(const Instance *instance, const Pending *pending);

void origin_release(Origin *origin);

/* That of the slice among the instance's, in O(log n); NULL: none. */
Origin *origin_find(const Instance *instance, uint64_t slice);

/* Something it depends on has changed; `because` says what, for people ("the edit at
 * shop.ved:12"). The first reason stays. The instance is touched. */
void origin_stale(Instance *owner, Origin *origin, const char *because);

/* The stale origin of the instance that is to be computed next: the lowest slice. NULL: none. */
Origin *origin_next_stale(const Instance *instance);

/* The read field of that name; -1: it has not read it. */
int origin_field(const Origin *origin, const char *name);

/* The effect of the record that an emission means: same effect, and the same name, or without names
 * the `turn`-th of that site. NULL: the slice had none there. */
OriginEffect *origin_effect(const Origin *origin, const char *effect, uint32_t site,
                            const char *name, size_t turn);

/* The first record of the instance of a slice of that handler, transition or timer (cause_where())
 * that handled exactly those arguments and does not know yet that they have changed; NULL: none. */
Origin *origin_that_handled(const Instance *instance, const char *where, const Value *arguments,
                            size_t count);

/* Kind, target, receiver and content are the same; or only the first three. */
bool emission_equal(const Emission *a, const Emission *b);
bool emission_same_target(const Emission *a, const Emission *b);

/* Of a value, by content. */
Digest128 value_digest(Value value);

/* ---- snapshot ---- */

/* {"slice":N, ...} of the instance's record; with domain and key. */
void origin_encode(const Instance *owner, const Origin *origin, Buffer *ret);

#endif
