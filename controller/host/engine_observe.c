/* Asking the providers which of the state's objects still exist. */
#include <string.h>

#include "controller/host/engine_private.h"
#include "lang/base/memory.h"

typedef struct ObserveBatch {
    Engine *engine;
    char *provider;
} ObserveBatch;

static bool outputs_differ(const Object *object, const Json *state)
{
    cleanup(json_free) Json *outputs = NULL;

    return object->outputs == NULL ||
           json_parse_own(object->outputs, strlen(object->outputs), &outputs, NULL) < 0 ||
           !json_equal(outputs, state);
}

/* What is found is not what was recorded, and the object's domain wants to hear of it. `text` keeps
 * what the event points to. */
static void observe_change(const Engine *engine, const Json *reply, Event *event, Buffer *text)
{
    const Object *object = object_find(engine->stack->runtime, event->uid);
    const Json *state = json_get(reply, "state");

    if (object == NULL || state == NULL || !object_hears_changes(object) ||
        !outputs_differ(object, state))
        return;
    json_write_canonical(text, state);
    event->changed = true;
    event->result = buffer_text(text);
    event->external_id = json_get_string(reply, "external_id", object->external_id);
}

static void observe_item(Engine *engine, const char *provider, const ProviderItem *item)
{
    const char *status = json_get_string(item->reply, "status", "error");
    cleanup(buffer_deinit) Buffer text = {0};
    Event event = {.type = EVENT_OBSERVED,
                   .now_ms = engine_now_ms(engine),
                   .uid = json_get_string(item->reply, "uid", ""),
                   .detail = json_get_string(item->reply, "reason", NULL)};

    if (strcmp(status, "error") == 0) {
        const char *reason = item->error != NULL ? item->error : event.detail;
        if (engine->observe_error == NULL)
            engine->observe_error =
                memory_format("provider %s cannot say whether an object exists: %s", provider,
                              reason != NULL ? reason : "no reason given");
        return;
    }
    event.lost = strcmp(status, "absent") == 0;
    if (!event.lost)
        observe_change(engine, item->reply, &event, &text);
    if (engine->error.code == 0 && engine_step(engine, 0, &event) && engine_commit(engine))
        engine_release(engine, &engine->steps[0]);
}

static void observed(void *context, ProviderItem *items, size_t count)
{
    ObserveBatch *batch = context;
    Engine *engine = batch->engine;

    for (size_t i = 0; i < count; i++)
        observe_item(engine, batch->provider, &items[i]);
    free(batch->provider);
    free(batch);
    if (--engine->batches == 0)
        loop_stop(engine->stack->loop);
}

Json *observe_question(const Runtime *runtime, const char *provider)
{
    Json *items = json_new_array();

    for (size_t i = 0; i < runtime->object_count; i++) {
        const Object *object = runtime->objects[i];
        if (!object->exists || strcmp(object->provider, provider) != 0 ||
            object->state == OBJECT_LEAVING || object->state == OBJECT_WANTED)
            continue;
        Json *item = json_new_object();
        json_set_string(item, "type", object->type != NULL ? object->type : "");
        json_set_string(item, "uid", object->uid);
        json_append(items, item);
    }
    return items;
}

static void observe_start(Engine *engine, const char *provider)
{
    cleanup(json_free) Json *items = observe_question(engine->stack->runtime, provider);

    if (json_count(items) == 0)
        return;
    ObserveBatch *batch = memory_zero(1, sizeof *batch);
    *batch = (ObserveBatch){engine, memory_copy_string(provider)};
    engine->batches++;
    provider_observe(engine->stack->pool, provider, items, observed, batch);
}

EngineEnd engine_observe(Engine *engine, Error *err)
{
    const char **names;
    size_t count = stack_providers(engine->stack, &names);

    for (size_t i = 0; i < count; i++)
        observe_start(engine, names[i]);
    free(names);
    while (engine->batches > 0)
        loop_run(engine->stack->loop);
    if (engine->error.code != 0) {
        *err = engine->error;
        return ENGINE_FAILED;
    }
    /* What was not waited for is no provider's fault. */
    if (engine->signal_number != 0)
        return ENGINE_INTERRUPTED;
    if (engine->timed_out)
        return ENGINE_TIMEOUT;
    if (engine->observe_error == NULL)
        return ENGINE_QUIET;
    error_set(err, ERROR_PROVIDER, "%s", engine->observe_error);
    return ENGINE_FAILED;
}
