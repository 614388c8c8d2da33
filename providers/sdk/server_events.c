/* GET /v1/events: what has changed since a cursor, at once or as soon as something has. */
#include <stdlib.h>
#include <unistd.h>

#include "lang/base/memory.h"
#include "providers/sdk/http.h"
#include "providers/sdk/server_call.h"

#define WAIT_MAX_S 60

/* A request held back until there is something to say, or its patience ends. */
struct EventPoll {
    EventPoll *next, **link;
    Server *server;
    struct evhttp_request *request;
    struct event *timer;
    char *cursor;
};

static Feed *feed_of(const Server *server)
{
    return engine_options(server->engine)->feed;
}

static void send_lost(struct evhttp_request *request)
{
    ProviderProblem problem = {0};

    provider_problem(&problem, "CURSOR_LOST", "not_applied", false,
                     "what happened since this cursor is not remembered; observe everything, and "
                     "go on without a cursor");
    http_send_problem(request, &problem, NULL);
}

/* Answer unless there is nothing to say and it `may_wait`. */
static bool answer(Server *server, struct evhttp_request *request, const char *cursor,
                   bool may_wait)
{
    cleanup(buffer_deinit) Buffer reply = {0};
    int count = feed_read(feed_of(server), cursor, &reply);

    if (count == 0 && may_wait)
        return false;
    if (count < 0)
        send_lost(request);
    else
        http_send_text(request, 200, &reply);
    return true;
}

static void poll_free(EventPoll *poll)
{
    *poll->link = poll->next;
    if (poll->next != NULL)
        poll->next->link = poll->link;
    event_free(poll->timer);
    free(poll->cursor);
    free(poll);
}

static void on_patience_end(evutil_socket_t fd, short events, void *context)
{
    EventPoll *poll = context;

    (void)fd, (void)events;
    answer(poll->server, poll->request, poll->cursor, false);
    poll_free(poll);
}

static void wait_for_events(Call *call, const char *cursor, int64_t wait_s)
{
    EventPoll *poll = memory_zero(1, sizeof *poll);
    struct timeval patience = {wait_s, 0};

    poll->server = call->server;
    poll->request = call->request;
    poll->cursor = memory_copy_string(cursor);
    poll->timer = event_new(call->server->base, -1, 0, on_patience_end, poll);
    if (poll->timer == NULL || event_add(poll->timer, &patience) < 0)
        abort();
    poll->next = call->server->polls;
    poll->link = &call->server->polls;
    if (poll->next != NULL)
        poll->next->link = &poll->next;
    call->server->polls = poll;
}

void handle_events(Call *call)
{
    const char *cursor = call_parameter(call, "cursor");
    int64_t wait_s = http_number(call_parameter(call, "wait"), 0);

    if (cursor != NULL && cursor[0] == '\0')
        cursor = NULL;
    if (wait_s > WAIT_MAX_S)
        wait_s = WAIT_MAX_S;
    /* Before the feed is read: what comes behind that is told. */
    feed_listen(feed_of(call->server));
    if (!answer(call->server, call->request, cursor, cursor != NULL && wait_s > 0))
        wait_for_events(call, cursor, wait_s);
}

static void on_event(evutil_socket_t fd, short events, void *context)
{
    Server *server = context;
    uint64_t count;
    ssize_t got = read(fd, &count, sizeof count);

    (void)got, (void)events; /* the feed says what is new, not the counter */
    feed_listen(feed_of(server));
    for (EventPoll *poll = server->polls, *next; poll != NULL; poll = next) {
        next = poll->next;
        if (answer(server, poll->request, poll->cursor, true))
            poll_free(poll);
    }
}

void events_attach(Server *server)
{
    server->feed_ready =
        event_new(server->base, feed_fd(feed_of(server)), EV_READ | EV_PERSIST, on_event, server);
    if (server->feed_ready == NULL || event_add(server->feed_ready, NULL) < 0)
        abort();
}
