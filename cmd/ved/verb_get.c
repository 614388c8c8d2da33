/* ved get, ved state, ved show: looking at a state folder, at rest or under a running process. */
#include <stdlib.h>
#include <string.h>

#include "cmd/ved/document.h"
#include "cmd/ved/render.h"
#include "cmd/ved/invocation.h"
#include "cmd/ved/rows.h"
#include "controller/core/snapshot.h"
#include "controller/host/secrets.h"
#include "lang/base/file.h"
#include "lang/base/memory.h"
#include "lang/base/yaml.h"

#define PLAN_FILE_MAX ((size_t)256 << 20)

static int open_at_rest(Invocation *invocation, Ui *ui, const Options *options, int args,
                        Error *err)
{
    const char *file = options->arg_count > args ? options->args[args] : NULL;

    if (invocation_open_state(invocation, ui, options, file, INVOCATION_LOOK, err) < 0)
        return err->code;
    rows_prepare(invocation->stack->runtime);
    return 0;
}

ExitReasons verb_get(Ui *ui, const Options *options)
{
    cleanup(invocation_close) Invocation invocation = {0};
    const RowKind *kind = options->arg_count > 0 ? row_kind_find(options->args[0]) : NULL;
    Error err = {0};

    if (options->arg_count > 2) {
        error_set(&err, ERROR_USAGE, "get: expected at most one program: ved get KIND [FILE]");
        return fail(ui, &err);
    }
    if (kind == NULL) {
        error_set(&err, ERROR_USAGE,
                  "get: expected one of domains, goals, resources, mailboxes, effects, "
                  "facts, deadletters%s%s",
                  options->arg_count > 0 ? ", found " : "",
                  options->arg_count > 0 ? options->args[0] : "");
        return fail(ui, &err);
    }
    if (open_at_rest(&invocation, ui, options, 1, &err) < 0)
        return fail(ui, &err);
    cleanup(json_free) Json *rows = kind->make(invocation.stack->runtime);
    if (!document_print_wanted(ui, options, rows))
        document_table(ui, kind->columns, rows);
    return 0;
}

/* ---- state ---- */

static Json *snapshot_json(const Stack *stack)
{
    cleanup(buffer_deinit) Buffer text = {0};

    snapshot_write(stack->runtime, &text);
    Json *json = json_of_text(buffer_text(&text));
    json_set_string(json, "stack", stack->name);
    json_set_int(json, "position", (int64_t)stack->recovery.position);
    return json;
}

static void list_addresses(Ui *ui, const Runtime *runtime)
{
    for (size_t i = 0; i < runtime->object_count; i++) {
        cleanup(free) char *address = object_address(runtime->objects[i]);
        ui_out(ui, "%s\n", address);
    }
}

ExitReasons verb_state(Ui *ui, const Options *options)
{
    cleanup(invocation_close) Invocation invocation = {0};
    const char *what = options->arg_count > 0 ? options->args[0] : "";
    bool list = strcmp(what, "list") == 0;
    Error err = {0};

    if ((!list && strcmp(what, "show") != 0) || options->arg_count > 2) {
        error_set(&err, ERROR_USAGE,
                  "state: expected show, list, mv, verify, history, repair, restore or rekey: "
                  "ved state show [FILE]");
        return fail(ui, &err);
    }
    if (open_at_rest(&invocation, ui, options, 1, &err) < 0)
        return fail(ui, &err);
    if (list) {
        list_addresses(ui, invocation.stack->runtime);
        return 0;
    }
    cleanup(json_free) Json *json = snapshot_json(invocation.stack);
    cleanup(json_free) Json *shown = secrets_redact(json);
    document_print(ui, shown, document_is_wanted(options, "yaml"));
    return 0;
}

/* ---- show ---- */

static Json *show_state_json(const Stack *stack)
{
    Json *json = json_new_object();

    json_set_string(json, "format_version", "1.2");
    json_set_string(json, "kind", "ved.state");
    json_set_string(json, "ved_version", VED_VERSION);
    json_set_string(json, "stack", stack->name);
    json_set_string(json, "lineage", stack->runtime->lineage);
    json_set_int(json, "serial", (int64_t)stack->recovery.position);
    json_set(json, "domains", rows_make(stack->runtime, ROWS_DOMAINS));
    json_set(json, "resources", rows_make(stack->runtime, ROWS_RESOURCES));
    json_set(json, "stages", json_new_array());
    json_set(json, "effects", rows_make(stack->runtime, ROWS_EFFECTS));
    return json;
}

static void show_plan(Ui *ui, const Json *plan)
{
    const Json *changes = json_get(plan, "resource_changes");

    for (const Json *m = json_first(changes); m != NULL; m = json_next(m))
        ui_out(ui, "  %-8s %s  (%s)\n",
               json_string(json_at(json_get(json_get(m, "change"), "actions"), 0), ""),
               json_get_string(m, "address", ""), json_get_string(m, "cause", ""));
    const Json *counts = json_get(plan, "changes");
    ui_out(ui, "Plan: %lld to add, %lld to change, %lld to destroy.\n",
           (long long)json_get_int(counts, "add", 0), (long long)json_get_int(counts, "change", 0),
           (long long)json_get_int(counts, "remove", 0));
}

/* A file that is a saved plan; NULL if it is something else. */
static Json *plan_of_file(const char *file)
{
    cleanup(buffer_deinit) Buffer text = {0};
    Json *json = NULL;

    if (file_read(file, PLAN_FILE_MAX, &text, NULL) < 0 ||
        json_parse_own(buffer_text(&text), text.size, &json, NULL) < 0)
        return NULL;
    if (strcmp(json_get_string(json, "kind", ""), "ved.plan") == 0)
        return json;
    json_free(json);
    return NULL;
}

ExitReasons verb_show(Ui *ui, const Options *options)
{
    cleanup(invocation_close) Invocation invocation = {0};
    Error err = {0};

    if (options->arg_count > 1) {
        error_set(&err, ERROR_USAGE, "show: expected at most one plan or stack: ved show [PLAN]");
        return fail(ui, &err);
    }
    cleanup(json_free) Json *plan = options->arg_count == 1 ? plan_of_file(options->args[0]) : NULL;
    if (plan != NULL) {
        if (options->json)
            document_print(ui, plan, false);
        else
            show_plan(ui, plan);
        return 0;
    }
    if (open_at_rest(&invocation, ui, options, 0, &err) < 0)
        return fail(ui, &err);
    cleanup(json_free) Json *json = show_state_json(invocation.stack);
    if (options->json) {
        document_print(ui, json, false);
        return 0;
    }
    cleanup(json_free) Json *goals = rows_make(invocation.stack->runtime, ROWS_GOALS);
    document_table(ui, row_kinds[ROWS_GOALS].columns, goals);
    ui_out(ui, "\n");
    document_table(ui, row_kinds[ROWS_RESOURCES].columns, json_get(json, "resources"));
    return 0;
}
