/* What has been renamed, and what may have been: an object that is destroyed and one like it that
 * is made could be the same, had the program said so. */
#include <string.h>

#include "controller/host/planner_private.h"
#include "lang/base/memory.h"

void plan_renames(const Stack *stack, Plan *plan)
{
    for (size_t i = 0; i < stack->renames.count; i++) {
        const Rename *rename = &stack->renames.items[i];
        const Object *object = object_find(stack->runtime, rename->uid);
        if (object == NULL)
            continue;
        PlanItem *item = plan_item_add(plan);
        item->action = PLAN_RENAME;
        string_set(&item->address, rename->to);
        string_set(&item->from, rename->from);
        string_set(&item->domain, object->owner->domain->name);
        string_set(&item->where, object->place.where);
        string_set(&item->place, object->place.effect);
        string_set(&item->name, object->name);
        string_set(&item->provider, object->provider);
        string_set(&item->effect, object->action);
        string_set(&item->type, object->type);
        string_set(&item->uid, object->uid);
        string_set(&item->arguments, object->inputs);
        string_set(&item->before, object->inputs);
        string_set(&item->cause, "moved");
    }
}

/* ---- proposals ---- */

static bool is_gone(const PlanItem *item)
{
    return item->action == PLAN_DESTROY && item->by_edit;
}

/* The items of one place that are destroyed, or made. */
typedef struct Group {
    const PlanItem *item; /* the first of them */
    size_t count;
    bool told; /* in a line that is proposed */
} Group;

typedef struct Groups {
    Group *items;
    size_t count, capacity;
    Map by_place; /* -> index + 1 */
} Groups;

static void groups_add(Groups *groups, const PlanItem *item)
{
    cleanup(free) char *key = memory_format("%s %s %s", item->domain, item->where, item->place);
    uintptr_t index = (uintptr_t)map_get(&groups->by_place, key);

    if (index == 0) {
        memory_reserve_one(groups->items, groups->count, groups->capacity);
        groups->items[groups->count++] = (Group){.item = item};
        map_put(&groups->by_place, key, (void *)(uintptr_t)(index = groups->count));
    }
    groups->items[index - 1].count++;
}

static void groups_deinit(Groups *groups)
{
    map_deinit(&groups->by_place);
    free(groups->items);
}

static size_t count_of_domain(const Groups *groups, const char *domain)
{
    size_t count = 0;

    for (size_t i = 0; i < groups->count; i++)
        if (strcmp(groups->items[i].item->domain, domain) == 0)
            count += groups->items[i].count;
    return count;
}

static void tell_domain(Groups *groups, const char *domain)
{
    for (size_t i = 0; i < groups->count; i++)
        groups->items[i].told |= strcmp(groups->items[i].item->domain, domain) == 0;
}

static bool same_effect(const PlanItem *a, const PlanItem *b)
{
    return strcmp(a->provider, b->provider) == 0 && strcmp(a->effect, b->effect) == 0;
}

/* The program emits at that place still: nothing can have moved away from it. */
static bool place_is_there(const Program *program, const PlanItem *item)
{
    for (size_t i = 0; i < program->effect_count; i++) {
        const EffectUse *use = &program->effects[i];
        cleanup(free) char *effect = use->provider != NULL
                                         ? memory_format("%s.%s", use->provider, use->effect)
                                         : memory_copy_string(use->effect);
        if (!use->releases && strcmp(program->domains[use->domain].name, item->domain) == 0 &&
            strcmp(effect_use_where(program, use), item->where) == 0 &&
            effects_agree(effect, item->place))
            return true;
    }
    return false;
}

static size_t objects_of(const Runtime *runtime, const char *domain)
{
    size_t count = 0;

    for (size_t i = 0; i < runtime->object_count; i++)
        count += strcmp(runtime->objects[i]->owner->domain->name, domain) == 0;
    return count;
}

/* What may have moved, of a plan whose prediction has led to `runtime`. */
typedef struct Moving {
    const Runtime *runtime;
    Plan *plan;
    Groups gone, made;
} Moving;

/* All of one is destroyed, and as much of another is made that had nothing. */
static bool domains_correspond(const Moving *moving, const char *from, const char *to)
{
    size_t came = count_of_domain(&moving->made, to);

    return program_find_domain(moving->runtime->program, from) < 0 &&
           count_of_domain(&moving->gone, from) == came && objects_of(moving->runtime, from) == 0 &&
           objects_of(moving->runtime, to) == came;
}

static void propose(Moving *moving, Group *gone, Group *made)
{
    const PlanItem *from = gone->item, *to = made->item;
    cleanup(free) char *line = NULL;

    if (domains_correspond(moving, from->domain, to->domain)) {
        tell_domain(&moving->gone, from->domain);
        tell_domain(&moving->made, to->domain);
        line = memory_format("moved domain %s -> %s", from->domain, to->domain);
    } else {
        gone->told = made->told = true;
        line = memory_format("moved %s.%s.%s -> %s.%s.%s", from->domain, from->where,
                             effect_short(from->place), to->domain, to->where,
                             effect_short(to->place));
    }
    plan_note(moving->plan, memory_format("if it was only renamed, this line keeps what would be "
                                          "destroyed: %s",
                                          line));
}

static void propose_for(Moving *moving, Group *gone)
{
    for (size_t i = 0; i < moving->made.count && !gone->told; i++) {
        Group *made = &moving->made.items[i];
        if (!made->told && same_effect(gone->item, made->item))
            propose(moving, gone, made);
    }
}

void plan_propose_moves(const Runtime *runtime, Plan *plan)
{
    Moving moving = {.runtime = runtime, .plan = plan};

    for (size_t i = 0; i < plan->count; i++) {
        const PlanItem *item = &plan->items[i];
        if (is_gone(item))
            groups_add(&moving.gone, item);
        else if (item->action == PLAN_CREATE)
            groups_add(&moving.made, item);
    }
    for (size_t i = 0; i < moving.gone.count; i++)
        if (!place_is_there(runtime->program, moving.gone.items[i].item))
            propose_for(&moving, &moving.gone.items[i]);
    groups_deinit(&moving.gone);
    groups_deinit(&moving.made);
}
