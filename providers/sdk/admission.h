/* Whether a request that would change something may begin: its form, what it supposes about the
 * object, its arguments.
 *
 * Nothing here changes anything; the answer depends on the request, the schema, the store and the
 * provider's pure validate(). A refusal is a problem with outcome not_applied. */
#ifndef VED_SDK_ADMISSION_H
#define VED_SDK_ADMISSION_H

#include "providers/sdk/engine.h"

/* What can be said without knowing anything: key, names, owner. 0 or -1. */
int admission_check_form(const Mutation *mutation, ProviderProblem *problem);

/* The rest, for a key that is new: owner and etag against the store, arguments against schema and
 * provider. 0 or -1. */
int admission_check(const EngineOptions *options, const Mutation *mutation, Refusal *refusal);

/* Do the arguments of a PUT, an action, a plan or validate item, with the secrets beside them (may
 * be NULL), fit the effect? 0 or -1. */
int admission_check_arguments(const EngineOptions *options, const char *effect, const Json *desired,
                              const Json *secrets, ProviderProblem *problem);

/* The effect that is wanted: the one named, or the one that makes the type; NULL: none, or a
 * removal. */
const char *admission_effect(const EngineOptions *options, const Mutation *mutation);

/* What a PUT may take over: NULL: nothing; "": whatever stands there; else its external id. */
const char *admission_adopt(const Json *body);

/* Is it 32 lower-case hexadecimal digits? */
bool admission_uid_is_valid(const char *uid);

#endif
