/* Records as JSON text and back. Everything is named – domains, fields, transitions, events –, so
 * that a journal reads well and survives a recompiled program. */
#include <assert.h>
#include <string.h>

#include "controller/core/record.h"
#include "lang/base/memory.h"

static const char *const record_names[] = {
#define RECORD(name, text) text,
#include "controller/core/record.def"
#undef RECORD
};

static const char *const cause_names[] = {"boot", "goal", "message", "run", "fallback", "repair"};
static const char *const verb_names[] = {"put", "action", "delete"};
static const char *const outcome_names[] = {"open", "applied", "failed", "recalled"};
static const char *const state_names[] = {"wanted", "ready", "lost", "left", "leaving"};

const char *record_type_name(RecordType type)
{
    return record_names[type];
}

const char *object_state_name(ObjectState state)
{
    return state_names[state];
}

static int name_find(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (name != NULL && strcmp(names[i], name) == 0)
            return (int)i;
    return -1;
}

int object_state_find(const char *name)
{
    return name_find(state_names, ARRAY_SIZE(state_names), name);
}

void member_encode(Buffer *ret, const char *key, const char *text)
{
    if (text == NULL)
        return;
    buffer_add_format(ret, ",\"%s\":", key);
    json_put_string(ret, text);
}

static void member_encode_json(Buffer *ret, const char *key, const char *json)
{
    if (json != NULL)
        buffer_add_format(ret, ",\"%s\":%s", key, json);
}

static void member_encode_number(Buffer *ret, const char *key, uint64_t number)
{
    buffer_add_format(ret, ",\"%s\":", key);
    buffer_add_unsigned(ret, number);
}

void values_encode(const Value *values, size_t count, Buffer *ret)
{
    buffer_add_char(ret, '[');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buffer_add_char(ret, ',');
        value_encode(ret, values[i]);
    }
    buffer_add_char(ret, ']');
}

Value *values_decode(Arena *arena, const Json *json, size_t *ret_count)
{
    size_t count = json_count(json), i = 0;
    Value *values = arena_array(arena, Value, count);

    for (const Json *item = json_first(json); item != NULL; item = json_next(item))
        values[i++] = value_decode(arena, item);
    *ret_count = count;
    return values;
}

/* ---- causes ---- */

void cause_encode(const Instance *instance, const Cause *cause, Buffer *ret)
{
    assert(instance != NULL);
    const ProgramDomain *domain = instance->domain;

    buffer_add_format(ret, "{\"by\":\"%s\"", cause_names[cause->kind]);
    if (cause->transition >= 0) {
        member_encode(ret, "transition", domain->transitions[cause->transition].name);
        member_encode_number(ret, "step", cause->step);
    }
    if (cause->handler >= 0)
        member_encode(
            ret, "on",
            instance->runtime->program->events[domain->handlers[cause->handler].event].name);
    if (cause->goal >= 0)
        member_encode(ret, "goal", domain->goals[cause->goal].name);
    if (cause->kind == CAUSE_RUN)
        member_encode_number(ret, "run", cause->run);
    if (cause->message != 0)
        member_encode_number(ret, "message", cause->message);
    buffer_add_char(ret, '}');
}

static int unknown_name(Error *err, const Instance *instance, const char *kind, const char *name)
{
    return error_set(
        err, ERROR_STATE,
        "the state speaks of %s '%.100s' of domain '%s', which its program does not have", kind,
        name ? name : "", instance ? instance->domain->name : "?");
}

static int handler_find(const Instance *instance, const char *event)
{
    int index = program_find_event(instance->runtime->program, event);

    return index < 0 ? -1 : domain_find_handler(instance->domain, (uint32_t)index);
}

int cause_decode(const Instance *instance, const Json *json, Cause *ret, Error *err)
{
    int kind = name_find(cause_names, ARRAY_SIZE(cause_names), json_get_string(json, "by", NULL));
    const char *transition = json_get_string(json, "transition", NULL);
    const char *on = json_get_string(json, "on", NULL);
    const char *goal = json_get_string(json, "goal", NULL);
    Cause cause = {.transition = -1, .handler = -1, .goal = -1};

    if (kind < 0)
        return error_set(err, ERROR_STATE, "a cause of no known kind");
    cause.kind = (CauseKind)kind;
    cause.step = (uint32_t)json_get_int(json, "step", 0);
    cause.run = (uint32_t)json_get_int(json, "run", 0);
    cause.message = (uint64_t)json_get_int(json, "message", 0);
    if (transition != NULL &&
        (cause.transition = domain_find_transition(instance->domain, transition)) < 0)
        return unknown_name(err, instance, "transition", transition);
    if (on != NULL && (cause.handler = handler_find(instance, on)) < 0)
        return unknown_name(err, instance, "handler", on);
    if (goal != NULL && (cause.goal = domain_find_goal(instance->domain, goal)) < 0)
        return unknown_name(err, instance, "goal", goal);
    if (cause.transition >= 0 &&
        cause.step >= instance->domain->transitions[cause.transition].slice_count)
        return unknown_name(err, instance, "a step of transition", transition);
    *ret = cause;
    return 0;
}

/* ---- changes and emissions ---- */

void changes_encode(const Instance *instance, const FieldChange *changes, size_t count, Buffer *ret)
{
    assert(instance != NULL || count == 0);
    buffer_add_char(ret, '{');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buffer_add_char(ret, ',');
        json_put_string(ret, instance->domain->fields[changes[i].field].name);
        buffer_add_char(ret, ':');
        value_encode(ret, changes[i].value);
    }
    buffer_add_char(ret, '}');
}

int changes_decode(const Instance *instance, const Json *json, Arena *arena, FieldChange **ret,
                   size_t *ret_count, Error *err)
{
    size_t count = 0;
    FieldChange *changes = arena_array(arena, FieldChange, json_count(json));

    for (const Json *m = json_first(json); m != NULL; m = json_next(m), count++) {
        int field = domain_find_field(instance->domain, json_key(m));
        if (field < 0)
            return unknown_name(err, instance, "field", json_key(m));
        changes[count] = (FieldChange){(uint32_t)field, value_decode(arena, m)};
    }
    *ret = changes;
    *ret_count = count;
    return 0;
}

static void emission_encode(const Runtime *runtime, const Emission *emission, Buffer *ret)
{
    const Program *program = runtime->program;

    switch (emission->kind) {
    case OUTPUT_EVENT:
        buffer_add_string(ret, "{\"event\":");
        json_put_string(ret, program->events[emission->event].name);
        break;
    case OUTPUT_MESSAGE: {
        const ProgramDomain *domain = &program->domains[emission->domain];
        buffer_add_string(ret, "{\"send\":");
        json_put_string(ret, domain->name);
        member_encode(ret, "transition", domain->transitions[emission->transition].name);
        if (emission->high)
            buffer_add_string(ret, ",\"high\":true");
        break;
    }
    case OUTPUT_SPAWN:
    case OUTPUT_STOP:
    case OUTPUT_LOG:
    case OUTPUT_RELEASE:
    case OUTPUT_EFFECT: /* effects are intents, not emissions */
        buffer_add_string(ret, "{\"log\":true");
        break;
    }
    buffer_add_string(ret, ",\"arguments\":");
    values_encode(emission->arguments, emission->argument_count, ret);
    buffer_add_char(ret, '}');
}

void emissions_encode(const Runtime *runtime, const Emission *emissions, size_t count, Buffer *ret)
{
    buffer_add_char(ret, '[');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buffer_add_char(ret, ',');
        emission_encode(runtime, &emissions[i], ret);
    }
    buffer_add_char(ret, ']');
}

static int emission_decode(const Runtime *runtime, const Json *json, Arena *arena, Emission *ret,
                           Error *err)
{
    const char *event = json_get_string(json, "event", NULL);
    const char *domain = json_get_string(json, "send", NULL);
    const char *transition = json_get_string(json, "transition", "");
    int index;

    ret->kind = OUTPUT_LOG;
    ret->high = json_get_bool(json, "high", false);
    ret->arguments = values_decode(arena, json_get(json, "arguments"), &ret->argument_count);
    if (event != NULL) {
        ret->kind = OUTPUT_EVENT;
        if ((index = program_find_event(runtime->program, event)) < 0)
            return unknown_name(err, NULL, "event", event);
        ret->event = (uint32_t)index;
    } else if (domain != NULL) {
        ret->kind = OUTPUT_MESSAGE;
        if ((index = program_find_domain(runtime->program, domain)) < 0)
            return unknown_name(err, NULL, "domain", domain);
        ret->domain = (uint32_t)index;
        index = domain_find_transition(&runtime->program->domains[index], transition);
        if (index < 0)
            return unknown_name(err, NULL, "transition", transition);
        ret->transition = (uint32_t)index;
    }
    return 0;
}

int emissions_decode(const Runtime *runtime, const Json *json, Arena *arena, Emission **ret,
                     size_t *ret_count, Error *err)
{
    size_t count = 0;
    Emission *emissions = arena_array(arena, Emission, json_count(json));

    for (const Json *item = json_first(json); item != NULL; item = json_next(item), count++)
        if (emission_decode(runtime, item, arena, &emissions[count], err) < 0)
            return ERROR_STATE;
    *ret = emissions;
    *ret_count = count;
    return 0;
}

/* ---- intents ---- */

void intent_encode(const Intent *intent, Buffer *ret)
{
    buffer_add_format(ret, "{\"intent\":%llu,\"verb\":\"%s\"", (unsigned long long)intent->number,
                      verb_names[intent->verb]);
    if (intent->uid[0] != '\0')
        member_encode(ret, "uid", intent->uid);
    member_encode(ret, "op", intent->op);
    member_encode(ret, "address", intent->address);
    member_encode(ret, "provider", intent->provider);
    member_encode(ret, "action", intent->action);
    member_encode(ret, "type", intent->type);
    member_encode(ret, "where", intent->place.where);
    member_encode(ret, "effect", intent->place.effect);
    member_encode_number(ret, "site", intent->place.site);
    member_encode(ret, "name", intent->name);
    member_encode(ret, "key", intent->key);
    if (intent->handled)
        buffer_add_string(ret, ",\"handled\":true");
    member_encode_number(ret, "timeout_ms", (uint64_t)intent->timeout_ms);
    member_encode_number(ret, "generation", intent->generation);
    member_encode_json(ret, "arguments", intent->arguments);
    if (intent->state != INTENT_OPEN) {
        member_encode(ret, "outcome", outcome_names[intent->state]);
        member_encode(ret, "external_id", intent->external_id);
        member_encode_json(ret, "result", intent->result);
        member_encode(ret, "code", intent->code);
        member_encode(ret, "detail", intent->detail);
    }
    buffer_add_char(ret, '}');
}

static char *copy_member(const Json *json, const char *key)
{
    const char *text = json_get_string(json, key, NULL);

    return text != NULL ? memory_copy_string(text) : NULL;
}

static char *copy_json(const Json *json, const char *key)
{
    const Json *member = json_get(json, key);
    Buffer text = {0};

    if (member == NULL)
        return NULL;
    json_write(&text, member);
    return buffer_take(&text);
}

Intent *intent_decode(const Json *json)
{
    Intent *intent = memory_zero(1, sizeof *intent);
    int verb = name_find(verb_names, ARRAY_SIZE(verb_names), json_get_string(json, "verb", NULL));
    int outcome = name_find(outcome_names, ARRAY_SIZE(outcome_names),
                            json_get_string(json, "outcome", "open"));

    intent->number = (uint64_t)json_get_int(json, "intent", 0);
    intent->verb = verb < 0 ? INTENT_PUT : (IntentVerb)verb;
    intent->state = outcome < 0 ? INTENT_OPEN : (IntentState)outcome;
    strncpy(intent->uid, json_get_string(json, "uid", ""), UID_SIZE - 1);
    strncpy(intent->op, json_get_string(json, "op", ""), OP_SIZE - 1);
    intent->address = copy_member(json, "address");
    intent->provider = copy_member(json, "provider");
    intent->action = copy_member(json, "action");
    intent->type = copy_member(json, "type");
    intent->place.where = copy_member(json, "where");
    intent->place.effect = copy_member(json, "effect");
    intent->place.site = (uint32_t)json_get_int(json, "site", 0);
    intent->name = copy_member(json, "name");
    intent->key = copy_member(json, "key");
    intent->handled = json_get_bool(json, "handled", false);
    intent->timeout_ms = json_get_int(json, "timeout_ms", 0);
    intent->generation = (uint64_t)json_get_int(json, "generation", 1);
    intent->arguments = copy_json(json, "arguments");
    intent->external_id = copy_member(json, "external_id");
    intent->result = copy_json(json, "result");
    intent->code = copy_member(json, "code");
    intent->detail = copy_member(json, "detail");
    return intent;
}

/* ---- records ---- */

static void encode_slice_parts(const Runtime *runtime, const Record *record, Buffer *ret)
{
    buffer_add_string(ret, ",\"cause\":");
    cause_encode(record->instance, &record->cause, ret);
    buffer_add_string(ret, ",\"set\":");
    changes_encode(record->instance, record->changes, record->change_count, ret);
    buffer_add_string(ret, ",\"out\":");
    emissions_encode(runtime, record->emissions, record->emission_count, ret);
}

static void encode_intents(const Record *record, Buffer *ret)
{
    buffer_add_string(ret, ",\"intents\":[");
    for (size_t i = 0; i < record->intent_count; i++) {
        if (i > 0)
            buffer_add_char(ret, ',');
        intent_encode(record->intents[i], ret);
    }
    buffer_add_char(ret, ']');
}

static void encode_answer(const Record *record, Buffer *ret)
{
    member_encode_number(ret, "intent", record->intent);
    member_encode(ret, "outcome", outcome_names[record->outcome]);
    member_encode(ret, "external_id", record->external_id);
    member_encode_json(ret, "result", record->result);
    member_encode(ret, "code", record->code);
    member_encode(ret, "text", record->text);
}

static bool needs_instance(RecordType type)
{
    switch (type) {
    case RECORD_SLICE:
    case RECORD_PREPARE:
    case RECORD_COMMIT:
    case RECORD_ABORT:
    case RECORD_FAULT:
    case RECORD_GOAL:
        return true;
    case RECORD_BEGIN:
    case RECORD_START:
    case RECORD_ANSWER:
    case RECORD_OBSERVE:
    case RECORD_DESTROY:
    case RECORD_RESET:
        return false;
    }
    return false;
}

void record_encode(const Runtime *runtime, const Record *record, Buffer *ret)
{
    assert(record->instance != NULL || !needs_instance(record->type));
    buffer_add_format(ret, "{\"type\":\"%s\"", record_names[record->type]);
    member_encode_number(ret, "at", record->time_ms);
    if (record->instance != NULL)
        member_encode(ret, "domain", record->instance->domain->name);
    if (record->slice != 0)
        member_encode_number(ret, "slice", record->slice);
    switch (record->type) {
    case RECORD_BEGIN:
        member_encode(ret, "digest", record->digest);
        member_encode(ret, "text", record->text);
        break;
    case RECORD_START:
        buffer_add_string(ret, ",\"set\":");
        changes_encode(record->instance, record->changes, record->change_count, ret);
        break;
    case RECORD_COMMIT:
    case RECORD_RESET:
        break;
    case RECORD_PREPARE:
        encode_slice_parts(runtime, record, ret);
        encode_intents(record, ret);
        if (record->awaits)
            buffer_add_string(ret, ",\"awaits\":true");
        break;
    case RECORD_SLICE:
        encode_slice_parts(runtime, record, ret);
        break;
    case RECORD_ANSWER:
        encode_answer(record, ret);
        break;
    case RECORD_ABORT:
        member_encode_number(ret, "due", record->due_ms);
        member_encode(ret, "text", record->text);
        buffer_add_string(ret, record->retry ? ",\"retry\":true" : "");
        break;
    case RECORD_FAULT:
        buffer_add_string(ret, ",\"cause\":");
        cause_encode(record->instance, &record->cause, ret);
        member_encode(ret, "text", record->text);
        break;
    case RECORD_GOAL:
        member_encode(ret, "goal", record->instance->domain->goals[record->goal].name);
        buffer_add_format(ret, ",\"failed\":%s", record->failed ? "true" : "false");
        if (record->unmet_since_ms != 0)
            member_encode_number(ret, "unmet_since", record->unmet_since_ms);
        break;
    case RECORD_OBSERVE:
        member_encode(ret, "uid", record->uid);
        member_encode(ret, "object", state_names[record->object]);
        member_encode_json(ret, "result", record->result);
        member_encode(ret, "text", record->text);
        break;
    case RECORD_DESTROY:
        encode_intents(record, ret);
        break;
    }
    buffer_add_char(ret, '}');
}

static int decode_slice_parts(Runtime *runtime, const Json *json, Arena *arena, Record *ret,
                              Error *err)
{
    if (cause_decode(ret->instance, json_get(json, "cause"), &ret->cause, err) < 0)
        return ERROR_STATE;
    if (changes_decode(ret->instance, json_get(json, "set"), arena, &ret->changes,
                       &ret->change_count, err) < 0)
        return ERROR_STATE;
    return emissions_decode(runtime, json_get(json, "out"), arena, &ret->emissions,
                            &ret->emission_count, err);
}

static void decode_intents(const Json *json, Arena *arena, Record *ret)
{
    const Json *list = json_get(json, "intents");

    ret->intents = arena_array(arena, Intent *, json_count(list));
    for (const Json *item = json_first(list); item != NULL; item = json_next(item))
        ret->intents[ret->intent_count++] = intent_decode(item);
    ret->awaits = json_get_bool(json, "awaits", false);
}

static const char *text_of(const Json *json, const char *key, Arena *arena)
{
    Buffer text = {0};

    if (json_get(json, key) == NULL)
        return NULL;
    json_write(&text, json_get(json, key));
    const char *copy = arena_copy_bytes(arena, buffer_text(&text), text.size);
    buffer_deinit(&text);
    return copy;
}

static const char *string_of(const Json *json, const char *key, Arena *arena)
{
    const char *text = json_get_string(json, key, NULL);

    return text != NULL ? arena_copy_string(arena, text) : NULL;
}

static int decode_domain(Runtime *runtime, const Json *json, Record *ret, Error *err)
{
    const char *name = json_get_string(json, "domain", NULL);

    if (name == NULL)
        return 0;
    int domain = program_find_domain(runtime->program, name);
    if (domain < 0)
        return unknown_name(err, NULL, "domain", name);
    ret->domain = (uint32_t)domain;
    ret->instance = runtime_find(runtime, name);
    if (ret->instance == NULL && ret->type != RECORD_START)
        return error_set(err, ERROR_STATE, "domain '%.100s' has not started", name);
    return 0;
}

static int decode_goal(const Json *json, Record *ret, Error *err)
{
    const char *name = json_get_string(json, "goal", "");
    int goal = ret->instance ? domain_find_goal(ret->instance->domain, name) : -1;

    if (goal < 0)
        return unknown_name(err, ret->instance, "goal", name);
    ret->goal = (uint32_t)goal;
    ret->failed = json_get_bool(json, "failed", false);
    ret->unmet_since_ms = (uint64_t)json_get_int(json, "unmet_since", 0);
    return 0;
}

static int decode_start(Runtime *runtime, const Json *json, Arena *arena, Record *ret, Error *err)
{
    Instance unborn = {.runtime = runtime, .domain = &runtime->program->domains[ret->domain]};

    if (ret->instance != NULL || json_get(json, "domain") == NULL)
        return error_set(err, ERROR_STATE, "domain '%s' starts twice",
                         ret->instance ? ret->instance->domain->name : "");
    return changes_decode(&unborn, json_get(json, "set"), arena, &ret->changes, &ret->change_count,
                          err);
}

int record_decode(Runtime *runtime, const Json *json, Arena *arena, Record *ret, Error *err)
{
    const char *name = json_get_string(json, "type", NULL);
    int type = name_find(record_names, ARRAY_SIZE(record_names), name);
    int state = object_state_find(json_get_string(json, "object", NULL));
    int outcome =
        name_find(outcome_names, ARRAY_SIZE(outcome_names), json_get_string(json, "outcome", NULL));

    if (type < 0)
        return error_set(err, ERROR_STATE, "record of unknown type '%.50s'", name ? name : "");
    *ret =
        (Record){.type = (RecordType)type, .cause = {.transition = -1, .handler = -1, .goal = -1}};
    ret->time_ms = (uint64_t)json_get_int(json, "at", 0);
    ret->slice = (uint64_t)json_get_int(json, "slice", 0);
    ret->intent = (uint64_t)json_get_int(json, "intent", 0);
    ret->due_ms = (uint64_t)json_get_int(json, "due", 0);
    ret->retry = json_get_bool(json, "retry", false);
    ret->outcome = outcome < 0 ? INTENT_OPEN : (IntentState)outcome;
    ret->object = state < 0 ? OBJECT_READY : (ObjectState)state;
    ret->external_id = string_of(json, "external_id", arena);
    ret->code = string_of(json, "code", arena);
    ret->text = string_of(json, "text", arena);
    ret->uid = string_of(json, "uid", arena);
    ret->digest = string_of(json, "digest", arena);
    ret->result = text_of(json, "result", arena);
    if (decode_domain(runtime, json, ret, err) < 0)
        return ERROR_STATE;
    if (needs_instance(ret->type) && ret->instance == NULL)
        return error_set(err, ERROR_STATE, "a '%s' record without a domain", name);
    if (ret->type == RECORD_START)
        return decode_start(runtime, json, arena, ret, err);
    if (ret->type == RECORD_GOAL)
        return decode_goal(json, ret, err);
    if (ret->type == RECORD_FAULT)
        return cause_decode(ret->instance, json_get(json, "cause"), &ret->cause, err);
    if (ret->type == RECORD_PREPARE || ret->type == RECORD_DESTROY)
        decode_intents(json, arena, ret);
    if (ret->type == RECORD_PREPARE || ret->type == RECORD_SLICE)
        return decode_slice_parts(runtime, json, arena, ret, err);
    return 0;
}
