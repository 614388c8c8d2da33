#include "providers/sdk/secrets.h"

#include <string.h>

#include "lang/base/buffer.h"
#include "lang/base/memory.h"
#include "providers/sdk/members.h"

#define CONCEALED "(sensitive)"

Json *secrets_resolve(const Json *values, const Json *secrets)
{
    const char *id = json_count(values) == 1 ? json_get_string(values, "$secret", NULL) : NULL;
    const Json *text = id != NULL ? json_get(secrets, id) : NULL;

    if (json_is_string(text))
        return json_copy(text);
    if (!json_is_object(values) && !json_is_array(values))
        return json_copy(values);
    Json *copy = json_is_object(values) ? json_new_object() : json_new_array();
    for (const Json *m = json_first(values); m != NULL; m = json_next(m)) {
        if (json_is_object(values))
            json_set(copy, json_key(m), secrets_resolve(m, secrets));
        else
            json_append(copy, secrets_resolve(m, secrets));
    }
    return copy;
}

/* ---- replies ---- */

static bool is_secret(const Json *value, const Json *secrets)
{
    const char *text = json_string(value, NULL);

    if (text == NULL || text[0] == '\0')
        return false;
    for (const Json *m = json_first(secrets); m != NULL; m = json_next(m))
        if (strcmp(json_string(m, ""), text) == 0)
            return true;
    return false;
}

Json *secrets_conceal(const Json *reply, const Json *secrets)
{
    if (is_secret(reply, secrets))
        return json_new_string(CONCEALED);
    if (!json_is_object(reply) && !json_is_array(reply))
        return json_copy(reply);
    Json *copy = json_is_object(reply) ? json_new_object() : json_new_array();
    for (const Json *m = json_first(reply); m != NULL; m = json_next(m)) {
        if (json_is_object(reply))
            json_set(copy, json_key(m), secrets_conceal(m, secrets));
        else
            json_append(copy, secrets_conceal(m, secrets));
    }
    return copy;
}

/* A member's name in a pointer: ~ and / are written ~0 and ~1. */
static void pointer_add(Buffer *pointer, const char *key)
{
    buffer_add_char(pointer, '/');
    for (; *key != '\0'; key++) {
        if (*key == '~' || *key == '/')
            buffer_add_string(pointer, *key == '~' ? "~0" : "~1");
        else
            buffer_add_char(pointer, *key);
    }
}

static void pointers_collect(const Json *value, const char *at, Json *into)
{
    size_t index = 0;

    if (strcmp(json_string(value, ""), CONCEALED) == 0)
        json_append(into, json_new_string(at));
    for (const Json *m = json_first(value); m != NULL; m = json_next(m), index++) {
        cleanup(buffer_deinit) Buffer pointer = {0};
        buffer_add_string(&pointer, at);
        if (json_is_object(value))
            pointer_add(&pointer, json_key(m));
        else
            buffer_add_format(&pointer, "/%zu", index);
        pointers_collect(m, buffer_text(&pointer), into);
    }
}

char *secrets_pointers(const char *reply)
{
    cleanup(json_free) Json *pointers = json_new_array(), *tree = NULL;

    /* No tree is made of what has none, as nearly all have not. */
    if (reply == NULL || strstr(reply, CONCEALED) == NULL)
        return memory_copy_string("[]");
    tree = text_json(reply);
    pointers_collect(tree, "", pointers);
    return json_text(pointers);
}
