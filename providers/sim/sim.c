#include "providers/sim/sim.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lang/base/file.h"
#include "lang/base/memory.h"
#include "providers/sdk/members.h"
#include "providers/sdk/sight.h"
#include "providers/sim/sim_private.h"

#define SLEEP_STEP_MS 20

/* ---- opening ---- */

static int sim_open_files(Sim *sim, Error *err)
{
    cleanup(free) char *objects = memory_format("%s/objects", sim->data_dir);
    int code = folder_make(objects, 0700, err);

    return code < 0 ? code : calls_open(sim, err);
}

static int sim_describe(Provider *provider, const Json *config, Error *err)
{
    Sim *sim = memory_zero(1, sizeof *sim);

    (void)err;
    pthread_mutex_init(&sim->lock, NULL);
    sim->config = json_copy(config);
    sim->schema = sim_schema(config);
    sim->calls_fd = sim->effects_fd = -1;
    provider->context = sim;
    provider->schema = sim->schema;
    return 0;
}

static int sim_open(Provider *provider, const char *data_dir, const Json *config, Error *err)
{
    Sim *sim = provider->context;

    sim->data_dir = memory_copy_string(data_dir);
    sim->lose_path = memory_format("%s/lose", data_dir);
    provider->forget_keys = json_get_bool(config, "forget_keys", false);
    provider->rate_per_s = json_number(json_get(config, "rate_per_s"), 0);
    return sim_open_files(sim, err);
}

void sim_deinit(Provider *provider)
{
    Sim *sim = provider->context;

    if (sim == NULL)
        return;
    free(sim->data_dir);
    free(sim->lose_path);
    free(sim->schema);
    json_free(sim->config);
    fd_close(sim->calls_fd);
    fd_close(sim->effects_fd);
    pthread_mutex_destroy(&sim->lock);
    map_deinit(&sim->counts);
    free(sim);
    provider->context = NULL;
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
    if (fail_as_told(sim, request, problem) < 0)
        return -1;
    return inject_failure(sim, effect, count, problem);
}

/* The part after: what was done stays done, and its client does not know yet. */
static void after(const Sim *sim, const ProviderRequest *request)
{
    operation_progress(request->operation, "settling", effect_of(request));
    operation_fraction(request->operation, 0.5);
    sleep_ms(request->operation, delay_of(sim, effect_of(request)) / 2);
}

/* ---- the verbs ---- */

/* How the object's file looks, and what its effect's results were: while both are the same, so is
 * its state. As JSON text; nothing if there is no file. */
static void put_look(Buffer *ret, const Sim *sim, const ProviderRequest *request)
{
    const Json *results = json_get(json_get(sim->config, "results"), effect_of(request));
    cleanup(free) char *path = object_path(sim, request->uid);
    char sight[SIGHT_SIZE];
    struct stat info;

    if (stat(path, &info) < 0)
        return;
    sight_text(&info, sight);
    buffer_add_char(ret, '{');
    member_put_string(ret, "sight", sight);
    if (results != NULL) {
        cleanup(free) char *text = json_text(results);
        member_put_text(ret, "results", text);
    }
    buffer_add_char(ret, '}');
}

static Json *remember(const Sim *sim, const ProviderRequest *request)
{
    cleanup(buffer_deinit) Buffer look = {0};

    put_look(&look, sim, request);
    return text_json(look.bytes);
}

static bool is_as_remembered(const Sim *sim, const ProviderRequest *request)
{
    cleanup(buffer_deinit) Buffer look = {0};

    if (request->private != NULL)
        put_look(&look, sim, request);
    return look.size > 0 && strcmp(look.bytes, request->private) == 0;
}

static int sim_reconcile(Provider *provider, const ProviderRequest *request, ProviderReply *reply,
                         ProviderProblem *problem)
{
    Sim *sim = provider->context;
    cleanup(json_free) Json *object = NULL;
    Deed deed = {0};
    Error err = {0};
    size_t count;

    losses_happen(sim);
    if (call_log(sim, "reconcile", request, &count, problem) < 0 ||
        before(sim, request, count, problem) < 0)
        return -1;
    if (object_arrive(sim, request, problem) < 0)
        return -1;
    if (object_make(sim, request, &object, &deed, &err) < 0)
        return provider_problem(problem, "INTERNAL", "unknown", true, "%s", err.message);
    if (effect_note(sim, deed, request, problem) < 0)
        return -1;
    reply->private = remember(sim, request);
    reply->external_id = object_id(object, request->uid);
    operation_external_id(request->operation, reply->external_id);
    after(sim, request);
    reply->state =
        object_state(sim, reply->external_id, request->uid, effect_of(request), request->desired);
    return 0;
}

static int sim_remove(Provider *provider, const ProviderRequest *request, ProviderProblem *problem)
{
    Sim *sim = provider->context;
    cleanup(free) char *path = object_path(sim, request->uid);
    cleanup(free) char *folder = memory_format("%s/objects", sim->data_dir);
    Deed deed = {.before = request->resumed};
    bool is_there = file_exists(path);
    Error err = {0};
    size_t count;

    losses_happen(sim);
    if (call_log(sim, "remove", request, &count, problem) < 0 ||
        fail_as_told(sim, request, problem) < 0)
        return -1;
    if (unlink(path) < 0 && errno != ENOENT)
        return provider_problem(problem, "INTERNAL", "not_applied", true, "remove '%s': %s", path,
                                strerror(errno));
    if (is_there || request->resumed)
        deed.did = "remove";
    if (effect_note(sim, deed, request, problem) < 0)
        return -1;
    if (folder_sync(folder, &err) < 0)
        return provider_problem(problem, "INTERNAL", "unknown", true, "%s", err.message);
    return 0;
}

static int sim_run(Provider *provider, const ProviderRequest *request, ProviderReply *reply,
                   ProviderProblem *problem)
{
    Sim *sim = provider->context;
    size_t count;

    if (call_log(sim, "run", request, &count, problem) < 0 ||
        before(sim, request, count, problem) < 0)
        return -1;
    /* The line is the deed: there is nothing else to it. */
    if (effect_note(sim, (Deed){"run", request->resumed}, request, problem) < 0)
        return -1;
    after(sim, request);
    cleanup(free) char *id = object_id(NULL, request->op);
    reply->state = object_state(sim, id, request->op, effect_of(request), request->desired);
    return 0;
}

static ObserveStatus sim_observe(Provider *provider, const ProviderRequest *request,
                                 ProviderReply *reply, ProviderProblem *problem)
{
    const Sim *sim = provider->context;
    cleanup(json_free) Json *object = NULL;
    Error err = {0};

    losses_happen(sim);
    if (is_as_remembered(sim, request))
        return OBSERVE_FOUND;
    if (object_read(sim, request->uid, &object, &err) < 0) {
        provider_problem(problem, "UNAVAILABLE", "not_applied", true, "%s", err.message);
        return OBSERVE_ERROR;
    }
    if (object == NULL)
        return OBSERVE_ABSENT;
    reply->external_id = object_id(object, request->uid);
    reply->state =
        object_state(sim, reply->external_id, request->uid,
                     json_get_string(object, "effect", request->type), json_get(object, "desired"));
    return OBSERVE_FOUND;
}

/* All of it is known but what a new object's uid goes into. */
static void sim_predict(Provider *provider, const ProviderRequest *request, Json *planned)
{
    cleanup(free) char *id = text_get_string(request->prior, "id");
    cleanup(json_free) Json *state =
        object_state(provider->context, id, request->uid, effect_of(request), request->desired);

    for (const Json *m = json_first(state); m != NULL; m = json_next(m))
        json_set(planned, json_key(m), json_copy(m));
}

static int sim_lookup(Provider *provider, const char *type, const char *external_id,
                      const char *search, ProviderFinding *ret, ProviderProblem *problem)
{
    losses_happen(provider->context);
    return object_find(provider->context, type, external_id, search, ret, problem);
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

typedef struct Count {
    const char *effect;
    int64_t count;
} Count;

static bool count_one(void *context, const char *uid, const Json *object)
{
    Count *count = context;

    (void)uid;
    count->count += strcmp(json_get_string(object, "effect", ""), count->effect) == 0;
    return false;
}

/* count(EFFECT): how many objects it has made that are still there. */
static int count_objects(const Sim *sim, const char *effect, Json **ret, ProviderProblem *problem)
{
    Count count = {.effect = effect};
    Error err;

    if (objects_visit(sim, count_one, &count, &err) < 0)
        return provider_problem(problem, "UNAVAILABLE", "not_applied", true, "%s", err.message);
    *ret = json_new_int(count.count);
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
        .batch_max = 1000, /* an object is a file to look at */
        .describe = sim_describe,
        .open = sim_open,
        .reconcile = sim_reconcile,
        .remove = sim_remove,
        .run = sim_run,
        .observe = sim_observe,
        .predict = sim_predict,
        .lookup = sim_lookup,
        .query = sim_query,
    };
}
