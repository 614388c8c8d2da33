#include "controller/host/state_chain.h"

#include "controller/host/sealed_lines.h"
#include "controller/host/state_dir_private.h"
#include "lang/base/memory.h"

/* ---- finding ---- */

static int head_take(StateChain *chain, const StateFile *file, CheckpointHead *ret, Error *err)
{
    cleanup(free) char *path = state_file_path(chain->folder, file->kind, file->position);
    int code = checkpoint_read_head(path, ret, err);

    if (code == 0)
        code = state_checkpoint_name_check(path, ret, file->position, err);
    if (code < 0)
        return code;
    if (ret->has_base && (ret->base >= ret->position || chain->count == STATE_CHANGES_MAX))
        return error_set(err, ERROR_STATE,
                         "checkpoint '%s' holds what has changed since position %llu, expected one "
                         "below its own, of at most %d on the way to a whole one: nothing runs "
                         "until 'ved state repair' is told what to do",
                         path, (unsigned long long)ret->base, STATE_CHANGES_MAX);
    chain->files[chain->count++] = *file;
    return 0;
}

static int base_find(const StateChain *chain, const StateFiles *files, uint64_t base,
                     const StateFile **ret, Error *err)
{
    const StateFile *last = &chain->files[chain->count - 1];

    *ret = state_files_last_checkpoint(files, base);
    if (*ret != NULL && (*ret)->position == base)
        return 0;
    cleanup(free) char *path = state_file_path(chain->folder, last->kind, last->position);
    return error_set(err, ERROR_STATE,
                     "checkpoint '%s' holds what has changed since checkpoint-%llu, which is not "
                     "there: put it back from a backup, or see 'ved state repair'",
                     path, (unsigned long long)base);
}

int state_chain_find(const char *folder, const StateFiles *files, const StateFile *newest,
                     StateChain *ret, Error *err)
{
    StateChain chain = {.folder = folder};
    CheckpointHead head;
    const StateFile *file = newest;
    int code = head_take(&chain, file, &head, err);

    chain.head = head;
    while (code == 0 && head.has_base) {
        code = base_find(&chain, files, head.base, &file, err);
        if (code == 0)
            code = head_take(&chain, file, &head, err);
    }
    if (code == 0)
        *ret = chain;
    return code;
}

uint64_t state_chain_base(const StateChain *chain)
{
    return chain->files[chain->count - 1].position;
}

/* ---- reading ---- */

/* Lines of one file, opened. */
static int file_visit(const StateChain *chain, size_t index, const StateChainKeys *keys,
                      StateLineVisit *visit, void *user, uint64_t *ret_size, Error *err)
{
    const StateFile *file = &chain->files[index];
    cleanup(free) char *path = state_file_path(chain->folder, file->kind, file->position);
    VaultPlace place = {keys->lineage, "checkpoint", file->position, NULL};
    CheckpointHead head;

    if (visit == NULL || keys->vault == NULL)
        return checkpoint_visit(path, visit, user, &head, ret_size, err);
    cleanup(sealed_lines_free) SealedLines *opened =
        sealed_lines_new(keys->vault, &place, LINES_OPEN, visit, user);
    int code = checkpoint_visit(path, sealed_lines_put, opened, &head, ret_size, err);
    return code < 0 ? error_wrap(err, "checkpoint '%s'", path) : code;
}

int state_chain_visit(const StateChain *chain, const StateChainKeys *keys, StateLineVisit *visit,
                      void *user, StateChainSize *ret_size, Error *err)
{
    cleanup(line_merge_free) LineMerge *merge = line_merge_new(visit, user);
    size_t whole = chain->count - 1;
    StateChainSize size = {0};
    uint64_t bytes = 0;
    int code = 0;

    for (size_t i = whole; i-- > 0 && code == 0; size.changes += bytes) {
        line_merge_next(merge);
        code = file_visit(chain, i, keys, visit != NULL ? line_merge_change : NULL, merge, &bytes,
                          err);
    }
    if (code == 0)
        code = file_visit(chain, whole, keys, visit != NULL ? line_merge_put : NULL, merge,
                          &size.whole, err);
    if (ret_size != NULL)
        *ret_size = size;
    return code;
}
