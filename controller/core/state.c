#include "state.h"

#include <string.h>

#include "lang/base/memory.h"

void bindings_deinit(Bindings *bindings)
{
    for (size_t i = 0; i < bindings->effect_count; i++) {
        BoundEffect *effect = &bindings->effects[i];
        for (size_t k = 0; k < effect->positional_count; k++)
            free(effect->positional[k]);
        free(effect->positional);
        free(effect->provider);
        free(effect->action);
        free(effect->type);
        json_free(effect->defaults);
    }
    free(bindings->effects);
    *bindings = (Bindings){0};
}

void string_set(char **holder, const char *text)
{
    char *copy = text != NULL ? memory_copy_string(text) : NULL;

    free(*holder); /* after the copy: `text` may be what it holds */
    *holder = copy;
}

Value *values_clone(const Value *values, size_t count)
{
    Value *copy = memory_zero(count, sizeof *copy);

    for (size_t i = 0; i < count; i++)
        copy[i] = value_clone(values[i]);
    return copy;
}

void values_free(Value *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        value_free(values[i]);
    free(values);
}

/* ---- parts ---- */

static void place_deinit(Place *place)
{
    free(place->where);
    free(place->effect);
}

void intent_free(Intent *intent)
{
    if (intent == NULL)
        return;
    place_deinit(&intent->place);
    free(intent->address);
    free(intent->provider);
    free(intent->action);
    free(intent->type);
    free(intent->arguments);
    free(intent->name);
    free(intent->key);
    free(intent->external_id);
    free(intent->result);
    free(intent->code);
    free(intent->detail);
    free(intent);
}

void pending_free(Pending *pending)
{
    if (pending == NULL)
        return;
    for (size_t i = 0; i < pending->change_count; i++)
        value_free(pending->changes[i].value);
    for (size_t i = 0; i < pending->emission_count; i++)
        values_free(pending->emissions[i].arguments, pending->emissions[i].argument_count);
    for (size_t i = 0; i < pending->intent_count; i++)
        intent_free(pending->intents[i]);
    free(pending->changes);
    free(pending->emissions);
    free(pending->intents);
    free(pending);
}

void origin_release(Origin *origin)
{
    if (origin == NULL || --origin->references > 0)
        return;
    for (size_t i = 0; i < origin->field_count; i++)
        free(origin->field_names[i]);
    for (size_t i = 0; i < origin->result_count; i++)
        free(origin->results[i]);
    values_free(origin->fields, origin->field_count);
    values_free(origin->arguments, origin->argument_count);
    free(origin->field_names);
    free(origin->results);
    free(origin->failed);
    free(origin->where);
    free(origin);
}

void object_free(Object *object)
{
    if (object == NULL)
        return;
    place_deinit(&object->place);
    free(object->name);
    free(object->provider);
    free(object->action);
    free(object->type);
    free(object->external_id);
    free(object->inputs);
    free(object->outputs);
    free(object->reason);
    origin_release(object->origin);
    intent_free(object->leaving);
    free(object);
}

char *object_address(const Object *object)
{
    const char *domain = object->owner->domain->name;
    const char *dot = strrchr(object->place.effect, '.');
    const char *effect = dot != NULL ? dot + 1 : object->place.effect;

    if (object->name != NULL)
        return memory_format("%s.%s[\"%s\"]", domain, effect, object->name);
    return memory_format("%s.%s.%s[%u]", domain, object->place.where, effect, object->ordinal);
}

/* ---- instances ---- */

void instance_fields_changed(Instance *instance)
{
    Digest128 digest = 0;

    for (size_t i = 0; i < instance->domain->field_count; i++)
        digest += value_digest(instance->fields[i]) *
                  ((Digest128)hash_mix(i + 1) << 64 | hash_mix(~(uint64_t)i) | 1);
    instance->field_digest = digest;
}

void instance_touch(Instance *instance)
{
    if (instance->touched)
        return;
    instance->touched = true;
    instance->touched_next = instance->runtime->touched;
    instance->runtime->touched = instance;
}

Instance *instance_new(Runtime *runtime, uint32_t domain_index)
{
    const ProgramDomain *domain = &runtime->program->domains[domain_index];
    Instance *instance = memory_zero(1, sizeof *instance);

    instance->runtime = runtime;
    instance->index = (uint32_t)runtime->instance_count;
    instance->domain_index = domain_index;
    instance->domain = domain;
    instance->version = 1;
    instance->booted = domain->boot < 0;
    instance->fields = memory_zero(domain->field_count, sizeof(Value));
    for (size_t i = 0; i < domain->field_count; i++)
        instance->fields[i] = value_clone(domain->fields[i].initial);
    instance->transitions = memory_zero(domain->transition_count, sizeof(TransitionMark));
    instance->goals = memory_zero(domain->goal_count, sizeof(GoalMark));
    for (size_t i = 0; i < domain->goal_count; i++)
        instance->goals[i].last_transition = -1;
    instance->group = instance;
    instance_fields_changed(instance);
    runtime->instances =
        memory_grow(runtime->instances, runtime->instance_count + 1, sizeof(Instance *));
    runtime->instances[runtime->instance_count++] = instance;
    map_put(&runtime->instances_by_name, domain->name, instance);
    instance_touch(instance);
    return instance;
}

static void instance_free_lists(Instance *instance)
{
    for (size_t i = 0; i < instance->run_count; i++)
        values_free(instance->runs[i].arguments, instance->runs[i].argument_count);
    for (size_t i = 0; i < instance->deed_count; i++) {
        free(instance->deeds[i].place_key);
        free(instance->deeds[i].arguments);
        free(instance->deeds[i].result);
        free(instance->deeds[i].where);
    }
    for (size_t i = 0; i < instance->dead_letter_count; i++) {
        message_free(instance->dead_letters[i].message);
        free(instance->dead_letters[i].reason);
    }
    for (size_t i = 0; i < instance->domain->transition_count; i++)
        free(instance->transitions[i].reason);
    free(instance->runs);
    free(instance->deeds);
    free(instance->dead_letters);
}

void instance_free(Instance *instance)
{
    instance_free_lists(instance);
    values_free(instance->fields, instance->domain->field_count);
    mailbox_deinit(&instance->mailbox);
    pending_free(instance->pending);
    free(instance->transitions);
    free(instance->goals);
    free(instance->unlocked_by);
    free(instance->waits_for);
    free(instance->undecided_after);
    free(instance->handler_reason);
    free(instance);
}

/* ---- runtime ---- */

Runtime *runtime_new(const Program *program, const Bindings *bindings, const char *lineage)
{
    Runtime *runtime = memory_zero(1, sizeof *runtime);

    runtime->program = program;
    runtime->bindings = bindings;
    strncpy(runtime->lineage, lineage, UID_SIZE - 1);
    runtime->epoch = 1;
    runtime->next_intent = 1;
    runtime->next_message = 1;
    runtime->next_rank = 1;
    runtime->next_sequence = 1;
    return runtime;
}

void runtime_free(Runtime *runtime)
{
    if (runtime == NULL)
        return;
    for (size_t i = 0; i < runtime->object_count; i++)
        object_free(runtime->objects[i]);
    for (size_t i = 0; i < runtime->instance_count; i++)
        instance_free(runtime->instances[i]);
    for (size_t i = 0; i < runtime->retained_count; i++)
        values_free(runtime->retained[i].arguments, runtime->retained[i].argument_count);
    free(runtime->objects);
    free(runtime->instances);
    free(runtime->retained);
    free(runtime->program_digest);
    map_deinit(&runtime->instances_by_name);
    map_deinit(&runtime->objects_by_uid);
    free(runtime);
}

Instance *runtime_find(const Runtime *runtime, const char *domain)
{
    return map_get(&runtime->instances_by_name, domain);
}

Object *object_find(const Runtime *runtime, const char *uid)
{
    return map_get(&runtime->objects_by_uid, uid);
}

void object_add(Runtime *runtime, Object *object)
{
    memory_reserve_one(runtime->objects, runtime->object_count, runtime->object_capacity);
    runtime->objects[runtime->object_count++] = object;
    map_put(&runtime->objects_by_uid, object->uid, object);
    runtime->lost_count += object->state == OBJECT_LOST;
}

void object_remove(Runtime *runtime, Object *object)
{
    size_t at = 0;

    while (runtime->objects[at] != object)
        at++;
    memmove(&runtime->objects[at], &runtime->objects[at + 1],
            (runtime->object_count - at - 1) * sizeof(Object *));
    runtime->object_count--;
    runtime->lost_count -= object->state == OBJECT_LOST;
    map_remove(&runtime->objects_by_uid, object->uid);
    object_free(object);
}

void object_move(Object *object, ObjectState state)
{
    Runtime *runtime = object->owner->runtime;

    runtime->lost_count -= object->state == OBJECT_LOST;
    object->state = state;
    runtime->lost_count += object->state == OBJECT_LOST;
}

static Intent *pending_find(const Pending *pending, uint64_t number)
{
    for (size_t i = 0; pending != NULL && i < pending->intent_count; i++)
        if (pending->intents[i]->number == number)
            return pending->intents[i];
    return NULL;
}

Intent *intent_find(const Runtime *runtime, uint64_t number, Instance **ret_owner)
{
    for (size_t i = 0; i < runtime->instance_count; i++) {
        Intent *intent = pending_find(runtime->instances[i]->pending, number);
        if (intent != NULL) {
            *ret_owner = runtime->instances[i];
            return intent;
        }
    }
    for (size_t i = 0; i < runtime->object_count; i++) {
        Intent *intent = runtime->objects[i]->leaving;
        if (intent != NULL && intent->number == number) {
            *ret_owner = runtime->objects[i]->owner;
            return intent;
        }
    }
    return NULL;
}
