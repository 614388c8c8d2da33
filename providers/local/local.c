#include "local.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lang/base/memory.h"
#include "providers/local/kinds.h"
#include "providers/local/process_spec.h"

#define POSTGRES_DIR "/usr/lib/postgresql"

typedef struct Kind {
    const char *type;
    int (*reconcile)(Local *, const ProviderRequest *, ProviderReply *, ProviderProblem *);
    int (*remove)(Local *, const ProviderRequest *, ProviderProblem *);
    ObserveStatus (*observe)(Local *, const ProviderRequest *, ProviderReply *, ProviderProblem *);
    void (*predict)(Local *, const ProviderRequest *, Json *);
    int (*lookup)(Local *, const char *, const char *, ProviderFinding *, ProviderProblem *);
} Kind;

static const Kind kinds[] = {
#define KIND(type, prefix)                                                                         \
    {type,           prefix##_reconcile, prefix##_remove, prefix##_observe, prefix##_predict,      \
     prefix##_lookup},
    LOCAL_KINDS(KIND)
#undef KIND
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

static int local_reconcile(Provider *provider, const ProviderRequest *request, ProviderReply *reply,
                           ProviderProblem *problem)
{
    const Kind *kind = kind_find(request->type, problem);

    return kind == NULL ? -1 : kind->reconcile(provider->context, request, reply, problem);
}

static int local_remove(Provider *provider, const ProviderRequest *request,
                        ProviderProblem *problem)
{
    const Kind *kind = kind_find(request->type, problem);

    return kind == NULL ? -1 : kind->remove(provider->context, request, problem);
}

static ObserveStatus local_observe(Provider *provider, const ProviderRequest *request,
                                   ProviderReply *reply, ProviderProblem *problem)
{
    const Kind *kind = kind_find(request->type, problem);

    return kind == NULL ? OBSERVE_ERROR : kind->observe(provider->context, request, reply, problem);
}

static void local_predict(Provider *provider, const ProviderRequest *request, Json *planned)
{
    ProviderProblem problem;
    const Kind *kind = kind_find(request->type, &problem);

    if (kind != NULL)
        kind->predict(provider->context, request, planned);
}

static int local_lookup(Provider *provider, const char *type, const char *external_id,
                        const char *search, ProviderFinding *ret, ProviderProblem *problem)
{
    const Kind *kind = kind_find(type, problem);

    return kind == NULL ? -1 : kind->lookup(provider->context, external_id, search, ret, problem);
}

static int local_run(Provider *provider, const ProviderRequest *request, ProviderReply *reply,
                     ProviderProblem *problem)
{
    if (strcmp(request->type, "HttpRequest") != 0)
        return provider_problem(problem, "NOT_FOUND", "not_applied", false,
                                "there is no action '%.64s'", request->type);
    return http_run(provider->context, request, reply, problem);
}

static int local_query(Provider *provider, const char *query, const Json *args, Json **ret,
                       ProviderProblem *problem)
{
    return facts_query(provider->context, query, args, ret, problem);
}

static int local_validate(Provider *provider, const char *effect, const Json *desired,
                          ProviderProblem *problem)
{
    (void)provider;
    if (strcmp(effect, "CreatePostgres") == 0)
        return postgres_validate(desired, problem);
    if (strcmp(effect, "RunProcess") == 0 || strcmp(effect, "StartAppContainer") == 0)
        return process_validate(effect, desired, problem);
    if (strcmp(effect, "HttpRequest") == 0)
        return http_validate(desired, problem);
    return path_validate(desired, problem);
}

/* The folder of the running executable; the caller frees it. */
static int find_program_dir(char **ret, Error *err)
{
    char path[PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", path, sizeof path - 1);

    if (size < 0)
        return error_errno(err, errno, "read '/proc/self/exe'");
    path[size] = '\0';
    *strrchr(path, '/') = '\0';
    *ret = memory_copy_string(path);
    return 0;
}

static int local_open(Provider *provider, const char *data_dir, const Json *config, Error *err)
{
    Local *local = provider->context;

    int code =
        boot_id_read(json_get_string(config, "boot_id_file", BOOT_ID_PATH), local->boot_id, err);
    if (code < 0)
        return code;
    if ((code = find_program_dir(&local->program_dir, err)) < 0)
        return code;
    local->data_dir = realpath(data_dir, NULL);
    if (local->data_dir == NULL)
        return error_errno(err, errno, "data folder '%s'", data_dir);
    local->postgres_dir = memory_copy_string(json_get_string(config, "postgres_dir", POSTGRES_DIR));
    local->fetcher = fetcher_new(0);
    return 0;
}

void local_init(Local *local, Provider *provider)
{
    *local = (Local){.data_dir = NULL};
    pthread_mutex_init(&local->ports, NULL);
    *provider = (Provider){.name = "local",
                           .version = VED_VERSION,
                           .schema = local_schema,
                           .context = local,
                           .open = local_open,
                           .validate = local_validate,
                           .reconcile = local_reconcile,
                           .remove = local_remove,
                           .run = local_run,
                           .observe = local_observe,
                           .predict = local_predict,
                           .lookup = local_lookup,
                           .query = local_query};
}

void local_deinit(Local *local)
{
    free(take(local->data_dir));
    free(take(local->program_dir));
    free(take(local->postgres_dir));
    fetcher_free(take(local->fetcher));
    pthread_mutex_destroy(&local->ports);
}
