#include <criterion/criterion.h>
#include <string.h>

#include "controller/host/provider_schema.h"

static const char text[] =
    "{\"effects\":{"
    "\"CreatePostgres\":{\"kind\":\"instance\",\"type\":\"Postgres\",\"positional\":[\"name\"],"
    "\"parameters\":{\"type\":\"object\",\"required\":[\"name\"],\"properties\":"
    "{\"name\":{\"type\":\"string\"},\"version\":{\"type\":\"string\"}}},\"timeout_s\":300},"
    "\"HttpRequest\":{\"kind\":\"action\",\"parameters\":{\"properties\":{},"
    "\"additionalProperties\":true}}},"
    "\"queries\":{\"file_exists\":{\"args\":[\"path\"]}}}";

static ProviderSchema *schema_of(const char *document)
{
    Json *json;
    ProviderSchema *schema;
    Error err = {0};

    cr_assert_eq(json_parse(document, strlen(document), &json, &err), 0, "%s", err.message);
    cr_assert_eq(provider_schema_parse(json, &schema, &err), 0, "%s", err.message);
    return schema;
}

Test(provider_schema, tells_kind_type_and_places_of_an_effect)
{
    cleanup(provider_schema_free) ProviderSchema *schema = schema_of(text);
    const SchemaEffect *effect = schema_effect(schema, "CreatePostgres");

    cr_assert_eq(effect->kind, SCHEMA_INSTANCE);
    cr_assert_str_eq(effect->type, "Postgres");
    cr_assert_eq(effect->positional_count, 1);
    cr_assert_str_eq(effect->positional[0], "name");
    cr_assert_eq(effect->timeout_s, 300);
    cr_assert_eq(schema_effect(schema, "HttpRequest")->kind, SCHEMA_ACTION);
    cr_assert_str_eq(schema_effect_at(schema, 1)->name, "HttpRequest");
    cr_assert_null(schema_effect_at(schema, 2));
    cr_assert_null(schema_effect(schema, "Other"));
    cr_assert_not_null(schema_query(schema, "file_exists"));
    cr_assert_null(schema_query(schema, "other"));
}

Test(provider_schema, tells_what_needs_another_object_and_in_which_order)
{
    cleanup(provider_schema_free) ProviderSchema *schema =
        schema_of("{\"effects\":{\"Make\":{\"type\":\"thing\",\"parameters\":{\"properties\":{"
                  "\"size\":{\"type\":\"integer\",\"x-ved-immutable\":false},\"label\":{},"
                  "\"zone\":{\"type\":\"string\",\"x-ved-immutable\":true}}}}},"
                  "\"types\":{\"thing\":{\"replace_order\":\"create_first\"},"
                  "\"other\":{\"replace_order\":\"delete_first\"}}}");
    const SchemaEffect *effect = schema_effect(schema, "Make");

    cr_assert_eq(effect->immutable_count, 1);
    cr_assert_str_eq(effect->immutable[0], "zone");
    cr_assert(schema_creates_first(schema, "thing"));
    cr_assert_not(schema_creates_first(schema, "other"));
    cr_assert_not(schema_creates_first(schema, "unheard"));
}

Test(provider_schema, the_entry_for_any_effect_stands_in_for_all_others)
{
    cleanup(provider_schema_free) ProviderSchema *schema =
        schema_of("{\"any\":{\"kind\":\"instance\"},\"any_query\":{}}");
    const SchemaEffect *effect = schema_effect(schema, "Whatever");

    cr_assert_null(effect->name);
    cr_assert_null(effect->type);
    cr_assert_not_null(schema_query(schema, "x"));
}

Test(provider_schema, its_digest_does_not_depend_on_the_order_of_members)
{
    cleanup(provider_schema_free) ProviderSchema *a =
        schema_of("{\"effects\":{\"E\":{\"kind\":\"action\",\"type\":\"T\"}},\"queries\":{}}");
    cleanup(provider_schema_free) ProviderSchema *b =
        schema_of("{\"queries\":{},\"effects\":{\"E\":{\"type\":\"T\",\"kind\":\"action\"}}}");

    cr_assert_str_eq(provider_schema_digest(a), provider_schema_digest(b));
    cr_assert_eq(strlen(provider_schema_digest(a)), 64);
}
