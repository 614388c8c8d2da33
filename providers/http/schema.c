#include "providers/http/schema.h"

static void set_text(Json *object, const char *key, const char *text)
{
    if (text != NULL)
        json_set_string(object, key, text);
}

static void set_copy(Json *object, const char *key, const Json *value)
{
    if (value != NULL)
        json_set(object, key, json_copy(value));
}

static void set_flag(Json *object, const char *key, bool value)
{
    if (value)
        json_set_bool(object, key, true);
}

static Json *parameter_json(const ParameterSpec *spec)
{
    Json *json = json_new_object();

    set_text(json, "type", spec->type);
    set_text(json, "description", spec->description);
    set_copy(json, "default", spec->otherwise);
    set_copy(json, "enum", spec->values);
    set_copy(json, "minimum", spec->minimum);
    set_copy(json, "maximum", spec->maximum);
    if (spec->min_length >= 0)
        json_set_int(json, "minLength", spec->min_length);
    if (spec->max_length >= 0)
        json_set_int(json, "maxLength", spec->max_length);
    set_flag(json, "x-ved-immutable", spec->immutable);
    if (spec->immutable)
        set_text(json, "x-ved-because", spec->because);
    set_flag(json, "x-ved-disruptive", spec->disruptive);
    set_flag(json, "x-ved-sensitive", spec->sensitive);
    return json;
}

static Json *parameters_json(const Parameters *parameters)
{
    Json *json = json_new_object(), *required = json_new_array(), *properties = json_new_object();

    for (size_t i = 0; i < parameters->count; i++) {
        const ParameterSpec *spec = &parameters->specs[i];
        json_set(properties, spec->name, parameter_json(spec));
        if (spec->required)
            json_append(required, json_new_string(spec->name));
    }
    json_set_string(json, "type", "object");
    json_set_bool(json, "additionalProperties", false);
    json_set(json, "required", required);
    json_set(json, "properties", properties);
    return json;
}

static Json *results_json(const Results *results, bool has_id)
{
    Json *json = json_new_object(), *properties = json_new_object();

    if (has_id) {
        Json *id = json_new_object();
        json_set_string(id, "type", "string");
        json_set(properties, "id", id);
    }
    for (size_t i = 0; i < results->count; i++) {
        Json *member = json_new_object();
        set_text(member, "type", results->specs[i].type);
        set_flag(member, "x-ved-sensitive", results->specs[i].sensitive);
        json_set(properties, results->specs[i].name, member);
    }
    json_set_string(json, "type", "object");
    json_set(json, "properties", properties);
    return json;
}

/* What effects and queries have in common. */
static Json *entry_json(const Parameters *parameters)
{
    Json *entry = json_new_object();

    json_set(entry, "positional",
             parameters->positional != NULL ? json_copy(parameters->positional) : json_new_array());
    json_set(entry, "parameters", parameters_json(parameters));
    return entry;
}

static Json *resource_json(const ResourceSpec *resource)
{
    Json *entry = entry_json(&resource->parameters);

    json_set_string(entry, "kind", "instance");
    json_set_string(entry, "type", resource->type);
    set_text(entry, "description", resource->description);
    json_set(entry, "result", results_json(&resource->results, true));
    json_set_int(entry, "typical_s", resource->typical_s);
    json_set_int(entry, "timeout_s", resource->timeout_s);
    return entry;
}

static Json *action_json(const ActionSpec *action)
{
    Json *entry = entry_json(&action->parameters);

    json_set_string(entry, "kind", "action");
    set_text(entry, "description", action->description);
    json_set(entry, "result", results_json(&action->results, false));
    json_set_int(entry, "typical_s", action->typical_s);
    json_set_int(entry, "timeout_s", action->timeout_s);
    return entry;
}

static const char *query_type(const QuerySpec *query)
{
    switch (query->kind) {
    case QUERY_POINTER:
        return query->type;
    case QUERY_COUNT:
        return "integer";
    case QUERY_EXISTS:
        return "boolean";
    }
    return NULL;
}

static Json *query_json(const QuerySpec *query)
{
    Json *entry = entry_json(&query->parameters), *result = json_new_object();

    set_text(result, "type", query_type(query));
    json_set(entry, "result", result);
    return entry;
}

static Json *type_json(const ResourceSpec *resource)
{
    static const char *const ops[] = {"create", "read", "update", "delete"};
    Json *type = json_new_object(), *list = json_new_array();

    for (size_t i = 0; i < ARRAY_SIZE(ops); i++)
        json_append(list, json_new_string(ops[i]));
    json_set_int(type, "schema_version", 1);
    json_set_string(type, "primary_id", "/id");
    json_set_string(type, "replace_order", resource->replace_order);
    json_set(type, "ops", list);
    return type;
}

char *http_schema(const HttpConfig *config)
{
    cleanup(json_free) Json *document = json_new_object();
    Json *effects = json_new_object(), *queries = json_new_object(), *types = json_new_object();

    for (size_t i = 0; i < config->resource_count; i++) {
        const ResourceSpec *resource = &config->resources[i];
        json_set(effects, resource->effect, resource_json(resource));
        json_set(types, resource->type, type_json(resource));
    }
    for (size_t i = 0; i < config->action_count; i++)
        json_set(effects, config->actions[i].name, action_json(&config->actions[i]));
    for (size_t i = 0; i < config->query_count; i++)
        json_set(queries, config->queries[i].name, query_json(&config->queries[i]));
    json_set(document, "effects", effects);
    json_set(document, "queries", queries);
    json_set(document, "types", types);
    return json_text(document);
}
