#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lang/base/file.h"
#include "lang/base/memory.h"
#include "providers/sdk/schema.h"
#include "providers/sim/sim_private.h"

const char *effect_of(const ProviderRequest *request)
{
    return request->effect != NULL ? request->effect : request->type;
}

static char *file_path(const Sim *sim, const char *folder, const char *name)
{
    const char *const parts[] = {sim->data_dir, "/", folder, "/", name, ".json"};
    Buffer path = {0};

    for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
        buffer_add_string(&path, parts[i]);
    return buffer_take(&path);
}

char *object_path(const Sim *sim, const char *uid)
{
    return file_path(sim, "objects", uid);
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

static bool object_is_as_wanted(const Json *object, const ProviderRequest *request)
{
    return object != NULL && json_equal(json_get(object, "desired"), request->desired);
}

static Json *object_json(const ProviderRequest *request, const Json *before)
{
    const char *id = json_get_string(before, "id", NULL);
    const char *changed_by = json_get_string(before, "changed_by", NULL);
    Json *object = json_new_object();

    if (before != NULL && !object_is_as_wanted(before, request))
        changed_by = request->op;

    json_set_string(object, "uid", request->uid);
    json_set_string(object, "effect", effect_of(request));
    json_set_string(object, "address", request->address);
    json_set_string(object, "created_by", json_get_string(before, "created_by", request->op));
    if (changed_by != NULL)
        json_set_string(object, "changed_by", changed_by);
    if (id != NULL)
        json_set_string(object, "id", id);
    json_set(object, "desired", json_copy(request->desired));
    return object;
}

/* 0 with NULL if there is no such file. */
static int file_object(const Sim *sim, const char *folder, const char *name, Json **ret, Error *err)
{
    cleanup(free) char *path = file_path(sim, folder, name);
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

int object_read(const Sim *sim, const char *uid, Json **ret, Error *err)
{
    return file_object(sim, "objects", uid, ret, err);
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

/* What the operation has done to it, as the object itself says. */
static Deed deed_of(const Json *object, const char *op, bool is_done_now)
{
    Deed deed = {.before = !is_done_now};

    if (strcmp(json_get_string(object, "changed_by", ""), op) == 0)
        deed.did = "update";
    else if (strcmp(json_get_string(object, "created_by", ""), op) == 0)
        deed.did = "create";
    return deed;
}

int object_make(const Sim *sim, const ProviderRequest *request, Json **ret, Deed *ret_deed,
                Error *err)
{
    cleanup(json_free) Json *before = NULL;
    int code = object_read(sim, request->uid, &before, err);

    if (code < 0)
        return code;
    cleanup(json_free) Json *object = object_json(request, before);
    cleanup(free) char *path = object_path(sim, request->uid);
    cleanup(free) char *text = json_text(object);
    bool is_kept = object_is_as_wanted(before, request);
    if (before == NULL)
        code = object_create(sim, request, text, err);
    else if (!is_kept)
        code = file_replace(path, text, strlen(text), 0600, err);
    if (code < 0)
        return code;
    *ret_deed = deed_of(object, request->op, !is_kept);
    *ret = take(object);
    return 0;
}

/* Call `visit` for each NAME.json in a folder of ours that is an object. */
static int folder_visit(const Sim *sim, const char *folder, ObjectVisit *visit, void *context,
                        Error *err)
{
    cleanup(free) char *path = memory_format("%s/%s", sim->data_dir, folder);
    DIR *dir = opendir(path);
    const struct dirent *entry;
    bool stop = false;

    if (dir == NULL)
        return errno == ENOENT ? 0 : error_errno(err, errno, "open '%s'", path);
    while (!stop && (entry = readdir(dir)) != NULL) {
        size_t size = strcspn(entry->d_name, ".");
        cleanup(json_free) Json *object = NULL;
        cleanup(free) char *name = memory_copy_bytes(entry->d_name, size);
        if (size > 0 && strcmp(entry->d_name + size, ".json") == 0 &&
            file_object(sim, folder, name, &object, NULL) == 0 && object != NULL)
            stop = visit(context, name, object);
    }
    closedir(dir);
    return stop;
}

int objects_visit(const Sim *sim, ObjectVisit *visit, void *context, Error *err)
{
    return folder_visit(sim, "objects", visit, context, err);
}

/* ---- looking up, taking over ---- */

/* What is looked for, in which folder, and what was found. */
typedef struct Search {
    const Sim *sim;
    const char *type;
    const char *external_id; /* NULL: `name`, or `text` */
    const Json *name;        /* the argument by which a thing stands in another's way */
    const char *text;
    const char *folder;
    ProviderFinding *findings; /* NULL: only the file is asked for */
    int count;
    char *file; /* name of the last that was found; the caller frees it */
} Search;

static bool is_outside(const Search *search)
{
    return strcmp(search->folder, "outside") == 0;
}

/* What stands outside is known by its file's name. */
static char *outer_id(const Search *search, const Json *object, const char *name)
{
    return is_outside(search) ? memory_copy_string(name) : object_id(object, name);
}

static bool is_meant(const Search *search, const char *id, const char *file, const Json *object)
{
    const Json *name = json_get(json_get(object, "desired"), "name");

    if (strcmp(json_get_string(object, "effect", search->type), search->type) != 0)
        return false;
    if (search->external_id != NULL)
        return strcmp(search->external_id, id) == 0 || strcmp(search->external_id, file) == 0;
    if (search->name != NULL)
        return name != NULL && json_equal(name, search->name);
    cleanup(free) char *text = json_text(object);
    return strstr(text, search->text) != NULL;
}

static bool visit_search(void *context, const char *file, const Json *object)
{
    Search *search = context;
    const Json *desired = json_get(object, "desired");
    cleanup(free) char *id = outer_id(search, object, file);

    if (!is_meant(search, id, file, object))
        return false;
    free(search->file);
    search->file = memory_copy_string(file);
    if (search->findings != NULL)
        search->findings[search->count] = (ProviderFinding){
            .external_id = memory_copy_string(id),
            .state = object_state(search->sim, id, file, search->type, desired),
            .desired = desired != NULL ? json_copy(desired) : json_new_object(),
        };
    search->count++;
    return search->text == NULL || search->count == FINDINGS_MAX;
}

/* 0, or -1 with `problem`. */
static int search_folder(Search *search, const char *folder, ProviderProblem *problem)
{
    Error err;

    search->folder = folder;
    if (folder_visit(search->sim, folder, visit_search, search, &err) < 0)
        return provider_problem(problem, "UNAVAILABLE", "not_applied", true, "%s", err.message);
    return 0;
}

/* Outside, and then among our own. */
static int search_all(Search *search, ProviderProblem *problem)
{
    if (search_folder(search, "outside", problem) < 0)
        return -1;
    if (search->count == FINDINGS_MAX || (search->count > 0 && search->text == NULL))
        return 0;
    return search_folder(search, "objects", problem);
}

int object_find(const Sim *sim, const char *type, const char *external_id, const char *search,
                ProviderFinding *ret, ProviderProblem *problem)
{
    Search wanted = {.sim = sim,
                     .type = type,
                     .external_id = external_id,
                     .text = external_id == NULL ? search : NULL,
                     .findings = ret};
    int code = search_all(&wanted, problem);

    free(wanted.file);
    return code < 0 ? -1 : wanted.count;
}

/* What was found becomes the object of the request; its name outside stays what it was. */
static int take_over(const Search *search, const ProviderRequest *request, Error *err)
{
    cleanup(json_free) Json *object = NULL;
    cleanup(free) char *old = file_path(search->sim, search->folder, search->file);
    cleanup(free) char *new = object_path(search->sim, request->uid);
    int code = file_object(search->sim, search->folder, search->file, &object, err);

    if (code < 0 || object == NULL)
        return code;
    cleanup(free) char *id = outer_id(search, object, search->file);
    json_set_string(object, "id", id);
    json_set_string(object, "uid", request->uid);
    json_set_string(object, "created_by", request->op);
    cleanup(free) char *text = json_text(object);
    if ((code = file_replace(new, text, strlen(text), 0600, err)) < 0)
        return code;
    return unlink(old) < 0 && errno != ENOENT ? error_errno(err, errno, "remove '%s'", old) : 0;
}

static int take_found(Search *search, const ProviderRequest *request, ProviderProblem *problem)
{
    Error err;

    if (take_over(search, request, &err) < 0)
        return provider_problem(problem, "INTERNAL", "unknown", true, "%s", err.message);
    return 0;
}

static int adopt_named(Search *search, const ProviderRequest *request, ProviderProblem *problem)
{
    search->external_id = request->adopt;
    if (search_all(search, problem) < 0)
        return -1;
    if (search->count == 0)
        return provider_problem(problem, "NOT_FOUND", "not_applied", false,
                                "there is no object '%.200s' of effect '%.64s' to take over",
                                request->adopt, search->type);
    return take_found(search, request, problem);
}

/* What stands outside under the same name is in the way, or is what may be taken over. */
static int meet(Search *search, const ProviderRequest *request, ProviderProblem *problem)
{
    search->name = json_get(request->desired, "name");
    if (search->name == NULL)
        return 0;
    if (search_folder(search, "outside", problem) < 0)
        return -1;
    if (search->count > 0 && request->adopt == NULL)
        return provider_problem(problem, "NOT_OWNED", "not_applied", false,
                                "'%.200s' is there already, and nobody's", search->file);
    return search->count > 0 ? take_found(search, request, problem) : 0;
}

int object_arrive(const Sim *sim, const ProviderRequest *request, ProviderProblem *problem)
{
    cleanup(free) char *own = object_path(sim, request->uid);
    Search search = {.sim = sim, .type = effect_of(request)};
    bool is_named = request->adopt != NULL && request->adopt[0] != '\0';

    if (file_exists(own))
        return 0;
    int code = is_named ? adopt_named(&search, request, problem) : meet(&search, request, problem);
    free(search.file);
    return code;
}
