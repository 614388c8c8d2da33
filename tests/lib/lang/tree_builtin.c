/* The functions that every program has, as the manual's table says them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/lang/tree_walk.h"

/* ---- texts ---- */

/* The byte where the character of that number begins; of one more than there are, the end. */
static size_t character(const ValueString *text, int64_t number)
{
    size_t at = 0;

    while (number > 0 && at < text->size) {
        at++;
        while (at < text->size && ((unsigned char)text->bytes[at] & 0xc0) == 0x80)
            at++;
        number--;
    }
    return number > 0 ? SIZE_MAX : at;
}

static int64_t length(const ValueString *text)
{
    int64_t count = 0;

    while (character(text, count + 1) != SIZE_MAX)
        count++;
    return count;
}

static Value text_value(TreeWalk *walk, const char *from, const char *to)
{
    return value_string(walk->arena, from, (size_t)(to - from));
}

static Value text_part(TreeWalk *walk, const ValueString *text, int64_t from, int64_t to)
{
    if (from < 0 || to < from || to > length(text))
        return tree_fault(walk);
    return text_value(walk, text->bytes + character(text, from), text->bytes + character(text, to));
}

static Value text_case(TreeWalk *walk, const ValueString *text, bool upper)
{
    Value copy = text_value(walk, text->bytes, text->bytes + text->size);
    char *bytes = (char *)copy.string->bytes;

    for (; *bytes != '\0'; bytes++) {
        if (upper && *bytes >= 'a' && *bytes <= 'z')
            *bytes = (char)(*bytes - 'a' + 'A');
        if (!upper && *bytes >= 'A' && *bytes <= 'Z')
            *bytes = (char)(*bytes - 'A' + 'a');
    }
    return copy;
}

static Value text_trim(TreeWalk *walk, const ValueString *text)
{
    static const char *const spaces = " \t\n\v\f\r";
    const char *from = text->bytes + strspn(text->bytes, spaces), *to = text->bytes + text->size;

    while (to > from && strchr(spaces, to[-1]) != NULL)
        to--;
    return text_value(walk, from, to);
}

static Value text_replace(TreeWalk *walk, const char *text, const char *from, const char *to)
{
    Buffer buffer = {0};

    if (*from == '\0')
        return tree_fault(walk);
    for (const char *hit; (hit = strstr(text, from)) != NULL; text = hit + strlen(from)) {
        buffer_add(&buffer, text, (size_t)(hit - text));
        buffer_add_string(&buffer, to);
    }
    buffer_add_string(&buffer, text);
    Value value = value_string(walk->arena, buffer_text(&buffer), buffer.size);
    buffer_deinit(&buffer);
    return value;
}

static Value list_append(TreeWalk *walk, Value of, Value item)
{
    Value *items;
    Value list = tree_new_list(walk, of.list->count + 1, &items);

    for (size_t i = 0; i < of.list->count; i++)
        items[i] = of.list->items[i];
    items[of.list->count] = item;
    return list;
}

static Value text_split(TreeWalk *walk, const ValueString *text, const char *separator)
{
    Value *none, list = tree_new_list(walk, 0, &none);
    const char *at = text->bytes;

    if (*separator == '\0') {
        for (int64_t i = 0; i < length(text); i++)
            list = list_append(walk, list, text_part(walk, text, i, i + 1));
        return list;
    }
    for (const char *hit; (hit = strstr(at, separator)) != NULL; at = hit + strlen(separator))
        list = list_append(walk, list, text_value(walk, at, hit));
    return list_append(walk, list, text_value(walk, at, text->bytes + text->size));
}

static Value text_join(TreeWalk *walk, const ValueList *list, const char *separator)
{
    Buffer buffer = {0};

    for (size_t i = 0; i < list->count; i++) {
        buffer_add_string(&buffer, i > 0 ? separator : "");
        buffer_add_string(&buffer, list->items[i].string->bytes);
    }
    Value value = value_string(walk->arena, buffer_text(&buffer), buffer.size);
    buffer_deinit(&buffer);
    return value;
}

/* ---- numbers ---- */

static Value to_int(TreeWalk *walk, Value of)
{
    char *end, again[32];

    if (of.type == VALUE_INT)
        return of;
    if (of.type == VALUE_FLOAT) {
        double whole = trunc(of.number);
        return whole >= -0x1p63 && whole < 0x1p63 ? value_int((int64_t)whole) : tree_fault(walk);
    }
    long long number = strtoll(of.string->bytes, &end, 10);
    snprintf(again, sizeof again, "%lld", number);
    return strcmp(again, of.string->bytes) == 0 ? value_int(number) : tree_fault(walk);
}

static Value to_float(TreeWalk *walk, Value of)
{
    char *end;

    if (of.type == VALUE_INT)
        return value_float((double)of.integer);
    if (of.type == VALUE_FLOAT)
        return of;
    double number = strtod(of.string->bytes, &end);
    bool all = end != of.string->bytes && *end == '\0' && isfinite(number);
    return all ? value_float(number) : tree_fault(walk);
}

static Value absolute(TreeWalk *walk, Value of)
{
    if (of.type == VALUE_FLOAT)
        return value_float(fabs(of.number));
    if (of.integer == INT64_MIN)
        return tree_fault(walk);
    of.integer = llabs(of.integer);
    return of;
}

static bool is_less(Value a, Value b)
{
    if (a.type == VALUE_FLOAT || b.type == VALUE_FLOAT)
        return tree_like(a, b).number < tree_like(b, a).number;
    return a.integer < b.integer;
}

/* ---- lists and maps ---- */

static Value list_part(TreeWalk *walk, Value of, int64_t from, int64_t to)
{
    Value *items;

    if (from < 0 || to < from || to > (int64_t)of.list->count)
        return tree_fault(walk);
    Value list = tree_new_list(walk, (size_t)(to - from), &items);
    for (int64_t i = from; i < to; i++)
        *items++ = of.list->items[i];
    return list;
}

static Value range(TreeWalk *walk, int64_t from, int64_t to)
{
    Value *items;
    Value list = tree_new_list(walk, to > from ? (size_t)(to - from) : 0, &items);

    for (int64_t i = from; i < to; i++)
        *items++ = value_int(i);
    return list;
}

static Value remove_part(TreeWalk *walk, Value of, Value what)
{
    Value *none, list = tree_new_list(walk, 0, &none);
    ValueMember *members;

    if (of.type == VALUE_LIST) {
        tree_part(walk, of, what); /* which must be there */
        for (size_t i = 0; i < of.list->count; i++)
            if ((int64_t)i != what.integer)
                list = list_append(walk, list, of.list->items[i]);
        return list;
    }
    Value found, map = tree_new_object(walk, 0, &members);
    if (!value_member(of, what.string->bytes, &found))
        return of;
    for (size_t i = 0; i < of.object->count; i++) {
        const ValueMember *m = &of.object->members[i];
        if (strcmp(m->key->bytes, what.string->bytes) != 0)
            map = tree_with_part(walk, map, (Value){.type = VALUE_STRING, .string = m->key},
                                 m->value);
    }
    return map;
}

static Value members(TreeWalk *walk, Value of, bool keys)
{
    Value *items;
    Value list = tree_new_list(walk, of.object->count, &items);

    for (size_t i = 0; i < of.object->count; i++)
        items[i] = keys ? (Value){.type = VALUE_STRING, .string = of.object->members[i].key}
                        : of.object->members[i].value;
    return list;
}

static bool contains(Value of, Value part)
{
    if (of.type == VALUE_STRING)
        return strstr(of.string->bytes, part.string->bytes) != NULL;
    for (size_t i = 0; i < of.list->count; i++)
        if (value_equal(of.list->items[i], tree_like(part, of.list->items[i])))
            return true;
    return false;
}

static int64_t count_of(Value of)
{
    return of.type == VALUE_STRING ? length(of.string)
           : of.type == VALUE_LIST ? (int64_t)of.list->count
                                   : (int64_t)of.object->count;
}

static bool starts(const ValueString *text, const ValueString *part, bool at_end)
{
    size_t skipped = text->size - part->size;

    return part->size <= text->size &&
           strncmp(text->bytes + (at_end ? skipped : 0), part->bytes, part->size) == 0;
}

static Value printed(TreeWalk *walk, Value of)
{
    Buffer buffer = {0};

    value_print(&buffer, of);
    Value value = value_string(walk->arena, buffer_text(&buffer), buffer.size);
    buffer_deinit(&buffer);
    return value;
}

static Value text_builtin(TreeWalk *walk, const char *name, const Value *a)
{
    Value found;

    if (strcmp(name, "upper") == 0 || strcmp(name, "lower") == 0)
        return text_case(walk, a[0].string, *name == 'u');
    if (strcmp(name, "trim") == 0)
        return text_trim(walk, a[0].string);
    if (strcmp(name, "split") == 0)
        return text_split(walk, a[0].string, a[1].string->bytes);
    if (strcmp(name, "join") == 0)
        return text_join(walk, a[0].list, a[1].string->bytes);
    if (strcmp(name, "replace") == 0)
        return text_replace(walk, a[0].string->bytes, a[1].string->bytes, a[2].string->bytes);
    if (strcmp(name, "starts_with") == 0 || strcmp(name, "ends_with") == 0)
        return value_bool(starts(a[0].string, a[1].string, *name == 'e'));
    if (strcmp(name, "string") == 0)
        return printed(walk, a[0]);
    if (strcmp(name, "has") == 0)
        return value_bool(value_member(a[0], a[1].string->bytes, &found));
    abort();
}

Value tree_builtin(TreeWalk *walk, const char *name, const Value *a, size_t count)
{
    if (strcmp(name, "len") == 0)
        return value_int(count_of(a[0]));
    if (strcmp(name, "keys") == 0 || strcmp(name, "values") == 0)
        return members(walk, a[0], *name == 'k');
    if (strcmp(name, "contains") == 0)
        return value_bool(contains(a[0], a[1]));
    if (strcmp(name, "append") == 0)
        return list_append(walk, a[0], a[1]);
    if (strcmp(name, "remove") == 0)
        return remove_part(walk, a[0], a[1]);
    if (strcmp(name, "part") == 0)
        return a[0].type == VALUE_STRING ? text_part(walk, a[0].string, a[1].integer, a[2].integer)
                                         : list_part(walk, a[0], a[1].integer, a[2].integer);
    if (strcmp(name, "range") == 0)
        return range(walk, count == 2 ? a[0].integer : 0, a[count - 1].integer);
    if (strcmp(name, "min") == 0)
        return tree_like(a[is_less(a[1], a[0]) ? 1 : 0], a[0]);
    if (strcmp(name, "max") == 0)
        return tree_like(a[is_less(a[0], a[1]) ? 1 : 0], a[0]);
    if (strcmp(name, "abs") == 0)
        return absolute(walk, a[0]);
    if (strcmp(name, "int") == 0)
        return to_int(walk, a[0]);
    if (strcmp(name, "float") == 0)
        return to_float(walk, a[0]);
    if (strcmp(name, "value_or") == 0)
        return a[a[0].type == VALUE_NULL ? 1 : 0];
    return text_builtin(walk, name, a);
}
