#include "cmd/ved/rows.h"

#include <string.h>

#include "cmd/ved/render.h"
#include "controller/core/crashes.h"
#include "controller/core/scheduler.h"
#include "lang/base/memory.h"

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
    if (instance_is_down(instance))
        return "down";
    if (instance->active->pending != NULL)
        return "performing";
    if (instance->stopping)
        return "stopping";
    if (!instance->booted)
        return "booting";
    return mailbox_count(&instance->active->mailbox) > 0 || instance->has->run_count > 0
               ? "runnable"
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
        json_set_int(json, "mailbox", (int64_t)mailbox_count(&i->active->mailbox));
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
        for (size_t k = 0; (message = mailbox_at(&i->active->mailbox, k)) != NULL; k++)
            json_append(list, message_json(i, message));
    }
    return list;
}

static Json *deadletters_json(const Runtime *runtime)
{
    Json *list = json_new_array();

    for (const Instance *i = instance_first(runtime); i != NULL; i = instance_next(i))
        for (size_t k = 0; k < i->has->dead_letter_count; k++) {
            const DeadLetter *letter = &i->has->dead_letters[k];
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
        for (size_t k = 0; k < i->active->pending->intent_count; k++)
            json_append(list, effect_json(i->active->pending->intents[k]));
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

/* ---- kinds ---- */

const RowKind row_kinds[ROW_KIND_COUNT] = {
    [ROWS_DOMAINS] = {"domains",
                      "domain",
                      domains_json,
                      {"domain", "lifecycle", "mailbox", "state"}},
    [ROWS_GOALS] = {"goals",
                    "goal",
                    goals_json,
                    {"domain", "name", "status", "priority", "predicate"}},
    [ROWS_RESOURCES] = {"resources",
                        "object",
                        resources_json,
                        {"address", "effect", "state", "provider", "external_id"}},
    [ROWS_MAILBOXES] = {"mailboxes",
                        "message",
                        mailboxes_json,
                        {"domain", "id", "kind", "name", "from", "attempts"}},
    [ROWS_EFFECTS] = {"effects", "effect", effects_json, {"address", "verb", "status", "op"}},
    [ROWS_FACTS] = {"facts", "fact", facts_json, {"fact", "status", "value", "reason"}},
    [ROWS_DEADLETTERS] = {"deadletters",
                          "deadletter",
                          deadletters_json,
                          {"domain", "id", "name", "from", "reason"}},
};

const RowKind *row_kind_find(const char *name)
{
    for (size_t i = 0; i < ROW_KIND_COUNT; i++)
        if (strcmp(name, row_kinds[i].name) == 0)
            return &row_kinds[i];
    return NULL;
}

void rows_prepare(Runtime *runtime)
{
    for (Instance *i = instance_first(runtime); i != NULL; i = instance_next(i))
        goals_evaluate(i);
}

Json *rows_make(const Runtime *runtime, RowKindId kind)
{
    return row_kinds[kind].make(runtime);
}
