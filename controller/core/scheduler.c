/* A queue for each base urgency, longest waiting first. Within a queue the first is also the most
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

static bool item_before(const HeapItem *a, const HeapItem *b)
{
    return a->at != b->at ? a->at < b->at : waits_before(a->instance, b->instance);
}

static void item_place(Instance *instance, uint32_t place)
{
    ((Activity *)instance->active)->queue_place = place; /* who stands in a queue is awake */
}

static const HeapKind QUEUE = {item_before, item_place};

static void queue_remove(Instance *instance, uint8_t urgency)
{
    Runtime *runtime = instance->runtime;
    InstanceQueue *queue = &runtime->queues[urgency];

    queue_take_out(queue, &QUEUE, instance->active->queue_place);
    if (queue_is_empty(queue))
        runtime->queues_used[urgency / 64] &= ~(1ULL << urgency % 64);
}

static void queue_insert(Instance *instance)
{
    Runtime *runtime = instance->runtime;
    uint8_t urgency = instance->active->urgency;

    queue_add(&runtime->queues[urgency], &QUEUE,
              (HeapItem){instance->active->runnable_since, instance});
    runtime->queues_used[urgency / 64] |= 1ULL << urgency % 64;
}

static bool queues_are_empty(const Runtime *runtime)
{
    uint64_t used = 0;

    for (size_t i = 0; i < ARRAY_SIZE(runtime->queues_used); i++)
        used |= runtime->queues_used[i];
    return used == 0;
}

/* One that waits and is as urgent as before keeps its place. */
static void instance_place(Instance *instance, const RuntimeOptions *options, uint64_t now_ms,
                           Arena *arena)
{
    Runtime *runtime = instance->runtime;
    uint8_t urgency = instance->active->urgency;
    bool waited = instance->active->queue_place != 0;
    bool runs = !options->settling && !runtime->destroying;

    link_remove(instance, LIST_TOUCHED);
    runs = runs && instance_choose(instance, options, now_ms, arena);
    if (waited && (!runs || instance->active->urgency != urgency))
        queue_remove(instance, urgency);
    if (!runs) {
        instance_rest(instance);
        return;
    }
    if (!waited)
        instance_wake(instance)->runnable_since = runtime->logical_time;
    if (instance->active->queue_place == 0)
        queue_insert(instance);
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

static bool alarm_is_due(const Runtime *runtime, uint64_t now_ms)
{
    for (AlarmKind kind = 0; kind < ALARM_COUNT; kind++)
        if (runtime->alarms[kind].count > 0 && runtime->alarms[kind].items[0].at <= now_ms)
            return true;
    return false;
}

bool scheduler_goes_on(Instance *ran, Runtime *runtime, const RuntimeOptions *options,
                       uint64_t now_ms, Arena *arena)
{
    const List *touched = &runtime->lists[LIST_TOUCHED];

    if (touched->first != ran || touched->last != ran || runtime->all_touched ||
        options->settling || runtime->destroying || runtime->resources_came ||
        !queues_are_empty(runtime) || alarm_is_due(runtime, now_ms))
        return false;
    link_remove(ran, LIST_TOUCHED);
    if (!instance_choose(ran, options, now_ms, arena)) {
        instance_rest(ran);
        return false;
    }
    instance_wake(ran)->runnable_since = runtime->logical_time;
    if (runtime->lists[LIST_NEWS].first == NULL)
        return true;
    queue_insert(ran);
    return false;
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
            Instance *head = queue_first(&runtime->queues[word * 64 + bit], &QUEUE);
            if (best == NULL || is_more_urgent(runtime, head, best))
                best = head;
        }
    if (best != NULL)
        queue_remove(best, best->active->urgency);
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
