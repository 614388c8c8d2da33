/* What a reply means for a call: done, or which request comes next. Internal to the provider
 * client.
 *
 * Pure: no clock, no network, no randomness. The one rule everything here keeps: after a request
 * whose fate is not known the next one asks. Sending again follows only from an answer that says
 * the provider has not done it, or that it does not know the key. */
#ifndef VED_HOST_VERDICT_H
#define VED_HOST_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "controller/host/http.h"
#include "controller/host/provider_client.h"

typedef enum CallStep {
    STEP_SEND,          /* the mutation itself */
    STEP_ASK_OPERATION, /* GET /v1/operations/{op} */
    STEP_ASK_INSTANCE,  /* GET /v1/instances/{type}/{uid} */
    STEP_CANCEL,        /* POST /v1/operations/{op}:cancel */
} CallStep;

typedef enum VerdictKind {
    VERDICT_APPLIED,
    VERDICT_FAILED,
    VERDICT_CANCELLED,
    VERDICT_UNKNOWN, /* and asking again will not help */
    VERDICT_NEXT,    /* `step` follows */
} VerdictKind;

typedef enum VerdictDelay {
    DELAY_NONE,
    DELAY_BACKOFF, /* the next longer one */
    DELAY_GIVEN,   /* at least delay_ms: the provider said so */
    DELAY_POLL,    /* the operation runs: delay_ms since this request was sent */
} VerdictDelay;

/* What is known when a reply is judged. */
typedef struct CallFacts {
    CallVerb verb;
    CallStep step; /* of the request this is the reply to */
    const char *op;
    const char *uid;      /* NULL for actions */
    bool creates;         /* an object found is the result */
    bool in_doubt;        /* the bytes may have been read */
    bool may_renew_token; /* 401 may be an old token: one more try with a fresh one */
} CallFacts;

typedef struct Verdict {
    VerdictKind kind;
    CallStep step;
    VerdictDelay delay;
    int64_t delay_ms;
    bool renews_token;  /* this is the one more try */
    int error_kind;     /* ERROR_..., when it is an end that is not applied */
    const Json *result; /* representation with state, etag ..., inside the document; may be NULL */
    char code[64];
    char detail[1024]; /* control characters replaced */
} Verdict;

/* Judge `reply`, whose body has been read as `document` (NULL: empty or not JSON). Fills `ret`. */
void verdict_judge(const CallFacts *facts, const HttpReply *reply, const Json *document,
                   Verdict *ret);

/* Copy provider-supplied text with C0 and C1 control characters, and what is not UTF-8, replaced by
 * U+FFFD; cut off where `size` ends, between characters. */
void text_make_harmless(const char *text, char *ret, size_t size);

#endif
