/* The values that a saved plan was made with. A plan goes from hand to hand: of secrets it has only
 * the names, and whoever applies it gives them again. */
#ifndef VED_CMD_PLAN_SETS_H
#define VED_CMD_PLAN_SETS_H

#include "cmd/ved/options.h"
#include "controller/host/stack.h"

/* Put them into the options of a plan: "sets", and "secret_sets" with names. */
void plan_sets_put(Json *json, const Stack *stack, const Options *options);

/* ERROR_USAGE: a secret that the plan was made with is not given. */
int plan_sets_check(const Json *plan, const Options *given, Error *err);

#endif
