#include "json.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "json_private.h"
#include "memory.h"

static int compare_keys(const void *a, const void *b)
{
    return strcmp((*(const Json *const *)a)->string, (*(const Json *const *)b)->string);
}

const Json **members_sorted(const Json *object, size_t *ret_count)
{
    size_t count = json_count(object), i = 0;
    const Json **members = memory_alloc(count * sizeof(const Json *));

    for (const Json *m = object->child; m != NULL; m = m->next)
        members[i++] = m;
    qsort(members, count, sizeof(const Json *), compare_keys);
    *ret_count = count;
    return members;
}

void json_free(Json *json)
{
    cJSON_Delete(json);
}

Json *json_own_string(char *text)
{
    Json *json = memory_zero(1, sizeof *json); /* as cJSON makes it, which would copy the text */

    json->type = cJSON_String;
    json->valuestring = text;
    return json;
}

/* The first child knows the last one. */
void json_add_last(Json *parent, Json *child, char *key, bool key_is_shared)
{
    child->string = key;
    if (key_is_shared)
        child->type |= cJSON_StringIsConst;
    if (parent->child == NULL) {
        parent->child = child;
    } else {
        child->prev = parent->child->prev;
        child->prev->next = child;
    }
    parent->child->prev = child;
}

Json *json_last(const Json *parent)
{
    return parent->child != NULL ? parent->child->prev : NULL;
}

Json *json_copy(const Json *json)
{
    return cJSON_Duplicate(json, true);
}

Json *json_get(const Json *object, const char *key)
{
    if (!cJSON_IsObject(object))
        return NULL;
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

Json *json_at(const Json *array, size_t index)
{
    return cJSON_IsArray(array) ? cJSON_GetArrayItem(array, (int)index) : NULL;
}

size_t json_count(const Json *json)
{
    return json_first(json) == NULL ? 0 : (size_t)cJSON_GetArraySize(json);
}

const char *json_key(const Json *member)
{
    return member->string;
}

Json *json_first(const Json *json)
{
    return cJSON_IsObject(json) || cJSON_IsArray(json) ? json->child : NULL;
}

Json *json_next(const Json *member)
{
    return member->next;
}

bool json_is_object(const Json *json)
{
    return cJSON_IsObject(json);
}

bool json_is_array(const Json *json)
{
    return cJSON_IsArray(json);
}

bool json_is_string(const Json *json)
{
    return cJSON_IsString(json);
}

bool json_is_number(const Json *json)
{
    return cJSON_IsNumber(json);
}

bool json_is_bool(const Json *json)
{
    return cJSON_IsBool(json);
}

bool json_is_null(const Json *json)
{
    return cJSON_IsNull(json);
}

const char *json_string(const Json *json, const char *otherwise)
{
    return cJSON_IsString(json) ? json->valuestring : otherwise;
}

bool json_bool(const Json *json, bool otherwise)
{
    return cJSON_IsBool(json) ? cJSON_IsTrue(json) : otherwise;
}

double json_number(const Json *json, double otherwise)
{
    return cJSON_IsNumber(json) ? json->valuedouble : otherwise;
}

static bool json_read_int(const Json *json, int64_t *ret)
{
    if (cJSON_IsNumber(json)) {
        double value = json->valuedouble;
        if (!(fabs(value) <= (double)JSON_INTEGER_MAX) || value != floor(value))
            return false;
        *ret = (int64_t)value;
        return true;
    }
    if (!cJSON_IsString(json) || json->valuestring[0] == '\0' ||
        isspace((unsigned char)json->valuestring[0]))
        return false;
    char *end;
    errno = 0;
    long long value = strtoll(json->valuestring, &end, 10);
    if (errno != 0 || *end != '\0')
        return false;
    *ret = value;
    return true;
}

int64_t json_int(const Json *json, int64_t otherwise)
{
    int64_t value;

    return json_read_int(json, &value) ? value : otherwise;
}

bool json_is_int(const Json *json)
{
    int64_t value;

    return json_read_int(json, &value);
}

const char *json_get_string(const Json *object, const char *key, const char *otherwise)
{
    return json_string(json_get(object, key), otherwise);
}

int64_t json_get_int(const Json *object, const char *key, int64_t otherwise)
{
    return json_int(json_get(object, key), otherwise);
}

bool json_get_bool(const Json *object, const char *key, bool otherwise)
{
    return json_bool(json_get(object, key), otherwise);
}

bool json_equal(const Json *a, const Json *b)
{
    return a == b || cJSON_Compare(a, b, true);
}

static Json *made(Json *json)
{
    if (json == NULL)
        memory_grow(NULL, SIZE_MAX, 2); /* ends the process as any failed allocation does */
    return json;
}

Json *json_new_object(void)
{
    return made(cJSON_CreateObject());
}

Json *json_new_array(void)
{
    return made(cJSON_CreateArray());
}

Json *json_new_string(const char *text)
{
    return made(cJSON_CreateString(text));
}

Json *json_new_int(int64_t value)
{
    if (value <= JSON_INTEGER_MAX && value >= -JSON_INTEGER_MAX)
        return made(cJSON_CreateNumber((double)value));
    char digits[24];
    snprintf(digits, sizeof digits, "%lld", (long long)value);
    return json_new_string(digits);
}

Json *json_new_number(double value)
{
    return made(cJSON_CreateNumber(value));
}

Json *json_new_bool(bool value)
{
    return made(cJSON_CreateBool(value));
}

Json *json_new_null(void)
{
    return made(cJSON_CreateNull());
}

void json_set(Json *object, const char *key, Json *value)
{
    if (cJSON_GetObjectItemCaseSensitive(object, key) != NULL)
        cJSON_ReplaceItemInObjectCaseSensitive(object, key, value);
    else
        cJSON_AddItemToObject(object, key, value);
}

void json_add(Json *object, const char *key, Json *value)
{
    cJSON_AddItemToObject(object, key, value);
}

void json_set_string(Json *object, const char *key, const char *text)
{
    json_set(object, key, json_new_string(text));
}

void json_set_int(Json *object, const char *key, int64_t value)
{
    json_set(object, key, json_new_int(value));
}

void json_set_bool(Json *object, const char *key, bool value)
{
    json_set(object, key, json_new_bool(value));
}

void json_append(Json *array, Json *value)
{
    cJSON_AddItemToArray(array, value);
}

Json *json_detach(Json *object, const char *key)
{
    return cJSON_DetachItemFromObjectCaseSensitive(object, key);
}

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

void json_put_bytes(Buffer *buffer, const char *text, size_t size)
{
    size_t start = 0;

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
