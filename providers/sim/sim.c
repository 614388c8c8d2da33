#include "providers/sim/sim.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lang/base/file.h"
#include "lang/base/hash.h"
#include "lang/base/map.h"
#include "lang/base/memory.h"

#define CALLS_SIZE_MAX ((size_t)1 << 30)
#define OBJECT_SIZE_MAX ((size_t)16 << 20)
#define SLEEP_STEP_MS 20

typedef struct Sim {
    char *data_dir;
    char *schema;
    Json *config;
    int calls_fd;
    pthread_mutex_t lock; /* for the log and the counts */
    Map counts;           /* effect -> how many calls reached us, in the pointer itself */
} Sim;

/* ---- opening ---- */

static Json *effect_entry(const char *kind)
{
    Json *entry = json_new_object(), *parameters = json_new_object(), *result = json_new_object();

    json_set_string(entry, "kind", kind);
    json_set_string(parameters, "type", "object");
    json_set(entry, "parameters", parameters);
    json_set(entry, "positional", json_new_array());
    json_set_string(result, "type", "object");
    json_set(entry, "result", result);
    json_set_int(entry, "typical_s", 0);
    json_set_int(entry, "timeout_s", 600);
    return entry;
}

/* Any effect makes an object of its own type, except the actions of the config. */
static char *sim_schema(const Json *config)
{
    cleanup(json_free) Json *schema = json_new_object();
    Json *effects = json_new_object();
    const Json *actions = json_get(config, "actions");

    for (const Json *a = json_first(actions); a != NULL; a = json_next(a))
        json_set(effects, json_string(a, ""), effect_entry("action"));
    json_set(schema, "effects", effects);
    json_set(schema, "queries", json_new_object());
    json_set(schema, "types", json_new_object());
    json_set(schema, "any", effect_entry("instance"));
    json_set(schema, "any_query", json_new_object());
    return json_text(schema);
}

static size_t count_get(const Sim *sim, const char *effect)
{
    return (size_t)(uintptr_t)map_get(&sim->counts, effect);
}

static size_t count_up(Sim *sim, const char *effect)
{
    size_t count = count_get(sim, effect) + 1;

    map_put(&sim->counts, effect, (void *)(uintptr_t)count);
    return count;
}

static bool is_counted(const char *kind)
{
    return strcmp(kind, "remove") != 0;
}

/* The "first two calls" of an effect are those in the log, whichever process wrote it. */
static int read_counts(Sim *sim, const char *path, Error *err)
{
    cleanup(buffer_deinit) Buffer file = {0};
    int code = file_read(path, CALLS_SIZE_MAX, &file, err);
    const char *at = buffer_text(&file);

    while (code == 0 && *at != '\0') {
        size_t size = strcspn(at, "\n");
        cleanup(json_free) Json *call = NULL;
        if (json_parse(at, size, &call, NULL) == 0 && is_counted(json_get_string(call, "kind", "")))
            count_up(sim, json_get_string(call, "effect", ""));
        at += size + (at[size] == '\n');
    }
    return code;
}

static int sim_open_files(Sim *sim, Error *err)
{
    cleanup(free) char *objects = memory_format("%s/objects", sim->data_dir);
    cleanup(free) char *calls = memory_format("%s/calls.ndjson", sim->data_dir);
    int code = folder_make(objects, 0700, err);

    if (code < 0)
        return code;
    sim->calls_fd = open(calls, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (sim->calls_fd < 0)
        return error_errno(err, errno, "open '%s'", calls);
    return read_counts(sim, calls, err);
}

static int sim_describe(Provider *provider, const Json *config, Error *err)
{
    Sim *sim = memory_zero(1, sizeof *sim);

    (void)err;
    pthread_mutex_init(&sim->lock, NULL);
    sim->config = json_copy(config);
    sim->schema = sim_schema(config);
    sim->calls_fd = -1;
    provider->context = sim;
    provider->schema = sim->schema;
    return 0;
}

static int sim_open(Provider *provider, const char *data_dir, const Json *config, Error *err)
{
    Sim *sim = provider->context;

    sim->data_dir = memory_copy_string(data_dir);
    provider->forget_keys = json_get_bool(config, "forget_keys", false);
    return sim_open_files(sim, err);
}

void sim_deinit(Provider *provider)
{
    Sim *sim = provider->context;

    if (sim == NULL)
        return;
    free(sim->data_dir);
    free(sim->schema);
    json_free(sim->config);
    fd_close(sim->calls_fd);
    pthread_mutex_destroy(&sim->lock);
    map_deinit(&sim->counts);
    free(sim);
    provider->context = NULL;
}

/* ---- the counting log ---- */

static void desired_digest(const Json *desired, char ret[2 * SHA256_SIZE + 1])
{
    cleanup(buffer_deinit) Buffer text = {0};
    uint8_t digest[SHA256_SIZE];

    if (desired != NULL)
        json_write_canonical(&text, desired);
    sha256(buffer_text(&text), text.size, digest);
    hex_encode(digest, sizeof digest, ret);
}

static const char *effect_of(const ProviderRequest *request)
{
    return request->effect != NULL ? request->effect : request->type;
}

static char *call_line(const char *kind, const ProviderRequest *request)
{
    cleanup(json_free) Json *call = json_new_object();
    char digest[2 * SHA256_SIZE + 1];

    desired_digest(request->desired, digest);
    json_set_string(call, "kind", kind);
    json_set_string(call, "op", request->op);
    if (request->uid != NULL)
        json_set_string(call, "uid", request->uid);
    json_set_string(call, "effect", effect_of(request));
    json_set_string(call, "address", request->address);
    json_set_string(call, "digest", digest);
    json_set_bool(call, "resumed", request->resumed);
    cleanup(free) char *text = json_text(call);
    return memory_format("%s\n", text);
}

/* Write the call down before anything is done about it; `ret` is how many there were of its effect,
 * this one included. */
static int log_call(Sim *sim, const char *kind, const ProviderRequest *request, size_t *ret,
                    ProviderProblem *problem)
{
    cleanup(free) char *line = call_line(kind, request);
    Error err = {0};

    pthread_mutex_lock(&sim->lock);
    int code = fd_write_all(sim->calls_fd, line, strlen(line), &err);
    *ret = is_counted(kind) ? count_up(sim, effect_of(request)) : 0;
    pthread_mutex_unlock(&sim->lock);
    /* Outside the lock, so that the file system can make several calls durable at once. */
    if (code == 0 && fsync(sim->calls_fd) < 0)
        code = error_errno(&err, errno, "fsync");
    if (code < 0)
        return provider_problem(problem, "UNAVAILABLE", "not_applied", true,
                                "write the log of calls: %s", err.message);
    return 0;
}

/* ---- what goes wrong, and how slowly ---- */

static bool list_has(const Json *list, const char *text)
{
    for (const Json *t = json_first(list); t != NULL; t = json_next(t))
        if (strcmp(json_string(t, ""), text) == 0)
            return true;
    return false;
}

static int inject_failure(const Sim *sim, const char *effect, size_t count,
                          ProviderProblem *problem)
{
    int64_t permanent = json_get_int(json_get(sim->config, "fail"), effect, 0);
    int64_t transient = json_get_int(json_get(sim->config, "fail_transient"), effect, 0);

    if ((int64_t)count <= permanent || list_has(json_get(sim->config, "fail_always"), effect))
        return provider_problem(problem, "VALIDATION_FAILED", "not_applied", false,
                                "injected failure");
    if ((int64_t)count <= transient)
        return provider_problem(problem, "UNAVAILABLE", "not_applied", true,
                                "injected failure (call %zu of %lld)", count, (long long)transient);
    return 0;
}

static int64_t delay_of(const Sim *sim, const char *effect)
{
    const Json *delay = json_get(sim->config, "delay_ms");

    return json_is_object(delay) ? json_get_int(delay, effect, 0) : json_int(delay, 0);
}

/* Sleep in small steps; false: cancelled meanwhile. */
static bool sleep_ms(const Operation *operation, int64_t ms)
{
    struct timespec step = {0, SLEEP_STEP_MS * 1000000L};

    for (; ms > 0; ms -= SLEEP_STEP_MS) {
        if (operation_cancelled(operation))
            return false;
        nanosleep(&step, NULL);
    }
    return true;
}

/* The part of a call before anything is done: it may fail, and it may be cancelled. */
static int before(Sim *sim, const ProviderRequest *request, size_t count, ProviderProblem *problem)
{
    const char *effect = effect_of(request);

    operation_progress(request->operation, "preparing", effect);
    if (!sleep_ms(request->operation, delay_of(sim, effect) / 2))
        return provider_problem(problem, "CANCELLED", "not_applied", false,
                                "cancelled before anything was done");
    return inject_failure(sim, effect, count, problem);
}

/* The part after: what was done stays done, and its client does not know yet. */
static void after(const Sim *sim, const ProviderRequest *request)
{
    operation_progress(request->operation, "settling", effect_of(request));
    sleep_ms(request->operation, delay_of(sim, effect_of(request)) / 2);
}

/* ---- objects ---- */

static char *object_path(const Sim *sim, const char *uid)
{
    return memory_format("%s/objects/%s.json", sim->data_dir, uid);
}

static char *object_id(const char *uid)
{
    return memory_format("sim-%.8s", uid);
}

static void merge(Json *into, const Json *from)
{
    for (const Json *m = json_first(from); m != NULL; m = json_next(m))
        json_set(into, json_key(m), json_copy(m));
}

static Json *state_of(const Sim *sim, const char *uid, const char *effect, const Json *desired)
{
    cleanup(free) char *id = object_id(uid);
    Json *state = json_new_object();

    json_set_string(state, "id", id);
    json_set_string(state, "effect", effect);
    merge(state, desired);
    merge(state, json_get(json_get(sim->config, "results"), effect));
    return state;
}

static char *object_text(const ProviderRequest *request, const char *created_by)
{
    cleanup(json_free) Json *object = json_new_object();

    json_set_string(object, "uid", request->uid);
    json_set_string(object, "effect", effect_of(request));
    json_set_string(object, "address", request->address);
    json_set_string(object, "created_by", created_by);
    json_set(object, "desired", json_copy(request->desired));
    return json_text(object);
}

/* 0 with NULL if there is no such file. */
static int object_read(const Sim *sim, const char *uid, Json **ret, Error *err)
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
static int object_create(const Sim *sim, const ProviderRequest *request, Error *err)
{
    cleanup(free) char *path = object_path(sim, request->uid);
    cleanup(free) char *draft = memory_format("%s.%s.draft", path, request->op);
    cleanup(free) char *folder = memory_format("%s/objects", sim->data_dir);
    cleanup(free) char *text = object_text(request, request->op);
    int code = write_whole(draft, text, err);

    if (code == 0 && link(draft, path) < 0 && errno != EEXIST)
        code = error_errno(err, errno, "link '%s'", path);
    unlink(draft);
    return code < 0 ? code : folder_sync(folder, err);
}

static int object_make(const Sim *sim, const ProviderRequest *request, Error *err)
{
    cleanup(json_free) Json *object = NULL;
    int code = object_read(sim, request->uid, &object, err);

    if (code < 0)
        return code;
    if (object == NULL)
        return object_create(sim, request, err);
    if (json_equal(json_get(object, "desired"), request->desired))
        return 0;
    cleanup(free) char *path = object_path(sim, request->uid);
    cleanup(free) char *text = object_text(request, json_get_string(object, "created_by", ""));
    return file_replace(path, text, strlen(text), 0600, err);
}

static int sim_reconcile(Provider *provider, const ProviderRequest *request, ProviderReply *reply,
                         ProviderProblem *problem)
{
    Sim *sim = provider->context;
    Error err = {0};
    size_t count;

    if (log_call(sim, "reconcile", request, &count, problem) < 0 ||
        before(sim, request, count, problem) < 0)
        return -1;
    if (object_make(sim, request, &err) < 0)
        return provider_problem(problem, "INTERNAL", "unknown", true, "%s", err.message);
    reply->external_id = object_id(request->uid);
    operation_external_id(request->operation, reply->external_id);
    after(sim, request);
    reply->state = state_of(sim, request->uid, effect_of(request), request->desired);
    return 0;
}

static int sim_remove(Provider *provider, const ProviderRequest *request, ProviderProblem *problem)
{
    Sim *sim = provider->context;
    cleanup(free) char *path = object_path(sim, request->uid);
    cleanup(free) char *folder = memory_format("%s/objects", sim->data_dir);
    Error err = {0};
    size_t count;

    if (log_call(sim, "remove", request, &count, problem) < 0)
        return -1;
    if (unlink(path) < 0 && errno != ENOENT)
        return provider_problem(problem, "INTERNAL", "not_applied", true, "remove '%s': %s", path,
                                strerror(errno));
    if (folder_sync(folder, &err) < 0)
        return provider_problem(problem, "INTERNAL", "unknown", true, "%s", err.message);
    return 0;
}

static int sim_run(Provider *provider, const ProviderRequest *request, ProviderReply *reply,
                   ProviderProblem *problem)
{
    Sim *sim = provider->context;
    size_t count;

    if (log_call(sim, "run", request, &count, problem) < 0 ||
        before(sim, request, count, problem) < 0)
        return -1;
    after(sim, request);
    reply->state = state_of(sim, request->op, effect_of(request), request->desired);
    return 0;
}

static ObserveStatus sim_observe(Provider *provider, const ProviderRequest *request,
                                 ProviderReply *reply, ProviderProblem *problem)
{
    const Sim *sim = provider->context;
    cleanup(json_free) Json *object = NULL;
    Error err = {0};

    if (object_read(sim, request->uid, &object, &err) < 0) {
        provider_problem(problem, "UNAVAILABLE", "not_applied", true, "%s", err.message);
        return OBSERVE_ERROR;
    }
    if (object == NULL)
        return OBSERVE_ABSENT;
    reply->external_id = object_id(request->uid);
    reply->state = state_of(sim, request->uid, json_get_string(object, "effect", request->type),
                            json_get(object, "desired"));
    return OBSERVE_FOUND;
}

/* ---- facts ---- */

/* status(db): the name of the query and the values of its arguments. */
static void fact_name(Buffer *ret, const char *query, const Json *args)
{
    buffer_add_format(ret, "%s(", query);
    for (const Json *a = json_first(args); a != NULL; a = json_next(a)) {
        if (a != json_first(args))
            buffer_add_string(ret, ", ");
        if (json_is_string(a))
            buffer_add_string(ret, json_string(a, ""));
        else
            json_write(ret, a);
    }
    buffer_add_char(ret, ')');
}

/* count(EFFECT): how many objects it has made that are still there. */
static int count_objects(const Sim *sim, const char *effect, Json **ret, ProviderProblem *problem)
{
    cleanup(free) char *folder = memory_format("%s/objects", sim->data_dir);
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    int64_t count = 0;

    if (dir == NULL)
        return provider_problem(problem, "UNAVAILABLE", "not_applied", true, "open '%s': %s",
                                folder, strerror(errno));
    while ((entry = readdir(dir)) != NULL) {
        cleanup(json_free) Json *object = NULL;
        cleanup(free) char *uid = memory_copy_bytes(entry->d_name, strcspn(entry->d_name, "."));
        cleanup(free) char *name = memory_format("%s.json", uid);
        if (strcmp(entry->d_name, name) == 0 && object_read(sim, uid, &object, NULL) == 0)
            count += strcmp(json_get_string(object, "effect", ""), effect) == 0;
    }
    closedir(dir);
    *ret = json_new_int(count);
    return 0;
}

static const Json *fact_in(const Json *facts, const char *name, const char *query)
{
    const Json *value = json_get(facts, name);

    return value != NULL ? value : json_get(facts, query);
}

static int sim_query(Provider *provider, const char *query, const Json *args, Json **ret,
                     ProviderProblem *problem)
{
    const Sim *sim = provider->context;
    cleanup(free) char *path = memory_format("%s/facts.json", sim->data_dir);
    cleanup(buffer_deinit) Buffer name = {0}, file = {0};
    cleanup(json_free) Json *live = NULL;
    const Json *value = NULL;

    fact_name(&name, query, args);
    if (file_read(path, OBJECT_SIZE_MAX, &file, NULL) == 0 &&
        json_parse(buffer_text(&file), file.size, &live, NULL) == 0)
        value = fact_in(live, buffer_text(&name), query);
    if (value == NULL)
        value = fact_in(json_get(sim->config, "facts"), buffer_text(&name), query);
    if (value == NULL && strcmp(query, "count") == 0)
        return count_objects(sim, json_string(json_first(args), ""), ret, problem);
    if (json_is_string(json_get(value, "unknown")))
        return provider_problem(problem, "UNAVAILABLE", "not_applied", true, "%s",
                                json_get_string(value, "unknown", ""));
    if (value == NULL)
        return provider_problem(problem, "NOT_FOUND", "not_applied", false,
                                "no fact '%s' in the config or in '%s'", buffer_text(&name), path);
    *ret = json_copy(value);
    return 0;
}

void sim_init(Provider *ret)
{
    *ret = (Provider){
        .name = "sim",
        .version = VED_VERSION,
        .describe = sim_describe,
        .open = sim_open,
        .reconcile = sim_reconcile,
        .remove = sim_remove,
        .run = sim_run,
        .observe = sim_observe,
        .query = sim_query,
    };
}
