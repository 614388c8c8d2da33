/* What a change of arguments comes to: which parameters differ, and what the schema says of those.
 * Two values that are spelt differently may mean the same: "x-ved-set" is an array in any order,
 * and "x-ved-normalize" names a text whose case does not count, or that is JSON, or a block of
 * addresses.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lang/base/memory.h"
#include "providers/sdk/schema.h"

static bool same(const Json *schema, const Json *a, const Json *b);

static bool same_json(const char *a, const char *b)
{
    cleanup(json_free) Json *left = NULL, *right = NULL;

    return json_parse(a, strlen(a), &left, NULL) == 0 &&
           json_parse(b, strlen(b), &right, NULL) == 0 && json_equal(left, right);
}

/* A block of addresses, ADDRESS/BITS: its first one, and how many bits count. */
typedef struct Block {
    int family;
    int bits;
    uint8_t bytes[16];
} Block;

static bool block_parse(const char *text, Block *ret)
{
    char address[INET6_ADDRSTRLEN] = "";
    int end = 0;

    *ret = (Block){.family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET};
    int size = ret->family == AF_INET6 ? 128 : 32;
    if (sscanf(text, "%45[0-9a-fA-F.:]/%3d%n", address, &ret->bits, &end) != 2 ||
        text[end] != '\0' || ret->bits < 0 || ret->bits > size ||
        inet_pton(ret->family, address, ret->bytes) != 1)
        return false;
    for (int bit = ret->bits; bit < size; bit++)
        ret->bytes[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
    return true;
}

static bool same_block(const char *a, const char *b)
{
    Block left, right;

    return block_parse(a, &left) && block_parse(b, &right) && left.family == right.family &&
           left.bits == right.bits && memcmp(left.bytes, right.bytes, sizeof left.bytes) == 0;
}

static bool same_text(const Json *schema, const char *a, const char *b)
{
    const char *how = json_get_string(schema, "x-ved-normalize", "");

    if (strcmp(how, "case") == 0)
        return strcasecmp(a, b) == 0;
    if (strcmp(how, "json") == 0)
        return same_json(a, b);
    return strcmp(how, "cidr") == 0 && same_block(a, b);
}

static bool has_item(const Json *schema, const Json *array, const Json *item)
{
    for (const Json *i = json_first(array); i != NULL; i = json_next(i))
        if (same(schema, i, item))
            return true;
    return false;
}

static bool has_all(const Json *schema, const Json *array, const Json *items)
{
    for (const Json *i = json_first(items); i != NULL; i = json_next(i))
        if (!has_item(schema, array, i))
            return false;
    return true;
}

static bool same_items(const Json *schema, const Json *a, const Json *b)
{
    const Json *items = json_get(schema, "items");

    if (json_get_bool(schema, "x-ved-set", false))
        return has_all(items, a, b) && has_all(items, b, a);
    if (json_count(a) != json_count(b))
        return false;
    a = json_first(a);
    b = json_first(b);
    for (; a != NULL && b != NULL; a = json_next(a), b = json_next(b))
        if (!same(items, a, b))
            return false;
    return true;
}

static bool same_members(const Json *schema, const Json *a, const Json *b)
{
    const Json *properties = json_get(schema, "properties");

    if (json_count(a) != json_count(b))
        return false;
    for (const Json *m = json_first(a); m != NULL; m = json_next(m)) {
        const Json *other = json_get(b, json_key(m));
        if (other == NULL || !same(json_get(properties, json_key(m)), m, other))
            return false;
    }
    return true;
}

/* Do two values mean the same to what the schema, which may be NULL, describes? */
static bool same(const Json *schema, const Json *a, const Json *b)
{
    if (json_equal(a, b))
        return true;
    if (json_is_string(a) && json_is_string(b))
        return same_text(schema, json_string(a, ""), json_string(b, ""));
    if (json_is_array(a) && json_is_array(b))
        return same_items(schema, a, b);
    return json_is_object(a) && json_is_object(b) && same_members(schema, a, b);
}

/* Two values of one parameter, either of which may not be given. */
static bool value_differs(const Json *parameter, const Json *old, const Json *new)
{
    const Json *otherwise = json_get(parameter, "default");

    old = old != NULL ? old : otherwise;
    new = new != NULL ? new : otherwise;
    return old != new && (old == NULL || new == NULL || !same(parameter, old, new));
}

static void add_change(Json *ret, const char *name)
{
    cleanup(free) char *pointer = memory_format("/%s", name);

    json_append(ret, json_new_string(pointer));
}

/* The changes of parameters that carry `mark`; NULL: of all. */
static void list_changes(const Json *effect, const Json *before, const Json *after,
                         const char *mark, Json *ret)
{
    for (const Json *new = json_first(after); new != NULL; new = json_next(new)) {
        const Json *parameter = schema_parameter(effect, json_key(new));
        if ((mark == NULL || json_get_bool(parameter, mark, false)) &&
            value_differs(parameter, json_get(before, json_key(new)), new))
            add_change(ret, json_key(new));
    }
    for (const Json *old = json_first(before); old != NULL; old = json_next(old)) {
        const Json *parameter = schema_parameter(effect, json_key(old));
        if ((mark == NULL || json_get_bool(parameter, mark, false)) &&
            json_get(after, json_key(old)) == NULL && value_differs(parameter, old, NULL))
            add_change(ret, json_key(old));
    }
}

static bool has_changes(const Json *effect, const Json *before, const Json *after, const char *mark)
{
    cleanup(json_free) Json *changes = json_new_array();

    list_changes(effect, before, after, mark, changes);
    return json_count(changes) > 0;
}

void schema_immutable_changes(const Json *effect, const Json *before, const Json *after, Json *ret)
{
    list_changes(effect, before, after, "x-ved-immutable", ret);
}

bool schema_is_changed(const Json *effect, const Json *before, const Json *after)
{
    return has_changes(effect, before, after, NULL);
}

bool schema_is_disruptive(const Json *effect, const Json *before, const Json *after)
{
    return has_changes(effect, before, after, "x-ved-disruptive");
}
