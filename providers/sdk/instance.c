#include "providers/sdk/instance.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "lang/base/hash.h"
#include "lang/base/memory.h"
#include "providers/sdk/members.h"
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
    free(instance->owner);
    free(instance->desired);
    free(instance->state);
    free(instance->private);
    free(instance->sensitive);
    free(instance);
}

/* The members that are strings, and those that are JSON texts. */
#define AT(member) offsetof(Instance, member)
static const struct {
    const char *key;
    size_t at;
} strings[] = {{"type", AT(type)},
               {"uid", AT(uid)},
               {"effect", AT(effect)},
               {"external_id", AT(external_id)},
               {"reason", AT(reason)}},
  texts[] = {{"owner", AT(owner)},
             {"desired", AT(desired)},
             {"state", AT(state)},
             {"private", AT(private)},
             {"sensitive", AT(sensitive)}};
#undef AT

static char **member_at(const Instance *instance, size_t at)
{
    return (char **)((char *)instance + at);
}

void instance_put(Buffer *ret, const Instance *instance)
{
    buffer_add_char(ret, '{');
    for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
        member_put_string(ret, strings[i].key, *member_at(instance, strings[i].at));
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        member_put_text(ret, texts[i].key, *member_at(instance, texts[i].at));
    member_put_int(ret, "schema_version", instance->schema_version);
    member_put_int(ret, "generation", instance->generation);
    member_put_bool(ret, "ready", instance->ready);
    member_put_bool(ret, "partial", instance->partial);
    member_put_string(ret, "etag", instance->etag);
    buffer_add_char(ret, '}');
}

static bool read_text(Instance *instance, const Member *member)
{
    for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
        if (member_is(member, strings[i].key)) {
            free(*member_at(instance, strings[i].at));
            *member_at(instance, strings[i].at) = member_string(member);
            return true;
        }
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        if (member_is(member, texts[i].key)) {
            free(*member_at(instance, texts[i].at));
            *member_at(instance, texts[i].at) = member_text(member);
            return true;
        }
    return false;
}

static void read_member(Instance *instance, const Member *member)
{
    if (read_text(instance, member))
        return;
    if (member_is(member, "schema_version")) {
        instance->schema_version = member_int(member, 1);
    } else if (member_is(member, "generation")) {
        instance->generation = member_int(member, 0);
    } else if (member_is(member, "ready")) {
        instance->ready = member_is_true(member);
    } else if (member_is(member, "partial")) {
        instance->partial = member_is_true(member);
    } else if (member_is(member, "etag")) {
        cleanup(free) char *etag = member_string(member);
        snprintf(instance->etag, ETAG_SIZE, "%s", etag != NULL ? etag : "");
    }
}

int instance_parse(Members *members, Instance **ret, Error *err)
{
    cleanup(instance_free) Instance *instance = memory_zero(1, sizeof *instance);
    Member member;

    instance->schema_version = 1;
    while (members_next(members, &member))
        read_member(instance, &member);
    if (!members_are_whole(members))
        return error_set(err, ERROR_STATE, "an instance is no JSON object");
    if (instance->type == NULL || instance->uid == NULL || instance->effect == NULL)
        return error_set(err, ERROR_STATE, "an instance without type, uid or effect");
    *ret = take(instance);
    return 0;
}

static void put_conditions(Buffer *ret, const Instance *instance)
{
    cleanup(buffer_deinit) Buffer ready = {0};

    buffer_add_string(&ready, "[{");
    member_put_string(&ready, "type", "Ready");
    member_put_string(&ready, "status", instance->ready ? "True" : "False");
    member_put_string(&ready, "reason", instance->ready ? "Ready" : "NotReady");
    member_put_string(&ready, "message", instance->reason);
    buffer_add_string(&ready, "}]");
    member_put_text(ret, "conditions", buffer_text(&ready));
}

static void put_sensitive(Buffer *ret, const Instance *instance)
{
    cleanup(free) char *concealed =
        instance->sensitive == NULL ? secrets_pointers(instance->state) : NULL;

    member_put_text(ret, "sensitive", concealed != NULL ? concealed : instance->sensitive);
}

void instance_put_representation(Buffer *ret, const Instance *instance, const char *op)
{
    cleanup(free) char *private =
        instance->private != NULL ? private_encode(instance->private) : NULL;

    buffer_add_char(ret, '{');
    member_put_string(ret, "uid", instance->uid);
    member_put_string(ret, "external_id", instance->external_id);
    member_put_string(ret, "type", instance->type);
    member_put_string(ret, "effect", instance->effect);
    member_put_text(ret, "owner", instance->owner != NULL ? instance->owner : "null");
    member_put_int(ret, "generation", instance->generation);
    member_put_int(ret, "schema_version", instance->schema_version);
    member_put_string(ret, "etag", instance->etag);
    member_put_text(ret, "state", instance->state != NULL ? instance->state : "null");
    put_sensitive(ret, instance);
    member_put_string(ret, "private", private);
    member_put_bool(ret, "ready", instance->ready);
    put_conditions(ret, instance);
    member_put_string(ret, "outcome", instance->partial ? "partial" : "applied");
    member_put_text(ret, "warnings", "[]");
    member_put_string(ret, "op", op);
    buffer_add_char(ret, '}');
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

void etag_of_text(const char *state, const char *external_id, char ret[ETAG_SIZE])
{
    cleanup(json_free) Json *json = text_json(state);

    etag_of(json, external_id, ret);
}

char *private_encode(const char *private)
{
    size_t size = strlen(private);
    char *encoded = memory_alloc((size + 2) / 3 * 4 + 1);

    EVP_EncodeBlock((unsigned char *)encoded, (const unsigned char *)private, (int)size);
    return encoded;
}

char *private_decode(const char *text)
{
    size_t size = strlen(text);
    cleanup(free) char *decoded = memory_alloc(size + 1);
    int got = EVP_DecodeBlock((unsigned char *)decoded, (const unsigned char *)text, (int)size);
    cleanup(json_free) Json *json = NULL;

    /* EVP_DecodeBlock() counts the padding as zero bytes. */
    while (got > 0 && size > 0 && text[size - 1] == '=') {
        got--;
        size--;
    }
    if (got <= 0 || json_parse(decoded, (size_t)got, &json, NULL) < 0)
        return NULL;
    return json_text(json);
}
