/* Requests and replies of evhttp in the terms of VPP/1: JSON bodies, problems, header fields.
 *
 * Each request is answered exactly once, by one of the http_send functions; the pointer is dead
 * afterwards. A client that went away meanwhile is no concern: sending to it frees the request. */
#ifndef VED_SDK_HTTP_H
#define VED_SDK_HTTP_H

#include <event2/http.h>

#include "providers/sdk/provider.h"

#define HTTP_BODY_MAX (4 << 20)

/* A request header's value; NULL: not sent. */
const char *http_header(struct evhttp_request *request, const char *name);
void http_set_header(struct evhttp_request *request, const char *name, const char *value);

/* Retry-After, which counts whole seconds. */
void http_set_retry_after(struct evhttp_request *request, int64_t ms);

/* Answer with JSON, a tree (taken; NULL: no body) or a text (emptied), or with a problem and
 * members of `more` (taken or NULL). */
void http_send_json(struct evhttp_request *request, int status, Json *body);
void http_send_text(struct evhttp_request *request, int status, Buffer *body);
void http_send_problem(struct evhttp_request *request, const ProviderProblem *problem, Json *more);

/* The body: within its ceiling, of type JSON, fitting its Content-Digest. `ret` is an object the
 * caller owns; `ret_digest` the SHA-256 of method, path and body in hexadecimal. 0 or -1. */
int http_read_body(struct evhttp_request *request, Json **ret, char ret_digest[65],
                   ProviderProblem *problem);

/* The value of `Idempotency-Key: "OP"` without its quotes; false: not there or not a string. */
bool http_key(struct evhttp_request *request, char *ret, size_t size);

/* The digits at the start of `text` as a number of at most ten digits; `otherwise` if there are
 * none or `text` is NULL. */
int64_t http_number(const char *text, int64_t otherwise);

/* The fence of a mutation: Ved-Fence, or else the body's member `fence`; 0: neither. 0 or -1. */
int http_fence(struct evhttp_request *request, const Json *body, int64_t *ret,
               ProviderProblem *problem);

/* The trace of a request; NULL: none, or one that is no traceparent. */
const char *http_traceparent(struct evhttp_request *request);

/* How long the client lets us keep it waiting: the smaller of Prefer: wait=N and Ved-Deadline-Ms.
 */
int64_t http_wait_ms(struct evhttp_request *request);

#endif
