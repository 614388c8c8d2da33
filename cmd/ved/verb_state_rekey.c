/* ved state rekey: all secrets of a state folder under another key. */
#include "cmd/ved/document.h"
#include "cmd/ved/state_verb.h"
#include "controller/host/audit.h"
#include "controller/host/state_rekey.h"

static Json *report_json(const RekeyReport *report, const char *path)
{
    Json *json = json_new_object();

    json_set_string(json, "state", path);
    json_set_string(json, "key", report->key);
    json_set_string(json, "origin", report->origin);
    json_set_int(json, "files", (int64_t)report->files);
    json_set_int(json, "damaged_lines", (int64_t)report->lines);
    return json;
}

static void print_report(Ui *ui, const RekeyReport *report)
{
    ui_out(ui, "Sealed anew with the key %s (%s): %zu files.\n", report->key, report->origin,
           report->files);
    if (report->lines > 0)
        ui_out(ui, "%zu damaged lines, which were put aside before, are as they were.\n",
               report->lines);
    ui_out(ui, "No file here needs a former key any more; copies made before still do.\n");
}

ExitReasons verb_state_rekey(Ui *ui, const Options *options)
{
    cleanup(state_invocation_close) StateInvocation invocation = {0};
    cleanup(rekey_report_deinit) RekeyReport report = {0};
    cleanup(state_dir_close) StateDir *dir = NULL;
    AuditEntry entry = {.command = options->command, .edit = "rekey"};
    Error err = {0};

    if (state_verb_begin(&invocation, ui, options, 0, "ved state rekey [FILE]", &err) < 0 ||
        state_verb_lock(&invocation, &dir, &err) < 0 ||
        audit_append(state_dir_path(dir), &entry, &err) < 0 || state_rekey(dir, &report, &err) < 0)
        return fail(ui, &err);
    cleanup(json_free) Json *json = report_json(&report, invocation.place.path);
    if (!document_print_wanted(ui, options, json))
        print_report(ui, &report);
    return 0;
}
