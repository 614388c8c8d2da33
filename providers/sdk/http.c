#include "providers/sdk/http.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/keyvalq_struct.h>
#include <openssl/evp.h>

#include "lang/base/hash.h"
#include "lang/base/memory.h"
#include "providers/sdk/problem.h"
#include "providers/sdk/trace.h"

#define RECORD_SIZE_MAX 16384 /* of TLS */
#define DEADLINE_MS 30000
#define DEADLINE_MAX_MS 60000

const char *http_header(struct evhttp_request *request, const char *name)
{
    return evhttp_find_header(evhttp_request_get_input_headers(request), name);
}

void http_set_header(struct evhttp_request *request, const char *name, const char *value)
{
    evhttp_add_header(evhttp_request_get_output_headers(request), name, value);
}

void http_set_retry_after(struct evhttp_request *request, int64_t ms)
{
    char seconds[24];

    snprintf(seconds, sizeof seconds, "%lld", (long long)((ms + 999) / 1000));
    http_set_header(request, "Retry-After", seconds);
}

static void free_bytes(const void *bytes, size_t size, void *context)
{
    (void)size, (void)context;
    free((void *)bytes);
}

/* Header and body become one piece, and so one TLS record and one packet, if both are small. */
static void send_as_one(struct evhttp_connection *connection)
{
    struct bufferevent *bev =
        connection != NULL ? evhttp_connection_get_bufferevent(connection) : NULL;
    struct evbuffer *output = bev != NULL ? bufferevent_get_output(bev) : NULL;

    if (output != NULL && evbuffer_get_length(output) <= RECORD_SIZE_MAX)
        evbuffer_pullup(output, -1);
}

/* `body` is emptied; with nothing in it the answer has none. */
static void send_typed(struct evhttp_request *request, int status, const char *type, Buffer *body)
{
    struct evhttp_connection *connection = evhttp_request_get_connection(request);
    struct evbuffer *buffer = evbuffer_new();
    size_t size = body->size;

    http_set_header(request, "Ved-Protocol", "1.0");
    if (size > 0)
        http_set_header(request, "Content-Type", type);
    if (size > 0 && buffer != NULL)
        evbuffer_add_reference(buffer, buffer_take(body), size, free_bytes, NULL);
    evhttp_send_reply(request, status, NULL, buffer);
    send_as_one(connection);
    if (buffer != NULL)
        evbuffer_free(buffer);
    buffer_deinit(body);
}

void http_send_text(struct evhttp_request *request, int status, Buffer *body)
{
    /* A stored problem goes out as one, whoever kept it. */
    send_typed(request, status, status >= 400 ? "application/problem+json" : "application/json",
               body);
}

void http_send_json(struct evhttp_request *request, int status, Json *body)
{
    Buffer text = {0};

    if (body != NULL)
        json_write(&text, body);
    json_free(body);
    http_send_text(request, status, &text);
}

void http_send_problem(struct evhttp_request *request, const ProviderProblem *problem, Json *more)
{
    Json *body = problem_json(problem), *member;

    json_set_string(body, "instance", evhttp_request_get_uri(request));
    while ((member = json_first(more)) != NULL) {
        cleanup(free) char *key = memory_copy_string(json_key(member));
        json_set(body, key, json_detach(more, key));
    }
    json_free(more);
    if (problem->retryable)
        http_set_retry_after(request, problem_retry_ms(problem));
    http_send_json(request, problem_status(problem->code), body);
}

static int check_media(struct evhttp_request *request, ProviderProblem *problem)
{
    const char *type = http_header(request, "Content-Type");

    if (type == NULL || strncasecmp(type, "application/json", strlen("application/json")) == 0)
        return 0;
    return provider_problem(problem, "UNSUPPORTED_MEDIA", "not_applied", false,
                            "Content-Type is '%.64s', expected 'application/json'", type);
}

/* Content-Digest: sha-256=:BASE64: (RFC 9530); other algorithms beside it are not looked at. */
static int check_digest(struct evhttp_request *request, const void *bytes, size_t size,
                        ProviderProblem *problem)
{
    const char *header = http_header(request, "Content-Digest");
    uint8_t digest[SHA256_SIZE];
    char base64[48], wanted[64];

    if (header == NULL || strstr(header, "sha-256=") == NULL)
        return 0;
    sha256(bytes, size, digest);
    EVP_EncodeBlock((unsigned char *)base64, digest, sizeof digest);
    snprintf(wanted, sizeof wanted, "sha-256=:%s:", base64);
    if (strstr(header, wanted) != NULL)
        return 0;
    return provider_problem(problem, "INVALID_REQUEST", "not_applied", false,
                            "Content-Digest is '%.80s', but the body received has '%s'", header,
                            wanted);
}

static const char *method_name(struct evhttp_request *request)
{
    switch ((int)evhttp_request_get_command(request)) {
    case EVHTTP_REQ_PUT:
        return "PUT";
    case EVHTTP_REQ_DELETE:
        return "DELETE";
    case EVHTTP_REQ_POST:
        return "POST";
    }
    return "GET";
}

static void fingerprint(struct evhttp_request *request, const void *bytes, size_t size,
                        char ret[65])
{
    cleanup(buffer_deinit) Buffer text = {0};
    uint8_t digest[SHA256_SIZE];

    buffer_add_format(&text, "%s %s\n", method_name(request), evhttp_request_get_uri(request));
    buffer_add(&text, bytes, size);
    sha256(text.bytes, text.size, digest);
    hex_encode(digest, sizeof digest, ret);
}

int http_read_body(struct evhttp_request *request, Json **ret, char ret_digest[65],
                   ProviderProblem *problem)
{
    struct evbuffer *input = evhttp_request_get_input_buffer(request);
    size_t size = evbuffer_get_length(input);
    const char *bytes = (const char *)evbuffer_pullup(input, -1);
    cleanup(json_free) Json *body = NULL;
    Error err = {0};

    if (size > HTTP_BODY_MAX)
        return provider_problem(problem, "TOO_LARGE", "not_applied", false,
                                "the body has %zu bytes, expected at most %d", size, HTTP_BODY_MAX);
    if (check_media(request, problem) < 0 || check_digest(request, bytes, size, problem) < 0)
        return -1;
    if (json_parse(bytes != NULL ? bytes : "", size, &body, &err) < 0)
        return provider_problem(problem, "INVALID_REQUEST", "not_applied", false, "body: %s",
                                err.message);
    if (!json_is_object(body))
        return provider_problem(problem, "INVALID_REQUEST", "not_applied", false,
                                "body: expected an object");
    fingerprint(request, bytes, size, ret_digest);
    *ret = take(body);
    return 0;
}

bool http_key(struct evhttp_request *request, char *ret, size_t size)
{
    const char *header = http_header(request, "Idempotency-Key");

    if (header == NULL || header[0] != '"')
        return false;
    size_t length = strcspn(header + 1, "\"");
    if (header[1 + length] != '"' || header[2 + length] != '\0' || length >= size)
        return false;
    memcpy(ret, header + 1, length);
    ret[length] = '\0';
    return true;
}

int64_t http_number(const char *text, int64_t otherwise)
{
    int64_t number = 0;

    if (text == NULL || *text < '0' || *text > '9')
        return otherwise;
    for (; *text >= '0' && *text <= '9' && number < 1000000000; text++)
        number = number * 10 + (*text - '0');
    return number;
}

int http_fence(struct evhttp_request *request, const Json *body, int64_t *ret,
               ProviderProblem *problem)
{
    const char *header = http_header(request, "Ved-Fence");
    char *end = NULL;

    *ret = json_get_int(body, "fence", 0);
    if (header == NULL && *ret >= 0)
        return 0;
    errno = 0;
    *ret = header != NULL && *header >= '0' && *header <= '9' ? strtoll(header, &end, 10) : -1;
    if (errno == 0 && end != NULL && *end == '\0')
        return 0;
    return provider_problem(problem, "INVALID_REQUEST", "not_applied", false,
                            "Ved-Fence or member 'fence': expected a number from 0, found '%.32s'",
                            header != NULL ? header : "a negative one");
}

const char *http_traceparent(struct evhttp_request *request)
{
    const char *header = http_header(request, "traceparent");

    return header != NULL && traceparent_is_valid(header) ? header : NULL;
}

int64_t http_wait_ms(struct evhttp_request *request)
{
    const char *prefer = http_header(request, "Prefer");
    const char *wait = prefer != NULL ? strstr(prefer, "wait=") : NULL;
    int64_t deadline_ms = http_number(http_header(request, "Ved-Deadline-Ms"), DEADLINE_MS);
    int64_t wait_ms = http_number(wait != NULL ? wait + 5 : NULL, DEADLINE_MAX_MS) * 1000;

    if (deadline_ms > DEADLINE_MAX_MS)
        deadline_ms = DEADLINE_MAX_MS;
    return wait_ms < deadline_ms ? wait_ms : deadline_ms;
}
