/* Passing a state on to a changed program, changed bindings or changed parameters.
 *
 * What an edit would do to objects that exist is found by computing the slices that emitted them
 * again, from what they had read. For now an edit that would change or destroy one is refused
 * before anything is touched; everything else is taken over. */
#ifndef VED_CORE_EVOLUTION_H
#define VED_CORE_EVOLUTION_H

#include "controller/core/state.h"
#include "lang/base/error.h"

/* Make the successor of `old` for another program and bindings: same lineage, counters, objects,
 * messages; fields by name. `first_values` ([domain][field], may be NULL) are the new run's, taken
 * over for fields that are parameters. `old` must have no slice being performed. 0, or
 * ERROR_PROGRAM with a sentence that names domain, field or object; `old` is untouched either way.
 */
int evolution_make(const Runtime *old, const Program *program, const Bindings *bindings,
                   Value **first_values, Runtime **ret, Error *err);

#endif
