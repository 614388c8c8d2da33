#include "process_spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lang/base/memory.h"
#include "providers/local/port.h"
#include "providers/local/problem_of.h"

#define HEALTH_TIMEOUT_S 30

int process_host_port(const Json *value)
{
    const char *text = json_string(value, NULL);
    char *end = NULL;
    long number = text != NULL ? strtol(text, &end, 10) : (long)json_int(value, -1);

    if (text != NULL && (end == text || (*end != '\0' && *end != ':')))
        return -1;
    return number < 0 || number > PORT_MAX ? -1 : (int)number;
}

static int validate_command(const char *effect, const Json *desired, ProviderProblem *problem)
{
    const Json *command = json_get(desired, "command");

    if (value_is_opaque(command))
        return 0;
    if (command == NULL && strcmp(effect, "RunProcess") != 0)
        return 0;
    if (json_is_string(command) && json_string(command, "")[0] != '\0')
        return 0;
    if (!json_is_array(command) || json_count(command) == 0 ||
        json_count(command) > PROCESS_WORDS_MAX)
        return problem_argument(problem, "/command",
                                "command: expected a line for the shell or a list of words, found "
                                "%s: give the program to run",
                                command == NULL ? "none" : "something else");
    for (const Json *word = json_first(command); word != NULL; word = json_next(word))
        if (!json_is_string(word) && !value_is_opaque(word))
            return problem_argument(problem, "/command", "command: every word must be a string");
    return 0;
}

static int validate_ports(const Json *ports, ProviderProblem *problem)
{
    if (json_count(ports) > PROCESS_PORTS_MAX && !value_is_opaque(ports))
        return problem_argument(problem, "/ports", "ports: expected at most %d, found %zu",
                                PROCESS_PORTS_MAX, json_count(ports));
    if (!json_is_array(ports))
        return 0;
    for (const Json *port = json_first(ports); port != NULL; port = json_next(port))
        if (process_host_port(port) < 0 && !value_is_opaque(port)) {
            cleanup(free) char *found = json_text(port);
            return problem_argument(problem, "/ports",
                                    "ports: expected 0 to %d or \"HOST:INNER\", found %.64s",
                                    PORT_MAX, found);
        }
    return 0;
}

static int validate_environment(const Json *environment, ProviderProblem *problem)
{
    if (value_is_opaque(environment))
        return 0;
    for (const Json *entry = json_first(environment); entry != NULL; entry = json_next(entry)) {
        if (json_key(entry)[0] == '\0' || strchr(json_key(entry), '=') != NULL)
            return problem_argument(problem, "/env", "env: '%.64s' cannot be a variable's name",
                                    json_key(entry));
        if ((json_is_object(entry) && !value_is_opaque(entry)) || json_is_array(entry))
            return problem_argument(problem, "/env",
                                    "env: '%.64s': expected a string, found a structure",
                                    json_key(entry));
    }
    return 0;
}

static int validate_health(const Json *desired, ProviderProblem *problem)
{
    const Json *http = json_get(json_get(desired, "health"), "http");
    bool has_port =
        json_count(json_get(desired, "ports")) > 0 || json_get(desired, "command") == NULL;

    if (json_is_string(http) && json_string(http, "")[0] != '/')
        return problem_argument(problem, "/health/http",
                                "health.http: expected a path that begins with '/', found '%.64s'",
                                json_string(http, ""));
    if (!has_port && (http != NULL || json_get_bool(json_get(desired, "health"), "tcp", false)))
        return problem_argument(problem, "/health",
                                "health: there is no port to ask: give ports, 0 for a free one");
    return 0;
}

int process_validate(const char *effect, const Json *desired, ProviderProblem *problem)
{
    if (validate_command(effect, desired, problem) < 0 ||
        validate_ports(json_get(desired, "ports"), problem) < 0 ||
        validate_environment(json_get(desired, "env"), problem) < 0)
        return -1;
    return validate_health(desired, problem);
}

char *process_mark(const char *uid)
{
    return memory_format("VED_UID=%s", uid);
}

static void read_command(const Local *local, const Json *command, ProcessSpec *spec)
{
    size_t count = 0;

    spec->argv = arena_array(&spec->arena, char *, json_count(command) + 4);
    if (json_is_string(command)) {
        spec->argv[count++] = arena_copy_string(&spec->arena, "/bin/sh");
        spec->argv[count++] = arena_copy_string(&spec->arena, "-c");
        spec->argv[count++] = arena_copy_string(&spec->arena, json_string(command, ""));
    } else if (command == NULL) {
        spec->argv[count++] = arena_format(&spec->arena, "%s/ved-sample-app", local->program_dir);
    }
    if (json_is_array(command))
        for (const Json *word = json_first(command); word != NULL; word = json_next(word))
            spec->argv[count++] = arena_copy_string(&spec->arena, json_string(word, ""));
    spec->argv[count] = NULL;
}

static int read_ports(Local *local, Object *object, const Json *arguments, ProcessSpec *spec,
                      Error *err)
{
    const Json *ports = json_get(arguments, "ports");

    for (const Json *port = json_first(ports); port != NULL && json_is_array(ports);
         port = json_next(port))
        if (spec->port_count < PROCESS_PORTS_MAX)
            spec->ports[spec->port_count++] = process_host_port(port);
    if (spec->port_count == 0 && json_get(arguments, "command") == NULL)
        spec->ports[spec->port_count++] = 0;
    if (spec->port_count == 0)
        return 0;
    if (spec->ports[0] > 0)
        json_set_int(object->record, "port", spec->ports[0]);
    return object_port(local, object, &spec->ports[0], err);
}

/* A variable's value as text: numbers and truth values as they are written. */
static char *variable(Arena *arena, const Json *entry)
{
    cleanup(free) char *text = json_is_string(entry) ? NULL : json_text(entry);

    return arena_format(arena, "%s=%s", json_key(entry),
                        text != NULL ? text : json_string(entry, ""));
}

static bool is_set(const Json *environment, const char *entry)
{
    for (const Json *e = json_first(environment); e != NULL; e = json_next(e)) {
        size_t size = strlen(json_key(e));
        if (strncmp(entry, json_key(e), size) == 0 && entry[size] == '=')
            return true;
    }
    return false;
}

/* Ours, then PORT, then what the arguments say, which wins. */
static void read_environment(const Json *environment, ProcessSpec *spec)
{
    size_t count = 0, capacity = json_count(environment) + 3;

    for (char **e = environ; *e != NULL; e++)
        capacity++;
    spec->envp = arena_array(&spec->arena, char *, capacity);
    for (char **e = environ; *e != NULL; e++)
        if (!is_set(environment, *e) && strncmp(*e, "VED_UID=", 8) != 0 &&
            (spec->port_count == 0 || strncmp(*e, "PORT=", 5) != 0))
            spec->envp[count++] = *e;
    if (spec->port_count > 0 && json_get(environment, "PORT") == NULL)
        spec->envp[count++] = arena_format(&spec->arena, "PORT=%d", spec->ports[0]);
    for (const Json *e = json_first(environment); e != NULL; e = json_next(e))
        spec->envp[count++] = variable(&spec->arena, e);
    spec->envp[count++] = spec->mark;
    spec->envp[count] = NULL;
}

static void read_health(const Json *arguments, ProcessSpec *spec)
{
    const Json *health = json_get(arguments, "health");
    const char *path = json_get_string(health, "http", NULL);
    bool tcp = json_get_bool(health, "tcp", spec->port_count > 0);

    spec->health = path != NULL ? HEALTH_HTTP : tcp ? HEALTH_TCP : HEALTH_ALIVE;
    spec->health_path = path != NULL ? arena_copy_string(&spec->arena, path) : NULL;
    spec->health_timeout_ms = json_get_int(health, "timeout_s", HEALTH_TIMEOUT_S) * 1000;
}

int process_spec_init(Local *local, Object *object, const char *uid, const Json *arguments,
                      ProcessSpec *ret, Error *err)
{
    const char *folder = json_get_string(arguments, "working_dir", NULL);

    *ret = (ProcessSpec){0};
    ret->mark = arena_format(&ret->arena, "VED_UID=%s", uid);
    ret->working_dir = folder != NULL ? arena_copy_string(&ret->arena, folder) : NULL;
    read_command(local, json_get(arguments, "command"), ret);
    int code = read_ports(local, object, arguments, ret, err);
    if (code < 0)
        return code;
    read_environment(json_get(arguments, "env"), ret);
    read_health(arguments, ret);
    return 0;
}

void process_spec_deinit(ProcessSpec *spec)
{
    arena_deinit(&spec->arena);
}
