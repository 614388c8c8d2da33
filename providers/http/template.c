#include "providers/http/template.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "lang/base/memory.h"

/* ---- reading ---- */

static int filter_parse(const char *text, TemplateFilter *ret, Error *err)
{
    static const char *const names[] = {
#define FILTER(name, written) written,
        TEMPLATE_FILTERS(FILTER)
#undef FILTER
    };

    for (size_t i = FILTER_NONE + 1; i < ARRAY_SIZE(names); i++)
        if (strcmp(names[i], text) == 0) {
            *ret = (TemplateFilter)i;
            return 0;
        }
    return error_set(err, ERROR_PROGRAM, "'|%s': expected |base64, |json or |path", text);
}

static bool name_is_plain(const char *name)
{
    size_t size = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");

    return size > 0 && name[size] == '\0' && name[0] != '.' && name[size - 1] != '.' &&
           strstr(name, "..") == NULL;
}

/* `${name|filter?}`, from behind the brace; `*at` moves behind the closing one. */
static int name_parse(const char **at, TemplatePart *ret, Error *err)
{
    const char *end = strchr(*at, '}');
    size_t size = end != NULL ? (size_t)(end - *at) : 0;

    *ret = (TemplatePart){0};
    if (end == NULL)
        return error_set(err, ERROR_PROGRAM, "'${%.32s': the closing brace is missing", *at);
    if (size > TEMPLATE_NAME_MAX)
        return error_set(err, ERROR_PROGRAM, "'${%.32s...': longer than %d bytes", *at,
                         TEMPLATE_NAME_MAX);
    memcpy(ret->name, *at, size);
    *at = end + 1;
    if (size > 0 && ret->name[size - 1] == '?') {
        ret->is_optional = true;
        ret->name[size - 1] = '\0';
    }
    char *bar = strchr(ret->name, '|');
    if (bar != NULL) {
        *bar = '\0';
        int code = filter_parse(bar + 1, &ret->filter, err);
        if (code < 0)
            return code;
    }
    if (!name_is_plain(ret->name))
        return error_set(err, ERROR_PROGRAM,
                         "'${%s}': expected a name of letters, digits, '_', '-' and '.'",
                         ret->name);
    return TEMPLATE_PART;
}

int template_next(const char **at, TemplatePart *ret, Error *err)
{
    const char *text = *at;

    if (*text == '\0')
        return 0;
    if (strncmp(text, "${", 2) == 0) {
        *at += 2;
        return name_parse(at, ret, err);
    }
    /* The first dollar of `$${` goes. */
    if (strncmp(text, "$${", 3) == 0) {
        *ret = (TemplatePart){.literal = text + 1, .literal_size = 2};
        *at += 3;
        return TEMPLATE_PART;
    }
    const char *end = text + 1;
    while (*end != '\0' && strncmp(end, "${", 2) != 0 && strncmp(end, "$${", 3) != 0)
        end++;
    *ret = (TemplatePart){.literal = text, .literal_size = (size_t)(end - text)};
    *at = end;
    return TEMPLATE_PART;
}

/* ---- values ---- */

const Json *scope_value(const Json *scope, const char *name)
{
    char key[TEMPLATE_NAME_MAX + 1];

    for (;;) {
        size_t size = strcspn(name, ".");
        snprintf(key, sizeof key, "%.*s", (int)size, name);
        scope = json_get(scope, key);
        if (scope == NULL || name[size] == '\0')
            return json_is_null(scope) ? NULL : scope;
        name += size + 1;
    }
}

static int fail_opaque(const Json *value, const char *name, Error *err)
{
    if (json_get(value, "$secret") != NULL)
        return error_set(err, ERROR_PROGRAM, "'${%s}': the text of this secret was not sent along",
                         name);
    return error_set(err, ERROR_PROGRAM,
                     "'${%s}': expected a text, a number or a truth value; '|json' writes anything",
                     name);
}

static void add_base64(Buffer *ret, const char *text)
{
    size_t size = strlen(text);
    cleanup(free) char *encoded = memory_alloc(4 * ((size + 2) / 3) + 1);

    EVP_EncodeBlock((unsigned char *)encoded, (const unsigned char *)text, (int)size);
    buffer_add_string(ret, encoded);
}

/* The value as a text, before its place has a say. */
static int value_text(const Json *value, const TemplatePart *part, Buffer *ret, Error *err)
{
    cleanup(buffer_deinit) Buffer plain = {0};

    if (part->filter == FILTER_JSON || json_is_number(value) || json_is_bool(value))
        json_write(&plain, value);
    else if (json_is_string(value))
        buffer_add_string(&plain, json_string(value, ""));
    else
        return fail_opaque(value, part->name, err);
    if (part->filter == FILTER_BASE64)
        add_base64(ret, buffer_text(&plain));
    else
        buffer_add(ret, buffer_text(&plain), plain.size);
    return 0;
}

/* ---- places ---- */

/* RFC 3986, unreserved characters. */
static bool is_unreserved(unsigned char c)
{
    return (isalnum(c) && c < 0x80) || (c != '\0' && strchr("-._~", c) != NULL);
}

static bool is_dots(const char *segment, size_t size)
{
    return (size == 1 && segment[0] == '.') || (size == 2 && memcmp(segment, "..", 2) == 0);
}

/* An empty segment or one of dots would name another thing than the one that is meant. */
static int check_segments(const char *text, const TemplatePart *part, Error *err)
{
    bool has_segments = part->filter == FILTER_PATH;

    for (const char *at = text;; at++) {
        size_t size = has_segments ? strcspn(at, "/") : strlen(at);
        if (size == 0 || is_dots(at, size))
            return error_set(err, ERROR_PROGRAM,
                             "'${%s}' is '%.64s', which cannot stand in the path of a URL",
                             part->name, text);
        at += size;
        if (*at == '\0')
            return 0;
    }
}

static void add_encoded(Buffer *ret, const char *text, bool keep_slashes)
{
    static const char digits[] = "0123456789ABCDEF";

    for (const char *c = text; *c != '\0'; c++) {
        unsigned char byte = (unsigned char)*c;
        if (is_unreserved(byte) || (keep_slashes && byte == '/')) {
            buffer_add_char(ret, *c);
            continue;
        }
        buffer_add_char(ret, '%');
        buffer_add_char(ret, digits[byte >> 4]);
        buffer_add_char(ret, digits[byte & 15]);
    }
}

void template_encode(Buffer *ret, const char *text)
{
    add_encoded(ret, text, false);
}

static int add_to_url(const char *text, const TemplatePart *part, Buffer *ret, Error *err)
{
    int code = check_segments(text, part, err);

    if (code == 0)
        add_encoded(ret, text, part->filter == FILTER_PATH);
    return code;
}

static int add_to_header(const char *text, const TemplatePart *part, Buffer *ret, Error *err)
{
    for (const char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return error_set(err, ERROR_PROGRAM,
                             "'${%s}' has a control character, which no header can carry",
                             part->name);
    buffer_add_string(ret, text);
    return 0;
}

static int add_value(const Json *value, const TemplatePart *part, TemplatePlace place, Buffer *ret,
                     Error *err)
{
    cleanup(buffer_deinit) Buffer text = {0};
    int code = value_text(value, part, &text, err);

    if (code < 0)
        return code;
    switch (place) {
    case PLACE_URL:
        return add_to_url(buffer_text(&text), part, ret, err);
    case PLACE_HEADER:
        return add_to_header(buffer_text(&text), part, ret, err);
    case PLACE_TEXT:
        buffer_add(ret, buffer_text(&text), text.size);
        return 0;
    }
    return 0;
}

/* ---- filling in ---- */

static int add_part(const TemplatePart *part, const Json *scope, TemplatePlace place, Buffer *ret,
                    Error *err)
{
    if (part->literal != NULL) {
        buffer_add(ret, part->literal, part->literal_size);
        return 0;
    }
    const Json *value = scope_value(scope, part->name);
    if (value != NULL)
        return add_value(value, part, place, ret, err);
    return part->is_optional ? TEMPLATE_LEFT_OUT
                             : error_set(err, ERROR_PROGRAM, "'${%s}' has no value", part->name);
}

int template_text(const char *text, const Json *scope, TemplatePlace place, Buffer *ret, Error *err)
{
    TemplatePart part;
    int code;

    while ((code = template_next(&text, &part, err)) == TEMPLATE_PART)
        if ((code = add_part(&part, scope, place, ret, err)) != 0)
            return code;
    if (code == 0 && (ret->overflowed || ret->size > TEMPLATE_SIZE_MAX))
        return error_set(err, ERROR_PROGRAM, "the text is longer than %zu bytes",
                         TEMPLATE_SIZE_MAX);
    return code;
}

/* Is the text one value and nothing else? */
static bool is_one_value(const char *text, TemplatePart *ret)
{
    return template_next(&text, ret, NULL) == TEMPLATE_PART && ret->literal == NULL &&
           ret->filter == FILTER_NONE && *text == '\0';
}

/* A text in a JSON body. 0, TEMPLATE_LEFT_OUT or a negative code. */
static int text_json_filled(const char *text, const Json *scope, Json **ret, Error *err)
{
    TemplatePart part;
    cleanup(buffer_deinit) Buffer filled = {0};

    if (is_one_value(text, &part)) {
        const Json *value = scope_value(scope, part.name);
        if (json_get(value, "$secret") != NULL)
            return fail_opaque(value, part.name, err);
        if (value != NULL) {
            *ret = json_copy(value);
            return 0;
        }
    }
    int code = template_text(text, scope, PLACE_TEXT, &filled, err);
    if (code == 0)
        *ret = json_new_string(buffer_text(&filled));
    return code;
}

static int fill(const Json *body, const Json *scope, Json **ret, Error *err);

static int fill_members(const Json *body, const Json *scope, Json *into, Error *err)
{
    for (const Json *m = json_first(body); m != NULL; m = json_next(m)) {
        Json *value = NULL;
        int code = fill(m, scope, &value, err);
        if (code < 0)
            return code;
        if (code == TEMPLATE_LEFT_OUT)
            continue;
        if (json_is_array(into))
            json_append(into, value);
        else
            json_set(into, json_key(m), value);
    }
    return 0;
}

static int fill(const Json *body, const Json *scope, Json **ret, Error *err)
{
    cleanup(json_free) Json *copy = NULL;

    if (json_is_string(body))
        return text_json_filled(json_string(body, ""), scope, ret, err);
    if (!json_is_object(body) && !json_is_array(body)) {
        *ret = json_copy(body);
        return 0;
    }
    copy = json_is_object(body) ? json_new_object() : json_new_array();
    int code = fill_members(body, scope, copy, err);
    if (code == 0)
        *ret = take(copy);
    return code;
}

int template_json(const Json *body, const Json *scope, Json **ret, Error *err)
{
    int code = fill(body, scope, ret, err);

    return code == TEMPLATE_LEFT_OUT
               ? error_set(err, ERROR_PROGRAM,
                           "the whole body depends on a value that is not there")
               : code;
}
