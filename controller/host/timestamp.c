#include "controller/host/timestamp.h"

#include <time.h>

void timestamp_add(Buffer *ret, uint64_t ms)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm parts;
    char text[40];

    gmtime_r(&seconds, &parts);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    buffer_add_format(ret, "%s.%03uZ", text, (unsigned)(ms % 1000));
}

void duration_add(Buffer *ret, uint64_t ms)
{
    unsigned long long seconds = ms / 1000;

    if (ms < 1000)
        buffer_add_format(ret, "%llums", (unsigned long long)ms);
    else if (seconds < 60)
        buffer_add_format(ret, "%llu.%03us", seconds, (unsigned)(ms % 1000));
    else if (seconds < 3600)
        buffer_add_format(ret, "%llum%02llus", seconds / 60, seconds % 60);
    else
        buffer_add_format(ret, "%lluh%02llum", seconds / 3600, seconds / 60 % 60);
}
