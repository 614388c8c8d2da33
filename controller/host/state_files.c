#include "controller/host/state_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/host/cursor.h"
#include "lang/base/memory.h"

static const struct {
    const char *before;
    const char *after;
} names[] = {
#define X(kind, before, after) {before, after},
#include "controller/host/state_file.def"
#undef X
};

static void closedir_p(DIR **folder)
{
    if (*folder != NULL)
        closedir(*folder);
}

bool state_file_parse(const char *name, StateFile *ret)
{
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        Cursor cursor = {name, name + strlen(name)};
        uint64_t position = 0;
        if (cursor_skip(&cursor, names[i].before) && cursor_number(&cursor, &position) &&
            cursor_skip(&cursor, names[i].after) && cursor.at == cursor.end) {
            *ret = (StateFile){.kind = (StateFileKind)i, .position = position};
            return true;
        }
    }
    return false;
}

static int file_compare(const void *left, const void *right)
{
    const StateFile *a = left, *b = right;

    if (a->position != b->position)
        return a->position < b->position ? -1 : 1;
    return (a->kind > b->kind) - (a->kind < b->kind);
}

static int folder_open(const char *path, DIR **ret, Error *err)
{
    *ret = opendir(path);
    if (*ret == NULL)
        return error_errno(err, errno, "open state folder '%s'", path);
    return 0;
}

int state_files_list(const char *folder, StateFiles *ret, Error *err)
{
    cleanup(closedir) DIR *entries = NULL;
    StateFiles files = {0};
    const struct dirent *entry;
    StateFile file;
    struct stat info;
    int code = folder_open(folder, &entries, err);

    if (code < 0)
        return code;
    while (errno = 0, (entry = readdir(entries)) != NULL) {
        if (!state_file_parse(entry->d_name, &file))
            continue;
        if (fstatat(dirfd(entries), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0)
            file.size = (uint64_t)info.st_blocks * 512;
        memory_reserve_one(files.items, files.count, files.capacity);
        files.items[files.count++] = file;
    }
    if (errno != 0) {
        code = error_errno(err, errno, "read state folder '%s'", folder);
        state_files_deinit(&files);
        return code;
    }
    if (files.count > 0)
        qsort(files.items, files.count, sizeof *files.items, file_compare);
    *ret = files;
    return 0;
}

void state_files_deinit(StateFiles *files)
{
    free(files->items);
    *files = (StateFiles){0};
}

int state_files_clean(const char *folder, Error *err)
{
    cleanup(closedir) DIR *entries = NULL;
    const struct dirent *entry;
    int code = folder_open(folder, &entries, err);

    if (code < 0)
        return code;
    while ((entry = readdir(entries)) != NULL) {
        size_t size = strlen(entry->d_name);
        if (size > 4 && strcmp(entry->d_name + size - 4, ".new") == 0 &&
            unlinkat(dirfd(entries), entry->d_name, 0) < 0 && errno != ENOENT)
            return error_errno(err, errno, "remove '%s/%s', left by an interrupted write", folder,
                               entry->d_name);
    }
    return 0;
}

char *state_file_path(const char *folder, StateFileKind kind, uint64_t position)
{
    return memory_format("%s/%s%llu%s", folder, names[kind].before, (unsigned long long)position,
                         names[kind].after);
}

const StateFile *state_files_last(const StateFiles *files, StateFileKind kind, uint64_t most)
{
    for (size_t i = files->count; i > 0; i--)
        if (files->items[i - 1].kind == kind && files->items[i - 1].position <= most)
            return &files->items[i - 1];
    return NULL;
}

bool state_file_is_checkpoint(const StateFile *file)
{
    return file->kind == STATE_FILE_CHECKPOINT_JSON || file->kind == STATE_FILE_CHECKPOINT_YAML;
}

const StateFile *state_files_last_checkpoint(const StateFiles *files, uint64_t most)
{
    for (size_t i = files->count; i > 0; i--)
        if (state_file_is_checkpoint(&files->items[i - 1]) && files->items[i - 1].position <= most)
            return &files->items[i - 1];
    return NULL;
}
