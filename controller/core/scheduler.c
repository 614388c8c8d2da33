/* A list for each base urgency, longest waiting first. Within a list the first is also the most
 * urgent with its aging, so only the heads are compared: at most 256, in practice a handful. */
#include "scheduler.h"

#include <assert.h>
#include <string.h>

#define AGING_SLICES 1000

static bool waits_before(const Instance *a, const Instance *b)
{
    if (a->active->runnable_since != b->active->runnable_since)
        return a->active->runnable_since < b->active->runnable_since;
    int order = strcmp(a->domain->name, b->domain->name);
    if (order == 0 && a->key != NULL && b->key != NULL)
        order = strcmp(a->key, b->key);
    return order < 0;
}

/* Who stands in a queue is awake. */
static Activity *queued(Instance *instance)
{
    return (Activity *)instance->active;
}

static void queue_remove(Runtime *runtime, Instance *instance)
{
    if (!instance->active->queued)
        return;
    Activity *activity = queued(instance);
    Queue *queue = &runtime->queues[activity->urgency];
    if (activity->queue_previous != NULL)
        queued(activity->queue_previous)->queue_next = activity->queue_next;
    else
        queue->first = activity->queue_next;
    if (activity->queue_next != NULL)
        queued(activity->queue_next)->queue_previous = activity->queue_previous;
    else
        queue->last = activity->queue_previous;
    activity->queue_next = activity->queue_previous = NULL;
    activity->queued = false;
    if (queue->first == NULL)
        runtime->queues_used[activity->urgency / 64] &= ~(1ULL << activity->urgency % 64);
}

/* From the end: whoever comes now has nearly always waited shortest. */
static void queue_insert(Runtime *runtime, Instance *instance)
{
    Activity *activity = instance_wake(instance);
    Queue *queue = &runtime->queues[activity->urgency];
    Instance *after = queue->last;

    while (after != NULL && waits_before(instance, after))
        after = after->active->queue_previous;
    activity->queue_previous = after;
    activity->queue_next = after != NULL ? after->active->queue_next : queue->first;
    if (activity->queue_next != NULL)
        queued(activity->queue_next)->queue_previous = instance;
    else
        queue->last = instance;
    if (after != NULL)
        queued(after)->queue_next = instance;
    else
        queue->first = instance;
    activity->queued = true;
    runtime->queues_used[activity->urgency / 64] |= 1ULL << activity->urgency % 64;
}

static void instance_place(Instance *instance, const RuntimeOptions *options, uint64_t now_ms,
                           Arena *arena)
{
    Runtime *runtime = instance->runtime;
    bool waited = instance->active->queued;

    link_remove(instance, LIST_TOUCHED);
    queue_remove(runtime, instance);
    if (options->settling || runtime->destroying ||
        !instance_choose(instance, options, now_ms, arena)) {
        instance_rest(instance);
        return;
    }
    if (!waited)
        instance_wake(instance)->runnable_since = runtime->logical_time;
    queue_insert(runtime, instance);
}

void scheduler_update(Runtime *runtime, const RuntimeOptions *options, uint64_t now_ms,
                      Arena *arena)
{
    Instance *instance;

    if (runtime->all_touched)
        for (Instance *i = instance_first(runtime); i != NULL; i = instance_next(i))
            instance_place(i, options, now_ms, arena);
    runtime->all_touched = false;
    while ((instance = runtime->lists[LIST_TOUCHED].first) != NULL)
        instance_place(instance, options, now_ms, arena);
}

static uint64_t aged_urgency(const Runtime *runtime, const Instance *instance)
{
    const Activity *active = instance->active;
    uint64_t urgency =
        active->urgency + (runtime->logical_time - active->runnable_since) / AGING_SLICES;

    return urgency > 255 ? 255 : urgency;
}

static bool is_more_urgent(const Runtime *runtime, const Instance *a, const Instance *b)
{
    uint64_t urgency_a = aged_urgency(runtime, a), urgency_b = aged_urgency(runtime, b);

    return urgency_a != urgency_b ? urgency_a > urgency_b : waits_before(a, b);
}

Instance *scheduler_take(Runtime *runtime)
{
    Instance *best = NULL;

    for (int word = 3; word >= 0; word--)
        for (uint64_t bits = runtime->queues_used[word]; bits != 0;) {
            int bit = 63 - __builtin_clzll(bits);
            bits &= ~(1ULL << bit);
            Instance *head = runtime->queues[word * 64 + bit].first;
            if (best == NULL || is_more_urgent(runtime, head, best))
                best = head;
        }
    if (best != NULL)
        queue_remove(runtime, best);
    return best;
}

void scheduler_wake(Runtime *runtime, uint64_t now_ms)
{
    Instance *first;

    for (AlarmKind kind = 0; kind < ALARM_COUNT; kind++)
        while ((first = alarm_first(runtime, kind)) != NULL && alarm_at(first, kind) <= now_ms) {
            alarm_set(first, kind, 0);
            instance_touch(first);
        }
}
