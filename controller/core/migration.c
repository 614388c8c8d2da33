#include "migration.h"

#include <stdlib.h>
#include <string.h>

#include "lang/base/buffer.h"
#include "lang/base/memory.h"

#define LIST_SIZE_MAX 400 /* bytes of what a refusal lists */
#define TYPE_DEPTH_MAX 64 /* of types within types; records may hold themselves in a list */

/* ---- types ---- */

static bool type_kept(const TypeTable *was, StaticType old, const TypeTable *is, StaticType new,
                      int depth);

static bool record_is_kept(const TypeTable *was, const Type *old, const TypeTable *is,
                           const Type *new, int depth)
{
    if (old->member_count != new->member_count)
        return false;
    for (size_t i = 0; i < old->member_count; i++)
        if (strcmp(old->members[i].name, new->members[i].name) != 0 ||
            !type_kept(was, old->members[i].type, is, new->members[i].type, depth + 1))
            return false;
    return true;
}

static bool enum_is_kept(const Type *old, const TypeTable *is, StaticType new)
{
    for (size_t i = 0; i < old->member_count; i++)
        if (type_member(is, new, old->members[i].name) < 0)
            return false;
    return true;
}

/* What records and enums are called does not matter: values do not know it. */
static bool type_kept(const TypeTable *was, StaticType old, const TypeTable *is, StaticType new,
                      int depth)
{
    const Type *a = type_of(was, old), *b = type_of(is, new);

    if (depth > TYPE_DEPTH_MAX)
        return true;
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case KIND_PLAIN:
        return old == new;
    case KIND_LIST:
    case KIND_MAP:
    case KIND_OPTIONAL:
        return type_kept(was, a->element, is, b->element, depth + 1);
    case KIND_RECORD:
        return record_is_kept(was, a, is, b, depth);
    case KIND_ENUM:
        return enum_is_kept(a, is, new);
    }
    return false;
}

bool type_is_kept(const TypeTable *was, StaticType old, const TypeTable *is, StaticType new)
{
    return type_kept(was, old, is, new, 0);
}

/* ---- steps ---- */

static const ProgramMigration *step_from(const ProgramDomain *domain, uint32_t version)
{
    for (size_t i = 0; i < domain->migration_count; i++)
        if (domain->migrations[i].from == version)
            return &domain->migrations[i];
    return NULL;
}

/* The next step from the version towards that of the program, which it moves on; NULL: there is
 * none. */
static const ProgramMigration *step_next(const Reshape *reshape, uint32_t *version)
{
    const ProgramMigration *step =
        *version < reshape->new->version ? step_from(reshape->new, *version) : NULL;

    if (step != NULL)
        *version = step->to;
    return step;
}

static bool steps_arrive(const Reshape *reshape)
{
    uint32_t version = reshape->old->version;

    if (version >= reshape->new->version)
        return false;
    while (step_next(reshape, &version) != NULL)
        ;
    return version == reshape->new->version;
}

static bool steps_set(const Reshape *reshape, const char *field)
{
    uint32_t version = reshape->old->version;
    const ProgramMigration *step;

    while ((step = step_next(reshape, &version)) != NULL)
        for (size_t i = 0; i < step->field_count; i++)
            if (strcmp(step->fields[i], field) == 0)
                return true;
    return false;
}

/* The field of before that goes on as this one; -1: there is none. */
static int field_kept(const Reshape *reshape, const ProgramField *field)
{
    int old = domain_find_field(reshape->old, field->name);

    return old >= 0 && type_is_kept(&reshape->was->types, reshape->old->fields[old].type,
                                    &reshape->is->types, field->type)
               ? old
               : -1;
}

bool shape_is_kept(const Reshape *reshape)
{
    for (size_t i = 0; i < reshape->old->field_count; i++) {
        int found = domain_find_field(reshape->new, reshape->old->fields[i].name);
        if (found < 0 || field_kept(reshape, &reshape->new->fields[found]) < 0)
            return false;
    }
    return true;
}

/* ---- the line that would make it possible ---- */

/* The version that a step from that of the state would have to lead to: where the program's own
 * steps begin, or that of the program. */
static uint32_t version_wanted(const Reshape *reshape)
{
    uint32_t wanted = reshape->new->version > reshape->old->version ? reshape->new->version
                                                                    : reshape->old->version + 1;

    for (size_t i = 0; i < reshape->new->migration_count; i++) {
        uint32_t from = reshape->new->migrations[i].from;
        if (from > reshape->old->version && from < wanted)
            wanted = from;
    }
    return wanted;
}

/* A value as a program would write it; "..." for what is long. */
static void literal_write(const TypeTable *types, StaticType type, Value value, Buffer *ret)
{
    bool is_enum = type_of(types, type)->kind == KIND_ENUM;

    if (value.type == VALUE_STRING && is_enum)
        buffer_add_format(ret, "%s::%s", type_name(types, type), value.string->bytes);
    else if (value.type == VALUE_DURATION)
        buffer_add_format(ret, "%lldms", (long long)value.integer);
    else if (value.type == VALUE_NULL || value.type == VALUE_BOOL || value.type == VALUE_INT ||
             value.type == VALUE_FLOAT ||
             (value.type == VALUE_STRING && strstr(value.string->bytes, "${") == NULL))
        value_encode(ret, value);
    else if (value.type == VALUE_LIST && value.list->count == 0)
        buffer_add_string(ret, "[]");
    else
        buffer_add_string(ret, "...");
}

/* What a plain type has a function for. */
static const char *converted_by(StaticType old, StaticType new)
{
    bool is_number = old == STATIC_INT || old == STATIC_FLOAT;

    if (new == STATIC_STRING && (is_number || old == STATIC_BOOL || old == STATIC_DURATION))
        return "string";
    if (new == STATIC_FLOAT && (is_number || old == STATIC_STRING))
        return "float";
    return new == STATIC_INT && (is_number || old == STATIC_STRING) ? "int" : NULL;
}

/* "Port(host: old.port.host, number: ...)": what is new and has a value of its own is left out. */
static void record_write(const Reshape *reshape, const ProgramField *old, const ProgramField *new,
                         Buffer *ret)
{
    const TypeTable *was = &reshape->was->types, *is = &reshape->is->types;
    const Type *from = type_of(was, old->type), *to = type_of(is, new->type);
    const char *separator = "";

    buffer_add_format(ret, "%s(", to->name);
    for (size_t i = 0; i < to->member_count; i++) {
        const TypeMember *member = &to->members[i];
        int at = type_member(was, old->type, member->name);
        if (at < 0 && member->has_default)
            continue;
        buffer_add_format(ret, "%s%s: ", separator, member->name);
        if (at >= 0 && type_is_kept(was, from->members[at].type, is, member->type))
            buffer_add_format(ret, "old.%s.%s", old->name, member->name);
        else
            buffer_add_string(ret, "...");
        separator = ", ";
    }
    buffer_add_char(ret, ')');
}

/* "count = string(old.count)": the field's new value out of that of before, or its first one. */
static void conversion_write(const Reshape *reshape, const ProgramField *old,
                             const ProgramField *new, Buffer *ret)
{
    const TypeTable *was = &reshape->was->types, *is = &reshape->is->types;
    const Type *from = type_of(was, old->type), *to = type_of(is, new->type);
    const char *function = converted_by(old->type, new->type);

    buffer_add_format(ret, "%s = ", new->name);
    if (function != NULL) {
        buffer_add_format(ret, "%s(old.%s)", function, old->name);
    } else if (to->kind == KIND_OPTIONAL && type_is_kept(was, old->type, is, to->element)) {
        buffer_add_format(ret, "old.%s", old->name);
    } else if (to->kind == KIND_LIST && type_is_kept(was, old->type, is, to->element)) {
        buffer_add_format(ret, "[old.%s]", old->name);
    } else if (from->kind == KIND_OPTIONAL && type_is_kept(was, from->element, is, new->type)) {
        buffer_add_format(ret, "value_or(old.%s, ", old->name);
        literal_write(is, new->type, new->initial, ret);
        buffer_add_char(ret, ')');
    } else if (from->kind == KIND_RECORD && to->kind == KIND_RECORD) {
        record_write(reshape, old, new, ret);
    } else {
        literal_write(is, new->type, new->initial, ret);
    }
}

/* ---- check ---- */

/* What of a state does not pass over by itself. */
typedef struct Misfits {
    bool migrates;     /* the program's steps lead from the version of the state to its own */
    Buffer sentence;   /* about the first */
    Buffer others;     /* "'a', 'b'": the rest */
    Buffer values;     /* of the line that would help: "a = string(old.a)  b = old.c" */
    size_t new_fields; /* of the new domain: those before it are no candidates for another name */
} Misfits;

static void misfits_deinit(Misfits *misfits)
{
    buffer_deinit(&misfits->sentence);
    buffer_deinit(&misfits->others);
    buffer_deinit(&misfits->values);
}
#define misfits_deinit_p misfits_deinit

/* "Port", or "Port {host: string, n: int}" where another type has that name. */
static void type_show(Buffer *buffer, const TypeTable *table, StaticType type, bool whole)
{
    const Type *shown = type_of(table, type);

    buffer_add_string(buffer, shown->name);
    while (whole && shown->element != STATIC_ERROR && shown->kind != KIND_PLAIN)
        shown = type_of(table, shown->element);
    if (!whole || shown->member_count == 0)
        return;
    for (size_t i = 0; i < shown->member_count; i++) {
        buffer_add_string(buffer, i == 0 ? " {" : ", ");
        buffer_add_string(buffer, shown->members[i].name);
        if (shown->kind == KIND_RECORD)
            buffer_add_format(buffer, ": %s", type_name(table, shown->members[i].type));
    }
    buffer_add_char(buffer, '}');
}

static void say_gone(const Reshape *reshape, const ProgramField *field, Buffer *ret)
{
    buffer_add_format(ret, "field '%s.%s' is gone, but the state holds a value of it",
                      reshape->old->name, field->name);
}

static void say_type(const Reshape *reshape, const ProgramField *old, const ProgramField *new,
                     Buffer *ret)
{
    const TypeTable *types = &reshape->was->types, *new_types = &reshape->is->types;
    bool whole = strcmp(type_name(types, old->type), type_name(new_types, new->type)) == 0;

    buffer_add_format(ret, "field '%s.%s' was ", reshape->old->name, old->name);
    type_show(ret, types, old->type, whole);
    buffer_add_string(ret, " in the state and is ");
    type_show(ret, new_types, new->type, whole);
    buffer_add_string(ret, " in the program");
}

/* A new field that could hold what the one that is gone held; each is taken once. NULL: none. */
static const ProgramField *successor_find(const Reshape *reshape, const ProgramField *gone,
                                          Misfits *misfits)
{
    for (size_t i = misfits->new_fields; i < reshape->new->field_count; i++) {
        const ProgramField *field = &reshape->new->fields[i];
        if (domain_find_field(reshape->old, field->name) >= 0 ||
            !type_is_kept(&reshape->was->types, gone->type, &reshape->is->types, field->type))
            continue;
        misfits->new_fields = i + 1;
        return field;
    }
    return NULL;
}

static void list_add(Buffer *list, const char *separator, const char *item)
{
    buffer_add_format(list, "%s%s", list->size > 0 ? separator : "", item);
}

/* What the line that would help says of the field; `new` as below. */
static void value_add(const Reshape *reshape, const ProgramField *old, const ProgramField *new,
                      Misfits *misfits)
{
    cleanup(buffer_deinit) Buffer value = {0};

    if (new == NULL) {
        new = successor_find(reshape, old, misfits);
        if (new == NULL)
            return; /* a migration need not speak of it */
        buffer_add_format(&value, "%s = old.%s", new->name, old->name);
    } else {
        conversion_write(reshape, old, new, &value);
    }
    list_add(&misfits->values, "  ", buffer_text(&value));
}

/* `new` is what the field is in the program; NULL: it is gone. */
static void misfit_add(const Reshape *reshape, const ProgramField *old, const ProgramField *new,
                       Misfits *misfits)
{
    cleanup(free) char *name = memory_format("'%s'", old->name);

    if (misfits->sentence.size > 0)
        list_add(&misfits->others, ", ", name);
    else if (new == NULL)
        say_gone(reshape, old, &misfits->sentence);
    else
        say_type(reshape, old, new, &misfits->sentence);
    value_add(reshape, old, new, misfits);
}

static void misfits_find(const Reshape *reshape, Misfits *ret)
{
    ret->migrates = steps_arrive(reshape);
    for (size_t i = 0; i < reshape->old->field_count; i++) {
        const ProgramField *field = &reshape->old->fields[i];
        int found = domain_find_field(reshape->new, field->name);
        if (found < 0 && !ret->migrates)
            misfit_add(reshape, field, NULL, ret);
        if (found >= 0 && field_kept(reshape, &reshape->new->fields[found]) < 0 &&
            !(ret->migrates && steps_set(reshape, field->name)))
            misfit_add(reshape, field, &reshape->new->fields[found], ret);
    }
}

/* "write `@version 2` in the domain and `migration D 1 -> 2 { a = string(old.a) }`" */
static void line_write(const Reshape *reshape, const Misfits *misfits, Buffer *ret)
{
    uint32_t from = reshape->old->version, to = version_wanted(reshape);
    const char *name = reshape->new->name, *values = buffer_text(&misfits->values);

    if (misfits->migrates) {
        buffer_add_format(ret, "add `%s` to `migration %s %u -> %u`", values, name, from,
                          step_from(reshape->new, from)->to);
        return;
    }
    buffer_add_string(ret, "write ");
    if (reshape->new->version <= from)
        buffer_add_format(ret, "`@version %u` in the domain and ", to);
    buffer_add_format(ret, "`migration %s %u -> %u { %s%s%s}`", name, from, to, values,
                      misfits->values.overflowed ? "  ..." : "",
                      misfits->values.size > 0 ? " " : "");
}

int reshape_check(const Reshape *reshape, Error *err)
{
    cleanup(misfits_deinit) Misfits misfits = {0};
    cleanup(buffer_deinit) Buffer line = {0};

    buffer_init(&misfits.others, LIST_SIZE_MAX);
    buffer_init(&misfits.values, LIST_SIZE_MAX);
    misfits_find(reshape, &misfits);
    if (misfits.sentence.size == 0)
        return 0;
    line_write(reshape, &misfits, &line);
    bool more = misfits.others.size > 0;
    return error_set(err, ERROR_PROGRAM,
                     "error[V-ERR-003]: %s%s%s%s%s: put back what was there, or %s; nothing was "
                     "touched",
                     buffer_text(&misfits.sentence), more ? "; nor does the program take " : "",
                     more ? buffer_text(&misfits.others) : "",
                     misfits.others.overflowed ? " and more" : "", more ? " as it was" : "",
                     buffer_text(&line));
}

/* ---- values ---- */

static ValueObject *object_new(Arena *arena, size_t capacity)
{
    return arena_alloc(arena, sizeof(ValueObject) + capacity * sizeof(ValueMember));
}

static void object_put(ValueObject *object, Arena *arena, const char *name, Value value)
{
    for (size_t i = 0; i < object->count; i++)
        if (strcmp(object->members[i].key->bytes, name) == 0) {
            object->members[i].value = value;
            return;
        }
    object->members[object->count++] =
        (ValueMember){value_string(arena, name, strlen(name)).string, value};
}

/* What a step has set is what the next one sees as old, beside what was there before. */
static Value old_of_next(Value old, const ProgramDomain *domain, const ProgramMigration *step,
                         const Value *fields, Arena *arena)
{
    ValueObject *next = object_new(arena, old.object->count + step->field_count);

    for (size_t i = 0; i < old.object->count; i++)
        next->members[next->count++] = old.object->members[i];
    for (size_t i = 0; i < step->field_count; i++) {
        int field = domain_find_field(domain, step->fields[i]);
        if (field >= 0)
            object_put(next, arena, step->fields[i], fields[field]);
    }
    return (Value){.type = VALUE_OBJECT, .object = next};
}

static int steps_run(const Reshape *reshape, Value old, Arena *arena, Value *fields, bool *set,
                     Error *err)
{
    uint32_t version = reshape->old->version;
    const ProgramMigration *step;

    while ((step = step_next(reshape, &version)) != NULL) {
        const char *fault = NULL;
        if (!migration_run(reshape->is, reshape->new, step, old, arena, fields, &fault))
            return error_set(err, ERROR_PROGRAM,
                             "error[V-ERR-003]: the state does not pass `migration %s %u -> %u`, "
                             "which faults: %s: correct the migration, or undo the edit; nothing "
                             "was touched",
                             reshape->new->name, step->from, step->to, fault);
        for (size_t i = 0; i < step->field_count; i++) {
            int field = domain_find_field(reshape->new, step->fields[i]);
            if (field >= 0)
                set[field] = true;
        }
        old = old_of_next(old, reshape->new, step, fields, arena);
    }
    return 0;
}

int reshape_fields(const Reshape *reshape, char *const *names, const Value *values, size_t count,
                   Arena *arena, Value *fields, bool *ret_set, Error *err)
{
    ValueObject *old = object_new(arena, count);

    for (size_t i = 0; i < count; i++)
        object_put(old, arena, names[i], values[i]);
    for (size_t i = 0; i < reshape->new->field_count; i++) {
        Value value;
        const ProgramField *field = &reshape->new->fields[i];
        ret_set[i] =
            field_kept(reshape, field) >= 0 &&
            value_member((Value){.type = VALUE_OBJECT, .object = old}, field->name, &value);
        if (ret_set[i])
            fields[i] = value;
    }
    if (!steps_arrive(reshape))
        return 0;
    return steps_run(reshape, (Value){.type = VALUE_OBJECT, .object = old}, arena, fields, ret_set,
                     err);
}
