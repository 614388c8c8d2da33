#include "controller/host/endpoint_private.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "controller/host/verdict.h"
#include "lang/base/file.h"
#include "lang/base/hash.h"
#include "lang/base/memory.h"

#define TOKEN_MAX 16384
#define HEADERS_MAX 16
#define HALVE_EVERY_MS 1000

void endpoint_move(Endpoint *endpoint, EndpointState state)
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

void endpoint_go_down(Endpoint *endpoint, int kind, const char *reason)
{
    loop_timer_clear(endpoint->greet_timer);
    http_cancel(take(endpoint->greeting));
    http_cancel(take(endpoint->probe));
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
        endpoint->open_until_ms = endpoint_now_ms(endpoint) + endpoint->options.timing->circuit_ms;
}

static void slots_halve(Endpoint *endpoint)
{
    int64_t now = endpoint_now_ms(endpoint);

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

static void on_probed(void *context, HttpReply *reply)
{
    Endpoint *endpoint = context;
    cleanup(json_free) Json *health = NULL;

    endpoint->probe = NULL;
    if (reply->failure == HTTP_REPLIED && reply->status == 200)
        json_parse(buffer_text(&reply->body), reply->body.size, &health, NULL);
    if (json_get_bool(health, "ready", true)) {
        endpoint_report(endpoint, reply);
    } else {
        text_make_harmless(json_get_string(health, "reason", "it is not ready"), endpoint->reason,
                           sizeof endpoint->reason);
        endpoint->open_until_ms = endpoint_now_ms(endpoint) + endpoint->options.timing->circuit_ms;
    }
    loop_timer_set(endpoint->pump_timer, 0);
}

/* Is it there again, and what it depends on? Nothing else is sent before that is known. */
static void probe_start(Endpoint *endpoint)
{
    HttpRequest request = {.method = "GET", .header_ms = endpoint->options.timing->header_ms};

    if (endpoint->probe == NULL)
        endpoint->probe = endpoint_send(endpoint, "/v1/health", &request, on_probed, endpoint);
}

/* How long to wait for the next sending: 0, now; -1, until something else happens. */
static int64_t slot_delay_ms(Endpoint *endpoint)
{
    int64_t now = endpoint_now_ms(endpoint);
    double burst = endpoint->rate_per_s < 1 ? 1 : endpoint->rate_per_s;

    if (endpoint->state != ENDPOINT_UP || !slot_is_free(endpoint))
        return -1;
    if (endpoint->open_until_ms > now)
        return endpoint->open_until_ms - now;
    if (endpoint->open_until_ms != 0) { /* half open: its health is asked for, for all */
        probe_start(endpoint);
        return -1;
    }
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
    *ret_delay_ms = retry_budget_delay_ms(&endpoint->budget, endpoint_now_ms(endpoint));
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

/* ---- the process ---- */

/* It is started again, unless all the time to be up went by without an address from it. */
static void plugin_died(Endpoint *endpoint, const char *how)
{
    char sentence[1200];
    int64_t now = endpoint_now_ms(endpoint);

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
        endpoint_greet(endpoint);
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
    endpoint->budget = retry_budget(endpoint_now_ms(endpoint));
    endpoint->random = options->seed ^ hash_string(options->name);
    endpoint->greet_timer = loop_timer_new(options->loop, endpoint_greet_again, endpoint);
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
    http_cancel(endpoint->probe);
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
        endpoint->launch_deadline_ms = endpoint_now_ms(endpoint) + endpoint->options.start_ms;
        plugin_start(endpoint->plugin);
    } else {
        endpoint_greet(endpoint);
    }
}

void endpoint_stop(Endpoint *endpoint)
{
    if (endpoint->state != ENDPOINT_DOWN) {
        /* Nobody is told: whoever stops it knows. */
        loop_timer_clear(endpoint->greet_timer);
        http_cancel(take(endpoint->greeting));
        http_cancel(take(endpoint->probe));
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
