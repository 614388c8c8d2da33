#include "cmd/ved/render_private.h"

#include <stdlib.h>
#include <string.h>

#include "controller/core/digest.h"
#include "controller/host/secrets.h"
#include "lang/base/memory.h"

#define FORMAT_VERSION "1.2"

Json *json_of_own(const char *text)
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

void render_digest(Ui *ui, const Runtime *runtime)
{
    Json *json = json_new_object();
    char digest[STATE_DIGEST_SIZE];

    state_digest(runtime, digest);
    json_set_int(json, "slices", (int64_t)runtime->logical_time);
    json_set_string(json, "digest", digest);
    ui_event(ui, "digest", "info", json, "the state after %llu slices is %s",
             (unsigned long long)runtime->logical_time, digest);
    ui_out(ui, "State after %llu slices: %s\n\n", (unsigned long long)runtime->logical_time,
           digest);
}

/* ---- goals ---- */

void render_allowed(Ui *ui, const Program *program)
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

void render_goals(Ui *ui, const Runtime *runtime)
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

/* 1 if it has not; then that is told. */
static size_t render_unbegun(Ui *ui, const Instance *instance)
{
    cleanup(free) char *sentence = instance_unbegun(instance);

    if (sentence == NULL)
        return 0;
    cleanup(free) char *clean = text_clean(sentence);
    Json *json = json_new_object();
    json_set_string(json, "domain", instance->domain->name);
    if (instance->key != NULL)
        json_set_string(json, "key", instance->key);
    ui_event(ui, "unbegun", "info", json, "%s", clean);
    if (!ui->mute)
        fprintf(stderr, "%s\n", clean);
    return 1;
}

size_t render_unmet_goals(Ui *ui, const Runtime *runtime, bool stopped)
{
    size_t count = 0;

    for (const Instance *instance = instance_first(runtime); instance != NULL;
         instance = instance_next(instance)) {
        if (instance->stopping)
            continue;
        count += render_unbegun(ui, instance);
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
            if (!ui->mute)
                fprintf(stderr, "%s\n", clean);
            count++;
        }
    }
    return count;
}

/* ---- plans ---- */

unsigned plan_size(const Plan *plan)
{
    return plan->imported + plan->add + plan->change + plan->destroy + plan->run;
}

void render_notes(Ui *ui, char *const *notes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ui_note(ui, notes[i]);
    if (count > 0 && !ui->quiet)
        ui_out(ui, "\n");
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
    json_set_int(json, "import", plan->imported);
    json_set_string(json, "operation", operation);
    return json;
}

void render_plan_events(Ui *ui, const Plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        const PlanItem *item = &plan->items[i];
        if (item->action == PLAN_NOOP)
            continue;
        const char *name = plan_words[item->action].name;
        Json *json = json_new_object(), *change = json_new_object();
        json_set(change, "resource", resource_json(item));
        json_set_string(change, "action", name);
        if (item->from != NULL)
            json_set_string(change, "previous_address", item->from);
        json_set(json, "change", change);
        json_set_string(json, "op", item->op != NULL ? item->op : "");
        if (item->cause != NULL)
            json_set_string(json, "cause", item->cause);
        if (item->after != NULL)
            json_set_string(json, "after", item->after);
        ui_event(ui, "planned_change", "info", json, "%s: Plan to %s", item->address, name);
    }
    Json *json = json_new_object();
    json_set(json, "changes", counts_json(plan, "plan"));
    ui_counts(ui, counts_json(plan, "plan"));
    ui_event(ui, "change_summary", "info", json, "Plan: %u to add, %u to change, %u to destroy.",
             plan->add, plan->change, plan->destroy);
}

/* ---- saved plans ---- */

static Json *actions_json(const PlanItem *item)
{
    const char *const *names = plan_words[item->action].actions;
    Json *list = json_new_array();

    if (names[1] != NULL && item->create_first)
        json_append(list, json_new_string(names[1]));
    json_append(list, json_new_string(names[0]));
    if (names[1] != NULL && !item->create_first)
        json_append(list, json_new_string(names[1]));
    return list;
}

static Json *replace_paths_json(const PlanItem *item)
{
    Json *list = json_new_array();

    for (size_t i = 0; i < item->force_count; i++) {
        Json *path = json_new_array();
        json_append(path, json_new_string(item->forces[i]));
        json_append(list, path);
    }
    return list;
}

static Json *change_json(const PlanItem *item)
{
    Json *json = json_new_object(), *change = json_new_object();

    json_set(change, "actions", actions_json(item));
    json_set(change, "before", json_of_text(item->before));
    json_set(change, "after", json_of_text(item->arguments));
    if (item->action == PLAN_REPLACE)
        json_set(change, "replace_paths", replace_paths_json(item));
    json_set_string(json, "address", item->address);
    if (item->from != NULL)
        json_set_string(json, "previous_address", item->from);
    json_set_string(json, "type", item->effect);
    json_set_string(json, "provider_name", item->provider);
    json_set_string(json, "module_address", item->domain);
    json_set(json, "change", change);
    json_set_string(json, "op", item->op != NULL ? item->op : "");
    json_set_string(json, "cause", item->cause != NULL ? item->cause : "");
    if (item->after != NULL)
        json_set_string(json, "after_event", item->after);
    return json;
}

static Json *stages_json(const Plan *plan)
{
    Json *stages = json_new_array();

    for (size_t i = 0; i < plan->count; i++) {
        if (plan->items[i].action == PLAN_NOOP || plan->items[i].action == PLAN_RENAME)
            continue;
        Json *stage = json_new_object();
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

/* What is asked for once more as it is, is an update in the run and none in the plan. */
static bool has_action(const Json *change, const char *action)
{
    const Json *actions = json_get(change, "actions");
    bool is_update = strcmp(action, "update") == 0;

    for (const Json *m = json_first(actions); m != NULL; m = json_next(m))
        if (strcmp(json_string(m, ""), action) == 0 ||
            (is_update && strcmp(json_string(m, ""), "no-op") == 0))
            return true;
    return false;
}

bool plan_allows(const Json *plan, const char *address, const char *action, const char *arguments)
{
    const Json *changes = json_get(plan, "resource_changes");
    cleanup(json_free) Json *found = json_of_text(arguments);

    for (const Json *m = json_first(changes); m != NULL; m = json_next(m)) {
        const Json *change = json_get(m, "change");
        if (strcmp(json_get_string(m, "address", ""), address) == 0 && has_action(change, action) &&
            (arguments == NULL || strcmp(action, "delete") == 0 ||
             fits(json_get(change, "after"), found)))
            return true;
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
