#include "providers/sdk/operation_call.h"

#include <string.h>

#include "lang/base/conceal.h"
#include "lang/base/memory.h"
#include "providers/sdk/admission.h"
#include "providers/sdk/members.h"
#include "providers/sdk/problem.h"
#include "providers/sdk/secrets.h"

static char *copy_or_null(const char *text)
{
    return text != NULL ? memory_copy_string(text) : NULL;
}

/* The value's text; NULL if there is none. */
static char *text_of(const Json *json)
{
    return json != NULL && !json_is_null(json) ? json_text(json) : NULL;
}

/* What was set aside at the last reply; where that memory is lost, what the client kept of it. */
static void call_set_past(OperationCall *call, const Instance *instance)
{
    if (instance != NULL && !instance->partial) {
        call->prior = copy_or_null(instance->state);
        call->private = copy_or_null(instance->private);
        return;
    }
    const char *private = json_get_string(call->body, "private", NULL);
    call->prior = text_of(json_get(call->body, "prior"));
    call->private = private != NULL ? private_decode(private) : NULL;
}

static void call_set_desired(OperationCall *call)
{
    OperationKind kind = call->operation->kind;
    const char *arguments = kind == OPERATION_RUN ? "arguments" : "desired";
    const Json *wanted = json_get(call->body, arguments);

    if (kind != OPERATION_REMOVE)
        call->desired = wanted != NULL ? json_copy(wanted) : json_new_object();
}

static void call_fill_request(OperationCall *call, const Instance *instance)
{
    const Operation *operation = call->operation;

    call->body = text_json(operation->request);
    call_set_desired(call);
    call->op = memory_copy_string(operation->op);
    call->uid = copy_or_null(operation->uid);
    call->type = memory_copy_string(operation->type);
    call->effect = copy_or_null(operation->effect);
    if (call->effect == NULL && instance != NULL)
        call->effect = memory_copy_string(instance->effect);
    call->address = memory_copy_string(operation->address);
    call->lineage = memory_copy_string(operation->lineage);
    call->adopt = copy_or_null(admission_adopt(call->body));
    call->traceparent = copy_or_null(operation->traceparent);
    call_set_past(call, instance);
    call->request = (ProviderRequest){
        .operation = call->operation,
        .op = call->op,
        .type = call->type,
        .effect = call->effect,
        .uid = call->uid,
        .address = call->address,
        .lineage = call->lineage,
        .desired = call->desired,
        .secrets = call->secrets,
        .adopt = call->adopt,
        .prior = call->prior,
        .private = call->private,
        .config = call->options->config,
        .resumed = operation->resumed,
        .timeout_s = json_get_int(call->body, "timeout_s", OPERATION_TIMEOUT_S),
        .traceparent = call->traceparent,
    };
}

void operation_call_free(OperationCall *call)
{
    free(call->uid);
    free(call->type);
    free(call->effect);
    free(call->op);
    free(call->address);
    free(call->lineage);
    free(call->adopt);
    free(call->traceparent);
    free(call->prior);
    free(call->private);
    free(call->superseded);
    json_free(call->desired);
    json_free(call->secrets);
    json_free(call->body);
    free(call->reply.external_id);
    free(call->reply.reason);
    json_free(call->reply.state);
    json_free(call->reply.private);
    free(call);
}

static void call_provider(OperationCall *call)
{
    Provider *provider = call->options->provider;

    switch (call->operation->kind) {
    case OPERATION_RECONCILE:
        call->code = provider->reconcile(provider, &call->request, &call->reply, &call->problem);
        return;
    case OPERATION_REMOVE:
        call->code = provider->remove(provider, &call->request, &call->problem);
        return;
    case OPERATION_RUN:
        call->code = provider->run(provider, &call->request, &call->reply, &call->problem);
        return;
    }
}

/* Why it failed is stored, logged and told, so no secret may be in it. */
static void call_work(Job *base)
{
    OperationCall *call = (OperationCall *)base;

    call_provider(call);
    conceal(call->problem.detail, call->secrets);
    if (call->reply.reason != NULL)
        conceal(call->reply.reason, call->secrets);
}

OperationCall *operation_call_new(const EngineOptions *options, Operation *operation, Json *secrets)
{
    OperationCall *call = memory_zero(1, sizeof *call);
    const Instance *instance =
        operation->uid != NULL ? store_instance(options->store, operation->uid) : NULL;

    call->job.work = call_work;
    call->options = options;
    call->operation = operation;
    call->secrets = secrets;
    call_fill_request(call, instance);
    return call;
}

/* The external id the reply names, or else the one told on the way. */
static char *call_external_id(OperationCall *call)
{
    char *id = take(call->reply.external_id);

    return id != NULL ? id : operation_external_id_told(call->operation);
}

static Instance *call_instance(OperationCall *call)
{
    const Operation *operation = call->operation;
    Instance *instance = memory_zero(1, sizeof *instance);

    if (call->reply.state == NULL)
        call->reply.state = json_new_object();
    instance->type = memory_copy_string(operation->type);
    instance->uid = memory_copy_string(operation->uid);
    instance->effect = memory_copy_string(operation->effect);
    instance->owner = text_of(json_get(call->body, "owner"));
    instance->desired = json_text(call->desired);
    instance->generation = json_get_int(call->body, "generation", 0);
    instance->schema_version = schema_version_of(call->options->schema, operation->type);
    instance->external_id = call_external_id(call);
    instance->state = json_text(call->reply.state);
    instance->private = text_of(call->reply.private);
    instance->sensitive =
        schema_sensitive(schema_effect(call->options->schema, operation->effect), instance->state);
    instance->reason = take(call->reply.reason);
    instance->ready = !call->reply.not_ready;
    etag_of(call->reply.state, instance->external_id, instance->etag);
    return instance;
}

/* The answer to what leaves no object. */
static char *short_reply(OperationCall *call)
{
    const Operation *operation = call->operation;
    cleanup(free) char *external_id = call_external_id(call), *state = text_of(call->reply.state);
    Buffer reply = {0};

    buffer_add_char(&reply, '{');
    member_put_string(&reply, "type", operation->type);
    member_put_string(&reply, "uid", operation->uid);
    member_put_string(&reply, "outcome", "applied");
    member_put_text(&reply, "warnings", "[]");
    if (operation->kind == OPERATION_RUN) {
        member_put_string(&reply, "external_id", external_id);
        member_put_text(&reply, "state", state != NULL ? state : "{}");
        member_put_bool(&reply, "ready", !call->reply.not_ready);
    }
    member_put_string(&reply, "op", operation->op);
    buffer_add_char(&reply, '}');
    return buffer_take(&reply);
}

static void reply_conceal(OperationCall *call)
{
    if (call->reply.state == NULL || json_count(call->secrets) == 0)
        return;
    Json *concealed = secrets_conceal(call->reply.state, call->secrets);
    json_free(call->reply.state);
    call->reply.state = concealed;
}

/* The uid under which the object was known that this operation has taken over; NULL: none. The
 * caller frees it. */
static char *superseded_uid(const OperationCall *call)
{
    const Map *instances = store_instances(call->options->store);

    if (call->adopt == NULL || call->adopt[0] == '\0')
        return NULL;
    for (MapEntry *e = map_next(instances, NULL); e != NULL; e = map_next(instances, e)) {
        const Instance *other = e->value;
        if (strcmp(other->uid, call->uid) != 0 && strcmp(other->type, call->type) == 0 &&
            other->external_id != NULL && strcmp(other->external_id, call->adopt) == 0)
            return memory_copy_string(other->uid);
    }
    return NULL;
}

static StoreEnd end_well(OperationCall *call)
{
    Operation *operation = call->operation;
    const Instance *before =
        operation->uid != NULL ? store_instance(call->options->store, operation->uid) : NULL;
    StoreEnd how = {.state = OPERATION_SUCCEEDED, .status = 200, .now_ms = clock_now_ms()};

    reply_conceal(call);
    switch (operation->kind) {
    case OPERATION_RECONCILE:
        how.status = before != NULL && !before->partial ? 200 : 201;
        how.instance = call_instance(call);
        how.superseded = call->superseded = superseded_uid(call);
        break;
    case OPERATION_REMOVE:
        how.removed = true;
        how.reply = short_reply(call);
        break;
    case OPERATION_RUN:
        how.reply = short_reply(call);
        break;
    }
    return how;
}

static OperationState state_after(const Operation *operation, const ProviderProblem *problem)
{
    bool is_unknown = problem->outcome == NULL || strcmp(problem->outcome, "unknown") == 0;

    if (operation_cancelled(operation) && !is_unknown)
        return OPERATION_CANCELLED;
    return is_unknown && !problem->retryable ? OPERATION_UNKNOWN : OPERATION_FAILED;
}

static StoreEnd end_badly(OperationCall *call)
{
    Operation *operation = call->operation;
    ProviderProblem *problem = &call->problem;
    Store *store = call->options->store;
    bool nothing = problem->outcome != NULL && strcmp(problem->outcome, "not_applied") == 0;
    StoreEnd how = {.state = state_after(operation, problem), .now_ms = clock_now_ms()};

    how.status = problem_status(problem->code);
    how.problem = problem_text(problem, operation->op);
    /* Something may exist now that no reply described: remember it so that it can be removed. */
    if (operation->kind == OPERATION_RECONCILE && !nothing &&
        store_instance(store, operation->uid) == NULL) {
        how.instance = call_instance(call);
        how.instance->partial = true;
        how.instance->ready = false;
    }
    return how;
}

StoreEnd operation_call_end(OperationCall *call)
{
    return call->code == 0 ? end_well(call) : end_badly(call);
}
