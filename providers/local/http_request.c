/* HttpRequest, and the same client asking a process for its health.
 *
 * A status of any kind is an answer, which the program judges. Only no answer is a failure: before
 * the connection was made nothing happened; after it nobody knows. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>
#include <openssl/evp.h>

#include "lang/base/memory.h"
#include "providers/local/kinds.h"
#include "providers/local/object.h"
#include "providers/local/problem_of.h"
#include "providers/local/text.h"
#include "providers/sdk/secrets.h"

#define BODY_SIZE_MAX (1 << 20)
#define HEADERS_SIZE_MAX (64 << 10)
#define HEADERS_COUNT_MAX 200
#define CONNECT_TIMEOUT_MS 5000
#define TIMEOUT_S 30
#define TIMEOUT_S_MAX 3600

CLEANUP_DEFINE(CURL *, curl_easy_cleanup);
CLEANUP_DEFINE(struct curl_slist *, curl_slist_free_all);

typedef struct Answer {
    Buffer body;
    Buffer headers;
} Answer;

static void answer_deinit(Answer *answer)
{
    buffer_deinit(&answer->body);
    buffer_deinit(&answer->headers);
}
#define answer_deinit_p answer_deinit

/* Fewer bytes than given ends the transfer: the ceiling is reached. */
static size_t collect(char *bytes, size_t size, size_t count, void *buffer)
{
    buffer_add(buffer, bytes, size * count);
    return ((Buffer *)buffer)->overflowed ? 0 : size * count;
}

static bool has_line_break(const char *text)
{
    return strpbrk(text, "\r\n") != NULL;
}

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
    if (json_count(headers) > HEADERS_COUNT_MAX)
        return problem_argument(problem, "/headers", "headers: expected at most %d, found %zu",
                                HEADERS_COUNT_MAX, json_count(headers));
    for (const Json *h = json_first(headers); h != NULL; h = json_next(h))
        if (has_line_break(json_key(h)) || strchr(json_key(h), ':') != NULL ||
            has_line_break(json_string(h, "")))
            return problem_argument(problem, "/headers",
                                    "headers: '%.64s' cannot be sent: it holds a line break or its "
                                    "name a colon",
                                    json_key(h));
    return 0;
}

static bool method_is_idempotent(const char *method)
{
    return strcmp(method, "POST") != 0 && strcmp(method, "PATCH") != 0;
}

static void set_common(CURL *curl, const char *url, Answer *answer)
{
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "ved/" VED_VERSION);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer->body);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, collect);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &answer->headers);
}

/* `name: value`, unless there is no value or the program has said it otherwise. */
static struct curl_slist *add_ours(struct curl_slist *list, const Json *headers, const char *name,
                                   const char *value)
{
    for (const Json *h = json_first(headers); h != NULL; h = json_next(h))
        if (strcasecmp(json_key(h), name) == 0)
            return list;
    if (value == NULL)
        return list;
    cleanup(free) char *line = memory_format("%s: %s", name, value);
    return curl_slist_append(list, line);
}

static struct curl_slist *request_headers(const Json *desired, const ProviderRequest *request)
{
    struct curl_slist *list = NULL;
    const Json *headers = json_get(desired, "headers");
    cleanup(free) char *key = request->op != NULL ? memory_format("\"%s\"", request->op) : NULL;

    for (const Json *h = json_first(headers); h != NULL; h = json_next(h)) {
        const char *value = json_string(h, "");
        /* libcurl's way to send a header without a value. */
        cleanup(free) char *line = value[0] != '\0' ? memory_format("%s: %s", json_key(h), value)
                                                    : memory_format("%s;", json_key(h));
        list = curl_slist_append(list, line);
    }
    list = add_ours(list, headers, "Idempotency-Key", key);
    return add_ours(list, headers, "traceparent", request->traceparent);
}

static void set_request(CURL *curl, const Json *desired)
{
    const char *method = json_get_string(desired, "method", "GET");
    const char *body = json_get_string(desired, "body", NULL);
    int64_t timeout_s = json_get_int(desired, "timeout_s", TIMEOUT_S);

    if (timeout_s < 1 || timeout_s > TIMEOUT_S_MAX)
        timeout_s = TIMEOUT_S;
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)timeout_s * 1000);
    if (body != NULL) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)strlen(body));
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    } else if (strcmp(method, "POST") == 0) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, 0L);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, "");
    }
    if (strcmp(method, "HEAD") == 0)
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    else
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
}

/* The header lines of the last response as an object with lower-case names. */
static Json *response_headers(const Buffer *text)
{
    Json *headers = json_new_object();
    cleanup(free) char *lines = memory_copy_string(buffer_text(text));
    char *rest = NULL;

    for (char *line = strtok_r(lines, "\r\n", &rest); line != NULL;
         line = strtok_r(NULL, "\r\n", &rest)) {
        char *colon = strchr(line, ':');
        if (strncmp(line, "HTTP/", 5) == 0) {
            json_free(headers);
            headers = json_new_object();
        }
        if (colon == NULL || colon == line)
            continue;
        *colon = '\0';
        for (char *c = line; c < colon; c++)
            *c = (char)tolower((unsigned char)*c);
        for (char *c = colon + 1; *c != '\0'; c++)
            if ((unsigned char)*c >= 0x80)
                *c = '?';
        const char *value = colon + 1 + strspn(colon + 1, " \t");
        const char *before = json_get_string(headers, line, NULL);
        cleanup(free) char *joined = before != NULL ? memory_format("%s, %s", before, value) : NULL;
        json_set_string(headers, line, joined != NULL ? joined : value);
    }
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

static int transfer_failed(CURLcode code, const char *why, const char *method, const char *url,
                           const Answer *answer, ProviderProblem *problem)
{
    bool untouched = code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_CONNECT ||
                     code == CURLE_URL_MALFORMAT || code == CURLE_PEER_FAILED_VERIFICATION ||
                     code == CURLE_SSL_CONNECT_ERROR;

    if (answer->body.overflowed || answer->headers.overflowed)
        return provider_problem(problem, "UPSTREAM", "applied", false,
                                "%s %.400s: the answer is larger than %d bytes", method, url,
                                BODY_SIZE_MAX);
    if (untouched || method_is_idempotent(method))
        return provider_problem(problem, "UNAVAILABLE", "not_applied", true, "%s %.400s: %.200s",
                                method, url, why);
    return provider_problem(problem, code == CURLE_OPERATION_TIMEDOUT ? "DEADLINE" : "UPSTREAM",
                            "unknown", false, "%s %.400s: %.200s; whether it arrived is not known",
                            method, url, why);
}

static int perform(const Json *desired, const ProviderRequest *request, Answer *answer,
                   long *ret_status, ProviderProblem *problem)
{
    cleanup(curl_easy_cleanup) CURL *curl = curl_easy_init();
    cleanup(curl_slist_free_all) struct curl_slist *headers = request_headers(desired, request);
    const char *method = json_get_string(desired, "method", "GET");
    const char *url = json_get_string(desired, "url", "");
    char why[CURL_ERROR_SIZE] = "";

    if (curl == NULL)
        return provider_problem(problem, "INTERNAL", "not_applied", true, "no HTTP client");
    set_common(curl, url, answer);
    set_request(curl, desired);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
    CURLcode code = curl_easy_perform(curl);
    if (code != CURLE_OK)
        return transfer_failed(code, why[0] != '\0' ? why : curl_easy_strerror(code), method, url,
                               answer, problem);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, ret_status);
    return 0;
}

int http_run(Local *local, const ProviderRequest *request, ProviderReply *reply,
             ProviderProblem *problem)
{
    cleanup(json_free) Json *desired = secrets_resolve(request->desired, request->secrets);
    cleanup(answer_deinit) Answer answer;
    const char *method = json_get_string(desired, "method", "GET");
    long status = 0;

    (void)local;
    buffer_init(&answer.body, BODY_SIZE_MAX);
    buffer_init(&answer.headers, HEADERS_SIZE_MAX);
    if (http_validate(desired, problem) < 0)
        return -1;
    if (request->resumed && !method_is_idempotent(method))
        return provider_problem(problem, "UPSTREAM", "unknown", false,
                                "%s %.400s was cut off when the plugin ended; whether it arrived "
                                "is not known, and it is not sent again",
                                method, json_get_string(desired, "url", ""));
    if (perform(desired, request, &answer, &status, problem) < 0)
        return -1;
    reply->state = json_new_object();
    json_set_int(reply->state, "status", status);
    json_set(reply->state, "headers", response_headers(&answer.headers));
    set_body(reply->state, &answer.body);
    return 0;
}

bool http_answers(int port, const char *path, int64_t timeout_ms)
{
    cleanup(curl_easy_cleanup) CURL *curl = curl_easy_init();
    cleanup(free) char *url = memory_format("http://127.0.0.1:%d%s", port, path);
    cleanup(answer_deinit) Answer answer;
    long status = 0;

    buffer_init(&answer.body, BODY_SIZE_MAX);
    buffer_init(&answer.headers, HEADERS_SIZE_MAX);
    if (curl == NULL)
        return false;
    set_common(curl, url, &answer);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    if (curl_easy_perform(curl) != CURLE_OK)
        return false;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    return status >= 200 && status < 400;
}
