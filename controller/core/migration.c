#include "migration.h"

#include <string.h>

#include "lang/base/buffer.h"

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

/* ---- check ---- */

/* The version that a step from that of the state would lead to. */
static uint32_t version_wanted(const Reshape *reshape)
{
    return reshape->new->version > reshape->old->version ? reshape->new->version
                                                         : reshape->old->version + 1;
}

static int refuse_gone(const Reshape *reshape, const ProgramField *field, Error *err)
{
    return error_set(err, ERROR_PROGRAM,
                     "error[V-ERR-003]: field '%s.%s' is gone, but the state holds a value of it: "
                     "put the field back, or write `@version %u` and `migration %s %u -> %u`; "
                     "nothing was touched",
                     reshape->old->name, field->name, version_wanted(reshape), reshape->new->name,
                     reshape->old->version, version_wanted(reshape));
}

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

static int refuse_type(const Reshape *reshape, const ProgramField *old, const ProgramField *new,
                       Error *err)
{
    const TypeTable *types = &reshape->was->types, *new_types = &reshape->is->types;
    bool whole = strcmp(type_name(types, old->type), type_name(new_types, new->type)) == 0;
    cleanup(buffer_deinit) Buffer was = {0};
    cleanup(buffer_deinit) Buffer is = {0};

    type_show(&was, types, old->type, whole);
    type_show(&is, new_types, new->type, whole);
    return error_set(err, ERROR_PROGRAM,
                     "error[V-ERR-003]: field '%s.%s' was %s in the state and is %s in the "
                     "program: put the type back, or give it its new value in a `migration %s %u "
                     "-> %u`; nothing was touched",
                     reshape->old->name, old->name, buffer_text(&was), buffer_text(&is),
                     reshape->new->name, reshape->old->version, version_wanted(reshape));
}

int reshape_check(const Reshape *reshape, Error *err)
{
    bool migrates = steps_arrive(reshape);

    for (size_t i = 0; i < reshape->old->field_count; i++) {
        const ProgramField *field = &reshape->old->fields[i];
        int found = domain_find_field(reshape->new, field->name);
        if (found < 0 && !migrates)
            return refuse_gone(reshape, field, err);
        if (found >= 0 && field_kept(reshape, &reshape->new->fields[found]) < 0 &&
            !(migrates && steps_set(reshape, field->name)))
            return refuse_type(reshape, field, &reshape->new->fields[found], err);
    }
    return 0;
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
                             "the migration of domain '%s' from version %u to %u faults: %s; "
                             "nothing was touched",
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
