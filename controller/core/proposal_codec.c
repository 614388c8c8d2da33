/* What slices propose, as JSON text and back: for records and the pending slices of snapshots. */
#include <string.h>

#include "controller/core/record.h"
#include "lang/base/memory.h"

/* ---- fields ---- */

void field_changes_encode(const ProgramDomain *domain, const FieldChange *changes, size_t count,
                          Buffer *ret)
{
    buffer_add_char(ret, '{');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buffer_add_char(ret, ',');
        json_put_string(ret, domain->fields[changes[i].field].name);
        buffer_add_char(ret, ':');
        value_encode(ret, changes[i].value);
    }
    buffer_add_char(ret, '}');
}

int field_changes_decode(const ProgramDomain *domain, const Json *json, Arena *arena,
                         FieldChange **ret, size_t *ret_count, Error *err)
{
    size_t count = 0;
    FieldChange *changes = arena_array(arena, FieldChange, json_count(json));

    for (const Json *m = json_first(json); m != NULL; m = json_next(m), count++) {
        int field = domain_find_field(domain, json_key(m));
        if (field < 0)
            return unknown_name(err, domain, "field", json_key(m));
        changes[count] = (FieldChange){.field = (uint32_t)field, .value = value_decode(arena, m)};
    }
    *ret = changes;
    *ret_count = count;
    return 0;
}

/* ---- emissions ---- */

static void emission_encode_message(const Runtime *runtime, const Emission *emission, Buffer *ret)
{
    const ProgramDomain *domain = &runtime->program->domains[emission->domain];

    buffer_add_string(ret, "{\"send\":");
    json_put_string(ret, domain->name);
    member_encode(ret, "key", emission->key);
    if (emission->to_handler)
        member_encode(ret, "message",
                      runtime->domains[emission->domain].handlers[emission->transition]);
    else
        member_encode(ret, "transition", domain->transitions[emission->transition].name);
    member_encode_flag(ret, "high", emission->high);
    member_encode(ret, "elevated", emission->elevated);
}

static void emission_encode(const Runtime *runtime, const Emission *emission, Buffer *ret)
{
    const Program *program = runtime->program;

    switch (emission->kind) {
    case OUTPUT_EVENT:
        buffer_add_string(ret, "{\"event\":");
        json_put_string(ret, program->events[emission->event].name);
        break;
    case OUTPUT_MESSAGE:
        emission_encode_message(runtime, emission, ret);
        break;
    case OUTPUT_SPAWN:
        buffer_add_string(ret, "{\"spawn\":");
        json_put_string(ret, program->domains[emission->domain].name);
        member_encode(ret, "key", emission->key);
        buffer_add_string(ret, ",\"set\":");
        field_changes_encode(&program->domains[emission->domain], emission->first,
                             emission->first_count, ret);
        break;
    case OUTPUT_STOP:
        buffer_add_string(ret, "{\"stop\":true");
        break;
    case OUTPUT_LOG:
    case OUTPUT_EFFECT: /* these two are intents, not emissions */
    case OUTPUT_RELEASE:
        buffer_add_string(ret, "{\"log\":true");
        break;
    }
    if (emission->argument_count > 0) {
        buffer_add_string(ret, ",\"arguments\":");
        values_encode(emission->arguments, emission->argument_count, ret);
    }
    member_encode_flag(ret, "same", emission->same);
    member_encode_flag(ret, "travels", emission->travels);
    member_encode_flag(ret, "unsaid", emission->unsaid);
    if (emission->former_count > 0) {
        buffer_add_string(ret, ",\"former\":");
        values_encode(emission->former, emission->former_count, ret);
    }
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

static int emission_decode_event(const Runtime *runtime, const Json *json, Emission *ret,
                                 Error *err)
{
    const char *name = json_get_string(json, "event", "");
    int index = program_find_event(runtime->program, name);

    if (index < 0)
        return unknown_name(err, NULL, "event", name);
    ret->kind = OUTPUT_EVENT;
    ret->event = (uint32_t)index;
    return 0;
}

static int emission_decode_domain(const Runtime *runtime, const Json *json, const char *member,
                                  Arena *arena, Emission *ret, Error *err)
{
    const char *name = json_get_string(json, member, "");
    const char *key = json_get_string(json, "key", NULL);
    int index = program_find_domain(runtime->program, name);

    if (index < 0)
        return unknown_name(err, NULL, "domain", name);
    ret->domain = (uint32_t)index;
    ret->key = key != NULL ? arena_copy_string(arena, key) : NULL;
    return 0;
}

static int emission_decode_message(const Runtime *runtime, const Json *json, Arena *arena,
                                   Emission *ret, Error *err)
{
    const char *message = json_get_string(json, "message", NULL);
    const char *transition = json_get_string(json, "transition", "");
    const char *elevated = json_get_string(json, "elevated", NULL);

    if (emission_decode_domain(runtime, json, "send", arena, ret, err) < 0)
        return ERROR_STATE;
    const ProgramDomain *domain = &runtime->program->domains[ret->domain];
    int index = message != NULL ? handler_find(runtime, ret->domain, message)
                                : domain_find_transition(domain, transition);
    if (index < 0)
        return unknown_name(err, domain, message != NULL ? "message" : "transition",
                            message != NULL ? message : transition);
    ret->kind = OUTPUT_MESSAGE;
    ret->transition = (uint32_t)index;
    ret->to_handler = message != NULL;
    ret->elevated = elevated != NULL ? arena_copy_string(arena, elevated) : NULL;
    return 0;
}

static int emission_decode_spawn(const Runtime *runtime, const Json *json, Arena *arena,
                                 Emission *ret, Error *err)
{
    if (emission_decode_domain(runtime, json, "spawn", arena, ret, err) < 0)
        return ERROR_STATE;
    ret->kind = OUTPUT_SPAWN;
    return field_changes_decode(&runtime->program->domains[ret->domain], json_get(json, "set"),
                                arena, &ret->first, &ret->first_count, err);
}

static int emission_decode(const Runtime *runtime, const Json *json, Arena *arena, Emission *ret,
                           Error *err)
{
    if (members_check(
            json, "an output",
            "event send key message transition high elevated spawn set stop log arguments same "
            "travels unsaid former",
            err) < 0)
        return ERROR_STATE;
    ret->high = json_get_bool(json, "high", false);
    ret->same = json_get_bool(json, "same", false);
    ret->travels = json_get_bool(json, "travels", false);
    ret->unsaid = json_get_bool(json, "unsaid", false);
    ret->former = values_decode(arena, json_get(json, "former"), &ret->former_count);
    ret->arguments = values_decode(arena, json_get(json, "arguments"), &ret->argument_count);
    if (json_get(json, "event") != NULL)
        return emission_decode_event(runtime, json, ret, err);
    if (json_get(json, "send") != NULL)
        return emission_decode_message(runtime, json, arena, ret, err);
    if (json_get(json, "spawn") != NULL)
        return emission_decode_spawn(runtime, json, arena, ret, err);
    ret->kind = json_get_bool(json, "stop", false) ? OUTPUT_STOP : OUTPUT_LOG;
    return 0;
}

int emissions_decode(const Runtime *runtime, const Json *json, bool lenient, Arena *arena,
                     Emission **ret, size_t *ret_count, Error *err)
{
    Emission *emissions = arena_array(arena, Emission, json_count(json));
    size_t count = 0;

    for (const Json *item = json_first(json); item != NULL; item = json_next(item)) {
        emissions[count] = (Emission){0};
        if (emission_decode(runtime, item, arena, &emissions[count], err) == 0)
            count++;
        else if (!lenient)
            return ERROR_STATE;
    }
    *ret = emissions;
    *ret_count = count;
    return 0;
}

/* ---- proposals ---- */

static void reads_encode(const ProgramDomain *domain, const Proposal *proposal, Buffer *ret)
{
    if (proposal->read_count == 0)
        return;
    for (size_t i = 0; i < proposal->read_count; i++) {
        buffer_add_string(ret, i == 0 ? ",\"reads\":[" : ",");
        json_put_string(ret, domain->fields[proposal->reads[i]].name);
    }
    buffer_add_char(ret, ']');
}

static void left_encode(const ProgramDomain *domain, const Proposal *proposal, Buffer *ret)
{
    size_t count = 0;

    for (size_t i = 0; i < proposal->change_count; i++)
        if (proposal->changes[i].left) {
            buffer_add_string(ret, count++ == 0 ? ",\"left\":[" : ",");
            json_put_string(ret, domain->fields[proposal->changes[i].field].name);
        }
    if (count > 0)
        buffer_add_char(ret, ']');
}

void proposal_encode(const Instance *instance, const Proposal *proposal, Buffer *ret)
{
    buffer_add_string(ret, ",\"set\":");
    field_changes_encode(instance->domain, proposal->changes, proposal->change_count, ret);
    left_encode(instance->domain, proposal, ret);
    reads_encode(instance->domain, proposal, ret);
    buffer_add_string(ret, ",\"out\":");
    emissions_encode(instance->runtime, proposal->emissions, proposal->emission_count, ret);
    if (proposal->yield == 0)
        return;
    member_encode_number(ret, "yield", proposal->yield);
    buffer_add_string(ret, ",\"locals\":");
    values_encode(proposal->locals, proposal->local_count, ret);
}

static int reads_decode(const ProgramDomain *domain, const Json *json, Arena *arena, Proposal *ret,
                        Error *err)
{
    ret->reads = arena_array(arena, uint32_t, json_count(json));
    for (const Json *item = json_first(json); item != NULL; item = json_next(item)) {
        int field = domain_find_field(domain, json_string(item, ""));
        if (field < 0)
            return unknown_name(err, domain, "field", json_string(item, ""));
        ret->reads[ret->read_count++] = (uint32_t)field;
    }
    return 0;
}

static FieldChange *change_find(const Proposal *proposal, int field)
{
    for (size_t i = 0; i < proposal->change_count; i++)
        if ((int)proposal->changes[i].field == field)
            return &proposal->changes[i];
    return NULL;
}

static int left_decode(const ProgramDomain *domain, const Json *json, Proposal *ret, Error *err)
{
    for (const Json *item = json_first(json); item != NULL; item = json_next(item)) {
        const char *name = json_string(item, "");
        FieldChange *change = change_find(ret, domain_find_field(domain, name));
        if (change == NULL)
            return unknown_name(err, domain, "a change of field", name);
        change->left = true;
    }
    return 0;
}

int proposal_decode(const Instance *instance, const Json *json, Arena *arena, Proposal *ret,
                    Error *err)
{
    *ret = (Proposal){.yield = (uint32_t)json_get_int(json, "yield", 0)};
    ret->locals = values_decode(arena, json_get(json, "locals"), &ret->local_count);
    if (emissions_decode(instance->runtime, json_get(json, "out"), false, arena, &ret->emissions,
                         &ret->emission_count, err) < 0 ||
        field_changes_decode(instance->domain, json_get(json, "set"), arena, &ret->changes,
                             &ret->change_count, err) < 0 ||
        left_decode(instance->domain, json_get(json, "left"), ret, err) < 0)
        return ERROR_STATE;
    return reads_decode(instance->domain, json_get(json, "reads"), arena, ret, err);
}
