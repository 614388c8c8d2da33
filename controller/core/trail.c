#include "controller/core/trail.h"

#include <stdlib.h>
#include <string.h>

#include "controller/core/changes.h"
#include "controller/core/record.h"
#include "lang/base/memory.h"

/* ---- the runtime's ring ---- */

static void ring_add(Runtime *runtime, Trail *trail)
{
    Trail *ring = &runtime->trails;

    trail->next = ring;
    trail->previous = ring->previous;
    ring->previous->next = trail;
    ring->previous = trail;
}

/* Each slice makes one and most let one go: the next takes its memory. */
static Trail *trail_new(Runtime *runtime)
{
    Trail *trail = runtime->spare_trails;

    if (trail == NULL) {
        trail = memory_alloc(sizeof *trail);
    } else {
        runtime->spare_trails = trail->next;
        runtime->spare_trail_count--;
    }
    memset(trail, 0, offsetof(Trail, short_key));
    trail->runtime = runtime;
    trail->references = 1;
    return trail;
}

static void trail_spare(Runtime *runtime, Trail *trail)
{
    if (runtime->spare_trail_count == TRAIL_SPARE_MAX) {
        free(trail);
        return;
    }
    trail->next = runtime->spare_trails;
    runtime->spare_trails = trail;
    runtime->spare_trail_count++;
}

void trails_deinit(Runtime *runtime)
{
    while (runtime->spare_trails != NULL) {
        Trail *next = runtime->spare_trails->next;
        free(runtime->spare_trails);
        runtime->spare_trails = next;
    }
}

static void trail_free(Trail *trail)
{
    trail_ended(trail);
    trail->previous->next = trail->next;
    trail->next->previous = trail->previous;
    if (trail->key != trail->short_key && trail->key != NULL)
        free(trail->key);
    if (trail->note != NULL)
        free(trail->note);
    trail_spare(trail->runtime, trail);
}

static void key_set(Trail *trail, const char *key)
{
    size_t size = strlen(key) + 1;

    trail->key = size <= sizeof trail->short_key ? trail->short_key : memory_alloc(size);
    memcpy(trail->key, key, size);
}

void trail_end(Trail *trail)
{
    do {
        Trail *earlier = trail->earlier;
        trail_free(trail);
        trail = earlier;
    } while (trail != NULL && --trail->references == 0);
}

/* ---- thinning ---- */

/* Only the slice after it points at it. */
static bool is_passed_over(const Trail *trail)
{
    return trail->references == 1 && trail->earlier != NULL;
}

static void omit_earlier(Trail *trail)
{
    Trail *gone = trail->earlier;

    trail->omitted += 1 + gone->omitted;
    trail->earlier = gone->earlier; /* with the reference that the other had */
    trail_free(gone);
    trail_thinned(trail);
}

/* What is held keeps what goes just before it; so does the newest. */
static void past_thin(Trail *newest)
{
    uint32_t near = TRAIL_NEAR, length = 1;
    Trail *trail = newest;

    while (trail->earlier != NULL) {
        if (near == 0 && is_passed_over(trail->earlier)) {
            omit_earlier(trail);
            continue;
        }
        trail = trail->earlier;
        near = !is_passed_over(trail) ? TRAIL_NEAR : near > 0 ? near - 1 : 0;
        length++;
    }
    newest->sweep = length > TRAIL_SWEEP ? length : TRAIL_SWEEP;
}

/* ---- making ---- */

Trail *trail_earlier(const Instance *instance, const Cause *cause)
{
    switch (cause->kind) {
    case CAUSE_MESSAGE: {
        const Message *message = mailbox_find(&instance->active->mailbox, cause->message);
        return message != NULL ? message->parent : NULL;
    }
    case CAUSE_RUN:
        return cause->run < instance->has->run_count ? instance->has->runs[cause->run].by : NULL;
    case CAUSE_REVISE: {
        const Origin *origin = origin_find(instance, cause->origin);
        return origin != NULL ? origin->trail : NULL;
    }
    case CAUSE_BOOT:
    case CAUSE_GOAL:
    case CAUSE_FALLBACK:
    case CAUSE_REPAIR:
    case CAUSE_STOP:
    case CAUSE_CONDEMN:
        break;
    }
    return instance->trail;
}

static const char *domain_name(const Runtime *runtime, uint32_t domain)
{
    return runtime_domain(runtime, domain)->name;
}

static void heard_set(Trail *trail, const Instance *instance, const Message *message)
{
    trail->heard = message->kind;
    if (message->kind != MESSAGE_TIMER && message->kind != MESSAGE_REPORT)
        trail->from = domain_name(instance->runtime, message->from);
}

/* It is of the text that is computed again, because of what its record says. */
static void revision_set(Trail *trail, const Instance *instance, const Cause *cause)
{
    const Origin *origin = origin_find(instance, cause->origin);

    if (origin == NULL)
        return;
    trail->where = cause_where(instance, &origin->cause);
    string_set(&trail->note, origin->because);
}

Trail *trail_make(Instance *instance, const Cause *cause, uint64_t slice, uint64_t at_ms)
{
    const Message *message = cause->kind == CAUSE_MESSAGE
                                 ? mailbox_find(&instance->active->mailbox, cause->message)
                                 : NULL;
    Trail *trail = trail_new(instance->runtime);

    trail->slice = slice;
    trail->at_ms = at_ms;
    trail->kind = cause->kind;
    trail->domain = instance->domain->name;
    if (instance->key != NULL)
        key_set(trail, instance->key);
    if (cause->transition >= 0 || cause->handler >= 0 || cause->timer >= 0)
        trail->where = cause_where(instance, cause);
    if (cause->goal >= 0 && cause->kind != CAUSE_BOOT)
        trail->goal = instance->domain->goals[cause->goal].name;
    if (message != NULL)
        heard_set(trail, instance, message);
    if (cause->kind == CAUSE_REVISE)
        revision_set(trail, instance, cause);
    trail->earlier = trail_hold(message != NULL ? message->parent : trail_earlier(instance, cause));
    ring_add(instance->runtime, trail);
    if (trail->earlier == NULL)
        trail->sweep = TRAIL_SWEEP;
    else if (trail->earlier->sweep > 0)
        trail->sweep = trail->earlier->sweep - 1;
    if (trail->sweep == 0)
        past_thin(trail);
    return trail;
}

/* ---- in words ---- */

static void describe_heard(const Trail *trail, Buffer *ret)
{
    cleanup(free) char *text = message_words(trail->heard, trail->where, trail->from);

    buffer_add_string(ret, text);
}

void trail_describe(const Trail *trail, Buffer *ret)
{
    const char *where = trail->where != NULL ? trail->where : "";
    const char *goal = trail->goal != NULL ? trail->goal : "";

    switch (trail->kind) {
    case CAUSE_BOOT:
        buffer_add_format(ret, "its start; transition %s", where);
        break;
    case CAUSE_GOAL:
        buffer_add_format(ret, "goal %s; transition %s", goal, where);
        break;
    case CAUSE_MESSAGE:
        describe_heard(trail, ret);
        break;
    case CAUSE_RUN:
        buffer_add_format(ret, "%s, which goes on", where);
        break;
    case CAUSE_FALLBACK:
        buffer_add_format(ret, "fallback of goal %s; transition %s", goal, where);
        break;
    case CAUSE_REPAIR:
        buffer_add_string(ret, "repair of what was lost");
        break;
    case CAUSE_STOP:
        buffer_add_string(ret, "release of what a stopped instance has");
        break;
    case CAUSE_REVISE:
        buffer_add_format(ret, "%s again: %s", where, trail->note != NULL ? trail->note : "");
        break;
    case CAUSE_CONDEMN:
        buffer_add_string(ret, "destruction of what nothing wants any more");
        break;
    }
}

/* ---- in snapshots ---- */

/* How far back the earlier slice is, not which it is: that has more digits the longer a stack runs,
 * and what is kept of the same past is to take the same room. One that was begun later, and
 * committed before, is said as it is. */
static void earlier_encode(const Trail *trail, Buffer *ret)
{
    if (trail->earlier == NULL)
        return;
    uint64_t earlier = trail->earlier->slice;
    if (earlier < trail->slice)
        member_encode_number(ret, "back", trail->slice - earlier);
    else
        member_encode_number(ret, "earlier", earlier);
}

void trail_encode(const Trail *trail, Buffer *ret)
{
    buffer_add_format(ret, "{\"slice\":%llu", (unsigned long long)trail->slice);
    member_encode_number(ret, "at", trail->at_ms);
    member_encode(ret, "domain", trail->domain);
    member_encode(ret, "key", trail->key);
    member_encode(ret, "by", cause_kind_name(trail->kind));
    if (trail->kind == CAUSE_MESSAGE)
        member_encode(ret, "heard", message_kind_name(trail->heard));
    member_encode(ret, "where", trail->where);
    member_encode(ret, "goal", trail->goal);
    member_encode(ret, "from", trail->from);
    member_encode(ret, "because", trail->note);
    earlier_encode(trail, ret);
    if (trail->omitted != 0)
        member_encode_number(ret, "omitted", trail->omitted);
    member_encode_number(ret, "sweep", trail->sweep);
    buffer_add_char(ret, '}');
}

#define TRAIL_MEMBERS(X)                                                                           \
    X(slice)                                                                                       \
    X(at)                                                                                          \
    X(domain)                                                                                      \
    X(key)                                                                                         \
    X(by)                                                                                          \
    X(heard)                                                                                       \
    X(where)                                                                                       \
    X(goal)                                                                                        \
    X(from)                                                                                        \
    X(because)                                                                                     \
    X(back)                                                                                        \
    X(earlier)                                                                                     \
    X(omitted)                                                                                     \
    X(sweep)

typedef enum TrailMember {
#define X(name) TRAIL_MEMBER_##name,
    TRAIL_MEMBERS(X)
#undef X
} TrailMember;

static const JsonWord trail_members[] = {
#define X(name) JSON_WORD(#name),
    TRAIL_MEMBERS(X)
#undef X
};

typedef struct TrailEntry {
    Trail *trail;
    uint64_t slice, earlier;
} TrailEntry;

/* A trail that is being read. */
typedef struct TrailReading {
    Trail *trail;
    const Trail *last; /* that was read before; NULL: none */
    Arena *arena;
    uint64_t back, earlier;
} TrailReading;

/* Not the program's: another one may have passed the state on. Mostly it is the last one's. */
static const char *text_pull(JsonPull *pull, const TrailReading *reading, const char *last)
{
    if (last != NULL && json_pull_is(pull, last))
        return last;
    return runtime_text(reading->trail->runtime, json_pull_string(pull, reading->arena));
}

static CauseKind kind_pull(JsonPull *pull, const TrailReading *reading, CauseKind last)
{
    if (json_pull_is(pull, cause_kind_name(last)))
        return last;
    int found = cause_kind_find(json_pull_string(pull, reading->arena));

    return found < 0 ? CAUSE_GOAL : (CauseKind)found;
}

static void trail_pull_member(JsonPull *pull, TrailMember member, TrailReading *reading)
{
    static const Trail none;
    const Trail *last = reading->last != NULL ? reading->last : &none;
    Trail *trail = reading->trail;
    int found;

    switch (member) {
    case TRAIL_MEMBER_slice:
        trail->slice = json_pull_count(pull);
        return;
    case TRAIL_MEMBER_at:
        trail->at_ms = json_pull_count(pull);
        return;
    case TRAIL_MEMBER_domain:
        trail->domain = text_pull(pull, reading, last->domain);
        return;
    case TRAIL_MEMBER_key:
        key_set(trail, json_pull_string(pull, reading->arena));
        return;
    case TRAIL_MEMBER_by:
        trail->kind = kind_pull(pull, reading, last->kind);
        return;
    case TRAIL_MEMBER_heard:
        found = message_kind_find(json_pull_string(pull, reading->arena));
        trail->heard = found < 0 ? MESSAGE_EVENT : (MessageKind)found;
        return;
    case TRAIL_MEMBER_where:
        trail->where = text_pull(pull, reading, last->where);
        return;
    case TRAIL_MEMBER_goal:
        trail->goal = text_pull(pull, reading, last->goal);
        return;
    case TRAIL_MEMBER_from:
        trail->from = text_pull(pull, reading, last->from);
        return;
    case TRAIL_MEMBER_because:
        string_set(&trail->note, json_pull_string(pull, reading->arena));
        return;
    case TRAIL_MEMBER_back:
        reading->back = json_pull_count(pull);
        return;
    case TRAIL_MEMBER_earlier:
        reading->earlier = json_pull_count(pull);
        return;
    case TRAIL_MEMBER_omitted:
        trail->omitted = (uint32_t)json_pull_count(pull);
        return;
    case TRAIL_MEMBER_sweep:
        trail->sweep = (uint32_t)json_pull_count(pull);
        return;
    }
}

int trails_add(Runtime *runtime, JsonPull *pull, Arena *arena, TrailList *list, Error *err)
{
    JsonKeys keys = {.words = trail_members, .count = ARRAY_SIZE(trail_members)};
    Trail *trail = trail_new(runtime);
    TrailReading reading = {.trail = trail, .arena = arena};
    const char *other = NULL;

    if (list->count > 0)
        reading.last = list->items[list->count - 1].trail;
    trail->kind = CAUSE_GOAL;
    trail->heard = MESSAGE_EVENT;
    ring_add(runtime, trail);
    memory_reserve_one(list->items, list->count, list->capacity);
    TrailEntry *entry = &list->items[list->count++];
    *entry = (TrailEntry){.trail = trail};
    for (bool more = json_pull_open(pull, '{'); more; more = json_pull_more(pull, '}')) {
        int key = json_pull_key(pull, &keys, arena, &other);
        if (key >= 0)
            trail_pull_member(pull, (TrailMember)key, &reading);
    }
    if (!json_pull_done(pull))
        return member_unknown(err, "a trail of the state", other);
    if (trail->domain == NULL)
        return error_set(err, ERROR_STATE, "a trail of the state without a domain");
    entry->slice = trail->slice;
    entry->earlier = reading.back != 0 ? trail->slice - reading.back : reading.earlier;
    return 0;
}

static int compare_slices(const void *left, const void *right)
{
    const TrailEntry *a = left, *b = right;

    return a->slice < b->slice ? -1 : a->slice > b->slice;
}

/* They are as they committed, which is mostly so. */
static bool are_by_slice(const TrailList *list)
{
    for (size_t i = 1; i < list->count; i++)
        if (list->items[i].slice < list->items[i - 1].slice)
            return false;
    return true;
}

/* No slice is there twice: so it is at most so far from the first and the last as they say, and
 * where none is missing it is found at once. */
static const TrailEntry *entry_find(const TrailList *list, uint64_t slice)
{
    size_t low = 0, high = list->count;

    if (high == 0 || slice < list->items[0].slice || slice > list->items[high - 1].slice)
        return NULL;
    uint64_t behind_first = slice - list->items[0].slice;
    uint64_t before_last = list->items[high - 1].slice - slice;
    low = before_last < high ? high - 1 - before_last : 0;
    high = behind_first < high ? behind_first + 1 : high;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (list->items[middle].slice < slice)
            low = middle + 1;
        else
            high = middle;
    }
    return low < list->count && list->items[low].slice == slice ? &list->items[low] : NULL;
}

/* Who ran one after the other mostly ran one after the other before, too: `place` is where the last
 * one was found. */
static Trail *trails_find_behind(const TrailList *list, uint64_t slice, size_t *place)
{
    if (slice == 0)
        return NULL;
    if (*place + 1 < list->count && list->items[*place + 1].slice == slice)
        return list->items[++*place].trail;
    const TrailEntry *found = entry_find(list, slice);

    if (found == NULL)
        return NULL;
    *place = (size_t)(found - list->items);
    return found->trail;
}

void trails_link(TrailList *list)
{
    size_t place = 0;

    if (!are_by_slice(list))
        qsort(list->items, list->count, sizeof *list->items, compare_slices);
    for (size_t i = 0; i < list->count; i++)
        list->items[i].trail->earlier =
            trail_hold(trails_find_behind(list, list->items[i].earlier, &place));
}

Trail *trails_find(const TrailList *list, uint64_t slice)
{
    const TrailEntry *found = entry_find(list, slice);

    return found != NULL ? found->trail : NULL;
}

void trails_release(TrailList *list)
{
    for (size_t i = 0; i < list->count; i++)
        trail_release(list->items[i].trail);
    free(list->items);
    *list = (TrailList){0};
}
