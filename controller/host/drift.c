#include "controller/host/drift.h"

#include <string.h>

#include "controller/host/engine_private.h"
#include "controller/host/observation.h"
#include "lang/base/memory.h"

typedef struct Looking {
    Stack *stack;
    Drift *drift;
    size_t batches;
    char *error; /* the first provider that could not say */
} Looking;

typedef struct LookBatch {
    Looking *looking;
    char *provider;
} LookBatch;

/* ---- comparing ---- */

static void field_add(DriftItem *item, const char *name, const Json *recorded, const Json *observed)
{
    item->fields = memory_grow(item->fields, item->field_count + 1, sizeof *item->fields);
    item->fields[item->field_count++] =
        (DriftField){.name = memory_copy_string(name),
                     .recorded = recorded != NULL ? json_text(recorded) : NULL,
                     .observed = observed != NULL ? json_text(observed) : NULL};
}

static void compare(DriftItem *item, const Json *recorded, const Json *observed)
{
    for (const Json *m = json_first(recorded); m != NULL; m = json_next(m)) {
        const Json *now = json_get(observed, json_key(m));
        if (now == NULL || !json_equal(m, now))
            field_add(item, json_key(m), m, now);
    }
    for (const Json *m = json_first(observed); m != NULL; m = json_next(m))
        if (json_get(recorded, json_key(m)) == NULL)
            field_add(item, json_key(m), NULL, m);
}

static DriftItem *item_add(Drift *drift, const Object *object)
{
    memory_reserve_one(drift->items, drift->count, drift->capacity);
    DriftItem *item = &drift->items[drift->count++];

    *item = (DriftItem){.address = object_address(object)};
    memcpy(item->uid, object->uid, UID_SIZE);
    string_set(&item->external_id, object->external_id);
    return item;
}

static void item_deinit(DriftItem *item)
{
    for (size_t i = 0; i < item->field_count; i++) {
        free(item->fields[i].name);
        free(item->fields[i].recorded);
        free(item->fields[i].observed);
    }
    free(item->fields);
    free(item->address);
    free(item->external_id);
    free(item->reason);
}

void drift_deinit(Drift *drift)
{
    for (size_t i = 0; i < drift->count; i++)
        item_deinit(&drift->items[i]);
    free(drift->items);
    *drift = (Drift){0};
}

static void found_changed(Drift *drift, const Object *object, const Json *state)
{
    cleanup(json_free) Json *recorded = NULL;

    if (object->outputs == NULL || state == NULL ||
        json_parse_own(object->outputs, strlen(object->outputs), &recorded, NULL) < 0 ||
        json_equal(recorded, state))
        return;
    compare(item_add(drift, object), recorded, state);
}

static void found_lost(Drift *drift, const Object *object, const char *reason)
{
    DriftItem *item = item_add(drift, object);

    item->lost = true;
    string_set(&item->reason, reason != NULL ? reason : object->reason);
    drift->lost++;
}

/* ---- asking ---- */

static void look_failed(Looking *looking, const char *provider, const char *reason)
{
    if (looking->error == NULL)
        looking->error = memory_format("provider %s cannot say whether an object exists: %s",
                                       provider, reason != NULL ? reason : "no reason given");
}

static void look_take(const LookBatch *batch, const ProviderItem *item)
{
    Looking *looking = batch->looking;
    const char *status = json_get_string(item->reply, "status", "error");
    const char *reason = json_get_string(item->reply, "reason", NULL);
    const Object *object =
        object_find(looking->stack->runtime, json_get_string(item->reply, "uid", ""));

    if (strcmp(status, "error") == 0) {
        look_failed(looking, batch->provider, item->error != NULL ? item->error : reason);
        return;
    }
    if (object == NULL)
        return;
    looking->drift->observed++;
    if (strcmp(status, "absent") == 0)
        found_lost(looking->drift, object, reason);
    else
        found_changed(looking->drift, object, json_get(item->reply, "state"));
}

static void looked(void *context, ProviderItem *items, size_t count)
{
    LookBatch *batch = context;
    Looking *looking = batch->looking;

    for (size_t i = 0; i < count; i++)
        look_take(batch, &items[i]);
    free(batch->provider);
    free(batch);
    if (--looking->batches == 0)
        loop_stop(looking->stack->loop);
}

static void look_start(Looking *looking, const char *provider)
{
    cleanup(json_free) Json *items = observation_question(looking->stack->runtime, provider, NULL);

    if (json_count(items) == 0)
        return;
    LookBatch *batch = memory_zero(1, sizeof *batch);
    *batch = (LookBatch){looking, memory_copy_string(provider)};
    looking->batches++;
    provider_observe(looking->stack->pool, provider, items, looked, batch);
}

static int compare_items(const void *left, const void *right)
{
    const DriftItem *a = left, *b = right;

    return strcmp(a->address, b->address);
}

static int looking_run(Looking *looking, Error *err)
{
    bool stopped = false;

    while (looking->batches > 0) {
        loop_run(looking->stack->loop);
        if (looking->stack->signal_number == 0 || stopped)
            continue;
        provider_batches_abandon(looking->stack->pool);
        stopped = true;
    }
    if (looking->stack->signal_number != 0)
        return STACK_INTERRUPTED;
    if (looking->error != NULL)
        return error_set(err, ERROR_PROVIDER, "%s", looking->error);
    return 0;
}

int drift_observe(Stack *stack, Drift *ret, Error *err)
{
    Looking looking = {.stack = stack, .drift = ret};
    const char **names;
    size_t count = stack_providers(stack, &names);

    for (size_t i = 0; i < count; i++)
        look_start(&looking, names[i]);
    free(names);
    int code = looking_run(&looking, err);
    free(looking.error);
    if (ret->count > 0)
        qsort(ret->items, ret->count, sizeof *ret->items, compare_items);
    return code;
}

/* ---- repair ---- */

static bool tell(Engine *engine, const DriftItem *item)
{
    Event event = {.type = item->lost ? EVENT_OBSERVED : EVENT_DRIFTED,
                   .now_ms = engine_now_ms(engine),
                   .uid = item->uid,
                   .lost = item->lost,
                   .detail = item->reason};

    if (!engine_step(engine, 0, &event) || !engine_commit(engine))
        return false;
    engine_release(engine, &engine->steps[0]);
    return true;
}

EngineEnd engine_repair(Engine *engine, const Drift *drift, Error *err)
{
    for (size_t i = 0; i < drift->count; i++)
        if (!tell(engine, &drift->items[i])) {
            *err = engine->error;
            return ENGINE_FAILED;
        }
    return engine_apply(engine, err);
}
