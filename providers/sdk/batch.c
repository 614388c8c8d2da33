#include "providers/sdk/batch.h"

#include <pthread.h>
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

typedef struct Observation {
    struct Observation *next;
    Batch *batch;
    size_t index;
    char *uid, *type, *effect, *address, *lineage, *etag;
    Json *prior, *private;
    ProviderRequest request;
    ProviderReply reply;
    ProviderProblem problem;
    ObserveStatus status;
} Observation;

/* The observations of one request, shared out among a few jobs: each takes the next that is left,
 * so that a slow one holds up nothing but itself and thousands of fast ones do not each wake a
 * thread.
 */
typedef struct Round {
    Provider *provider;
    pthread_mutex_t lock;
    Observation *waiting;
    size_t worker_count;
} Round;

typedef struct ObserveJob {
    Job job;
    Round *round;
    Observation *finished;
} ObserveJob;

static Observation *round_take(Round *round)
{
    pthread_mutex_lock(&round->lock);
    Observation *next = round->waiting;
    if (next != NULL)
        round->waiting = next->next;
    pthread_mutex_unlock(&round->lock);
    return next;
}

static void observe_work(Job *base)
{
    ObserveJob *job = (ObserveJob *)base;
    Provider *provider = job->round->provider;
    Observation *one;

    while ((one = round_take(job->round)) != NULL) {
        one->status = provider->observe(provider, &one->request, &one->reply, &one->problem);
        one->next = job->finished;
        job->finished = one;
    }
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

static void observe_found(Observation *one, Instance *instance, Json *reply)
{
    const Json *state = one->reply.state;
    const char *external_id = one->reply.external_id;
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
    bool unchanged = one->etag != NULL && strcmp(one->etag, etag) == 0;
    json_set_string(reply, "status", unchanged ? "unchanged" : "found");
    json_set_string(reply, "etag", etag);
    json_set_bool(reply, "ready", !one->reply.not_ready);
    if (external_id != NULL)
        json_set_string(reply, "external_id", external_id);
    if (!unchanged)
        json_set(reply, "state", state != NULL ? json_copy(state) : json_new_object());
}

static Json *observe_reply(Observation *one)
{
    Instance *instance = store_instance(engine_options(one->batch->engine)->store, one->uid);
    char now[32];

    if (one->status == OBSERVE_ERROR)
        return observe_error(one->uid, &one->problem);
    Json *reply = json_new_object();
    json_set_string(reply, "uid", one->uid);
    if (one->status == OBSERVE_ABSENT)
        json_set_string(reply, "status", "absent");
    else
        observe_found(one, instance, reply);
    if (one->reply.reason != NULL)
        json_set_string(reply, "reason", one->reply.reason);
    clock_text(clock_now_ms(), now);
    json_set_string(reply, "observed_at", now);
    return reply;
}

static void observation_free(Observation *one)
{
    free(one->uid);
    free(one->type);
    free(one->effect);
    free(one->address);
    free(one->lineage);
    free(one->etag);
    json_free(one->prior);
    json_free(one->private);
    free(one->reply.external_id);
    free(one->reply.reason);
    json_free(one->reply.state);
    json_free(one->reply.private);
    free(one);
}

static void observe_end(Observation *one)
{
    Json *reply = observe_reply(one);

    engine_observe_end(one->batch->engine, one->uid);
    batch_put(one->batch, one->index, reply);
    observation_free(one);
}

static void observe_done(Job *base)
{
    ObserveJob *job = (ObserveJob *)base;
    Round *round = job->round;

    for (Observation *one = job->finished, *next; one != NULL; one = next) {
        next = one->next;
        observe_end(one);
    }
    free(job);
    if (--round->worker_count > 0)
        return;
    pthread_mutex_destroy(&round->lock);
    free(round);
}

static void round_start(Engine *engine, Observation *observations, size_t count)
{
    Round *round = memory_zero(1, sizeof *round);

    pthread_mutex_init(&round->lock, NULL);
    round->provider = engine_options(engine)->provider;
    round->waiting = observations;
    round->worker_count = count < READ_CONCURRENT_MAX ? count : READ_CONCURRENT_MAX;
    for (size_t i = 0, workers = round->worker_count; i < workers; i++) {
        ObserveJob *job = memory_zero(1, sizeof *job);
        job->job = (Job){.work = observe_work, .done = observe_done};
        job->round = round;
        engine_read(engine, &job->job);
    }
}

static char *copy_or_null(const char *text)
{
    return text != NULL ? memory_copy_string(text) : NULL;
}

static Json *json_copy_or_null(const Json *json)
{
    return json != NULL ? json_copy(json) : NULL;
}

static void observe_fill(Observation *one, const Json *item, const Instance *instance)
{
    const Json *owner = instance != NULL ? instance->owner : NULL;

    one->uid = memory_copy_string(json_get_string(item, "uid", ""));
    one->type = memory_copy_string(json_get_string(item, "type", instance ? instance->type : ""));
    one->effect = copy_or_null(instance != NULL ? instance->effect : NULL);
    one->etag = copy_or_null(json_get_string(item, "etag", NULL));
    one->address = memory_copy_string(json_get_string(owner, "address", ""));
    one->lineage = memory_copy_string(json_get_string(owner, "lineage", ""));
    one->prior = json_copy_or_null(instance != NULL ? instance->state : NULL);
    one->private = json_copy_or_null(instance != NULL ? instance->private : NULL);
    one->request = (ProviderRequest){
        .op = "",
        .type = one->type,
        .effect = one->effect,
        .uid = one->uid,
        .address = one->address,
        .lineage = one->lineage,
        .prior = one->prior,
        .private = one->private,
        .config = engine_options(one->batch->engine)->config,
        .timeout_s = OPERATION_TIMEOUT_S,
    };
}

/* NULL: it is answered already. */
static Observation *observe_item(Batch *batch, size_t index, const Json *item)
{
    const char *uid = json_get_string(item, "uid", "");
    const Operation *running = NULL;
    ProviderProblem problem = {0};

    if (!admission_uid_is_valid(uid)) {
        provider_problem(&problem, "INVALID_REQUEST", "not_applied", false,
                         "item %zu: uid '%.64s': expected 32 lower-case hexadecimal digits", index,
                         uid);
        batch_put(batch, index, observe_error(uid, &problem));
        return NULL;
    }
    if (!engine_observe_begin(batch->engine, uid, &running)) {
        provider_problem(&problem, "OPERATION_IN_PROGRESS", "not_applied", true,
                         "operation '%s' for object '%s' has not ended", running->op, uid);
        Json *reply = observe_error(uid, &problem);
        json_set_string(json_get(reply, "problem"), "op", running->op);
        batch_put(batch, index, reply);
        return NULL;
    }
    Observation *one = memory_zero(1, sizeof *one);
    one->batch = batch;
    one->index = index;
    observe_fill(one, item, store_instance(engine_options(batch->engine)->store, uid));
    return one;
}

void batch_observe(Engine *engine, const Json *items, BatchDone done, void *context)
{
    Batch *batch = batch_new(engine, items, done, context);
    Observation *first = NULL, **end = &first;
    size_t index = 0, count = 0;

    for (const Json *i = json_first(items); i != NULL; i = json_next(i)) {
        *end = observe_item(batch, index++, i);
        if (*end == NULL)
            continue;
        end = &(*end)->next;
        count++;
    }
    if (count > 0)
        round_start(engine, first, count);
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
