#include "providers/sdk/admission.h"

#include <stdio.h>
#include <string.h>

#include "lang/base/conceal.h"
#include "lang/base/memory.h"
#include "providers/sdk/members.h"
#include "providers/sdk/secrets.h"

/* The same with the secrets in their places. */
static int check_clear(const EngineOptions *options, const char *effect, const Json *clear,
                       ProviderProblem *problem)
{
    Provider *provider = options->provider;
    const Json *entry = schema_effect(options->schema, effect);

    if (entry == NULL) {
        provider_problem(problem, "VALIDATION_FAILED", "not_applied", false,
                         "effect '%s' is not one of provider '%s'; its schema lists those it has",
                         effect, provider->name);
        snprintf(problem->pointer, sizeof problem->pointer, "/effect");
        return -1;
    }
    if (!json_is_object(clear))
        return provider_problem(problem, "INVALID_REQUEST", "not_applied", false,
                                "effect '%s': expected its arguments as an object", effect);
    if (schema_check(json_get(entry, "parameters"), clear, problem) < 0)
        return -1;
    if (provider->validate == NULL || schema_has_unknown(clear))
        return 0;
    *problem = (ProviderProblem){.code = "VALIDATION_FAILED", .outcome = "not_applied"};
    return provider->validate(provider, effect, clear, problem);
}

int admission_check_arguments(const EngineOptions *options, const char *effect, const Json *desired,
                              const Json *secrets, ProviderProblem *problem)
{
    cleanup(json_free) Json *clear = secrets_resolve(desired, secrets);
    int code = check_clear(options, effect, clear, problem);

    if (code < 0)
        conceal(problem->detail, secrets);
    return code;
}

static bool name_is_valid(const char *name, size_t size_max)
{
    size_t size = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");

    return size > 0 && name[size] == '\0' && size <= size_max;
}

bool admission_uid_is_valid(const char *uid)
{
    return strlen(uid) == 32 && strspn(uid, "0123456789abcdef") == 32;
}

const char *admission_adopt(const Json *body)
{
    const Json *adopt = json_get(body, "adopt");

    if (json_is_object(adopt))
        return json_get_string(adopt, "external_id", "");
    return json_bool(adopt, false) ? "" : NULL;
}

static int check_adopt_form(const Json *body, ProviderProblem *problem)
{
    const Json *adopt = json_get(body, "adopt"), *id = json_get(adopt, "external_id");

    if (adopt == NULL || json_is_null(adopt) || json_is_bool(adopt) ||
        (json_is_object(adopt) && (id == NULL || json_is_string(id))))
        return 0;
    return provider_problem(problem, "INVALID_REQUEST", "not_applied", false,
                            "member 'adopt': expected null, true or {\"external_id\": TEXT}");
}

/* The form of the request: what can be said without knowing anything. */
int admission_check_form(const Mutation *mutation, ProviderProblem *problem)
{
    const char *op = json_get_string(mutation->body, "op", NULL);

    if (mutation->key == NULL)
        return provider_problem(problem, "IDEMPOTENCY_KEY_MISSING", "not_applied", false,
                                "expected the header 'Idempotency-Key: \"OP\"'");
    if (op == NULL || strcmp(op, mutation->key) != 0)
        return provider_problem(problem, "IDEMPOTENCY_KEY_MISSING", "not_applied", false,
                                "header Idempotency-Key is '%.64s', but member 'op' is '%.64s'",
                                mutation->key, op != NULL ? op : "(none)");
    if (!name_is_valid(op, 64))
        return provider_problem(problem, "INVALID_REQUEST", "not_applied", false,
                                "member 'op': expected 1 to 64 letters, digits, '.', '_' or '-'");
    if (!name_is_valid(mutation->type, 128))
        return provider_problem(problem, "INVALID_REQUEST", "not_applied", false,
                                "type or action in the path: expected 1 to 128 letters, digits, "
                                "'.', '_' or '-'");
    if (mutation->uid != NULL && !admission_uid_is_valid(mutation->uid))
        return provider_problem(problem, "INVALID_REQUEST", "not_applied", false,
                                "uid '%.64s': expected 32 lower-case hexadecimal digits",
                                mutation->uid);
    if (!json_is_string(json_get(json_get(mutation->body, "owner"), "lineage")))
        return provider_problem(problem, "INVALID_REQUEST", "not_applied", false,
                                "member 'owner': expected an object with a 'lineage'");
    return check_adopt_form(mutation->body, problem);
}

static int check_owner(const Mutation *mutation, const Instance *instance, Refusal *refusal)
{
    cleanup(free) char *owner = text_get_string(instance->owner, "lineage");
    cleanup(free) char *address = text_get_string(instance->owner, "address");
    const char *client = json_get_string(json_get(mutation->body, "owner"), "lineage", "");

    if (strcmp(owner != NULL ? owner : "", client) == 0 || admission_adopt(mutation->body) != NULL)
        return 0;
    return provider_problem(&refusal->problem, "NOT_OWNED", "not_applied", false,
                            "object '%s' (%.200s) belongs to lineage '%.64s', not to '%.64s'",
                            mutation->uid, address != NULL ? address : "?",
                            owner != NULL ? owner : "", client);
}

static int check_match(const Mutation *mutation, const Instance *instance, Refusal *refusal)
{
    const char *wanted = mutation->if_match;

    refusal->current = instance;
    /* A partial one was never made as far as its client knows: the retry must reach it. */
    if (mutation->if_none_match && !instance->partial)
        return provider_problem(&refusal->problem, "ETAG_MISMATCH", "not_applied", false,
                                "object '%s' exists already", mutation->uid);
    if (wanted != NULL && strcmp(wanted, "*") != 0 && strcmp(wanted, instance->etag) != 0 &&
        strcmp(wanted, instance->observed_etag) != 0)
        return provider_problem(&refusal->problem, "ETAG_MISMATCH", "not_applied", false,
                                "object '%s' has etag %s, expected %.64s", mutation->uid,
                                instance->etag, wanted);
    refusal->current = NULL;
    return 0;
}

/* What is there against what the request supposes. */
static int check_preconditions(const EngineOptions *options, const Mutation *mutation,
                               Refusal *refusal)
{
    const Instance *instance =
        mutation->uid != NULL ? store_instance(options->store, mutation->uid) : NULL;

    if (instance != NULL && strcmp(instance->type, mutation->type) != 0)
        return provider_problem(&refusal->problem, "INVALID_REQUEST", "not_applied", false,
                                "object '%s' is of type '%s', not '%s'", mutation->uid,
                                instance->type, mutation->type);
    if (instance != NULL && check_owner(mutation, instance, refusal) < 0)
        return -1;
    if (instance != NULL)
        return check_match(mutation, instance, refusal);
    if (mutation->kind == OPERATION_REMOVE)
        return provider_problem(&refusal->problem, "NOT_FOUND", "not_applied", false,
                                "there is no object '%s' of type '%s'", mutation->uid,
                                mutation->type);
    if (mutation->if_match != NULL)
        return provider_problem(&refusal->problem, "ETAG_MISMATCH", "not_applied", false,
                                "object '%s' does not exist", mutation->uid);
    return 0;
}

static int check_immutable(const Json *entry, const Instance *instance, const Json *desired,
                           ProviderProblem *problem)
{
    cleanup(json_free) Json *changes = json_new_array(), *before = NULL;

    if (instance == NULL || instance->partial)
        return 0;
    before = text_json(instance->desired);
    schema_immutable_changes(entry, before, desired, changes);
    if (json_count(changes) == 0)
        return 0;
    const char *pointer = json_string(json_at(changes, 0), "");
    const char *because =
        json_get_string(schema_parameter(entry, pointer + 1), "x-ved-because", NULL);
    provider_problem(problem, "UNSUPPORTED_CHANGE", "not_applied", false,
                     "argument '%s' of object '%s' cannot change%s%s; replace the object",
                     pointer + 1, instance->uid, because != NULL ? ": " : "",
                     because != NULL ? because : "");
    snprintf(problem->pointer, sizeof problem->pointer, "%s", pointer);
    return -1;
}

static int check_version(const EngineOptions *options, const char *type, int64_t version,
                         ProviderProblem *problem)
{
    int64_t known = schema_version_of(options->schema, type);

    if (version <= known)
        return 0;
    return provider_problem(problem, "STATE_FROM_FUTURE", "not_applied", false,
                            "schema version %lld of type '%.128s' is later than %lld, the one of "
                            "provider '%s'; use a later version of the plugin",
                            (long long)version, type, (long long)known, options->provider->name);
}

/* What is wanted against what is known of the object, here and by the client. */
static int check_recorded(const EngineOptions *options, const Mutation *mutation, const Json *entry,
                          ProviderProblem *problem)
{
    const Instance *instance = store_instance(options->store, mutation->uid);
    int64_t version = json_get_int(mutation->body, "schema_version", 1);

    if (check_version(options, mutation->type, version, problem) < 0 ||
        (instance != NULL &&
         check_version(options, mutation->type, instance->schema_version, problem) < 0))
        return -1;
    return check_immutable(entry, instance, json_get(mutation->body, "desired"), problem);
}

static int check_reconcile(const EngineOptions *options, const Mutation *mutation,
                           const char *effect, ProviderProblem *problem)
{
    const Json *desired = json_get(mutation->body, "desired");
    const Json *entry = effect ? schema_effect(options->schema, effect) : NULL;

    if (effect == NULL)
        return provider_problem(problem, "VALIDATION_FAILED", "not_applied", false,
                                "type '%s' is not one of provider '%s'", mutation->type,
                                options->provider->name);
    if (admission_check_arguments(options, effect, desired, json_get(mutation->body, "secrets"),
                                  problem) < 0)
        return -1;
    if (schema_effect_is_action(entry) ||
        strcmp(schema_type_of(entry, effect), mutation->type) != 0)
        return provider_problem(problem, "VALIDATION_FAILED", "not_applied", false,
                                "effect '%s' does not make objects of type '%s'", effect,
                                mutation->type);
    if (schema_has_unknown(desired))
        return provider_problem(problem, "INVALID_REQUEST", "not_applied", false,
                                "a value that is not known yet may stand in a plan only");
    if (admission_adopt(mutation->body) != NULL && options->provider->lookup == NULL)
        return provider_problem(problem, "INVALID_REQUEST", "not_applied", false,
                                "member 'adopt': provider '%s' takes nothing over",
                                options->provider->name);
    return check_recorded(options, mutation, entry, problem);
}

static int check_run(const EngineOptions *options, const Mutation *mutation,
                     ProviderProblem *problem)
{
    const Json *entry = schema_effect(options->schema, mutation->type);

    if (admission_check_arguments(options, mutation->type, json_get(mutation->body, "arguments"),
                                  json_get(mutation->body, "secrets"), problem) < 0)
        return -1;
    if (!schema_effect_is_action(entry))
        return provider_problem(problem, "VALIDATION_FAILED", "not_applied", false,
                                "effect '%s' makes an object; send it with PUT", mutation->type);
    return 0;
}

const char *admission_effect(const EngineOptions *options, const Mutation *mutation)
{
    const char *effect = json_get_string(mutation->body, "effect", NULL);

    if (mutation->kind == OPERATION_RUN)
        return mutation->type;
    if (mutation->kind == OPERATION_REMOVE)
        return NULL;
    return effect != NULL ? effect : schema_effect_of_type(options->schema, mutation->type);
}

static int check_content(const EngineOptions *options, const Mutation *mutation,
                         ProviderProblem *problem)
{
    switch (mutation->kind) {
    case OPERATION_RECONCILE:
        return check_reconcile(options, mutation, admission_effect(options, mutation), problem);
    case OPERATION_REMOVE:
        return 0;
    case OPERATION_RUN:
        return check_run(options, mutation, problem);
    }
    return -1;
}

int admission_check(const EngineOptions *options, const Mutation *mutation, Refusal *refusal)
{
    if (check_preconditions(options, mutation, refusal) < 0)
        return -1;
    return check_content(options, mutation, &refusal->problem);
}
