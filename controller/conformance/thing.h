/* Objects that a trial makes, and the requests that change them.
 *
 * A mutation keeps its bytes: sending it twice is a retry, and making it anew a new operation. All
 * objects of a trial are removed at its end. */
#ifndef VED_CONFORMANCE_THING_H
#define VED_CONFORMANCE_THING_H

#include "controller/conformance/trial.h"

/* An object, made or not. */
typedef struct Thing {
    struct Thing *next;
    const Json *sample; /* of its effect */
    const char *effect, *type;
    const char *path; /* /v1/instances/TYPE/UID */
    char uid[33];
    unsigned number;
} Thing;

/* One request that changes something. The strings live as long as the trial. */
typedef struct Mutation {
    const char *method, *path;
    const char *op;
    const char *key; /* instead of `op` in the header; "": no header */
    const char *body;
    size_t body_size;
    const char *digest;       /* instead of the body's; NULL */
    const char *media;        /* instead of application/json; NULL */
    const char *precondition; /* a header; NULL: none */
    const char *version;      /* instead of "1.0"; NULL */
    int64_t fence;
    int64_t deadline_ms; /* 0: 30000 */
    bool is_async;       /* is not to be waited for */
    size_t break_after;  /* as a WireRequest's */
    bool loses_reply;
    int64_t timeout_ms;
} Mutation;

/* An object of the first sample of that kind, with a uid of its own; the rule needs the kind, so
 * there is one. */
Thing *thing_new(Trial *trial, SampleKind kind);

/* Its arguments of a kind, filled in; NULL: its effect has none. Lives as long as the trial. */
const Json *thing_arguments(Trial *trial, const Thing *thing, SampleKind kind);

/* The present schema version of its type. */
int64_t thing_schema_version(const Trial *trial, const Thing *thing);

/* A PUT of `desired`, and a DELETE; each a new operation. */
Mutation thing_put(Trial *trial, const Thing *thing, const Json *desired);
Mutation thing_put_with(Trial *trial, const Thing *thing, const Json *desired, Json *more);
Mutation thing_delete(Trial *trial, const Thing *thing);

const Exchange *mutation_send(Trial *trial, const Mutation *mutation);
void mutation_send_many(Trial *trial, const Mutation *mutation, size_t count, const Exchange **ret);

/* Wait for the outcome of what was answered with `reply`: what it has made, or of a DELETE that has
 * no body an empty object. NULL unless it succeeded. */
const Json *mutation_settle(Trial *trial, const Mutation *mutation, const Exchange *reply);

/* Poll the operation until it has ended; its document. NULL: it is not known or does not end. */
const Json *operation_end(Trial *trial, const char *op, const Exchange **ret);

/* An action, as a new operation. */
Mutation action_run(Trial *trial, const char *action, const Json *arguments);

/* Send, and settle. */
const Json *mutation_do(Trial *trial, const Mutation *mutation);

/* Make the object as its sample wants it; what PUT says of it. */
const Json *thing_make(Trial *trial, const Thing *thing);
/* GET it: the representation; NULL unless it is answered 200. */
const Json *thing_read(Trial *trial, const Thing *thing);
/* GET it: true if that is answered 404 or 410. */
bool thing_is_absent(Trial *trial, const Thing *thing);
/* Fails if there is anything of that thing, or of the operation. */
bool expect_nothing_made(Trial *trial, const Thing *thing, const Mutation *mutation);
/* Fails unless it is represented as before: by state, etag and external id. */
bool expect_same(Trial *trial, const Thing *thing, const Json *before);

/* {"uid","type","effect"} and, if there are any, {"desired"}: an item of a batch. */
Json *thing_item(Trial *trial, const Thing *thing, const Json *desired);

/* Remove what the trial has made, as far as that can be done. */
void things_remove(Trial *trial);

#endif
