/* Locals by name, innermost first: a map to the visible one, which remembers the one it hides. */
#include "lang/check.h"
#include "lang/base/memory.h"

static void *index_value(size_t index)
{
    return (void *)(uintptr_t)index;
}

Local *scope_find(Scope *scope, const char *name)
{
    size_t index = name == NULL ? 0 : (size_t)(uintptr_t)map_get(&scope->names, name);

    return index == 0 ? NULL : &scope->locals[index - 1];
}

Local *scope_add(Scope *scope, Local local)
{
    memory_reserve_one(scope->locals, scope->count, scope->capacity);
    scope->names.borrows = true; /* the tree's names */
    local.slot = scope->next_slot++;
    local.serial = ++scope->serial;
    local.hidden =
        (size_t)(uintptr_t)map_put(&scope->names, local.name, index_value(scope->count + 1));
    scope->locals[scope->count] = local;
    return &scope->locals[scope->count++];
}

void scope_leave(Scope *scope, size_t count, uint32_t next_slot)
{
    while (scope->count > count) {
        const Local *local = &scope->locals[--scope->count];
        if (local->hidden != 0)
            map_put(&scope->names, local->name, index_value(local->hidden));
        else
            map_remove(&scope->names, local->name);
    }
    scope->next_slot = next_slot;
}

void scope_deinit(Scope *scope)
{
    map_deinit(&scope->names);
    free(scope->locals);
    *scope = (Scope){0};
}
