/* JSON trees. One that was read stands in one piece of memory, its document; what is added to it
 * later stands by itself, as cJSON makes it. */
#include "json.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

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

/* ---- documents ---- */

void document_begin(Document *document, size_t nodes, size_t bytes)
{
    size_t size = nodes * sizeof(Json) + bytes; /* of what is in memory already: no overflow */

    document->nodes = memory_alloc(size);
    document->bytes = (char *)(document->nodes + nodes);
    document->left = nodes;
}

Json *document_node(Document *document, int type)
{
    Json *node = document->nodes++;

    assert(document->left > 0);
    document->left--;
    *node = (Json){.type = type | JSON_OF_DOCUMENT};
    return node;
}

/* The last one that stands by itself: as cJSON, which knows nothing of documents, made it. */
static void node_free(Json *node)
{
    if ((node->type & cJSON_StringIsConst) == 0)
        free(node->string);
    if ((node->type & JSON_OF_DOCUMENT) == 0 && cJSON_IsString(node))
        free(node->valuestring);
    if ((node->type & JSON_OF_DOCUMENT) == 0 || (node->type & JSON_IS_DOCUMENT) != 0)
        free(node);
}

void json_free(Json *json)
{
    if (json == NULL)
        return;
    for (Json *child = json->child, *next; child != NULL; child = next) {
        next = child->next;
        json_free(child);
    }
    node_free(json);
}

void json_add_last(Json *parent, Json *child)
{
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

/* Room for it and what is in it. */
static void measure(const Json *json, size_t *nodes, size_t *bytes)
{
    ++*nodes;
    if (json->string != NULL)
        *bytes += strlen(json->string) + 1;
    if (cJSON_IsString(json))
        *bytes += strlen(json->valuestring) + 1;
    for (const Json *child = json->child; child != NULL; child = child->next)
        measure(child, nodes, bytes);
}

static char *copy_text(Document *document, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = memcpy(document->bytes, text, size);

    document->bytes += size;
    return copy;
}

static Json *copy_node(Document *document, const Json *json)
{
    Json *copy = document_node(document, json->type & 0xff);

    copy->valueint = json->valueint;
    copy->valuedouble = json->valuedouble;
    if (cJSON_IsString(json))
        copy->valuestring = copy_text(document, json->valuestring);
    for (const Json *child = json->child; child != NULL; child = child->next) {
        Json *item = copy_node(document, child);
        if (child->string != NULL) {
            item->string = copy_text(document, child->string);
            item->type |= cJSON_StringIsConst;
        }
        json_add_last(copy, item);
    }
    return copy;
}

Json *json_copy(const Json *json)
{
    Document document;
    size_t nodes = 0, bytes = 0;

    if (json == NULL)
        return NULL;
    measure(json, &nodes, &bytes);
    document_begin(&document, nodes, bytes);
    Json *copy = copy_node(&document, json);
    copy->type |= JSON_IS_DOCUMENT;
    return copy;
}

/* ---- reading ---- */

Json *json_get(const Json *object, const char *key)
{
    Json *member = cJSON_IsObject(object) ? object->child : NULL;

    while (member != NULL && (member->string[0] != key[0] || strcmp(member->string, key) != 0))
        member = member->next;
    return member;
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

static void key_set(Json *member, const char *key)
{
    if ((member->type & cJSON_StringIsConst) == 0)
        free(member->string);
    member->type &= ~cJSON_StringIsConst;
    member->string = memory_copy_string(key);
}

void json_set(Json *object, const char *key, Json *value)
{
    Json *former = json_get(object, key);

    if (former == NULL) {
        json_add(object, key, value);
        return;
    }
    key_set(value, key);
    value->next = former->next;
    value->prev = former->prev;
    if (former->next != NULL)
        former->next->prev = value;
    if (object->child != former)
        former->prev->next = value;
    else
        object->child = value;
    if (object->child->prev == former) /* the first child knows the last one */
        object->child->prev = value;
    json_free(former);
}

void json_add(Json *object, const char *key, Json *value)
{
    key_set(value, key);
    json_add_last(object, value);
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
    json_add_last(array, value);
}

Json *json_detach(Json *object, const char *key)
{
    Json *member = json_get(object, key);

    if (member == NULL)
        return NULL;
    cJSON_DetachItemViaPointer(object, member);
    if ((member->type & JSON_OF_DOCUMENT) == 0 || (member->type & JSON_IS_DOCUMENT) != 0)
        return member;
    Json *copy = json_copy(member); /* its document ends without it */
    json_free(member);
    return copy;
}
