/* The order of writes, so that a crash between any two of them leaves a folder that recovers:
 *
 *      rotation at N:  checkpoint-N (aside, sync, rename, sync folder)
 *                      journal-N (empty, sync, sync folder)
 *                      delete the oldest
 *
 * Without journal-N the one before goes on past N, and recovery skips what checkpoint-N holds. */
#include "controller/host/state_dir_private.h"

#include <assert.h>
#include <unistd.h>

#include "controller/host/state_files.h"
#include "lang/base/memory.h"

/* The lowest position to keep: the last two checkpoints' always, older ones' while there is room.
 */
static uint64_t keep_from(const StateFiles *files, uint64_t keep_bytes)
{
    uint64_t taken = 0, keep = UINT64_MAX;
    int checkpoints = 0;

    for (size_t i = files->count; i > 0; i--) {
        const StateFile *file = &files->items[i - 1];
        taken += file->size;
        if (checkpoints >= 2 && taken > keep_bytes)
            return keep;
        if (!state_file_is_checkpoint(file) || file->position == keep)
            continue;
        checkpoints++;
        keep = file->position;
    }
    return 0;
}

/* Programs are kept from the one that the oldest kept checkpoint names. */
static uint64_t keep_programs_from(const StateDir *dir, const StateFiles *files, uint64_t keep)
{
    const StateFile *file = state_files_last_checkpoint(files, keep);
    CheckpointHead head;

    if (file == NULL)
        return 0;
    cleanup(free) char *path = state_file_path(dir->path, file->kind, file->position);
    return checkpoint_read_head(path, &head, NULL) == 0 ? head.program : 0;
}

/* Delete the files of that kind below the position. */
static void files_drop(const StateDir *dir, const StateFiles *files, StateFileKind kind,
                       uint64_t below)
{
    for (size_t i = 0; i < files->count; i++) {
        if (files->items[i].kind != kind || files->items[i].position >= below)
            continue;
        cleanup(free) char *path = state_file_path(dir->path, kind, files->items[i].position);
        unlink(path);
    }
}

/* Delete the oldest files: first the checkpoints, then what they need, so that a process that is
 * killed in between leaves none without its journal or program. One that cannot be deleted is in
 * nobody's way: the next time will do. */
static void dir_prune(const StateDir *dir)
{
    cleanup(state_files_deinit) StateFiles files = {0};

    if (state_files_list(dir->path, &files, NULL) < 0)
        return;
    uint64_t keep = keep_from(&files, dir->keep_bytes);
    const StateFile *journal = state_files_last(&files, STATE_FILE_JOURNAL, keep);
    uint64_t keep_journals = journal != NULL ? journal->position : 0;
    if (files.count == 0 || files.items[0].position >= keep)
        return;
    uint64_t keep_programs = keep_programs_from(dir, &files, keep);
    files_drop(dir, &files, STATE_FILE_CHECKPOINT_JSON, keep);
    files_drop(dir, &files, STATE_FILE_CHECKPOINT_YAML, keep);
    files_drop(dir, &files, STATE_FILE_JOURNAL, keep_journals);
    files_drop(dir, &files, STATE_FILE_TORN, keep_journals);
    files_drop(dir, &files, STATE_FILE_PROGRAM, keep_programs);
}

/* Go on in a new journal. */
static int journal_switch(StateDir *dir, uint64_t position, Error *err)
{
    cleanup(free) char *path = state_file_path(dir->path, STATE_FILE_JOURNAL, position);
    Journal *fresh = NULL;
    int code = journal_create(path, position, &fresh, err);

    if (code < 0) {
        /* A name that may or may not be on disk: going on in the old file could make two journals
         * of the same records. */
        if (code == ERROR_STATE)
            journal_break(dir->journal);
        return code;
    }
    journal_close(dir->journal);
    dir->journal = fresh;
    dir->journal_start = position;
    return 0;
}

int state_checkpoint_write(const StateDir *dir, const CheckpointHead *head, const char *state,
                           size_t size, Error *err)
{
    VaultPlace place = {dir->lineage, "checkpoint", head->position};
    cleanup(buffer_deinit) Buffer sealed = {0};
    int code = vault_seal(dir->vault, &place, state, size, &sealed, err);

    if (code < 0)
        return code;
    if (code == VAULT_NOTHING)
        return checkpoint_write(dir->path, dir->format, head, state, size, err);
    return checkpoint_write(dir->path, dir->format, head, buffer_text(&sealed), sealed.size, err);
}

int state_dir_rotate(StateDir *dir, const char *state, size_t size, Error *err)
{
    CheckpointHead head = {.position = journal_position(dir->journal),
                           .program = dir->program_next};

    assert(journal_next(dir->journal) == head.position + 1);
    /* Nothing is pending: this only asks whether the journal may still be believed. */
    int code = journal_commit(dir->journal, err);
    if (code == 0)
        code = state_checkpoint_write(dir, &head, state, size, err);
    if (code < 0)
        return code;
    dir->has_checkpoint = true;
    dir->program_in_force = head.program;
    if (dir->journal_start != head.position && (code = journal_switch(dir, head.position, err)) < 0)
        return code;
    dir_prune(dir);
    return 0;
}

int state_dir_seal(StateDir *dir, Error *err)
{
    return dir->journal != NULL ? journal_seal(dir->journal, err) : 0;
}
