#include "providers/docker/job.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lang/base/conceal.h"
#include "lang/base/file.h"
#include "lang/base/memory.h"
#include "providers/docker/container_make.h"
#include "providers/docker/container_view.h"
#include "providers/docker/engine_log.h"

#define KIND_NAME "job"
#define TIMEOUT_S 3600
#define LOOK_MS 30000 /* an event may have been lost */
#define TURN_MS 1000  /* in which a cancellation is seen */
#define OUTPUT_SIZE_MAX ((size_t)64 << 10)
#define OUTPUT_LINES_MAX 2000
#define TAIL_SIZE 700
#define TAIL_LINES 30
#define RECORD_SIZE_MAX ((size_t)1 << 20)
#define KEPT_S (8 * 24 * 3600) /* longer than keys are remembered */

int job_validate(const Json *desired, ProviderProblem *problem)
{
    return container_spec_check(desired, problem);
}

/* ---- what came of it ---- */

static char *record_path(const Docker *docker, const char *op)
{
    return memory_format("%s/" KIND_NAME "-%s.json", docker->data_dir, op);
}

/* NULL: there is none. The caller owns it. */
static Json *record_read(const Docker *docker, const char *op)
{
    cleanup(free) char *path = record_path(docker, op);
    cleanup(buffer_deinit) Buffer text = {0};
    Json *record = NULL;

    if (file_read(path, RECORD_SIZE_MAX, &text, NULL) == 0 && text.size > 0)
        (void)json_parse(text.bytes, text.size, &record, NULL);
    return record;
}

static int record_write(const Docker *docker, const char *op, const Json *record,
                        ProviderProblem *problem)
{
    cleanup(free) char *path = record_path(docker, op), *text = json_text(record);
    Error err = {0};

    return file_replace(path, text, strlen(text), 0600, &err) < 0
               ? provider_problem(problem, "INTERNAL", "partial", true, "%.900s", err.message)
               : 0;
}

void job_forget_old(const Docker *docker)
{
    DIR *folder = opendir(docker->data_dir);
    time_t now = time(NULL);

    if (folder == NULL)
        return;
    for (struct dirent *e = readdir(folder); e != NULL; e = readdir(folder)) {
        cleanup(free) char *path = memory_format("%s/%s", docker->data_dir, e->d_name);
        struct stat about;
        if (strncmp(e->d_name, KIND_NAME "-", strlen(KIND_NAME "-")) == 0 &&
            stat(path, &about) == 0 && now - about.st_mtime > KEPT_S)
            unlink(path);
    }
    closedir(folder);
}

/* ---- running it ---- */

static int begin(Docker *docker, const Wanted *wanted, ContainerFacts *ret,
                 ProviderProblem *problem)
{
    cleanup(free) char *id = NULL;

    request_progress(wanted->request, "creating", wanted->spec.name);
    if (container_create(docker, wanted, &id, problem) < 0)
        return -1;
    int code = engine_list_inspect(docker->list, id, ret, problem);
    if (code == CONTAINER_NONE)
        return provider_problem(problem, "UPSTREAM", "unknown", true,
                                "the job's container was removed before it was started");
    return code;
}

/* A container that was made and not started is; one that has run is not again. */
static int ensure_begun(Docker *docker, const Wanted *wanted, ContainerFacts *facts,
                        ProviderProblem *problem)
{
    int code = container_view_find(docker, wanted->request, facts, problem);

    if (code == CONTAINER_NONE)
        code = begin(docker, wanted, facts, problem);
    if (code < 0 || facts->state != CONTAINER_CREATED)
        return code;
    request_progress(wanted->request, "running", wanted->spec.name);
    if (container_start(docker, facts->id, wanted->spec.name, problem) < 0)
        return -1;
    facts->state = CONTAINER_RUNNING;
    return 0;
}

static bool has_ended(const ContainerFacts *facts)
{
    return facts->state == CONTAINER_EXITED || facts->state == CONTAINER_DEAD;
}

static int stop_short(Docker *docker, const Wanted *wanted, const ContainerFacts *facts,
                      bool is_late, ProviderProblem *problem)
{
    cleanup(free) char *tail = engine_log_tail(&docker->api, facts->id, TAIL_LINES, TAIL_SIZE);

    if (container_end(docker, facts->id, wanted->spec.stop_timeout_s, problem) < 0)
        return -1;
    return provider_problem(problem, is_late ? "DEADLINE" : "CANCELLED", "partial", false,
                            "the job was %s; the last lines of its output:\n%s",
                            is_late ? "stopped, as it took longer than it may" : "cancelled", tail);
}

static int await_end(Docker *docker, const Wanted *wanted, ContainerFacts *facts,
                     ProviderProblem *problem)
{
    int64_t left_ms = 1000 * json_get_int(wanted->desired, "timeout_s", TIMEOUT_S);

    for (int64_t since_look_ms = 0; !has_ended(facts); left_ms -= TURN_MS) {
        ContainerFacts now = {0};
        bool is_late = left_ms <= 0;
        if (is_late || request_cancelled(wanted->request))
            return stop_short(docker, wanted, facts, is_late, problem);
        since_look_ms += TURN_MS;
        if (!engine_list_await(docker->list, facts->id, TURN_MS) && since_look_ms < LOOK_MS)
            continue;
        since_look_ms = 0;
        int code = engine_list_inspect(docker->list, facts->id, &now, problem);
        if (code != 0)
            return code < 0 ? -1
                            : provider_problem(problem, "UPSTREAM", "unknown", false,
                                               "the job's container was removed while it ran");
        container_facts_deinit(facts);
        *facts = now;
    }
    return 0;
}

static Json *result_of(Docker *docker, const Wanted *wanted, const ContainerFacts *facts)
{
    cleanup(free) char *output =
        engine_log_tail(&docker->api, facts->id, OUTPUT_LINES_MAX, OUTPUT_SIZE_MAX);
    Json *result = json_new_object();

    conceal(output, wanted->request->secrets);
    json_set_int(result, "exit_code", facts->exit_code);
    json_set_string(result, "output", output);
    return result;
}

static int run(Docker *docker, const Wanted *wanted, Json **ret, ProviderProblem *problem)
{
    cleanup(container_facts_deinit) ContainerFacts facts = {0};
    cleanup(json_free) Json *result = NULL;

    if (ensure_begun(docker, wanted, &facts, problem) < 0 ||
        await_end(docker, wanted, &facts, problem) < 0)
        return -1;
    result = result_of(docker, wanted, &facts);
    if (record_write(docker, wanted->request->uid, result, problem) < 0 ||
        container_end(docker, facts.id, 0, problem) < 0)
        return -1;
    *ret = take(result);
    return 0;
}

static int judge(Json *result, ProviderReply *reply, ProviderProblem *problem)
{
    int64_t exit_code = json_get_int(result, "exit_code", -1);
    const char *output = json_get_string(result, "output", "");
    size_t size = strlen(output);

    if (exit_code == 0) {
        reply->state = result;
        return 0;
    }
    provider_problem(problem, "UPSTREAM", "partial", false,
                     "the job ended with exit code %lld; the last lines of its output:\n%s",
                     (long long)exit_code, size > TAIL_SIZE ? output + size - TAIL_SIZE : output);
    json_free(result);
    return -1;
}

int job_run(Docker *docker, const ProviderRequest *request, ProviderReply *reply,
            ProviderProblem *problem)
{
    cleanup(wanted_deinit) Wanted wanted = {0};
    char network[NETWORK_NAME_SIZE];
    ProviderRequest inner = *request;
    ProviderProblem other = {0};
    Json *result = record_read(docker, request->op);

    if (result != NULL)
        return judge(result, reply, problem);
    inner.uid = request->op;
    if (wanted_init(docker, &inner, KIND_NAME, &wanted, problem) < 0)
        return -1;
    snprintf(wanted.spec.name, sizeof wanted.spec.name, KIND_NAME "-%.64s", request->op);
    int code = run(docker, &wanted, &result, problem);
    network_default_name(docker, request->lineage, network);
    (void)network_release_default(docker, request->lineage, network, &other);
    return code < 0 ? -1 : judge(result, reply, problem);
}
