#include "state.h"

#include <string.h>

#include "controller/core/origin.h"
#include "lang/base/memory.h"

void bindings_deinit(Bindings *bindings)
{
    for (size_t i = 0; i < bindings->effect_count; i++) {
        BoundEffect *effect = &bindings->effects[i];
        for (size_t k = 0; k < effect->positional_count; k++)
            free(effect->positional[k]);
        free(effect->positional);
        for (size_t k = 0; k < effect->immutable_count; k++)
            free(effect->immutable[k]);
        free(effect->immutable);
        free(effect->provider);
        free(effect->action);
        free(effect->type);
        json_free(effect->defaults);
    }
    for (size_t i = 0; i < bindings->fact_count; i++)
        free(bindings->fact_providers[i]);
    free(bindings->fact_providers);
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

bool values_equal(const Value *a, size_t a_count, const Value *b, size_t b_count)
{
    bool equal = a_count == b_count;

    for (size_t i = 0; equal && i < a_count; i++)
        equal = value_equal(a[i], b[i]);
    return equal;
}

void values_free(Value *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        value_free(values[i]);
    free(values);
}

/* ---- parts ---- */

static FieldChange *field_changes_clone(const FieldChange *changes, size_t count)
{
    FieldChange *copy = memory_zero(count, sizeof *copy);

    for (size_t i = 0; i < count; i++)
        copy[i] = (FieldChange){.field = changes[i].field,
                                .value = value_clone(changes[i].value),
                                .left = changes[i].left};
    return copy;
}

static void field_changes_free(FieldChange *changes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        value_free(changes[i].value);
    free(changes);
}

static Emission emission_clone(const Emission *emission)
{
    Emission copy = *emission;

    copy.receiver = NULL;
    copy.key = copy.elevated = NULL;
    string_set(&copy.key, emission->key);
    string_set(&copy.elevated, emission->elevated);
    copy.arguments = values_clone(emission->arguments, emission->argument_count);
    copy.former = values_clone(emission->former, emission->former_count);
    copy.first = field_changes_clone(emission->first, emission->first_count);
    return copy;
}

void proposal_clone(Proposal *ret, const Proposal *proposal)
{
    *ret = *proposal;
    ret->changes = field_changes_clone(proposal->changes, proposal->change_count);
    ret->emissions = memory_zero(proposal->emission_count, sizeof(Emission));
    for (size_t i = 0; i < proposal->emission_count; i++)
        ret->emissions[i] = emission_clone(&proposal->emissions[i]);
    ret->locals = values_clone(proposal->locals, proposal->local_count);
    ret->reads = memory_zero(proposal->read_count, sizeof *ret->reads);
    if (proposal->read_count > 0)
        memcpy(ret->reads, proposal->reads, proposal->read_count * sizeof *ret->reads);
}

Emission *proposal_emissions_clone(const Proposal *proposal, size_t *ret_count)
{
    Emission *copy = memory_zero(proposal->emission_count, sizeof *copy);

    *ret_count = 0;
    for (size_t i = 0; i < proposal->emission_count; i++) {
        Emission emission = proposal->emissions[i];
        if (emission.kind == OUTPUT_LOG || emission.unsaid)
            continue;
        emission.same = emission.travels = false;
        emission.former_count = 0;
        copy[(*ret_count)++] = emission_clone(&emission);
    }
    return copy;
}

void emissions_free(Emission *emissions, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(emissions[i].key);
        free(emissions[i].elevated);
        values_free(emissions[i].arguments, emissions[i].argument_count);
        values_free(emissions[i].former, emissions[i].former_count);
        field_changes_free(emissions[i].first, emissions[i].first_count);
    }
    free(emissions);
}

void proposal_deinit(Proposal *proposal)
{
    field_changes_free(proposal->changes, proposal->change_count);
    emissions_free(proposal->emissions, proposal->emission_count);
    values_free(proposal->locals, proposal->local_count);
    free(proposal->reads);
    *proposal = (Proposal){0};
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
    free(object->condemned_because);
    origin_release(object->origin);
    intent_free(object->leaving);
    free(object);
}

char *object_address(const Object *object)
{
    cleanup(free) char *owner = instance_label(object->owner);
    const char *dot = strrchr(object->place.effect, '.');
    const char *effect = dot != NULL ? dot + 1 : object->place.effect;

    if (object->name != NULL)
        return memory_format("%s.%s[\"%s\"]", owner, effect, object->name);
    return memory_format("%s.%s.%s[%u]", owner, object->place.where, effect, object->ordinal);
}

/* ---- names ---- */

static void entry_init(Runtime *runtime, uint32_t index)
{
    const ProgramDomain *domain = &runtime->program->domains[index];
    const char **handlers = arena_array(&runtime->arena, const char *, domain->handler_count);
    const char **timers = arena_array(&runtime->arena, const char *, domain->timer_count);

    for (size_t i = 0; i < domain->handler_count; i++)
        handlers[i] = domain->handlers[i].where;
    for (size_t i = 0; i < domain->timer_count; i++)
        timers[i] = domain->timers[i].where;
    runtime->domains[index].hash = hash_string(domain->name);
    runtime->domains[index].handlers = handlers;
    runtime->domains[index].timers = timers;
}

const char *cause_where(const Instance *instance, const Cause *cause)
{
    const DomainEntry *entry = &instance->runtime->domains[instance->domain_index];

    if (cause->handler >= 0)
        return entry->handlers[cause->handler];
    if (cause->timer >= 0)
        return entry->timers[cause->timer];
    return cause->transition >= 0 ? instance->domain->transitions[cause->transition].name : "";
}

const char *message_name(const Instance *instance, const Message *message)
{
    const Runtime *runtime = instance->runtime;
    const DomainEntry *entry = &runtime->domains[instance->domain_index];

    switch (message->kind) {
    case MESSAGE_EVENT:
        return runtime->program->events[message->target].name;
    case MESSAGE_TRANSITION:
        return instance->domain->transitions[message->target].name;
    case MESSAGE_NAMED:
    case MESSAGE_REPORT:
        return entry->handlers[message->target];
    case MESSAGE_TIMER:
        return entry->timers[message->target];
    }
    return NULL;
}

int handler_find(const Runtime *runtime, uint32_t domain, const char *name)
{
    const DomainEntry *entry = &runtime->domains[domain];

    for (size_t i = 0; i < runtime->program->domains[domain].handler_count; i++)
        if (strcmp(entry->handlers[i], name) == 0)
            return (int)i;
    return -1;
}

int timer_find(const Runtime *runtime, uint32_t domain, const char *name)
{
    const DomainEntry *entry = &runtime->domains[domain];

    for (size_t i = 0; i < runtime->program->domains[domain].timer_count; i++)
        if (strcmp(entry->timers[i], name) == 0)
            return (int)i;
    return -1;
}

/* ---- runtime ---- */

const char *runtime_text(Runtime *runtime, const char *text)
{
    char *copy = text != NULL ? map_get(&runtime->texts, text) : NULL;

    if (text == NULL || copy != NULL)
        return copy;
    copy = arena_copy_string(&runtime->arena, text);
    map_put(&runtime->texts, copy, copy);
    return copy;
}

Runtime *runtime_new(const Program *program, const Bindings *bindings, const char *lineage)
{
    Runtime *runtime = memory_zero(1, sizeof *runtime);

    runtime->program = program;
    runtime->bindings = bindings;
    strncpy(runtime->lineage, lineage, UID_SIZE - 1);
    runtime->epoch = 1;
    runtime->running = &runtime->not_noted;
    runtime->trails.next = runtime->trails.previous = &runtime->trails;
    runtime->texts.borrows = true;
    runtime->next_intent = 1;
    runtime->next_message = 1;
    runtime->next_rank = 1;
    runtime->next_sequence = 1;
    runtime->domains = arena_array(&runtime->arena, DomainEntry, program->domain_count);
    for (uint32_t i = 0; i < program->domain_count; i++)
        entry_init(runtime, i);
    return runtime;
}

void said_forget(Runtime *runtime)
{
    for (size_t i = 0; i < runtime->retained_count; i++) {
        values_free(runtime->retained[i].arguments, runtime->retained[i].argument_count);
        trail_release(runtime->retained[i].by);
    }
    for (size_t i = 0; i < runtime->withdrawn_count; i++)
        values_free(runtime->withdrawn[i].arguments, runtime->withdrawn[i].argument_count);
    runtime->retained_count = runtime->withdrawn_count = 0;
}

void runtime_free(Runtime *runtime)
{
    if (runtime == NULL)
        return;
    changes_deinit(&runtime->changes);
    for (size_t i = runtime->object_count;
         i-- > 0;) /* the last record of a slice goes at no cost */
        object_free(runtime->objects[i]);
    instances_free(runtime);
    said_forget(runtime);
    free(runtime->objects);
    free(runtime->intents.buckets);
    for (AlarmKind kind = 0; kind < ALARM_COUNT; kind++)
        heap_deinit(&runtime->alarms[kind]);
    free(runtime->retained);
    free(runtime->withdrawn);
    free(runtime->program_digest);
    map_deinit(&runtime->system_starts);
    map_deinit(&runtime->texts);
    map_deinit(&runtime->objects_by_uid);
    for (ObjectRowKind kind = 0; kind < ROW_COUNT; kind++)
        object_rows_deinit(&runtime->rows[kind]);
    fact_table_deinit(&runtime->facts);
    trails_deinit(runtime);
    activities_deinit(runtime);
    arena_deinit(&runtime->arena);
    free(runtime);
}

Object *object_find(const Runtime *runtime, const char *uid)
{
    return map_get(&runtime->objects_by_uid, uid);
}

static void owner_link(Object *object)
{
    Holdings *owner = instance_holdings(object->owner);

    object->owner_previous = owner->last_object;
    if (owner->last_object != NULL)
        owner->last_object->owner_next = object;
    else
        owner->first_object = object;
    owner->last_object = object;
    owner->object_count++;
}

static void owner_unlink(Object *object)
{
    Holdings *owner = instance_holdings(object->owner);

    if (object->owner_previous != NULL)
        object->owner_previous->owner_next = object->owner_next;
    else
        owner->first_object = object->owner_next;
    if (object->owner_next != NULL)
        object->owner_next->owner_previous = object->owner_previous;
    else
        owner->last_object = object->owner_previous;
    owner->object_count--;
}

/* Among the new owner's it stands by sequence, as a snapshot reads it. */
void object_give(Object *object, Instance *owner)
{
    Holdings *has = instance_holdings(owner);
    Object *next = has->first_object;

    object_rows_leave(object);
    owner_unlink(object);
    object->owner = owner;
    if (object->leaving != NULL)
        object->leaving->owner = owner;
    while (next != NULL && next->sequence < object->sequence)
        next = next->owner_next;
    object->owner_next = next;
    object->owner_previous = next != NULL ? next->owner_previous : has->last_object;
    *(next != NULL ? &next->owner_previous : &has->last_object) = object;
    *(object->owner_previous != NULL ? &object->owner_previous->owner_next : &has->first_object) =
        object;
    has->object_count++;
    object_rows_enter(object);
}

/* They stand by sequence. */
static size_t object_place(const Runtime *runtime, const Object *object)
{
    size_t low = 0, high = runtime->object_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (runtime->objects[middle]->sequence < object->sequence)
            low = middle + 1;
        else
            high = middle;
    }
    while (runtime->objects[low] != object)
        low++;
    return low;
}

void object_add(Runtime *runtime, Object *object)
{
    memory_reserve_one(runtime->objects, runtime->object_count, runtime->object_capacity);
    runtime->objects[runtime->object_count++] = object;
    map_put(&runtime->objects_by_uid, object->uid, object);
    runtime->lost_count += object->state == OBJECT_LOST;
    runtime->left_count += object->state == OBJECT_LEFT;
    runtime->condemned_count += object->condemned;
    owner_link(object);
    object_rows_enter(object);
}

void object_remove(Runtime *runtime, Object *object)
{
    size_t at = object_place(runtime, object);

    object_ended(object);
    memmove(&runtime->objects[at], &runtime->objects[at + 1],
            (runtime->object_count - at - 1) * sizeof(Object *));
    runtime->object_count--;
    object_rows_leave(object);
    owner_unlink(object);
    runtime->lost_count -= object->state == OBJECT_LOST;
    runtime->left_count -= object->state == OBJECT_LEFT;
    runtime->drifted_count -= object->drifted;
    runtime->condemned_count -= object->condemned;
    map_remove(&runtime->objects_by_uid, object->uid);
    object_free(object);
}

void object_move(Object *object, ObjectState state)
{
    Runtime *runtime = object->owner->runtime;

    runtime->lost_count -= object->state == OBJECT_LOST;
    runtime->left_count -= object->state == OBJECT_LEFT;
    object->state = state;
    runtime->lost_count += object->state == OBJECT_LOST;
    runtime->left_count += object->state == OBJECT_LEFT;
}

void object_drift(Object *object, bool drifted)
{
    Runtime *runtime = object->owner->runtime;

    runtime->drifted_count -= object->drifted;
    object->drifted = drifted;
    runtime->drifted_count += object->drifted;
}

static void name_change(char **name, const char *from, const char *to)
{
    if (strcmp(*name, from) == 0)
        string_set(name, to);
}

void provider_rename(Runtime *runtime, const char *from, const char *to)
{
    changes_forget(runtime);
    for (size_t i = 0; i < runtime->object_count; i++) {
        Object *object = runtime->objects[i];
        name_change(&object->provider, from, to);
        if (object->leaving != NULL)
            name_change(&object->leaving->provider, from, to);
    }
    for (Instance *i = performing_first(runtime); i != NULL; i = performing_next(i))
        for (size_t k = 0; k < i->active->pending->intent_count; k++)
            name_change(&i->active->pending->intents[k]->provider, from, to);
}

void object_condemn(Object *object, const char *because)
{
    if (object->condemned)
        return;
    object->condemned = true;
    string_set(&object->condemned_because, because);
    object->owner->runtime->condemned_count++;
    instance_touch(object->owner);
    instance_changed(object->owner);
}

void object_spare(Object *object)
{
    object->owner->runtime->condemned_count -= object->condemned;
    object->condemned = false;
    string_set(&object->condemned_because, NULL);
}
