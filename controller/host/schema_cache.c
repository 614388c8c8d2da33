#include "controller/host/schema_cache.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "controller/host/plugin.h"
#include "controller/host/plugin_schema.h"
#include "lang/base/file.h"
#include "lang/base/hash.h"
#include "lang/base/memory.h"

#define FORMAT "ved.schema"
#define VERSION 1
#define FILE_SIZE_MAX (PLUGIN_SCHEMA_SIZE_MAX + 65536)
#define NAME_SIZE_MAX 48
#define KEY_SIZE 16

/* ---- names ---- */

static void key_digest(const ProviderConfig *provider, char ret[2 * SHA256_SIZE + 1])
{
    cleanup(buffer_deinit) Buffer text = {0};
    uint8_t digest[SHA256_SIZE];

    json_put_string(&text, provider->plugin);
    if (json_count(provider->config) > 0)
        json_write_canonical(&text, provider->config);
    sha256(buffer_text(&text), text.size, digest);
    hex_encode(digest, sizeof digest, ret);
}

static char *cache_path(const SchemaCacheKey *key)
{
    char name[NAME_SIZE_MAX + 1], digest[2 * SHA256_SIZE + 1];

    snprintf(name, sizeof name, "%s", plugin_short_name(key->provider->plugin));
    for (char *c = name; *c != '\0'; c++)
        if (!isalnum((unsigned char)*c) && *c != '-' && *c != '_')
            *c = '_';
    key_digest(key->provider, digest);
    return memory_format("%s/schemas/%s-%.*s.json", key->state_path, name, KEY_SIZE, digest);
}

/* ---- the program ---- */

/* What tells a program from its successor; NULL: there is none. */
static Json *program_mark(const char *program)
{
    struct stat status;

    if (program == NULL || stat(program, &status) < 0)
        return NULL;
    Json *mark = json_new_object();
    json_set_int(mark, "size", status.st_size);
    json_set_int(mark, "modified_s", status.st_mtim.tv_sec);
    json_set_int(mark, "modified_ns", status.st_mtim.tv_nsec);
    return mark;
}

static bool is_of_program(const Json *document, const char *program)
{
    cleanup(json_free) Json *mark = program_mark(program);

    return mark == NULL || json_equal(mark, json_get(document, "program"));
}

/* ---- writing ---- */

static void cache_encode(const SchemaCacheKey *key, const char *vendor_version,
                         const ProviderSchema *schema, Buffer *ret)
{
    cleanup(json_free) Json *document = json_new_object();
    Json *mark = program_mark(key->program);

    json_set_string(document, "format", FORMAT);
    json_set_int(document, "version", VERSION);
    json_set_string(document, "plugin", key->provider->plugin);
    json_set_string(document, "vendor_version", vendor_version);
    if (mark != NULL)
        json_set(document, "program", mark);
    json_set_string(document, "digest", provider_schema_digest(schema));
    json_set(document, "schema", json_copy(provider_schema_document(schema)));
    json_write(ret, document);
    buffer_add_char(ret, '\n');
}

static bool is_there_already(const char *path, const Buffer *text)
{
    cleanup(buffer_deinit) Buffer there = {0};

    return file_read(path, FILE_SIZE_MAX, &there, NULL) == 0 && there.size == text->size &&
           memcmp(buffer_text(&there), buffer_text(text), text->size) == 0;
}

int schema_cache_write(const SchemaCacheKey *key, const char *vendor_version,
                       const ProviderSchema *schema, Error *err)
{
    cleanup(buffer_deinit) Buffer text = {0};
    cleanup(free) char *path = cache_path(key);
    cleanup(free) char *folder = memory_format("%s/schemas", key->state_path);
    int code;

    buffer_init(&text, FILE_SIZE_MAX);
    cache_encode(key, vendor_version, schema, &text);
    if (text.overflowed)
        return error_set(err, ERROR_PROVIDER, "keep the schema of '%s': it is too large",
                         key->provider->plugin);
    if (is_there_already(path, &text))
        return 0;
    if ((code = folder_make(folder, 0700, err)) < 0)
        return code;
    return file_replace(path, buffer_text(&text), text.size, 0600, err);
}

/* ---- reading ---- */

static int cache_decode(Json *document, ProviderSchema **ret, Error *err)
{
    cleanup(provider_schema_free) ProviderSchema *schema = NULL;
    cleanup(json_free) Json *kept = NULL;

    if (strcmp(json_get_string(document, "format", ""), FORMAT) != 0 ||
        json_get_int(document, "version", 0) != VERSION)
        return error_set(err, ERROR_STATE, "expected a document of format %s, version %d", FORMAT,
                         VERSION);
    kept = json_detach(document, "schema");
    if (provider_schema_parse(kept, &schema, err) < 0)
        return err->code;
    take(kept);
    if (strcmp(json_get_string(document, "digest", ""), provider_schema_digest(schema)) != 0)
        return error_set(err, ERROR_STATE, "the schema in it is not the one that was kept");
    *ret = take(schema);
    return 0;
}

int schema_cache_read(const SchemaCacheKey *key, ProviderSchema **ret, Error *err)
{
    cleanup(buffer_deinit) Buffer text = {0};
    cleanup(json_free) Json *document = NULL;
    cleanup(free) char *path = cache_path(key);
    int code;

    if (!file_exists(path))
        return SCHEMA_CACHE_NONE;
    if ((code = file_read(path, FILE_SIZE_MAX, &text, err)) < 0)
        return error_wrap(err, "schema kept of '%s'", key->provider->plugin);
    if ((code = json_parse_own(buffer_text(&text), text.size, &document, err)) < 0 ||
        (code = cache_decode(document, ret, err)) < 0)
        return error_wrap(err, "schema kept of '%s': '%s'", key->provider->plugin, path);
    return is_of_program(document, key->program) ? 0 : SCHEMA_CACHE_OLD;
}
