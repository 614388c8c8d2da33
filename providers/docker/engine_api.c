#include "providers/docker/engine_api.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lang/base/memory.h"
#include "lang/base/utf8.h"

#define SOCKET_DEFAULT "/var/run/docker.sock"
#define VERSION_WANTED 41 /* of 1.41, the first that both engines have all of */
#define ANSWER_SIZE_MAX ((size_t)32 << 20)
#define TIMEOUT_MS 120000
#define IDLE_CONNECTIONS 32
#define MESSAGE_SIZE_MAX 600

static char *host_of(const char *address)
{
    size_t size = address[0] == '[' ? strcspn(address, "]") + 1 : strcspn(address, ":/");

    char *host = memory_alloc(size + 1);
    memcpy(host, address, size);
    host[size] = '\0';
    return host;
}

static int open_remote(EngineApi *api, const char *host, Error *err)
{
    const Json *tls = json_get(api->config, "tls");

    if (strncmp(host, "tcp://", 6) != 0)
        return error_set(err, ERROR_USAGE, "config: host: expected tcp://NAME:PORT, found '%.200s'",
                         host);
    api->site.ca = json_get_string(tls, "ca", NULL);
    api->site.cert = json_get_string(tls, "cert", NULL);
    api->site.key = json_get_string(tls, "key", NULL);
    if (api->site.ca == NULL || api->site.cert == NULL || api->site.key == NULL)
        return error_set(err, ERROR_USAGE,
                         "config: host '%.200s' needs tls: { ca, cert, key }, as whoever reaches "
                         "an engine without them owns its machine",
                         host);
    api->base = memory_format("https://%s", host + 6);
    api->host = host_of(host + 6);
    return 0;
}

int engine_api_open(EngineApi *api, const Json *config, Error *err)
{
    const char *host = json_get_string(config, "host", NULL);

    *api = (EngineApi){.config = config != NULL ? json_copy(config) : json_new_object()};
    pthread_mutex_init(&api->lock, NULL);
    host = json_get_string(api->config, "host", NULL);
    if (host != NULL && json_get(config, "socket") != NULL)
        return error_set(err, ERROR_USAGE, "config: expected one of socket and host, found both");
    api->fetcher = fetcher_new(IDLE_CONNECTIONS);
    if (host != NULL) {
        api->where = memory_copy_string(host);
        return open_remote(api, host, err);
    }
    api->site.unix_socket = json_get_string(api->config, "socket", SOCKET_DEFAULT);
    api->where = memory_format("unix://%s", api->site.unix_socket);
    api->base = memory_copy_string("http://engine");
    api->host = memory_copy_string("127.0.0.1");
    return 0;
}

void engine_api_close(EngineApi *api)
{
    fetcher_free(take(api->fetcher));
    json_free(take(api->config));
    free(take(api->base));
    free(take(api->where));
    free(take(api->host));
    pthread_mutex_destroy(&api->lock);
}

void api_answer_deinit(ApiAnswer *answer)
{
    json_free(take(answer->body));
    buffer_deinit(&answer->text);
}

/* ---- texts ---- */

char *api_encoded(const char *text)
{
    Buffer encoded = {0};

    for (; *text != '\0'; text++)
        if (isalnum((unsigned char)*text) || strchr("-._~", *text) != NULL)
            buffer_add_char(&encoded, *text);
        else
            buffer_add_format(&encoded, "%%%02X", (unsigned char)*text);
    return buffer_take(&encoded);
}

char *text_cleaned(const char *bytes, size_t size, size_t size_max)
{
    Buffer text = {0};

    for (size_t at = size > size_max ? size - size_max : 0, length = 1; at < size; at += length) {
        uint32_t code = 0;
        length = utf8_decode(bytes + at, size - at, &code);
        bool is_control = length == 1 && (code < 0x20 || code == 0x7f);
        if (length > 0 && (!is_control || code == '\n'))
            buffer_add(&text, bytes + at, length);
        else if (code != '\r')
            buffer_add_char(&text, code == '\t' ? ' ' : '?');
        length += length == 0;
    }
    return buffer_take(&text);
}

char *api_message(const ApiAnswer *answer, size_t size_max)
{
    const char *message = json_get_string(answer->body, "message", NULL);
    const char *text = message != NULL ? message : buffer_text(&answer->text);
    size_t size = message != NULL ? strlen(message) : answer->text.size;
    char *cleaned = text_cleaned(text, size < size_max ? size : size_max, size_max);

    for (char *c = cleaned; *c != '\0'; c++)
        if (*c == '\n')
            *c = ' ';
    for (size_t end = strlen(cleaned); end > 0 && cleaned[end - 1] == ' '; end--)
        cleaned[end - 1] = '\0';
    return cleaned;
}

/* ---- calls ---- */

static int64_t date_of(const FetchResponse *response)
{
    struct tm time = {0};
    const char *date = json_get_string(response->headers, "date", "");

    return strptime(date, "%a, %d %b %Y %H:%M:%S", &time) != NULL ? (int64_t)timegm(&time) : 0;
}

static int transfer_problem(const EngineApi *api, int outcome, const Error *why, const char *what,
                            ProviderProblem *problem)
{
    switch (outcome) {
    case FETCH_NOT_SENT:
        return provider_problem(problem, "UNAVAILABLE", "not_applied", true,
                                "the engine at %.200s cannot be reached: %.300s", api->where,
                                why->message);
    case FETCH_TOO_LARGE:
        return provider_problem(problem, "UPSTREAM", "unknown", false, "%.200s: %.300s", what,
                                why->message);
    case FETCH_STOPPED:
        return provider_problem(problem, "CANCELLED", "unknown", true, "%.200s: cancelled", what);
    default:
        return provider_problem(
            problem, outcome == FETCH_TIMED_OUT ? "DEADLINE" : "UNAVAILABLE", "unknown", true,
            "%.200s: the engine at %.200s did not answer: %.300s", what, api->where, why->message);
    }
}

/* One request to an address below the engine's. */
static int send_call(EngineApi *api, const ApiCall *call, const char *prefix, ApiAnswer *ret,
                     ProviderProblem *problem)
{
    cleanup(json_free) Json *headers =
        call->headers != NULL ? json_copy(call->headers) : json_new_object();
    cleanup(free) char *url = memory_format("%s%s%s", api->base, prefix, call->path);
    cleanup(free) char *body = call->body != NULL ? json_text(call->body) : NULL;
    FetchResponse response = {.status = 0};
    Error why = {.code = 0};

    *ret = (ApiAnswer){.status = 0};
    if (body != NULL)
        json_set_string(headers, "Content-Type", "application/json");
    else if (call->body_file != NULL)
        json_set_string(headers, "Content-Type", "application/x-tar");
    FetchRequest request = {.site = &api->site,
                            .method = call->method,
                            .url = url,
                            .headers = headers,
                            .body = body,
                            .body_size = body != NULL ? strlen(body) : 0,
                            .body_file = call->body_file,
                            .timeout_ms = call->timeout_ms != 0 ? call->timeout_ms : TIMEOUT_MS,
                            .body_size_max = call->size_max > 0 ? call->size_max : ANSWER_SIZE_MAX,
                            .stop = call->stop,
                            .chunk = call->chunk,
                            .context = call->context};
    int code = fetch(api->fetcher, &request, &response, &why);
    if (code != 0)
        return code < 0 ? provider_problem(problem, "INTERNAL", "not_applied", false,
                                           "%.200s: %.400s", call->what, why.message)
                        : transfer_problem(api, code, &why, call->what, problem);
    ret->status = response.status;
    ret->date_s = date_of(&response);
    ret->text = response.body;
    json_free(response.headers);
    if (ret->text.size > 0)
        (void)json_parse(ret->text.bytes, ret->text.size, &ret->body, NULL);
    return 0;
}

/* The minor number of "1.NN"; 0 if it is none. */
static int minor_of(const char *version)
{
    return strncmp(version, "1.", 2) == 0 ? atoi(version + 2) : 0;
}

/* Agree on a version: the wanted one, or the nearest that the engine has. */
static void settle_version(EngineApi *api, const Json *version)
{
    const Json *component = json_at(json_get(version, "Components"), 0);
    int newest = minor_of(json_get_string(version, "ApiVersion", ""));
    int oldest = minor_of(json_get_string(version, "MinAPIVersion", ""));
    int chosen = oldest > VERSION_WANTED                 ? oldest
                 : newest > 0 && newest < VERSION_WANTED ? newest
                                                         : VERSION_WANTED;

    api->is_podman = strstr(json_get_string(component, "Name", ""), "Podman") != NULL;
    snprintf(api->podman, sizeof api->podman, "%.15s", json_get_string(version, "Version", ""));
    snprintf(api->prefix, sizeof api->prefix, "/v1.%d", chosen);
}

static int ask_version(EngineApi *api, ProviderProblem *problem)
{
    cleanup(api_answer_deinit) ApiAnswer answer;
    const ApiCall call = {.method = "GET", .path = "/version", .what = "ask for its version"};

    if (send_call(api, &call, "", &answer, problem) < 0)
        return -1;
    if (answer.status != 200 || !json_is_object(answer.body))
        return provider_problem(problem, "UPSTREAM", "not_applied", true,
                                "what listens at %.200s is no container engine: GET /version "
                                "was answered with status %d",
                                api->where, answer.status);
    settle_version(api, answer.body);
    return 0;
}

static int prepare(EngineApi *api, ProviderProblem *problem)
{
    pthread_mutex_lock(&api->lock);
    int code = api->prefix[0] != '\0' ? 0 : ask_version(api, problem);
    pthread_mutex_unlock(&api->lock);
    return code;
}

int api_call(EngineApi *api, const ApiCall *call, ApiAnswer *ret, ProviderProblem *problem)
{
    char own[32];

    *ret = (ApiAnswer){.status = 0};
    if (prepare(api, problem) < 0)
        return -1;
    snprintf(own, sizeof own, "/v%s/libpod", api->podman);
    return send_call(api, call, call->of_podman ? own : api->prefix, ret, problem);
}

int api_must(EngineApi *api, const ApiCall *call, ApiAnswer *ret, ProviderProblem *problem)
{
    int code = api_call(api, call, ret, problem);

    return code < 0 || ret->status < 400 ? code : api_problem(ret, call->what, problem);
}

int api_problem(const ApiAnswer *answer, const char *what, ProviderProblem *problem)
{
    cleanup(free) char *message = api_message(answer, MESSAGE_SIZE_MAX);
    const char *why = message[0] != '\0' ? message : "the engine does not say why";

    if (answer->status == 401 || answer->status == 403)
        return provider_problem(problem, "PERMISSION_DENIED", "not_applied", false,
                                "%.200s: %.700s", what, why);
    if (answer->status == 404)
        return provider_problem(problem, "NOT_FOUND", "not_applied", false, "%.200s: %.700s", what,
                                why);
    if (answer->status == 400)
        return provider_problem(problem, "VALIDATION_FAILED", "not_applied", false,
                                "%.200s: %.700s", what, why);
    /* A conflict passes when what is in the way has gone; 5xx is the engine's word for anything. */
    return provider_problem(problem, "UPSTREAM", "not_applied", true, "%.200s: %.700s", what, why);
}

int64_t steady_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
