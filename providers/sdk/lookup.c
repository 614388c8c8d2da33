/* POST /v1/lookup: what stands outside, by the name the world gives it or by a search, with the
 * arguments that would describe it and, if it is an object of ours already, whose it is. */
#include <string.h>

#include "lang/base/memory.h"
#include "providers/sdk/batch.h"
#include "providers/sdk/members.h"

typedef struct LookupJob {
    Job job;
    Engine *engine;
    char *type, *external_id, *search;
    ProviderFinding *findings;
    int count; /* of findings, or -1 */
    ProviderProblem problem;
    LookupDone done;
    void *context;
} LookupJob;

static void lookup_work(Job *base)
{
    LookupJob *job = (LookupJob *)base;
    Provider *provider = engine_options(job->engine)->provider;

    job->count = provider->lookup(provider, job->type, job->external_id, job->search, job->findings,
                                  &job->problem);
}

static const Instance *instance_of(const Engine *engine, const char *type, const char *external_id)
{
    const Map *instances = store_instances(engine_options(engine)->store);

    for (MapEntry *e = map_next(instances, NULL); e != NULL; e = map_next(instances, e)) {
        const Instance *instance = e->value;
        if (strcmp(instance->type, type) == 0 && instance->external_id != NULL &&
            strcmp(instance->external_id, external_id) == 0)
            return instance;
    }
    return NULL;
}

static Json *finding_json(const LookupJob *job, ProviderFinding *finding)
{
    const Instance *instance = instance_of(job->engine, job->type, finding->external_id);
    const Schema *schema = engine_options(job->engine)->schema;
    Json *json = json_new_object();

    json_set_string(json, "external_id", finding->external_id);
    json_set_string(json, "type", job->type);
    json_set_string(json, "effect",
                    instance != NULL ? instance->effect : schema_effect_of_type(schema, job->type));
    json_set(json, "state", take(finding->state));
    json_set(json, "desired", take(finding->desired));
    if (instance != NULL) {
        json_set_string(json, "uid", instance->uid);
        Json *owner = text_json(instance->owner);
        json_set(json, "owner", owner != NULL ? owner : json_new_null());
    }
    return json;
}

static void lookup_answer(LookupJob *job)
{
    if (job->count == 0 && job->external_id != NULL)
        job->count = provider_problem(&job->problem, "NOT_FOUND", "not_applied", false,
                                      "there is no %s '%.400s'", job->type, job->external_id);
    if (job->count < 0) {
        job->done(job->context, NULL, &job->problem);
        return;
    }
    if (job->external_id != NULL) {
        job->done(job->context, finding_json(job, &job->findings[0]), NULL);
        return;
    }
    Json *items = json_new_array(), *reply = json_new_object();
    for (int i = 0; i < job->count; i++)
        json_append(items, finding_json(job, &job->findings[i]));
    json_set(reply, "items", items);
    job->done(job->context, reply, NULL);
}

static void lookup_done(Job *base)
{
    LookupJob *job = (LookupJob *)base;

    lookup_answer(job);
    for (int i = 0; i < FINDINGS_MAX; i++) {
        free(job->findings[i].external_id);
        json_free(job->findings[i].state);
        json_free(job->findings[i].desired);
    }
    free(job->findings);
    free(job->type);
    free(job->external_id);
    free(job->search);
    free(job);
}

static char *copy_member(const Json *question, const char *key)
{
    const char *text = json_get_string(question, key, NULL);

    return text != NULL ? memory_copy_string(text) : NULL;
}

static int check_question(const Engine *engine, const Json *question, ProviderProblem *problem)
{
    const EngineOptions *options = engine_options(engine);
    const char *type = json_get_string(question, "type", NULL);
    bool by_id = json_is_string(json_get(question, "external_id"));

    if (options->provider->lookup == NULL)
        return provider_problem(problem, "NOT_FOUND", "not_applied", false,
                                "provider '%s' looks nothing up", options->provider->name);
    if (type == NULL || schema_effect_of_type(options->schema, type) == NULL)
        return provider_problem(problem, "VALIDATION_FAILED", "not_applied", false,
                                "member 'type': expected a type of provider '%s', found '%.64s'",
                                options->provider->name, type != NULL ? type : "none");
    if (by_id == json_is_string(json_get(question, "search")))
        return provider_problem(problem, "INVALID_REQUEST", "not_applied", false,
                                "expected one of the members 'external_id' and 'search', a text");
    return 0;
}

void lookup_start(Engine *engine, const Json *question, LookupDone done, void *context)
{
    ProviderProblem problem = {0};

    if (check_question(engine, question, &problem) < 0) {
        done(context, NULL, &problem);
        return;
    }
    LookupJob *job = memory_zero(1, sizeof *job);
    job->job = (Job){.work = lookup_work, .done = lookup_done};
    job->engine = engine;
    job->type = copy_member(question, "type");
    job->external_id = copy_member(question, "external_id");
    job->search = copy_member(question, "search");
    job->findings = memory_zero(FINDINGS_MAX, sizeof *job->findings);
    job->done = done;
    job->context = context;
    engine_read(engine, &job->job);
}
