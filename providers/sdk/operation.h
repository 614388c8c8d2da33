/* One mutation, known by the key its client gave it, from the moment it is stored until its key is
 * forgotten.
 *
 * Everything but the progress belongs to the event thread. The thread that does it may only call
 * operation_progress(), operation_external_id() and operation_cancelled(); those take the lock. */
#ifndef VED_SDK_OPERATION_H
#define VED_SDK_OPERATION_H

#include <pthread.h>
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

struct Operation {
    char *op;
    char *client;  /* who sent it first, for people */
    char *digest;  /* SHA-256 of method, path and body: the fingerprint of the request */
    char *type;    /* of the instance, or the action's name */
    char *uid;     /* NULL: an action */
    char *effect;  /* NULL: removal */
    Json *request; /* the body without its secrets */
    OperationKind kind;
    OperationState state;
    bool had_secrets;
    bool resumed;  /* begun before; the provider must look for what it did then */
    int status;    /* of the answer, once ended */
    Json *reply;   /* of a success */
    Json *problem; /* of anything else */
    int64_t created_ms;
    int64_t updated_ms;
    bool open;              /* from its beginning until its end is durable */
    struct Waiter *waiters; /* requests to be answered at its end; the server's */

    atomic_bool cancelled;
    pthread_mutex_t lock; /* for what follows */
    int64_t progress_ms;
    char phase[64];
    char message[256];
    char external_id[256];
};

/* An operation in state PENDING; strings are copied, `request` is taken. */
Operation *operation_new(const char *op, OperationKind kind, Json *request);
void operation_free(Operation *operation);

/* The only way a state changes; asserts that the step is allowed. */
void operation_move(Operation *operation, OperationState state);
bool operation_has_ended(const Operation *operation);
bool operation_may_be_repeated(const Operation *operation); /* ended in a way a retry may mend */

const char *operation_state_name(OperationState state);
const char *operation_kind_name(OperationKind kind);
bool operation_kind_parse(const char *name, OperationKind *ret);

const char *operation_address(const Operation *operation); /* "" if there is none */
const char *operation_lineage(const Operation *operation);

/* The resource of GET /v1/operations/{op}; the caller owns it. */
Json *operation_json(Operation *operation);

/* Milliseconds since 1970, and as RFC 3339 text. */
int64_t clock_now_ms(void);
void clock_text(int64_t ms, char ret[32]);

CLEANUP_DEFINE(Operation *, operation_free);

#endif
