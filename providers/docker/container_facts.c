#include "providers/docker/container_facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lang/base/memory.h"
#include "providers/docker/engine_api.h"

#define NAME_SIZE_MAX 512

static const char *const state_names[] = {
#define CONTAINER_STATE(name, text) [CONTAINER_##name] = text,
#include "providers/docker/container_state.def"
#undef CONTAINER_STATE
};

const char *container_state_name(ContainerState state)
{
    return state_names[state];
}

static ContainerState state_of(const char *text)
{
    for (size_t i = 0; i < ARRAY_SIZE(state_names); i++)
        if (strcmp(state_names[i], text) == 0)
            return (ContainerState)i;
    /* Podman's words for what Docker has no word for. */
    if (strcmp(text, "configured") == 0 || strcmp(text, "initialized") == 0)
        return CONTAINER_CREATED;
    if (strcmp(text, "stopped") == 0 || strcmp(text, "stopping") == 0)
        return CONTAINER_EXITED;
    return CONTAINER_UNKNOWN;
}

void container_facts_deinit(ContainerFacts *facts)
{
    free(take(facts->id));
    free(take(facts->name));
    free(take(facts->image));
    free(take(facts->address));
    json_free(take(facts->labels));
    json_free(take(facts->ports));
    json_free(take(facts->networks));
}

ContainerFacts container_facts_copy(const ContainerFacts *facts)
{
    ContainerFacts copy = *facts;

    copy.id = memory_copy_string(facts->id);
    copy.name = memory_copy_string(facts->name);
    copy.image = memory_copy_string(facts->image);
    copy.address = memory_copy_string(facts->address);
    copy.labels = json_copy(facts->labels);
    copy.ports = json_copy(facts->ports);
    copy.networks = json_copy(facts->networks);
    return copy;
}

const char *container_label(const ContainerFacts *facts, const char *name)
{
    return json_get_string(facts->labels, name, "");
}

/* ---- parts ---- */

static char *bounded(const char *text)
{
    size_t size = strlen(text);

    return text_cleaned(text, size < NAME_SIZE_MAX ? size : NAME_SIZE_MAX, NAME_SIZE_MAX);
}

static char *name_of(const char *text)
{
    return bounded(text[0] == '/' ? text + 1 : text);
}

static Json *texts_of(const Json *object)
{
    Json *texts = json_new_object();

    for (const Json *m = json_first(json_is_object(object) ? object : NULL); m; m = json_next(m))
        if (json_is_string(m)) {
            cleanup(free) char *key = bounded(json_key(m)), *value = bounded(json_string(m, ""));
            json_set_string(texts, key, value);
        }
    return texts;
}

static void set_networks(ContainerFacts *facts, const Json *settings)
{
    const Json *networks = json_get(settings, "Networks");

    facts->networks = json_new_array();
    for (const Json *m = json_first(json_is_object(networks) ? networks : NULL); m;
         m = json_next(m)) {
        cleanup(free) char *name = bounded(json_key(m));
        json_append(facts->networks, json_new_string(name));
        if (facts->address == NULL)
            facts->address = bounded(json_get_string(m, "IPAddress", ""));
    }
    if (facts->address == NULL)
        facts->address = memory_copy_string("");
}

static bool is_port(int64_t number)
{
    return number > 0 && number < 65536;
}

/* [{"PrivatePort":80,"PublicPort":8080,"Type":"tcp"}] */
static Json *ports_from_list(const Json *array)
{
    Json *ports = json_new_object();

    for (const Json *p = json_first(json_is_array(array) ? array : NULL); p; p = json_next(p)) {
        int64_t inner = json_get_int(p, "PrivatePort", 0), outer = json_get_int(p, "PublicPort", 0);
        char key[32];
        snprintf(key, sizeof key, "%d/%.8s", is_port(inner) ? (int)inner : 0,
                 json_get_string(p, "Type", "tcp"));
        if (is_port(inner) && is_port(outer) && json_get(ports, key) == NULL)
            json_set_int(ports, key, outer);
    }
    return ports;
}

/* {"80/tcp":[{"HostIp":"","HostPort":"8080"}]} */
static Json *ports_from_inspect(const Json *object)
{
    Json *ports = json_new_object();

    for (const Json *m = json_first(json_is_object(object) ? object : NULL); m; m = json_next(m)) {
        int64_t outer = json_get_int(json_at(m, 0), "HostPort", 0);
        if (is_port(outer) && strlen(json_key(m)) < NAME_SIZE_MAX)
            json_set_int(ports, json_key(m), outer);
    }
    return ports;
}

static HealthState health_of(const char *text)
{
    return strcmp(text, "healthy") == 0     ? HEALTH_GOOD
           : strcmp(text, "unhealthy") == 0 ? HEALTH_BAD
           : strcmp(text, "starting") == 0  ? HEALTH_STARTING
                                            : HEALTH_UNTOLD;
}

/* The end of a list's "Up 3 seconds (healthy)". */
static HealthState health_of_status(const char *status)
{
    return strstr(status, "(healthy)") != NULL            ? HEALTH_GOOD
           : strstr(status, "(unhealthy)") != NULL        ? HEALTH_BAD
           : strstr(status, "(health: starting)") != NULL ? HEALTH_STARTING
                                                          : HEALTH_UNTOLD;
}

/* The number of a list's "Exited (137) 3 seconds ago". */
static int exit_code_of_status(const char *status)
{
    return strncmp(status, "Exited (", 8) == 0 ? atoi(status + 8) : -1;
}

bool container_facts_from_list(const Json *element, ContainerFacts *ret)
{
    const char *id = json_get_string(element, "Id", "");
    const char *status = json_get_string(element, "Status", "");

    if (id[0] == '\0')
        return false;
    *ret = (ContainerFacts){.id = bounded(id)};
    ret->name = name_of(json_string(json_at(json_get(element, "Names"), 0), ""));
    ret->image = bounded(json_get_string(element, "Image", ""));
    ret->labels = texts_of(json_get(element, "Labels"));
    ret->ports = ports_from_list(json_get(element, "Ports"));
    set_networks(ret, json_get(element, "NetworkSettings"));
    ret->state = state_of(json_get_string(element, "State", ""));
    ret->exit_code = exit_code_of_status(status);
    ret->health = health_of_status(status);
    return true;
}

bool container_facts_from_inspect(const Json *answer, ContainerFacts *ret)
{
    const char *id = json_get_string(answer, "Id", "");
    const Json *state = json_get(answer, "State"), *config = json_get(answer, "Config");
    const Json *settings = json_get(answer, "NetworkSettings");

    if (id[0] == '\0')
        return false;
    *ret = (ContainerFacts){.id = bounded(id)};
    ret->name = name_of(json_get_string(answer, "Name", ""));
    ret->image = bounded(json_get_string(config, "Image", ""));
    ret->labels = texts_of(json_get(config, "Labels"));
    ret->ports = ports_from_inspect(json_get(settings, "Ports"));
    set_networks(ret, settings);
    ret->state = state_of(json_get_string(state, "Status", ""));
    ret->exit_code = ret->state == CONTAINER_EXITED || ret->state == CONTAINER_DEAD
                         ? (int)json_get_int(state, "ExitCode", -1)
                         : -1;
    ret->health = health_of(json_get_string(json_get(state, "Health"), "Status", ""));
    return true;
}
