/* ved provider: which plugins there are, what one offers, and whether it keeps the protocol. */
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "cmd/ved/invocation.h"
#include "controller/conformance/suite.h"
#include "controller/host/config.h"
#include "controller/host/plugin.h"
#include "controller/host/plugin_schema.h"
#include "lang/base/file.h"
#include "lang/base/memory.h"

#define START_MS 30000
#define SCHEMA_MS 10000

/* ---- which one ---- */

/* `--config`: JSON, or the path of a file with it. NULL: none. The caller frees it. */
static int config_text(const char *config, char **ret, Error *err)
{
    cleanup(buffer_deinit) Buffer text = {0};
    cleanup(json_free) Json *json = NULL;

    if (config == NULL)
        return 0;
    if (config[strspn(config, " \t\n")] == '{')
        buffer_add_string(&text, config);
    else if (file_read(config, CONFIG_SIZE_MAX, &text, err) < 0)
        return err->code = (error_wrap(err, "--config"), ERROR_USAGE);
    if (json_parse(buffer_text(&text), text.size, &json, err) < 0)
        return err->code = (error_wrap(err, "--config '%.64s'", config), ERROR_USAGE);
    *ret = buffer_take(&text);
    return 0;
}

/* The provider of the command line; `ret` owns nothing but what its strings point to. */
typedef struct Named {
    char *plugin_dir, *config;
    SubjectOptions options;
} Named;

static void named_deinit(Named *named)
{
    free(named->plugin_dir);
    free(named->config);
}
#define named_deinit_p named_deinit

static int named_find(const Options *options, const char *usage, Named *ret, Error *err)
{
    if (options->arg_count != 1)
        return error_set(err, ERROR_USAGE, "expected one plugin, found %d: %s", options->arg_count,
                         usage);
    if ((options->tls_cert == NULL) != (options->tls_key == NULL))
        return error_set(err, ERROR_USAGE, "--tls-cert and --tls-key belong together");
    if (config_text(options->config, &ret->config, err) < 0)
        return err->code;
    ret->plugin_dir = plugin_folder();
    ret->options = (SubjectOptions){
        .plugin = options->args[0],
        .plugin_dir = ret->plugin_dir,
        .config = ret->config,
        .tls = {.ca = (char *)options->tls_ca,
                .cert = (char *)options->tls_cert,
                .key = (char *)options->tls_key},
        .token_file = options->token_file,
        .start_ms = START_MS,
    };
    return 0;
}

/* ---- check ---- */

typedef struct Report {
    Ui *ui;
    Json *results; /* NULL: TAP is wanted */
    size_t count;
} Report;

static void report_result(void *context, const Json *result)
{
    Report *report = context;
    cleanup(buffer_deinit) Buffer text = {0};

    report->count++;
    if (report->results != NULL) {
        json_append(report->results, json_copy(result));
        return;
    }
    tap_put(&text, report->count, result);
    ui_out(report->ui, "%s", buffer_text(&text));
    fflush(stdout);
}

static void print_json(Ui *ui, const char *plugin, Json *results, const SuiteCounts *counts)
{
    cleanup(json_free) Json *document = json_new_object();
    cleanup(buffer_deinit) Buffer text = {0};

    json_set_string(document, "plugin", plugin);
    json_set_int(document, "passed", counts->passed);
    json_set_int(document, "failed", counts->failed);
    json_set_int(document, "skipped", counts->skipped);
    json_set(document, "results", results);
    json_write_pretty(&text, document);
    ui_out(ui, "%s\n", buffer_text(&text));
}

static ExitReasons check(Ui *ui, const Options *options, const SuiteOptions *suite, size_t rules)
{
    Report report = {.ui = ui, .results = options->json ? json_new_array() : NULL};
    SuiteCounts counts = {0};
    Error err = {0};

    if (!options->json)
        ui_out(ui, "TAP version 14\n1..%zu\n", rules);
    if (suite_run(suite, report_result, &report, &counts, &err) < 0) {
        json_free(report.results);
        cleanup(free) char *sentence = text_clean(err.message);
        if (!options->json)
            ui_out(ui, "Bail out! %s\n", sentence);
        return fail(ui, &err);
    }
    if (options->json)
        print_json(ui, suite->subject.plugin, report.results, &counts);
    else
        ui_out(ui, "# %u passed, %u failed, %u skipped\n", counts.passed, counts.failed,
               counts.skipped);
    return counts.failed > 0 ? EXIT_BIT(PROVIDER) : 0;
}

ExitReasons verb_provider_check(Ui *ui, const Options *options)
{
    cleanup(named_deinit) Named named = {0};
    Error err = {0};
    size_t rules = 0;

    if (named_find(options, "ved provider check URL|PLUGIN", &named, &err) < 0)
        return fail(ui, &err);
    SuiteOptions suite = {
        .subject = named.options,
        .samples = options->samples,
        .only = options->only,
        .only_count = options->only_count,
        .timeout_ms = options->timeout_ms,
    };
    if (suite_count(&suite, &rules, &err) < 0)
        return fail(ui, &err);
    return check(ui, options, &suite, rules);
}

/* ---- schema ---- */

/* A plugin on this machine is asked without being started. */
static int schema_of(const Named *named, Json **ret, Error *err)
{
    cleanup(free) char *program = plugin_program(named->options.plugin_dir, named->options.plugin);
    cleanup(provider_schema_free) ProviderSchema *schema = NULL;
    cleanup(json_free) Json *both = NULL;

    if (program == NULL) {
        if (suite_describe(&named->options, &both, err) < 0)
            return err->code;
        *ret = json_detach(both, "schema");
        return 0;
    }
    if (plugin_schema_ask(program, named->config, SCHEMA_MS, &schema, err) < 0)
        return err->code = ERROR_PROVIDER;
    *ret = json_copy(provider_schema_document(schema));
    return 0;
}

ExitReasons verb_provider_schema(Ui *ui, const Options *options)
{
    cleanup(named_deinit) Named named = {0};
    cleanup(json_free) Json *schema = NULL;
    cleanup(buffer_deinit) Buffer text = {0};
    Error err = {0};

    if (named_find(options, "ved provider schema URL|PLUGIN", &named, &err) < 0 ||
        schema_of(&named, &schema, &err) < 0)
        return fail(ui, &err);
    json_write_pretty(&text, schema);
    ui_out(ui, "%s\n", buffer_text(&text));
    return 0;
}

/* ---- list ---- */

static void print_plugins(Ui *ui, const glob_t *found, bool as_json)
{
    cleanup(json_free) Json *list = json_new_array();
    cleanup(buffer_deinit) Buffer text = {0};

    for (size_t i = 0; i < found->gl_pathc; i++) {
        const char *path = found->gl_pathv[i], *name = plugin_short_name(path);
        Json *entry = json_new_object();
        json_set_string(entry, "name", name);
        json_set_string(entry, "path", path);
        json_append(list, entry);
        if (!as_json)
            ui_out(ui, "%-12s %s\n", name, path);
    }
    if (!as_json)
        return;
    json_write_pretty(&text, list);
    ui_out(ui, "%s\n", buffer_text(&text));
}

ExitReasons verb_provider_list(Ui *ui, const Options *options)
{
    cleanup(free) char *folder = plugin_folder();
    cleanup(free) char *pattern = memory_format("%s/ved-provider-*", folder);
    glob_t found = {0};
    Error err = {0};

    if (options->arg_count > 0) {
        error_set(&err, ERROR_USAGE, "expected nothing more: ved provider list");
        return fail(ui, &err);
    }
    int code = glob(pattern, 0, NULL, &found);
    if (code != 0 && code != GLOB_NOMATCH) {
        error_set(&err, ERROR_STATE, "list '%s': the folder cannot be read", pattern);
        return fail(ui, &err);
    }
    print_plugins(ui, &found, options->json);
    globfree(&found);
    return 0;
}
