#include "controller/host/catalog_make.h"

#include <criterion/criterion.h>
#include <string.h>

#include "lang/base/memory.h"

static const char document[] =
    "{\"effects\":{\"CreateServer\":{\"positional\":[\"size\",\"zone\"],\"parameters\":{"
    "\"type\":\"object\",\"required\":[\"size\",\"image\",\"owner\"],\"properties\":{"
    "\"size\":{\"type\":\"integer\"},"
    "\"zone\":{\"enum\":[\"north\",\"south\"]},"
    "\"image\":{\"type\":[\"string\",\"null\"]},"
    "\"ports\":{\"type\":\"array\",\"items\":{\"type\":\"integer\"}},"
    "\"env\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}},"
    "\"odd\":{\"oneOf\":[{\"type\":\"string\"}]}}},"
    "\"result\":{\"type\":\"object\",\"properties\":{\"port\":{\"type\":\"integer\"}}}},"
    "\"Ping\":{}},"
    "\"queries\":{\"load\":{\"result\":{\"type\":\"number\"}}}}";

static ProviderSchema *schema;
static Config *config;
static Catalog *catalog;
static const Program no_program;

static const ProviderSchema *the_schema(void *context, const ProviderConfig *provider)
{
    (void)context, (void)provider;
    return schema;
}

/* Provider Cloud, with `actions` as a binding file has them. */
static const CatalogProvider *make(const char *text, const char *effect, const char *action,
                                   const char *defaults)
{
    Error err = {0};
    Json *json = NULL;

    if (text != NULL) {
        cr_assert_eq(json_parse(text, strlen(text), &json, &err), 0, "%s", err.message);
        cr_assert_eq(provider_schema_parse(json, &schema, &err), 0, "%s", err.message);
    }
    config = config_new();
    config_bind(config, "Cloud", "cloud");
    if (effect != NULL) {
        ProviderConfig *provider = config_provider(config, "Cloud");
        provider->actions = memory_zero(1, sizeof *provider->actions);
        provider->action_count = 1;
        provider->actions[0] = (ActionConfig){.effect = memory_copy_string(effect),
                                              .action = memory_copy_string(action)};
        json_parse(defaults, strlen(defaults), &provider->actions[0].defaults, NULL);
    }
    catalog = catalog_make(&no_program, config, the_schema, NULL);
    return map_get(&catalog->providers, "Cloud");
}

static void unmake(void)
{
    provider_schema_free(schema);
    config_free(config);
    catalog_free(catalog);
}

TestSuite(catalog_make, .fini = unmake);

static void expect_type(const CatalogEntry *entry, const char *parameter, const char *text)
{
    cleanup(buffer_deinit) Buffer found = {0};
    const CatalogType *type = catalog_member_type(entry->parameters, parameter);

    cr_assert_not_null(type, "%s", parameter);
    catalog_type_print(&found, type);
    cr_assert_str_eq(buffer_text(&found), text, "%s", parameter);
}

Test(catalog_make, parameters_have_the_types_of_the_schema)
{
    const CatalogEntry *entry = catalog_effect(make(document, NULL, NULL, NULL), "CreateServer");

    cr_assert_not_null(entry);
    expect_type(entry, "size", "int");
    expect_type(entry, "zone", "one of \"north\", \"south\"");
    expect_type(entry, "image", "null or string");
    expect_type(entry, "ports", "list<int>");
    expect_type(entry, "env", "map");
    expect_type(entry, "odd", "any");
    expect_type(entry, "owner", "any");
    cr_assert_null(catalog_member_type(entry->parameters, "colour"));
    cr_assert(catalog_member(entry->parameters, "size")->required);
    cr_assert(catalog_member(entry->parameters, "owner")->required);
    cr_assert_not(catalog_member(entry->parameters, "ports")->required);
    cr_assert_eq(entry->positional_count, 2);
    cr_assert_str_eq(entry->positional[1], "zone");
}

Test(catalog_make, a_result_has_the_members_of_the_schema_and_no_others)
{
    const CatalogProvider *provider = make(document, NULL, NULL, NULL);
    const CatalogEntry *server = catalog_effect(provider, "CreateServer");

    cr_assert_eq(catalog_member_type(server->result, "port")->kinds, CATALOG_INTEGER);
    cr_assert_null(catalog_member_type(server->result, "host"));
    const CatalogEntry *ping = catalog_effect(provider, "Ping");
    cr_assert_eq(ping->result, &catalog_anything);
    cr_assert_not_null(catalog_member_type(ping->parameters, "whatever"));
    cr_assert_eq(catalog_query(provider, "load")->result->kinds, CATALOG_NUMBER | CATALOG_INTEGER);
    cr_assert_null(catalog_query(provider, "weather"));
    cr_assert_null(catalog_effect(provider, "Pong"));
}

Test(catalog_make, what_a_binding_gives_is_given)
{
    const CatalogProvider *provider =
        make(document, "Buy", "CreateServer", "{\"image\":\"x\",\"zone\":\"north\"}");
    const CatalogEntry *entry = catalog_effect(provider, "Buy");

    cr_assert_str_eq(entry->action, "CreateServer");
    cr_assert(catalog_member(entry->parameters, "image")->given);
    cr_assert_not(catalog_member(entry->parameters, "size")->given);
    cr_assert_not(
        catalog_member(catalog_effect(provider, "CreateServer")->parameters, "image")->given);
}

Test(catalog_make, what_a_binding_gives_in_vain_is_a_stray)
{
    const CatalogProvider *provider =
        make(document, "Buy", "CreateServer", "{\"image\":\"x\",\"zoen\":\"north\"}");

    cr_assert_str_eq(catalog_effect(provider, "Buy")->stray, "zoen");
    cr_assert_null(catalog_effect(provider, "CreateServer")->stray);
}

Test(catalog_make, an_action_that_the_provider_has_not_is_missing)
{
    const CatalogProvider *provider = make(document, "Buy", "CreateServe", "{}");

    cr_assert(catalog_effect(provider, "Buy")->missing);
    cr_assert_str_eq(catalog_effect(provider, "Buy")->action, "CreateServe");
}

Test(catalog_make, the_entry_for_any_effect_stands_in_for_all_others)
{
    const CatalogProvider *provider =
        make("{\"any\":{},\"any_query\":{}}", "Buy", "Other", "{\"x\":1}");

    cr_assert_not(catalog_effect(provider, "Buy")->missing);
    cr_assert_not_null(catalog_effect(provider, "Whatever"));
    cr_assert_not_null(catalog_query(provider, "whatever"));
}

Test(catalog_make, a_provider_without_a_schema_is_not_known)
{
    const CatalogProvider *provider = make(NULL, NULL, NULL, NULL);

    cr_assert_not(provider->known);
    cr_assert_null(catalog_effect(provider, "CreateServer"));
}

/* ---- uses ---- */

static const ProviderSchema *schema_but_of_dark(void *context, const ProviderConfig *provider)
{
    return strcmp(provider->plugin, "dark") == 0 ? NULL : the_schema(context, provider);
}

/* Cloud is bound, Other too if `other`, Dark to a plugin that is not known if `dark`; the program
 * has one use. */
static CatalogUse use_of(const char *provider, const char *effect, bool other, bool dark)
{
    EffectUse use = {.provider = provider, .effect = effect};
    const Program program = {.effects = &use, .effect_count = 1};
    Error err = {0};

    make(document, NULL, NULL, NULL);
    catalog_free(catalog);
    if (other)
        config_bind(config, "Other", "cloud");
    if (dark)
        config_bind(config, "Dark", "dark");
    cr_assert_eq(config_complete(config, &program, &err), 0, "%s", err.message);
    catalog = catalog_make(&program, config, schema_but_of_dark, NULL);
    return catalog->effects[0];
}

Test(catalog_make, a_named_provider_is_asked_whatever_it_has)
{
    CatalogUse use = use_of("Cloud", "Explode", true, true);

    cr_assert_str_eq(use.provider->name, "Cloud");
    cr_assert_eq(use.count, 1);
    cr_assert_not(use.assumed);
}

Test(catalog_make, a_name_that_nobody_has_bound_is_assumed)
{
    CatalogUse use = use_of("Infra", "CreateServer", false, false);

    cr_assert_str_eq(use.provider->plugin, "local");
    cr_assert(use.assumed);
}

Test(catalog_make, an_effect_without_a_provider_asks_the_one_that_has_it)
{
    CatalogUse use = use_of(NULL, "CreateServer", false, false);

    cr_assert_str_eq(use.provider->name, "Cloud");
    cr_assert_eq(use.count, 1);
    cr_assert_not(use.open);
}

Test(catalog_make, an_effect_that_several_have_asks_nobody)
{
    cr_assert_eq(use_of(NULL, "CreateServer", true, false).count, 2);
}

Test(catalog_make, an_effect_that_nobody_has_may_be_of_whoever_is_not_known)
{
    CatalogUse use = use_of(NULL, "Explode", false, true);

    cr_assert_eq(use.count, 0);
    cr_assert(use.open);
}
