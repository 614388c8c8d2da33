#include "request.h"

#include <string.h>

#define TIMEOUT_DEFAULT_MS 600000

static void put_owner(const Runtime *runtime, const char *stack, const Intent *intent, Buffer *ret)
{
    size_t domain = strcspn(intent->address, ".");

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
        buffer_add_format(ret,
                          ",\"desired\":%s,\"prior\":null,\"private\":null,\"secrets\":{},"
                          "\"adopt\":null",
                          intent->arguments);
        break;
    case INTENT_ACTION:
        buffer_add_format(ret, ",\"arguments\":%s,\"secrets\":{}", intent->arguments);
        break;
    case INTENT_DELETE:
        break;
    }
    buffer_add_format(ret, ",\"timeout_s\":%lld}", (long long)(timeout_ms / 1000));
}
