/* Parameters and results: what a program says of an object, and what it is told. */
#include <string.h>

#include "providers/http/config_private.h"
#include "providers/http/pointer.h"

static bool is_one_of(const char *text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(words[i], text) == 0)
            return true;
    return false;
}

/* NULL for "any". */
static const char *read_type(Reader *reader, const char *otherwise)
{
    static const char *const types[] = {"any",     "string", "integer", "number",
                                        "boolean", "object", "array"};
    const char *type = reader_string(reader, "type", otherwise);

    if (!is_one_of(type, types, ARRAY_SIZE(types)))
        reader_fail(
            reader, "type",
            "expected string, integer, number, boolean, object, array or any, found '%.32s'", type);
    return strcmp(type, "any") == 0 ? NULL : type;
}

/* Names that stand for something else in a template. */
static bool is_reserved(const char *name)
{
    static const char *const names[] = {"id",      "uid",    "op",       "address",
                                        "lineage", "result", "operation"};

    return is_one_of(name, names, ARRAY_SIZE(names));
}

/* A name that a program can write and a template can hold. */
static bool name_is_plain(const char *name)
{
    size_t size = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

    return size > 0 && size <= 64 && name[size] == '\0' && (name[0] < '0' || name[0] > '9');
}

static int parameter_read(Reader *parent, const Json *member, ParameterSpec *ret)
{
    Reader reader;

    ret->name = json_key(member);
    reader_begin(&reader, member, parent->err, "%s.parameters.%s", parent->at, ret->name);
    if (!name_is_plain(ret->name))
        reader_fail(&reader, NULL, "expected a name of letters, digits and '_'");
    if (is_reserved(ret->name))
        reader_fail(&reader, NULL, "'%s' means something else in a template; choose another name",
                    ret->name);
    ret->type = read_type(&reader, "string");
    ret->otherwise = reader_get(&reader, "default");
    ret->values = reader_array(&reader, "enum");
    ret->because = reader_string(&reader, "because", NULL);
    ret->description = reader_string(&reader, "description", NULL);
    ret->min_length = reader_int(&reader, "min_length", -1, 0, 1 << 20);
    ret->max_length = reader_int(&reader, "max_length", -1, 0, 1 << 20);
    ret->minimum = reader_get(&reader, "minimum");
    ret->maximum = reader_get(&reader, "maximum");
    ret->required = reader_bool(&reader, "required", false);
    ret->immutable = reader_bool(&reader, "immutable", false);
    ret->disruptive = reader_bool(&reader, "disruptive", false);
    ret->sensitive = reader_bool(&reader, "sensitive", false);
    if (ret->required && ret->otherwise != NULL)
        reader_fail(&reader, "default", "a required parameter has none");
    return reader_end(&reader);
}

const ParameterSpec *parameters_get(const Parameters *parameters, const char *name)
{
    for (size_t i = 0; i < parameters->count; i++)
        if (strcmp(parameters->specs[i].name, name) == 0)
            return &parameters->specs[i];
    return NULL;
}

static int check_positional(Reader *parent, const Parameters *parameters)
{
    for (const Json *p = json_first(parameters->positional); p != NULL; p = json_next(p))
        if (parameters_get(parameters, json_string(p, "")) == NULL)
            return reader_fail(parent, "positional", "'%.64s' is no parameter", json_string(p, ""));
    return 0;
}

int parameters_read(Arena *arena, Reader *parent, Parameters *ret)
{
    const Json *object = reader_object(parent, "parameters");

    ret->positional = reader_array(parent, "positional");
    if (json_count(object) > MEMBERS_MAX)
        return reader_fail(parent, "parameters", "expected at most %d", MEMBERS_MAX);
    ret->specs = arena_array(arena, ParameterSpec, json_count(object));
    for (const Json *m = json_first(object); m != NULL; m = json_next(m))
        if (parameter_read(parent, m, &ret->specs[ret->count++]) < 0)
            return parent->err->code;
    return check_positional(parent, ret);
}

Json *parameters_fill(const Parameters *parameters, const Json *arguments)
{
    Json *filled = json_is_object(arguments) ? json_copy(arguments) : json_new_object();

    for (size_t i = 0; i < parameters->count; i++) {
        const ParameterSpec *spec = &parameters->specs[i];
        if (spec->otherwise != NULL && json_get(filled, spec->name) == NULL)
            json_set(filled, spec->name, json_copy(spec->otherwise));
    }
    return filled;
}

/* ---- results ---- */

/* `name: /pointer`, or an object that says more. */
static int result_read(Reader *parent, const Json *member, ResultSpec *ret)
{
    const Json *object = json_is_object(member) ? member : NULL;
    Reader reader;

    ret->name = json_key(member);
    reader_begin(&reader, object, parent->err, "%s.results.%s", parent->at, ret->name);
    ret->pointer = reader_pointer(&reader, "pointer", "");
    ret->type = read_type(&reader, "any");
    ret->parameter = reader_string(&reader, "parameter", NULL);
    ret->optional = reader_bool(&reader, "optional", false);
    ret->sensitive = reader_bool(&reader, "sensitive", false);
    ret->base64 = reader_bool(&reader, "base64", false);
    if (object == NULL) {
        ret->pointer = json_string(member, "-");
        if (pointer_check(ret->pointer, parent->err) < 0)
            reader_fail(&reader, NULL, "expected a JSON pointer or an object with one");
    }
    if (!name_is_plain(ret->name))
        reader_fail(&reader, NULL, "expected a name of letters, digits and '_'");
    return reader_end(&reader);
}

int results_read(Arena *arena, Reader *parent, bool has_id, Results *ret)
{
    const Json *object = reader_object(parent, "results");

    if (json_count(object) > MEMBERS_MAX)
        return reader_fail(parent, "results", "expected at most %d", MEMBERS_MAX);
    if (has_id && json_get(object, "id") != NULL)
        return reader_fail(parent, "results", "'id' is always one; it is what 'id:' says");
    ret->specs = arena_array(arena, ResultSpec, json_count(object));
    for (const Json *m = json_first(object); m != NULL; m = json_next(m))
        if (result_read(parent, m, &ret->specs[ret->count++]) < 0)
            return parent->err->code;
    return 0;
}
