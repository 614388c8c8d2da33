/* States of earlier schema versions: made ones of the present version, step by step. */
#ifndef VED_SDK_UPGRADE_H
#define VED_SDK_UPGRADE_H

#include "providers/sdk/engine.h"

/* Turn `state`, an object's of `type` and schema version `from`, into one of the present version,
 * in place. 0, or -1 with a problem: STATE_FROM_FUTURE if `from` is a later one. */
int upgrade_state(Provider *provider, const Schema *schema, const char *type, int64_t from,
                  Json *state, ProviderProblem *problem);

/* The answer to POST /v1/upgrade-state: {"type","schema_version","state"} of the present version,
 * which the caller owns. 0, or -1 with a problem. Changes nothing, and is done as often as asked.
 */
int upgrade_answer(const EngineOptions *options, const Json *question, Json **ret,
                   ProviderProblem *problem);

/* Every object that is remembered in an earlier shape, at the start. Those that cannot be brought
 * up stay as they are, and are told. */
void upgrade_store(Provider *provider, const Schema *schema, Store *store);

#endif
