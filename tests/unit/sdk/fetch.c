#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <event2/thread.h>

#include "lang/base/memory.h"
#include "providers/sdk/fetch.h"

/* A server on a unix socket and on a port, with a thread of its own. */
typedef struct Server {
    struct event_base *base;
    struct evhttp *http;
    char socket[108];
    int port;
    pthread_t thread;
    atomic_int connections; /* that were made */
    atomic_int requests;
    atomic_int streams_closed;
    char seen[512]; /* of the last request: method, and the headers that are looked at */
    size_t seen_body_size;
} Server;

static Server server;
static Fetcher *fetcher;
static Error err;

static void answer_headers(struct evhttp_request *request)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);

    evhttp_add_header(headers, "X-One", "a");
    evhttp_add_header(headers, "x-one", "b");
    evhttp_add_header(headers, "X-Latin", "caf\xe9");
}

/* A request whose client went away is the one's that was to answer it. */
static void on_close(struct evhttp_connection *connection, void *request)
{
    (void)connection;
    if (evhttp_request_get_connection(request) == NULL)
        evhttp_request_free(request);
    atomic_fetch_add(&server.streams_closed, 1);
}

/* By hand, as libevent does not free a reply that it was to send in chunks and could not. */
static void serve_stream(struct evhttp_request *request)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\n\r\nfirst";
    struct evhttp_connection *connection = evhttp_request_get_connection(request);
    struct bufferevent *stream = evhttp_connection_get_bufferevent(connection);

    evhttp_connection_set_closecb(connection, on_close, request);
    send(bufferevent_getfd(stream), answer, sizeof answer - 1, MSG_NOSIGNAL);
    bufferevent_enable(stream, EV_READ); /* sees that the other side closes */
}

static void serve_large(struct evhttp_request *request, int status)
{
    struct evbuffer *body = evbuffer_new();
    char block[1024];

    memset(block, 'x', sizeof block);
    for (int i = 0; i < 256; i++)
        evbuffer_add(body, block, sizeof block);
    evhttp_send_reply(request, status, "Large", body);
    evbuffer_free(body);
}

static void serve_large_headers(struct evhttp_request *request)
{
    char value[8000];

    memset(value, 'h', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    for (int i = 0; i < 16; i++)
        evhttp_add_header(evhttp_request_get_output_headers(request), "X-Large", value);
    evhttp_send_reply(request, 200, "OK", NULL);
}

static void serve_cut(struct evhttp_request *request)
{
    struct bufferevent *stream =
        evhttp_connection_get_bufferevent(evhttp_request_get_connection(request));

    shutdown(bufferevent_getfd(stream), SHUT_RDWR);
}

static void note(struct evhttp_request *request)
{
    struct evkeyvalq *headers = evhttp_request_get_input_headers(request);
    const char *authorization = evhttp_find_header(headers, "Authorization");
    const char *own = evhttp_find_header(headers, "X-Own");

    snprintf(server.seen, sizeof server.seen, "%d %s %s", (int)evhttp_request_get_command(request),
             authorization != NULL ? authorization : "-", own != NULL ? own : "-");
    server.seen_body_size = evbuffer_get_length(evhttp_request_get_input_buffer(request));
    atomic_fetch_add(&server.requests, 1);
}

static void serve(struct evhttp_request *request, void *context)
{
    const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(request));
    struct evbuffer *body = evbuffer_new();

    (void)context;
    note(request);
    answer_headers(request);
    if (strcmp(path, "/stream") == 0)
        serve_stream(request);
    else if (strcmp(path, "/large") == 0)
        serve_large(request, 200);
    else if (strcmp(path, "/large-error") == 0)
        serve_large(request, 500);
    else if (strcmp(path, "/large-headers") == 0)
        serve_large_headers(request);
    else if (strcmp(path, "/cut") == 0)
        serve_cut(request);
    else if (strcmp(path, "/silent") != 0) {
        evbuffer_add_printf(body, "hello");
        evhttp_send_reply(request, strcmp(path, "/missing") == 0 ? 404 : 200, "Told", body);
    }
    evbuffer_free(body);
}

static struct bufferevent *count_connection(struct event_base *base, void *context)
{
    (void)context;
    atomic_fetch_add(&server.connections, 1);
    return bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
}

static void *run(void *context)
{
    event_base_loop(context, EVLOOP_NO_EXIT_ON_EMPTY);
    return NULL;
}

static void listen_on_socket(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(server.socket, sizeof server.socket, "/tmp/ved-fetch-%d.sock", (int)getpid());
    memcpy(address.sun_path, server.socket, sizeof server.socket);
    unlink(server.socket);
    struct evconnlistener *listener = evconnlistener_new_bind(
        server.base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 16,
        (struct sockaddr *)&address, sizeof address);
    cr_assert_not_null(listener);
    cr_assert_not_null(evhttp_bind_listener(server.http, listener));
}

static void setup(void)
{
    struct sockaddr_in address;
    socklen_t size = sizeof address;

    evthread_use_pthreads();
    server.base = event_base_new();
    server.http = evhttp_new(server.base);
    evhttp_set_gencb(server.http, serve, NULL);
    evhttp_set_bevcb(server.http, count_connection, NULL);
    evhttp_set_allowed_methods(server.http, 0xffff);
    struct evhttp_bound_socket *bound = evhttp_bind_socket_with_handle(server.http, "127.0.0.1", 0);
    cr_assert_eq(getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&address, &size),
                 0);
    server.port = ntohs(address.sin_port);
    listen_on_socket();
    pthread_create(&server.thread, NULL, run, server.base);
    fetcher = fetcher_new(4);
}

static void teardown(void)
{
    fetcher_free(fetcher);
    event_base_loopbreak(server.base);
    pthread_join(server.thread, NULL);
    evhttp_free(server.http);
    event_base_free(server.base);
    libevent_global_shutdown();
    unlink(server.socket);
}

TestSuite(fetch, .init = setup, .fini = teardown, .timeout = 30);

/* `request` without its URL, which is the server's with this path. */
static int ask(const char *path, FetchRequest request, FetchResponse *ret)
{
    cleanup(free) char *url = memory_format("http://127.0.0.1:%d%s", server.port, path);

    request.url = url;
    return fetch(fetcher, &request, ret, &err);
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

Test(fetch, gives_status_headers_and_body)
{
    cleanup(fetch_response_deinit) FetchResponse got = {.status = 0};

    cr_assert_eq(ask("/missing", (FetchRequest){.method = "GET"}, &got), 0, "%s", err.message);
    cr_expect_eq(got.status, 404);
    cr_expect_str_eq(buffer_text(&got.body), "hello");
    cr_expect_str_eq(json_get_string(got.headers, "x-one", ""), "a, b");
    cr_expect_str_eq(json_get_string(got.headers, "x-latin", ""), "caf?");
}

Test(fetch, speaks_over_a_unix_socket)
{
    cleanup(fetch_response_deinit) FetchResponse got = {.status = 0};
    FetchSite site = {.unix_socket = server.socket};

    cr_assert_eq(
        fetch(fetcher, &(FetchRequest){.url = "http://engine/a", .site = &site}, &got, &err), 0,
        "%s", err.message);
    cr_expect_eq(got.status, 200);
}

Test(fetch, sends_headers_body_and_credentials)
{
    cleanup(json_free) Json *headers = json_new_object();
    FetchSite bearer = {.bearer = "t0ken"}, basic = {.user = "u", .password = "p"};
    FetchResponse got;

    json_set_string(headers, "X-Own", "1");
    cr_assert_eq(ask("/",
                     (FetchRequest){.method = "PUT",
                                    .headers = headers,
                                    .body = "abc",
                                    .body_size = 3,
                                    .site = &bearer},
                     &got),
                 0);
    fetch_response_deinit(&got);
    cr_expect_str_eq(server.seen, "8 Bearer t0ken 1");
    cr_expect_eq(server.seen_body_size, 3);
    cr_assert_eq(ask("/", (FetchRequest){.site = &basic}, &got), 0);
    fetch_response_deinit(&got);
    cr_expect_str_eq(server.seen, "1 Basic dTpw -", "of the last request nothing is left");
    cr_expect_eq(server.seen_body_size, 0);
}

Test(fetch, sends_a_file_of_any_size)
{
    cleanup(fetch_response_deinit) FetchResponse got = {.status = 0};
    char path[] = "/tmp/ved-fetch-XXXXXX";
    int fd = mkstemp(path);

    cr_assert_eq(ftruncate(fd, 3 << 20), 0);
    close(fd);
    int code = ask("/", (FetchRequest){.method = "POST", .body_file = path}, &got);
    unlink(path);
    cr_assert_eq(code, 0, "%s", err.message);
    cr_expect_eq(server.seen_body_size, 3 << 20);
}

Test(fetch, keeps_its_connection)
{
    for (int i = 0; i < 5; i++) {
        cleanup(fetch_response_deinit) FetchResponse got = {.status = 0};
        cr_assert_eq(ask("/", (FetchRequest){.method = "GET"}, &got), 0);
    }
    cr_expect_eq(atomic_load(&server.requests), 5);
    cr_expect_eq(atomic_load(&server.connections), 1);
}

Test(fetch, what_must_go_once_has_a_connection_of_its_own)
{
    for (int i = 0; i < 3; i++) {
        cleanup(fetch_response_deinit) FetchResponse got = {.status = 0};
        cr_assert_eq(ask("/", (FetchRequest){.method = "POST", .once = true}, &got), 0);
    }
    cr_expect_eq(atomic_load(&server.connections), 3);
}

static void *ask_often(void *failures)
{
    for (int i = 0; i < 20; i++) {
        cleanup(fetch_response_deinit) FetchResponse got = {.status = 0};
        cleanup(free) char *url = memory_format("http://127.0.0.1:%d/", server.port);
        if (fetch(fetcher, &(FetchRequest){.url = url}, &got, NULL) != 0 || got.status != 200)
            atomic_fetch_add((atomic_int *)failures, 1);
    }
    return NULL;
}

Test(fetch, threads_share_the_connections)
{
    pthread_t threads[4];
    atomic_int failures = 0;

    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        pthread_create(&threads[i], NULL, ask_often, &failures);
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        pthread_join(threads[i], NULL);
    cr_expect_eq(atomic_load(&failures), 0);
    cr_expect_eq(atomic_load(&server.requests), 80);
    cr_expect_leq(atomic_load(&server.connections), 4);
}

Test(fetch, refused_connection_was_not_sent)
{
    FetchSite site = {.unix_socket = "/nonexistent/engine.sock"};
    ProviderProblem problem = {.code = NULL};
    FetchResponse got;

    cr_expect_eq(fetch(fetcher, &(FetchRequest){.url = "http://127.0.0.1:1/"}, &got, &err),
                 FETCH_NOT_SENT);
    cr_expect_eq(
        fetch(fetcher, &(FetchRequest){.url = "http://engine/", .site = &site}, &got, &err),
        FETCH_NOT_SENT);
    cr_expect_not_null(strstr(err.message, "/nonexistent/engine.sock"), "%s", err.message);
    cr_expect_eq(fetch_problem(FETCH_NOT_SENT, &err, "POST /", false, &problem), -1);
    cr_expect_str_eq(problem.code, "UNAVAILABLE");
    cr_expect_str_eq(problem.outcome, "not_applied");
    cr_expect(problem.retryable);
}

Test(fetch, cut_off_answer_has_an_unknown_outcome)
{
    ProviderProblem problem = {.code = NULL};
    FetchResponse got;

    cr_expect_eq(ask("/cut", (FetchRequest){.method = "POST", .once = true}, &got), FETCH_CUT_OFF);
    fetch_problem(FETCH_CUT_OFF, &err, "POST /cut", false, &problem);
    cr_expect_str_eq(problem.outcome, "unknown");
    cr_expect_not(problem.retryable);
    fetch_problem(FETCH_CUT_OFF, &err, "PUT /cut", true, &problem);
    cr_expect_str_eq(problem.outcome, "not_applied", "it may be sent again");
    cr_expect_eq(atomic_load(&server.requests), 1);
}

Test(fetch, waits_no_longer_than_said)
{
    FetchResponse got;
    int64_t start = now_ms();

    cr_expect_eq(ask("/silent", (FetchRequest){.timeout_ms = 200}, &got), FETCH_TIMED_OUT);
    cr_expect_lt(now_ms() - start, 5000);
    cr_expect_eq(ask("/silent", (FetchRequest){.idle_timeout_ms = 1000}, &got), FETCH_TIMED_OUT);
    cr_expect_lt(now_ms() - start, 20000);
}

Test(fetch, answers_have_a_ceiling)
{
    FetchResponse got;

    cr_expect_eq(ask("/large", (FetchRequest){.body_size_max = 1000}, &got), FETCH_TOO_LARGE);
    cr_expect_eq(got.status, 200);
    cr_expect_str_eq(err.message, "the answer is larger than 1000 bytes");
    cr_expect_eq(ask("/large-headers", (FetchRequest){.headers_size_max = 20000}, &got),
                 FETCH_TOO_LARGE);
    cr_assert_eq(ask("/large", (FetchRequest){.body_size_max = 256 << 10}, &got), 0);
    cr_expect_eq(got.body.size, 256 << 10);
    fetch_response_deinit(&got);
}

static bool keep_first(void *context, const char *bytes, size_t size)
{
    buffer_add(context, bytes, size);
    return false;
}

Test(fetch, stream_is_given_in_chunks_until_its_reader_has_enough)
{
    cleanup(buffer_deinit) Buffer first;
    FetchResponse got;

    buffer_init(&first, 0);
    cr_expect_eq(
        ask("/stream",
            (FetchRequest){.chunk = keep_first, .context = &first, .timeout_ms = FETCH_FOREVER},
            &got),
        FETCH_STOPPED);
    cr_expect_str_eq(buffer_text(&first), "first");
    cr_expect_eq(ask("/large-error",
                     (FetchRequest){.chunk = keep_first, .context = &first, .body_size_max = 9},
                     &got),
                 FETCH_TOO_LARGE, "a failure is no part of the stream");
    cr_expect_str_eq(buffer_text(&first), "first");
}

static void *stop_soon(void *stop)
{
    usleep(100000);
    fetch_stop_request(stop);
    return NULL;
}

static bool keep_all(void *context, const char *bytes, size_t size)
{
    buffer_add(context, bytes, size);
    return true;
}

Test(fetch, stop_from_another_thread_ends_a_stream_at_once)
{
    cleanup(buffer_deinit) Buffer all;
    FetchStop stop;
    FetchResponse got;
    pthread_t thread;
    int64_t start = now_ms();

    buffer_init(&all, 0);
    cr_assert_eq(fetch_stop_init(&stop, &err), 0);
    pthread_create(&thread, NULL, stop_soon, &stop);
    cr_expect_eq(
        ask("/stream",
            (FetchRequest){
                .chunk = keep_all, .context = &all, .timeout_ms = FETCH_FOREVER, .stop = &stop},
            &got),
        FETCH_STOPPED);
    pthread_join(thread, NULL);
    fetch_stop_deinit(&stop);
    cr_expect_str_eq(buffer_text(&all), "first");
    cr_expect_lt(now_ms() - start, 900, "not only when the client looks around");
    for (int i = 0; i < 100 && atomic_load(&server.streams_closed) == 0; i++)
        usleep(10000);
    cr_expect_eq(atomic_load(&server.streams_closed), 1);
}

Test(fetch, requests_that_would_smuggle_are_not_tried)
{
    cleanup(json_free) Json *headers = json_new_object();
    FetchResponse got;

    json_set_string(headers, "A", "1\r\nB: 2");
    cr_expect_lt(ask("/", (FetchRequest){.headers = headers}, &got), 0);
    cr_expect_not_null(strstr(err.message, "'A' cannot be sent"), "%s", err.message);
    cr_expect_eq(fetch(fetcher, &(FetchRequest){.url = "file:///etc/passwd"}, &got, &err),
                 FETCH_NOT_SENT);
    cr_expect_lt(ask("/", (FetchRequest){.method = "POST", .body_file = "/nonexistent"}, &got), 0);
    cr_expect_eq(atomic_load(&server.requests), 0);
}
