#include "controller/host/schema_cache.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lang/base/memory.h"
#include "scratch.h"

static const char document[] =
    "{\"effects\":{\"Pay\":{\"kind\":\"action\",\"parameters\":{\"type\":\"object\"}}}}";

static char *state;
static ProviderConfig provider;

static void make_state(void)
{
    state = scratch_make();
    provider = (ProviderConfig){.name = "Bank", .plugin = "https://bank.example:8443"};
}

static void remove_state(void)
{
    scratch_remove(state);
}

TestSuite(schema_cache, .init = make_state, .fini = remove_state);

static ProviderSchema *schema_of(const char *text)
{
    ProviderSchema *schema = NULL;
    Json *json;
    Error err = {0};

    cr_assert_eq(json_parse(text, strlen(text), &json, &err), 0, "%s", err.message);
    cr_assert_eq(provider_schema_parse(json, &schema, &err), 0, "%s", err.message);
    return schema;
}

static void keep(const char *program, const char *text)
{
    cleanup(provider_schema_free) ProviderSchema *schema = schema_of(text);
    const SchemaCacheKey key = {state, &provider, program};
    Error err = {0};

    cr_assert_eq(schema_cache_write(&key, "1.2", schema, &err), 0, "%s", err.message);
}

/* The digest of what is read has to be that of `text`; NULL: nothing is expected to be read. */
static void expect(const char *program, int code, const char *text)
{
    const SchemaCacheKey key = {state, &provider, program};
    cleanup(provider_schema_free) ProviderSchema *schema = NULL;
    Error err = {0};

    cr_assert_eq(schema_cache_read(&key, &schema, &err), code, "%s", err.message);
    cr_assert_eq(schema != NULL, text != NULL);
    if (text == NULL)
        return;
    cleanup(provider_schema_free) ProviderSchema *expected = schema_of(text);
    cr_assert_str_eq(provider_schema_digest(schema), provider_schema_digest(expected));
}

/* The path of the one file that is kept. */
static char *kept_file(void)
{
    cleanup(free) char *folder = scratch_path(state, "schemas");
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    char *path = NULL;

    cr_assert_not_null(dir);
    while ((entry = readdir(dir)) != NULL)
        if (entry->d_name[0] != '.') {
            cr_assert_null(path, "there is more than one");
            path = scratch_path(folder, entry->d_name);
        }
    closedir(dir);
    cr_assert_not_null(path);
    return path;
}

Test(schema_cache, gives_back_what_was_kept)
{
    expect(NULL, SCHEMA_CACHE_NONE, NULL);
    keep(NULL, document);
    expect(NULL, 0, document);
}

Test(schema_cache, another_config_is_another_schema)
{
    cleanup(json_free) Json *config = json_new_object();

    keep(NULL, document);
    provider.config = config;
    expect(NULL, 0, document);
    json_set_int(config, "region", 1);
    expect(NULL, SCHEMA_CACHE_NONE, NULL);
}

Test(schema_cache, is_written_only_when_it_changes)
{
    keep(NULL, document);
    cleanup(free) char *path = kept_file();
    struct stat before, after;
    cr_assert_eq(stat(path, &before), 0);
    keep(NULL, document);
    cr_assert_eq(stat(path, &after), 0);
    cr_assert_eq(before.st_ino, after.st_ino);
    keep(NULL, "{\"effects\":{}}");
    expect(NULL, 0, "{\"effects\":{}}");
}

Test(schema_cache, is_old_once_the_program_has_changed_but_not_when_it_is_gone)
{
    cleanup(free) char *program = scratch_path(state, "plugin");

    scratch_write(program, "one", 3);
    keep(program, document);
    expect(program, 0, document);
    scratch_write(program, "other", 5);
    expect(program, SCHEMA_CACHE_OLD, document);
    cr_assert_eq(remove(program), 0);
    expect(program, 0, document);
}

Test(schema_cache, a_damaged_file_is_refused_wherever_it_is_damaged)
{
    keep(NULL, document);
    cleanup(free) char *path = kept_file();
    cleanup(buffer_deinit) Buffer text = {0};
    const SchemaCacheKey key = {state, &provider, NULL};
    scratch_read(path, &text);

    for (size_t size = 0; size < text.size - 1; size++) {
        ProviderSchema *schema = NULL;
        Error err = {0};
        scratch_write(path, buffer_text(&text), size);
        cr_assert_lt(schema_cache_read(&key, &schema, &err), 0, "cut off at %zu", size);
        cr_assert_not_null(strstr(err.message, path), "%s", err.message);
        cr_assert_null(schema);
    }
    cleanup(free) char *wrong = memory_copy_string(buffer_text(&text));
    *strstr(wrong, "Pay") = 'S';
    scratch_write(path, wrong, text.size);
    expect(NULL, ERROR_STATE, NULL);
}

Test(schema_cache, a_file_that_is_too_large_is_refused)
{
    keep(NULL, document);
    cleanup(free) char *path = kept_file();
    cr_assert_eq(truncate(path, 64 << 20), 0);
    const SchemaCacheKey key = {state, &provider, NULL};
    ProviderSchema *schema = NULL;
    Error err = {0};
    cr_assert_lt(schema_cache_read(&key, &schema, &err), 0);
    cr_assert_not_null(strstr(err.message, "larger than"), "%s", err.message);
}
