/* What the provider says of itself, and to whom. */
#include <ctype.h>
#include <string.h>

#include "controller/conformance/thing.h"
#include "controller/host/provider_schema.h"
#include "lang/base/memory.h"

#define KEYS_KEPT_S 604800
#define STRANGER_MS 5000

#define HANDSHAKE "/.well-known/ved-provider"

/* ---- the handshake ---- */

static bool is_text(const Json *json)
{
    return json_string(json, "")[0] != '\0';
}

static bool is_texts(const Json *json)
{
    if (!json_is_array(json))
        return false;
    for (const Json *t = json_first(json); t != NULL; t = json_next(t))
        if (!is_text(t))
            return false;
    return true;
}

static bool speaks_major_1(const Json *versions)
{
    for (const Json *v = json_first(versions); v != NULL; v = json_next(v))
        if (strncmp(json_string(v, ""), "1.", 2) == 0)
            return true;
    return false;
}

void rule_handshake_is_complete(Trial *trial)
{
    const Exchange *exchange = trial_get_ok(trial, HANDSHAKE);
    const Json *hello = exchange != NULL ? exchange->json : NULL;
    const Json *protocol = json_get(hello, "protocol"), *limits = json_get(hello, "limits");
    const struct {
        bool holds;
        const char *what;
    } members[] = {
        {is_text(json_get(hello, "name")), "name: a text"},
        {is_text(json_get(hello, "vendor_version")), "vendor_version: a text"},
        {speaks_major_1(json_get(protocol, "versions")), "protocol.versions: a list with a 1.x"},
        {strcmp(json_get_string(protocol, "base", ""), "/v1") == 0, "protocol.base: /v1"},
        {is_texts(json_get(hello, "capabilities")), "capabilities: a list of texts"},
        {json_get_int(limits, "max_body_bytes", 0) > 0, "limits.max_body_bytes: a number"},
        {json_get_int(limits, "max_batch", 0) > 0, "limits.max_batch: a number"},
        {json_get_int(limits, "max_concurrent", 0) > 0, "limits.max_concurrent: a number"},
        {json_is_int(json_get(json_get(hello, "idempotency"), "ttl_s")),
         "idempotency.ttl_s: a number"},
        {json_is_int(json_get(json_get(hello, "operations"), "retention_s")),
         "operations.retention_s: a number"},
        {is_texts(json_get(hello, "auth")) && json_count(json_get(hello, "auth")) > 0,
         "auth: a list of texts"},
        {is_text(json_get(hello, "schema_etag")), "schema_etag: a text"},
    };

    if (exchange == NULL)
        return;
    for (size_t i = 0; i < ARRAY_SIZE(members); i++)
        REQUIRE(trial, members[i].holds, exchange, "expected %s", members[i].what);
}

void rule_keys_live_a_week(Trial *trial)
{
    const Exchange *exchange = trial_get_ok(trial, HANDSHAKE);
    int64_t ttl_s, retention_s;

    if (exchange == NULL)
        return;
    ttl_s = json_get_int(json_get(exchange->json, "idempotency"), "ttl_s", 0);
    retention_s = json_get_int(json_get(exchange->json, "operations"), "retention_s", 0);
    REQUIRE(trial, ttl_s >= KEYS_KEPT_S, exchange, "idempotency.ttl_s is %lld, expected %d or more",
            (long long)ttl_s, KEYS_KEPT_S);
    REQUIRE(trial, retention_s >= KEYS_KEPT_S, exchange,
            "operations.retention_s is %lld, expected %d or more", (long long)retention_s,
            KEYS_KEPT_S);
}

/* A GET with these headers, and with or without credentials. */
static const Exchange *get_with(Trial *trial, const char *url, const char *const *headers,
                                const HttpTls *tls)
{
    const Exchange *exchange;
    WireRequest request = {.method = "GET",
                           .url = url,
                           .headers = headers,
                           .tls = tls,
                           .allows_plain = true,
                           .timeout_ms = STRANGER_MS};

    trial_send(trial, &request, 1, &exchange);
    return exchange;
}

void rule_version_is_negotiated(Trial *trial)
{
    cleanup(free) char *authorization = subject_authorization(trial->bench->subject);
    const char *headers[] = {"Ved-Protocol: 9.0", authorization, NULL};
    const Exchange *exchange = get_with(trial, trial_url(trial, "/v1/health"), headers,
                                        subject_tls(trial->bench->subject));

    if (!expect_problem(trial, exchange, 400, "PROTOCOL_VERSION_UNSUPPORTED"))
        return;
    REQUIRE(trial, speaks_major_1(json_get(exchange->json, "supported")), exchange,
            "expected member 'supported' to list a 1.x");
}

static bool says_version(const Exchange *exchange)
{
    char version[16];

    return exchange_header(exchange, "Ved-Protocol", version, sizeof version) &&
           strncmp(version, "1.", 2) == 0;
}

void rule_reply_says_its_version(Trial *trial)
{
    const Exchange *exchange = trial_get_ok(trial, HANDSHAKE);

    if (exchange == NULL)
        return;
    REQUIRE(trial, says_version(exchange), exchange, "expected the header Ved-Protocol: 1.x");
    exchange = trial_get(trial, "/v1/operations/nobody-%s", trial->lineage);
    REQUIRE(trial, says_version(exchange), exchange,
            "expected the header Ved-Protocol: 1.x on a problem, too");
}

void rule_health_is_told(Trial *trial)
{
    const Exchange *exchange = trial_get_ok(trial, "/v1/health");

    if (exchange == NULL)
        return;
    REQUIRE(trial, json_is_bool(json_get(exchange->json, "ready")), exchange,
            "expected member 'ready' to be true or false");
}

/* ---- the schema ---- */

static bool effects_are_whole(Trial *trial, const Exchange *exchange)
{
    const Json *effects = json_get(exchange->json, "effects");

    for (const Json *e = json_first(effects); e != NULL; e = json_next(e)) {
        const char *kind = json_get_string(e, "kind", "");
        bool is_whole = (strcmp(kind, "instance") == 0 || strcmp(kind, "action") == 0) &&
                        json_is_object(json_get(e, "parameters")) &&
                        json_is_object(json_get(e, "result"));
        if (is_whole)
            continue;
        trial_fail(trial, exchange,
                   "effect '%s': expected kind instance or action, parameters and result",
                   json_key(e));
        return false;
    }
    return true;
}

void rule_schema_is_whole(Trial *trial)
{
    const Exchange *exchange = trial_get_ok(trial, "/v1/schema");
    const char *etag = json_get_string(trial->bench->handshake, "schema_etag", "");
    cleanup(provider_schema_free) ProviderSchema *schema = NULL;
    char found[256] = "";
    Error err = {0};

    if (exchange == NULL || !effects_are_whole(trial, exchange))
        return;
    REQUIRE(trial, json_is_object(json_get(exchange->json, "types")), exchange,
            "expected member 'types' to be an object");
    Json *copy = json_copy(exchange->json);
    if (provider_schema_parse(copy, &schema, &err) < 0) {
        json_free(copy);
        trial_fail(trial, exchange, "%.900s", err.message);
        return;
    }
    exchange_header(exchange, "ETag", found, sizeof found);
    REQUIRE(trial, strcmp(found, etag) == 0, exchange,
            "its ETag is %s, but schema_etag of the handshake is %s", found, etag);
}

void rule_schema_is_unchanged_by_etag(Trial *trial)
{
    cleanup(free) char *authorization = subject_authorization(trial->bench->subject);
    const Exchange *first = trial_get_ok(trial, "/v1/schema");
    char etag[256];

    if (first == NULL)
        return;
    REQUIRE(trial, exchange_header(first, "ETag", etag, sizeof etag), first,
            "expected the header ETag");
    const char *match = arena_format(&trial->arena, "If-None-Match: %s", etag);
    const char *headers[] = {"Ved-Protocol: 1.0", match, authorization, NULL};
    const Exchange *second = get_with(trial, trial_url(trial, "/v1/schema"), headers,
                                      subject_tls(trial->bench->subject));
    if (!expect_status(trial, second, (const int[]){304, 0}))
        return;
    REQUIRE(trial, second->body.size == 0, second, "a 304 has no body");
}

/* ---- strangers ---- */

void rule_plain_http_is_refused(Trial *trial)
{
    const char *url = subject_url(trial->bench->subject);
    const char *plain = arena_format(&trial->arena, "http%s" HANDSHAKE, url + strlen("https"));
    const Exchange *exchange = get_with(trial, plain, (const char *[]){NULL}, NULL);

    REQUIRE(trial, exchange->status == 0 || exchange->status >= 400, exchange,
            "plain HTTP was answered with %d", exchange->status);
}

static bool is_refused(const Exchange *exchange)
{
    return exchange->status == 0 || exchange->status == 401 || exchange->status == 403;
}

void rule_stranger_learns_nothing(Trial *trial)
{
    static const char *const paths[] = {"/v1/instances/Nothing/00000000000000000000000000000000",
                                        "/v1/operations/nobody", "/v1/instances", "/v1/schema"};
    static const char *const none[] = {"Ved-Protocol: 1.0", NULL};
    static const char *const wrong[] = {"Ved-Protocol: 1.0", "Authorization: Bearer wrong", NULL};
    const char *const *credentials[] = {none, wrong};

    for (size_t i = 0; i < ARRAY_SIZE(paths) * ARRAY_SIZE(credentials); i++) {
        const Exchange *exchange =
            get_with(trial, trial_url(trial, paths[i / 2]), credentials[i % 2], NULL);
        REQUIRE(trial, is_refused(exchange), exchange,
                "somebody %s was answered %d, expected a refusal in the handshake of TLS, 401 or "
                "403",
                i % 2 == 0 ? "without credentials" : "with a wrong token", exchange->status);
    }
}

/* ---- problems ---- */

static bool is_code(const char *code)
{
    for (const char *c = code; *c != '\0'; c++)
        if (!isupper((unsigned char)*c) && !isdigit((unsigned char)*c) && *c != '_')
            return false;
    return code[0] != '\0';
}

static bool is_outcome(const char *outcome)
{
    static const char *const outcomes[] = {"not_applied", "applied", "partial", "unknown"};

    for (size_t i = 0; i < ARRAY_SIZE(outcomes); i++)
        if (strcmp(outcome, outcomes[i]) == 0)
            return true;
    return false;
}

void rule_problem_has_its_shape(Trial *trial)
{
    const Exchange *exchange = trial_get(trial, "/v1/operations/nobody-%s", trial->lineage);
    const Json *problem = exchange->json;
    char media[128] = "";

    if (!expect_status(trial, exchange, (const int[]){404, 410, 0}))
        return;
    exchange_header(exchange, "Content-Type", media, sizeof media);
    const struct {
        bool holds;
        const char *what;
    } members[] = {
        {strncmp(media, "application/problem+json", 24) == 0,
         "the Content-Type application/problem+json"},
        {json_is_object(problem), "a JSON object"},
        {strstr(json_get_string(problem, "type", ""), "://") != NULL, "type: a URL"},
        {is_text(json_get(problem, "title")), "title: a text"},
        {json_get_int(problem, "status", 0) == exchange->status, "status: that of the reply"},
        {is_text(json_get(problem, "detail")), "detail: a text"},
        {is_code(json_get_string(problem, "code", "")), "code: UPPER_SNAKE"},
        {is_outcome(json_get_string(problem, "outcome", "")),
         "outcome: not_applied, applied, partial or unknown"},
        {json_is_bool(json_get(problem, "retryable")), "retryable: true or false"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(members); i++)
        REQUIRE(trial, members[i].holds, exchange, "expected %s", members[i].what);
}
