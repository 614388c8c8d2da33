#include "providers/sdk/batch.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "lang/base/memory.h"
#include "providers/sdk/admission.h"
#include "providers/sdk/members.h"
#include "providers/sdk/problem.h"

/* The items of one request on their way; freed when the last has come back. */
typedef struct Batch {
    Engine *engine;
    char **replies; /* JSON texts */
    char now[32];   /* when the items were asked for */
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
    clock_text(clock_now_ms(), batch->now);
    return batch;
}

/* One item less; the last one out answers. */
static void batch_count_down(Batch *batch)
{
    Buffer reply = {0};

    if (--batch->pending > 0)
        return;
    buffer_add_string(&reply, "{\"items\":[");
    for (size_t i = 0; i < batch->count; i++) {
        if (i > 0)
            buffer_add_char(&reply, ',');
        buffer_add_string(&reply, batch->replies[i]);
        free(batch->replies[i]);
    }
    buffer_add_string(&reply, "]}");
    batch->done(batch->context, &reply);
    free(batch->replies);
    free(batch);
}

/* `reply` is taken. */
static void batch_put(Batch *batch, size_t index, char *reply)
{
    batch->replies[index] = reply;
    batch_count_down(batch);
}

typedef struct Observation {
    struct Observation *next;
    Batch *batch;
    size_t index;
    char *uid, *type, *effect, *address, *lineage, *etag, *prior, *private;
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

/* `op` is the operation in the way; NULL: none. */
static char *observe_error(const char *uid, const ProviderProblem *problem, const char *op)
{
    cleanup(free) char *text = problem_text(problem, op);
    Buffer reply = {0};

    buffer_add_char(&reply, '{');
    member_put_string(&reply, "uid", uid);
    member_put_string(&reply, "status", "error");
    member_put_string(&reply, "reason", problem->detail);
    member_put_text(&reply, "problem", text);
    buffer_add_char(&reply, '}');
    return buffer_take(&reply);
}

/* The object is there as the reply says; where a provider leaves that out it is as before. */
static void put_found(Buffer *ret, Observation *one, Instance *instance)
{
    bool as_before = instance != NULL && one->reply.state == NULL && one->reply.external_id == NULL;
    cleanup(free) char *now = one->reply.state != NULL ? json_text(one->reply.state) : NULL;
    const char *external_id = one->reply.external_id, *state = now;
    char etag[ETAG_SIZE];

    if (external_id == NULL && instance != NULL)
        external_id = instance->external_id;
    if (state == NULL && instance != NULL)
        state = instance->state;
    if (as_before)
        memcpy(etag, instance->etag, ETAG_SIZE);
    else
        etag_of_text(state, external_id, etag);
    if (instance != NULL)
        memcpy(instance->observed_etag, etag, ETAG_SIZE);
    bool unchanged = one->etag != NULL && strcmp(one->etag, etag) == 0;
    member_put_string(ret, "status", unchanged ? "unchanged" : "found");
    member_put_string(ret, "etag", etag);
    member_put_bool(ret, "ready", !one->reply.not_ready);
    member_put_string(ret, "external_id", external_id);
    if (!unchanged)
        member_put_text(ret, "state", state != NULL ? state : "{}");
}

static char *observe_reply(Observation *one)
{
    Instance *instance = store_instance(engine_options(one->batch->engine)->store, one->uid);
    Buffer reply = {0};

    if (one->status == OBSERVE_ERROR)
        return observe_error(one->uid, &one->problem, NULL);
    buffer_add_char(&reply, '{');
    member_put_string(&reply, "uid", one->uid);
    if (one->status == OBSERVE_ABSENT)
        member_put_string(&reply, "status", "absent");
    else
        put_found(&reply, one, instance);
    member_put_string(&reply, "reason", one->reply.reason);
    member_put_string(&reply, "observed_at", one->batch->now);
    buffer_add_char(&reply, '}');
    return buffer_take(&reply);
}

static void observation_free(Observation *one)
{
    free(one->uid);
    free(one->type);
    free(one->effect);
    free(one->address);
    free(one->lineage);
    free(one->etag);
    free(one->prior);
    free(one->private);
    free(one->reply.external_id);
    free(one->reply.reason);
    json_free(one->reply.state);
    json_free(one->reply.private);
    free(one);
}

static void observe_end(Observation *one)
{
    char *reply = observe_reply(one);

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

static char *or_empty(char *text)
{
    return text != NULL ? text : memory_copy_string("");
}

static void observe_owner(Observation *one, const char *owner)
{
    Members all = members_of(owner, owner != NULL ? strlen(owner) : 0);
    Member member;

    while (members_next(&all, &member)) {
        if (one->address == NULL && member_is(&member, "address"))
            one->address = member_string(&member);
        else if (one->lineage == NULL && member_is(&member, "lineage"))
            one->lineage = member_string(&member);
    }
    one->address = or_empty(one->address);
    one->lineage = or_empty(one->lineage);
}

static void observe_fill(Observation *one, const Json *item, const Instance *instance)
{
    one->uid = memory_copy_string(json_get_string(item, "uid", ""));
    one->type = memory_copy_string(json_get_string(item, "type", instance ? instance->type : ""));
    one->effect = copy_or_null(instance != NULL ? instance->effect : NULL);
    one->etag = copy_or_null(json_get_string(item, "etag", NULL));
    observe_owner(one, instance != NULL ? instance->owner : NULL);
    one->prior = copy_or_null(instance != NULL ? instance->state : NULL);
    one->private = copy_or_null(instance != NULL ? instance->private : NULL);
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
        batch_put(batch, index, observe_error(uid, &problem, NULL));
        return NULL;
    }
    if (!engine_observe_begin(batch->engine, uid, &running)) {
        provider_problem(&problem, "OPERATION_IN_PROGRESS", "not_applied", true,
                         "operation '%s' for object '%s' has not ended", running->op, uid);
        batch_put(batch, index, observe_error(uid, &problem, running->op));
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
    cleanup(free) char *value = job->value != NULL ? json_text(job->value) : NULL;
    Buffer reply = {0};

    buffer_add_char(&reply, '{');
    member_put_string(&reply, "query", job->query);
    member_put_string(&reply, "status", job->code == 0 ? "known" : "unknown");
    if (job->code == 0) {
        member_put_text(&reply, "value", value != NULL ? value : "null");
    } else {
        cleanup(free) char *problem = problem_text(&job->problem, NULL);
        member_put_string(&reply, "unknown", job->problem.detail);
        member_put_text(&reply, "problem", problem);
    }
    buffer_add_char(&reply, '}');
    batch_put(job->batch, job->index, buffer_take(&reply));
    free(job->query);
    json_free(job->args);
    json_free(job->value);
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
