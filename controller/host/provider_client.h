/* The controller's side of VPP/1: providers by the names a program uses, and calls to them.
 *
 * The rule: a call's `op` and its exact bytes are durable before provider_call_start(), and a call
 * that may have left this process before a restart is started again with `ask_first`. Then, however
 * often anything dies, an effect takes hold once: the client sends the same bytes under the same
 * key or asks for the outcome, nothing else.
 *
 * Everything runs on the one loop thread. No callback is called from inside the function that was
 * given it. A callback may start calls and batches, but not stop or free the pool. */
#ifndef VED_HOST_PROVIDER_CLIENT_H
#define VED_HOST_PROVIDER_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/host/loop.h"
#include "controller/host/provider_schema.h"
#include "lang/base/error.h"
#include "lang/base/json.h"

typedef struct ProviderPool ProviderPool;

/* Times of the protocol; 0 anywhere means the protocol's own. Tests shorten them. */
typedef struct ProviderTiming {
    int64_t deadline_ms;    /* Ved-Deadline-Ms, by which a provider answers or says 202: 30 s */
    int64_t header_ms;      /* beyond that, or beyond a long poll's wait: 10 s */
    int64_t idle_ms;        /* without a byte in the middle of a reply: 30 s */
    int64_t poll_wait_s;    /* wait=N of a long poll: 25 s */
    int64_t backoff_ms;     /* first delay of a retry, doubled from there: 250 ms */
    int64_t backoff_max_ms; /* 30 s */
    int64_t circuit_ms;     /* how long an open circuit stays open: 30 s */
    int64_t cancel_ms;      /* for the outcome of a cancelled operation: 30 s */
    int64_t first_line_ms;  /* until a plugin says where it listens: 30 s */
    int64_t restart_ms;     /* before a dead plugin is started again, doubled each time: 250 ms */
} ProviderTiming;

/* Copied by provider_pool_new(). */
typedef struct ProviderPoolOptions {
    const char *run_dir; /* certificates of this run; made here, removed by provider_pool_free() */
    const char *plugin_dir;      /* where the built-in plugins, ved-provider-NAME, are */
    const char *data_dir;        /* each plugin has a folder in it, kept from run to run */
    const char *stack;           /* for the client's certificate; may be NULL */
    const char *lineage;         /* the client's identity to the providers; may be NULL */
    int64_t provider_timeout_ms; /* to start, to hand-shake and for a batch; 0: 5 min */
    uint64_t seed;               /* of the jitter */
    ProviderTiming timing;
} ProviderPoolOptions;

/* One entry of the bindings file. Copied by provider_pool_add(). */
typedef struct ProviderBinding {
    const char *name;   /* as the program says it: "Infra" */
    const char *plugin; /* built-in name, path of an executable (it has a '/'), or https URL */
    const Json *config; /* an object, or NULL */
    const char *tls_ca; /* PEM files, for URLs only; each may be NULL */
    const char *tls_cert;
    const char *tls_key;
    const char *token_file; /* bearer token, read again for each request; may be NULL */
    int concurrency;        /* calls at once; 0: what the provider says, else 16 */
    double rate_per_s;      /* sendings per second; 0: what the provider says, else no limit */
    int64_t timeout_ms;     /* of a call that names none; 0: the schema's, else 10 min */
    bool allow_short_ttl;   /* accept a memory for keys shorter than a week */
} ProviderBinding;

/* Makes the certificates and loads libcurl. The loop must outlive the pool. */
int provider_pool_new(Loop *loop, const ProviderPoolOptions *options, ProviderPool **ret,
                      Error *err);

/* Kills what still runs; calls not yet answered are dropped without their callbacks. */
void provider_pool_free(ProviderPool *pool);
CLEANUP_DEFINE(ProviderPool *, provider_pool_free);

/* Before starting. Names bound to the same plugin with the same config share one process and its
 * strictest limits. The first process of a plugin keeps its data in data_dir/PLUGIN, each further
 * one in data_dir/PLUGIN-NAME: add in the order of the bindings file. */
int provider_pool_add(ProviderPool *pool, const ProviderBinding *binding, Error *err);

/* `err` is NULL once every provider is up, else the first failure: ERROR_PROVIDER, ERROR_AUTH. */
typedef void ProviderPoolStarted(void *context, const Error *err);

/* Start all at once: processes, handshakes, schemas. */
void provider_pool_start(ProviderPool *pool, ProviderPoolStarted *started, void *context);

/* The same for a caller that has nothing else to do: runs the loop until then, or until somebody
 * stops the loop: PROVIDER_POOL_INTERRUPTED. */
#define PROVIDER_POOL_INTERRUPTED 1
int provider_pool_start_and_wait(ProviderPool *pool, Error *err);

/* End the plugins: their stdin is closed; what is still there after 5 s is killed by pid. Runs the
 * loop meanwhile; abandons open calls first. */
void provider_pool_stop(ProviderPool *pool);

/* NULL: no such name, or not up yet. Stays valid and the same until provider_pool_free(). */
const ProviderSchema *provider_schema(const ProviderPool *pool, const char *name);

typedef enum ProviderState {
    PROVIDER_STARTING, /* or starting again */
    PROVIDER_UP,
    PROVIDER_CIRCUIT_OPEN, /* not reached 5 times in a row; tried again after a while */
    PROVIDER_DOWN,         /* given up: `reason` says why; calls fail at once */
} ProviderState;

typedef struct ProviderStatus {
    ProviderState state;
    const char *vendor_version; /* from the handshake; NULL before */
    const char *url;            /* NULL while not known */
    const char *reason;         /* of the last failure, "" if there was none */
    int pid;                    /* of the plugin's process; 0: none */
    bool plans;                 /* it says what an effect would come to: provider_plan() */
    size_t running, waiting;    /* calls and batches that have a slot; that wait for one */
} ProviderStatus;

/* For health and `ved provider list`. False: no such name. Valid until the loop runs again. */
bool provider_status(const ProviderPool *pool, const char *name, ProviderStatus *ret);

/* ---- effects ---- */

typedef enum CallVerb {
    CALL_PUT,    /* PUT /v1/instances/{type}/{uid}; see `creates` */
    CALL_DELETE, /* DELETE /v1/instances/{type}/{uid}; absent is applied */
    CALL_ACTION, /* POST /v1/actions/{effect} */
} CallVerb;

/* Copied by provider_call_start(). */
typedef struct ProviderCall {
    const char *provider; /* name of a binding */
    CallVerb verb;
    const char *type;   /* not for actions */
    const char *uid;    /* not for actions */
    const char *effect; /* the action's name, for actions; for others it only finds the timeout */
    const char *domain; /* whose effect it is: domains take turns; may be NULL */
    const char *op;     /* idempotency key */
    const void *body;   /* JSON text; sent as it is, however often */
    size_t body_size;
    const char *etag;   /* sent as If-Match; NULL: none */
    uint64_t fence;     /* of the state: its epoch; sent as Ved-Fence */
    int64_t timeout_ms; /* for all tries together; 0: the binding's or the schema's */
    bool creates;       /* PUT of an object that did not exist: sends If-None-Match: *, and an
                           object found under the uid is taken as the result */
    bool ask_first;     /* may have been sent before: ask for the outcome before sending */
} ProviderCall;

typedef enum AnswerOutcome {
    ANSWER_APPLIED,
    ANSWER_FAILED,    /* for good; what happened, mostly nothing, is known and in `detail` */
    ANSWER_UNKNOWN,   /* could not be found out in time: in doubt, never to be repeated blindly */
    ANSWER_CANCELLED, /* the provider stopped it, asked by provider_call_cancel() or the timeout */
    ANSWER_ABANDONED, /* by provider_calls_abandon(): start it again with `ask_first` */
} AnswerOutcome;

/* Strings are never NULL but where said. What the callback does not take() is freed after it. */
typedef struct ProviderAnswer {
    AnswerOutcome outcome;
    int kind;           /* not applied: ERROR_FAILED, ERROR_AUTH, ERROR_PROVIDER or ERROR_STALE */
    char *external_id;  /* NULL: none; may be there without success, and must be kept then */
    char *etag;         /* NULL: none */
    Json *private_data; /* opaque, handed back with the next request; NULL: none */
    Json *state;        /* result fields; NULL: none */
    Json *sensitive;    /* JSON pointers into state; NULL: none */
    bool ready;         /* exists and serves */
    bool replayed;      /* answered from the provider's memory. With `sendings` of 1 and no
                           `ask_first` the key was used before: this state is an older copy */
    int sendings;       /* how often the bytes left */
    int64_t asked_ms;   /* when the first request left, by the loop's clock; 0: none did */
    char *trouble;      /* after which it was last tried again; NULL: it went well at once */
    int http_status;    /* of the last reply; 0: none came */
    char *code;         /* UPPER_SNAKE, "" if there is none */
    char *detail;       /* sentence, control characters replaced; "" when applied */
} ProviderAnswer;

/* Exactly once for each started call. */
typedef void ProviderCallDone(void *context, ProviderAnswer *answer);

/* Queue a call; returns its number, never 0. An unknown provider name is answered as failed. */
uint64_t provider_call_start(ProviderPool *pool, const ProviderCall *call, ProviderCallDone *done,
                             void *context);

/* Ask the provider to stop it and answer with the outcome; no effect on an answered call. One that
 * was never sent is cancelled at once. */
void provider_call_cancel(ProviderPool *pool, uint64_t number);

/* What the last failure of a call said after which it was tried again; NULL: it goes well so far,
 * or no call with that operation's key is under way. Valid until the loop runs again. */
const char *provider_call_trouble(const ProviderPool *pool, const char *op);

/* How far an operation is, as its provider last said. Strings are "" where it has not, and their
 * control characters are replaced. */
typedef struct CallProgress {
    const char *phase, *message;
    double done; /* from 0 to 1; below 0: not said */
} CallProgress;

/* False: nothing was said of that operation, or no call with its key is under way. Valid until the
 * loop runs again. */
bool provider_call_progress(const ProviderPool *pool, const char *op, CallProgress *ret);

/* Started calls and batches that have not been answered. */
size_t provider_pool_pending(const ProviderPool *pool);

/* For an orderly stop: answer every open call ANSWER_ABANDONED without asking the provider for
 * anything; running operations go on there. Open batches answer with errors. Answers arrive when
 * the loop runs. */
void provider_calls_abandon(ProviderPool *pool);

/* ---- questions, without side effects ---- */

/* Reply to one item: `reply` as the provider gave it, or NULL and `error` says why there is none.
 * The callback may take() `reply`. */
typedef struct ProviderItem {
    Json *reply;
    char *error;
} ProviderItem;

/* Exactly once; `items` has one entry for each item asked, in the same order. */
typedef void ProviderBatchDone(void *context, ProviderItem *items, size_t count);

/* `items`, an array, is copied. Longer ones go as several requests of the provider's max_batch, and
 * what it finds too large all the same (413) as two halves.
 * `timeout_ms` is for all tries together, at most the pool's own, which 0 stands for.
 *   observe  {"type","uid","etag"?}           -> {"uid","status","state","etag","reason"}
 *   plan     {"effect","type","uid","desired","prior"} -> {"action","planned",...}
 *   query    {"query","args"}                 -> {"value"} or {"unknown": reason} */
void provider_observe(ProviderPool *pool, const char *provider, const Json *items,
                      ProviderBatchDone *done, void *context);
void provider_plan(ProviderPool *pool, const char *provider, const Json *items,
                   ProviderBatchDone *done, void *context);
void provider_query(ProviderPool *pool, const char *provider, const Json *items, int64_t timeout_ms,
                    ProviderBatchDone *done, void *context);

/* `question` {"type","external_id"}: the one thing that is known as that outside, as one item:
 * {"external_id","type","state","desired"}, or the provider's problem, {"code","detail",...}. */
void provider_lookup(ProviderPool *pool, const char *provider, const Json *question,
                     ProviderBatchDone *done, void *context);

/* Answer every open batch with errors, when the loop runs. */
void provider_batches_abandon(ProviderPool *pool);

#endif
