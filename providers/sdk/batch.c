#include "providers/sdk/batch.h"

#include <stdio.h>
#include <string.h>

#include "lang/base/memory.h"
#include "providers/sdk/admission.h"
#include "providers/sdk/problem.h"

/* The items of one request on their way; freed when the last has come back. */
typedef struct Batch {
    Engine *engine;
    Json **replies;
    size_t count;
    size_t pending;
    BatchDone done;
    void *context;
} Batch;

static Batch *batch_new(Engine *engine, const Json *items, BatchDone done, void *context)
{
    Batch *batch = memory_zero(1, sizeof *batch);

    batch->engine = engine;
    batch->count = json_count(items);
    batch->pending = batch->count + 1; /* one for who fills it */
    batch->replies = memory_zero(batch->count + 1, sizeof *batch->replies);
    batch->done = done;
    batch->context = context;
    return batch;
}

/* One item less; the last one out answers. */
static void batch_count_down(Batch *batch)
{
    if (--batch->pending > 0)
        return;
    Json *replies = json_new_array();
    for (size_t i = 0; i < batch->count; i++)
        json_append(replies, batch->replies[i]);
    Json *reply = json_new_object();
    json_set(reply, "items", replies);
    batch->done(batch->context, reply);
    free(batch->replies);
    free(batch);
}

static void batch_put(Batch *batch, size_t index, Json *reply)
{
    batch->replies[index] = reply;
    batch_count_down(batch);
}

typedef struct ObserveJob {
    Job job;
    Batch *batch;
    size_t index;
    char *uid, *type, *effect, *address, *lineage, *etag;
    Json *prior, *private;
    ProviderRequest request;
    ProviderReply reply;
    ProviderProblem problem;
    ObserveStatus status;
} ObserveJob;

static void observe_work(Job *base)
{
    ObserveJob *job = (ObserveJob *)base;
    Provider *provider = engine_options(job->batch->engine)->provider;

    job->status = provider->observe(provider, &job->request, &job->reply, &job->problem);
}

static Json *observe_error(const char *uid, const ProviderProblem *problem)
{
    Json *reply = json_new_object();

    json_set_string(reply, "uid", uid);
    json_set_string(reply, "status", "error");
    json_set_string(reply, "reason", problem->detail);
    json_set(reply, "problem", problem_json(problem));
    return reply;
}

static void observe_found(ObserveJob *job, Instance *instance, Json *reply)
{
    const Json *state = job->reply.state;
    const char *external_id = job->reply.external_id;
    bool as_before = instance != NULL && state == NULL && external_id == NULL;
    char etag[ETAG_SIZE];

    /* A provider that leaves these out says that they are as before. */
    if (state == NULL && instance != NULL)
        state = instance->state;
    if (external_id == NULL && instance != NULL)
        external_id = instance->external_id;
    if (as_before)
        memcpy(etag, instance->etag, ETAG_SIZE);
    else
        etag_of(state, external_id, etag);
    if (instance != NULL)
        memcpy(instance->observed_etag, etag, ETAG_SIZE);
    bool unchanged = job->etag != NULL && strcmp(job->etag, etag) == 0;
    json_set_string(reply, "status", unchanged ? "unchanged" : "found");
    json_set_string(reply, "etag", etag);
    json_set_bool(reply, "ready", !job->reply.not_ready);
    if (external_id != NULL)
        json_set_string(reply, "external_id", external_id);
    if (!unchanged)
        json_set(reply, "state", state != NULL ? json_copy(state) : json_new_object());
}

static Json *observe_reply(ObserveJob *job)
{
    Instance *instance = store_instance(engine_options(job->batch->engine)->store, job->uid);
    char now[32];

    if (job->status == OBSERVE_ERROR)
        return observe_error(job->uid, &job->problem);
    Json *reply = json_new_object();
    json_set_string(reply, "uid", job->uid);
    if (job->status == OBSERVE_ABSENT)
        json_set_string(reply, "status", "absent");
    else
        observe_found(job, instance, reply);
    if (job->reply.reason != NULL)
        json_set_string(reply, "reason", job->reply.reason);
    clock_text(clock_now_ms(), now);
    json_set_string(reply, "observed_at", now);
    return reply;
}

static void observe_job_free(ObserveJob *job)
{
    free(job->uid);
    free(job->type);
    free(job->effect);
    free(job->address);
    free(job->lineage);
    free(job->etag);
    json_free(job->prior);
    json_free(job->private);
    free(job->reply.external_id);
    free(job->reply.reason);
    json_free(job->reply.state);
    json_free(job->reply.private);
    free(job);
}

static void observe_done(Job *base)
{
    ObserveJob *job = (ObserveJob *)base;
    Json *reply = observe_reply(job);

    engine_observe_end(job->batch->engine, job->uid);
    batch_put(job->batch, job->index, reply);
    observe_job_free(job);
}

static char *copy_or_null(const char *text)
{
    return text != NULL ? memory_copy_string(text) : NULL;
}

static Json *json_copy_or_null(const Json *json)
{
    return json != NULL ? json_copy(json) : NULL;
}

static void observe_fill(ObserveJob *job, const Json *item, const Instance *instance)
{
    const Json *owner = instance != NULL ? instance->owner : NULL;

    job->uid = memory_copy_string(json_get_string(item, "uid", ""));
    job->type = memory_copy_string(json_get_string(item, "type", instance ? instance->type : ""));
    job->effect = copy_or_null(instance != NULL ? instance->effect : NULL);
    job->etag = copy_or_null(json_get_string(item, "etag", NULL));
    job->address = memory_copy_string(json_get_string(owner, "address", ""));
    job->lineage = memory_copy_string(json_get_string(owner, "lineage", ""));
    job->prior = json_copy_or_null(instance != NULL ? instance->state : NULL);
    job->private = json_copy_or_null(instance != NULL ? instance->private : NULL);
    job->request = (ProviderRequest){
        .op = "",
        .type = job->type,
        .effect = job->effect,
        .uid = job->uid,
        .address = job->address,
        .lineage = job->lineage,
        .prior = job->prior,
        .private = job->private,
        .config = engine_options(job->batch->engine)->config,
        .timeout_s = OPERATION_TIMEOUT_S,
    };
}

static void observe_item(Batch *batch, size_t index, const Json *item)
{
    const char *uid = json_get_string(item, "uid", "");
    const Operation *running = NULL;
    ProviderProblem problem = {0};

    if (!admission_uid_is_valid(uid)) {
        provider_problem(&problem, "INVALID_REQUEST", "not_applied", false,
                         "item %zu: uid '%.64s': expected 32 lower-case hexadecimal digits", index,
                         uid);
        batch_put(batch, index, observe_error(uid, &problem));
        return;
    }
    if (!engine_observe_begin(batch->engine, uid, &running)) {
        provider_problem(&problem, "OPERATION_IN_PROGRESS", "not_applied", true,
                         "operation '%s' for object '%s' has not ended", running->op, uid);
        Json *reply = observe_error(uid, &problem);
        json_set_string(json_get(reply, "problem"), "op", running->op);
        batch_put(batch, index, reply);
        return;
    }
    ObserveJob *job = memory_zero(1, sizeof *job);
    job->job = (Job){.work = observe_work, .done = observe_done};
    job->batch = batch;
    job->index = index;
    observe_fill(job, item, store_instance(engine_options(batch->engine)->store, uid));
    engine_read(batch->engine, &job->job);
}

void batch_observe(Engine *engine, const Json *items, BatchDone done, void *context)
{
    Batch *batch = batch_new(engine, items, done, context);
    size_t index = 0;

    for (const Json *i = json_first(items); i != NULL; i = json_next(i))
        observe_item(batch, index++, i);
    batch_count_down(batch);
}

typedef struct QueryJob {
    Job job;
    Batch *batch;
    size_t index;
    char *query;
    Json *args;
    Json *value;
    ProviderProblem problem;
    int code;
} QueryJob;

static void query_work(Job *base)
{
    QueryJob *job = (QueryJob *)base;
    Provider *provider = engine_options(job->batch->engine)->provider;

    if (provider->query == NULL)
        job->code = provider_problem(&job->problem, "NOT_FOUND", "not_applied", false,
                                     "provider '%s' has no queries", provider->name);
    else
        job->code = provider->query(provider, job->query, job->args, &job->value, &job->problem);
}

/* A fact that could not be read is unknown, for a reason; it is never a value. */
static void query_done(Job *base)
{
    QueryJob *job = (QueryJob *)base;
    Json *reply = json_new_object();

    json_set_string(reply, "query", job->query);
    json_set_string(reply, "status", job->code == 0 ? "known" : "unknown");
    if (job->code == 0) {
        json_set(reply, "value", job->value != NULL ? job->value : json_new_null());
    } else {
        json_free(job->value);
        json_set_string(reply, "unknown", job->problem.detail);
        json_set(reply, "problem", problem_json(&job->problem));
    }
    batch_put(job->batch, job->index, reply);
    free(job->query);
    json_free(job->args);
    free(job);
}

static void query_item(Batch *batch, size_t index, const Json *item)
{
    const char *query = json_get_string(item, "query", "");
    const Json *args = json_get(item, "args");
    const Json *entry = schema_query(engine_options(batch->engine)->schema, query);
    QueryJob *job = memory_zero(1, sizeof *job);

    job->job = (Job){.work = query_work, .done = query_done};
    job->batch = batch;
    job->index = index;
    job->query = memory_copy_string(query);
    job->args = json_is_object(args) || json_is_array(args) ? json_copy(args) : json_new_object();
    if (entry != NULL)
        job->code = schema_check(json_get(entry, "parameters"), job->args, &job->problem);
    if (job->code < 0)
        query_done(&job->job);
    else
        engine_read(batch->engine, &job->job);
}

void batch_query(Engine *engine, const Json *items, BatchDone done, void *context)
{
    Batch *batch = batch_new(engine, items, done, context);
    size_t index = 0;

    for (const Json *i = json_first(items); i != NULL; i = json_next(i))
        query_item(batch, index++, i);
    batch_count_down(batch);
}
