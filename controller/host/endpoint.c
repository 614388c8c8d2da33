#include "controller/host/endpoint.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "controller/host/retry_budget.h"
#include "controller/host/verdict.h"
#include "lang/base/file.h"
#include "lang/base/hash.h"
#include "lang/base/memory.h"

#define TTL_MIN_S 604800
#define CONCURRENCY_DEFAULT 16
#define CONCURRENCY_MAX 1024
#define BATCH_DEFAULT 200
#define BATCH_MAX 10000
#define TOKEN_MAX 16384
#define HEADERS_MAX 16
#define HALVE_EVERY_MS 1000
#define GREETING_WAIT_MS 10000

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
    uint64_t random;
};

static void endpoint_move(Endpoint *endpoint, EndpointState state)
{
#define BIT(name) (1u << ENDPOINT_##name)
#define ENDPOINT_STATE(name, text, next) [ENDPOINT_##name] = (next),
    static const unsigned successors[] = {
#include "controller/host/endpoint_state.def"
    };
#undef ENDPOINT_STATE
#undef BIT

    assert(successors[endpoint->state] & (1u << state));
    endpoint->state = state;
    loop_timer_set(endpoint->pump_timer, 0);
}

static int64_t now_ms(const Endpoint *endpoint)
{
    return loop_now_ms(endpoint->options.loop);
}

static void endpoint_go_down(Endpoint *endpoint, int kind, const char *reason)
{
    loop_timer_clear(endpoint->greet_timer);
    http_cancel(take(endpoint->greeting));
    if (endpoint->plugin)
        plugin_stop(endpoint->plugin);
    text_make_harmless(reason, endpoint->reason, sizeof endpoint->reason);
    error_set(&endpoint->error, kind, "provider '%s': %s", endpoint->name, endpoint->reason);
    endpoint_move(endpoint, ENDPOINT_DOWN);
    endpoint->options.changed(endpoint->options.context);
}

/* splitmix64: enough to spread retries, and the same for the same seed. */
static double random_fraction(Endpoint *endpoint)
{
    endpoint->random += 0x9e3779b97f4a7c15ull;
    return (double)(hash_mix(endpoint->random) >> 11) / (double)(1ull << 53);
}

int64_t endpoint_backoff_ms(Endpoint *endpoint, unsigned tries)
{
    const ProviderTiming *timing = endpoint->options.timing;
    int64_t limit_ms = timing->backoff_ms;

    while (tries-- > 0 && limit_ms < timing->backoff_max_ms)
        limit_ms *= 2;
    if (limit_ms > timing->backoff_max_ms)
        limit_ms = timing->backoff_max_ms;
    return (int64_t)(random_fraction(endpoint) * (double)limit_ms);
}

/* ---- requests ---- */

/* "Authorization: Bearer ..." from the token file as it is now; NULL without one. Tokens rotate, so
 * it is read each time; a file that cannot be read sends none and the provider answers 401. */
static char *authorization_header(const Endpoint *endpoint)
{
    cleanup(buffer_deinit) Buffer token = {0};

    if (!endpoint->token_file || file_read(endpoint->token_file, TOKEN_MAX, &token, NULL) < 0)
        return NULL;
    while (token.size > 0 && isspace((unsigned char)token.bytes[token.size - 1]))
        token.bytes[--token.size] = '\0';
    for (size_t i = 0; i < token.size; i++)
        if (token.bytes[i] < '!' || token.bytes[i] > '~')
            return NULL;
    return memory_format("Authorization: Bearer %s", buffer_text(&token));
}

HttpTransfer *endpoint_send(Endpoint *endpoint, const char *path, HttpRequest *request,
                            HttpDone *done, void *context)
{
    cleanup(free) char *url = memory_format("%s%s", endpoint->url, path);
    cleanup(free) char *authorization = authorization_header(endpoint);
    const char *headers[HEADERS_MAX + 4] = {"Ved-Protocol: 1.0",
                                            "Accept: application/json, application/problem+json"};
    const char *const *own = request->headers;
    HttpRequest full = *request;
    size_t n = 2;

    if (authorization)
        headers[n++] = authorization;
    for (size_t i = 0; own && own[i]; i++) {
        assert(i < HEADERS_MAX);
        headers[n++] = own[i];
    }
    full.headers = headers;
    full.url = url;
    full.tls = &endpoint->tls;
    full.idle_ms = endpoint->options.timing->idle_ms;
    return http_start(endpoint->options.http, &full, done, context);
}

/* ---- circuit and throttling ---- */

static void circuit_note_failure(Endpoint *endpoint, const char *reason)
{
    snprintf(endpoint->reason, sizeof endpoint->reason, "%s", reason);
    endpoint->failures++;
    if (endpoint->failures >= ENDPOINT_CIRCUIT_FAILURES)
        endpoint->open_until_ms = now_ms(endpoint) + endpoint->options.timing->circuit_ms;
}

static void slots_halve(Endpoint *endpoint)
{
    int64_t now = now_ms(endpoint);

    /* Those under way together are refused together: that is one sign, not many. */
    if (endpoint->halved_ms != 0 && now - endpoint->halved_ms < HALVE_EVERY_MS)
        return;
    endpoint->halved_ms = now;
    endpoint->slots = endpoint->slots / 2 < 1 ? 1 : endpoint->slots / 2;
}

void endpoint_report(Endpoint *endpoint, const HttpReply *reply)
{
    if (reply->failure == HTTP_NOT_SENT || reply->failure == HTTP_LOST) {
        circuit_note_failure(endpoint, reply->error);
        return;
    }
    if (endpoint->open_until_ms != 0)
        loop_timer_set(endpoint->pump_timer, 0);
    endpoint->failures = 0;
    endpoint->open_until_ms = 0;
    if (reply->status == 429)
        slots_halve(endpoint);
    else if (endpoint->slots < endpoint->slots_max)
        endpoint->slots += 1 / endpoint->slots;
}

/* ---- slots ---- */

static bool slot_is_free(const Endpoint *endpoint)
{
    return endpoint->held_count < (size_t)endpoint->slots;
}

/* How long to wait for the next sending: 0, now; -1, until something else happens. */
static int64_t slot_delay_ms(Endpoint *endpoint)
{
    int64_t now = now_ms(endpoint);
    double burst = endpoint->rate_per_s < 1 ? 1 : endpoint->rate_per_s;

    if (endpoint->state != ENDPOINT_UP || !slot_is_free(endpoint))
        return -1;
    if (endpoint->open_until_ms > now)
        return endpoint->open_until_ms - now;
    if (endpoint->open_until_ms != 0 && endpoint->held_count > 0)
        return -1; /* half open: one tries for all */
    if (endpoint->rate_per_s <= 0)
        return 0;
    endpoint->tokens += (double)(now - endpoint->tokens_ms) * endpoint->rate_per_s / 1000;
    endpoint->tokens_ms = now;
    if (endpoint->tokens > burst)
        endpoint->tokens = burst;
    if (endpoint->tokens >= 1)
        return 0;
    return (int64_t)((1 - endpoint->tokens) * 1000 / endpoint->rate_per_s) + 1;
}

static SlotQueue *slot_queue(Endpoint *endpoint, const Slot *slot)
{
    return slot->again ? &endpoint->waiting_again : &endpoint->waiting;
}

/* Whose turn it is; NULL: nobody's, for `ret_delay_ms`, or if that is not above 0 until something
 * else happens. */
static Slot *slot_choose(Endpoint *endpoint, int64_t *ret_delay_ms)
{
    Slot *again = endpoint->waiting_again.first, *first = endpoint->waiting.first;

    *ret_delay_ms = 0;
    if (again == NULL && first == NULL)
        return NULL;
    if (endpoint->state == ENDPOINT_DOWN)
        return again != NULL ? again : first;
    if ((*ret_delay_ms = slot_delay_ms(endpoint)) != 0)
        return NULL;
    if (again == NULL)
        return first;
    *ret_delay_ms = retry_budget_delay_ms(&endpoint->budget, now_ms(endpoint));
    return *ret_delay_ms == 0 ? again : first;
}

static void slot_give(Endpoint *endpoint, Slot *slot)
{
    endpoint->tokens -= 1;
    endpoint->held_count++;
    slot->held = true;
    if (slot->again)
        retry_budget_take(&endpoint->budget);
    else
        retry_budget_earn(&endpoint->budget);
}

static void slots_pump(void *context)
{
    Endpoint *endpoint = context;
    int64_t delay_ms;

    for (Slot *slot; (slot = slot_choose(endpoint, &delay_ms)) != NULL;) {
        if (endpoint->state != ENDPOINT_DOWN)
            slot_give(endpoint, slot);
        slot_queue_take(slot_queue(endpoint, slot), slot);
        slot->turn(slot->context);
    }
    if (delay_ms > 0)
        loop_timer_set(endpoint->pump_timer, delay_ms);
}

void endpoint_wait(Endpoint *endpoint, Slot *slot)
{
    assert(!slot->waiting && !slot->held);
    slot_queue_add(slot_queue(endpoint, slot), slot);
    loop_timer_set(endpoint->pump_timer, 0);
}

void endpoint_leave(Endpoint *endpoint, Slot *slot)
{
    if (slot->waiting)
        slot_queue_remove(slot_queue(endpoint, slot), slot);
    if (slot->held) {
        slot->held = false;
        endpoint->held_count--;
        loop_timer_set(endpoint->pump_timer, 0);
    }
}

/* ---- greeting ---- */

static void on_greeted(void *context, HttpReply *reply);

static void greet(Endpoint *endpoint)
{
    HttpRequest request = {.method = "GET", .header_ms = GREETING_WAIT_MS};

    endpoint->greeting =
        endpoint_send(endpoint, endpoint->greeted ? "/v1/schema" : "/.well-known/ved-provider",
                      &request, on_greeted, endpoint);
}

static void on_greet_timer(void *context)
{
    greet(context);
}

static void greet_begin(Endpoint *endpoint)
{
    endpoint_move(endpoint, ENDPOINT_GREETING);
    endpoint->greeted = false;
    endpoint->greet_tries = 0;
    endpoint->greet_deadline_ms = now_ms(endpoint) + endpoint->options.start_ms;
    greet(endpoint);
}

/* Again a little later, unless the time to be up has passed. */
static void greet_retry(Endpoint *endpoint, const char *reason)
{
    int64_t delay_ms = endpoint_backoff_ms(endpoint, endpoint->greet_tries++);
    char sentence[1200];

    snprintf(endpoint->reason, sizeof endpoint->reason, "%s", reason);
    if (now_ms(endpoint) + delay_ms < endpoint->greet_deadline_ms) {
        loop_timer_set(endpoint->greet_timer, delay_ms);
        return;
    }
    snprintf(sentence, sizeof sentence, "%s gave no handshake within %lld s: %s", endpoint->url,
             (long long)(endpoint->options.start_ms / 1000), reason);
    endpoint_go_down(endpoint, ERROR_PROVIDER, sentence);
}

static bool handshake_has_major(const Json *handshake)
{
    const Json *versions = json_get(json_get(handshake, "protocol"), "versions");

    for (const Json *v = json_first(versions); v; v = json_next(v))
        if (strncmp(json_string(v, ""), "1.", 2) == 0 || strcmp(json_string(v, ""), "1") == 0)
            return true;
    return false;
}

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
    return value < low ? low : value > high ? high : value;
}

static void handshake_take_limits(Endpoint *endpoint, const Json *limits)
{
    int64_t concurrency = json_get_int(limits, "max_concurrent", CONCURRENCY_DEFAULT);
    double rate = json_number(json_get(limits, "rate_per_s"), 0);
    int own = endpoint->options.concurrency;
    double own_rate = endpoint->options.rate_per_s;

    concurrency = clamp(concurrency, 1, CONCURRENCY_MAX);
    if (own > 0 && own < concurrency)
        concurrency = own;
    endpoint->slots = endpoint->slots_max = (double)concurrency;
    endpoint->rate_per_s = own_rate > 0 && (rate <= 0 || own_rate < rate) ? own_rate : rate;
    endpoint->tokens = endpoint->rate_per_s < 1 ? 1 : endpoint->rate_per_s;
    endpoint->tokens_ms = now_ms(endpoint);
    endpoint->batch_max =
        (size_t)clamp(json_get_int(limits, "max_batch", BATCH_DEFAULT), 1, BATCH_MAX);
    endpoint->body_max =
        (size_t)clamp(json_get_int(limits, "max_body_bytes", HTTP_BODY_MAX), 1024, HTTP_BODY_MAX);
}

static bool handshake_has_capability(const Json *handshake, const char *name)
{
    const Json *capabilities = json_get(handshake, "capabilities");

    for (const Json *c = json_first(capabilities); c; c = json_next(c))
        if (strcmp(json_string(c, ""), name) == 0)
            return true;
    return false;
}

static int handshake_take(Endpoint *endpoint, const Json *handshake, Error *err)
{
    int64_t ttl_s = json_get_int(json_get(handshake, "idempotency"), "ttl_s", 0);

    if (!handshake_has_major(handshake))
        return error_set(err, ERROR_PROVIDER,
                         "it speaks no protocol version 1.x, which is the one spoken here; use a "
                         "matching version of the plugin");
    if (ttl_s < TTL_MIN_S && !endpoint->options.allow_short_ttl)
        return error_set(err, ERROR_PROVIDER,
                         "it remembers idempotency keys for %lld s, expected at least %d; set "
                         "allow_short_ttl in its binding to accept that",
                         (long long)ttl_s, TTL_MIN_S);
    free(endpoint->vendor_version);
    endpoint->vendor_version = memory_copy_string(json_get_string(handshake, "vendor_version", ""));
    endpoint->plans = handshake_has_capability(handshake, "plan");
    handshake_take_limits(endpoint, json_get(handshake, "limits"));
    return 0;
}

/* The first schema stays: it has been handed out, and programs were checked against it. */
static int schema_take(Endpoint *endpoint, Json *document, Error *err)
{
    if (endpoint->schema) {
        json_free(document);
        return 0;
    }
    if (provider_schema_parse(document, &endpoint->schema, err) == 0)
        return 0;
    json_free(document);
    return ERROR_PROVIDER;
}

static void endpoint_come_up(Endpoint *endpoint)
{
    endpoint->failures = 0;
    endpoint->open_until_ms = 0;
    endpoint->reason[0] = '\0';
    endpoint_move(endpoint, ENDPOINT_UP);
    endpoint->options.changed(endpoint->options.context);
}

static void greeting_take(Endpoint *endpoint, Json *document)
{
    Error err = {0};
    int r;

    if (endpoint->greeted) {
        r = schema_take(endpoint, document, &err);
    } else {
        r = handshake_take(endpoint, document, &err);
        json_free(document);
    }
    if (r < 0) {
        endpoint_go_down(endpoint, err.code, err.message);
    } else if (endpoint->greeted) {
        endpoint_come_up(endpoint);
    } else {
        endpoint->greeted = true;
        greet(endpoint);
    }
}

static void on_greeted(void *context, HttpReply *reply)
{
    Endpoint *endpoint = context;
    const char *what = endpoint->greeted ? "schema" : "handshake";
    Json *document;
    Error err = {0};
    char reason[1024];

    endpoint->greeting = NULL;
    if (reply->failure != HTTP_REPLIED) {
        greet_retry(endpoint, reply->error);
    } else if (reply->status == 401 || reply->status == 403) {
        snprintf(reason, sizeof reason,
                 "%s is refused with status %d: check the certificate or "
                 "the token of its binding",
                 what, reply->status);
        endpoint_go_down(endpoint, ERROR_AUTH, reason);
    } else if (reply->status != 200) {
        snprintf(reason, sizeof reason, "%s: status is %d, expected 200", what, reply->status);
        greet_retry(endpoint, reason);
    } else if (json_parse(buffer_text(&reply->body), reply->body.size, &document, &err) < 0) {
        snprintf(reason, sizeof reason, "%s: %.900s", what, err.message);
        greet_retry(endpoint, reason);
    } else {
        greeting_take(endpoint, document);
    }
}

/* ---- the process ---- */

/* It is started again, unless all the time to be up went by without an address from it. */
static void plugin_died(Endpoint *endpoint, const char *how)
{
    char sentence[1200];
    int64_t now = now_ms(endpoint);

    loop_timer_clear(endpoint->greet_timer);
    http_cancel(take(endpoint->greeting));
    if (endpoint->launch_deadline_ms == 0)
        endpoint->launch_deadline_ms = now + endpoint->options.start_ms;
    if (now >= endpoint->launch_deadline_ms) {
        snprintf(sentence, sizeof sentence,
                 "the plugin %s: expected an https:// address on its stdout within %lld s", how,
                 (long long)(endpoint->options.start_ms / 1000));
        endpoint_go_down(endpoint, ERROR_PROVIDER, sentence);
        return;
    }
    snprintf(endpoint->reason, sizeof endpoint->reason, "the plugin %s", how);
    endpoint_move(endpoint, ENDPOINT_LAUNCHING);
}

static void on_plugin(void *context, PluginEvent event, const char *text)
{
    Endpoint *endpoint = context;

    switch (event) {
    case PLUGIN_LISTENS:
        free(endpoint->url);
        endpoint->url = memory_copy_string(text);
        endpoint->launch_deadline_ms = 0;
        greet_begin(endpoint);
        return;
    case PLUGIN_DIED:
        plugin_died(endpoint, text);
        return;
    case PLUGIN_DOWN:
        endpoint_go_down(endpoint, ERROR_PROVIDER, text);
        return;
    }
}

/* ---- life ---- */

static char *copy_or_null(const char *text)
{
    return text ? memory_copy_string(text) : NULL;
}

Endpoint *endpoint_new(const EndpointOptions *options)
{
    Endpoint *endpoint = memory_zero(1, sizeof *endpoint);

    endpoint->options = *options;
    endpoint->name = memory_copy_string(options->name);
    endpoint->url = copy_or_null(options->url);
    endpoint->token_file = copy_or_null(options->token_file);
    endpoint->tls.ca = copy_or_null(options->tls_ca);
    endpoint->tls.cert = copy_or_null(options->tls_cert);
    endpoint->tls.key = copy_or_null(options->tls_key);
    endpoint->tls.allows_1_2 = !options->plugin;
    endpoint->budget = retry_budget(now_ms(endpoint));
    endpoint->random = options->seed ^ hash_string(options->name);
    endpoint->greet_timer = loop_timer_new(options->loop, on_greet_timer, endpoint);
    endpoint->pump_timer = loop_timer_new(options->loop, slots_pump, endpoint);
    if (options->plugin)
        endpoint->plugin = plugin_new(options->loop, options->plugin, on_plugin, endpoint);
    return endpoint;
}

void endpoint_free(Endpoint *endpoint)
{
    if (!endpoint)
        return;
    http_cancel(endpoint->greeting);
    plugin_free(endpoint->plugin);
    loop_timer_free(endpoint->greet_timer);
    loop_timer_free(endpoint->pump_timer);
    provider_schema_free(endpoint->schema);
    slot_queue_deinit(&endpoint->waiting);
    slot_queue_deinit(&endpoint->waiting_again);
    free(endpoint->name);
    free(endpoint->url);
    free(endpoint->token_file);
    free(endpoint->tls.ca);
    free(endpoint->tls.cert);
    free(endpoint->tls.key);
    free(endpoint->vendor_version);
    free(endpoint);
}

void endpoint_restrict(Endpoint *endpoint, const ProviderBinding *binding)
{
    EndpointOptions *own = &endpoint->options;

    if (binding->concurrency > 0 &&
        (own->concurrency == 0 || binding->concurrency < own->concurrency))
        own->concurrency = binding->concurrency;
    if (binding->rate_per_s > 0 && (own->rate_per_s <= 0 || binding->rate_per_s < own->rate_per_s))
        own->rate_per_s = binding->rate_per_s;
    own->allow_short_ttl = own->allow_short_ttl && binding->allow_short_ttl;
}

void endpoint_start(Endpoint *endpoint)
{
    if (endpoint->plugin) {
        endpoint_move(endpoint, ENDPOINT_LAUNCHING);
        endpoint->launch_deadline_ms = now_ms(endpoint) + endpoint->options.start_ms;
        plugin_start(endpoint->plugin);
    } else {
        greet_begin(endpoint);
    }
}

void endpoint_stop(Endpoint *endpoint)
{
    if (endpoint->state != ENDPOINT_DOWN) {
        /* Nobody is told: whoever stops it knows. */
        loop_timer_clear(endpoint->greet_timer);
        http_cancel(take(endpoint->greeting));
        error_set(&endpoint->error, ERROR_PROVIDER, "provider '%s': it was stopped",
                  endpoint->name);
        endpoint_move(endpoint, ENDPOINT_DOWN);
    }
    if (endpoint->plugin)
        plugin_stop(endpoint->plugin);
}

void endpoint_kill(Endpoint *endpoint)
{
    if (endpoint->plugin)
        plugin_end(endpoint->plugin);
}

bool endpoint_is_running(const Endpoint *endpoint)
{
    return endpoint->plugin && plugin_is_running(endpoint->plugin);
}

static ProviderState state_describe(const Endpoint *endpoint)
{
    switch (endpoint->state) {
    case ENDPOINT_NEW:
    case ENDPOINT_LAUNCHING:
    case ENDPOINT_GREETING:
        return PROVIDER_STARTING;
    case ENDPOINT_UP:
        return endpoint->open_until_ms != 0 ? PROVIDER_CIRCUIT_OPEN : PROVIDER_UP;
    case ENDPOINT_DOWN:
        return PROVIDER_DOWN;
    }
    return PROVIDER_DOWN;
}

void endpoint_describe(const Endpoint *endpoint, ProviderStatus *ret)
{
    *ret = (ProviderStatus){
        .state = state_describe(endpoint),
        .vendor_version = endpoint->vendor_version,
        .url = endpoint->url,
        .reason = endpoint->reason,
        .pid = endpoint->plugin ? (int)plugin_pid(endpoint->plugin) : 0,
        .plans = endpoint->plans,
        .running = endpoint->held_count,
        .waiting = endpoint->waiting.count + endpoint->waiting_again.count,
    };
}

EndpointState endpoint_state(const Endpoint *endpoint)
{
    return endpoint->state;
}

const Error *endpoint_error(const Endpoint *endpoint)
{
    return &endpoint->error;
}

const ProviderSchema *endpoint_schema(const Endpoint *endpoint)
{
    return endpoint->schema;
}

size_t endpoint_batch_max(const Endpoint *endpoint)
{
    return endpoint->batch_max;
}

size_t endpoint_body_max(const Endpoint *endpoint)
{
    return endpoint->body_max;
}

bool endpoint_has_token(const Endpoint *endpoint)
{
    return endpoint->token_file != NULL;
}
