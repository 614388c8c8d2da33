#include "providers/sdk/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "providers/sdk/operation.h"

void log_line(const char *format, ...)
{
    char text[2048], line[2112], when[32];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    for (char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < ' ')
            *c = '?';
    clock_text(clock_now_ms(), when);
    int size = snprintf(line, sizeof line, "%s %s\n", when, text);
    ssize_t put = write(STDERR_FILENO, line, (size_t)size);
    (void)put; /* nowhere left to complain */
}
