/* Keys: each mutation is done once, and its outcome can be asked for. */
#include <string.h>

#include "controller/conformance/thing.h"
#include "lang/base/memory.h"

#define RETRIES 100

/* A PUT of the object as its sample wants it. */
static Mutation put_desired(Trial *trial, const Thing *thing)
{
    return thing_put(trial, thing, thing_arguments(trial, thing, SAMPLE_DESIRED));
}

static bool is_replayed(const Exchange *exchange)
{
    char text[16] = "";

    exchange_header(exchange, "Idempotency-Replayed", text, sizeof text);
    return strstr(text, "true") != NULL;
}

static bool has_same_body(const Exchange *a, const Exchange *b)
{
    return a->status == b->status && a->body.size == b->body.size &&
           memcmp(buffer_text(&a->body), buffer_text(&b->body), a->body.size) == 0;
}

/* The answer of an operation that has ended, as it is given from then on. */
static const Exchange *first_answer(Trial *trial, const Mutation *put)
{
    const Exchange *exchange = mutation_send(trial, put);

    if (mutation_settle(trial, put, exchange) == NULL)
        return NULL;
    if (exchange->status != 202)
        return exchange;
    exchange = mutation_send(trial, put);
    return expect_status(trial, exchange, (const int[]){200, 201, 0}) ? exchange : NULL;
}

/* The same bytes are answered as the first time. */
static void expect_answer_again(Trial *trial, const Mutation *put, const Exchange *first)
{
    const Exchange *again = mutation_send(trial, put);

    trial_compare(trial, first);
    if (!expect_status(trial, again, (const int[]){first->status, 0}))
        return;
    REQUIRE(trial, has_same_body(first, again), again,
            "the body is not the identical one of the first answer");
    REQUIRE(trial, is_replayed(again), again, "expected the header Idempotency-Replayed: true");
}

void rule_answer_is_kept(Trial *trial)
{
    Thing *thing = thing_new(trial, SAMPLE_DESIRED);
    Mutation put = put_desired(trial, thing);
    const Exchange *first = first_answer(trial, &put);

    if (first != NULL)
        expect_answer_again(trial, &put, first);
}

void rule_key_holds_one_request(Trial *trial)
{
    Thing *thing = thing_new(trial, SAMPLE_DESIRED), *other = thing_new(trial, SAMPLE_DESIRED);
    Mutation put = put_desired(trial, thing);
    const Json *made = mutation_do(trial, &put);
    /* Another object with the same key: only its `op` must fit the header again. */
    const char *op = put.op;
    Json *more = json_new_object();

    if (made == NULL)
        return;
    json_set_string(more, "op", op);
    put = thing_put_with(trial, other, thing_arguments(trial, other, SAMPLE_DESIRED), more);
    put.op = op;
    const Exchange *exchange = mutation_send(trial, &put);
    if (!expect_problem(trial, exchange, 422, "IDEMPOTENCY_KEY_REUSED"))
        return;
    REQUIRE(trial, thing_is_absent(trial, other), exchange,
            "the request was refused, and yet the object is there");
    expect_same(trial, thing, made);
}

void rule_uid_is_made_once(Trial *trial)
{
    Thing *thing = thing_new(trial, SAMPLE_DESIRED);
    const Json *made = thing_make(trial, thing);

    if (made == NULL)
        return;
    Mutation put = put_desired(trial, thing);
    put.precondition = "If-None-Match: *";
    if (expect_status(trial, mutation_send(trial, &put), (const int[]){412, 409, 0}))
        expect_same(trial, thing, made);
}

/* How many objects of its uid are listed. */
static size_t count_listed(Trial *trial, const Thing *thing)
{
    const Exchange *exchange = trial_get(trial, "/v1/instances?owner=%s", trial->lineage);
    size_t count = 0;

    for (const Json *i = json_first(json_get(exchange->json, "items")); i; i = json_next(i))
        count += strcmp(json_get_string(i, "uid", ""), thing->uid) == 0;
    return count;
}

static bool tells_of(const Exchange *exchange, const Thing *thing, const Mutation *put)
{
    if (exchange->status == 202)
        return strcmp(json_get_string(exchange->json, "op", ""), put->op) == 0;
    return (exchange->status == 200 || exchange->status == 201) &&
           strcmp(json_get_string(exchange->json, "uid", ""), thing->uid) == 0;
}

/* All answers that tell of the made object tell of one. */
static void expect_one_object(Trial *trial, const Exchange *const *exchanges)
{
    const Exchange *first = NULL;

    for (size_t i = 0; i < RETRIES; i++) {
        if (exchanges[i]->status == 202)
            continue;
        if (first == NULL)
            first = exchanges[i];
        trial_compare(trial, first);
        REQUIRE(trial, has_same_body(first, exchanges[i]), exchanges[i],
                "two of %d requests with one key were answered otherwise", RETRIES);
    }
}

void rule_retry_is_one_object(Trial *trial)
{
    Thing *thing = thing_new(trial, SAMPLE_DESIRED);
    Mutation put = put_desired(trial, thing);
    const Exchange *exchanges[RETRIES];

    mutation_send_many(trial, &put, RETRIES, exchanges);
    for (size_t i = 0; i < RETRIES; i++)
        REQUIRE(trial, tells_of(exchanges[i], thing, &put), exchanges[i],
                "one of %d requests with one key was answered %d%s%s", RETRIES,
                exchanges[i]->status, exchanges[i]->error[0] != '\0' ? ": " : "",
                exchanges[i]->error);
    expect_one_object(trial, exchanges);
    if (trial->state != TRIAL_PASSED || first_answer(trial, &put) == NULL)
        return;
    if (!bench_has(trial->bench, "list"))
        return;
    size_t count = count_listed(trial, thing);
    REQUIRE(trial, count == 1, exchanges[0], "%d requests with one key made %zu objects", RETRIES,
            count);
}

void rule_lost_reply_is_asked_for(Trial *trial)
{
    Thing *thing = thing_new(trial, SAMPLE_DESIRED);
    Mutation put = put_desired(trial, thing);
    const Exchange *end = NULL;

    put.loses_reply = true;
    mutation_send(trial, &put);
    const Json *operation = operation_end(trial, put.op, &end);
    if (operation == NULL)
        return;
    REQUIRE(trial, strcmp(json_get_string(operation, "state", ""), "succeeded") == 0, end,
            "the operation is '%s', expected 'succeeded'", json_get_string(operation, "state", ""));
    REQUIRE(trial,
            strcmp(json_get_string(json_get(operation, "result"), "uid", ""), thing->uid) == 0, end,
            "expected 'result' to be what the PUT answers: it tells of another uid");
    expect_same(trial, thing, json_get(operation, "result"));
}

void rule_operation_of_nobody_is_absent(Trial *trial)
{
    const Exchange *exchange = trial_get(trial, "/v1/operations/nobody-%s", trial->lineage);

    expect_problem(trial, exchange, 404, "NOT_FOUND");
}

/* ---- across a restart ---- */

/* Kill it and start it again; false with the trial failed: it does not come up. */
static bool restart(Trial *trial)
{
    Error err = {0};

    subject_kill(trial->bench->subject);
    wire_hang_up(trial->bench->wire);
    if (subject_start(trial->bench->subject, &err) == 0)
        return true;
    trial_fail(trial, NULL, "%.900s", err.message);
    return false;
}

void rule_key_is_kept_across_restart(Trial *trial)
{
    Thing *thing = thing_new(trial, SAMPLE_DESIRED);
    Mutation put = put_desired(trial, thing);
    const Exchange *first = first_answer(trial, &put);

    if (first != NULL && restart(trial))
        expect_answer_again(trial, &put, first);
}

void rule_operation_outlives_restart(Trial *trial)
{
    Thing *thing = thing_new(trial, SAMPLE_SLOW);
    Mutation put = thing_put(trial, thing, thing_arguments(trial, thing, SAMPLE_SLOW));

    put.is_async = true;
    put.deadline_ms = 200;
    if (!expect_status(trial, mutation_send(trial, &put), (const int[]){202, 0}) || !restart(trial))
        return;
    const Exchange *end = NULL;
    const Json *operation = operation_end(trial, put.op, &end);
    if (operation == NULL)
        return;
    const char *state = json_get_string(operation, "state", "");
    const char *outcome = json_get_string(json_get(operation, "problem"), "outcome", "");
    bool made = strcmp(state, "succeeded") == 0, is_absent = thing_is_absent(trial, thing);
    REQUIRE(trial, !made || !is_absent, end,
            "the operation has succeeded, but the object is absent");
    REQUIRE(trial, strcmp(outcome, "not_applied") != 0 || is_absent, end,
            "the operation is '%s' with outcome not_applied, but the object is there", state);
}

/* The outcome of an operation that is known; one that has failed and may go well another time is
 * sent again. */
static const Json *recover_operation(Trial *trial, const Mutation *put)
{
    const Json *operation = operation_end(trial, put->op, NULL);

    if (operation == NULL)
        return NULL;
    if (json_get_bool(json_get(operation, "problem"), "retryable", false))
        return mutation_do(trial, put);
    return mutation_settle(trial, put, &(Exchange){.status = 202});
}

/* What Ved does after a crash: ask by the key, then by the uid, then send the same bytes. */
static const Json *recover(Trial *trial, const Thing *thing, const Mutation *put)
{
    const Exchange *exchange = trial_get(trial, "/v1/operations/%s", put->op);

    if (exchange->status == 200)
        return recover_operation(trial, put);
    if (!expect_status(trial, exchange, (const int[]){404, 0}))
        return NULL;
    exchange = trial_get(trial, "%s", thing->path);
    if (exchange->status == 200)
        return exchange->json;
    return expect_status(trial, exchange, (const int[]){404, 0}) ? mutation_do(trial, put) : NULL;
}

/* Kill the provider so long after the request has left. */
static bool crash_after(Trial *trial, int64_t ms)
{
    Thing *thing = thing_new(trial, SAMPLE_DESIRED);
    Mutation put = put_desired(trial, thing);

    trial_get(trial, "/v1/health"); /* the connection stands: what follows is the request alone */
    put.timeout_ms = ms;
    mutation_send(trial, &put);
    put.timeout_ms = 0;
    if (!restart(trial))
        return false;
    const Json *made = recover(trial, thing, &put);
    if (made == NULL || !expect_same(trial, thing, made))
        return false;
    if (!bench_has(trial->bench, "list") || count_listed(trial, thing) == 1)
        return true;
    trial_fail(trial, NULL, "killed %lld ms after a PUT was sent, it has made not one object",
               (long long)ms);
    return false;
}

void rule_crash_leaves_one_object(Trial *trial)
{
    static const int64_t moments_ms[] = {1, 2, 3, 5, 8};

    for (size_t i = 0; i < ARRAY_SIZE(moments_ms); i++)
        if (!crash_after(trial, moments_ms[i]))
            return;
}
