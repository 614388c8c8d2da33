/* Calls of the Docker Engine API, over the engine's unix socket or over TLS.
 *
 * The rule: a call whose answer was lost may have been carried out. Its problem says `unknown` and
 * may be retried, and whoever retries looks first by the label `ved.uid` what is there. */
#ifndef VED_DOCKER_ENGINE_API_H
#define VED_DOCKER_ENGINE_API_H

#include <pthread.h>

#include "providers/sdk/fetch.h"

typedef struct EngineApi {
    Fetcher *fetcher;
    FetchSite site;
    Json *config; /* owns the texts of the site */
    char *base;   /* what stands before a path */
    char *where;  /* the engine, for messages: "unix:///run/podman/podman.sock" */
    char *host;   /* where published ports are reached */
    pthread_mutex_t lock;
    char prefix[16]; /* "/v1.41"; "" until the engine was asked */
    bool is_podman;  /* leaves its own health checks to others, updates by its own path */
    char podman[16]; /* its version */
} EngineApi;

/* Read `socket`, or `host` with `tls`, from the config; connects to nothing. */
int engine_api_open(EngineApi *api, const Json *config, Error *err);
void engine_api_close(EngineApi *api);

typedef struct ApiCall {
    const char *method;
    const char *path;      /* with its query, encoded */
    const Json *body;      /* NULL: none */
    const char *body_file; /* instead of it: a tar archive */
    const Json *headers;
    const char *what;   /* what it does, for messages: "create container 'web'" */
    int64_t timeout_ms; /* 0: the usual; FETCH_FOREVER */
    size_t size_max;    /* 0: the usual */
    bool of_podman;     /* a path of Podman's own, below /libpod */
    const FetchStop *stop;
    bool (*chunk)(void *context, const char *bytes, size_t size);
    void *context;
} ApiCall;

typedef struct ApiAnswer {
    int status;
    Json *body;     /* NULL: it is not JSON */
    Buffer text;    /* as it came */
    int64_t date_s; /* of the engine's clock; 0: not told */
} ApiAnswer;

void api_answer_deinit(ApiAnswer *answer);
#define api_answer_deinit_p api_answer_deinit

/* 0 with an answer of any status, or -1 with `problem` filled. `ret` may be deinited either way. */
int api_call(EngineApi *api, const ApiCall *call, ApiAnswer *ret, ProviderProblem *problem);

/* The same where only a status below 400 will do. */
int api_must(EngineApi *api, const ApiCall *call, ApiAnswer *ret, ProviderProblem *problem);

/* What a status of 400 and above means. Returns -1. */
int api_problem(const ApiAnswer *answer, const char *what, ProviderProblem *problem);

/* The engine's sentence in an answer, at most so long, control characters replaced. The caller
 * frees it. */
char *api_message(const ApiAnswer *answer, size_t size_max);

/* A text as one part of a path or a query. The caller frees it. */
char *api_encoded(const char *text);

/* Bytes from outside as text that may stand in messages and JSON: control characters but line
 * breaks, and what is no UTF-8, are '?'; only the last `size_max` bytes. The caller frees it. */
char *text_cleaned(const char *bytes, size_t size, size_t size_max);

/* A clock that never jumps, in ms. */
int64_t steady_ms(void);

#endif
