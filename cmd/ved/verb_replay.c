/* ved replay: the journal computed again, and whether it gives the same. */
#include <stdlib.h>
#include <string.h>

#include "cmd/ved/document.h"
#include "cmd/ved/state_verb.h"
#include "controller/host/replay.h"
#include "lang/base/file.h"
#include "lang/base/memory.h"

/* Digests go out as they come: there may be many. */
typedef struct Digests {
    Ui *ui;
    Json *list; /* for machines; NULL: for people */
} Digests;

static void on_digest(void *user, uint64_t sequence, const char *type, const char *digest)
{
    Digests *digests = user;

    if (digests->list == NULL) {
        ui_out(digests->ui, "%8llu  %-8s  %s\n", (unsigned long long)sequence, type, digest);
        return;
    }
    Json *json = json_new_object();
    json_set_int(json, "sequence", (int64_t)sequence);
    json_set_string(json, "type", type);
    json_set_string(json, "digest", digest);
    json_append(digests->list, json);
}

static Json *report_json(const ReplayReport *report, Json *digests)
{
    Json *json = json_new_object();

    json_set_int(json, "since", (int64_t)report->since);
    json_set_int(json, "position", (int64_t)report->position);
    json_set_int(json, "records", (int64_t)report->records);
    json_set_int(json, "computed", (int64_t)report->computed);
    json_set_int(json, "checkpoints", (int64_t)report->checkpoints);
    json_set_int(json, "programs", (int64_t)report->programs);
    json_set_bool(json, "torn", report->torn);
    if (report->difference == NULL) {
        json_set_string(json, "digest", report->digest);
    } else {
        json_set_int(json, "differs_at", (int64_t)report->differs_at);
        json_set_string(json, "difference", report->difference);
    }
    if (digests != NULL)
        json_set(json, "digests", digests);
    return json;
}

static void print_report(Ui *ui, const ReplayReport *report)
{
    ui_out(ui,
           "%llu records behind %llu, %llu slices computed again, %llu checkpoint%s compared, %llu "
           "program%s.\n",
           (unsigned long long)report->records, (unsigned long long)report->since,
           (unsigned long long)report->computed, (unsigned long long)report->checkpoints,
           report->checkpoints == 1 ? "" : "s", (unsigned long long)report->programs,
           report->programs == 1 ? "" : "s");
    if (report->torn)
        ui_out(ui, "What is behind record %llu is half written and counts as nothing.\n",
               (unsigned long long)report->position);
    if (report->difference == NULL)
        ui_out(ui, "State at %llu: %s\n", (unsigned long long)report->position, report->digest);
}

static ExitReasons replay(Ui *ui, const Options *options, const StatePlace *place)
{
    bool machine =
        options->json || document_is_wanted(options, "json") || document_is_wanted(options, "yaml");
    Digests digests = {ui, options->digests && machine ? json_new_array() : NULL};
    ReplayOptions replay = {
        .last = options->until, .on_digest = options->digests ? on_digest : NULL, .user = &digests};
    StateDirOptions folder = {.read_only = true, .keys = &place->keys};
    cleanup(replay_report_deinit) ReplayReport report = {0};
    cleanup(state_dir_close) StateDir *dir = NULL;
    Error err = {0};

    if (state_dir_open(place->path, &folder, &dir, &err) < 0 ||
        state_replay(dir, &replay, &report, &err) < 0) {
        json_free(digests.list);
        return fail(ui, &err);
    }
    cleanup(json_free) Json *json = report_json(&report, digests.list);
    if (!document_print_wanted(ui, options, json))
        print_report(ui, &report);
    if (report.difference == NULL)
        return 0;
    error_set(&err, ERROR_STATE,
              "record %llu does not give what it says: %s: was it written by "
              "another version of ved?",
              (unsigned long long)report.differs_at, report.difference);
    return fail(ui, &err);
}

/* A folder is a state folder; anything else says where the state is, as with other verbs. */
static bool is_state_folder(const Options *options)
{
    cleanup(free) char *stack =
        options->arg_count == 1 ? memory_format("%s/stack.json", options->args[0]) : NULL;

    return stack != NULL && file_exists(stack);
}

ExitReasons verb_replay(Ui *ui, const Options *options)
{
    cleanup(state_place_deinit) StatePlace place = {0};
    Error err = {0};

    if (is_state_folder(options))
        place.path = memory_copy_string(options->args[0]);
    else if (state_verb_find(ui, options, 0, "ved replay [FILE|DIR]", &place, &err) < 0)
        return fail(ui, &err);
    return replay(ui, options, &place);
}
