/* Waking and sleeping: who has an activity and holdings of its own. */
#include "controller/core/convergence.h"
#include "controller/core/crashes.h"
#include "lang/base/memory.h"

#define DROWSY_MAX 4096 /* awake with nothing to do: what has just run often runs again */

const Activity ACTIVITY_NONE;
const Holdings HOLDINGS_NONE;

/* What one has that went to sleep is kept for the next that wakes, its mailbox with it. */
Activity *activity_give(Instance *instance)
{
    Runtime *runtime = instance->runtime;
    Activity *activity = runtime->spare_activity_count == 0
                             ? memory_zero(1, sizeof *activity)
                             : runtime->spare_activities[--runtime->spare_activity_count];

    *activity = (Activity){.mailbox = activity->mailbox};
    instance->active = activity;
    return activity;
}

Holdings *holdings_give(Instance *instance)
{
    Holdings *holdings = memory_zero(1, sizeof *holdings);

    instance->has = holdings;
    return holdings;
}

/* ---- freeing ---- */

static void activity_end(Activity *activity)
{
    mailbox_deinit(&activity->mailbox);
    free(activity);
}

static void activity_spare(Runtime *runtime, Activity *activity)
{
    mailbox_empty(&activity->mailbox);
    if (runtime->spare_activity_count == SPARE_ACTIVITIES)
        activity_end(activity);
    else
        runtime->spare_activities[runtime->spare_activity_count++] = activity;
}

void activities_deinit(Runtime *runtime)
{
    while (runtime->spare_activity_count > 0)
        activity_end(runtime->spare_activities[--runtime->spare_activity_count]);
}

void activity_free(Instance *instance)
{
    Activity *activity = (Activity *)instance->active;

    if (activity == &ACTIVITY_NONE)
        return;
    instance_facts_deinit(instance);
    pending_free(activity->pending);
    free(activity->waits_for);
    free(activity->undecided_after);
    activity_spare(instance->runtime, activity);
    instance->active = &ACTIVITY_NONE;
}

static void deeds_free(Holdings *holdings)
{
    for (size_t i = 0; i < holdings->deed_count; i++) {
        free(holdings->deeds[i].place_key);
        free(holdings->deeds[i].arguments);
        free(holdings->deeds[i].result);
        free(holdings->deeds[i].where);
    }
    free(holdings->deeds);
}

static void dead_letters_free(Holdings *holdings)
{
    for (size_t i = 0; i < holdings->dead_letter_count; i++) {
        message_free(holdings->dead_letters[i].message);
        free(holdings->dead_letters[i].reason);
    }
    free(holdings->dead_letters);
}

void holdings_free(Instance *instance)
{
    Holdings *holdings = (Holdings *)instance->has;

    if (holdings == &HOLDINGS_NONE)
        return;
    for (size_t i = 0; i < holdings->run_count; i++)
        run_deinit(&holdings->runs[i]);
    free(holdings->runs);
    origins_free(instance);
    deeds_free(holdings);
    dead_letters_free(holdings);
    crashes_free(holdings->crashes);
    free(holdings->handler_reason);
    free(holdings);
    instance->has = &HOLDINGS_NONE;
}

/* ---- going to sleep ---- */

static bool facts_are_idle(const Activity *active)
{
    return active->facts.read_count == 0 && active->facts.code_count == 0 &&
           active->facts.version == 0 && active->message_lacks == 0 && active->run_lacks == 0;
}

/* Nothing in it matters. What is remembered, and `next` of one that is not queued, never does. */
static bool activity_is_idle(const Instance *instance)
{
    const Activity *active = instance->active;

    return active->queue_place == 0 && mailbox_count(&active->mailbox) == 0 &&
           active->pending == NULL && active->waits_for == NULL && active->puts_off_for == NULL &&
           !active->handler_waits && active->undecided_after == NULL && facts_are_idle(active) &&
           instance->listed >> LISTS_ALWAYS == 0;
}

static bool holdings_are_none(const Holdings *has)
{
    return has->object_count == 0 && has->origin_count == 0 && has->run_count == 0 &&
           has->deed_count == 0 && has->dead_letter_count == 0 && has->handler_reason == NULL &&
           has->crashes == NULL && has->stop_failures == 0 && has->stop_due_ms == 0 &&
           !has->stop_given_up;
}

static void instance_sleep(Instance *instance)
{
    if (!activity_is_idle(instance))
        return;
    activity_free(instance);
    if (holdings_are_none(instance->has))
        holdings_free(instance);
    convergence_sleep(instance);
}

void instance_rest(Instance *instance)
{
    const List *drowsy = &instance->runtime->lists[LIST_DROWSY];

    if (instance->active == &ACTIVITY_NONE)
        return;
    link_remove(instance, LIST_DROWSY);
    link_add(instance, LIST_DROWSY);
    while (drowsy->count > DROWSY_MAX) {
        Instance *longest = drowsy->first;
        link_remove(longest, LIST_DROWSY);
        instance_sleep(longest);
    }
}
