#include "controller/conformance/trial.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "controller/conformance/thing.h"
#include "lang/base/memory.h"

#define REQUEST_MS 65000 /* the longest deadline there is, and some */
#define HEADERS_MAX 24
#define THROTTLED_MAX 30

/* ---- outcome ---- */

void trial_fail(Trial *trial, const Exchange *exchange, const char *format, ...)
{
    va_list arguments;

    if (trial->state != TRIAL_PASSED)
        return;
    trial->state = TRIAL_FAILED;
    va_start(arguments, format);
    vsnprintf(trial->why, sizeof trial->why, format, arguments);
    va_end(arguments);
    trial->shown[trial->shown[0] != NULL] = exchange;
}

void trial_skip(Trial *trial, const char *format, ...)
{
    va_list arguments;

    if (trial->state != TRIAL_PASSED)
        return;
    trial->state = TRIAL_SKIPPED;
    va_start(arguments, format);
    vsnprintf(trial->why, sizeof trial->why, format, arguments);
    va_end(arguments);
}

void trial_compare(Trial *trial, const Exchange *exchange)
{
    if (trial->state == TRIAL_PASSED)
        trial->shown[0] = exchange;
}

void trial_init(Trial *trial, Bench *bench, const Rule *rule)
{
    *trial = (Trial){.bench = bench, .rule = rule};
    trial->owned = json_new_array();
    snprintf(trial->lineage, sizeof trial->lineage, "%s%016x", bench->run, rule->number);
}

void trial_deinit(Trial *trial)
{
    for (Exchange *e = trial->exchanges, *next; e != NULL; e = next) {
        next = e->next;
        exchange_free(e);
    }
    json_free(trial->owned);
    arena_deinit(&trial->arena);
}

Json *trial_own(Trial *trial, Json *json)
{
    json_append(trial->owned, json);
    return json;
}

bool bench_has(const Bench *bench, const char *capability)
{
    const Json *capabilities = json_get(bench->handshake, "capabilities");

    for (const Json *c = json_first(capabilities); c != NULL; c = json_next(c))
        if (strcmp(json_string(c, ""), capability) == 0)
            return true;
    return false;
}

int64_t bench_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void bench_sleep_ms(int64_t ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};

    nanosleep(&time, NULL);
}

/* ---- requests ---- */

char *trial_url(Trial *trial, const char *path)
{
    return arena_format(&trial->arena, "%s%s", subject_url(trial->bench->subject), path);
}

/* One that has been asked too much says when to come again, and is believed. */
static bool is_throttled(const Exchange *exchange)
{
    char after[16];

    if (exchange->status != 429 || !exchange_header(exchange, "Retry-After", after, sizeof after))
        return false;
    bench_sleep_ms(strtol(after, NULL, 10) > 0 ? 1000 * strtol(after, NULL, 10) : 100);
    return true;
}

void trial_send(Trial *trial, const WireRequest *requests, size_t count, const Exchange **ret)
{
    int64_t left_ms = trial->bench->until_ms - bench_now_ms();
    WireRequest *limited = memory_alloc(count * sizeof *limited);
    Exchange **exchanges = memory_zero(count, sizeof *exchanges);

    for (size_t i = 0; i < count; i++) {
        limited[i] = requests[i];
        if (limited[i].timeout_ms == 0)
            limited[i].timeout_ms = REQUEST_MS;
        if (limited[i].timeout_ms > left_ms)
            limited[i].timeout_ms = left_ms > 1 ? left_ms : 1;
    }
    wire_send(trial->bench->wire, limited, count, exchanges);
    for (int tries = 0; count == 1 && tries < THROTTLED_MAX && is_throttled(exchanges[0]);
         tries++) {
        exchange_free(exchanges[0]);
        wire_send(trial->bench->wire, limited, 1, exchanges);
    }
    for (size_t i = 0; i < count; i++) {
        exchanges[i]->next = trial->exchanges;
        trial->exchanges = exchanges[i];
        ret[i] = exchanges[i];
    }
    free(exchanges);
    free(limited);
}

const Exchange *trial_ask(Trial *trial, const char *method, const char *path, const Json *body)
{
    cleanup(free) char *authorization = subject_authorization(trial->bench->subject);
    cleanup(free) char *text = body != NULL ? json_text(body) : NULL;
    const char *headers[HEADERS_MAX] = {"Ved-Protocol: 1.0",
                                        "Accept: application/json, application/problem+json"};
    size_t n = 2;
    WireRequest request = {
        .method = method,
        .url = trial_url(trial, path),
        .headers = headers,
        .tls = subject_tls(trial->bench->subject),
        .body = text,
        .body_size = text != NULL ? strlen(text) : 0,
    };
    const Exchange *exchange;

    if (text != NULL)
        headers[n++] = "Content-Type: application/json";
    if (authorization != NULL)
        headers[n++] = authorization;
    trial_send(trial, &request, 1, &exchange);
    return exchange;
}

static const Exchange *get(Trial *trial, const char *format, va_list arguments)
{
    char path[1024];

    vsnprintf(path, sizeof path, format, arguments);
    return trial_ask(trial, "GET", path, NULL);
}

const Exchange *trial_get(Trial *trial, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    const Exchange *exchange = get(trial, format, arguments);
    va_end(arguments);
    return exchange;
}

const Exchange *trial_get_ok(Trial *trial, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    const Exchange *exchange = get(trial, format, arguments);
    va_end(arguments);
    if (!expect_status(trial, exchange, (const int[]){200, 0}))
        return NULL;
    if (json_is_object(exchange->json))
        return exchange;
    trial_fail(trial, exchange, "expected a JSON object as body: %s",
               exchange->json == NULL ? exchange->problem : "found something else");
    return NULL;
}

const Json *trial_batch(Trial *trial, const char *path, Json *items, const Exchange **ret)
{
    cleanup(json_free) Json *body = json_new_object();
    size_t count = json_count(items);

    json_set(body, "items", items);
    const Exchange *exchange = trial_ask(trial, "POST", path, body);
    if (ret != NULL)
        *ret = exchange;
    if (!expect_status(trial, exchange, (const int[]){200, 0}))
        return NULL;
    const Json *answers = json_get(exchange->json, "items");
    if (json_is_array(answers) && json_count(answers) == count)
        return answers;
    trial_fail(trial, exchange, "expected member 'items' with %zu answers, found %s%zu", count,
               json_is_array(answers) ? "" : "none, ", json_count(answers));
    return NULL;
}

/* ---- replies ---- */

bool expect_status(Trial *trial, const Exchange *exchange, const int *statuses)
{
    cleanup(buffer_deinit) Buffer wanted = {0};

    for (const int *s = statuses; *s != 0; s++) {
        if (exchange->status == *s)
            return true;
        buffer_add_format(&wanted, "%s%d", s != statuses ? " or " : "", *s);
    }
    if (exchange->status == 0)
        trial_fail(trial, exchange, "expected status %s, but there was no reply: %s",
                   buffer_text(&wanted), exchange->error);
    else
        trial_fail(trial, exchange, "expected status %s, found %d%s%.200s", buffer_text(&wanted),
                   exchange->status, json_get(exchange->json, "detail") != NULL ? ": " : "",
                   json_get_string(exchange->json, "detail", ""));
    return false;
}

/* Whether `code` is one of "A|B". */
static bool is_one_of(const char *code, const char *codes)
{
    size_t size = strlen(code);

    for (const char *c = codes; *c != '\0'; c += *c == '|') {
        size_t length = strcspn(c, "|");
        if (length == size && strncmp(c, code, size) == 0)
            return true;
        c += length;
    }
    return false;
}

bool expect_problem(Trial *trial, const Exchange *exchange, int status, const char *codes)
{
    const char *code = json_get_string(exchange->json, "code", "");

    if (!expect_status(trial, exchange, (const int[]){status, 0}))
        return false;
    if (codes == NULL || is_one_of(code, codes))
        return true;
    trial_fail(trial, exchange, "expected a problem with the code %s, found '%s'", codes, code);
    return false;
}

bool json_mentions(const Json *json, const char *member)
{
    if (json_get(json, member) != NULL)
        return true;
    if (!json_is_object(json) && !json_is_array(json))
        return false;
    for (const Json *m = json_first(json); m != NULL; m = json_next(m))
        if (json_mentions(m, member))
            return true;
    return false;
}
