/* The instances of a runtime: a table by domain and key, lists by what goes on with them, and heaps
 * of the times at which they want to be looked at. */
#include <assert.h>
#include <string.h>

#include "controller/core/convergence.h"
#include "lang/base/memory.h"

/* ---- lists ---- */

static List *list_of(const Instance *instance, ListKind kind)
{
    Runtime *runtime = instance->runtime;

    return kind == LIST_DOMAIN ? &runtime->domains[instance->domain_index].instances
                               : &runtime->lists[kind];
}

static Link *link_of(Instance *instance, ListKind kind)
{
    return kind < LISTS_ALWAYS ? &instance->links[kind]
                               : &instance_wake(instance)->links[kind - LISTS_ALWAYS];
}

static Instance *link_previous(const Instance *instance, ListKind kind)
{
    return kind < LISTS_ALWAYS ? instance->links[kind].previous
                               : instance->active->links[kind - LISTS_ALWAYS].previous;
}

/* Behind `after`; NULL: as the first. */
static void link_insert(Instance *instance, ListKind kind, Instance *after)
{
    List *list = list_of(instance, kind);
    Link *link = link_of(instance, kind);

    instance->listed |= (uint8_t)(1U << kind);
    link->previous = after;
    link->next = after != NULL ? link_next(after, kind) : list->first;
    *(after != NULL ? &link_of(after, kind)->next : &list->first) = instance;
    *(link->next != NULL ? &link_of(link->next, kind)->previous : &list->last) = instance;
    list->count++;
}

void link_append(Instance *instance, ListKind kind)
{
    link_insert(instance, kind, list_of(instance, kind)->last);
}

void link_drop(Instance *instance, ListKind kind)
{
    List *list = list_of(instance, kind);
    const Link *link = link_of(instance, kind);

    *(link->previous != NULL ? &link_of(link->previous, kind)->next : &list->first) = link->next;
    *(link->next != NULL ? &link_of(link->next, kind)->previous : &list->last) = link->previous;
    instance->listed &= (uint8_t) ~(1U << kind);
    list->count--;
}

void pending_set(Instance *instance, Pending *pending)
{
    Instance *after = instance->runtime->lists[LIST_PERFORMING].last;

    link_remove(instance, LIST_PERFORMING);
    instance_wake(instance)->pending = pending;
    if (pending == NULL)
        return;
    while (after != NULL && after->active->pending->slice > pending->slice)
        after = link_previous(after, LIST_PERFORMING);
    link_insert(instance, LIST_PERFORMING, after);
}

static bool instance_is_before(const Instance *a, const Instance *b)
{
    return a->domain_index != b->domain_index ? a->domain_index < b->domain_index
                                              : a->born < b->born;
}

void news_add(Instance *instance)
{
    Instance *after = instance->runtime->lists[LIST_NEWS].last;

    if (link_is_in(instance, LIST_NEWS))
        return;
    while (after != NULL && instance_is_before(instance, after))
        after = link_previous(after, LIST_NEWS);
    link_insert(instance, LIST_NEWS, after);
}

/* ---- alarms ---- */

static bool alarm_before(const HeapItem *a, const HeapItem *b)
{
    return a->at < b->at;
}

static void wake_place(Instance *instance, uint32_t place)
{
    instance->alarms[ALARM_WAKE] = place;
}

static void expiry_place(Instance *instance, uint32_t place)
{
    instance->alarms[ALARM_EXPIRY] = place;
}

static const HeapKind ALARMS[ALARM_COUNT] = {
    [ALARM_WAKE] = {alarm_before, wake_place}, [ALARM_EXPIRY] = {alarm_before, expiry_place}};

uint64_t alarm_at(const Instance *instance, AlarmKind kind)
{
    uint32_t slot = instance->alarms[kind];

    return slot != 0 ? instance->runtime->alarms[kind].items[slot - 1].at : 0;
}

void alarm_set(Instance *instance, AlarmKind kind, uint64_t at_ms)
{
    InstanceHeap *heap = &instance->runtime->alarms[kind];

    if (alarm_at(instance, kind) == at_ms)
        return;
    if (instance->alarms[kind] != 0)
        heap_remove(heap, &ALARMS[kind], instance->alarms[kind]);
    if (at_ms != 0)
        heap_add(heap, &ALARMS[kind], (HeapItem){at_ms, instance});
}

Instance *alarm_first(const Runtime *runtime, AlarmKind kind)
{
    return runtime->alarms[kind].count > 0 ? runtime->alarms[kind].items[0].instance : NULL;
}

/* ---- the table ---- */

/* Open addressing: at most three of four places are taken, and what was put off by others is moved
 * up when one goes. */
uint64_t instance_identity(const Runtime *runtime, uint32_t domain, const char *key)
{
    uint64_t hash = runtime->domains[domain].hash;

    return key != NULL ? hash_mix(hash + hash_string(key)) : hash;
}

static void table_put(InstanceTable *table, Instance *instance)
{
    size_t at = instance->identity & (table->size - 1);

    while (table->slots[at] != NULL)
        at = (at + 1) & (table->size - 1);
    table->slots[at] = instance;
}

static void table_grow(InstanceTable *table)
{
    InstanceTable grown = {.size = table->size != 0 ? table->size * 2 : 64, .count = table->count};

    grown.slots = memory_zero(grown.size, sizeof(Instance *));
    for (size_t i = 0; i < table->size; i++)
        if (table->slots[i] != NULL)
            table_put(&grown, table->slots[i]);
    free(table->slots);
    *table = grown;
}

static void table_add(InstanceTable *table, Instance *instance)
{
    if ((table->count + 1) * 4 > table->size * 3)
        table_grow(table);
    table_put(table, instance);
    table->count++;
}

static void table_remove(InstanceTable *table, const Instance *instance)
{
    size_t mask = table->size - 1, at = instance->identity & mask;

    while (table->slots[at] != instance)
        at = (at + 1) & mask;
    table->slots[at] = NULL;
    table->count--;
    for (size_t next = (at + 1) & mask; table->slots[next] != NULL; next = (next + 1) & mask) {
        Instance *moved = table->slots[next];
        table->slots[next] = NULL;
        table_put(table, moved);
    }
}

static bool same_key(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

Instance *instance_find(const Runtime *runtime, uint32_t domain, const char *key)
{
    const InstanceTable *table = &runtime->instances;
    uint64_t identity = instance_identity(runtime, domain, key);
    Instance *instance = NULL;

    for (size_t at = identity; table->count > 0; at++) {
        instance = table->slots[at & (table->size - 1)];
        if (instance == NULL || (instance->identity == identity &&
                                 instance->domain_index == domain && same_key(instance->key, key)))
            break;
    }
    return instance;
}

Instance *instance_first_from(const Runtime *runtime, size_t domain)
{
    size_t count = runtime->program->domain_count + runtime->gone_count;

    while (domain < count && runtime->domains[domain].instances.first == NULL)
        domain++;
    return domain < count ? runtime->domains[domain].instances.first : NULL;
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

/* Odd: no field is lost, whatever power of it stands before its value. */
#define FIELD_WEIGHT ((Digest128)0x452821e638d01377ULL << 64 | 0xbe5466cf34e90c6dULL)

static Digest128 fields_digest(const Instance *instance)
{
    Digest128 digest = 0, weight = FIELD_WEIGHT;

    for (size_t i = 0; i < instance->domain->field_count; i++, weight *= FIELD_WEIGHT)
        digest += weight * value_digest(instance->fields[i]);
    return digest;
}

Digest128 field_digest_make(Instance *instance)
{
    Activity *activity = instance_wake(instance);

    activity->field_digest = fields_digest(instance);
    activity->digest_version = instance->version;
    return activity->field_digest;
}

void instance_fields_set(Instance *instance)
{
    if (instance->active->digest_version != 0)
        instance_wake(instance)->digest_version = 0;
}

/* Behind the fields, in one allocation: the marks, and the key as a ValueString. */
static Instance *instance_alloc(const ProgramDomain *domain, const char *key)
{
    size_t fields = sizeof(Instance) + domain->field_count * sizeof(Value);
    size_t transitions = fields + domain->transition_count * sizeof(TransitionMark);
    size_t goals = transitions + domain->goal_count * sizeof(GoalMark);
    size_t timers = goals + domain->timer_count * sizeof(TimerMark);
    size_t size = key != NULL ? strlen(key) : 0;
    char *bytes = memory_zero(1, timers + (key != NULL ? sizeof(ValueString) + size + 1 : 0));
    Instance *instance = (Instance *)bytes;

    instance->transitions = (TransitionMark *)(bytes + fields);
    instance->goals = (GoalMark *)(bytes + transitions);
    if (key == NULL)
        return instance;
    ValueString *string = (ValueString *)(bytes + timers);
    string->size = size;
    memcpy(string->bytes, key, size);
    instance->key = string->bytes;
    return instance;
}

Instance *instance_new(Runtime *runtime, uint32_t domain_index, const char *key)
{
    const ProgramDomain *domain = runtime_domain(runtime, domain_index);
    Instance *instance = instance_alloc(domain, key);

    instance->runtime = runtime;
    instance->born = runtime->next_born++;
    instance->domain_index = domain_index;
    instance->domain = domain;
    instance->is_gone = domain_index >= runtime->program->domain_count;
    instance->identity = instance_identity(runtime, domain_index, key);
    instance->active = &ACTIVITY_NONE;
    instance->has = &HOLDINGS_NONE;
    instance->version = 1;
    instance->started = runtime->logical_time;
    instance->booted = domain->boot < 0;
    for (size_t i = 0; i < domain->field_count; i++)
        instance->fields[i] = value_clone(domain->fields[i].initial);
    for (size_t i = 0; i < domain->goal_count; i++)
        instance->goals[i].last_transition = -1;
    table_add(&runtime->instances, instance);
    link_add(instance, LIST_DOMAIN);
    instance_touch(instance);
    instance_changed(instance);
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

static void instance_free(Instance *instance)
{
    for (size_t i = 0; i < instance->domain->transition_count; i++) {
        free(instance->transitions[i].reason);
        seen_facts_deinit(&instance->transitions[i].facts);
    }
    for (size_t i = 0; i < instance->domain->field_count; i++)
        value_free(instance->fields[i]);
    holdings_free(instance);
    activity_free(instance);
    trail_release(instance->trail);
    free(instance);
}

void instance_remove(Instance *instance)
{
    Runtime *runtime = instance->runtime;

    assert(instance->active->queue_place == 0 && instance->member == NULL);
    instance_ended(instance);
    table_remove(&runtime->instances, instance);
    for (ListKind kind = 0; kind < LIST_COUNT; kind++)
        link_remove(instance, kind);
    for (AlarmKind kind = 0; kind < ALARM_COUNT; kind++)
        alarm_set(instance, kind, 0);
    instance_free(instance);
}

void instances_free(Runtime *runtime)
{
    Instance *next;

    for (Instance *i = instance_first(runtime); i != NULL; i = instance_next(i))
        convergence_outside(i);
    for (Instance *i = instance_first(runtime); i != NULL; i = next) {
        next = instance_next(i);
        instance_free(i);
    }
    for (size_t i = 0; i < runtime->program->domain_count + runtime->gone_count; i++)
        runtime->domains[i].instances = (List){0};
    for (AlarmKind kind = 0; kind < ALARM_COUNT; kind++)
        runtime->alarms[kind].count = 0;
    memset(runtime->lists, 0, sizeof runtime->lists);
    for (size_t i = 0; i < ARRAY_SIZE(runtime->queues); i++)
        queue_deinit(&runtime->queues[i]);
    memset(runtime->queues_used, 0, sizeof runtime->queues_used);
    free(runtime->instances.slots);
    runtime->instances = (InstanceTable){0};
}
