/* ved get, ved state, ved show: looking at a state folder, at rest or under a running process. */
#include <stdlib.h>
#include <string.h>

#include "cmd/ved/document.h"
#include "cmd/ved/render.h"
#include "cmd/ved/invocation.h"
#include "controller/core/scheduler.h"
#include "controller/core/snapshot.h"
#include "controller/host/secrets.h"
#include "lang/base/file.h"
#include "lang/base/memory.h"
#include "lang/base/yaml.h"

#define PLAN_FILE_MAX ((size_t)256 << 20)

/* ---- as JSON ---- */

static Json *value_json(Value value)
{
    cleanup(buffer_deinit) Buffer text = {0};

    value_write_json(&text, value);
    return json_of_text(buffer_text(&text));
}

static Json *state_json(const Instance *instance)
{
    Json *json = json_new_object();

    for (size_t i = 0; i < instance->domain->field_count; i++)
        json_set(json, instance->domain->fields[i].name, value_json(instance->fields[i]));
    return json;
}

/* The goals' truths are derived: they are evaluated here, as the scheduler would, with facts as
 * they were observed last. */
static void goals_evaluate(Instance *instance)
{
    Arena arena = {0};

    for (uint32_t i = 0; i < instance->domain->goal_count; i++)
        goal_evaluate(instance, i, &arena);
    arena_deinit(&arena);
}

static const char *lifecycle(const Instance *instance)
{
    if (instance->pending != NULL)
        return "performing";
    if (instance->stopping)
        return "stopping";
    if (!instance->booted)
        return "booting";
    return mailbox_count(&instance->mailbox) > 0 || instance->run_count > 0 ? "runnable"
                                                                            : "sleeping";
}

static Json *goals_of(const Instance *instance)
{
    Json *list = json_new_array();

    for (uint32_t i = 0; i < instance->domain->goal_count; i++) {
        Json *json = json_new_object();
        json_set_string(json, "name", instance->domain->goals[i].name);
        json_set_string(json, "status", goal_status_name(goal_status(instance, i)));
        json_append(list, json);
    }
    return list;
}

static Json *domains_json(const Runtime *runtime)
{
    Json *list = json_new_array();

    for (const Instance *i = instance_first(runtime); i != NULL; i = instance_next(i)) {
        Json *json = json_new_object();
        json_set_string(json, "domain", i->domain->name);
        json_set_string(json, "key", i->key != NULL ? i->key : "");
        json_set_string(json, "lifecycle", lifecycle(i));
        json_set(json, "state", state_json(i));
        json_set(json, "goals", goals_of(i));
        json_set_int(json, "mailbox", (int64_t)mailbox_count(&i->mailbox));
        json_append(list, json);
    }
    return list;
}

static Json *goals_json(const Runtime *runtime)
{
    Json *list = json_new_array();

    for (const Instance *i = instance_first(runtime); i != NULL; i = instance_next(i))
        for (uint32_t g = 0; g < i->domain->goal_count; g++) {
            cleanup(free) char *sentence = goal_explain(i, g);
            Json *json = json_new_object();
            json_set_string(json, "domain", i->domain->name);
            if (i->key != NULL)
                json_set_string(json, "key", i->key);
            json_set_string(json, "name", i->domain->goals[g].name);
            json_set_string(json, "status", goal_status_name(goal_status(i, g)));
            json_set_int(json, "priority", i->domain->goals[g].priority);
            json_set_string(json, "predicate", i->domain->goals[g].text);
            json_set_string(json, "reason", sentence);
            json_append(list, json);
        }
    return list;
}

static Json *resources_json(const Runtime *runtime)
{
    Json *list = json_new_array();

    for (size_t i = 0; i < runtime->object_count; i++) {
        const Object *object = runtime->objects[i];
        cleanup(free) char *address = object_address(object);
        Json *json = json_new_object();
        json_set_string(json, "address", address);
        json_set_string(json, "domain", object->owner->domain->name);
        json_set_string(json, "key", object->owner->key != NULL ? object->owner->key : "");
        json_set_string(json, "effect", object->place.effect);
        json_set_string(json, "type", object->type != NULL ? object->type : "");
        json_set_string(json, "uid", object->uid);
        json_set_string(json, "provider", object->provider);
        json_set_string(json, "external_id",
                        object->external_id != NULL ? object->external_id : "");
        json_set(json, "inputs", json_of_text(object->inputs));
        json_set(json, "outputs", json_of_text(object->outputs));
        json_set_string(json, "state", object_state_name(object->state));
        json_set_int(json, "rank", (int64_t)object->rank);
        json_append(list, json);
    }
    return list;
}

static Json *message_json(const Instance *instance, const Message *message)
{
    const Program *program = instance->runtime->program;
    Json *json = json_new_object();
    Json *arguments = json_new_array();

    json_set_string(json, "domain", instance->domain->name);
    if (instance->key != NULL)
        json_set_string(json, "key", instance->key);
    json_set_int(json, "id", (int64_t)message->id);
    json_set_string(json, "kind",
                    message->kind == MESSAGE_TRANSITION ? message_kind_name(MESSAGE_NAMED)
                                                        : message_kind_name(message->kind));
    json_set_string(json, "name", message_name(instance, message));
    json_set_string(json, "from", program->domains[message->from].name);
    json_set_bool(json, "high", message->high);
    json_set_int(json, "attempts", message->attempts);
    for (size_t i = 0; i < message->argument_count; i++)
        json_append(arguments, value_json(message->arguments[i]));
    json_set(json, "arguments", arguments);
    return json;
}

static Json *mailboxes_json(const Runtime *runtime)
{
    Json *list = json_new_array();

    for (const Instance *i = instance_first(runtime); i != NULL; i = instance_next(i)) {
        const Message *message;
        for (size_t k = 0; (message = mailbox_at(&i->mailbox, k)) != NULL; k++)
            json_append(list, message_json(i, message));
    }
    return list;
}

static Json *deadletters_json(const Runtime *runtime)
{
    Json *list = json_new_array();

    for (const Instance *i = instance_first(runtime); i != NULL; i = instance_next(i))
        for (size_t k = 0; k < i->dead_letter_count; k++) {
            const DeadLetter *letter = &i->dead_letters[k];
            Json *json = message_json(i, letter->message);
            json_set_string(json, "reason", letter->reason);
            json_append(list, json);
        }
    return list;
}

static Json *effect_json(const Intent *intent)
{
    static const char *const states[] = {"executing", "recorded", "failed", "recalled"};
    static const char *const verbs[] = {"put", "action", "delete"};
    Json *json = json_new_object();

    json_set_string(json, "address", intent->address);
    json_set_string(json, "effect", intent->place.effect);
    json_set_string(json, "verb", verbs[intent->verb]);
    json_set_string(json, "op", intent->op);
    json_set_string(json, "uid", intent->uid);
    json_set_string(json, "status", states[intent->state]);
    json_set(json, "arguments", json_of_text(intent->arguments));
    return json;
}

static Json *effects_json(const Runtime *runtime)
{
    Json *list = json_new_array();

    for (const Instance *i = performing_first(runtime); i != NULL; i = performing_next(i))
        for (size_t k = 0; k < i->pending->intent_count; k++)
            json_append(list, effect_json(i->pending->intents[k]));
    for (size_t i = 0; i < runtime->object_count; i++)
        if (runtime->objects[i]->leaving != NULL)
            json_append(list, effect_json(runtime->objects[i]->leaving));
    return list;
}

static Json *facts_json(const Runtime *runtime)
{
    Arena arena = {0};
    Fact **facts;
    size_t count = facts_list(runtime, &arena, &facts);
    Json *list = json_new_array();

    for (size_t i = 0; i < count; i++) {
        Json *json = json_new_object();
        json_set_string(json, "fact", facts[i]->key);
        json_set_string(json, "provider", facts[i]->provider);
        json_set_string(json, "query", facts[i]->query);
        json_set(json, "arguments", json_of_text(facts[i]->arguments));
        json_set_string(json, "status", facts[i]->known ? "known" : "unknown");
        json_set(json, "value", facts[i]->known ? value_json(facts[i]->value) : json_new_null());
        json_set_string(json, "reason",
                        facts[i]->reason != NULL ? facts[i]->reason
                        : facts[i]->known        ? ""
                                                 : "it has not been observed yet");
        json_append(list, json);
    }
    arena_deinit(&arena);
    return list;
}

/* ---- as a table ---- */

typedef struct Kind {
    const char *name;
    Json *(*make)(const Runtime *runtime);
    const char
        *columns[DOCUMENT_COLUMNS_MAX]; /* members shown, first row their names in capitals */
} Kind;

static const Kind kinds[] = {
    {"domains", domains_json, {"domain", "lifecycle", "mailbox", "state"}},
    {"goals", goals_json, {"domain", "name", "status", "priority", "predicate"}},
    {"resources", resources_json, {"address", "effect", "state", "provider", "external_id"}},
    {"mailboxes", mailboxes_json, {"domain", "id", "kind", "name", "from", "attempts"}},
    {"effects", effects_json, {"address", "verb", "status", "op"}},
    {"facts", facts_json, {"fact", "status", "value", "reason"}},
    {"deadletters", deadletters_json, {"domain", "id", "name", "from", "reason"}},
};

static int open_at_rest(Invocation *invocation, Ui *ui, const Options *options, int args,
                        Error *err)
{
    const char *file = options->arg_count > args ? options->args[args] : NULL;

    if (invocation_open_state(invocation, ui, options, file, INVOCATION_LOOK, err) < 0)
        return err->code;
    for (Instance *i = instance_first(invocation->stack->runtime); i != NULL; i = instance_next(i))
        goals_evaluate(i);
    return 0;
}

ExitReasons verb_get(Ui *ui, const Options *options)
{
    cleanup(invocation_close) Invocation invocation = {0};
    const Kind *kind = NULL;
    Error err = {0};

    for (size_t i = 0; options->arg_count > 0 && i < ARRAY_SIZE(kinds); i++)
        if (strcmp(options->args[0], kinds[i].name) == 0)
            kind = &kinds[i];
    if (options->arg_count > 2) {
        error_set(&err, ERROR_USAGE, "get: expected at most one program: ved get KIND [FILE]");
        return fail(ui, &err);
    }
    if (kind == NULL) {
        error_set(&err, ERROR_USAGE,
                  "get: expected one of domains, goals, resources, mailboxes, effects, "
                  "facts, deadletters%s%s",
                  options->arg_count > 0 ? ", found " : "",
                  options->arg_count > 0 ? options->args[0] : "");
        return fail(ui, &err);
    }
    if (open_at_rest(&invocation, ui, options, 1, &err) < 0)
        return fail(ui, &err);
    cleanup(json_free) Json *rows = kind->make(invocation.stack->runtime);
    if (!document_print_wanted(ui, options, rows))
        document_table(ui, kind->columns, rows);
    return 0;
}

/* ---- state ---- */

static Json *snapshot_json(const Stack *stack)
{
    cleanup(buffer_deinit) Buffer text = {0};

    snapshot_write(stack->runtime, &text);
    Json *json = json_of_text(buffer_text(&text));
    json_set_string(json, "stack", stack->name);
    json_set_int(json, "position", (int64_t)stack->recovery.position);
    return json;
}

static void list_addresses(Ui *ui, const Runtime *runtime)
{
    for (size_t i = 0; i < runtime->object_count; i++) {
        cleanup(free) char *address = object_address(runtime->objects[i]);
        ui_out(ui, "%s\n", address);
    }
}

ExitReasons verb_state(Ui *ui, const Options *options)
{
    cleanup(invocation_close) Invocation invocation = {0};
    const char *what = options->arg_count > 0 ? options->args[0] : "";
    bool list = strcmp(what, "list") == 0;
    Error err = {0};

    if ((!list && strcmp(what, "show") != 0) || options->arg_count > 2) {
        error_set(&err, ERROR_USAGE,
                  "state: expected show, list, mv, verify, history, repair, restore or rekey: "
                  "ved state show [FILE]");
        return fail(ui, &err);
    }
    if (open_at_rest(&invocation, ui, options, 1, &err) < 0)
        return fail(ui, &err);
    if (list) {
        list_addresses(ui, invocation.stack->runtime);
        return 0;
    }
    cleanup(json_free) Json *json = snapshot_json(invocation.stack);
    cleanup(json_free) Json *shown = secrets_redact(json);
    document_print(ui, shown, document_is_wanted(options, "yaml"));
    return 0;
}

/* ---- show ---- */

static Json *show_state_json(const Stack *stack)
{
    Json *json = json_new_object();

    json_set_string(json, "format_version", "1.2");
    json_set_string(json, "kind", "ved.state");
    json_set_string(json, "ved_version", VED_VERSION);
    json_set_string(json, "stack", stack->name);
    json_set_string(json, "lineage", stack->runtime->lineage);
    json_set_int(json, "serial", (int64_t)stack->recovery.position);
    json_set(json, "domains", domains_json(stack->runtime));
    json_set(json, "resources", resources_json(stack->runtime));
    json_set(json, "stages", json_new_array());
    json_set(json, "effects", effects_json(stack->runtime));
    return json;
}

static void show_plan(Ui *ui, const Json *plan)
{
    const Json *changes = json_get(plan, "resource_changes");

    for (const Json *m = json_first(changes); m != NULL; m = json_next(m))
        ui_out(ui, "  %-8s %s  (%s)\n",
               json_string(json_at(json_get(json_get(m, "change"), "actions"), 0), ""),
               json_get_string(m, "address", ""), json_get_string(m, "cause", ""));
    const Json *counts = json_get(plan, "changes");
    ui_out(ui, "Plan: %lld to add, %lld to change, %lld to destroy.\n",
           (long long)json_get_int(counts, "add", 0), (long long)json_get_int(counts, "change", 0),
           (long long)json_get_int(counts, "remove", 0));
}

/* A file that is a saved plan; NULL if it is something else. */
static Json *plan_of_file(const char *file)
{
    cleanup(buffer_deinit) Buffer text = {0};
    Json *json = NULL;

    if (file_read(file, PLAN_FILE_MAX, &text, NULL) < 0 ||
        json_parse_own(buffer_text(&text), text.size, &json, NULL) < 0)
        return NULL;
    if (strcmp(json_get_string(json, "kind", ""), "ved.plan") == 0)
        return json;
    json_free(json);
    return NULL;
}

ExitReasons verb_show(Ui *ui, const Options *options)
{
    cleanup(invocation_close) Invocation invocation = {0};
    Error err = {0};

    if (options->arg_count > 1) {
        error_set(&err, ERROR_USAGE, "show: expected at most one plan or stack: ved show [PLAN]");
        return fail(ui, &err);
    }
    cleanup(json_free) Json *plan = options->arg_count == 1 ? plan_of_file(options->args[0]) : NULL;
    if (plan != NULL) {
        if (options->json)
            document_print(ui, plan, false);
        else
            show_plan(ui, plan);
        return 0;
    }
    if (open_at_rest(&invocation, ui, options, 0, &err) < 0)
        return fail(ui, &err);
    cleanup(json_free) Json *json = show_state_json(invocation.stack);
    if (options->json) {
        document_print(ui, json, false);
        return 0;
    }
    cleanup(json_free) Json *goals = goals_json(invocation.stack->runtime);
    document_table(ui, kinds[1].columns, goals);
    ui_out(ui, "\n");
    document_table(ui, kinds[2].columns, json_get(json, "resources"));
    return 0;
}
