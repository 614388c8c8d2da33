#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "lang/base/memory.h"
#include "tests/lib/local/fixture.h"

/* A server for one connection: keeps what it read, answers with `answer` (NULL: closes at once). */
typedef struct Server {
    int fd;
    int port;
    const char *answer;
    size_t padding; /* bytes of 'x' after the answer */
    char request[4096];
    pthread_t thread;
} Server;

static Fixture fixture;
static Server server;

static void *serve(void *context)
{
    Server *it = context;
    int client = accept(it->fd, NULL, NULL);
    ssize_t got = 0, size = 0;

    while (strstr(it->request, "\r\n\r\n") == NULL && size < (ssize_t)sizeof it->request - 1 &&
           (got = read(client, it->request + size, sizeof it->request - 1 - (size_t)size)) > 0)
        size += got;
    if (it->answer != NULL)
        send(client, it->answer, strlen(it->answer), MSG_NOSIGNAL);
    for (size_t i = 0; i < it->padding; i += 1000) {
        char block[1000];
        memset(block, 'x', sizeof block);
        if (send(client, block, sizeof block, MSG_NOSIGNAL) < 0)
            break;
    }
    close(client);
    return NULL;
}

static void server_start(const char *answer, size_t padding)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;

    server = (Server){.answer = answer, .padding = padding};
    server.fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(bind(server.fd, (struct sockaddr *)&address, size), 0);
    cr_assert_eq(listen(server.fd, 1), 0);
    getsockname(server.fd, (struct sockaddr *)&address, &size);
    server.port = ntohs(address.sin_port);
    pthread_create(&server.thread, NULL, serve, &server);
}

static int ask(const char *more)
{
    cleanup(free) char *arguments =
        memory_format("{\"url\":\"http://127.0.0.1:%d/p?q\"%s}", server.port, more);
    int code = fixture_run(&fixture, "HttpRequest", arguments);

    pthread_join(server.thread, NULL);
    close(server.fd);
    return code;
}

static void setup(void)
{
    fixture_init(&fixture, NULL);
}

static void teardown(void)
{
    fixture_deinit(&fixture);
}

TestSuite(http_request, .init = setup, .fini = teardown, .timeout = 30);

Test(http_request, gives_status_headers_and_body)
{
    server_start(
        "HTTP/1.1 404 Not Found\r\nX-One: a\r\nX-One: b\r\nContent-Length: 4\r\n\r\nhm\xc3\xa9", 0);
    cr_assert_eq(ask(""), 0, "%s", fixture.problem.detail);
    cr_expect_eq(fixture_int(&fixture, "status"), 404);
    cr_expect_str_eq(fixture_string(&fixture, "body"), "hm\xc3\xa9");
    cr_expect_str_eq(json_get_string(json_get(fixture.reply.state, "headers"), "x-one", ""),
                     "a, b");
}

Test(http_request, sends_method_headers_body_and_its_key)
{
    server_start("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0);
    cr_assert_eq(
        ask(",\"method\":\"POST\",\"body\":\"hi\",\"headers\":{\"X-A\":\"1\",\"X-Empty\":\"\"}"),
        0);
    cr_expect(strncmp(server.request, "POST /p?q HTTP/1.1\r\n", 20) == 0, "%s", server.request);
    cr_expect(strstr(server.request, "\r\nX-A: 1\r\n") != NULL);
    cr_expect(strstr(server.request, "\r\nX-Empty:\r\n") != NULL);
    cr_expect(strstr(server.request, "\r\nContent-Length: 2\r\n") != NULL);
    cr_expect(strstr(server.request, "\r\nIdempotency-Key: \"0000") != NULL);
}

Test(http_request, passes_the_trace_on_unless_the_program_has_its_own)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

    server_start(answer, 0);
    cr_assert_eq(ask(""), 0);
    cr_expect_null(strstr(server.request, "traceparent"));
    fixture.traceparent = "00-trace-parent-01";
    server_start(answer, 0);
    cr_assert_eq(ask(""), 0);
    cr_expect_not_null(strstr(server.request, "\r\ntraceparent: 00-trace-parent-01\r\n"));
    server_start(answer, 0);
    cr_assert_eq(ask(",\"headers\":{\"Traceparent\":\"own\"}"), 0);
    cr_expect_not_null(strstr(server.request, "\r\nTraceparent: own\r\n"));
    cr_expect_null(strstr(server.request, "00-trace"));
}

Test(http_request, body_that_is_no_text_comes_as_base64)
{
    server_start("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n\xff\xfe!", 0);
    cr_assert_eq(ask(""), 0);
    cr_expect_str_eq(fixture_string(&fixture, "body"), "");
    cr_expect_str_eq(fixture_string(&fixture, "body_base64"), "//4h");
}

Test(http_request, answer_beyond_the_ceiling_is_an_error)
{
    server_start("HTTP/1.0 200 OK\r\n\r\n", 2 << 20);
    cr_expect_eq(ask(""), -1);
    cr_expect(strstr(fixture.problem.detail, "larger than") != NULL, "%s", fixture.problem.detail);
}

Test(http_request, redirect_is_a_result)
{
    server_start("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
                 0);
    cr_assert_eq(ask(""), 0);
    cr_expect_eq(fixture_int(&fixture, "status"), 302);
}

Test(http_request, post_without_an_answer_has_an_unknown_outcome)
{
    server_start(NULL, 0);
    cr_expect_eq(ask(",\"method\":\"POST\""), -1);
    cr_expect_str_eq(fixture.problem.outcome, "unknown");
    cr_expect_not(fixture.problem.retryable);
    server_start(NULL, 0);
    cr_expect_eq(ask(""), -1);
    cr_expect(fixture.problem.retryable, "a GET may be sent again");
}

Test(http_request, post_that_was_cut_off_is_not_sent_again)
{
    fixture.resumed = true;
    cr_expect_eq(fixture_run(&fixture, "HttpRequest",
                             "{\"url\":\"http://127.0.0.1:1/\",\"method\":\"POST\"}"),
                 -1);
    cr_expect_str_eq(fixture.problem.outcome, "unknown");
}

Test(http_request, refused_connection_changed_nothing)
{
    cr_expect_eq(fixture_run(&fixture, "HttpRequest",
                             "{\"url\":\"http://127.0.0.1:1/\",\"method\":\"POST\"}"),
                 -1);
    cr_expect_str_eq(fixture.problem.outcome, "not_applied");
    cr_expect(fixture.problem.retryable);
}

Test(http_request, arguments_that_would_smuggle_are_refused)
{
    static const struct {
        const char *arguments, *pointer;
    } cases[] = {
        {"{\"url\":\"file:///etc/passwd\"}", "/url"},
        {"{\"url\":\"http://x/\",\"method\":\"GET / HTTP/1.1\"}", "/method"},
        {"{\"url\":\"http://x/\",\"headers\":{\"A\":\"1\\r\\nB: 2\"}}", "/headers"},
        {"{\"url\":\"http://x/\",\"headers\":{\"A: 1\\r\\nB\":\"2\"}}", "/headers"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        cr_expect_eq(fixture_validate(&fixture, "HttpRequest", cases[i].arguments), -1);
        cr_expect_str_eq(fixture.problem.pointer, cases[i].pointer);
    }
}
