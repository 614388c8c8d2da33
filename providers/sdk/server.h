/* The HTTPS server of a plugin: connections, routes, and the requests that wait for an operation.
 *
 * It speaks TLS only, with client certificates; where there is a token file, who has no certificate
 * must send its token with each request. There is no way to reach a route without either. */
#ifndef VED_SDK_SERVER_H
#define VED_SDK_SERVER_H

#include <event2/event.h>
#include <openssl/ssl.h>

#include "providers/sdk/engine.h"

typedef struct Server Server;

typedef struct ServerOptions {
    struct event_base *base;
    SSL_CTX *tls; /* borrowed */
    const char *host;
    uint16_t port;          /* 0: any free one */
    const char *token_file; /* borrowed; NULL: who has no certificate has no way in */
} ServerOptions;

/* Listen; requests are answered once server_attach() has given it an engine. */
int server_new(const ServerOptions *options, Server **ret, Error *err);
void server_attach(Server *server, Engine *engine);
uint16_t server_port(const Server *server);

/* EngineOptions.ended with the server as context: answer those who wait for it. */
void server_operation_ended(void *server, Operation *operation);

#endif
