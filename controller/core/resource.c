#include "resource.h"

#include <string.h>

#include "controller/core/origin.h"
#include "lang/base/memory.h"

#define REFERENCE_OPEN "${resource."

bool outputs_equal(const char *a, const char *b)
{
    cleanup(json_free) Json *left = NULL, *right = NULL;

    if (a == NULL || b == NULL)
        return a == b;
    if (strcmp(a, b) == 0)
        return true;
    return json_parse_own(a, strlen(a), &left, NULL) == 0 &&
           json_parse_own(b, strlen(b), &right, NULL) == 0 && json_equal(left, right);
}

/* ---- references of bindings ---- */

/* `base` NULL: to whatever it may be. */
static bool text_refers(const char *text, const char *base)
{
    size_t size = base != NULL ? strlen(base) : 0;

    for (const char *at = text; (at = strstr(at, REFERENCE_OPEN)) != NULL;) {
        at += strlen(REFERENCE_OPEN);
        if (base == NULL || (strncmp(at, base, size) == 0 && at[size] == '.'))
            return true;
    }
    return false;
}

static bool json_refers(const Json *json, const char *base)
{
    if (json_is_string(json))
        return text_refers(json_string(json, ""), base);
    if (!json_is_object(json) && !json_is_array(json))
        return false;
    for (const Json *m = json_first(json); m != NULL; m = json_next(m))
        if (json_refers(m, base))
            return true;
    return false;
}

static bool bound_refers(const BoundEffect *bound, const char *base)
{
    return bound->defaults != NULL && json_refers(bound->defaults, base);
}

/* ---- who depends ---- */

typedef struct Dependency {
    const Runtime *runtime;
    const char *base; /* of the effect that is referred to */
    Map effects;      /* texts of the effects whose bindings refer to it */
} Dependency;

static void dependency_find(Dependency *dependency)
{
    const Program *program = dependency->runtime->program;
    const Bindings *bindings = dependency->runtime->bindings;

    for (size_t i = 0; bindings != NULL && i < bindings->effect_count; i++) {
        const EffectUse *use = &program->effects[i];
        const BoundEffect *bound = &bindings->effects[i];
        if (!bound_refers(bound, dependency->base))
            continue;
        cleanup(free) char *text = memory_format(
            "%s.%s", use->provider != NULL ? use->provider : bound->provider, use->effect);
        map_put(&dependency->effects, text, dependency);
    }
}

static bool origin_depends(const Dependency *dependency, const Origin *origin)
{
    for (size_t i = 0; i < origin->effect_count; i++)
        if (map_get(&dependency->effects, origin->effects[i].effect) != NULL)
            return true;
    return false;
}

static bool pending_depends(const Dependency *dependency, const Pending *pending)
{
    for (size_t i = 0; i < pending->intent_count; i++)
        if (map_get(&dependency->effects, pending->intents[i]->place.effect) != NULL)
            return true;
    return false;
}

static void dependents_stale(const Object *object, const char *because)
{
    Runtime *runtime = object->owner->runtime;
    Dependency dependency = {.runtime = runtime, .base = effect_short(object->place.effect)};

    dependency_find(&dependency);
    for (Instance *i = instance_first(runtime); dependency.effects.count > 0 && i != NULL;
         i = instance_next(i)) {
        for (size_t k = 0; k < i->has->origin_count; k++)
            if (origin_depends(&dependency, i->has->origins[k]))
                origin_stale(i, i->has->origins[k], because);
        if (i->active->pending != NULL && pending_depends(&dependency, i->active->pending)) {
            i->active->pending->outdated = true; /* its record is still to be made */
            instance_changed(i);
        }
    }
    map_deinit(&dependency.effects);
}

/* The slice that is being performed takes the result itself. */
static bool is_taken_by_slice(const Object *object)
{
    const Pending *pending = object->owner->active->pending;

    return pending != NULL && pending->cause.kind != CAUSE_REPAIR;
}

void outputs_changed(Object *object)
{
    cleanup(free) char *address = object_address(object);
    cleanup(free) char *because = memory_format("the result of %s changed", address);

    if (object->origin != NULL && !is_taken_by_slice(object))
        origin_stale(object->owner, object->origin, because);
    dependents_stale(object, because);
}

/* Two effects of one slice, of which one's binding refers to the other, are asked for together: the
 * one has been given what the other came to before. */
void resources_recheck(Instance *instance, const Pending *pending, Origin *origin)
{
    for (size_t i = 0; i < pending->intent_count; i++) {
        const Intent *intent = pending->intents[i];
        Dependency dependency = {.runtime = instance->runtime};
        if (intent->verb != INTENT_PUT || intent->state != INTENT_APPLIED)
            continue;
        dependency.base = effect_short(intent->place.effect);
        dependency_find(&dependency);
        if (dependency.effects.count > 0 && origin_depends(&dependency, origin))
            origin_stale(instance, origin, "a result of the same slice changed");
        map_deinit(&dependency.effects);
    }
}

/* ---- waiting ---- */

static bool is_awaited(const Object *object, uint64_t before)
{
    const Origin *origin = object->origin;

    return origin != NULL && origin->stale && !origin->given_up && origin->slice < before;
}

/* The oldest, so that it is the same in a successor. */
const char *resource_awaited(const Runtime *runtime, const BoundEffect *bound, uint64_t before)
{
    const ObjectRowTable *effects = &runtime->rows[ROW_EFFECT];
    const Object *oldest = NULL;

    if (!bound_refers(bound, NULL))
        return NULL; /* as most: the objects need not be looked at */
    for (const ObjectRow *row = object_rows_next(effects, NULL); row != NULL;
         row = object_rows_next(effects, row)) {
        const Object *object = row->first;
        if (!bound_refers(bound, effect_short(object->place.effect)))
            continue;
        while (object != NULL && !is_awaited(object, before))
            object = object->rows[ROW_EFFECT].next;
        if (object != NULL && (oldest == NULL || object->sequence < oldest->sequence))
            oldest = object;
    }
    return oldest != NULL ? effect_short(oldest->place.effect) : NULL;
}
