/* Trees to JSON text. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "json_private.h"
#include "memory.h"

#define PLAIN_MAX 64 /* bytes of a text that is looked at as a whole first */

/* One writer for all three forms: `indent` < 0 is one line. */
static void write_value(Buffer *buffer, const Json *json, bool sorted, int indent);

static void write_break(Buffer *buffer, int indent)
{
    if (indent < 0)
        return;
    buffer_add_char(buffer, '\n');
    for (int i = 0; i < indent; i++)
        buffer_add_string(buffer, "  ");
}

static void write_member(Buffer *buffer, const Json *member, bool sorted, int indent)
{
    if (member->string != NULL) {
        json_put_string(buffer, member->string);
        buffer_add_string(buffer, indent < 0 ? ":" : ": ");
    }
    write_value(buffer, member, sorted, indent);
}

static void write_members(Buffer *buffer, const Json *json, bool sorted, int indent)
{
    size_t count = json_count(json), i = 0;
    int inner = indent < 0 ? indent : indent + 1;
    const Json **order = NULL;

    if (sorted && cJSON_IsObject(json) && count > 0)
        order = members_sorted(json, &count);
    for (const Json *m = json->child; m != NULL; m = m->next, i++) {
        if (i > 0)
            buffer_add_char(buffer, ',');
        write_break(buffer, inner);
        write_member(buffer, order != NULL ? order[i] : m, sorted, inner);
    }
    free(order);
    if (count > 0)
        write_break(buffer, indent);
}

static void write_number(Buffer *buffer, double value)
{
    char text[32];

    if (value == floor(value) && fabs(value) <= (double)JSON_INTEGER_MAX) {
        buffer_add_int(buffer, (int64_t)value);
        return;
    }
    if (!isfinite(value)) {
        buffer_add_string(buffer, "null");
        return;
    }
    for (int digits = 15; digits <= 17; digits++) { /* the shortest that reads back the same */
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    buffer_add_string(buffer, text);
}

static void write_value(Buffer *buffer, const Json *json, bool sorted, int indent)
{
    if (cJSON_IsObject(json) || cJSON_IsArray(json)) {
        buffer_add_char(buffer, cJSON_IsObject(json) ? '{' : '[');
        write_members(buffer, json, sorted, indent);
        buffer_add_char(buffer, cJSON_IsObject(json) ? '}' : ']');
    } else if (cJSON_IsString(json)) {
        json_put_string(buffer, json->valuestring);
    } else if (cJSON_IsNumber(json)) {
        write_number(buffer, json->valuedouble);
    } else if (cJSON_IsBool(json)) {
        buffer_add_string(buffer, cJSON_IsTrue(json) ? "true" : "false");
    } else {
        buffer_add_string(buffer, "null");
    }
}

void json_write(Buffer *buffer, const Json *json)
{
    write_value(buffer, json, false, -1);
}

void json_write_canonical(Buffer *buffer, const Json *json)
{
    write_value(buffer, json, true, -1);
}

void json_write_pretty(Buffer *buffer, const Json *json)
{
    write_value(buffer, json, false, 0);
}

char *json_text(const Json *json)
{
    Buffer buffer = {0};

    json_write(&buffer, json);
    return buffer_take(&buffer);
}

static void put_escaped(Buffer *buffer, unsigned char c)
{
    switch (c) {
    case '"':
        buffer_add_string(buffer, "\\\"");
        break;
    case '\\':
        buffer_add_string(buffer, "\\\\");
        break;
    case '\n':
        buffer_add_string(buffer, "\\n");
        break;
    case '\r':
        buffer_add_string(buffer, "\\r");
        break;
    case '\t':
        buffer_add_string(buffer, "\\t");
        break;
    default:
        buffer_add_format(buffer, "\\u%04x", c);
    }
}

static bool is_plain(const char *text, size_t size)
{
    bool special = false;

    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        special |= c < 0x20 || c == '"' || c == '\\' || c == 0x7f;
    }
    return !special;
}

/* Nothing in it is to be escaped, as in nearly all short texts: at one go. */
static bool put_plain(Buffer *buffer, const char *text, size_t size)
{
    char *to = size <= PLAIN_MAX && is_plain(text, size) ? buffer_room(buffer, size + 2) : NULL;

    if (to == NULL)
        return false;
    to[0] = '"';
    memcpy(to + 1, text, size);
    to[size + 1] = '"';
    buffer_took(buffer, size + 2);
    return true;
}

void json_put_bytes(Buffer *buffer, const char *text, size_t size)
{
    size_t start = 0;

    if (put_plain(buffer, text, size))
        return;

    buffer_add_char(buffer, '"');
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
            continue;
        buffer_add(buffer, text + start, i - start);
        put_escaped(buffer, c);
        start = i + 1;
    }
    buffer_add(buffer, text + start, size - start);
    buffer_add_char(buffer, '"');
}

void json_put_string(Buffer *buffer, const char *text)
{
    json_put_bytes(buffer, text, strlen(text));
}
