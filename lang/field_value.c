/* A field's value as somebody types it after --set. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lang/program.h"

#define TEXT_SHOWN_MAX 60

static int refuse(const ProgramField *field, const char *text, const char *expected, Error *err)
{
    return error_set(err, ERROR_USAGE, "field '%s' is %s: expected %s, found '%.*s'", field->name,
                     field_type_name(field->type), expected, TEXT_SHOWN_MAX, text);
}

/* Decimal digits with an optional sign, up to `*ret_end`; false: none, or more than 64 bits. */
static bool digits_read(const char *text, int64_t *ret, const char **ret_end)
{
    char *end;
    const char *digits = *text == '-' ? text + 1 : text;

    if (*digits < '0' || *digits > '9')
        return false;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno != 0)
        return false;
    *ret = value;
    *ret_end = end;
    return true;
}

static bool duration_read(const char *text, int64_t *ret)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
    const char *unit;
    int64_t number;

    if (!digits_read(text, &number, &unit))
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(units); i++)
        if (strcmp(unit, units[i].unit) == 0)
            return !__builtin_mul_overflow(number, units[i].ms, ret);
    return false;
}

/* Well-formed UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF. */
static bool is_utf8(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;

    while (*at != '\0') {
        unsigned char first = *at++;
        unsigned more = first < 0x80   ? 0
                        : first < 0xc2 ? 9
                        : first < 0xe0 ? 1
                        : first < 0xf0 ? 2
                                       : 3;
        unsigned char low = 0x80, high = 0xbf;
        if (more == 9 || first > 0xf4)
            return false;
        if (first == 0xe0)
            low = 0xa0;
        else if (first == 0xed)
            high = 0x9f;
        else if (first == 0xf0)
            low = 0x90;
        else if (first == 0xf4)
            high = 0x8f;
        for (; more > 0; more--, at++, low = 0x80, high = 0xbf)
            if (*at < low || *at > high)
                return false;
    }
    return true;
}

static int string_read(const ProgramField *field, const char *text, Arena *arena, Value *ret,
                       Error *err)
{
    size_t size = strlen(text);

    if (size > VALUE_STRING_MAX)
        return error_set(err, ERROR_USAGE, "field '%s': a string has at most %d bytes, found %zu",
                         field->name, VALUE_STRING_MAX, size);
    if (!is_utf8(text))
        return refuse(field, "bytes that are no text", "UTF-8", err);
    if (size >= 2 && text[0] == '"' && text[size - 1] == '"')
        *ret = value_string(arena, text + 1, size - 2);
    else
        *ret = value_string(arena, text, size);
    return 0;
}

int field_value_parse(const ProgramField *field, const char *text, Arena *arena, Value *ret,
                      Error *err)
{
    const char *end;
    int64_t number;

    switch (field->type) {
    case FIELD_INT:
        if (!digits_read(text, &number, &end) || *end != '\0')
            return refuse(field, text, "an integer of 64 bits", err);
        *ret = value_int(number);
        return 0;
    case FIELD_BOOL:
        if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
            return refuse(field, text, "true or false", err);
        *ret = value_bool(text[0] == 't');
        return 0;
    case FIELD_DURATION:
        if (!duration_read(text, &number))
            return refuse(field, text, "a duration as 250ms, 30s, 5m, 4h or 7d", err);
        *ret = value_duration(number);
        return 0;
    case FIELD_STRING:
    case FIELD_ANY:
        return string_read(field, text, arena, ret, err);
    }
    return refuse(field, text, "a value", err);
}
