/* Requests to a provider as a test needs them: any bytes, any headers, many at the same moment, a
 * reply that gets lost, a body that breaks off; and of the reply everything.
 *
 * Blocks until the last reply is there or its time is over. Nothing is retried, followed, or taken
 * from the environment. The only user of libcurl beside the host's http.c. */
#ifndef VED_CONFORMANCE_WIRE_H
#define VED_CONFORMANCE_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "controller/host/http.h"
#include "lang/base/buffer.h"
#include "lang/base/json.h"

/* At most so many at the same moment. */
#define WIRE_PARALLEL_MAX 256

typedef struct Wire Wire;

typedef struct WireRequest {
    const char *method;
    const char *url;
    const char *const *headers; /* "Name: value", ended by NULL */
    const HttpTls *tls;         /* NULL: nothing is shown and anybody is believed */
    const char *body;           /* NULL: none */
    size_t body_size;
    size_t break_after; /* bytes of the body, then the connection is closed; 0: never */
    bool loses_reply;   /* the connection is closed when the reply begins */
    bool allows_plain;  /* http:// as well */
    int64_t timeout_ms;
} WireRequest;

/* A request and what came back. */
typedef struct Exchange {
    struct Exchange *next;
    char *method, *url;
    char *request_headers; /* a line each */
    char *request_body;    /* NULL: none */
    size_t request_size;
    int status;        /* 0: no reply */
    char error[256];   /* why there is none; "" if there is one */
    Buffer headers;    /* of the reply: a line each, with CR LF */
    Buffer body;       /* of the reply, up to HTTP_BODY_MAX */
    Json *json;        /* the body, if it is JSON as VPP/1 wants it; else NULL */
    char problem[256]; /* why it is none */
    int64_t elapsed_ms;
} Exchange;

/* Loads libcurl. */
int wire_new(Wire **ret, Error *err);
void wire_free(Wire *wire);

/* Forget the connections that are kept open: who was there has died. */
void wire_hang_up(Wire *wire);

/* Send `count` requests at the same moment and wait for all; `ret` has room for as many. The caller
 * frees each exchange. */
void wire_send(Wire *wire, const WireRequest *requests, size_t count, Exchange **ret);

void exchange_free(Exchange *exchange);

/* The value of a header of the reply, trimmed, in `ret`; false: it has none of that name. */
bool exchange_header(const Exchange *exchange, const char *name, char *ret, size_t size);

#endif
