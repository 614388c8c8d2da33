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

static bool is_changed_twice(const FieldChange *changes, size_t count)
{
    for (size_t i = 0; i + 1 < count; i++)
        if (changes[i].field == changes[count - 1].field)
            return true;
    return false;
}

int field_changes_pull(const ProgramDomain *domain, JsonPull *pull, Arena *arena, FieldChange **ret,
                       size_t *ret_count, Error *err)
{
    FieldChange *changes = NULL;
    size_t count = 0, capacity = 0, size;

    for (bool more = json_pull_open(pull, '{'); more; more = json_pull_more(pull, '}')) {
        const char *name = json_pull_name(pull, arena, &size);
        int field = domain_find_field(domain, name);
        if (field < 0)
            return unknown_name(err, domain, "field", name);
        arena_reserve_one(arena, changes, count, capacity);
        changes[count++] =
            (FieldChange){.field = (uint32_t)field, .value = value_pull(arena, pull)};
        if (is_changed_twice(changes, count))
            return error_set(err, ERROR_STATE, "field '%.100s' of domain '%s' is set twice", name,
                             domain->name);
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
        member_encode(ret, "on", runtime->domains[emission->domain].handlers[emission->transition]);
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
        member_begin(ret, "args");
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

/* `message` and `arguments` are what `on` and `args` were called. */
#define EMISSION_MEMBERS(X)                                                                        \
    X(event)                                                                                       \
    X(send)                                                                                        \
    X(spawn)                                                                                       \
    X(stop)                                                                                        \
    X(log)                                                                                         \
    X(key)                                                                                         \
    X(set)                                                                                         \
    X(transition)                                                                                  \
    X(on)                                                                                          \
    X(high)                                                                                        \
    X(elevated)                                                                                    \
    X(args)                                                                                        \
    X(same)                                                                                        \
    X(travels)                                                                                     \
    X(unsaid)                                                                                      \
    X(former)                                                                                      \
    X(message)                                                                                     \
    X(arguments)

typedef enum EmissionMember {
#define X(name) EMISSION_##name,
    EMISSION_MEMBERS(X)
#undef X
} EmissionMember;

static const JsonWord emission_members[] = {
#define X(name) JSON_WORD(#name),
    EMISSION_MEMBERS(X)
#undef X
};

/* The names of an emission; NULL: not there. */
typedef struct EmissionNames {
    const char *event, *send, *spawn, *transition, *message;
    JsonPull set;
    bool stop;
} EmissionNames;

static int emission_find_event(const Runtime *runtime, const char *name, Emission *ret, Error *err)
{
    int index = program_find_event(runtime->program, name);

    if (index < 0)
        return unknown_name(err, NULL, "event", name);
    ret->kind = OUTPUT_EVENT;
    ret->event = (uint32_t)index;
    return 0;
}

static int emission_find_domain(const Runtime *runtime, const char *name, Emission *ret, Error *err)
{
    int index = program_find_domain(runtime->program, name);

    if (index < 0)
        return unknown_name(err, NULL, "domain", name);
    ret->domain = (uint32_t)index;
    return 0;
}

static int emission_find_message(const Runtime *runtime, const EmissionNames *names, Emission *ret,
                                 Error *err)
{
    const char *name = names->message != NULL ? names->message : names->transition;

    if (emission_find_domain(runtime, names->send, ret, err) < 0)
        return ERROR_STATE;
    const ProgramDomain *domain = &runtime->program->domains[ret->domain];
    int index = names->message != NULL ? handler_find(runtime, ret->domain, name)
                                       : domain_find_transition(domain, name != NULL ? name : "");
    if (index < 0)
        return unknown_name(err, domain, names->message != NULL ? "message" : "transition", name);
    ret->kind = OUTPUT_MESSAGE;
    ret->transition = (uint32_t)index;
    ret->to_handler = names->message != NULL;
    return 0;
}

static int emission_find_spawn(const Runtime *runtime, EmissionNames *names, Arena *arena,
                               Emission *ret, Error *err)
{
    if (emission_find_domain(runtime, names->spawn, ret, err) < 0)
        return ERROR_STATE;
    ret->kind = OUTPUT_SPAWN;
    if (names->set.at == NULL)
        return 0;
    return field_changes_pull(&runtime->program->domains[ret->domain], &names->set, arena,
                              &ret->first, &ret->first_count, err);
}

static void emission_pull_member(JsonPull *pull, EmissionMember member, Arena *arena,
                                 EmissionNames *names, Emission *ret)
{
    switch (member) {
    case EMISSION_event:
        names->event = json_pull_string(pull, arena);
        return;
    case EMISSION_send:
        names->send = json_pull_string(pull, arena);
        return;
    case EMISSION_spawn:
        names->spawn = json_pull_string(pull, arena);
        return;
    case EMISSION_stop:
        names->stop = json_pull_bool(pull);
        return;
    case EMISSION_log:
        json_pull_bool(pull);
        return;
    case EMISSION_key:
        ret->key = (char *)json_pull_string(pull, arena);
        return;
    case EMISSION_set:
        names->set = json_pull_skip(pull);
        return;
    case EMISSION_transition:
        names->transition = json_pull_string(pull, arena);
        return;
    case EMISSION_on:
    case EMISSION_message:
        names->message = json_pull_string(pull, arena);
        return;
    case EMISSION_high:
        ret->high = json_pull_bool(pull);
        return;
    case EMISSION_elevated:
        ret->elevated = (char *)json_pull_string(pull, arena);
        return;
    case EMISSION_args:
    case EMISSION_arguments:
        ret->arguments = values_pull(arena, pull, &ret->argument_count);
        return;
    case EMISSION_same:
        ret->same = json_pull_bool(pull);
        return;
    case EMISSION_travels:
        ret->travels = json_pull_bool(pull);
        return;
    case EMISSION_unsaid:
        ret->unsaid = json_pull_bool(pull);
        return;
    case EMISSION_former:
        ret->former = values_pull(arena, pull, &ret->former_count);
        return;
    }
}

static int emission_pull(const Runtime *runtime, JsonPull *pull, Arena *arena, Emission *ret,
                         Error *err)
{
    JsonKeys keys = {.words = emission_members, .count = ARRAY_SIZE(emission_members)};
    EmissionNames names = {0};
    const char *other = NULL;

    *ret = (Emission){0};
    for (bool more = json_pull_open(pull, '{'); more; more = json_pull_more(pull, '}')) {
        int key = json_pull_key(pull, &keys, arena, &other);
        if (key >= 0)
            emission_pull_member(pull, (EmissionMember)key, arena, &names, ret);
    }
    if (pull->failed)
        return member_unknown(err, "an output", other);
    if (names.event != NULL)
        return emission_find_event(runtime, names.event, ret, err);
    if (names.send != NULL)
        return emission_find_message(runtime, &names, ret, err);
    if (names.spawn != NULL)
        return emission_find_spawn(runtime, &names, arena, ret, err);
    ret->kind = names.stop ? OUTPUT_STOP : OUTPUT_LOG;
    return 0;
}

static int emissions_pull(const Runtime *runtime, JsonPull *pull, bool lenient, Arena *arena,
                          Emission **ret, size_t *ret_count, Error *err)
{
    Emission *emissions = NULL;
    size_t count = 0, capacity = 0;

    for (bool more = json_pull_open(pull, '['); more; more = json_pull_more(pull, ']')) {
        arena_reserve_one(arena, emissions, count, capacity);
        if (emission_pull(runtime, pull, arena, &emissions[count], err) == 0)
            count++;
        else if (!lenient || pull->failed)
            return ERROR_STATE;
    }
    *ret = emissions;
    *ret_count = count;
    return 0;
}

int emissions_decode(const Runtime *runtime, const Json *json, bool lenient, Arena *arena,
                     Emission **ret, size_t *ret_count, Error *err)
{
    JsonPull pull = member_pull(json, arena);

    *ret = NULL;
    *ret_count = 0;
    return json_count(json) == 0
               ? 0
               : emissions_pull(runtime, &pull, lenient, arena, ret, ret_count, err);
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
    if (proposal->change_count > 0) {
        member_begin(ret, "set");
        field_changes_encode(instance->domain, proposal->changes, proposal->change_count, ret);
    }
    left_encode(instance->domain, proposal, ret);
    reads_encode(instance->domain, proposal, ret);
    if (proposal->emission_count > 0) {
        member_begin(ret, "out");
        emissions_encode(instance->runtime, proposal->emissions, proposal->emission_count, ret);
    }
    if (proposal->yield == 0)
        return;
    member_encode_number(ret, "yield", proposal->yield);
    buffer_add_string(ret, ",\"locals\":");
    values_encode(proposal->locals, proposal->local_count, ret);
}

static int reads_pull(const ProgramDomain *domain, JsonPull *pull, Arena *arena, Proposal *ret,
                      Error *err)
{
    size_t capacity = 0;

    for (bool more = json_pull_open(pull, '['); more; more = json_pull_more(pull, ']')) {
        const char *name = json_pull_string(pull, arena);
        int field = domain_find_field(domain, name);
        if (field < 0)
            return unknown_name(err, domain, "field", name);
        arena_reserve_one(arena, ret->reads, ret->read_count, capacity);
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

static int left_pull(const ProgramDomain *domain, JsonPull *pull, Arena *arena, Proposal *ret,
                     Error *err)
{
    for (bool more = json_pull_open(pull, '['); more; more = json_pull_more(pull, ']')) {
        const char *name = json_pull_string(pull, arena);
        FieldChange *change = change_find(ret, domain_find_field(domain, name));
        if (change == NULL)
            return unknown_name(err, domain, "a change of field", name);
        change->left = true;
    }
    return 0;
}

int proposal_pull(const Instance *instance, const ProposalParts *parts, Arena *arena, Proposal *ret,
                  Error *err)
{
    const ProgramDomain *domain = instance->domain;

    *ret = (Proposal){0};
    if (parts->yield != NULL)
        ret->yield = (uint32_t)json_pull_count(parts->yield);
    if (parts->locals != NULL)
        ret->locals = values_pull(arena, parts->locals, &ret->local_count);
    if (parts->out != NULL && emissions_pull(instance->runtime, parts->out, false, arena,
                                             &ret->emissions, &ret->emission_count, err) < 0)
        return ERROR_STATE;
    if (parts->set != NULL &&
        field_changes_pull(domain, parts->set, arena, &ret->changes, &ret->change_count, err) < 0)
        return ERROR_STATE;
    if (parts->left != NULL && left_pull(domain, parts->left, arena, ret, err) < 0)
        return ERROR_STATE;
    return parts->reads != NULL ? reads_pull(domain, parts->reads, arena, ret, err) : 0;
}

int proposal_decode(const Instance *instance, const Json *json, Arena *arena, Proposal *ret,
                    Error *err)
{
    enum { SET, LEFT, READS, OUT, YIELD, LOCALS, COUNT };
    static const char *const names[] = {"set", "left", "reads", "out", "yield", "locals"};
    JsonPull pulls[COUNT], *parts[COUNT] = {0};

    for (size_t i = 0; i < COUNT; i++) {
        const Json *member = json_get(json, names[i]);
        if (member == NULL)
            continue;
        pulls[i] = member_pull(member, arena);
        parts[i] = &pulls[i];
    }
    ProposalParts found = {parts[SET], parts[LEFT],  parts[READS],
                           parts[OUT], parts[YIELD], parts[LOCALS]};
    if (proposal_pull(instance, &found, arena, ret, err) < 0)
        return ERROR_STATE;
    for (size_t i = 0; i < COUNT; i++)
        if (parts[i] != NULL && pulls[i].failed)
            return member_unknown(err, "what a slice came to", names[i]);
    return 0;
}
