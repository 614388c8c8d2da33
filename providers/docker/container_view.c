#include "providers/docker/container_view.h"

#include <stdio.h>
#include <string.h>

#include "lang/base/memory.h"
#include "providers/sdk/members.h"

#define STOP_TIMEOUT_S 10

Json *container_view_state(const Docker *docker, const char *private, const ContainerFacts *facts)
{
    cleanup(free) char *told = text_get_string(private, "port");
    const Json *first = json_first(facts->ports);
    const char *key = told != NULL ? told : first != NULL ? json_key(first) : "";
    int64_t port = json_get_int(facts->ports, key, 0);
    Json *state = json_new_object();

    json_set_string(state, "id", facts->id);
    json_set_string(state, "name", facts->name);
    json_set_string(state, "host", facts->name);
    if (json_count(facts->ports) > 0)
        json_set(state, "ports", json_copy(facts->ports));
    if (port == 0)
        return state;
    cleanup(free) char *url = memory_format("http://%s:%lld", docker->api.host, (long long)port);
    json_set_int(state, "port", port);
    json_set_string(state, "url", url);
    return state;
}

void container_view_reply(const Docker *docker, const Wanted *wanted, const ContainerFacts *facts,
                          ProviderReply *reply)
{
    const ContainerSpec *spec = &wanted->spec;
    Json *private = json_new_object();

    json_set_string(private, "container", facts->id);
    json_set_int(private, "stop_timeout_s", spec->stop_timeout_s);
    if (spec->port_count > 0) {
        char key[32];
        snprintf(key, sizeof key, "%d/%s", spec->ports[0].port, spec->ports[0].protocol);
        json_set_string(private, "port", key);
    }
    cleanup(free) char *text = json_text(private);
    reply->private = private;
    reply->external_id = memory_copy_string(facts->name);
    reply->state = container_view_state(docker, text, facts);
}

int container_view_find(Docker *docker, const ProviderRequest *request, ContainerFacts *ret,
                        ProviderProblem *problem)
{
    cleanup(free) char *id = text_get_string(request->private, "container");
    int code = engine_list_find(docker->list, request->uid, ret, problem);

    if (code != CONTAINER_NONE || id == NULL)
        return code;
    code = engine_list_inspect(docker->list, id, ret, problem);
    /* An id is never used again, so what has it and no label was taken over. */
    if (code != 0 || container_label(ret, LABEL_UID)[0] == '\0')
        return code;
    container_facts_deinit(ret);
    return CONTAINER_NONE;
}

static char *why_absent(const ContainerFacts *facts)
{
    if (facts->exit_code >= 0)
        return memory_format("container '%.64s' has ended with exit code %d", facts->name,
                             facts->exit_code);
    return memory_format("container '%.64s' does not run: it is %s", facts->name,
                         container_state_name(facts->state));
}

ObserveStatus container_view_observe(Docker *docker, const ProviderRequest *request,
                                     ContainerFacts *facts, ProviderReply *reply,
                                     ProviderProblem *problem)
{
    int code = container_view_find(docker, request, facts, problem);

    if (code < 0)
        return OBSERVE_ERROR;
    if (code == CONTAINER_NONE) {
        reply->reason = memory_copy_string("there is no such container");
        return OBSERVE_ABSENT;
    }
    if (facts->state == CONTAINER_PAUSED || facts->state == CONTAINER_RESTARTING) {
        reply->not_ready = true;
        reply->reason = memory_format("the container is %s", container_state_name(facts->state));
        return OBSERVE_FOUND;
    }
    if (facts->state != CONTAINER_RUNNING) {
        reply->reason = why_absent(facts);
        return OBSERVE_ABSENT;
    }
    reply->not_ready = facts->health == HEALTH_BAD;
    if (reply->not_ready)
        reply->reason = memory_copy_string("the engine says that it is unhealthy");
    return OBSERVE_FOUND;
}

int container_view_remove(Docker *docker, const ProviderRequest *request, ProviderProblem *problem)
{
    cleanup(container_facts_deinit) ContainerFacts facts = {0};
    Member timeout;
    char network[NETWORK_NAME_SIZE];
    int code = container_view_find(docker, request, &facts, problem);

    if (code < 0)
        return -1;
    int64_t stop_timeout_s = member_find(request->private, "stop_timeout_s", &timeout)
                                 ? member_int(&timeout, STOP_TIMEOUT_S)
                                 : STOP_TIMEOUT_S;
    request_progress(request, "stopping", "stopping the container");
    if (code == 0 && container_end(docker, facts.id, stop_timeout_s, problem) < 0)
        return -1;
    network_default_name(docker, request->lineage, network);
    return network_release_default(docker, request->lineage, network, problem);
}
