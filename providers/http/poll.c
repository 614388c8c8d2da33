#include "providers/http/poll.h"

#include <string.h>

#include "lang/base/memory.h"
#include "providers/http/answer.h"
#include "providers/http/look.h"
#include "providers/http/pointer.h"
#include "providers/http/template.h"

#define POLLS_MAX 100000

bool poll_is_begun(const RequestSpec *spec, const Answer *answer)
{
    return spec->operation != NULL && status_set_has(&spec->operation->begun, answer->status);
}

static int missing(Call *call, const RequestSpec *spec, const char *what)
{
    call_upstream(call, "%s: answered that it goes on, but has no %s that says where to ask",
                  spec->at, what);
    call->problem->outcome = "unknown";
    return -1;
}

/* A path with ${operation} in it. */
static char *url_of_path(Call *call, const RequestSpec *spec, const char *id)
{
    cleanup(buffer_deinit) Buffer url = {0};
    Error err;

    json_set_string(call->scope, "operation", id);
    buffer_add_string(&url, call->site->config->base_url);
    if (template_text(spec->operation->path, call->scope, PLACE_URL, &url, &err) != 0) {
        call_upstream(call, "%s.operation.path: %.400s", spec->at, err.message);
        call->problem->outcome = "unknown";
        return NULL;
    }
    return buffer_take(&url);
}

char *poll_url(Call *call, const RequestSpec *spec, const Answer *answer)
{
    const LongRunning *operation = spec->operation;

    if (operation->header != NULL) {
        const char *url = answer_header(answer, operation->header);
        if (url == NULL)
            missing(call, spec, operation->header);
        return url != NULL ? memory_copy_string(url) : NULL;
    }
    const char *pointer = operation->pointer != NULL ? operation->pointer : operation->id;
    cleanup(free) char *text = scalar_text(pointer_get(answer->body, pointer));
    if (text == NULL) {
        missing(call, spec, pointer);
        return NULL;
    }
    return operation->pointer != NULL ? take(text) : url_of_path(call, spec, text);
}

/* What the deed itself says of its failure. */
static int fail_deed(Call *call, const RequestSpec *spec, const Answer *answer)
{
    cleanup(free) char *why = answer_message(answer, spec->operation->error);

    return provider_problem(call->problem, "UPSTREAM", "partial", false, "%s: it failed%s%s",
                            spec->at, why[0] != '\0' ? ": " : "", why);
}

static bool has_error(const LongRunning *operation, const Answer *answer)
{
    const Json *error =
        operation->error != NULL ? pointer_get(answer->body, operation->error) : NULL;

    return error != NULL && !json_is_null(error);
}

/* 1: it goes on; 0: done; -1: failed. */
static int judge(Call *call, const RequestSpec *spec, const Answer *answer)
{
    const LongRunning *operation = spec->operation;
    Readiness readiness = condition_holds(&operation->condition, answer->body);

    /* The API forgets deeds that are over. */
    if (answer->kind != ANSWER_OK)
        return 0;
    if (operation->condition.pointer == NULL)
        return status_set_has(&operation->begun, answer->status) ? 1 : 0;
    if (readiness == NOT_READY)
        return 1;
    return readiness == BROKEN || has_error(operation, answer) ? fail_deed(call, spec, answer) : 0;
}

static void point_at_result(const RequestSpec *spec, Answer *answer)
{
    const LongRunning *operation = spec->operation;

    if (operation->result != NULL)
        answer_point(answer, operation->result);
    else if (operation->condition.pointer != NULL)
        answer->document = NULL;
}

static int64_t interval_ms(const LongRunning *operation, const Answer *answer)
{
    const char *after = answer_header(answer, "retry-after");
    double seconds = after != NULL ? strtod(after, NULL) : 0;

    return seconds > 0 && seconds <= 3600 ? (int64_t)(seconds * 1000) : operation->interval_ms;
}

int poll_until_done(Call *call, const RequestSpec *spec, const char *url, Answer *ret)
{
    int64_t until_ms = monotonic_ms() + spec->operation->timeout_ms;
    Conditions conditions = {.url = url};
    int64_t wait_ms = spec->operation->interval_ms;
    int code = 1;

    for (int polls = 0; code == 1 && polls < POLLS_MAX; polls++) {
        if (monotonic_ms() >= until_ms)
            return provider_problem(call->problem, "DEADLINE", "unknown", true,
                                    "%s: not done after %lld s", spec->at,
                                    (long long)(spec->operation->timeout_ms / 1000));
        if (call_wait(call, wait_ms, "waiting for the API") < 0)
            return -1;
        answer_deinit(ret);
        if (request_send(call, spec, &conditions, ret) < 0) {
            call->problem->outcome = "unknown";
            return -1;
        }
        code = judge(call, spec, ret);
        wait_ms = interval_ms(spec->operation, ret);
    }
    if (code == 0)
        point_at_result(spec, ret);
    return code;
}
