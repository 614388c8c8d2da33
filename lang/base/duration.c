#include "duration.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "macros.h"

bool duration_parse(const char *text, int64_t *ret_ms)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
    char *end;

    if (!isdigit((unsigned char)text[0]))
        return false;
    errno = 0;
    long long count = strtoll(text, &end, 10);
    for (size_t i = 0; errno == 0 && i < ARRAY_SIZE(units); i++)
        if (strcmp(end, units[i].unit) == 0 && count <= DURATION_MAX_MS / units[i].ms) {
            *ret_ms = count * units[i].ms;
            return true;
        }
    return false;
}
