#include "controller/host/catalog_offline.h"

#include <stdio.h>

#include "controller/host/bind.h"
#include "controller/host/catalog_make.h"
#include "controller/host/plugin.h"
#include "controller/host/plugin_schema.h"
#include "controller/host/schema_cache.h"
#include "lang/base/memory.h"

#define ASK_LIMIT_MS 10000

/* What was found out of one plugin with one config, which several names may share. */
typedef struct Found {
    ProviderSchema *schema; /* NULL: nothing */
    char why[512];          /* if so */
} Found;

typedef struct Search {
    const Program *program;
    const Config *config;
    const CatalogPlaces *places;
    Buffer *notes;
    Map found; /* plugin and config -> Found */
} Search;

static void found_free(Found *found)
{
    provider_schema_free(found->schema);
    free(found);
}

static void schema_replace(ProviderSchema **schema, ProviderSchema *by)
{
    provider_schema_free(*schema);
    *schema = by;
}

/* A kept schema of a program that has changed is better than none. */
static void ask_plugin(const char *program, const ProviderConfig *provider, Found *found)
{
    cleanup(free) char *config = provider->config != NULL ? json_text(provider->config) : NULL;
    ProviderSchema *schema;
    Error err;

    if (plugin_schema_ask(program, config, ASK_LIMIT_MS, &schema, &err) == 0)
        schema_replace(&found->schema, schema);
    else
        snprintf(found->why, sizeof found->why, "%.500s", err.message);
}

static Found *find_out(Search *search, const ProviderConfig *provider)
{
    cleanup(free) char *program = plugin_program(search->places->plugin_dir, provider->plugin);
    const SchemaCacheKey key = {search->places->state_path, provider, program};
    Found *found = memory_zero(1, sizeof *found);
    Error err;
    int code = schema_cache_read(&key, &found->schema, &err);

    if (code < 0)
        buffer_add_format(search->notes, "%s: it is ignored\n", err.message);
    if (code != 0 && program != NULL)
        ask_plugin(program, provider, found);
    else if (code != 0)
        snprintf(found->why, sizeof found->why, "it is remote, and nothing is kept of it");
    return found;
}

static Found *found_of(Search *search, const ProviderConfig *provider)
{
    cleanup(buffer_deinit) Buffer key = {0};

    json_put_string(&key, provider->plugin);
    if (provider->config != NULL)
        json_write_canonical(&key, provider->config);
    Found *found = map_get(&search->found, buffer_text(&key));
    if (found == NULL) {
        found = find_out(search, provider);
        map_put(&search->found, buffer_text(&key), found);
    }
    return found;
}

static const ProviderSchema *schema_of(void *context, const ProviderConfig *provider)
{
    Search *search = context;

    if (!config_is_used(search->config, search->program, provider))
        return NULL;
    const Found *found = found_of(search, provider);
    if (found->schema == NULL)
        buffer_add_format(search->notes,
                          "the effects of provider %s (plugin %s) are not checked: %s; `ved plan` "
                          "asks it and keeps what it says\n",
                          provider->name, provider->plugin, found->why);
    return found->schema;
}

Catalog *catalog_offline(const Program *program, const Config *config, const CatalogPlaces *places,
                         Buffer *ret_notes)
{
    Search search = {.program = program, .config = config, .places = places, .notes = ret_notes};
    Catalog *catalog = catalog_make(program, config, schema_of, &search);

    for (MapEntry *e = map_next(&search.found, NULL); e != NULL; e = map_next(&search.found, e))
        found_free(e->value);
    map_deinit(&search.found);
    catalog->tentative = true;
    return catalog;
}
