#include "problem_of.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "lang/base/memory.h"
#include "providers/local/port.h"
#include "providers/local/spawn.h"

#define TAIL_SIZE 600

static bool needs_a_person(int code)
{
    static const int codes[] = {ENOSPC, EDQUOT, EROFS, EACCES, EPERM, ENAMETOOLONG};

    for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
        if (code == -codes[i])
            return true;
    return false;
}

int problem_error(ProviderProblem *problem, const Error *err)
{
    return provider_problem(problem, "INTERNAL", "not_applied", !needs_a_person(err->code),
                            "%.900s", err->message);
}

int problem_unavailable(ProviderProblem *problem, const char *log, const char *format, ...)
{
    char detail[384];
    cleanup(free) char *tail = log != NULL ? log_tail(log, TAIL_SIZE) : memory_copy_string("");
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(detail, sizeof detail, format, arguments);
    va_end(arguments);
    if (tail[0] == '\0')
        return provider_problem(problem, "UNAVAILABLE", "not_applied", true, "%s", detail);
    return provider_problem(problem, "UNAVAILABLE", "not_applied", true,
                            "%s; the last lines of its log %s:\n%s", detail, log, tail);
}

int problem_port_taken(ProviderProblem *problem, int port, const char *remedy)
{
    cleanup(free) char *owner = port_owner(port);

    return provider_problem(problem, "UNAVAILABLE", "not_applied", false,
                            "port %d of 127.0.0.1 is in use by %s: end it, %s", port,
                            owner != NULL ? owner : "another program", remedy);
}
