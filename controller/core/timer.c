#include "timer.h"

#include "controller/core/apply.h"
#include "controller/core/crashes.h"
#include "controller/core/input.h"

static const TimerMark no_mark;

static const TimerMark *mark_of(const TimerView *view, size_t timer)
{
    return view->instance != NULL ? &instance_timers(view->instance)[timer] : &no_mark;
}

/* `every` begins with the instance; `after` when its condition comes true, and ends when it does
 * not hold any more. A condition that cannot be told changes nothing. */
static bool timer_arm(const TimerView *view, size_t index, Arena *arena, TimerChange *ret)
{
    const ProgramTimer *timer = &view->input.domain->timers[index];
    const TimerMark *mark = mark_of(view, index);
    PredicateInput input = view->input;
    Truth truth = TRUTH_TRUE;

    *ret = (TimerChange){.timer = (uint32_t)index, .armed = mark->armed, .due_ms = mark->due_ms};
    if (!timer->repeats) {
        input.code = timer->when;
        truth = view->instance != NULL ? instance_evaluate(view->instance, &input, arena, NULL)
                                       : predicate_evaluate(&input, arena, NULL);
    }
    if ((truth != TRUTH_TRUE && truth != TRUTH_FALSE) || mark->armed == (truth == TRUTH_TRUE))
        return false;
    ret->armed = truth == TRUTH_TRUE;
    ret->due_ms = ret->armed ? view->now_ms + (uint64_t)timer->interval_ms : 0;
    return true;
}

size_t timers_arm(const TimerView *view, Arena *arena, TimerChange **ret)
{
    size_t count = 0;

    *ret = arena_array(arena, TimerChange, view->input.domain->timer_count);
    for (size_t i = 0; i < view->input.domain->timer_count; i++)
        count += timer_arm(view, i, arena, &(*ret)[count]);
    return count;
}

static bool timer_may_fire(const Instance *instance, const RuntimeOptions *options, size_t index)
{
    const TimerMark *mark = &instance_timers(instance)[index];

    return mark->due_ms != 0 && !mark->waits && !instance->stopping &&
           !instance_is_down(instance) &&
           (options->timers || !instance->domain->timers[index].repeats);
}

/* Turns that were missed are one turn. */
static uint64_t due_again(const ProgramTimer *timer, uint64_t due_ms, uint64_t now_ms)
{
    uint64_t interval = (uint64_t)timer->interval_ms;

    return timer->repeats ? due_ms + ((now_ms - due_ms) / interval + 1) * interval : 0;
}

size_t timers_update(Instance *instance, const RuntimeOptions *options, uint64_t now_ms,
                     Arena *arena, TimerChange **ret)
{
    const ProgramDomain *domain = instance->domain;
    TimerView view = {.instance = instance, .now_ms = now_ms};
    size_t count = 0;

    *ret = NULL;
    if (domain->timer_count == 0 || instance->stopping || instance_is_down(instance))
        return 0;
    *ret = arena_array(arena, TimerChange, domain->timer_count);
    predicate_input_make(instance, NULL, &view.input);
    for (size_t i = 0; i < domain->timer_count; i++) {
        TimerChange *change = &(*ret)[count];
        bool changes = timer_arm(&view, i, arena, change);
        if (change->armed && timer_may_fire(instance, options, i) && change->due_ms <= now_ms) {
            change->due_ms = due_again(&domain->timers[i], change->due_ms, now_ms);
            change->fires = changes = true;
        }
        count += changes;
    }
    return count;
}

static bool has_unmet_goal(const Instance *instance)
{
    for (size_t i = 0; i < instance->domain->goal_count; i++)
        if (instance->goals[i].truth == TRUTH_FALSE && !instance->goals[i].failed &&
            instance->domain->goals[i].priority != 0)
            return true;
    return false;
}

static void earlier(uint64_t *least, uint64_t due_ms)
{
    if (*least == 0 || due_ms < *least)
        *least = due_ms;
}

uint64_t timers_next(const Instance *instance, const RuntimeOptions *options, uint64_t *ret_awaited)
{
    uint64_t next = 0;

    *ret_awaited = 0;
    for (size_t i = 0; i < instance->domain->timer_count; i++) {
        if (!timer_may_fire(instance, options, i))
            continue;
        earlier(&next, instance_timers(instance)[i].due_ms);
        if (options->timers || has_unmet_goal(instance))
            earlier(ret_awaited, instance_timers(instance)[i].due_ms);
    }
    return next;
}

void timers_apply(Instance *instance, const TimerChange *changes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        TimerMark *mark = &instance_timers(instance)[changes[i].timer];
        mark->armed = changes[i].armed;
        mark->due_ms = changes[i].due_ms;
        if (!changes[i].fires)
            continue;
        mark->waits = true;
        deliver(instance, MESSAGE_TIMER, changes[i].timer, instance->domain_index, false, NULL, 0);
    }
}
