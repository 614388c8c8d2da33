#include "controller/host/state_dir_private.h"

#include <errno.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/host/state_files.h"
#include "controller/host/state_lock.h"
#include "lang/base/file.h"
#include "lang/base/memory.h"

/* Make a folder and what is missing above it so that a crash cannot take them back. */
static int folder_make_durable(const char *path, Error *err)
{
    cleanup(free) char *copy = memory_copy_string(path);
    const char *above = dirname(copy);

    if (!file_exists(path)) {
        int code = folder_make_durable(above, err);
        if (code < 0)
            return code;
        if (mkdir(path, 0700) < 0 && errno != EEXIST)
            return error_errno(err, errno, "make state folder '%s'", path);
    }
    /* One that is there already may have been made by a process that was killed before its sync.
     * Where the folder above may not be read it was made by somebody else. */
    int code = folder_sync(above, err);
    return code == -EACCES ? 0 : code;
}

/* With `is_made` it has a stack.json: all above it was synced before that was written. */
static int folder_check(const char *path, const StateDirOptions *options, bool is_made, Error *err)
{
    struct stat info;

    if (!options->read_only && options->stack != NULL) {
        int code = is_made ? 0 : folder_make_durable(path, err);
        if (code < 0)
            return code;
    }
    int missing = stat(path, &info) < 0 ? errno : 0;
    if (missing == ENOENT)
        return error_set(err, ERROR_STATE,
                         "state '%s' does not exist: run 'ved apply' first, or use --state DIR",
                         path);
    if (missing != 0)
        return error_errno(err, missing, "state folder '%s'", path);
    if (!S_ISDIR(info.st_mode))
        return error_errno(err, ENOTDIR, "state '%s': use --state DIR with a folder", path);
    if (access(path, options->read_only ? R_OK | X_OK : R_OK | W_OK | X_OK) < 0)
        return error_errno(err, errno, "state folder '%s'", path);
    return 0;
}

int state_dir_explain(const StateDir *dir, int code, Error *err)
{
    if (err == NULL || (code != -EACCES && code != -EPERM && code != -EROFS))
        return code;
    cleanup(free) char *what = memory_copy_string(err->message);
    return error_set(err, code,
                     "%s: let uid %u %s it (chown, chmod), or use --state DIR with another folder",
                     what, (unsigned)geteuid(), dir->read_only ? "read" : "read and write");
}

/* A wrong folder is refused before waiting for its lock; what is made is made under the lock. */
static int dir_prepare(StateDir *dir, const StateDirOptions *options, Error *err)
{
    cleanup(free) char *file = memory_format("%s/stack.json", dir->path);
    int code = folder_check(dir->path, options, file_exists(file), err);

    if (code == 0 && file_exists(file))
        code = state_stack_read(dir, file, options->stack, err);
    if (code == 0 && !dir->read_only)
        code =
            state_lock_take(dir->path, options->command, options->lock_timeout_ms, &dir->lock, err);
    if (code == 0 && dir->stack == NULL)
        code = file_exists(file) ? state_stack_read(dir, file, options->stack, err)
                                 : state_stack_make(dir, file, options->stack, err);
    if (code == 0 && !dir->read_only)
        code = state_files_clean(dir->path, err);
    return code;
}

int state_dir_open(const char *path, const StateDirOptions *options, StateDir **ret, Error *err)
{
    cleanup(state_dir_close) StateDir *dir = memory_zero(1, sizeof *dir);

    dir->path = memory_copy_string(path);
    dir->read_only = options->read_only;
    dir->format = options->format;
    dir->keep_bytes = options->keep_bytes != 0 ? options->keep_bytes : STATE_KEEP_DEFAULT;
    dir->lock = -1;
    dir->vault = vault_new(path, options->keys);
    dir->is_raw = options->is_raw;
    int code = state_dir_explain(dir, dir_prepare(dir, options, err), err);
    if (code == 0 && !dir->read_only && !dir->is_raw)
        code = vault_load(dir->vault, err); /* not only when something is to be written */
    if (code < 0)
        return code;
    *ret = take(dir);
    return 0;
}

void state_dir_close(StateDir *dir)
{
    if (dir == NULL)
        return;
    journal_close(dir->journal);
    state_lock_release(dir->lock);
    vault_free(dir->vault);
    free(dir->path);
    free(dir->stack);
    free(dir->lineage);
    free(dir);
}

const char *state_dir_path(const StateDir *dir)
{
    return dir->path;
}

const char *state_dir_stack(const StateDir *dir)
{
    return dir->stack;
}

const char *state_dir_lineage(const StateDir *dir)
{
    return dir->lineage;
}

int state_dir_append(StateDir *dir, const char *payload, size_t size, Error *err)
{
    VaultPlace place = {dir->lineage, "journal", journal_next(dir->journal), NULL};
    cleanup(buffer_deinit) Buffer sealed = {0};
    int code = vault_seal(dir->vault, &place, payload, size, &sealed, err);

    if (code < 0)
        return code;
    if (code == VAULT_NOTHING)
        return journal_append(dir->journal, payload, size, err);
    return journal_append(dir->journal, buffer_text(&sealed), sealed.size, err);
}

Journal *state_dir_journal(StateDir *dir)
{
    return dir->journal;
}
