#include "controller/host/protection.h"

#include <string.h>

#include "lang/base/memory.h"

Json *protection_note(const ProviderConfig *provider)
{
    Json *note = NULL;

    for (size_t i = 0; i < provider->action_count; i++) {
        if (!provider->actions[i].protect)
            continue;
        if (note == NULL)
            note = json_new_array();
        json_append(note, json_new_string(provider->actions[i].effect));
    }
    return note;
}

/* Without its provider. */
static const char *effect_of(const Object *object)
{
    const char *dot = strrchr(object->place.effect, '.');

    return dot != NULL ? dot + 1 : object->place.effect;
}

static bool is_noted(const Object *object, const Json *notes)
{
    const char *effect = effect_of(object);
    const Json *names = json_get(json_get(notes, object->provider), "protect");

    for (const Json *name = json_first(names); name != NULL; name = json_next(name))
        if (strcmp(json_string(name, ""), effect) == 0)
            return true;
    return false;
}

void protection_find(const Runtime *runtime, const Json *notes, Map *ret)
{
    for (size_t i = 0; i < runtime->object_count; i++) {
        Object *object = runtime->objects[i];
        if (object_is_protected(object) || is_noted(object, notes))
            map_put(ret, object->uid, object);
    }
}

/* ---- destroy ---- */

static bool is_protected_by_run(const Stack *stack, const Object *object)
{
    const ProviderConfig *provider = config_provider(stack->config, object->provider);
    const ActionConfig *action =
        provider != NULL ? config_action(provider, effect_of(object)) : NULL;

    return action != NULL && action->protect;
}

int protection_check_destroy(const Stack *stack, Error *err)
{
    for (size_t i = 0; i < stack->runtime->object_count; i++) {
        const Object *object = stack->runtime->objects[i];
        if (map_get(&stack->guarded, object->uid) == NULL && !is_protected_by_run(stack, object))
            continue;
        cleanup(free) char *address = object_address(object);
        return error_set(err, ERROR_DENIED,
                         "%s is protected, by @protect of '%s' or by `protect: true` in the "
                         "bindings: take that away and `ved apply`, then destroy; nothing was "
                         "touched",
                         address, object->place.where);
    }
    return 0;
}
