#include <string.h>

#include "lang/base/memory.h"
#include "providers/sim/sim_private.h"

static Json *effect_entry(const char *kind)
{
    Json *entry = json_new_object(), *parameters = json_new_object(), *result = json_new_object();

    json_set_string(entry, "kind", kind);
    json_set_string(parameters, "type", "object");
    json_set(entry, "parameters", parameters);
    json_set(entry, "positional", json_new_array());
    json_set_string(result, "type", "object");
    json_set(entry, "result", result);
    json_set_int(entry, "typical_s", 0);
    json_set_int(entry, "timeout_s", 600);
    return entry;
}

static Json *member(Json *object, const char *key, Json *(*make)(void))
{
    if (json_get(object, key) == NULL)
        json_set(object, key, make());
    return json_get(object, key);
}

/* The entry of an effect that makes objects, made when it is first spoken of. */
static Json *instance_entry(Json *effects, const char *effect)
{
    if (json_get(effects, effect) == NULL)
        json_set(effects, effect, effect_entry("instance"));
    return json_get(effects, effect);
}

/* {"EFFECT": ["PARAMETER"]}: give these parameters the mark. Any others are taken all the same. */
static void mark_parameters(Json *effects, const Json *lists, const char *mark)
{
    for (const Json *list = json_first(lists); list != NULL; list = json_next(list)) {
        Json *parameters = json_get(instance_entry(effects, json_key(list)), "parameters");
        Json *properties = member(parameters, "properties", json_new_object);
        json_set_bool(parameters, "additionalProperties", true);
        for (const Json *name = json_first(list); name != NULL; name = json_next(name))
            json_set_bool(member(properties, json_string(name, ""), json_new_object), mark, true);
    }
}

static Json *type_entry(const char *replace_order)
{
    Json *type = json_new_object();

    json_set_int(type, "schema_version", 1);
    json_set_string(type, "primary_id", "/id");
    json_set_string(type, "replace_order", replace_order);
    return type;
}

char *sim_schema(const Json *config)
{
    cleanup(json_free) Json *schema = json_new_object();
    Json *effects = json_new_object(), *types = json_new_object();
    const Json *actions = json_get(config, "actions"), *first = json_get(config, "create_first");

    for (const Json *a = json_first(actions); a != NULL; a = json_next(a))
        json_set(effects, json_string(a, ""), effect_entry("action"));
    mark_parameters(effects, json_get(config, "immutable"), "x-ved-immutable");
    mark_parameters(effects, json_get(config, "disruptive"), "x-ved-disruptive");
    for (const Json *e = json_first(first); e != NULL; e = json_next(e)) {
        instance_entry(effects, json_string(e, ""));
        json_set(types, json_string(e, ""), type_entry("create_first"));
    }
    json_set(schema, "effects", effects);
    json_set(schema, "queries", json_new_object());
    json_set(schema, "types", types);
    json_set(schema, "any", effect_entry("instance"));
    json_set(schema, "any_query", json_new_object());
    return json_text(schema);
}
