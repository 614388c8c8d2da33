/* HttpRequest, and the same client asking a process for its health.
 *
 * A status of any kind is an answer, which the program judges. Only no answer is a failure: before
 * the connection was made nothing happened; after it nobody knows. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include <openssl/evp.h>

#include "lang/base/memory.h"
#include "lang/base/utf8.h"
#include "providers/local/kinds.h"
#include "providers/local/object.h"
#include "providers/local/problem_of.h"
#include "providers/sdk/fetch.h"
#include "providers/sdk/secrets.h"

#define TIMEOUT_S 30
#define TIMEOUT_S_MAX 3600

static bool method_is_plain(const char *method)
{
    for (const char *c = method; *c != '\0'; c++)
        if (!isupper((unsigned char)*c))
            return false;
    return method[0] != '\0' && strlen(method) <= 16;
}

int http_validate(const Json *desired, ProviderProblem *problem)
{
    const char *url = json_get_string(desired, "url", "");
    const char *method = json_get_string(desired, "method", "GET");
    const Json *headers = json_get(desired, "headers");

    if (!value_is_opaque(json_get(desired, "url")) && strncasecmp(url, "http://", 7) != 0 &&
        strncasecmp(url, "https://", 8) != 0)
        return problem_argument(problem, "/url",
                                "url: expected http:// or https://, found '%.100s'", url);
    if (!method_is_plain(method))
        return problem_argument(problem, "/method",
                                "method: expected GET, POST or the like, found '%.32s'", method);
    if (value_is_opaque(headers))
        return 0;
    if (json_count(headers) > FETCH_HEADERS_COUNT_MAX)
        return problem_argument(problem, "/headers", "headers: expected at most %d, found %zu",
                                FETCH_HEADERS_COUNT_MAX, json_count(headers));
    for (const Json *h = json_first(headers); h != NULL; h = json_next(h))
        if (!fetch_header_is_sendable(json_key(h), json_string(h, "")))
            return problem_argument(problem, "/headers",
                                    "headers: '%.64s' cannot be sent: it holds a line break or its "
                                    "name a colon",
                                    json_key(h));
    return 0;
}

/* `name: value`, unless there is no value or the program has said it otherwise. */
static void add_ours(Json *headers, const char *name, const char *value)
{
    for (const Json *h = json_first(headers); h != NULL; h = json_next(h))
        if (strcasecmp(json_key(h), name) == 0)
            return;
    if (value != NULL)
        json_set_string(headers, name, value);
}

static Json *request_headers(const Json *desired, const ProviderRequest *request)
{
    const Json *given = json_get(desired, "headers");
    Json *headers = given != NULL ? json_copy(given) : json_new_object();
    cleanup(free) char *key = request->op != NULL ? memory_format("\"%s\"", request->op) : NULL;

    add_ours(headers, "Idempotency-Key", key);
    add_ours(headers, "traceparent", request->traceparent);
    return headers;
}

/* What is not text goes as Base64 in a member of its own. */
static void set_body(Json *state, const Buffer *body)
{
    if (text_fits_json(body)) {
        json_set_string(state, "body", buffer_text(body));
        return;
    }
    cleanup(free) char *encoded = memory_alloc(4 * ((body->size + 2) / 3) + 1);
    EVP_EncodeBlock((unsigned char *)encoded, (const unsigned char *)body->bytes, (int)body->size);
    json_set_string(state, "body", "");
    json_set_string(state, "body_base64", encoded);
}

static int64_t timeout_of(const Json *desired)
{
    int64_t timeout_s = json_get_int(desired, "timeout_s", TIMEOUT_S);

    return 1000 * (timeout_s < 1 || timeout_s > TIMEOUT_S_MAX ? TIMEOUT_S : timeout_s);
}

static int perform(Local *local, const Json *desired, const ProviderRequest *request,
                   FetchResponse *ret, ProviderProblem *problem)
{
    cleanup(json_free) Json *headers = request_headers(desired, request);
    const char *method = json_get_string(desired, "method", "GET");
    const char *body = json_get_string(desired, "body", NULL);
    cleanup(free) char *what =
        memory_format("%s %.380s", method, json_get_string(desired, "url", ""));
    bool idempotent = fetch_method_is_idempotent(method);
    Error why = {.code = 0};

    int code = fetch(local->fetcher,
                     &(FetchRequest){.method = method,
                                     .url = json_get_string(desired, "url", ""),
                                     .headers = headers,
                                     .body = body,
                                     .body_size = body != NULL ? strlen(body) : 0,
                                     .once = !idempotent,
                                     .timeout_ms = timeout_of(desired)},
                     ret, &why);
    return code == 0 ? 0 : fetch_problem(code, &why, what, idempotent, problem);
}

int http_run(Local *local, const ProviderRequest *request, ProviderReply *reply,
             ProviderProblem *problem)
{
    cleanup(json_free) Json *desired = secrets_resolve(request->desired, request->secrets);
    cleanup(fetch_response_deinit) FetchResponse response = {.status = 0};
    const char *method = json_get_string(desired, "method", "GET");

    if (http_validate(desired, problem) < 0)
        return -1;
    if (request->resumed && !fetch_method_is_idempotent(method))
        return provider_problem(problem, "UPSTREAM", "unknown", false,
                                "%s %.400s was cut off when the plugin ended; whether it arrived "
                                "is not known, and it is not sent again",
                                method, json_get_string(desired, "url", ""));
    if (perform(local, desired, request, &response, problem) < 0)
        return -1;
    reply->state = json_new_object();
    json_set_int(reply->state, "status", response.status);
    json_set(reply->state, "headers", take(response.headers));
    set_body(reply->state, &response.body);
    return 0;
}

bool http_answers(Local *local, int port, const char *path, int64_t timeout_ms)
{
    cleanup(free) char *url = memory_format("http://127.0.0.1:%d%s", port, path);
    cleanup(fetch_response_deinit) FetchResponse response = {.status = 0};

    int code = fetch(local->fetcher, &(FetchRequest){.url = url, .timeout_ms = timeout_ms},
                     &response, NULL);
    return code == 0 && response.status >= 200 && response.status < 400;
}
