/* The state in its new shape: fields by migrations, what is carried by the names of what it
 * carries.
 */
#include <string.h>

#include "controller/core/evolution_private.h"
#include "controller/core/input.h"
#include "controller/core/origin.h"
#include "lang/base/json.h"
#include "lang/base/memory.h"
#include "lang/bytecode.h"

/* ---- whether it passes ---- */

int shape_check(const Passage *passage, Error *err)
{
    const Runtime *old = passage->old;

    for (const Instance *i = instance_first(old); i != NULL; i = instance_next(i)) {
        const ProgramDomain *domain = domain_after(passage, i);
        Reshape reshape = {old->program, i->domain, passage->evolution->program, domain};
        if (domain != NULL && reshape_check(&reshape, err) < 0)
            return ERROR_PROGRAM;
    }
    return 0;
}

/* ---- what events and messages carry ---- */

typedef struct Carried {
    const ProgramParameter *items;
    size_t count;
    bool known;
} Carried;

static Carried carried_by_event(const Program *program, const char *name)
{
    int index = program_find_event(program, name);

    if (index < 0)
        return (Carried){0};
    return (Carried){program->events[index].fields, program->events[index].field_count, true};
}

static Carried carried_by_transition(const ProgramDomain *domain, const char *name)
{
    int index = domain_find_transition(domain, name);

    if (index < 0)
        return (Carried){0};
    return (Carried){domain->transitions[index].parameters,
                     domain->transitions[index].parameter_count, true};
}

static Carried carried_by_handler(const ProgramDomain *domain, const char *where)
{
    for (size_t i = 0; i < domain->handler_count; i++)
        if (strcmp(domain->handlers[i].where, where) == 0)
            return (Carried){domain->handlers[i].parameters, domain->handlers[i].parameter_count,
                             true};
    return (Carried){0};
}

/* What JSON of a message, a cause, or something said speaks of. */
static Carried carried_by(const Program *program, const ProgramDomain *domain, const Json *json)
{
    const char *event = json_get_string(json, "event", NULL);
    const char *transition = json_get_string(json, "transition", NULL);
    const char *where = json_get_string(json, "message", json_get_string(json, "on", NULL));

    if (event != NULL)
        return carried_by_event(program, event);
    if (domain != NULL && transition != NULL)
        return carried_by_transition(domain, transition);
    return domain != NULL && where != NULL ? carried_by_handler(domain, where) : (Carried){0};
}

typedef struct Carrying {
    Passage *passage;
    const ProgramDomain *was; /* of the receiver; NULL: there was none */
    const ProgramDomain *is;
} Carrying;

static int carried_find(const Carried *carried, const char *name)
{
    for (size_t i = 0; i < carried->count; i++)
        if (strcmp(carried->items[i].name, name) == 0)
            return (int)i;
    return -1;
}

static bool carried_is_kept(const Carrying *carrying, const Carried *was, const Carried *is)
{
    const TypeTable *types = &carrying->passage->old->program->types;
    const TypeTable *new_types = &carrying->passage->evolution->program->types;

    if (was->count != is->count)
        return false;
    for (size_t i = 0; i < is->count; i++)
        if (strcmp(was->items[i].name, is->items[i].name) != 0 ||
            !type_is_kept(types, was->items[i].type, new_types, is->items[i].type))
            return false;
    return true;
}

/* What was carried, as a value of the type that it has now. What is new, or was of another type
 * altogether, has its zero value until it is said. `value` may be NULL. */
static Json *carried_value(const Carrying *carrying, const Json *value, StaticType type)
{
    const TypeTable *types = &carrying->passage->evolution->program->types;
    Arena *arena = &carrying->passage->scratch;
    cleanup(buffer_deinit) Buffer text = {0};
    Json *json = NULL;
    Value is;

    if (value == NULL || !type_admit(types, type, value_decode(arena, value), arena, &is))
        is = type_zero(types, type, arena);
    value_encode(&text, is);
    return json_parse_own(buffer_text(&text), text.size, &json, NULL) == 0 ? json : json_new_null();
}

/* `of` says what it is; its list of values stands in `item`. */
static void values_rearrange(const Carrying *carrying, const Json *of, Json *item,
                             const char *member)
{
    Carried was = carried_by(carrying->passage->old->program, carrying->was, of);
    Carried is = carried_by(carrying->passage->evolution->program, carrying->is, of);
    const Json *values = json_get(item, member);

    if (values == NULL || !was.known || !is.known || json_count(values) != was.count ||
        carried_is_kept(carrying, &was, &is))
        return;
    Json *rearranged = json_new_array();
    for (size_t i = 0; i < is.count; i++) {
        int at = carried_find(&was, is.items[i].name);
        const Json *value = at >= 0 ? json_at(values, (size_t)at) : NULL;
        json_append(rearranged, carried_value(carrying, value, is.items[i].type));
    }
    json_set(item, member, rearranged);
}

static void messages_rearrange(const Carrying *carrying, const Json *list)
{
    for (Json *message = json_first(list); message != NULL; message = json_next(message)) {
        values_rearrange(carrying, message, message, "arguments");
        values_rearrange(carrying, message, message, "former");
    }
}

static const ProgramDomain *domain_was(const Passage *passage, const char *name,
                                       const ProgramDomain **ret_is)
{
    const Program *program = passage->evolution->program;
    int is = program_find_domain(program, name);
    int was = is >= 0 ? passage->was[is] : -1;

    *ret_is = is >= 0 ? &program->domains[is] : NULL;
    return was >= 0 ? &passage->old->program->domains[was] : NULL;
}

static void said_rearrange(Passage *passage, Json *said)
{
    Carrying carrying = {.passage = passage};

    carrying.was = domain_was(passage, json_get_string(said, "send", ""), &carrying.is);
    values_rearrange(&carrying, said, said, "args");
}

static void instance_rearrange(Passage *passage, const Json *item)
{
    Carrying carrying = {.passage = passage};

    carrying.was = domain_was(passage, json_get_string(item, "domain", ""), &carrying.is);
    messages_rearrange(&carrying, json_get(item, "mailbox"));
    for (Json *run = json_first(json_get(item, "runs")); run != NULL; run = json_next(run))
        values_rearrange(&carrying, json_get(run, "next"), run, "arguments");
    for (Json *origin = json_first(json_get(item, "origins")); origin != NULL;
         origin = json_next(origin)) {
        values_rearrange(&carrying, json_get(origin, "cause"), origin, "arguments");
        for (Json *said = json_first(json_get(origin, "said")); said != NULL;
             said = json_next(said))
            said_rearrange(passage, said);
    }
}

void snapshot_reshape(Passage *passage, Json *snapshot)
{
    Carrying retained = {.passage = passage};

    for (const Json *item = json_first(json_get(snapshot, "domains")); item != NULL;
         item = json_next(item))
        if (!json_get_bool(item, "gone", false))
            instance_rearrange(passage, item);
    messages_rearrange(&retained, json_get(snapshot, "retained"));
    for (Json *said = json_first(passage->withdrawn); said != NULL; said = json_next(said))
        said_rearrange(passage, said);
    arena_reset(&passage->scratch);
}

/* ---- fields ---- */

static char **field_names(const ProgramDomain *domain, Arena *arena)
{
    char **names = arena_array(arena, char *, domain->field_count);

    for (size_t i = 0; i < domain->field_count; i++)
        names[i] = arena_copy_string(arena, domain->fields[i].name);
    return names;
}

static Reshape reshape_of(const Instance *before, const Instance *instance)
{
    return (Reshape){before->runtime->program, before->domain, instance->runtime->program,
                     instance->domain};
}

/* The state in its new shape: `before` holds it in the old one. */
static int instance_reshape(Instance *instance, const Instance *before, Arena *arena, Error *err)
{
    size_t count = instance->domain->field_count;
    Reshape reshape = reshape_of(before, instance);
    Value *fields = arena_array(arena, Value, count);
    bool *set = arena_array(arena, bool, count);

    for (size_t i = 0; i < count; i++)
        fields[i] = instance->domain->fields[i].initial;
    if (reshape_fields(&reshape, field_names(before->domain, arena), before->fields,
                       before->domain->field_count, arena, fields, set, err) < 0)
        return ERROR_PROGRAM;
    for (size_t i = 0; i < count; i++) {
        Value value = value_clone(fields[i]); /* before the end of what it may be part of */
        value_free(instance->fields[i]);
        instance->fields[i] = value;
    }
    instance_fields_set(instance);
    return 0;
}

/* ---- records ---- */

/* The state of before with what the slice had read in it, or – what it only set – had found. */
static Value *fields_as_read(const Origin *origin, const Instance *before, Arena *arena)
{
    Value *fields = arena_array(arena, Value, before->domain->field_count);

    for (size_t i = 0; i < before->domain->field_count; i++) {
        const char *name = before->domain->fields[i].name;
        int read = origin_field(origin, name);
        const OriginChange *change = origin_change(origin, name);
        fields[i] = read >= 0        ? origin->fields[read]
                    : change != NULL ? change->before
                                     : before->fields[i];
    }
    return fields;
}

/* It is made of what the slice had read, as far as that can be told. */
static bool is_read(const Origin *origin, const Instance *before, const Instance *instance,
                    size_t field, Value value)
{
    const char *name = instance->domain->fields[field].name;

    return origin_field(origin, name) >= 0 || domain_find_field(before->domain, name) < 0 ||
           !value_equal(value, instance->fields[field]);
}

/* What a slice had read, as it would have read it in the new shape: that it is computed again on.
 */
static int reads_reshape(Origin *origin, const Instance *before, const Instance *instance,
                         Arena *arena, Error *err)
{
    Reshape reshape = reshape_of(before, instance);
    size_t count = reshape.new->field_count, kept = 0;
    Value *fields = arena_array(arena, Value, count);
    bool *set = arena_array(arena, bool, count);

    if (reshape_fields(&reshape, field_names(before->domain, arena),
                       fields_as_read(origin, before, arena), before->domain->field_count, arena,
                       fields, set, err) < 0)
        return ERROR_PROGRAM;
    char **names = memory_zero(count, sizeof(char *));
    Value *values = memory_zero(count, sizeof(Value));
    for (size_t i = 0; i < count; i++)
        if (set[i] && is_read(origin, before, instance, i, fields[i])) {
            names[kept] = memory_copy_string(reshape.new->fields[i].name);
            values[kept++] = value_clone(fields[i]);
        }
    for (size_t i = 0; i < origin->field_count; i++)
        free(origin->field_names[i]);
    free(origin->field_names);
    values_free(origin->fields, origin->field_count);
    origin->field_names = names;
    origin->fields = values;
    origin->field_count = kept;
    return 0;
}

static bool change_holds(const OriginChange *change, Value value)
{
    return change != NULL && change->after == value_digest(value);
}

/* The old state in the new shape. */
static int fields_reshape(const Instance *before, const Instance *instance, const Value *state,
                          Arena *arena, Value **ret, bool **ret_set, Error *err)
{
    Reshape reshape = reshape_of(before, instance);

    *ret = arena_array(arena, Value, instance->domain->field_count);
    *ret_set = arena_array(arena, bool, instance->domain->field_count);
    return reshape_fields(&reshape, field_names(before->domain, arena), state,
                          before->domain->field_count, arena, *ret, *ret_set, err);
}

static void changes_replace(Origin *origin, OriginChange *changes, size_t count)
{
    for (size_t i = 0; i < origin->change_count; i++) {
        free(origin->changes[i].field);
        value_free(origin->changes[i].before);
    }
    free(origin->changes);
    origin->changes = changes;
    origin->change_count = count;
}

/* `state`, of the old fields, is what the slice had left, as far as that can be told, and becomes
 * what it had found: what differs between these two in the new shape is what it changed. Of a field
 * that others have set since only a change under its own name is known. */
static int changes_reshape(Origin *origin, const Instance *before, const Instance *instance,
                           Value *state, Arena *arena, Error *err)
{
    size_t count = instance->domain->field_count, kept = 0;
    Value *left, *found;
    bool *left_set, *found_set;

    if (fields_reshape(before, instance, state, arena, &left, &left_set, err) < 0)
        return ERROR_PROGRAM;
    for (size_t i = 0; i < before->domain->field_count; i++) {
        const OriginChange *change = origin_change(origin, before->domain->fields[i].name);
        if (change_holds(change, state[i]))
            state[i] = value_copy(arena, change->before);
    }
    if (fields_reshape(before, instance, state, arena, &found, &found_set, err) < 0)
        return ERROR_PROGRAM;
    OriginChange *changes = memory_zero(count, sizeof *changes);
    for (size_t i = 0; i < count; i++) {
        const char *name = instance->domain->fields[i].name;
        const OriginChange *change = origin_change(origin, name);
        bool known = found_set[i] && left_set[i] && !value_equal(left[i], found[i]);
        if (!found_set[i] || (!known && change == NULL))
            continue;
        changes[kept++] = (OriginChange){.field = memory_copy_string(name),
                                         .after = known ? value_digest(left[i]) : change->after,
                                         .before = value_clone(known ? found[i] : change->before)};
    }
    changes_replace(origin, changes, kept);
    return 0;
}

/* Newest first: what a slice had found is what the one before it had left. */
static int origins_reshape(Instance *instance, const Instance *before, Arena *arena, Error *err)
{
    Value *state = arena_array(arena, Value, before->domain->field_count);
    int code = 0;

    for (size_t i = 0; i < before->domain->field_count; i++)
        state[i] = before->fields[i];
    for (size_t i = instance->has->origin_count; i-- > 0 && code == 0;) {
        code = reads_reshape(instance->has->origins[i], before, instance, arena, err);
        if (code == 0)
            code = changes_reshape(instance->has->origins[i], before, instance, state, arena, err);
    }
    return code;
}

int state_reshape(Passage *passage, Error *err)
{
    int code = 0;

    for (Instance *i = instance_first(passage->new); i != NULL && code == 0; i = instance_next(i)) {
        const Instance *before = instance_before(passage, i);
        if (before == NULL || before->domain->version == i->domain->version)
            continue;
        code = instance_reshape(i, before, &passage->scratch, err);
        if (code == 0)
            code = origins_reshape(i, before, &passage->scratch, err);
        arena_reset(&passage->scratch);
    }
    return code;
}

/* ---- what a `yield` keeps ---- */

static const CodeYield *yield_of(const Instance *instance, const Cause *cause)
{
    const Code *code = cause_code(instance, cause);

    return cause->yield <= code->yield_count ? &code->yields[cause->yield - 1] : NULL;
}

/* The text does not say how a record looks. */
bool locals_are_kept(const Instance *before, const Cause *was, const Instance *instance,
                     const Cause *is, size_t local_count)
{
    if (is->yield == 0)
        return true;
    const CodeYield *a = yield_of(before, was), *b = yield_of(instance, is);
    if (a == NULL || b == NULL || a->top - before->domain->field_count != local_count ||
        b->top - instance->domain->field_count != local_count)
        return false;
    for (size_t i = 0; i < local_count; i++)
        if (!type_is_kept(&before->runtime->program->types, a->types[i],
                          &instance->runtime->program->types, b->types[i]))
            return false;
    return true;
}

static bool same_name(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Where the `nth` of that name is, from 0; -1: there are not so many. */
static int local_named(const CodeYield *yield, size_t count, const char *name, size_t nth)
{
    for (size_t i = 0; i < count; i++)
        if (same_name(yield->names[i], name) && nth-- == 0)
            return (int)i;
    return -1;
}

static size_t locals_before(const CodeYield *yield, size_t index)
{
    size_t count = 0;

    for (size_t i = 0; i < index; i++)
        count += same_name(yield->names[i], yield->names[index]);
    return count;
}

typedef struct Locals {
    const CodeYield *yield;
    size_t count;
    const TypeTable *types;
} Locals;

/* The local of before that is the one at that place now: of the same name, or else at the same
 * place under a name that is gone. -1: there is none. */
static int local_before(const Locals *was, const Locals *is, size_t index)
{
    const char *name = is->yield->names[index];
    int at = local_named(was->yield, was->count, name, locals_before(is->yield, index));

    if (at < 0 && name != NULL && index < was->count && was->yield->names[index] != NULL &&
        local_named(is->yield, is->count, was->yield->names[index], 0) < 0)
        at = (int)index;
    return at >= 0 && type_is_kept(was->types, was->yield->types[at], is->types,
                                   is->yield->types[index])
               ? at
               : -1;
}

bool origin_locals_pass(const Instance *before, const Origin *former, const Instance *instance,
                        Origin *origin)
{
    if (origin->cause.yield == 0)
        return true;
    Locals old = {.yield = yield_of(before, &former->cause),
                  .types = &before->runtime->program->types};
    Locals new = {.yield = yield_of(instance, &origin->cause),
                  .types = &instance->runtime->program->types};
    if (old.yield == NULL || new.yield == NULL)
        return false;
    old.count = old.yield->top - before->domain->field_count;
    new.count = new.yield->top - instance->domain->field_count;
    bool passes = old.count == former->local_count;
    Value *locals = memory_zero(new.count, sizeof(Value));
    for (size_t i = 0; i < new.count &&passes; i++) {
        int at = local_before(&old, &new, i);
        passes = at >= 0;
        locals[i] = passes ? value_clone(former->locals[at]) : value_null();
    }
    if (!passes) {
        values_free(locals, new.count);
        return false;
    }
    values_free(origin->locals, origin->local_count);
    origin->locals = locals;
    origin->local_count = new.count;
    return true;
}
