#include "controller/conformance/samples.h"

#include <string.h>

#include "lang/base/file.h"
#include "lang/base/memory.h"

#define SAMPLES_SIZE_MAX ((size_t)1 << 20)
#define DERIVE_DEPTH_MAX 8

static const struct {
    const char *name, *what;
} kinds[] = {
#define SAMPLE(id, name, what) [SAMPLE_##id] = {name, what},
#include "controller/conformance/sample.def"
#undef SAMPLE
};

const char *sample_name(SampleKind kind)
{
    return kinds[kind].name;
}

const char *sample_what(SampleKind kind)
{
    return kinds[kind].what;
}

/* ---- the file ---- */

static int check_effect(const Json *effect, Error *err)
{
    if (json_is_object(json_get(effect, kinds[SAMPLE_DESIRED].name)))
        return 0;
    return error_set(err, ERROR_USAGE, "effects: %s: expected an object with 'desired'",
                     json_key(effect));
}

static int check_samples(const Json *samples, Error *err)
{
    const Json *effects = json_get(samples, "effects");

    if (!json_is_object(effects))
        return error_set(err, ERROR_USAGE, "expected an object with the member 'effects'");
    for (const Json *e = json_first(effects); e != NULL; e = json_next(e))
        if (check_effect(e, err) < 0)
            return ERROR_USAGE;
    return 0;
}

int samples_load(const char *path, Json **ret, Error *err)
{
    cleanup(buffer_deinit) Buffer text = {0};
    cleanup(json_free) Json *samples = NULL;

    if (file_read(path, SAMPLES_SIZE_MAX, &text, err) < 0 ||
        json_parse(buffer_text(&text), text.size, &samples, err) < 0 ||
        check_samples(samples, err) < 0) {
        error_wrap(err, "--samples '%s'", path);
        return err->code = ERROR_USAGE;
    }
    *ret = take(samples);
    return 0;
}

const Json *samples_find(const Json *samples, SampleKind kind)
{
    const Json *effects = json_get(samples, "effects");

    for (const Json *e = json_first(effects); e != NULL; e = json_next(e))
        if (json_get(e, kinds[kind].name) != NULL)
            return e;
    return NULL;
}

/* ---- filling in ---- */

static char *fill_text(const char *text, unsigned number, const char *dir)
{
    Buffer filled = {0};

    while (*text != '\0') {
        if (strncmp(text, "${n}", 4) == 0) {
            buffer_add_unsigned(&filled, number);
            text += 4;
        } else if (strncmp(text, "${dir}", 6) == 0) {
            buffer_add_string(&filled, dir);
            text += 6;
        } else {
            buffer_add_char(&filled, *text++);
        }
    }
    return buffer_take(&filled);
}

Json *sample_fill(const Json *arguments, unsigned number, const char *dir)
{
    const char *text = json_string(arguments, NULL);

    if (text != NULL) {
        cleanup(free) char *filled = fill_text(text, number, dir);
        return json_new_string(filled);
    }
    if (!json_is_object(arguments) && !json_is_array(arguments))
        return json_copy(arguments);
    Json *copy = json_is_object(arguments) ? json_new_object() : json_new_array();
    for (const Json *m = json_first(arguments); m != NULL; m = json_next(m)) {
        if (json_is_object(arguments))
            json_set(copy, json_key(m), sample_fill(m, number, dir));
        else
            json_append(copy, sample_fill(m, number, dir));
    }
    return copy;
}

/* ---- from the schema ---- */

static Json *derive_object(const Json *schema, int depth);

static const char *type_of(const Json *schema)
{
    const Json *type = json_get(schema, "type");

    return json_is_array(type) ? json_string(json_at(type, 0), "string")
                               : json_string(type, "string");
}

static Json *derive_string(const Json *schema)
{
    int64_t size_min = json_get_int(schema, "minLength", 0);
    Buffer text = {0};

    buffer_add_string(&text, "ved-${n}");
    while ((int64_t)text.size < size_min && text.size < SAMPLES_SIZE_MAX)
        buffer_add_char(&text, 'x');
    cleanup(free) char *owned = buffer_take(&text);
    return json_new_string(owned);
}

/* A value that fits: what the schema says itself, or the least of its type. */
static Json *derive(const Json *schema, int depth)
{
    const Json *examples = json_get(schema, "examples"), *choices = json_get(schema, "enum");
    const char *type = type_of(schema);

    if (json_count(examples) > 0)
        return json_copy(json_at(examples, 0));
    if (json_get(schema, "const") != NULL)
        return json_copy(json_get(schema, "const"));
    if (json_get(schema, "default") != NULL)
        return json_copy(json_get(schema, "default"));
    if (json_count(choices) > 0)
        return json_copy(json_at(choices, 0));
    if (strcmp(type, "integer") == 0 || strcmp(type, "number") == 0)
        return json_new_int(json_get_int(schema, "minimum", 1));
    if (strcmp(type, "boolean") == 0)
        return json_new_bool(false);
    if (strcmp(type, "array") == 0)
        return json_new_array();
    if (strcmp(type, "object") == 0)
        return derive_object(schema, depth);
    return derive_string(schema);
}

static Json *derive_object(const Json *schema, int depth)
{
    const Json *required = json_get(schema, "required");
    Json *object = json_new_object();

    for (const Json *r = json_first(required); r != NULL && depth > 0; r = json_next(r)) {
        const char *name = json_string(r, "");
        json_set(object, name, derive(json_get(json_get(schema, "properties"), name), depth - 1));
    }
    return object;
}

/* Another value of a property than `before`; NULL: none can be told. */
static Json *derive_other(const Json *schema, const Json *before)
{
    const Json *examples = json_get(schema, "examples"), *choices = json_get(schema, "enum");
    const Json *lists[] = {examples, choices};
    const char *type = type_of(schema);

    for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
        for (const Json *v = json_first(lists[i]); v != NULL; v = json_next(v))
            if (!json_equal(v, before))
                return json_copy(v);
    if (json_count(examples) > 0 || json_count(choices) > 0 || json_get(schema, "const") != NULL)
        return NULL;
    if (strcmp(type, "boolean") == 0)
        return json_new_bool(!json_bool(before, false));
    if (strcmp(type, "integer") == 0 && json_get(schema, "maximum") == NULL)
        return json_new_int(json_int(before, json_get_int(schema, "minimum", 1)) + 1);
    if (strcmp(type, "string") == 0 && json_get(schema, "pattern") == NULL &&
        json_get(schema, "format") == NULL && json_get(schema, "maxLength") == NULL)
        return json_new_string("ved-${n}-other");
    return NULL;
}

/* `desired` with another value of the first property that may be changed so; NULL: none may. */
static Json *derive_change(const Json *parameters, const Json *desired, bool in_place)
{
    const Json *properties = json_get(parameters, "properties");

    for (const Json *p = json_first(properties); p != NULL; p = json_next(p)) {
        if (json_get_bool(p, "x-ved-immutable", false) == in_place ||
            json_get_bool(p, "x-ved-computed", false))
            continue;
        Json *other = derive_other(p, json_get(desired, json_key(p)));
        if (other == NULL)
            continue;
        Json *changed = json_copy(desired);
        json_set(changed, json_key(p), other);
        return changed;
    }
    return NULL;
}

/* `desired` without what is needed, or with a number for a text; NULL: anything is valid. */
static Json *derive_invalid(const Json *parameters, const Json *desired)
{
    const Json *required = json_get(parameters, "required");

    if (json_count(required) == 0)
        return NULL;
    Json *invalid = json_copy(desired);
    json_free(json_detach(invalid, json_string(json_at(required, 0), "")));
    return invalid;
}

static void set_kind(Json *sample, SampleKind kind, Json *value)
{
    if (value != NULL)
        json_set(sample, kinds[kind].name, value);
}

/* An effect that says nothing of its parameters takes any. */
static Json *sample_of_anything(void)
{
    Json *sample = json_new_object(), *desired = json_new_object(), *update = json_new_object();

    json_set_string(desired, "name", "ved-${n}");
    json_set_string(update, "name", "ved-${n}");
    json_set_int(update, "size", 2);
    set_kind(sample, SAMPLE_DESIRED, desired);
    set_kind(sample, SAMPLE_UPDATE, update);
    set_kind(sample, SAMPLE_TEXT, json_new_string("note"));
    return sample;
}

static Json *sample_of_effect(const Json *effect)
{
    const Json *parameters = json_get(effect, "parameters");
    Json *sample = json_new_object();

    if (json_count(json_get(parameters, "properties")) == 0) {
        json_free(sample);
        return sample_of_anything();
    }
    Json *desired = derive_object(parameters, DERIVE_DEPTH_MAX);
    set_kind(sample, SAMPLE_UPDATE, derive_change(parameters, desired, true));
    set_kind(sample, SAMPLE_REPLACE, derive_change(parameters, desired, false));
    set_kind(sample, SAMPLE_INVALID, derive_invalid(parameters, desired));
    set_kind(sample, SAMPLE_DESIRED, desired);
    return sample;
}

Json *samples_of_schema(const Json *schema)
{
    Json *samples = json_new_object(), *effects = json_new_object();
    const Json *known = json_get(schema, "effects");

    for (const Json *e = json_first(known); e != NULL; e = json_next(e))
        if (strcmp(json_get_string(e, "kind", "instance"), "instance") == 0)
            json_set(effects, json_key(e), sample_of_effect(e));
    if (json_count(effects) == 0 && json_get(schema, "any") != NULL)
        json_set(effects, "Thing", sample_of_anything());
    json_set(samples, "effects", effects);
    return samples;
}
