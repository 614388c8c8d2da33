#include "providers/http/http.h"

#include <string.h>

#include "lang/base/file.h"
#include "lang/base/memory.h"
#include "providers/http/action.h"
#include "providers/http/lookup.h"
#include "providers/http/object.h"
#include "providers/http/query.h"
#include "providers/http/schema.h"
#include "providers/http/template.h"
#include "providers/sdk/members.h"

static int http_describe(Provider *provider, const Json *config, Error *err)
{
    HttpConfig *read = NULL;

    if (http_config_read(config, &read, err) < 0)
        return err->code;
    Site *site = site_new(read);
    site->schema = http_schema(read);
    provider->context = site;
    provider->schema = site->schema;
    return 0;
}

static int http_open(Provider *provider, const char *data_dir, const Json *config, Error *err)
{
    Site *site = provider->context;

    (void)config;
    site->notes_dir = memory_format("%s/begun", data_dir);
    return folder_make(site->notes_dir, 0700, err);
}

void http_provider_deinit(Provider *provider)
{
    site_free(provider->context);
    provider->context = NULL;
}

/* ---- which one is meant ---- */

/* The resource of an effect, or, if none is told, that of a type. */
static const ResourceSpec *resource_of(const Site *site, const ProviderRequest *request,
                                       ProviderProblem *problem)
{
    const ResourceSpec *resource = config_resource(site->config, request->effect);

    if (resource == NULL)
        resource = config_resource_of_type(site->config, request->type);
    if (resource == NULL)
        provider_problem(problem, "VALIDATION_FAILED", "not_applied", false,
                         "the binding describes no resource of type '%.64s' any more",
                         request->type);
    return resource;
}

/* ---- pure ---- */

/* What is not known yet, and what is secret, fits everywhere. */
static Json *with_stand_ins(const Parameters *parameters, const Json *arguments)
{
    Json *scope = parameters_fill(parameters, arguments);

    for (size_t i = 0; i < parameters->count; i++) {
        const Json *value = json_get(scope, parameters->specs[i].name);
        if (json_get(value, "$unknown") != NULL || json_get(value, "$secret") != NULL)
            json_set_string(scope, parameters->specs[i].name, "x");
    }
    json_set_string(scope, "uid", "x");
    json_set_string(scope, "op", "x");
    json_set_string(scope, "address", "x");
    json_set_string(scope, "lineage", "x");
    json_set_string(scope, "id", "x");
    return scope;
}

/* What the arguments come to can be written where the binding puts it. */
static int http_validate(Provider *provider, const char *effect, const Json *desired,
                         ProviderProblem *problem)
{
    Site *site = provider->context;
    const ResourceSpec *resource = config_resource(site->config, effect);
    const ActionSpec *action = config_action(site->config, effect);
    cleanup(call_deinit) Call call = {0};

    if (resource == NULL && action == NULL)
        return 0;
    call_begin(&call, site, NULL, problem);
    json_free(call.scope);
    call.scope =
        with_stand_ins(resource != NULL ? &resource->parameters : &action->parameters, desired);
    return request_try(&call, resource != NULL ? &resource->create : &action->request);
}

static void predict_id(const ResourceSpec *resource, const ProviderRequest *request,
                       const Json *prior, Json *planned)
{
    cleanup(json_free) Json *scope = parameters_fill(&resource->parameters, request->desired);
    cleanup(buffer_deinit) Buffer id = {0};

    if (json_get(prior, "id") != NULL)
        json_set(planned, "id", json_copy(json_get(prior, "id")));
    else if (resource->id_is_chosen &&
             template_text(resource->id, scope, PLACE_TEXT, &id, NULL) == 0)
        json_set_string(planned, "id", buffer_text(&id));
}

static void http_predict(Provider *provider, const ProviderRequest *request, Json *planned)
{
    const Site *site = provider->context;
    const ResourceSpec *resource = config_resource(site->config, request->effect);
    cleanup(json_free) Json *prior = text_json(request->prior), *filled = NULL;

    if (resource == NULL)
        return;
    filled = parameters_fill(&resource->parameters, request->desired);
    predict_id(resource, request, prior, planned);
    for (size_t i = 0; i < resource->results.count; i++) {
        const ResultSpec *spec = &resource->results.specs[i];
        const Json *value = spec->parameter != NULL ? json_get(filled, spec->parameter) : NULL;
        if (value != NULL && !spec->sensitive && json_get(value, "$secret") == NULL)
            json_set(planned, spec->name, json_copy(value));
    }
}

/* ---- objects ---- */

static int http_reconcile(Provider *provider, const ProviderRequest *request, ProviderReply *reply,
                          ProviderProblem *problem)
{
    Site *site = provider->context;
    const ResourceSpec *resource = resource_of(site, request, problem);
    cleanup(object_deinit) Object object = {0};

    if (resource == NULL || object_begin(&object, site, resource, request, problem) < 0)
        return -1;
    return object_reconcile(&object, reply);
}

static int http_remove(Provider *provider, const ProviderRequest *request, ProviderProblem *problem)
{
    Site *site = provider->context;
    const ResourceSpec *resource = resource_of(site, request, problem);
    cleanup(object_deinit) Object object = {0};

    if (resource == NULL || object_begin(&object, site, resource, request, problem) < 0)
        return -1;
    return object_remove(&object);
}

static ObserveStatus http_observe(Provider *provider, const ProviderRequest *request,
                                  ProviderReply *reply, ProviderProblem *problem)
{
    Site *site = provider->context;
    const ResourceSpec *resource = resource_of(site, request, problem);
    cleanup(object_deinit) Object object = {0};

    if (resource == NULL || object_begin(&object, site, resource, request, problem) < 0)
        return OBSERVE_ERROR;
    return object_observe(&object, reply);
}

static int http_lookup(Provider *provider, const char *type, const char *external_id,
                       const char *search, ProviderFinding *ret, ProviderProblem *problem)
{
    Site *site = provider->context;
    const ProviderRequest request = {.type = type};
    const ResourceSpec *resource = resource_of(site, &request, problem);

    return resource != NULL ? lookup_find(site, resource, external_id, search, ret, problem) : -1;
}

/* ---- actions and facts ---- */

static int http_run(Provider *provider, const ProviderRequest *request, ProviderReply *reply,
                    ProviderProblem *problem)
{
    Site *site = provider->context;
    const ActionSpec *action = config_action(site->config, request->type);

    if (action == NULL)
        return provider_problem(problem, "NOT_FOUND", "not_applied", false,
                                "the binding describes no action '%.64s'", request->type);
    return action_run(site, action, request, reply, problem);
}

static int http_query(Provider *provider, const char *query, const Json *args, Json **ret,
                      ProviderProblem *problem)
{
    Site *site = provider->context;
    const QuerySpec *spec = config_query(site->config, query);

    if (spec == NULL)
        return provider_problem(problem, "NOT_FOUND", "not_applied", false,
                                "the binding describes no query '%.64s'", query);
    return query_answer(site, spec, args, ret, problem);
}

void http_provider_init(Provider *ret)
{
    *ret = (Provider){.name = "http",
                      .version = VED_VERSION,
                      .batch_max = 100,
                      .describe = http_describe,
                      .open = http_open,
                      .validate = http_validate,
                      .reconcile = http_reconcile,
                      .remove = http_remove,
                      .run = http_run,
                      .observe = http_observe,
                      .predict = http_predict,
                      .lookup = http_lookup,
                      .query = http_query};
}
