#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lang/base/file.h"
#include "lang/base/memory.h"
#include "providers/sdk/schema.h"
#include "providers/sim/sim_private.h"

#define UID_SIZE 32

const char *effect_of(const ProviderRequest *request)
{
    return request->effect != NULL ? request->effect : request->type;
}

char *object_path(const Sim *sim, const char *uid)
{
    return memory_format("%s/objects/%s.json", sim->data_dir, uid);
}

char *object_id(const Json *object, const char *uid)
{
    const char *id = json_get_string(object, "id", NULL);

    return id != NULL ? memory_copy_string(id) : memory_format("sim-%.8s", uid);
}

static void merge(Json *into, const Json *from)
{
    for (const Json *m = json_first(from); m != NULL; m = json_next(m))
        json_set(into, json_key(m), json_copy(m));
}

/* ---- results ---- */

/* Add what `${name}` stands for; false: it is not known. */
static bool add_reference(Buffer *text, const char *name, size_t size, const char *uid,
                          const Json *desired)
{
    cleanup(free) char *key = memory_copy_bytes(name, size);
    const Json *argument = json_get(desired, key);

    if (strcmp(key, "uid") == 0) {
        buffer_add_string(text, uid != NULL ? uid : "");
        return uid != NULL;
    }
    if (json_is_string(argument))
        buffer_add_string(text, json_string(argument, ""));
    else if (argument != NULL)
        json_write(text, argument);
    return argument == NULL || !schema_has_unknown(argument);
}

/* "http://${uid}.${zone}/" with what that stands for; unknown if any of it is. */
static Json *fill_in(const char *pattern, const char *uid, const Json *desired)
{
    cleanup(buffer_deinit) Buffer text = {0};

    while (*pattern != '\0') {
        size_t plain = strcspn(pattern, "$");
        const char *end =
            strncmp(pattern + plain, "${", 2) == 0 ? strchr(pattern + plain, '}') : NULL;
        buffer_add(&text, pattern, plain);
        pattern += plain;
        if (end == NULL) {
            if (*pattern != '\0')
                buffer_add_char(&text, *pattern++);
            continue;
        }
        if (!add_reference(&text, pattern + 2, (size_t)(end - pattern - 2), uid, desired))
            return schema_unknown();
        pattern = end + 1;
    }
    return json_new_string(buffer_text(&text));
}

Json *object_state(const Sim *sim, const char *id, const char *uid, const char *effect,
                   const Json *desired)
{
    const Json *results = json_get(json_get(sim->config, "results"), effect);
    Json *state = json_new_object();

    json_set(state, "id", id != NULL ? json_new_string(id) : schema_unknown());
    json_set_string(state, "effect", effect);
    merge(state, desired);
    for (const Json *r = json_first(results); r != NULL; r = json_next(r))
        json_set(state, json_key(r),
                 json_is_string(r) ? fill_in(json_string(r, ""), uid, desired) : json_copy(r));
    return state;
}

/* ---- files ---- */

static Json *object_json(const ProviderRequest *request, const Json *before)
{
    const char *id = json_get_string(before, "id", NULL);
    Json *object = json_new_object();

    json_set_string(object, "uid", request->uid);
    json_set_string(object, "effect", effect_of(request));
    json_set_string(object, "address", request->address);
    json_set_string(object, "created_by", json_get_string(before, "created_by", request->op));
    if (id != NULL)
        json_set_string(object, "id", id);
    json_set(object, "desired", json_copy(request->desired));
    return object;
}

int object_read(const Sim *sim, const char *uid, Json **ret, Error *err)
{
    cleanup(free) char *path = object_path(sim, uid);
    cleanup(buffer_deinit) Buffer file = {0};

    *ret = NULL;
    int code = file_read(path, OBJECT_SIZE_MAX, &file, err);
    if (code == -ENOENT)
        return 0;
    if (code < 0)
        return code;
    code = json_parse(file.bytes != NULL ? file.bytes : "", file.size, ret, err);
    return code < 0 ? error_wrap(err, "object '%s'", path) : 0;
}

static int write_whole(const char *path, const char *text, Error *err)
{
    cleanup(fd_close) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0)
        return error_errno(err, errno, "create '%s'", path);
    if (fd_write_all(fd, text, strlen(text), err) < 0)
        return error_wrap(err, "'%s'", path);
    return fsync(fd) < 0 ? error_errno(err, errno, "fsync '%s'", path) : 0;
}

/* Give a finished file its name with link(), which refuses if somebody has that name: so an object
 * is whole from its first moment and cannot be made twice. */
static int object_create(const Sim *sim, const ProviderRequest *request, const char *text,
                         Error *err)
{
    cleanup(free) char *path = object_path(sim, request->uid);
    cleanup(free) char *draft = memory_format("%s.%s.draft", path, request->op);
    cleanup(free) char *folder = memory_format("%s/objects", sim->data_dir);
    int code = write_whole(draft, text, err);

    if (code == 0 && link(draft, path) < 0 && errno != EEXIST)
        code = error_errno(err, errno, "link '%s'", path);
    unlink(draft);
    return code < 0 ? code : folder_sync(folder, err);
}

int object_make(const Sim *sim, const ProviderRequest *request, Json **ret, Error *err)
{
    cleanup(json_free) Json *before = NULL;
    int code = object_read(sim, request->uid, &before, err);

    if (code < 0)
        return code;
    cleanup(json_free) Json *object = object_json(request, before);
    cleanup(free) char *path = object_path(sim, request->uid);
    cleanup(free) char *text = json_text(object);
    if (before == NULL)
        code = object_create(sim, request, text, err);
    else if (!json_equal(json_get(before, "desired"), request->desired))
        code = file_replace(path, text, strlen(text), 0600, err);
    if (code == 0)
        *ret = take(object);
    return code;
}

static bool name_is_uid(const char *name)
{
    return strspn(name, "0123456789abcdef") == UID_SIZE && strcmp(name + UID_SIZE, ".json") == 0;
}

int objects_visit(const Sim *sim, bool (*visit)(void *context, const char *uid, const Json *object),
                  void *context, Error *err)
{
    cleanup(free) char *folder = memory_format("%s/objects", sim->data_dir);
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    bool stop = false;

    if (dir == NULL)
        return error_errno(err, errno, "open '%s'", folder);
    while (!stop && (entry = readdir(dir)) != NULL) {
        cleanup(json_free) Json *object = NULL;
        char uid[UID_SIZE + 1];
        snprintf(uid, sizeof uid, "%.*s", UID_SIZE, entry->d_name);
        if (name_is_uid(entry->d_name) && object_read(sim, uid, &object, NULL) == 0 &&
            object != NULL)
            stop = visit(context, uid, object);
    }
    closedir(dir);
    return stop;
}

/* ---- looking up, taking over ---- */

typedef struct Search {
    const Sim *sim;
    const char *type;
    const char *external_id; /* NULL: `text` */
    const char *text;
    ProviderFinding *findings;
    int count;
    char uid[UID_SIZE + 1]; /* of the last that was found */
} Search;

static bool is_meant(const Search *search, const char *id, const char *uid, const Json *object)
{
    if (strcmp(json_get_string(object, "effect", search->type), search->type) != 0)
        return false;
    if (search->external_id != NULL)
        return strcmp(search->external_id, id) == 0 || strcmp(search->external_id, uid) == 0;
    cleanup(free) char *text = json_text(object);
    return strstr(text, search->text) != NULL;
}

static bool visit_search(void *context, const char *uid, const Json *object)
{
    Search *search = context;
    const Json *desired = json_get(object, "desired");
    cleanup(free) char *id = object_id(object, uid);

    if (!is_meant(search, id, uid, object))
        return false;
    memcpy(search->uid, uid, sizeof search->uid);
    if (search->findings != NULL)
        search->findings[search->count] = (ProviderFinding){
            .external_id = memory_copy_string(id),
            .state = object_state(search->sim, id, uid, search->type, desired),
            .desired = desired != NULL ? json_copy(desired) : json_new_object(),
        };
    search->count++;
    return search->external_id != NULL || search->count == FINDINGS_MAX;
}

static int search_objects(Search *search, ProviderProblem *problem)
{
    Error err;

    if (objects_visit(search->sim, visit_search, search, &err) < 0)
        return provider_problem(problem, "UNAVAILABLE", "not_applied", true, "%s", err.message);
    return search->count;
}

int object_find(const Sim *sim, const char *type, const char *external_id, const char *search,
                ProviderFinding *ret, ProviderProblem *problem)
{
    Search wanted = {
        .sim = sim, .type = type, .external_id = external_id, .text = search, .findings = ret};

    return search_objects(&wanted, problem);
}

/* Its name outside stays what it was. */
static int move_object(const Sim *sim, const char *from, const char *to, const char *id, Error *err)
{
    cleanup(json_free) Json *object = NULL;
    cleanup(free) char *old = object_path(sim, from), *new = object_path(sim, to);
    int code = object_read(sim, from, &object, err);

    if (code < 0 || object == NULL)
        return code;
    json_set_string(object, "id", id);
    json_set_string(object, "uid", to);
    cleanup(free) char *text = json_text(object);
    if ((code = file_replace(new, text, strlen(text), 0600, err)) < 0)
        return code;
    return unlink(old) < 0 && errno != ENOENT ? error_errno(err, errno, "remove '%s'", old) : 0;
}

int object_adopt(const Sim *sim, const ProviderRequest *request, ProviderProblem *problem)
{
    cleanup(free) char *own = object_path(sim, request->uid);
    Search search = {.sim = sim, .type = effect_of(request), .external_id = request->adopt};
    Error err;

    if (file_exists(own))
        return 0;
    if (search_objects(&search, problem) < 0)
        return -1;
    if (search.count == 0)
        return provider_problem(problem, "NOT_FOUND", "not_applied", false,
                                "there is no object '%.200s' of effect '%.64s' to take over",
                                request->adopt, search.type);
    cleanup(json_free) Json *object = NULL;
    if (object_read(sim, search.uid, &object, &err) < 0)
        return provider_problem(problem, "UNAVAILABLE", "not_applied", true, "%s", err.message);
    cleanup(free) char *id = object_id(object, search.uid);
    if (move_object(sim, search.uid, request->uid, id, &err) < 0)
        return provider_problem(problem, "INTERNAL", "unknown", true, "%s", err.message);
    return 0;
}
