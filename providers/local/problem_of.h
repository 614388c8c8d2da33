/* From an Error to a problem, and a log's last lines into it. */
#ifndef VED_LOCAL_PROBLEM_OF_H
#define VED_LOCAL_PROBLEM_OF_H

#include "providers/sdk/request.h"

/* A failure of this machine, INTERNAL, after which nothing is left half done that a retry does not
 * finish. Final where only a person can make room or give leave: a full disk, a forbidden folder.
 * Returns -1. */
int problem_error(ProviderProblem *problem, const Error *err);

/* Nothing was applied, later it may be: UNAVAILABLE, with the last lines of the file `log` (NULL:
 * none). Returns -1. */
int problem_unavailable(ProviderProblem *problem, const char *log, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* The port belongs to the object and somebody else listens on it: UNAVAILABLE for good, as he will
 * not go away by our asking again. Says who it is. Returns -1. */
int problem_port_taken(ProviderProblem *problem, int port, const char *remedy);

#endif
