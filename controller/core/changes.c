#include "controller/core/changes.h"

#include "controller/core/record.h"
#include "lang/base/memory.h"

void changes_deinit(Changes *changes)
{
    free(changes->instances);
    free(changes->trails);
    for (size_t i = 0; i < ARRAY_SIZE(changes->ended); i++)
        buffer_deinit(&changes->ended[i]);
    *changes = (Changes){0};
}

static void changes_clear(Changes *changes)
{
    for (size_t i = 0; i < changes->instance_count; i++)
        changes->instances[i]->change = 0;
    for (size_t i = 0; i < changes->trail_count; i++)
        changes->trails[i]->change = 0;
    changes->instance_count = changes->trail_count = 0;
    for (size_t i = 0; i < ARRAY_SIZE(changes->ended); i++)
        buffer_reset(&changes->ended[i]);
}

static void trails_keep(Runtime *runtime)
{
    Trail *ring = &runtime->trails;

    for (Trail *trail = ring->previous; trail != ring && !trail->is_kept; trail = trail->previous)
        trail->is_kept = true;
}

void changes_keep(Runtime *runtime)
{
    changes_clear(&runtime->changes);
    trails_keep(runtime);
    runtime->changes.born = runtime->next_born;
    runtime->changes.is_known = true;
}

const Trail *changes_first_new(const Runtime *runtime)
{
    const Trail *ring = &runtime->trails, *first = ring;

    while (first->previous != ring && !first->previous->is_kept)
        first = first->previous;
    return first;
}

void changes_hand_over(Runtime *runtime, Changes *ret)
{
    Changes *changes = &runtime->changes;
    Changes handed = *changes;

    for (size_t i = 0; i < handed.instance_count; i++) {
        handed.instances[i]->change = 0;
        for (Object *o = handed.instances[i]->has->first_object; o != NULL; o = o->owner_next)
            o->kept = 0;
    }
    for (size_t i = 0; i < handed.trail_count; i++)
        handed.trails[i]->change = 0;
    handed.first_new = changes_first_new(runtime);
    *changes = (Changes){0};
    changes_keep(runtime);
    *ret = handed;
}

void changes_forget(Runtime *runtime)
{
    Trail *ring = &runtime->trails;

    changes_clear(&runtime->changes);
    for (Trail *trail = ring->next; trail != ring; trail = trail->next)
        trail->is_kept = false;
    for (size_t i = 0; i < runtime->object_count; i++)
        runtime->objects[i]->kept = 0;
    runtime->changes.is_known = false;
}

bool changes_are_few(const Runtime *runtime)
{
    const Changes *changes = &runtime->changes;

    return changes->is_known && changes->instance_count * 2 <= instance_count(runtime);
}

/* ---- instances ---- */

void instance_changed(Instance *instance)
{
    Changes *changes;

    if (instance == NULL || instance->change != 0)
        return;
    changes = &instance->runtime->changes;
    if (!changes->is_known)
        return;
    memory_reserve_one(changes->instances, changes->instance_count, changes->instance_capacity);
    changes->instances[changes->instance_count++] = instance;
    instance->change = (uint32_t)changes->instance_count;
}

/* Line ends part the lines; there is none in any. */
static void ended_end(Buffer *ret)
{
    buffer_add_string(ret, ",\"ended\":true}\n");
}

void instance_ended(Instance *instance)
{
    Changes *changes = &instance->runtime->changes;
    Buffer *ended = &changes->ended[TABLE_DOMAINS];

    if (!changes->is_known)
        return;
    if (instance->change != 0) {
        Instance *last = changes->instances[--changes->instance_count];
        changes->instances[instance->change - 1] = last;
        last->change = instance->change;
        instance->change = 0;
    }
    if (instance->born >= changes->born)
        return;
    buffer_add_string(ended, "{\"domain\":");
    json_put_string(ended, instance->domain->name);
    member_encode(ended, "key", instance->key);
    member_encode_flag(ended, "gone", instance->is_gone);
    ended_end(ended);
}

/* It may be one that was not kept yet: then this says nothing. */
void object_ended(const Object *object)
{
    Changes *changes = &object->owner->runtime->changes;
    Buffer *ended = &changes->ended[TABLE_OBJECTS];

    if (!changes->is_known)
        return;
    buffer_add_string(ended, "{\"uid\":");
    json_put_string(ended, object->uid);
    ended_end(ended);
}

/* ---- trails ---- */

void trail_thinned(Trail *trail)
{
    Changes *changes = &trail->runtime->changes;

    if (!changes->is_known || !trail->is_kept || trail->change != 0)
        return;
    memory_reserve_one(changes->trails, changes->trail_count, changes->trail_capacity);
    changes->trails[changes->trail_count++] = trail;
    trail->change = (uint32_t)changes->trail_count;
}

void trail_ended(Trail *trail)
{
    Changes *changes = &trail->runtime->changes;
    Buffer *ended = &changes->ended[TABLE_TRAILS];

    if (!changes->is_known || !trail->is_kept)
        return;
    if (trail->change != 0) {
        Trail *last = changes->trails[--changes->trail_count];
        changes->trails[trail->change - 1] = last;
        last->change = trail->change;
    }
    buffer_add_format(ended, "{\"slice\":%llu", (unsigned long long)trail->slice);
    ended_end(ended);
}
