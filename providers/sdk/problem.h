/* Refusals and failures as the wire shows them: application/problem+json (RFC 9457).
 *
 * The rule: a problem with a 4xx status says that nothing was changed, so such a code must not be
 * used once something may have happened. */
#ifndef VED_SDK_PROBLEM_H
#define VED_SDK_PROBLEM_H

#include "providers/sdk/provider.h"

#define PROBLEM_RETRY_MS 1000 /* what a retryable problem asks its client to wait, if not said */

/* HTTP status of a code; 500 for one that is not in problem.def. */
int problem_status(const char *code);

/* How long a client should wait before it tries again. */
int64_t problem_retry_ms(const ProviderProblem *problem);

/* The problem as an object the caller owns. */
Json *problem_json(const ProviderProblem *problem);

/* The same as JSON text, with the operation it is about; NULL: none. The caller frees it. */
char *problem_text(const ProviderProblem *problem, const char *op);

#endif
