#include "providers/sdk/store.h"

#include <assert.h>
#include <string.h>

#include "lang/base/memory.h"
#include "providers/sdk/journal.h"
#include "providers/sdk/members.h"
#include "providers/sdk/store_record.h"

#define COMPACT_SIZE ((size_t)4 << 20)
#define LOOSE_SIZE ((size_t)256 << 10) /* so much is read fast, whatever it is */

struct Store {
    Journal *journal;
    Map operations;
    Map instances;
    Map fences; /* lineage -> the highest fence, in the pointer itself */
    Buffer record;
    size_t compact_size;
    size_t
        compacted_size; /* bytes of the journal that compaction would leave, as far as is known */
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

int64_t store_fence(const Store *store, const char *lineage)
{
    return (int64_t)(intptr_t)map_get(&store->fences, lineage);
}

/* ---- what is in memory ---- */

/* The instance is not what it was made any more: its maker's answer stays as it is. */
static void maker_leave(Instance *instance)
{
    Operation *maker = instance->maker;
    Buffer answer = {0};

    if (maker == NULL)
        return;
    operation_put_answer(&answer, maker);
    maker->reply = buffer_take(&answer);
    maker->made = NULL;
    instance->maker = NULL;
}

static void instance_drop(Instance *instance)
{
    if (instance != NULL)
        maker_leave(instance);
    instance_free(instance);
}

static void instance_put_in(Store *store, Instance *instance)
{
    instance_drop(map_put(&store->instances, instance->uid, instance));
}

static void instance_forget(Store *store, const char *uid)
{
    if (uid != NULL)
        instance_drop(map_remove(&store->instances, uid));
}

static void operation_drop(Operation *operation)
{
    if (operation != NULL && operation->made != NULL)
        operation->made->maker = NULL;
    operation_free(operation);
}

/* Older journals have the answer beside the instance, or behind it, though it is the same. */
static bool is_answer(const Operation *operation, const Instance *instance)
{
    cleanup(buffer_deinit) Buffer text = {0};

    if (instance == NULL || instance->maker != NULL || operation->state != OPERATION_SUCCEEDED)
        return false;
    if (operation->reply == NULL)
        return operation->kind == OPERATION_RECONCILE;
    instance_put_representation(&text, instance, operation->op);
    return strcmp(text.bytes, operation->reply) == 0;
}

/* An end is complete: what the operation has made, if it has made anything, is in its place. */
static void operation_settle(const Store *store, Operation *operation)
{
    Instance *instance = operation->uid != NULL ? store_instance(store, operation->uid) : NULL;

    if (is_answer(operation, instance)) {
        free(take(operation->reply));
        operation->made = instance;
        instance->maker = operation;
    }
    if (!operation_may_be_repeated(operation))
        free(take(operation->request));
}

static void fence_put(Store *store, const char *lineage, int64_t fence)
{
    if (fence > store_fence(store, lineage))
        map_put(&store->fences, lineage, (void *)(intptr_t)fence);
}

/* ---- reading ---- */

static void take_begin(Store *store, StoreRecord *record)
{
    Operation *operation = take(record->operation);

    operation_drop(map_put(&store->operations, operation->op, operation));
}

/* What the record says of the end goes into the operation that has begun. */
static int take_end(Store *store, StoreRecord *record, Error *err)
{
    Operation *end = record->operation, *operation = map_get(&store->operations, end->op);
    Instance *instance = take(record->instance);

    if (operation == NULL) {
        instance_free(instance);
        return error_set(err, ERROR_STATE, "operation '%s' ended but was never begun", end->op);
    }
    free(operation->reply);
    free(operation->problem);
    operation->reply = take(end->reply);
    operation->problem = take(end->problem);
    operation->state = end->state;
    operation->status = end->status;
    operation->updated_ms = end->updated_ms;
    instance_forget(store, record->removed);
    if (instance != NULL)
        instance_put_in(store, instance);
    operation_settle(store, operation);
    return 0;
}

static void take_operation(Store *store, StoreRecord *record)
{
    Operation *operation = record->operation;
    Instance *instance = take(record->instance);

    take_begin(store, record);
    if (instance != NULL)
        instance_put_in(store, instance);
    operation_settle(store, operation);
}

static int take_record(Store *store, StoreRecord *record, Error *err)
{
    switch (record->kind) {
    case RECORD_BEGIN:
        take_begin(store, record);
        return 0;
    case RECORD_END:
        return take_end(store, record, err);
    case RECORD_OPERATION:
        take_operation(store, record);
        return 0;
    case RECORD_INSTANCE:
        if (record->instance != NULL)
            instance_put_in(store, take(record->instance));
        return 0;
    case RECORD_FENCE:
        fence_put(store, record->lineage != NULL ? record->lineage : "", record->fence);
        return 0;
    }
    return 0;
}

static int read_record(void *context, const char *text, size_t size, Error *err)
{
    cleanup(store_record_deinit) StoreRecord record = {0};
    Store *store = context;
    int code = store_record_parse(text, size, &record, err);

    if (code < 0)
        return code;
    if (record.kind != RECORD_BEGIN && record.kind != RECORD_END)
        store->compacted_size += size;
    return take_record(store, &record, err);
}

/* ---- opening and compacting ---- */

/* What compaction is about to write: instances that are nobody's answer, operations with those that
 * are, fences. */
typedef struct Compaction {
    const Store *store;
    const MapEntry *instance, *operation, *fence;
    bool instances_done, operations_done;
} Compaction;

static bool next_instance(Compaction *at, Buffer *ret)
{
    while ((at->instance = map_next(&at->store->instances, at->instance)) != NULL) {
        const Instance *instance = at->instance->value;
        if (instance->maker == NULL) {
            store_record_put_instance(ret, instance);
            return true;
        }
    }
    return false;
}

static bool next_operation(Compaction *at, Buffer *ret)
{
    at->operation = map_next(&at->store->operations, at->operation);
    if (at->operation == NULL)
        return false;
    if (operation_has_ended(at->operation->value))
        store_record_put_operation(ret, at->operation->value);
    else
        store_record_put_begin(ret, at->operation->value);
    return true;
}

static bool next_record(void *context, Buffer *ret)
{
    Compaction *at = context;

    if (!at->instances_done && next_instance(at, ret))
        return true;
    at->instances_done = true;
    if (!at->operations_done && next_operation(at, ret))
        return true;
    at->operations_done = true;
    at->fence = map_next(&at->store->fences, at->fence);
    if (at->fence == NULL)
        return false;
    store_record_put_fence(ret, at->fence->key, (int64_t)(intptr_t)at->fence->value);
    return true;
}

static void drop_expired(Store *store, int64_t now_ms)
{
    const Map *operations = &store->operations;

    for (MapEntry *e = map_next(operations, NULL); e != NULL; e = map_next(operations, e)) {
        Operation *operation = e->value;
        bool old = now_ms - operation->updated_ms > (int64_t)STORE_TTL_S * 1000;
        if (old && operation_has_ended(operation) && operation->waiters == NULL) {
            map_remove(&store->operations, operation->op);
            operation_drop(operation);
        }
    }
}

/* Write what is remembered now as a fresh journal in the place of the old one. */
static int compact(Store *store, Error *err)
{
    Compaction at = {.store = store};
    int code = journal_replace(store->journal, next_record, &at, err);

    store->compacted_size = journal_size(store->journal);
    return code;
}

/* Would the next process read much that is dead, or could be shorter? */
static bool is_loose(const Store *store)
{
    size_t size = journal_size(store->journal);
    size_t loose = size > store->compacted_size ? size - store->compacted_size : 0;

    return loose >= LOOSE_SIZE && loose >= store->compacted_size / 2;
}

static int compact_if_loose(Store *store, int64_t now_ms, Error *err)
{
    if (!is_loose(store))
        return 0;
    drop_expired(store, now_ms);
    return compact(store, err);
}

int store_open(const StoreOptions *options, Store **ret, Error *err)
{
    cleanup(free) char *path = memory_format("%s/journal.ndjson", options->data_dir);
    cleanup(store_free) Store *store = memory_zero(1, sizeof *store);

    store->compact_size = options->compact_size != 0 ? options->compact_size : COMPACT_SIZE;
    int code = journal_open(path, read_record, store, &store->journal, err);
    if (code < 0)
        return code;
    bool is_torn = code == JOURNAL_TORN_TAIL;
    if ((code = compact_if_loose(store, options->now_ms, err)) < 0)
        return code;
    *ret = take(store);
    return is_torn ? STORE_TORN_TAIL : 0;
}

int store_close(Store *store, int64_t now_ms, Error *err)
{
    int code = journal_sync(store->journal, err);

    return code < 0 ? code : compact_if_loose(store, now_ms, err);
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
    map_deinit(&store->fences);
    buffer_deinit(&store->record);
    journal_free(store->journal);
    free(store);
}

/* ---- remembering ---- */

/* An empty buffer for the next record. */
static Buffer *record_new(Store *store)
{
    buffer_reset(&store->record);
    return &store->record;
}

static void record_append(Store *store)
{
    journal_append(store->journal, store->record.bytes, store->record.size);
}

void store_begin(Store *store, Operation *operation)
{
    void *before = map_put(&store->operations, operation->op, operation);

    assert(before == NULL);
    store_record_put_begin(record_new(store), operation);
    record_append(store);
}

void store_again(Store *store, Operation *operation, int64_t now_ms)
{
    operation_move(operation, OPERATION_PENDING);
    operation->updated_ms = now_ms;
    free(take(operation->problem));
    free(take(operation->reply));
    store_record_put_begin(record_new(store), operation);
    record_append(store);
}

void store_end(Store *store, Operation *operation, const StoreEnd *end)
{
    const char *removed = end->removed ? operation->uid : end->superseded;

    operation_move(operation, end->state);
    operation_progress_forget(operation);
    operation->status = end->status;
    operation->reply = end->reply;
    operation->problem = end->problem;
    operation->updated_ms = end->now_ms;
    /* One record says how it ended and what became of the instance: never one without the other. */
    store_record_put_end(record_new(store), operation, end->instance, removed);
    record_append(store);
    instance_forget(store, removed);
    if (end->instance != NULL)
        instance_put_in(store, end->instance);
    operation_settle(store, operation);
}

void store_reshape(Instance *instance, int64_t schema_version, const Json *state)
{
    maker_leave(instance);
    free(instance->state);
    instance->state = json_text(state);
    instance->schema_version = schema_version;
    etag_of(state, instance->external_id, instance->etag);
}

void store_raise_fence(Store *store, const char *lineage, int64_t fence)
{
    if (fence <= store_fence(store, lineage))
        return;
    fence_put(store, lineage, fence);
    store_record_put_fence(record_new(store), lineage, fence);
    record_append(store);
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
    cleanup(json_free) Json *request = text_json(operation->request);
    const Json *owner = json_get(request, "owner"), *desired = json_get(request, "desired");
    Instance *instance = memory_zero(1, sizeof *instance);
    instance->type = memory_copy_string(operation->type);
    instance->uid = memory_copy_string(operation->uid);
    instance->effect = memory_copy_string(operation->effect);
    instance->owner = owner != NULL ? json_text(owner) : NULL;
    instance->desired = desired != NULL ? json_text(desired) : NULL;
    instance->partial = true;
    etag_of(NULL, NULL, instance->etag);
    instance_put_in(store, instance);
}

int store_forget_keys(Store *store, Error *err)
{
    const Map *operations = &store->operations;

    for (MapEntry *e = map_next(operations, NULL); e != NULL; e = map_next(operations, e)) {
        Operation *operation = e->value;
        keep_partial(store, operation);
        map_remove(&store->operations, operation->op);
        operation_drop(operation);
    }
    return compact(store, err);
}
