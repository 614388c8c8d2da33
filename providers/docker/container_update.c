#include "providers/docker/container_update.h"

#include <stdlib.h>
#include <string.h>

#include "lang/base/memory.h"

#define CPU_PERIOD 100000 /* microseconds; the kernel's usual one */

static bool list_has(const Json *list, const char *text)
{
    for (const Json *m = json_first(list); m != NULL; m = json_next(m))
        if (strcmp(json_string(m, ""), text) == 0)
            return true;
    return false;
}

static void compare_networks(ContainerChanges *changes, const Json *inspected, const Json *wanted)
{
    const Json *there = json_get(json_get(inspected, "NetworkSettings"), "Networks");

    changes->connect = json_new_array();
    changes->disconnect = json_new_array();
    for (const Json *m = json_first(wanted); m != NULL; m = json_next(m))
        if (json_get(there, json_string(m, "")) == NULL)
            json_append(changes->connect, json_copy(m));
    for (const Json *m = json_first(there); m != NULL; m = json_next(m))
        if (!list_has(wanted, json_key(m)))
            json_append(changes->disconnect, json_new_string(json_key(m)));
}

/* A limit that is wanted and is another, or that is there and is not wanted. Engines have limits of
 * their own on the number of processes, which are left where none is wanted. */
static void compare_limits(ContainerChanges *changes, const Json *host, const LimitsSpec *limits)
{
    int64_t memory = json_get_int(host, "Memory", 0), cpus = json_get_int(host, "NanoCpus", 0);

    changes->limits = (limits->memory > 0 && limits->memory != memory) ||
                      (limits->nano_cpus > 0 && limits->nano_cpus != cpus) ||
                      (limits->pids > 0 && limits->pids != json_get_int(host, "PidsLimit", 0));
    changes->needs_new =
        (limits->memory == 0 && memory > 0) || (limits->nano_cpus == 0 && cpus > 0);
}

static bool restart_differs(const Json *host, const RestartSpec *wanted)
{
    const Json *policy = json_get(host, "RestartPolicy");
    const char *name = json_get_string(policy, "Name", "");

    return strcmp(name[0] != '\0' ? name : "no", wanted->name) != 0 ||
           json_get_int(policy, "MaximumRetryCount", 0) != wanted->retries;
}

ContainerChanges container_changes(const Json *inspected, const ContainerSpec *spec,
                                   const char *default_network)
{
    cleanup(json_free) Json *networks = container_spec_networks(spec, default_network);
    const Json *host = json_get(inspected, "HostConfig");
    const char *name = json_get_string(inspected, "Name", "");
    const char *mode = json_string(json_at(networks, 0), "");
    ContainerChanges changes = {.name = strcmp(name[0] == '/' ? name + 1 : name, spec->name) != 0};

    compare_limits(&changes, host, &spec->limits);
    changes.restart = restart_differs(host, &spec->restart);
    if (strcmp(mode, "host") == 0 || strcmp(mode, "none") == 0 || strcmp(mode, "bridge") == 0) {
        changes.connect = json_new_array();
        changes.disconnect = json_new_array();
    } else {
        compare_networks(&changes, inspected, networks);
    }
    return changes;
}

void container_changes_deinit(ContainerChanges *changes)
{
    json_free(take(changes->connect));
    json_free(take(changes->disconnect));
}

static Json *object_of(const char *key, int64_t value)
{
    Json *object = json_new_object();

    json_set_int(object, key, value);
    return object;
}

/* The resources of the OCI runtime specification. */
static Json *podman_body(const LimitsSpec *limits)
{
    Json *body = json_new_object();

    if (limits->memory > 0)
        json_set(body, "memory", object_of("limit", limits->memory));
    if (limits->pids > 0)
        json_set(body, "pids", object_of("limit", limits->pids));
    if (limits->nano_cpus > 0) {
        Json *cpu = object_of("quota", limits->nano_cpus / (1000000000 / CPU_PERIOD));
        json_set_int(cpu, "period", CPU_PERIOD);
        json_set(body, "cpu", cpu);
    }
    return body;
}

static Json *docker_body(const ContainerSpec *spec, const ContainerChanges *changes)
{
    Json *body = json_new_object();

    if (changes->limits && spec->limits.memory > 0) {
        json_set_int(body, "Memory", spec->limits.memory);
        json_set_int(body, "MemorySwap", 2 * spec->limits.memory);
    }
    if (changes->limits && spec->limits.nano_cpus > 0)
        json_set_int(body, "NanoCpus", spec->limits.nano_cpus);
    if (changes->limits && spec->limits.pids > 0)
        json_set_int(body, "PidsLimit", spec->limits.pids);
    if (changes->restart) {
        Json *policy = json_new_object();
        json_set_string(policy, "Name", spec->restart.name);
        json_set_int(policy, "MaximumRetryCount", spec->restart.retries);
        json_set(body, "RestartPolicy", policy);
    }
    return body;
}

Json *container_update_body(const ContainerSpec *spec, const ContainerChanges *changes,
                            bool of_podman)
{
    return of_podman ? podman_body(&spec->limits) : docker_body(spec, changes);
}

/* ---- doing it ---- */

static int post(Docker *docker, const char *path, const Json *body, const char *what, bool own,
                ProviderProblem *problem)
{
    cleanup(api_answer_deinit) ApiAnswer answer;

    return api_must(
        &docker->api,
        &(ApiCall){.method = "POST", .path = path, .body = body, .what = what, .of_podman = own},
        &answer, problem);
}

static int rename_to(Docker *docker, const char *id, const char *name, ProviderProblem *problem)
{
    cleanup(free) char *part = api_encoded(name);
    cleanup(free) char *path = memory_format("/containers/%s/rename?name=%s", id, part);
    cleanup(free) char *what = memory_format("rename the container to '%.128s'", name);

    return post(docker, path, NULL, what, false, problem);
}

static int set_limits(Docker *docker, const Wanted *wanted, const char *id,
                      const ContainerChanges *changes, ProviderProblem *problem)
{
    bool own = docker->api.is_podman;
    cleanup(json_free) Json *body = container_update_body(&wanted->spec, changes, own);
    cleanup(free) char *path = memory_format("/containers/%s/update", id);

    return post(docker, path, body, "change the container's limits", own, problem);
}

static int change_networks(Docker *docker, const Wanted *wanted, const char *id,
                           const ContainerChanges *changes, ProviderProblem *problem)
{
    const Json *aliases = json_get(wanted->desired, "aliases");

    for (const Json *n = json_first(changes->connect); n != NULL; n = json_next(n)) {
        const char *name = json_string(n, "");
        if (strcmp(name, wanted->network) == 0 &&
            network_ensure_default(docker, wanted->request, name, problem) < 0)
            return -1;
        if (network_connect(docker, name, id, aliases, problem) < 0)
            return -1;
    }
    for (const Json *n = json_first(changes->disconnect); n != NULL; n = json_next(n))
        if (network_disconnect(docker, json_string(n, ""), id, problem) < 0)
            return -1;
    return 0;
}

static bool changes_anything(const ContainerChanges *changes)
{
    return changes->name || changes->limits || changes->restart ||
           json_count(changes->connect) > 0 || json_count(changes->disconnect) > 0;
}

int container_update(Docker *docker, const Wanted *wanted, ContainerFacts *facts,
                     ProviderProblem *problem)
{
    cleanup(api_answer_deinit) ApiAnswer answer;
    cleanup(free) char *path = memory_format("/containers/%s/json", facts->id);
    ContainerFacts now = {0};

    if (api_must(&docker->api,
                 &(ApiCall){.method = "GET", .path = path, .what = "look at the container"},
                 &answer, problem) < 0)
        return -1;
    cleanup(container_changes_deinit) ContainerChanges changes =
        container_changes(answer.body, &wanted->spec, wanted->network);
    if (changes.needs_new || (changes.restart && docker->api.is_podman))
        return CONTAINER_NEEDS_NEW;
    if (!changes_anything(&changes))
        return 0;
    request_progress(wanted->request, "updating", wanted->spec.name);
    if (((changes.limits || changes.restart) &&
         set_limits(docker, wanted, facts->id, &changes, problem) < 0) ||
        change_networks(docker, wanted, facts->id, &changes, problem) < 0 ||
        (changes.name && rename_to(docker, facts->id, wanted->spec.name, problem) < 0))
        return -1;
    int code = engine_list_inspect(docker->list, facts->id, &now, problem);
    if (code != 0)
        return code < 0 ? -1
                        : provider_problem(problem, "UPSTREAM", "not_applied", true,
                                           "container '%.128s' was removed while it was changed",
                                           wanted->spec.name);
    container_facts_deinit(facts);
    *facts = now;
    return 0;
}
