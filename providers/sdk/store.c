#include "providers/sdk/store.h"

#include <assert.h>
#include <string.h>

#include "lang/base/memory.h"
#include "providers/sdk/journal.h"

#define COMPACT_SIZE ((size_t)4 << 20)

struct Store {
    Journal *journal;
    Map operations;
    Map instances;
    size_t compact_size;
    size_t compacted_size; /* of the file after the last compaction */
};

Operation *store_operation(const Store *store, const char *op)
{
    return map_get(&store->operations, op);
}

Instance *store_instance(const Store *store, const char *uid)
{
    return map_get(&store->instances, uid);
}

const Map *store_operations(const Store *store)
{
    return &store->operations;
}

const Map *store_instances(const Store *store)
{
    return &store->instances;
}

static void put_instance(Store *store, Instance *instance)
{
    instance_free(map_put(&store->instances, instance->uid, instance));
}

static void set_nested(Json *record, const char *key, const Json *value)
{
    if (value == NULL)
        return;
    cleanup(free) char *text = json_text(value);
    json_set_string(record, key, text);
}

/* 0 with `*ret` NULL if the member is not there. */
static int get_nested(const Json *record, const char *key, Json **ret, Error *err)
{
    const char *text = json_get_string(record, key, NULL);

    *ret = NULL;
    if (text != NULL && json_parse(text, strlen(text), ret, err) < 0)
        return error_wrap(err, "member '%s'", key);
    return 0;
}

static void set_text(Json *record, const char *key, const char *text)
{
    if (text != NULL)
        json_set_string(record, key, text);
}

static Json *begin_record(const Operation *operation)
{
    Json *record = json_new_object();

    json_set_string(record, "record", "begin");
    set_text(record, "op", operation->op);
    set_text(record, "client", operation->client);
    set_text(record, "digest", operation->digest);
    json_set_string(record, "kind", operation_kind_name(operation->kind));
    set_text(record, "type", operation->type);
    set_text(record, "uid", operation->uid);
    set_text(record, "effect", operation->effect);
    set_text(record, "address", operation_address(operation));
    json_set_bool(record, "secrets", operation->had_secrets);
    json_set_int(record, "at_ms", operation->created_ms);
    set_nested(record, "request", operation->request);
    return record;
}

static Json *end_record(const Operation *operation)
{
    Json *record = json_new_object();

    json_set_string(record, "record", "end");
    json_set_string(record, "op", operation->op);
    json_set_string(record, "state", operation_state_name(operation->state));
    json_set_int(record, "status", operation->status);
    json_set_int(record, "at_ms", operation->updated_ms);
    set_nested(record, "reply", operation->reply);
    set_nested(record, "problem", operation->problem);
    return record;
}

static Json *instance_record(const Instance *instance)
{
    Json *record = json_new_object();
    cleanup(json_free) Json *json = instance_json(instance);

    json_set_string(record, "record", "instance");
    set_nested(record, "instance", json);
    return record;
}

static char *copy_member(const Json *record, const char *key)
{
    const char *text = json_get_string(record, key, NULL);

    return text != NULL ? memory_copy_string(text) : NULL;
}

static int read_begin(Store *store, const Json *record, Error *err)
{
    const char *op = json_get_string(record, "op", "");
    Json *request = NULL;
    OperationKind kind;

    if (!operation_kind_parse(json_get_string(record, "kind", ""), &kind))
        return error_set(err, ERROR_STATE, "operation '%s': kind '%s' is not known", op,
                         json_get_string(record, "kind", ""));
    if (get_nested(record, "request", &request, err) < 0)
        return ERROR_STATE;
    Operation *operation = operation_new(op, kind, request);
    operation->client = copy_member(record, "client");
    operation->digest = copy_member(record, "digest");
    operation->type = copy_member(record, "type");
    operation->uid = copy_member(record, "uid");
    operation->effect = copy_member(record, "effect");
    operation->had_secrets = json_get_bool(record, "secrets", false);
    operation->created_ms = operation->updated_ms = json_get_int(record, "at_ms", 0);
    operation_free(map_put(&store->operations, op, operation));
    if (operation->digest == NULL || operation->type == NULL)
        return error_set(err, ERROR_STATE, "operation '%s' has no digest or no type", op);
    return 0;
}

static OperationState ended_state(const char *name)
{
    for (OperationState s = OPERATION_PENDING; s <= OPERATION_UNKNOWN; s++)
        if (strcmp(operation_state_name(s), name) == 0)
            return s;
    return OPERATION_UNKNOWN;
}

static int read_instance(Store *store, const Json *record, Error *err)
{
    cleanup(json_free) Json *json = NULL;
    Instance *instance = NULL;

    if (get_nested(record, "instance", &json, err) < 0)
        return ERROR_STATE;
    if (json == NULL)
        return 0;
    if (instance_parse(json, &instance, err) < 0)
        return ERROR_STATE;
    put_instance(store, instance);
    return 0;
}

static void forget_instance(Store *store, const char *uid)
{
    instance_free(map_remove(&store->instances, uid));
}

static int read_end(Store *store, const Json *record, Error *err)
{
    const char *op = json_get_string(record, "op", "");
    const char *removed = json_get_string(record, "removed", NULL);
    Operation *operation = map_get(&store->operations, op);

    if (operation == NULL)
        return error_set(err, ERROR_STATE, "operation '%s' ended but was never begun", op);
    json_free(take(operation->reply));
    json_free(take(operation->problem));
    if (get_nested(record, "reply", &operation->reply, err) < 0 ||
        get_nested(record, "problem", &operation->problem, err) < 0)
        return ERROR_STATE;
    operation->state = ended_state(json_get_string(record, "state", ""));
    operation->status = (int)json_get_int(record, "status", 500);
    operation->updated_ms = json_get_int(record, "at_ms", 0);
    if (removed != NULL)
        forget_instance(store, removed);
    return read_instance(store, record, err);
}

static int read_record(void *context, const Json *record, Error *err)
{
    const char *what = json_get_string(record, "record", "");
    Store *store = context;

    if (strcmp(what, "begin") == 0)
        return read_begin(store, record, err);
    if (strcmp(what, "end") == 0)
        return read_end(store, record, err);
    if (strcmp(what, "instance") == 0)
        return read_instance(store, record, err);
    return error_set(err, ERROR_STATE,
                     "record '%s' is not known; is this plugin older than its data?", what);
}

int store_open(const StoreOptions *options, Store **ret, Error *err)
{
    cleanup(free) char *path = memory_format("%s/journal.ndjson", options->data_dir);
    cleanup(store_free) Store *store = memory_zero(1, sizeof *store);

    store->compact_size = options->compact_size != 0 ? options->compact_size : COMPACT_SIZE;
    int code = journal_open(path, read_record, store, &store->journal, err);
    if (code < 0)
        return code;
    *ret = take(store);
    return code == JOURNAL_TORN_TAIL ? STORE_TORN_TAIL : 0;
}

void store_free(Store *store)
{
    if (store == NULL)
        return;
    for (MapEntry *e = map_next(&store->operations, NULL); e; e = map_next(&store->operations, e))
        operation_free(e->value);
    for (MapEntry *e = map_next(&store->instances, NULL); e; e = map_next(&store->instances, e))
        instance_free(e->value);
    map_deinit(&store->operations);
    map_deinit(&store->instances);
    journal_free(store->journal);
    free(store);
}

static void append(Store *store, Json *record)
{
    journal_append(store->journal, record);
    json_free(record);
}

void store_begin(Store *store, Operation *operation)
{
    void *before = map_put(&store->operations, operation->op, operation);

    assert(before == NULL);
    append(store, begin_record(operation));
}

void store_again(Store *store, Operation *operation, int64_t now_ms)
{
    operation_move(operation, OPERATION_PENDING);
    operation->updated_ms = now_ms;
    json_free(take(operation->problem));
    json_free(take(operation->reply));
    append(store, begin_record(operation));
}

void store_end(Store *store, Operation *operation, const StoreEnd *end)
{
    operation_move(operation, end->state);
    operation->status = end->status;
    operation->reply = end->reply;
    operation->problem = end->problem;
    operation->updated_ms = end->now_ms;
    /* One record says how it ended and what became of the instance: never one without the other. */
    Json *record = end_record(operation);
    if (end->instance != NULL) {
        cleanup(json_free) Json *json = instance_json(end->instance);
        set_nested(record, "instance", json);
        put_instance(store, end->instance);
    }
    if (end->removed) {
        json_set_string(record, "removed", operation->uid);
        forget_instance(store, operation->uid);
    }
    if (end->superseded != NULL) {
        json_set_string(record, "removed", end->superseded);
        forget_instance(store, end->superseded);
    }
    append(store, record);
}

static void encode(Buffer *lines, Json *record)
{
    journal_encode(lines, record);
    json_free(record);
}

static void drop_expired(Store *store, int64_t now_ms)
{
    const Map *operations = &store->operations;

    for (MapEntry *e = map_next(operations, NULL); e != NULL; e = map_next(operations, e)) {
        Operation *operation = e->value;
        bool old = now_ms - operation->updated_ms > (int64_t)STORE_TTL_S * 1000;
        if (old && operation_has_ended(operation) && operation->waiters == NULL) {
            map_remove(&store->operations, operation->op);
            operation_free(operation);
        }
    }
}

/* Write what is remembered now as a fresh journal in the place of the old one. */
static int compact(Store *store, Error *err)
{
    cleanup(buffer_deinit) Buffer lines = {0};
    const Map *operations = &store->operations, *instances = &store->instances;

    for (MapEntry *e = map_next(instances, NULL); e != NULL; e = map_next(instances, e))
        encode(&lines, instance_record(e->value));
    for (MapEntry *e = map_next(operations, NULL); e != NULL; e = map_next(operations, e)) {
        encode(&lines, begin_record(e->value));
        if (operation_has_ended(e->value))
            encode(&lines, end_record(e->value));
    }
    int code = journal_replace(store->journal, &lines, err);
    store->compacted_size = lines.size;
    return code;
}

int store_sync(Store *store, int64_t now_ms, Error *err)
{
    int code = journal_sync(store->journal, err);
    size_t size = journal_size(store->journal);

    if (code < 0)
        return code;
    if (size < store->compact_size || size < 2 * store->compacted_size)
        return 0;
    drop_expired(store, now_ms);
    return compact(store, err);
}

/* The trace that an unfinished creation leaves when its key is forgotten. */
static void keep_partial(Store *store, const Operation *operation)
{
    if (operation->kind != OPERATION_RECONCILE || operation_has_ended(operation) ||
        store_instance(store, operation->uid) != NULL)
        return;
    Instance *instance = memory_zero(1, sizeof *instance);
    instance->type = memory_copy_string(operation->type);
    instance->uid = memory_copy_string(operation->uid);
    instance->effect = memory_copy_string(operation->effect);
    instance->owner = json_copy(json_get(operation->request, "owner"));
    instance->desired = json_copy(json_get(operation->request, "desired"));
    instance->partial = true;
    etag_of(NULL, NULL, instance->etag);
    put_instance(store, instance);
}

int store_forget_keys(Store *store, Error *err)
{
    const Map *operations = &store->operations;

    for (MapEntry *e = map_next(operations, NULL); e != NULL; e = map_next(operations, e)) {
        Operation *operation = e->value;
        keep_partial(store, operation);
        map_remove(&store->operations, operation->op);
        operation_free(operation);
    }
    return compact(store, err);
}
