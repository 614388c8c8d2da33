/* Objects and deeds: what effects made and did, who owns it, and what it was made from. */
#include <assert.h>
#include <string.h>

#include "controller/core/apply.h"
#include "lang/base/memory.h"

/* ---- objects ---- */

static bool same_place(const Object *object, const Place *place)
{
    return strcmp(object->place.where, place->where) == 0 &&
           strcmp(object->place.effect, place->effect) == 0;
}

/* The smallest [n] that no other object of that owner, transition and effect has. */
static uint32_t ordinal_free(const Instance *owner, const Place *place)
{
    size_t count = owner->object_count;
    cleanup(free) bool *taken = memory_zero(count + 1, sizeof *taken);
    uint32_t ordinal = 0;

    for (const Object *object = owner->first_object; object != NULL; object = object->owner_next)
        if (object->ordinal < count && object->name == NULL && same_place(object, place))
            taken[object->ordinal] = true;
    while (taken[ordinal])
        ordinal++;
    return ordinal;
}

Object *object_want(Instance *owner, const Intent *intent)
{
    Runtime *runtime = owner->runtime;
    Object *object = object_find(runtime, intent->uid);

    if (object != NULL) {
        if (object->state != OBJECT_WANTED) /* wanted twice: a slice emitted its name again */
            object->before = object->state;
        object_move(object, OBJECT_WANTED);
        return object;
    }
    object = memory_zero(1, sizeof *object);
    memcpy(object->uid, intent->uid, UID_SIZE);
    object->state = OBJECT_WANTED;
    object->before = OBJECT_WANTED;
    object->owner = owner;
    object->place = (Place){memory_copy_string(intent->place.where),
                            memory_copy_string(intent->place.effect), intent->place.site};
    object->ordinal = intent->name == NULL ? ordinal_free(owner, &intent->place) : 0;
    object->sequence = runtime->next_sequence++;
    string_set(&object->name, intent->name);
    string_set(&object->provider, intent->provider);
    string_set(&object->action, intent->action);
    string_set(&object->type, intent->type);
    object_add(runtime, object);
    return object;
}

void object_made(Object *object, const Intent *intent)
{
    object->exists = true;
    object->generation = intent->generation;
    string_set(&object->inputs, intent->arguments);
    string_set(&object->outputs, intent->result);
    string_set(&object->external_id, intent->external_id);
    string_set(&object->reason, NULL);
}

/* What an emission wanted and did not get goes back to what it was. */
static void object_unwant(Runtime *runtime, Object *object)
{
    if (object->exists || object->before != OBJECT_WANTED)
        object_move(object, object->before == OBJECT_WANTED ? OBJECT_LEFT : object->before);
    else
        object_remove(runtime, object);
}

static bool same_deed(const Intent *a, const Intent *b)
{
    return a->place.site == b->place.site && a->verb == b->verb &&
           strcmp(a->place.effect, b->place.effect) == 0;
}

static size_t intent_turn(const Pending *pending, const Intent *intent)
{
    size_t turn = 0;

    for (size_t i = 0; pending->intents[i] != intent; i++)
        turn += same_deed(pending->intents[i], intent);
    return turn;
}

static void deed_remove(Instance *instance, size_t index)
{
    Deed *deed = &instance->deeds[index];

    free(deed->place_key);
    free(deed->arguments);
    free(deed->result);
    free(deed->where);
    memmove(deed, deed + 1, (instance->deed_count - index - 1) * sizeof *deed);
    instance->deed_count--;
}

static char *deed_key(const Pending *pending, const Intent *intent)
{
    if (intent->key != NULL)
        return memory_format("%s:%s", intent->place.effect, intent->key);
    return memory_format("%s:%s%s:%u:%zu", intent->place.where, intent->released ? "release " : "",
                         intent->place.effect, intent->place.site, intent_turn(pending, intent));
}

void deed_remember(Instance *instance, const Intent *intent)
{
    Deed deed = {
        .place_key = deed_key(instance->pending, intent),
        .keyed = intent->key != NULL,
        .arguments = memory_copy_string(intent->arguments != NULL ? intent->arguments : "{}"),
        .result = intent->result != NULL ? memory_copy_string(intent->result) : NULL,
        .where = memory_copy_string(intent->place.where),
        .message = instance->pending->cause.message,
        .of_run = instance->pending->cause.kind == CAUSE_RUN,
    };

    memory_reserve_one(instance->deeds, instance->deed_count, instance->deed_capacity);
    instance->deeds[instance->deed_count++] = deed;
}

static bool has_run_of(const Instance *instance, const char *where)
{
    for (size_t i = 0; i < instance->run_count; i++) {
        const Run *run = &instance->runs[i];
        Cause cause = {.transition = run->transition, .handler = run->handler, .timer = run->timer};
        if (strcmp(cause_where(instance, &cause), where) == 0)
            return true;
    }
    return false;
}

bool deed_is_of_another(const Instance *instance, const Deed *deed, const Cause *cause)
{
    if (deed->message != 0)
        return deed->message != cause->message &&
               mailbox_find(&instance->mailbox, deed->message) != NULL;
    return deed->of_run && cause->kind != CAUSE_RUN && has_run_of(instance, deed->where);
}

/* The slice that did them has committed: another run of the same transition does them again. */
void deeds_commit(Instance *instance, const Pending *pending)
{
    for (size_t i = 0; i < pending->intent_count; i++) {
        if (pending->intents[i]->verb == INTENT_PUT)
            continue;
        cleanup(free) char *key = deed_key(pending, pending->intents[i]);
        for (size_t k = instance->deed_count; k > 0; k--) {
            const Deed *deed = &instance->deeds[k - 1];
            if (!deed->keyed && strcmp(deed->place_key, key) == 0 &&
                !deed_is_of_another(instance, deed, &pending->cause))
                deed_remove(instance, k - 1);
        }
    }
}

/* Forget what aborted attempts of that transition had done: its run has committed. */
void deeds_forget(Instance *instance, const Cause *cause)
{
    const char *where = cause_where(instance, cause);

    for (size_t i = instance->deed_count; i > 0; i--) {
        const Deed *deed = &instance->deeds[i - 1];
        if (!deed->keyed && strcmp(deed->where, where) == 0 &&
            !deed_is_of_another(instance, deed, cause))
            deed_remove(instance, i - 1);
    }
}

/* ---- origins ---- */

static void origin_fields(Origin *origin, const Instance *instance)
{
    const ProgramDomain *domain = instance->domain;

    origin->field_count = domain->field_count;
    origin->field_names = memory_zero(domain->field_count, sizeof(char *));
    origin->fields = values_clone(instance->fields, domain->field_count);
    for (size_t i = 0; i < domain->field_count; i++)
        origin->field_names[i] = memory_copy_string(domain->fields[i].name);
}

/* A release has no result that the program could see. */
static void origin_results(Origin *origin, const Pending *pending)
{
    origin->results = memory_zero(pending->intent_count, sizeof(char *));
    origin->failed = memory_zero(pending->intent_count, sizeof(bool));
    for (size_t i = 0; i < pending->intent_count; i++) {
        if (pending->intents[i]->verb == INTENT_DELETE)
            continue;
        string_set(&origin->results[origin->result_count], pending->intents[i]->result);
        origin->failed[origin->result_count++] = pending->intents[i]->state == INTENT_FAILED;
    }
}

static void origin_arguments(Origin *origin, const Instance *instance, const Pending *pending)
{
    const Cause *cause = &pending->cause;
    const Message *message = mailbox_find(&instance->mailbox, cause->message);

    if (cause->kind == CAUSE_RUN) {
        const Run *run = &instance->runs[cause->run];
        origin->arguments = values_clone(run->arguments, run->argument_count);
        origin->argument_count = run->argument_count;
        origin->locals = values_clone(run->locals, run->local_count);
        origin->local_count = run->local_count;
    } else if (message != NULL) {
        origin->arguments = values_clone(message->arguments, message->argument_count);
        origin->argument_count = message->argument_count;
    }
}

static Origin *origin_new(const Instance *instance, const Pending *pending)
{
    Origin *origin = memory_zero(1, sizeof *origin);

    origin->references = 1;
    origin->slice = pending->slice;
    origin->cause = pending->cause;
    origin->where = memory_copy_string(pending->intents[0]->place.where);
    origin_fields(origin, instance);
    origin_results(origin, pending);
    origin_arguments(origin, instance, pending);
    seen_facts_add(&origin->facts, &pending->facts);
    return origin;
}

void objects_commit(Instance *instance, const Pending *pending)
{
    Runtime *runtime = instance->runtime;
    Origin *origin = NULL;

    for (size_t i = 0; i < pending->intent_count; i++) {
        const Intent *intent = pending->intents[i];
        if (intent->verb != INTENT_PUT)
            continue;
        Object *object = object_find(runtime, intent->uid);
        if (intent->state != INTENT_APPLIED) {
            if (object != NULL && object->state == OBJECT_WANTED)
                object_unwant(runtime, object);
            continue;
        }
        if (object == NULL)
            continue; /* the same slice has released it again */
        object_move(object, OBJECT_READY);
        object->repair_failures = 0;
        object->repair_due_ms = 0;
        if (object->rank == 0)
            object->rank = runtime->next_rank++;
        if (pending->cause.kind == CAUSE_REPAIR)
            continue; /* still the object of the slice that first emitted it */
        if (origin == NULL)
            origin = origin_new(instance, pending);
        origin_release(object->origin);
        object->origin = origin;
        origin->references++;
    }
    origin_release(origin);
}

/* What it wished to destroy and did not stays what it was. */
static void object_stays(Object *object)
{
    if (object != NULL && object->state == OBJECT_LEAVING)
        object_move(object, object->before);
}

/* What the effects of a discarded slice made stays, to be taken up by the next attempt. */
void objects_discard(Runtime *runtime, const Pending *pending)
{
    for (size_t i = 0; i < pending->intent_count; i++) {
        const Intent *intent = pending->intents[i];
        Object *object = object_find(runtime, intent->uid);
        if (intent->verb == INTENT_DELETE)
            object_stays(object);
        if (intent->verb != INTENT_PUT || object == NULL)
            continue;
        if (intent->state == INTENT_APPLIED && object->before != OBJECT_READY)
            object_move(object, OBJECT_LEFT);
        else
            object_unwant(runtime, object);
    }
}

/* ---- protection ---- */

bool object_is_protected(const Object *object)
{
    const ProgramDomain *domain = object->owner->domain;
    int transition = domain_find_transition(domain, object->place.where);

    return transition >= 0 && domain->transitions[transition].protect;
}

const Object *instance_protected(const Instance *instance)
{
    const Runtime *runtime = instance->runtime;

    for (size_t i = 0; i < runtime->object_count; i++)
        if (runtime->objects[i]->owner == instance && object_is_protected(runtime->objects[i]))
            return runtime->objects[i];
    return NULL;
}
