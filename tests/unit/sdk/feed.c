#include "providers/sdk/feed.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "lang/base/memory.h"
#include "providers/sdk/members.h"

static Feed *open_feed(void)
{
    Feed *feed = NULL;
    Error err = {0};

    cr_assert_eq(feed_new(&feed, &err), 0, "%s", err.message);
    return feed;
}

/* The items since the cursor, and the cursor behind them in its place; NULL: it is lost. */
static Json *read_on(Feed *feed, char **cursor)
{
    cleanup(buffer_deinit) Buffer reply = {0};
    cleanup(json_free) Json *json = NULL;
    int count = feed_read(feed, *cursor, &reply);

    if (count < 0) {
        cr_assert_eq(reply.size, 0);
        return NULL;
    }
    cr_assert_eq(json_parse(reply.bytes, reply.size, &json, NULL), 0);
    free(*cursor);
    *cursor = memory_copy_string(json_get_string(json, "cursor", ""));
    cr_assert_eq(json_count(json_get(json, "items")), (size_t)count);
    return json_detach(json, "items");
}

static size_t count_on(Feed *feed, char **cursor)
{
    cleanup(json_free) Json *items = read_on(feed, cursor);

    cr_assert_not_null(items);
    return json_count(items);
}

Test(feed, begins_with_nothing_and_goes_on_with_what_comes)
{
    cleanup(feed_free) Feed *feed = open_feed();
    cleanup(free) char *cursor = NULL;

    feed_announce(feed, "Server", "a", PROVIDER_CHANGED);
    cr_assert_eq(count_on(feed, &cursor), 0);
    feed_announce(feed, "Server", "b", PROVIDER_CHANGED);
    feed_announce(feed, NULL, NULL, PROVIDER_GONE);
    cleanup(json_free) Json *items = read_on(feed, &cursor);
    cr_assert_eq(json_count(items), 2);
    cr_assert_str_eq(json_get_string(json_at(items, 0), "uid", ""), "b");
    cr_assert_str_eq(json_get_string(json_at(items, 0), "change", ""), "changed");
    cr_assert_str_eq(json_get_string(json_at(items, 1), "change", ""), "gone");
    cr_assert_null(json_get(json_at(items, 1), "uid"));
    cr_assert_eq(count_on(feed, &cursor), 0);
}

Test(feed, says_the_same_again_for_the_same_cursor)
{
    cleanup(feed_free) Feed *feed = open_feed();
    cleanup(free) char *cursor = NULL;

    count_on(feed, &cursor);
    cleanup(free) char *same = memory_copy_string(cursor);
    feed_announce(feed, "Server", "a", PROVIDER_CHANGED);
    cr_assert_eq(count_on(feed, &cursor), 1);
    cr_assert_eq(count_on(feed, &same), 1);
}

Test(feed, gives_many_in_pages)
{
    cleanup(feed_free) Feed *feed = open_feed();
    cleanup(free) char *cursor = NULL;
    size_t total = 0, pages = 0;

    count_on(feed, &cursor);
    for (int i = 0; i < FEED_MAX; i++)
        feed_announce(feed, "Server", "a", PROVIDER_CHANGED);
    for (size_t count; (count = count_on(feed, &cursor)) > 0; pages++) {
        cr_assert_leq(count, FEED_PAGE_MAX);
        total += count;
    }
    cr_assert_eq(total, FEED_MAX);
    cr_assert_geq(pages, FEED_MAX / FEED_PAGE_MAX);
}

Test(feed, loses_who_is_too_slow)
{
    cleanup(feed_free) Feed *feed = open_feed();
    cleanup(free) char *cursor = NULL;

    count_on(feed, &cursor);
    for (int i = 0; i <= FEED_MAX; i++)
        feed_announce(feed, "Server", "a", PROVIDER_CHANGED);
    cr_assert_null(read_on(feed, &cursor));
}

Test(feed, knows_no_cursor_of_another_process)
{
    cleanup(feed_free) Feed *feed = open_feed(), *other = open_feed();
    cleanup(free) char *cursor = NULL, *nonsense = memory_copy_string("nonsense");

    count_on(other, &cursor);
    cr_assert_null(read_on(feed, &cursor));
    cr_assert_null(read_on(feed, &nonsense));
}

Test(feed, knows_no_cursor_of_the_future)
{
    cleanup(feed_free) Feed *feed = open_feed();
    cleanup(free) char *cursor = NULL;

    count_on(feed, &cursor);
    cursor[strlen(cursor) - 1] = '9';
    cr_assert_null(read_on(feed, &cursor));
}

static bool is_readable(Feed *feed)
{
    struct pollfd fd = {.fd = feed_fd(feed), .events = POLLIN};

    return poll(&fd, 1, 0) == 1;
}

static void *announce_some(void *context)
{
    Provider *provider = context;

    for (int i = 0; i < 100; i++)
        provider_changed(provider, "Server", "a", PROVIDER_CHANGED);
    return NULL;
}

Test(feed, wakes_a_listener_once_whoever_announces)
{
    cleanup(feed_free) Feed *feed = open_feed();
    Provider provider = {.feed = feed};
    cleanup(free) char *cursor = NULL;
    pthread_t thread;
    uint64_t count;

    count_on(feed, &cursor);
    provider_changed(&provider, "Server", "a", PROVIDER_CHANGED);
    cr_assert_not(is_readable(feed), "nobody listens");
    feed_listen(feed);
    cr_assert_eq(pthread_create(&thread, NULL, announce_some, &provider), 0);
    pthread_join(thread, NULL);
    cr_assert_eq(read(feed_fd(feed), &count, sizeof count), sizeof count);
    cr_assert_eq(count, 1);
    cr_assert_eq(count_on(feed, &cursor), 101);
}
