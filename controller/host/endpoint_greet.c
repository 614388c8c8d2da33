/* How an endpoint is greeted: its handshake, then its schema, again and again until the time to be
 * up has passed. */
#include <stdio.h>
#include <string.h>

#include "controller/host/endpoint_private.h"
#include "lang/base/memory.h"

#define TTL_MIN_S 604800
#define CONCURRENCY_DEFAULT 16
#define CONCURRENCY_MAX 1024
#define BATCH_DEFAULT 200
#define BATCH_MAX 10000
#define GREETING_WAIT_MS 10000

static void on_greeted(void *context, HttpReply *reply);

static void greet(Endpoint *endpoint)
{
    HttpRequest request = {.method = "GET", .header_ms = GREETING_WAIT_MS};

    endpoint->greeting =
        endpoint_send(endpoint, endpoint->greeted ? "/v1/schema" : "/.well-known/ved-provider",
                      &request, on_greeted, endpoint);
}

void endpoint_greet_again(void *context)
{
    greet(context);
}

void endpoint_greet(Endpoint *endpoint)
{
    http_cancel(take(endpoint->probe));
    endpoint_move(endpoint, ENDPOINT_GREETING);
    endpoint->greeted = false;
    endpoint->greet_tries = 0;
    endpoint->greet_deadline_ms = endpoint_now_ms(endpoint) + endpoint->options.start_ms;
    greet(endpoint);
}

/* Again a little later, unless the time to be up has passed. */
static void greet_retry(Endpoint *endpoint, const char *reason)
{
    int64_t delay_ms = endpoint_backoff_ms(endpoint, endpoint->greet_tries++);
    char sentence[1200];

    snprintf(endpoint->reason, sizeof endpoint->reason, "%s", reason);
    if (endpoint_now_ms(endpoint) + delay_ms < endpoint->greet_deadline_ms) {
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
    endpoint->tokens_ms = endpoint_now_ms(endpoint);
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
