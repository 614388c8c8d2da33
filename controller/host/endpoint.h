/* One provider as it can be reached: a plugin process of ours or a URL. Internal to the provider
 * client.
 *
 * It is greeted (handshake, schema) before anything else is sent, and again whenever its process
 * has been started anew. What wants to send holds a slot: slots are given to the domains in turn,
 * as many at once as the limits allow, and none while the endpoint is not up or its circuit is
 * open. A retry goes before what is asked for the first time, as long as there is a retry budget.
 */
#ifndef VED_HOST_ENDPOINT_H
#define VED_HOST_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "controller/host/http.h"
#include "controller/host/plugin.h"
#include "controller/host/provider_client.h"
#include "controller/host/slot_queue.h"

#define ENDPOINT_CIRCUIT_FAILURES 5

typedef struct Endpoint Endpoint;

typedef enum EndpointState {
#define ENDPOINT_STATE(name, text, next) ENDPOINT_##name,
#include "controller/host/endpoint_state.def"
#undef ENDPOINT_STATE
} EndpointState;

typedef struct EndpointOptions {
    Loop *loop;
    HttpClient *http;
    const ProviderTiming *timing; /* filled in; must outlive the endpoint */
    const char *name;             /* for messages */
    const char *url;              /* or NULL and `plugin` says what to start */
    const PluginOptions *plugin;
    const char *tls_ca, *tls_cert, *tls_key, *token_file;
    int concurrency;
    double rate_per_s;
    bool allow_short_ttl;
    int64_t start_ms; /* to be up, each time */
    uint64_t seed;
    void (*changed)(void *context); /* up or down */
    void *context;
} EndpointOptions;

Endpoint *endpoint_new(const EndpointOptions *options);
void endpoint_free(Endpoint *endpoint);

/* One more name with limits of its own is bound to it: the stricter ones hold. */
void endpoint_restrict(Endpoint *endpoint, const ProviderBinding *binding);

void endpoint_start(Endpoint *endpoint);

/* Let the plugin end, greet no more. False from endpoint_is_running() says it has ended. */
void endpoint_stop(Endpoint *endpoint);
void endpoint_kill(Endpoint *endpoint); /* after endpoint_stop(): no more waiting */
bool endpoint_is_running(const Endpoint *endpoint);
void endpoint_describe(const Endpoint *endpoint, ProviderStatus *ret);

EndpointState endpoint_state(const Endpoint *endpoint);
const Error *endpoint_error(const Endpoint *endpoint); /* why it is down */
const ProviderSchema *endpoint_schema(const Endpoint *endpoint);
size_t endpoint_batch_max(const Endpoint *endpoint);
size_t endpoint_body_max(const Endpoint *endpoint);
bool endpoint_has_token(const Endpoint *endpoint);

/* Wait for a slot, whose `again` says whether it is for a retry; give one back or stop waiting
 * (both fine if there is nothing to give back). */
void endpoint_wait(Endpoint *endpoint, Slot *slot);
void endpoint_leave(Endpoint *endpoint, Slot *slot);

/* Send one request now. `headers` beyond those every request has, ended by NULL, or NULL; body and
 * what `request` points to as in http_start(); `url` and `tls` are filled in here. */
HttpTransfer *endpoint_send(Endpoint *endpoint, const char *path, HttpRequest *request,
                            HttpDone *done, void *context);

/* What a request met, told for each one: feeds the circuit. A throttled one halves the number of
 * slots, which grows back with successes. */
void endpoint_report(Endpoint *endpoint, const HttpReply *reply);

/* A delay of full jitter before try number `tries` + 1: 0 .. first * 2^tries, at most the longest.
 */
int64_t endpoint_backoff_ms(Endpoint *endpoint, unsigned tries);

#endif
