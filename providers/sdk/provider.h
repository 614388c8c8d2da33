/* What a provider plugin is made of: one table of functions over the SDK, which does the rest of
 * VPP/1 – HTTPS with mutual TLS, the durable store of operations and instances, idempotency,
 * answers within the deadline, problem+json, schema, batches.
 *
 * The rule: the SDK has stored the operation's key durably before it calls reconcile(), remove() or
 * run(), and calls them again with `resumed` set when the plugin died before the result was stored.
 * They must therefore find out by uid what already exists, and finish it, never make a second. What
 * exists and is not theirs they leave alone unless the request says `adopt`: NOT_OWNED if it is
 * nobody's, CLAIMED if it is another object's. They may
 * block: each call has a thread of its own. Two calls for one uid never run at once. */
#ifndef VED_SDK_PROVIDER_H
#define VED_SDK_PROVIDER_H

#include <stdbool.h>
#include <stdint.h>

#include "lang/base/error.h"
#include "lang/base/json.h"

typedef struct Operation Operation; /* the SDK's; progress and cancellation go through it */
struct Feed;

/* One request to bring an object to `desired`, to remove it, or to do an action. */
typedef struct ProviderRequest {
    Operation *operation;
    const char *op;          /* the core's key of the operation */
    const char *type;        /* of the instance; the action's name for run() */
    const char *effect;      /* the effect that is wanted or made the instance; NULL: not known */
    const char *uid;         /* 32 hexadecimal digits; NULL for run() */
    const char *address;     /* the owner's, for messages: Database.Boot.CreatePostgres[0] */
    const char *lineage;     /* of the owning state */
    const Json *desired;     /* arguments; an object; NULL for remove() and observe() */
    const Json *secrets;     /* id -> clear text; never stored or logged; may be NULL */
    const char *adopt;       /* reconcile() takes this over, as the outside world calls it, from
                                whoever has it; "": what is nobody's and stands where `desired` says, if
                                anything does; NULL: nothing */
    const char *prior;       /* the instance's recorded state, a JSON text (see members.h); NULL if
                                there is none */
    const char *private;     /* what the last reply put aside, the same; NULL if nothing */
    const Json *config;      /* the binding's `config`, an object */
    bool disruptive;         /* predict(): the change is one that the schema calls so */
    bool resumed;            /* the same operation was begun before and did not finish */
    const char *traceparent; /* W3C Trace Context of the request, to be passed on; NULL: none */
    int64_t timeout_s;
} ProviderRequest;

/* What a call found or did. Fill on success; the SDK frees the members. */
typedef struct ProviderReply {
    char *external_id; /* as the outside world calls it */
    Json *state;       /* result fields: the object as it is now, or the action's result */
    Json *private;     /* kept by the SDK, handed back with the next request; may be NULL */
    bool not_ready;    /* exists but does not serve yet */
    char *reason;      /* why not ready, absent or changed; may be NULL */
} ProviderReply;

/* Why a call did not succeed: goes out as problem+json. `code` is one of provider-protocol section
 * 6's; `outcome` not_applied unless something may have happened. */
typedef struct ProviderProblem {
    const char *code;    /* static: "VALIDATION_FAILED", "UNAVAILABLE", "INTERNAL" ... */
    const char *outcome; /* static: "not_applied", "partial", "unknown" */
    bool retryable;
    int64_t retry_after_ms; /* of a retryable one: not before; 0: a second */
    char detail[1024];
    char pointer[128]; /* JSON pointer of the argument at fault, or "" */
} ProviderProblem;

/* What lookup() found outside. Fill on success; the SDK frees the members. */
typedef struct ProviderFinding {
    char *external_id;
    Json *state;   /* as an object of ours would show it, as far as that is known */
    Json *desired; /* arguments with which taking it over changes nothing, as far as is known */
} ProviderFinding;

/* At most this many findings of one search. */
#define FINDINGS_MAX 100

typedef enum ProviderChange {
#define PROVIDER_CHANGE(name, text) PROVIDER_##name,
#include "providers/sdk/change.def"
#undef PROVIDER_CHANGE
} ProviderChange;

typedef enum ObserveStatus { OBSERVE_FOUND, OBSERVE_ABSENT, OBSERVE_ERROR } ObserveStatus;

/* 0, or -1 with `problem` filled. */
typedef struct Provider {
    const char *name;
    const char *version;
    const char *schema; /* the /v1/schema document, JSON text; not before describe() */
    void *context;
    int batch_max;     /* of the objects or questions in one request, so many that all are answered
                          within some seconds; 0: 200 */
    double rate_per_s; /* so many requests are taken in a second, more are THROTTLED; 0: any */
    bool forget_keys;  /* set by open(): start without the keys of earlier operations (for tests) */
    struct Feed *feed; /* the SDK's */

    /* Before anything else, and alone for `--schema`: make `schema` where it depends on the config.
     * Touches nothing outside. May be NULL. */
    int (*describe)(struct Provider *provider, const Json *config, Error *err);
    /* Once, before serving: `data_dir` exists. May be NULL. */
    int (*open)(struct Provider *provider, const char *data_dir, const Json *config, Error *err);
    int (*validate)(struct Provider *provider, const char *effect, const Json *desired,
                    ProviderProblem *problem); /* pure; may be NULL */
    int (*reconcile)(struct Provider *provider, const ProviderRequest *request,
                     ProviderReply *reply, ProviderProblem *problem);
    int (*remove)(struct Provider *provider, const ProviderRequest *request,
                  ProviderProblem *problem);
    int (*run)(struct Provider *provider, const ProviderRequest *request, ProviderReply *reply,
               ProviderProblem *problem); /* an action */
    ObserveStatus (*observe)(struct Provider *provider, const ProviderRequest *request,
                             ProviderReply *reply, ProviderProblem *problem);
    /* Pure, asked on the event thread: put into `planned` what the result will be, where that is
     * known. `prior` is the present result, or NULL if a new object is planned; `planned` holds
     * {"$unknown":{}} for every member of the result. May be NULL: then nothing is known. */
    void (*predict)(struct Provider *provider, const ProviderRequest *request, Json *planned);
    /* Find what exists outside: the one thing `external_id` names, or, if that is NULL, what
     * `search` describes, at most FINDINGS_MAX. `ret` has that much room; returns how many, 0:
     * none, or -1. NULL: nothing can be looked up or taken over. */
    int (*lookup)(struct Provider *provider, const char *type, const char *external_id,
                  const char *search, ProviderFinding *ret, ProviderProblem *problem);
    int (*query)(struct Provider *provider, const char *query, const Json *args, Json **ret,
                 ProviderProblem *problem); /* a fact */
    /* Pure: turn `state`, an object's of schema version `from`, into one of the next version, in
     * place. Only the shape changes. NULL: all versions have the same. */
    int (*upgrade)(struct Provider *provider, const char *type, int64_t from, Json *state,
                   ProviderProblem *problem);
    /* Asked on the event thread, must not block: can what it depends on be reached? If not,
     * `reason` says why. NULL: it always can. */
    bool (*ready)(struct Provider *provider, char *reason, size_t size);
} Provider;

/* Fill a problem; returns -1. */
int provider_problem(ProviderProblem *problem, const char *code, const char *outcome,
                     bool retryable, const char *format, ...) PRINTF_LIKE(5, 6);

/* Say how far the operation is (shown by GET /v1/operations/{op}); the external id as soon as it is
 * known. May be called from the operation's thread only. */
void operation_progress(Operation *operation, const char *phase, const char *message);
void operation_external_id(Operation *operation, const char *external_id);
void operation_fraction(Operation *operation, double done); /* 0 to 1, where it can be told */

/* Tell whoever listens (GET /v1/events) that the object should be looked at again; for changes that
 * come from outside, as those made by operations or seen by observations are told anyway. Without a
 * uid any object of the type may have changed, without a type any at all. May be called by any
 * thread from open() on. */
void provider_changed(Provider *provider, const char *type, const char *uid, ProviderChange change);

/* True once somebody asked to cancel: stop where the outcome is known. */
bool operation_cancelled(const Operation *operation);

/* The whole of a plugin's main(): parse --listen, --tls, --data, --config, --token-file; serve
 * until stdin closes or SIGTERM; return the exit code. With --schema instead of the first three:
 * print the schema document and return 0, without serving or touching anything. */
int provider_main(Provider *provider, int argc, char **argv);

#endif
