/* libyaml's events, turned into a tree as they come: there is no document in between whose aliases
 * would have to be expanded. */
#include "yaml.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "map.h"
#include "memory.h"

typedef struct YamlReader {
    yaml_parser_t parser;
    size_t depth;
    Error *err;
} YamlReader;

static int yaml_refuse(YamlReader *reader, yaml_mark_t mark, const char *what)
{
    return error_set(reader->err, ERROR_STATE, "YAML line %zu column %zu: %s", mark.line + 1,
                     mark.column + 1, what);
}

/* The next event; the caller deletes it. */
static int yaml_next(YamlReader *reader, yaml_event_t *event)
{
    if (yaml_parser_parse(&reader->parser, event))
        return 0;
    if (reader->parser.error == YAML_MEMORY_ERROR)
        memory_exhausted();
    const char *problem = reader->parser.problem;
    return yaml_refuse(reader, reader->parser.problem_mark,
                       problem != NULL ? problem : "not valid YAML");
}

/* ---- scalars ---- */

static bool is_one_of(const char *text, const char *a, const char *b, const char *c)
{
    return strcmp(text, a) == 0 || strcmp(text, b) == 0 || strcmp(text, c) == 0;
}

/* [-+]?[0-9]+ of the core schema. */
static bool is_integer(const char *text)
{
    text += *text == '-' || *text == '+';
    return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

/* [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */
static bool is_float(const char *text)
{
    text += *text == '-' || *text == '+';
    size_t whole = strspn(text, "0123456789"), fraction = 0;

    text += whole;
    if (*text == '.') {
        fraction = strspn(text + 1, "0123456789");
        text += 1 + fraction;
    }
    if (whole + fraction == 0)
        return false;
    if (*text == 'e' || *text == 'E') {
        text++;
        text += *text == '-' || *text == '+';
        if (*text == '\0')
            return false;
        text += strspn(text, "0123456789");
    }
    return *text == '\0';
}

/* 0x... and 0o...; NULL: neither. */
static Json *based_integer(const char *text)
{
    int base = strncmp(text, "0x", 2) == 0 ? 16 : strncmp(text, "0o", 2) == 0 ? 8 : 0;
    const char *digits = base == 16 ? "0123456789abcdefABCDEF" : "01234567";

    if (base == 0 || text[2] == '\0' || text[2 + strspn(text + 2, digits)] != '\0')
        return NULL;
    errno = 0;
    long long value = strtoll(text + 2, NULL, base);
    return errno != 0 ? NULL : json_new_int(value);
}

/* A plain scalar by the core schema; what does not fit a number stays text. */
static Json *plain_scalar(const char *text)
{
    if (text[0] == '\0' || strcmp(text, "~") == 0 || is_one_of(text, "null", "Null", "NULL"))
        return json_new_null();
    if (is_one_of(text, "true", "True", "TRUE") || is_one_of(text, "false", "False", "FALSE"))
        return json_new_bool(text[0] == 't' || text[0] == 'T');
    Json *based = based_integer(text);
    if (based != NULL)
        return based;
    if (is_integer(text)) {
        errno = 0;
        long long value = strtoll(text, NULL, 10);
        return errno != 0 ? json_new_string(text) : json_new_int(value);
    }
    if (is_float(text) && isfinite(strtod(text, NULL)))
        return json_new_number(strtod(text, NULL));
    return json_new_string(text);
}

static int yaml_scalar(YamlReader *reader, const yaml_event_t *event, Json **ret)
{
    const char *text = (const char *)event->data.scalar.value;

    if (strlen(text) != event->data.scalar.length)
        return yaml_refuse(reader, event->start_mark, "a NUL character in a string");
    if (event->data.scalar.anchor != NULL)
        return yaml_refuse(reader, event->start_mark, "anchors (&name) are not allowed");
    if (event->data.scalar.tag != NULL)
        return yaml_refuse(reader, event->start_mark, "tags (!name) are not allowed");
    *ret = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE ? plain_scalar(text)
                                                               : json_new_string(text);
    return 0;
}

/* ---- collections ---- */

static int yaml_value(YamlReader *reader, yaml_event_t *event, Json **ret);

static int collection_check(YamlReader *reader, const yaml_event_t *event, const void *anchor,
                            const void *tag)
{
    if (anchor != NULL)
        return yaml_refuse(reader, event->start_mark, "anchors (&name) are not allowed");
    if (tag != NULL)
        return yaml_refuse(reader, event->start_mark, "tags (!name) are not allowed");
    if (reader->depth >= YAML_DEPTH_MAX)
        return yaml_refuse(reader, event->start_mark, "nested too deeply");
    return 0;
}

static int yaml_sequence(YamlReader *reader, Json **ret)
{
    cleanup(json_free) Json *array = json_new_array();
    int result = 0;

    for (;;) {
        yaml_event_t event;
        Json *item = NULL;
        if (yaml_next(reader, &event) < 0)
            return ERROR_STATE;
        bool end = event.type == YAML_SEQUENCE_END_EVENT;
        if (!end)
            result = yaml_value(reader, &event, &item);
        yaml_event_delete(&event);
        if (result < 0)
            return result;
        if (end)
            break;
        json_append(array, item);
    }
    *ret = take(array);
    return 0;
}

/* A key: a string, or a plain scalar taken as it is written. */
static int yaml_key(YamlReader *reader, const yaml_event_t *event, Map *seen, char **ret)
{
    if (event->type != YAML_SCALAR_EVENT)
        return yaml_refuse(reader, event->start_mark, "a key must be a string");
    cleanup(json_free) Json *checked = NULL;
    if (yaml_scalar(reader, event, &checked) < 0)
        return ERROR_STATE;
    const char *text = (const char *)event->data.scalar.value;
    if (map_put(seen, text, seen) != NULL)
        return yaml_refuse(reader, event->start_mark, "this key stands twice in one mapping");
    *ret = memory_copy_string(text);
    return 0;
}

static int yaml_member(YamlReader *reader, const char *key, Json *object)
{
    yaml_event_t event;
    Json *value = NULL;

    if (yaml_next(reader, &event) < 0)
        return ERROR_STATE;
    int result = yaml_value(reader, &event, &value);
    yaml_event_delete(&event);
    if (result == 0)
        json_add(object, key, value); /* yaml_key() has seen to it that it is new */
    return result;
}

static int mapping_members(YamlReader *reader, Json *object, Map *seen)
{
    for (;;) {
        yaml_event_t event;
        cleanup(free) char *key = NULL;
        int result = 0;
        if (yaml_next(reader, &event) < 0)
            return ERROR_STATE;
        bool end = event.type == YAML_MAPPING_END_EVENT;
        if (!end)
            result = yaml_key(reader, &event, seen, &key);
        yaml_event_delete(&event);
        if (result == 0 && !end)
            result = yaml_member(reader, key, object);
        if (end || result < 0)
            return result;
    }
}

static int yaml_mapping(YamlReader *reader, Json **ret)
{
    cleanup(json_free) Json *object = json_new_object();
    cleanup(map_deinit) Map seen = {0};
    int result = mapping_members(reader, object, &seen);

    if (result == 0)
        *ret = take(object);
    return result;
}

static int yaml_value(YamlReader *reader, yaml_event_t *event, Json **ret)
{
    bool sequence = event->type == YAML_SEQUENCE_START_EVENT;
    int result;

    if (event->type == YAML_SCALAR_EVENT)
        return yaml_scalar(reader, event, ret);
    if (event->type == YAML_ALIAS_EVENT)
        return yaml_refuse(reader, event->start_mark, "aliases (*name) are not allowed");
    if (sequence)
        result = collection_check(reader, event, event->data.sequence_start.anchor,
                                  event->data.sequence_start.tag);
    else if (event->type == YAML_MAPPING_START_EVENT)
        result = collection_check(reader, event, event->data.mapping_start.anchor,
                                  event->data.mapping_start.tag);
    else
        return yaml_refuse(reader, event->start_mark, "expected a value");
    if (result < 0)
        return result;
    reader->depth++;
    result = sequence ? yaml_sequence(reader, ret) : yaml_mapping(reader, ret);
    reader->depth--;
    return result;
}

/* ---- the document ---- */

static int yaml_expect(YamlReader *reader, yaml_event_type_t type, const char *otherwise)
{
    yaml_event_t event;
    int result = yaml_next(reader, &event);

    if (result < 0)
        return result;
    if (event.type != type)
        result = yaml_refuse(reader, event.start_mark, otherwise);
    yaml_event_delete(&event);
    return result;
}

static int yaml_document(YamlReader *reader, Json **ret)
{
    cleanup(json_free) Json *json = NULL;
    yaml_event_t event;

    if (yaml_expect(reader, YAML_STREAM_START_EVENT, "not valid YAML") < 0 ||
        yaml_expect(reader, YAML_DOCUMENT_START_EVENT, "the file has no document") < 0 ||
        yaml_next(reader, &event) < 0)
        return ERROR_STATE;
    int result = yaml_value(reader, &event, &json);
    yaml_event_delete(&event);
    if (result < 0 || yaml_expect(reader, YAML_DOCUMENT_END_EVENT, "not valid YAML") < 0 ||
        yaml_expect(reader, YAML_STREAM_END_EVENT, "only one document is allowed") < 0)
        return ERROR_STATE;
    *ret = take(json);
    return 0;
}

int yaml_parse(const char *text, size_t size, Json **ret, Error *err)
{
    YamlReader reader = {.err = err};

    if (!yaml_parser_initialize(&reader.parser))
        memory_exhausted();
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, size);
    int result = yaml_document(&reader, ret);
    yaml_parser_delete(&reader.parser);
    return result;
}

/* ---- writing ---- */

/* Plain where nothing could read it as something else. */
static bool is_plain(const char *text)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./";

    if (!((text[0] >= 'a' && text[0] <= 'z') || (text[0] >= 'A' && text[0] <= 'Z')) ||
        text[strspn(text, plain)] != '\0')
        return false;
    return !(is_one_of(text, "null", "Null", "NULL") || is_one_of(text, "true", "True", "TRUE") ||
             is_one_of(text, "false", "False", "FALSE") || is_one_of(text, "yes", "no", "on") ||
             is_one_of(text, "off", "y", "n"));
}

/* Characters that YAML does not let through raw, or takes for line breaks: controls, the line and
 * paragraph separators, the byte order mark and the non-characters. Bytes passed; 0: none of them.
 */
static size_t put_special(Buffer *buffer, const char *text)
{
    static const struct {
        const char *bytes, *escape;
    } specials[] = {{"\xe2\x80\xa8", "\\u2028"},
                    {"\xe2\x80\xa9", "\\u2029"},
                    {"\xef\xbb\xbf", "\\ufeff"},
                    {"\xef\xbf\xbe", "\\ufffe"},
                    {"\xef\xbf\xbf", "\\uffff"}};
    unsigned char c = (unsigned char)text[0];

    if (c < 0x20 || c == 0x7f || c == '"' || c == '\\') {
        buffer_add_format(buffer, "\\u%04x", c);
        return 1;
    }
    if (c == 0xc2 && (unsigned char)text[1] < 0xa0) {
        buffer_add_format(buffer, "\\u%04x", (unsigned char)text[1]);
        return 2;
    }
    for (size_t i = 0; i < ARRAY_SIZE(specials); i++)
        if (strncmp(text, specials[i].bytes, 3) == 0) {
            buffer_add_string(buffer, specials[i].escape);
            return 3;
        }
    return 0;
}

static void put_text(Buffer *buffer, const char *text)
{
    if (is_plain(text)) {
        buffer_add_string(buffer, text);
        return;
    }
    buffer_add_char(buffer, '"');
    while (*text != '\0') {
        size_t passed = put_special(buffer, text);
        if (passed == 0)
            buffer_add_char(buffer, *text);
        text += passed > 0 ? passed : 1;
    }
    buffer_add_char(buffer, '"');
}

static bool is_empty_or_scalar(const Json *json)
{
    return json_first(json) == NULL;
}

static void put_indent(Buffer *buffer, int indent)
{
    for (int i = 0; i < indent; i++)
        buffer_add_string(buffer, "  ");
}

#define SIMPLE_KEY_SIZE_MAX 128 /* YAML looks 1024 characters ahead for the `:` of a key */

static void put_key(Buffer *buffer, const char *key, int indent)
{
    bool simple = strlen(key) <= SIMPLE_KEY_SIZE_MAX;

    if (!simple)
        buffer_add_string(buffer, "? ");
    put_text(buffer, key);
    if (simple)
        return;
    buffer_add_char(buffer, '\n');
    put_indent(buffer, indent);
}

/* `inline_first`: the line has begun already, behind a `- `. */
static void put_value(Buffer *buffer, const Json *json, int indent, bool inline_first)
{
    if (is_empty_or_scalar(json)) {
        if (json_is_string(json))
            put_text(buffer, json_string(json, ""));
        else
            json_write(buffer, json);
        buffer_add_char(buffer, '\n');
        return;
    }
    for (const Json *m = json_first(json); m != NULL; m = json_next(m)) {
        if (!inline_first)
            put_indent(buffer, indent);
        inline_first = false;
        if (json_is_array(json)) {
            buffer_add_string(buffer, "- ");
            put_value(buffer, m, indent + 1, true);
            continue;
        }
        put_key(buffer, json_key(m), indent);
        buffer_add_string(buffer, is_empty_or_scalar(m) ? ": " : ":\n");
        put_value(buffer, m, indent + 1, false);
    }
}

void yaml_write(Buffer *buffer, const Json *json)
{
    put_value(buffer, json, 0, false);
}
