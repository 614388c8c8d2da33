#include "controller/host/sealed_lines.h"

#include <stdio.h>
#include <string.h>

#include "controller/host/tagged_text.h"
#include "lang/base/memory.h"

/* What a line of the frame behind the first goes on from: a member that is a table. */
#define OPEN_TABLE "{\"\":["

struct SealedLines {
    Vault *vault;
    VaultPlace place;
    SealedLinesWay way;
    StateLineVisit *visit;
    void *user;
    size_t frame_lines; /* so many came by */
    size_t items;       /* of the table that is open */
    Buffer text, opened, sealed;
};

SealedLines *sealed_lines_new(Vault *vault, const VaultPlace *place, SealedLinesWay way,
                              StateLineVisit *visit, void *user)
{
    SealedLines *lines = memory_zero(1, sizeof *lines);

    lines->vault = vault;
    lines->place = *place;
    lines->way = way;
    lines->visit = visit;
    lines->user = user;
    return lines;
}

void sealed_lines_free(SealedLines *lines)
{
    if (lines == NULL)
        return;
    buffer_deinit(&lines->text);
    buffer_deinit(&lines->opened);
    buffer_deinit(&lines->sealed);
    free(lines);
}

static int text_open(SealedLines *lines, const VaultPlace *place, StateLine *text, Error *err)
{
    buffer_reset(&lines->opened);
    int code = vault_open(lines->vault, place, text->text, text->size, &lines->opened, err);
    if (code == 0)
        *text = (StateLine){buffer_text(&lines->opened), lines->opened.size, text->is_item};
    return code < 0 ? code : 0;
}

static int text_seal(SealedLines *lines, const VaultPlace *place, StateLine *text, Error *err)
{
    buffer_reset(&lines->sealed);
    int code = vault_seal(lines->vault, place, text->text, text->size, &lines->sealed, err);
    if (code == 0)
        *text = (StateLine){buffer_text(&lines->sealed), lines->sealed.size, text->is_item};
    return code < 0 ? code : 0;
}

static int text_pass(SealedLines *lines, const VaultPlace *place, StateLine *text, Error *err)
{
    int code = lines->way != LINES_SEAL ? text_open(lines, place, text, err) : 0;

    if (code == 0 && lines->way != LINES_OPEN)
        code = text_seal(lines, place, text, err);
    return code;
}

static bool has_any(const SealedLines *lines, const StateLine *line)
{
    return tagged_text_has(line->text, line->size, true) ||
           (lines->way != LINES_OPEN && tagged_text_has(line->text, line->size, false));
}

static int item_pass(SealedLines *lines, StateLine *line, Error *err)
{
    VaultPlace place = lines->place;
    size_t item = lines->items++;
    char within[64];

    if (lines->frame_lines == 0 || lines->frame_lines > TABLE_COUNT)
        return error_set(err, ERROR_STATE, "an item of the state that is of no table");
    if (!has_any(lines, line))
        return 0; /* as most */
    snprintf(within, sizeof within, "/%s/%zu",
             snapshot_table_name((SnapshotTable)(lines->frame_lines - 1)), item);
    place.within = within;
    return text_pass(lines, &place, line, err);
}

/* It begins in the midst of the whole: its paths are the same behind what stands for what was
 * before. */
static int frame_pass(SealedLines *lines, StateLine *line, Error *err)
{
    size_t added = strlen(OPEN_TABLE);

    lines->items = 0;
    if (lines->frame_lines++ == 0)
        return text_pass(lines, &lines->place, line, err);
    buffer_reset(&lines->text);
    buffer_add_string(&lines->text, OPEN_TABLE);
    buffer_add(&lines->text, line->text, line->size);
    *line = (StateLine){lines->text.bytes, lines->text.size, false};
    int code = text_pass(lines, &lines->place, line, err);
    *line = (StateLine){line->text + added, line->size - added, false};
    return code;
}

int sealed_lines_put(void *user, const StateLine *line, Error *err)
{
    SealedLines *lines = user;
    StateLine passed = *line;
    int code = line->is_item ? item_pass(lines, &passed, err) : frame_pass(lines, &passed, err);

    return code < 0 ? code : lines->visit(lines->user, &passed, err);
}
