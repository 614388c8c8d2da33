/* The values that fields begin with: those of the program, and what the command line sets. */
#ifndef VED_HOST_FIRST_VALUES_H
#define VED_HOST_FIRST_VALUES_H

#include "controller/core/state.h"
#include "lang/base/error.h"

/* By domain and field of the program, in the arena. Each of `sets` is "Domain.field=value"; state
 * of a domain that the runtime has started already is not set any more, its parameters are. 0 or
 * ERROR_USAGE, with the nearest name where one is unknown. */
int first_values_make(const Program *program, const Runtime *runtime, const char *const *sets,
                      size_t set_count, Arena *arena, Value ***ret, Error *err);

#endif
