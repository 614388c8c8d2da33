/* ved state repair: what can be saved of a damaged state; with --cut, that is what goes on. */
#include <stdlib.h>

#include "cmd/ved/document.h"
#include "cmd/ved/state_verb.h"
#include "controller/host/state_verify.h"
#include "lang/base/file.h"
#include "lang/base/memory.h"

typedef struct Repair {
    StateInvocation invocation;
    StateFindings findings;
    StateDir *dir;
    Salvage *salvage;
    SalvagePoint point;
    Stack *source;
    char *scratch;
    Json *behind;
    Json *report;
    NewEpoch epoch;
} Repair;

static void repair_deinit(Repair *repair)
{
    stack_free(repair->source);
    if (repair->scratch != NULL)
        folder_remove(repair->scratch, NULL);
    free(repair->scratch);
    salvage_free(repair->salvage);
    state_dir_close(repair->dir);
    state_findings_deinit(&repair->findings);
    new_epoch_deinit(&repair->epoch);
    json_free(repair->behind);
    json_free(repair->report);
    state_invocation_close(&repair->invocation);
}
#define repair_deinit_p repair_deinit

/* Whether recovery would refuse the files; what is wrong is then in `why`. */
static bool is_refused(const Repair *repair, Error *why)
{
    StateVisitor nobody = {0};
    StateRecovery recovery;

    return state_dir_read(repair->dir, STATE_NEWEST, &nobody, &recovery, why) < 0;
}

static void print_damage(Ui *ui, const Repair *repair, bool refused, const Error *why)
{
    ui_out(ui, "%s is damaged:\n", repair->invocation.place.path);
    for (size_t i = 0; i < repair->findings.count; i++)
        if (repair->findings.items[i].health == HEALTH_DAMAGED)
            ui_out(ui, "  %s\n", repair->findings.items[i].message);
    if (refused && !repair->findings.damaged)
        ui_out(ui, "  %s\n", why->message);
}

static void print_point(Ui *ui, const Repair *repair)
{
    size_t count = json_count(repair->behind);

    cleanup(free) char *from =
        repair->point.has_checkpoint
            ? memory_format("checkpoint %llu", (unsigned long long)repair->point.checkpoint)
            : memory_copy_string("the beginning");
    ui_out(ui, "\nThe state can be had up to record %llu, from %s and %llu records after it.\n",
           (unsigned long long)repair->point.position, from,
           (unsigned long long)(repair->point.position - repair->point.checkpoint));
    if (count == 0)
        ui_out(ui, "Nothing is lost: what is damaged is older, or empty.\n");
    else
        ui_out(ui, "%zu behind that cannot be used:\n", count);
    state_verb_print_behind(ui, repair->behind);
}

static void report_make(Repair *repair, bool needed)
{
    Json *files = json_new_array();

    repair->report = json_new_object();
    for (size_t i = 0; i < repair->findings.count; i++)
        if (repair->findings.items[i].health == HEALTH_DAMAGED)
            json_append(files, file_finding_json(&repair->findings.items[i]));
    json_set_string(repair->report, "state", repair->invocation.place.path);
    json_set_bool(repair->report, "needed", needed);
    json_set(repair->report, "damaged", files);
}

static void report_point(Repair *repair)
{
    json_set_int(repair->report, "checkpoint", (int64_t)repair->point.checkpoint);
    json_set_int(repair->report, "position", (int64_t)repair->point.position);
    json_set(repair->report, "lost", json_copy(repair->behind));
}

/* The state must not only be there, but also be one that can go on. */
static int save(Repair *repair, Error *err)
{
    if (state_verb_open_point(&repair->invocation, repair->dir, repair->salvage, &repair->point,
                              &repair->scratch, &repair->source, err) < 0)
        return err->code;
    return state_verb_replace(&repair->invocation, "repair", repair->dir, repair->source,
                              &repair->epoch, err);
}

static int look(Repair *repair, Ui *ui, const Options *options, Error *err)
{
    if (state_verb_begin(&repair->invocation, ui, options, 0, "ved state repair [--cut] [FILE]",
                         err) < 0 ||
        state_verb_lock(&repair->invocation, &repair->dir, err) < 0)
        return err->code;
    return state_verify(repair->invocation.place.path, &repair->findings, err);
}

/* Say what there is, and save it if that is wanted. */
static int repair_make(Repair *repair, Ui *ui, const Options *options, Error *err)
{
    if (salvage_read(repair->invocation.place.path, &repair->salvage, err) < 0 ||
        salvage_point(repair->salvage, SALVAGE_ALL, &repair->point, err) < 0)
        return err->code;
    repair->behind = salvage_behind(repair->salvage, repair->point.position);
    report_point(repair);
    if (!options->json)
        print_point(ui, repair);
    if (!options->cut)
        return error_set(err, ERROR_STATE,
                         "nothing was changed: `ved state repair --cut` goes on with what can be "
                         "had, and keeps all of these files aside; or put back a backup with `ved "
                         "state restore DIR`");
    if (save(repair, err) < 0)
        return err->code;
    json_set_int(repair->report, "epoch", (int64_t)repair->epoch.epoch);
    json_set_string(repair->report, "aside", repair->epoch.aside);
    if (!options->json)
        ui_out(ui, "\nRepaired: epoch %llu begins. The files of before are in '%s'.\n",
               (unsigned long long)repair->epoch.epoch, repair->epoch.aside);
    return 0;
}

/* Files that are whole may still make no state: of another version, or by a defect. */
static int look_inside(Repair *repair, Ui *ui, const Options *options, Error *err)
{
    const char *path = repair->invocation.place.path;

    if (state_verb_open(&repair->invocation, path, &repair->source, err) < 0)
        return error_wrap(err,
                          "all files are whole, and there is nothing to cut; `ved state restore N` "
                          "goes back to a record before what is wrong");
    if (!options->json)
        ui_out(ui, "%s is whole: there is nothing to repair.\n", path);
    return 0;
}

ExitReasons verb_state_repair(Ui *ui, const Options *options)
{
    cleanup(repair_deinit) Repair repair = {0};
    Error err = {0}, why = {0};

    if (look(&repair, ui, options, &err) < 0)
        return fail(ui, &err);
    bool refused = is_refused(&repair, &why), needed = refused || repair.findings.damaged;
    report_make(&repair, needed);
    if (!options->json && needed)
        print_damage(ui, &repair, refused, &why);
    int code =
        needed ? repair_make(&repair, ui, options, &err) : look_inside(&repair, ui, options, &err);
    if (options->json)
        document_print(ui, repair.report, false);
    return code < 0 ? fail(ui, &err) : 0;
}
