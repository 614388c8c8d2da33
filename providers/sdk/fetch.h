/* The blocking HTTP client of providers: over TCP, TLS or a unix socket, connections kept alive.
 *
 * The rule: an outcome but 0 says whether the request can have arrived. Only FETCH_NOT_SENT means
 * that it has not; whoever sends again what is not idempotent after any other does it twice.
 *
 * Redirects are not followed, no proxy is taken from the environment, TLS is verified, and every
 * answer has a ceiling. A status of any kind is an answer. */
#ifndef VED_SDK_FETCH_H
#define VED_SDK_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lang/base/buffer.h"
#include "lang/base/error.h"
#include "lang/base/json.h"
#include "providers/sdk/provider.h"

#define FETCH_BODY_SIZE_MAX (1 << 20)
#define FETCH_HEADERS_SIZE_MAX (64 << 10)
#define FETCH_HEADERS_COUNT_MAX 200
#define FETCH_CONNECT_TIMEOUT_MS 5000
#define FETCH_TIMEOUT_MS 30000
#define FETCH_FOREVER (-1)

/* How a request failed; `err` has the sentence. A negative code: it could not even be tried. */
#define FETCH_NOT_SENT 1  /* no connection: nothing left this machine */
#define FETCH_CUT_OFF 2   /* sent, at least in part, and the answer was lost or is no HTTP */
#define FETCH_TIMED_OUT 3 /* the same, as the time was over */
#define FETCH_TOO_LARGE 4 /* answered (`status` is set), by more than the ceiling allows */
#define FETCH_STOPPED 5   /* sent, and then stopped by `stop` or by chunk() */

/* Where requests go and who sends them. All may be NULL; the texts are the caller's. */
typedef struct FetchSite {
    const char *unix_socket;     /* path; the URL's host is then only a name */
    const char *ca, *cert, *key; /* PEM files; ca: instead of the system's */
    const char *user, *password; /* basic, or key id and secret key of `aws_sigv4` */
    const char *bearer;          /* token */
    const char *aws_sigv4;       /* CURLOPT_AWS_SIGV4: "aws:amz:REGION:SERVICE" */
} FetchSite;

/* Ends requests from another thread, at once and for good. */
typedef struct FetchStop {
    int fd;
} FetchStop;

int fetch_stop_init(FetchStop *stop, Error *err);
void fetch_stop_request(FetchStop *stop);
void fetch_stop_deinit(FetchStop *stop);

typedef struct FetchRequest {
    const FetchSite *site; /* NULL: nothing of it */
    const char *method;    /* NULL: GET */
    const char *url;
    const Json *headers; /* object of strings; "" is sent as a header without a value */
    const void *body;    /* NULL: none */
    size_t body_size;
    const char *body_file; /* instead of `body`: the path of a file, of any size */
    bool once;             /* not idempotent: goes out on a connection of its own, as one that was
                              kept may be found dead with the request in it, which is then sent again */
    int64_t connect_timeout_ms; /* 0: FETCH_CONNECT_TIMEOUT_MS */
    int64_t timeout_ms;         /* of all of it; 0: FETCH_TIMEOUT_MS; FETCH_FOREVER: none */
    int64_t idle_timeout_ms;    /* without a byte either way; 0: none; told in whole seconds */
    size_t body_size_max;       /* of the answer; 0: FETCH_BODY_SIZE_MAX */
    size_t headers_size_max;    /* 0: FETCH_HEADERS_SIZE_MAX */
    const FetchStop *stop;      /* NULL: none */
    /* The body of an answer with a status below 300 as it comes, instead of into the response;
     * false stops. NULL: no. */
    bool (*chunk)(void *context, const char *bytes, size_t size);
    void *context;
} FetchRequest;

typedef struct FetchResponse {
    int status;
    Json *headers; /* of the last response, names in lower case, equal ones joined by ", " */
    Buffer body;
} FetchResponse;

void fetch_response_deinit(FetchResponse *response);
#define fetch_response_deinit_p fetch_response_deinit

/* Connections that are kept, for any number of threads. */
typedef struct Fetcher Fetcher;

/* Keeps at most `idle_max` connections that are not in use. */
Fetcher *fetcher_new(size_t idle_max);

/* No request may be under way. */
void fetcher_free(Fetcher *fetcher);
CLEANUP_DEFINE(Fetcher *, fetcher_free);

/* Do the request and wait for the answer. 0 with `ret` filled, which the caller deinits; or one of
 * the outcomes above, or a negative code, with nothing in `ret` but `status` for FETCH_TOO_LARGE.
 */
int fetch(Fetcher *fetcher, const FetchRequest *request, FetchResponse *ret, Error *err);

/* An outcome of fetch() as a problem. `idempotent`: the same request may be sent again. `what` is
 * the request as a person would say it, without secrets: "GET http://host/path". Returns -1. */
int fetch_problem(int outcome, const Error *why, const char *what, bool idempotent,
                  ProviderProblem *problem);

/* Whether a header can be sent as it is: a name without a colon, no line break in either. */
bool fetch_header_is_sendable(const char *name, const char *value);

/* Whether to send it twice does what sending it once does (RFC 9110, 9.2.2). */
bool fetch_method_is_idempotent(const char *method);

#endif
