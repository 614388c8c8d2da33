/* HTTPS requests on the loop: HTTP/1.1 with keep-alive over libcurl's multi interface.
 *
 * A request is sent at most once: unlike libcurl by itself, a body that has begun to leave is never
 * sent again behind the caller's back, because only the caller knows how to ask what became of it.
 * Redirects are not followed, proxies of the environment not used. */
#ifndef VED_HOST_HTTP_H
#define VED_HOST_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/host/loop.h"
#include "lang/base/buffer.h"
#include "lang/base/error.h"

#define HTTP_BODY_MAX (4u << 20)

typedef struct HttpClient HttpClient;
typedef struct HttpTransfer HttpTransfer;

/* Who the other side must be and who we are; PEM files, read again for each new connection. */
typedef struct HttpTls {
    char *ca;        /* NULL: the system's */
    char *cert;      /* NULL: none */
    char *key;       /* NULL: none */
    bool allows_1_2; /* accept TLS 1.2 from those who have no 1.3 */
} HttpTls;

/* Everything is read before http_start() returns but `tls` and `body`, which must outlive the
 * transfer. */
typedef struct HttpRequest {
    const char *method;
    const char *url;
    const HttpTls *tls;
    const char *const *headers; /* "Name: value", ended by NULL; NULL: none */
    const void *body;           /* NULL: none */
    size_t body_size;
    int64_t header_ms; /* until the reply begins, connecting not counted; 0: no limit */
    int64_t idle_ms;   /* without a byte once it has begun; 0: no limit */
} HttpRequest;

typedef enum HttpFailure {
    HTTP_REPLIED,
    HTTP_NOT_SENT,  /* no connection: certainly nothing of the request was read */
    HTTP_LOST,      /* anything may have happened on the other side */
    HTTP_TOO_LARGE, /* the reply's body is beyond HTTP_BODY_MAX */
} HttpFailure;

/* Only valid in the callback, which may move `body` away with buffer_take(). */
typedef struct HttpReply {
    HttpFailure failure;
    int status; /* 0: the reply did not begin */
    Buffer body;
    char etag[256];
    int64_t retry_after_ms; /* -1: not said; dates are taken as not said */
    bool replayed;          /* Idempotency-Replayed: true */
    char error[512];        /* sentence, when it did not go through */
} HttpReply;

typedef void HttpDone(void *context, HttpReply *reply);

/* Loads libcurl. */
int http_client_new(Loop *loop, HttpClient **ret, Error *err);

/* Cancels what is under way, without callbacks. */
void http_client_free(HttpClient *client);

/* Begin; `done` is called once from the loop, unless cancelled, and the transfer is gone then. */
HttpTransfer *http_start(HttpClient *client, const HttpRequest *request, HttpDone *done,
                         void *context);

/* End it without a callback. NULL is fine. */
void http_cancel(HttpTransfer *transfer);

#endif
