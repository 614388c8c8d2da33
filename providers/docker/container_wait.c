#include "providers/docker/container_wait.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lang/base/file.h"
#include "lang/base/memory.h"
#include "providers/docker/engine_exec.h"
#include "providers/docker/engine_log.h"

/* In which a program that cannot start has ended, and the engine has told it. Where more than so
 * many come up at once, each keeps its place among the effects under way for no longer than the
 * engine took to start it. */
#define LIFE_MAX_MS 500
#define LIFE_MIN_MS 100
#define FEW 4
#define TRY_TIMEOUT_MS 5000
#define LOG_SIZE 600
#define LOG_LINES 30

char *container_log_words(Docker *docker, const char *id)
{
    cleanup(free) char *tail = engine_log_tail(&docker->api, id, LOG_LINES, LOG_SIZE);

    return tail[0] != '\0' ? memory_format("; the last lines of its log:\n%s", tail)
                           : memory_copy_string("; its log is empty");
}

/* ---- one look ---- */

static bool socket_connects(const struct addrinfo *address, int timeout_ms)
{
    cleanup(fd_close) int fd =
        socket(address->ai_family, address->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct pollfd one = {.fd = fd, .events = POLLOUT};
    int error = 0;
    socklen_t size = sizeof error;

    if (fd < 0)
        return false;
    if (connect(fd, address->ai_addr, address->ai_addrlen) == 0)
        return true;
    if (errno != EINPROGRESS || poll(&one, 1, timeout_ms) <= 0)
        return false;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
}

static bool port_connects(const char *host, int port, int timeout_ms)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV}, *all = NULL;
    char service[16];
    bool connects = false;

    snprintf(service, sizeof service, "%d", port);
    if (getaddrinfo(host, service, &hints, &all) != 0)
        return false;
    for (const struct addrinfo *a = all; a != NULL && !connects; a = a->ai_next)
        connects = socket_connects(a, timeout_ms);
    freeaddrinfo(all);
    return connects;
}

static bool http_answers(Docker *docker, const char *host, int port, const char *path)
{
    cleanup(free) char *url = memory_format("http://%s:%d%s", host, port, path);
    cleanup(fetch_response_deinit) FetchResponse response = {.status = 0};

    int code = fetch(docker->probes, &(FetchRequest){.url = url, .timeout_ms = TRY_TIMEOUT_MS},
                     &response, NULL);
    return code == 0 && response.status >= 200 && response.status < 400;
}

static bool command_succeeds(Docker *docker, const HealthSpec *health, const ContainerFacts *facts)
{
    cleanup(json_free) Json *words = NULL;
    ProviderProblem ignored;
    int exit_code = -1;

    if (json_is_string(health->command)) {
        words = json_new_array();
        json_append(words, json_new_string("/bin/sh"));
        json_append(words, json_new_string("-c"));
        json_append(words, json_copy(health->command));
    } else {
        words = json_copy(health->command);
    }
    ExecCall call = {.id = facts->id, .words = words, .timeout_ms = TRY_TIMEOUT_MS};
    return engine_exec(&docker->api, &call, NULL, &exit_code, &ignored) == 0 && exit_code == 0;
}

/* Where the first of its ports is reached. */
static const char *probe_host(const Docker *docker, const PortSpec *port)
{
    bool is_any = port->host_ip[0] == '\0' || strcmp(port->host_ip, "0.0.0.0") == 0 ||
                  strcmp(port->host_ip, "::") == 0;

    return is_any ? docker->api.host : port->host_ip;
}

static bool is_healthy(Docker *docker, const Wanted *wanted, const ContainerFacts *facts)
{
    const HealthSpec *health = &wanted->spec.health;
    const PortSpec *first = &wanted->spec.ports[0];
    char key[32];

    if (wanted->is_ready != NULL)
        return wanted->is_ready(docker, wanted, facts);
    snprintf(key, sizeof key, "%d/%s", first->port, first->protocol);
    int port = (int)json_get_int(facts->ports, key, first->host_port);
    switch (health->kind) {
    case HEALTH_OF_LIFE:
        return true;
    case HEALTH_COMMAND:
        return docker->api.is_podman ? command_succeeds(docker, health, facts)
                                     : facts->health == HEALTH_GOOD;
    case HEALTH_HTTP:
        return http_answers(docker, probe_host(docker, first), port, health->path);
    case HEALTH_TCP:
        return port_connects(probe_host(docker, first), port, TRY_TIMEOUT_MS);
    }
    return false;
}

/* ---- the waiting ---- */

static int ended(Docker *docker, const Wanted *wanted, const ContainerFacts *facts,
                 ProviderProblem *problem)
{
    cleanup(free) char *log = container_log_words(docker, facts->id);

    /* Started again it would do the same. */
    return provider_problem(problem, "UNAVAILABLE", "not_applied", false,
                            "container '%.64s' ended with exit code %d before it was up%.700s",
                            wanted->spec.name, facts->exit_code, log);
}

static int not_in_time(Docker *docker, const Wanted *wanted, const ContainerFacts *facts,
                       const char *why, ProviderProblem *problem)
{
    cleanup(free) char *log = container_log_words(docker, facts->id);

    return provider_problem(problem, "UNAVAILABLE", "not_applied", false,
                            "container '%.64s' runs, but %s%.700s", wanted->spec.name, why, log);
}

static bool is_alive(const ContainerFacts *facts)
{
    return facts->state == CONTAINER_RUNNING || facts->state == CONTAINER_RESTARTING ||
           facts->state == CONTAINER_PAUSED;
}

/* One that was taken over has no label, so its events are not known to be ours. */
static int wait_and_look(Docker *docker, const Wanted *wanted, int64_t wait_ms,
                         const ContainerFacts *facts, ContainerFacts *ret, ProviderProblem *problem)
{
    const struct timespec rest = {.tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * 1000000};

    if (container_label(facts, LABEL_UID)[0] == '\0') {
        nanosleep(&rest, NULL);
        return engine_list_inspect(docker->list, facts->id, ret, problem);
    }
    if (!engine_list_await(docker->list, facts->id, wait_ms)) {
        *ret = container_facts_copy(facts);
        return 0;
    }
    return engine_list_find(docker->list, wanted->request->uid, ret, problem);
}

/* Wait until something is known to have changed, or for so long, and see what it is now. */
static int watch(Docker *docker, const Wanted *wanted, int64_t wait_ms, ContainerFacts *facts,
                 ProviderProblem *problem)
{
    ContainerFacts now = {0};
    int code = wait_and_look(docker, wanted, wait_ms, facts, &now, problem);

    if (code < 0)
        return -1;
    if (code == CONTAINER_NONE)
        return provider_problem(problem, "UNAVAILABLE", "not_applied", true,
                                "container '%.64s' was removed by somebody while it was coming up",
                                wanted->spec.name);
    container_facts_deinit(facts);
    *facts = now;
    return is_alive(facts) ? 0 : ended(docker, wanted, facts, problem);
}

static int64_t life_ms(const ContainerFacts *facts, int coming_up)
{
    if (coming_up <= FEW || facts->start_took_ms > LIFE_MAX_MS)
        return LIFE_MAX_MS;
    return facts->start_took_ms > LIFE_MIN_MS ? facts->start_took_ms : LIFE_MIN_MS;
}

int container_await(Docker *docker, const Wanted *wanted, ContainerFacts *facts,
                    ProviderProblem *problem)
{
    const HealthSpec *health = &wanted->spec.health;
    bool only_lives = wanted->is_ready == NULL && health->kind == HEALTH_OF_LIFE;
    int64_t start = steady_ms(), counted = start + health->start_period_ms;
    int failures = 0;

    if (only_lives)
        return watch(docker, wanted, life_ms(facts, docker->coming_up), facts, problem);
    request_progress(wanted->request, "waiting", "waiting until it serves");
    for (;;) {
        if (is_healthy(docker, wanted, facts))
            return 0;
        if (facts->health == HEALTH_BAD)
            return not_in_time(docker, wanted, facts, "the engine says that it is unhealthy",
                               problem);
        if (steady_ms() >= counted && ++failures == health->retries)
            return not_in_time(docker, wanted, facts, "it failed its health check too often",
                               problem);
        if (steady_ms() > counted + health->timeout_ms)
            return not_in_time(docker, wanted, facts, "it did not serve in time", problem);
        if (request_cancelled(wanted->request))
            return provider_problem(problem, "CANCELLED", "partial", false,
                                    "cancelled while container '%.64s' was coming up",
                                    wanted->spec.name);
        if (watch(docker, wanted, health->interval_ms, facts, problem) < 0)
            return -1;
    }
}
