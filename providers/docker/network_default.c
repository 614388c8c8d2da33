#include "providers/docker/network.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "lang/base/memory.h"

#define LABEL_DEFAULT "ved.network"
#define LINEAGE_LETTERS 12

/* These are no networks that can be made. */
static bool network_is_built_in(const char *name)
{
    static const char *const names[] = {"host", "none", "bridge", "default", "podman"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

void network_default_name(const Docker *docker, const char *lineage, char ret[NETWORK_NAME_SIZE])
{
    const char *configured = json_get_string(docker->config, "network", NULL);
    char letters[LINEAGE_LETTERS + 1] = "";
    size_t count = 0;

    if (configured != NULL) {
        snprintf(ret, NETWORK_NAME_SIZE, "%s", configured);
        return;
    }
    for (; lineage != NULL && *lineage != '\0' && count < LINEAGE_LETTERS; lineage++)
        if (isalnum((unsigned char)*lineage))
            letters[count++] = *lineage;
    letters[count] = '\0';
    snprintf(ret, NETWORK_NAME_SIZE, "ved-%s", count > 0 ? letters : "default");
}

/* The status of GET /networks/NAME; -1 with a problem. */
static int look(Docker *docker, const char *name, ApiAnswer *ret, ProviderProblem *problem)
{
    cleanup(free) char *part = api_encoded(name);
    cleanup(free) char *path = memory_format("/networks/%s", part);
    cleanup(free) char *what = memory_format("look at network '%.64s'", name);

    if (api_call(&docker->api, &(ApiCall){.method = "GET", .path = path, .what = what}, ret,
                 problem) < 0)
        return -1;
    if (ret->status >= 400 && ret->status != 404)
        return api_problem(ret, what, problem);
    return ret->status;
}

static int make(Docker *docker, const ProviderRequest *request, const char *name,
                ProviderProblem *problem)
{
    cleanup(api_answer_deinit) ApiAnswer answer;
    cleanup(json_free) Json *body = json_new_object();
    cleanup(free) char *what = memory_format("create network '%.64s'", name);
    Json *labels = json_new_object();

    json_set_string(labels, LABEL_DEFAULT, "default");
    json_set_string(labels, LABEL_LINEAGE, request->lineage != NULL ? request->lineage : "");
    json_set_string(body, "Name", name);
    json_set_string(body, "Driver", "bridge");
    json_set_bool(body, "CheckDuplicate", true);
    json_set(body, "Labels", labels);
    if (api_call(
            &docker->api,
            &(ApiCall){.method = "POST", .path = "/networks/create", .body = body, .what = what},
            &answer, problem) < 0)
        return -1;
    /* Somebody else was quicker. */
    return answer.status < 400 || answer.status == 409 ? 0 : api_problem(&answer, what, problem);
}

int network_ensure_default(Docker *docker, const ProviderRequest *request, const char *name,
                           ProviderProblem *problem)
{
    cleanup(api_answer_deinit) ApiAnswer answer = {0};
    int code = 0;

    if (network_is_built_in(name))
        return 0;
    pthread_mutex_lock(&docker->networks);
    if (map_get(&docker->known_networks, name) == NULL) {
        int status = look(docker, name, &answer, problem);
        code = status < 0 ? -1 : status == 404 ? make(docker, request, name, problem) : 0;
        if (code == 0)
            map_put(&docker->known_networks, name, docker);
    }
    pthread_mutex_unlock(&docker->networks);
    return code;
}

void network_forget(Docker *docker, const char *name)
{
    pthread_mutex_lock(&docker->networks);
    map_remove(&docker->known_networks, name);
    pthread_mutex_unlock(&docker->networks);
}

typedef struct Search {
    const char *network;
    bool found;
} Search;

static bool is_on(void *context, const ContainerFacts *facts)
{
    Search *search = context;

    for (const Json *n = json_first(facts->networks); n != NULL && !search->found; n = json_next(n))
        search->found = strcmp(json_string(n, ""), search->network) == 0;
    return search->found;
}

/* With the lock. That somebody still uses it, or that it has gone, is fine. */
static int remove_if_ours(Docker *docker, const char *lineage, const char *name,
                          ProviderProblem *problem)
{
    cleanup(api_answer_deinit) ApiAnswer about = {0}, answer = {0};
    cleanup(free) char *part = api_encoded(name);
    cleanup(free) char *path = memory_format("/networks/%s", part);
    int status = look(docker, name, &about, problem);
    const Json *labels = json_get(about.body, "Labels");

    if (status != 200)
        return status < 0 ? -1 : 0;
    if (strcmp(json_get_string(labels, LABEL_DEFAULT, ""), "default") != 0 ||
        strcmp(json_get_string(labels, LABEL_LINEAGE, ""), lineage) != 0)
        return 0;
    map_remove(&docker->known_networks, name);
    return api_call(&docker->api,
                    &(ApiCall){.method = "DELETE", .path = path, .what = "remove the network"},
                    &answer, problem);
}

int network_release_default(Docker *docker, const char *lineage, const char *name,
                            ProviderProblem *problem)
{
    Search search = {.network = name};
    int code;

    if (network_is_built_in(name))
        return 0;
    pthread_mutex_lock(&docker->networks);
    code = engine_list_visit(docker->list, is_on, &search, problem);
    if (code == 0 && !search.found)
        code = remove_if_ours(docker, lineage, name, problem);
    pthread_mutex_unlock(&docker->networks);
    return code;
}

/* Answers that say that it is so already. */
static bool is_so_already(const ApiAnswer *answer)
{
    const char *message = json_get_string(answer->body, "message", "");

    return strstr(message, "already exists in network") != NULL ||
           strstr(message, "already connected") != NULL ||
           strstr(message, "is not connected to") != NULL;
}

static int change_membership(Docker *docker, const char *network, const char *verb, Json *body,
                             ProviderProblem *problem)
{
    cleanup(json_free) Json *owned = body;
    cleanup(api_answer_deinit) ApiAnswer answer;
    cleanup(free) char *part = api_encoded(network);
    cleanup(free) char *path = memory_format("/networks/%s/%s", part, verb);
    cleanup(free) char *what =
        memory_format("%s a container to or from network '%.64s'", verb, network);

    if (api_call(&docker->api,
                 &(ApiCall){.method = "POST", .path = path, .body = owned, .what = what}, &answer,
                 problem) < 0)
        return -1;
    return answer.status < 400 || is_so_already(&answer) ? 0 : api_problem(&answer, what, problem);
}

int network_connect(Docker *docker, const char *network, const char *id, const Json *aliases,
                    ProviderProblem *problem)
{
    Json *body = json_new_object(), *endpoint = json_new_object();

    if (aliases != NULL)
        json_set(endpoint, "Aliases", json_copy(aliases));
    json_set_string(body, "Container", id);
    json_set(body, "EndpointConfig", endpoint);
    return change_membership(docker, network, "connect", body, problem);
}

int network_disconnect(Docker *docker, const char *network, const char *id,
                       ProviderProblem *problem)
{
    Json *body = json_new_object();

    json_set_string(body, "Container", id);
    json_set_bool(body, "Force", true);
    return change_membership(docker, network, "disconnect", body, problem);
}
