/* The reads of VPP/1 that come many in one request: validate, plan, observe, query.
 *
 * None of them changes anything. observe and query ask the provider, on threads, an item each; the
 * answer comes through a callback on the event thread, once, when the last item is there. */
#ifndef VED_SDK_BATCH_H
#define VED_SDK_BATCH_H

#include "providers/sdk/engine.h"

#define BATCH_MAX 200

/* `reply` is the caller's. */
typedef void (*BatchDone)(void *context, Json *reply);

/* {"items":[...]} in the order of `items`, an array of at most BATCH_MAX; the caller owns it. */
Json *batch_validate(const Engine *engine, const Json *items);
Json *batch_plan(const Engine *engine, const Json *items);

void batch_observe(Engine *engine, const Json *items, BatchDone done, void *context);
void batch_query(Engine *engine, const Json *items, BatchDone done, void *context);

#endif
