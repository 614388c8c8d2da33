/* CreateDirectory: a folder; deleted only when it is empty. */
#include <errno.h>
#include <unistd.h>

#include "lang/base/file.h"
#include "lang/base/memory.h"
#include "providers/local/path.h"
#include "providers/local/problem_of.h"

static void folder_reply(const char *path, const struct stat *info, ProviderReply *reply)
{
    reply->state = path_state(path, info);
    reply->external_id = memory_copy_string(path);
    reply->private = json_new_object();
    json_set_string(reply->private, "path", path);
}

static int folder_ensure(const PathObject *folder, ProviderProblem *problem)
{
    Error err;

    if (folder_make(folder->path, FOLDER_MODE, &err) < 0)
        return provider_problem(problem, "UNAVAILABLE", "not_applied", true, "%.900s", err.message);
    if (chmod(folder->path, folder->mode) < 0)
        return path_failed(problem, errno, "set the mode of", folder->path);
    return 0;
}

int directory_reconcile(Local *local, const ProviderRequest *request, ProviderReply *reply,
                        ProviderProblem *problem)
{
    cleanup(path_deinit) PathObject folder;
    struct stat info;

    if (path_begin(local, request, S_IFDIR, &folder, problem) < 0 ||
        path_end(&folder, folder_ensure(&folder, problem)) < 0)
        return -1;
    if (stat(folder.path, &info) < 0)
        return path_failed(problem, errno, "read back", folder.path);
    folder_reply(folder.path, &info, reply);
    return 0;
}

int directory_remove(Local *local, const ProviderRequest *request, ProviderProblem *problem)
{
    cleanup(object_deinit) Object object = {0};
    const char *path;

    if (path_recorded(local, request, &object, &path, problem) < 0)
        return -1;
    if (path != NULL && rmdir(path) < 0 && errno != ENOENT && errno != ENOTDIR) {
        bool full = errno == ENOTEMPTY || errno == EEXIST;
        if (!full)
            return path_failed(problem, errno, "delete", path);
        return provider_problem(problem, "UNAVAILABLE", "not_applied", false,
                                "delete folder '%.400s': it is not empty, and what is in it is not "
                                "ours: move it away",
                                path);
    }
    return path_forget(local, "directory", &object, problem);
}

ObserveStatus directory_observe(Local *local, const ProviderRequest *request, ProviderReply *reply,
                                ProviderProblem *problem)
{
    struct stat info;
    ObserveStatus status;
    cleanup(free) char *path = path_observed(local, request, reply, problem, &status);

    if (path == NULL)
        return status;
    status = path_look(path, S_IFDIR, &info, reply, problem);
    if (status != OBSERVE_FOUND)
        return status;
    folder_reply(path, &info, reply);
    path_add_difference(&reply->reason, request, reply->state, "mode");
    return OBSERVE_FOUND;
}

void directory_predict(Local *local, const ProviderRequest *request, Json *planned)
{
    (void)local;
    path_predict(request, FOLDER_MODE, planned);
}

int directory_lookup(Local *local, const char *external_id, const char *search,
                     ProviderFinding *ret, ProviderProblem *problem)
{
    (void)local;
    return path_lookup(external_id, search, S_IFDIR, NULL, ret, problem);
}
