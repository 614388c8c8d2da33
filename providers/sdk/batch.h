/* The reads of VPP/1: validate, plan, observe and query, which come many in one request, and
 * lookup.
 *
 * None of them changes anything. observe, query and lookup ask the provider, on threads; the answer
 * comes through a callback on the event thread, once, when the last item is there. */
#ifndef VED_SDK_BATCH_H
#define VED_SDK_BATCH_H

#include "providers/sdk/engine.h"

#define BATCH_MAX 200 /* where the provider says nothing */

/* How many items a request to this provider may have. */
size_t batch_max(const Provider *provider);

/* `reply`, a JSON text, is to be emptied. */
typedef void (*BatchDone)(void *context, Buffer *reply);

/* {"items":[...]} in the order of `items`, an array of at most batch_max(), as JSON text. */
void batch_validate(const Engine *engine, const Json *items, Buffer *ret);
void batch_plan(const Engine *engine, const Json *items, Buffer *ret);

void batch_observe(Engine *engine, const Json *items, BatchDone done, void *context);
void batch_query(Engine *engine, const Json *items, BatchDone done, void *context);

/* What lookup() finds: {"type","external_id"} is answered with the one finding, {"type","search"}
 * with {"items":[...]}. `question` is the caller's. `problem` is NULL, or says why there is no
 * `reply`. */
typedef void (*LookupDone)(void *context, Json *reply, const ProviderProblem *problem);
void lookup_start(Engine *engine, const Json *question, LookupDone done, void *context);

#endif
