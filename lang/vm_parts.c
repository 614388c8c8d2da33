/* Lists, maps and records: making and reading them. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lang/vm_machine.h"

#define NAMES_SHOWN_MAX 512

/* ---- new ones ---- */

ValueList *vm_new_list(Vm *vm, size_t count)
{
    if (count > VALUE_ENTRIES_MAX) {
        vm_fault(vm, "a list would have more than %d entries", VALUE_ENTRIES_MAX);
        return NULL;
    }
    if (!vm_charge(vm, count))
        return NULL;
    ValueList *list = arena_alloc(vm->arena, sizeof *list + count * sizeof *list->items);
    list->count = count;
    return list;
}

ValueObject *vm_new_object(Vm *vm, size_t count)
{
    if (count > VALUE_ENTRIES_MAX) {
        vm_fault(vm, "a map would have more than %d entries", VALUE_ENTRIES_MAX);
        return NULL;
    }
    if (!vm_charge(vm, count))
        return NULL;
    ValueObject *object = arena_alloc(vm->arena, sizeof *object + count * sizeof *object->members);
    object->count = count;
    return object;
}

bool vm_fits_inside(Vm *vm, Value value)
{
    if (value.type != VALUE_LIST && value.type != VALUE_OBJECT)
        return true;
    if (value_depth(value) >= VALUE_DEPTH_MAX)
        return vm_fault(vm, "a value would be nested more than %d deep", VALUE_DEPTH_MAX);
    return vm_charge(vm, vm_weight(value));
}

bool vm_list(Vm *vm, Instruction in, Value *r)
{
    ValueList *list = vm_new_list(vm, in.c);

    if (list == NULL)
        return false;
    for (size_t i = 0; i < in.c; i++) {
        if (!vm_fits_inside(vm, r[in.b + i]))
            return false;
        list->items[i] = r[in.b + i];
    }
    r[in.a] = (Value){.type = VALUE_LIST, .list = list};
    return true;
}

bool vm_join_lists(Vm *vm, const ValueList *left, const ValueList *right, Value *ret)
{
    ValueList *list = vm_new_list(vm, left->count + right->count);

    if (list == NULL)
        return false;
    memcpy(list->items, left->items, left->count * sizeof(Value));
    memcpy(list->items + left->count, right->items, right->count * sizeof(Value));
    *ret = (Value){.type = VALUE_LIST, .list = list};
    return true;
}

bool vm_record(Vm *vm, Instruction in, Value *r)
{
    const Type *of = type_of(vm->code->types, in.c);
    ValueObject *object = vm_new_object(vm, of->member_count);

    if (object == NULL)
        return false;
    for (size_t i = 0; i < of->member_count; i++) {
        if (!vm_fits_inside(vm, r[in.b + i]))
            return false;
        object->members[i] = (ValueMember){of->keys[i], r[in.b + i]};
    }
    r[in.a] = (Value){.type = VALUE_OBJECT, .object = object};
    return true;
}

/* ---- maps: members in the order of their keys ---- */

static int key_order(const ValueString *a, const ValueString *b)
{
    return strcmp(a->bytes, b->bytes);
}

static bool find_in_order(const ValueObject *map, const ValueString *key, size_t *ret_place)
{
    size_t low = 0, high = map->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = key_order(map->members[middle].key, key);
        if (order == 0) {
            *ret_place = middle;
            return true;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *ret_place = low;
    return false;
}

/* Of equal keys the one that is written later comes later. */
static int pair_order(const void *a, const void *b)
{
    const Value *const *left = a, *const *right = b;
    int order = key_order((*left)->string, (*right)->string);

    return order != 0 ? order : (*left > *right) - (*left < *right);
}

/* The pairs in order, and of equal keys the last alone; returns how many are left. */
static size_t pairs_sort(const Value **pairs, size_t count)
{
    size_t kept = 0;

    qsort(pairs, count, sizeof *pairs, pair_order);
    for (size_t i = 0; i < count; i++) {
        bool again = kept > 0 && key_order(pairs[kept - 1]->string, pairs[i]->string) == 0;
        pairs[again ? kept - 1 : kept++] = pairs[i];
    }
    return kept;
}

/* A key that is not known yet could be any. */
bool vm_map(Vm *vm, Instruction in, Value *r)
{
    const Value **pairs = arena_array(vm->arena, const Value *, in.c);

    for (size_t i = 0; i < in.c; i++) {
        pairs[i] = &r[in.b + i * 2];
        if (pairs[i]->type == VALUE_UNKNOWN) {
            r[in.a] = value_unknown();
            return true;
        }
        if (!vm_fits_inside(vm, pairs[i][1]))
            return false;
    }
    size_t count = pairs_sort(pairs, in.c);
    ValueObject *object = vm_new_object(vm, count);
    if (object == NULL)
        return false;
    for (size_t i = 0; i < count; i++)
        object->members[i] = (ValueMember){pairs[i][0].string, pairs[i][1]};
    r[in.a] = (Value){.type = VALUE_OBJECT, .object = object};
    return true;
}

/* ---- looking for a part ---- */

/* What an object has, for the one who looked for something else. */
static const char *member_names(Vm *vm, const ValueObject *object)
{
    Buffer names;

    buffer_init(&names, NAMES_SHOWN_MAX);
    for (size_t i = 0; i < object->count && !names.overflowed; i++)
        buffer_add_format(&names, "%s%s", i > 0 ? ", " : "", object->members[i].key->bytes);
    const char *result = names.overflowed ? arena_format(vm->arena, "%s ...", buffer_text(&names))
                                          : arena_copy_string(vm->arena, buffer_text(&names));
    buffer_deinit(&names);
    return *result != '\0' ? result : "none";
}

/* In what came from outside, members have any order. */
static bool find_anywhere(const ValueObject *object, const ValueString *key, size_t *ret_place)
{
    for (size_t i = 0; i < object->count; i++)
        if (key_order(object->members[i].key, key) == 0) {
            *ret_place = i;
            return true;
        }
    *ret_place = object->count;
    return false;
}

bool vm_find(Vm *vm, const ValueObject *object, const ValueString *key, bool is_map,
             bool *ret_found, size_t *ret_place)
{
    if (!is_map && !vm_charge(vm, object->count / 8))
        return false;
    *ret_found =
        is_map ? find_in_order(object, key, ret_place) : find_anywhere(object, key, ret_place);
    return true;
}

bool vm_fault_no_index(Vm *vm, const ValueList *list, int64_t index)
{
    if (list->count == 0)
        return vm_fault(vm, "index %" PRId64 " is out of range: the list is empty", index);
    if (list->count == 1)
        return vm_fault(vm, "index %" PRId64 " is out of range: the list has one entry, 0", index);
    return vm_fault(vm, "index %" PRId64 " is out of range: the list has %zu entries, 0 to %zu",
                    index, list->count, list->count - 1);
}

bool vm_fault_index_type(Vm *vm, Value operand, Value index)
{
    if (operand.type == VALUE_LIST || operand.type == VALUE_OBJECT)
        return vm_fault(
            vm, "a %s is indexed with %s, found %s", operand.type == VALUE_LIST ? "list" : "map",
            operand.type == VALUE_LIST ? "an int" : "a string", vm_described(vm, index));
    return vm_fault(vm, "[ ] asks for a list or a map, found %s", vm_described(vm, operand));
}

/* ---- reading ---- */

bool vm_index(Vm *vm, Instruction in, Value *r)
{
    Value operand = r[in.b], index = r[in.c];
    size_t place;
    bool found;

    if (operand.type == VALUE_UNKNOWN || index.type == VALUE_UNKNOWN) {
        r[in.a] = value_unknown();
        return true;
    }
    if (operand.type == VALUE_LIST && index.type == VALUE_INT) {
        if (index.integer < 0 || (uint64_t)index.integer >= operand.list->count)
            return vm_fault_no_index(vm, operand.list, index.integer);
        r[in.a] = operand.list->items[index.integer];
        return true;
    }
    if (operand.type != VALUE_OBJECT || index.type != VALUE_STRING)
        return vm_fault_index_type(vm, operand, index);
    if (!vm_find(vm, operand.object, index.string, in.spare, &found, &place))
        return false;
    if (!found)
        return vm_fault(vm, "there is no key %s; there are %s", vm_quoted(vm, index),
                        member_names(vm, operand.object));
    r[in.a] = operand.object->members[place].value;
    return true;
}

static bool fault_no_object(Vm *vm, const char *name, Value found)
{
    return vm_fault(vm, "'.%s' asks for an object, found %s", name, vm_described(vm, found));
}

bool vm_member(Vm *vm, Instruction in, Value *r)
{
    Value operand = r[in.b];
    const char *name = vm->code->constants[in.c].string->bytes;

    if (operand.type == VALUE_UNKNOWN) {
        r[in.a] = operand;
        return true;
    }
    if (operand.type != VALUE_OBJECT)
        return fault_no_object(vm, name, operand);
    if (!vm_charge(vm, operand.object->count / 8))
        return false;
    if (!value_member(operand, name, &r[in.a]))
        return vm_fault(vm, "there is no '.%s'; there are %s", name,
                        member_names(vm, operand.object));
    return true;
}

/* A record has its members where its type says; this is for what was not made here. */
bool vm_check_slot(Vm *vm, Value record, size_t slot)
{
    if (record.type == VALUE_OBJECT && slot < record.object->count)
        return true;
    return vm_fault(vm, "expected a record with %zu members or more, found %s", slot + 1,
                    vm_described(vm, record));
}

bool vm_slot(Vm *vm, Instruction in, Value *r)
{
    Value operand = r[in.b];

    if (operand.type == VALUE_UNKNOWN) {
        r[in.a] = operand;
        return true;
    }
    if (!vm_check_slot(vm, operand, in.c))
        return false;
    r[in.a] = operand.object->members[in.c].value;
    return true;
}

/* ---- going through ---- */

bool vm_each(Vm *vm, Instruction in, Value *r, bool *ret_any)
{
    Value *at = &r[in.a], *names = &r[in.a + 2];
    uint64_t position = (uint64_t)at[1].integer;

    if (at->type == VALUE_LIST && in.spare == 1) {
        *ret_any = position < at->list->count;
        if (*ret_any)
            names[0] = at->list->items[position];
    } else if (at->type == VALUE_OBJECT) {
        *ret_any = position < at->object->count;
        if (*ret_any)
            names[0] = (Value){.type = VALUE_STRING, .string = at->object->members[position].key};
        if (*ret_any && in.spare == 2)
            names[1] = at->object->members[position].value;
    } else {
        return vm_fault(vm, "'for' with %s goes through a %s, found %s",
                        in.spare == 2 ? "two names" : "one name",
                        in.spare == 2 ? "map" : "list or a map", vm_described(vm, *at));
    }
    at[1].integer++;
    return true;
}
