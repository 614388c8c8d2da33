#include "controller/host/state_rekey.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "controller/host/journal_salvage.h"
#include "controller/host/sealed_lines.h"
#include "controller/host/state_dir_private.h"
#include "controller/host/state_epoch.h"
#include "controller/host/state_files.h"
#include "controller/host/tagged_text.h"
#include "lang/base/file.h"
#include "lang/base/memory.h"

void rekey_report_deinit(RekeyReport *report)
{
    free(report->origin);
    *report = (RekeyReport){0};
}

/* One folder at work; in one of before, what does not open may be what it was put aside for. */
typedef struct Rekey {
    const StateDir *dir;
    const char *folder;
    bool is_aside;
    RekeyReport *report;
} Rekey;

/* Append the text sealed anew. */
static int text_reseal(const Rekey *rekey, const VaultPlace *place, const char *text, size_t size,
                       Buffer *ret, Error *err)
{
    cleanup(buffer_deinit) Buffer opened = {0};
    int code = vault_open(rekey->dir->vault, place, text, size, &opened, err);

    if (code == 0)
        code = vault_seal(rekey->dir->vault, place, buffer_text(&opened), opened.size, ret, err);
    else if (code == VAULT_NOTHING)
        code = vault_seal(rekey->dir->vault, place, text, size, ret, err);
    if (code == VAULT_NOTHING)
        buffer_add(ret, text, size);
    return code < 0 ? code : 0;
}

static bool has_any(const char *text, size_t size)
{
    return tagged_text_has(text, size, true) || tagged_text_has(text, size, false);
}

/* ---- checkpoints ---- */

/* A StateLineVisit: notes whether there is any secret, for which the file has to be written again.
 */
static int line_look(void *user, const StateLine *line, Error *err)
{
    bool *has = user;

    (void)err;
    *has |= has_any(line->text, line->size);
    return 0;
}

static int checkpoint_reseal(const Rekey *rekey, const StateFile *file, const char *path,
                             const CheckpointHead *head, Error *err)
{
    VaultPlace place = {rekey->dir->lineage, "checkpoint", file->position, NULL};
    StateFormat format = file->kind == STATE_FILE_CHECKPOINT_YAML ? STATE_YAML : STATE_JSON;
    cleanup(checkpoint_writer_free) CheckpointWriter *writer = NULL;
    CheckpointHead again;
    int code = checkpoint_create(rekey->folder, format, head, &writer, err);

    if (code < 0)
        return code;
    cleanup(sealed_lines_free) SealedLines *lines =
        sealed_lines_new(rekey->dir->vault, &place, LINES_RESEAL, checkpoint_put, writer);
    code = checkpoint_visit(path, sealed_lines_put, lines, &again, NULL, err);
    return code == 0 ? checkpoint_commit(writer, NULL, err) : code;
}

static int checkpoint_rekey(const Rekey *rekey, const StateFile *file, const char *path, Error *err)
{
    CheckpointHead head;
    bool has = false;
    int code = checkpoint_visit(path, line_look, &has, &head, NULL, err);

    if (code == 0 && !has)
        return 0;
    if (code == 0)
        code = checkpoint_reseal(rekey, file, path, &head, err);
    if (code < 0 && rekey->is_aside)
        return 0;
    if (code == 0)
        rekey->report->files++;
    return code;
}

/* ---- journals ---- */

typedef struct Rewriting {
    const Rekey *rekey;
    Buffer text;
} Rewriting;

static int line_rekey(void *user, const SalvagedLine *line, Error *err)
{
    Rewriting *writing = user;
    VaultPlace place = {writing->rekey->dir->lineage, "journal", line->head.sequence, NULL};
    cleanup(buffer_deinit) Buffer sealed = {0};
    int code = line->is_good ? text_reseal(writing->rekey, &place, line->payload,
                                           line->payload_size, &sealed, err)
                             : ERROR_STATE;

    if (code == 0)
        journal_line_put(&writing->text, line->head.sequence, line->head.synced,
                         buffer_text(&sealed), sealed.size);
    else if (line->is_good && !writing->rekey->is_aside)
        return code;
    else {
        buffer_add(&writing->text, line->bytes, line->size);
        writing->rekey->report->lines++;
    }
    return 0;
}

static int journal_rekey(const Rekey *rekey, const char *path, Error *err)
{
    cleanup(buffer_deinit) Buffer text = {0};
    Rewriting writing = {.rekey = rekey};
    int code = file_read(path, CHECKPOINT_MAX, &text, err);

    if (code < 0 || !has_any(text.bytes, text.size))
        return code;
    code = journal_salvage(path, 0, 1, line_rekey, &writing, err);
    if (code == 0)
        code = file_replace(path, buffer_text(&writing.text), writing.text.size, 0600, err);
    if (code == 0)
        rekey->report->files++;
    buffer_deinit(&writing.text);
    return code;
}

/* ---- folders ---- */

static int file_rekey(const Rekey *rekey, const StateFile *file, Error *err)
{
    cleanup(free) char *path = state_file_path(rekey->folder, file->kind, file->position);

    switch (file->kind) {
    case STATE_FILE_CHECKPOINT_JSON:
    case STATE_FILE_CHECKPOINT_YAML:
        return checkpoint_rekey(rekey, file, path, err);
    case STATE_FILE_JOURNAL:
    case STATE_FILE_TORN:
        return journal_rekey(rekey, path, err);
    case STATE_FILE_PROGRAM:
        return 0;
    }
    return 0;
}

static int folder_rekey(const Rekey *rekey, Error *err)
{
    cleanup(state_files_deinit) StateFiles files = {0};
    int code = state_files_list(rekey->folder, &files, err);

    for (size_t i = 0; code == 0 && i < files.count; i++)
        code = file_rekey(rekey, &files.items[i], err);
    return code;
}

/* The keys of a folder of before are those of the state. */
static int keys_copy(const StateDir *dir, const char *folder, Error *err)
{
    cleanup(free) char *from = memory_format("%s/" VAULT_KEY_FILE, dir->path);
    cleanup(free) char *to = memory_format("%s/" VAULT_KEY_FILE, folder);
    cleanup(buffer_deinit) Buffer text = {0};

    if (!file_exists(from)) {
        unlink(to);
        return folder_sync(folder, err);
    }
    int code = file_read(from, (size_t)1 << 20, &text, err);
    return code < 0 ? code : file_replace(to, buffer_text(&text), text.size, 0600, err);
}

typedef int FolderVisit(const StateDir *dir, const char *folder, RekeyReport *report, Error *err);

static int each_aside(const StateDir *dir, FolderVisit *visit, RekeyReport *report, Error *err)
{
    uint64_t last = 0;
    int code = state_epoch_last(dir->path, &last, err);

    for (uint64_t epoch = 1; code == 0 && epoch <= last; epoch++) {
        cleanup(free) char *folder = state_epoch_path(dir->path, epoch);
        if (file_exists(folder))
            code = visit(dir, folder, report, err);
    }
    return code;
}

static int aside_rekey(const StateDir *dir, const char *folder, RekeyReport *report, Error *err)
{
    return folder_rekey(&(Rekey){dir, folder, true, report}, err);
}

static int aside_settle(const StateDir *dir, const char *folder, RekeyReport *report, Error *err)
{
    (void)report;
    return keys_copy(dir, folder, err);
}

int state_rekey(StateDir *dir, RekeyReport *ret, Error *err)
{
    cleanup(rekey_report_deinit) RekeyReport report = {0};
    StateVisitor nobody = {0};
    StateRecovery recovery;
    int code = state_dir_recover(dir, &nobody, &recovery, err);

    if (code >= 0)
        code = vault_rotate(dir->vault, err);
    if (code == 0)
        code = folder_rekey(&(Rekey){dir, dir->path, false, &report}, err);
    if (code == 0)
        code = each_aside(dir, aside_rekey, &report, err);
    if (code == 0)
        code = vault_settle(dir->vault, err);
    if (code == 0)
        code = each_aside(dir, aside_settle, &report, err);
    journal_break(dir->journal); /* its file is another one now */
    if (code < 0)
        return code;
    snprintf(report.key, sizeof report.key, "%s", vault_key_name(dir->vault));
    report.origin = memory_copy_string(vault_key_origin(dir->vault));
    *ret = report;
    report = (RekeyReport){0};
    return 0;
}
