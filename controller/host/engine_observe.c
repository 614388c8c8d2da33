/* Asking the providers which of the state's objects still exist. */
#include <string.h>

#include "controller/host/engine_private.h"
#include "controller/host/observation.h"
#include "lang/base/memory.h"

typedef struct ObserveBatch {
    Engine *engine;
    char *provider;
} ObserveBatch;

static void trouble_note(Engine *engine, const char *provider, const char *reason)
{
    if (engine->observe_error == NULL)
        engine->observe_error =
            memory_format("provider %s cannot say whether an object exists: %s", provider, reason);
}

/* What is there, but not as it was recorded, is made so again by `ved drift --repair` and by a
 * controller; a run only tells the domain, if that wants to hear of it. */
static void observe_item(Engine *engine, const char *provider, const ProviderItem *item)
{
    cleanup(observation_deinit) Observation observation;
    const char *trouble = NULL;

    switch (observation_read(engine->stack->runtime, item, &observation, &trouble)) {
    case OBSERVATION_SAME:
        return;
    case OBSERVATION_TROUBLE:
        trouble_note(engine, provider, trouble);
        return;
    case OBSERVATION_OTHER:
        if (!observation.is_heard)
            return;
        break;
    case OBSERVATION_GONE:
    case OBSERVATION_BACK:
        break;
    }
    Event event = observation_event(&observation);
    event.now_ms = engine_now_ms(engine);
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

static void observe_start(Engine *engine, const char *provider)
{
    cleanup(json_free) Json *items = observation_question(engine->stack->runtime, provider, NULL);

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
