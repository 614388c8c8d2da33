/* Passing a state on to a changed program, changed bindings or changed parameters.
 *
 * What an edit does to objects is found by computing the slices that emitted them again, from what
 * they had read. All of that is pure and happens at once, so that an edit is either taken over as a
 * whole or refused with nothing touched. What is left to be performed – destructions, updates,
 * replacements, messages – stands in the successor as condemned objects and stale origins, which
 * its slices work off (revise.c). */
#ifndef VED_CORE_EVOLUTION_H
#define VED_CORE_EVOLUTION_H

#include "controller/core/state.h"
#include "lang/base/error.h"

typedef struct Evolution {
    const Program *program;
    const Bindings *bindings;
    /* [domain][field], may be NULL: the new run's, taken over for fields that are parameters. */
    Value **first_values;
    /* uid -> anything, may be NULL: objects that were protected until now, by whatever. */
    const Map *guarded;
} Evolution;

/* What people are told of it: sentences on the heap. */
typedef struct EvolutionReport {
    char **notes; /* half-done work that ended, messages that are forgotten ... */
    size_t note_count, note_capacity;
} EvolutionReport;

/* Make the successor of `old`: same lineage, counters, objects, messages; fields by name. `old`
 * must have no slice being performed, and is untouched either way. 0; ERROR_PROGRAM: the state has
 * no way there, with a sentence that names the field or object, why, and the line that would make
 * it possible; ERROR_DENIED: it would destroy or replace what is protected. */
int evolution_make(const Runtime *old, const Evolution *evolution, Runtime **ret,
                   EvolutionReport *report, Error *err);

void evolution_report_deinit(EvolutionReport *report);

#endif
