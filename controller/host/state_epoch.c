/* The order of writes:
 *
 *      program-N, checkpoint-N    of the new epoch, N above every position that there was
 *      journal-N                  empty: from here on the new epoch is in force
 *      epoch-E/                   takes the other files
 *
 * Killed between the first two, recovery finds a journal that ends before its checkpoint and
 * refuses it; killed later, it finds older files that it does not need. */
#include "controller/host/state_epoch.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/core/snapshot.h"
#include "controller/host/cursor.h"
#include "controller/host/state_dir_private.h"
#include "controller/host/state_files.h"
#include "controller/host/state_salvage.h"
#include "lang/base/file.h"
#include "lang/base/memory.h"

#define ASIDE "epoch-"

void new_epoch_deinit(NewEpoch *epoch)
{
    free(epoch->aside);
    *epoch = (NewEpoch){0};
}

/* ---- numbers ---- */

char *state_epoch_path(const char *folder, uint64_t epoch)
{
    return memory_format("%s/" ASIDE "%llu", folder, (unsigned long long)epoch);
}

int state_epoch_last(const char *folder, uint64_t *ret, Error *err)
{
    DIR *entries = opendir(folder);
    const struct dirent *entry;

    if (entries == NULL)
        return error_errno(err, errno, "open state folder '%s'", folder);
    *ret = 0;
    while ((entry = readdir(entries)) != NULL) {
        Cursor cursor = {entry->d_name, entry->d_name + strlen(entry->d_name)};
        uint64_t number = 0;
        if (cursor_skip(&cursor, ASIDE) && cursor_number(&cursor, &number) &&
            cursor.at == cursor.end && number > *ret)
            *ret = number;
    }
    closedir(entries);
    return 0;
}

/* Of the newest checkpoint that can be read; 1 without one, which is the first. */
static uint64_t epoch_of_files(const Salvage *salvage)
{
    cleanup(state_files_deinit) StateFiles files = {0};
    cleanup(buffer_deinit) Buffer state = {0};
    cleanup(json_free) Json *json = NULL;
    CheckpointHead head;
    size_t count = salvage->checkpoint_count;

    if (count == 0 || state_files_list(salvage->folder, &files, NULL) < 0)
        return 1;
    const StateFile *file = state_files_last_checkpoint(&files, salvage->checkpoints[count - 1]);
    cleanup(free) char *path = state_file_path(salvage->folder, file->kind, file->position);
    if (checkpoint_read(path, &head, &state, NULL) < 0 ||
        json_parse_own(buffer_text(&state), state.size, &json, NULL) < 0)
        return 1;
    return (uint64_t)json_get_int(json, "epoch", 1);
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Above every epoch and every position that is known here or there. */
static int number_choose(const StateDir *dir, const Stack *source, NewEpoch *ret, Error *err)
{
    cleanup(salvage_free) Salvage *salvage = NULL;
    uint64_t ended = 0;
    int code = state_epoch_last(dir->path, &ended, err);

    if (code == 0)
        code = salvage_read(dir->path, &salvage, err);
    if (code < 0)
        return code;
    uint64_t epoch = larger(larger(ended, epoch_of_files(salvage)), source->runtime->epoch);
    ret->epoch = epoch + 1;
    ret->position = larger(salvage->newest, source->recovery.position) + 1;
    ret->aside = state_epoch_path(dir->path, epoch);
    return 0;
}

/* ---- files ---- */

static int files_write(StateDir *dir, const Stack *source, const NewEpoch *epoch, Error *err)
{
    cleanup(free) char *path = state_file_path(dir->path, STATE_FILE_JOURNAL, epoch->position);
    const Source *program = &source->program->source;
    CheckpointHead head = {.position = epoch->position, .program = epoch->position};
    StateSource state = stack_state(source);

    int code = state_program_write(dir->path, epoch->position, program->text, program->size, err);
    if (code == 0)
        code = state_checkpoint_write(dir, &head, &state, NULL, err);
    if (code == 0)
        code = journal_create(path, epoch->position, &dir->journal, err);
    if (code < 0)
        return code;
    dir->journal_start = epoch->position;
    return 0;
}

static int file_move(const StateDir *dir, const StateFile *file, const char *aside, Error *err)
{
    cleanup(free) char *from = state_file_path(dir->path, file->kind, file->position);
    cleanup(free) char *to = state_file_path(aside, file->kind, file->position);

    if (rename(from, to) < 0)
        return error_errno(err, errno, "move '%s' to '%s'", from, to);
    return 0;
}

/* Its name and its keys go along, so that it is a folder of its own. */
static int file_copy(const StateDir *dir, const char *name, const char *aside, Error *err)
{
    cleanup(free) char *from = memory_format("%s/%s", dir->path, name);
    cleanup(free) char *to = memory_format("%s/%s", aside, name);
    cleanup(buffer_deinit) Buffer text = {0};

    if (!file_exists(from))
        return 0;
    int code = file_read(from, (size_t)1 << 20, &text, err);
    return code < 0 ? code : file_replace(to, buffer_text(&text), text.size, 0600, err);
}

static int files_move(const StateDir *dir, const NewEpoch *epoch, Error *err)
{
    cleanup(state_files_deinit) StateFiles files = {0};
    int code = folder_make(epoch->aside, 0700, err);

    if (code == 0)
        code = file_copy(dir, "stack.json", epoch->aside, err);
    if (code == 0)
        code = file_copy(dir, VAULT_KEY_FILE, epoch->aside, err);
    if (code == 0)
        code = state_files_list(dir->path, &files, err);
    for (size_t i = 0; code == 0 && i < files.count; i++)
        if (files.items[i].position < epoch->position)
            code = file_move(dir, &files.items[i], epoch->aside, err);
    if (code == 0)
        code = folder_sync(epoch->aside, err);
    return code < 0 ? code : folder_sync(dir->path, err);
}

int state_epoch_begin(StateDir *dir, Stack *source, NewEpoch *ret, Error *err)
{
    cleanup(new_epoch_deinit) NewEpoch epoch = {0};
    const char *lineage = state_dir_lineage(source->dir);

    if (strcmp(lineage, dir->lineage) != 0)
        return error_set(err, ERROR_STALE,
                         "'%s' is a state of lineage %s, expected %s, that of '%s': they are two "
                         "states, use --state DIR to say which is meant",
                         source->state_path, lineage, dir->lineage, dir->path);
    int code = number_choose(dir, source, &epoch, err);
    if (code < 0)
        return code;
    source->runtime->epoch = epoch.epoch;
    if ((code = files_write(dir, source, &epoch, err)) < 0 ||
        (code = files_move(dir, &epoch, err)) < 0)
        return code;
    *ret = epoch;
    epoch = (NewEpoch){0};
    return 0;
}
