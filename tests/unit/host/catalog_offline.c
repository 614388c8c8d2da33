/* What can be found out of plugins that do not run: shell scripts that print their schema. */
#include "controller/host/catalog_offline.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/host/schema_cache.h"
#include "lang/base/memory.h"
#include "scratch.h"

static char *folder, *program_path;
static Config *config;
static Buffer notes;

static void make_folder(void)
{
    folder = scratch_make();
    program_path = scratch_path(folder, "plugin");
    config = config_new();
}

static void remove_folder(void)
{
    config_free(config);
    free(program_path);
    buffer_deinit(&notes);
    scratch_remove(folder);
}

TestSuite(catalog_offline, .init = make_folder, .fini = remove_folder);

/* The provider Odd of a program that uses it, bound to `plugin`. */
static const CatalogProvider *look(const char *plugin, Catalog **ret)
{
    static const EffectUse use = {.provider = "Odd", .effect = "E"};
    static const Program program = {.effects = &use, .effect_count = 1};
    const CatalogPlaces places = {folder, folder};
    Error err = {0};

    config_bind(config, "Odd", plugin);
    cr_assert_eq(config_complete(config, &program, &err), 0, "%s", err.message);
    buffer_reset(&notes);
    *ret = catalog_offline(&program, config, &places, &notes);
    return map_get(&(*ret)->providers, "Odd");
}

static void script(const char *text)
{
    scratch_write(program_path, text, strlen(text));
    cr_assert_eq(chmod(program_path, 0700), 0);
}

static void keep(const char *text)
{
    const SchemaCacheKey key = {folder, config_provider(config, "Odd"), program_path};
    cleanup(provider_schema_free) ProviderSchema *schema = NULL;
    Json *document;

    cr_assert_eq(json_parse(text, strlen(text), &document, NULL), 0);
    cr_assert_eq(provider_schema_parse(document, &schema, NULL), 0);
    cr_assert_eq(schema_cache_write(&key, "1", schema, NULL), 0);
}

static void expect_effect(const char *plugin, const char *effect)
{
    cleanup(catalog_free) Catalog *catalog = NULL;
    const CatalogProvider *provider = look(plugin, &catalog);

    cr_expect(provider->known);
    cr_expect_not_null(catalog_effect(provider, effect), "%s", effect);
    cr_expect_str_eq(buffer_text(&notes), "");
    cr_expect(catalog->tentative);
}

static void expect_note(const char *plugin, const char *words)
{
    cleanup(catalog_free) Catalog *catalog = NULL;
    const CatalogProvider *provider = look(plugin, &catalog);

    cr_expect_not(provider->known);
    cr_expect_not_null(strstr(buffer_text(&notes), words), "%s", buffer_text(&notes));
    cr_expect_not_null(strstr(buffer_text(&notes), "provider Odd"), "%s", buffer_text(&notes));
}

Test(catalog_offline, a_plugin_on_this_machine_is_asked)
{
    script("#!/bin/sh\necho '{\"effects\":{\"E\":{}}}'\n");
    expect_effect(program_path, "E");
}

Test(catalog_offline, what_is_kept_is_used_until_the_program_changes)
{
    script("#!/bin/sh\nexit 1\n");
    config_bind(config, "Odd", program_path);
    keep("{\"effects\":{\"Kept\":{}}}");
    expect_effect(program_path, "Kept");
    script("#!/bin/sh\necho '{\"effects\":{\"Asked\":{}}}'\n");
    expect_effect(program_path, "Asked");
    script("#!/bin/sh\nexit 17\n");
    expect_effect(program_path, "Kept");
    cr_assert_eq(unlink(program_path), 0);
    expect_effect(program_path, "Kept");
}

Test(catalog_offline, what_cannot_be_found_out_is_said_once_for_each_name)
{
    expect_note(program_path, "No such file");
    script("#!/bin/sh\nexit 3\n");
    expect_note(program_path, "ended with code 3");
    expect_note("https://odd.example", "it is remote");
    expect_note("https://odd.example", "`ved plan`");
    cr_expect_eq(strchr(buffer_text(&notes), '\n')[1], '\0');
}
