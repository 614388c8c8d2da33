#include "controller/host/secrets.h"

#include <string.h>

#include "lang/base/hash.h"
#include "lang/base/macros.h"
#include "lang/base/memory.h"
#include "lang/value.h"

#define ID_DIGITS 32

typedef Json *Replacement(void *context, const char *text);

/* The text behind the only member, if that is its name; NULL: it is not. */
static const char *tagged_text(const Json *value, const char *tag)
{
    const Json *text = json_get(value, tag);

    return json_is_object(value) && json_count(value) == 1 && json_is_string(text)
               ? json_string(text, "")
               : NULL;
}

/* The text of a secret, or of one that is sealed; NULL: it is none. */
static const char *secret_text(const Json *value)
{
    const char *text = tagged_text(value, "$secret");

    return text != NULL ? text : tagged_text(value, "$sealed");
}

static Json *copy_replacing(const Json *value, Replacement *replacement, void *context)
{
    const char *text = secret_text(value);

    if (text != NULL)
        return replacement(context, text);
    if (!json_is_object(value) && !json_is_array(value))
        return json_copy(value);
    Json *copy = json_is_object(value) ? json_new_object() : json_new_array();
    for (const Json *m = json_first(value); m != NULL; m = json_next(m)) {
        Json *member = copy_replacing(m, replacement, context);
        if (json_is_object(value))
            json_set(copy, json_key(m), member);
        else
            json_append(copy, member);
    }
    return copy;
}

static Json *shown(void *context, const char *text)
{
    (void)context;
    (void)text;
    return json_new_string(VALUE_SENSITIVE);
}

Json *secrets_redact(const Json *value)
{
    return copy_replacing(value, shown, NULL);
}

typedef struct Extraction {
    const char *lineage;
    Json *into;
} Extraction;

static Json *extracted(void *context, const char *text)
{
    const Extraction *extraction = context;
    cleanup(free) char *keyed = memory_format("%s:%s", extraction->lineage, text);
    uint8_t digest[SHA256_SIZE];
    char id[2 * SHA256_SIZE + 1];

    sha256(keyed, strlen(keyed), digest);
    hex_encode(digest, sizeof digest, id);
    id[ID_DIGITS] = '\0';
    json_set_string(extraction->into, id, text);
    Json *reference = json_new_object();
    json_set_string(reference, "$secret", id);
    return reference;
}

Json *secrets_extract(const char *lineage, const Json *value, Json *into)
{
    return copy_replacing(value, extracted, &(Extraction){lineage, into});
}

/* ---- what a provider says of its reply ---- */

static bool is_listed(const Json *pointers, const char *pointer)
{
    for (const Json *m = json_first(pointers); m != NULL; m = json_next(m))
        if (strcmp(json_string(m, ""), pointer) == 0)
            return true;
    return false;
}

/* RFC 6901: "~" and "/" in a name are escaped. */
static char *pointer_of(const char *parent, const Json *member, size_t index, bool is_object)
{
    Buffer text = {0};

    buffer_add_format(&text, "%s/", parent);
    if (!is_object)
        buffer_add_unsigned(&text, index);
    for (const char *at = is_object ? json_key(member) : ""; *at != '\0'; at++)
        if (*at == '~' || *at == '/')
            buffer_add_string(&text, *at == '~' ? "~0" : "~1");
        else
            buffer_add_char(&text, *at);
    return buffer_take(&text);
}

static Json *secret_of(const Json *value)
{
    cleanup(free) char *text =
        json_is_string(value) ? memory_copy_string(json_string(value, "")) : json_text(value);
    Json *secret = json_new_object();

    json_set_string(secret, "$secret", text);
    return secret;
}

static Json *copy_marking(const Json *value, const char *pointer, const Json *pointers)
{
    bool is_object = json_is_object(value);
    size_t index = 0;

    if (is_listed(pointers, pointer) && strcmp(json_string(value, ""), VALUE_SENSITIVE) != 0)
        return secret_of(value);
    if (!is_object && !json_is_array(value))
        return json_copy(value);
    Json *copy = is_object ? json_new_object() : json_new_array();
    for (const Json *m = json_first(value); m != NULL; m = json_next(m), index++) {
        cleanup(free) char *path = pointer_of(pointer, m, index, is_object);
        Json *member = copy_marking(m, path, pointers);
        if (is_object)
            json_set(copy, json_key(m), member);
        else
            json_append(copy, member);
    }
    return copy;
}

Json *secrets_mark(const Json *value, const Json *pointers)
{
    if (value == NULL)
        return NULL;
    return json_count(pointers) > 0 ? copy_marking(value, "", pointers) : json_copy(value);
}

Json *secrets_state_of(const Json *reply)
{
    return secrets_mark(json_get(reply, "state"), json_get(reply, "sensitive"));
}

Json *secrets_mark_reply(const Json *reply)
{
    Json *copy = json_copy(reply);

    if (json_get(reply, "state") != NULL && json_count(json_get(reply, "sensitive")) > 0)
        json_set(copy, "state", secrets_state_of(reply));
    return copy;
}
