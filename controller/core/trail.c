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
    if (trail->key != trail->short_key)
        free(trail->key);
    free(trail->note);
    trail_spare(trail->runtime, trail);
}

static void key_set(Trail *trail, const char *key)
{
    size_t size = strlen(key) + 1;

    trail->key = size <= sizeof trail->short_key ? trail->short_key : memory_alloc(size);
    memcpy(trail->key, key, size);
}

Trail *trail_hold(Trail *trail)
{
    if (trail != NULL)
        trail->references++;
    return trail;
}

void trail_release(Trail *trail)
{
    while (trail != NULL && --trail->references == 0) {
        Trail *earlier = trail->earlier;
        trail_free(trail);
        trail = earlier;
    }
}

void trail_set(Trail **holder, Trail *trail)
{
    Trail *before = *holder;

    *holder = trail_hold(trail);
    trail_release(before);
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

static void heard_set(Trail *trail, const Instance *instance, const Cause *cause)
{
    const Message *message = mailbox_find(&instance->active->mailbox, cause->message);

    if (message == NULL)
        return;
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
    if (cause->kind == CAUSE_MESSAGE)
        heard_set(trail, instance, cause);
    if (cause->kind == CAUSE_REVISE)
        revision_set(trail, instance, cause);
    trail->earlier = trail_hold(trail_earlier(instance, cause));
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

/* Not the program's: another one may have passed the state on. */
static const char *text_of(Runtime *runtime, const Json *json, const char *key)
{
    const char *text = json_get_string(json, key, NULL);

    return text != NULL ? arena_copy_string(&runtime->arena, text) : NULL;
}

static Trail *trail_decode(Runtime *runtime, const Json *json)
{
    Trail *trail = trail_new(runtime);
    int kind = cause_kind_find(json_get_string(json, "by", NULL));
    int heard = message_kind_find(json_get_string(json, "heard", NULL));
    const char *key = json_get_string(json, "key", NULL);

    trail->slice = (uint64_t)json_get_int(json, "slice", 0);
    trail->at_ms = (uint64_t)json_get_int(json, "at", 0);
    trail->kind = kind < 0 ? CAUSE_GOAL : (CauseKind)kind;
    trail->heard = heard < 0 ? MESSAGE_EVENT : (MessageKind)heard;
    trail->domain = text_of(runtime, json, "domain");
    trail->where = text_of(runtime, json, "where");
    trail->goal = text_of(runtime, json, "goal");
    trail->from = text_of(runtime, json, "from");
    if (key != NULL)
        key_set(trail, key);
    string_set(&trail->note, json_get_string(json, "because", NULL));
    trail->omitted = (uint32_t)json_get_int(json, "omitted", 0);
    trail->sweep = (uint32_t)json_get_int(json, "sweep", 0);
    ring_add(runtime, trail);
    return trail;
}

typedef struct TrailEntry {
    Trail *trail;
    uint64_t earlier;
} TrailEntry;

int trails_add(Runtime *runtime, const Json *json, TrailList *list, Error *err)
{
    if (json_get(json, "domain") == NULL)
        return error_set(err, ERROR_STATE, "a trail of the state without a domain");
    memory_reserve_one(list->items, list->count, list->capacity);
    Trail *trail = trail_decode(runtime, json);
    uint64_t back = (uint64_t)json_get_int(json, "back", 0);
    uint64_t earlier = (uint64_t)json_get_int(json, "earlier", 0);
    list->items[list->count++] = (TrailEntry){trail, back != 0 ? trail->slice - back : earlier};
    return 0;
}

static int compare_slices(const void *left, const void *right)
{
    const Trail *a = ((const TrailEntry *)left)->trail, *b = ((const TrailEntry *)right)->trail;

    return a->slice < b->slice ? -1 : a->slice > b->slice;
}

void trails_link(TrailList *list)
{
    if (list->count > 0)
        qsort(list->items, list->count, sizeof *list->items, compare_slices);
    for (size_t i = 0; i < list->count; i++)
        list->items[i].trail->earlier = trail_hold(trails_find(list, list->items[i].earlier));
}

Trail *trails_find(const TrailList *list, uint64_t slice)
{
    size_t low = 0, high = list->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (list->items[middle].trail->slice < slice)
            low = middle + 1;
        else
            high = middle;
    }
    return low < list->count && list->items[low].trail->slice == slice ? list->items[low].trail
                                                                       : NULL;
}

void trails_release(TrailList *list)
{
    for (size_t i = 0; i < list->count; i++)
        trail_release(list->items[i].trail);
    free(list->items);
    *list = (TrailList){0};
}
