/* Timers: when `every 5m` and `after 30s when cond` are due.
 *
 * Each instance has a mark for each of its domain's timers. What becomes of the marks is decided
 * here and recorded – with the slice that armed them, or alone –, so that after a restart a timer
 * is due when it would have been. */
#ifndef VED_CORE_TIMER_H
#define VED_CORE_TIMER_H

#include "controller/core/runtime.h"

/* A domain's state that is, or is about to be. */
typedef struct TimerView {
    Instance *instance;   /* NULL: it is about to come into being */
    PredicateInput input; /* for `when`; its code is left open */
    uint64_t now_ms;
} TimerView;

/* What a commit of that state arms and disarms; in the arena. */
size_t timers_arm(const TimerView *view, Arena *arena, TimerChange **ret);

/* The same, for the instance as it is; and its timers that are due now fire. */
size_t timers_update(Instance *instance, const RuntimeOptions *options, uint64_t now_ms,
                     Arena *arena, TimerChange **ret);

/* When a timer will fire, if it is to; 0: none will. `ret_awaited`: of those that a run waits for
 * before it is at its end. */
uint64_t timers_next(const Instance *instance, const RuntimeOptions *options,
                     uint64_t *ret_awaited);

#endif
