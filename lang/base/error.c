#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int error_set(Error *err, int code, const char *format, ...)
{
    va_list args;

    if (err == NULL)
        return code;
    err->code = code;
    va_start(args, format);
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    return code;
}

int error_errno(Error *err, int errnum, const char *format, ...)
{
    va_list args;
    size_t used;

    if (err == NULL)
        return -errnum;
    err->code = -errnum;
    va_start(args, format);
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    used = strlen(err->message);
    snprintf(err->message + used, sizeof err->message - used, ": %s", strerror(errnum));
    return -errnum;
}

int error_wrap(Error *err, const char *format, ...)
{
    char inner[sizeof err->message];
    va_list args;
    size_t used;

    if (err == NULL)
        return ERROR_INTERNAL;
    memcpy(inner, err->message, sizeof inner);
    va_start(args, format);
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    used = strlen(err->message);
    snprintf(err->message + used, sizeof err->message - used, ": %s", inner);
    return err->code;
}
