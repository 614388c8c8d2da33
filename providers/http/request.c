#include "providers/http/request.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>

#include "lang/base/conceal.h"
#include "lang/base/hash.h"
#include "lang/base/memory.h"
#include "providers/http/answer.h"
#include "providers/http/envelope.h"
#include "providers/http/pointer.h"
#include "providers/sdk/secrets.h"

#define STEP_MS 20
#define BACKOFF_MS 250
#define BACKOFF_MS_MAX 20000
#define READ_TIMEOUT_S 50 /* of a query or an observation, with all tries */

/* ---- the call ---- */

static void scope_set(Json *scope, const char *name, const char *text)
{
    if (text != NULL && text[0] != '\0')
        json_set_string(scope, name, text);
}

void call_begin(Call *call, Site *site, const ProviderRequest *request, ProviderProblem *problem)
{
    bool changes = request != NULL && request->operation != NULL;
    int64_t timeout_s = changes ? request->timeout_s : READ_TIMEOUT_S;

    *call = (Call){.site = site, .request = request, .problem = problem};
    call->scope = json_new_object();
    call->deadline_ms = monotonic_ms() + timeout_s * 1000;
    if (request == NULL)
        return;
    json_free(call->scope);
    call->scope = request->desired != NULL ? secrets_resolve(request->desired, request->secrets)
                                           : json_new_object();
    call->key = changes ? request->op : NULL;
    scope_set(call->scope, "uid", request->uid);
    scope_set(call->scope, "op", request->op);
    scope_set(call->scope, "address", request->address);
    scope_set(call->scope, "lineage", request->lineage);
}

void call_deinit(Call *call)
{
    json_free(call->scope);
    call->scope = NULL;
}

static const Operation *operation_of(const Call *call)
{
    return call->request != NULL ? call->request->operation : NULL;
}

int call_wait(Call *call, int64_t ms, const char *phase)
{
    int64_t until_ms = monotonic_ms() + ms;
    struct timespec step = {0, STEP_MS * 1000000L};

    if (phase != NULL && operation_of(call) != NULL)
        operation_progress(call->request->operation, phase, "");
    do {
        if (operation_of(call) != NULL && operation_cancelled(operation_of(call)))
            return provider_problem(call->problem, "CANCELLED", "unknown", false,
                                    "cancelled while waiting");
        if (monotonic_ms() >= call->deadline_ms)
            return provider_problem(call->problem, "DEADLINE", "unknown", true,
                                    "the time for this operation is over");
        if (ms > 0)
            nanosleep(&step, NULL);
    } while (monotonic_ms() < until_ms);
    return 0;
}

int call_refuse(Call *call, const Error *err)
{
    return provider_problem(call->problem, "VALIDATION_FAILED", "not_applied", false, "%.900s",
                            err->message);
}

int call_upstream(Call *call, const char *format, ...)
{
    char detail[700];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(detail, sizeof detail, format, arguments);
    va_end(arguments);
    return provider_problem(call->problem, "UPSTREAM", "not_applied", false, "%s", detail);
}

bool problem_is_unknown(const ProviderProblem *problem)
{
    return problem->outcome != NULL && strcmp(problem->outcome, "unknown") == 0;
}

/* ---- one try ---- */

/* One request with its tries. */
typedef struct Sending {
    Call *call;
    const RequestSpec *spec;
    const Conditions *conditions;
    Envelope envelope;
    bool repeatable;
    int64_t tries;
} Sending;

static bool key_is_honoured(const Call *call)
{
    return call->site->config->idempotent_by_header && call->key != NULL;
}

static int64_t time_left_ms(const Sending *sending)
{
    const HttpConfig *config = sending->call->site->config;
    int64_t left_ms = sending->call->deadline_ms - monotonic_ms();
    int64_t own_ms = sending->spec->timeout_ms > 0 ? sending->spec->timeout_ms : config->timeout_ms;

    return left_ms < 1 ? 1 : left_ms < own_ms ? left_ms : own_ms;
}

static int fetch_once(Sending *sending, FetchResponse *response, Error *err)
{
    const Envelope *envelope = &sending->envelope;
    Site *site = sending->call->site;
    FetchRequest request = {
        .site = &envelope->site,
        .method = sending->conditions->url != NULL ? "GET" : sending->spec->method,
        .url = envelope->url,
        .headers = envelope->headers,
        .body = envelope->body,
        .body_size = envelope->body != NULL ? strlen(envelope->body) : 0,
        /* What is sent twice unseen meets itself where the first must be the only one. */
        .once = !sending->repeatable || sending->spec->if_none_match,
        .timeout_ms = time_left_ms(sending),
        .body_size_max = (size_t)site->config->answer_size_max,
    };

    return fetch(site->fetcher, &request, response, err);
}

/* ---- once more? ---- */

/* Seconds, or a date. -1: not said. */
static int64_t retry_after_ms(const Json *headers)
{
    const char *text = json_get_string(headers, "retry-after", NULL);
    char *end = NULL;

    if (text == NULL)
        return -1;
    double seconds = strtod(text, &end);
    if (end == text || *end != '\0')
        seconds = (double)(curl_getdate(text, NULL) - time(NULL));
    if (!(seconds > 0))
        return 0;
    return seconds > 3600 ? 3600000 : (int64_t)(seconds * 1000);
}

/* Twice as long each time, and spread, so that those who failed together do not come back so. */
static int64_t backoff_ms(const Sending *sending)
{
    int64_t most = BACKOFF_MS << (sending->tries < 8 ? sending->tries : 8);
    uint64_t chance = hash_mix((uint64_t)monotonic_ms() ^ (uint64_t)(uintptr_t)sending);

    if (most > BACKOFF_MS_MAX)
        most = BACKOFF_MS_MAX;
    return most / 2 + (int64_t)(chance % (uint64_t)(most / 2 + 1));
}

static bool try_again(Sending *sending, int64_t wait_ms)
{
    Call *call = sending->call;

    if (sending->tries >= call->site->config->retries ||
        monotonic_ms() + wait_ms >= call->deadline_ms)
        return false;
    sending->tries++;
    ProviderProblem before = *call->problem;
    if (call_wait(call, wait_ms, NULL) == 0)
        return true;
    *call->problem = before;
    return false;
}

/* The server has said itself that it did nothing and that later it may. */
static bool was_put_off(int status, int64_t after_ms)
{
    return status == 429 || (status == 503 && after_ms >= 0);
}

static bool status_may_pass(const Sending *sending, int status, int64_t after_ms)
{
    bool passing =
        status == 408 || status == 500 || status == 502 || status == 503 || status == 504;

    return was_put_off(status, after_ms) || (passing && sending->repeatable);
}

/* ---- what came of it ---- */

static int fail_unanswered(Sending *sending, int outcome, const Error *err)
{
    if (outcome > 0 && outcome != FETCH_NOT_SENT)
        sending->call->may_have_acted = true;
    fetch_problem(outcome, err, sending->envelope.shown, sending->repeatable,
                  sending->call->problem);
    conceal(sending->call->problem->detail, sending->envelope.credentials);
    return -1;
}

static int fail_answered(Sending *sending, const Answer *answer, int64_t after_ms)
{
    Call *call = sending->call;
    cleanup(free) char *why = answer_message(answer, call->site->config->error);

    if (answer->status >= 500 && !was_put_off(answer->status, after_ms))
        call->may_have_acted = true;
    answer_problem(answer->status, sending->repeatable || was_put_off(answer->status, after_ms),
                   sending->envelope.shown, why, call->problem);
    if (call->problem->retryable && after_ms > 0)
        call->problem->retry_after_ms = after_ms;
    conceal(call->problem->detail, sending->envelope.credentials);
    return -1;
}

static bool shows_absence(const Sending *sending, const Answer *answer)
{
    const char *pointer = sending->spec->absent_without;

    return pointer != NULL && sending->conditions->url == NULL &&
           pointer_get(answer->body, pointer) == NULL;
}

static bool judge(const Sending *sending, Answer *answer)
{
    const RequestSpec *spec = sending->spec;
    int status = answer->status;
    bool expects_ok = spec->ok.count == 0 || sending->conditions->url != NULL;

    answer->kind = ANSWER_OK;
    if (expects_ok ? status / 100 == 2 : status_set_has(&spec->ok, status)) {
        if (shows_absence(sending, answer))
            answer->kind = ANSWER_ABSENT;
        return true;
    }
    if (spec->operation != NULL && status_set_has(&spec->operation->begun, status))
        return true;
    if (status == 304 && sending->conditions->if_none_match != NULL)
        answer->kind = ANSWER_UNCHANGED;
    else if (status == 412 && sending->conditions->if_none_match != NULL)
        answer->kind = ANSWER_EXISTS;
    else if (status == 412 && sending->conditions->if_match != NULL)
        answer->kind = ANSWER_CHANGED;
    else if (status_set_has(&spec->absent, status) ||
             (sending->conditions->url != NULL && (status == 404 || status == 410)))
        answer->kind = ANSWER_ABSENT;
    else if (status_set_has(&spec->exists, status))
        answer->kind = ANSWER_EXISTS;
    else
        return false;
    return true;
}

/* 0: answered; 1: once more; -1: the problem. */
static int send_once(Sending *sending, Answer *ret)
{
    cleanup(fetch_response_deinit) FetchResponse response = {0};
    Error err = {0};

    int outcome = fetch_once(sending, &response, &err);
    if (outcome != 0) {
        bool again =
            outcome == FETCH_NOT_SENT ||
            (sending->repeatable && (outcome == FETCH_CUT_OFF || outcome == FETCH_TIMED_OUT));
        fail_unanswered(sending, outcome, &err);
        return again && try_again(sending, backoff_ms(sending)) ? 1 : -1;
    }
    answer_take(ret, &response, sending->spec->document);
    if (judge(sending, ret))
        return 0;
    int64_t after_ms = retry_after_ms(ret->headers);
    fail_answered(sending, ret, after_ms);
    bool again = status_may_pass(sending, ret->status, after_ms) &&
                 try_again(sending, after_ms >= 0 ? after_ms : backoff_ms(sending));
    answer_deinit(ret);
    return again ? 1 : -1;
}

int request_send(Call *call, const RequestSpec *spec, const Conditions *conditions, Answer *ret)
{
    static const Conditions none = {0};
    Sending sending = {.call = call,
                       .spec = spec,
                       .conditions = conditions != NULL ? conditions : &none,
                       .repeatable = spec->repeatable || key_is_honoured(call)};
    int code = 1;

    if (sending.conditions->url != NULL)
        sending.repeatable = true;
    if (envelope_fill(call, spec, sending.conditions, &sending.envelope) < 0)
        code = -1;
    while (code == 1) {
        code = call_wait(call, site_pace_ms(call->site), NULL);
        if (code == 0)
            code = send_once(&sending, ret);
        else if (problem_is_unknown(call->problem))
            call->problem->outcome = "not_applied";
    }
    envelope_deinit(&sending.envelope);
    return code;
}
