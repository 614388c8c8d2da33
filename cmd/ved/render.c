#include "render.h"

#include <stdlib.h>
#include <string.h>

#include "controller/host/secrets.h"
#include "lang/base/memory.h"

#define FORMAT_VERSION "1.2"

static const struct {
    const char *symbol;
    const char *color;
    const char *phrase;
    const char *name;
} actions[] = {
    [PLAN_CREATE] = {"+", COLOR_GREEN, "will be created", "create"},
    [PLAN_RECREATE] = {"+", COLOR_GREEN, "will be created again", "create"},
    [PLAN_UPDATE] = {"~", COLOR_YELLOW, "will be updated in place", "update"},
    [PLAN_DESTROY] = {"-", COLOR_RED, "will be destroyed", "delete"},
    [PLAN_RUN] = {"+", COLOR_CYAN, "will be run", "run"},
    [PLAN_NOOP] = {" ", "", "is already so", "no-op"},
};

const char *plan_action_name(PlanAction action)
{
    return actions[action].name;
}

/* ---- values ---- */

/* With its secrets. */
static Json *json_of_own(const char *text)
{
    Json *json = NULL;

    if (text == NULL || json_parse_own(text, strlen(text), &json, NULL) < 0)
        return json_new_null();
    return json;
}

Json *json_of_text(const char *text)
{
    cleanup(json_free) Json *json = json_of_own(text);

    return secrets_redact(json);
}

static void render_value(Buffer *text, const Json *value, int indent);

static void render_object(Buffer *text, const Json *object, int indent)
{
    buffer_add_string(text, "{\n");
    for (const Json *m = json_first(object); m != NULL; m = json_next(m)) {
        buffer_add_format(text, "%*s%s = ", indent + 4, "", json_key(m));
        render_value(text, m, indent + 4);
        buffer_add_char(text, '\n');
    }
    buffer_add_format(text, "%*s}", indent, "");
}

static void render_value(Buffer *text, const Json *value, int indent)
{
    if (json_get(value, "$unknown") != NULL)
        buffer_add_string(text, "(known after apply)");
    else if (json_is_object(value) && json_count(value) > 0)
        render_object(text, value, indent);
    else
        json_write(text, value);
}

static void render_shown(Buffer *text, const Json *value)
{
    cleanup(json_free) Json *shown = secrets_redact(value);

    render_value(text, shown, 6);
}

static void render_attributes(Ui *ui, const PlanItem *item)
{
    cleanup(json_free) Json *json = json_of_own(item->arguments);
    cleanup(json_free) Json *before = json_of_own(item->before);
    const char *symbol = item->action == PLAN_UPDATE ? "~" : actions[item->action].symbol;

    for (const Json *m = json_first(json); m != NULL; m = json_next(m)) {
        cleanup(buffer_deinit) Buffer text = {0};
        const Json *old = json_get(before, json_key(m));
        if (old != NULL && json_equal(old, m))
            continue;
        if (old != NULL) {
            render_shown(&text, old);
            buffer_add_string(&text, " -> ");
        }
        render_shown(&text, m);
        ui_out(ui, "      %s %s = %s\n", symbol, json_key(m), buffer_text(&text));
    }
}

static void render_cause(Ui *ui, const PlanItem *item)
{
    if (item->cause == NULL)
        return;
    ui_out(ui, "  # (%s%s%s)\n", item->cause, item->after != NULL ? "; after " : "",
           item->after != NULL ? item->after : "");
}

static void render_item(Ui *ui, const PlanItem *item)
{
    const char *color = ui_color(ui, actions[item->action].color);
    const char *off = ui_color(ui, COLOR_OFF);
    cleanup(free) char *reason = text_clean(item->reason != NULL ? item->reason : "");

    if (ui->summary) {
        ui_out(ui, "  %s%s%s %s %s\n", color, actions[item->action].symbol, off, item->address,
               actions[item->action].phrase);
        return;
    }
    ui_out(ui, "  # %s%s%s %s%s%s\n", ui_color(ui, COLOR_BOLD), item->address, off,
           actions[item->action].phrase, reason[0] != '\0' ? ": " : "", reason);
    render_cause(ui, item);
    ui_out(ui, "  %s%s%s %s.%s\n", color, actions[item->action].symbol, off, item->provider,
           item->effect);
    render_attributes(ui, item);
    ui_out(ui, "\n");
}

/* ---- goals ---- */

/* What the program's author has silenced, and why. */
static void render_allowed(Ui *ui, const Program *program)
{
    for (size_t i = 0; i < program->allow_count; i++) {
        const ProgramAllow *allow = &program->allows[i];
        SourcePlace place = source_place(&program->source, allow->span.start);
        if (i == 0)
            ui_out(ui, "Allowed by the program:\n");
        ui_out(ui, "  %s at %s:%u: %s\n", allow->code, place.file, place.line,
               allow->reason != NULL ? allow->reason : "no reason given");
    }
    if (program->allow_count > 0)
        ui_out(ui, "\n");
}

static void render_goals(Ui *ui, const Runtime *runtime)
{
    ui_out(ui, "Goals after that:\n");
    for (const Instance *i = instance_first(runtime); i != NULL; i = instance_next(i)) {
        cleanup(free) char *label = instance_label(i);
        if (i->stopping)
            continue; /* its goals are served no more */
        for (uint32_t g = 0; g < i->domain->goal_count; g++) {
            GoalStatus status = goal_status(i, g);
            cleanup(free) char *sentence = goal_explain(i, g);
            ui_out(ui, "  %s.%s  %s", label, i->domain->goals[g].name,
                   status == GOAL_UNKNOWN ? "(known after apply)" : goal_status_name(status));
            ui_out(ui, status == GOAL_MET ? "\n" : ": %s\n", sentence);
        }
    }
    ui_out(ui, "\n");
}

/* What a run that was stopped had not come to has no cause but that. */
static char *goal_sentence(const Instance *instance, uint32_t goal, bool stopped)
{
    GoalStatus status = goal_status(instance, goal);

    if (!stopped || (status != GOAL_UNMET && status != GOAL_BLOCKED))
        return goal_explain(instance, goal);
    cleanup(free) char *label = instance_label(instance);
    return memory_format("goal %s.%s is not met yet: the run was stopped", label,
                         instance->domain->goals[goal].name);
}

size_t render_unmet_goals(Ui *ui, const Runtime *runtime, bool stopped)
{
    size_t count = 0;

    for (const Instance *instance = instance_first(runtime); instance != NULL;
         instance = instance_next(instance)) {
        if (instance->stopping)
            continue;
        for (uint32_t g = 0; g < instance->domain->goal_count; g++) {
            GoalStatus status = goal_status(instance, g);
            bool background = instance->domain->goals[g].priority == 0;
            Json *json = json_new_object();
            cleanup(free) char *sentence = goal_sentence(instance, g, stopped);
            cleanup(free) char *clean = text_clean(sentence);
            json_set_string(json, "domain", instance->domain->name);
            if (instance->key != NULL)
                json_set_string(json, "key", instance->key);
            json_set_string(json, "goal", instance->domain->goals[g].name);
            json_set_string(json, "status", goal_status_name(status));
            ui_event(ui, "goal", "info", json, "%s", clean);
            if (status == GOAL_MET || background)
                continue;
            if (!ui->json)
                fprintf(stderr, "%s\n", clean);
            count++;
        }
    }
    return count;
}

/* ---- plans ---- */

static void render_destroys_again(Ui *ui, const Plan *plan)
{
    if (plan->destroy == 0)
        return;
    ui_out(ui, "Destroys and replacements:\n");
    for (size_t i = 0; i < plan->count; i++)
        if (plan->items[i].action == PLAN_DESTROY)
            ui_out(ui, "  -   %s\n", plan->items[i].address);
    ui_out(ui, "\n");
}

static void render_summary(Ui *ui, const Plan *plan)
{
    if (plan->add + plan->change + plan->destroy + plan->run == 0) {
        ui_out(ui, "No changes. Your infrastructure matches the configuration.\n");
        return;
    }
    ui_out(ui, "Plan: %u to add, %u to change, %u to destroy", plan->add, plan->change,
           plan->destroy);
    if (plan->run > 0)
        ui_out(ui, ", %u to run", plan->run);
    ui_out(ui, ".\n");
}

void render_plan(Ui *ui, const Plan *plan, const Runtime *predicted, bool destroy)
{
    unsigned total = plan->add + plan->change + plan->destroy + plan->run;

    if (total > 0 && !ui->quiet)
        ui_out(ui, "Ved will perform the following effects, in this order:\n\n");
    for (size_t i = 0; i < plan->count && !ui->quiet; i++)
        if (plan->items[i].action != PLAN_NOOP)
            render_item(ui, &plan->items[i]);
    if (ui->summary && total > 0)
        ui_out(ui, "\n");
    if (!destroy && !ui->quiet) {
        render_goals(ui, predicted);
        render_allowed(ui, predicted->program);
    }
    for (size_t i = 0; i < plan->note_count; i++)
        ui_out(ui, "Note: %s\n", plan->notes[i]);
    if (plan->note_count > 0)
        ui_out(ui, "\n");
    render_destroys_again(ui, plan);
    render_summary(ui, plan);
}

static Json *resource_json(const PlanItem *item)
{
    Json *json = json_new_object();

    json_set_string(json, "addr", item->address);
    json_set_string(json, "module", item->domain);
    json_set_string(json, "resource", item->address);
    json_set_string(json, "resource_type", item->effect);
    json_set_string(json, "resource_name", item->address);
    json_set_string(json, "provider", item->provider);
    return json;
}

static Json *counts_json(const Plan *plan, const char *operation)
{
    Json *json = json_new_object();

    json_set_int(json, "add", plan->add);
    json_set_int(json, "change", plan->change);
    json_set_int(json, "remove", plan->destroy);
    json_set_int(json, "run", plan->run);
    json_set_string(json, "operation", operation);
    return json;
}

void render_plan_events(Ui *ui, const Plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        const PlanItem *item = &plan->items[i];
        if (item->action == PLAN_NOOP)
            continue;
        Json *json = json_new_object(), *change = json_new_object();
        json_set(change, "resource", resource_json(item));
        json_set_string(change, "action", actions[item->action].name);
        json_set(json, "change", change);
        json_set_string(json, "op", item->op);
        if (item->cause != NULL)
            json_set_string(json, "cause", item->cause);
        if (item->after != NULL)
            json_set_string(json, "after", item->after);
        ui_event(ui, "planned_change", "info", json, "%s: Plan to %s", item->address,
                 actions[item->action].name);
    }
    Json *json = json_new_object();
    json_set(json, "changes", counts_json(plan, "plan"));
    ui_counts(ui, counts_json(plan, "plan"));
    ui_event(ui, "change_summary", "info", json, "Plan: %u to add, %u to change, %u to destroy.",
             plan->add, plan->change, plan->destroy);
}

/* ---- saved plans ---- */

static Json *change_json(const PlanItem *item)
{
    Json *json = json_new_object(), *change = json_new_object(), *list = json_new_array();

    json_append(list, json_new_string(actions[item->action].name));
    json_set(change, "actions", list);
    json_set(change, "before", json_of_text(item->before));
    json_set(change, "after", json_of_text(item->arguments));
    json_set_string(json, "address", item->address);
    json_set_string(json, "type", item->effect);
    json_set_string(json, "provider_name", item->provider);
    json_set_string(json, "module_address", item->domain);
    json_set(json, "change", change);
    json_set_string(json, "op", item->op);
    json_set_string(json, "cause", item->cause != NULL ? item->cause : "");
    if (item->after != NULL)
        json_set_string(json, "after_event", item->after);
    return json;
}

static Json *stages_json(const Plan *plan)
{
    Json *stages = json_new_array();

    for (size_t i = 0; i < plan->count; i++) {
        Json *stage = json_new_object();
        if (plan->items[i].action == PLAN_NOOP) {
            json_free(stage);
            continue;
        }
        json_set_int(stage, "stage", (int64_t)i + 1);
        json_set_string(stage, "address", plan->items[i].address);
        json_append(stages, stage);
    }
    return stages;
}

Json *plan_json(const Stack *stack, const Plan *plan, uint64_t position)
{
    Json *json = json_new_object(), *changes = json_new_array();

    for (size_t i = 0; i < plan->count; i++)
        json_append(changes, change_json(&plan->items[i]));
    json_set_string(json, "format_version", FORMAT_VERSION);
    json_set_string(json, "kind", "ved.plan");
    json_set_string(json, "ved_version", VED_VERSION);
    json_set_string(json, "stack", stack->name);
    json_set_string(json, "state", stack->state_path);
    json_set_string(json, "lineage", stack->dir != NULL ? stack->runtime->lineage : "");
    json_set_int(json, "serial", (int64_t)position);
    json_set_string(json, "program_digest", stack->program->digest);
    json_set_string(json, "digest", stack->digest);
    json_set_string(json, "file", stack->program->source.name);
    json_set_string(json, "program", stack->program->source.text);
    json_set(json, "resource_changes", changes);
    json_set(json, "stages", stages_json(plan));
    json_set(json, "changes", counts_json(plan, "plan"));
    return json;
}

/* What was unknown when planning may be anything now; the rest must be as planned. */
static bool fits(const Json *planned, const Json *found)
{
    if (json_get(planned, "$unknown") != NULL)
        return true;
    if (!json_is_object(planned) || !json_is_object(found))
        return json_equal(planned, found);
    if (json_count(planned) != json_count(found))
        return false;
    for (const Json *m = json_first(planned); m != NULL; m = json_next(m))
        if (!fits(m, json_get(found, json_key(m))))
            return false;
    return true;
}

bool plan_allows(const Json *plan, const char *address, const char *action, const char *arguments)
{
    const Json *changes = json_get(plan, "resource_changes");
    cleanup(json_free) Json *found = json_of_text(arguments);

    for (const Json *m = json_first(changes); m != NULL; m = json_next(m)) {
        const Json *change = json_get(m, "change");
        if (strcmp(json_get_string(m, "address", ""), address) == 0 &&
            strcmp(json_string(json_at(json_get(change, "actions"), 0), ""), action) == 0)
            return arguments == NULL || strcmp(action, "delete") == 0 ||
                   fits(json_get(change, "after"), found);
    }
    return false;
}

/* ---- reach ---- */

void render_reach(Ui *ui, const Runtime *runtime)
{
    bool any = false;

    if (ui->quiet)
        return;
    for (size_t i = 0; i < runtime->object_count; i++) {
        const Object *object = runtime->objects[i];
        cleanup(json_free) Json *outputs = json_of_text(object->outputs);
        const char *url = json_get_string(outputs, "url", NULL);
        if (url == NULL || object->state != OBJECT_READY)
            continue;
        cleanup(free) char *address = object_address(object);
        cleanup(free) char *clean = text_clean(url);
        ui_out(ui, "%s  %s\n  %s\n", any ? "" : "Reach it at:\n", address, clean);
        any = true;
    }
    if (any)
        ui_out(ui, "\n");
}
