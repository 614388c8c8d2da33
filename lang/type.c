#include "lang/type.h"

#include <stdlib.h>
#include <string.h>

static const char *const plain_names[STATIC_PLAIN_MAX] = {
    [STATIC_ERROR] = "error",   [STATIC_INT] = "int",       [STATIC_FLOAT] = "float",
    [STATIC_BOOL] = "bool",     [STATIC_STRING] = "string", [STATIC_DURATION] = "duration",
    [STATIC_SECRET] = "secret", [STATIC_ANY] = "any",       [STATIC_NULL] = "null",
};

/* ---- the table ---- */

static StaticType type_add(TypeTable *table, Type type)
{
    if (table->count == TYPES_MAX) {
        table->overflowed = true;
        return STATIC_ERROR;
    }
    arena_reserve_one(table->arena, table->items, table->count, table->capacity);
    table->items[table->count] = type;
    return (StaticType)table->count++;
}

void type_table_init(TypeTable *table, Arena *arena)
{
    *table = (TypeTable){.arena = arena};
    for (size_t i = 0; i < STATIC_PLAIN_MAX; i++)
        type_add(table, (Type){.kind = KIND_PLAIN, .name = plain_names[i]});
}

const Type *type_of(const TypeTable *table, StaticType type)
{
    return &table->items[type];
}

TypeKind type_kind(const TypeTable *table, StaticType type)
{
    return table->items[type].kind;
}

const char *type_name(const TypeTable *table, StaticType type)
{
    return table->items[type].name;
}

/* A list or a map of `element`; of none, it is an empty one. */
static StaticType container_add(TypeTable *table, TypeKind kind, const char *word,
                                StaticType element)
{
    const char *name = element == STATIC_ERROR
                           ? arena_format(table->arena, "an empty %s", word)
                           : arena_format(table->arena, "%s<%s>", word, type_name(table, element));

    return type_add(table, (Type){.kind = kind, .element = element, .name = name});
}

StaticType type_list(TypeTable *table, StaticType element)
{
    StaticType list = table->items[element].list;

    if (list == STATIC_ERROR)
        list = container_add(table, KIND_LIST, "list", element);
    return table->items[element].list = list;
}

StaticType type_map(TypeTable *table, StaticType element)
{
    StaticType map = table->items[element].map;

    if (map == STATIC_ERROR)
        map = container_add(table, KIND_MAP, "map", element);
    return table->items[element].map = map;
}

StaticType type_optional(TypeTable *table, StaticType element)
{
    StaticType optional = table->items[element].optional;

    if (optional != STATIC_ERROR)
        return optional;
    if (element == STATIC_ERROR || element == STATIC_ANY || element == STATIC_NULL ||
        type_kind(table, element) == KIND_OPTIONAL)
        return element;
    optional = type_add(
        table, (Type){.kind = KIND_OPTIONAL,
                      .element = element,
                      .name = arena_format(table->arena, "%s?", type_name(table, element))});
    return table->items[element].optional = optional;
}

StaticType type_declare(TypeTable *table, TypeKind kind, const char *name)
{
    return type_add(table, (Type){.kind = kind, .name = name});
}

void type_set_members(TypeTable *table, StaticType type, const TypeMember *members, size_t count)
{
    const ValueString **keys = arena_array(table->arena, const ValueString *, count);

    for (size_t i = 0; i < count; i++)
        keys[i] = value_string(table->arena, members[i].name, strlen(members[i].name)).string;
    table->items[type].members = members;
    table->items[type].member_count = count;
    table->items[type].keys = keys;
}

int type_member(const TypeTable *table, StaticType type, const char *name)
{
    const Type *of = type_of(table, type);

    for (size_t i = 0; i < of->member_count; i++)
        if (strcmp(of->members[i].name, name) == 0)
            return (int)i;
    return -1;
}

/* ---- values of a type ---- */

static Value empty_list(Arena *arena)
{
    return (Value){.type = VALUE_LIST, .list = arena_alloc(arena, sizeof(ValueList))};
}

static ValueObject *object_new(Arena *arena, size_t count)
{
    ValueObject *object = arena_alloc(arena, sizeof *object + count * sizeof(ValueMember));

    object->count = count;
    return object;
}

static Value record_zero(const Type *of, Arena *arena)
{
    ValueObject *object = object_new(arena, of->member_count);

    for (size_t i = 0; i < of->member_count; i++)
        object->members[i] = (ValueMember){of->keys[i], of->members[i].initial};
    return (Value){.type = VALUE_OBJECT, .object = object};
}

static Value plain_zero(StaticType type, Arena *arena)
{
    switch (type) {
    case STATIC_INT:
        return value_int(0);
    case STATIC_FLOAT:
        return (Value){.type = VALUE_FLOAT, .number = 0.0};
    case STATIC_BOOL:
        return value_bool(false);
    case STATIC_STRING:
        return value_string(arena, "", 0);
    case STATIC_DURATION:
        return value_duration(0);
    case STATIC_SECRET: {
        Value text = value_string(arena, "", 0);
        text.type = VALUE_SECRET;
        return text;
    }
    }
    return value_null();
}

Value type_zero(const TypeTable *table, StaticType type, Arena *arena)
{
    const Type *of = type_of(table, type);

    switch (of->kind) {
    case KIND_PLAIN:
        return plain_zero(type, arena);
    case KIND_LIST:
        return empty_list(arena);
    case KIND_MAP:
        return (Value){.type = VALUE_OBJECT, .object = object_new(arena, 0)};
    case KIND_OPTIONAL:
        return value_null();
    case KIND_RECORD:
        return record_zero(of, arena);
    case KIND_ENUM:
        return of->member_count > 0 ? (Value){.type = VALUE_STRING, .string = of->keys[0]}
                                    : value_null();
    }
    return value_null();
}

/* ---- which fits where ---- */

static bool is_open(StaticType type)
{
    return type == STATIC_ERROR || type == STATIC_ANY;
}

bool type_fits(const TypeTable *table, StaticType found, StaticType expected)
{
    const Type *from = type_of(table, found), *to = type_of(table, expected);

    if (found == expected || is_open(found) || is_open(expected))
        return true;
    if (to->kind == KIND_OPTIONAL)
        return found == STATIC_NULL ||
               type_fits(table, from->kind == KIND_OPTIONAL ? from->element : found, to->element);
    if (from->kind == to->kind && (to->kind == KIND_LIST || to->kind == KIND_MAP))
        return type_fits(table, from->element, to->element);
    return (found == STATIC_INT && expected == STATIC_FLOAT) ||
           (found == STATIC_STRING && expected == STATIC_SECRET);
}

bool type_needs_check(const TypeTable *table, StaticType found, StaticType expected)
{
    const Type *from = type_of(table, found), *to = type_of(table, expected);

    if (found == expected || found == STATIC_ERROR || is_open(expected))
        return false;
    if (found == STATIC_ANY)
        return true;
    if (to->kind == KIND_OPTIONAL)
        return found != STATIC_NULL &&
               type_needs_check(table, from->kind == KIND_OPTIONAL ? from->element : found,
                                to->element);
    if (from->kind == to->kind && (to->kind == KIND_LIST || to->kind == KIND_MAP))
        return type_needs_check(table, from->element, to->element);
    return true;
}

/* Of which elements, in the end, nothing is known: `[]`, `[[]]`. */
static bool is_hollow(const TypeTable *types, StaticType type)
{
    while (type_of(types, type)->element != STATIC_ERROR)
        type = type_of(types, type)->element;
    return type_kind(types, type) != KIND_PLAIN && type_kind(types, type) != KIND_RECORD &&
           type_kind(types, type) != KIND_ENUM;
}

bool type_join(const TypeTable *types, StaticType left, StaticType right, StaticType *ret)
{
    if (left == right) {
        *ret = left;
        return true;
    }
    bool up = type_fits(types, left, right) && !type_needs_check(types, left, right);
    bool down = type_fits(types, right, left) && !type_needs_check(types, right, left);

    *ret = up && !(down && is_hollow(types, right)) ? right : left;
    return up || down;
}

/* ---- values into a type ---- */

#define INT_AS_FLOAT_MAX (1LL << 53) /* beyond, a binary64 cannot hold every integer */

static bool admit_plain(StaticType type, Value value, Value *ret)
{
    *ret = value;
    switch (type) {
    case STATIC_INT:
        return value.type == VALUE_INT;
    case STATIC_FLOAT:
        if (value.type == VALUE_INT && value.integer >= -INT_AS_FLOAT_MAX &&
            value.integer <= INT_AS_FLOAT_MAX)
            *ret = (Value){.type = VALUE_FLOAT, .number = (double)value.integer};
        return ret->type == VALUE_FLOAT;
    case STATIC_BOOL:
        return value.type == VALUE_BOOL;
    case STATIC_STRING:
        return value.type == VALUE_STRING;
    case STATIC_DURATION:
        return value.type == VALUE_DURATION;
    case STATIC_SECRET:
        if (value.type == VALUE_STRING)
            ret->type = VALUE_SECRET;
        return ret->type == VALUE_SECRET;
    case STATIC_NULL:
        return value.type == VALUE_NULL;
    }
    return true; /* STATIC_ERROR, STATIC_ANY */
}

static bool admit_list(const TypeTable *table, StaticType element, Value value, Arena *arena,
                       Value *ret)
{
    if (value.type != VALUE_LIST)
        return false;
    ValueList *list = arena_alloc(arena, sizeof *list + value.list->count * sizeof(Value));
    list->count = value.list->count;
    for (size_t i = 0; i < list->count; i++)
        if (!type_admit(table, element, value.list->items[i], arena, &list->items[i]))
            return false;
    *ret = (Value){.type = VALUE_LIST, .list = list};
    return true;
}

static int member_order(const void *a, const void *b)
{
    return strcmp(((const ValueMember *)a)->key->bytes, ((const ValueMember *)b)->key->bytes);
}

static bool admit_map(const TypeTable *table, StaticType element, Value value, Arena *arena,
                      Value *ret)
{
    if (value.type != VALUE_OBJECT)
        return false;
    ValueObject *object = object_new(arena, value.object->count);
    for (size_t i = 0; i < object->count; i++) {
        object->members[i].key = value.object->members[i].key;
        if (!type_admit(table, element, value.object->members[i].value, arena,
                        &object->members[i].value))
            return false;
    }
    qsort(object->members, object->count, sizeof *object->members, member_order);
    *ret = (Value){.type = VALUE_OBJECT, .object = object};
    return true;
}

static bool admit_record(const TypeTable *table, const Type *of, Value value, Arena *arena,
                         Value *ret)
{
    if (value.type != VALUE_OBJECT)
        return false;
    ValueObject *object = object_new(arena, of->member_count);
    for (size_t i = 0; i < of->member_count; i++) {
        const TypeMember *member = &of->members[i];
        Value found = member->initial;
        object->members[i].key = of->keys[i];
        if (!value_member(value, member->name, &found) && !member->has_default)
            return false;
        if (!type_admit(table, member->type, found, arena, &object->members[i].value))
            return false;
    }
    *ret = (Value){.type = VALUE_OBJECT, .object = object};
    return true;
}

static bool admit_enum(const Type *of, Value value, Value *ret)
{
    *ret = value;
    if (value.type != VALUE_STRING)
        return false;
    for (size_t i = 0; i < of->member_count; i++)
        if (strcmp(of->members[i].name, value.string->bytes) == 0)
            return true;
    return false;
}

bool type_admit(const TypeTable *table, StaticType type, Value value, Arena *arena, Value *ret)
{
    const Type *of = type_of(table, type);

    *ret = value;
    if (value.type == VALUE_UNKNOWN)
        return true;
    switch (of->kind) {
    case KIND_PLAIN:
        return admit_plain(type, value, ret);
    case KIND_LIST:
        return admit_list(table, of->element, value, arena, ret);
    case KIND_MAP:
        return admit_map(table, of->element, value, arena, ret);
    case KIND_OPTIONAL:
        return value.type == VALUE_NULL || type_admit(table, of->element, value, arena, ret);
    case KIND_RECORD:
        return admit_record(table, of, value, arena, ret);
    case KIND_ENUM:
        return admit_enum(of, value, ret);
    }
    return false;
}
