/* ved plan: what an apply would do, touching nothing. */
#include <stdlib.h>
#include <string.h>

#include "cmd/ved/engine_end.h"
#include "cmd/ved/plan_sets.h"
#include "cmd/ved/render.h"
#include "cmd/ved/replacing.h"
#include "cmd/ved/invocation.h"
#include "controller/host/engine.h"
#include "controller/host/protection.h"
#include "lang/base/file.h"
#include "lang/base/memory.h"

static EngineEnd observe(Invocation *invocation, Error *err)
{
    EngineOptions options = {.read_only = true,
                             .timeout_ms = invocation->options->timeout_ms,
                             .max_slices = invocation->options->max_slices};
    EngineObserver observer = {.user = invocation->ui};
    cleanup(engine_free) Engine *engine = NULL;

    engine = engine_new(invocation->stack, &options, &observer);
    return engine_observe(engine, err);
}

static Json *list_json(const char *const *items, size_t count)
{
    Json *json = json_new_array();

    for (size_t i = 0; i < count; i++)
        json_append(json, json_new_string(items[i]));
    return json;
}

/* What apply is to find again, from whatever folder it is called. */
static Json *options_json(const Invocation *invocation)
{
    const Options *options = invocation->options;
    const char *bindings = invocation->stack->config->path;
    Json *json = json_new_object();

    json_set_string(json, "state", invocation->state_path);
    if (bindings != NULL) {
        cleanup(free) char *absolute = realpath(bindings, NULL);
        json_set_string(json, "bindings", absolute != NULL ? absolute : bindings);
    }
    plan_sets_put(json, invocation->stack, options);
    json_set(json, "replaces", list_json(options->replaces, options->replace_count));
    json_set(json, "providers", list_json(options->providers, options->provider_count));
    return json;
}

static int save(Invocation *invocation, const Plan *plan, Error *err)
{
    cleanup(buffer_deinit) Buffer text = {0};
    cleanup(json_free) Json *json =
        plan_json(invocation->stack, plan, invocation->stack->recovery.position);

    json_set(json, "options", options_json(invocation));
    json_set_bool(json, "destroy", invocation->options->destroy);
    json_write_pretty(&text, json);
    buffer_add_char(&text, '\n');
    return file_replace(invocation->options->out, buffer_text(&text), text.size, 0600, err);
}

/* Another program with slices half done: as apply does, those are brought to their end first. */
static int pass_on(Invocation *invocation, Error *err)
{
    if (invocation->stack->changed || invocation->stack->old_program != NULL)
        plan_settle(invocation->stack);
    return stack_evolve(invocation->stack, err);
}

static ExitReasons plan_opened(Invocation *invocation, Error *err)
{
    Ui *ui = invocation->ui;
    const Options *options = invocation->options;

    int code = invocation_connect(invocation, err);
    if (code < 0)
        return fail(ui, err);
    EngineEnd end = code == 0 ? observe(invocation, err) : ENGINE_INTERRUPTED;
    switch (end) {
    case ENGINE_QUIET:
        break;
    case ENGINE_TIMEOUT:
        engine_end_tell_timeout(ui);
        return EXIT_BIT(NOT_CONVERGED);
    case ENGINE_INTERRUPTED:
        return invocation_stopped(invocation);
    case ENGINE_FAILED:
        return fail(ui, err);
    }
    if (options->destroy && protection_check_destroy(invocation->stack, err) < 0)
        return fail(ui, err);
    if (!options->destroy &&
        (pass_on(invocation, err) < 0 ||
         replacing_predict(invocation->stack, invocation->stack->runtime, options, err) < 0))
        return fail(ui, err);
    cleanup(plan_free) Plan *plan = options->destroy
                                        ? plan_destroy(invocation->stack)
                                        : plan_apply(invocation->stack, options->max_slices, 1);
    if (plan_validate(plan, err) < 0)
        return fail(ui, err);
    if (invocation->stack->signal_number != 0)
        return invocation_stopped(invocation);
    if (options->digests)
        render_digest(ui, invocation->stack->runtime);
    render_plan(ui, plan, invocation->stack->runtime, options->destroy);
    render_plan_events(ui, plan);
    if (options->out != NULL && save(invocation, plan, err) < 0)
        return fail(ui, err);
    return options->detailed && plan_size(plan) > 0 ? EXIT_BIT(CHANGES) : 0;
}

ExitReasons verb_plan(Ui *ui, const Options *options)
{
    cleanup(invocation_close) Invocation invocation = {0};
    Error err = {0};

    if (options->arg_count > 1 || (options->arg_count == 0 && !options->destroy)) {
        error_set(&err, ERROR_USAGE, "plan: expected one program: ved plan FILE");
        return fail(ui, &err);
    }
    const char *file = options->arg_count > 0 ? options->args[0] : NULL;
    int code = options->destroy
                   ? invocation_open_state(&invocation, ui, options, file, INVOCATION_PLAN, &err)
                   : invocation_open(&invocation, ui, options, file, NULL, INVOCATION_PLAN, &err);
    if (code < 0)
        return fail(ui, &err);
    return plan_opened(&invocation, &err);
}
