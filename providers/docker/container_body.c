/* The engine's words for a spec: POST /containers/create of the Docker Engine API. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lang/base/memory.h"
#include "providers/docker/container_spec.h"

#define NANOSECONDS_PER_MS 1000000LL

/* A line for the shell, or the words as they are. */
static Json *words_of(const Json *value)
{
    if (!json_is_string(value))
        return json_copy(value);
    Json *words = json_new_array();
    json_append(words, json_new_string("/bin/sh"));
    json_append(words, json_new_string("-c"));
    json_append(words, json_copy(value));
    return words;
}

static char *value_text(const Json *value)
{
    return json_is_string(value) ? memory_copy_string(json_string(value, "")) : json_text(value);
}

static Json *environment(const ContainerSpec *spec, bool exports_port)
{
    const Json *env = json_get(spec->desired, "env");
    Json *list = json_new_array();

    for (const Json *m = json_first(env); m != NULL; m = json_next(m)) {
        cleanup(free) char *value = value_text(m);
        cleanup(free) char *line = memory_format("%s=%s", json_key(m), value);
        json_append(list, json_new_string(line));
    }
    if (exports_port && spec->port_count > 0 && json_get(env, "PORT") == NULL) {
        char line[32];
        snprintf(line, sizeof line, "PORT=%d", spec->ports[0].port);
        json_append(list, json_new_string(line));
    }
    return list;
}

static void port_key(const PortSpec *port, char *ret, size_t size)
{
    snprintf(ret, size, "%d/%s", port->port, port->protocol);
}

static Json *exposed_ports(const ContainerSpec *spec)
{
    Json *exposed = json_new_object();

    for (size_t i = 0; i < spec->port_count; i++) {
        char key[32];
        port_key(&spec->ports[i], key, sizeof key);
        json_set(exposed, key, json_new_object());
    }
    return exposed;
}

static Json *port_bindings(const ContainerSpec *spec)
{
    Json *bindings = json_new_object();

    for (size_t i = 0; i < spec->port_count; i++) {
        const PortSpec *port = &spec->ports[i];
        char key[32], number[16] = "";
        port_key(port, key, sizeof key);
        if (port->host_port > 0)
            snprintf(number, sizeof number, "%d", port->host_port);
        if (json_get(bindings, key) == NULL)
            json_set(bindings, key, json_new_array());
        Json *binding = json_new_object();
        json_set_string(binding, "HostIp", port->host_ip);
        json_set_string(binding, "HostPort", number);
        json_append(json_get(bindings, key), binding);
    }
    return bindings;
}

/* {"nofile": 1024} or {"nofile": {"soft": 1024, "hard": 2048}}; the arguments' over the config's.
 */
static Json *ulimit_list(const Json *own, const Json *otherwise)
{
    cleanup(json_free) Json *all =
        json_is_object(otherwise) ? json_copy(otherwise) : json_new_object();
    Json *list = json_new_array();

    for (const Json *m = json_first(own); m != NULL; m = json_next(m))
        json_set(all, json_key(m), json_copy(m));
    for (const Json *m = json_first(all); m != NULL; m = json_next(m)) {
        int64_t one = json_int(m, 0);
        Json *limit = json_new_object();
        json_set_string(limit, "Name", json_key(m));
        json_set_int(limit, "Soft", json_is_object(m) ? json_get_int(m, "soft", 0) : one);
        json_set_int(limit, "Hard",
                     json_is_object(m) ? json_get_int(m, "hard", json_get_int(m, "soft", 0)) : one);
        json_append(list, limit);
    }
    return list;
}

/* ["/tmp", "/run:size=64m"] */
static Json *tmpfs_mounts(const Json *list)
{
    Json *mounts = json_new_object();

    for (const Json *m = json_first(list); m != NULL; m = json_next(m)) {
        cleanup(free) char *path = memory_copy_string(json_string(m, ""));
        char *colon = strchr(path, ':');
        if (colon != NULL)
            *colon = '\0';
        json_set_string(mounts, path, colon != NULL ? colon + 1 : "");
    }
    return mounts;
}

static void copy_if_given(Json *into, const char *key, const Json *value)
{
    if (value != NULL)
        json_set(into, key, json_copy(value));
}

static void set_limits(Json *host, const LimitsSpec *limits)
{
    if (limits->memory > 0)
        json_set_int(host, "Memory", limits->memory);
    if (limits->nano_cpus > 0)
        json_set_int(host, "NanoCpus", limits->nano_cpus);
    if (limits->pids > 0)
        json_set_int(host, "PidsLimit", limits->pids);
}

static Json *restart_policy(const RestartSpec *restart)
{
    Json *policy = json_new_object();

    json_set_string(policy, "Name", restart->name);
    if (restart->retries > 0)
        json_set_int(policy, "MaximumRetryCount", restart->retries);
    return policy;
}

static Json *host_config(const ContainerSpec *spec, const BodyContext *context, const char *network)
{
    const Json *desired = spec->desired;
    Json *host = json_new_object();

    set_limits(host, &spec->limits);
    json_set(host, "PortBindings", port_bindings(spec));
    copy_if_given(host, "Binds", json_get(desired, "volumes"));
    if (json_get(desired, "tmpfs") != NULL)
        json_set(host, "Tmpfs", tmpfs_mounts(json_get(desired, "tmpfs")));
    Json *ulimits = ulimit_list(json_get(desired, "ulimits"), context->ulimits);
    /* An empty list is not the same as none: it may turn off what the engine would set. */
    if (json_count(ulimits) > 0)
        json_set(host, "Ulimits", ulimits);
    else
        json_free(ulimits);
    json_set_bool(host, "ReadonlyRootfs", json_get_bool(desired, "read_only", false));
    copy_if_given(host, "CapAdd", json_get(desired, "cap_add"));
    copy_if_given(host, "CapDrop", json_get(desired, "cap_drop"));
    json_set(host, "RestartPolicy", restart_policy(&spec->restart));
    json_set_bool(host, "Init", json_get_bool(desired, "init", false));
    json_set_string(host, "NetworkMode", network);
    if (context->runtime != NULL)
        json_set_string(host, "Runtime", context->runtime);
    return host;
}

Json *container_spec_networks(const ContainerSpec *spec, const char *otherwise)
{
    const Json *given = json_get(spec->desired, "networks");
    Json *networks = json_count(given) > 0 ? json_copy(given) : json_new_array();

    if (json_count(networks) == 0)
        json_append(networks, json_new_string(otherwise));
    return networks;
}

/* One network only: engines before Docker's API 1.44 refuse more at creation. */
static Json *endpoints(const ContainerSpec *spec, const char *network)
{
    Json *config = json_new_object(), *all = json_new_object(), *endpoint = json_new_object();

    copy_if_given(endpoint, "Aliases", json_get(spec->desired, "aliases"));
    json_set(all, network, endpoint);
    json_set(config, "EndpointsConfig", all);
    return config;
}

/* Networks of this kind are no place where anybody has a name. */
static bool network_is_plain(const char *name)
{
    return strcmp(name, "host") == 0 || strcmp(name, "none") == 0;
}

static Json *health_check(const HealthSpec *health)
{
    Json *check = json_new_object(), *test = json_new_array();
    bool is_line = json_is_string(health->command);

    json_append(test, json_new_string(is_line ? "CMD-SHELL" : "CMD"));
    if (is_line)
        json_append(test, json_copy(health->command));
    for (const Json *w = is_line ? NULL : json_first(health->command); w; w = json_next(w))
        json_append(test, json_copy(w));
    json_set(check, "Test", test);
    json_set_int(check, "Interval", health->interval_ms * NANOSECONDS_PER_MS);
    json_set_int(check, "StartPeriod", health->start_period_ms * NANOSECONDS_PER_MS);
    if (health->retries > 0)
        json_set_int(check, "Retries", health->retries);
    return check;
}

static void set_command(Json *body, const Json *desired)
{
    const Json *command = json_get(desired, "command"),
               *entrypoint = json_get(desired, "entrypoint");

    if (command != NULL)
        json_set(body, "Cmd", words_of(command));
    if (entrypoint != NULL)
        json_set(body, "Entrypoint", words_of(entrypoint));
}

Json *container_spec_body(const ContainerSpec *spec, const BodyContext *context)
{
    const Json *desired = spec->desired;
    cleanup(json_free) Json *networks = container_spec_networks(spec, context->network);
    const char *first = json_string(json_at(networks, 0), "");
    Json *body = json_new_object();

    json_set_string(body, "Image", json_get_string(desired, "image", ""));
    set_command(body, desired);
    json_set(body, "Env", environment(spec, context->exports_port));
    json_set(body, "Labels", json_copy(context->labels));
    copy_if_given(body, "Hostname", json_get(desired, "hostname"));
    copy_if_given(body, "User", json_get(desired, "user"));
    copy_if_given(body, "WorkingDir", json_get(desired, "working_dir"));
    json_set(body, "ExposedPorts", exposed_ports(spec));
    json_set_int(body, "StopTimeout", spec->stop_timeout_s);
    if (spec->health.kind == HEALTH_COMMAND && context->engine_checks)
        json_set(body, "Healthcheck", health_check(&spec->health));
    json_set(body, "HostConfig", host_config(spec, context, first));
    if (!network_is_plain(first))
        json_set(body, "NetworkingConfig", endpoints(spec, first));
    return body;
}
