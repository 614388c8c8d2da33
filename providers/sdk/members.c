#include "providers/sdk/members.h"

#include <string.h>

#include "lang/base/memory.h"

/* Behind the quote that ends the string whose first quote is at `at`; NULL: there is none. */
static const char *string_end(const char *at, const char *end)
{
    const char *quote = memchr(at + 1, '"', (size_t)(end - at - 1));

    if (quote == NULL || quote[-1] != '\\')
        return quote != NULL ? quote + 1 : NULL;
    for (at++; at < end; at++) {
        if (*at == '"')
            return at + 1;
        if (*at == '\\')
            at++;
    }
    return NULL;
}

static const char *container_end(const char *at, const char *end)
{
    size_t depth = 0;

    while (at != NULL && at < end) {
        char c = *at;
        if (c == '"') {
            at = string_end(at, end);
            continue;
        }
        at++;
        if (c == '{' || c == '[')
            depth++;
        else if ((c == '}' || c == ']') && --depth == 0)
            return at;
    }
    return NULL;
}

static const char *value_end(const char *at, const char *end)
{
    const char *start = at;

    if (at == end)
        return NULL;
    if (*at == '"')
        return string_end(at, end);
    if (*at == '{' || *at == '[')
        return container_end(at, end);
    while (at < end && *at != ',' && *at != '}' && *at != ']')
        at++;
    return at > start ? at : NULL;
}

/* Behind a brace, which may be followed by the one that closes it. */
static Members members_behind(const char *at, const char *end)
{
    bool is_empty = at < end && *at == '}';

    return (Members){.at = at + is_empty, .end = end, .ended = is_empty};
}

Members members_of(const char *text, size_t size)
{
    if (size < 2 || text[0] != '{')
        return (Members){0};
    return members_behind(text + 1, text + size);
}

/* Go on behind a value: to the next key, or out of the object. */
static void members_go_on(Members *members, const char *at)
{
    bool goes_on = at != NULL && at < members->end && (*at == ',' || *at == '}');

    members->at = goes_on ? at + 1 : NULL;
    members->ended = goes_on && *at == '}';
}

/* Behind the colon of the key that is next; NULL: there is none. */
static const char *key_read(const Members *members, Member *ret)
{
    const char *at = members->at, *end = members->end;
    const char *behind = at < end && *at == '"' ? string_end(at, end) : NULL;

    if (behind == NULL || behind == end || *behind != ':')
        return NULL;
    ret->key = at + 1;
    ret->key_size = (size_t)(behind - 1 - ret->key);
    return behind + 1;
}

bool members_next(Members *members, Member *ret)
{
    if (members->at == NULL || members->ended)
        return false;
    ret->value = key_read(members, ret);
    const char *behind = ret->value != NULL ? value_end(ret->value, members->end) : NULL;
    ret->size = behind != NULL ? (size_t)(behind - ret->value) : 0;
    members_go_on(members, behind);
    return behind != NULL;
}

bool members_enter(const Members *members, const char *key, Members *ret)
{
    Member member;

    if (members->at == NULL || members->ended)
        return false;
    const char *value = key_read(members, &member);
    if (value == NULL || value == members->end || *value != '{' || !member_is(&member, key))
        return false;
    *ret = members_behind(value + 1, members->end);
    return true;
}

void members_leave(Members *members, const Members *inner)
{
    members_go_on(members, inner->ended ? inner->at : NULL);
}

bool members_are_whole(const Members *members)
{
    return members->ended;
}

bool member_find(const char *text, const char *key, Member *ret)
{
    Members all = members_of(text, text != NULL ? strlen(text) : 0);

    while (members_next(&all, ret))
        if (member_is(ret, key))
            return true;
    return false;
}

bool member_is_true(const Member *member)
{
    return member->size == 4 && memcmp(member->value, "true", 4) == 0;
}

int64_t member_int(const Member *member, int64_t otherwise)
{
    bool is_string = member->size >= 2 && member->value[0] == '"';
    size_t size = is_string ? member->size - 2 : member->size;
    char digits[24], *end;

    if (size == 0 || size >= sizeof digits)
        return otherwise;
    memcpy(digits, member->value + is_string, size);
    digits[size] = '\0';
    int64_t value = strtoll(digits, &end, 10);
    return *end == '\0' ? value : otherwise;
}

char *member_string(const Member *member)
{
    cleanup(json_free) Json *json = NULL;

    if (member->size < 2 || member->value[0] != '"')
        return NULL;
    if (memchr(member->value, '\\', member->size) == NULL)
        return memory_copy_bytes(member->value + 1, member->size - 2);
    if (json_parse(member->value, member->size, &json, NULL) < 0)
        return NULL;
    return memory_copy_string(json_string(json, ""));
}

char *member_text(const Member *member)
{
    if (member->size == 4 && memcmp(member->value, "null", 4) == 0)
        return NULL;
    return memory_copy_bytes(member->value, member->size);
}

Json *text_json(const char *text)
{
    Json *json = NULL;

    if (text == NULL || json_parse_own(text, strlen(text), &json, NULL) < 0)
        return NULL;
    return json;
}

bool text_get_bool(const char *text, const char *key, bool otherwise)
{
    Member member;

    return member_find(text, key, &member) ? member_is_true(&member) : otherwise;
}

int64_t text_get_int(const char *text, const char *key, int64_t otherwise)
{
    Member member;

    return member_find(text, key, &member) ? member_int(&member, otherwise) : otherwise;
}

char *text_get_string(const char *text, const char *key)
{
    Member member;

    return member_find(text, key, &member) ? member_string(&member) : NULL;
}

/* ---- writing ---- */

static void put_key(Buffer *buffer, const char *key)
{
    if (buffer->size > 0 && buffer->bytes[buffer->size - 1] != '{')
        buffer_add_char(buffer, ',');
    buffer_add_char(buffer, '"');
    buffer_add_string(buffer, key);
    buffer_add(buffer, "\":", 2);
}

void member_put_string(Buffer *buffer, const char *key, const char *text)
{
    if (text == NULL)
        return;
    put_key(buffer, key);
    json_put_string(buffer, text);
}

void member_put_text(Buffer *buffer, const char *key, const char *text)
{
    if (text == NULL)
        return;
    put_key(buffer, key);
    buffer_add_string(buffer, text);
}

void member_put_int(Buffer *buffer, const char *key, int64_t value)
{
    bool is_long = value > JSON_INTEGER_MAX || value < -JSON_INTEGER_MAX;

    put_key(buffer, key);
    buffer_add_string(buffer, is_long ? "\"" : "");
    buffer_add_int(buffer, value);
    buffer_add_string(buffer, is_long ? "\"" : "");
}

void member_put_bool(Buffer *buffer, const char *key, bool value)
{
    member_put_text(buffer, key, value ? "true" : "false");
}
