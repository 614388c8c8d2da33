/* RunContainer and StartAppContainer. */
#include <stdio.h>
#include <string.h>

#include "lang/base/memory.h"
#include "providers/docker/container_make.h"
#include "providers/docker/container_view.h"
#include "providers/docker/object.h"
#include "providers/sdk/members.h"

#define KIND_NAME "container"

static int init(Docker *docker, const ProviderRequest *request, Wanted *ret,
                ProviderProblem *problem)
{
    if (wanted_init(docker, request, KIND_NAME, ret, problem) < 0)
        return -1;
    ret->exports_port =
        request->effect != NULL && strcmp(request->effect, "StartAppContainer") == 0;
    return 0;
}

int container_validate(const Json *desired, ProviderProblem *problem)
{
    return container_spec_check(desired, problem);
}

int container_reconcile(Docker *docker, const ProviderRequest *request, ProviderReply *reply,
                        ProviderProblem *problem)
{
    cleanup(container_facts_deinit) ContainerFacts facts = {0};
    cleanup(wanted_deinit) Wanted wanted = {0};

    if (init(docker, request, &wanted, problem) < 0 ||
        container_ensure(docker, &wanted, &facts, problem) < 0)
        return -1;
    container_view_reply(docker, &wanted, &facts, reply);
    return 0;
}

int container_remove(Docker *docker, const ProviderRequest *request, ProviderProblem *problem)
{
    return container_view_remove(docker, request, problem);
}

ObserveStatus container_observe(Docker *docker, const ProviderRequest *request,
                                ProviderReply *reply, ProviderProblem *problem)
{
    cleanup(container_facts_deinit) ContainerFacts facts = {0};
    ObserveStatus status = container_view_observe(docker, request, &facts, reply, problem);

    if (status == OBSERVE_FOUND) {
        reply->state = container_view_state(docker, request->private, &facts);
        reply->external_id = memory_copy_string(facts.name);
    }
    return status;
}

/* What a new one, or one changed in place, will say of itself. */
void container_predict(Docker *docker, const ProviderRequest *request, Json *planned)
{
    cleanup(json_free) Json *prior = text_json(request->prior);
    const Json *name = json_get(request->desired, "name");
    const Json *first = json_at(json_get(request->desired, "ports"), 0);
    PortSpec port;

    /* An engine that cannot change it in place has it made again, under another id. */
    for (const Json *m = json_first(prior); m != NULL; m = json_next(m))
        if (strcmp(json_key(m), "id") != 0)
            json_set(planned, json_key(m), json_copy(m));
    if (json_is_string(name)) {
        json_set(planned, "name", json_copy(name));
        json_set(planned, "host", json_copy(name));
    }
    if (first == NULL || value_is_opaque(first) || !port_parse(first, &port) || port.host_port == 0)
        return;
    cleanup(free) char *url = memory_format("http://%s:%d", docker->api.host, port.host_port);
    json_set_int(planned, "port", port.host_port);
    json_set_string(planned, "url", url);
}

static Json *desired_of(const Json *inspected)
{
    const Json *host = json_get(inspected, "HostConfig"), *config = json_get(inspected, "Config");
    const Json *bindings = json_get(host, "PortBindings");
    const char *name = json_get_string(inspected, "Name", "");
    Json *desired = json_new_object(), *ports = json_new_array();

    json_set_string(desired, "image", json_get_string(config, "Image", ""));
    json_set_string(desired, "name", name[0] == '/' ? name + 1 : name);
    if (json_count(json_get(config, "Cmd")) > 0)
        json_set(desired, "command", json_copy(json_get(config, "Cmd")));
    for (const Json *m = json_first(bindings); m != NULL; m = json_next(m)) {
        cleanup(free) char *text =
            memory_format("%s:%s", json_get_string(json_at(m, 0), "HostPort", "0"), json_key(m));
        char *tcp = strstr(text, "/tcp");
        if (tcp != NULL)
            *tcp = '\0';
        json_append(ports, json_new_string(text));
    }
    if (json_count(ports) > 0)
        json_set(desired, "ports", ports);
    else
        json_free(ports);
    return desired;
}

static int find_one(Docker *docker, const char *id, ProviderFinding *ret, ProviderProblem *problem)
{
    cleanup(api_answer_deinit) ApiAnswer answer;
    cleanup(container_facts_deinit) ContainerFacts facts = {0};
    cleanup(free) char *part = api_encoded(id);
    cleanup(free) char *path = memory_format("/containers/%s/json", part);

    if (api_call(&docker->api,
                 &(ApiCall){.method = "GET", .path = path, .what = "look at the container"},
                 &answer, problem) < 0)
        return -1;
    if (answer.status == 404)
        return 0;
    if (answer.status >= 400)
        return api_problem(&answer, "look at the container", problem);
    if (!container_facts_from_inspect(answer.body, &facts))
        return 0;
    *ret = (ProviderFinding){.external_id = memory_copy_string(facts.name),
                             .state = container_view_state(docker, NULL, &facts),
                             .desired = desired_of(answer.body)};
    return 1;
}

static int find_all(Docker *docker, const char *search, ProviderFinding *ret,
                    ProviderProblem *problem)
{
    cleanup(api_answer_deinit) ApiAnswer answer;
    int count = 0;

    if (api_must(&docker->api,
                 &(ApiCall){
                     .method = "GET", .path = "/containers/json?all=1", .what = "list containers"},
                 &answer, problem) < 0)
        return -1;
    for (const Json *e = json_first(answer.body); e != NULL && count < FINDINGS_MAX;
         e = json_next(e)) {
        cleanup(container_facts_deinit) ContainerFacts facts = {0};
        if (!container_facts_from_list(e, &facts) ||
            (strstr(facts.name, search) == NULL && strstr(facts.image, search) == NULL))
            continue;
        ProviderFinding *finding = &ret[count++];
        *finding = (ProviderFinding){.external_id = memory_copy_string(facts.name),
                                     .state = container_view_state(docker, NULL, &facts),
                                     .desired = json_new_object()};
        json_set_string(finding->desired, "image", facts.image);
        json_set_string(finding->desired, "name", facts.name);
    }
    return count;
}

int container_lookup(Docker *docker, const char *external_id, const char *search,
                     ProviderFinding *ret, ProviderProblem *problem)
{
    return external_id != NULL ? find_one(docker, external_id, ret, problem)
                               : find_all(docker, search, ret, problem);
}
