/* The shape of a domain's state in two programs: whether one passes into the other, and how
 * (language: evolution). Internal to the core. */
#ifndef VED_CORE_MIGRATION_H
#define VED_CORE_MIGRATION_H

#include "controller/core/state.h"
#include "lang/base/error.h"

/* A domain before and after. */
typedef struct Reshape {
    const Program *was;
    const ProgramDomain *old;
    const Program *is;
    const ProgramDomain *new;
} Reshape;

/* True if the two types hold the same values; enums: if nothing was taken away. */
bool type_is_kept(const TypeTable *was, StaticType old, const TypeTable *is, StaticType new);

/* True if every field of before is there with its type: nothing needs a migration. */
bool shape_is_kept(const Reshape *reshape);

/* 0 if the fields pass over, by themselves or by the new domain's migrations; else ERROR_PROGRAM
 * with a sentence that names the first that does not, and has the line that would make it possible.
 */
int reshape_check(const Reshape *reshape, Error *err);

/* The state in the new shape. `names` and `values` are that of before; `fields` – of the new
 * domain, in order – holds the values of those that are not touched, and gets the others;
 * `ret_set`, of the same length, says which of them come from the state of before. In the arena. 0
 * or ERROR_PROGRAM: a migration faults. */
int reshape_fields(const Reshape *reshape, char *const *names, const Value *values, size_t count,
                   Arena *arena, Value *fields, bool *ret_set, Error *err);

#endif
