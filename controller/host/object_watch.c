#include "controller/host/object_watch.h"

#include <string.h>

#include "controller/host/observation.h"
#include "controller/host/provider_events.h"
#include "lang/base/hash.h"
#include "lang/base/memory.h"

/* What differs from the record, until the core takes it. */
typedef struct Found {
    struct Found *next;
    Observation observation;
} Found;

typedef struct Look Look;

typedef struct Watched {
    ObjectWatch *watch;
    char *provider;
    ProviderEvents *events;      /* its change feed; NULL: none is listened to */
    Map changed;                 /* uids that it has told of, until they are asked about */
    bool all_changed;            /* it cannot say which */
    int64_t interval_ms, due_ms; /* of the loop's clock */
    int64_t soon_ms;             /* for what the feed has told; 0: nothing */
    Look *open;                  /* NULL: it is not being asked */
    bool believed;               /* the next look is, however much is gone */
    bool braked;
    char *trouble; /* why it could not say; NULL */
} Watched;

struct Look {
    ObjectWatch *watch; /* NULL: nobody waits any more */
    Watched *watched;
    size_t of; /* so many objects of the provider there are, asked about or not */
};

struct ObjectWatch {
    Stack *stack;
    ObjectWatchWake *wake;
    ObjectWatchTell *tell;
    void *context;
    LoopTimer *timer;
    bool running;
    uint64_t chance;
    Watched **watched;
    size_t watched_count;
    Found *found, **found_end, *taken;
};

static void found_free(Found *found)
{
    if (found == NULL)
        return;
    observation_deinit(&found->observation);
    free(found);
}

/* ---- what a look has found ---- */

static void say(const ObjectWatch *watch, char *text)
{
    watch->tell(watch->context, text);
    free(text);
}

static void found_list_free(Found *list)
{
    for (Found *next; list != NULL; list = next) {
        next = list->next;
        found_free(list);
    }
}

typedef struct Sum {
    Found *first, **end;
    size_t of, gone;     /* how many there are, asked about or not */
    const char *trouble; /* of the first that could not be told; lives as long as the items */
} Sum;

static void sum_item(const ObjectWatch *watch, Sum *sum, const ProviderItem *item)
{
    Found *found = memory_zero(1, sizeof *found);
    const char *trouble = NULL;

    switch (observation_read(watch->stack->runtime, item, &found->observation, &trouble)) {
    case OBSERVATION_SAME:
        break;
    case OBSERVATION_TROUBLE:
        if (sum->trouble == NULL)
            sum->trouble = trouble;
        break;
    case OBSERVATION_GONE:
        sum->gone++;
        *sum->end = found;
        sum->end = &found->next;
        return;
    case OBSERVATION_OTHER:
    case OBSERVATION_BACK:
        *sum->end = found;
        sum->end = &found->next;
        return;
    }
    found_free(found);
}

static bool is_too_much(const Sum *sum)
{
    return sum->gone >= BRAKE_LOST_MIN && sum->gone * BRAKE_SHARE >= sum->of;
}

static void trouble_note(const ObjectWatch *watch, Watched *watched, const char *trouble)
{
    if (trouble == NULL && watched->trouble != NULL)
        say(watch, memory_format("provider %s says again what exists", watched->provider));
    if (trouble != NULL && watched->trouble == NULL)
        say(watch,
            memory_format("provider %s cannot say what exists, and nothing is done about its "
                          "objects: %s",
                          watched->provider, trouble));
    string_set(&watched->trouble, trouble);
}

static void brake_note(const ObjectWatch *watch, Watched *watched, const Sum *sum)
{
    bool braked = is_too_much(sum) && !watched->believed;

    if (braked && !watched->braked)
        say(watch,
            memory_format("provider %s says that %zu of its %zu objects are gone: that is not "
                          "believed, and none is made again. If it is so, send this process SIGHUP",
                          watched->provider, sum->gone, sum->of));
    if (!braked && watched->braked)
        say(watch, memory_format("provider %s: what it says is believed again", watched->provider));
    watched->braked = braked;
    watched->believed = false;
}

static void due_set(ObjectWatch *watch, Watched *watched)
{
    int64_t spread = watched->interval_ms / WATCH_JITTER;

    watch->chance = watch->chance * 6364136223846793005ULL + 1442695040888963407ULL;
    int64_t jitter = spread > 0 ? (int64_t)((watch->chance >> 33) % (uint64_t)(2 * spread)) : 0;
    watched->due_ms = loop_now_ms(watch->stack->loop) + watched->interval_ms - spread + jitter;
}

static int64_t due_of(const Watched *watched)
{
    if (watched->open != NULL)
        return INT64_MAX;
    return watched->soon_ms != 0 && watched->soon_ms < watched->due_ms ? watched->soon_ms
                                                                       : watched->due_ms;
}

static void timer_set(const ObjectWatch *watch)
{
    int64_t next = INT64_MAX, now = loop_now_ms(watch->stack->loop);

    for (size_t i = 0; i < watch->watched_count; i++)
        if (due_of(watch->watched[i]) < next)
            next = due_of(watch->watched[i]);
    if (next != INT64_MAX)
        loop_timer_set(watch->timer, next > now ? next - now : 0);
}

static size_t objects_count(const Runtime *runtime, const char *provider)
{
    size_t count = 0;

    for (size_t i = 0; i < runtime->object_count; i++)
        count +=
            runtime->objects[i]->exists && strcmp(runtime->objects[i]->provider, provider) == 0;
    return count;
}

static void on_looked(void *context, ProviderItem *items, size_t count)
{
    cleanup(free) Look *look = context;
    ObjectWatch *watch = look->watch;
    Watched *watched = look->watched;

    if (watch == NULL)
        return;
    Sum sum = {.end = &sum.first, .of = look->of};
    watched->open = NULL;
    for (size_t i = 0; i < count; i++)
        sum_item(watch, &sum, &items[i]);
    trouble_note(watch, watched, sum.trouble);
    brake_note(watch, watched, &sum);
    timer_set(watch);
    if (watched->braked)
        found_list_free(take(sum.first));
    if (sum.first == NULL)
        return;
    *watch->found_end = sum.first;
    watch->found_end = sum.end;
    watch->wake(watch->context);
}

/* ---- looking ---- */

static void look_start(ObjectWatch *watch, Watched *watched)
{
    bool all = watched->all_changed || watched->due_ms <= loop_now_ms(watch->stack->loop);
    const Runtime *runtime = watch->stack->runtime;
    cleanup(json_free) Json *items =
        observation_question(runtime, watched->provider, all ? NULL : &watched->changed);

    map_deinit(&watched->changed);
    watched->all_changed = false;
    watched->soon_ms = 0;
    if (all)
        due_set(watch, watched);
    if (json_count(items) == 0)
        return;
    watched->open = memory_zero(1, sizeof *watched->open);
    *watched->open = (Look){watch, watched, objects_count(runtime, watched->provider)};
    provider_observe(watch->stack->pool, watched->provider, items, on_looked, watched->open);
}

/* ---- the change feed ---- */

static void on_event(void *context, const ProviderEvent *event)
{
    Watched *watched = context;
    const ObjectWatch *watch = watched->watch;

    if (event->kind == PROVIDER_EVENT_SILENT)
        return;
    if (event->uid == NULL)
        watched->all_changed = true;
    else
        map_put(&watched->changed, event->uid, watched);
    if (watched->soon_ms == 0)
        watched->soon_ms = loop_now_ms(watch->stack->loop) + WATCH_GATHER_MS;
    timer_set(watch);
}

static void watched_add(ObjectWatch *watch, const char *provider, int64_t interval_ms)
{
    Watched *watched = memory_zero(1, sizeof *watched);

    *watched = (Watched){
        .watch = watch, .provider = memory_copy_string(provider), .interval_ms = interval_ms};
    watch->watched = memory_grow(watch->watched, watch->watched_count + 1, sizeof(Watched *));
    watch->watched[watch->watched_count++] = watched;
    due_set(watch, watched);
    watched->events = provider_events_listen(watch->stack->pool, provider, on_event, watched);
}

/* Objects may have come of providers that had none. */
static void watched_refresh(ObjectWatch *watch)
{
    const char **names;
    size_t count = stack_providers(watch->stack, &names);

    for (size_t i = 0; i < count; i++) {
        const ProviderConfig *config = config_provider(watch->stack->config, names[i]);
        bool known = false;
        for (size_t k = 0; k < watch->watched_count; k++)
            known |= strcmp(watch->watched[k]->provider, names[i]) == 0;
        if (known)
            continue;
        watched_add(watch, names[i], config != NULL ? config->resync_ms : CONFIG_RESYNC_MS);
    }
    free(names);
}

static void on_due(void *context)
{
    ObjectWatch *watch = context;
    int64_t now = loop_now_ms(watch->stack->loop);

    watched_refresh(watch);
    for (size_t i = 0; i < watch->watched_count; i++)
        if (due_of(watch->watched[i]) <= now)
            look_start(watch, watch->watched[i]);
    timer_set(watch);
}

void object_watch_start(ObjectWatch *watch)
{
    if (watch->stack->pool == NULL)
        return;
    watch->running = true;
    watched_refresh(watch);
    /* An object may come of a provider that has none yet. */
    for (size_t i = 0; i < watch->stack->config->provider_count && watch->watched_count == 0; i++)
        loop_timer_set(watch->timer, watch->stack->config->providers[i].resync_ms);
    timer_set(watch);
}

void object_watch_stop(ObjectWatch *watch)
{
    watch->running = false;
    loop_timer_clear(watch->timer);
    for (size_t i = 0; i < watch->watched_count; i++) {
        if (watch->watched[i]->open != NULL)
            watch->watched[i]->open->watch = NULL;
        watch->watched[i]->open = NULL;
        provider_events_stop(take(watch->watched[i]->events));
    }
}

void object_watch_look(ObjectWatch *watch, bool believed)
{
    if (!watch->running)
        return;
    watched_refresh(watch);
    for (size_t i = 0; i < watch->watched_count; i++) {
        watch->watched[i]->believed |= believed;
        watch->watched[i]->due_ms = 0;
        if (watch->watched[i]->open == NULL)
            look_start(watch, watch->watched[i]);
    }
    timer_set(watch);
}

/* ---- taking ---- */

bool object_watch_has_next(const ObjectWatch *watch)
{
    return watch->found != NULL;
}

bool object_watch_next(ObjectWatch *watch, Event *ret)
{
    found_free(take(watch->taken));
    if (watch->found == NULL)
        return false;
    watch->taken = watch->found;
    watch->found = watch->taken->next;
    if (watch->found == NULL)
        watch->found_end = &watch->found;
    *ret = observation_event(&watch->taken->observation);
    return true;
}

bool object_watch_is_braked(const ObjectWatch *watch, const char *provider)
{
    for (size_t i = 0; i < watch->watched_count; i++)
        if (strcmp(watch->watched[i]->provider, provider) == 0)
            return watch->watched[i]->braked;
    return false;
}

/* ---- life ---- */

ObjectWatch *object_watch_new(Stack *stack, ObjectWatchWake *wake, ObjectWatchTell *tell,
                              void *context)
{
    ObjectWatch *watch = memory_zero(1, sizeof *watch);

    watch->stack = stack;
    watch->wake = wake;
    watch->tell = tell;
    watch->context = context;
    watch->found_end = &watch->found;
    watch->chance = hash_string(stack->runtime->lineage);
    watch->timer = loop_timer_new(stack->loop, on_due, watch);
    return watch;
}

static void watched_free(Watched *watched)
{
    map_deinit(&watched->changed);
    free(watched->provider);
    free(watched->trouble);
    free(watched);
}

void object_watch_free(ObjectWatch *watch)
{
    if (watch == NULL)
        return;
    object_watch_stop(watch);
    found_list_free(watch->found);
    found_free(watch->taken);
    for (size_t i = 0; i < watch->watched_count; i++)
        watched_free(watch->watched[i]);
    free(watch->watched);
    loop_timer_free(watch->timer);
    free(watch);
}
