/* Built-in functions on lists, maps and numbers; which function is which. */
#include "lang/vm_builtin.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

bool builtin_refuse(const BuiltinCall *call, size_t argument, const char *expected)
{
    Value found = call->arguments[argument];

    return vm_fault(call->vm, "%s asks for %s, found %s", builtin_name(call->builtin), expected,
                    vm_described(call->vm, found));
}

bool builtin_strings(const BuiltinCall *call, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (call->arguments[i].type != VALUE_STRING)
            return builtin_refuse(call, i, "a string");
    return true;
}

static Value list_value(const ValueList *list)
{
    return (Value){.type = VALUE_LIST, .list = list};
}

/* ---- lists ---- */

static bool builtin_len(const BuiltinCall *call)
{
    Value of = call->arguments[0];

    if (of.type == VALUE_STRING || of.type == VALUE_SECRET)
        return builtin_len_text(call);
    if (of.type != VALUE_LIST && of.type != VALUE_OBJECT)
        return builtin_refuse(call, 0, "a string, a list or a map");
    *call->ret = value_int((int64_t)(of.type == VALUE_LIST ? of.list->count : of.object->count));
    return true;
}

static bool builtin_contains(const BuiltinCall *call)
{
    Value of = call->arguments[0], part = call->arguments[1];
    bool found = false;

    if (of.type == VALUE_STRING)
        return builtin_contains_text(call);
    if (of.type != VALUE_LIST)
        return builtin_refuse(call, 0, "a list or a string");
    if (!vm_charge(call->vm, vm_weight(of) + vm_weight(part)))
        return false;
    for (size_t i = 0; i < of.list->count && !found; i++)
        found = value_equal(of.list->items[i], part);
    *call->ret = value_bool(found);
    if (value_is_unknown(part) || (!found && value_is_unknown(of)))
        *call->ret = value_unknown();
    return true;
}

static bool builtin_append(const BuiltinCall *call)
{
    Value of = call->arguments[0];

    if (of.type != VALUE_LIST)
        return builtin_refuse(call, 0, "a list");
    if (!vm_fits_inside(call->vm, call->arguments[1]))
        return false;
    ValueList *list = vm_new_list(call->vm, of.list->count + 1);
    if (list == NULL)
        return false;
    memcpy(list->items, of.list->items, of.list->count * sizeof(Value));
    list->items[of.list->count] = call->arguments[1];
    *call->ret = list_value(list);
    return true;
}

/* The items from `from` on, without those at `to` and after it. */
static bool list_part(const BuiltinCall *call, const ValueList *of, size_t from, size_t to)
{
    ValueList *list = vm_new_list(call->vm, to - from);

    if (list == NULL)
        return false;
    memcpy(list->items, of->items + from, (to - from) * sizeof(Value));
    *call->ret = list_value(list);
    return true;
}

static bool builtin_part(const BuiltinCall *call)
{
    Value of = call->arguments[0], from = call->arguments[1], to = call->arguments[2];

    if (from.type != VALUE_INT || to.type != VALUE_INT)
        return builtin_refuse(call, from.type != VALUE_INT ? 1 : 2, "an int");
    if (of.type == VALUE_STRING)
        return builtin_part_text(call);
    if (of.type != VALUE_LIST)
        return builtin_refuse(call, 0, "a list or a string");
    if (from.integer < 0 || from.integer > to.integer || (uint64_t)to.integer > of.list->count)
        return vm_fault(call->vm,
                        "%" PRId64 " to %" PRId64 " is out of range: the list has %zu entries",
                        from.integer, to.integer, of.list->count);
    return list_part(call, of.list, (size_t)from.integer, (size_t)to.integer);
}

static bool builtin_range(const BuiltinCall *call)
{
    Value first = call->count == 2 ? call->arguments[0] : value_int(0);
    Value end = call->arguments[call->count - 1];

    if (first.type != VALUE_INT || end.type != VALUE_INT)
        return builtin_refuse(call, call->arguments[0].type != VALUE_INT ? 0 : 1, "an int");
    uint64_t count =
        end.integer > first.integer ? (uint64_t)end.integer - (uint64_t)first.integer : 0;
    ValueList *list = vm_new_list(call->vm, count);
    if (list == NULL)
        return false;
    for (size_t i = 0; i < list->count; i++)
        list->items[i] = value_int(first.integer + (int64_t)i);
    *call->ret = list_value(list);
    return true;
}

/* ---- maps ---- */

/* Find argument 1 in the map that is argument 0. */
static bool key_find(const BuiltinCall *call, bool *ret_found, size_t *ret_place)
{
    Value of = call->arguments[0], key = call->arguments[1];

    if (of.type != VALUE_OBJECT)
        return builtin_refuse(call, 0, "a map");
    if (key.type != VALUE_STRING)
        return builtin_refuse(call, 1, "a string");
    return vm_find(call->vm, of.object, key.string, call->is_map, ret_found, ret_place);
}

static bool builtin_has(const BuiltinCall *call)
{
    bool found = false;
    size_t place = 0;

    if (!key_find(call, &found, &place))
        return false;
    *call->ret = value_bool(found);
    return true;
}

static bool members_list(const BuiltinCall *call, bool of_keys)
{
    Value of = call->arguments[0];

    if (of.type != VALUE_OBJECT)
        return builtin_refuse(call, 0, "a map");
    ValueList *list = vm_new_list(call->vm, of.object->count);
    if (list == NULL)
        return false;
    for (size_t i = 0; i < list->count; i++) {
        const ValueMember *member = &of.object->members[i];
        list->items[i] =
            of_keys ? (Value){.type = VALUE_STRING, .string = member->key} : member->value;
    }
    *call->ret = list_value(list);
    return true;
}

static bool builtin_keys(const BuiltinCall *call)
{
    return members_list(call, true);
}

static bool builtin_values(const BuiltinCall *call)
{
    return members_list(call, false);
}

static bool remove_item(const BuiltinCall *call, const ValueList *of, int64_t index)
{
    if (index < 0 || (uint64_t)index >= of->count)
        return vm_fault(call->vm,
                        "remove: index %" PRId64 " is out of range: the list has %zu entries",
                        index, of->count);
    ValueList *list = vm_new_list(call->vm, of->count - 1);
    if (list == NULL)
        return false;
    memcpy(list->items, of->items, (size_t)index * sizeof(Value));
    memcpy(list->items + index, of->items + index + 1,
           (of->count - 1 - (size_t)index) * sizeof(Value));
    *call->ret = list_value(list);
    return true;
}

/* A key that is not there is as good as removed. */
static bool remove_key(const BuiltinCall *call, const ValueObject *of)
{
    size_t place = 0;
    bool found = false;

    if (!key_find(call, &found, &place))
        return false;
    if (!found) {
        *call->ret = call->arguments[0];
        return true;
    }
    ValueObject *object = vm_new_object(call->vm, of->count - 1);
    if (object == NULL)
        return false;
    memcpy(object->members, of->members, place * sizeof(ValueMember));
    memcpy(object->members + place, of->members + place + 1,
           (of->count - 1 - place) * sizeof(ValueMember));
    *call->ret = (Value){.type = VALUE_OBJECT, .object = object};
    return true;
}

static bool builtin_remove(const BuiltinCall *call)
{
    Value of = call->arguments[0], what = call->arguments[1];

    if (of.type == VALUE_OBJECT)
        return remove_key(call, of.object);
    if (of.type != VALUE_LIST)
        return builtin_refuse(call, 0, "a list or a map");
    if (what.type != VALUE_INT)
        return builtin_refuse(call, 1, "an int");
    return remove_item(call, of.list, what.integer);
}

/* ---- numbers ---- */

static bool least_or_most(const BuiltinCall *call, Opcode opcode)
{
    Value a = call->arguments[0], b = call->arguments[1], first = value_null();

    if (!vm_binary(call->vm, opcode, a, b, &first))
        return false;
    *call->ret = first.boolean ? a : b;
    return true;
}

static bool builtin_min(const BuiltinCall *call)
{
    return least_or_most(call, OPCODE_LE);
}

static bool builtin_max(const BuiltinCall *call)
{
    return least_or_most(call, OPCODE_GE);
}

static bool builtin_abs(const BuiltinCall *call)
{
    Value of = call->arguments[0];

    *call->ret = of;
    if (of.type == VALUE_FLOAT) {
        call->ret->number = fabs(of.number);
        return true;
    }
    if (of.type != VALUE_INT && of.type != VALUE_DURATION)
        return builtin_refuse(call, 0, "an int, a float or a duration");
    if (of.integer == INT64_MIN)
        return vm_fault(call->vm, "integer overflow in abs: %s", vm_quoted(call->vm, of));
    call->ret->integer = of.integer < 0 ? -of.integer : of.integer;
    return true;
}

/* ---- the others ---- */

static bool builtin_value_or(const BuiltinCall *call)
{
    *call->ret = call->arguments[call->arguments[0].type == VALUE_NULL ? 1 : 0];
    return true;
}

/* Of a fact this is an instruction of its own. */
static bool builtin_known(const BuiltinCall *call)
{
    *call->ret = value_bool(true);
    return true;
}

static bool (*const functions[BUILTIN_COUNT])(const BuiltinCall *) = {
    [BUILTIN_LEN] = builtin_len,
    [BUILTIN_HAS] = builtin_has,
    [BUILTIN_KEYS] = builtin_keys,
    [BUILTIN_VALUES] = builtin_values,
    [BUILTIN_CONTAINS] = builtin_contains,
    [BUILTIN_APPEND] = builtin_append,
    [BUILTIN_REMOVE] = builtin_remove,
    [BUILTIN_PART] = builtin_part,
    [BUILTIN_RANGE] = builtin_range,
    [BUILTIN_MIN] = builtin_min,
    [BUILTIN_MAX] = builtin_max,
    [BUILTIN_ABS] = builtin_abs,
    [BUILTIN_INT] = builtin_int,
    [BUILTIN_FLOAT] = builtin_float,
    [BUILTIN_STRING] = builtin_string,
    [BUILTIN_UPPER] = builtin_upper,
    [BUILTIN_LOWER] = builtin_lower,
    [BUILTIN_TRIM] = builtin_trim,
    [BUILTIN_SPLIT] = builtin_split,
    [BUILTIN_JOIN] = builtin_join,
    [BUILTIN_REPLACE] = builtin_replace,
    [BUILTIN_STARTS_WITH] = builtin_starts_with,
    [BUILTIN_ENDS_WITH] = builtin_ends_with,
    [BUILTIN_VALUE_OR] = builtin_value_or,
    [BUILTIN_KNOWN] = builtin_known,
};

bool vm_builtin(Vm *vm, Instruction in, Value *r)
{
    size_t count = in.spare & (CALL_OF_MAP - 1);
    Value result = value_null();
    BuiltinCall call = {.vm = vm,
                        .builtin = (Builtin)in.c,
                        .arguments = &r[in.b],
                        .count = count,
                        .is_map = in.spare & CALL_OF_MAP,
                        .ret = &result};

    /* These two put the second argument in, whatever it is. */
    bool takes_any = in.c == BUILTIN_APPEND || in.c == BUILTIN_VALUE_OR;
    for (size_t i = 0; i < (takes_any ? 1 : count); i++)
        if (r[in.b + i].type == VALUE_UNKNOWN) {
            r[in.a] = value_unknown();
            return true;
        }
    if (!functions[in.c](&call))
        return false;
    r[in.a] = result;
    return true;
}
