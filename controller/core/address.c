#include "controller/core/address.h"

#include <stdlib.h>
#include <string.h>

#include "lang/base/json.h"

/* Of a domain's name. */
#define NAME_BYTES "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

static int malformed(Error *err, const char *text)
{
    return error_set(
        err, ERROR_USAGE,
        "'%.200s' is no address: expected Domain.Transition.Effect[n] or "
        "Domain.Effect[\"name\"], with Domain[\"key\"] for an instance that has a key, "
        "as `ved get resources` prints them",
        text);
}

/* Where the JSON string at `text` ends, behind its quote; NULL: it does not. */
static const char *string_end(const char *text)
{
    for (text++; *text != '\0' && *text != '"'; text++)
        if (*text == '\\' && text[1] != '\0')
            text++;
    return *text == '"' ? text + 1 : NULL;
}

/* `["key"]` at `*at`, which is moved behind it. */
static bool key_parse(const char **at, Arena *arena, const char **ret)
{
    const char *start = *at + 1, *end = *start == '"' ? string_end(start) : NULL;
    cleanup(json_free) Json *json = NULL;

    if (end == NULL || *end != ']' || json_parse(start, (size_t)(end - start), &json, NULL) < 0)
        return false;
    *ret = arena_copy_string(arena, json_string(json, ""));
    *at = end + 1;
    return true;
}

/* `Effect["name"]`: the name stands as it is. */
static bool named_parse(const char *text, const char *bracket, Arena *arena, Address *ret)
{
    size_t size = strlen(bracket);

    if (size < strlen("[\"\"]") || strcmp(bracket + size - 2, "\"]") != 0)
        return false;
    ret->effect = arena_copy_bytes(arena, text, (size_t)(bracket - text));
    ret->name = arena_copy_bytes(arena, bracket + 2, size - 4);
    return bracket > text && memchr(text, '.', (size_t)(bracket - text)) == NULL;
}

/* `Where.Effect[n]`; a report's handler has a dot in its name. */
static bool placed_parse(const char *text, Arena *arena, Address *ret)
{
    const char *bracket = strrchr(text, '[');
    char *end = NULL;

    if (bracket == NULL || bracket[1] < '0' || bracket[1] > '9')
        return false;
    unsigned long ordinal = strtoul(bracket + 1, &end, 10);
    const char *dot = memrchr(text, '.', (size_t)(bracket - text));
    if (strcmp(end, "]") != 0 || ordinal >= UINT32_MAX || dot == NULL || dot == text ||
        dot + 1 == bracket)
        return false;
    ret->where = arena_copy_bytes(arena, text, (size_t)(dot - text));
    ret->effect = arena_copy_bytes(arena, dot + 1, (size_t)(bracket - dot - 1));
    ret->ordinal = (uint32_t)ordinal;
    return true;
}

int address_parse(const char *text, Arena *arena, Address *ret, Error *err)
{
    const char *at = text + strspn(text, NAME_BYTES);
    Address address = {.domain = arena_copy_bytes(arena, text, (size_t)(at - text))};

    if (at == text || strlen(text) > ADDRESS_SIZE_MAX)
        return malformed(err, text);
    if (*at == '[' && !key_parse(&at, arena, &address.key))
        return malformed(err, text);
    if (*at != '\0' && *at != '.')
        return malformed(err, text);
    if (*at == '\0') {
        *ret = address;
        return 0;
    }
    const char *rest = at + 1, *bracket = strstr(rest, "[\"");
    if (!(bracket != NULL ? named_parse(rest, bracket, arena, &address)
                          : placed_parse(rest, arena, &address)))
        return malformed(err, text);
    *ret = address;
    return 0;
}
