#include "origin.h"

#include <string.h>

#include "controller/core/input.h"
#include "lang/base/memory.h"

/* ---- who waits for one ---- */

bool emission_reaches(const Runtime *runtime, const Emission *emission, uint32_t domain)
{
    if (emission->kind == OUTPUT_EVENT)
        return domain_find_handler(runtime_domain(runtime, domain), emission->event) >= 0;
    return emission->kind == OUTPUT_MESSAGE && emission->domain == domain;
}

static bool says_to(const Runtime *runtime, const Origin *origin, uint32_t domain)
{
    for (size_t i = 0; i < origin->said_count; i++)
        if (emission_reaches(runtime, &origin->said[i], domain))
            return true;
    return false;
}

/* Those that it has said something to wait for it to be computed again, or do not any more. */
static void await_set(const Origin *origin, bool awaited)
{
    Runtime *runtime = origin->owner->runtime;

    for (uint32_t i = 0; i < runtime->program->domain_count; i++)
        if (says_to(runtime, origin, i))
            runtime->domains[i].awaited += awaited ? 1 : -1;
}

/* ---- an instance's records ---- */

/* Where the record of that slice is among the instance's, or would be put in. */
static size_t origin_place(const Instance *instance, uint64_t slice)
{
    size_t low = 0, high = instance->has->origin_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (instance->has->origins[middle]->slice < slice)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

Origin *origin_find(const Instance *instance, uint64_t slice)
{
    size_t place = origin_place(instance, slice);

    if (place == instance->has->origin_count || instance->has->origins[place]->slice != slice)
        return NULL;
    return instance->has->origins[place];
}

void origin_add(Instance *owner, Origin *origin)
{
    size_t place = origin_place(owner, origin->slice);
    Holdings *has = instance_holdings(owner);

    memory_reserve_one(has->origins, has->origin_count, has->origin_capacity);
    memmove(&has->origins[place + 1], &has->origins[place],
            (has->origin_count - place) * sizeof(Origin *));
    has->origins[place] = origin;
    has->origin_count++;
    has->first_stale += place <= has->first_stale;
    origin->owner = owner;
}

static void origin_remove(Origin *origin)
{
    Instance *owner = origin->owner;
    size_t place = origin_place(owner, origin->slice);

    Holdings *has = instance_holdings(owner);
    has->origin_count--;
    memmove(&has->origins[place], &has->origins[place + 1],
            (has->origin_count - place) * sizeof(Origin *));
    has->first_stale -= place < has->first_stale;
}

void origin_release_object(const Object *object)
{
    const Origin *origin = object->origin;

    for (size_t i = 0; origin != NULL && i < origin->effect_count; i++)
        if (strcmp(origin->effects[i].uid, object->uid) == 0)
            origin->effects[i].released = true;
}

void origin_effect_deinit(OriginEffect *effect)
{
    free(effect->effect);
    free(effect->name);
    free(effect->arguments);
    free(effect->result);
    free(effect->code);
    free(effect->detail);
}

static void effects_free(OriginEffect *effects, size_t count)
{
    for (size_t i = 0; i < count; i++)
        origin_effect_deinit(&effects[i]);
    free(effects);
}

/* What it read and did: the parts that computing it again replaces. */
static void content_deinit(Origin *origin)
{
    for (size_t i = 0; i < origin->field_count; i++)
        free(origin->field_names[i]);
    free(origin->field_names);
    values_free(origin->fields, origin->field_count);
    effects_free(origin->effects, origin->effect_count);
    for (size_t i = 0; i < origin->change_count; i++) {
        free(origin->changes[i].field);
        value_free(origin->changes[i].before);
    }
    free(origin->changes);
    emissions_free(origin->said, origin->said_count);
    seen_facts_deinit(&origin->facts);
    free(origin->because);
}

static void origin_free(Origin *origin)
{
    content_deinit(origin);
    values_free(origin->arguments, origin->argument_count);
    values_free(origin->locals, origin->local_count);
    trail_release(origin->trail);
    free(origin->where);
    free(origin);
}

void origin_release(Origin *origin)
{
    if (origin == NULL || --origin->references > 0 || origin->stale || origin->vacant)
        return;
    origin_remove(origin);
    origin_free(origin);
}

void origins_free(Instance *instance)
{
    Holdings *has = instance_holdings(instance);

    for (size_t i = 0; i < has->origin_count; i++) {
        if (has->origins[i]->stale)
            await_set(has->origins[i], false);
        origin_free(has->origins[i]);
    }
    free(has->origins);
    has->origins = NULL;
    has->origin_count = has->origin_capacity = has->first_stale = 0;
}

void origins_prune(Instance *instance)
{
    for (size_t i = instance->has->origin_count; i-- > 0;) {
        instance->has->origins[i]->references++;
        origin_release(instance->has->origins[i]);
    }
}

/* ---- staleness ---- */

void origin_stale(Instance *owner, Origin *origin, const char *because)
{
    size_t place = origin_place(owner, origin->slice);

    if (origin->stale)
        return;
    origin->stale = true;
    string_set(&origin->because, because);
    if (place < owner->has->first_stale)
        instance_holdings(owner)->first_stale = place;
    await_set(origin, true);
    instance_touch(owner);
    instance_changed(owner);
}

void origin_settle(Origin *origin)
{
    Instance *owner = origin->owner;

    if (!origin->stale)
        return;
    await_set(origin, false);
    origin->stale = false;
    origin->unsaid = false;
    origin->failures = 0;
    origin->due_ms = 0;
    string_set(&origin->because, NULL);
    Holdings *has = instance_holdings(owner);
    while (has->first_stale < has->origin_count && !has->origins[has->first_stale]->stale)
        has->first_stale++;
}

Origin *origin_next_stale(const Instance *instance)
{
    for (size_t i = instance->has->first_stale; i < instance->has->origin_count; i++)
        if (instance->has->origins[i]->stale && !instance->has->origins[i]->given_up)
            return instance->has->origins[i];
    return NULL;
}

/* Behind a `yield` the arguments are the first of the locals. */
static void replace_argument(Origin *origin, size_t index, Value value)
{
    Value *argument = &origin->arguments[index];

    if (index < origin->local_count && value_equal(origin->locals[index], *argument)) {
        value_free(origin->locals[index]);
        origin->locals[index] = value_clone(value);
    }
    value_free(*argument);
    *argument = value_clone(value);
}

static void hear(Instance *owner, Origin *origin, const Message *message, const char *because)
{
    if (message->unsaid)
        origin->unsaid = true;
    for (size_t i = 0;
         !message->unsaid && i < origin->argument_count && i < message->argument_count; i++)
        replace_argument(origin, i, message->arguments[i]);
    origin_stale(owner, origin, because);
}

static bool has_handled(const Origin *origin, const char *where, const Value *arguments,
                        size_t count)
{
    return !origin->unsaid && strcmp(origin->where, where) == 0 &&
           values_equal(origin->arguments, origin->argument_count, arguments, count);
}

void origin_hear(Instance *owner, Origin *origin, const Message *message, const char *because)
{
    hear(owner, origin, message, because);
    for (size_t i = origin_place(owner, origin->slice) + 1; i < owner->has->origin_count; i++) {
        Origin *other = owner->has->origins[i];
        if (!has_handled(other, origin->where, message->former, message->former_count))
            continue;
        if (other->cause.yield == 0)
            break; /* it was said twice, and this is of the other one */
        hear(owner, other, message, because);
    }
}

/* It is this record's slice that gives the field that value. */
static bool is_source(const Origin *origin, const char *field, Value value)
{
    const OriginChange *change = origin_change(origin, field);

    return change != NULL && change->after == value_digest(value);
}

void origins_follow(Instance *instance, uint32_t field, Value value, const char *because)
{
    const char *name = instance->domain->fields[field].name;

    for (size_t i = 0; i < instance->has->origin_count; i++) {
        Origin *origin = instance->has->origins[i];
        int read = origin_field(origin, name);
        if (read < 0 || !value_equal(origin->fields[read], instance->fields[field]) ||
            is_source(origin, name, value))
            continue;
        value_free(origin->fields[read]);
        origin->fields[read] = value_clone(value);
        origin_stale(instance, origin, because);
    }
}

/* ---- looking into one ---- */

int origin_field(const Origin *origin, const char *name)
{
    for (size_t i = 0; i < origin->field_count; i++)
        if (strcmp(origin->field_names[i], name) == 0)
            return (int)i;
    return -1;
}

OriginChange *origin_change(const Origin *origin, const char *field)
{
    for (size_t i = 0; i < origin->change_count; i++)
        if (strcmp(origin->changes[i].field, field) == 0)
            return &origin->changes[i];
    return NULL;
}

Origin *origin_that_handled(const Instance *instance, const char *where, const Value *arguments,
                            size_t count)
{
    for (size_t i = 0; i < instance->has->origin_count; i++) {
        Origin *origin = instance->has->origins[i];
        if (has_handled(origin, where, arguments, count))
            return origin;
    }
    return NULL;
}

/* ---- what was said ---- */

static bool same_key(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool emission_same_target(const Emission *a, const Emission *b)
{
    if (a->kind != b->kind || !same_key(a->key, b->key))
        return false;
    switch (a->kind) {
    case OUTPUT_EVENT:
        return a->event == b->event;
    case OUTPUT_MESSAGE:
        return a->domain == b->domain && a->to_handler == b->to_handler &&
               a->transition == b->transition;
    case OUTPUT_SPAWN:
        return a->domain == b->domain;
    case OUTPUT_STOP:
    case OUTPUT_LOG:
    case OUTPUT_EFFECT: /* these two are intents, not emissions */
    case OUTPUT_RELEASE:
        break;
    }
    return true;
}

static bool same_first(const Emission *a, const Emission *b)
{
    if (a->first_count != b->first_count)
        return false;
    for (size_t i = 0; i < a->first_count; i++)
        if (a->first[i].field != b->first[i].field ||
            !value_equal(a->first[i].value, b->first[i].value))
            return false;
    return true;
}

bool emission_equal(const Emission *a, const Emission *b)
{
    return emission_same_target(a, b) && same_first(a, b) &&
           values_equal(a->arguments, a->argument_count, b->arguments, b->argument_count);
}

/* ---- making one ---- */

/* A slice that commits, and its record. `old` is the record of before, of a slice that was computed
 * again; NULL: it is the first time. */
typedef struct Recording {
    const Instance *instance;
    const Pending *pending;
    const Origin *old;
    const Value *found; /* the fields that it began with */
    Origin *origin;
} Recording;

static void record_fields(const Recording *recording)
{
    const Proposal *proposal = &recording->pending->proposal;
    Origin *origin = recording->origin;

    origin->field_names = memory_zero(proposal->read_count, sizeof(char *));
    origin->fields = memory_zero(proposal->read_count, sizeof(Value));
    for (size_t i = 0; i < proposal->read_count; i++) {
        uint32_t field = proposal->reads[i];
        origin->field_names[i] =
            memory_copy_string(recording->instance->domain->fields[field].name);
        origin->fields[i] = value_clone(recording->found[field]);
    }
    origin->field_count = proposal->read_count;
}

static OriginEffect effect_make(const Recording *recording, const Intent *intent)
{
    OriginEffect effect = {.verb = intent->verb,
                           .effect = memory_copy_string(intent->place.effect),
                           .site = intent->place.site,
                           .failed = intent->state == INTENT_FAILED};

    string_set(&effect.name, intent->name != NULL ? intent->name : intent->key);
    if (effect.failed) {
        string_set(&effect.code, intent->code);
        string_set(&effect.detail, intent->detail);
    } else if (intent->verb == INTENT_PUT) {
        memcpy(effect.uid, intent->uid, UID_SIZE);
        effect.released = intent->state == INTENT_RECALLED &&
                          object_find(recording->instance->runtime, intent->uid) == NULL;
    } else {
        string_set(&effect.result, intent->result);
    }
    if (intent->verb == INTENT_ACTION || effect.failed)
        string_set(&effect.arguments, intent->arguments);
    return effect;
}

static void record_effects(const Recording *recording)
{
    const Pending *pending = recording->pending;
    Origin *origin = recording->origin;

    origin->effects = memory_zero(pending->intent_count, sizeof(OriginEffect));
    for (size_t i = 0; i < pending->intent_count; i++)
        if (pending->intents[i]->verb != INTENT_DELETE) {
            OriginEffect effect = effect_make(recording, pending->intents[i]);
            origin->effects[origin->effect_count++] = effect;
        }
}

/* A slice computed again proposes what it comes to, also where that is what it had come to, or what
 * was there before it: what it found stays what the first computation found, and what others have
 * set since is none of its doing. */
static void change_add(const Recording *recording, const FieldChange *change)
{
    const char *name = recording->instance->domain->fields[change->field].name;
    const OriginChange *old = recording->old != NULL ? origin_change(recording->old, name) : NULL;
    Value before = old != NULL ? old->before : recording->found[change->field];
    Origin *origin = recording->origin;

    if (value_equal(change->value, before) || (change->left && old == NULL))
        return;
    origin->changes[origin->change_count++] =
        (OriginChange){.field = memory_copy_string(name),
                       .after = change->left ? old->after : value_digest(change->value),
                       .before = value_clone(before)};
}

static void record_changes(const Recording *recording)
{
    const Proposal *proposal = &recording->pending->proposal;

    recording->origin->changes = memory_zero(proposal->change_count, sizeof(OriginChange));
    for (size_t i = 0; i < proposal->change_count; i++)
        change_add(recording, &proposal->changes[i]);
}

static void record_content(const Recording *recording)
{
    Origin *origin = recording->origin;

    record_fields(recording);
    record_effects(recording);
    record_changes(recording);
    origin->said = proposal_emissions_clone(&recording->pending->proposal, &origin->said_count);
    seen_facts_add(&origin->facts, &recording->pending->facts);
}

static void record_arguments(const Recording *recording)
{
    const Instance *instance = recording->instance;
    const Cause *cause = &recording->pending->cause;
    const Message *message = mailbox_find(&instance->active->mailbox, cause->message);
    Origin *origin = recording->origin;

    if (cause->kind == CAUSE_RUN) {
        const Run *run = &instance->has->runs[cause->run];
        origin->arguments = values_clone(run->arguments, run->argument_count);
        origin->argument_count = run->argument_count;
        origin->locals = values_clone(run->locals, run->local_count);
        origin->local_count = run->local_count;
    } else if (message != NULL) {
        origin->arguments = values_clone(message->arguments, message->argument_count);
        origin->argument_count = message->argument_count;
    }
}

static Origin *origin_new(Instance *instance, const Pending *pending)
{
    Origin *origin = memory_zero(1, sizeof *origin);
    Recording recording = {instance, pending, NULL, instance->fields, origin};

    origin->references = 1;
    origin->slice = pending->slice;
    origin->cause = pending->cause;
    origin->trail = trail_hold(instance->runtime->committing);
    origin->where = memory_copy_string(cause_where(instance, &pending->cause));
    record_content(&recording);
    record_arguments(&recording);
    origin_add(instance, origin);
    return origin;
}

/* The same record, with what the slice has come to now. */
static Origin *origin_renew(Origin *origin, const Pending *pending)
{
    Arena arena = {0};
    Origin made = {0};
    Recording recording = {origin->owner, pending, origin,
                           origin_fields(origin->owner, origin, &arena), &made};

    record_content(&recording);
    arena_deinit(&arena);
    origin_settle(origin);
    content_deinit(origin);
    made.references = origin->references + 1;
    made.owner = origin->owner;
    trail_set(&origin->trail, origin->owner->runtime->committing);
    made.trail = origin->trail;
    made.slice = origin->slice;
    made.cause = origin->cause;
    made.where = origin->where;
    made.arguments = origin->arguments;
    made.argument_count = origin->argument_count;
    made.locals = origin->locals;
    made.local_count = origin->local_count;
    *origin = made;
    return origin;
}

Origin *origin_make(Instance *instance, const Pending *pending)
{
    Origin *old =
        pending->cause.kind == CAUSE_REVISE ? origin_find(instance, pending->cause.origin) : NULL;

    return old != NULL ? origin_renew(old, pending) : origin_new(instance, pending);
}
