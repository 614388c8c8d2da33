#include "tests/lib/core/kept.h"

#include <string.h>

#include "lang/base/memory.h"

static void changes_drop(Kept *kept)
{
    for (size_t i = 0; i < kept->count; i++)
        buffer_deinit(&kept->changes[i]);
    kept->count = 0;
}

void kept_deinit(Kept *kept)
{
    changes_drop(kept);
    buffer_deinit(&kept->whole);
}

/* As a copy of the process does it, which has them handed over, or as the process itself. */
void kept_take(Kept *kept, Runtime *runtime)
{
    bool few = runtime->changes.is_known && kept->count < KEPT_CHANGES_MAX;
    bool hands_over = kept->taken++ % 2 != 0;
    cleanup(changes_deinit) Changes handed = {0};
    SnapshotOptions options = {0};
    Buffer text = {0};
    LineWriter writer = {.text = &text};

    if (!few)
        changes_forget(runtime);
    if (hands_over)
        changes_hand_over(runtime, &handed);
    if (few)
        options.changes = hands_over ? &handed : &runtime->changes;
    snapshot_visit(runtime, &options, state_line_write, &writer, NULL);
    if (!hands_over)
        changes_keep(runtime);
    if (few) {
        kept->changes[kept->count++] = text;
        return;
    }
    kept_deinit(kept);
    kept->whole = text;
}

static int merge_visit(const Kept *kept, StateLineVisit *visit, void *user, Error *err)
{
    cleanup(line_merge_free) LineMerge *merge = line_merge_new(visit, user);
    int code = 0;

    for (size_t i = 0; i < kept->count && code == 0; i++) {
        line_merge_next(merge);
        code = state_lines_visit(buffer_text(&kept->changes[i]), kept->changes[i].size,
                                 line_merge_change, merge, err);
    }
    if (code == 0)
        code = state_lines_visit(buffer_text(&kept->whole), kept->whole.size, line_merge_put, merge,
                                 err);
    return code;
}

void kept_merge(const Kept *kept, Buffer *ret)
{
    LineWriter writer = {.text = ret};

    merge_visit(kept, state_line_write, &writer, NULL);
}

typedef struct Lines {
    char **items;
    size_t count, capacity;
} Lines;

static int line_take(void *user, const StateLine *line, Error *err)
{
    Lines *lines = user;

    (void)err;
    memory_reserve_one(lines->items, lines->count, lines->capacity);
    lines->items[lines->count++] = memory_copy_bytes(line->text, line->size);
    return 0;
}

static int compare_lines(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

void kept_sort(const Buffer *state, Buffer *ret)
{
    Lines lines = {0};

    state_lines_visit(buffer_text(state), state->size, line_take, &lines, NULL);
    qsort(lines.items, lines.count, sizeof *lines.items, compare_lines);
    for (size_t i = 0; i < lines.count; i++) {
        buffer_add_string(ret, lines.items[i]);
        buffer_add_char(ret, '\n');
        free(lines.items[i]);
    }
    free(lines.items);
}

int kept_load(const Kept *kept, Runtime *runtime, Error *err)
{
    cleanup(snapshot_reader_free) SnapshotReader *reader = snapshot_reader_new(runtime);
    int code = merge_visit(kept, snapshot_reader_put, reader, err);

    return code == 0 ? snapshot_reader_finish(reader, NULL, err) : code;
}
