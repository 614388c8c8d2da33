#include "providers/sdk/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "providers/sdk/operation.h"

#define LINE_MAX_SIZE 2112

static _Thread_local struct {
    char bytes[LOG_HELD_MAX];
    size_t size;
    bool on;
} held;

static void put(const char *bytes, size_t size)
{
    ssize_t written = size > 0 ? write(STDERR_FILENO, bytes, size) : 0;

    (void)written; /* nowhere left to complain */
}

static void held_put(void)
{
    put(held.bytes, held.size);
    held.size = 0;
}

void log_hold(void)
{
    held.on = true;
}

void log_release(void)
{
    held_put();
    held.on = false;
}

void log_line(const char *format, ...)
{
    char text[2048], line[LINE_MAX_SIZE], when[32];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    for (char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < ' ')
            *c = '?';
    clock_text(clock_now_ms(), when);
    size_t size = (size_t)snprintf(line, sizeof line, "%s %s\n", when, text);
    if (!held.on) {
        put(line, size);
        return;
    }
    if (held.size + size > sizeof held.bytes)
        held_put();
    memcpy(held.bytes + held.size, line, size);
    held.size += size;
}
