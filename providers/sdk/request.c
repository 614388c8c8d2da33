#include "providers/sdk/request.h"

#include <stdarg.h>
#include <stdio.h>

int problem_argument(ProviderProblem *problem, const char *pointer, const char *format, ...)
{
    char detail[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(detail, sizeof detail, format, arguments);
    va_end(arguments);
    provider_problem(problem, "VALIDATION_FAILED", "not_applied", false, "%s", detail);
    snprintf(problem->pointer, sizeof problem->pointer, "%s", pointer);
    return -1;
}

bool value_is_opaque(const Json *value)
{
    return json_get(value, "$unknown") != NULL || json_get(value, "$secret") != NULL;
}

bool request_names_adopted(const ProviderRequest *request)
{
    return request->adopt != NULL && request->adopt[0] != '\0';
}

void request_external_id(const ProviderRequest *request, const char *external_id)
{
    if (request->operation != NULL)
        operation_external_id(request->operation, external_id);
}

void request_progress(const ProviderRequest *request, const char *phase, const char *message)
{
    if (request->operation != NULL)
        operation_progress(request->operation, phase, message);
}

bool request_cancelled(const ProviderRequest *request)
{
    return request->operation != NULL && operation_cancelled(request->operation);
}
