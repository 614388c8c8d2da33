/* What each effect of a program means at this run: which provider, which of its actions, with which
 * defaults. Made by the host from the binding file and the providers' schemas; the core reads only.
 */
#ifndef VED_CORE_BINDINGS_H
#define VED_CORE_BINDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lang/base/json.h"

typedef struct BoundEffect {
    char *provider; /* name as in the program: "Infra" */
    char *action;   /* the provider's name of the effect */
    char *type;     /* of the instance; NULL for an action */
    bool is_action;
    char **positional; /* parameter names in order */
    size_t positional_count;
    Json *defaults; /* an object; strings may hold ${resource.E.f} and ${resource.E.f?} */
    int64_t timeout_ms;
    char **immutable; /* parameters of which another value needs another object */
    size_t immutable_count;
    bool create_first; /* a replacement is made before what it replaces is destroyed */
    bool protect;      /* nothing may destroy what it made */
} BoundEffect;

typedef struct Bindings {
    BoundEffect *effects; /* one for each Program.effects */
    size_t effect_count;
    char **fact_providers; /* one for each Program.facts: who is asked; NULL: the name as it is */
    size_t fact_count;
    char digest[65]; /* of all of it */
} Bindings;

void bindings_deinit(Bindings *bindings);

#endif
