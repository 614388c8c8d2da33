#include "request.h"

#include <string.h>

#include "controller/host/secrets.h"

#define TIMEOUT_DEFAULT_MS 600000

static void put_owner(const Runtime *runtime, const char *stack, const Intent *intent, Buffer *ret)
{
    size_t domain = strcspn(intent->address, ".[");

    buffer_add_string(ret, ",\"owner\":{\"lineage\":");
    json_put_string(ret, runtime->lineage);
    buffer_add_string(ret, ",\"stack\":");
    json_put_string(ret, stack);
    buffer_add_string(ret, ",\"domain\":");
    json_put_bytes(ret, intent->address, domain);
    buffer_add_string(ret, ",\"address\":");
    json_put_string(ret, intent->address);
    buffer_add_char(ret, '}');
}

/* `"NAME":ARGUMENTS` with secrets apart, and `"secrets":{...}`. */
static void put_arguments(const Runtime *runtime, const char *name, const Intent *intent,
                          Buffer *ret)
{
    cleanup(json_free) Json *arguments = NULL, *wire = NULL, *secrets = json_new_object();

    buffer_add_format(ret, ",\"%s\":", name);
    if (strstr(intent->arguments, "\"$secret\"") == NULL ||
        json_parse_own(intent->arguments, strlen(intent->arguments), &arguments, NULL) < 0) {
        buffer_add_string(ret, intent->arguments);
    } else {
        wire = secrets_extract(runtime->lineage, arguments, secrets);
        json_write_canonical(ret, wire);
    }
    buffer_add_string(ret, ",\"secrets\":");
    json_write_canonical(ret, secrets);
}

/* By the name that it has outside, where a person has said that; else whatever stands there. */
static void put_adopt(const Runtime *runtime, const Intent *intent, Buffer *ret)
{
    const Object *object = object_find(runtime, intent->uid);

    buffer_add_string(ret, ",\"adopt\":");
    if (!intent->adopts) {
        buffer_add_string(ret, "null");
    } else if (object == NULL || !object->by_hand || object->external_id == NULL) {
        buffer_add_string(ret, "true");
    } else {
        buffer_add_string(ret, "{\"external_id\":");
        json_put_string(ret, object->external_id);
        buffer_add_char(ret, '}');
    }
}

void request_body(const Runtime *runtime, const char *stack, const Intent *intent, Buffer *ret)
{
    int64_t timeout_ms = intent->timeout_ms > 0 ? intent->timeout_ms : TIMEOUT_DEFAULT_MS;

    buffer_add_string(ret, "{\"op\":");
    json_put_string(ret, intent->op);
    put_owner(runtime, stack, intent, ret);
    switch (intent->verb) {
    case INTENT_PUT:
        buffer_add_format(ret, ",\"generation\":%llu,\"schema_version\":1,\"effect\":",
                          (unsigned long long)intent->generation);
        json_put_string(ret, intent->action);
        put_arguments(runtime, "desired", intent, ret);
        buffer_add_string(ret, ",\"prior\":null,\"private\":null");
        put_adopt(runtime, intent, ret);
        break;
    case INTENT_ACTION:
        put_arguments(runtime, "arguments", intent, ret);
        break;
    case INTENT_DELETE:
        break;
    }
    buffer_add_format(ret, ",\"timeout_s\":%lld}", (long long)(timeout_ms / 1000));
}
