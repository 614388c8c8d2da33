#include "providers/docker/progress.h"

#include <string.h>

#include "lang/base/memory.h"

#define LINE_SIZE_MAX ((size_t)1 << 20)
#define TAIL_SIZE_MAX 700

typedef struct Progress {
    const ProviderRequest *request;
    Buffer line;
    Buffer tail; /* the last lines of text */
    char *error;
    char *last;
    bool cancelled;
} Progress;

static void keep_tail(Progress *progress, const char *text)
{
    buffer_add_string(&progress->tail, text);
    if (progress->tail.size <= 4 * TAIL_SIZE_MAX)
        return;
    size_t from = progress->tail.size - TAIL_SIZE_MAX;
    cleanup(free) char *kept = memory_copy_string(progress->tail.bytes + from);
    buffer_reset(&progress->tail);
    buffer_add_string(&progress->tail, kept);
}

static void take_line(Progress *progress)
{
    cleanup(json_free) Json *object = NULL;

    if (progress->line.size == 0 ||
        json_parse(progress->line.bytes, progress->line.size, &object, NULL) < 0)
        return;
    const char *error = json_get_string(
        object, "error", json_get_string(json_get(object, "errorDetail"), "message", NULL));
    const char *text = json_get_string(object, "stream", NULL);
    const char *id = json_get_string(json_get(object, "aux"), "ID", NULL);
    if (error != NULL && progress->error == NULL)
        progress->error = text_cleaned(error, strlen(error), TAIL_SIZE_MAX);
    if (text != NULL)
        keep_tail(progress, text);
    if (id != NULL || text != NULL) {
        free(progress->last);
        progress->last = memory_copy_string(id != NULL ? id : text);
    }
    const char *status = json_get_string(object, "status", text);
    if (status != NULL) {
        cleanup(free) char *words = text_cleaned(status, strlen(status), 120);
        words[strcspn(words, "\n")] = '\0';
        if (words[0] != '\0')
            request_progress(progress->request, NULL, words);
    }
}

static bool take_chunk(void *context, const char *bytes, size_t size)
{
    Progress *progress = context;

    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != '\n') {
            buffer_add_char(&progress->line, bytes[i]);
            continue;
        }
        take_line(progress);
        buffer_reset(&progress->line);
    }
    progress->cancelled = request_cancelled(progress->request);
    return !progress->cancelled;
}

static int failed(const Progress *progress, const char *what, ProviderProblem *problem)
{
    cleanup(free) char *tail =
        text_cleaned(buffer_text(&progress->tail), progress->tail.size, TAIL_SIZE_MAX);
    bool is_missing = strstr(progress->error, "not found") != NULL ||
                      strstr(progress->error, "manifest unknown") != NULL;

    return provider_problem(problem, is_missing ? "NOT_FOUND" : "UPSTREAM", "not_applied",
                            !is_missing, "%.200s: %.400s%s%.400s", what, progress->error,
                            tail[0] != '\0' ? "; the last lines:\n" : "", tail);
}

int progress_call(EngineApi *api, const ApiCall *call, const ProviderRequest *request,
                  char **ret_last, ProviderProblem *problem)
{
    Progress progress = {.request = request};
    cleanup(api_answer_deinit) ApiAnswer answer = {0};
    ApiCall own = *call;

    buffer_init(&progress.line, LINE_SIZE_MAX);
    own.chunk = take_chunk;
    own.context = &progress;
    int code = api_must(api, &own, &answer, problem);
    if (code == 0)
        take_line(&progress);
    if (code == 0 && progress.error != NULL)
        code = failed(&progress, call->what, problem);
    if (progress.cancelled)
        code = provider_problem(problem, "CANCELLED", "not_applied", false, "%.200s: cancelled",
                                call->what);
    if (code == 0 && ret_last != NULL)
        *ret_last = take(progress.last);
    free(progress.last);
    free(progress.error);
    buffer_deinit(&progress.line);
    buffer_deinit(&progress.tail);
    return code;
}
