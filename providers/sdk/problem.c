#include "providers/sdk/problem.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct ProblemKind {
    const char *code;
    int status;
    const char *title;
} ProblemKind;

static const ProblemKind kinds[] = {
#define PROBLEM(code, status, title) {#code, status, title},
#include "providers/sdk/problem.def"
#undef PROBLEM
};

static const ProblemKind *problem_kind(const char *code)
{
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (code != NULL && strcmp(kinds[i].code, code) == 0)
            return &kinds[i];
    return problem_kind("INTERNAL");
}

int problem_status(const char *code)
{
    return problem_kind(code)->status;
}

int provider_problem(ProviderProblem *problem, const char *code, const char *outcome,
                     bool retryable, const char *format, ...)
{
    va_list arguments;

    problem->code = code;
    problem->outcome = outcome;
    problem->retryable = retryable;
    problem->retry_after_ms = 0;
    problem->pointer[0] = '\0';
    va_start(arguments, format);
    vsnprintf(problem->detail, sizeof problem->detail, format, arguments);
    va_end(arguments);
    return -1;
}

int64_t problem_retry_ms(const ProviderProblem *problem)
{
    return problem->retry_after_ms > 0 ? problem->retry_after_ms : PROBLEM_RETRY_MS;
}

/* https://ved.dev/problems/validation-failed */
static void set_type(Json *json, const char *code)
{
    char text[128] = "https://ved.dev/problems/";
    size_t size = strlen(text);

    for (; *code != '\0' && size + 1 < sizeof text; code++)
        text[size++] = *code == '_' ? '-' : (char)tolower((unsigned char)*code);
    text[size] = '\0';
    json_set_string(json, "type", text);
}

static void set_pointed(Json *json, const ProviderProblem *problem, const char *code)
{
    Json *errors = json_new_array(), *error = json_new_object();

    json_set_string(error, "pointer", problem->pointer);
    json_set_string(error, "code", code);
    json_set_string(error, "detail", problem->detail);
    json_append(errors, error);
    json_set(json, "errors", errors);
}

Json *problem_json(const ProviderProblem *problem)
{
    const ProblemKind *kind = problem_kind(problem->code);
    Json *json = json_new_object();

    set_type(json, kind->code);
    json_set_string(json, "title", kind->title);
    json_set_int(json, "status", kind->status);
    json_set_string(json, "detail", problem->detail);
    json_set_string(json, "code", kind->code);
    json_set_string(json, "outcome", problem->outcome != NULL ? problem->outcome : "unknown");
    json_set_bool(json, "retryable", problem->retryable);
    if (problem->retryable)
        json_set_int(json, "retry_after_ms", problem_retry_ms(problem));
    if (problem->pointer[0] != '\0')
        set_pointed(json, problem, kind->code);
    return json;
}

char *problem_text(const ProviderProblem *problem, const char *op)
{
    cleanup(json_free) Json *json = problem_json(problem);

    if (op != NULL)
        json_set_string(json, "op", op);
    return json_text(json);
}
