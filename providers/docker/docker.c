#include "docker.h"

#include <stdlib.h>
#include <string.h>

#include "lang/base/memory.h"
#include "providers/docker/job.h"

typedef struct Kind {
    const char *type;
    int (*reconcile)(Docker *, const ProviderRequest *, ProviderReply *, ProviderProblem *);
    int (*remove)(Docker *, const ProviderRequest *, ProviderProblem *);
    ObserveStatus (*observe)(Docker *, const ProviderRequest *, ProviderReply *, ProviderProblem *);
    void (*predict)(Docker *, const ProviderRequest *, Json *);
    int (*lookup)(Docker *, const char *, const char *, ProviderFinding *, ProviderProblem *);
    int (*validate)(const Json *, ProviderProblem *);
} Kind;

static const Kind kinds[] = {
#define KIND(type, prefix)                                                                         \
    {type,                                                                                         \
     prefix##_reconcile,                                                                           \
     prefix##_remove,                                                                              \
     prefix##_observe,                                                                             \
     prefix##_predict,                                                                             \
     prefix##_lookup,                                                                              \
     prefix##_validate},
    DOCKER_KINDS(KIND)
#undef KIND
};

/* EFFECT(name, the type it makes) */
#define DOCKER_EFFECTS(EFFECT)                                                                     \
    EFFECT("RunContainer", "container")                                                            \
    EFFECT("StartAppContainer", "container")                                                       \
    EFFECT("CreateNetwork", "network")                                                             \
    EFFECT("CreateVolume", "volume")                                                               \
    EFFECT("CreatePostgres", "postgres")                                                           \
    EFFECT("PullImage", "image")                                                                   \
    EFFECT("BuildImage", "image")                                                                  \
    EFFECT("LoadImage", "image")

static const struct {
    const char *effect, *type;
} effects[] = {
#define EFFECT(effect, type) {effect, type},
    DOCKER_EFFECTS(EFFECT)
#undef EFFECT
};

/* NULL, with `problem` filled, if there is none. */
static const Kind *kind_find(const char *type, ProviderProblem *problem)
{
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (strcmp(kinds[i].type, type) == 0)
            return &kinds[i];
    provider_problem(problem, "NOT_FOUND", "not_applied", false, "there is no type '%.64s'", type);
    return NULL;
}

static int docker_reconcile(Provider *provider, const ProviderRequest *request,
                            ProviderReply *reply, ProviderProblem *problem)
{
    const Kind *kind = kind_find(request->type, problem);

    return kind == NULL ? -1 : kind->reconcile(provider->context, request, reply, problem);
}

static int docker_remove(Provider *provider, const ProviderRequest *request,
                         ProviderProblem *problem)
{
    const Kind *kind = kind_find(request->type, problem);

    return kind == NULL ? -1 : kind->remove(provider->context, request, problem);
}

static ObserveStatus docker_observe(Provider *provider, const ProviderRequest *request,
                                    ProviderReply *reply, ProviderProblem *problem)
{
    const Kind *kind = kind_find(request->type, problem);

    return kind == NULL ? OBSERVE_ERROR : kind->observe(provider->context, request, reply, problem);
}

static void docker_predict(Provider *provider, const ProviderRequest *request, Json *planned)
{
    ProviderProblem problem;
    const Kind *kind = kind_find(request->type, &problem);

    if (kind != NULL)
        kind->predict(provider->context, request, planned);
}

static int docker_lookup(Provider *provider, const char *type, const char *external_id,
                         const char *search, ProviderFinding *ret, ProviderProblem *problem)
{
    const Kind *kind = kind_find(type, problem);

    return kind == NULL ? -1 : kind->lookup(provider->context, external_id, search, ret, problem);
}

static int docker_run(Provider *provider, const ProviderRequest *request, ProviderReply *reply,
                      ProviderProblem *problem)
{
    if (strcmp(request->type, "RunJob") != 0)
        return provider_problem(problem, "NOT_FOUND", "not_applied", false,
                                "there is no action '%.64s'", request->type);
    return job_run(provider->context, request, reply, problem);
}

static int docker_validate(Provider *provider, const char *effect, const Json *desired,
                           ProviderProblem *problem)
{
    (void)provider;
    if (strcmp(effect, "RunJob") == 0)
        return job_validate(desired, problem);
    for (size_t i = 0; i < ARRAY_SIZE(effects); i++)
        if (strcmp(effects[i].effect, effect) == 0)
            return kind_find(effects[i].type, problem)->validate(desired, problem);
    return 0;
}

static int check_config(const Json *config, Error *err)
{
    static const char *const known[] = {"socket",  "host",    "tls",    "network",
                                        "ulimits", "runtime", "images", "registries"};

    for (const Json *m = json_first(config); m != NULL; m = json_next(m)) {
        bool found = false;
        for (size_t i = 0; i < ARRAY_SIZE(known) && !found; i++)
            found = strcmp(known[i], json_key(m)) == 0;
        if (!found)
            return error_set(err, ERROR_USAGE,
                             "config: there is no member '%.64s'; expected socket, host, tls, "
                             "network, ulimits, runtime, images or registries",
                             json_key(m));
    }
    return 0;
}

static int docker_open(Provider *provider, const char *data_dir, const Json *config, Error *err)
{
    Docker *docker = provider->context;
    int code = check_config(config, err);

    if (code < 0 || (code = engine_api_open(&docker->api, config, err)) < 0)
        return code;
    docker->config = config != NULL ? json_copy(config) : json_new_object();
    docker->data_dir = memory_copy_string(data_dir);
    docker->probes = fetcher_new(0);
    docker->list = engine_list_new(&docker->api, provider);
    job_forget_old(docker);
    return 0;
}

void docker_init(Docker *docker, Provider *provider)
{
    *docker = (Docker){.data_dir = NULL};
    pthread_mutex_init(&docker->networks, NULL);
    *provider = (Provider){.name = "docker",
                           .version = VED_VERSION,
                           .schema = docker_schema,
                           .context = docker,
                           .open = docker_open,
                           .validate = docker_validate,
                           .reconcile = docker_reconcile,
                           .remove = docker_remove,
                           .run = docker_run,
                           .observe = docker_observe,
                           .predict = docker_predict,
                           .lookup = docker_lookup};
}

void docker_deinit(Docker *docker)
{
    engine_list_free(take(docker->list));
    fetcher_free(take(docker->probes));
    engine_api_close(&docker->api);
    json_free(take(docker->config));
    free(take(docker->data_dir));
    map_deinit(&docker->known_networks);
    pthread_mutex_destroy(&docker->networks);
}
