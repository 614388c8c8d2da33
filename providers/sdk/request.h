/* What providers ask of a request, and say about its arguments. */
#ifndef VED_SDK_REQUEST_H
#define VED_SDK_REQUEST_H

#include "providers/sdk/provider.h"

/* The arguments cannot be meant: VALIDATION_FAILED at `pointer`. Returns -1. */
int problem_argument(ProviderProblem *problem, const char *pointer, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* Whether a value is one that is not known yet or that is secret, which no check may look into. */
bool value_is_opaque(const Json *value);

/* Whether a thing that is to be taken over is named. */
bool request_names_adopted(const ProviderRequest *request);

/* operation_external_id(), operation_progress() and operation_cancelled() for a request that may
 * have no operation. */
void request_external_id(const ProviderRequest *request, const char *external_id);
void request_progress(const ProviderRequest *request, const char *phase, const char *message);
bool request_cancelled(const ProviderRequest *request);

#endif
