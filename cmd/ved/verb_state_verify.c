/* ved state verify: what each file of a state folder holds, and whether it is whole. */
#include <stdlib.h>
#include <string.h>

#include "cmd/ved/document.h"
#include "cmd/ved/state_verb.h"
#include "controller/host/state_verify.h"
#include "lang/base/memory.h"

/* What a file holds, in words. The caller frees it. */
static char *contents(const FileFinding *finding)
{
    unsigned long long position = finding->position;

    if (finding->health == HEALTH_DAMAGED && strcmp(finding->kind, "journal") != 0)
        return memory_copy_string("");
    if (finding->has_base)
        return memory_format("what has changed from %llu to %llu",
                             (unsigned long long)finding->base, position);
    if (strcmp(finding->kind, "checkpoint") == 0)
        return memory_format("the state at %llu, of program-%llu.ved", position,
                             (unsigned long long)finding->program);
    if (strcmp(finding->kind, "torn") == 0)
        return memory_format("%llu bytes that a crash left half written, cut off",
                             (unsigned long long)finding->bytes);
    if (strcmp(finding->kind, "journal") != 0)
        return memory_copy_string("");
    if (finding->records == 0)
        return memory_format("no records yet, from %llu on", position + 1);
    return memory_format("records %llu to %llu%s", position + 1, (unsigned long long)finding->last,
                         finding->sealed ? ", stopped in order" : "");
}

static void print_finding(Ui *ui, const FileFinding *finding)
{
    cleanup(free) char *words = contents(finding);
    const char *color = finding->health == HEALTH_DAMAGED ? COLOR_RED
                        : finding->health == HEALTH_TORN  ? COLOR_YELLOW
                                                          : COLOR_GREEN;

    ui_out(ui, "  %-28s %s%s%s%s%s\n", finding->name, ui_color(ui, color),
           file_health_name(finding->health), ui_color(ui, COLOR_OFF), words[0] != '\0' ? ": " : "",
           words);
    if (finding->message != NULL)
        ui_out(ui, "      %s\n", finding->message);
}

static Json *findings_json(const StateFindings *findings, const char *path)
{
    Json *json = json_new_object(), *files = json_new_array();

    for (size_t i = 0; i < findings->count; i++)
        json_append(files, file_finding_json(&findings->items[i]));
    json_set_string(json, "state", path);
    json_set_bool(json, "damaged", findings->damaged);
    json_set(json, "files", files);
    return json;
}

static void recovery_add(Json *json, const StateRecovery *recovery)
{
    json_set_int(json, "checkpoint", (int64_t)recovery->checkpoint_position);
    json_set_int(json, "position", (int64_t)recovery->position);
    json_set_int(json, "records", (int64_t)recovery->record_count);
    json_set_bool(json, "sealed", recovery->sealed);
}

static void print_recovery(Ui *ui, const StateRecovery *recovery)
{
    ui_out(ui, "Whole: position %llu, %llu records since checkpoint %llu%s.\n",
           (unsigned long long)recovery->position, (unsigned long long)recovery->record_count,
           (unsigned long long)recovery->checkpoint_position,
           recovery->sealed              ? ", stopped in order"
           : recovery->record_count == 0 ? ""
                                         : ", not stopped in order");
}

/* Files that are whole are also to make a state: `ret` stays as it is if they do not. */
static int recover(Ui *ui, const Options *options, StateRecovery *ret, Error *err)
{
    cleanup(invocation_close) Invocation invocation = {0};
    const char *file = options->arg_count > 0 ? options->args[0] : NULL;
    int code = invocation_open_state(&invocation, ui, options, file, INVOCATION_LOOK, err);

    if (code == 0)
        *ret = invocation.stack->recovery;
    return code;
}

static ExitReasons verify(Ui *ui, const Options *options, const char *path)
{
    cleanup(state_findings_deinit) StateFindings findings = {0};
    StateRecovery recovery = {0};
    Error err = {0};

    if (state_verify(path, &findings, &err) < 0)
        return fail(ui, &err);
    cleanup(json_free) Json *json = findings_json(&findings, path);
    int code = findings.damaged ? 0 : recover(ui, options, &recovery, &err);
    if (!findings.damaged && code == 0)
        recovery_add(json, &recovery);
    if (!document_print_wanted(ui, options, json)) {
        ui_out(ui, "%s\n", path);
        for (size_t i = 0; i < findings.count; i++)
            print_finding(ui, &findings.items[i]);
        if (!findings.damaged && code == 0)
            print_recovery(ui, &recovery);
    }
    if (code < 0)
        return fail(ui, &err);
    if (!findings.damaged)
        return 0;
    error_set(
        &err, ERROR_STATE,
        "state '%s' is damaged: `ved state repair` says what can be saved, or put it back from "
        "a backup with `ved state restore DIR`",
        path);
    return fail(ui, &err);
}

ExitReasons verb_state_verify(Ui *ui, const Options *options)
{
    cleanup(state_place_deinit) StatePlace place = {0};
    Error err = {0};

    if (state_verb_find(ui, options, 0, "ved state verify [FILE]", &place, &err) < 0)
        return fail(ui, &err);
    return verify(ui, options, place.path);
}
