#include "providers/sdk/feed.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/random.h>

#include "lang/base/file.h"
#include "lang/base/memory.h"
#include "providers/sdk/members.h"
#include "providers/sdk/operation.h"

typedef struct Event {
    char *type, *uid; /* NULL: any */
    ProviderChange change;
    int64_t at_ms;
} Event;

/* The event with number N, counted from 0, is in events[N % FEED_MAX]. */
struct Feed {
    pthread_mutex_t lock; /* for all below but the first two */
    int fd;
    uint64_t epoch; /* of this process: cursors of others are none of ours */
    uint64_t count; /* of all events that have been */
    bool is_heard;  /* somebody waits for the next one */
    Event events[FEED_MAX];
};

static const char *const changes[] = {
#define PROVIDER_CHANGE(name, text) text,
#include "providers/sdk/change.def"
#undef PROVIDER_CHANGE
};

int feed_new(Feed **ret, Error *err)
{
    cleanup(feed_free) Feed *feed = memory_zero(1, sizeof *feed);

    pthread_mutex_init(&feed->lock, NULL);
    feed->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (feed->fd < 0)
        return error_errno(err, errno, "make an eventfd");
    if (getrandom(&feed->epoch, sizeof feed->epoch, 0) != sizeof feed->epoch)
        return error_errno(err, errno, "get random bytes");
    *ret = take(feed);
    return 0;
}

void feed_free(Feed *feed)
{
    if (feed == NULL)
        return;
    for (size_t i = 0; i < FEED_MAX; i++) {
        free(feed->events[i].type);
        free(feed->events[i].uid);
    }
    fd_close(feed->fd);
    pthread_mutex_destroy(&feed->lock);
    free(feed);
}

int feed_fd(const Feed *feed)
{
    return feed->fd;
}

void feed_listen(Feed *feed)
{
    pthread_mutex_lock(&feed->lock);
    feed->is_heard = true;
    pthread_mutex_unlock(&feed->lock);
}

/* For all events until the next feed_listen() one notice is enough; the lock is held. */
static void notify(Feed *feed)
{
    uint64_t one = 1;

    if (!feed->is_heard)
        return;
    feed->is_heard = false;
    ssize_t put = write(feed->fd, &one, sizeof one);
    (void)put; /* fails only when the counter is full, and then the reader is awake anyway */
}

static char *copy_or_null(const char *text)
{
    return text != NULL ? memory_copy_string(text) : NULL;
}

void feed_announce(Feed *feed, const char *type, const char *uid, ProviderChange change)
{
    Event event = {copy_or_null(type), copy_or_null(uid), change, clock_now_ms()};

    pthread_mutex_lock(&feed->lock);
    Event *at = &feed->events[feed->count++ % FEED_MAX];
    free(at->type);
    free(at->uid);
    *at = event;
    notify(feed);
    pthread_mutex_unlock(&feed->lock);
}

/* EPOCH-NUMBER, of the event that comes next. */
static bool cursor_parse(const Feed *feed, const char *cursor, uint64_t *ret)
{
    uint64_t epoch;
    int end = 0;

    if (sscanf(cursor, "%16" SCNx64 "-%19" SCNu64 "%n", &epoch, ret, &end) != 2 ||
        cursor[end] != '\0')
        return false;
    return epoch == feed->epoch && *ret <= feed->count && feed->count - *ret <= FEED_MAX;
}

static void put_event(Buffer *ret, const Event *event)
{
    char at[32];

    clock_text(event->at_ms, at);
    buffer_add_char(ret, '{');
    member_put_string(ret, "change", changes[event->change]);
    member_put_string(ret, "type", event->type);
    member_put_string(ret, "uid", event->uid);
    member_put_string(ret, "at", at);
    buffer_add_char(ret, '}');
}

/* Append the events from `from` on; returns the number of the next one. The lock is held. */
static uint64_t put_events(const Feed *feed, uint64_t from, Buffer *ret)
{
    uint64_t end = feed->count - from > FEED_PAGE_MAX ? from + FEED_PAGE_MAX : feed->count;

    for (uint64_t number = from; number < end; number++) {
        buffer_add_string(ret, number > from ? "," : "");
        put_event(ret, &feed->events[number % FEED_MAX]);
    }
    return end;
}

int feed_read(Feed *feed, const char *cursor, Buffer *ret)
{
    uint64_t from, next = 0;

    pthread_mutex_lock(&feed->lock);
    from = feed->count;
    bool is_ours = cursor == NULL || cursor_parse(feed, cursor, &from);
    if (is_ours) {
        buffer_add_string(ret, "{\"items\":[");
        next = put_events(feed, from, ret);
        buffer_add_format(ret, "],\"cursor\":\"%016" PRIx64 "-%" PRIu64 "\"}", feed->epoch, next);
    }
    pthread_mutex_unlock(&feed->lock);
    return is_ours ? (int)(next - from) : -1;
}

void provider_changed(Provider *provider, const char *type, const char *uid, ProviderChange change)
{
    if (provider->feed != NULL)
        feed_announce(provider->feed, type, uid, change);
}
