#include "controller/conformance/thing.h"

#include <stdio.h>
#include <string.h>

#include "controller/host/provider_pool.h"
#include "lang/base/memory.h"

#define SETTLE_MS 60000
#define TIMEOUT_S 120
#define DEADLINE_MS 30000
#define HEADERS_MAX 24
#define FENCE 1

/* ---- objects ---- */

Thing *thing_new(Trial *trial, SampleKind kind)
{
    Bench *bench = trial->bench;
    Thing *thing = arena_new(&trial->arena, Thing);

    thing->sample = samples_find(bench->samples, kind);
    thing->effect = json_key(thing->sample);
    const Json *entry = json_get(json_get(bench->schema, "effects"), thing->effect);
    thing->type = json_get_string(entry, "type", thing->effect);
    thing->number = ++bench->object_count;
    snprintf(thing->uid, sizeof thing->uid, "%s%016x", bench->run, thing->number);
    cleanup(free) char *type = url_segment(thing->type);
    thing->path = arena_format(&trial->arena, "/v1/instances/%s/%s", type, thing->uid);
    thing->next = trial->things;
    trial->things = thing;
    return thing;
}

const Json *thing_arguments(Trial *trial, const Thing *thing, SampleKind kind)
{
    const Json *arguments = json_get(thing->sample, sample_name(kind));

    if (arguments == NULL)
        return NULL;
    return trial_own(
        trial, sample_fill(arguments, thing->number, subject_work_dir(trial->bench->subject)));
}

int64_t thing_schema_version(const Trial *trial, const Thing *thing)
{
    const Json *types = json_get(trial->bench->schema, "types");

    return json_get_int(json_get(types, thing->type), "schema_version", 1);
}

/* ---- mutations ---- */

static Json *mutation_body(Trial *trial, const char *op, const Thing *thing)
{
    Json *body = json_new_object(), *owner = json_new_object();

    json_set_string(body, "op", op);
    json_set_string(owner, "lineage", trial->lineage);
    json_set_string(owner, "stack", "conformance");
    json_set_string(owner, "domain", "Conformance");
    cleanup(free) char *address =
        memory_format("Conformance.Trial.%s[%u]", thing->effect, thing->number);
    json_set_string(owner, "address", address);
    json_set(body, "owner", owner);
    json_set_int(body, "fence", FENCE);
    json_set_int(body, "timeout_s", TIMEOUT_S);
    return body;
}

/* Takes the body. */
static Mutation mutation_of(Trial *trial, const char *method, const char *path, const char *op,
                            Json *body)
{
    cleanup(free) char *text = json_text(body);
    Mutation mutation = {
        .method = method,
        .path = path,
        .op = op,
        .body = arena_copy_string(&trial->arena, text),
        .body_size = strlen(text),
        .fence = FENCE,
    };

    json_free(body);
    return mutation;
}

static const char *op_new(Trial *trial)
{
    return arena_format(&trial->arena, "c%s-%04u", trial->bench->run, ++trial->bench->op_count);
}

Mutation thing_put_with(Trial *trial, const Thing *thing, const Json *desired, Json *more)
{
    const char *op = op_new(trial);
    Json *body = mutation_body(trial, op, thing), *member;

    json_set_int(body, "generation", 1);
    json_set_int(body, "schema_version", thing_schema_version(trial, thing));
    json_set_string(body, "effect", thing->effect);
    json_set(body, "desired", json_copy(desired));
    json_set(body, "secrets", json_new_object());
    json_set(body, "prior", json_new_null());
    json_set(body, "private", json_new_null());
    json_set(body, "adopt", json_new_null());
    while ((member = json_first(more)) != NULL) {
        cleanup(free) char *key = memory_copy_string(json_key(member));
        json_set(body, key, json_detach(more, key));
    }
    json_free(more);
    return mutation_of(trial, "PUT", thing->path, op, body);
}

Mutation thing_put(Trial *trial, const Thing *thing, const Json *desired)
{
    return thing_put_with(trial, thing, desired, NULL);
}

Mutation thing_delete(Trial *trial, const Thing *thing)
{
    const char *op = op_new(trial);

    return mutation_of(trial, "DELETE", thing->path, op, mutation_body(trial, op, thing));
}

Mutation action_run(Trial *trial, const char *action, const Json *arguments)
{
    const char *op = op_new(trial);
    Thing owner = {.effect = action};
    Json *body = mutation_body(trial, op, &owner);
    cleanup(free) char *segment = url_segment(action);

    json_set(body, "arguments", json_copy(arguments));
    json_set(body, "secrets", json_new_object());
    return mutation_of(trial, "POST", arena_format(&trial->arena, "/v1/actions/%s", segment), op,
                       body);
}

static const char *digest_header(Trial *trial, const Mutation *mutation)
{
    cleanup(free) char *header = content_digest_header(mutation->body, mutation->body_size);

    return arena_copy_string(&trial->arena, header);
}

/* The headers of a mutation; live as long as the trial. */
static const char *const *mutation_headers(Trial *trial, const Mutation *mutation)
{
    cleanup(free) char *authorization = subject_authorization(trial->bench->subject);
    const char **headers = arena_array(&trial->arena, const char *, HEADERS_MAX);
    int64_t deadline_ms = mutation->deadline_ms != 0 ? mutation->deadline_ms : DEADLINE_MS;
    const char *key = mutation->key != NULL ? mutation->key : mutation->op;
    Arena *arena = &trial->arena;
    size_t n = 0;

    headers[n++] = arena_format(arena, "Ved-Protocol: %s",
                                mutation->version != NULL ? mutation->version : "1.0");
    headers[n++] = "Accept: application/json, application/problem+json";
    headers[n++] = arena_format(arena, "Content-Type: %s",
                                mutation->media != NULL ? mutation->media : "application/json");
    headers[n++] = mutation->digest != NULL ? mutation->digest : digest_header(trial, mutation);
    headers[n++] =
        arena_format(arena, "Prefer: respond-async, wait=%d", mutation->is_async ? 0 : 20);
    headers[n++] = arena_format(arena, "Ved-Deadline-Ms: %lld", (long long)deadline_ms);
    headers[n++] = "Ved-Attempt: 1";
    headers[n++] = arena_format(arena, "Ved-Fence: %lld", (long long)mutation->fence);
    if (key[0] != '\0')
        headers[n++] = arena_format(arena, "Idempotency-Key: \"%s\"", key);
    if (mutation->precondition != NULL)
        headers[n++] = mutation->precondition;
    if (authorization != NULL)
        headers[n++] = arena_copy_string(arena, authorization);
    return headers;
}

void mutation_send_many(Trial *trial, const Mutation *mutation, size_t count, const Exchange **ret)
{
    WireRequest *requests = memory_alloc(count * sizeof *requests);

    for (size_t i = 0; i < count; i++)
        requests[i] = (WireRequest){
            .method = mutation->method,
            .url = trial_url(trial, mutation->path),
            .headers = mutation_headers(trial, mutation),
            .tls = subject_tls(trial->bench->subject),
            .body = mutation->body,
            .body_size = mutation->body_size,
            .break_after = mutation->break_after,
            .loses_reply = mutation->loses_reply,
            .timeout_ms = mutation->timeout_ms,
        };
    trial_send(trial, requests, count, ret);
    free(requests);
}

const Exchange *mutation_send(Trial *trial, const Mutation *mutation)
{
    const Exchange *exchange;

    mutation_send_many(trial, mutation, 1, &exchange);
    return exchange;
}

/* ---- outcomes ---- */

static bool has_ended(const char *state)
{
    static const char *const ends[] = {"succeeded", "failed", "cancelled", "unknown"};

    for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
        if (strcmp(state, ends[i]) == 0)
            return true;
    return false;
}

const Json *operation_end(Trial *trial, const char *op, const Exchange **ret)
{
    int64_t until_ms = bench_now_ms() + SETTLE_MS;

    for (;;) {
        const Exchange *exchange = trial_get_ok(trial, "/v1/operations/%s?wait=2", op);
        if (exchange == NULL)
            return NULL;
        if (ret != NULL)
            *ret = exchange;
        if (has_ended(json_get_string(exchange->json, "state", "")))
            return exchange->json;
        if (bench_now_ms() > until_ms) {
            trial_fail(trial, exchange, "the operation has not ended within %d s",
                       SETTLE_MS / 1000);
            return NULL;
        }
        bench_sleep_ms(20);
    }
}

static const Json *operation_result(Trial *trial, const char *op)
{
    const Exchange *exchange = NULL;
    const Json *operation = operation_end(trial, op, &exchange);
    const char *state = json_get_string(operation, "state", "");

    if (operation == NULL)
        return NULL;
    if (strcmp(state, "succeeded") == 0 && json_is_object(json_get(operation, "result")))
        return json_get(operation, "result");
    trial_fail(trial, exchange,
               "expected the operation to succeed with a 'result', found it '%s'%s%.200s", state,
               json_get(operation, "problem") != NULL ? ": " : "",
               json_get_string(json_get(operation, "problem"), "detail", ""));
    return NULL;
}

const Json *mutation_settle(Trial *trial, const Mutation *mutation, const Exchange *reply)
{
    bool deletes = strcmp(mutation->method, "DELETE") == 0;

    if (reply->status == 202)
        return operation_result(trial, mutation->op);
    if (deletes && reply->status == 204)
        return trial_own(trial, json_new_object());
    if (!expect_status(trial, reply, (const int[]){200, deletes ? 200 : 201, 202, 0}))
        return NULL;
    if (json_is_object(reply->json))
        return reply->json;
    trial_fail(trial, reply, "expected a JSON object as body: %s",
               reply->json == NULL ? reply->problem : "found something else");
    return NULL;
}

const Json *mutation_do(Trial *trial, const Mutation *mutation)
{
    return mutation_settle(trial, mutation, mutation_send(trial, mutation));
}

const Json *thing_make(Trial *trial, const Thing *thing)
{
    Mutation put = thing_put(trial, thing, thing_arguments(trial, thing, SAMPLE_DESIRED));

    put.precondition = "If-None-Match: *";
    return mutation_do(trial, &put);
}

const Json *thing_read(Trial *trial, const Thing *thing)
{
    const Exchange *exchange = trial_get_ok(trial, "%s", thing->path);

    return exchange != NULL ? exchange->json : NULL;
}

bool thing_is_absent(Trial *trial, const Thing *thing)
{
    int status = trial_get(trial, "%s", thing->path)->status;

    return status == 404 || status == 410;
}

bool expect_nothing_made(Trial *trial, const Thing *thing, const Mutation *mutation)
{
    const Exchange *exchange = trial_get(trial, "%s", thing->path);

    if (exchange->status != 404 && exchange->status != 410) {
        trial_fail(trial, exchange, "the request was refused, and yet the object is there");
        return false;
    }
    exchange = trial_get(trial, "/v1/operations/%s", mutation->op);
    if (exchange->status == 404 || exchange->status == 410)
        return true;
    trial_fail(trial, exchange, "the request was refused, and yet its operation is known");
    return false;
}

static bool member_is_same(const Json *a, const Json *b, const char *key)
{
    const Json *one = json_get(a, key), *other = json_get(b, key);

    return one == other || (one != NULL && other != NULL && json_equal(one, other));
}

bool expect_same(Trial *trial, const Thing *thing, const Json *before)
{
    static const char *const members[] = {"state", "etag", "external_id"};
    const Exchange *exchange = trial_get_ok(trial, "%s", thing->path);

    if (exchange == NULL)
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(members); i++)
        if (!member_is_same(exchange->json, before, members[i])) {
            trial_fail(trial, exchange, "the object's '%s' is another than before", members[i]);
            return false;
        }
    return true;
}

Json *thing_item(Trial *trial, const Thing *thing, const Json *desired)
{
    Json *item = json_new_object(), *owner = json_new_object();

    json_set_string(item, "uid", thing->uid);
    json_set_string(item, "type", thing->type);
    json_set_string(item, "effect", thing->effect);
    json_set_string(owner, "lineage", trial->lineage);
    json_set(item, "owner", owner);
    if (desired != NULL)
        json_set(item, "desired", json_copy(desired));
    return item;
}

void things_remove(Trial *trial)
{
    CheckState state = trial->state;

    /* What fails here is not what the rule is about. */
    if (state == TRIAL_PASSED)
        trial->state = TRIAL_SKIPPED;
    for (const Thing *thing = trial->things; thing != NULL; thing = thing->next) {
        if (thing_is_absent(trial, thing))
            continue;
        Mutation delete = thing_delete(trial, thing);
        delete.fence = INT32_MAX;
        mutation_do(trial, &delete);
    }
    trial->state = state;
}
