#include "providers/sdk/handshake.h"

#include "providers/sdk/batch.h"
#include "providers/sdk/http.h"

static Json *strings(const char *const *texts, size_t count)
{
    Json *array = json_new_array();

    for (size_t i = 0; i < count; i++)
        json_append(array, json_new_string(texts[i]));
    return array;
}

static Json *handshake_limits(const Provider *provider)
{
    Json *limits = json_new_object();

    json_set_int(limits, "max_body_bytes", HTTP_BODY_MAX);
    json_set_int(limits, "max_batch", (int64_t)batch_max(provider));
    json_set_int(limits, "max_concurrent", OPERATION_CONCURRENT_MAX);
    if (provider->rate_per_s > 0)
        json_set(limits, "rate_per_s", json_new_number(provider->rate_per_s));
    return limits;
}

Json *handshake_versions(void)
{
    static const char *const versions[] = {"1.0"};

    return strings(versions, ARRAY_SIZE(versions));
}

Json *handshake_json(const EngineOptions *options, bool takes_tokens)
{
    /* The last two need the provider's lookup(). */
    static const char *const capabilities[] = {
        "plan",  "validate", "batch_observe", "query",         "list",  "cancel",
        "fence", "actions",  "events",        "upgrade_state", "adopt", "lookup"};
    static const char *const auth[] = {"mtls", "bearer"};
    size_t capability_count = ARRAY_SIZE(capabilities) - (options->provider->lookup ? 0 : 2);
    Json *json = json_new_object(), *protocol = json_new_object();
    Json *idempotency = json_new_object(), *operations = json_new_object();

    json_set_string(json, "name", options->provider->name);
    json_set_string(json, "vendor_version", options->provider->version);
    json_set(protocol, "versions", handshake_versions());
    json_set_string(protocol, "base", "/v1");
    json_set(json, "protocol", protocol);
    json_set(json, "capabilities", strings(capabilities, capability_count));
    json_set(json, "limits", handshake_limits(options->provider));
    json_set_int(idempotency, "ttl_s", STORE_TTL_S);
    json_set(json, "idempotency", idempotency);
    json_set_int(operations, "retention_s", STORE_TTL_S);
    json_set(json, "operations", operations);
    json_set(json, "auth", strings(auth, takes_tokens ? 2 : 1));
    json_set_string(json, "schema_etag", schema_etag(options->schema));
    return json;
}
