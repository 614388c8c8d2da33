/* Observations in batches, and facts. */
#include <string.h>

#include "controller/conformance/thing.h"
#include "lang/base/memory.h"

static const char *status_of(const Json *answers, size_t index)
{
    return json_get_string(json_at(answers, index), "status", "none");
}

void rule_observe_tells_what_is(Trial *trial)
{
    Thing *thing = thing_new(trial, SAMPLE_DESIRED), *never = thing_new(trial, SAMPLE_DESIRED);
    const Exchange *exchange = NULL;
    Json *items = json_new_array();

    if (thing_make(trial, thing) == NULL) {
        json_free(items);
        return;
    }
    json_append(items, thing_item(trial, never, NULL));
    json_append(items, thing_item(trial, thing, NULL));
    const Json *answers = trial_batch(trial, "/v1/observe", items, &exchange);
    const Json *read = answers != NULL ? thing_read(trial, thing) : NULL;
    const Json *found = json_at(answers, 1);
    if (read == NULL)
        return;
    REQUIRE(trial, strcmp(status_of(answers, 0), "absent") == 0, exchange,
            "an object that never was is '%s', expected 'absent'", status_of(answers, 0));
    REQUIRE(trial, strcmp(status_of(answers, 1), "found") == 0, exchange,
            "an object that is there is '%s', expected 'found'", status_of(answers, 1));
    REQUIRE(trial, strcmp(json_get_string(found, "uid", ""), thing->uid) == 0, exchange,
            "the second answer is of another uid than the second item");
    trial_compare(trial, exchange);
    const char *etag = json_get_string(found, "etag", "");
    REQUIRE(trial, strcmp(etag, json_get_string(read, "etag", "")) == 0, trial->exchanges,
            "observe says etag %s, GET says %s", etag, json_get_string(read, "etag", ""));
    const Json *state = json_get(found, "state");
    REQUIRE(trial, state != NULL && json_equal(state, json_get(read, "state")), trial->exchanges,
            "observe and GET show different states");
}

void rule_observe_is_unchanged_by_etag(Trial *trial)
{
    Thing *thing = thing_new(trial, SAMPLE_DESIRED);
    const Json *made = thing_make(trial, thing);
    const Exchange *exchange = NULL;

    if (made == NULL)
        return;
    Json *item = thing_item(trial, thing, NULL), *items = json_new_array();
    json_set_string(item, "etag", json_get_string(made, "etag", ""));
    json_append(items, item);
    const Json *answers = trial_batch(trial, "/v1/observe", items, &exchange);
    if (answers == NULL)
        return;
    REQUIRE(trial, strcmp(status_of(answers, 0), "unchanged") == 0, exchange,
            "an item with the etag as it is is '%s', expected 'unchanged'", status_of(answers, 0));
    REQUIRE(trial, json_get(json_at(answers, 0), "state") == NULL, exchange,
            "what is unchanged is said without 'state'");
}

static Json *many_items(Trial *trial, const Thing *thing, size_t count)
{
    Json *items = json_new_array(), *item = thing_item(trial, thing, NULL);

    for (size_t i = 0; i < count; i++)
        json_append(items, json_copy(item));
    json_free(item);
    return items;
}

void rule_batch_holds_its_limit(Trial *trial)
{
    Thing *thing = thing_new(trial, SAMPLE_DESIRED);
    size_t max = (size_t)json_get_int(json_get(trial->bench->handshake, "limits"), "max_batch", 0);
    Json *body;

    REQUIRE(trial, max > 0 && max <= 10000, NULL, "limits.max_batch is %zu", max);
    if (thing_make(trial, thing) == NULL ||
        trial_batch(trial, "/v1/observe", many_items(trial, thing, max), NULL) == NULL)
        return;
    body = trial_own(trial, json_new_object());
    json_set(body, "items", many_items(trial, thing, max + 1));
    expect_problem(trial, trial_ask(trial, "POST", "/v1/observe", body), 413, "TOO_LARGE");
}

static bool is_answer(const Json *answer)
{
    const Json *unknown = json_get(answer, "unknown");

    return json_get(answer, "value") != NULL || json_string(unknown, "")[0] != '\0' ||
           json_is_object(unknown);
}

void rule_query_is_answered(Trial *trial)
{
    const Json *query = json_first(json_get(trial->bench->samples, "queries"));
    const Exchange *exchange = NULL;
    Json *items = json_new_array(), *item = json_new_object();

    json_set_string(item, "query", json_key(query));
    json_set(item, "args",
             sample_fill(json_get(query, "args"), ++trial->bench->object_count,
                         subject_work_dir(trial->bench->subject)));
    json_append(items, item);
    json_append(items, json_copy(item));
    const Json *answers = trial_batch(trial, "/v1/query", items, &exchange);
    if (answers == NULL)
        return;
    for (size_t i = 0; i < 2; i++)
        REQUIRE(trial, is_answer(json_at(answers, i)), exchange,
                "expected answer %zu to have 'value', or 'unknown' with a reason", i + 1);
}
