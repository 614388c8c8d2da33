#include "fact_watch.h"

#include <string.h>

#include "controller/host/verdict.h"
#include "lang/base/memory.h"

/* An event that waits to be taken. */
typedef struct Coming {
    struct Coming *next;
    EventType type;
    char *fact; /* EVENT_FACT; for EVENT_FACTS_DUE the provider */
    char *result;
    char *reason;
} Coming;

/* Questions of one provider, asked together. */
typedef struct Asked {
    struct Asked *next, **link;
    FactWatch *watch; /* NULL: nobody wants the answers any more */
    char **facts;
    size_t count;
} Asked;

/* How often a provider is looked at. */
typedef struct Polled {
    char *provider;
    int64_t interval_ms;
    int64_t resync_ms;
    int64_t due_ms;
} Polled;

struct FactWatch {
    Stack *stack;
    FactWatchWake *wake;
    void *context;
    Coming *coming, **coming_end;
    Coming *taken; /* its texts are in use */
    Asked *asked;
    size_t open;
    Polled *polled;
    size_t polled_count;
    LoopTimer *timer;
    bool polling;
};

/* ---- what comes ---- */

static void coming_free(Coming *coming)
{
    if (coming == NULL)
        return;
    free(coming->fact);
    free(coming->result);
    free(coming->reason);
    free(coming);
}

static Coming *coming_add(FactWatch *watch, EventType type, const char *fact)
{
    Coming *coming = memory_zero(1, sizeof *coming);

    coming->type = type;
    coming->fact = memory_copy_string(fact);
    *watch->coming_end = coming;
    watch->coming_end = &coming->next;
    return coming;
}

bool fact_watch_has_next(const FactWatch *watch)
{
    return watch->coming != NULL;
}

bool fact_watch_next(FactWatch *watch, Event *ret)
{
    Coming *coming = watch->coming;

    coming_free(take(watch->taken));
    if (coming == NULL)
        return false;
    watch->coming = coming->next;
    if (watch->coming == NULL)
        watch->coming_end = &watch->coming;
    watch->taken = coming;
    *ret = (Event){.type = coming->type};
    if (coming->type == EVENT_FACTS_DUE) {
        ret->provider = coming->fact;
        return true;
    }
    ret->fact = coming->fact;
    ret->applied = coming->result != NULL;
    ret->result = coming->result;
    ret->detail = coming->reason;
    return true;
}

/* ---- answers ---- */

/* The value's JSON, or NULL with a reason. */
static char *reply_value(const ProviderItem *item, char **ret_reason)
{
    const Json *value = json_get(item->reply, "value");
    const char *said = json_get_string(item->reply, "unknown", "the provider gives no reason");
    char harmless[1024];

    *ret_reason = NULL;
    if (value != NULL) {
        cleanup(buffer_deinit) Buffer text = {0};
        json_write(&text, value);
        if (text.size <= FACT_VALUE_MAX)
            return buffer_take(&text);
        *ret_reason = memory_format("its value has %zu bytes, at most %zu are taken", text.size,
                                    FACT_VALUE_MAX);
        return NULL;
    }
    text_make_harmless(item->reply != NULL ? said : item->error, harmless, sizeof harmless);
    *ret_reason = memory_copy_string(harmless);
    return NULL;
}

static void asked_free(Asked *asked)
{
    for (size_t i = 0; i < asked->count; i++)
        free(asked->facts[i]);
    free(asked->facts);
    free(asked);
}

static void on_replies(void *context, ProviderItem *items, size_t count)
{
    Asked *asked = context;
    FactWatch *watch = asked->watch;

    if (watch != NULL) {
        *asked->link = asked->next;
        if (asked->next != NULL)
            asked->next->link = asked->link;
        watch->open--;
        for (size_t i = 0; i < count; i++) {
            Coming *coming = coming_add(watch, EVENT_FACT, asked->facts[i]);
            coming->result = reply_value(&items[i], &coming->reason);
        }
        watch->wake(watch->context);
    }
    asked_free(asked);
}

/* ---- asking ---- */

/* Arguments without a name come as "0", "1" ...: they get the names that the schema gives their
 * places, where it gives any. */
static Json *arguments_name(const Json *positional, const char *arguments)
{
    cleanup(json_free) Json *given = NULL;
    Json *named = json_new_object();

    json_parse_own(arguments, strlen(arguments), &given, NULL);
    for (Json *m = json_first(given); m != NULL; m = json_next(m)) {
        const char *key = json_key(m);
        bool is_place = key[0] >= '0' && key[0] <= '9';
        const Json *name = is_place ? json_at(positional, strtoul(key, NULL, 10)) : NULL;
        json_set(named, json_string(name, key), json_copy(m));
    }
    return named;
}

static Json *item_make(const ProviderSchema *schema, const FactQuery *query)
{
    const Json *entry = schema != NULL ? schema_query(schema, query->query) : NULL;
    Json *item = json_new_object();

    json_set_string(item, "query", query->query);
    json_set(item, "args", arguments_name(json_get(entry, "positional"), query->arguments));
    return item;
}

static void poll_restart(const FactWatch *watch, Polled *polled)
{
    polled->interval_ms =
        FACT_POLL_FIRST_MS < polled->resync_ms ? FACT_POLL_FIRST_MS : polled->resync_ms;
    polled->due_ms = loop_now_ms(watch->stack->loop) + polled->interval_ms;
}

static void polled_add(FactWatch *watch, const char *provider)
{
    const ProviderConfig *config = config_provider(watch->stack->config, provider);
    int64_t resync_ms = config != NULL ? config->resync_ms : CONFIG_RESYNC_MS;

    for (size_t i = 0; i < watch->polled_count; i++)
        if (strcmp(watch->polled[i].provider, provider) == 0)
            return;
    watch->polled = memory_grow(watch->polled, watch->polled_count + 1, sizeof *watch->polled);
    watch->polled[watch->polled_count++] =
        (Polled){.provider = memory_copy_string(provider), .resync_ms = resync_ms};
    poll_restart(watch, &watch->polled[watch->polled_count - 1]);
}

static void provider_ask(FactWatch *watch, const char *provider, const FactQuery *queries,
                         size_t count)
{
    ProviderPool *pool = watch->stack->pool;
    const ProviderSchema *schema = provider_schema(pool, provider);
    cleanup(json_free) Json *items = json_new_array();
    Asked *asked = memory_zero(1, sizeof *asked);

    asked->watch = watch;
    asked->facts = memory_zero(count, sizeof *asked->facts);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(queries[i].provider, provider) != 0)
            continue;
        json_append(items, item_make(schema, &queries[i]));
        asked->facts[asked->count++] = memory_copy_string(queries[i].fact);
    }
    asked->link = &watch->asked;
    asked->next = watch->asked;
    if (asked->next != NULL)
        asked->next->link = &asked->next;
    watch->asked = asked;
    watch->open++;
    polled_add(watch, provider);
    provider_query(pool, provider, items, FACT_TIMEOUT_MS, on_replies, asked);
}

static bool was_earlier(const FactQuery *queries, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(queries[i].provider, queries[index].provider) == 0)
            return true;
    return false;
}

static bool can_be_asked(const FactWatch *watch, const char *provider)
{
    return watch->stack->pool != NULL && config_provider(watch->stack->config, provider) != NULL;
}

void fact_watch_ask(FactWatch *watch, const FactQuery *queries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *provider = queries[i].provider;
        if (!can_be_asked(watch, provider)) {
            coming_add(watch, EVENT_FACT, queries[i].fact)->reason =
                memory_format("no provider %s is bound", provider);
            watch->wake(watch->context);
        } else if (!was_earlier(queries, i)) {
            provider_ask(watch, provider, queries + i, count - i);
        }
    }
}

size_t fact_watch_open(const FactWatch *watch)
{
    return watch->open;
}

void fact_watch_abandon(FactWatch *watch)
{
    if (watch->stack->pool != NULL)
        provider_batches_abandon(watch->stack->pool);
}

/* ---- looking again ---- */

static void timer_set(FactWatch *watch)
{
    int64_t next = INT64_MAX, now = loop_now_ms(watch->stack->loop);

    for (size_t i = 0; i < watch->polled_count; i++)
        if (watch->polled[i].due_ms < next)
            next = watch->polled[i].due_ms;
    if (watch->polled_count > 0)
        loop_timer_set(watch->timer, next > now ? next - now : 0);
}

/* Each look is at twice the distance of the one before, up to the provider's own interval. */
static void on_due(void *context)
{
    FactWatch *watch = context;
    int64_t now = loop_now_ms(watch->stack->loop);

    for (size_t i = 0; i < watch->polled_count; i++) {
        Polled *polled = &watch->polled[i];
        if (polled->due_ms > now)
            continue;
        coming_add(watch, EVENT_FACTS_DUE, polled->provider);
        polled->interval_ms *= 2;
        if (polled->interval_ms > polled->resync_ms)
            polled->interval_ms = polled->resync_ms;
        polled->due_ms = now + polled->interval_ms;
    }
    timer_set(watch);
    if (watch->coming != NULL)
        watch->wake(watch->context);
}

void fact_watch_poll(FactWatch *watch, bool on)
{
    if (on == watch->polling)
        return;
    watch->polling = on;
    if (!on) {
        loop_timer_clear(watch->timer);
        return;
    }
    for (size_t i = 0; i < watch->polled_count; i++)
        poll_restart(watch, &watch->polled[i]);
    timer_set(watch);
}

/* ---- life ---- */

FactWatch *fact_watch_new(Stack *stack, FactWatchWake *wake, void *context)
{
    FactWatch *watch = memory_zero(1, sizeof *watch);

    watch->stack = stack;
    watch->wake = wake;
    watch->context = context;
    watch->coming_end = &watch->coming;
    watch->timer = loop_timer_new(stack->loop, on_due, watch);
    return watch;
}

void fact_watch_free(FactWatch *watch)
{
    if (watch == NULL)
        return;
    for (Asked *asked = watch->asked; asked != NULL; asked = asked->next)
        asked->watch = NULL;
    for (Coming *next; watch->coming != NULL; watch->coming = next) {
        next = watch->coming->next;
        coming_free(watch->coming);
    }
    coming_free(watch->taken);
    for (size_t i = 0; i < watch->polled_count; i++)
        free(watch->polled[i].provider);
    free(watch->polled);
    loop_timer_free(watch->timer);
    free(watch);
}
