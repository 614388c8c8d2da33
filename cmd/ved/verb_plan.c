/* ved plan: what an apply would do, touching nothing. */
#include <stdlib.h>
#include <string.h>

#include "cmd/ved/render.h"
#include "cmd/ved/session.h"
#include "controller/host/engine.h"
#include "lang/base/file.h"
#include "lang/base/memory.h"

static int observe(Session *session, Error *err)
{
    EngineOptions options = {.read_only = true, .max_slices = session->options->max_slices};
    EngineObserver observer = {.user = session->ui};
    cleanup(engine_free) Engine *engine = NULL;

    engine = engine_new(session->stack, &options, &observer);
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
static Json *options_json(const Session *session)
{
    const Options *options = session->options;
    const char *bindings = session->stack->config->path;
    Json *json = json_new_object();

    json_set_string(json, "state", session->state_path);
    if (bindings != NULL) {
        cleanup(free) char *absolute = realpath(bindings, NULL);
        json_set_string(json, "bindings", absolute != NULL ? absolute : bindings);
    }
    json_set(json, "sets", list_json(options->sets, options->set_count));
    json_set(json, "providers", list_json(options->providers, options->provider_count));
    return json;
}

static int save(Session *session, const Plan *plan, Error *err)
{
    cleanup(buffer_deinit) Buffer text = {0};
    cleanup(json_free) Json *json =
        plan_json(session->stack, plan, session->stack->recovery.position);

    json_set(json, "options", options_json(session));
    json_set_bool(json, "destroy", session->options->destroy);
    json_write_pretty(&text, json);
    buffer_add_char(&text, '\n');
    return file_replace(session->options->out, buffer_text(&text), text.size, 0600, err);
}

/* Another program with slices half done: as apply does, those are brought to their end first. */
static int pass_on(Session *session, Error *err)
{
    if (session->stack->changed || session->stack->old_program != NULL)
        plan_settle(session->stack);
    return stack_evolve(session->stack, err);
}

static ExitReasons plan_opened(Session *session, Error *err)
{
    Ui *ui = session->ui;
    const Options *options = session->options;

    int code = session_connect(session, err);
    if (code == 0)
        code = observe(session, err);
    if (code != 0)
        return code < 0 ? fail(ui, err) : session_stopped(session);
    if (!options->destroy && pass_on(session, err) < 0)
        return fail(ui, err);
    cleanup(plan_free) Plan *plan = options->destroy
                                        ? plan_destroy(session->stack)
                                        : plan_apply(session->stack, options->max_slices, 1);
    if (session->stack->pool != NULL && plan_validate(session->stack, plan, err) < 0)
        return fail(ui, err);
    if (session->stack->signal_number != 0)
        return session_stopped(session);
    render_plan(ui, plan, session->stack->runtime, options->destroy);
    render_plan_events(ui, plan);
    if (options->out != NULL && save(session, plan, err) < 0)
        return fail(ui, err);
    bool pending = plan->add + plan->change + plan->destroy + plan->run > 0;
    return options->detailed && pending ? EXIT_BIT(CHANGES) : 0;
}

ExitReasons verb_plan(Ui *ui, const Options *options)
{
    cleanup(session_close) Session session = {0};
    Error err = {0};

    if (options->arg_count > 1 || (options->arg_count == 0 && !options->destroy)) {
        error_set(&err, ERROR_USAGE, "plan: expected one program: ved plan FILE");
        return fail(ui, &err);
    }
    const char *file = options->arg_count > 0 ? options->args[0] : NULL;
    int code = options->destroy
                   ? session_open_state(&session, ui, options, file, SESSION_PLAN, &err)
                   : session_open(&session, ui, options, file, NULL, SESSION_PLAN, &err);
    if (code < 0)
        return fail(ui, &err);
    return plan_opened(&session, &err);
}
