/* The order of writes, so that a crash between any two of them leaves a folder that recovers:
 *
 *      rotation at N:  checkpoint-N (aside, sync, rename, sync folder)
 *                      journal-N (empty, sync, sync folder)
 *                      delete the oldest
 *
 * Without journal-N the one before goes on past N, and recovery skips what checkpoint-N holds.
 *
 *      beside, at N:   journal-N (empty, sync, sync folder)
 *                      records go on into it, while a copy of the process writes
 *                      checkpoint-N (aside, sync, rename, sync folder)
 *                      and deletes the oldest
 *
 * Without checkpoint-N both journals go on from the checkpoint before. */
#include "controller/host/state_dir_private.h"

#include <assert.h>
#include <unistd.h>

#include "controller/host/sealed_lines.h"
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

/* Those that it holds the changes of are kept with it. */
static uint64_t keep_checkpoints_from(const StateDir *dir, const StateFiles *files, uint64_t keep)
{
    const StateFile *file = state_files_last_checkpoint(files, keep);
    StateChain chain;

    if (file == NULL || state_chain_find(dir->path, files, file, &chain, NULL) < 0)
        return 0;
    return state_chain_base(&chain);
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

/* The newest first: what one holds the changes of outlives it. */
static void checkpoints_drop(const StateDir *dir, const StateFiles *files, uint64_t below)
{
    for (size_t i = files->count; i-- > 0;) {
        const StateFile *file = &files->items[i];
        if (!state_file_is_checkpoint(file) || file->position >= below)
            continue;
        cleanup(free) char *path = state_file_path(dir->path, file->kind, file->position);
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
    uint64_t keep_checkpoints = keep_checkpoints_from(dir, &files, keep);
    uint64_t keep_programs = keep_programs_from(dir, &files, keep_checkpoints);
    checkpoints_drop(dir, &files, keep_checkpoints);
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

int state_checkpoint_write(const StateDir *dir, const CheckpointHead *head,
                           const StateSource *source, uint64_t *ret_size, Error *err)
{
    VaultPlace place = {dir->lineage, "checkpoint", head->position, NULL};
    cleanup(checkpoint_writer_free) CheckpointWriter *writer = NULL;
    int code = checkpoint_create(dir->path, dir->format, head, &writer, err);

    if (code < 0)
        return code;
    cleanup(sealed_lines_free) SealedLines *sealed =
        sealed_lines_new(dir->vault, &place, LINES_SEAL, checkpoint_put, writer);
    if ((code = source->write(source->source, sealed_lines_put, sealed, err)) != 0)
        return code;
    return checkpoint_commit(writer, ret_size, err);
}

/* ---- rotation ---- */

static void chain_grow(StateDir *dir, const CheckpointHead *head, uint64_t size)
{
    dir->has_checkpoint = true;
    dir->checkpoint = head->position;
    dir->program_in_force = head->program;
    dir->changes_count = head->has_base ? dir->changes_count + 1 : 0;
    if (head->has_base)
        dir->chain.changes += size;
    else
        dir->chain = (StateChainSize){.whole = size};
}

/* What the next checkpoint says of itself. */
static CheckpointHead head_next(const StateDir *dir, bool only_changes)
{
    return (CheckpointHead){.position = journal_position(dir->journal),
                            .program = dir->program_next,
                            .has_base = only_changes,
                            .base = only_changes ? dir->checkpoint : 0};
}

static int journal_switch_to(StateDir *dir, uint64_t position, Error *err)
{
    return dir->journal_start != position ? journal_switch(dir, position, err) : 0;
}

/* Nothing is pending: this only asks whether the journal may still be believed. */
static int journal_ask(StateDir *dir, Error *err)
{
    assert(journal_next(dir->journal) == journal_position(dir->journal) + 1);
    return journal_commit(dir->journal, err);
}

static int rotate(StateDir *dir, const StateSource *source, bool only_changes, Error *err)
{
    CheckpointHead head = head_next(dir, only_changes);
    uint64_t size = 0;
    int code = journal_ask(dir, err);

    if (code == 0)
        code = state_checkpoint_write(dir, &head, source, &size, err);
    if (code < 0)
        return code;
    chain_grow(dir, &head, size);
    if ((code = journal_switch_to(dir, head.position, err)) < 0)
        return code;
    dir_prune(dir);
    return 0;
}

int state_dir_rotate_begin(StateDir *dir, StateRotation *ret, Error *err)
{
    StateRotation rotation = {.head = head_next(dir, false)};
    int code = journal_ask(dir, err);

    if (code == 0)
        code = journal_switch_to(dir, rotation.head.position, err);
    if (code == 0)
        *ret = rotation;
    return code;
}

int state_dir_rotate_copy(StateDir *dir, const StateSource *state, bool only_changes,
                          StateRotation *rotation, Error *err)
{
    CheckpointHead head = head_next(dir, only_changes);

    assert(head.position == rotation->head.position);
    vault_part(dir->vault);
    int code = state_checkpoint_write(dir, &head, state, &rotation->size, err);
    if (code < 0)
        return code;
    rotation->head = head;
    dir_prune(dir);
    return 0;
}

void state_dir_rotate_end(StateDir *dir, const StateRotation *rotation)
{
    chain_grow(dir, &rotation->head, rotation->size);
}

int state_dir_rotate_lines(StateDir *dir, const StateSource *state, Error *err)
{
    return rotate(dir, state, false, err);
}

typedef struct Text {
    const char *bytes;
    size_t size;
} Text;

static int text_write(void *source, StateLineVisit *visit, void *user, Error *err)
{
    const Text *text = source;

    return state_lines_visit(text->bytes, text->size, visit, user, err);
}

int state_dir_rotate(StateDir *dir, const char *state, size_t size, Error *err)
{
    Text text = {state, size};

    return rotate(dir, &(StateSource){text_write, &text}, false, err);
}

/* Together they stay below half of the whole: reading them is not worth more, and a state is never
 * kept in more than one and a half times its size. */
bool state_dir_takes_changes(const StateDir *dir, size_t size)
{
    return dir->has_checkpoint && dir->program_next == dir->program_in_force &&
           journal_position(dir->journal) > dir->checkpoint &&
           dir->changes_count < STATE_CHANGES_MAX &&
           (dir->chain.changes + size) * 2 <= dir->chain.whole;
}

int state_dir_rotate_changes(StateDir *dir, const char *changes, size_t size, Error *err)
{
    Text text = {changes, size};

    assert(state_dir_takes_changes(dir, size));
    return rotate(dir, &(StateSource){text_write, &text}, true, err);
}

int state_dir_seal(StateDir *dir, Error *err)
{
    return dir->journal != NULL ? journal_seal(dir->journal, err) : 0;
}
