/* What program code sees when it is run for an instance: the one place where its inputs are made.
 *
 * Everything in them points into the state, the arena, or what the caller gave. */
#ifndef VED_CORE_INPUT_H
#define VED_CORE_INPUT_H

#include "controller/core/state.h"

/* The code that a cause runs. */
const Code *cause_code(const Instance *instance, const Cause *cause);

/* What code sees of an effect's result, JSON text (NULL: null), and an else block as `error`. */
Value result_value(Arena *arena, const char *json);
Value failure_value(Arena *arena, const char *code, const char *detail);

/* The fields that a slice computed again sees, in the arena: as it read them or – what it only set
 * – had found them; the others, and parameters, as they are now. */
Value *origin_fields(const Instance *owner, const Origin *origin, Arena *arena);

/* For the slice that `cause` asks for, or – with a pending slice – for that one, with the answers
 * it has so far. */
void slice_input_make(const Instance *instance, const Cause *cause, bool planning, Arena *arena,
                      SliceInput *ret);

/* For a predicate on the instance's state; instance_evaluate() gives it facts. */
void predicate_input_make(const Instance *instance, const Code *code, PredicateInput *ret);

#endif
