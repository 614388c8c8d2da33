/* A call on its way to its one answer.
 *
 *     wait for a slot -> request -> verdict -+-> answer
 *            ^                               |
 *            +------- delay <----------------+ the next request: send, or ask
 *
 * Time out and cancelling end it: if bytes may have been read, the provider is asked to stop, and
 * then, for a while, what came of it; after that nothing is sent any more. */
#include <stdio.h>
#include <string.h>

#include "controller/host/provider_call_private.h"
#include "controller/host/secrets.h"
#include "controller/host/verdict.h"
#include "lang/base/conceal.h"
#include "lang/base/memory.h"

#define TIMEOUT_DEFAULT_MS 600000

/* ---- the answer ---- */

static char *copy_or_null(const char *text)
{
    return text ? memory_copy_string(text) : NULL;
}

static void call_free(PendingCall *call)
{
    if (map_get(&call->pool->calls_by_op, call->op) == call)
        map_remove(&call->pool->calls_by_op, call->op);
    *call->link = call->next;
    if (call->next)
        call->next->link = call->link;
    call->pool->pending--;
    if (call->endpoint)
        endpoint_leave(call->endpoint, &call->slot);
    http_cancel(call->transfer);
    loop_timer_free(call->timer);
    loop_timer_free(call->deadline);
    free(call->type);
    free(call->uid);
    free(call->trouble);
    free(call->told);
    free(call->effect);
    free(call->domain);
    free(call->op);
    free(call->etag);
    free(call->body);
    free(call->digest);
    free(call->external_id);
    free(call);
}

static void answer_deinit(ProviderAnswer *answer)
{
    free(answer->external_id);
    free(answer->etag);
    free(answer->code);
    free(answer->detail);
    free(answer->trouble);
    json_free(answer->private_data);
    json_free(answer->state);
    json_free(answer->sensitive);
}

static Json *copy_member(const Json *object, const char *key)
{
    const Json *member = json_get(object, key);

    return member && !json_is_null(member) ? json_copy(member) : NULL;
}

static void answer_take_representation(ProviderAnswer *answer, const Json *found, const char *etag)
{
    etag = json_get_string(found, "etag", etag[0] ? etag : NULL);
    answer->etag = copy_or_null(etag);
    answer->private_data = copy_member(found, "private");
    answer->sensitive = copy_member(found, "sensitive");
    answer->state = secrets_state_of(found);
    answer->ready = json_get_bool(found, "ready", true);
}

/* Give the answer; the call is gone afterwards. */
static void call_answer(PendingCall *call, AnswerOutcome outcome, int kind, const Json *found,
                        const char *etag)
{
    bool applied = outcome == ANSWER_APPLIED;
    ProviderCallDone *done = call->done;
    void *context = call->context;
    ProviderAnswer answer = {
        .outcome = outcome,
        .kind = applied ? 0 : kind,
        .external_id = call->external_id,
        .replayed = call->replayed,
        .sendings = call->sendings,
        .asked_ms = call->asked_ms,
        .trouble = call->trouble,
        .http_status = call->http_status,
        .code = memory_copy_string(applied ? "" : call->code),
        .detail = memory_copy_string(applied ? "" : call->detail),
    };

    call->external_id = NULL;
    call->trouble = NULL;
    if (json_is_object(json_get(found, "state")))
        answer_take_representation(&answer, found, etag);
    else
        answer.ready = applied;
    call_free(call);
    done(context, &answer);
    answer_deinit(&answer);
}

/* A provider may repeat what it was given; what it says is shown and kept. */
static void call_conceal(PendingCall *call)
{
    cleanup(json_free) Json *body = NULL;

    if (call->detail[0] == '\0' || call->body == NULL ||
        strstr(call->body, "\"secrets\":{\"") == NULL ||
        json_parse_own(call->body, strlen(call->body), &body, NULL) < 0)
        return;
    conceal(call->detail, json_get(body, "secrets"));
}

static void call_explain(PendingCall *call, const char *code, const char *detail)
{
    snprintf(call->code, sizeof call->code, "%s", code);
    text_make_harmless(detail, call->detail, sizeof call->detail);
    call_conceal(call);
}

static void call_answer_endpoint_down(PendingCall *call)
{
    const Error *error = endpoint_error(call->endpoint);

    call_explain(call, "PROVIDER_DOWN", error->message);
    call_answer(call, call->in_doubt ? ANSWER_UNKNOWN : ANSWER_FAILED, error->code, NULL, "");
}

/* The ending is over and the provider has not done it, or has never heard of it. */
static void call_answer_not_done(PendingCall *call)
{
    int kind = strcmp(call->code, "UNREACHABLE") == 0 ? ERROR_PROVIDER : ERROR_FAILED;
    char last[sizeof call->detail];

    if (call->ending == ENDING_BY_CANCEL) {
        call_explain(call, "CANCELLED", "cancelled before anything was done");
        call_answer(call, ANSWER_CANCELLED, ERROR_FAILED, NULL, "");
        return;
    }
    snprintf(last, sizeof last, "%s", call->detail);
    snprintf(call->detail, sizeof call->detail, "not done within %lld ms%s%.900s",
             (long long)call->timeout_ms, last[0] ? "; last: " : "", last);
    snprintf(call->code, sizeof call->code, "DEADLINE_EXCEEDED");
    call_answer(call, ANSWER_FAILED, kind, NULL, "");
}

/* The ending is over and nobody knows. */
static void call_answer_unknown(PendingCall *call)
{
    int kind = strcmp(call->code, "UNREACHABLE") == 0 ? ERROR_PROVIDER : ERROR_FAILED;
    char last[sizeof call->detail];

    snprintf(last, sizeof last, "%s", call->detail);
    snprintf(call->detail, sizeof call->detail, "the outcome could not be found out%s%.900s",
             last[0] ? "; last: " : "", last);
    snprintf(call->code, sizeof call->code, "OUTCOME_UNKNOWN");
    call_answer(call, ANSWER_UNKNOWN, kind, NULL, "");
}

/* ---- from verdict to next request ---- */

static int64_t verdict_delay_ms(PendingCall *call, const Verdict *verdict)
{
    int64_t since_ms = loop_now_ms(call->pool->loop) - call->requested_ms;
    int64_t backoff_ms;

    switch (verdict->delay) {
    case DELAY_NONE:
        /* Bytes never go twice in a row without a pause, whatever the provider says. */
        if (verdict->step == STEP_SEND && call->sendings > 0 && !verdict->renews_token)
            return endpoint_backoff_ms(call->endpoint, (unsigned)call->sendings - 1);
        return 0;
    case DELAY_BACKOFF:
        return endpoint_backoff_ms(call->endpoint, call->tries++);
    case DELAY_GIVEN:
        backoff_ms = endpoint_backoff_ms(call->endpoint, call->tries++);
        return backoff_ms > verdict->delay_ms ? backoff_ms : verdict->delay_ms;
    case DELAY_POLL:
        call->tries = 0;
        return since_ms >= verdict->delay_ms ? 0 : verdict->delay_ms - since_ms;
    }
    return 0;
}

/* Send the next request if the call may: with a slot; or, when it is being ended, without one, so
 * that stopping does not queue behind what is to be stopped. */
static void call_go_on(PendingCall *call)
{
    bool may = endpoint_state(call->endpoint) == ENDPOINT_UP &&
               (call->slot.held || call->ending != ENDING_NONE);

    if (may) {
        pending_call_send(call);
    } else {
        endpoint_leave(call->endpoint, &call->slot);
        call->slot.again = call->tries > 0;
        endpoint_wait(call->endpoint, &call->slot);
    }
}

static void call_take_next(PendingCall *call, const Verdict *verdict)
{
    int64_t delay_ms = verdict_delay_ms(call, verdict);

    if (verdict->step == STEP_SEND) {
        call->in_doubt = false; /* somebody who knows has said so */
        if (call->ending != ENDING_NONE) {
            call_answer_not_done(call);
            return;
        }
    }
    call->token_renewed |= verdict->renews_token;
    call->step = verdict->step;
    /* A running operation keeps its slot; what only waits to try again lets others go. */
    if (verdict->delay == DELAY_BACKOFF || verdict->delay == DELAY_GIVEN) {
        free(call->trouble);
        call->trouble = memory_copy_string(call->detail[0] != '\0' ? call->detail : call->code);
        endpoint_leave(call->endpoint, &call->slot);
    }
    if (delay_ms == 0)
        call_go_on(call);
    else
        loop_timer_set(call->timer, delay_ms);
}

static void call_take_verdict(PendingCall *call, const Verdict *verdict, const HttpReply *reply)
{
    const char *external_id = json_get_string(verdict->result, "external_id", NULL);

    if (external_id) {
        free(call->external_id);
        call->external_id = memory_copy_string(external_id);
    }
    if (call->step != STEP_CANCEL)
        call_explain(call, verdict->code, verdict->detail);
    switch (verdict->kind) {
    case VERDICT_APPLIED:
        call_answer(call, ANSWER_APPLIED, 0, verdict->result, reply->etag);
        return;
    case VERDICT_FAILED:
        call_answer(call, ANSWER_FAILED, verdict->error_kind, verdict->result, reply->etag);
        return;
    case VERDICT_CANCELLED:
        call_answer(call, ANSWER_CANCELLED, verdict->error_kind, verdict->result, reply->etag);
        return;
    case VERDICT_UNKNOWN:
        call_answer(call, ANSWER_UNKNOWN, verdict->error_kind, verdict->result, reply->etag);
        return;
    case VERDICT_NEXT:
        call_take_next(call, verdict);
        return;
    }
}

void pending_call_take_reply(void *context, HttpReply *reply)
{
    PendingCall *call = context;
    cleanup(json_free) Json *document = NULL;
    Verdict verdict;
    CallFacts facts = {
        .verb = call->verb,
        .step = call->step,
        .op = call->op,
        .uid = call->uid,
        .creates = call->creates,
        .in_doubt = call->in_doubt,
        .may_renew_token = endpoint_has_token(call->endpoint) && !call->token_renewed,
    };

    call->transfer = NULL;
    endpoint_report(call->endpoint, reply);
    /* An operation holds a result, which holds values as deep as a request may: deeper than that.
     */
    if (reply->failure == HTTP_REPLIED && reply->body.size > 0)
        json_parse_own(buffer_text(&reply->body), reply->body.size, &document, NULL);
    if (call->step == STEP_SEND)
        call->replayed = reply->replayed;
    if (call->step != STEP_CANCEL && reply->status != 0)
        call->http_status = reply->status;
    if (reply->status == 200 || reply->status == 202)
        call_told_take(&call->told, document);
    verdict_judge(&facts, reply, document, &verdict);
    call_take_verdict(call, &verdict, reply);
}

/* ---- turns and times ---- */

static void on_turn(void *context)
{
    PendingCall *call = context;

    if (endpoint_state(call->endpoint) == ENDPOINT_DOWN) {
        call_answer_endpoint_down(call);
        return;
    }
    if (!call->began && call->ending == ENDING_NONE) {
        call->began = true;
        loop_timer_set(call->deadline, call->timeout_ms);
    }
    pending_call_send(call);
}

static void on_timer(void *context)
{
    PendingCall *call = context;

    if (!call->endpoint) {
        call_answer(call, ANSWER_FAILED, ERROR_PROVIDER, NULL, "");
    } else if (call->ending == ENDING_BY_ABANDON) {
        call_explain(call, "ABANDONED", "left to the provider: this process stops");
        call_answer(call, ANSWER_ABANDONED, ERROR_FAILED, NULL, "");
    } else if (call->ending != ENDING_NONE && !call->in_doubt) {
        call_answer_not_done(call);
    } else {
        call_go_on(call);
    }
}

/* Stop what is going on and begin to end. Answers from the loop, never from here. */
static void call_end(PendingCall *call, CallEnding ending)
{
    http_cancel(take(call->transfer));
    call->ending = ending;
    call->step = STEP_CANCEL;
    call->tries = 0;
    endpoint_leave(call->endpoint, &call->slot);
    loop_timer_set(call->deadline, call->pool->timing.cancel_ms);
    loop_timer_set(call->timer, 0);
}

static bool endpoint_is_healthy(const Endpoint *endpoint)
{
    ProviderStatus status;

    endpoint_describe(endpoint, &status);
    return status.state == PROVIDER_UP;
}

static void on_deadline(void *context)
{
    PendingCall *call = context;

    if (call->ending != ENDING_NONE)
        call_answer_unknown(call);
    else if (!call->began && endpoint_is_healthy(call->endpoint))
        loop_timer_set(call->deadline, call->timeout_ms); /* only its turn has not come */
    else {
        if (!call->began)
            call_explain(call, "UNREACHABLE", "the provider cannot be reached");
        call_end(call, ENDING_BY_TIMEOUT);
    }
}

/* ---- starting and ending ---- */

static int64_t call_timeout_ms(const ProviderCall *call, const PoolName *name)
{
    const ProviderSchema *schema = endpoint_schema(name->endpoint);
    const SchemaEffect *effect =
        schema && call->effect ? schema_effect(schema, call->effect) : NULL;
    int64_t own_ms = effect ? effect->timeout_s * 1000 : 0;

    if (call->timeout_ms > 0)
        return call->timeout_ms;
    if (name->timeout_ms > 0)
        return name->timeout_ms;
    return own_ms > TIMEOUT_DEFAULT_MS ? own_ms : TIMEOUT_DEFAULT_MS;
}

static PendingCall *call_copy(ProviderPool *pool, const ProviderCall *asked)
{
    PendingCall *call = memory_zero(1, sizeof *call);

    call->pool = pool;
    call->verb = asked->verb;
    call->type = copy_or_null(asked->type);
    call->uid = asked->verb == CALL_ACTION ? NULL : copy_or_null(asked->uid);
    call->effect = copy_or_null(asked->effect);
    call->domain = copy_or_null(asked->domain);
    call->op = memory_copy_string(asked->op);
    call->etag = copy_or_null(asked->etag);
    call->body = memory_copy_bytes(asked->body, asked->body_size);
    call->body_size = asked->body_size;
    call->fence = asked->fence;
    call->digest = content_digest_header(asked->body, asked->body_size);
    call->creates = asked->creates && asked->verb == CALL_PUT;
    call->in_doubt = asked->ask_first;
    call->step = asked->ask_first ? STEP_ASK_OPERATION : STEP_SEND;
    return call;
}

static void call_link(ProviderPool *pool, PendingCall *call)
{
    call->next = pool->calls;
    call->link = &pool->calls;
    if (call->next)
        call->next->link = &call->next;
    pool->calls = call;
    map_put(&pool->calls_by_op, call->op, call);
    pool->pending++;
}

uint64_t provider_call_start(ProviderPool *pool, const ProviderCall *asked, ProviderCallDone *done,
                             void *context)
{
    PoolName *name = pool_name(pool, asked->provider);
    PendingCall *call = call_copy(pool, asked);

    call->done = done;
    call->context = context;
    call->slot = (Slot){
        .number = ++pool->last_number, .share = call->domain, .turn = on_turn, .context = call};
    call->timer = loop_timer_new(pool->loop, on_timer, call);
    call->deadline = loop_timer_new(pool->loop, on_deadline, call);
    call_link(pool, call);
    if (!name) {
        call_explain(call, "NO_SUCH_PROVIDER", "no provider of that name is bound");
        loop_timer_set(call->timer, 0);
        return call->slot.number;
    }
    call->endpoint = name->endpoint;
    call->timeout_ms = call_timeout_ms(asked, name);
    loop_timer_set(call->deadline, call->timeout_ms);
    endpoint_wait(call->endpoint, &call->slot);
    return call->slot.number;
}

void provider_call_cancel(ProviderPool *pool, uint64_t number)
{
    for (PendingCall *call = pool->calls; call; call = call->next)
        if (call->slot.number == number && call->endpoint && call->ending == ENDING_NONE)
            call_end(call, ENDING_BY_CANCEL);
}

const char *provider_call_trouble(const ProviderPool *pool, const char *op)
{
    const PendingCall *call = map_get(&pool->calls_by_op, op);

    return call != NULL ? call->trouble : NULL;
}

bool provider_call_progress(const ProviderPool *pool, const char *op, CallProgress *ret)
{
    const PendingCall *call = map_get(&pool->calls_by_op, op);

    return call != NULL && call_told_get(call->told, ret);
}

void pending_calls_abandon(ProviderPool *pool)
{
    for (PendingCall *call = pool->calls; call; call = call->next) {
        if (!call->endpoint)
            continue;
        call_end(call, ENDING_BY_ABANDON);
        loop_timer_clear(call->deadline);
    }
}

void pending_calls_free(ProviderPool *pool)
{
    while (pool->calls)
        call_free(pool->calls);
    map_deinit(&pool->calls_by_op);
}
