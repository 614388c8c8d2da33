#include "controller/host/verdict.h"

#include <stdio.h>
#include <string.h>

#define POLL_DEFAULT_MS 1000
#define POLL_MAX_MS 60000
#define RETRY_AFTER_MAX_MS 300000

/* ---- text ---- */

/* Length of the well-formed UTF-8 character at `s` that is not a control character, else 0. */
static size_t harmless_length(const unsigned char *s)
{
    size_t n = s[0] < 0x80                   ? 1
               : s[0] >= 0xc2 && s[0] < 0xe0 ? 2
               : s[0] >= 0xe0 && s[0] < 0xf0 ? 3
               : s[0] >= 0xf0 && s[0] < 0xf5 ? 4
                                             : 0;

    if (n == 1)
        return s[0] >= 0x20 && s[0] != 0x7f;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((n == 2 && s[0] == 0xc2 && s[1] < 0xa0) || (n == 3 && s[0] == 0xe0 && s[1] < 0xa0) ||
        (n == 3 && s[0] == 0xed && s[1] >= 0xa0) || (n == 4 && s[0] == 0xf0 && s[1] < 0x90) ||
        (n == 4 && s[0] == 0xf4 && s[1] >= 0x90))
        return 0; /* C1 controls, overlong forms, surrogates, beyond U+10FFFF */
    return n;
}

/* A bad sequence is replaced as one: its first byte and the continuation bytes after it. */
static size_t harmful_length(const unsigned char *s)
{
    size_t n = 1;

    if (s[0] < 0x80)
        return 1;
    while (n < 4 && (s[n] & 0xc0) == 0x80)
        n++;
    return n;
}

void text_make_harmless(const char *text, char *ret, size_t size)
{
    const unsigned char *from = (const unsigned char *)text;
    size_t used = 0;

    while (*from) {
        size_t n = harmless_length(from);
        bool line_break = *from == '\n'; /* the last lines of a log read as lines still */
        const char *piece = n ? (const char *)from : line_break ? " | " : "\xef\xbf\xbd";
        size_t piece_size = n ? n : 3;

        if (used + piece_size + 1 > size)
            break;
        memcpy(ret + used, piece, piece_size);
        used += piece_size;
        from += n ? n : harmful_length(from);
    }
    ret[used] = '\0';
}

/* ---- ends ---- */

static void verdict_explain(Verdict *ret, const char *code, const char *detail)
{
    text_make_harmless(code, ret->code, sizeof ret->code);
    text_make_harmless(detail, ret->detail, sizeof ret->detail);
}

static void verdict_fail(Verdict *ret, int kind)
{
    ret->kind = VERDICT_FAILED;
    ret->error_kind = kind;
}

/* An end of the call that leaves open what happened if the bytes had left before. */
static void verdict_give_up(const CallFacts *facts, Verdict *ret, int kind)
{
    ret->kind = facts->in_doubt ? VERDICT_UNKNOWN : VERDICT_FAILED;
    ret->error_kind = kind;
}

static void verdict_next(Verdict *ret, CallStep step, VerdictDelay delay)
{
    ret->kind = VERDICT_NEXT;
    ret->step = step;
    ret->delay = delay;
}

static void verdict_next_after(Verdict *ret, CallStep step, int64_t delay_ms)
{
    if (delay_ms < 0) {
        verdict_next(ret, step, DELAY_BACKOFF);
        return;
    }
    verdict_next(ret, step, DELAY_GIVEN);
    ret->delay_ms = delay_ms > RETRY_AFTER_MAX_MS ? RETRY_AFTER_MAX_MS : delay_ms;
}

/* The provider broke the protocol; what became of the request is asked again, within the time. */
static void verdict_distrust(const CallFacts *facts, Verdict *ret, const char *detail)
{
    CallStep step = facts->step == STEP_ASK_INSTANCE ? STEP_ASK_INSTANCE : STEP_ASK_OPERATION;

    verdict_next(ret, step, DELAY_BACKOFF);
    verdict_explain(ret, "INVALID_RESPONSE", detail);
}

/* ---- success ---- */

static bool is_operation(const Json *document)
{
    return json_is_string(json_get(document, "state")) && json_get(document, "op");
}

static void judge_representation(const CallFacts *facts, const Json *document, Verdict *ret)
{
    const char *uid = json_get_string(document, "uid", facts->uid);
    const char *outcome = json_get_string(document, "outcome", "applied");

    ret->result = document;
    if (uid && facts->uid && strcmp(uid, facts->uid) != 0) {
        verdict_explain(ret, "INVALID_RESPONSE", "the reply is about an object of another uid");
        ret->kind = VERDICT_UNKNOWN;
        ret->error_kind = ERROR_PROVIDER;
        ret->result = NULL;
    } else if (strcmp(outcome, "applied") != 0) {
        verdict_explain(ret, "INVALID_RESPONSE",
                        "the reply says success, but its outcome is not 'applied'");
        ret->kind = VERDICT_UNKNOWN;
        ret->error_kind = ERROR_PROVIDER;
    } else {
        ret->kind = VERDICT_APPLIED;
    }
}

/* ---- problems ---- */

static bool is_code(const Json *problem, const char *code)
{
    return strcmp(json_get_string(problem, "code", ""), code) == 0;
}

static int problem_kind(int status, const Json *problem)
{
    if (status == 401 || status == 403)
        return ERROR_AUTH;
    if (is_code(problem, "IDEMPOTENCY_KEY_REUSED") || is_code(problem, "STALE_FENCE") ||
        is_code(problem, "STATE_FROM_FUTURE"))
        return ERROR_STALE;
    if (status == 409 || status == 412 || status == 422 || status == 428 || status >= 500 ||
        status == 0)
        return ERROR_FAILED;
    return ERROR_PROVIDER;
}

static void problem_explain(int status, const Json *problem, Verdict *ret)
{
    const char *title = json_get_string(problem, "title", NULL);
    char otherwise[64];

    snprintf(otherwise, sizeof otherwise, "the provider answered with status %d", status);
    verdict_explain(ret, json_get_string(problem, "code", ""),
                    json_get_string(problem, "detail", title ? title : otherwise));
}

static bool problem_is_retryable(int status, const Json *problem)
{
    bool usually = status == 408 || status == 425 || status == 429 || status >= 500 ||
                   is_code(problem, "OPERATION_IN_PROGRESS");

    return json_get_bool(problem, "retryable", usually);
}

static int64_t problem_delay_ms(const Json *problem, int64_t retry_after_ms)
{
    int64_t delay_ms = json_get_int(problem, "retry_after_ms", -1);

    return delay_ms > retry_after_ms ? delay_ms : retry_after_ms;
}

/* The end of an operation that failed. Its outcome is what the provider knows of it for good: there
 * is nothing more to ask, but the same bytes may be sent again where it says so. */
static void judge_failed_operation(const CallFacts *facts, const Json *problem, Verdict *ret)
{
    int status = (int)json_get_int(problem, "status", 0);
    const char *outcome = json_get_string(problem, "outcome", "not_applied");

    problem_explain(status, problem, ret);
    if (facts->verb == CALL_DELETE && (status == 404 || status == 410))
        ret->kind = VERDICT_APPLIED;
    else if (json_get_bool(problem, "retryable", false))
        verdict_next_after(ret, STEP_SEND, problem_delay_ms(problem, -1));
    else if (strcmp(outcome, "unknown") == 0) {
        ret->kind = VERDICT_UNKNOWN;
        ret->error_kind = ERROR_FAILED;
    } else
        verdict_fail(ret, problem_kind(status, problem));
}

static void judge_running_operation(const Json *operation, const HttpReply *reply, Verdict *ret)
{
    int64_t poll_ms = json_get_int(operation, "poll_ms", reply->retry_after_ms);

    if (poll_ms < 0)
        poll_ms = POLL_DEFAULT_MS;
    verdict_next(ret, STEP_ASK_OPERATION, DELAY_POLL);
    ret->delay_ms = poll_ms > POLL_MAX_MS ? POLL_MAX_MS : poll_ms;
}

static void judge_operation(const CallFacts *facts, const Json *operation, const HttpReply *reply,
                            Verdict *ret)
{
    const char *state = json_get_string(operation, "state", "");

    ret->result = operation; /* for the external id, as soon as it is known */
    if (strcmp(state, "succeeded") == 0) {
        judge_representation(facts, json_get(operation, "result"), ret);
    } else if (strcmp(state, "failed") == 0) {
        judge_failed_operation(facts, json_get(operation, "problem"), ret);
    } else if (strcmp(state, "cancelled") == 0) {
        problem_explain(reply->status, json_get(operation, "problem"), ret);
        ret->kind = VERDICT_CANCELLED;
        ret->error_kind = ERROR_FAILED;
    } else if (strcmp(state, "pending") == 0 || strcmp(state, "running") == 0) {
        judge_running_operation(operation, reply, ret);
    } else if (strcmp(state, "unknown") == 0) {
        verdict_next(ret, STEP_ASK_OPERATION, DELAY_BACKOFF);
        verdict_explain(ret, "UNKNOWN", "the provider itself does not know the outcome");
    } else {
        verdict_distrust(facts, ret, "the operation is in a state the protocol does not have");
    }
}

/* ---- by the request that was answered ---- */

static void judge_refused(const CallFacts *facts, const HttpReply *reply, Verdict *ret)
{
    if (reply->status == 401 && facts->may_renew_token) {
        verdict_next(ret, facts->step, DELAY_NONE);
        ret->renews_token = true;
    } else if (facts->step == STEP_SEND) {
        verdict_fail(ret, ERROR_AUTH); /* 4xx: nothing changed */
    } else {
        verdict_give_up(facts, ret, ERROR_AUTH);
    }
}

/* 412 to a PUT that creates: the object is there and its representation comes with the answer,
 * as the whole body or as the problem's member `current`. */
static bool take_existing(const CallFacts *facts, const Json *document, Verdict *ret)
{
    const Json *inner = json_get(document, "current");
    const Json *found = inner ? inner : document;

    if (!facts->creates || !json_is_object(json_get(found, "state")) || !json_get(found, "uid"))
        return false;
    judge_representation(facts, found, ret);
    return true;
}

static void judge_client_error(const CallFacts *facts, const HttpReply *reply, const Json *problem,
                               Verdict *ret)
{
    int status = reply->status;
    const char *running = json_get_string(problem, "op", "");
    bool absent = status == 404 || status == 410;

    problem_explain(status, problem, ret);
    if (status == 401 || status == 403)
        judge_refused(facts, reply, ret);
    else if (facts->verb == CALL_DELETE && absent)
        ret->kind = VERDICT_APPLIED;
    else if (status == 412 && facts->verb == CALL_PUT && take_existing(facts, problem, ret))
        return;
    else if (is_code(problem, "OPERATION_IN_PROGRESS") && strcmp(running, facts->op) == 0)
        verdict_next(ret, STEP_ASK_OPERATION, DELAY_NONE);
    else if (problem_is_retryable(status, problem))
        verdict_next_after(ret, STEP_SEND, problem_delay_ms(problem, reply->retry_after_ms));
    else
        verdict_fail(ret, problem_kind(status, problem));
}

static void judge_server_error(const HttpReply *reply, const Json *problem, Verdict *ret)
{
    const char *outcome = json_get_string(problem, "outcome", "unknown");
    int64_t delay_ms = problem_delay_ms(problem, reply->retry_after_ms);

    problem_explain(reply->status, problem, ret);
    if (strcmp(outcome, "not_applied") != 0 && strcmp(outcome, "partial") != 0)
        verdict_next_after(ret, STEP_ASK_OPERATION, delay_ms);
    else if (problem_is_retryable(reply->status, problem))
        verdict_next_after(ret, STEP_SEND, delay_ms);
    else
        verdict_fail(ret, problem_kind(reply->status, problem));
}

static void judge_accepted(const CallFacts *facts, const HttpReply *reply, const Json *document,
                           Verdict *ret)
{
    if (is_operation(document))
        judge_operation(facts, document, reply, ret);
    if (!is_operation(document) || (ret->kind == VERDICT_NEXT && ret->delay == DELAY_POLL))
        verdict_next(ret, STEP_ASK_OPERATION, DELAY_NONE); /* a long poll waits by itself */
}

static void judge_sent(const CallFacts *facts, const HttpReply *reply, const Json *document,
                       Verdict *ret)
{
    int status = reply->status;

    if (status == 202)
        judge_accepted(facts, reply, document, ret);
    else if (status >= 200 && status < 300 && is_operation(document))
        judge_operation(facts, document, reply, ret);
    else if (status >= 200 && status < 300 && json_is_object(document))
        judge_representation(facts, document, ret);
    else if (facts->verb == CALL_DELETE && (status == 200 || status == 204) &&
             reply->body.size == 0)
        ret->kind = VERDICT_APPLIED;
    else if (status >= 400 && status < 500)
        judge_client_error(facts, reply, document, ret);
    else if (status >= 500)
        judge_server_error(reply, document, ret);
    else if (status >= 300) {
        verdict_explain(ret, "INVALID_RESPONSE", "the provider redirects, which is not followed");
        verdict_fail(ret, ERROR_PROVIDER);
    } else
        verdict_distrust(facts, ret, "success without a JSON object");
}

static void judge_asked_operation(const CallFacts *facts, const HttpReply *reply,
                                  const Json *document, Verdict *ret)
{
    int status = reply->status;

    if (status == 200 && is_operation(document)) {
        judge_operation(facts, document, reply, ret);
    } else if (status == 404 || status == 410) {
        bool has_instance = facts->verb != CALL_ACTION;

        verdict_next(ret, has_instance ? STEP_ASK_INSTANCE : STEP_SEND, DELAY_NONE);
        verdict_explain(ret, "NOT_FOUND", "the provider does not know the operation");
    } else if (status == 401 || status == 403) {
        problem_explain(status, document, ret);
        judge_refused(facts, reply, ret);
    } else if (status >= 400) {
        problem_explain(status, document, ret);
        verdict_next_after(ret, STEP_ASK_OPERATION,
                           problem_delay_ms(document, reply->retry_after_ms));
    } else {
        verdict_distrust(facts, ret, "the answer about the operation is not an operation");
    }
}

/* An object found is ours if this operation made it what it is, or if it did not exist before. Any
 * other object is as it was before: the bytes are sent again. */
static void judge_found_instance(const CallFacts *facts, const Json *document, Verdict *ret)
{
    bool by_this = strcmp(json_get_string(document, "op", ""), facts->op) == 0;

    if (facts->verb == CALL_PUT && (by_this || facts->creates))
        judge_representation(facts, document, ret);
    else
        verdict_next(ret, STEP_SEND, DELAY_NONE);
}

static void judge_asked_instance(const CallFacts *facts, const HttpReply *reply,
                                 const Json *document, Verdict *ret)
{
    int status = reply->status;

    if (status == 200 && json_is_object(document)) {
        judge_found_instance(facts, document, ret);
    } else if (status == 404 || status == 410) {
        if (facts->verb == CALL_DELETE)
            ret->kind = VERDICT_APPLIED;
        else
            verdict_next(ret, STEP_SEND, DELAY_NONE);
        verdict_explain(ret, "NOT_FOUND", "the provider knows neither operation nor object");
    } else if (status == 401 || status == 403) {
        problem_explain(status, document, ret);
        judge_refused(facts, reply, ret);
    } else if (status >= 400) {
        problem_explain(status, document, ret);
        verdict_next_after(ret, STEP_ASK_INSTANCE,
                           problem_delay_ms(document, reply->retry_after_ms));
    } else {
        verdict_distrust(facts, ret, "the answer about the object is not an object");
    }
}

static void judge_transport(const CallFacts *facts, const HttpReply *reply, Verdict *ret)
{
    CallStep step = facts->step;

    if (step == STEP_SEND && reply->failure != HTTP_NOT_SENT)
        step = STEP_ASK_OPERATION;
    verdict_next(ret, step, DELAY_BACKOFF);
    verdict_explain(ret, "UNREACHABLE", reply->error);
}

void verdict_judge(const CallFacts *facts, const HttpReply *reply, const Json *document,
                   Verdict *ret)
{
    *ret = (Verdict){0};
    if (facts->step == STEP_CANCEL) {
        /* Whatever it says: the outcome is what the operation says. */
        verdict_next(ret, STEP_ASK_OPERATION, DELAY_NONE);
        return;
    }
    if (reply->failure != HTTP_REPLIED) {
        judge_transport(facts, reply, ret);
        return;
    }
    switch (facts->step) {
    case STEP_SEND:
        judge_sent(facts, reply, document, ret);
        return;
    case STEP_ASK_OPERATION:
        judge_asked_operation(facts, reply, document, ret);
        return;
    case STEP_ASK_INSTANCE:
        judge_asked_instance(facts, reply, document, ret);
        return;
    case STEP_CANCEL:
        return; /* handled above */
    }
}
