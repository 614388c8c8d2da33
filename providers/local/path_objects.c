/* WriteFile and CreateDirectory: objects that are paths.
 *
 * The record keeps the absolute path, so that a file is found again whatever folder the plugin is
 * started in. When the path of a file changes the record names old and new until the old is gone.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lang/base/file.h"
#include "lang/base/hash.h"
#include "lang/base/memory.h"
#include "providers/local/kinds.h"
#include "providers/local/object.h"
#include "providers/local/problem_of.h"
#include "providers/sdk/secrets.h"

#define CONTENT_SIZE_MAX (64 << 20)
#define FILE_MODE 0644
#define FOLDER_MODE 0755

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

static char *absolute_path(const char *path)
{
    cleanup(free) char *here = path[0] == '/' ? NULL : getcwd(NULL, 0);

    return here != NULL ? memory_format("%s/%s", here, path) : memory_copy_string(path);
}

static int path_failed(ProviderProblem *problem, int errnum, const char *what, const char *path)
{
    return provider_problem(problem, "UNAVAILABLE", "not_applied", true, "%s '%.400s': %s", what,
                            path, strerror(errnum));
}

static char *content_digest(const void *bytes, size_t size)
{
    uint8_t digest[SHA256_SIZE];
    char text[2 * SHA256_SIZE + 1];

    sha256(bytes, size, digest);
    hex_encode(digest, sizeof digest, text);
    return memory_format("sha256:%s", text);
}

static void mode_text(mode_t mode, char ret[8])
{
    snprintf(ret, 8, "%04o", (unsigned)(mode & 07777));
}

/* The file as it is now. 0, or -errno. */
static int file_state(const char *path, ProviderReply *reply)
{
    cleanup(buffer_deinit) Buffer content;
    struct stat info;
    char mode[8];

    buffer_init(&content, CONTENT_SIZE_MAX);
    if (stat(path, &info) < 0)
        return -errno;
    int code = file_read(path, CONTENT_SIZE_MAX, &content, NULL);
    if (code < 0)
        return code;
    cleanup(free) char *digest = content_digest(buffer_text(&content), content.size);
    mode_text(info.st_mode, mode);
    reply->state = json_new_object();
    json_set_string(reply->state, "id", path);
    json_set_string(reply->state, "path", path);
    json_set_string(reply->state, "digest", digest);
    json_set_int(reply->state, "size", (int64_t)content.size);
    json_set_string(reply->state, "mode", mode);
    reply->external_id = memory_copy_string(path);
    return 0;
}

/* Write only what differs, so that doing it twice touches the file once. */
static int file_make(const char *path, const char *content, mode_t mode, ProviderProblem *problem)
{
    cleanup(buffer_deinit) Buffer present;
    struct stat info;
    Error err;

    buffer_init(&present, CONTENT_SIZE_MAX);
    bool same = stat(path, &info) == 0 && file_read(path, CONTENT_SIZE_MAX, &present, NULL) == 0 &&
                present.size == strlen(content) &&
                memcmp(buffer_text(&present), content, present.size) == 0;
    if (!same && file_replace(path, content, strlen(content), mode, &err) < 0)
        return provider_problem(problem, "UNAVAILABLE", "not_applied", true, "%.900s", err.message);
    /* The new file had its mode cut by the umask. */
    if ((!same || (info.st_mode & 07777) != mode) && chmod(path, mode) < 0)
        return path_failed(problem, errno, "set the mode of", path);
    return 0;
}

static int record_path(Object *object, const ProviderRequest *request, const char *path,
                       const char *former, Error *err)
{
    json_set_string(object->record, "path", path);
    json_set_string(object->record, "address", request->address != NULL ? request->address : "");
    json_free(json_detach(object->record, "former"));
    if (former != NULL && strcmp(former, path) != 0)
        json_set_string(object->record, "former", former);
    return object_save(object, err);
}

/* Delete where the file was before its path changed. */
static int drop_former(Object *object, const ProviderRequest *request, const char *path,
                       ProviderProblem *problem)
{
    const char *former = json_get_string(object->record, "former", NULL);
    Error err;

    if (former == NULL)
        return 0;
    if (unlink(former) < 0 && errno != ENOENT)
        return path_failed(problem, errno, "delete", former);
    return record_path(object, request, path, NULL, &err) < 0 ? problem_error(problem, &err) : 0;
}

int file_reconcile(Local *local, const ProviderRequest *request, ProviderReply *reply,
                   ProviderProblem *problem)
{
    cleanup(object_deinit) Object object = {0};
    cleanup(json_free) Json *desired = secrets_resolve(request->desired, request->secrets);
    cleanup(free) char *path = absolute_path(json_get_string(desired, "path", ""));
    const char *content = json_get_string(desired, "content", "");
    Error err;

    if (path_validate(desired, problem) < 0)
        return -1;
    if (object_open(local, "file", request->uid, &object, &err) < 0)
        return problem_error(problem, &err);
    const char *known = json_get_string(object.record, "path", NULL);
    const char *before = json_get_string(object.record, "former", known);
    cleanup(free) char *former = before != NULL ? memory_copy_string(before) : NULL;
    if (record_path(&object, request, path, former, &err) < 0)
        return problem_error(problem, &err);
    int mode = read_mode(json_get(desired, "mode"), FILE_MODE);
    if (file_make(path, content, (mode_t)mode, problem) < 0 ||
        drop_former(&object, request, path, problem) < 0)
        return -1;
    int code = file_state(path, reply);
    return code < 0 ? path_failed(problem, -code, "read back", path) : 0;
}

int file_remove(Local *local, const ProviderRequest *request, ProviderProblem *problem)
{
    static const char *const keys[] = {"path", "former"};
    cleanup(object_deinit) Object object = {0};
    Error err;

    if (object_open(local, "file", request->uid, &object, &err) < 0)
        return problem_error(problem, &err);
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        const char *path = json_get_string(object.record, keys[i], NULL);
        if (path != NULL && unlink(path) < 0 && errno != ENOENT && errno != ENOTDIR)
            return path_failed(problem, errno, "delete", path);
    }
    return object_delete(&object, &err) < 0 ? problem_error(problem, &err) : 0;
}

/* The path of an object to observe; NULL, with the reply's reason, if it was never made. */
static const char *recorded_path(Local *local, const ProviderRequest *request, const char *type,
                                 Object *object, ProviderReply *reply, ProviderProblem *problem,
                                 ObserveStatus *ret)
{
    Error err;

    *ret = OBSERVE_ABSENT;
    int code = object_open(local, type, request->uid, object, &err);
    if (code < 0) {
        problem_error(problem, &err);
        *ret = OBSERVE_ERROR;
        return NULL;
    }
    const char *path = json_get_string(object->record, "path", NULL);
    if (path == NULL)
        reply->reason = memory_format("there is no such %s", type);
    return path;
}

static ObserveStatus observed_failure(int errnum, const char *path, ProviderReply *reply,
                                      ProviderProblem *problem)
{
    if (errnum == ENOENT || errnum == ENOTDIR) {
        reply->reason = memory_format("'%s' does not exist", path);
        return OBSERVE_ABSENT;
    }
    path_failed(problem, errnum, "read", path);
    return OBSERVE_ERROR;
}

ObserveStatus file_observe(Local *local, const ProviderRequest *request, ProviderReply *reply,
                           ProviderProblem *problem)
{
    cleanup(object_deinit) Object object = {0};
    ObserveStatus status;
    const char *path = recorded_path(local, request, "file", &object, reply, problem, &status);

    if (path == NULL)
        return status;
    int code = file_state(path, reply);
    return code < 0 ? observed_failure(-code, path, reply, problem) : OBSERVE_FOUND;
}

static int folder_state(const char *path, ProviderReply *reply)
{
    struct stat info;
    char mode[8];

    if (stat(path, &info) < 0)
        return -errno;
    if (!S_ISDIR(info.st_mode))
        return -ENOTDIR;
    mode_text(info.st_mode, mode);
    reply->state = json_new_object();
    json_set_string(reply->state, "id", path);
    json_set_string(reply->state, "path", path);
    json_set_string(reply->state, "mode", mode);
    reply->external_id = memory_copy_string(path);
    return 0;
}

/* A folder with something in it cannot move without what is in it, so its path binds. */
static int check_folder_path(const Object *object, const char *path, ProviderProblem *problem)
{
    const char *known = json_get_string(object->record, "path", path);

    if (strcmp(known, path) == 0)
        return 0;
    provider_problem(problem, "UNSUPPORTED_CHANGE", "not_applied", false,
                     "the path of a folder cannot be changed from '%.200s' to '%.200s': replace it",
                     known, path);
    snprintf(problem->pointer, sizeof problem->pointer, "/path");
    return -1;
}

int directory_reconcile(Local *local, const ProviderRequest *request, ProviderReply *reply,
                        ProviderProblem *problem)
{
    cleanup(object_deinit) Object object = {0};
    cleanup(json_free) Json *desired = secrets_resolve(request->desired, request->secrets);
    cleanup(free) char *path = absolute_path(json_get_string(desired, "path", ""));
    Error err;

    if (path_validate(desired, problem) < 0)
        return -1;
    if (object_open(local, "directory", request->uid, &object, &err) < 0)
        return problem_error(problem, &err);
    if (check_folder_path(&object, path, problem) < 0)
        return -1;
    if (record_path(&object, request, path, NULL, &err) < 0)
        return problem_error(problem, &err);
    if (folder_make(path, 0755, &err) < 0)
        return provider_problem(problem, "UNAVAILABLE", "not_applied", true, "%.900s", err.message);
    if (chmod(path, (mode_t)read_mode(json_get(desired, "mode"), FOLDER_MODE)) < 0)
        return path_failed(problem, errno, "set the mode of", path);
    int code = folder_state(path, reply);
    return code < 0 ? path_failed(problem, -code, "read back", path) : 0;
}

int directory_remove(Local *local, const ProviderRequest *request, ProviderProblem *problem)
{
    cleanup(object_deinit) Object object = {0};
    Error err;

    if (object_open(local, "directory", request->uid, &object, &err) < 0)
        return problem_error(problem, &err);
    const char *path = json_get_string(object.record, "path", NULL);
    if (path != NULL && rmdir(path) < 0 && errno != ENOENT && errno != ENOTDIR) {
        bool full = errno == ENOTEMPTY || errno == EEXIST;
        if (!full)
            return path_failed(problem, errno, "delete", path);
        return provider_problem(problem, "UNAVAILABLE", "not_applied", false,
                                "delete folder '%.400s': it is not empty, and what is in it is not "
                                "ours: move it away",
                                path);
    }
    return object_delete(&object, &err) < 0 ? problem_error(problem, &err) : 0;
}

ObserveStatus directory_observe(Local *local, const ProviderRequest *request, ProviderReply *reply,
                                ProviderProblem *problem)
{
    cleanup(object_deinit) Object object = {0};
    ObserveStatus status;
    const char *path = recorded_path(local, request, "directory", &object, reply, problem, &status);

    if (path == NULL)
        return status;
    int code = folder_state(path, reply);
    return code < 0 ? observed_failure(-code, path, reply, problem) : OBSERVE_FOUND;
}
