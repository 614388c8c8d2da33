#include "providers/sdk/schema.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lang/base/hash.h"
#include "lang/base/memory.h"
#include "providers/sdk/members.h"
#include "providers/sdk/secrets.h"

struct Schema {
    Json *document;
    char *text;
    char etag[24];
};

int schema_new(const char *text, Schema **ret, Error *err)
{
    cleanup(json_free) Json *document = NULL;
    uint8_t digest[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];

    if (json_parse(text, strlen(text), &document, err) < 0)
        return error_wrap(err, "schema of the provider");
    if (!json_is_object(document))
        return error_set(err, ERROR_INTERNAL, "schema of the provider: expected an object");
    Schema *schema = memory_zero(1, sizeof *schema);
    schema->document = take(document);
    schema->text = json_text(schema->document);
    sha256(schema->text, strlen(schema->text), digest);
    hex_encode(digest, sizeof digest, hex);
    snprintf(schema->etag, sizeof schema->etag, "\"s-%.16s\"", hex);
    *ret = schema;
    return 0;
}

void schema_free(Schema *schema)
{
    if (schema == NULL)
        return;
    json_free(schema->document);
    free(schema->text);
    free(schema);
}

const char *schema_text(const Schema *schema)
{
    return schema->text;
}

const char *schema_etag(const Schema *schema)
{
    return schema->etag;
}

const Json *schema_effect(const Schema *schema, const char *name)
{
    const Json *effect = json_get(json_get(schema->document, "effects"), name);

    return effect != NULL ? effect : json_get(schema->document, "any");
}

const Json *schema_query(const Schema *schema, const char *name)
{
    return json_get(json_get(schema->document, "queries"), name);
}

const char *schema_type_of(const Json *effect, const char *name)
{
    return json_get_string(effect, "type", name);
}

bool schema_effect_is_action(const Json *effect)
{
    return strcmp(json_get_string(effect, "kind", "instance"), "action") == 0;
}

const char *schema_effect_of_type(const Schema *schema, const char *type)
{
    const Json *effects = json_get(schema->document, "effects");

    for (const Json *e = json_first(effects); e != NULL; e = json_next(e))
        if (!schema_effect_is_action(e) && strcmp(schema_type_of(e, json_key(e)), type) == 0)
            return json_key(e);
    return json_get(schema->document, "any") != NULL ? type : NULL;
}

int64_t schema_version_of(const Schema *schema, const char *type)
{
    return json_get_int(json_get(json_get(schema->document, "types"), type), "schema_version", 1);
}

/* Where the check stands in the value: a JSON pointer that grows and shrinks. */
typedef struct Check {
    ProviderProblem *problem;
    Buffer pointer;
} Check;

static size_t check_enter(Check *check, const char *key)
{
    size_t before = check->pointer.size;

    buffer_add_char(&check->pointer, '/');
    for (; *key != '\0'; key++) {
        if (*key == '~')
            buffer_add_string(&check->pointer, "~0");
        else if (*key == '/')
            buffer_add_string(&check->pointer, "~1");
        else
            buffer_add_char(&check->pointer, *key);
    }
    return before;
}

static void check_leave(Check *check, size_t before)
{
    check->pointer.size = before;
    if (check->pointer.bytes != NULL)
        check->pointer.bytes[before] = '\0';
}

static int check_fail(Check *check, const char *expected, const char *found)
{
    const char *at = check->pointer.size > 0 ? buffer_text(&check->pointer) : "/";

    provider_problem(check->problem, "VALIDATION_FAILED", "not_applied", false,
                     "argument '%s': expected %s, found %s", at[1] != '\0' ? at + 1 : at, expected,
                     found);
    snprintf(check->problem->pointer, sizeof check->problem->pointer, "%s", at);
    return -1;
}

static const char *type_name(const Json *value)
{
    if (json_is_object(value))
        return "object";
    if (json_is_array(value))
        return "array";
    if (json_is_string(value))
        return "string";
    if (json_is_bool(value))
        return "boolean";
    if (json_is_null(value))
        return "null";
    return json_number(value, 0.5) == floor(json_number(value, 0.5)) ? "integer" : "number";
}

static bool type_fits(const char *wanted, const Json *value)
{
    const char *found = type_name(value);

    if (strcmp(wanted, "integer") == 0)
        return json_is_int(value);
    if (strcmp(wanted, "number") == 0)
        return json_is_number(value);
    return strcmp(wanted, found) == 0;
}

static int check_type(Check *check, const Json *type, const Json *value)
{
    if (type == NULL)
        return 0;
    if (json_is_string(type)) {
        const char *wanted = json_string(type, "");
        return type_fits(wanted, value) ? 0 : check_fail(check, wanted, type_name(value));
    }
    for (const Json *t = json_first(type); t != NULL; t = json_next(t))
        if (type_fits(json_string(t, ""), value))
            return 0;
    cleanup(free) char *wanted = json_text(type);
    return check_fail(check, wanted, type_name(value));
}

static int check_enum(Check *check, const Json *schema, const Json *value)
{
    const Json *list = json_get(schema, "enum"), *only = json_get(schema, "const");
    bool fits = list == NULL;

    for (const Json *e = json_first(list); e != NULL && !fits; e = json_next(e))
        fits = json_equal(e, value);
    if (fits && (only == NULL || json_equal(only, value)))
        return 0;
    cleanup(free) char *wanted = json_text(fits ? only : list);
    cleanup(free) char *found = json_text(value);
    return check_fail(check, wanted, found);
}

static int check_bounds(Check *check, const Json *schema, const Json *value)
{
    double number = json_number(value, 0);
    double low = json_number(json_get(schema, "minimum"), -INFINITY);
    double high = json_number(json_get(schema, "maximum"), INFINITY);
    int64_t size = (int64_t)strlen(json_string(value, ""));
    char expected[64], found[64];

    if (json_is_number(value) && (number < low || number > high)) {
        snprintf(expected, sizeof expected, "a number from %g to %g", low, high);
        snprintf(found, sizeof found, "%g", number);
        return check_fail(check, expected, found);
    }
    int64_t shortest = json_get_int(schema, "minLength", 0);
    int64_t longest = json_get_int(schema, "maxLength", INT64_MAX);
    if (json_is_string(value) && (size < shortest || size > longest)) {
        snprintf(expected, sizeof expected, "%lld to %lld bytes", (long long)shortest,
                 (long long)longest);
        snprintf(found, sizeof found, "%lld bytes", (long long)size);
        return check_fail(check, expected, found);
    }
    return 0;
}

static int check_value(Check *check, const Json *schema, const Json *value);

static int check_required(Check *check, const Json *schema, const Json *value)
{
    const Json *required = json_get(schema, "required");

    for (const Json *r = json_first(required); r != NULL; r = json_next(r)) {
        const char *key = json_string(r, "");
        if (json_get(value, key) != NULL)
            continue;
        check_enter(check, key);
        return check_fail(check, "a value (it is required)", "none");
    }
    return 0;
}

static int check_member(Check *check, const Json *schema, const Json *member)
{
    const Json *property = json_get(json_get(schema, "properties"), json_key(member));
    const Json *other = json_get(schema, "additionalProperties");
    size_t before = check_enter(check, json_key(member));
    int code = 0;

    if (property == NULL && json_is_bool(other) && !json_bool(other, true))
        code = check_fail(check, "none (there is no such parameter)", type_name(member));
    else if (property != NULL || json_is_object(other))
        code = check_value(check, property != NULL ? property : other, member);
    if (code == 0)
        check_leave(check, before);
    return code;
}

static int check_items(Check *check, const Json *schema, const Json *value)
{
    const Json *items = json_get(schema, "items");
    size_t index = 0;

    for (const Json *v = json_first(value); items != NULL && v != NULL; v = json_next(v)) {
        char name[24];
        snprintf(name, sizeof name, "%zu", index++);
        size_t before = check_enter(check, name);
        if (check_value(check, items, v) < 0)
            return -1;
        check_leave(check, before);
    }
    return 0;
}

static bool stands_for_another(const Json *value)
{
    return json_get(value, "$unknown") != NULL || json_get(value, "$secret") != NULL;
}

static int check_value(Check *check, const Json *schema, const Json *value)
{
    if (stands_for_another(value))
        return 0;
    if (check_type(check, json_get(schema, "type"), value) < 0 ||
        check_enum(check, schema, value) < 0 || check_bounds(check, schema, value) < 0)
        return -1;
    if (json_is_array(value))
        return check_items(check, schema, value);
    if (!json_is_object(value))
        return 0;
    if (check_required(check, schema, value) < 0)
        return -1;
    for (const Json *m = json_first(value); m != NULL; m = json_next(m))
        if (check_member(check, schema, m) < 0)
            return -1;
    return 0;
}

int schema_check(const Json *parameters, const Json *value, ProviderProblem *problem)
{
    Check check = {.problem = problem};

    buffer_init(&check.pointer, sizeof problem->pointer - 1);
    int code = check_value(&check, parameters, value);
    buffer_deinit(&check.pointer);
    return code;
}

const Json *schema_parameter(const Json *effect, const char *name)
{
    return json_get(json_get(json_get(effect, "parameters"), "properties"), name);
}

Json *schema_unknown(void)
{
    Json *unknown = json_new_object();

    json_set(unknown, "$unknown", json_new_object());
    return unknown;
}

Json *schema_unknown_result(const Json *effect)
{
    const Json *properties = json_get(json_get(effect, "result"), "properties");
    Json *result = json_new_object();

    for (const Json *p = json_first(properties); p != NULL; p = json_next(p))
        json_set(result, json_key(p), schema_unknown());
    return result;
}

bool schema_has_unknown(const Json *value)
{
    if (json_get(value, "$unknown") != NULL)
        return true;
    if (!json_is_object(value) && !json_is_array(value))
        return false;
    for (const Json *m = json_first(value); m != NULL; m = json_next(m))
        if (schema_has_unknown(m))
            return true;
    return false;
}

static bool names_secrets(const Json *properties)
{
    for (const Json *p = json_first(properties); p != NULL; p = json_next(p))
        if (json_get_bool(p, "x-ved-sensitive", false))
            return true;
    return false;
}

char *schema_sensitive(const Json *effect, const char *result)
{
    const Json *properties = json_get(json_get(effect, "result"), "properties");
    cleanup(free) char *concealed = secrets_pointers(result);
    cleanup(json_free) Json *pointers = NULL, *tree = NULL;

    if (!names_secrets(properties))
        return take(concealed);
    pointers = text_json(concealed);
    tree = text_json(result);
    for (const Json *p = json_first(properties); p != NULL; p = json_next(p)) {
        cleanup(free) char *pointer = memory_format("/%s", json_key(p));
        if (json_get_bool(p, "x-ved-sensitive", false) &&
            json_is_string(json_get(tree, json_key(p))))
            json_append(pointers, json_new_string(pointer));
    }
    return json_text(pointers);
}
