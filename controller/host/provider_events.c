/* One long poll after the other:
 *
 *     no cursor -> take one, tell LOST -> ask what is behind it, again and again
 *         ^                                    |
 *         +-------------- 410 -----------------+      what fails is asked again after a while
 *
 * The cursor is taken before LOST is told, so that what happens while everything is looked at is
 * behind it. */
#include "controller/host/provider_events.h"

#include <string.h>

#include "controller/host/provider_pool.h"
#include "lang/base/memory.h"

#define CURSOR_SIZE_MAX 256

struct ProviderEvents {
    ProviderEvents *next, **link;
    ProviderPool *pool;
    Endpoint *endpoint;
    ProviderEventsTold *told;
    void *context;
    HttpTransfer *transfer;
    LoopTimer *timer;
    char *cursor; /* NULL: one is to be taken */
    unsigned tries;
    bool telling; /* stopping frees it only afterwards */
    bool stopped;
    bool is_silent; /* there is nothing to listen to */
};

static void ask(ProviderEvents *events);

static void events_free(ProviderEvents *events)
{
    *events->link = events->next;
    if (events->next)
        events->next->link = events->link;
    http_cancel(events->transfer);
    loop_timer_free(events->timer);
    free(events->cursor);
    free(events);
}

void provider_events_stop(ProviderEvents *events)
{
    if (!events)
        return;
    events->stopped = true;
    if (!events->telling)
        events_free(events);
}

static void tell(ProviderEvents *events, const ProviderEvent *event)
{
    if (!events->stopped)
        events->told(events->context, event);
}

static void ask_later(ProviderEvents *events)
{
    loop_timer_set(events->timer, endpoint_backoff_ms(events->endpoint, events->tries++));
}

static void tell_item(ProviderEvents *events, const Json *item)
{
    bool is_gone = strcmp(json_get_string(item, "change", ""), "gone") == 0;
    ProviderEvent event = {
        .kind = is_gone ? PROVIDER_EVENT_GONE : PROVIDER_EVENT_CHANGED,
        .type = json_get_string(item, "type", NULL),
        .uid = json_get_string(item, "uid", NULL),
    };

    tell(events, &event);
}

/* The answer of a feed. False: it is none. */
static bool take_feed(ProviderEvents *events, const Json *feed)
{
    const char *cursor = json_get_string(feed, "cursor", "");
    const Json *items = json_get(feed, "items");
    bool is_first = events->cursor == NULL;

    if (cursor[0] == '\0' || strlen(cursor) > CURSOR_SIZE_MAX || !json_is_array(items))
        return false;
    free(events->cursor);
    events->cursor = memory_copy_string(cursor);
    events->tries = 0;
    if (is_first)
        tell(events, &(ProviderEvent){.kind = PROVIDER_EVENT_LOST});
    for (const Json *item = json_first(items); item; item = json_next(item))
        tell_item(events, item);
    return true;
}

/* False: it is to be asked again after a while. */
static bool take_reply(ProviderEvents *events, HttpReply *reply)
{
    cleanup(json_free) Json *document = NULL;

    if (reply->failure != HTTP_REPLIED)
        return false;
    if (reply->status == 410) {
        free(take(events->cursor));
        return true;
    }
    if (reply->status == 404) {
        tell(events, &(ProviderEvent){.kind = PROVIDER_EVENT_SILENT});
        events->is_silent = true;
        return true;
    }
    return reply->status == 200 &&
           json_parse(buffer_text(&reply->body), reply->body.size, &document, NULL) == 0 &&
           take_feed(events, document);
}

static void on_reply(void *context, HttpReply *reply)
{
    ProviderEvents *events = context;
    bool had_cursor = events->cursor != NULL;

    events->transfer = NULL;
    events->telling = true;
    bool goes_on = take_reply(events, reply);
    events->telling = false;
    if (events->stopped)
        events_free(events);
    else if (events->is_silent)
        return;
    else if (goes_on && (events->cursor != NULL || had_cursor))
        ask(events);
    else
        ask_later(events);
}

static void ask(ProviderEvents *events)
{
    const ProviderTiming *timing = &events->pool->timing;
    cleanup(free) char *cursor = url_segment(events->cursor ? events->cursor : "");
    cleanup(free) char *path = events->cursor
                                   ? memory_format("/v1/events?cursor=%s&wait=%lld", cursor,
                                                   (long long)timing->poll_wait_s)
                                   : memory_copy_string("/v1/events");
    HttpRequest request = {.method = "GET",
                           .header_ms = timing->poll_wait_s * 1000 + timing->header_ms};

    if (endpoint_state(events->endpoint) == ENDPOINT_UP)
        events->transfer = endpoint_send(events->endpoint, path, &request, on_reply, events);
    else
        ask_later(events);
}

static void on_timer(void *context)
{
    ask(context);
}

ProviderEvents *provider_events_listen(ProviderPool *pool, const char *provider,
                                       ProviderEventsTold *told, void *context)
{
    const PoolName *name = pool_name(pool, provider);
    ProviderEvents *events;

    if (!name)
        return NULL;
    events = memory_zero(1, sizeof *events);
    events->pool = pool;
    events->endpoint = name->endpoint;
    events->told = told;
    events->context = context;
    events->timer = loop_timer_new(pool->loop, on_timer, events);
    events->next = pool->listeners;
    events->link = &pool->listeners;
    if (events->next)
        events->next->link = &events->next;
    pool->listeners = events;
    loop_timer_set(events->timer, 0);
    return events;
}

void pool_listeners_free(ProviderPool *pool)
{
    while (pool->listeners)
        events_free(pool->listeners);
}
