#include "providers/docker/container_spec.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lang/base/hash.h"
#include "lang/base/memory.h"

#define HEALTH_INTERVAL_S 1
#define HEALTH_TIMEOUT_S 30
#define STOP_TIMEOUT_S 10
#define MEMORY_MIN ((int64_t)6 << 20)
#define MEMORY_MAX ((int64_t)1 << 50)
#define CPUS_MAX 4096
#define LIST_MAX 256

/* ---- numbers and ports ---- */

int64_t memory_size_parse(const Json *value)
{
    static const char units[] = "bkmgt";

    if (!json_is_string(value))
        return json_is_int(value) ? json_int(value, 0) : 0;
    const char *text = json_string(value, "");
    const char *end = text + strspn(text, "0123456789.");
    if (!isdigit((unsigned char)text[0]))
        return 0;
    double amount = strtod(text, NULL);
    const char *unit = *end != '\0' ? strchr(units, tolower((unsigned char)*end)) : units;
    if (unit == NULL)
        return 0;
    end += *end != '\0';
    if (unit != units && (*end == 'b' || *end == 'B'))
        end++;
    for (const char *u = units; u < unit; u++)
        amount *= 1024;
    return *end == '\0' && isfinite(amount) && amount <= (double)MEMORY_MAX ? (int64_t)amount : 0;
}

/* A decimal number of a port at `*text`, which moves behind it; -1: there is none. */
static int port_number(const char **text)
{
    char *end = NULL;

    if (!isdigit((unsigned char)**text))
        return -1;
    long number = strtol(*text, &end, 10);
    *text = end;
    return number <= 65535 ? (int)number : -1;
}

static bool protocol_read(const char *text, PortSpec *ret)
{
    const char *protocol = *text == '/' ? text + 1 : "tcp";

    if (*text != '\0' && *text != '/')
        return false;
    if (strcmp(protocol, "tcp") != 0 && strcmp(protocol, "udp") != 0 &&
        strcmp(protocol, "sctp") != 0)
        return false;
    snprintf(ret->protocol, sizeof ret->protocol, "%s", protocol);
    return true;
}

/* What stands before the last two numbers: "127.0.0.1:" or "[::1]:". */
static const char *address_read(const char *text, PortSpec *ret)
{
    const char *colon = text[0] == '[' ? strchr(text, ']') : strchr(text, ':');

    if (text[0] != '[') {
        bool has_address = colon != NULL && strchr(colon + 1, ':') != NULL;
        if (!has_address)
            return text;
        snprintf(ret->host_ip, sizeof ret->host_ip, "%.*s", (int)(colon - text), text);
        return colon + 1;
    }
    if (colon == NULL || colon[1] != ':')
        return NULL;
    snprintf(ret->host_ip, sizeof ret->host_ip, "%.*s", (int)(colon - text - 1), text + 1);
    return colon + 2;
}

bool port_parse(const Json *value, PortSpec *ret)
{
    char digits[32];

    *ret = (PortSpec){.port = 0};
    snprintf(digits, sizeof digits, "%lld", (long long)json_int(value, 0));
    const char *text = json_is_string(value) ? json_string(value, "") : digits;
    text = address_read(text, ret);
    if (text == NULL)
        return false;
    ret->host_port = ret->port = port_number(&text);
    if (*text == ':') {
        text++;
        ret->port = port_number(&text);
    }
    return ret->host_port >= 0 && ret->port > 0 && protocol_read(text, ret);
}

/* ---- reading ---- */

static int read_ports(ContainerSpec *spec, ProviderProblem *problem)
{
    const Json *ports = json_get(spec->desired, "ports");

    if (json_count(ports) > PORTS_MAX)
        return problem_argument(problem, "/ports", "ports: expected at most %d", PORTS_MAX);
    for (const Json *p = json_first(value_is_opaque(ports) ? NULL : ports); p; p = json_next(p)) {
        if (value_is_opaque(p))
            continue;
        if (!port_parse(p, &spec->ports[spec->port_count++])) {
            cleanup(free) char *text = json_text(p);
            return problem_argument(problem, "/ports",
                                    "ports: expected \"8080:80\", \"127.0.0.1:8080:80\", 8080, or "
                                    "\"0:80\" for a free one, found %.64s",
                                    text);
        }
    }
    return 0;
}

static int read_name(ContainerSpec *spec, const char *otherwise, ProviderProblem *problem)
{
    const Json *given = json_get(spec->desired, "name");
    const char *name = json_string(given, otherwise);

    if (!value_is_opaque(given) && !object_name_is_valid(name))
        return problem_argument(problem, "/name",
                                "name: expected letters, digits, '_', '.' and '-', beginning with "
                                "a letter or digit, fewer than %d, found '%.64s'",
                                OBJECT_NAME_SIZE, name);
    snprintf(spec->name, sizeof spec->name, "%s", name);
    return 0;
}

static int read_limits(ContainerSpec *spec, ProviderProblem *problem)
{
    const Json *limits = json_get(spec->desired, "limits");
    const Json *memory = json_get(limits, "memory"), *cpus = json_get(limits, "cpus");
    const Json *pids = json_get(limits, "pids");

    if (memory != NULL && !value_is_opaque(memory)) {
        spec->limits.memory = memory_size_parse(memory);
        if (spec->limits.memory < MEMORY_MIN)
            return problem_argument(problem, "/limits/memory",
                                    "limits.memory: expected bytes, or a size like \"512m\", and "
                                    "no less than 6m");
    }
    if (cpus != NULL && !value_is_opaque(cpus)) {
        double amount = json_is_string(cpus) ? atof(json_string(cpus, "")) : json_number(cpus, 0);
        if (!(amount >= 0.01 && amount <= CPUS_MAX))
            return problem_argument(problem, "/limits/cpus",
                                    "limits.cpus: expected a number of processors, 0.01 or more");
        spec->limits.nano_cpus = llround(amount * 1e9);
    }
    spec->limits.pids = json_int(pids, 0);
    if (pids != NULL && !value_is_opaque(pids) && spec->limits.pids < 1)
        return problem_argument(problem, "/limits/pids", "limits.pids: expected 1 or more");
    return 0;
}

static int read_restart(ContainerSpec *spec, ProviderProblem *problem)
{
    static const char *const names[] = {"no", "always", "unless-stopped", "on-failure"};
    const Json *value = json_get(spec->desired, "restart");
    const char *text = json_string(value, "no");
    size_t size = strcspn(text, ":");

    spec->restart.name = "no";
    if (value_is_opaque(value))
        return 0;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (strlen(names[i]) != size || strncmp(names[i], text, size) != 0)
            continue;
        spec->restart = (RestartSpec){.name = names[i]};
        if (text[size] == '\0')
            return 0;
        spec->restart.retries = atoi(text + size + 1);
        if (strcmp(names[i], "on-failure") == 0 && spec->restart.retries > 0)
            return 0;
    }
    return problem_argument(problem, "/restart",
                            "restart: expected no, always, unless-stopped, on-failure or "
                            "on-failure:N, found '%.32s'",
                            text);
}

static int read_health(ContainerSpec *spec, ProviderProblem *problem)
{
    const Json *health = json_get(spec->desired, "health"), *command = json_get(health, "command");
    const Json *path = json_get(health, "http");
    bool tcp = json_get_bool(health, "tcp", false);

    spec->health = (HealthSpec){
        .kind = command != NULL ? HEALTH_COMMAND
                : path != NULL  ? HEALTH_HTTP
                : tcp           ? HEALTH_TCP
                                : HEALTH_OF_LIFE,
        .command = command,
        .path = json_string(path, NULL),
        .interval_ms = 1000 * json_get_int(health, "interval_s", HEALTH_INTERVAL_S),
        .timeout_ms = 1000 * json_get_int(health, "timeout_s", HEALTH_TIMEOUT_S),
        .start_period_ms = 1000 * json_get_int(health, "start_period_s", 0),
        .retries = (int)json_get_int(health, "retries", 0),
    };
    if ((command != NULL) + (path != NULL) + tcp > 1)
        return problem_argument(problem, "/health",
                                "health: expected one of command, http and tcp, found several");
    if ((path != NULL || tcp) && spec->port_count == 0 &&
        !value_is_opaque(json_get(spec->desired, "ports")))
        return problem_argument(problem, "/health",
                                "health: http and tcp are asked at the first of ports, and there "
                                "is none");
    if (spec->health.path != NULL && spec->health.path[0] != '/')
        return problem_argument(problem, "/health/http", "health.http: expected a path, /...");
    return 0;
}

/* Lists of texts are not so long that the engine chokes on them, and hold nothing but texts. */
static int check_lists(const Json *desired, ProviderProblem *problem)
{
    static const char *const names[] = {"volumes", "networks", "aliases",
                                        "cap_add", "cap_drop", "tmpfs"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        const Json *list = json_get(desired, names[i]);
        char pointer[32];
        snprintf(pointer, sizeof pointer, "/%s", names[i]);
        if (json_count(list) > LIST_MAX)
            return problem_argument(problem, pointer, "%s: expected at most %d", names[i],
                                    LIST_MAX);
    }
    for (const Json *v = json_first(json_get(desired, "volumes")); v != NULL; v = json_next(v)) {
        const char *colon = strchr(json_string(v, ""), ':');
        if (json_is_string(v) && (colon == NULL || colon[1] != '/'))
            return problem_argument(problem, "/volumes",
                                    "volumes: expected NAME:/path or /folder:/path, with :ro if "
                                    "it is not to be written, found '%.64s'",
                                    json_string(v, ""));
    }
    return 0;
}

int container_spec_read(const Json *desired, const char *name, ContainerSpec *ret,
                        ProviderProblem *problem)
{
    *ret = (ContainerSpec){.desired = desired};
    ret->stop_timeout_s = json_get_int(desired, "stop_timeout_s", STOP_TIMEOUT_S);
    if (read_name(ret, name, problem) < 0 || read_ports(ret, problem) < 0 ||
        read_limits(ret, problem) < 0 || read_restart(ret, problem) < 0 ||
        read_health(ret, problem) < 0)
        return -1;
    return check_lists(desired, problem);
}

int container_spec_check(const Json *desired, ProviderProblem *problem)
{
    ContainerSpec spec;

    return container_spec_read(desired, "x", &spec, problem);
}

void container_spec_digest(const Json *desired, char ret[SPEC_DIGEST_SIZE])
{
    static const char *const in_place[] = {"name",    "limits",   "restart",        "health",
                                           "aliases", "networks", "stop_timeout_s", "pull"};
    cleanup(json_free) Json *fixed = json_copy(desired);
    cleanup(buffer_deinit) Buffer text = {0};
    uint8_t digest[SHA256_SIZE];

    for (size_t i = 0; i < ARRAY_SIZE(in_place); i++)
        json_free(json_detach(fixed, in_place[i]));
    json_write_canonical(&text, fixed);
    sha256(buffer_text(&text), text.size, digest);
    hex_encode(digest, sizeof digest, ret);
}
