#include "providers/sdk/server_call.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>

#include <event2/bufferevent_ssl.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>

#include "lang/base/memory.h"
#include "providers/sdk/http.h"
#include "providers/sdk/members.h"
#include "providers/sdk/problem.h"

#define CONNECTIONS_MAX 1024
#define HEADERS_MAX (64 << 10)
#define IDLE_TIMEOUT_S 120 /* longer than any wait for an operation */

typedef struct Waiter Waiter;

/* A request held back until its operation ends or its patience does. */
struct Waiter {
    struct evhttp_request *request;
    Operation *operation;
    struct event *timer;
    Waiter *next;
    bool is_poll; /* GET of the operation: its resource is the answer, whatever the state */
};

typedef struct Route {
    int method;
    const char *path;
    bool takes_body;
    void (*handle)(Call *call);
} Route;

void call_problem(Call *call, const char *code, const char *detail)
{
    ProviderProblem problem = {0};

    provider_problem(&problem, code, "not_applied", false, "%s", detail);
    http_send_problem(call->request, &problem, NULL);
}

const char *call_parameter(const Call *call, const char *name)
{
    return evhttp_find_header(&call->parameters, name);
}

const EngineOptions *call_options(const Call *call)
{
    return engine_options(call->server->engine);
}

/* ---- operations: answering, waiting ---- */

static void send_result(struct evhttp_request *request, const Operation *operation, bool replayed)
{
    cleanup(free) char *etag = operation->made != NULL ? memory_copy_string(operation->made->etag)
                                                       : text_get_string(operation->reply, "etag");
    Buffer answer = {0};

    if (etag != NULL)
        http_set_header(request, "ETag", etag);
    if (replayed)
        http_set_header(request, "Idempotency-Replayed", "true");
    if (text_get_bool(operation->problem, "retryable", false))
        http_set_retry_after(request, text_get_int(operation->problem, "retry_after_ms", 0));
    operation_put_answer(&answer, operation);
    http_send_text(request, operation->status, &answer);
}

static void send_operation(struct evhttp_request *request, int status, Operation *operation)
{
    cleanup(free) char *location = memory_format("/v1/operations/%s", operation->op);
    Buffer body = {0};

    if (status == 202)
        http_set_header(request, "Location", location);
    if (operation->open)
        http_set_header(request, "Retry-After", "1");
    operation_put(&body, operation);
    http_send_text(request, status, &body);
}

static void waiter_answer(Waiter *waiter)
{
    if (waiter->is_poll)
        send_operation(waiter->request, 200, waiter->operation);
    else if (waiter->operation->open)
        send_operation(waiter->request, 202, waiter->operation);
    else
        send_result(waiter->request, waiter->operation, false);
    event_free(waiter->timer);
    free(waiter);
}

static void waiter_timeout(evutil_socket_t fd, short events, void *context)
{
    Waiter *waiter = context;
    Waiter **link = &waiter->operation->waiters;

    (void)fd, (void)events;
    while (*link != waiter)
        link = &(*link)->next;
    *link = waiter->next;
    waiter_answer(waiter);
}

static void wait_for(Call *call, Operation *operation, int64_t wait_ms, bool is_poll)
{
    Waiter *waiter = memory_zero(1, sizeof *waiter);
    struct timeval patience = {wait_ms / 1000, (wait_ms % 1000) * 1000};

    waiter->request = call->request;
    waiter->operation = operation;
    waiter->is_poll = is_poll;
    waiter->timer = event_new(call->server->base, -1, 0, waiter_timeout, waiter);
    if (waiter->timer == NULL)
        abort();
    waiter->next = operation->waiters;
    operation->waiters = waiter;
    event_add(waiter->timer, &patience);
}

void server_operation_ended(void *server, Operation *operation)
{
    Waiter *waiter = operation->waiters;

    (void)server;
    operation->waiters = NULL;
    while (waiter != NULL) {
        Waiter *next = waiter->next;
        waiter_answer(waiter);
        waiter = next;
    }
}

/* ---- mutations ---- */

static Json *representation_json(const Instance *instance)
{
    cleanup(buffer_deinit) Buffer text = {0};

    instance_put_representation(&text, instance, NULL);
    return text_json(text.bytes);
}

static void send_refusal(struct evhttp_request *request, const Refusal *refusal)
{
    Json *more = json_new_object();

    if (refusal->running != NULL)
        json_set_string(more, "op", refusal->running->op);
    if (refusal->current != NULL) {
        http_set_header(request, "ETag", refusal->current->etag);
        json_set(more, "representation", representation_json(refusal->current));
    }
    http_send_problem(request, &refusal->problem, more);
}

static void submit(Call *call, OperationKind kind)
{
    const char *if_none_match = http_header(call->request, "If-None-Match");
    char key[128], client[256];
    Operation *operation = NULL;
    Refusal refusal = {0};
    int64_t fence;

    if (http_fence(call->request, call->body, &fence, &refusal.problem) < 0) {
        send_refusal(call->request, &refusal);
        return;
    }
    call_client_name(call, client, sizeof client);
    Mutation mutation = {
        .kind = kind,
        .type = call->names[0],
        .uid = call->names[1],
        .key = http_key(call->request, key, sizeof key) ? key : NULL,
        .digest = call->digest,
        .client = client,
        .if_match = http_header(call->request, "If-Match"),
        .if_none_match = if_none_match != NULL && strcmp(if_none_match, "*") == 0,
        .fence = fence,
        .traceparent = http_traceparent(call->request),
        .body = call->body,
    };
    int code = engine_submit(call->server->engine, &mutation, &operation, &refusal);
    if (code < 0)
        send_refusal(call->request, &refusal);
    else if (code == ENGINE_REPLAYED)
        send_result(call->request, operation, true);
    else
        wait_for(call, operation, http_wait_ms(call->request), false);
}

static void handle_put(Call *call)
{
    submit(call, OPERATION_RECONCILE);
}

static void handle_delete(Call *call)
{
    submit(call, OPERATION_REMOVE);
}

static void handle_action(Call *call)
{
    submit(call, OPERATION_RUN);
}

/* ---- operations ---- */

static void handle_operation(Call *call)
{
    Operation *operation = store_operation(call_options(call)->store, call->names[0]);
    const char *wait = call_parameter(call, "wait");
    int64_t wait_ms = http_number(wait, 0) * 1000;
    int64_t wait_max_ms = http_wait_ms(call->request);

    if (operation == NULL)
        call_problem(call, "NOT_FOUND", "no operation of this key was begun here");
    else if (!operation->open || wait_ms <= 0)
        send_operation(call->request, 200, operation);
    else
        wait_for(call, operation, wait_ms < wait_max_ms ? wait_ms : wait_max_ms, true);
}

/* POST /v1/operations/{op}:cancel */
static void handle_cancel(Call *call)
{
    static const char verb[] = ":cancel";
    size_t size = strlen(call->names[0]), verb_size = sizeof verb - 1;

    if (size <= verb_size || strcmp(call->names[0] + size - verb_size, verb) != 0) {
        call_problem(call, "NOT_FOUND", "the one thing to do to an operation is ':cancel'");
        return;
    }
    cleanup(free) char *op = memory_copy_bytes(call->names[0], size - verb_size);
    Operation *operation = store_operation(call_options(call)->store, op);
    if (operation == NULL) {
        call_problem(call, "NOT_FOUND", "no operation of this key was begun here");
        return;
    }
    ProviderProblem problem = {0};
    int64_t fence;
    if (http_fence(call->request, NULL, &fence, &problem) < 0 ||
        engine_check_fence(call->server->engine, operation->lineage, fence, &problem) < 0) {
        http_send_problem(call->request, &problem, NULL);
        return;
    }
    if (operation->open)
        engine_cancel(call->server->engine, operation);
    send_operation(call->request, operation->open ? 202 : 200, operation);
}

/* ---- routes ---- */

static const Route routes[] = {
    {EVHTTP_REQ_GET, "/.well-known/ved-provider", false, handle_handshake},
    {EVHTTP_REQ_GET, "/v1/health", false, handle_health},
    {EVHTTP_REQ_GET, "/v1/schema", false, handle_schema},
    {EVHTTP_REQ_POST, "/v1/validate", true, handle_validate},
    {EVHTTP_REQ_POST, "/v1/plan", true, handle_plan},
    {EVHTTP_REQ_POST, "/v1/observe", true, handle_observe},
    {EVHTTP_REQ_POST, "/v1/query", true, handle_query},
    {EVHTTP_REQ_POST, "/v1/lookup", true, handle_lookup},
    {EVHTTP_REQ_POST, "/v1/upgrade-state", true, handle_upgrade},
    {EVHTTP_REQ_GET, "/v1/events", false, handle_events},
    {EVHTTP_REQ_GET, "/v1/instances", false, handle_instances},
    {EVHTTP_REQ_GET, "/v1/instances/*/*", false, handle_instance},
    {EVHTTP_REQ_PUT, "/v1/instances/*/*", true, handle_put},
    {EVHTTP_REQ_DELETE, "/v1/instances/*/*", true, handle_delete},
    {EVHTTP_REQ_POST, "/v1/actions/*", true, handle_action},
    {EVHTTP_REQ_GET, "/v1/operations", false, handle_operations},
    {EVHTTP_REQ_GET, "/v1/operations/*", false, handle_operation},
    {EVHTTP_REQ_POST, "/v1/operations/*", false, handle_cancel},
};

/* Cut the path at its slashes and decode the parts; returns how many, -1: too many. */
static int call_split(Call *call, const char *path)
{
    int count = 0;

    while (*path == '/') {
        size_t size = strcspn(path + 1, "/");
        if (count == SEGMENTS_MAX)
            return -1;
        cleanup(free) char *raw = memory_copy_bytes(path + 1, size);
        call->segments[count++] = evhttp_uridecode(raw, 0, NULL);
        if (call->segments[count - 1] == NULL)
            return -1;
        path += 1 + size;
    }
    return count;
}

static bool route_matches(const Route *route, Call *call, int segment_count)
{
    const char *path = route->path;
    int at = 0, names = 0;

    call->names[0] = call->names[1] = NULL;
    for (; *path == '/' && at < segment_count; at++) {
        size_t size = strcspn(path + 1, "/");
        const char *segment = call->segments[at];
        if (size == 1 && path[1] == '*')
            call->names[names++] = segment;
        else if (strlen(segment) != size || strncmp(segment, path + 1, size) != 0)
            return false;
        path += 1 + size;
    }
    return *path == '\0' && at == segment_count;
}

static void call_route(Call *call, int segment_count)
{
    int method = (int)evhttp_request_get_command(call->request);
    ProviderProblem problem = {0};

    for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
        const Route *route = &routes[i];
        if (route->method != method || !route_matches(route, call, segment_count))
            continue;
        if (route->takes_body && !gate_has_room(call))
            return;
        if (route->takes_body &&
            http_read_body(call->request, &call->body, call->digest, &problem) < 0)
            http_send_problem(call->request, &problem, NULL);
        else
            route->handle(call);
        return;
    }
    call_problem(call, "NOT_FOUND", "there is no such path or method in VPP/1");
}

static void on_request(struct evhttp_request *request, void *context)
{
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
    const char *path = evhttp_uri_get_path(uri), *query = evhttp_uri_get_query(uri);
    Call call = {.server = context, .request = request};

    evhttp_parse_query_str(query != NULL ? query : "", &call.parameters);
    int segment_count = call_split(&call, path != NULL ? path : "");
    if (gate_admits(&call))
        call_route(&call, segment_count);
    for (int i = 0; i < SEGMENTS_MAX; i++)
        free(call.segments[i]);
    evhttp_clear_headers(&call.parameters);
    json_free(call.body);
}

/* ---- connections ---- */

/* OpenSSL calls this when the TLS object of a connection is freed: the one sure sign of its end. */
static void on_connection_end(void *parent, void *mark, CRYPTO_EX_DATA *data, int index, long argl,
                              void *context)
{
    Server *server = context;

    (void)parent, (void)data, (void)index, (void)argl;
    if (mark == NULL)
        return;
    if (server->connection_count-- == CONNECTIONS_MAX)
        evconnlistener_enable(server->listener);
}

static struct bufferevent *on_connection(struct event_base *base, void *context)
{
    Server *server = context;
    SSL *ssl = SSL_new(server->tls);

    /* Returning NULL here would make evhttp serve the connection without TLS. */
    if (ssl == NULL || SSL_set_ex_data(ssl, server->ssl_index, server) != 1)
        abort();
    struct bufferevent *bev = bufferevent_openssl_socket_new(
        base, -1, ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
    if (bev == NULL)
        abort();
    bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
    if (++server->connection_count == CONNECTIONS_MAX)
        evconnlistener_disable(server->listener);
    return bev;
}

/* Accepted sockets inherit this. Without it the second record of a reply waits for the client's
 * delayed acknowledgement of the first: 40 ms for each request. */
static void send_without_delay(struct evhttp_bound_socket *socket)
{
    int on = 1;

    setsockopt(evhttp_bound_socket_get_fd(socket), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static uint16_t bound_port(struct evhttp_bound_socket *socket)
{
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof address;

    if (getsockname(evhttp_bound_socket_get_fd(socket), (struct sockaddr *)&address, &size) < 0)
        return 0;
    if (address.ss_family == AF_INET6) {
        struct sockaddr_in6 six;
        memcpy(&six, &address, sizeof six);
        return ntohs(six.sin6_port);
    }
    struct sockaddr_in four;
    memcpy(&four, &address, sizeof four);
    return ntohs(four.sin_port);
}

int server_new(const ServerOptions *options, Server **ret, Error *err)
{
    Server *server = memory_zero(1, sizeof *server);

    server->base = options->base;
    server->tls = options->tls;
    server->token_file = options->token_file;
    server->ssl_index = SSL_get_ex_new_index(0, server, NULL, NULL, on_connection_end);
    server->http = evhttp_new(options->base);
    if (server->http == NULL)
        abort();
    evhttp_set_bevcb(server->http, on_connection, server);
    evhttp_set_gencb(server->http, on_request, server);
    evhttp_set_max_headers_size(server->http, HEADERS_MAX);
    /* Somewhat more than allowed, so that what is a little too large gets a problem to read. */
    evhttp_set_max_body_size(server->http, 2 * HTTP_BODY_MAX);
    /* Read what is too large to its end without keeping it, or its sender never sees the 413. */
    evhttp_set_flags(server->http, EVHTTP_SERVER_LINGERING_CLOSE);
    evhttp_set_timeout(server->http, IDLE_TIMEOUT_S);
    evhttp_set_allowed_methods(server->http, EVHTTP_REQ_GET | EVHTTP_REQ_PUT | EVHTTP_REQ_POST |
                                                 EVHTTP_REQ_DELETE);
    struct evhttp_bound_socket *socket =
        evhttp_bind_socket_with_handle(server->http, options->host, options->port);
    if (socket == NULL) {
        int errnum = EVUTIL_SOCKET_ERROR();
        evhttp_free(server->http);
        free(server);
        return error_errno(err, errnum, "listen on '%s:%u'", options->host, options->port);
    }
    server->listener = evhttp_bound_socket_get_listener(socket);
    server->port = bound_port(socket);
    send_without_delay(socket);
    *ret = server;
    return 0;
}

void server_attach(Server *server, Engine *engine)
{
    server->engine = engine;
    server->rate = rate_limit(engine_options(engine)->provider->rate_per_s, clock_now_ms());
    events_attach(server);
}

uint16_t server_port(const Server *server)
{
    return server->port;
}
