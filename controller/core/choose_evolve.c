/* What an edit, or a changed result, has left for an instance to do (docs/decisions: what an edit
 * does): destroy what is condemned, and compute stale records again. */
#include "controller/core/choice.h"
#include "controller/core/input.h"
#include "controller/core/origin.h"
#include "controller/core/revise.h"

/* ---- destroying ---- */

/* Its destruction can be asked for, or is under way. */
static bool is_to_go(const Object *object)
{
    return object->condemned && !object->given_up;
}

/* The one to go first: what was committed last; what never was, was never built upon. */
static bool goes_before(const Object *a, const Object *b)
{
    uint64_t rank_a = a->rank != 0 ? a->rank : UINT64_MAX;
    uint64_t rank_b = b->rank != 0 ? b->rank : UINT64_MAX;

    return rank_a != rank_b ? rank_a > rank_b : a->sequence > b->sequence;
}

static Object *condemned_of(const Instance *instance)
{
    Object *first = NULL;

    for (Object *object = instance->has->first_object; object != NULL; object = object->owner_next)
        if (is_to_go(object) && (first == NULL || goes_before(object, first)))
            first = object;
    return first;
}

static Object *left_of(const Instance *instance)
{
    Object *first = NULL;

    for (Object *object = instance->has->first_object; object != NULL; object = object->owner_next)
        if (object->state == OBJECT_LEFT && !object->by_hand && !object->given_up &&
            (first == NULL || goes_before(object, first)))
            first = object;
    return first;
}

Object *object_to_destroy(const Instance *instance)
{
    Object *object = instance->runtime->condemned_count > 0 ? condemned_of(instance) : NULL;

    return object != NULL ? object : left_of(instance);
}

/* What stands on it is destroyed before it, whichever domain that belongs to. */
static bool is_highest(const Runtime *runtime, const Object *object)
{
    for (size_t i = 0; i < runtime->object_count; i++) {
        const Object *other = runtime->objects[i];
        if (other->condemned && other != object && !other->owner->stopping &&
            goes_before(other, object))
            return false;
    }
    return true;
}

/* What a domain that is gone has may be in the way of what others make. */
static bool gone_ones_have_objects(const Runtime *runtime)
{
    for (size_t i = 0; i < runtime->object_count; i++)
        if (runtime->objects[i]->owner->is_gone && is_to_go(runtime->objects[i]))
            return true;
    return false;
}

/* It has failed once: the domain goes on meanwhile. */
static bool is_waited_for(const Object *object)
{
    return object->repair_failures == 0;
}

static bool is_due(Choice *choice, const Object *object)
{
    if (object->repair_due_ms <= choice->now_ms)
        return true;
    choice_wake_at(choice, object->repair_due_ms);
    return false;
}

void condemned_changed(Runtime *runtime, Instance *owner)
{
    Object *next = NULL;

    for (size_t i = 0; runtime->condemned_count > 0 && i < runtime->object_count; i++)
        if (is_to_go(runtime->objects[i]) &&
            (next == NULL || goes_before(runtime->objects[i], next)))
            next = runtime->objects[i];
    if (next != NULL)
        instance_touch(next->owner);
    if (!owner->is_gone || gone_ones_have_objects(runtime))
        return;
    runtime->all_touched = true; /* they waited for it */
}

bool choose_condemned(Choice *choice)
{
    Instance *instance = choice->instance;
    const Runtime *runtime = instance->runtime;

    if (runtime->condemned_count == 0)
        return false;
    const Object *object = condemned_of(instance);
    if (object == NULL)
        return gone_ones_have_objects(runtime);
    if (!is_highest(runtime, object))
        return is_waited_for(object);
    if (is_due(choice, object))
        choice_add(choice, cause_of(CAUSE_CONDEMN), 255);
    return choice->found || is_waited_for(object);
}

static bool goals_are_met(const Instance *instance)
{
    for (size_t i = 0; i < instance->domain->goal_count; i++)
        if (instance->goals[i].truth != TRUTH_TRUE)
            return false;
    return true;
}

void choose_left(Choice *choice)
{
    Instance *instance = choice->instance;

    if (instance->has->run_count > 0 || mailbox_count(&instance->active->mailbox) > 0 ||
        !goals_are_met(instance))
        return;
    const Object *object = left_of(instance);
    if (object != NULL && is_due(choice, object))
        choice_add(choice, cause_of(CAUSE_CONDEMN), 100);
}

/* ---- computing again ---- */

static bool hears_what_travels(const Instance *instance)
{
    const Message *message;

    for (size_t i = 0; (message = mailbox_at(&instance->active->mailbox, i)) != NULL; i++)
        if (message->travels || message->unsaid)
            return true;
    return false;
}

static bool says_to(const Runtime *runtime, const Origin *origin, uint32_t domain)
{
    for (size_t i = 0; i < origin->said_count; i++)
        if (emission_reaches(runtime, &origin->said[i], domain))
            return true;
    return false;
}

/* An older slice that said something to this domain is to be computed again, too: it may say
 * something else, and then this would be computed twice. */
static bool is_awaited(const Instance *instance, const Origin *origin)
{
    const Runtime *runtime = instance->runtime;

    if (runtime->domains[instance->domain_index].awaited == 0)
        return false;
    for (const Instance *i = instance_first(runtime); i != NULL; i = instance_next(i)) {
        const Origin *other = i != instance ? origin_next_stale(i) : NULL;
        if (other != NULL && other->slice < origin->slice &&
            says_to(runtime, other, instance->domain_index))
            return true;
    }
    return false;
}

static bool revision_is_due(Choice *choice, const Origin *origin)
{
    if (fact_is_lacked(choice->instance, origin->lacks))
        return false;
    if (origin->due_ms <= choice->now_ms)
        return true;
    choice_wake_at(choice, origin->due_ms);
    return false;
}

RevisionTurn choose_revision(Choice *choice)
{
    Instance *instance = choice->instance;
    const Origin *origin = origin_next_stale(instance);

    if (origin == NULL)
        return REVISION_NONE;
    if (hears_what_travels(instance))
        return REVISION_HEARS;
    if (instance->active->waits_for != NULL || instance->active->puts_off_for != NULL ||
        is_awaited(instance, origin))
        return REVISION_FIRST;
    if (revision_is_due(choice, origin))
        choice_add(choice, revision_cause(origin), 255);
    return choice->found || origin->failures == 0 ? REVISION_FIRST : REVISION_NONE;
}
