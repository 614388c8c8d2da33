/* Objects: made, read, listed, changed, removed, and by whom. */
#include <string.h>

#include "controller/conformance/thing.h"
#include "lang/base/memory.h"

#define STALE "If-Match: \"not-the-etag-of-anything\""

static Mutation put_of(Trial *trial, const Thing *thing, SampleKind kind)
{
    return thing_put(trial, thing, thing_arguments(trial, thing, kind));
}

static bool is_same_text(const Json *a, const Json *b, const char *key)
{
    const char *one = json_get_string(a, key, ""), *other = json_get_string(b, key, "");

    return strcmp(one, other) == 0;
}

/* ---- made and read ---- */

void rule_representation_is_whole(Trial *trial)
{
    Thing *thing = thing_new(trial, SAMPLE_DESIRED);
    Mutation put = put_of(trial, thing, SAMPLE_DESIRED);
    const Exchange *exchange = mutation_send(trial, &put);
    const Json *made = mutation_settle(trial, &put, exchange);
    char etag[256] = "";

    if (made == NULL)
        return;
    const struct {
        bool holds;
        const char *what;
    } members[] = {
        {strcmp(json_get_string(made, "uid", ""), thing->uid) == 0, "uid: that of the path"},
        {strcmp(json_get_string(made, "type", ""), thing->type) == 0, "type: that of the path"},
        {json_get_string(made, "etag", "")[0] == '"', "etag: a text in quotes"},
        {json_is_object(json_get(made, "state")), "state: an object"},
        {strcmp(json_get_string(made, "op", ""), put.op) == 0, "op: the key"},
        {strcmp(json_get_string(made, "outcome", ""), "applied") == 0, "outcome: applied"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(members); i++)
        REQUIRE(trial, members[i].holds, exchange, "expected %s", members[i].what);
    if (exchange->status == 202)
        return;
    REQUIRE(trial, exchange->status == 201, exchange, "a new object was answered %d, expected 201",
            exchange->status);
    exchange_header(exchange, "ETag", etag, sizeof etag);
    REQUIRE(trial, strcmp(etag, json_get_string(made, "etag", "")) == 0, exchange,
            "the header ETag is '%s', but member 'etag' is '%s'", etag,
            json_get_string(made, "etag", ""));
}

void rule_read_is_what_was_made(Trial *trial)
{
    Thing *thing = thing_new(trial, SAMPLE_DESIRED);
    const Json *made = thing_make(trial, thing);

    if (made != NULL)
        expect_same(trial, thing, made);
}

/* How often it stands in a list, whose query is given; -1: there is no list. */
static int count_in(Trial *trial, const Thing *thing, const char *query)
{
    const Exchange *exchange = trial_get_ok(trial, "/v1/instances?%s", query);
    const Json *items = exchange != NULL ? json_get(exchange->json, "items") : NULL;
    int count = 0;

    if (exchange == NULL)
        return -1;
    for (const Json *i = json_first(items); i != NULL; i = json_next(i))
        count += strcmp(json_get_string(i, "uid", ""), thing->uid) == 0;
    return count;
}

void rule_list_has_the_object(Trial *trial)
{
    Thing *thing = thing_new(trial, SAMPLE_DESIRED);

    if (thing_make(trial, thing) == NULL)
        return;
    const struct {
        const char *query;
        int count;
    } lists[] = {
        {arena_format(&trial->arena, "owner=%s", trial->lineage), 1},
        {arena_format(&trial->arena, "owner=%s&type=%s", trial->lineage, thing->type), 1},
        {arena_format(&trial->arena, "owner=%s&type=Nothing", trial->lineage), 0},
        {"owner=00000000000000000000000000000000", 0},
    };

    for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
        int count = count_in(trial, thing, lists[i].query);
        if (count < 0)
            return;
        REQUIRE(trial, count == lists[i].count, trial->exchanges,
                "the object stands %d times in the list, expected %d", count, lists[i].count);
    }
}

void rule_nothing_is_unknown_after_apply(Trial *trial)
{
    Thing *thing = thing_new(trial, SAMPLE_DESIRED);
    const Json *made = thing_make(trial, thing);

    if (made == NULL)
        return;
    REQUIRE(trial, !json_mentions(made, "$unknown"), trial->exchanges,
            "there is a $unknown in what the PUT answers");
    const Json *read = thing_read(trial, thing);
    if (read == NULL)
        return;
    REQUIRE(trial, !json_mentions(read, "$unknown"), trial->exchanges,
            "there is a $unknown in what GET shows");
}

/* ---- changed ---- */

void rule_update_is_read(Trial *trial)
{
    Thing *thing = thing_new(trial, SAMPLE_UPDATE);
    const Json *made = thing_make(trial, thing);
    Mutation put = put_of(trial, thing, SAMPLE_UPDATE);

    if (made == NULL)
        return;
    const Exchange *exchange = mutation_send(trial, &put);
    const Json *changed = mutation_settle(trial, &put, exchange);
    if (changed == NULL)
        return;
    REQUIRE(trial, exchange->status != 201, exchange,
            "a change in place was answered 201, expected 200");
    REQUIRE(trial, is_same_text(made, changed, "uid"), exchange, "its uid is another one");
    expect_same(trial, thing, changed);
}

void rule_update_of_the_absent_is_refused(Trial *trial)
{
    Thing *thing = thing_new(trial, SAMPLE_DESIRED);
    Mutation put = put_of(trial, thing, SAMPLE_DESIRED);

    put.precondition = STALE;
    if (expect_status(trial, mutation_send(trial, &put), (const int[]){404, 412, 0}))
        expect_nothing_made(trial, thing, &put);
}

void rule_stale_match_is_refused(Trial *trial)
{
    Thing *thing = thing_new(trial, SAMPLE_DESIRED);
    const Json *made = thing_make(trial, thing);
    Mutation put = put_of(trial, thing, SAMPLE_DESIRED);

    if (made == NULL)
        return;
    put.precondition = STALE;
    if (!expect_problem(trial, mutation_send(trial, &put), 412, "ETAG_MISMATCH"))
        return;
    Mutation delete = thing_delete(trial, thing);
    delete.precondition = STALE;
    if (expect_problem(trial, mutation_send(trial, &delete), 412, "ETAG_MISMATCH"))
        expect_same(trial, thing, made);
}

void rule_etag_changes_on_change_only(Trial *trial)
{
    Thing *thing = thing_new(trial, SAMPLE_UPDATE);
    const Json *made = thing_make(trial, thing);
    Mutation same = put_of(trial, thing, SAMPLE_DESIRED);
    Mutation change = put_of(trial, thing, SAMPLE_UPDATE);

    if (made == NULL || !expect_same(trial, thing, made))
        return;
    const Json *again = mutation_do(trial, &same);
    if (again == NULL)
        return;
    REQUIRE(trial, is_same_text(made, again, "etag"), trial->exchanges,
            "a PUT of the same arguments has changed the etag from %s to %s",
            json_get_string(made, "etag", ""), json_get_string(again, "etag", ""));
    const Json *changed = mutation_do(trial, &change);
    if (changed == NULL)
        return;
    REQUIRE(trial, !is_same_text(made, changed, "etag"), trial->exchanges,
            "a change has left the etag at %s", json_get_string(made, "etag", ""));
    thing_read(trial, thing);
}

/* ---- refused ---- */

void rule_refusal_changes_nothing(Trial *trial)
{
    Thing *thing = thing_new(trial, SAMPLE_INVALID), *fresh = thing_new(trial, SAMPLE_INVALID);
    const Json *made = thing_make(trial, thing);
    Mutation put = put_of(trial, thing, SAMPLE_INVALID);
    Mutation first = put_of(trial, fresh, SAMPLE_INVALID);

    if (made == NULL)
        return;
    const Exchange *exchange = mutation_send(trial, &put);
    if (!expect_status(trial, exchange, (const int[]){422, 400, 0}))
        return;
    const Json *error = json_at(json_get(exchange->json, "errors"), 0);
    REQUIRE(trial, exchange->status == 400 || json_is_string(json_get(error, "pointer")), exchange,
            "expected member 'errors' to say by a 'pointer' which argument is not valid");
    if (expect_same(trial, thing, made) &&
        expect_status(trial, mutation_send(trial, &first), (const int[]){422, 400, 0}))
        expect_nothing_made(trial, fresh, &first);
}

void rule_replacement_is_not_in_place(Trial *trial)
{
    Thing *thing = thing_new(trial, SAMPLE_REPLACE);
    const Json *made = thing_make(trial, thing);
    Mutation put = put_of(trial, thing, SAMPLE_REPLACE);

    if (made != NULL &&
        expect_problem(trial, mutation_send(trial, &put), 422, "UNSUPPORTED_CHANGE"))
        expect_same(trial, thing, made);
}

void rule_stale_fence_is_refused(Trial *trial)
{
    Thing *thing = thing_new(trial, SAMPLE_UPDATE);
    Mutation put = put_of(trial, thing, SAMPLE_DESIRED);
    Json *more = json_new_object();

    json_set_int(more, "fence", 7);
    put = thing_put_with(trial, thing, thing_arguments(trial, thing, SAMPLE_DESIRED), more);
    put.fence = 7;
    const Json *made = mutation_do(trial, &put);
    Mutation old = put_of(trial, thing, SAMPLE_UPDATE), delete = thing_delete(trial, thing);
    if (made != NULL && expect_problem(trial, mutation_send(trial, &old), 409, "STALE_FENCE") &&
        expect_problem(trial, mutation_send(trial, &delete), 409, "STALE_FENCE"))
        expect_same(trial, thing, made);
}

void rule_owner_is_respected(Trial *trial)
{
    static const char stranger[] = "ffffffffffffffffffffffffffffffff";
    Thing *thing = thing_new(trial, SAMPLE_DESIRED);
    const Json *made = thing_make(trial, thing);
    char own[sizeof trial->lineage];

    if (made == NULL)
        return;
    memcpy(own, trial->lineage, sizeof own);
    memcpy(trial->lineage, stranger, sizeof stranger);
    Mutation put = put_of(trial, thing, SAMPLE_DESIRED), delete = thing_delete(trial, thing);
    memcpy(trial->lineage, own, sizeof own);
    if (expect_problem(trial, mutation_send(trial, &put), 409, "NOT_OWNED") &&
        expect_problem(trial, mutation_send(trial, &delete), 409, "NOT_OWNED"))
        expect_same(trial, thing, made);
}

/* ---- removed ---- */

void rule_delete_of_the_deleted_is_gone(Trial *trial)
{
    Thing *thing = thing_new(trial, SAMPLE_DESIRED), *never = thing_new(trial, SAMPLE_DESIRED);

    if (thing_make(trial, thing) == NULL)
        return;
    Mutation first = thing_delete(trial, thing), second = thing_delete(trial, thing);
    Mutation other = thing_delete(trial, never);
    if (mutation_do(trial, &first) != NULL &&
        expect_status(trial, mutation_send(trial, &second), (const int[]){404, 410, 0}))
        expect_status(trial, mutation_send(trial, &other), (const int[]){404, 410, 0});
}

static void expect_observed_absent(Trial *trial, const Thing *thing)
{
    const Exchange *exchange = NULL;
    Json *items = json_new_array();

    json_append(items, thing_item(trial, thing, NULL));
    const Json *answers = trial_batch(trial, "/v1/observe", items, &exchange);
    if (answers == NULL)
        return;
    const char *status = json_get_string(json_at(answers, 0), "status", "");
    REQUIRE(trial, strcmp(status, "absent") == 0, exchange,
            "a deleted object is observed as '%s', expected 'absent'", status);
}

void rule_deleted_is_absent(Trial *trial)
{
    Thing *thing = thing_new(trial, SAMPLE_DESIRED);

    if (thing_make(trial, thing) == NULL)
        return;
    Mutation delete = thing_delete(trial, thing);
    if (mutation_do(trial, &delete) == NULL)
        return;
    const Exchange *exchange = trial_get(trial, "%s", thing->path);
    if (!expect_status(trial, exchange, (const int[]){404, 410, 0}))
        return;
    if (bench_has(trial->bench, "batch_observe"))
        expect_observed_absent(trial, thing);
    if (trial->state != TRIAL_PASSED || !bench_has(trial->bench, "list"))
        return;
    const char *query = arena_format(&trial->arena, "owner=%s", trial->lineage);
    int count = count_in(trial, thing, query);
    REQUIRE(trial, count <= 0, trial->exchanges, "a deleted object stands in the list");
}

/* ---- in turn ---- */

void rule_operations_never_overlap(Trial *trial)
{
    Thing *thing = thing_new(trial, SAMPLE_SLOW);
    Mutation put = put_of(trial, thing, SAMPLE_SLOW), delete = thing_delete(trial, thing);

    put.is_async = true;
    put.deadline_ms = 200;
    const Exchange *running = mutation_send(trial, &put);
    if (!expect_status(trial, running, (const int[]){202, 0}))
        return;
    const Exchange *exchange = mutation_send(trial, &delete);
    trial_compare(trial, running);
    if (expect_problem(trial, exchange, 409, "OPERATION_IN_PROGRESS") &&
        strcmp(json_get_string(exchange->json, "op", ""), put.op) != 0)
        trial_fail(trial, exchange, "expected member 'op' to be '%s', the operation that runs",
                   put.op);
    mutation_settle(trial, &put, running);
}
