/* ved state history: what has become of a state, the newest last. */
#include <stdlib.h>
#include <string.h>

#include "cmd/ved/document.h"
#include "cmd/ved/state_verb.h"
#include "controller/host/record_words.h"
#include "controller/host/state_history.h"
#include "lang/base/memory.h"

/* Of a cell, in bytes. */
#define CELL_MAX 72

static void cell_set(Json *row, const char *name, Buffer *text)
{
    if (text->size > CELL_MAX) {
        text->size = CELL_MAX - 3;
        buffer_add_string(text, "...");
    }
    json_set_string(row, name, buffer_text(text));
}

static void put_effects(const Json *effects, Buffer *ret)
{
    for (const Json *m = json_first(effects); m != NULL; m = json_next(m))
        buffer_add_format(ret, "%s%s %s: %s", m != json_first(effects) ? ", " : "",
                          json_get_string(m, "verb", ""), json_get_string(m, "address", ""),
                          json_get_string(m, "outcome", "open"));
}

/* What changed, and what was said. */
static void put_changes(const Json *entry, Buffer *ret)
{
    const Json *said = json_get(entry, "said");

    values_words(json_get(entry, "changes"), ret);
    for (const Json *m = json_first(said); m != NULL; m = json_next(m))
        buffer_add_format(ret, "%s%s",
                          m != json_first(said) ? ", "
                          : ret->size > 0       ? "; says "
                                                : "says ",
                          json_string(m, ""));
    if (json_get_string(entry, "text", NULL) != NULL && json_get(entry, "slice") != NULL)
        buffer_add_format(ret, "%s%s", ret->size > 0 ? ": " : "",
                          json_get_string(entry, "text", ""));
}

static Json *row_make(const Json *entry)
{
    cleanup(buffer_deinit) Buffer cause = {0}, effects = {0}, changes = {0};
    Json *row = json_new_object();
    bool is_open = json_get_bool(entry, "open", false);

    json_set_int(row, "sequence", json_get_int(entry, "sequence", 0));
    json_set_string(row, "time", json_get_string(entry, "at", ""));
    json_set_string(row, "domain", json_get_string(entry, "domain", ""));
    json_set_string(row, "key", json_get_string(entry, "key", ""));
    json_set_string(row, "what", is_open ? "under way" : json_get_string(entry, "type", ""));
    cause_words(json_get(entry, "cause"), &cause);
    put_effects(json_get(entry, "effects"), &effects);
    put_changes(entry, &changes);
    cell_set(row, "cause", &cause);
    cell_set(row, "effects", &effects);
    cell_set(row, "changes", &changes);
    return row;
}

static void print_history(Ui *ui, const Json *history)
{
    static const char *const columns[DOCUMENT_COLUMNS_MAX] = {
        "sequence", "time", "domain", "what", "cause", "effects", "changes"};
    cleanup(json_free) Json *rows = json_new_array();

    for (const Json *m = json_first(history); m != NULL; m = json_next(m))
        json_append(rows, row_make(m));
    document_table(ui, columns, rows);
}

ExitReasons verb_state_history(Ui *ui, const Options *options)
{
    cleanup(state_dir_close) StateDir *dir = NULL;
    cleanup(json_free) Json *history = NULL;
    cleanup(state_place_deinit) StatePlace place = {0};
    StateDirOptions look = {.read_only = true, .is_raw = true};
    HistoryOptions wanted = {.domain = options->domain, .limit = (size_t)options->limit};
    Error err = {0};

    if (state_verb_find(ui, options, 0, "ved state history [FILE]", &place, &err) < 0 ||
        state_dir_open(place.path, &look, &dir, &err) < 0 ||
        state_history(dir, &wanted, &history, &err) < 0)
        return fail(ui, &err);
    if (!document_print_wanted(ui, options, history))
        print_history(ui, history);
    return 0;
}
