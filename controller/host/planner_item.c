#include <string.h>

#include "controller/core/origin.h"
#include "controller/host/planner_private.h"
#include "lang/base/memory.h"

void plan_making_init(PlanMaking *making, Stack *stack, Plan *plan)
{
    *making = (PlanMaking){.stack = stack, .plan = plan};
    for (const Instance *i = instance_first(stack->runtime); i != NULL; i = instance_next(i)) {
        cleanup(free) char *label = i->stopping ? instance_label(i) : NULL;
        if (label != NULL)
            map_put(&making->stopping, label, making);
    }
}

void plan_making_deinit(PlanMaking *making)
{
    map_deinit(&making->destroyed);
    map_deinit(&making->made);
    map_deinit(&making->stopping);
}

void plan_note(Plan *plan, char *text)
{
    memory_reserve_one(plan->notes, plan->note_count, plan->note_capacity);
    plan->notes[plan->note_count++] = text;
}

PlanItem *plan_item_add(Plan *plan)
{
    memory_reserve_one(plan->items, plan->count, plan->capacity);
    PlanItem *item = &plan->items[plan->count++];
    *item = (PlanItem){0};
    return item;
}

/* ---- replacements ---- */

/* The item that waits for its other half, by the uid of what goes; NULL: none does. */
static PlanItem *half_take(PlanMaking *making, Map *halves, const char *uid)
{
    uintptr_t index = (uintptr_t)map_remove(halves, uid);

    return index != 0 ? &making->plan->items[index - 1] : NULL;
}

static void half_put(const PlanMaking *making, Map *halves, const char *uid, const PlanItem *item)
{
    map_put(halves, uid, (void *)(uintptr_t)(item - making->plan->items + 1));
}

static const BoundEffect *bound_effect(const PlanMaking *making, const PlanItem *item)
{
    const Bindings *bindings = making->stack->runtime->bindings;

    for (size_t i = 0; i < bindings->effect_count; i++) {
        const BoundEffect *effect = &bindings->effects[i];
        if (strcmp(effect->provider, item->provider) == 0 &&
            strcmp(effect->action, item->effect) == 0)
            return effect;
    }
    return NULL;
}

static bool members_differ(const Json *before, const Json *after, const char *name)
{
    const Json *old = json_get(before, name), *new = json_get(after, name);

    return old == NULL || new == NULL ? old != new : !json_equal(old, new);
}

/* Which of its arguments another object is needed for. */
static void forces_find(const PlanMaking *making, PlanItem *item)
{
    const BoundEffect *bound = bound_effect(making, item);
    cleanup(json_free) Json *before = NULL, *after = NULL;

    if (bound == NULL || item->before == NULL ||
        json_parse_own(item->before, strlen(item->before), &before, NULL) < 0 ||
        json_parse_own(item->arguments, strlen(item->arguments), &after, NULL) < 0)
        return;
    item->forces = memory_zero(bound->immutable_count + 1, sizeof(char *));
    for (size_t i = 0; i < bound->immutable_count; i++)
        if (members_differ(before, after, bound->immutable[i]))
            item->forces[item->force_count++] = memory_copy_string(bound->immutable[i]);
}

static void replacement_complete(const PlanMaking *making, PlanItem *item)
{
    cleanup(buffer_deinit) Buffer cause = {0};

    item->action = PLAN_REPLACE;
    item->by_edit = true;
    forces_find(making, item);
    buffer_add_string(&cause, item->cause != NULL ? item->cause : "");
    for (size_t i = 0; i < item->force_count; i++)
        buffer_add_format(&cause, "%s%s%s",
                          i > 0            ? ", "
                          : cause.size > 0 ? "; "
                                           : "",
                          item->forces[i], i + 1 == item->force_count ? " changed, immutable" : "");
    string_set(&item->cause, buffer_text(&cause));
}

/* What was destroyed first is made anew by `made`, which is forgotten. */
static void replace_delete_first(const PlanMaking *making, PlanItem *item, PlanItem *made)
{
    string_set(&item->arguments, made->arguments);
    string_set(&item->provider, made->provider);
    string_set(&item->effect, made->effect);
    string_set(&item->type, made->type);
    string_set(&item->uid, made->uid);
    string_set(&item->op, made->op);
    replacement_complete(making, item);
}

/* What was made first takes the place of `gone`. */
static void replace_create_first(const PlanMaking *making, PlanItem *item, const PlanItem *gone)
{
    string_set(&item->before, gone->before);
    string_set(&item->external_id, gone->external_id);
    item->create_first = true;
    replacement_complete(making, item);
}

/* ---- causes ---- */

static bool is_revised(const Instance *owner)
{
    return owner->active->pending != NULL && owner->active->pending->cause.kind == CAUSE_REVISE;
}

static bool is_condemned(const Object *object, const Intent *intent)
{
    return object != NULL && object->condemned && intent->verb == INTENT_DELETE;
}

static void cause_of_revision(PlanItem *item, const Instance *owner, Arena *arena)
{
    const Cause *cause = &owner->active->pending->cause;
    const Origin *origin = origin_find(owner, cause->origin);
    const char *slice = origin != NULL ? cause_describe(owner, &origin->cause, arena) : "";

    string_set(&item->cause, origin != NULL && origin->because != NULL
                                 ? arena_format(arena, "%s; %s", origin->because, slice)
                                 : slice);
}

static void item_cause(PlanItem *item, const Instance *owner, const Object *object,
                       const Intent *intent)
{
    Arena arena = {0};

    if (is_condemned(object, intent)) {
        string_set(&item->cause, object->condemned_because);
    } else if (is_revised(owner)) {
        cause_of_revision(item, owner, &arena);
    } else if (owner->active->pending != NULL) {
        string_set(&item->cause, cause_describe(owner, &owner->active->pending->cause, &arena));
        string_set(&item->after, owner->unlocked_by);
    }
    arena_deinit(&arena);
}

/* ---- items ---- */

static PlanAction action_of(const Object *object, const Intent *intent)
{
    if (intent->verb == INTENT_ACTION)
        return PLAN_RUN;
    if (intent->verb == INTENT_DELETE)
        return PLAN_DESTROY;
    if (object != NULL && object->by_hand && !object->exists)
        return PLAN_IMPORT;
    if (object == NULL || !object->exists)
        return PLAN_CREATE;
    if (object->before == OBJECT_LOST)
        return PLAN_RECREATE;
    if (object->inputs != NULL && strcmp(object->inputs, intent->arguments) != 0)
        return PLAN_UPDATE;
    return PLAN_NOOP;
}

static void item_make(PlanItem *item, const Instance *owner, const Object *object,
                      const Intent *intent)
{
    item->action = action_of(object, intent);
    string_set(&item->address, intent->address);
    string_set(&item->domain, owner->domain->name);
    string_set(&item->where, intent->place.where);
    string_set(&item->place, intent->place.effect);
    string_set(&item->name, intent->name);
    string_set(&item->provider, intent->provider);
    string_set(&item->effect, intent->action);
    string_set(&item->type, intent->type);
    string_set(&item->uid, intent->uid);
    string_set(&item->op, intent->op);
    string_set(&item->arguments, intent->arguments);
    if (object != NULL) {
        string_set(&item->external_id, object->external_id);
        string_set(&item->reason, object->reason);
        if (item->action == PLAN_UPDATE || item->action == PLAN_DESTROY)
            string_set(&item->before, object->inputs);
    }
    item_cause(item, owner, object, intent);
}

static void item_deinit(PlanItem *item)
{
    char *const texts[] = {
        item->address,  item->from,   item->domain,    item->where, item->place, item->name,
        item->provider, item->effect, item->type,      item->uid,   item->op,    item->external_id,
        item->before,   item->cause,  item->arguments, item->after, item->reason};

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        free(texts[i]);
    for (size_t i = 0; i < item->force_count; i++)
        free(item->forces[i]);
    free(item->forces);
}

/* It was the other half of `item`. */
static void item_drop_last(Plan *plan)
{
    item_deinit(&plan->items[--plan->count]);
}

static void pair_destroyed(PlanMaking *making, PlanItem *item)
{
    PlanItem *made = half_take(making, &making->made, item->uid);

    item->by_edit = true;
    if (made != NULL) {
        replace_create_first(making, made, item);
        item_drop_last(making->plan);
    } else {
        half_put(making, &making->destroyed, item->uid, item);
    }
}

static void pair_made(PlanMaking *making, PlanItem *item, const char *replaces)
{
    PlanItem *destroyed = half_take(making, &making->destroyed, replaces);

    if (destroyed != NULL) {
        replace_delete_first(making, destroyed, item);
        item_drop_last(making->plan);
    } else {
        half_put(making, &making->made, replaces, item);
    }
}

/* Not by the program's own `stop`, which is still to be run. */
static bool stops_by_edit(const PlanMaking *making, const Instance *owner)
{
    cleanup(free) char *label = owner->stopping ? instance_label(owner) : NULL;

    return label != NULL && map_get(&making->stopping, label) != NULL;
}

void plan_call(PlanMaking *making, const Instance *owner, const Intent *intent)
{
    const Object *object =
        intent->uid[0] != '\0' ? object_find(making->stack->runtime, intent->uid) : NULL;
    PlanItem *item = plan_item_add(making->plan);

    item_make(item, owner, object, intent);
    if (intent->verb == INTENT_PUT && intent->replaces[0] != '\0')
        pair_made(making, item, intent->replaces);
    else if (intent->verb == INTENT_DELETE && !intent->released &&
             (is_condemned(object, intent) || is_revised(owner)))
        pair_destroyed(making, item);
    else if (intent->verb == INTENT_DELETE)
        item->by_edit = stops_by_edit(making, owner);
}

void plan_count(Plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        const PlanItem *item = &plan->items[i];
        PlanAction action = item->action;
        plan->add += action == PLAN_CREATE || action == PLAN_RECREATE || action == PLAN_REPLACE;
        plan->change += action == PLAN_UPDATE;
        plan->destroy += action == PLAN_DESTROY || action == PLAN_REPLACE;
        plan->run += action == PLAN_RUN;
        plan->imported += action == PLAN_IMPORT;
        plan->by_edit += item->by_edit;
    }
}

void plan_free(Plan *plan)
{
    if (plan == NULL)
        return;
    for (size_t i = 0; i < plan->count; i++)
        item_deinit(&plan->items[i]);
    for (size_t i = 0; i < plan->note_count; i++)
        free(plan->notes[i]);
    free(plan->items);
    free(plan->notes);
    free(plan->refusal);
    free(plan);
}
