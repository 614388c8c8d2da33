/* What a folder keeps of its past: former checkpoints, and the programs they name. */
#include "controller/host/state_dir_private.h"
#include "controller/host/state_files.h"
#include "lang/base/memory.h"

static int head_read(const StateDir *dir, const StateFile *file, CheckpointHead *ret, Error *err)
{
    cleanup(free) char *path = state_file_path(dir->path, file->kind, file->position);
    int code = checkpoint_read_head(path, ret, err);

    return code < 0 ? code : state_checkpoint_name_check(path, ret, file->position, err);
}

int state_dir_checkpoints(const StateDir *dir, uint64_t from, CheckpointHead **ret,
                          size_t *ret_count, Error *err)
{
    cleanup(state_files_deinit) StateFiles files = {0};
    cleanup(free) CheckpointHead *heads = NULL;
    size_t count = 0, capacity = 0;
    int code = state_files_list(dir->path, &files, err);

    for (size_t i = 0; code == 0 && i < files.count; i++) {
        const StateFile *file = &files.items[i];
        if (!state_file_is_checkpoint(file) || file->position < from ||
            (count > 0 && heads[count - 1].position == file->position))
            continue; /* one position may stand there in both formats */
        memory_reserve_one(heads, count, capacity);
        code = head_read(dir, file, &heads[count++], err);
    }
    if (code < 0)
        return state_dir_explain(dir, code, err);
    *ret = take(heads);
    *ret_count = count;
    return 0;
}

int state_dir_read_program(const StateDir *dir, uint64_t position, Buffer *ret, Error *err)
{
    return state_dir_explain(dir, state_program_read(dir->path, position, ret, err), err);
}
