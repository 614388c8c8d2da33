/* The sample application: a web page that counts the guests in its database.
 *
 * HOST and PORT say where it listens, DATABASE_URL which database it uses. GET / is the page,
 * GET /healthz says whether the application serves, whatever the database does. */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>

#include "cmd/ved-sample-app/database.h"
#include "cmd/ved-sample-app/page.h"
#include "lang/base/memory.h"

#define HOST_DEFAULT "127.0.0.1"
#define PORT_DEFAULT "8080"
#define REQUEST_TIMEOUT_S 30
#define HEADERS_SIZE_MAX 16384
#define PAGE_SIZE_MAX (1 << 20)

/* A request that waits for the database; `request` is NULL once its client has gone. */
typedef struct Visit {
    struct evhttp_request *request;
} Visit;

static void reply(struct evhttp_request *request, int status, const char *type, const char *text)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
    struct evbuffer *body = evbuffer_new();
    char size[32];

    evhttp_add_header(headers, "Content-Type", type);
    evhttp_add_header(headers, "Cache-Control", "no-store");
    if (evhttp_request_get_command(request) == EVHTTP_REQ_HEAD) {
        snprintf(size, sizeof size, "%zu", strlen(text));
        evhttp_add_header(headers, "Content-Length", size);
    } else {
        evbuffer_add(body, text, strlen(text));
    }
    evhttp_send_reply(request, status, NULL, body);
    evbuffer_free(body);
}

static void reply_page(struct evhttp_request *request, int status, const Buffer *page)
{
    reply(request, status, "text/html; charset=utf-8", buffer_text(page));
}

static void on_gone(struct evhttp_connection *connection, void *context)
{
    Visit *visit = context;

    (void)connection;
    visit->request = NULL;
}

static void on_guests(const Guests *guests, const char *why, void *context)
{
    Visit *visit = context;
    cleanup(buffer_deinit) Buffer page;

    buffer_init(&page, PAGE_SIZE_MAX);
    if (visit->request != NULL) {
        evhttp_connection_set_closecb(evhttp_request_get_connection(visit->request), NULL, NULL);
        if (guests != NULL)
            page_with_guests(&page, guests);
        else
            page_without_answer(&page, why);
        reply_page(visit->request, guests != NULL ? HTTP_OK : HTTP_SERVUNAVAIL, &page);
    }
    free(visit);
}

static void on_root(struct evhttp_request *request, void *context)
{
    Database *database = context;
    cleanup(buffer_deinit) Buffer page;

    buffer_init(&page, PAGE_SIZE_MAX);
    if (database == NULL) {
        page_without_database(&page);
        reply_page(request, HTTP_OK, &page);
        return;
    }
    Visit *visit = memory_zero(1, sizeof *visit);
    visit->request = request;
    evhttp_connection_set_closecb(evhttp_request_get_connection(request), on_gone, visit);
    database_ask(database, on_guests, visit);
}

static void on_health(struct evhttp_request *request, void *context)
{
    (void)context;
    reply(request, HTTP_OK, "text/plain", "ok\n");
}

static void on_other(struct evhttp_request *request, void *context)
{
    (void)context;
    reply(request, HTTP_NOTFOUND, "text/plain", "There is no such page.\n");
}

static void on_signal(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    event_base_loopbreak(context);
}

static bool read_port(const char *text, uint16_t *ret)
{
    char *end = NULL;
    long port = strtol(text, &end, 10);

    if (end == text || *end != '\0' || port < 1 || port > UINT16_MAX)
        return false;
    *ret = (uint16_t)port;
    return true;
}

static struct evhttp *serve(struct event_base *base, Database *database, const char *host,
                            uint16_t port)
{
    struct evhttp *http = evhttp_new(base);

    evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
    evhttp_set_timeout(http, REQUEST_TIMEOUT_S);
    evhttp_set_max_headers_size(http, HEADERS_SIZE_MAX);
    evhttp_set_max_body_size(http, HEADERS_SIZE_MAX);
    evhttp_set_cb(http, "/", on_root, database);
    evhttp_set_cb(http, "/healthz", on_health, NULL);
    evhttp_set_gencb(http, on_other, NULL);
    if (evhttp_bind_socket(http, host, port) == 0)
        return http;
    evhttp_free(http);
    return NULL;
}

static int run(struct event_base *base, const char *host, uint16_t port)
{
    const char *url = getenv("DATABASE_URL");
    bool has_database = url != NULL && url[0] != '\0';
    Database *database = has_database ? database_new(base, url) : NULL;
    struct evhttp *http = serve(base, database, host, port);
    struct event *term = evsignal_new(base, SIGTERM, on_signal, base);
    struct event *interrupt = evsignal_new(base, SIGINT, on_signal, base);

    if (http == NULL) {
        fprintf(stderr, "ved-sample-app: cannot listen on port %u of %s: set PORT to another\n",
                (unsigned)port, host);
    } else {
        event_add(term, NULL);
        event_add(interrupt, NULL);
        printf("ved-sample-app: http://%s:%u/, %s\n", host, (unsigned)port,
               has_database ? "with a database" : "without a database");
        fflush(stdout);
        event_base_dispatch(base);
        evhttp_free(http);
    }
    event_free(term);
    event_free(interrupt);
    database_free(database);
    return http != NULL ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(void)
{
    const char *host = getenv("HOST");
    const char *text = getenv("PORT");
    uint16_t port;

    signal(SIGPIPE, SIG_IGN);
    if (!read_port(text != NULL ? text : PORT_DEFAULT, &port)) {
        fprintf(stderr, "ved-sample-app: PORT: expected 1 to 65535, found '%s'\n", text);
        return 64;
    }
    struct event_base *base = event_base_new();
    if (base == NULL) {
        fprintf(stderr, "ved-sample-app: no event loop\n");
        return 70;
    }
    int code = run(base, host != NULL ? host : HOST_DEFAULT, port);
    event_base_free(base);
    return code;
}
