#include "providers/http/reader.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lang/base/duration.h"
#include "providers/http/pointer.h"

static const char *kind_of(const Json *value)
{
    if (json_is_object(value))
        return "an object";
    if (json_is_array(value))
        return "a list";
    if (json_is_string(value))
        return "a text";
    if (json_is_bool(value))
        return "true or false";
    return json_is_null(value) ? "null" : "a number";
}

int reader_fail(Reader *reader, const char *key, const char *format, ...)
{
    char what[512];
    va_list arguments;

    if (reader->code < 0)
        return reader->code;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    reader->code =
        error_set(reader->err, ERROR_PROGRAM, "%s%s%s: %s", reader->at,
                  key != NULL && reader->at[0] != '\0' ? "." : "", key != NULL ? key : "", what);
    return reader->code;
}

void reader_begin(Reader *reader, const Json *object, Error *err, const char *format, ...)
{
    va_list arguments;

    *reader = (Reader){.err = err, .object = object};
    va_start(arguments, format);
    vsnprintf(reader->at, sizeof reader->at, format, arguments);
    va_end(arguments);
    if (object != NULL && !json_is_object(object))
        reader_fail(reader, NULL, "expected an object, found %s", kind_of(object));
}

static bool is_asked(const Reader *reader, const char *key)
{
    for (size_t i = 0; i < reader->asked_count; i++)
        if (strcmp(reader->asked[i], key) == 0)
            return true;
    return false;
}

static void list_asked(const Reader *reader, Buffer *ret)
{
    for (size_t i = 0; i < reader->asked_count; i++)
        buffer_add_format(ret, "%s%s", i > 0 ? ", " : "", reader->asked[i]);
}

int reader_end(Reader *reader)
{
    if (reader->code < 0)
        return reader->code;
    for (const Json *m = json_first(reader->object); m != NULL; m = json_next(m)) {
        cleanup(buffer_deinit) Buffer known = {0};
        if (is_asked(reader, json_key(m)))
            continue;
        list_asked(reader, &known);
        return reader_fail(reader, json_key(m), "there is no such member; there are: %s",
                           buffer_text(&known));
    }
    return 0;
}

const Json *reader_get(Reader *reader, const char *key)
{
    assert(reader->asked_count < READER_MEMBERS_MAX);
    reader->asked[reader->asked_count++] = key;
    return json_get(reader->object, key);
}

/* The member if `is` says that it is of the kind; NULL if it is not there. */
static const Json *get_kind(Reader *reader, const char *key, bool is(const Json *),
                            const char *expected)
{
    const Json *value = reader_get(reader, key);

    if (value == NULL || is(value))
        return value;
    reader_fail(reader, key, "expected %s, found %s", expected, kind_of(value));
    return NULL;
}

const Json *reader_object(Reader *reader, const char *key)
{
    return get_kind(reader, key, json_is_object, "an object");
}

const Json *reader_array(Reader *reader, const char *key)
{
    return get_kind(reader, key, json_is_array, "a list");
}

const char *reader_string(Reader *reader, const char *key, const char *otherwise)
{
    return json_string(get_kind(reader, key, json_is_string, "a text"), otherwise);
}

const char *reader_needed(Reader *reader, const char *key)
{
    const char *text = reader_string(reader, key, NULL);

    if (text == NULL || text[0] == '\0')
        reader_fail(reader, key, "expected a text, found none");
    return text != NULL ? text : "";
}

const char *reader_pointer(Reader *reader, const char *key, const char *otherwise)
{
    const char *text = reader_string(reader, key, NULL);
    Error err;

    if (text == NULL)
        return otherwise;
    if (pointer_check(text, &err) < 0)
        reader_fail(reader, key, "%s", err.message);
    return text;
}

bool reader_bool(Reader *reader, const char *key, bool otherwise)
{
    return json_bool(get_kind(reader, key, json_is_bool, "true or false"), otherwise);
}

int64_t reader_int(Reader *reader, const char *key, int64_t otherwise, int64_t min, int64_t max)
{
    const Json *value = get_kind(reader, key, json_is_number, "a number");
    int64_t number = json_int(value, INT64_MIN);

    if (value == NULL)
        return otherwise;
    if (number < min || number > max) {
        reader_fail(reader, key, "expected a whole number from %lld to %lld", (long long)min,
                    (long long)max);
        return otherwise;
    }
    return number;
}

int64_t reader_duration_ms(Reader *reader, const char *key, int64_t otherwise, int64_t max)
{
    const char *text = reader_string(reader, key, NULL);
    int64_t ms;

    if (text == NULL)
        return otherwise;
    if (!duration_parse(text, &ms) || ms < 1 || ms > max) {
        reader_fail(reader, key,
                    "expected a duration like 500ms, 30s or 10m, at most %llds, "
                    "found '%.32s'",
                    (long long)(max / 1000), text);
        return otherwise;
    }
    return ms;
}
