/* The requests of a call: the mutation itself, the questions what became of it, and the wish that
 * it be stopped. */
#include "controller/host/provider_call_private.h"
#include "controller/host/trace_context.h"
#include "lang/base/memory.h"

static char *instance_path(const PendingCall *call)
{
    cleanup(free) char *type = url_segment(call->type);
    cleanup(free) char *uid = url_segment(call->uid);

    return memory_format("/v1/instances/%s/%s", type, uid);
}

static char *operation_path(const PendingCall *call, const char *suffix)
{
    cleanup(free) char *op = url_segment(call->op);

    return memory_format("/v1/operations/%s%s", op, suffix);
}

/* Whose state it is that asks: a provider refuses one that another has replaced. */
static char *fence_header(const PendingCall *call)
{
    return memory_format("Ved-Fence: %llu", (unsigned long long)call->fence);
}

static void send_mutation(PendingCall *call)
{
    static const char *const methods[] = {
        [CALL_PUT] = "PUT", [CALL_DELETE] = "DELETE", [CALL_ACTION] = "POST"};
    const ProviderTiming *timing = &call->pool->timing;
    cleanup(free) char *action = url_segment(call->verb == CALL_ACTION ? call->effect : "");
    cleanup(free) char *path =
        call->verb == CALL_ACTION ? memory_format("/v1/actions/%s", action) : instance_path(call);
    cleanup(free) char *key = memory_format("Idempotency-Key: \"%s\"", call->op);
    cleanup(free) char *deadline =
        memory_format("Ved-Deadline-Ms: %lld", (long long)timing->deadline_ms);
    cleanup(free) char *attempt = memory_format("Ved-Attempt: %d", call->sendings + 1);
    cleanup(free) char *match = call->etag ? memory_format("If-Match: %s", call->etag) : NULL;
    cleanup(free) char *fence = fence_header(call);
    cleanup(free) char *trace = traceparent_header(call->op, call->pool->seed, call->sendings + 1);
    const char *headers[] = {"Content-Type: application/json",
                             "Prefer: respond-async, wait=10",
                             fence,
                             trace,
                             call->digest,
                             key,
                             deadline,
                             attempt,
                             match           ? match
                             : call->creates ? "If-None-Match: *"
                                             : NULL,
                             NULL};
    HttpRequest request = {
        .method = methods[call->verb],
        .headers = headers,
        .body = call->body,
        .body_size = call->body_size,
        .header_ms = timing->deadline_ms + timing->header_ms,
    };

    call->sendings++;
    call->in_doubt = true;
    call->transfer = endpoint_send(call->endpoint, path, &request, pending_call_take_reply, call);
}

/* What an operation says of its progress is shown about as often. */
#define OPERATION_WAIT_MAX_S 10

static void ask_operation(PendingCall *call)
{
    const ProviderTiming *timing = &call->pool->timing;
    int64_t wait_s =
        timing->poll_wait_s < OPERATION_WAIT_MAX_S ? timing->poll_wait_s : OPERATION_WAIT_MAX_S;
    cleanup(free) char *query = NULL;
    cleanup(free) char *path = NULL;
    HttpRequest request = {.method = "GET"};

    if (call->ending != ENDING_NONE && wait_s > timing->cancel_ms / 2000)
        wait_s = timing->cancel_ms / 2000;
    query = memory_format("?wait=%lld", (long long)wait_s);
    path = operation_path(call, query);
    request.header_ms = wait_s * 1000 + timing->header_ms;
    call->transfer = endpoint_send(call->endpoint, path, &request, pending_call_take_reply, call);
}

static void send_plain(PendingCall *call, const char *method, const char *path)
{
    cleanup(free) char *fence = fence_header(call);
    const char *headers[] = {fence, NULL};
    HttpRequest request = {
        .method = method, .headers = headers, .header_ms = call->pool->timing.header_ms};

    call->transfer = endpoint_send(call->endpoint, path, &request, pending_call_take_reply, call);
}

void pending_call_send(PendingCall *call)
{
    cleanup(free) char *path = NULL;

    call->requested_ms = loop_now_ms(call->pool->loop);
    if (call->asked_ms == 0)
        call->asked_ms = call->requested_ms;
    switch (call->step) {
    case STEP_SEND:
        send_mutation(call);
        return;
    case STEP_ASK_OPERATION:
        ask_operation(call);
        return;
    case STEP_ASK_INSTANCE:
        path = instance_path(call);
        send_plain(call, "GET", path);
        return;
    case STEP_CANCEL:
        path = operation_path(call, ":cancel");
        send_plain(call, "POST", path);
        return;
    }
}
