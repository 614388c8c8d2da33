#include "providers/local/path.h"

#include <errno.h>
#include <glob.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lang/base/file.h"
#include "lang/base/memory.h"
#include "providers/local/claim.h"
#include "providers/local/problem_of.h"
#include "providers/sdk/members.h"
#include "providers/sdk/secrets.h"

/* "0640" or 416; -1 if it is no mode. */
static int read_mode(const Json *mode, int otherwise)
{
    const char *text = json_string(mode, NULL);
    char *end = NULL;

    if (mode == NULL || json_is_null(mode))
        return otherwise;
    long number = text != NULL ? strtol(text, &end, 8) : (long)json_int(mode, -1);
    if (text != NULL && (end == text || *end != '\0'))
        return -1;
    return number < 0 || number > 07777 ? -1 : (int)number;
}

int path_validate(const Json *desired, ProviderProblem *problem)
{
    const Json *path = json_get(desired, "path"), *mode = json_get(desired, "mode");

    if (!value_is_opaque(path) && json_string(path, "")[0] == '\0')
        return problem_argument(problem, "/path", "path: expected a path, found an empty string");
    if (!value_is_opaque(mode) && read_mode(mode, 0) < 0) {
        cleanup(free) char *found = json_text(mode);
        return problem_argument(problem, "/mode",
                                "mode: expected octal digits as \"0640\", found %.64s", found);
    }
    return 0;
}

int path_failed(ProviderProblem *problem, int errnum, const char *what, const char *path)
{
    return provider_problem(problem, "UNAVAILABLE", "not_applied", true, "%s '%.400s': %s", what,
                            path, strerror(errnum));
}

void mode_text(mode_t mode, char ret[8])
{
    snprintf(ret, 8, "%04o", (unsigned)(mode & 07777));
}

static char *absolute_path(const char *path)
{
    cleanup(free) char *here = path[0] == '/' ? NULL : getcwd(NULL, 0);

    return here != NULL ? memory_format("%s/%s", here, path) : memory_copy_string(path);
}

/* ---- what stands at a path ---- */

static const char *format_name(mode_t format)
{
    switch (format & S_IFMT) {
    case S_IFREG:
        return "a file";
    case S_IFDIR:
        return "a folder";
    case S_IFLNK:
        return "a symbolic link";
    }
    return "something that is neither file nor folder";
}

/* "a file of 12 bytes that belongs to root"; the caller frees it. */
static char *describe(const struct stat *info)
{
    char buffer[4096];
    struct passwd entry, *user = NULL;
    cleanup(buffer_deinit) Buffer text = {0};

    buffer_add_string(&text, format_name(info->st_mode));
    if (S_ISREG(info->st_mode))
        buffer_add_format(&text, " of %lld bytes", (long long)info->st_size);
    if (getpwuid_r(info->st_uid, &entry, buffer, sizeof buffer, &user) == 0 && user != NULL)
        buffer_add_format(&text, " that belongs to %s", user->pw_name);
    return memory_copy_string(buffer_text(&text));
}

static int refuse_thing(const char *path, const struct stat *info, ProviderProblem *problem)
{
    cleanup(free) char *thing = describe(info);

    provider_problem(
        problem, "NOT_OWNED", "not_applied", false,
        "'%.300s' is there already: %s, which this state did not make; move it away or "
        "give another path",
        path, thing);
    snprintf(problem->pointer, sizeof problem->pointer, "/path");
    return -1;
}

static int refuse_claimed(const char *path, const Claimant *owner, ProviderProblem *problem)
{
    provider_problem(problem, "CLAIMED", "not_applied", false,
                     "'%.300s' belongs to another object: %s %s, made by %s; give one of them "
                     "another path",
                     path, owner->type, owner->uid,
                     owner->address[0] != '\0' ? owner->address : "an emission that is not known");
    snprintf(problem->pointer, sizeof problem->pointer, "/path");
    return -1;
}

/* A path that was never ours must be free, also of things that stand there under no object's name.
 */
static int check_free(const PathObject *path, ProviderProblem *problem)
{
    Claimant owner;
    struct stat info;

    if (claim_find(path->local, path->path, &owner)) {
        refuse_claimed(path->path, &owner, problem);
        free(owner.address);
        return -1;
    }
    if (lstat(path->path, &info) == 0)
        return refuse_thing(path->path, &info, problem);
    return 0;
}

/* What is ours may be gone or changed, but what others put there meanwhile, of another kind, is
 * theirs. */
static int check_kind(const PathObject *path, ProviderProblem *problem)
{
    struct stat info;

    if (stat(path->path, &info) == 0 && (info.st_mode & S_IFMT) != path->format)
        return refuse_thing(path->path, &info, problem);
    return 0;
}

/* ---- taking over ---- */

/* What was named must be there. */
static int check_adopted(const PathObject *path, ProviderProblem *problem)
{
    cleanup(free) char *named = absolute_path(path->request->adopt);
    struct stat info;

    if (strcmp(named, path->path) != 0)
        return problem_argument(problem, "/path",
                                "'%.160s' is to be taken over, but path says '%.160s'", named,
                                path->path);
    if (stat(path->path, &info) < 0) {
        if (errno != ENOENT && errno != ENOTDIR)
            return path_failed(problem, errno, "look at", path->path);
        return provider_problem(problem, "NOT_FOUND", "not_applied", false,
                                "there is nothing at '%.300s' to take over", path->path);
    }
    if ((info.st_mode & S_IFMT) != path->format)
        return problem_argument(problem, "/path", "'%.160s' is %s; expected %s", path->path,
                                format_name(info.st_mode), format_name(path->format));
    return 0;
}

static int check_new(const PathObject *path, ProviderProblem *problem)
{
    const char *adopt = path->request->adopt;

    if (adopt == NULL)
        return check_free(path, problem);
    return adopt[0] != '\0' ? check_adopted(path, problem) : check_kind(path, problem);
}

/* The object that had the path so far has it no more. */
static int dispossess(const PathObject *path, const Claimant *owner, ProviderProblem *problem)
{
    cleanup(object_deinit) Object object = {0};
    Error err;

    if (object_open(path->local, owner->type, owner->uid, &object, &err) < 0 ||
        object_delete(&object, &err) < 0)
        return problem_error(problem, &err);
    return 0;
}

/* ---- beginning and end ---- */

static int save_record(PathObject *path, ProviderProblem *problem)
{
    Json *record = path->object.record;
    const char *address = path->request->address;
    Error err;

    json_set_string(record, "path", path->path);
    json_set_string(record, "wanted", json_get_string(path->desired, "path", ""));
    json_set_string(record, "address", address != NULL ? address : "");
    return object_save(&path->object, &err) < 0 ? problem_error(problem, &err) : 0;
}

static int hold(PathObject *path, ProviderProblem *problem)
{
    const char *type = path->request->type, *uid = path->request->uid;
    Claimant owner = {.address = NULL};
    Error err;

    int code = claim_take(path->local, path->path, type, uid, &owner, &err);
    if (code == CLAIM_TAKEN && path->is_new && request_names_adopted(path->request)) {
        free(take(owner.address));
        if (dispossess(path, &owner, problem) < 0)
            return -1;
        code = claim_take(path->local, path->path, type, uid, &owner, &err);
    }
    if (code == CLAIM_TAKEN)
        refuse_claimed(path->path, &owner, problem);
    else if (code < 0)
        problem_error(problem, &err);
    free(owner.address);
    return code == 0 ? 0 : -1;
}

static int refuse_other_path(const char *known, const char *wanted, ProviderProblem *problem)
{
    provider_problem(problem, "UNSUPPORTED_CHANGE", "not_applied", false,
                     "path cannot be changed from '%.200s' to '%.200s': what others know by a path "
                     "would be gone from there; replace the object",
                     known, wanted);
    snprintf(problem->pointer, sizeof problem->pointer, "/path");
    return -1;
}

/* A relative path counts from where it was first said. */
static int choose_path(PathObject *path, ProviderProblem *problem)
{
    const char *wanted = json_get_string(path->desired, "path", "");
    const char *known = json_get_string(path->object.record, "path", NULL);

    path->path = absolute_path(wanted);
    path->is_new = known == NULL;
    if (known == NULL || strcmp(known, path->path) == 0)
        return 0;
    if (strcmp(json_get_string(path->object.record, "wanted", ""), wanted) != 0)
        return refuse_other_path(known, path->path, problem);
    free(path->path);
    path->path = memory_copy_string(known);
    return 0;
}

int path_begin(Local *local, const ProviderRequest *request, mode_t format, PathObject *ret,
               ProviderProblem *problem)
{
    mode_t otherwise = format == S_IFDIR ? FOLDER_MODE : FILE_MODE;
    Error err;

    *ret = (PathObject){.local = local, .request = request, .format = format};
    ret->desired = secrets_resolve(request->desired, request->secrets);
    if (path_validate(ret->desired, problem) < 0)
        return -1;
    ret->mode = (mode_t)read_mode(json_get(ret->desired, "mode"), (int)otherwise);
    if (object_open(local, request->type, request->uid, &ret->object, &err) < 0)
        return problem_error(problem, &err);
    if (choose_path(ret, problem) < 0)
        return -1;
    if ((ret->is_new ? check_new(ret, problem) : check_kind(ret, problem)) < 0)
        return -1;
    if (save_record(ret, problem) < 0)
        return -1;
    if (hold(ret, problem) == 0)
        return 0;
    if (ret->is_new)
        object_delete(&ret->object, NULL);
    return -1;
}

void path_deinit(PathObject *path)
{
    object_deinit(&path->object);
    json_free(path->desired);
    free(path->path);
}

int path_end(PathObject *path, int code)
{
    struct stat info;

    if (code == 0 || !path->is_new)
        return code;
    if (path->request->adopt == NULL && lstat(path->path, &info) == 0)
        return code; /* ours, half made: the next call finishes it, or removes it */
    object_delete(&path->object, NULL);
    claim_drop(path->local, path->path, path->request->type, path->request->uid);
    return code;
}

int path_forget(Local *local, const char *type, Object *object, ProviderProblem *problem)
{
    const char *path = json_get_string(object->record, "path", NULL);
    const char *uid = strrchr(object->folder, '/') + 1;
    Error err;

    if (object_delete(object, &err) < 0)
        return problem_error(problem, &err);
    if (path != NULL)
        claim_drop(local, path, type, uid);
    return 0;
}

int path_recorded(Local *local, const ProviderRequest *request, Object *ret, const char **ret_path,
                  ProviderProblem *problem)
{
    Error err;

    *ret_path = NULL;
    if (object_open(local, request->type, request->uid, ret, &err) < 0)
        return problem_error(problem, &err);
    *ret_path = json_get_string(ret->record, "path", NULL);
    return 0;
}

/* ---- observation ---- */

char *path_observed(Local *local, const ProviderRequest *request, ProviderReply *reply,
                    ProviderProblem *problem, ObserveStatus *ret)
{
    char *kept = text_get_string(request->private, "path");
    const char *path;
    cleanup(object_deinit) Object object = {0};

    *ret = OBSERVE_ABSENT;
    if (kept != NULL)
        return kept;
    if (path_recorded(local, request, &object, &path, problem) < 0) {
        *ret = OBSERVE_ERROR;
        return NULL;
    }
    if (path != NULL)
        return memory_copy_string(path);
    reply->reason = memory_format("there is no such %s", request->type);
    return NULL;
}

ObserveStatus path_look(const char *path, mode_t format, struct stat *info, ProviderReply *reply,
                        ProviderProblem *problem)
{
    if (stat(path, info) < 0) {
        if (errno != ENOENT && errno != ENOTDIR) {
            path_failed(problem, errno, "read", path);
            return OBSERVE_ERROR;
        }
        reply->reason = memory_format("'%s' does not exist", path);
        return OBSERVE_ABSENT;
    }
    if ((info->st_mode & S_IFMT) == format)
        return OBSERVE_FOUND;
    reply->reason = memory_format("'%s' is %s now", path, format_name(info->st_mode));
    return OBSERVE_ABSENT;
}

Json *path_state(const char *path, const struct stat *info)
{
    Json *state = json_new_object();
    char mode[8];

    mode_text(info->st_mode, mode);
    json_set_string(state, "id", path);
    json_set_string(state, "path", path);
    json_set_string(state, "mode", mode);
    return state;
}

void path_add_difference(char **reason, const ProviderRequest *request, const Json *state,
                         const char *member)
{
    cleanup(free) char *before = text_get_string(request->prior, member);
    const char *now = json_get_string(state, member, "");

    if (before == NULL || strcmp(before, now) == 0)
        return;
    char *longer = memory_format("%s%s%s was %s and is %s", *reason != NULL ? *reason : "",
                                 *reason != NULL ? "; " : "", member, before, now);
    free(*reason);
    *reason = longer;
}

/* ---- what is to come, and what is there ---- */

void path_predict(const ProviderRequest *request, mode_t otherwise, Json *planned)
{
    const Json *wanted = json_get(request->desired, "path"),
               *mode = json_get(request->desired, "mode");
    cleanup(free) char *known = text_get_string(request->prior, "path");
    char text[8];

    if (known != NULL || (json_is_string(wanted) && !value_is_opaque(wanted))) {
        cleanup(free) char *path =
            known != NULL ? memory_copy_string(known) : absolute_path(json_string(wanted, ""));
        json_set_string(planned, "id", path);
        json_set_string(planned, "path", path);
    }
    if (value_is_opaque(mode))
        return;
    mode_text((mode_t)read_mode(mode, (int)otherwise), text);
    json_set_string(planned, "mode", text);
}

static bool find_one(const char *path, mode_t format,
                     void (*fill)(const char *path, ProviderFinding *finding), ProviderFinding *ret)
{
    struct stat info;
    char mode[8];

    if (stat(path, &info) < 0 || (info.st_mode & S_IFMT) != format)
        return false;
    mode_text(info.st_mode, mode);
    *ret = (ProviderFinding){.external_id = memory_copy_string(path),
                             .state = path_state(path, &info),
                             .desired = json_new_object()};
    json_set_string(ret->desired, "path", path);
    json_set_string(ret->desired, "mode", mode);
    if (fill != NULL)
        fill(path, ret);
    return true;
}

int path_lookup(const char *external_id, const char *search, mode_t format,
                void (*fill)(const char *path, ProviderFinding *finding), ProviderFinding *ret,
                ProviderProblem *problem)
{
    cleanup(free) char *pattern = absolute_path(external_id != NULL ? external_id : search);
    glob_t found = {0};
    int count = 0;

    if (external_id != NULL && find_one(pattern, format, fill, ret))
        return 1;
    if (external_id != NULL && access(pattern, F_OK) < 0 && errno != ENOENT && errno != ENOTDIR)
        return path_failed(problem, errno, "look at", pattern);
    if (external_id != NULL || glob(pattern, GLOB_NOSORT, NULL, &found) != 0)
        return 0;
    for (size_t i = 0; i < found.gl_pathc && count < FINDINGS_MAX; i++)
        count += find_one(found.gl_pathv[i], format, fill, &ret[count]);
    globfree(&found);
    return count;
}
