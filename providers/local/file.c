/* WriteFile: a file with this content. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lang/base/file.h"
#include "lang/base/hash.h"
#include "lang/base/memory.h"
#include "lang/base/utf8.h"
#include "providers/local/path.h"
#include "providers/local/problem_of.h"
#include "providers/sdk/members.h"
#include "providers/sdk/sight.h"

#define CONTENT_SIZE_MAX (64 << 20)
#define FOUND_SIZE_MAX (1 << 20) /* of content that a finding shows */

static char *content_digest(const void *bytes, size_t size)
{
    uint8_t digest[SHA256_SIZE];
    char text[2 * SHA256_SIZE + 1];

    sha256(bytes, size, digest);
    hex_encode(digest, sizeof digest, text);
    return memory_format("sha256:%s", text);
}

static void set_content(Json *state, const void *bytes, size_t size)
{
    cleanup(free) char *digest = content_digest(bytes, size);

    json_set_string(state, "digest", digest);
    json_set_int(state, "size", (int64_t)size);
}

/* The file as it is now, and for the next time how it looked. 0, or -errno. */
static int file_state(const char *path, ProviderReply *reply)
{
    cleanup(buffer_deinit) Buffer content;
    struct stat info;

    buffer_init(&content, CONTENT_SIZE_MAX);
    /* First the look: what changes after it is noticed by the next. */
    if (stat(path, &info) < 0)
        return -errno;
    int code = file_read(path, CONTENT_SIZE_MAX, &content, NULL);
    if (code < 0)
        return code;
    reply->state = path_state(path, &info);
    set_content(reply->state, buffer_text(&content), content.size);
    reply->external_id = memory_copy_string(path);
    reply->private = json_new_object();
    json_set_string(reply->private, "path", path);
    json_set(reply->private, "sight", sight_json(&info));
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

int file_reconcile(Local *local, const ProviderRequest *request, ProviderReply *reply,
                   ProviderProblem *problem)
{
    cleanup(path_deinit) PathObject file;

    if (path_begin(local, request, S_IFREG, &file, problem) < 0)
        return -1;
    const char *content = json_get_string(file.desired, "content", "");
    if (path_end(&file, file_make(file.path, content, file.mode, problem)) < 0)
        return -1;
    int code = file_state(file.path, reply);
    return code < 0 ? path_failed(problem, -code, "read back", file.path) : 0;
}

int file_remove(Local *local, const ProviderRequest *request, ProviderProblem *problem)
{
    cleanup(object_deinit) Object object = {0};
    const char *path;

    if (path_recorded(local, request, &object, &path, problem) < 0)
        return -1;
    /* A folder in its place is somebody else's. */
    if (path != NULL && unlink(path) < 0 && errno != ENOENT && errno != ENOTDIR && errno != EISDIR)
        return path_failed(problem, errno, "delete", path);
    return path_forget(local, "file", &object, problem);
}

ObserveStatus file_observe(Local *local, const ProviderRequest *request, ProviderReply *reply,
                           ProviderProblem *problem)
{
    struct stat info;
    ObserveStatus status;
    cleanup(free) char *path = path_observed(local, request, reply, problem, &status);

    if (path == NULL)
        return status;
    status = path_look(path, S_IFREG, &info, reply, problem);
    cleanup(free) char *sight = text_get_string(request->private, "sight");
    if (status != OBSERVE_FOUND || sight_is_same(sight, &info))
        return status;
    int code = file_state(path, reply);
    if (code == 0) {
        path_add_difference(&reply->reason, request, reply->state, "digest");
        path_add_difference(&reply->reason, request, reply->state, "mode");
        return OBSERVE_FOUND;
    }
    if (code == -ENOENT) {
        reply->reason = memory_format("'%s' does not exist", path);
        return OBSERVE_ABSENT;
    }
    path_failed(problem, -code, "read", path);
    return OBSERVE_ERROR;
}

void file_predict(Local *local, const ProviderRequest *request, Json *planned)
{
    const Json *content = json_get(request->desired, "content");

    (void)local;
    path_predict(request, FILE_MODE, planned);
    if (json_is_string(content))
        set_content(planned, json_string(content, ""), strlen(json_string(content, "")));
}

static void file_fill(const char *path, ProviderFinding *finding)
{
    cleanup(buffer_deinit) Buffer content;

    buffer_init(&content, FOUND_SIZE_MAX);
    if (file_read(path, FOUND_SIZE_MAX, &content, NULL) < 0)
        return;
    set_content(finding->state, buffer_text(&content), content.size);
    if (text_fits_json(&content))
        json_set_string(finding->desired, "content", buffer_text(&content));
}

int file_lookup(Local *local, const char *external_id, const char *search, ProviderFinding *ret,
                ProviderProblem *problem)
{
    (void)local;
    return path_lookup(external_id, search, S_IFREG, file_fill, ret, problem);
}
