#include "controller/host/provider_schema.h"

#include <string.h>

#include "lang/base/hash.h"
#include "lang/base/map.h"
#include "lang/base/memory.h"

#define EFFECTS_MAX 10000

struct ProviderSchema {
    Json *document;
    Map effects; /* name -> SchemaEffect */
    SchemaEffect *any;
    char digest[2 * SHA256_SIZE + 1];
};

static void effect_free(SchemaEffect *effect)
{
    if (!effect)
        return;
    free(effect->positional);
    free(effect->immutable);
    free(effect);
}
CLEANUP_DEFINE(SchemaEffect *, effect_free);

static int effect_parse_kind(const Json *entry, SchemaKind *ret, Error *err)
{
    const char *kind = json_get_string(entry, "kind", "instance");

    if (strcmp(kind, "instance") == 0)
        *ret = SCHEMA_INSTANCE;
    else if (strcmp(kind, "action") == 0)
        *ret = SCHEMA_ACTION;
    else
        return error_set(err, ERROR_PROVIDER, "kind is '%s', expected 'instance' or 'action'",
                         kind);
    return 0;
}

static int effect_parse_positional(const Json *list, SchemaEffect *effect, Error *err)
{
    if (!list || json_is_null(list))
        return 0;
    if (!json_is_array(list))
        return error_set(err, ERROR_PROVIDER, "positional is not a list of names");
    effect->positional = memory_zero(json_count(list) + 1, sizeof *effect->positional);
    for (const Json *name = json_first(list); name; name = json_next(name)) {
        if (!json_is_string(name))
            return error_set(err, ERROR_PROVIDER, "positional is not a list of names");
        effect->positional[effect->positional_count++] = json_string(name, "");
    }
    return 0;
}

static void effect_parse_immutable(const Json *properties, SchemaEffect *effect)
{
    effect->immutable = memory_zero(json_count(properties) + 1, sizeof *effect->immutable);
    for (const Json *p = json_first(properties); p; p = json_next(p))
        if (json_get_bool(p, "x-ved-immutable", false))
            effect->immutable[effect->immutable_count++] = json_key(p);
}

static int effect_parse(const Json *entry, const char *name, SchemaEffect **ret, Error *err)
{
    cleanup(effect_free) SchemaEffect *effect = memory_zero(1, sizeof *effect);
    int r;

    if (!json_is_object(entry))
        return error_set(err, ERROR_PROVIDER, "it is not an object");
    effect->name = name;
    effect->type = json_get_string(entry, "type", NULL);
    effect->result = json_get(entry, "result");
    effect->typical_s = json_get_int(entry, "typical_s", 0);
    effect->timeout_s = json_get_int(entry, "timeout_s", 0);
    if ((r = effect_parse_kind(entry, &effect->kind, err)) < 0 ||
        (r = effect_parse_positional(json_get(entry, "positional"), effect, err)) < 0)
        return r;
    effect_parse_immutable(json_get(json_get(entry, "parameters"), "properties"), effect);
    *ret = take(effect);
    return 0;
}

static int effects_parse(const Json *list, ProviderSchema *schema, Error *err)
{
    if (json_count(list) > EFFECTS_MAX)
        return error_set(err, ERROR_PROVIDER, "it has more than %d effects", EFFECTS_MAX);
    for (const Json *entry = json_first(list); entry; entry = json_next(entry)) {
        SchemaEffect *effect;

        if (effect_parse(entry, json_key(entry), &effect, err) < 0)
            return error_wrap(err, "effect '%s'", json_key(entry));
        map_put(&schema->effects, effect->name, effect);
    }
    return 0;
}

static void schema_digest(ProviderSchema *schema)
{
    cleanup(buffer_deinit) Buffer text = {0};
    uint8_t digest[SHA256_SIZE];

    json_write_canonical(&text, schema->document);
    sha256(buffer_text(&text), text.size, digest);
    hex_encode(digest, sizeof digest, schema->digest);
}

int provider_schema_parse(Json *document, ProviderSchema **ret, Error *err)
{
    cleanup(provider_schema_free) ProviderSchema *schema = memory_zero(1, sizeof *schema);
    const Json *effects = json_get(document, "effects");
    const Json *any = json_get(document, "any");

    if (!json_is_object(effects) && !json_is_object(any))
        return error_set(err, ERROR_PROVIDER, "read the schema: it has no effects");
    if (effects_parse(effects, schema, err) < 0)
        return error_wrap(err, "read the schema");
    if (json_is_object(any) && effect_parse(any, NULL, &schema->any, err) < 0)
        return error_wrap(err, "read the schema: entry for any effect");
    schema->document = document;
    schema_digest(schema);
    *ret = take(schema);
    return 0;
}

void provider_schema_free(ProviderSchema *schema)
{
    if (!schema)
        return;
    for (MapEntry *e = map_next(&schema->effects, NULL); e; e = map_next(&schema->effects, e))
        effect_free(e->value);
    map_deinit(&schema->effects);
    effect_free(schema->any);
    json_free(schema->document);
    free(schema);
}

const SchemaEffect *schema_effect(const ProviderSchema *schema, const char *name)
{
    const SchemaEffect *effect = map_get(&schema->effects, name);

    return effect ? effect : schema->any;
}

const SchemaEffect *schema_effect_at(const ProviderSchema *schema, size_t index)
{
    for (MapEntry *e = map_next(&schema->effects, NULL); e; e = map_next(&schema->effects, e))
        if (index-- == 0)
            return e->value;
    return NULL;
}

bool schema_creates_first(const ProviderSchema *schema, const char *type)
{
    const Json *entry = json_get(json_get(schema->document, "types"), type);

    return strcmp(json_get_string(entry, "replace_order", "delete_first"), "create_first") == 0;
}

const Json *schema_query(const ProviderSchema *schema, const char *name)
{
    const Json *query = json_get(json_get(schema->document, "queries"), name);

    return query ? query : json_get(schema->document, "any_query");
}

const Json *provider_schema_document(const ProviderSchema *schema)
{
    return schema->document;
}

const char *provider_schema_digest(const ProviderSchema *schema)
{
    return schema->digest;
}
