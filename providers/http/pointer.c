#include "providers/http/pointer.h"

#include <string.h>

int pointer_check(const char *pointer, Error *err)
{
    if (pointer[0] != '\0' && pointer[0] != '/')
        return error_set(err, ERROR_USAGE,
                         "'%.64s' is no JSON pointer: expected '' or one that begins with '/'",
                         pointer);
    if (strlen(pointer) > POINTER_SIZE_MAX)
        return error_set(err, ERROR_USAGE, "'%.64s...' is no JSON pointer: longer than %d bytes",
                         pointer, POINTER_SIZE_MAX);
    for (const char *c = pointer; *c != '\0'; c++)
        if (*c == '~' && c[1] != '0' && c[1] != '1')
            return error_set(err, ERROR_USAGE,
                             "'%.64s' is no JSON pointer: after '~' comes 0 (for ~) or 1 (for /)",
                             pointer);
    return 0;
}

/* The next reference token without its escapes; returns where it ends. */
static const char *token_read(const char *at, char ret[POINTER_SIZE_MAX + 1])
{
    size_t size = 0;

    for (; *at != '\0' && *at != '/' && size < POINTER_SIZE_MAX; at++) {
        char c = *at;
        if (c == '~' && at[1] != '\0')
            c = *++at == '1' ? '/' : '~';
        ret[size++] = c;
    }
    ret[size] = '\0';
    return at;
}

/* An index has no sign, no white space and no leading zero. */
static Json *element(const Json *array, const char *token)
{
    size_t digits = strspn(token, "0123456789"), index = 0;

    if (digits == 0 || digits > 9 || token[digits] != '\0' || (token[0] == '0' && digits > 1))
        return NULL;
    for (const char *c = token; *c != '\0'; c++)
        index = index * 10 + (size_t)(*c - '0');
    return index < json_count(array) ? json_at(array, index) : NULL;
}

Json *pointer_get(const Json *json, const char *pointer)
{
    char token[POINTER_SIZE_MAX + 1];

    while (json != NULL && *pointer == '/') {
        pointer = token_read(pointer + 1, token);
        json = json_is_array(json) ? element(json, token) : json_get(json, token);
    }
    return (Json *)json;
}
