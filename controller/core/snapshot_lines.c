/* A state's items stay where they stand when they change, and new ones come behind the others: so
 * is the order in which things came into being the same, however often it was kept. */
#include "controller/core/snapshot_lines.h"

#include <string.h>

#include "lang/base/arena.h"
#include "lang/base/map.h"
#include "lang/base/memory.h"

#define ENDED ",\"ended\":true}"

static const char *const table_names[] = {"trails", "domains", "objects"};

const char *snapshot_table_name(SnapshotTable table)
{
    return table_names[table];
}

/* ---- text of lines ---- */

int state_line_write(void *user, const StateLine *line, Error *err)
{
    LineWriter *writer = user;

    (void)err;
    if (line->is_item && writer->is_behind_item)
        buffer_add_char(writer->text, ',');
    if (writer->is_begun)
        buffer_add_char(writer->text, '\n');
    buffer_add(writer->text, line->text, line->size);
    writer->is_begun = true;
    writer->is_behind_item = line->is_item;
    return 0;
}

bool state_line_read(LineReader *reader, StateLine *ret)
{
    if (reader->at == NULL || reader->at >= reader->end)
        return false;
    size_t rest = (size_t)(reader->end - reader->at);
    const char *line_end = memchr(reader->at, '\n', rest);
    size_t size = line_end != NULL ? (size_t)(line_end - reader->at) : rest;
    *ret = (StateLine){reader->at, size, reader->is_in_table && size > 0 && *reader->at == '{'};
    reader->at = line_end != NULL ? line_end + 1 : reader->end;
    if (ret->is_item)
        ret->size -= ret->text[size - 1] == ',';
    else
        reader->is_in_table = size > 0 && ret->text[size - 1] == '[';
    return true;
}

int state_lines_visit(const char *text, size_t size, StateLineVisit *visit, void *user, Error *err)
{
    LineReader reader = {.at = text, .end = text + size};
    StateLine line;
    int code = 0;

    while (code == 0 && state_line_read(&reader, &line))
        code = visit(user, &line, err);
    return code;
}

static bool is_table(const Json *member)
{
    for (size_t i = 0; i < TABLE_COUNT; i++)
        if (json_is_array(member) && strcmp(json_key(member), table_names[i]) == 0)
            return true;
    return false;
}

static int items_visit(const Json *table, StateLineVisit *visit, void *user, Error *err)
{
    cleanup(buffer_deinit) Buffer text = {0};
    int code = 0;

    for (const Json *item = json_first(table); item != NULL && code == 0; item = json_next(item)) {
        buffer_reset(&text);
        json_write(&text, item);
        code = visit(user, &(StateLine){buffer_text(&text), text.size, true}, err);
    }
    return code;
}

int state_lines_visit_json(const Json *state, StateLineVisit *visit, void *user, Error *err)
{
    cleanup(buffer_deinit) Buffer frame = {0};
    const char *separator = "{";
    int code = 0;

    for (const Json *m = json_first(state); m != NULL && code == 0; m = json_next(m)) {
        buffer_add_string(&frame, separator);
        json_put_string(&frame, json_key(m));
        buffer_add_char(&frame, ':');
        separator = ",";
        if (!is_table(m)) {
            json_write(&frame, m);
            continue;
        }
        buffer_add_char(&frame, '[');
        code = visit(user, &(StateLine){buffer_text(&frame), frame.size, false}, err);
        buffer_reset(&frame);
        buffer_add_char(&frame, ']');
        if (code == 0)
            code = items_visit(m, visit, user, err);
    }
    if (code != 0)
        return code;
    buffer_add_string(&frame, json_first(state) != NULL ? "}" : "{}");
    return visit(user, &(StateLine){buffer_text(&frame), frame.size, false}, err);
}

/* ---- names ---- */

/* Behind the value that begins at `at`: a string, a number or a word. */
static const char *skip_value(const char *at, const char *end)
{
    if (at < end && *at == '"')
        for (at++; at < end && *at != '"'; at++)
            at += *at == '\\';
    while (at < end && *at != ',' && *at != '}')
        at++;
    return at < end ? at : end;
}

static bool begins_with(const char *at, const char *end, const char *text)
{
    size_t size = strlen(text);

    return (size_t)(end - at) >= size && memcmp(at, text, size) == 0;
}

/* How much of the line names the item: the first members, as far as they are of these. */
static size_t name_size(const StateLine *line)
{
    static const char *const first[] = {"{\"slice\":", "{\"domain\":", "{\"uid\":"};
    static const char *const more[] = {",\"key\":", ",\"gone\":"};
    const char *at = line->text, *end = line->text + line->size;

    for (size_t i = 0; i < ARRAY_SIZE(first); i++)
        if (begins_with(at, end, first[i]))
            at = skip_value(at + strlen(first[i]), end);
    for (size_t i = 0; i < ARRAY_SIZE(more) && at > line->text; i++)
        if (begins_with(at, end, more[i]))
            at = skip_value(at + strlen(more[i]), end);
    return (size_t)(at - line->text);
}

bool state_line_is_ended(const StateLine *line)
{
    const char *behind = line->text + name_size(line);

    return begins_with(behind, line->text + line->size, ENDED);
}

/* ---- merging ---- */

/* What the changes say of one item. */
typedef struct Change {
    const char *text; /* NULL: it is no more */
    size_t size;
    bool ends; /* what the state has under that name is no more, whether or not it came again */
    bool is_put;
    uint64_t order; /* in which it came into being, if the state does not have it */
} Change;

typedef struct Frame {
    StateLine *lines;
    size_t count, capacity;
} Frame;

struct LineMerge {
    StateLineVisit *visit;
    void *user;
    Arena arena;
    Map changes[TABLE_COUNT];
    uint64_t order;
    Frame frame;      /* the newest */
    size_t frame_put; /* lines of it that were put out */
};

LineMerge *line_merge_new(StateLineVisit *visit, void *user)
{
    LineMerge *merge = memory_zero(1, sizeof *merge);

    merge->visit = visit;
    merge->user = user;
    for (size_t i = 0; i < TABLE_COUNT; i++)
        merge->changes[i].borrows = true;
    return merge;
}

void line_merge_free(LineMerge *merge)
{
    if (merge == NULL)
        return;
    for (size_t i = 0; i < TABLE_COUNT; i++)
        map_deinit(&merge->changes[i]);
    free(merge->frame.lines);
    arena_deinit(&merge->arena);
    free(merge);
}

static int shape_fail(Error *err)
{
    return error_set(err, ERROR_STATE,
                     "its tables are not those of the state that it says the changes of: put the "
                     "files back from one backup");
}

/* ---- the changes ---- */

void line_merge_next(LineMerge *merge)
{
    merge->frame.count = 0;
}

static Change *change_get(LineMerge *merge, Map *changes, const StateLine *line)
{
    cleanup(free) char *name = memory_copy_bytes(line->text, name_size(line));
    Change *change = map_get(changes, name);

    if (change != NULL)
        return change;
    change = arena_array(&merge->arena, Change, 1);
    change->order = merge->order++;
    map_put(changes, arena_copy_string(&merge->arena, name), change);
    return change;
}

static void change_note(LineMerge *merge, Map *changes, const StateLine *line)
{
    Change *change = change_get(merge, changes, line);

    if (state_line_is_ended(line)) {
        change->text = NULL;
        change->ends = true;
        return;
    }
    if (change->ends && change->text == NULL)
        change->order = merge->order++;
    change->text = arena_copy_bytes(&merge->arena, line->text, line->size);
    change->size = line->size;
}

int line_merge_change(void *user, const StateLine *line, Error *err)
{
    LineMerge *merge = user;
    Frame *frame = &merge->frame;

    if (line->is_item ? frame->count == 0 : frame->count > TABLE_COUNT)
        return shape_fail(err);
    if (line->is_item) {
        change_note(merge, &merge->changes[frame->count - 1], line);
        return 0;
    }
    memory_reserve_one(frame->lines, frame->count, frame->capacity);
    frame->lines[frame->count++] =
        (StateLine){arena_copy_bytes(&merge->arena, line->text, line->size), line->size, false};
    return 0;
}

/* ---- the state ---- */

static int change_put(const LineMerge *merge, Change *change, Error *err)
{
    change->is_put = true;
    return merge->visit(merge->user, &(StateLine){change->text, change->size, true}, err);
}

static int item_put(LineMerge *merge, const StateLine *line, Error *err)
{
    const Map *changes = &merge->changes[merge->frame_put - 1];

    if (changes->count == 0)
        return merge->visit(merge->user, line, err);
    cleanup(free) char *name = memory_copy_bytes(line->text, name_size(line));
    Change *change = map_get(changes, name);
    if (change == NULL)
        return merge->visit(merge->user, line, err);
    return change->ends ? 0 : change_put(merge, change, err);
}

static int compare_orders(const void *left, const void *right)
{
    const Change *a = *(Change *const *)left, *b = *(Change *const *)right;

    return a->order < b->order ? -1 : a->order > b->order;
}

/* What the table has more than the state had. */
static int new_items_put(LineMerge *merge, const Map *changes, Error *err)
{
    cleanup(free) Change **items = memory_alloc((changes->count + 1) * sizeof *items);
    size_t count = 0;
    int code = 0;

    for (const MapEntry *e = map_next(changes, NULL); e != NULL; e = map_next(changes, e)) {
        Change *change = e->value;
        if (change->text != NULL && !change->is_put)
            items[count++] = change;
    }
    qsort(items, count, sizeof *items, compare_orders);
    for (size_t i = 0; i < count && code == 0; i++)
        code = change_put(merge, items[i], err);
    return code;
}

static bool opens_table(const StateLine *line)
{
    return line->size > 0 && line->text[line->size - 1] == '[';
}

int line_merge_put(void *user, const StateLine *line, Error *err)
{
    LineMerge *merge = user;
    const Frame *frame = &merge->frame;

    if (frame->count == 0)
        return merge->visit(merge->user, line, err); /* nothing has changed */
    if (line->is_item && merge->frame_put > 0)
        return item_put(merge, line, err);
    if (line->is_item || merge->frame_put == frame->count ||
        opens_table(line) != opens_table(&frame->lines[merge->frame_put]))
        return shape_fail(err);
    if (merge->frame_put > 0) {
        int code = new_items_put(merge, &merge->changes[merge->frame_put - 1], err);
        if (code != 0)
            return code;
    }
    return merge->visit(merge->user, &frame->lines[merge->frame_put++], err);
}
