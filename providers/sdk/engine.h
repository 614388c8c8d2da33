/* The decisions of VPP/1 about mutations: which request begins an operation, which joins one, which
 * is answered from memory, which is refused; and the doing of them on threads.
 *
 * A mutation says the fence of its client's epoch: the highest one is remembered for each lineage,
 * durably before anything is done for it, and lower ones are refused.
 *
 * The rule: an operation is handed to its thread, and its end is shown, only after the turn in
 * which the store was made durable; engine_submit() answers with a pointer that may still be
 * PENDING. All functions belong to the event thread. */
#ifndef VED_SDK_ENGINE_H
#define VED_SDK_ENGINE_H

#include <event2/event.h>

#include "providers/sdk/feed.h"
#include "providers/sdk/pool.h"
#include "providers/sdk/schema.h"
#include "providers/sdk/store.h"

#define OPERATION_CONCURRENT_MAX 16 /* provider functions at once, for mutations */
#define READ_CONCURRENT_MAX 8       /* and for observations and queries */
#define OPERATION_OPEN_MAX 4096     /* begun and not ended; more is THROTTLED */
#define OPERATION_TIMEOUT_S 600

typedef struct Engine Engine;

typedef struct EngineOptions {
    Provider *provider;
    const Schema *schema;
    Store *store;
    const Json *config;
    Feed *feed;
    struct event_base *base;
    void (*ended)(void *context, Operation *operation); /* durable: may be answered now */
    void *context;
} EngineOptions;

/* One request that would change something, as it came from the wire. */
typedef struct Mutation {
    OperationKind kind;
    const char *type;   /* from the path: the type, or the action's name */
    const char *uid;    /* from the path; NULL for an action */
    const char *key;    /* of Idempotency-Key, without quotes; NULL: not sent */
    const char *digest; /* of method, path and body */
    const char *client;
    const char *if_match;    /* NULL: not sent */
    bool if_none_match;      /* `If-None-Match: *` */
    int64_t fence;           /* of Ved-Fence; 0: not sent */
    const char *traceparent; /* NULL: none that is valid */
    const Json *body;
} Mutation;

/* Why a mutation was refused: nothing was changed. */
typedef struct Refusal {
    ProviderProblem problem;
    const Operation *running; /* OPERATION_IN_PROGRESS: the one in the way; else NULL */
    const Instance *current;  /* ETAG_MISMATCH: the object as it is; else NULL */
} Refusal;

/* engine_submit(): the operation had ended before, and is to be answered from memory. */
#define ENGINE_REPLAYED 1

/* 0 with an operation that has not ended, ENGINE_REPLAYED with one that has, or -1 with `refusal`.
 */
int engine_submit(Engine *engine, const Mutation *mutation, Operation **ret, Refusal *refusal);

/* May a client of this lineage change anything with this fence, 0 if it sends none? 0, or -1 with
 * STALE_FENCE: a higher one has been seen. */
int engine_check_fence(const Engine *engine, const char *lineage, int64_t fence,
                       ProviderProblem *problem);

/* Ask for an end; one that has not begun yet ends at once. */
void engine_cancel(Engine *engine, Operation *operation);

int engine_new(const EngineOptions *options, Engine **ret, Error *err);
void engine_free(Engine *engine);

/* Take up what a crash interrupted. */
void engine_resume(Engine *engine);

/* Do a read on a thread. While any read of an object runs, no operation for it starts; false: one
 * runs already, and `ret` says which. Each true is followed by one engine_observe_end(). */
bool engine_observe_begin(Engine *engine, const char *uid, const Operation **ret);
void engine_observe_end(Engine *engine, const char *uid);
void engine_read(Engine *engine, Job *job);

const EngineOptions *engine_options(const Engine *engine);

#endif
