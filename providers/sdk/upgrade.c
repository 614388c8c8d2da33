#include "providers/sdk/upgrade.h"

#include "lang/base/memory.h"
#include "providers/sdk/log.h"
#include "providers/sdk/members.h"

int upgrade_state(Provider *provider, const Schema *schema, const char *type, int64_t from,
                  Json *state, ProviderProblem *problem)
{
    int64_t now = schema_version_of(schema, type);

    if (from > now)
        return provider_problem(problem, "STATE_FROM_FUTURE", "not_applied", false,
                                "the state of type '%.128s' has schema version %lld, and provider "
                                "'%s' knows %lld at most; use a later version of the plugin",
                                type, (long long)from, provider->name, (long long)now);
    for (; from < now && provider->upgrade != NULL; from++) {
        *problem = (ProviderProblem){.code = "VALIDATION_FAILED", .outcome = "not_applied"};
        if (provider->upgrade(provider, type, from, state, problem) < 0)
            return -1;
    }
    return 0;
}

int upgrade_answer(const EngineOptions *options, const Json *question, Json **ret,
                   ProviderProblem *problem)
{
    const char *type = json_get_string(question, "type", NULL);
    const Json *version = json_get(question, "schema_version");
    const Json *state = json_get(question, "state");

    if (type == NULL || !json_is_int(version) || json_int(version, 0) < 1 || !json_is_object(state))
        return provider_problem(problem, "INVALID_REQUEST", "not_applied", false,
                                "expected members 'type', a text, 'schema_version', a number from "
                                "1, and 'state', an object");
    if (schema_effect_of_type(options->schema, type) == NULL)
        return provider_problem(problem, "VALIDATION_FAILED", "not_applied", false,
                                "member 'type': expected a type of provider '%s', found '%.64s'",
                                options->provider->name, type);
    cleanup(json_free) Json *copy = json_copy(state);
    if (upgrade_state(options->provider, options->schema, type, json_int(version, 0), copy,
                      problem) < 0)
        return -1;
    *ret = json_new_object();
    json_set_string(*ret, "type", type);
    json_set_int(*ret, "schema_version", schema_version_of(options->schema, type));
    json_set(*ret, "state", take(copy));
    return 0;
}

static void upgrade_instance(Provider *provider, const Schema *schema, Instance *instance)
{
    cleanup(json_free) Json *state = text_json(instance->state);
    ProviderProblem problem = {0};

    if (instance->schema_version == schema_version_of(schema, instance->type) || state == NULL)
        return;
    if (upgrade_state(provider, schema, instance->type, instance->schema_version, state, &problem) <
        0) {
        log_line("object %s: %s", instance->uid, problem.detail);
        return;
    }
    store_reshape(instance, schema_version_of(schema, instance->type), state);
}

void upgrade_store(Provider *provider, const Schema *schema, Store *store)
{
    const Map *instances = store_instances(store);

    for (MapEntry *e = map_next(instances, NULL); e != NULL; e = map_next(instances, e))
        upgrade_instance(provider, schema, e->value);
}
