/* What the files of an endpoint share. Internal: others use endpoint.h. */
#ifndef VED_HOST_ENDPOINT_PRIVATE_H
#define VED_HOST_ENDPOINT_PRIVATE_H

#include "controller/host/endpoint.h"
#include "controller/host/retry_budget.h"

struct Endpoint {
    EndpointOptions options; /* strings in it are not used after endpoint_new() */
    char *name, *url, *token_file;
    HttpTls tls;
    Plugin *plugin;
    EndpointState state;
    Error error;       /* why it is down */
    char reason[1024]; /* of the last failure */
    /* greeting */
    HttpTransfer *greeting;
    LoopTimer *greet_timer;
    int64_t greet_deadline_ms;
    int64_t launch_deadline_ms; /* to say an address again and again; 0: it has said one */
    unsigned greet_tries;
    bool greeted; /* the handshake is done, the schema is next */
    char *vendor_version;
    bool plans;
    ProviderSchema *schema;
    size_t batch_max, body_max;
    /* slots */
    SlotQueue waiting, waiting_again; /* for the first time; for a retry */
    size_t held_count;
    RetryBudget budget;
    LoopTimer *pump_timer;
    double slots, slots_max; /* now, and without throttling; a fraction grows to the next one */
    int64_t halved_ms;
    double rate_per_s, tokens;
    int64_t tokens_ms;
    /* circuit */
    unsigned failures;     /* in a row */
    int64_t open_until_ms; /* 0: closed */
    HttpTransfer *probe;   /* asks whether it may be closed */
    uint64_t random;
};

static inline int64_t endpoint_now_ms(const Endpoint *endpoint)
{
    return loop_now_ms(endpoint->options.loop);
}

void endpoint_move(Endpoint *endpoint, EndpointState state);
void endpoint_go_down(Endpoint *endpoint, int kind, const char *reason);

/* Begin to greet what listens now; and go on, as the greeting's timer (LoopCallback). */
void endpoint_greet(Endpoint *endpoint);
void endpoint_greet_again(void *context);

#endif
