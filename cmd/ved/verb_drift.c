/* ved drift: what exists against what the state says of it. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/ved/edit_verb.h"
#include "cmd/ved/engine_end.h"
#include "cmd/ved/progress.h"
#include "cmd/ved/render.h"
#include "controller/host/drift.h"
#include "lang/base/memory.h"

/* ---- saying it ---- */

/* Without secrets and control characters. */
static char *value_text(const char *json)
{
    cleanup(json_free) Json *value = json_of_text(json);
    cleanup(free) char *text = json != NULL ? json_text(value) : memory_copy_string("(none)");

    return text_clean(text);
}

static void say_field(Ui *ui, const DriftField *field)
{
    cleanup(free) char *recorded = value_text(field->recorded);
    cleanup(free) char *observed = value_text(field->observed);

    ui_out(ui, "      %s~%s %s = %s -> %s\n", ui_color(ui, COLOR_YELLOW), ui_color(ui, COLOR_OFF),
           field->name, recorded, observed);
}

static void say_item(Ui *ui, const DriftItem *item)
{
    if (item->lost) {
        cleanup(free) char *reason = text_clean(item->reason != NULL ? item->reason : "gone");
        ui_out(ui, "  %s-%s %s is lost  (%s)\n", ui_color(ui, COLOR_RED), ui_color(ui, COLOR_OFF),
               item->address, reason);
        return;
    }
    ui_out(ui, "  %s~%s %s has changed\n", ui_color(ui, COLOR_YELLOW), ui_color(ui, COLOR_OFF),
           item->address);
    for (size_t i = 0; i < item->field_count; i++)
        say_field(ui, &item->fields[i]);
}

static Json *item_json(const DriftItem *item)
{
    Json *json = json_new_object(), *fields = json_new_array(), *resource = json_new_object();

    json_set_string(resource, "addr", item->address);
    json_set(json, "resource", resource);
    json_set_string(json, "drift", item->lost ? "lost" : "changed");
    if (item->external_id != NULL)
        json_set_string(json, "external_id", item->external_id);
    if (item->reason != NULL)
        json_set_string(json, "reason", item->reason);
    for (size_t i = 0; i < item->field_count; i++) {
        Json *field = json_new_object();
        json_set_string(field, "name", item->fields[i].name);
        json_set(field, "recorded", json_of_text(item->fields[i].recorded));
        json_set(field, "observed", json_of_text(item->fields[i].observed));
        json_append(fields, field);
    }
    json_set(json, "fields", fields);
    return json;
}

static Json *counts_json(const Drift *drift)
{
    Json *json = json_new_object();

    json_set_int(json, "lost", (int64_t)drift->lost);
    json_set_int(json, "changed", (int64_t)(drift->count - drift->lost));
    json_set_int(json, "observed", (int64_t)drift->observed);
    return json;
}

static void say_drift(Ui *ui, const Drift *drift)
{
    for (size_t i = 0; i < drift->count; i++) {
        say_item(ui, &drift->items[i]);
        ui_event(ui, "resource_drift", "info", item_json(&drift->items[i]), "%s %s",
                 drift->items[i].address, drift->items[i].lost ? "is lost" : "has changed");
    }
    ui_counts(ui, counts_json(drift));
    if (drift->count == 0)
        ui_out(ui, "No drift: %zu object%s as recorded.\n", drift->observed,
               drift->observed == 1 ? " is" : "s are");
    else
        ui_out(ui, "Drift: %zu lost, %zu changed, %zu as recorded.\n", drift->lost,
               drift->count - drift->lost, drift->observed - drift->count);
}

/* ---- repair ---- */

static ExitReasons repair_end(Invocation *invocation, Engine *engine, EngineEnd end, Error *err)
{
    Ui *ui = invocation->ui;
    const EngineCounts *counts = engine_counts(engine);
    ExitReasons reasons = end == ENGINE_FAILED ? fail(ui, err) : 0;

    if (end != ENGINE_FAILED && engine_finish(engine, err) < 0)
        reasons |= fail(ui, err);
    reasons |= engine_end_reasons(engine, end) | engine_failure_reasons(engine);
    if (counts->unknown > 0)
        reasons |= EXIT_BIT(UNKNOWN);
    return reasons;
}

static ExitReasons repair(Invocation *invocation, const Drift *drift)
{
    const Options *options = invocation->options;
    EngineOptions engine_options = {
        .max_slices = options->max_slices, .timeout_ms = options->timeout_ms, .repair_only = true};
    cleanup(progress_free) Progress *progress = progress_new(invocation->ui, invocation->stack);
    EngineObserver observer = progress_observer(progress);
    Error err = {0};

    if (edit_confirm(invocation->ui, options, &err) < 0)
        return fail(invocation->ui, &err);
    cleanup(engine_free) Engine *engine = engine_new(invocation->stack, &engine_options, &observer);
    EngineEnd end = engine_repair(engine, drift, &err);
    ExitReasons reasons = repair_end(invocation, engine, end, &err);
    if (reasons == 0)
        ui_out(invocation->ui, "Repaired: %zu object%s.\n", drift->count,
               drift->count == 1 ? "" : "s");
    else
        ui_out(invocation->ui, "Not repaired: see above; `ved drift` says what is left.\n");
    return reasons;
}

/* ---- the verb ---- */

static ExitReasons look(Invocation *invocation)
{
    const Options *options = invocation->options;
    cleanup(drift_deinit) Drift drift = {0};
    Error err = {0};
    int code = invocation_connect(invocation, &err);

    if (code == 0)
        code = drift_observe(invocation->stack, &drift, &err);
    if (code < 0)
        return fail(invocation->ui, &err);
    if (code == STACK_INTERRUPTED)
        return invocation_stopped(invocation);
    say_drift(invocation->ui, &drift);
    if (options->repair && drift.count > 0)
        return repair(invocation, &drift);
    return options->detailed && drift.count > 0 ? EXIT_BIT(CHANGES) : 0;
}

ExitReasons verb_drift(Ui *ui, const Options *options)
{
    cleanup(invocation_close) Invocation invocation = {0};
    Error err = {0};

    if (options->arg_count > 1) {
        error_set(&err, ERROR_USAGE, "drift: expected at most one program: ved drift [FILE]");
        return fail(ui, &err);
    }
    if (invocation_open_state(&invocation, ui, options,
                              options->arg_count == 1 ? options->args[0] : NULL,
                              options->repair ? INVOCATION_CHANGE : INVOCATION_PLAN, &err) < 0)
        return fail(ui, &err);
    return look(&invocation);
}
