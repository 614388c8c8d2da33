/* What the files of the server share: a request on its way to a handler. Internal to the server. */
#ifndef VED_SDK_SERVER_CALL_H
#define VED_SDK_SERVER_CALL_H

#include <event2/http.h>
#include <event2/keyvalq_struct.h>

#include "providers/sdk/rate_limit.h"
#include "providers/sdk/server.h"

#define SEGMENTS_MAX 4

typedef struct EventPoll EventPoll;

struct Server {
    struct evhttp *http;
    struct evconnlistener *listener;
    struct event_base *base;
    SSL_CTX *tls;
    Engine *engine;
    const char *token_file; /* NULL: certificates only */
    RateLimit rate;
    EventPoll *polls; /* requests that wait for an event */
    struct event *feed_ready;
    size_t connection_count;
    int ssl_index; /* of the mark whose end counts a connection down */
    uint16_t port;
};

/* A request on its way to a handler. */
typedef struct Call {
    Server *server;
    struct evhttp_request *request;
    char *segments[SEGMENTS_MAX]; /* of the path, decoded */
    const char *names[2];         /* what stood for the '*' of the route */
    struct evkeyvalq parameters;  /* after the '?' */
    Json *body;                   /* NULL unless the route takes one */
    char digest[65];
} Call;

/* Answer with a problem that has changed nothing. */
void call_problem(Call *call, const char *code, const char *detail);

/* A parameter behind the '?', decoded; NULL: it is not there. */
const char *call_parameter(const Call *call, const char *name);

const EngineOptions *call_options(const Call *call);

/* May the client come in at all; is there room for one more request that asks something of the
 * provider (server_gate.c)? If not, it is answered. */
bool gate_admits(Call *call);
bool gate_has_room(Call *call);

/* Who it is, for people. */
void call_client_name(const Call *call, char *ret, size_t size);

/* GET /v1/events, and what answers those that wait (server_events.c). */
void handle_events(Call *call);
void events_attach(Server *server);

/* Handlers of requests that change nothing (server_read.c). Each answers. */
void handle_handshake(Call *call);
void handle_health(Call *call);
void handle_schema(Call *call);
void handle_validate(Call *call);
void handle_plan(Call *call);
void handle_observe(Call *call);
void handle_query(Call *call);
void handle_lookup(Call *call);
void handle_upgrade(Call *call);
void handle_instances(Call *call);
void handle_operations(Call *call);
void handle_instance(Call *call);

#endif
