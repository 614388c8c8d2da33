/* The change feed, and states of other schema versions. */
#include <string.h>

#include "controller/conformance/thing.h"
#include "controller/host/provider_pool.h"
#include "lang/base/memory.h"

#define TELL_MS 10000
#define WAIT_S 1
#define WAIT_SPARE_MS 3000 /* for a machine that has much to do */
#define LATER 1000         /* versions after the present one */

/* ---- the change feed ---- */

/* The cursor of an answer, which lives as long as the trial; NULL: it has none. */
static const char *cursor_of(Trial *trial, const Exchange *exchange)
{
    const char *cursor = json_get_string(exchange->json, "cursor", NULL);

    if (cursor != NULL && json_is_array(json_get(exchange->json, "items")))
        return cursor;
    trial_fail(trial, exchange, "expected the members 'items', a list, and 'cursor', a text");
    return NULL;
}

static const Exchange *events_since(Trial *trial, const char *cursor, int wait_s)
{
    cleanup(free) char *escaped = url_segment(cursor);

    return trial_get_ok(trial, "/v1/events?cursor=%s&wait=%d", escaped, wait_s);
}

/* Without a uid any object of the type may have changed, without a type any at all. */
static bool tells_of(const Exchange *exchange, const Thing *thing)
{
    for (const Json *i = json_first(json_get(exchange->json, "items")); i; i = json_next(i)) {
        const char *type = json_get_string(i, "type", thing->type);
        const char *uid = json_get_string(i, "uid", thing->uid);
        if (strcmp(type, thing->type) == 0 && strcmp(uid, thing->uid) == 0)
            return true;
    }
    return false;
}

/* Wait until the feed tells of the object. NULL: it does not; else the cursor behind that. */
static const char *wait_for(Trial *trial, const Thing *thing, const char *cursor, const char *what)
{
    int64_t until_ms = bench_now_ms() + TELL_MS;
    const Exchange *exchange;

    do {
        exchange = events_since(trial, cursor, WAIT_S);
        cursor = exchange != NULL ? cursor_of(trial, exchange) : NULL;
        if (cursor == NULL || tells_of(exchange, thing))
            return cursor;
    } while (bench_now_ms() < until_ms);
    trial_fail(trial, exchange, "the object was %s, and within %d s no event tells of it", what,
               TELL_MS / 1000);
    return NULL;
}

void rule_events_tell_of_changes(Trial *trial)
{
    Thing *thing = thing_new(trial, SAMPLE_UPDATE);
    const Exchange *exchange = trial_get_ok(trial, "/v1/events");
    const char *first = exchange != NULL ? cursor_of(trial, exchange) : NULL, *cursor;

    if (first == NULL || thing_make(trial, thing) == NULL ||
        (cursor = wait_for(trial, thing, first, "made")) == NULL)
        return;
    Mutation put = thing_put(trial, thing, thing_arguments(trial, thing, SAMPLE_UPDATE));
    if (mutation_do(trial, &put) == NULL ||
        (cursor = wait_for(trial, thing, cursor, "changed")) == NULL)
        return;
    Mutation delete = thing_delete(trial, thing);
    if (mutation_do(trial, &delete) != NULL && wait_for(trial, thing, cursor, "removed") != NULL)
        wait_for(trial, thing, first, "made, and the same cursor was asked once more");
}

void rule_events_wait_no_longer(Trial *trial)
{
    const Exchange *exchange = trial_get_ok(trial, "/v1/events");
    const char *cursor = exchange != NULL ? cursor_of(trial, exchange) : NULL;

    if (cursor == NULL || (exchange = events_since(trial, cursor, WAIT_S)) == NULL ||
        cursor_of(trial, exchange) == NULL)
        return;
    REQUIRE(trial, exchange->elapsed_ms <= WAIT_S * 1000 + WAIT_SPARE_MS, exchange,
            "answered after %lld ms, with wait=%d", (long long)exchange->elapsed_ms, WAIT_S);
}

void rule_lost_cursor_is_gone(Trial *trial)
{
    expect_problem(trial, trial_get(trial, "/v1/events?cursor=lost-long-ago&wait=0"), 410,
                   "CURSOR_LOST");
}

/* ---- states of other schema versions ---- */

static Json *question(const Thing *thing, int64_t version, const Json *state)
{
    Json *body = json_new_object();

    json_set_string(body, "type", thing->type);
    json_set_int(body, "schema_version", version);
    json_set(body, "state", json_copy(state));
    return body;
}

/* Ask for a state in the present version; NULL unless it is answered with one. */
static const Json *upgrade(Trial *trial, const Thing *thing, int64_t version, const Json *state)
{
    Json *body = trial_own(trial, question(thing, version, state));
    const Exchange *exchange = trial_ask(trial, "POST", "/v1/upgrade-state", body);
    int64_t present = thing_schema_version(trial, thing);

    if (!expect_status(trial, exchange, (const int[]){200, 0}))
        return NULL;
    if (json_get_int(exchange->json, "schema_version", 0) == present &&
        json_is_object(json_get(exchange->json, "state")))
        return json_get(exchange->json, "state");
    trial_fail(trial, exchange, "expected 'schema_version' %lld, the present one, and 'state'",
               (long long)present);
    return NULL;
}

/* It is in the present version: to upgrade it changes nothing. */
static void expect_left(Trial *trial, const Thing *thing, const Json *state)
{
    const Json *again = upgrade(trial, thing, thing_schema_version(trial, thing), state);

    if (again == NULL)
        return;
    REQUIRE(trial, json_equal(again, state), trial->exchanges,
            "a state in the present version was changed");
}

void rule_upgrade_is_idempotent(Trial *trial)
{
    Thing *thing = thing_new(trial, SAMPLE_DESIRED);
    const Json *made = thing_make(trial, thing);

    if (made == NULL)
        return;
    expect_left(trial, thing, json_get(made, "state"));
    if (trial->state != TRIAL_PASSED || samples_find(trial->bench->samples, SAMPLE_OLD) == NULL)
        return;
    Thing *aged = thing_new(trial, SAMPLE_OLD);
    const Json *old = thing_arguments(trial, aged, SAMPLE_OLD);
    const Json *state =
        upgrade(trial, aged, json_get_int(old, "schema_version", 1), json_get(old, "state"));
    if (state != NULL)
        expect_left(trial, aged, state);
}

void rule_future_state_is_refused(Trial *trial)
{
    Thing *thing = thing_new(trial, SAMPLE_DESIRED);
    int64_t later = thing_schema_version(trial, thing) + LATER;
    cleanup(json_free) Json *state = json_new_object();
    Json *body = trial_own(trial, question(thing, later, state)), *more = json_new_object();

    if (!expect_problem(trial, trial_ask(trial, "POST", "/v1/upgrade-state", body), 422,
                        "STATE_FROM_FUTURE")) {
        json_free(more);
        return;
    }
    json_set_int(more, "schema_version", later);
    Mutation put =
        thing_put_with(trial, thing, thing_arguments(trial, thing, SAMPLE_DESIRED), more);
    if (expect_problem(trial, mutation_send(trial, &put), 422, "STATE_FROM_FUTURE"))
        expect_nothing_made(trial, thing, &put);
}
