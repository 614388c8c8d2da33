#include "tests/lib/host/faulty_server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/listener.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "lang/base/buffer.h"
#include "lang/base/memory.h"

#define FAULTS_MAX 64
#define BODIES_MAX 64
#define HUGE_SIZE (5u << 20)

typedef struct Connection {
    struct Connection *next, **link;
    FaultyServer *server;
    struct bufferevent *stream;
    bool busy, closing;
} Connection;

struct FaultyServer {
    Loop *loop;
    SSL_CTX *tls;
    struct evconnlistener *listener;
    char url[64];
    const char *handshake, *schema, *health;
    Fault faults[FAULTS_MAX];
    size_t fault_count, fault_at;
    Connection *connections;
    char *bodies[BODIES_MAX]; /* key and bytes of different requests */
    size_t body_count;
    Buffer log, last;
    size_t busy, peak;
};

static void connection_close(Connection *connection)
{
    *connection->link = connection->next;
    if (connection->next)
        connection->next->link = connection->link;
    if (connection->busy)
        connection->server->busy--;
    bufferevent_free(connection->stream);
    free(connection);
}

static const Fault *fault_next(FaultyServer *server)
{
    static const Fault past = {.status = 500};

    return server->fault_at < server->fault_count ? &server->faults[server->fault_at++] : &past;
}

static bool drop_is_next(const FaultyServer *server)
{
    return server->fault_at < server->fault_count &&
           server->faults[server->fault_at].kind == FAULT_DROP_UNREAD;
}

static void reply(Connection *connection, const Fault *fault)
{
    struct evbuffer *out = bufferevent_get_output(connection->stream);
    const char *body = fault->body ? fault->body : "";

    connection->closing = drop_is_next(connection->server);
    evbuffer_add_printf(out, "HTTP/1.1 %d Scripted\r\nContent-Length: %zu\r\n%s%s\r\n%s",
                        fault->status, strlen(body),
                        connection->closing ? "Connection: close\r\n" : "",
                        fault->headers ? fault->headers : "", body);
    connection->busy = false;
    connection->server->busy--;
}

static void reply_huge(Connection *connection)
{
    struct evbuffer *out = bufferevent_get_output(connection->stream);
    char *body = memory_alloc(HUGE_SIZE);

    memset(body, ' ', HUGE_SIZE);
    evbuffer_add_printf(out, "HTTP/1.1 200 OK\r\nContent-Length: %u\r\n\r\n", HUGE_SIZE);
    evbuffer_add(out, body, HUGE_SIZE);
    free(body);
}

static void reply_headers(Connection *connection)
{
    struct evbuffer *out = bufferevent_get_output(connection->stream);

    evbuffer_add_printf(out, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 4000; i++)
        evbuffer_add_printf(out, "X-%04d: %090d\r\n", i, i);
    evbuffer_add_printf(out, "Content-Length: 2\r\n\r\n{}");
}

/* ---- the log ---- */

/* The line of a header, whose name is given with the line end before it. */
static char *header_copy(const char *head, const char *name)
{
    const char *at = strcasestr(head, name);

    return at ? memory_copy_bytes(at + 1, strcspn(at + 1, "\r\n")) : memory_copy_string("");
}

static size_t body_number(FaultyServer *server, const char *head, const char *body, size_t size)
{
    cleanup(free) char *key = header_copy(head, "\nIdempotency-Key:");
    char *both = memory_format("%s\n%.*s", key, (int)size, body);

    for (size_t i = 0; i < server->body_count; i++) {
        if (strcmp(server->bodies[i], both) == 0) {
            free(both);
            return i + 1;
        }
    }
    assert(server->body_count < BODIES_MAX);
    server->bodies[server->body_count++] = both;
    return server->body_count;
}

static void log_request(FaultyServer *server, const char *head, const char *body, size_t size)
{
    size_t line = strcspn(head, "?\r\n");
    const char *end = memmem(head, line, " HTTP", 5);

    buffer_add(&server->log, head, end ? (size_t)(end - head) : line);
    if (size > 0) {
        buffer_add_format(&server->log, " #%zu", body_number(server, head, body, size));
        buffer_reset(&server->last);
        buffer_add_string(&server->last, head);
        buffer_add(&server->last, body, size);
    }
    buffer_add_char(&server->log, '\n');
}

/* ---- requests ---- */

static bool answer_greeting(Connection *connection, const char *head)
{
    const FaultyServer *server = connection->server;
    Fault good = {.status = 200};

    if (strstr(head, "GET /.well-known/ved-provider ") == head)
        good.body = server->handshake;
    else if (strstr(head, "GET /v1/schema ") == head)
        good.body = server->schema;
    else if (strstr(head, "GET /v1/health ") == head)
        good.body = server->health;
    else
        return false;
    reply(connection, &good);
    return true;
}

static void answer(Connection *connection)
{
    const Fault *fault = fault_next(connection->server);
    struct evbuffer *out = bufferevent_get_output(connection->stream);

    switch (fault->kind) {
    case FAULT_NONE:
        reply(connection, fault);
        return;
    case FAULT_DROP_UNREAD: /* of a connection that was kept: it has been read by now */
    case FAULT_DROP_READ:
        connection_close(connection);
        return;
    case FAULT_SILENT:
        return;
    case FAULT_GARBAGE:
        evbuffer_add_printf(out, "\x01\x02 what? %s", "\r\n\r\n");
        connection->closing = true;
        return;
    case FAULT_HUGE:
        reply_huge(connection);
        return;
    case FAULT_HEADERS:
        reply_headers(connection);
        return;
    case FAULT_STALL:
        evbuffer_add_printf(out, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"uid\":");
        return;
    }
}

static void on_read(struct bufferevent *stream, void *context)
{
    Connection *connection = context;
    FaultyServer *server = connection->server;
    struct evbuffer *in = bufferevent_get_input(stream);
    struct evbuffer_ptr end = evbuffer_search(in, "\r\n\r\n", 4, NULL);
    cleanup(free) char *head = NULL;
    cleanup(free) char *body = NULL;
    cleanup(free) char *length = NULL;
    size_t head_size, body_size;

    if (end.pos < 0)
        return;
    head_size = (size_t)end.pos + 4;
    head = memory_alloc(head_size + 1);
    evbuffer_copyout(in, head, head_size);
    head[head_size] = '\0';
    length = header_copy(head, "\nContent-Length:");
    body_size = length[0] ? (size_t)atol(strchr(length, ':') + 1) : 0;
    if (evbuffer_get_length(in) < head_size + body_size)
        return;
    evbuffer_drain(in, head_size);
    body = memory_zero(body_size + 1, 1);
    evbuffer_remove(in, body, body_size);
    connection->busy = true;
    server->busy++;
    if (server->busy > server->peak)
        server->peak = server->busy;
    if (answer_greeting(connection, head))
        return;
    log_request(server, head, body, body_size);
    answer(connection);
}

static void on_written(struct bufferevent *stream, void *context)
{
    Connection *connection = context;

    (void)stream;
    if (connection->closing)
        connection_close(connection);
}

static void on_event(struct bufferevent *stream, short what, void *context)
{
    (void)stream;
    if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
        connection_close(context);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *peer,
                      int size, void *context)
{
    FaultyServer *server = context;
    Connection *connection;

    (void)listener;
    (void)peer;
    (void)size;
    if (drop_is_next(server)) {
        server->fault_at++;
        buffer_add_string(&server->log, "(dropped)\n");
        close(fd);
        return;
    }
    connection = memory_zero(1, sizeof *connection);
    connection->server = server;
    connection->stream = bufferevent_openssl_socket_new(
        loop_base(server->loop), fd, SSL_new(server->tls), BUFFEREVENT_SSL_ACCEPTING,
        BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
    connection->next = server->connections;
    connection->link = &server->connections;
    if (connection->next)
        connection->next->link = &connection->next;
    server->connections = connection;
    bufferevent_setcb(connection->stream, on_read, on_written, on_event, connection);
    bufferevent_enable(connection->stream, EV_READ | EV_WRITE);
}

/* ---- life ---- */

static SSL_CTX *tls_new(const char *dir)
{
    cleanup(free) char *cert = memory_format("%s/tls.crt", dir);
    cleanup(free) char *key = memory_format("%s/tls.key", dir);
    cleanup(free) char *ca = memory_format("%s/ca.crt", dir);
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());

    SSL_CTX_set_min_proto_version(tls, TLS1_3_VERSION);
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_session_id_context(tls, (const unsigned char *)"faulty", 6);
    if (SSL_CTX_use_certificate_file(tls, cert, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_load_verify_locations(tls, ca, NULL) != 1)
        abort();
    return tls;
}

FaultyServer *faulty_server_new(Loop *loop, const char *tls_dir)
{
    FaultyServer *server = memory_zero(1, sizeof *server);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;

    server->loop = loop;
    server->tls = tls_new(tls_dir);
    server->health = "{\"ready\":true,\"reason\":\"\"}";
    server->handshake = "{\"name\":\"faulty\",\"vendor_version\":\"1\",\"protocol\":{\"versions\":"
                        "[\"1.0\"]},\"idempotency\":{\"ttl_s\":2592000}}";
    server->schema = "{\"effects\":{},\"any\":{\"kind\":\"instance\"}}";
    server->listener = evconnlistener_new_bind(loop_base(loop), on_accept, server,
                                               LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 16,
                                               (struct sockaddr *)&address, sizeof address);
    if (!server->listener || getsockname(evconnlistener_get_fd(server->listener),
                                         (struct sockaddr *)&address, &size) < 0)
        abort();
    snprintf(server->url, sizeof server->url, "https://127.0.0.1:%d", ntohs(address.sin_port));
    return server;
}

void faulty_server_free(FaultyServer *server)
{
    while (server->connections)
        connection_close(server->connections);
    evconnlistener_free(server->listener);
    SSL_CTX_free(server->tls);
    for (size_t i = 0; i < server->body_count; i++)
        free(server->bodies[i]);
    buffer_deinit(&server->log);
    buffer_deinit(&server->last);
    free(server);
}

const char *faulty_server_url(const FaultyServer *server)
{
    return server->url;
}

void faulty_server_script(FaultyServer *server, const Fault *faults, size_t count)
{
    assert(count <= FAULTS_MAX);
    memcpy(server->faults, faults, count * sizeof *faults);
    server->fault_count = count;
    server->fault_at = 0;
    if (drop_is_next(server)) /* kept connections would not be accepted again */
        while (server->connections)
            connection_close(server->connections);
}

void faulty_server_set_health(FaultyServer *server, const char *json)
{
    server->health = json;
}

void faulty_server_set_handshake(FaultyServer *server, const char *json)
{
    server->handshake = json;
}

void faulty_server_set_schema(FaultyServer *server, const char *json)
{
    server->schema = json;
}

const char *faulty_server_log(const FaultyServer *server)
{
    return buffer_text(&server->log);
}

const char *faulty_server_last(const FaultyServer *server)
{
    return buffer_text(&server->last);
}

size_t faulty_server_peak(const FaultyServer *server)
{
    return server->peak;
}
