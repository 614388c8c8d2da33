/* The list is asked for once, after the engine's clock has been read; the stream of events begins
 * at that time, so that nothing falls between the two. An event seldom says what there is to know:
 * it marks the container, and who next asks for a marked one looks at it. When the stream breaks,
 * everything is asked for again by whoever comes next. */
#include "providers/docker/engine_list.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lang/base/map.h"
#include "lang/base/memory.h"

#define EVENT_SIZE_MAX ((size_t)1 << 20)
#define DISTANCE_MS 250
#define LISTED_MAX ((size_t)128 << 20)
#define TYPES_PATH "%7B%22type%22%3A%5B%22container%22%5D%7D"      /* {"type":["container"]} */
#define LABEL_PATH "%7B%22label%22%3A%5B%22" LABEL_UID "%22%5D%7D" /* {"label":["ved.uid"]} */

struct EngineList {
    EngineApi *api;
    Provider *provider;
    pthread_mutex_t asking; /* held while the list is asked for */
    pthread_mutex_t lock;   /* of what follows; never held during a call */
    pthread_cond_t changed;
    Map by_id;     /* ContainerFacts */
    Map id_by_uid; /* the same, borrowed */
    bool is_valid; /* listed, and the stream has not broken since */
    bool streams;  /* the thread is there and is to be joined */
    int64_t since_s;
    int64_t asked_ms; /* when the list was asked for last */
    pthread_t thread;
    FetchStop stop;
    Buffer line; /* of the stream, not whole yet */
};

EngineList *engine_list_new(EngineApi *api, Provider *provider)
{
    EngineList *list = memory_zero(1, sizeof *list);
    pthread_condattr_t by;

    list->api = api;
    list->provider = provider;
    list->stop.fd = -1;
    pthread_mutex_init(&list->asking, NULL);
    pthread_mutex_init(&list->lock, NULL);
    pthread_condattr_init(&by);
    pthread_condattr_setclock(&by, CLOCK_MONOTONIC);
    pthread_cond_init(&list->changed, &by);
    pthread_condattr_destroy(&by);
    buffer_init(&list->line, EVENT_SIZE_MAX);
    return list;
}

static void facts_free(ContainerFacts *facts)
{
    if (facts != NULL)
        container_facts_deinit(facts);
    free(facts);
}

static void forget_all(EngineList *list)
{
    for (MapEntry *e = map_next(&list->by_id, NULL); e != NULL; e = map_next(&list->by_id, e))
        facts_free(e->value);
    map_deinit(&list->by_id);
    map_deinit(&list->id_by_uid);
    list->by_id = list->id_by_uid = (Map){0};
}

/* ---- what is known; with the lock ---- */

static void drop_locked(EngineList *list, const char *id)
{
    ContainerFacts *facts = map_remove(&list->by_id, id);

    if (facts == NULL)
        return;
    const char *uid = container_label(facts, LABEL_UID);
    if (map_get(&list->id_by_uid, uid) == facts)
        map_remove(&list->id_by_uid, uid);
    facts_free(facts);
}

static void put_locked(EngineList *list, const ContainerFacts *facts)
{
    const char *uid = container_label(facts, LABEL_UID);

    if (uid[0] == '\0')
        return;
    ContainerFacts *copy = memory_alloc(sizeof *copy);
    *copy = container_facts_copy(facts);
    drop_locked(list, facts->id);
    map_put(&list->by_id, copy->id, copy);
    map_put(&list->id_by_uid, uid, copy);
}

void engine_list_put(EngineList *list, const ContainerFacts *facts)
{
    pthread_mutex_lock(&list->lock);
    put_locked(list, facts);
    pthread_mutex_unlock(&list->lock);
}

void engine_list_drop(EngineList *list, const char *id)
{
    pthread_mutex_lock(&list->lock);
    drop_locked(list, id);
    pthread_mutex_unlock(&list->lock);
}

/* ---- events ---- */

/* One that nobody here has made, known so far by what the event says. */
static void note_newcomer(EngineList *list, const char *id, const Json *attributes)
{
    ContainerFacts facts = {.id = memory_copy_string(id), .exit_code = -1, .is_stale = true};

    facts.name = memory_copy_string(json_get_string(attributes, "name", ""));
    facts.image = memory_copy_string("");
    facts.address = memory_copy_string("");
    facts.labels = json_new_object();
    json_set_string(facts.labels, LABEL_UID, json_get_string(attributes, LABEL_UID, ""));
    facts.ports = json_new_object();
    facts.networks = json_new_array();
    put_locked(list, &facts);
    container_facts_deinit(&facts);
}

typedef enum EventMeaning { MEANS_NOTHING, MEANS_START, MEANS_GONE, MEANS_CHANGE } EventMeaning;

/* What comes before a container runs, and what is done to look into it, changes nothing here. */
static EventMeaning meaning_of(const char *action)
{
    static const char *const changes[] = {"die",    "died",    "stop",    "kill",
                                          "oom",    "pause",   "unpause", "rename",
                                          "update", "restart", "connect", "disconnect"};

    if (strcmp(action, "destroy") == 0 || strcmp(action, "remove") == 0)
        return MEANS_GONE;
    if (strcmp(action, "start") == 0)
        return MEANS_START;
    if (strncmp(action, "health_status", 13) == 0)
        return MEANS_CHANGE;
    for (size_t i = 0; i < ARRAY_SIZE(changes); i++)
        if (strcmp(action, changes[i]) == 0)
            return MEANS_CHANGE;
    return MEANS_NOTHING;
}

/* Returns whether somebody else should know. */
static bool apply_event(EngineList *list, const char *id, EventMeaning meaning)
{
    ContainerFacts *facts = map_get(&list->by_id, id);

    if (facts == NULL)
        return false;
    switch (meaning) {
    case MEANS_NOTHING:
        return false;
    case MEANS_START:
        if (facts->state == CONTAINER_CREATED)
            facts->state = CONTAINER_RUNNING;
        else if (facts->state != CONTAINER_RUNNING)
            facts->is_stale = true;
        return false;
    case MEANS_GONE:
        drop_locked(list, id);
        break;
    case MEANS_CHANGE:
        facts->is_stale = true;
        break;
    }
    pthread_cond_broadcast(&list->changed);
    return true;
}

static void take_event(EngineList *list, const Json *event)
{
    const Json *actor = json_get(event, "Actor");
    const char *id = json_get_string(actor, "ID", json_get_string(event, "id", ""));
    const Json *attributes = json_get(actor, "Attributes");
    EventMeaning meaning =
        meaning_of(json_get_string(event, "Action", json_get_string(event, "status", "")));
    cleanup(free) char *uid = memory_copy_string(json_get_string(attributes, LABEL_UID, ""));

    if (uid[0] == '\0' || id[0] == '\0' || meaning == MEANS_NOTHING)
        return;
    pthread_mutex_lock(&list->lock);
    if (map_get(&list->by_id, id) == NULL && meaning != MEANS_GONE)
        note_newcomer(list, id, attributes);
    bool matters = apply_event(list, id, meaning);
    pthread_mutex_unlock(&list->lock);
    if (matters)
        provider_changed(list->provider, NULL, uid,
                         meaning == MEANS_GONE ? PROVIDER_GONE : PROVIDER_CHANGED);
}

/* One event a line. A line that is too long, or no JSON, breaks the stream: what was missed is then
 * asked for. */
static bool take_chunk(void *context, const char *bytes, size_t size)
{
    EngineList *list = context;

    for (size_t i = 0; i < size; i++) {
        cleanup(json_free) Json *event = NULL;
        if (bytes[i] != '\n') {
            buffer_add_char(&list->line, bytes[i]);
            continue;
        }
        if (list->line.overflowed)
            return false;
        if (list->line.size > 0 && json_parse(list->line.bytes, list->line.size, &event, NULL) < 0)
            return false;
        buffer_reset(&list->line);
        if (event != NULL)
            take_event(list, event);
    }
    return true;
}

static void *stream(void *context)
{
    EngineList *list = context;
    cleanup(free) char *path =
        memory_format("/events?since=%lld&filters=%s", (long long)list->since_s, TYPES_PATH);
    ApiCall call = {.method = "GET",
                    .path = path,
                    .what = "listen to events",
                    .timeout_ms = FETCH_FOREVER,
                    .stop = &list->stop,
                    .chunk = take_chunk,
                    .context = list};
    cleanup(api_answer_deinit) ApiAnswer answer;
    ProviderProblem problem;

    (void)api_call(list->api, &call, &answer, &problem);
    pthread_mutex_lock(&list->lock);
    list->is_valid = false;
    pthread_cond_broadcast(&list->changed);
    pthread_mutex_unlock(&list->lock);
    provider_changed(list->provider, NULL, NULL, PROVIDER_CHANGED);
    return NULL;
}

/* ---- asking ---- */

static void join_stream(EngineList *list)
{
    if (!list->streams)
        return;
    fetch_stop_request(&list->stop);
    pthread_join(list->thread, NULL);
    fetch_stop_deinit(&list->stop);
    list->streams = false;
}

static int start_stream(EngineList *list, ProviderProblem *problem)
{
    Error err = {0};

    if (fetch_stop_init(&list->stop, &err) < 0)
        return provider_problem(problem, "INTERNAL", "not_applied", true, "%.400s", err.message);
    buffer_reset(&list->line);
    if (pthread_create(&list->thread, NULL, stream, list) != 0) {
        fetch_stop_deinit(&list->stop);
        return provider_problem(problem, "INTERNAL", "not_applied", true,
                                "no thread can be made to listen to the engine's events");
    }
    list->streams = true;
    return 0;
}

/* Replaces what is known, but for what changed while the list was on its way. */
static void take_list(EngineList *list, const Json *elements)
{
    forget_all(list);
    for (const Json *e = json_first(elements); e != NULL; e = json_next(e)) {
        ContainerFacts facts;
        if (!container_facts_from_list(e, &facts))
            continue;
        put_locked(list, &facts);
        container_facts_deinit(&facts);
    }
    list->is_valid = true;
}

/* An engine whose streams break at once is not asked as fast as it answers. */
static void keep_distance(EngineList *list)
{
    int64_t since_ms = steady_ms() - list->asked_ms;
    struct timespec rest = {.tv_nsec = (DISTANCE_MS - since_ms) * 1000000};

    if (list->asked_ms > 0 && since_ms < DISTANCE_MS)
        nanosleep(&rest, NULL);
    list->asked_ms = steady_ms();
}

static int ask_list(EngineList *list, ProviderProblem *problem)
{
    cleanup(api_answer_deinit) ApiAnswer clock = {0}, answer = {0};
    const ApiCall time_call = {
        .method = "GET", .path = "/_ping", .what = "ask the engine for its time"};
    const ApiCall list_call = {.method = "GET",
                               .path = "/containers/json?all=1&filters=" LABEL_PATH,
                               .what = "list containers",
                               .size_max = LISTED_MAX};

    if (api_must(list->api, &time_call, &clock, problem) < 0 ||
        api_must(list->api, &list_call, &answer, problem) < 0)
        return -1;
    if (!json_is_array(answer.body))
        return provider_problem(problem, "UPSTREAM", "not_applied", true,
                                "list containers: the engine's answer is no JSON array");
    list->since_s = clock.date_s > 0 ? clock.date_s : (int64_t)time(NULL) - 2;
    pthread_mutex_lock(&list->lock);
    take_list(list, answer.body);
    pthread_mutex_unlock(&list->lock);
    return start_stream(list, problem);
}

/* The list is there, with a stream that has not broken. */
static int ensure_valid(EngineList *list, ProviderProblem *problem)
{
    int code = 0;

    pthread_mutex_lock(&list->lock);
    bool is_valid = list->is_valid;
    pthread_mutex_unlock(&list->lock);
    if (is_valid)
        return 0;
    pthread_mutex_lock(&list->asking);
    pthread_mutex_lock(&list->lock);
    is_valid = list->is_valid;
    pthread_mutex_unlock(&list->lock);
    if (!is_valid) {
        join_stream(list);
        keep_distance(list);
        code = ask_list(list, problem);
    }
    pthread_mutex_unlock(&list->asking);
    return code;
}

void engine_list_free(EngineList *list)
{
    if (list == NULL)
        return;
    join_stream(list);
    forget_all(list);
    buffer_deinit(&list->line);
    pthread_cond_destroy(&list->changed);
    pthread_mutex_destroy(&list->lock);
    pthread_mutex_destroy(&list->asking);
    free(list);
}

int engine_list_inspect(EngineList *list, const char *id, ContainerFacts *ret,
                        ProviderProblem *problem)
{
    cleanup(api_answer_deinit) ApiAnswer answer;
    cleanup(free) char *name = api_encoded(id);
    cleanup(free) char *path = memory_format("/containers/%s/json", name);
    cleanup(free) char *what = memory_format("look at container '%.64s'", id);

    if (api_call(list->api, &(ApiCall){.method = "GET", .path = path, .what = what}, &answer,
                 problem) < 0)
        return -1;
    if (answer.status == 404) {
        engine_list_drop(list, id);
        return CONTAINER_NONE;
    }
    if (answer.status >= 400)
        return api_problem(&answer, what, problem);
    if (!container_facts_from_inspect(answer.body, ret))
        return provider_problem(problem, "UPSTREAM", "not_applied", true,
                                "%s: the engine's answer has no id", what);
    engine_list_put(list, ret);
    return 0;
}

int engine_list_find(EngineList *list, const char *uid, ContainerFacts *ret,
                     ProviderProblem *problem)
{
    ContainerFacts found = {0};

    if (ensure_valid(list, problem) < 0)
        return -1;
    pthread_mutex_lock(&list->lock);
    const ContainerFacts *facts = map_get(&list->id_by_uid, uid);
    if (facts != NULL)
        found = container_facts_copy(facts);
    pthread_mutex_unlock(&list->lock);
    if (found.id == NULL)
        return CONTAINER_NONE;
    if (!found.is_stale) {
        *ret = found;
        return 0;
    }
    int code = engine_list_inspect(list, found.id, ret, problem);
    container_facts_deinit(&found);
    return code;
}

int engine_list_visit(EngineList *list, bool (*visit)(void *context, const ContainerFacts *facts),
                      void *context, ProviderProblem *problem)
{
    if (ensure_valid(list, problem) < 0)
        return -1;
    pthread_mutex_lock(&list->lock);
    for (MapEntry *e = map_next(&list->by_id, NULL); e != NULL; e = map_next(&list->by_id, e))
        if (visit(context, e->value))
            break;
    pthread_mutex_unlock(&list->lock);
    return 0;
}

bool engine_list_await(EngineList *list, const char *id, int64_t timeout_ms)
{
    struct timespec until;
    bool has_changed = false;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += timeout_ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&list->lock);
    for (int code = 0; code == 0 && !has_changed;) {
        const ContainerFacts *facts = map_get(&list->by_id, id);
        has_changed = facts == NULL || facts->is_stale || !list->is_valid;
        if (!has_changed)
            code = pthread_cond_timedwait(&list->changed, &list->lock, &until);
    }
    pthread_mutex_unlock(&list->lock);
    return has_changed;
}
