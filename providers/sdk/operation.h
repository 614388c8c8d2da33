/* One mutation, known by the key its client gave it, from the moment it is stored until its key is
 * forgotten.
 *
 * Everything but the progress belongs to the event thread. The thread that does it may only call
 * operation_progress(), operation_fraction(), operation_external_id() and operation_cancelled(). */
#ifndef VED_SDK_OPERATION_H
#define VED_SDK_OPERATION_H

#include <stdatomic.h>

#include "providers/sdk/provider.h"

#define OPERATION_POLL_MS 1000 /* how often a client should ask */

typedef enum OperationState {
#define OPERATION_STATE(name, text, ended) OPERATION_##name,
#include "providers/sdk/operation_state.def"
#undef OPERATION_STATE
} OperationState;

typedef enum OperationKind {
#define OPERATION_KIND(name, text) OPERATION_##name,
#include "providers/sdk/operation_kind.def"
#undef OPERATION_KIND
} OperationKind;

/* How far it is; only of operations that this process has seen running. */
typedef struct Progress {
    int64_t at_ms;
    double done; /* from 0 to 1; below 0: not told */
    char phase[64];
    char message[256];
    char external_id[256];
} Progress;

/* Bodies are JSON texts, made into trees by who looks into them: there are as many operations as
 * keys are remembered. */
struct Operation {
    char *op;
    char *client;      /* who sent it first, for people */
    char *digest;      /* SHA-256 of method, path and body: the fingerprint of the request */
    char *type;        /* of the instance, or the action's name */
    char *uid;         /* NULL: an action */
    char *effect;      /* NULL: removal */
    char *lineage;     /* of its owner */
    char *address;     /* of its owner, "" if there is none */
    char *traceparent; /* of the request that began it (W3C Trace Context); NULL: none */
    char *request;     /* the body without its secrets; NULL once it cannot begin again */
    OperationKind kind;
    OperationState state;
    bool had_secrets;
    bool resumed;          /* begun before; the provider must look for what it did then */
    int status;            /* of the answer, once ended */
    struct Instance *made; /* a success whose answer is this object's representation; the store's */
    char *reply;           /* the answer of any other success */
    char *problem;         /* of anything else */
    int64_t created_ms;
    int64_t updated_ms;
    bool open;              /* from its beginning until its end is durable */
    struct Waiter *waiters; /* requests to be answered at its end; the server's */
    atomic_bool cancelled;
    Progress *progress; /* NULL: none told; under a lock of its own */
};

/* An operation in state PENDING; `op` is copied, the rest is to be filled in. */
Operation *operation_new(const char *op, OperationKind kind);
void operation_free(Operation *operation);

/* The only way a state changes; asserts that the step is allowed. */
void operation_move(Operation *operation, OperationState state);
bool operation_has_ended(const Operation *operation);
bool operation_may_be_repeated(const Operation *operation); /* ended in a way a retry may mend */

/* As its client may know it: an end that is not durable yet is not shown. */
OperationState operation_state_shown(const Operation *operation);

const char *operation_state_name(OperationState state);
const char *operation_kind_name(OperationKind kind);
bool operation_kind_parse(const char *name, OperationKind *ret);

/* The answer it ended with, as JSON text; nothing if it has not. */
void operation_put_answer(Buffer *ret, const Operation *operation);

/* The resource of GET /v1/operations/{op}, as JSON text. */
void operation_put(Buffer *ret, const Operation *operation);

/* The external id that was told on the way; NULL: none. The caller frees it. */
char *operation_external_id_told(const Operation *operation);

/* What was told on the way is of no use any more. */
void operation_progress_forget(Operation *operation);

/* Milliseconds since 1970, and as RFC 3339 text. */
int64_t clock_now_ms(void);
void clock_text(int64_t ms, char ret[32]);

CLEANUP_DEFINE(Operation *, operation_free);

#endif
