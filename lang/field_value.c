/* A field's value as somebody types it after --set. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lang/program.h"

#define TEXT_SHOWN_MAX 60

/* What is being read, and where what it becomes is made. */
typedef struct Reading {
    const TypeTable *types;
    const ProgramField *field;
    const char *text;
    Arena *arena;
    Error *err;
} Reading;

/* Whether a value of the type may have a secret in it; `seen` has the types that are under way. */
static bool holds_secret(const TypeTable *types, StaticType type, bool *seen)
{
    const Type *of = type_of(types, type);

    if (of->kind == KIND_PLAIN || of->kind == KIND_ENUM || seen[type])
        return type == STATIC_SECRET;
    seen[type] = true;
    if (of->kind != KIND_RECORD)
        return holds_secret(types, of->element, seen);
    for (size_t i = 0; i < of->member_count; i++)
        if (holds_secret(types, of->members[i].type, seen))
            return true;
    return false;
}

static int refuse(const Reading *reading, const char *expected)
{
    StaticType type = reading->field->type;
    bool *seen = arena_array(reading->arena, bool, reading->types->count);
    bool is_secret = holds_secret(reading->types, type, seen);
    const char *found = is_secret ? VALUE_SENSITIVE : reading->text;

    return error_set(reading->err, ERROR_USAGE, "field '%s' is %s: expected %s, found '%.*s'",
                     reading->field->name, type_name(reading->types, type), expected,
                     TEXT_SHOWN_MAX, found);
}

/* Decimal digits with an optional sign, up to `*ret_end`; false: none, or more than 64 bits. */
static bool digits_read(const char *text, int64_t *ret, const char **ret_end)
{
    char *end;
    const char *digits = *text == '-' ? text + 1 : text;

    if (*digits < '0' || *digits > '9')
        return false;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno != 0)
        return false;
    *ret = value;
    *ret_end = end;
    return true;
}

static bool duration_read(const char *text, int64_t *ret)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
    const char *unit;
    int64_t number;

    if (!digits_read(text, &number, &unit))
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(units); i++)
        if (strcmp(unit, units[i].unit) == 0)
            return !__builtin_mul_overflow(number, units[i].ms, ret);
    return false;
}

/* Well-formed UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF. */
static bool is_utf8(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;

    while (*at != '\0') {
        unsigned char first = *at++;
        unsigned more = first < 0x80   ? 0
                        : first < 0xc2 ? 9
                        : first < 0xe0 ? 1
                        : first < 0xf0 ? 2
                                       : 3;
        unsigned char low = 0x80, high = 0xbf;
        if (more == 9 || first > 0xf4)
            return false;
        if (first == 0xe0)
            low = 0xa0;
        else if (first == 0xed)
            high = 0x9f;
        else if (first == 0xf0)
            low = 0x90;
        else if (first == 0xf4)
            high = 0x8f;
        for (; more > 0; more--, at++, low = 0x80, high = 0xbf)
            if (*at < low || *at > high)
                return false;
    }
    return true;
}

static int string_read(const Reading *reading, ValueType type, Value *ret)
{
    const char *text = reading->text;
    size_t size = strlen(text);

    if (size > VALUE_STRING_MAX)
        return error_set(reading->err, ERROR_USAGE,
                         "field '%s': a string has at most %d bytes, found %zu",
                         reading->field->name, VALUE_STRING_MAX, size);
    if (!is_utf8(text))
        return error_set(reading->err, ERROR_USAGE,
                         "field '%s' is %s: expected UTF-8, found bytes that are no text",
                         reading->field->name, type_name(reading->types, reading->field->type));
    if (size >= 2 && text[0] == '"' && text[size - 1] == '"')
        *ret = value_string(reading->arena, text + 1, size - 2);
    else
        *ret = value_string(reading->arena, text, size);
    ret->type = type;
    return 0;
}

static int int_read(const Reading *reading, Value *ret)
{
    const char *end;
    int64_t number;

    if (!digits_read(reading->text, &number, &end) || *end != '\0')
        return refuse(reading, "an integer of 64 bits");
    *ret = value_int(number);
    return 0;
}

static int float_read(const Reading *reading, Value *ret)
{
    static const char *const allowed = "0123456789+-.eE";
    char *end;
    double number = strtod(reading->text, &end);

    if (end == reading->text || reading->text[strspn(reading->text, allowed)] != '\0' ||
        *end != '\0' || !isfinite(number))
        return refuse(reading, "a number as 0.5, 3 or 1.5e9");
    *ret = value_float(number);
    return 0;
}

static int bool_read(const Reading *reading, Value *ret)
{
    bool is_true = strcmp(reading->text, "true") == 0;

    if (!is_true && strcmp(reading->text, "false") != 0)
        return refuse(reading, "true or false");
    *ret = value_bool(is_true);
    return 0;
}

static int enum_read(const Reading *reading, StaticType type, Value *ret)
{
    const Type *of = type_of(reading->types, type);
    const char *expected = "";

    for (size_t i = 0; i < of->member_count; i++) {
        if (strcmp(reading->text, of->members[i].name) == 0) {
            *ret = (Value){.type = VALUE_STRING, .string = of->keys[i]};
            return 0;
        }
        expected = arena_format(reading->arena, "%s%s%s", expected,
                                i == 0                      ? ""
                                : i + 1 == of->member_count ? " or "
                                                            : ", ",
                                of->members[i].name);
    }
    return refuse(reading, expected);
}

/* ---- JSON, for what has parts ---- */

static Value parts_read(const TypeTable *types, StaticType type, Value value, Arena *arena);

static Value list_parts_read(const TypeTable *types, StaticType element, Value value, Arena *arena)
{
    ValueList *list = arena_alloc(arena, sizeof *list + value.list->count * sizeof(Value));

    list->count = value.list->count;
    for (size_t i = 0; i < list->count; i++)
        list->items[i] = parts_read(types, element, value.list->items[i], arena);
    return (Value){.type = VALUE_LIST, .list = list};
}

static Value object_parts_read(const TypeTable *types, StaticType type, Value value, Arena *arena)
{
    const Type *of = type_of(types, type);
    size_t count = value.object->count;
    ValueObject *object = arena_alloc(arena, sizeof *object + count * sizeof(ValueMember));

    object->count = count;
    for (size_t i = 0; i < count; i++) {
        ValueMember member = value.object->members[i];
        int place = of->kind == KIND_RECORD ? type_member(types, type, member.key->bytes) : -1;
        StaticType part = of->kind == KIND_MAP ? of->element
                          : place >= 0         ? of->members[place].type
                                               : STATIC_ANY;
        member.value = parts_read(types, part, member.value, arena);
        object->members[i] = member;
    }
    return (Value){.type = VALUE_OBJECT, .object = object};
}

/* JSON has no durations: where one is asked for, "30s" is one. */
static Value parts_read(const TypeTable *types, StaticType type, Value value, Arena *arena)
{
    const Type *of = type_of(types, type);
    int64_t ms;

    if (of->kind == KIND_OPTIONAL)
        return parts_read(types, of->element, value, arena);
    if (type == STATIC_DURATION && value.type == VALUE_STRING &&
        duration_read(value.string->bytes, &ms))
        return value_duration(ms);
    if (of->kind == KIND_LIST && value.type == VALUE_LIST)
        return list_parts_read(types, of->element, value, arena);
    if ((of->kind == KIND_MAP || of->kind == KIND_RECORD) && value.type == VALUE_OBJECT)
        return object_parts_read(types, type, value, arena);
    return value;
}

static int json_read(const Reading *reading, StaticType type, const char *expected, Value *ret)
{
    cleanup(json_free) Json *json = NULL;

    if (strlen(reading->text) > VALUE_STRING_MAX)
        return error_set(reading->err, ERROR_USAGE,
                         "field '%s': a value has at most %d bytes, found %zu",
                         reading->field->name, VALUE_STRING_MAX, strlen(reading->text));
    if (json_parse(reading->text, strlen(reading->text), &json, NULL) < 0)
        return refuse(reading, expected);
    Value value = value_decode(reading->arena, json);
    value = parts_read(reading->types, type, value, reading->arena);
    if (!type_admit(reading->types, type, value, reading->arena, ret))
        return refuse(reading, expected);
    return 0;
}

/* Anything is text if it is no JSON. */
static int any_read(const Reading *reading, Value *ret)
{
    cleanup(json_free) Json *json = NULL;

    if (strlen(reading->text) > VALUE_STRING_MAX ||
        json_parse(reading->text, strlen(reading->text), &json, NULL) < 0)
        return string_read(reading, VALUE_STRING, ret);
    *ret = value_decode(reading->arena, json);
    return 0;
}

static int plain_read(const Reading *reading, StaticType type, Value *ret)
{
    int64_t number;

    switch (type) {
    case STATIC_INT:
        return int_read(reading, ret);
    case STATIC_FLOAT:
        return float_read(reading, ret);
    case STATIC_BOOL:
        return bool_read(reading, ret);
    case STATIC_STRING:
        return string_read(reading, VALUE_STRING, ret);
    case STATIC_SECRET:
        return string_read(reading, VALUE_SECRET, ret);
    case STATIC_DURATION:
        if (!duration_read(reading->text, &number))
            return refuse(reading, "a duration as 250ms, 30s, 5m, 4h or 7d");
        *ret = value_duration(number);
        return 0;
    }
    return any_read(reading, ret);
}

static int type_read(const Reading *reading, StaticType type, Value *ret)
{
    const Type *of = type_of(reading->types, type);

    switch (of->kind) {
    case KIND_PLAIN:
        return plain_read(reading, type, ret);
    case KIND_ENUM:
        return enum_read(reading, type, ret);
    case KIND_LIST:
        return json_read(reading, type, "a list as JSON: [1, 2]", ret);
    case KIND_MAP:
        return json_read(reading, type, "a map as JSON: {\"key\": 1}", ret);
    case KIND_RECORD:
        return json_read(reading, type, "its members as JSON: {\"member\": 1}", ret);
    case KIND_OPTIONAL:
        if (strcmp(reading->text, "null") != 0)
            return type_read(reading, of->element, ret);
        *ret = value_null();
        return 0;
    }
    return refuse(reading, "a value");
}

int field_value_parse(const Program *program, const ProgramField *field, const char *text,
                      Arena *arena, Value *ret, Error *err)
{
    Reading reading = {
        .types = &program->types, .field = field, .text = text, .arena = arena, .err = err};

    return type_read(&reading, field->type, ret);
}
