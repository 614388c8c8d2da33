#include "providers/docker/container_make.h"

#include <stdio.h>
#include <string.h>

#include "lang/base/memory.h"
#include "providers/docker/container_update.h"
#include "providers/docker/container_view.h"
#include "providers/docker/container_wait.h"
#include "providers/docker/image.h"
#include "providers/docker/object.h"
#include "providers/sdk/secrets.h"

#define STOP_MARGIN_MS 60000

int wanted_init(Docker *docker, const ProviderRequest *request, const char *kind, Wanted *ret,
                ProviderProblem *problem)
{
    char name[OBJECT_NAME_SIZE], digest[SPEC_DIGEST_SIZE];

    *ret = (Wanted){.request = request};
    object_name(request, kind, name);
    ret->desired = secrets_resolve(request->desired, request->secrets);
    if (container_spec_read(ret->desired, name, &ret->spec, problem) < 0) {
        wanted_deinit(ret);
        return -1;
    }
    container_spec_digest(request->desired, digest);
    ret->labels = object_labels(request, json_get(ret->desired, "labels"));
    json_set_string(ret->labels, LABEL_DIGEST, digest);
    network_default_name(docker, request->lineage, ret->network);
    return 0;
}

void wanted_deinit(Wanted *wanted)
{
    json_free(take(wanted->desired));
    json_free(take(wanted->labels));
}

/* ---- creating ---- */

static Json *body_of(const Docker *docker, const Wanted *wanted)
{
    const Json *config = docker->config;
    BodyContext context = {.labels = wanted->labels,
                           .ulimits = json_get(config, "ulimits"),
                           .runtime = json_get_string(config, "runtime", NULL),
                           .network = wanted->network,
                           .engine_checks = !docker->api.is_podman,
                           .exports_port = wanted->exports_port};

    return container_spec_body(&wanted->spec, &context);
}

static bool uses_default_network(const Wanted *wanted)
{
    return json_count(json_get(wanted->desired, "networks")) == 0;
}

static bool message_has(const ApiAnswer *answer, const char *words)
{
    return strcasestr(json_get_string(answer->body, "message", ""), words) != NULL;
}

static bool lacks_image(const ApiAnswer *answer)
{
    return answer->status == 404 &&
           (message_has(answer, "no such image") || message_has(answer, "image not known"));
}

static bool lacks_network(const ApiAnswer *answer)
{
    return answer->status >= 400 && message_has(answer, "network") &&
           message_has(answer, "not found");
}

static int post(Docker *docker, const Wanted *wanted, const Json *body, ApiAnswer *ret,
                ProviderProblem *problem)
{
    cleanup(free) char *part = api_encoded(wanted->spec.name);
    cleanup(free) char *path = memory_format("/containers/create?name=%s", part);
    cleanup(free) char *what = memory_format("create container '%.128s'", wanted->spec.name);

    return api_call(&docker->api,
                    &(ApiCall){.method = "POST", .path = path, .body = body, .what = what}, ret,
                    problem);
}

/* Engines answer 500 to arguments that they cannot use, as to anything else: asked again they would
 * say the same. */
static int refused(const ApiAnswer *answer, const char *what, ProviderProblem *problem)
{
    api_problem(answer, what, problem);
    problem->retryable = answer->status == 429 || answer->status == 503;
    return -1;
}

static int missing_image(const Wanted *wanted, ProviderProblem *problem)
{
    return provider_problem(problem, "NOT_FOUND", "not_applied", false,
                            "container '%.128s': the engine has no image '%.200s', and pull is "
                            "never",
                            wanted->spec.name, json_get_string(wanted->desired, "image", ""));
}

/* Who wants to wait for a registry makes the image an object of its own. */
static int pull_missing(Docker *docker, const Wanted *wanted, ProviderProblem *problem)
{
    const char *image = json_get_string(wanted->desired, "image", "");
    ProviderProblem why = {0};

    if (image_pull(docker, wanted->request, image, NULL, &why) == 0)
        return 0;
    return provider_problem(problem, why.code, why.outcome, false,
                            "container '%.128s': the engine has no image '%.200s', and it cannot "
                            "be pulled: %.500s",
                            wanted->spec.name, image, why.detail);
}

/* Get out of the way what the engine says is missing: 0: try again; 1: it is something else. */
static int mend(Docker *docker, const Wanted *wanted, const ApiAnswer *answer,
                ProviderProblem *problem)
{
    if (lacks_image(answer) &&
        strcmp(json_get_string(wanted->desired, "pull", "missing"), "never") == 0)
        return missing_image(wanted, problem);
    if (lacks_image(answer))
        return pull_missing(docker, wanted, problem);
    if (!lacks_network(answer) || !uses_default_network(wanted))
        return 1;
    network_forget(docker, wanted->network);
    return network_ensure_default(docker, wanted->request, wanted->network, problem);
}

/* The name is taken: by a creation of ours whose answer was lost, or by somebody else. */
static int settle_conflict(Docker *docker, const Wanted *wanted, char **ret_id,
                           ProviderProblem *problem)
{
    cleanup(container_facts_deinit) ContainerFacts there = {0};
    const char *name = wanted->spec.name;

    int code = engine_list_inspect(docker->list, name, &there, problem);
    if (code < 0)
        return -1;
    if (code == CONTAINER_NONE)
        return provider_problem(problem, "UPSTREAM", "not_applied", true,
                                "the name '%.128s' was taken by a container that has gone", name);
    if (object_check_owner(wanted->request, "container", name, there.labels, problem) < 0)
        return -1;
    *ret_id = memory_copy_string(there.id);
    return 0;
}

static int pull_first(Docker *docker, const Wanted *wanted, ProviderProblem *problem)
{
    if (strcmp(json_get_string(wanted->desired, "pull", "missing"), "always") != 0)
        return 0;
    return image_pull(docker, wanted->request, json_get_string(wanted->desired, "image", ""), NULL,
                      problem);
}

int container_create(Docker *docker, const Wanted *wanted, char **ret_id, ProviderProblem *problem)
{
    if (pull_first(docker, wanted, problem) < 0 ||
        (uses_default_network(wanted) &&
         network_ensure_default(docker, wanted->request, wanted->network, problem) < 0))
        return -1;
    cleanup(json_free) Json *body = body_of(docker, wanted);
    for (int tries = 0;; tries++) {
        cleanup(api_answer_deinit) ApiAnswer answer = {0};
        if (post(docker, wanted, body, &answer, problem) < 0)
            return -1;
        const char *id = json_get_string(answer.body, "Id", NULL);
        if (answer.status < 400 && id != NULL) {
            *ret_id = memory_copy_string(id);
            return 0;
        }
        if (answer.status == 409 || message_has(&answer, "already in use"))
            return settle_conflict(docker, wanted, ret_id, problem);
        int code = tries < 2 ? mend(docker, wanted, &answer, problem) : 1;
        if (code < 0)
            return -1;
        if (code > 0) {
            cleanup(free) char *what =
                memory_format("create container '%.128s'", wanted->spec.name);
            return refused(&answer, what, problem);
        }
    }
}

static int join_other_networks(Docker *docker, const Wanted *wanted, const char *id,
                               ProviderProblem *problem)
{
    const Json *networks = json_get(wanted->desired, "networks");
    const Json *aliases = json_get(wanted->desired, "aliases");

    for (size_t i = 1; i < json_count(networks); i++)
        if (network_connect(docker, json_string(json_at(networks, i), ""), id, aliases, problem) <
            0)
            return -1;
    return 0;
}

int container_start(Docker *docker, const char *id, const char *name, ProviderProblem *problem)
{
    cleanup(api_answer_deinit) ApiAnswer answer = {0};
    cleanup(free) char *part = api_encoded(id);
    cleanup(free) char *path = memory_format("/containers/%s/start", part);
    cleanup(free) char *what = memory_format("start container '%.128s'", name);

    if (api_call(&docker->api, &(ApiCall){.method = "POST", .path = path, .what = what}, &answer,
                 problem) < 0)
        return -1;
    if (answer.status < 400)
        return 0;
    bool is_taken = message_has(&answer, "address already in use") ||
                    message_has(&answer, "port is already allocated");
    if (!is_taken)
        return refused(&answer, what, problem);
    cleanup(free) char *message = api_message(&answer, 400);
    return provider_problem(problem, "UNAVAILABLE", "not_applied", false,
                            "container '%.128s': a port of its is in use by another program: end "
                            "it, or give another port (%.400s)",
                            name, message);
}

/* What is known of a container from having made it. */
static ContainerFacts facts_of(const Wanted *wanted, const char *id)
{
    ContainerFacts facts = {.id = memory_copy_string(id), .exit_code = -1};

    facts.name = memory_copy_string(wanted->spec.name);
    facts.image = memory_copy_string(json_get_string(wanted->desired, "image", ""));
    facts.address = memory_copy_string("");
    facts.labels = json_copy(wanted->labels);
    facts.networks = container_spec_networks(&wanted->spec, wanted->network);
    facts.ports = json_new_object();
    for (size_t i = 0; i < wanted->spec.port_count; i++) {
        const PortSpec *port = &wanted->spec.ports[i];
        char key[32];
        snprintf(key, sizeof key, "%d/%s", port->port, port->protocol);
        json_set_int(facts.ports, key, port->host_port);
    }
    facts.state = CONTAINER_CREATED;
    return facts;
}

/* Some port was chosen by the engine, which alone can say which. */
static bool has_chosen_ports(const ContainerSpec *spec)
{
    for (size_t i = 0; i < spec->port_count; i++)
        if (spec->ports[i].host_port == 0)
            return true;
    return false;
}

static int start_and_see(Docker *docker, const Wanted *wanted, ContainerFacts *facts,
                         ProviderProblem *problem)
{
    int64_t begun = steady_ms();
    request_progress(wanted->request, "starting", wanted->spec.name);
    if (container_start(docker, facts->id, wanted->spec.name, problem) < 0)
        return -1;
    int64_t took_ms = steady_ms() - begun;
    facts->state = CONTAINER_RUNNING;
    facts->exit_code = -1;
    facts->start_took_ms = took_ms;
    facts->is_stale = false;
    if (!has_chosen_ports(&wanted->spec)) {
        engine_list_put(docker->list, facts);
        return 0;
    }
    ContainerFacts now = {0};
    int code = engine_list_inspect(docker->list, facts->id, &now, problem);
    if (code < 0)
        return -1;
    if (code == CONTAINER_NONE)
        return provider_problem(problem, "UPSTREAM", "not_applied", true,
                                "container '%.128s' was removed while it was starting",
                                wanted->spec.name);
    container_facts_deinit(facts);
    *facts = now;
    facts->start_took_ms = took_ms;
    return 0;
}

/* A new one that does not come up leaves nothing behind; why, says `problem`. */
static void take_back(Docker *docker, const Wanted *wanted, const char *id,
                      ProviderProblem *problem)
{
    ProviderProblem other = {0};

    if (!wanted->keeps_failed && container_end(docker, id, 0, &other) == 0)
        return;
    problem->outcome = "partial";
}

static int make_and_await(Docker *docker, const Wanted *wanted, ContainerFacts *ret,
                          ProviderProblem *problem)
{
    cleanup(free) char *id = NULL;
    cleanup(container_facts_deinit) ContainerFacts facts = {0};

    request_progress(wanted->request, "creating", wanted->spec.name);
    if (container_create(docker, wanted, &id, problem) < 0)
        return -1;
    facts = facts_of(wanted, id);
    engine_list_put(docker->list, &facts);
    request_external_id(wanted->request, wanted->spec.name);
    if (join_other_networks(docker, wanted, id, problem) < 0 ||
        start_and_see(docker, wanted, &facts, problem) < 0 ||
        container_await(docker, wanted, &facts, problem) < 0) {
        take_back(docker, wanted, id, problem);
        return -1;
    }
    *ret = facts;
    facts = (ContainerFacts){0};
    return 0;
}

/* Without a container the network that was made for it is nobody's. */
static int make_new(Docker *docker, const Wanted *wanted, ContainerFacts *ret,
                    ProviderProblem *problem)
{
    ProviderProblem other = {0};

    if (make_and_await(docker, wanted, ret, problem) == 0)
        return 0;
    if (uses_default_network(wanted))
        (void)network_release_default(docker, wanted->request->lineage, wanted->network, &other);
    return -1;
}

/* It is what is wanted, but for what changes in place. One that was taken over has no label that
 * says what it was made from: it is judged by its image. */
static bool is_as_made(const Wanted *wanted, const ContainerFacts *facts)
{
    const char *digest = container_label(facts, LABEL_DIGEST);
    const char *uid = container_label(facts, LABEL_UID);

    if (uid[0] == '\0')
        return strcmp(facts->image, json_get_string(wanted->desired, "image", "")) == 0;
    return strcmp(uid, wanted->request->uid) == 0 &&
           strcmp(digest, json_get_string(wanted->labels, LABEL_DIGEST, "")) == 0;
}

/* Make one that is there run and be what is wanted; CONTAINER_NEEDS_NEW if it cannot. An engine
 * that died while it was starting a container may refuse to start it ever after. */
static int bring_up(Docker *docker, const Wanted *wanted, ContainerFacts *facts,
                    ProviderProblem *problem)
{
    bool runs = facts->state == CONTAINER_RUNNING || facts->state == CONTAINER_RESTARTING;

    request_external_id(wanted->request, facts->name);
    if (!is_as_made(wanted, facts))
        return CONTAINER_NEEDS_NEW;
    if (!runs && start_and_see(docker, wanted, facts, problem) < 0)
        return problem->retryable ? -1 : CONTAINER_NEEDS_NEW;
    int code = container_update(docker, wanted, facts, problem);
    return code != 0 ? code : container_await(docker, wanted, facts, problem);
}

/* The one to begin with: this object's own, or the one to be taken over. */
static int find_present(Docker *docker, const Wanted *wanted, ContainerFacts *ret,
                        ProviderProblem *problem)
{
    const ProviderRequest *request = wanted->request;
    int code = container_view_find(docker, request, ret, problem);

    if (code != CONTAINER_NONE || request->adopt == NULL)
        return code;
    if (!request_names_adopted(request)) {
        code = engine_list_inspect(docker->list, wanted->spec.name, ret, problem);
        return code != 0
                   ? code
                   : object_check_owner(request, "container", ret->name, ret->labels, problem);
    }
    code = engine_list_inspect(docker->list, request->adopt, ret, problem);
    return code != CONTAINER_NONE
               ? code
               : provider_problem(problem, "NOT_FOUND", "not_applied", false,
                                  "there is no container '%.128s' to be taken over",
                                  request->adopt);
}

static int ensure(Docker *docker, const Wanted *wanted, ContainerFacts *ret,
                  ProviderProblem *problem)
{
    cleanup(container_facts_deinit) ContainerFacts there = {0};
    int code = find_present(docker, wanted, &there, problem);

    if (code == CONTAINER_NONE)
        return make_new(docker, wanted, ret, problem);
    if (code == 0)
        code = bring_up(docker, wanted, &there, problem);
    if (code == CONTAINER_NEEDS_NEW)
        return container_end(docker, there.id, wanted->spec.stop_timeout_s, problem) < 0
                   ? -1
                   : make_new(docker, wanted, ret, problem);
    if (code < 0) {
        /* What is there is this object's, and stays. */
        if (there.id != NULL && strcmp(problem->outcome, "not_applied") == 0)
            problem->outcome = "partial";
        return -1;
    }
    *ret = there;
    there = (ContainerFacts){0};
    return 0;
}

int container_ensure(Docker *docker, const Wanted *wanted, ContainerFacts *ret,
                     ProviderProblem *problem)
{
    atomic_fetch_add(&docker->coming_up, 1);
    int code = ensure(docker, wanted, ret, problem);
    atomic_fetch_sub(&docker->coming_up, 1);
    return code;
}

int container_end(Docker *docker, const char *id, int64_t stop_timeout_s, ProviderProblem *problem)
{
    cleanup(api_answer_deinit) ApiAnswer stopped = {0}, removed = {0};
    cleanup(free) char *part = api_encoded(id);
    cleanup(free) char *stop =
        memory_format("/containers/%s/stop?t=%lld", part, (long long)stop_timeout_s);
    cleanup(free) char *remove = memory_format("/containers/%s?force=true&v=false", part);

    if (stop_timeout_s > 0 &&
        api_call(&docker->api,
                 &(ApiCall){.method = "POST",
                            .path = stop,
                            .what = "stop the container",
                            .timeout_ms = 1000 * stop_timeout_s + STOP_MARGIN_MS},
                 &stopped, problem) < 0)
        return -1;
    if (api_call(&docker->api,
                 &(ApiCall){.method = "DELETE", .path = remove, .what = "remove the container"},
                 &removed, problem) < 0)
        return -1;
    if (removed.status >= 400 && removed.status != 404)
        return api_problem(&removed, "remove the container", problem);
    engine_list_drop(docker->list, id);
    return 0;
}
