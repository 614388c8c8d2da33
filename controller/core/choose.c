/* What one domain would do next: boot, hear, go on, act, repair – in that order (language: what
 * runs when). */
#include <assert.h>
#include <string.h>

#include "controller/core/choice.h"
#include "controller/core/crashes.h"
#include "controller/core/dead_letter.h"
#include "controller/core/input.h"
#include "controller/core/timer.h"

static void choice_due(Choice *choice, AlarmKind kind, uint64_t due_ms)
{
    uint64_t *due = &choice->due[kind];

    if (*due == 0 || due_ms < *due)
        *due = due_ms;
}

void choice_wake_at(Choice *choice, uint64_t due_ms)
{
    choice_due(choice, ALARM_WAKE, due_ms);
}

static void expire_at(Choice *choice, uint64_t due_ms)
{
    choice_due(choice, ALARM_EXPIRY, due_ms);
}

void choice_add(Choice *choice, Cause cause, int urgency)
{
    if (!choice->found)
        choice->cause = cause;
    choice->found = true;
    if (urgency > choice->urgency)
        choice->urgency = urgency;
}

/* Neither given up in this run nor waiting for its backoff or a fact. */
static bool transition_is_due(Choice *choice, uint32_t transition)
{
    const TransitionMark *mark = &choice->instance->transitions[transition];

    if (mark->given_up || fact_is_lacked(choice->instance, mark->lacks))
        return false;
    if (mark->due_ms > choice->now_ms) {
        choice_wake_at(choice, mark->due_ms);
        return false;
    }
    return true;
}

Cause run_cause(const Instance *instance, uint32_t index)
{
    const Run *run = &instance->has->runs[index];
    Cause cause = cause_of(CAUSE_RUN);

    cause.transition = run->transition;
    cause.handler = run->handler;
    cause.timer = run->timer;
    cause.goal = run->goal;
    cause.step = run->next_step;
    cause.yield = run->yield;
    cause.run = index;
    return cause;
}

static void choose_boot(Choice *choice)
{
    Instance *instance = choice->instance;
    uint32_t boot = (uint32_t)instance->domain->boot;
    Cause cause = cause_of(CAUSE_BOOT);

    cause.transition = (int32_t)boot;
    if (transition_is_blocked(instance, boot) && instance->transitions[boot].faulted)
        return;
    if (!transition_is_due(choice, boot))
        return;
    for (uint32_t i = 0; i < instance->has->run_count; i++)
        if (instance->has->runs[i].kind == CAUSE_BOOT)
            cause = run_cause(instance, i);
    choice_add(choice, cause, 255);
}

/* ---- goals ---- */

bool goal_has_expired(const Instance *instance, uint32_t index, uint64_t now_ms)
{
    const ProgramGoal *goal = &instance->domain->goals[index];
    const GoalMark *mark = &instance->goals[index];

    if (mark->failed || mark->truth != TRUTH_FALSE)
        return false;
    switch (goal->terminate) {
    case GOAL_NEVER:
        return false;
    case GOAL_RETRIES:
        return mark->retries >= (uint64_t)goal->terminate_limit;
    case GOAL_AFTER:
        return mark->unmet_since_ms != 0 && /* which a clock that was set back may lie before */
               now_ms >= mark->unmet_since_ms + (uint64_t)goal->terminate_limit;
    }
    return false;
}

bool goal_has_news(const Instance *instance, uint32_t index, uint64_t now_ms)
{
    const GoalMark *mark = &instance->goals[index];

    if (mark->truth == TRUTH_TRUE)
        return mark->failed || mark->retries > 0 || mark->unmet_since_ms != 0;
    if (mark->truth == TRUTH_FALSE && mark->unmet_since_ms == 0 &&
        instance->domain->goals[index].terminate == GOAL_AFTER)
        return true;
    return goal_has_expired(instance, index, now_ms);
}

void goal_evaluate(Instance *instance, uint32_t index, Arena *arena)
{
    GoalMark *mark = &instance->goals[index];
    PredicateInput input;

    if (mark->truth_version == instance->version &&
        mark->truth_facts == instance->active->facts.version)
        return;
    predicate_input_make(instance, instance->domain->goals[index].predicate, &input);
    mark->truth = instance_evaluate(instance, &input, arena, NULL);
    mark->truth_version = instance->version;
    mark->truth_facts = instance->active->facts.version;
}

static void goal_refresh(Choice *choice, uint32_t index)
{
    Instance *instance = choice->instance;
    GoalMark *mark = &instance->goals[index];

    goal_evaluate(instance, index, choice->arena);
    if (goal_has_news(instance, index, choice->now_ms))
        news_add(instance);
    if (mark->truth == TRUTH_FALSE)
        convergence_unmet(instance, index);
}

/* The transition that would run for the goal; -1: none now. */
static int32_t goal_transition(Choice *choice, const ProgramGoal *goal, const GoalMark *mark)
{
    size_t first = 0;

    if (!goal->has_strategy)
        for (size_t i = 0; i < goal->transition_count; i++)
            if ((int32_t)goal->transitions[i] == mark->last_transition)
                first = i + 1;
    for (size_t i = 0; i < goal->transition_count; i++) {
        uint32_t transition = goal->transitions[(first + i) % goal->transition_count];
        if (transition_is_blocked(choice->instance, transition))
            continue;
        if (transition_is_due(choice, transition))
            return (int32_t)transition;
        if (goal->has_strategy)
            return -1; /* an aborted one is waited for, not passed over */
    }
    return -1;
}

static int32_t goal_fallback(Choice *choice, const ProgramGoal *goal, const GoalMark *mark)
{
    if (goal->fallback < 0 || mark->fallback_done ||
        transition_is_blocked(choice->instance, (uint32_t)goal->fallback) ||
        !transition_is_due(choice, (uint32_t)goal->fallback))
        return -1;
    return goal->fallback;
}

static int goal_urgency(const Instance *instance, const ProgramGoal *goal, int32_t transition)
{
    int32_t priority = instance->domain->transitions[transition].priority;

    return priority >= 0 ? priority : goal->priority;
}

static void goals_refresh(Choice *choice)
{
    Instance *instance = choice->instance;

    for (uint32_t i = 0; i < instance->domain->goal_count; i++) {
        const ProgramGoal *goal = &instance->domain->goals[i];
        const GoalMark *mark = &instance->goals[i];
        goal_refresh(choice, i);
        if (goal->terminate == GOAL_AFTER && mark->truth == TRUTH_FALSE && !mark->failed &&
            mark->unmet_since_ms != 0)
            expire_at(choice, mark->unmet_since_ms + (uint64_t)goal->terminate_limit);
    }
}

static void choose_goal(Choice *choice)
{
    Instance *instance = choice->instance;
    Cause best = cause_of(CAUSE_GOAL);
    int best_urgency = -1;

    for (uint32_t i = 0; i < instance->domain->goal_count; i++) {
        const ProgramGoal *goal = &instance->domain->goals[i];
        const GoalMark *mark = &instance->goals[i];
        if (mark->truth != TRUTH_FALSE)
            continue;
        int32_t transition =
            mark->failed ? goal_fallback(choice, goal, mark) : goal_transition(choice, goal, mark);
        if (transition < 0)
            continue;
        int urgency = goal_urgency(instance, goal, transition);
        if (urgency > best_urgency) {
            best_urgency = urgency;
            best.kind = mark->failed ? CAUSE_FALLBACK : CAUSE_GOAL;
            best.transition = transition;
            best.goal = (int32_t)i;
        }
    }
    if (best.transition >= 0)
        choice_add(choice, best, best_urgency);
}

/* ---- messages and open runs ---- */

static bool message_is_due(Choice *choice, const Message *message)
{
    if (choice->instance->active->handler_waits || dead_letters_are_full(choice->instance) ||
        fact_is_lacked(choice->instance, choice->instance->active->message_lacks))
        return false;
    if (message->due_ms > choice->now_ms) {
        choice_wake_at(choice, message->due_ms);
        return false;
    }
    return true;
}

Cause message_cause(const Instance *instance, const Message *message)
{
    Cause cause = cause_of(CAUSE_MESSAGE);

    cause.message = message->id;
    switch (message->kind) {
    case MESSAGE_EVENT:
        cause.handler = domain_find_handler(instance->domain, message->target);
        break;
    case MESSAGE_TRANSITION:
        cause.transition = (int32_t)message->target;
        break;
    case MESSAGE_NAMED:
    case MESSAGE_REPORT:
        cause.handler = (int32_t)message->target;
        break;
    case MESSAGE_TIMER:
        cause.timer = (int32_t)message->target;
        break;
    }
    return cause;
}

static void choose_message(Choice *choice, const Message *message)
{
    choice_add(choice, message_cause(choice->instance, message), message->high ? 150 : 100);
}

static bool run_is_due(Choice *choice, const Run *run)
{
    if (fact_is_lacked(choice->instance, choice->instance->active->run_lacks))
        return false;
    if (run->transition >= 0)
        return transition_is_due(choice, (uint32_t)run->transition);
    if (dead_letters_are_full(choice->instance))
        return false;
    if (run->due_ms > choice->now_ms) {
        choice_wake_at(choice, run->due_ms);
        return false;
    }
    return true;
}

static void choose_run(Choice *choice)
{
    Instance *instance = choice->instance;
    const Run *run = &instance->has->runs[0];
    int urgency = 100;

    if (!run_is_due(choice, run))
        return;
    if (run->goal >= 0)
        urgency = goal_urgency(instance, &instance->domain->goals[run->goal], run->transition);
    choice_add(choice, run_cause(instance, 0), urgency);
}

/* ---- timers ---- */

static void timers_refresh(Choice *choice)
{
    Instance *instance = choice->instance;
    TimerChange *changes;
    uint64_t awaited, next;

    if (instance->domain->timer_count == 0)
        return;
    if (timers_update(instance, choice->options, choice->now_ms, choice->arena, &changes) > 0) {
        news_add(instance);
        return; /* it is looked at again when that is recorded */
    }
    next = timers_next(instance, choice->options, &awaited);
    if (next != 0)
        expire_at(choice, next);
    if (awaited != 0)
        choice_wake_at(choice, awaited);
}

/* ---- repair ---- */

/* One that is just being made again is still lost. */
static bool object_is_gone(const Object *object)
{
    return !object->condemned &&
           (object->state == OBJECT_LOST || object->drifted ||
            (object->state == OBJECT_WANTED && object->before == OBJECT_LOST));
}

Object *object_to_repair(const Instance *instance)
{
    Object *lowest = NULL;

    for (Object *object = instance->has->first_object; object != NULL; object = object->owner_next)
        if (object_is_gone(object) && (lowest == NULL || object->rank < lowest->rank))
            lowest = object;
    return lowest;
}

/* Its owner is about to make it again, and waits for another one meanwhile. */
static bool is_held_up(const Object *object)
{
    return object->owner->active->pending != NULL && object->owner->active->waits_for != NULL;
}

/* What it stands on is made again before it, whichever domain that belongs to. */
static bool is_lowest(const Runtime *runtime, const Object *lost)
{
    for (size_t i = 0; i < runtime->object_count; i++) {
        const Object *object = runtime->objects[i];
        if (object_is_gone(object) && !object->owner->stopping && !is_held_up(object) &&
            object->rank < lost->rank)
            return false;
    }
    return true;
}

/* Only when its domain has nothing else to do. */
static void choose_repair(Choice *choice)
{
    const Runtime *runtime = choice->instance->runtime;
    bool any = runtime->lost_count + runtime->drifted_count > 0;
    const Object *object = any ? object_to_repair(choice->instance) : NULL;

    if (object == NULL || object->given_up || !is_lowest(runtime, object))
        return;
    if (object->repair_due_ms > choice->now_ms) {
        choice_wake_at(choice, object->repair_due_ms);
        return;
    }
    choice_add(choice, cause_of(CAUSE_REPAIR), 100);
}

/* A begun run goes on before another goal is served; with nothing of its own to do the domain makes
 * again what was lost. */
static void choose_act(Choice *choice)
{
    const Instance *instance = choice->instance;

    if (instance->active->waits_for != NULL || instance->active->puts_off_for != NULL) {
        choose_repair(choice); /* it may be what others wait for */
        return;
    }
    if (instance->has->run_count > 0)
        choose_run(choice);
    else
        choose_goal(choice);
    if (!choice->found && instance->has->run_count == 0 &&
        mailbox_count(&instance->active->mailbox) == 0)
        choose_repair(choice);
    if (!choice->found)
        choose_left(choice);
}

/* A domain that is held up hears all the same, so that no ring of domains waits for itself. With a
 * full mailbox it only hears. */
static void choose_turn(Choice *choice)
{
    const Instance *instance = choice->instance;
    const Message *message = mailbox_peek(&instance->active->mailbox);

    if (message == NULL) {
        choose_act(choice);
        return;
    }
    bool hears = message_is_due(choice, message);
    Choice act = *choice;
    if (!hears || mailbox_count(&instance->active->mailbox) < MAILBOX_CEILING)
        choose_act(&act);
    if (hears && !(act.found && instance->handlers_in_row >= HANDLERS_IN_ROW_MAX))
        choose_message(choice, message);
    if (act.found)
        choice_add(choice, act.cause, act.urgency);
}

/* What an edit left to be done comes before it goes on. */
static void choose_next(Choice *choice)
{
    const Message *message = mailbox_peek(&choice->instance->active->mailbox);

    switch (choose_revision(choice)) {
    case REVISION_NONE:
        choose_turn(choice);
        break;
    case REVISION_HEARS:
        if (message_is_due(choice, message))
            choose_message(choice, message);
        break;
    case REVISION_FIRST:
        if (!choice->found)
            choose_repair(choice);
        break;
    }
}

/* One that stops does what is left to do, gives back what it has, and ends. */
static void choose_end(Choice *choice)
{
    Instance *instance = choice->instance;
    const Message *message = mailbox_peek(&instance->active->mailbox);

    if (message != NULL && message_is_due(choice, message))
        choose_message(choice, message);
    if (choice->found || instance->active->waits_for != NULL ||
        instance->active->puts_off_for != NULL)
        return;
    if (instance->has->run_count > 0) {
        choose_run(choice);
        return;
    }
    if (message != NULL || instance->has->stop_given_up)
        return;
    if (instance->has->stop_due_ms > choice->now_ms)
        choice_wake_at(choice, instance->has->stop_due_ms);
    else
        choice_add(choice, cause_of(CAUSE_STOP), 100);
}

/* Its domain is not in the program any more: it ends with the last of its objects. */
static void choose_gone(Choice *choice)
{
    if (choice->instance->has->object_count == 0)
        choice_add(choice, cause_of(CAUSE_STOP), 255);
}

static bool instance_may_run(const Instance *instance)
{
    return instance->active->pending == NULL && convergence_rests(instance) == NULL &&
           instance->active->undecided_after == NULL;
}

/* The process died in a slice of it: nothing of it runs now, or what was half performed goes on. */
static bool choose_crashed(Choice *choice)
{
    Instance *instance = choice->instance;
    const Crashes *crashes = instance->has->crashes;

    if (!crashes_hold(instance, choice->now_ms)) {
        instance->runtime->resources_came |= instance->active->pending != NULL;
        return false;
    }
    if (!crashes->down)
        choice_wake_at(choice, crashes->due_ms);
    return true;
}

static bool choose(Choice *choice)
{
    const Instance *instance = choice->instance;

    if (!choice->options->repair_only) {
        goals_refresh(choice);
        timers_refresh(choice);
    }
    if (instance->has->crashes != NULL && choose_crashed(choice))
        return false;
    if (!instance_may_run(instance))
        return false;
    if (choice->options->repair_only)
        choose_repair(choice);
    else if (choose_condemned(choice))
        ;
    else if (instance->is_gone)
        choose_gone(choice);
    else if (instance->stopping)
        choose_end(choice);
    else if (instance->booted)
        choose_next(choice);
    else if (instance->active->waits_for == NULL && instance->active->puts_off_for == NULL)
        choose_boot(choice);
    return choice->found;
}

bool instance_choose(Instance *instance, const RuntimeOptions *options, uint64_t now_ms,
                     Arena *arena)
{
    uint64_t due[ALARM_COUNT] = {0};
    Choice choice = {
        .instance = instance, .options = options, .now_ms = now_ms, .arena = arena, .due = due};
    bool found = choose(&choice);

    for (AlarmKind kind = 0; kind < ALARM_COUNT; kind++)
        if (due[kind] != 0 || instance->alarms[kind] != 0)
            alarm_set(instance, kind, due[kind]);
    if (!found)
        return false;
    Activity *activity = instance_wake(instance);
    activity->next = choice.cause;
    activity->urgency = (uint8_t)choice.urgency;
    return true;
}
