/* A list for each base urgency, longest waiting first. Within a list the first is also the most
 * urgent with its aging, so only the heads are compared: at most 256, in practice a handful. */
#include "scheduler.h"

#include <assert.h>
#include <string.h>

#define AGING_SLICES 1000

static bool waits_before(const Instance *a, const Instance *b)
{
    if (a->runnable_since != b->runnable_since)
        return a->runnable_since < b->runnable_since;
    int order = strcmp(a->domain->name, b->domain->name);
    if (order == 0 && a->key != NULL && b->key != NULL)
        order = strcmp(a->key, b->key);
    return order < 0;
}

static void queue_remove(Runtime *runtime, Instance *instance)
{
    Queue *queue = &runtime->queues[instance->urgency];

    if (!instance->queued)
        return;
    if (instance->queue_previous != NULL)
        instance->queue_previous->queue_next = instance->queue_next;
    else
        queue->first = instance->queue_next;
    if (instance->queue_next != NULL)
        instance->queue_next->queue_previous = instance->queue_previous;
    else
        queue->last = instance->queue_previous;
    instance->queue_next = instance->queue_previous = NULL;
    instance->queued = false;
    if (queue->first == NULL)
        runtime->queues_used[instance->urgency / 64] &= ~(1ULL << instance->urgency % 64);
}

/* From the end: whoever comes now has nearly always waited shortest. */
static void queue_insert(Runtime *runtime, Instance *instance)
{
    Queue *queue = &runtime->queues[instance->urgency];
    Instance *after = queue->last;

    while (after != NULL && waits_before(instance, after))
        after = after->queue_previous;
    instance->queue_previous = after;
    instance->queue_next = after != NULL ? after->queue_next : queue->first;
    if (instance->queue_next != NULL)
        instance->queue_next->queue_previous = instance;
    else
        queue->last = instance;
    if (after != NULL)
        after->queue_next = instance;
    else
        queue->first = instance;
    instance->queued = true;
    runtime->queues_used[instance->urgency / 64] |= 1ULL << instance->urgency % 64;
}

static void instance_place(Instance *instance, const RuntimeOptions *options, uint64_t now_ms,
                           Arena *arena)
{
    Runtime *runtime = instance->runtime;
    bool waited = instance->queued;

    queue_remove(runtime, instance);
    if (options->settling || runtime->destroying ||
        !instance_choose(instance, options, now_ms, arena))
        return;
    if (!waited)
        instance->runnable_since = runtime->logical_time;
    queue_insert(runtime, instance);
}

void scheduler_update(Runtime *runtime, const RuntimeOptions *options, uint64_t now_ms,
                      Arena *arena)
{
    Instance *instance;

    while ((instance = runtime->lists[LIST_TOUCHED].first) != NULL) {
        link_remove(instance, LIST_TOUCHED);
        instance_place(instance, options, now_ms, arena);
    }
}

static uint64_t aged_urgency(const Runtime *runtime, const Instance *instance)
{
    uint64_t urgency =
        instance->urgency + (runtime->logical_time - instance->runnable_since) / AGING_SLICES;

    return urgency > 255 ? 255 : urgency;
}

Instance *scheduler_take(Runtime *runtime)
{
    Instance *best = NULL;
    uint64_t best_urgency = 0;

    for (int word = 3; word >= 0; word--)
        for (uint64_t bits = runtime->queues_used[word]; bits != 0;) {
            int bit = 63 - __builtin_clzll(bits);
            bits &= ~(1ULL << bit);
            Instance *head = runtime->queues[word * 64 + bit].first;
            uint64_t urgency = aged_urgency(runtime, head);
            if (best == NULL || urgency > best_urgency ||
                (urgency == best_urgency && waits_before(head, best))) {
                best = head;
                best_urgency = urgency;
            }
        }
    if (best != NULL)
        queue_remove(runtime, best);
    return best;
}

void scheduler_wake(Runtime *runtime, uint64_t now_ms)
{
    Instance *first;

    for (AlarmKind kind = 0; kind < ALARM_COUNT; kind++)
        while ((first = alarm_first(runtime, kind)) != NULL &&
               first->alarms[kind].at_ms <= now_ms) {
            alarm_set(first, kind, 0);
            instance_touch(first);
        }
}
