#include "providers/sdk/trace.h"

#include <string.h>

#define DIGITS "0123456789abcdef"
#define TRACEPARENT_SIZE 55
#define TRACEPARENT_SIZE_MAX 256 /* of later versions */

/* `count` digits and behind them `after`; `ret_zero`: all of them are 0. */
static bool field_is_valid(const char *at, size_t count, char after, bool *ret_zero)
{
    *ret_zero = strspn(at, "0") >= count;
    return strspn(at, DIGITS) == count && at[count] == after;
}

bool traceparent_is_valid(const char *text)
{
    bool is_first = strncmp(text, "00-", 3) == 0, no_trace, no_parent, zero;
    size_t size = strnlen(text, TRACEPARENT_SIZE_MAX + 1);

    if (size < TRACEPARENT_SIZE || size > TRACEPARENT_SIZE_MAX || strncmp(text, "ff", 2) == 0)
        return false;
    char last = is_first || size == TRACEPARENT_SIZE ? '\0' : '-';
    return field_is_valid(text, 2, '-', &zero) && field_is_valid(text + 3, 32, '-', &no_trace) &&
           field_is_valid(text + 36, 16, '-', &no_parent) &&
           field_is_valid(text + 53, 2, last, &zero) && !no_trace && !no_parent;
}
