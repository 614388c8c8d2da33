#include "controller/host/provider_pool.h"

#include <limits.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "controller/host/tls_files.h"
#include "lang/base/file.h"
#include "lang/base/hash.h"
#include "lang/base/memory.h"

#define PROVIDER_TIMEOUT_MS 300000
#define STOP_MS 5000
#define PROVIDERS_MAX 1000

/* ---- small things the other files use ---- */

PoolName *pool_name(const ProviderPool *pool, const char *name)
{
    return map_get(&pool->names, name);
}

char *url_segment(const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_~";
    Buffer segment = {0};

    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        /* A '.' is encoded too: "." and ".." would be taken for folders. */
        if (strchr(plain, *c))
            buffer_add_char(&segment, (char)*c);
        else
            buffer_add_format(&segment, "%%%02X", *c);
    }
    return buffer_take(&segment);
}

char *content_digest_header(const void *body, size_t size)
{
    uint8_t digest[SHA256_SIZE];
    unsigned char text[4 * ((SHA256_SIZE + 2) / 3) + 1];

    sha256(body, size, digest);
    EVP_EncodeBlock(text, digest, sizeof digest);
    return memory_format("Content-Digest: sha-256=:%s:", (const char *)text);
}

/* All up, or one down: whoever waits is told, once. */
static void on_endpoint_changed(void *context)
{
    ProviderPool *pool = context;
    const Error *error = NULL;
    ProviderPoolStarted *started = pool->started;

    for (PoolEndpoint *e = pool->endpoints; e && !error; e = e->next) {
        if (endpoint_state(e->endpoint) == ENDPOINT_DOWN)
            error = endpoint_error(e->endpoint);
    }
    for (PoolEndpoint *e = pool->endpoints; e && !error; e = e->next)
        if (endpoint_state(e->endpoint) != ENDPOINT_UP)
            return;
    if (started) {
        pool->started = NULL;
        started(pool->started_context, error);
    }
}

/* ---- making ---- */

static int64_t or_else(int64_t value, int64_t otherwise)
{
    return value > 0 ? value : otherwise;
}

static void timing_fill(ProviderTiming *timing)
{
    timing->deadline_ms = or_else(timing->deadline_ms, 30000);
    timing->header_ms = or_else(timing->header_ms, 10000);
    timing->idle_ms = or_else(timing->idle_ms, 30000);
    timing->poll_wait_s = or_else(timing->poll_wait_s, 25);
    timing->backoff_ms = or_else(timing->backoff_ms, 250);
    timing->backoff_max_ms = or_else(timing->backoff_max_ms, 30000);
    timing->circuit_ms = or_else(timing->circuit_ms, 30000);
    timing->cancel_ms = or_else(timing->cancel_ms, 30000);
    timing->first_line_ms = or_else(timing->first_line_ms, 30000);
    timing->restart_ms = or_else(timing->restart_ms, 250);
}

static int certificates_make(const char *run_dir, const ProviderPoolOptions *options, Error *err)
{
    cleanup(free) char *identity = memory_format("%s:%s", options->lineage ? options->lineage : "",
                                                 options->stack ? options->stack : "");

    for (char *c = identity; *c; c++)
        if (*c <= ' ' || *c > '~')
            *c = '_'; /* a URI is ASCII */
    return tls_files_make(run_dir, identity, err);
}

int provider_pool_new(Loop *loop, const ProviderPoolOptions *options, ProviderPool **ret,
                      Error *err)
{
    cleanup(provider_pool_free) ProviderPool *pool = memory_zero(1, sizeof *pool);
    int r;

    pool->loop = loop;
    pool->start_timer = loop_timer_new(loop, on_endpoint_changed, pool);
    pool->plugin_dir = memory_copy_string(options->plugin_dir);
    pool->data_dir = memory_copy_string(options->data_dir);
    pool->provider_timeout_ms = or_else(options->provider_timeout_ms, PROVIDER_TIMEOUT_MS);
    pool->seed = options->seed;
    pool->timing = options->timing;
    timing_fill(&pool->timing);
    if ((r = http_client_new(loop, &pool->http, err)) < 0)
        return r;
    if ((r = certificates_make(options->run_dir, options, err)) < 0)
        return r;
    pool->run_dir = memory_copy_string(options->run_dir);
    *ret = take(pool);
    return 0;
}

void provider_pool_free(ProviderPool *pool)
{
    if (!pool)
        return;
    pending_calls_free(pool);
    pending_batches_free(pool);
    pool_listeners_free(pool);
    while (pool->endpoints) {
        PoolEndpoint *entry = pool->endpoints;

        pool->endpoints = entry->next;
        endpoint_free(entry->endpoint);
        free(entry->key);
        free(entry->folder);
        free(entry);
    }
    for (MapEntry *e = map_next(&pool->names, NULL); e; e = map_next(&pool->names, e))
        free(e->value);
    map_deinit(&pool->names);
    http_client_free(pool->http);
    loop_timer_free(pool->start_timer);
    if (pool->run_dir)
        folder_remove(pool->run_dir, NULL);
    free(pool->run_dir);
    free(pool->plugin_dir);
    free(pool->data_dir);
    free(pool);
}

/* ---- bindings ---- */

static int plugin_check(const char *plugin, Error *err)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-";

    if (plugin_is_url(plugin))
        return strncmp(plugin, "https://", 8) == 0
                   ? 0
                   : error_set(err, ERROR_USAGE, "'%s' is no https:// URL; others are refused",
                               plugin);
    if (strchr(plugin, '/'))
        return 0;
    if (plugin[0] == '\0' || plugin[strspn(plugin, allowed)] != '\0')
        return error_set(err, ERROR_USAGE,
                         "plugin '%s' is neither a built-in name, a path nor an https:// URL",
                         plugin);
    return 0;
}

/* Everything that makes one endpoint different from another. */
static char *binding_key(const ProviderBinding *binding)
{
    const char *files[] = {binding->tls_ca, binding->tls_cert, binding->tls_key,
                           binding->token_file};
    Buffer key = {0};

    json_put_string(&key, binding->plugin);
    if (json_count(binding->config) > 0)
        json_write_canonical(&key, binding->config);
    for (size_t i = 0; plugin_is_url(binding->plugin) && i < ARRAY_SIZE(files); i++)
        json_put_string(&key, files[i] ? files[i] : "");
    return buffer_take(&key);
}

static bool folder_is_taken(const ProviderPool *pool, const char *folder)
{
    for (const PoolEndpoint *e = pool->endpoints; e; e = e->next)
        if (e->folder && strcmp(e->folder, folder) == 0)
            return true;
    return false;
}

static char *plugin_folder(const ProviderPool *pool, const ProviderBinding *binding)
{
    const char *name = plugin_short_name(binding->plugin);
    char *folder = memory_format("%s/%s", pool->data_dir, name);

    if (folder_is_taken(pool, folder)) {
        free(folder);
        folder = memory_format("%s/%s-%s", pool->data_dir, name, binding->name);
    }
    return folder;
}

static EndpointOptions endpoint_options(ProviderPool *pool, const ProviderBinding *binding)
{
    return (EndpointOptions){
        .loop = pool->loop,
        .http = pool->http,
        .timing = &pool->timing,
        .name = binding->name,
        .concurrency = binding->concurrency,
        .rate_per_s = binding->rate_per_s,
        .allow_short_ttl = binding->allow_short_ttl,
        .start_ms = pool->provider_timeout_ms,
        .seed = pool->seed,
        .changed = on_endpoint_changed,
        .context = pool,
    };
}

static Endpoint *endpoint_for_url(ProviderPool *pool, const ProviderBinding *binding)
{
    EndpointOptions options = endpoint_options(pool, binding);
    cleanup(free) char *url = memory_copy_string(binding->plugin);

    for (size_t n = strlen(url); n > 0 && url[n - 1] == '/'; n--)
        url[n - 1] = '\0';
    options.url = url;
    options.tls_ca = binding->tls_ca;
    options.tls_cert = binding->tls_cert;
    options.tls_key = binding->tls_key;
    options.token_file = binding->token_file;
    return endpoint_new(&options);
}

static Endpoint *endpoint_for_plugin(ProviderPool *pool, const ProviderBinding *binding,
                                     const char *folder)
{
    cleanup(free) char *program = plugin_program(pool->plugin_dir, binding->plugin);
    cleanup(free) char *tls_dir = memory_format("%s/plugin", pool->run_dir);
    cleanup(free) char *ca = memory_format("%s/client/ca.crt", pool->run_dir);
    cleanup(free) char *cert = memory_format("%s/client/tls.crt", pool->run_dir);
    cleanup(free) char *key = memory_format("%s/client/tls.key", pool->run_dir);
    cleanup(free) char *config = binding->config ? json_text(binding->config) : NULL;
    PluginOptions plugin = {
        .program = program,
        .tls_dir = tls_dir,
        .data_dir = folder,
        .config = config,
        .first_line_ms = pool->timing.first_line_ms < pool->provider_timeout_ms
                             ? pool->timing.first_line_ms
                             : pool->provider_timeout_ms,
        .restart_ms = pool->timing.restart_ms,
    };
    EndpointOptions options = endpoint_options(pool, binding);

    options.plugin = &plugin;
    options.tls_ca = ca;
    options.tls_cert = cert;
    options.tls_key = key;
    return endpoint_new(&options);
}

/* The endpoint the binding shares with an earlier one, or a new one at the end. */
static Endpoint *pool_endpoint(ProviderPool *pool, const ProviderBinding *binding)
{
    cleanup(free) char *key = binding_key(binding);
    PoolEndpoint **at = &pool->endpoints;
    PoolEndpoint *entry;

    for (; *at; at = &(*at)->next) {
        if (strcmp((*at)->key, key) == 0) {
            endpoint_restrict((*at)->endpoint, binding);
            return (*at)->endpoint;
        }
    }
    entry = memory_zero(1, sizeof *entry);
    entry->key = take(key);
    if (plugin_is_url(binding->plugin)) {
        entry->endpoint = endpoint_for_url(pool, binding);
    } else {
        entry->folder = plugin_folder(pool, binding);
        entry->endpoint = endpoint_for_plugin(pool, binding, entry->folder);
    }
    *at = entry;
    return entry->endpoint;
}

int provider_pool_add(ProviderPool *pool, const ProviderBinding *binding, Error *err)
{
    PoolName *name;

    if (plugin_check(binding->plugin, err) < 0)
        return error_wrap(err, "bind provider '%s'", binding->name);
    if (pool_name(pool, binding->name))
        return error_set(err, ERROR_USAGE, "bind provider '%s': it is bound already",
                         binding->name);
    if (pool->names.count >= PROVIDERS_MAX)
        return error_set(err, ERROR_USAGE, "bind provider '%s': more than %d providers",
                         binding->name, PROVIDERS_MAX);
    name = memory_zero(1, sizeof *name);
    name->endpoint = pool_endpoint(pool, binding);
    name->timeout_ms = binding->timeout_ms;
    map_put(&pool->names, binding->name, name);
    return 0;
}

/* ---- starting and stopping ---- */

void provider_pool_start(ProviderPool *pool, ProviderPoolStarted *started, void *context)
{
    pool->started = started;
    pool->started_context = context;
    for (PoolEndpoint *e = pool->endpoints; e; e = e->next)
        endpoint_start(e->endpoint);
    if (!pool->endpoints)
        loop_timer_set(pool->start_timer, 0);
}

typedef struct StartWait {
    bool done;
    int result;
    Error *err;
} StartWait;

static void on_started(void *context, const Error *err)
{
    StartWait *wait = context;

    wait->done = true;
    if (err)
        wait->result = error_set(wait->err, err->code, "%s", err->message);
}

int provider_pool_start_and_wait(ProviderPool *pool, Error *err)
{
    StartWait wait = {.err = err};

    provider_pool_start(pool, on_started, &wait);
    while (!wait.done && !loop_is_stopped(pool->loop))
        loop_run_once(pool->loop);
    pool->started = NULL;
    return wait.done ? wait.result : PROVIDER_POOL_INTERRUPTED;
}

static void on_stop_timer(void *context)
{
    *(bool *)context = true;
}

static bool pool_is_quiet(const ProviderPool *pool)
{
    if (pool->pending > 0)
        return false;
    for (PoolEndpoint *e = pool->endpoints; e; e = e->next)
        if (endpoint_is_running(e->endpoint))
            return false;
    return true;
}

void provider_pool_stop(ProviderPool *pool)
{
    bool late = false;
    LoopTimer *timer = loop_timer_new(pool->loop, on_stop_timer, &late);

    pool->started = NULL;
    provider_calls_abandon(pool);
    for (PoolEndpoint *e = pool->endpoints; e; e = e->next)
        endpoint_stop(e->endpoint);
    loop_timer_set(timer, STOP_MS);
    while (!late && !pool_is_quiet(pool))
        loop_run_once(pool->loop);
    loop_timer_free(timer);
    for (PoolEndpoint *e = pool->endpoints; e; e = e->next)
        endpoint_kill(e->endpoint);
}

void provider_calls_abandon(ProviderPool *pool)
{
    pending_calls_abandon(pool);
    provider_batches_abandon(pool);
}

/* ---- looking ---- */

size_t provider_pool_pending(const ProviderPool *pool)
{
    return pool->pending;
}

const ProviderSchema *provider_schema(const ProviderPool *pool, const char *name)
{
    PoolName *found = pool_name(pool, name);

    return found ? endpoint_schema(found->endpoint) : NULL;
}

bool provider_status(const ProviderPool *pool, const char *name, ProviderStatus *ret)
{
    PoolName *found = pool_name(pool, name);

    if (!found)
        return false;
    endpoint_describe(found->endpoint, ret);
    return true;
}
