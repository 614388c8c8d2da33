/* What the files of the provider client share. Internal: others use provider_client.h. */
#ifndef VED_HOST_PROVIDER_POOL_H
#define VED_HOST_PROVIDER_POOL_H

#include "controller/host/endpoint.h"
#include "lang/base/map.h"

typedef struct PendingCall PendingCall;
typedef struct PendingBatch PendingBatch;
struct ProviderEvents;

/* One endpoint and what makes it one: names that agree in it share it. */
typedef struct PoolEndpoint {
    struct PoolEndpoint *next;
    Endpoint *endpoint;
    char *key;    /* plugin, config, files */
    char *folder; /* of the plugin's data; NULL for URLs */
} PoolEndpoint;

/* A name the program uses. */
typedef struct PoolName {
    Endpoint *endpoint;
    int64_t timeout_ms; /* 0: not said */
} PoolName;

struct ProviderPool {
    Loop *loop;
    HttpClient *http;
    char *run_dir, *plugin_dir, *data_dir;
    int64_t provider_timeout_ms;
    ProviderTiming timing;
    uint64_t seed;
    PoolEndpoint *endpoints; /* in the order they were added */
    Map names;               /* -> PoolName */
    PendingCall *calls;
    Map calls_by_op; /* -> the newest with that key */
    PendingBatch *batches;
    struct ProviderEvents *listeners;
    size_t pending;
    uint64_t last_number;   /* calls and batches are numbered together: they wait in one queue */
    LoopTimer *start_timer; /* for the answer to a start with nothing to start */
    ProviderPoolStarted *started; /* NULL: nobody waits */
    void *started_context;
};

/* NULL: no such name. */
PoolName *pool_name(const ProviderPool *pool, const char *name);

/* `text` as one segment of a URL path; the caller frees it. */
char *url_segment(const char *text);

/* "Content-Digest: sha-256=:...:" of a body (RFC 9530); the caller frees it. */
char *content_digest_header(const void *body, size_t size);

/* Part of provider_calls_abandon() and of provider_pool_free(). */
void pending_calls_abandon(ProviderPool *pool);
void pending_calls_free(ProviderPool *pool);
void pending_batches_free(ProviderPool *pool);
void pool_listeners_free(ProviderPool *pool);

#endif
