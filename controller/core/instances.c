/* The instances of a runtime: a table by domain and key, lists by what goes on with them, and heaps
 * of the times at which they want to be looked at. */
#include <assert.h>
#include <string.h>

#include "controller/core/crashes.h"
#include "controller/core/state.h"
#include "controller/core/origin.h"
#include "lang/base/memory.h"

/* ---- lists ---- */

static List *list_of(const Instance *instance, ListKind kind)
{
    Runtime *runtime = instance->runtime;

    return kind == LIST_DOMAIN ? &runtime->domains[instance->domain_index].instances
                               : &runtime->lists[kind];
}

static void link_insert(Instance *instance, ListKind kind, Instance *before)
{
    List *list = list_of(instance, kind);
    Link *link = &instance->links[kind];

    link->linked = true;
    link->next = before;
    link->previous = before != NULL ? before->links[kind].previous : list->last;
    if (link->previous != NULL)
        link->previous->links[kind].next = instance;
    else
        list->first = instance;
    if (before != NULL)
        before->links[kind].previous = instance;
    else
        list->last = instance;
    list->count++;
}

void link_add(Instance *instance, ListKind kind)
{
    if (!instance->links[kind].linked)
        link_insert(instance, kind, NULL);
}

void link_remove(Instance *instance, ListKind kind)
{
    List *list = list_of(instance, kind);
    Link *link = &instance->links[kind];

    if (!link->linked)
        return;
    if (link->previous != NULL)
        link->previous->links[kind].next = link->next;
    else
        list->first = link->next;
    if (link->next != NULL)
        link->next->links[kind].previous = link->previous;
    else
        list->last = link->previous;
    *link = (Link){0};
    list->count--;
}

void pending_set(Instance *instance, Pending *pending)
{
    Instance *before = NULL, *last = instance->runtime->lists[LIST_PERFORMING].last;

    instance->pending = pending;
    link_remove(instance, LIST_PERFORMING);
    if (pending == NULL)
        return;
    for (; last != NULL && last->pending->slice > pending->slice;
         last = last->links[LIST_PERFORMING].previous)
        before = last;
    link_insert(instance, LIST_PERFORMING, before);
}

void news_add(Instance *instance)
{
    Instance *before = NULL, *last = instance->runtime->lists[LIST_NEWS].last;

    if (instance->links[LIST_NEWS].linked)
        return;
    for (; last != NULL && last->born > instance->born; last = last->links[LIST_NEWS].previous)
        before = last;
    link_insert(instance, LIST_NEWS, before);
}

void instance_touch(Instance *instance)
{
    link_add(instance, LIST_TOUCHED);
}

/* ---- alarms ---- */

static uint64_t alarm_at(const Instance *instance, AlarmKind kind)
{
    return instance->alarms[kind].at_ms;
}

static void alarm_place(AlarmHeap *heap, AlarmKind kind, size_t slot, Instance *instance)
{
    heap->items[slot - 1] = instance;
    instance->alarms[kind].slot = slot;
}

static void alarm_rise(AlarmHeap *heap, AlarmKind kind, size_t slot)
{
    Instance *instance = heap->items[slot - 1];

    while (slot > 1 && alarm_at(heap->items[slot / 2 - 1], kind) > alarm_at(instance, kind)) {
        alarm_place(heap, kind, slot, heap->items[slot / 2 - 1]);
        slot /= 2;
    }
    alarm_place(heap, kind, slot, instance);
}

static void alarm_sink(AlarmHeap *heap, AlarmKind kind, size_t slot)
{
    Instance *instance = heap->items[slot - 1];

    for (size_t child; (child = slot * 2) <= heap->count; slot = child) {
        if (child < heap->count &&
            alarm_at(heap->items[child], kind) < alarm_at(heap->items[child - 1], kind))
            child++;
        if (alarm_at(heap->items[child - 1], kind) >= alarm_at(instance, kind))
            break;
        alarm_place(heap, kind, slot, heap->items[child - 1]);
    }
    alarm_place(heap, kind, slot, instance);
}

static void alarm_drop(AlarmHeap *heap, AlarmKind kind, Instance *instance)
{
    size_t slot = instance->alarms[kind].slot;
    Instance *last = heap->items[--heap->count];

    instance->alarms[kind].slot = 0;
    if (last == instance)
        return;
    alarm_place(heap, kind, slot, last);
    alarm_rise(heap, kind, slot);
    alarm_sink(heap, kind, last->alarms[kind].slot);
}

void alarm_set(Instance *instance, AlarmKind kind, uint64_t at_ms)
{
    AlarmHeap *heap = &instance->runtime->alarms[kind];
    Alarm *alarm = &instance->alarms[kind];

    if (alarm->at_ms == at_ms)
        return;
    if (alarm->slot != 0)
        alarm_drop(heap, kind, instance);
    alarm->at_ms = at_ms;
    if (at_ms == 0)
        return;
    memory_reserve_one(heap->items, heap->count, heap->capacity);
    heap->items[heap->count++] = instance;
    alarm_rise(heap, kind, heap->count);
}

Instance *alarm_first(const Runtime *runtime, AlarmKind kind)
{
    return runtime->alarms[kind].count > 0 ? runtime->alarms[kind].items[0] : NULL;
}

/* ---- the table ---- */

static uint64_t identity_of(const Runtime *runtime, uint32_t domain, const char *key)
{
    uint64_t hash = hash_string(runtime_domain(runtime, domain)->name);

    return key != NULL ? hash_mix(hash + hash_string(key)) : hash;
}

static void table_grow(Runtime *runtime)
{
    size_t count = runtime->bucket_count != 0 ? runtime->bucket_count * 2 : 64;

    free(runtime->buckets);
    runtime->buckets = memory_zero(count, sizeof(Instance *));
    runtime->bucket_count = count;
    for (Instance *i = instance_first(runtime); i != NULL; i = instance_next(i)) {
        Instance **bucket = &runtime->buckets[i->identity & (count - 1)];
        i->bucket_next = *bucket;
        *bucket = i;
    }
}

static void table_add(Runtime *runtime, Instance *instance)
{
    if (instance_count(runtime) >= runtime->bucket_count)
        table_grow(runtime);
    Instance **bucket = &runtime->buckets[instance->identity & (runtime->bucket_count - 1)];
    instance->bucket_next = *bucket;
    *bucket = instance;
}

static void table_remove(Runtime *runtime, Instance *instance)
{
    Instance **at = &runtime->buckets[instance->identity & (runtime->bucket_count - 1)];

    while (*at != instance)
        at = &(*at)->bucket_next;
    *at = instance->bucket_next;
}

static bool same_key(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

Instance *instance_find(const Runtime *runtime, uint32_t domain, const char *key)
{
    uint64_t identity = identity_of(runtime, domain, key);

    if (runtime->bucket_count == 0)
        return NULL;
    Instance *instance = runtime->buckets[identity & (runtime->bucket_count - 1)];
    while (instance != NULL && !(instance->identity == identity &&
                                 instance->domain_index == domain && same_key(instance->key, key)))
        instance = instance->bucket_next;
    return instance;
}

Instance *runtime_find(const Runtime *runtime, const char *domain, const char *key)
{
    Instance *found = NULL;

    for (int gone = 0; gone < 2 && found == NULL; gone++) {
        int index = runtime_domain_find(runtime, domain, gone);
        found = index < 0 ? NULL : instance_find(runtime, (uint32_t)index, key);
    }
    return found;
}

/* ---- an instance ---- */

char *instance_label_of(const ProgramDomain *domain, const char *key)
{
    Buffer text = {0};

    buffer_add_string(&text, domain->name);
    if (key != NULL) {
        buffer_add_char(&text, '[');
        json_put_string(&text, key);
        buffer_add_char(&text, ']');
    }
    return buffer_take(&text);
}

char *instance_label(const Instance *instance)
{
    return instance_label_of(instance->domain, instance->key);
}

void instance_fields_changed(Instance *instance)
{
    Digest128 digest = 0;

    for (size_t i = 0; i < instance->domain->field_count; i++)
        digest += value_digest(instance->fields[i]) *
                  ((Digest128)hash_mix(i + 1) << 64 | hash_mix(~(uint64_t)i) | 1);
    instance->field_digest = digest;
}

static void key_set(Instance *instance, const char *key)
{
    Arena arena = {0};

    if (key == NULL)
        return;
    instance->key_value = value_clone(value_string(&arena, key, strlen(key)));
    instance->key = instance->key_value.string->bytes;
    arena_deinit(&arena);
}

static void marks_init(Instance *instance)
{
    const ProgramDomain *domain = instance->domain;

    instance->transitions = memory_zero(domain->transition_count, sizeof(TransitionMark));
    instance->goals = memory_zero(domain->goal_count, sizeof(GoalMark));
    instance->timers = memory_zero(domain->timer_count, sizeof(TimerMark));
    for (size_t i = 0; i < domain->goal_count; i++)
        instance->goals[i].last_transition = -1;
}

Instance *instance_new(Runtime *runtime, uint32_t domain_index, const char *key)
{
    const ProgramDomain *domain = runtime_domain(runtime, domain_index);
    Instance *instance = memory_zero(1, sizeof *instance);

    instance->runtime = runtime;
    instance->born = runtime->next_born++;
    instance->domain_index = domain_index;
    instance->domain = domain;
    instance->is_gone = domain_index >= runtime->program->domain_count;
    instance->identity = identity_of(runtime, domain_index, key);
    key_set(instance, key);
    instance->version = 1;
    instance->started = runtime->logical_time;
    instance->booted = domain->boot < 0;
    instance->fields = memory_zero(domain->field_count, sizeof(Value));
    for (size_t i = 0; i < domain->field_count; i++)
        instance->fields[i] = value_clone(domain->fields[i].initial);
    marks_init(instance);
    instance->group = instance;
    instance_fields_changed(instance);
    table_add(runtime, instance);
    link_add(instance, LIST_ALL);
    link_add(instance, LIST_DOMAIN);
    instance_touch(instance);
    return instance;
}

bool transition_is_blocked(const Instance *instance, uint32_t transition)
{
    const TransitionMark *mark = &instance->transitions[transition];

    return mark->blocked && mark->blocked_version == instance->version &&
           facts_are_as_seen(instance->runtime, &mark->facts);
}

void run_deinit(Run *run)
{
    values_free(run->arguments, run->argument_count);
    values_free(run->locals, run->local_count);
    seen_facts_deinit(&run->facts);
    trail_release(run->by);
}

static void instance_free_lists(Instance *instance)
{
    for (size_t i = 0; i < instance->run_count; i++)
        run_deinit(&instance->runs[i]);
    for (size_t i = 0; i < instance->deed_count; i++) {
        free(instance->deeds[i].place_key);
        free(instance->deeds[i].arguments);
        free(instance->deeds[i].result);
        free(instance->deeds[i].where);
    }
    for (size_t i = 0; i < instance->dead_letter_count; i++) {
        message_free(instance->dead_letters[i].message);
        free(instance->dead_letters[i].reason);
    }
    for (size_t i = 0; i < instance->domain->transition_count; i++) {
        free(instance->transitions[i].reason);
        seen_facts_deinit(&instance->transitions[i].facts);
    }
    free(instance->runs);
    free(instance->deeds);
    free(instance->dead_letters);
}

static void instance_free(Instance *instance)
{
    instance_free_lists(instance);
    origins_free(instance);
    instance_facts_deinit(instance);
    values_free(instance->fields, instance->domain->field_count);
    mailbox_deinit(&instance->mailbox);
    pending_free(instance->pending);
    value_free(instance->key_value);
    free(instance->transitions);
    free(instance->goals);
    free(instance->timers);
    trail_release(instance->trail);
    free(instance->unlocked_by);
    free(instance->waits_for);
    free(instance->undecided_after);
    free(instance->handler_reason);
    crashes_free(instance->crashes);
    free(instance);
}

void instance_remove(Instance *instance)
{
    Runtime *runtime = instance->runtime;

    assert(!instance->queued && instance->group == instance && instance->group_next == NULL);
    table_remove(runtime, instance);
    for (ListKind kind = 0; kind < LIST_COUNT; kind++)
        link_remove(instance, kind);
    for (AlarmKind kind = 0; kind < ALARM_COUNT; kind++)
        alarm_set(instance, kind, 0);
    instance_free(instance);
}

void instances_free(Runtime *runtime)
{
    Instance *next;

    for (Instance *i = instance_first(runtime); i != NULL; i = next) {
        next = instance_next(i);
        instance_free(i);
    }
    for (size_t i = 0; i < runtime->program->domain_count + runtime->gone_count; i++)
        runtime->domains[i].instances = (List){0};
    for (AlarmKind kind = 0; kind < ALARM_COUNT; kind++)
        runtime->alarms[kind].count = 0;
    memset(runtime->lists, 0, sizeof runtime->lists);
    memset(runtime->queues, 0, sizeof runtime->queues);
    memset(runtime->queues_used, 0, sizeof runtime->queues_used);
    free(runtime->buckets);
    runtime->buckets = NULL;
    runtime->bucket_count = 0;
}
