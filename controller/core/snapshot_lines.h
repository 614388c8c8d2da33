/* The text of a state, line by line: how a checkpoint is written, read and put together without
 * ever being in memory as a whole.
 *
 * Trails, instances and objects are the items of three tables and stand in lines of their own. What
 * is not an item is the frame: its lines, one after the other, are the state with empty tables. An
 * item begins with the members that name it; one that has only these and `ended` says that what was
 * so named is no more. The one rule: a line is valid only during the call that hands it over. */
#ifndef VED_CORE_SNAPSHOT_LINES_H
#define VED_CORE_SNAPSHOT_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "lang/base/buffer.h"
#include "lang/base/error.h"
#include "lang/base/json.h"

typedef enum SnapshotTable {
    TABLE_TRAILS,
    TABLE_DOMAINS,
    TABLE_OBJECTS,
    TABLE_COUNT /* behind the last table */
} SnapshotTable;

/* `trails`, `domains`, `objects`. */
const char *snapshot_table_name(SnapshotTable table);

/* Without line end and separating comma. */
typedef struct StateLine {
    const char *text;
    size_t size;
    bool is_item;
} StateLine;

/* Takes a line; other than 0 ends all and is handed through. */
typedef int StateLineVisit(void *user, const StateLine *line, Error *err);

/* ---- text of lines ---- */

/* Appends lines to a text. */
typedef struct LineWriter {
    Buffer *text;
    bool is_begun, is_behind_item;
} LineWriter;

/* A StateLineVisit, whose user is a LineWriter; never fails. */
int state_line_write(void *writer, const StateLine *line, Error *err);

/* Takes a text apart; `= {text, text + size}` to begin. */
typedef struct LineReader {
    const char *at, *end;
    bool is_in_table;
} LineReader;

bool state_line_read(LineReader *reader, StateLine *ret);

/* Each line of the text. */
int state_lines_visit(const char *text, size_t size, StateLineVisit *visit, void *user, Error *err);

/* Each line of a state that is no such text: of one that was read from YAML. */
int state_lines_visit_json(const Json *state, StateLineVisit *visit, void *user, Error *err);

/* Whether the line says that what it names is no more. */
bool state_line_is_ended(const StateLine *line);

/* ---- a state and what has changed since ---- */

typedef struct LineMerge LineMerge;

/* What comes of the lines put in goes to `visit`. The caller frees with line_merge_free(). */
LineMerge *line_merge_new(StateLineVisit *visit, void *user);
void line_merge_free(LineMerge *merge);
CLEANUP_DEFINE(LineMerge *, line_merge_free);

/* Add the lines that tell of changes, the oldest first, before the first line of the state that
 * they are changes of. A StateLineVisit; the user is the merge. Lines are copied. line_merge_next()
 * comes before each file of them. */
void line_merge_next(LineMerge *merge);
int line_merge_change(void *merge, const StateLine *line, Error *err);

/* Put in the lines of that state. A StateLineVisit. */
int line_merge_put(void *merge, const StateLine *line, Error *err);

#endif
