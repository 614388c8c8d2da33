/* PullImage, BuildImage, LoadImage: an image under a name. It goes with the object, unless it was
 * there before or somebody still uses it. */
#include "providers/docker/image.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lang/base/file.h"
#include "lang/base/memory.h"
#include "providers/docker/object.h"
#include "providers/docker/progress.h"
#include "providers/docker/tar.h"
#include "providers/sdk/members.h"
#include "providers/sdk/secrets.h"

#define LOADED "Loaded image: "

/* 0 with what the engine says of it, 1: it has none of that name, -1. */
static int look(Docker *docker, const char *name, ApiAnswer *ret, ProviderProblem *problem)
{
    cleanup(free) char *part = api_encoded(name);
    cleanup(free) char *path = memory_format("/images/%s/json", part);
    cleanup(free) char *what = memory_format("look at image '%.128s'", name);

    if (api_call(&docker->api, &(ApiCall){.method = "GET", .path = path, .what = what}, ret,
                 problem) < 0)
        return -1;
    if (ret->status == 404)
        return 1;
    return ret->status >= 400 ? api_problem(ret, what, problem) : 0;
}

static const char *wanted_name(const Json *desired)
{
    return json_get_string(desired, "image", json_get_string(desired, "tag", ""));
}

/* ---- building ---- */

static void add_query(Buffer *path, const char *key, const char *value)
{
    cleanup(free) char *part = value != NULL ? api_encoded(value) : NULL;

    if (value != NULL)
        buffer_add_format(path, "&%s=%s", key, part);
}

static char *build_path(const ProviderRequest *request, const Json *desired)
{
    cleanup(json_free) Json *labels = object_labels(request, json_get(desired, "labels"));
    cleanup(free) char *label_text = json_text(labels);
    const Json *arguments = json_get(desired, "arguments");
    cleanup(free) char *argument_text = arguments != NULL ? json_text(arguments) : NULL;
    Buffer path = {0};

    buffer_add_string(&path, "/build?rm=1&forcerm=1");
    add_query(&path, "t", wanted_name(desired));
    add_query(&path, "dockerfile", json_get_string(desired, "dockerfile", "Dockerfile"));
    add_query(&path, "target", json_get_string(desired, "target", NULL));
    add_query(&path, "labels", label_text);
    add_query(&path, "buildargs", argument_text);
    return buffer_take(&path);
}

static int build(Docker *docker, const ProviderRequest *request, const Json *desired,
                 ProviderProblem *problem)
{
    const char *context = json_get_string(desired, "context", ".");
    cleanup(free) char *archive =
        memory_format("%s/context-%s.tar", docker->data_dir, request->uid);
    cleanup(free) char *path = build_path(request, desired);
    cleanup(free) char *what = memory_format("build image '%.128s'", wanted_name(desired));
    Error err = {0};

    request_progress(request, "building", context);
    int code = tar_write(context, archive, &err);
    if (code < 0)
        code = problem_argument(problem, "/context", "context: %.400s", err.message);
    else
        code = progress_call(&docker->api,
                             &(ApiCall){.method = "POST",
                                        .path = path,
                                        .body_file = archive,
                                        .what = what,
                                        .timeout_ms = FETCH_FOREVER},
                             request, NULL, problem);
    unlink(archive);
    return code;
}

/* ---- loading ---- */

static int tag_image(Docker *docker, const char *from, const char *to, ProviderProblem *problem)
{
    cleanup(api_answer_deinit) ApiAnswer answer;
    cleanup(free) char *name = NULL, *tag = NULL, *from_part = api_encoded(from);

    image_reference_split(to, &name, &tag);
    cleanup(free) char *name_part = api_encoded(name), *tag_part = api_encoded(tag);
    cleanup(free) char *path =
        memory_format("/images/%s/tag?repo=%s&tag=%s", from_part, name_part, tag_part);
    return api_must(&docker->api,
                    &(ApiCall){.method = "POST", .path = path, .what = "name the image"}, &answer,
                    problem);
}

/* The name of the image that an archive held is in the last line: "Loaded image: NAME". */
static int load(Docker *docker, const ProviderRequest *request, const Json *desired,
                ProviderProblem *problem)
{
    const char *file = json_get_string(desired, "path", "");
    cleanup(free) char *what = memory_format("load image '%.200s'", file);
    cleanup(free) char *last = NULL;

    if (!file_exists(file))
        return problem_argument(problem, "/path", "path: there is no file '%.300s'", file);
    request_progress(request, "loading", file);
    if (progress_call(&docker->api,
                      &(ApiCall){.method = "POST",
                                 .path = "/images/load",
                                 .body_file = file,
                                 .what = what,
                                 .timeout_ms = FETCH_FOREVER},
                      request, &last, problem) < 0)
        return -1;
    const char *told = last != NULL ? strstr(last, LOADED) : NULL;
    if (told == NULL)
        return provider_problem(problem, "UPSTREAM", "partial", false,
                                "%s: the engine does not say what was in it", what);
    cleanup(free) char *name = memory_copy_string(told + strlen(LOADED));
    name[strcspn(name, ",\r\n")] = '\0';
    return strcmp(name, wanted_name(desired)) == 0
               ? 0
               : tag_image(docker, name, wanted_name(desired), problem);
}

/* ---- the object ---- */

static bool is_effect(const ProviderRequest *request, const char *effect)
{
    return request->effect != NULL && strcmp(request->effect, effect) == 0;
}

int image_validate(const Json *desired, ProviderProblem *problem)
{
    const Json *image = json_get(desired, "image"), *tag = json_get(desired, "tag");
    const Json *name = image != NULL ? image : tag;

    if (!value_is_opaque(name) && strpbrk(json_string(name, ""), " \t\r\n?#") != NULL)
        return problem_argument(problem, image != NULL ? "/image" : "/tag",
                                "expected an image's name like registry/name:tag, found '%.100s'",
                                json_string(name, ""));
    return 0;
}

static int obtain(Docker *docker, const ProviderRequest *request, const Json *desired,
                  ProviderProblem *problem)
{
    if (is_effect(request, "BuildImage"))
        return build(docker, request, desired, problem);
    if (is_effect(request, "LoadImage"))
        return load(docker, request, desired, problem);
    return image_pull(docker, request, wanted_name(desired), json_get(desired, "credentials"),
                      problem);
}

static Json *state_of(const char *name, const Json *about)
{
    Json *state = json_new_object();

    json_set_string(state, "id", json_get_string(about, "Id", ""));
    json_set_string(state, "image", name);
    json_set_int(state, "size", json_get_int(about, "Size", 0));
    return state;
}

/* Nothing is pulled that is there, unless a newer one of the same name is asked for. */
static bool is_enough(const ProviderRequest *request, const Json *desired, bool is_there)
{
    return is_there && is_effect(request, "PullImage") &&
           strcmp(json_get_string(desired, "pull", "missing"), "always") != 0;
}

int image_reconcile(Docker *docker, const ProviderRequest *request, ProviderReply *reply,
                    ProviderProblem *problem)
{
    cleanup(json_free) Json *desired = secrets_resolve(request->desired, request->secrets);
    cleanup(api_answer_deinit) ApiAnswer before = {0}, after = {0};
    const char *name = wanted_name(desired), *context = json_get_string(desired, "context", NULL);
    char glance[2 * SHA256_SIZE + 1] = "";
    Member made;
    int code = look(docker, name, &before, problem);

    if (code < 0)
        return -1;
    /* Before it is read: what changes meanwhile is seen the next time. */
    if (context != NULL)
        (void)tar_glance(context, glance, NULL);
    bool is_there = code == 0;
    bool is_ours = member_find(request->private, "is_ours", &made) ? member_is_true(&made)
                                                                   : !is_there || request->resumed;
    if (!is_enough(request, desired, is_there) && obtain(docker, request, desired, problem) < 0)
        return -1;
    code = look(docker, name, &after, problem);
    if (code != 0)
        return code < 0 ? -1
                        : provider_problem(problem, "UPSTREAM", "unknown", true,
                                           "the engine has no image '%.200s' after all", name);
    reply->state = state_of(name, after.body);
    reply->external_id = memory_copy_string(name);
    reply->private = json_new_object();
    json_set_string(reply->private, "image", name);
    json_set_bool(reply->private, "is_ours", is_ours);
    if (context != NULL) {
        json_set_string(reply->private, "context", context);
        json_set_string(reply->private, "glance", glance);
    }
    return 0;
}

int image_remove(Docker *docker, const ProviderRequest *request, ProviderProblem *problem)
{
    cleanup(api_answer_deinit) ApiAnswer answer;
    cleanup(free) char *name = text_get_string(request->private, "image");

    if (name == NULL || !text_get_bool(request->private, "is_ours", false))
        return 0;
    cleanup(free) char *part = api_encoded(name);
    cleanup(free) char *path = memory_format("/images/%s", part);
    cleanup(free) char *what = memory_format("remove image '%.128s'", name);
    if (api_call(&docker->api, &(ApiCall){.method = "DELETE", .path = path, .what = what}, &answer,
                 problem) < 0)
        return -1;
    /* 409: a container that is not ours runs it. */
    return answer.status < 400 || answer.status == 404 || answer.status == 409
               ? 0
               : api_problem(&answer, what, problem);
}

/* Of a folder that is gone nothing can be said. */
static bool context_has_changed(const char *private)
{
    cleanup(free) char *context = text_get_string(private, "context");
    cleanup(free) char *before = text_get_string(private, "glance");
    char now[2 * SHA256_SIZE + 1];

    return context != NULL && before != NULL && tar_glance(context, now, NULL) == 0 &&
           strcmp(before, now) != 0;
}

ObserveStatus image_observe(Docker *docker, const ProviderRequest *request, ProviderReply *reply,
                            ProviderProblem *problem)
{
    cleanup(api_answer_deinit) ApiAnswer about = {0};
    cleanup(free) char *name = text_get_string(request->private, "image");
    int code = name != NULL ? look(docker, name, &about, problem) : 1;

    if (code < 0)
        return OBSERVE_ERROR;
    if (code == 1) {
        reply->reason = memory_copy_string("the engine has no such image");
        return OBSERVE_ABSENT;
    }
    if (context_has_changed(request->private)) {
        reply->reason = memory_copy_string("the folder that it was built from has changed");
        return OBSERVE_ABSENT;
    }
    reply->state = state_of(name, about.body);
    reply->external_id = memory_copy_string(name);
    return OBSERVE_FOUND;
}

void image_predict(Docker *docker, const ProviderRequest *request, Json *planned)
{
    const char *name = wanted_name(request->desired);

    (void)docker;
    if (name[0] != '\0')
        json_set_string(planned, "image", name);
}

static void find(const char *name, const Json *about, ProviderFinding *ret)
{
    *ret = (ProviderFinding){.external_id = memory_copy_string(name),
                             .state = json_new_object(),
                             .desired = json_new_object()};
    json_set_string(ret->state, "id", json_get_string(about, "Id", ""));
    json_set_string(ret->state, "image", name);
    json_set_string(ret->desired, "image", name);
}

static int find_all(Docker *docker, const char *search, ProviderFinding *ret,
                    ProviderProblem *problem)
{
    cleanup(api_answer_deinit) ApiAnswer answer;
    int count = 0;

    if (api_must(&docker->api,
                 &(ApiCall){.method = "GET", .path = "/images/json", .what = "list images"},
                 &answer, problem) < 0)
        return -1;
    for (const Json *i = json_first(answer.body); i != NULL; i = json_next(i))
        for (const Json *t = json_first(json_get(i, "RepoTags")); t != NULL; t = json_next(t))
            if (count < FINDINGS_MAX && strstr(json_string(t, ""), search) != NULL)
                find(json_string(t, ""), i, &ret[count++]);
    return count;
}

int image_lookup(Docker *docker, const char *external_id, const char *search, ProviderFinding *ret,
                 ProviderProblem *problem)
{
    cleanup(api_answer_deinit) ApiAnswer about = {0};

    if (external_id == NULL)
        return find_all(docker, search, ret, problem);
    int code = look(docker, external_id, &about, problem);
    if (code == 0)
        find(external_id, about.body, ret);
    return code < 0 ? -1 : 1 - code;
}
