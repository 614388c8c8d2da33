/* One turn of the event thread:
 *
 *     requests, finished jobs ──▶ store_begin(), store_end() ──▶ store_sync() ──▶ jobs start,
 *                                 (in memory)                   (once)           ends are answered
 *
 * The sync stands in an event of its own, armed by the first record of a turn: libevent runs it
 * after the callbacks that were ready together, so a hundred requests that come at once cost one
 * fdatasync. */
#include "providers/sdk/engine.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

#include "lang/base/file.h"
#include "lang/base/memory.h"
#include "providers/sdk/admission.h"
#include "providers/sdk/log.h"
#include "providers/sdk/members.h"
#include "providers/sdk/operation_call.h"
#include "providers/sdk/problem.h"

#define EXIT_STATE 74

typedef struct OperationList {
    Operation **items;
    size_t count;
    size_t capacity;
} OperationList;

/* What will have happened once the store is durable. */
typedef struct Announcement {
    char *type, *uid;
    ProviderChange change;
} Announcement;

typedef struct AnnouncementList {
    Announcement *items;
    size_t count;
    size_t capacity;
} AnnouncementList;

/* Who is at an object: operations wait for reads, reads do not wait for operations. */
typedef struct Presence {
    Operation *operation; /* NULL: none */
    size_t reader_count;
    bool waiting; /* the operation starts when the last reader has gone */
    char uid[];   /* the key */
} Presence;

struct Engine {
    EngineOptions options;
    Pool *operations;
    Pool *reads;
    int event_fd;
    struct event *collect;
    struct event *flush;
    struct event *urge;  /* pending: jobs wait behind others */
    OperationList begun; /* in this turn */
    OperationList ended;
    AnnouncementList announced;
    Map presences; /* uid -> Presence */
    Map secrets;   /* op -> Json: of operations whose thread has not started; never on disk */
    size_t open_count;
};

static void list_add(OperationList *list, Operation *operation)
{
    memory_reserve_one(list->items, list->count, list->capacity);
    list->items[list->count++] = operation;
}

const EngineOptions *engine_options(const Engine *engine)
{
    return &engine->options;
}

static Presence *presence_get(Engine *engine, const char *uid)
{
    Presence *presence = map_get(&engine->presences, uid);

    if (presence == NULL) {
        size_t size = strlen(uid) + 1;
        presence = memory_zero(1, sizeof *presence + size);
        memcpy(presence->uid, uid, size);
        map_put(&engine->presences, presence->uid, presence);
    }
    return presence;
}

static void presence_drop(Engine *engine, Presence *presence)
{
    if (presence->operation == NULL && presence->reader_count == 0)
        free(map_remove(&engine->presences, presence->uid));
}

static void presence_leave(Engine *engine, const Operation *operation)
{
    Presence *presence = operation->uid ? map_get(&engine->presences, operation->uid) : NULL;

    if (presence == NULL || presence->operation != operation)
        return;
    presence->operation = NULL;
    presence->waiting = false;
    presence_drop(engine, presence);
}

static void arm_flush(Engine *engine)
{
    event_active(engine->flush, EV_TIMEOUT, 0);
}

/* The operation is remembered; let it begin when the store is durable. */
static void begin(Engine *engine, Operation *operation, const Json *secrets)
{
    if (operation->uid != NULL)
        presence_get(engine, operation->uid)->operation = operation;
    if (json_count(secrets) > 0)
        json_free(map_put(&engine->secrets, operation->op, json_copy(secrets)));
    atomic_store(&operation->cancelled, false);
    operation->open = true;
    engine->open_count++;
    list_add(&engine->begun, operation);
    arm_flush(engine);
}

static void announce(Engine *engine, const char *type, const char *uid, ProviderChange change)
{
    AnnouncementList *list = &engine->announced;

    memory_reserve_one(list->items, list->count, list->capacity);
    list->items[list->count++] =
        (Announcement){memory_copy_string(type), memory_copy_string(uid), change};
}

static void announce_all(Engine *engine)
{
    AnnouncementList list = engine->announced;

    engine->announced = (AnnouncementList){0};
    for (size_t i = 0; i < list.count; i++) {
        feed_announce(engine->options.feed, list.items[i].type, list.items[i].uid,
                      list.items[i].change);
        free(list.items[i].type);
        free(list.items[i].uid);
    }
    free(list.items);
}

/* What the end of an operation means to those who look at its object. */
static void announce_end(Engine *engine, const Operation *operation, const StoreEnd *how)
{
    const Instance *before =
        operation->uid != NULL ? store_instance(engine->options.store, operation->uid) : NULL;
    const Instance *after = how->instance;

    if (how->removed)
        announce(engine, operation->type, operation->uid, PROVIDER_GONE);
    if (how->superseded != NULL)
        announce(engine, operation->type, how->superseded, PROVIDER_GONE);
    if (after != NULL &&
        (before == NULL || before->partial != after->partial || before->ready != after->ready ||
         strcmp(instance_etag_known(before), after->etag) != 0))
        announce(engine, operation->type, operation->uid, PROVIDER_CHANGED);
}

static void end(Engine *engine, Operation *operation, const StoreEnd *how)
{
    announce_end(engine, operation, how);
    store_end(engine->options.store, operation, how);
    json_free(map_remove(&engine->secrets, operation->op));
    engine->open_count--;
    list_add(&engine->ended, operation);
    arm_flush(engine);
}

static char *copy_or_null(const char *text)
{
    return text != NULL ? memory_copy_string(text) : NULL;
}

/* Its kind, key, address and trace, and what there is to say. */
static void log_operation(const Operation *operation, const char *what, const char *detail)
{
    const char *trace = operation->traceparent;

    log_line("%s %s %s%s%s%s%s%s%s", operation_kind_name(operation->kind), operation->op,
             operation->address, trace != NULL ? " trace " : "", trace != NULL ? trace : "",
             what != NULL ? ": " : "", what != NULL ? what : "", detail != NULL ? ": " : "",
             detail != NULL ? detail : "");
}

static void arm_urge(Engine *engine)
{
    struct timeval soon = {0, POOL_URGE_MS * 1000};

    if (!event_pending(engine->urge, EV_TIMEOUT, NULL))
        event_add(engine->urge, &soon);
}

static void urge(evutil_socket_t fd, short events, void *context)
{
    Engine *engine = context;
    bool operations_are_served = pool_urge(engine->operations);
    bool reads_are_served = pool_urge(engine->reads);

    (void)fd, (void)events;
    if (!operations_are_served || !reads_are_served)
        arm_urge(engine);
}

static void call_done(Job *base)
{
    OperationCall *call = (OperationCall *)base;
    StoreEnd how = operation_call_end(call);

    if (call->code < 0)
        log_operation(call->operation, call->problem.code, call->problem.detail);
    end(call->context, call->operation, &how);
    operation_call_free(call);
}

static void start(Engine *engine, Operation *operation)
{
    Json *secrets = map_remove(&engine->secrets, operation->op);
    OperationCall *call = operation_call_new(&engine->options, operation, secrets);

    call->job.done = call_done;
    call->context = engine;
    operation_move(operation, OPERATION_RUNNING);
    operation->updated_ms = clock_now_ms();
    log_operation(operation, operation->resumed ? "resumed" : NULL, NULL);
    if (!pool_submit(engine->operations, &call->job))
        arm_urge(engine);
}

static void start_when_alone(Engine *engine, Operation *operation)
{
    Presence *presence = operation->uid ? map_get(&engine->presences, operation->uid) : NULL;

    if (operation->state != OPERATION_PENDING)
        return; /* cancelled in the same turn */
    if (presence != NULL && presence->reader_count > 0)
        presence->waiting = true;
    else
        start(engine, operation);
}

static void sync_or_die(Engine *engine)
{
    Error err = {0};

    if (store_sync(engine->options.store, clock_now_ms(), &err) == 0)
        return;
    /* What a failed fsync left on the disk cannot be known; the successor reads what is there. */
    log_line("cannot store operations, stopping: %s", err.message);
    _exit(EXIT_STATE);
}

static void flush(evutil_socket_t fd, short events, void *context)
{
    Engine *engine = context;
    OperationList begun = engine->begun, ended = engine->ended;

    (void)fd, (void)events;
    engine->begun = engine->ended = (OperationList){0};
    sync_or_die(engine);
    log_hold();
    for (size_t i = 0; i < begun.count; i++)
        start_when_alone(engine, begun.items[i]);
    for (size_t i = 0; i < ended.count; i++) {
        Operation *operation = ended.items[i];
        operation->open = false;
        presence_leave(engine, operation);
        engine->options.ended(engine->options.context, operation);
    }
    announce_all(engine);
    log_release();
    free(begun.items);
    free(ended.items);
}

static void collect(evutil_socket_t fd, short events, void *context)
{
    Engine *engine = context;
    uint64_t count;
    ssize_t got = read(fd, &count, sizeof count);

    (void)got, (void)events; /* the lists say what is ready, not the counter */
    log_hold();
    pool_collect(engine->operations);
    pool_collect(engine->reads);
    log_release();
}

int engine_new(const EngineOptions *options, Engine **ret, Error *err)
{
    cleanup(fd_close) int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

    if (fd < 0)
        return error_set(err, ERROR_INTERNAL, "make an eventfd: out of file descriptors");
    Engine *engine = memory_zero(1, sizeof *engine);
    engine->options = *options;
    engine->presences.borrows = true;
    engine->event_fd = fd;
    fd = -1;
    engine->operations = pool_new(OPERATION_CONCURRENT_MAX, engine->event_fd);
    engine->reads = pool_new(READ_CONCURRENT_MAX, engine->event_fd);
    engine->collect =
        event_new(options->base, engine->event_fd, EV_READ | EV_PERSIST, collect, engine);
    engine->flush = event_new(options->base, -1, 0, flush, engine);
    engine->urge = event_new(options->base, -1, 0, urge, engine);
    if (engine->collect == NULL || engine->flush == NULL || engine->urge == NULL ||
        event_add(engine->collect, NULL) < 0) {
        engine_free(engine);
        return error_set(err, ERROR_INTERNAL, "make the events of the operations");
    }
    *ret = engine;
    return 0;
}

void engine_free(Engine *engine)
{
    if (engine == NULL)
        return;
    pool_free(engine->operations);
    pool_free(engine->reads);
    if (engine->collect != NULL)
        event_free(engine->collect);
    if (engine->flush != NULL)
        event_free(engine->flush);
    if (engine->urge != NULL)
        event_free(engine->urge);
    fd_close(engine->event_fd);
    for (MapEntry *e = map_next(&engine->presences, NULL); e; e = map_next(&engine->presences, e))
        free(e->value);
    for (MapEntry *e = map_next(&engine->secrets, NULL); e; e = map_next(&engine->secrets, e))
        json_free(e->value);
    map_deinit(&engine->presences);
    map_deinit(&engine->secrets);
    announce_all(engine);
    free(engine->begun.items);
    free(engine->ended.items);
    free(engine);
}

static int refuse_busy(Engine *engine, const char *uid, Refusal *refusal)
{
    const Presence *presence = uid != NULL ? map_get(&engine->presences, uid) : NULL;

    if (engine->open_count >= OPERATION_OPEN_MAX)
        return provider_problem(&refusal->problem, "THROTTLED", "not_applied", true,
                                "%d operations are open already", OPERATION_OPEN_MAX);
    if (presence == NULL || presence->operation == NULL)
        return 0;
    refusal->running = presence->operation;
    return provider_problem(&refusal->problem, "OPERATION_IN_PROGRESS", "not_applied", true,
                            "operation '%s' for object '%s' has not ended", presence->operation->op,
                            uid);
}

/* The body without its secrets. */
static char *body_text(const Json *body)
{
    Buffer text = {0};

    buffer_add_char(&text, '{');
    for (const Json *m = json_first(body); m != NULL; m = json_next(m)) {
        if (strcmp(json_key(m), "secrets") == 0)
            continue;
        if (text.size > 1)
            buffer_add_char(&text, ',');
        json_put_string(&text, json_key(m));
        buffer_add_char(&text, ':');
        json_write(&text, m);
    }
    buffer_add_char(&text, '}');
    return buffer_take(&text);
}

static Operation *operation_from(const Engine *engine, const Mutation *mutation)
{
    const Json *owner = json_get(mutation->body, "owner");
    Operation *operation = operation_new(mutation->key, mutation->kind);

    operation->client = memory_copy_string(mutation->client);
    operation->digest = memory_copy_string(mutation->digest);
    operation->type = memory_copy_string(mutation->type);
    operation->uid = copy_or_null(mutation->uid);
    operation->effect = copy_or_null(admission_effect(&engine->options, mutation));
    operation->lineage = memory_copy_string(json_get_string(owner, "lineage", ""));
    operation->address = memory_copy_string(json_get_string(owner, "address", ""));
    operation->traceparent = copy_or_null(mutation->traceparent);
    operation->request = body_text(mutation->body);
    operation->had_secrets = json_count(json_get(mutation->body, "secrets")) > 0;
    operation->created_ms = operation->updated_ms = clock_now_ms();
    return operation;
}

/* The key is known: join what runs, answer from memory, or try again what may be mended. */
static int submit_known(Engine *engine, const Mutation *mutation, Operation *operation,
                        Refusal *refusal)
{
    if (strcmp(operation->digest, mutation->digest) != 0)
        return provider_problem(&refusal->problem, "IDEMPOTENCY_KEY_REUSED", "not_applied", false,
                                "operation '%s' was begun by another request", operation->op);
    if (operation->open)
        return 0;
    if (!operation_may_be_repeated(operation))
        return ENGINE_REPLAYED;
    if (refuse_busy(engine, operation->uid, refusal) < 0)
        return -1;
    cleanup(free) char *outcome = text_get_string(operation->problem, "outcome");
    bool is_harmless = outcome != NULL && strcmp(outcome, "not_applied") == 0;
    operation->resumed = operation->resumed || !is_harmless;
    free(operation->traceparent);
    operation->traceparent = copy_or_null(mutation->traceparent);
    store_again(engine->options.store, operation, clock_now_ms());
    begin(engine, operation, json_get(mutation->body, "secrets"));
    return 0;
}

/* Whoever has been superseded may change nothing any more, and says so first: an answer from memory
 * would tell it that all is well. */
static int check_fence(Engine *engine, const Mutation *mutation, ProviderProblem *problem)
{
    const char *lineage = json_get_string(json_get(mutation->body, "owner"), "lineage", "");
    Store *store = engine->options.store;

    if (engine_check_fence(engine, lineage, mutation->fence, problem) < 0)
        return -1;
    if (mutation->fence > store_fence(store, lineage)) {
        store_raise_fence(store, lineage, mutation->fence);
        arm_flush(engine);
    }
    return 0;
}

int engine_check_fence(const Engine *engine, const char *lineage, int64_t fence,
                       ProviderProblem *problem)
{
    int64_t highest = store_fence(engine->options.store, lineage);

    if (fence >= highest)
        return 0;
    return provider_problem(problem, "STALE_FENCE", "not_applied", false,
                            "Ved-Fence is %lld, but lineage '%.64s' has sent %lld already: this"
                            " client has been superseded",
                            (long long)fence, lineage, (long long)highest);
}

int engine_submit(Engine *engine, const Mutation *mutation, Operation **ret, Refusal *refusal)
{
    *refusal = (Refusal){0};
    if (admission_check_form(mutation, &refusal->problem) < 0 ||
        check_fence(engine, mutation, &refusal->problem) < 0)
        return -1;
    Operation *operation = store_operation(engine->options.store, mutation->key);
    if (operation != NULL) {
        int code = submit_known(engine, mutation, operation, refusal);
        if (code >= 0)
            *ret = operation;
        return code;
    }
    if (refuse_busy(engine, mutation->uid, refusal) < 0 ||
        admission_check(&engine->options, mutation, refusal) < 0)
        return -1;
    operation = operation_from(engine, mutation);
    store_begin(engine->options.store, operation);
    begin(engine, operation, json_get(mutation->body, "secrets"));
    *ret = operation;
    return 0;
}

static void end_at_once(Engine *engine, Operation *operation, OperationState state,
                        const ProviderProblem *problem)
{
    StoreEnd how = {.state = state, .now_ms = clock_now_ms()};

    how.status = problem_status(problem->code);
    how.problem = problem_text(problem, operation->op);
    end(engine, operation, &how);
}

void engine_cancel(Engine *engine, Operation *operation)
{
    ProviderProblem problem = {0};

    atomic_store(&operation->cancelled, true);
    /* Begun before this process and not looked at yet: what it did must be found out first. */
    if (operation->state != OPERATION_PENDING || operation->resumed)
        return;
    provider_problem(&problem, "CANCELLED", "not_applied", false, "cancelled before it began");
    end_at_once(engine, operation, OPERATION_CANCELLED, &problem);
}

/* Its secrets were never stored, so only its client can say them again. */
static void await_client(Engine *engine, Operation *operation)
{
    ProviderProblem problem = {0};

    provider_problem(&problem, "INTERNAL", "unknown", true,
                     "the plugin ended during the operation, and its secrets are not stored; send "
                     "the same request again");
    operation->open = true;
    engine->open_count++;
    end_at_once(engine, operation, OPERATION_FAILED, &problem);
}

void engine_resume(Engine *engine)
{
    const Map *operations = store_operations(engine->options.store);

    for (MapEntry *e = map_next(operations, NULL); e != NULL; e = map_next(operations, e)) {
        Operation *operation = e->value;
        if (operation_has_ended(operation))
            continue;
        operation->resumed = true;
        if (operation->had_secrets)
            await_client(engine, operation);
        else
            begin(engine, operation, NULL);
    }
}

bool engine_observe_begin(Engine *engine, const char *uid, const Operation **ret)
{
    Presence *presence = presence_get(engine, uid);

    if (presence->operation != NULL) {
        *ret = presence->operation;
        return false;
    }
    presence->reader_count++;
    return true;
}

void engine_observe_end(Engine *engine, const char *uid)
{
    Presence *presence = map_get(&engine->presences, uid);

    assert(presence != NULL && presence->reader_count > 0);
    if (--presence->reader_count == 0 && presence->waiting) {
        presence->waiting = false;
        start_when_alone(engine, presence->operation);
    }
    presence_drop(engine, presence);
}

void engine_read(Engine *engine, Job *job)
{
    if (!pool_submit(engine->reads, job))
        arm_urge(engine);
}
