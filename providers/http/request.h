/* One request of the binding on its way: filled in, sent at the site's pace, tried again where that
 * is safe, its answer judged by its status.
 *
 * The rule: a request that is not repeatable is sent again only if it certainly never arrived or
 * the server said that it did nothing. Where that is not known the problem's outcome is "unknown".
 */
#ifndef VED_HTTP_REQUEST_H
#define VED_HTTP_REQUEST_H

#include "providers/http/site.h"

/* What the SDK asks for, while it is being done. */
typedef struct Call {
    Site *site;
    const ProviderRequest *request; /* NULL: a query or a lookup */
    Json *scope;                    /* what templates may name; owned */
    const char *key;                /* for the idempotency header; NULL: none */
    int64_t deadline_ms;            /* by monotonic_ms() */
    bool may_have_acted; /* a request that changes something was sent, and what came of it is
                            not known */
    ProviderProblem *problem;
} Call;

typedef enum AnswerKind {
    ANSWER_OK,
    ANSWER_ABSENT,    /* one of the statuses `absent` */
    ANSWER_EXISTS,    /* `exists`, or If-None-Match failed */
    ANSWER_CHANGED,   /* If-Match failed */
    ANSWER_UNCHANGED, /* 304 */
} AnswerKind;

typedef struct Answer {
    AnswerKind kind;
    int status;
    Json *headers;        /* by lower-case name */
    Json *body;           /* the whole of it; NULL: none, or neither JSON nor text */
    const Json *document; /* the object in it; NULL: it is not there */
} Answer;

/* Conditions of one sending. */
typedef struct Conditions {
    const char *if_match, *if_none_match; /* entity tags; NULL: none */
    const char *url; /* GET this one, which the API has named, instead; NULL: what the spec says */
    const Json *query; /* further parameters of the query, texts; NULL: none */
} Conditions;

/* Begin a call: the scope has the arguments, with their defaults and secrets, and the names of the
 * object. `request` may be NULL. */
void call_begin(Call *call, Site *site, const ProviderRequest *request, ProviderProblem *problem);
void call_deinit(Call *call);
#define call_deinit_p call_deinit

/* 0 with an answer that the caller deinits, or -1 with the call's problem. */
int request_send(Call *call, const RequestSpec *spec, const Conditions *conditions, Answer *ret);
void answer_deinit(Answer *answer);
#define answer_deinit_p answer_deinit

const char *answer_header(const Answer *answer, const char *name); /* NULL: not there */

/* The URL of a request, without what says who asks. The caller frees it. NULL with the problem. */
char *request_url(Call *call, const RequestSpec *spec);

/* Whether everything in it can be written where it stands; sends nothing. 0, or -1. */
int request_try(Call *call, const RequestSpec *spec);

/* Wait; -1 with the problem if the call is cancelled or its time is over. */
int call_wait(Call *call, int64_t ms, const char *phase);

/* The arguments do not do: VALIDATION_FAILED. The API did not do what it should have: UPSTREAM,
 * nothing was changed. Each returns -1. */
int call_refuse(Call *call, const Error *err);
int call_upstream(Call *call, const char *format, ...) PRINTF_LIKE(2, 3);

bool problem_is_unknown(const ProviderProblem *problem);

#endif
