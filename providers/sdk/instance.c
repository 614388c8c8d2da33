#include "providers/sdk/instance.h"

#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "lang/base/hash.h"
#include "lang/base/memory.h"
#include "providers/sdk/secrets.h"

void instance_free(Instance *instance)
{
    if (instance == NULL)
        return;
    free(instance->type);
    free(instance->uid);
    free(instance->effect);
    free(instance->external_id);
    free(instance->reason);
    json_free(instance->owner);
    json_free(instance->desired);
    json_free(instance->state);
    json_free(instance->private);
    free(instance);
}

static void set_text(Json *json, const char *key, const char *text)
{
    if (text != NULL)
        json_set_string(json, key, text);
}

static void set_copy(Json *json, const char *key, const Json *value)
{
    json_set(json, key, value != NULL ? json_copy(value) : json_new_null());
}

Json *instance_json(const Instance *instance)
{
    Json *json = json_new_object();

    set_text(json, "type", instance->type);
    set_text(json, "uid", instance->uid);
    set_text(json, "effect", instance->effect);
    set_text(json, "external_id", instance->external_id);
    set_text(json, "reason", instance->reason);
    set_copy(json, "owner", instance->owner);
    set_copy(json, "desired", instance->desired);
    set_copy(json, "state", instance->state);
    set_copy(json, "private", instance->private);
    json_set_int(json, "schema_version", instance->schema_version);
    json_set_int(json, "generation", instance->generation);
    json_set_bool(json, "ready", instance->ready);
    json_set_bool(json, "partial", instance->partial);
    json_set_string(json, "etag", instance->etag);
    return json;
}

static char *get_text(const Json *json, const char *key)
{
    const char *text = json_get_string(json, key, NULL);

    return text != NULL ? memory_copy_string(text) : NULL;
}

static Json *get_copy(const Json *json, const char *key)
{
    const Json *value = json_get(json, key);

    return value != NULL && !json_is_null(value) ? json_copy(value) : NULL;
}

int instance_parse(const Json *json, Instance **ret, Error *err)
{
    cleanup(instance_free) Instance *instance = memory_zero(1, sizeof *instance);

    instance->type = get_text(json, "type");
    instance->uid = get_text(json, "uid");
    instance->effect = get_text(json, "effect");
    instance->external_id = get_text(json, "external_id");
    instance->reason = get_text(json, "reason");
    instance->owner = get_copy(json, "owner");
    instance->desired = get_copy(json, "desired");
    instance->state = get_copy(json, "state");
    instance->private = get_copy(json, "private");
    instance->schema_version = json_get_int(json, "schema_version", 1);
    instance->generation = json_get_int(json, "generation", 0);
    instance->ready = json_get_bool(json, "ready", false);
    instance->partial = json_get_bool(json, "partial", false);
    snprintf(instance->etag, ETAG_SIZE, "%s", json_get_string(json, "etag", ""));
    if (instance->type == NULL || instance->uid == NULL || instance->effect == NULL)
        return error_set(err, ERROR_STATE, "an instance without type, uid or effect");
    *ret = take(instance);
    return 0;
}

static Json *ready_conditions(const Instance *instance)
{
    Json *conditions = json_new_array(), *ready = json_new_object();

    json_set_string(ready, "type", "Ready");
    json_set_string(ready, "status", instance->ready ? "True" : "False");
    json_set_string(ready, "reason", instance->ready ? "Ready" : "NotReady");
    set_text(ready, "message", instance->reason);
    json_append(conditions, ready);
    return conditions;
}

Json *instance_representation(const Instance *instance)
{
    Json *json = json_new_object();

    set_text(json, "uid", instance->uid);
    set_text(json, "external_id", instance->external_id);
    set_text(json, "type", instance->type);
    set_text(json, "effect", instance->effect);
    set_copy(json, "owner", instance->owner);
    json_set_int(json, "generation", instance->generation);
    json_set_int(json, "schema_version", instance->schema_version);
    json_set_string(json, "etag", instance->etag);
    set_copy(json, "state", instance->state);
    json_set(json, "sensitive", secrets_pointers(instance->state));
    if (instance->private != NULL) {
        cleanup(free) char *private = private_encode(instance->private);
        json_set_string(json, "private", private);
    }
    json_set_bool(json, "ready", instance->ready);
    json_set(json, "conditions", ready_conditions(instance));
    json_set_string(json, "outcome", instance->partial ? "partial" : "applied");
    json_set(json, "warnings", json_new_array());
    return json;
}

void etag_of(const Json *state, const char *external_id, char ret[ETAG_SIZE])
{
    cleanup(buffer_deinit) Buffer text = {0};
    uint8_t digest[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];

    buffer_add_string(&text, external_id != NULL ? external_id : "");
    buffer_add_char(&text, '\n');
    if (state != NULL)
        json_write_canonical(&text, state);
    sha256(text.bytes, text.size, digest);
    hex_encode(digest, sizeof digest, hex);
    snprintf(ret, ETAG_SIZE, "\"%.16s\"", hex);
}

char *private_encode(const Json *private)
{
    cleanup(free) char *text = json_text(private);
    size_t size = strlen(text);
    char *encoded = memory_alloc((size + 2) / 3 * 4 + 1);

    EVP_EncodeBlock((unsigned char *)encoded, (const unsigned char *)text, (int)size);
    return encoded;
}

Json *private_decode(const char *text)
{
    size_t size = strlen(text);
    cleanup(free) char *decoded = memory_alloc(size + 1);
    int got = EVP_DecodeBlock((unsigned char *)decoded, (const unsigned char *)text, (int)size);
    Json *json = NULL;

    /* EVP_DecodeBlock() counts the padding as zero bytes. */
    while (got > 0 && size > 0 && text[size - 1] == '=') {
        got--;
        size--;
    }
    if (got <= 0 || json_parse(decoded, (size_t)got, &json, NULL) < 0)
        return NULL;
    return json;
}
