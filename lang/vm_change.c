/* Lists, maps and records with a part that is another: copies, as values never change.
 *
 * But what was copied for a variable, and nothing else holds, is the variable's own: the next
 * change of the same variable is made in place, so that a list that grows item by item takes the
 * time of its length and not of its square. Whatever hands a variable's value on as a whole does so
 * with SHARE; from then on, and once its function has returned, it is no longer its own. Few
 * variables are remembered at a time; one that is forgotten is copied again. */
#include <string.h>

#include "lang/vm_machine.h"

#define OWNED_MAX 4

typedef struct Owned {
    const void *what;  /* the list or object; NULL: nothing */
    size_t capacity;   /* entries that it has room for */
    uint32_t depth;    /* of the call whose register it is in */
    uint32_t location; /* the register */
} Owned;

/* Entries that what the variable holds has room for; 0: it is not its own. */
static size_t owned_capacity(const Vm *vm, uint32_t location, const void *what)
{
    for (size_t i = 0; vm->owned != NULL && i < OWNED_MAX; i++) {
        const Owned *owned = &vm->owned[i];
        if (owned->what == what && owned->location == location && owned->depth == vm->depth)
            return owned->capacity;
    }
    return 0;
}

static void owned_add(Vm *vm, uint32_t location, const void *what, size_t capacity)
{
    if (vm->owned == NULL)
        vm->owned = arena_array(vm->arena, Owned, OWNED_MAX);
    vm->owned[vm->owned_next++ % OWNED_MAX] =
        (Owned){.what = what, .capacity = capacity, .depth = vm->depth, .location = location};
}

bool vm_share(Vm *vm, Instruction in, Value *r)
{
    r[in.a] = r[in.b];
    for (size_t i = 0; vm->owned != NULL && i < OWNED_MAX; i++)
        if (vm->owned[i].location == in.b && vm->owned[i].depth == vm->depth)
            vm->owned[i].what = NULL;
    return true;
}

void vm_disown(Vm *vm)
{
    for (size_t i = 0; vm->owned != NULL && i < OWNED_MAX; i++)
        if (vm->owned[i].depth > vm->depth)
            vm->owned[i].what = NULL;
}

/* Room for what is there and half as much again. */
static size_t capacity_for(size_t count)
{
    size_t capacity = count + count / 2 + 4;

    return capacity < VALUE_ENTRIES_MAX || count > VALUE_ENTRIES_MAX ? capacity : VALUE_ENTRIES_MAX;
}

/* ---- lists ---- */

/* The variable's list, a new one or its own, with room for `count` items; those that it has are
 * there. NULL: the fault is set. */
static ValueList *own_list(Vm *vm, Instruction in, Value *variable, size_t count)
{
    const ValueList *old = variable->list;
    bool may_own = in.spare & OF_VARIABLE;
    size_t capacity = may_own ? owned_capacity(vm, in.a, old) : 0;

    if (capacity >= count && capacity > 0)
        return (ValueList *)old;
    capacity = may_own && count > old->count ? capacity_for(count) : count;
    ValueList *list = vm_new_list(vm, capacity);
    if (list == NULL)
        return NULL;
    list->count = old->count;
    memcpy(list->items, old->items, old->count * sizeof(Value));
    if (may_own)
        owned_add(vm, in.a, list, capacity);
    variable->list = list;
    return list;
}

bool vm_grow(Vm *vm, Instruction in, Value *r)
{
    Value *variable = &r[in.a], more = r[in.b];
    bool is_item = in.spare & OF_ITEM;

    if (variable->type == VALUE_UNKNOWN || (!is_item && more.type == VALUE_UNKNOWN)) {
        *variable = value_unknown();
        return true;
    }
    if (variable->type != VALUE_LIST || (!is_item && more.type != VALUE_LIST))
        return vm_binary(vm, OPCODE_ADD, *variable, more, variable);
    size_t old = variable->list->count, count = is_item ? 1 : more.list->count;
    if (!vm_charge(vm, 1 + count) || (is_item && !vm_fits_inside(vm, more)))
        return false;
    ValueList *list = own_list(vm, in, variable, old + count);
    if (list == NULL)
        return false;
    if (is_item)
        list->items[old] = more;
    else
        memcpy(list->items + old, more.list->items, count * sizeof(Value));
    list->count = old + count;
    return true;
}

static bool set_item(Vm *vm, Instruction in, Value *variable, int64_t index, Value value)
{
    size_t count = variable->list->count;

    if (index < 0 || (uint64_t)index >= count)
        return vm_fault_no_index(vm, variable->list, index);
    ValueList *list = own_list(vm, in, variable, count);
    if (list == NULL)
        return false;
    list->items[index] = value;
    return true;
}

/* ---- maps and records ---- */

/* The same as own_list(). */
static ValueObject *own_object(Vm *vm, Instruction in, Value *variable, size_t count)
{
    const ValueObject *old = variable->object;
    bool may_own = in.spare & OF_VARIABLE;
    size_t capacity = may_own ? owned_capacity(vm, in.a, old) : 0;

    if (capacity >= count && capacity > 0)
        return (ValueObject *)old;
    capacity = may_own && count > old->count ? capacity_for(count) : count;
    ValueObject *object = vm_new_object(vm, capacity);
    if (object == NULL)
        return NULL;
    object->count = old->count;
    memcpy(object->members, old->members, old->count * sizeof(ValueMember));
    if (may_own)
        owned_add(vm, in.a, object, capacity);
    variable->object = object;
    return object;
}

static bool set_key(Vm *vm, Instruction in, Value *variable, const ValueString *key, Value value)
{
    size_t place, count = variable->object->count;
    bool found;

    if (!vm_find(vm, variable->object, key, true, &found, &place))
        return false;
    if (!vm_charge(vm, 1 + (found ? 0 : count - place) / 32))
        return false;
    ValueObject *object = own_object(vm, in, variable, count + !found);
    if (object == NULL)
        return false;
    if (!found)
        memmove(&object->members[place + 1], &object->members[place],
                (count - place) * sizeof(ValueMember));
    object->members[place] = (ValueMember){key, value};
    object->count = count + !found;
    return true;
}

/* What has a part that nobody knows which, is not known. */
bool vm_set_index(Vm *vm, Instruction in, Value *r)
{
    Value *variable = &r[in.a], index = r[in.b], value = r[in.c];

    if (variable->type == VALUE_UNKNOWN || index.type == VALUE_UNKNOWN) {
        *variable = value_unknown();
        return true;
    }
    if (!vm_fits_inside(vm, value))
        return false;
    if (variable->type == VALUE_LIST && index.type == VALUE_INT)
        return set_item(vm, in, variable, index.integer, value);
    if (variable->type == VALUE_OBJECT && index.type == VALUE_STRING)
        return set_key(vm, in, variable, index.string, value);
    return vm_fault_index_type(vm, *variable, index);
}

bool vm_set_slot(Vm *vm, Instruction in, Value *r)
{
    Value *variable = &r[in.a];

    if (variable->type == VALUE_UNKNOWN)
        return true;
    if (!vm_check_slot(vm, *variable, in.b) || !vm_fits_inside(vm, r[in.c]))
        return false;
    ValueObject *object = own_object(vm, in, variable, variable->object->count);
    if (object == NULL)
        return false;
    object->members[in.b].value = r[in.c];
    return true;
}
