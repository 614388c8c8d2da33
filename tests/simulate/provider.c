#include "tests/simulate/provider.h"

#include <stdio.h>
#include <string.h>

#include "lang/base/json.h"
#include "lang/base/memory.h"
#include "tests/simulate/world.h"

#define REFUSALS_MAX 4

typedef enum OperationState {
    OPERATION_NOTED, /* its key is, and nothing more */
    OPERATION_SUCCEEDED,
    OPERATION_FAILED,
    OPERATION_CANCELLED
} OperationState;

typedef struct Operation {
    const char *op, *digest, *method, *target; /* uid or name of the action */
    const char *body;
    OperationState state;
    const char *result; /* a representation, or a problem */
} Operation;

typedef struct Refusal {
    const char *effect;
    unsigned count, done;
} Refusal;

struct Provider {
    Operation *operations;
    size_t count, capacity;
    Thing *things, **things_end;
    Done *done, **done_end;
    uint64_t births;
    bool down;
    int64_t ready_ms;
    Refusal refusals[REFUSALS_MAX];
};

void provider_make(void)
{
    Provider *provider = world_alloc(sizeof *provider);

    provider->things_end = &provider->things;
    provider->done_end = &provider->done;
    world->provider = provider;
}

void provider_refuse(const char *effect, unsigned count)
{
    for (size_t i = 0; i < REFUSALS_MAX; i++) {
        Refusal *refusal = &world->provider->refusals[i];
        if (refusal->effect != NULL && strcmp(refusal->effect, effect) != 0)
            continue;
        *refusal = (Refusal){world_copy(effect, strlen(effect)), count, 0};
        return;
    }
}

unsigned provider_refused(const char *effect)
{
    for (size_t i = 0; i < REFUSALS_MAX; i++)
        if (world->provider->refusals[i].effect != NULL &&
            strcmp(world->provider->refusals[i].effect, effect) == 0)
            return world->provider->refusals[i].done;
    return 0;
}

void provider_ready_from(int64_t ms)
{
    world->provider->ready_ms = ms;
}

const Thing *provider_things(void)
{
    return world->provider->things;
}

const Done *provider_done(void)
{
    return world->provider->done;
}

bool provider_is_down(void)
{
    return world->provider->down;
}

/* ---- the world outside ---- */

static const char *text_copy(const char *text)
{
    return world_copy(text, strlen(text));
}

static Thing *thing_find(const char *uid)
{
    for (Thing *thing = world->provider->things; thing != NULL; thing = thing->next)
        if (strcmp(thing->uid, uid) == 0)
            return thing;
    return NULL;
}

static Done *done_find(const char *op)
{
    for (Done *done = world->provider->done; done != NULL; done = done->next)
        if (strcmp(done->op, op) == 0)
            return done;
    return NULL;
}

static void thing_put(const Operation *operation, const Json *body)
{
    Provider *provider = world->provider;
    Thing *thing = thing_find(operation->target);

    if (thing == NULL) {
        thing = world_alloc(sizeof *thing);
        thing->uid = operation->target;
        *provider->things_end = thing;
        provider->things_end = &thing->next;
    }
    if (!thing->exists) {
        thing->birth = ++provider->births;
        thing->births++;
    }
    cleanup(free) char *desired = json_text(json_get(body, "desired"));
    thing->exists = true;
    thing->op = operation->op;
    thing->desired = text_copy(desired);
    thing->effect = text_copy(json_get_string(body, "effect", ""));
    thing->address = text_copy(json_get_string(json_get(body, "owner"), "address", ""));
}

static void action_do(const Operation *operation, const Json *body)
{
    Provider *provider = world->provider;
    const Json *arguments = json_get(body, "arguments");
    Done *done = world_alloc(sizeof *done);

    *done = (Done){.op = operation->op,
                   .effect = operation->target,
                   .who = text_copy(json_get_string(arguments, "who", "")),
                   .number = json_get_int(arguments, "number", 0)};
    *provider->done_end = done;
    provider->done_end = &done->next;
}

/* Once, however often the provider is killed over it: what is there is found. */
static void world_change(const Operation *operation)
{
    cleanup(json_free) Json *body = NULL;
    Thing *thing = thing_find(operation->target);

    json_parse(operation->body, strlen(operation->body), &body, NULL);
    if (strcmp(operation->method, "POST") == 0) {
        if (done_find(operation->op) == NULL)
            action_do(operation, body);
    } else if (strcmp(operation->method, "DELETE") == 0) {
        if (thing != NULL)
            thing->exists = false;
    } else if (thing == NULL || strcmp(thing->op, operation->op) != 0) {
        thing_put(operation, body);
    }
}

bool provider_lose(void)
{
    size_t count = 0, chosen;

    for (Thing *thing = world->provider->things; thing != NULL; thing = thing->next)
        count += thing->exists;
    chosen = chance_below(&world->chance, count);
    for (Thing *thing = world->provider->things; thing != NULL; thing = thing->next) {
        if (!thing->exists || chosen-- > 0)
            continue;
        thing->exists = false;
        thing->op = "";
        world_trace("outside: %s is lost", thing->address);
        return true;
    }
    return false;
}

/* ---- replies ---- */

static void put_member(Buffer *text, const char *key, const char *value)
{
    buffer_add_format(text, "\"%s\":", key);
    json_put_string(text, value);
    buffer_add_char(text, ',');
}

static void state_put(Buffer *text, const Thing *thing)
{
    buffer_add_format(text, "\"state\":{\"id\":\"i%llu\",", (unsigned long long)thing->birth);
    buffer_add_string(text, "\"address\":");
    json_put_string(text, thing->address);
    buffer_add_char(text, '}');
}

static void representation_put(Buffer *text, const Thing *thing)
{
    buffer_add_char(text, '{');
    put_member(text, "uid", thing->uid);
    put_member(text, "op", thing->op);
    put_member(text, "type", thing->effect);
    buffer_add_format(text, "\"external_id\":\"i%llu\",\"outcome\":\"applied\",",
                      (unsigned long long)thing->birth);
    state_put(text, thing);
    buffer_add_char(text, '}');
}

static void reply_take(Reply *ret, int status, Buffer *text)
{
    ret->status = status;
    ret->body_size = text->size;
    ret->body = world_copy(buffer_text(text), text->size);
    buffer_deinit(text);
}

static void reply_text(Reply *ret, int status, const char *text)
{
    ret->status = status;
    ret->body = text;
    ret->body_size = strlen(text);
}

static void reply_problem(Reply *ret, int status, const char *code, bool retryable)
{
    Buffer text = {0};

    buffer_add_format(&text,
                      "{\"status\":%d,\"code\":\"%s\",\"outcome\":\"not_applied\","
                      "\"retryable\":%s,\"detail\":\"simulated\"}",
                      status, code, retryable ? "true" : "false");
    reply_take(ret, status, &text);
}

/* ---- operations ---- */

static Operation *operation_find(const char *op)
{
    Provider *provider = world->provider;

    for (size_t i = provider->count; i > 0; i--)
        if (strcmp(provider->operations[i - 1].op, op) == 0)
            return &provider->operations[i - 1];
    return NULL;
}

static size_t operation_index(const Operation *operation)
{
    return (size_t)(operation - world->provider->operations);
}

static Operation *operation_new(const Request *request, const char *target)
{
    Provider *provider = world->provider;

    if (provider->count == provider->capacity) {
        size_t capacity = provider->capacity * 2 + 64;
        Operation *operations = world_alloc(capacity * sizeof *operations);
        if (provider->count > 0)
            memcpy(operations, provider->operations, provider->count * sizeof *operations);
        provider->operations = operations;
        provider->capacity = capacity;
    }
    Operation *operation = &provider->operations[provider->count++];
    *operation = (Operation){.op = request->key,
                             .digest = request->digest,
                             .method = request->method,
                             .target = text_copy(target),
                             .body = request->body};
    return operation;
}

static bool is_refused(const Operation *operation)
{
    cleanup(json_free) Json *body = NULL;

    json_parse(operation->body, strlen(operation->body), &body, NULL);
    const char *effect = strcmp(operation->method, "POST") == 0
                             ? operation->target
                             : json_get_string(body, "effect", "");
    for (size_t i = 0; i < REFUSALS_MAX; i++) {
        Refusal *refusal = &world->provider->refusals[i];
        if (refusal->effect == NULL || strcmp(refusal->effect, effect) != 0 || refusal->count == 0)
            continue;
        refusal->count--;
        refusal->done++;
        world_count(TROUBLE_REJECTED);
        return true;
    }
    return false;
}

static const char *result_make(const Operation *operation)
{
    Buffer text = {0};
    const Thing *thing = thing_find(operation->target);
    bool is_put = strcmp(operation->method, "PUT") == 0;

    if (is_put) {
        representation_put(&text, thing);
    } else {
        buffer_add_char(&text, '{');
        put_member(&text, "op", operation->op);
        buffer_add_string(&text, "\"state\":{},\"outcome\":\"applied\"}");
    }
    const char *result = world_copy(buffer_text(&text), text.size);
    buffer_deinit(&text);
    return result;
}

/* Do it and note what came of it; false: the provider was killed over it. */
static bool operation_finish(Operation *operation)
{
    if (world_provider_dies(POINT_PROVIDER_BEFORE)) {
        provider_die();
        return false;
    }
    if (is_refused(operation)) {
        Reply reply;
        reply_problem(&reply, 422, "VALIDATION_FAILED", false);
        operation->result = reply.body;
        operation->state = OPERATION_FAILED;
        return true;
    }
    world_change(operation);
    world_trace("provider: done %s %s", operation->method, operation->target);
    if (world_provider_dies(POINT_PROVIDER_DONE)) {
        provider_die();
        return false;
    }
    operation->result = result_make(operation);
    operation->state = OPERATION_SUCCEEDED;
    return true;
}

void provider_operation_ends(size_t index)
{
    Operation *operation = &world->provider->operations[index];

    if (world->provider->down || operation->state != OPERATION_NOTED)
        return; /* it is taken up when the provider is back */
    operation_finish(operation);
}

static void operation_run(Operation *operation)
{
    network_operation_ends(operation_index(operation),
                           (int64_t)chance_below(&world->chance, 3000) + 10);
}

/* ---- coming and going ---- */

void provider_die(void)
{
    world->provider->down = true;
    world_count(TROUBLE_PROVIDER_DOWN);
    network_provider_returns(1 + (int64_t)chance_below(&world->chance, 20000));
}

void provider_return(void)
{
    Provider *provider = world->provider;

    world_trace("provider: is up again");
    provider->down = false;
    for (size_t i = 0; i < provider->count; i++)
        if (provider->operations[i].state == OPERATION_NOTED)
            operation_run(&provider->operations[i]);
}

/* ---- mutations ---- */

static void operation_answer(const Operation *operation, Reply *ret)
{
    switch (operation->state) {
    case OPERATION_NOTED:
        reply_text(ret, 202, "{}");
        return;
    case OPERATION_SUCCEEDED:
        reply_text(ret, strcmp(operation->method, "PUT") == 0 ? 201 : 200, operation->result);
        return;
    case OPERATION_FAILED:
        reply_text(ret, 422, operation->result);
        return;
    case OPERATION_CANCELLED:
        reply_problem(ret, 409, "CANCELLED", false);
        return;
    }
}

static bool is_busy(const char *target)
{
    const Provider *provider = world->provider;

    for (size_t i = 0; i < provider->count; i++)
        if (provider->operations[i].state == OPERATION_NOTED &&
            strcmp(provider->operations[i].method, "POST") != 0 &&
            strcmp(provider->operations[i].target, target) == 0)
            return true;
    return false;
}

/* It exists, and was not to. */
static void reply_existing(Reply *ret, const Thing *thing)
{
    Buffer text = {0};

    buffer_add_string(&text, "{\"status\":412,\"code\":\"ETAG_MISMATCH\",\"outcome\":"
                             "\"not_applied\",\"current\":");
    representation_put(&text, thing);
    buffer_add_char(&text, '}');
    reply_take(ret, 412, &text);
}

/* Before the key is noted: as if it had never been sent. True: it is refused. */
static bool is_turned_away(const Request *request, const char *target, Reply *ret)
{
    const Thing *thing = thing_find(target);

    if (world_trouble(TROUBLE_THROTTLED, 60)) {
        reply_problem(ret, 429, "THROTTLED", true);
        ret->retry_after_ms = 1000 * (int64_t)chance_below(&world->chance, 5);
    } else if (world_trouble(TROUBLE_UNAVAILABLE, 60)) {
        reply_problem(ret, 503, "UNAVAILABLE", true);
    } else if (strcmp(request->method, "POST") != 0 && is_busy(target)) {
        reply_problem(ret, 409, "OPERATION_IN_PROGRESS", true);
    } else if (request->if_none_match && thing != NULL && thing->exists) {
        reply_existing(ret, thing);
    } else {
        return false;
    }
    return true;
}

static bool mutation_new(const Request *request, const char *target, Reply *ret)
{
    if (world_provider_dies(POINT_PROVIDER_BEFORE)) {
        provider_die();
        return false;
    }
    if (is_turned_away(request, target, ret))
        return true;
    Operation *operation = operation_new(request, target);
    if (chance_one_in(&world->chance, 3)) {
        operation_run(operation);
        operation_answer(operation, ret);
        return true;
    }
    if (!operation_finish(operation))
        return false;
    operation_answer(operation, ret);
    if (world_provider_dies(POINT_PROVIDER_NOTED)) {
        provider_die();
        return false;
    }
    return true;
}

static bool mutation_take(const Request *request, const char *target, Reply *ret)
{
    const Operation *known = operation_find(request->key);

    if (known == NULL)
        return mutation_new(request, target, ret);
    if (strcmp(known->digest, request->digest) != 0) {
        world_wrong("the key %s comes with other bytes than before", request->key);
        reply_problem(ret, 422, "IDEMPOTENCY_KEY_REUSED", false);
        return true;
    }
    operation_answer(known, ret);
    ret->replayed = known->state != OPERATION_NOTED;
    return true;
}

/* ---- questions ---- */

static void operation_describe(const Operation *operation, Reply *ret)
{
    static const char *const states[] = {[OPERATION_NOTED] = "running",
                                         [OPERATION_SUCCEEDED] = "succeeded",
                                         [OPERATION_FAILED] = "failed",
                                         [OPERATION_CANCELLED] = "cancelled"};
    Buffer text = {0};

    buffer_add_char(&text, '{');
    put_member(&text, "op", operation->op);
    if (operation->state == OPERATION_SUCCEEDED)
        buffer_add_format(&text, "\"result\":%s,", operation->result);
    if (operation->state == OPERATION_FAILED)
        buffer_add_format(&text, "\"problem\":%s,", operation->result);
    buffer_add_format(&text, "\"poll_ms\":700,\"state\":\"%s\"}", states[operation->state]);
    reply_take(ret, 200, &text);
}

static void ask_operation(const char *path, Reply *ret)
{
    char key[128];
    size_t size = strcspn(path, "?:%");

    snprintf(key, sizeof key, "%.*s", (int)size, path);
    Operation *operation = operation_find(key);
    if (operation == NULL) {
        reply_problem(ret, 404, "NOT_FOUND", false);
        return;
    }
    if (path[size] == ':' && operation->state == OPERATION_NOTED)
        operation->state = OPERATION_CANCELLED;
    operation_describe(operation, ret);
}

static void ask_instance(const char *uid, Reply *ret)
{
    const Thing *thing = thing_find(uid);
    Buffer text = {0};

    if (thing == NULL || !thing->exists) {
        reply_problem(ret, 404, "NOT_FOUND", false);
        return;
    }
    representation_put(&text, thing);
    reply_take(ret, 200, &text);
}

static void observe_item(Buffer *text, const char *uid)
{
    const Thing *thing = thing_find(uid);

    buffer_add_char(text, '{');
    put_member(text, "uid", uid);
    if (thing != NULL && thing->exists) {
        state_put(text, thing);
        buffer_add_string(text, ",\"status\":\"found\"}");
    } else {
        buffer_add_string(text, "\"status\":\"absent\",\"reason\":\"simulated\"}");
    }
}

static void observe(const Request *request, Reply *ret)
{
    cleanup(json_free) Json *body = NULL;
    const char *comma = "";
    Buffer text = {0};

    json_parse(request->body, request->body_size, &body, NULL);
    buffer_add_string(&text, "{\"items\":[");
    const Json *items = json_get(body, "items");
    for (const Json *item = json_first(items); item != NULL; item = json_next(item)) {
        buffer_add_string(&text, comma);
        observe_item(&text, json_get_string(item, "uid", ""));
        comma = ",";
    }
    buffer_add_string(&text, "]}");
    reply_take(ret, 200, &text);
}

static void query(const Request *request, Reply *ret)
{
    cleanup(json_free) Json *body = NULL;
    bool ready = world->now_ms >= world->provider->ready_ms;
    const char *comma = "";
    Buffer text = {0};

    json_parse(request->body, request->body_size, &body, NULL);
    buffer_add_string(&text, "{\"items\":[");
    for (size_t i = json_count(json_get(body, "items")); i > 0; i--) {
        buffer_add_format(&text, "%s{\"value\":%s}", comma, ready ? "true" : "false");
        comma = ",";
    }
    buffer_add_string(&text, "]}");
    reply_take(ret, 200, &text);
}

static const char handshake[] =
    "{\"name\":\"infra\",\"vendor_version\":\"1\",\"protocol\":{\"versions\":[\"1.0\"]},"
    "\"capabilities\":[],\"limits\":{\"max_concurrent\":4},\"idempotency\":{\"ttl_s\":2592000}}";

#define EFFECT(kind)                                                                               \
    "{\"kind\":\"" kind "\",\"parameters\":{\"type\":\"object\"},\"positional\":[],"               \
    "\"result\":{\"type\":\"object\"},\"typical_s\":0,\"timeout_s\":600}"

static const char schema[] =
    "{\"effects\":{\"Act\":" EFFECT("action") ",\"Risk\":" EFFECT("action") ",\"Forbid\":" EFFECT(
        "action") "},\"queries\":{},\"types\":{},\"any\":" EFFECT("instance") ",\"any_query\":{}}";

/* ---- requests ---- */

/* What stands behind the start of a path; NULL: it is another one. */
static const char *path_behind(const char *path, const char *start)
{
    size_t size = strlen(start);

    return strncmp(path, start, size) == 0 ? path + size : NULL;
}

static const char *last_part(const char *path)
{
    return strrchr(path, '/') + 1;
}

bool provider_take(const Request *request, Reply *ret)
{
    const char *operation = path_behind(request->path, "/v1/operations/");

    if (world->provider->down)
        return false;
    if (request->key != NULL)
        return mutation_take(request, last_part(request->path), ret);
    if (operation != NULL)
        ask_operation(operation, ret);
    else if (path_behind(request->path, "/v1/instances/") != NULL)
        ask_instance(last_part(request->path), ret);
    else if (path_behind(request->path, "/v1/observe") != NULL)
        observe(request, ret);
    else if (path_behind(request->path, "/v1/query") != NULL)
        query(request, ret);
    else if (path_behind(request->path, "/v1/schema") != NULL)
        reply_text(ret, 200, schema);
    else if (path_behind(request->path, "/v1/health") != NULL)
        reply_text(ret, 200, "{\"ready\":true,\"reason\":\"\"}");
    else
        reply_text(ret, 200, handshake);
    return true;
}
