/* Which domain runs next: the most urgent, of those the one that has waited longest.
 *
 * Urgency grows by 1 for every 1,000 slices of waiting, up to 255, so nothing starves. Order
 * between equals is total: time of waiting, then name, then key. */
#ifndef VED_CORE_SCHEDULER_H
#define VED_CORE_SCHEDULER_H

#include "controller/core/runtime.h"

/* Decide anew whether and why the instance would run: fills `next`, `urgency`, its alarms and the
 * goals' truths, and lists it if there is something to record of a goal or timer. True if it is
 * runnable. */
bool instance_choose(Instance *instance, const RuntimeOptions *options, uint64_t now_ms,
                     Arena *arena);

/* Settle the goal's truth for the state and the facts as they are. */
void goal_evaluate(Instance *instance, uint32_t goal, Arena *arena);

/* Its durable mark says something else than its truth and the time: a record is due. */
bool goal_has_news(const Instance *instance, uint32_t goal, uint64_t now_ms);

/* The goal's `terminate_after` was reached since it was last met, and it has not failed yet. */
bool goal_has_expired(const Instance *instance, uint32_t goal, uint64_t now_ms);

/* Put every touched instance into or out of the queue. */
void scheduler_update(Runtime *runtime, const RuntimeOptions *options, uint64_t now_ms,
                      Arena *arena);

/* The one to run; NULL: none. It is taken out of the queue. */
Instance *scheduler_take(Runtime *runtime);

/* After a slice of `ran`, which may be gone since: nothing else has changed and nobody else waits,
 * and it has something to do. Then it is the one to run, and was never in the queue. */
bool scheduler_goes_on(Instance *ran, Runtime *runtime, const RuntimeOptions *options,
                       uint64_t now_ms, Arena *arena);

/* Touch those whose time has come. */
void scheduler_wake(Runtime *runtime, uint64_t now_ms);

#endif
