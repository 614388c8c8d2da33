/* Operations that take their time, secrets, and actions. */
#include <string.h>

#include "controller/conformance/thing.h"
#include "lang/base/memory.h"

#define DEADLINE_MS 300
#define DEADLINE_SPARE_MS 3000 /* for a machine that has much to do */

/* Begin what takes its time; `ret` is the 202. */
static bool begin_slow(Trial *trial, const Thing *thing, Mutation *put, const Exchange **ret)
{
    *put = thing_put(trial, thing, thing_arguments(trial, thing, SAMPLE_SLOW));
    put->is_async = true;
    put->deadline_ms = DEADLINE_MS;
    *ret = mutation_send(trial, put);
    return expect_status(trial, *ret, (const int[]){202, 0});
}

void rule_deadline_is_kept(Trial *trial)
{
    Thing *thing = thing_new(trial, SAMPLE_SLOW);
    char location[1024] = "", retry[32];
    const Exchange *reply;
    Mutation put;

    if (!begin_slow(trial, thing, &put, &reply))
        return;
    REQUIRE(trial, reply->elapsed_ms <= DEADLINE_MS + DEADLINE_SPARE_MS, reply,
            "answered after %lld ms, with Ved-Deadline-Ms: %d", (long long)reply->elapsed_ms,
            DEADLINE_MS);
    exchange_header(reply, "Location", location, sizeof location);
    const char *expected = arena_format(&trial->arena, "/v1/operations/%s", put.op);
    const char *tail = strstr(location, "/v1/");
    REQUIRE(trial, tail != NULL && strcmp(tail, expected) == 0, reply,
            "expected the header Location: %s", expected);
    REQUIRE(trial, exchange_header(reply, "Retry-After", retry, sizeof retry), reply,
            "expected the header Retry-After");
    REQUIRE(trial, strcmp(json_get_string(reply->json, "op", ""), put.op) == 0, reply,
            "expected the operation as body, with 'op'");
    mutation_settle(trial, &put, reply);
}

static bool is_operation(Trial *trial, const Exchange *exchange, const char *op)
{
    const Json *operation = exchange->json;
    const struct {
        bool holds;
        const char *what;
    } members[] = {
        {strcmp(json_get_string(operation, "op", ""), op) == 0, "op: the key"},
        {json_is_string(json_get(operation, "state")), "state: a text"},
        {json_is_string(json_get(operation, "created_at")), "created_at: a time"},
        {json_is_string(json_get(operation, "updated_at")), "updated_at: a time"},
        {json_get_int(operation, "poll_ms", 0) > 0, "poll_ms: a number"},
        {json_is_bool(json_get(operation, "cancellable")), "cancellable: true or false"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
        if (members[i].holds)
            continue;
        trial_fail(trial, exchange, "expected of an operation %s", members[i].what);
        return false;
    }
    return true;
}

void rule_operation_is_whole(Trial *trial)
{
    Thing *thing = thing_new(trial, SAMPLE_SLOW);
    const Exchange *reply, *end = NULL;
    Mutation put;

    if (!begin_slow(trial, thing, &put, &reply) || !is_operation(trial, reply, put.op))
        return;
    const Json *result = mutation_settle(trial, &put, reply);
    if (result == NULL || operation_end(trial, put.op, &end) == NULL ||
        !is_operation(trial, end, put.op))
        return;
    const Exchange *again = mutation_send(trial, &put);
    trial_compare(trial, end);
    if (!expect_status(trial, again, (const int[]){200, 201, 0}))
        return;
    REQUIRE(trial, again->json != NULL && json_equal(again->json, result), again,
            "the same PUT answers something else than 'result' of the operation");
}

void rule_cancel_leaves_a_known_outcome(Trial *trial)
{
    Thing *thing = thing_new(trial, SAMPLE_SLOW);
    const Exchange *reply, *end = NULL;
    Mutation put;

    if (!begin_slow(trial, thing, &put, &reply))
        return;
    Mutation cancel = {
        .method = "POST",
        .path = arena_format(&trial->arena, "/v1/operations/%s:cancel", put.op),
        .op = put.op,
        .key = "",
        .body = "{}",
        .body_size = 2,
        .fence = put.fence,
    };
    if (!expect_status(trial, mutation_send(trial, &cancel), (const int[]){200, 202, 0}))
        return;
    const Json *operation = operation_end(trial, put.op, &end);
    const char *state = json_get_string(operation, "state", "");
    const char *outcome = json_get_string(json_get(operation, "problem"), "outcome", "");
    if (operation == NULL)
        return;
    bool applied = strcmp(state, "succeeded") == 0;
    REQUIRE(trial,
            applied || strcmp(outcome, "not_applied") == 0 || strcmp(outcome, "partial") == 0, end,
            "the operation is '%s' and its problem has the outcome '%s'", state, outcome);
    const Exchange *read = trial_get(trial, "%s", thing->path);
    trial_compare(trial, end);
    if (strcmp(outcome, "partial") != 0)
        REQUIRE(trial, (read->status == 200) == applied, read,
                "the operation is '%s', but the object is %s", state, applied ? "absent" : "there");
}

/* How often it stands among the operations of the trial's lineage in that state. */
static int count_operations(Trial *trial, const char *op, const char *state)
{
    const Exchange *exchange =
        trial_get_ok(trial, "/v1/operations?owner=%s&state=%s", trial->lineage, state);
    int count = 0;

    if (exchange == NULL)
        return -1;
    for (const Json *i = json_first(json_get(exchange->json, "items")); i; i = json_next(i))
        count += strcmp(json_get_string(i, "op", ""), op) == 0;
    return count;
}

void rule_running_operation_is_listed(Trial *trial)
{
    Thing *thing = thing_new(trial, SAMPLE_SLOW);
    const Exchange *reply;
    Mutation put;
    int count;

    if (!begin_slow(trial, thing, &put, &reply) ||
        (count = count_operations(trial, put.op, "running")) < 0)
        return;
    REQUIRE(trial, count == 1, trial->exchanges,
            "an operation that runs stands %d times in the "
            "list of those that run",
            count);
    if (mutation_settle(trial, &put, reply) == NULL ||
        (count = count_operations(trial, put.op, "running")) < 0)
        return;
    REQUIRE(trial, count == 0, trial->exchanges,
            "an operation that has ended stands among those that run");
}

/* ---- secrets ---- */

/* Has it been said anywhere in a reply? */
static const Exchange *exchange_that_says(const Trial *trial, const char *text)
{
    for (const Exchange *e = trial->exchanges; e != NULL; e = e->next)
        if (strstr(buffer_text(&e->body), text) != NULL ||
            strstr(buffer_text(&e->headers), text) != NULL)
            return e;
    return NULL;
}

/* The PUT of an object with a secret in it. */
static Mutation put_secret(Trial *trial, const Thing *thing, const Json *desired,
                           const char *secret)
{
    Json *more = json_new_object(), *secrets = json_new_object();

    json_set_string(secrets, "s1", secret);
    json_set(more, "secrets", secrets);
    return thing_put_with(trial, thing, desired, more);
}

/* Everything that could say it is asked. */
static void use_secret(Trial *trial, const Thing *thing, const char *secret)
{
    const Json *desired = thing_arguments(trial, thing, SAMPLE_SECRET);
    const Json *invalid = thing_arguments(trial, thing, SAMPLE_INVALID);
    Mutation put = put_secret(trial, thing, desired, secret);

    if (mutation_do(trial, &put) == NULL)
        return;
    mutation_send(trial, &put);
    thing_read(trial, thing);
    trial_get(trial, "/v1/operations/%s", put.op);
    trial_get(trial, "/v1/instances?owner=%s", trial->lineage);
    trial_get(trial, "/v1/operations?owner=%s", trial->lineage);
    Json *items = json_new_array(), *item = thing_item(trial, thing, desired);
    Json *body = trial_own(trial, json_new_object()), *secrets = json_new_object();
    json_set_string(secrets, "s1", secret);
    json_set(item, "secrets", secrets);
    json_append(items, item);
    json_set(body, "items", items);
    trial_ask(trial, "POST", "/v1/plan", body);
    trial_ask(trial, "POST", "/v1/observe", body);
    trial_ask(trial, "POST", "/v1/validate", body);
    if (invalid == NULL)
        return;
    Json *both = trial_own(trial, json_copy(desired));
    for (const Json *m = json_first(invalid); m != NULL; m = json_next(m))
        if (json_get(desired, json_key(m)) == NULL)
            json_set(both, json_key(m), json_copy(m));
    put = put_secret(trial, thing, both, secret);
    mutation_send(trial, &put);
}

static const char *secret_new(Trial *trial)
{
    return arena_format(&trial->arena, "hush-%s-%d", trial->bench->run, trial->rule->number);
}

void rule_secret_is_not_echoed(Trial *trial)
{
    Thing *thing = thing_new(trial, SAMPLE_SECRET);
    const char *secret = secret_new(trial);

    use_secret(trial, thing, secret);
    const Exchange *said = exchange_that_says(trial, secret);
    REQUIRE(trial, said == NULL, said, "the reply says the secret in clear text");
}

void rule_secret_is_not_logged(Trial *trial)
{
    Thing *thing = thing_new(trial, SAMPLE_SECRET);
    const char *secret = secret_new(trial);
    cleanup(buffer_deinit) Buffer log = {0};

    use_secret(trial, thing, secret);
    subject_log(trial->bench->subject, &log);
    REQUIRE(trial, strstr(buffer_text(&log), secret) == NULL, NULL,
            "the provider has written the secret in clear text on its standard error");
}

/* ---- actions ---- */

void rule_action_is_done_once(Trial *trial)
{
    const Json *action = json_first(json_get(trial->bench->samples, "actions"));
    const Json *arguments =
        trial_own(trial, sample_fill(json_get(action, "desired"), ++trial->bench->object_count,
                                     subject_work_dir(trial->bench->subject)));
    Mutation run = action_run(trial, json_key(action), arguments);
    const Exchange *first = mutation_send(trial, &run);

    if (mutation_settle(trial, &run, first) == NULL)
        return;
    if (first->status == 202)
        first = mutation_send(trial, &run);
    REQUIRE(trial, json_is_object(json_get(first->json, "state")), first,
            "expected the result of the action as 'state'");
    const Exchange *again = mutation_send(trial, &run);
    trial_compare(trial, first);
    REQUIRE(trial,
            again->status == first->status &&
                strcmp(buffer_text(&again->body), buffer_text(&first->body)) == 0,
            again, "the same action with the same key was answered otherwise");
}
