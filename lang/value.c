/* Values by content: comparing, digesting, copying, printing.
 *
 * Copies are made by one walk with an allocator that is either the heap or an arena. Decoding
 * follows the two JSON forms of the header: an object of exactly one member `$ms`, `$int`,
 * `$float`, `$secret` or `$unknown` is a scalar; a member of a real object whose key begins with
 * `$` is written with the `$` doubled, so that nothing a provider sends is mistaken for one. */
#include "lang/value.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lang/base/memory.h"

/* ---- making and taking apart ---- */

static void *value_alloc(Arena *arena, size_t size)
{
    return arena != NULL ? arena_alloc(arena, size) : memory_zero(1, size);
}

static ValueString *string_copy(Arena *arena, const char *bytes, size_t size)
{
    ValueString *string = value_alloc(arena, sizeof *string + size + 1);

    string->size = size;
    if (size > 0)
        memcpy(string->bytes, bytes, size);
    string->bytes[size] = '\0';
    return string;
}

Value value_string(Arena *arena, const char *bytes, size_t size)
{
    return (Value){.type = VALUE_STRING, .string = string_copy(arena, bytes, size)};
}

Value value_secret(Arena *arena, const char *bytes, size_t size)
{
    return (Value){.type = VALUE_SECRET, .string = string_copy(arena, bytes, size)};
}

/* A copy of everything below; on the heap when `arena` is NULL. */
Value value_copy_parts(Arena *arena, Value value)
{
    if (value.type == VALUE_STRING || value.type == VALUE_SECRET) {
        value.string = string_copy(arena, value.string->bytes, value.string->size);
    } else if (value.type == VALUE_LIST) {
        size_t count = value.list->count;
        ValueList *list = value_alloc(arena, sizeof *list + count * sizeof(Value));
        list->count = count;
        for (size_t i = 0; i < count; i++)
            list->items[i] = value_copy_parts(arena, value.list->items[i]);
        value.list = list;
    } else if (value.type == VALUE_OBJECT) {
        size_t count = value.object->count;
        ValueObject *object = value_alloc(arena, sizeof *object + count * sizeof(ValueMember));
        object->count = count;
        for (size_t i = 0; i < count; i++) {
            const ValueString *key = value.object->members[i].key;
            object->members[i].key = string_copy(arena, key->bytes, key->size);
            object->members[i].value = value_copy_parts(arena, value.object->members[i].value);
        }
        value.object = object;
    }
    return value;
}

void value_free_parts(Value value)
{
    if (value.type == VALUE_STRING || value.type == VALUE_SECRET) {
        free((void *)value.string);
    } else if (value.type == VALUE_LIST) {
        for (size_t i = 0; i < value.list->count; i++)
            value_free(value.list->items[i]);
        free((void *)value.list);
    } else if (value.type == VALUE_OBJECT) {
        for (size_t i = 0; i < value.object->count; i++) {
            free((void *)value.object->members[i].key);
            value_free(value.object->members[i].value);
        }
        free((void *)value.object);
    }
}

bool value_member(Value object, const char *key, Value *ret)
{
    if (object.type != VALUE_OBJECT)
        return false;
    for (size_t i = 0; i < object.object->count; i++)
        if (strcmp(object.object->members[i].key->bytes, key) == 0) {
            *ret = object.object->members[i].value;
            return true;
        }
    return false;
}

size_t value_size(Value value)
{
    size_t size = sizeof(Value);

    if (value.type == VALUE_STRING || value.type == VALUE_SECRET)
        size += value.string->size;
    if (value.type == VALUE_LIST)
        for (size_t i = 0; i < value.list->count; i++)
            size += value_size(value.list->items[i]);
    if (value.type == VALUE_OBJECT)
        for (size_t i = 0; i < value.object->count; i++)
            size += value.object->members[i].key->size + value_size(value.object->members[i].value);
    return size;
}

static unsigned depth_within(Value value, unsigned levels)
{
    bool is_list = value.type == VALUE_LIST;
    unsigned deepest = 0;

    if (!is_list && value.type != VALUE_OBJECT)
        return 0;
    size_t count = is_list ? value.list->count : value.object->count;
    for (size_t i = 0; i < count && levels > 0 && deepest < levels; i++) {
        Value part = is_list ? value.list->items[i] : value.object->members[i].value;
        unsigned depth = depth_within(part, levels - 1);
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + 1;
}

unsigned value_depth(Value value)
{
    return depth_within(value, VALUE_DEPTH_MAX);
}

bool value_is_unknown(Value value)
{
    if (value.type == VALUE_LIST) {
        for (size_t i = 0; i < value.list->count; i++)
            if (value_is_unknown(value.list->items[i]))
                return true;
    } else if (value.type == VALUE_OBJECT) {
        for (size_t i = 0; i < value.object->count; i++)
            if (value_is_unknown(value.object->members[i].value))
                return true;
    }
    return value.type == VALUE_UNKNOWN;
}

/* ---- equality ---- */

static bool string_equal(const ValueString *a, const ValueString *b)
{
    return a == b || (a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0);
}

static bool list_equal(const ValueList *a, const ValueList *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!value_equal(a->items[i], b->items[i]))
            return false;
    return true;
}

static int member_order(const void *a, const void *b)
{
    const ValueMember *const *left = a, *const *right = b;

    return strcmp((*left)->key->bytes, (*right)->key->bytes);
}

static const ValueMember **members_sorted(const ValueObject *object)
{
    const ValueMember **members = memory_alloc(object->count * sizeof(ValueMember *));

    for (size_t i = 0; i < object->count; i++)
        members[i] = &object->members[i];
    qsort(members, object->count, sizeof *members, member_order);
    return members;
}

/* The same members, in an order of each object's own. */
static bool members_equal(const ValueObject *a, const ValueObject *b)
{
    const ValueMember **left = members_sorted(a), **right = members_sorted(b);
    bool equal = true;

    for (size_t i = 0; i < a->count && equal; i++)
        equal = string_equal(left[i]->key, right[i]->key) &&
                value_equal(left[i]->value, right[i]->value);
    free(left);
    free(right);
    return equal;
}

/* The order of members does not count: providers do not promise one. */
static bool object_equal(const ValueObject *a, const ValueObject *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (!string_equal(a->members[i].key, b->members[i].key))
            return members_equal(a, b);
        if (!value_equal(a->members[i].value, b->members[i].value))
            return false;
    }
    return true;
}

bool value_equal_any(Value a, Value b)
{
    if (a.type != b.type)
        return false;
    switch (a.type) {
    case VALUE_NULL:
    case VALUE_UNKNOWN:
        return true;
    case VALUE_BOOL:
        return a.boolean == b.boolean;
    case VALUE_INT:
    case VALUE_DURATION:
        return a.integer == b.integer;
    case VALUE_FLOAT:
        return a.number == b.number;
    case VALUE_STRING:
    case VALUE_SECRET:
        return string_equal(a.string, b.string);
    case VALUE_LIST:
        return list_equal(a.list, b.list);
    case VALUE_OBJECT:
        return object_equal(a.object, b.object);
    }
    return false;
}

static Digest128 digest_tagged(ValueType type, const void *bytes, size_t size)
{
    return digest128_bytes(bytes, size, hash_mix((uint64_t)type + 1));
}

static Digest128 list_digest(const ValueList *list)
{
    Digest128 sum = list->count;

    for (size_t i = 0; i < list->count; i++) {
        Digest128 pair[2] = {sum, value_digest(list->items[i])};
        sum = digest_tagged(VALUE_LIST, pair, sizeof pair);
    }
    return digest_tagged(VALUE_LIST, &sum, sizeof sum);
}

/* Members are added up, as their order does not count. */
static Digest128 object_digest(const ValueObject *object)
{
    Digest128 sum = object->count;

    for (size_t i = 0; i < object->count; i++) {
        const ValueMember *member = &object->members[i];
        Digest128 pair[2] = {digest_tagged(VALUE_STRING, member->key->bytes, member->key->size),
                             value_digest(member->value)};
        sum += digest_tagged(VALUE_OBJECT, pair, sizeof pair);
    }
    return digest_tagged(VALUE_OBJECT, &sum, sizeof sum);
}

Digest128 value_digest(Value value)
{
    double number = value.type == VALUE_FLOAT ? value.number + 0.0 : 0; /* -0.0 equals 0.0 */
    uint8_t boolean = value.type == VALUE_BOOL && value.boolean;

    switch (value.type) {
    case VALUE_NULL:
    case VALUE_UNKNOWN:
        break;
    case VALUE_BOOL:
        return digest_tagged(value.type, &boolean, 1);
    case VALUE_INT:
    case VALUE_DURATION:
        return digest_tagged(value.type, &value.integer, sizeof value.integer);
    case VALUE_FLOAT:
        return digest_tagged(value.type, &number, sizeof number);
    case VALUE_STRING:
    case VALUE_SECRET:
        return digest_tagged(value.type, value.string->bytes, value.string->size);
    case VALUE_LIST:
        return list_digest(value.list);
    case VALUE_OBJECT:
        return object_digest(value.object);
    }
    return digest_tagged(value.type, "", 0);
}

/* ---- writing ---- */

static void duration_print(Buffer *buffer, int64_t ms)
{
    static const struct {
        int64_t ms;
        const char *unit;
    } units[] = {{86400000, "d"}, {3600000, "h"}, {60000, "m"}, {1000, "s"}, {1, "ms"}};
    size_t i = 0;

    if (ms == 0) {
        buffer_add_string(buffer, "0s");
        return;
    }
    while (ms % units[i].ms != 0)
        i++;
    buffer_add_int(buffer, ms / units[i].ms);
    buffer_add_string(buffer, units[i].unit);
}

/* The shortest form that reads back as the same number, always with a point or an exponent. */
static void float_print(Buffer *buffer, double number)
{
    char text[40];

    if (!isfinite(number)) {
        buffer_add_string(buffer, "null");
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, number);
        if (strtod(text, NULL) == number)
            break;
    }
    buffer_add_string(buffer, text);
    if (strpbrk(text, ".e") == NULL)
        buffer_add_string(buffer, ".0");
}

typedef enum JsonForm {
    FORM_PEOPLE,
    FORM_WIRE, /* the same with secrets */
    FORM_EXACT,
} JsonForm;

static void json_put_value(Buffer *buffer, Value value, JsonForm form);

static void json_put_int(Buffer *buffer, int64_t integer, JsonForm form)
{
    if (integer <= JSON_INTEGER_MAX && integer >= -JSON_INTEGER_MAX)
        buffer_add_int(buffer, integer);
    else if (form == FORM_EXACT)
        buffer_add_format(buffer, "{\"$int\":\"%" PRId64 "\"}", integer);
    else
        buffer_add_format(buffer, "\"%" PRId64 "\"", integer);
}

static void json_put_duration(Buffer *buffer, int64_t ms, JsonForm form)
{
    if (form == FORM_EXACT) {
        buffer_add_string(buffer, "{\"$ms\":");
        if (ms <= JSON_INTEGER_MAX && ms >= -JSON_INTEGER_MAX)
            buffer_add_int(buffer, ms);
        else
            buffer_add_format(buffer, "\"%" PRId64 "\"", ms);
        buffer_add_char(buffer, '}');
        return;
    }
    buffer_add_char(buffer, '"');
    duration_print(buffer, ms);
    buffer_add_char(buffer, '"');
}

/* JSON has one kind of number, so a whole one that is a float needs a mark to stay one. */
static void json_put_float(Buffer *buffer, double number, JsonForm form)
{
    bool marked = form == FORM_EXACT && number == floor(number);

    if (marked)
        buffer_add_string(buffer, "{\"$float\":\"");
    float_print(buffer, number);
    if (marked)
        buffer_add_string(buffer, "\"}");
}

static void json_put_key(Buffer *buffer, const ValueString *key, JsonForm form)
{
    Buffer doubled = {0};

    if (form != FORM_EXACT || key->bytes[0] != '$') {
        json_put_bytes(buffer, key->bytes, key->size);
        return;
    }
    buffer_add_char(&doubled, '$');
    buffer_add(&doubled, key->bytes, key->size);
    json_put_bytes(buffer, doubled.bytes, doubled.size);
    buffer_deinit(&doubled);
}

static void json_put_secret(Buffer *buffer, const ValueString *text, JsonForm form)
{
    if (form == FORM_PEOPLE) {
        buffer_add_string(buffer, "\"" VALUE_SENSITIVE "\"");
        return;
    }
    buffer_add_string(buffer, "{\"$secret\":");
    json_put_bytes(buffer, text->bytes, text->size);
    buffer_add_char(buffer, '}');
}

static void json_put_value(Buffer *buffer, Value value, JsonForm form)
{
    switch (value.type) {
    case VALUE_NULL:
        buffer_add_string(buffer, "null");
        break;
    case VALUE_BOOL:
        buffer_add_string(buffer, value.boolean ? "true" : "false");
        break;
    case VALUE_INT:
        json_put_int(buffer, value.integer, form);
        break;
    case VALUE_FLOAT:
        json_put_float(buffer, value.number, form);
        break;
    case VALUE_DURATION:
        json_put_duration(buffer, value.integer, form);
        break;
    case VALUE_STRING:
        json_put_bytes(buffer, value.string->bytes, value.string->size);
        break;
    case VALUE_LIST:
        buffer_add_char(buffer, '[');
        for (size_t i = 0; i < value.list->count; i++) {
            if (i > 0)
                buffer_add_char(buffer, ',');
            json_put_value(buffer, value.list->items[i], form);
        }
        buffer_add_char(buffer, ']');
        break;
    case VALUE_OBJECT:
        buffer_add_char(buffer, '{');
        for (size_t i = 0; i < value.object->count; i++) {
            if (i > 0)
                buffer_add_char(buffer, ',');
            json_put_key(buffer, value.object->members[i].key, form);
            buffer_add_char(buffer, ':');
            json_put_value(buffer, value.object->members[i].value, form);
        }
        buffer_add_char(buffer, '}');
        break;
    case VALUE_SECRET:
        json_put_secret(buffer, value.string, form);
        break;
    case VALUE_UNKNOWN:
        buffer_add_string(buffer, "{\"$unknown\":{}}");
        break;
    }
}

void value_write_json(Buffer *buffer, Value value)
{
    json_put_value(buffer, value, FORM_PEOPLE);
}

void value_write_wire(Buffer *buffer, Value value)
{
    json_put_value(buffer, value, FORM_WIRE);
}

void value_encode(Buffer *buffer, Value value)
{
    json_put_value(buffer, value, FORM_EXACT);
}

void value_print(Buffer *buffer, Value value)
{
    switch (value.type) {
    case VALUE_INT:
        buffer_add_int(buffer, value.integer);
        break;
    case VALUE_DURATION:
        duration_print(buffer, value.integer);
        break;
    case VALUE_STRING:
        buffer_add(buffer, value.string->bytes, value.string->size);
        break;
    case VALUE_SECRET:
        buffer_add_string(buffer, VALUE_SENSITIVE);
        break;
    case VALUE_UNKNOWN:
        buffer_add_string(buffer, "(known after apply)");
        break;
    case VALUE_NULL:
    case VALUE_BOOL:
    case VALUE_FLOAT:
    case VALUE_LIST:
    case VALUE_OBJECT:
        json_put_value(buffer, value, FORM_PEOPLE);
        break;
    }
}

/* ---- reading ---- */

/* The scalar that a one-member object with a `$` key stands for; false: it is no such object. */
static bool decode_marked(Arena *arena, const Json *json, Value *ret)
{
    const Json *only = json_first(json);

    if (json_count(json) != 1)
        return false;
    const char *key = json_key(only);
    if (strcmp(key, "$unknown") == 0 && json_is_object(only) && json_count(only) == 0)
        *ret = value_unknown();
    else if (strcmp(key, "$ms") == 0 && json_is_int(only))
        *ret = value_duration(json_int(only, 0));
    else if (strcmp(key, "$int") == 0 && json_is_int(only))
        *ret = value_int(json_int(only, 0));
    else if (strcmp(key, "$secret") == 0 && json_is_string(only))
        *ret = value_secret(arena, json_string(only, ""), strlen(json_string(only, "")));
    else if (strcmp(key, "$float") == 0 && json_is_string(only))
        *ret = (Value){.type = VALUE_FLOAT, .number = strtod(json_string(only, "0"), NULL)};
    else
        return false;
    return true;
}

static Value decode_object(Arena *arena, const Json *json)
{
    size_t count = json_count(json), i = 0;
    ValueObject *object = arena_alloc(arena, sizeof *object + count * sizeof(ValueMember));

    object->count = count;
    for (const Json *m = json_first(json); m != NULL; m = json_next(m), i++) {
        const char *key = json_key(m);
        if (key[0] == '$' && key[1] == '$')
            key++;
        object->members[i].key = string_copy(arena, key, strlen(key));
        object->members[i].value = value_decode(arena, m);
    }
    return (Value){.type = VALUE_OBJECT, .object = object};
}

static Value decode_list(Arena *arena, const Json *json)
{
    size_t count = json_count(json), i = 0;
    ValueList *list = arena_alloc(arena, sizeof *list + count * sizeof(Value));

    list->count = count;
    for (const Json *m = json_first(json); m != NULL; m = json_next(m))
        list->items[i++] = value_decode(arena, m);
    return (Value){.type = VALUE_LIST, .list = list};
}

Value value_decode(Arena *arena, const Json *json)
{
    Value marked;

    if (json_is_bool(json))
        return value_bool(json_bool(json, false));
    if (json_is_string(json))
        return value_string(arena, json_string(json, ""), strlen(json_string(json, "")));
    if (json_is_number(json) && json_is_int(json))
        return value_int(json_int(json, 0));
    if (json_is_number(json))
        return (Value){.type = VALUE_FLOAT, .number = json_number(json, 0)};
    if (json_is_array(json))
        return decode_list(arena, json);
    if (json_is_object(json))
        return decode_marked(arena, json, &marked) ? marked : decode_object(arena, json);
    return value_null();
}

const char *value_type_name(ValueType type)
{
    switch (type) {
    case VALUE_NULL:
        return "null";
    case VALUE_BOOL:
        return "bool";
    case VALUE_INT:
        return "int";
    case VALUE_FLOAT:
        return "float";
    case VALUE_DURATION:
        return "duration";
    case VALUE_STRING:
        return "string";
    case VALUE_LIST:
        return "list";
    case VALUE_OBJECT:
        return "object";
    case VALUE_SECRET:
        return "secret";
    case VALUE_UNKNOWN:
        return "unknown";
    }
    return "?";
}
