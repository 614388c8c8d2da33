#include "providers/sdk/batch.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "lang/base/arena.h"
#include "lang/base/memory.h"
#include "providers/sdk/admission.h"
#include "providers/sdk/members.h"
#include "providers/sdk/problem.h"

size_t batch_max(const Provider *provider)
{
    return provider->batch_max > 0 ? (size_t)provider->batch_max : BATCH_MAX;
}

/* The items of one request on their way; freed when the last has come back. What is known of them
 * dies with them, and is made on the event thread only. */
typedef struct Batch {
    Engine *engine;
    Arena arena;
    Buffer pieces; /* the answers in the order in which they came, JSON texts */
    struct {
        size_t at, size; /* in the pieces */
    } * replies;
    size_t count;
    size_t pending;
    char now[32]; /* when the items were asked for */
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
        buffer_add(&reply, batch->pieces.bytes + batch->replies[i].at, batch->replies[i].size);
    }
    buffer_add_string(&reply, "]}");
    batch->done(batch->context, &reply);
    arena_deinit(&batch->arena);
    buffer_deinit(&batch->pieces);
    free(batch->replies);
    free(batch);
}

/* Between these two the members of an item's answer are written; the item is done afterwards. */
static Buffer *reply_open(Batch *batch, size_t index)
{
    batch->replies[index].at = batch->pieces.size;
    buffer_add_char(&batch->pieces, '{');
    return &batch->pieces;
}

static void reply_close(Batch *batch, size_t index)
{
    buffer_add_char(&batch->pieces, '}');
    batch->replies[index].size = batch->pieces.size - batch->replies[index].at;
    batch_count_down(batch);
}

/* All but the reply lives in the batch's arena. */
typedef struct Observation {
    struct Observation *next;
    Batch *batch;
    size_t index;
    const char *etag; /* that the client knows; NULL: none */
    ProviderRequest request;
    ProviderReply reply;
    ProviderProblem *problem; /* NULL: none */
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
        ProviderProblem problem = {0};
        one->status = provider->observe(provider, &one->request, &one->reply, &problem);
        if (one->status == OBSERVE_ERROR) {
            one->problem = memory_alloc(sizeof problem);
            *one->problem = problem;
        }
        one->next = job->finished;
        job->finished = one;
    }
}

/* `op` is the operation in the way; NULL: none. */
static void put_error(Buffer *ret, const char *uid, const ProviderProblem *problem, const char *op)
{
    cleanup(free) char *text = problem_text(problem, op);

    member_put_string(ret, "uid", uid);
    member_put_string(ret, "status", "error");
    member_put_string(ret, "reason", problem->detail);
    member_put_text(ret, "problem", text);
}

/* How it was seen; if that is not as it was known, whoever listens is told. "" is not there. */
static void note_sight(const Observation *one, Instance *instance, const char *etag)
{
    if (strcmp(instance_etag_known(instance), etag) != 0)
        feed_announce(engine_options(one->batch->engine)->feed, instance->type, instance->uid,
                      etag[0] != '\0' ? PROVIDER_CHANGED : PROVIDER_GONE);
    snprintf(instance->observed_etag, ETAG_SIZE, "%s", etag);
    instance->is_observed = true;
}

static void put_state(Buffer *ret, const Observation *one, const Instance *instance,
                      const char *state)
{
    const Schema *schema = engine_options(one->batch->engine)->schema;
    const char *effect = instance != NULL ? instance->effect : "";
    cleanup(free) char *sensitive = schema_sensitive(schema_effect(schema, effect), state);

    member_put_text(ret, "state", state != NULL ? state : "{}");
    member_put_text(ret, "sensitive", sensitive);
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
        note_sight(one, instance, etag);
    bool unchanged = one->etag != NULL && strcmp(one->etag, etag) == 0;
    member_put_string(ret, "status", unchanged ? "unchanged" : "found");
    member_put_string(ret, "etag", etag);
    member_put_bool(ret, "ready", !one->reply.not_ready);
    member_put_string(ret, "external_id", external_id);
    if (!unchanged)
        put_state(ret, one, instance, state);
}

static void put_absent(Buffer *ret, const Observation *one, Instance *instance)
{
    if (instance != NULL)
        note_sight(one, instance, "");
    member_put_string(ret, "status", "absent");
}

static void put_observation(Buffer *ret, Observation *one)
{
    const char *uid = one->request.uid;
    Instance *instance = store_instance(engine_options(one->batch->engine)->store, uid);

    if (one->status == OBSERVE_ERROR) {
        put_error(ret, uid, one->problem, NULL);
        return;
    }
    member_put_string(ret, "uid", uid);
    if (one->status == OBSERVE_ABSENT)
        put_absent(ret, one, instance);
    else
        put_found(ret, one, instance);
    member_put_string(ret, "reason", one->reply.reason);
    member_put_string(ret, "observed_at", one->batch->now);
}

static void observe_end(Observation *one)
{
    Batch *batch = one->batch;

    put_observation(reply_open(batch, one->index), one);
    engine_observe_end(batch->engine, one->request.uid);
    free(one->problem);
    free(one->reply.external_id);
    free(one->reply.reason);
    json_free(one->reply.state);
    json_free(one->reply.private);
    reply_close(batch, one->index);
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

static const char *kept(Batch *batch, const char *text)
{
    return text != NULL ? arena_copy_string(&batch->arena, text) : NULL;
}

static void observe_owner(Batch *batch, ProviderRequest *request, const char *owner)
{
    Members all = members_of(owner, owner != NULL ? strlen(owner) : 0);
    Member member;

    request->address = request->lineage = "";
    while (members_next(&all, &member)) {
        const char **string = member_is(&member, "address")   ? &request->address
                              : member_is(&member, "lineage") ? &request->lineage
                                                              : NULL;
        cleanup(free) char *text = string != NULL ? member_string(&member) : NULL;
        if (text != NULL)
            *string = kept(batch, text);
    }
}

static Observation *observation_new(Batch *batch, const Json *item, const Instance *instance)
{
    Observation *one = arena_new(&batch->arena, Observation);
    const char *type = instance != NULL ? instance->type : "";

    one->batch = batch;
    one->etag = kept(batch, json_get_string(item, "etag", NULL));
    one->request = (ProviderRequest){
        .op = "",
        .type = kept(batch, json_get_string(item, "type", type)),
        .effect = instance != NULL ? kept(batch, instance->effect) : NULL,
        .uid = kept(batch, json_get_string(item, "uid", "")),
        .prior = instance != NULL ? kept(batch, instance->state) : NULL,
        .private = instance != NULL ? kept(batch, instance->private) : NULL,
        .config = engine_options(batch->engine)->config,
        .timeout_s = OPERATION_TIMEOUT_S,
    };
    observe_owner(batch, &one->request, instance != NULL ? instance->owner : NULL);
    return one;
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
        put_error(reply_open(batch, index), uid, &problem, NULL);
        reply_close(batch, index);
        return NULL;
    }
    if (!engine_observe_begin(batch->engine, uid, &running)) {
        provider_problem(&problem, "OPERATION_IN_PROGRESS", "not_applied", true,
                         "operation '%s' for object '%s' has not ended", running->op, uid);
        put_error(reply_open(batch, index), uid, &problem, running->op);
        reply_close(batch, index);
        return NULL;
    }
    const Instance *instance = store_instance(engine_options(batch->engine)->store, uid);
    Observation *one = observation_new(batch, item, instance);
    one->index = index;
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
    Buffer *reply = reply_open(job->batch, job->index);

    member_put_string(reply, "query", job->query);
    member_put_string(reply, "status", job->code == 0 ? "known" : "unknown");
    if (job->code == 0) {
        member_put_text(reply, "value", value != NULL ? value : "null");
    } else {
        cleanup(free) char *problem = problem_text(&job->problem, NULL);
        member_put_string(reply, "unknown", job->problem.detail);
        member_put_text(reply, "problem", problem);
    }
    reply_close(job->batch, job->index);
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
