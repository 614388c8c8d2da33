#include "providers/docker/engine_exec.h"

#include "lang/base/memory.h"
#include "providers/docker/engine_log.h"

#define WHAT "run a command in the container"
#define OUTPUT_SIZE_MAX ((size_t)1 << 20)

/* The caller frees the id. */
static int create(EngineApi *api, const ExecCall *call, char **ret, ProviderProblem *problem)
{
    cleanup(api_answer_deinit) ApiAnswer answer;
    cleanup(json_free) Json *body = json_new_object();
    cleanup(free) char *part = api_encoded(call->id);
    cleanup(free) char *path = memory_format("/containers/%s/exec", part);

    json_set(body, "Cmd", json_copy(call->words));
    json_set_bool(body, "AttachStdout", true);
    json_set_bool(body, "AttachStderr", true);
    if (call->env != NULL)
        json_set(body, "Env", json_copy(call->env));
    if (call->user != NULL)
        json_set_string(body, "User", call->user);
    if (api_must(api, &(ApiCall){.method = "POST", .path = path, .body = body, .what = WHAT},
                 &answer, problem) < 0)
        return -1;
    const char *id = json_get_string(answer.body, "Id", NULL);
    if (id == NULL)
        return provider_problem(problem, "UPSTREAM", "not_applied", true,
                                WHAT ": the engine's answer has no id");
    *ret = api_encoded(id);
    return 0;
}

/* Answered when the command has ended. */
static int start(EngineApi *api, const ExecCall *call, const char *exec, Buffer *output,
                 ProviderProblem *problem)
{
    cleanup(api_answer_deinit) ApiAnswer answer;
    cleanup(json_free) Json *body = json_new_object();
    cleanup(free) char *path = memory_format("/exec/%s/start", exec);

    json_set_bool(body, "Detach", false);
    json_set_bool(body, "Tty", false);
    if (api_must(api,
                 &(ApiCall){.method = "POST",
                            .path = path,
                            .body = body,
                            .what = WHAT,
                            .timeout_ms = call->timeout_ms,
                            .size_max = OUTPUT_SIZE_MAX},
                 &answer, problem) < 0)
        return -1;
    if (output != NULL)
        log_demultiplex(answer.text.bytes, answer.text.size, output);
    return 0;
}

int engine_exec(EngineApi *api, const ExecCall *call, Buffer *output, int *ret_exit_code,
                ProviderProblem *problem)
{
    cleanup(free) char *exec = NULL;
    cleanup(api_answer_deinit) ApiAnswer answer = {0};

    if (create(api, call, &exec, problem) < 0 || start(api, call, exec, output, problem) < 0)
        return -1;
    cleanup(free) char *path = memory_format("/exec/%s/json", exec);
    if (api_must(api, &(ApiCall){.method = "GET", .path = path, .what = WHAT}, &answer, problem) <
        0)
        return -1;
    *ret_exit_code = (int)json_get_int(answer.body, "ExitCode", -1);
    return 0;
}
