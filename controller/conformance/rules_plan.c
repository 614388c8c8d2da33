/* Plans: predictions that change nothing and come true. */
#include <string.h>

#include "controller/conformance/thing.h"
#include "lang/base/memory.h"

#define PLANS 100

/* The plan of one item; `ret` is where it was answered. */
static const Json *plan(Trial *trial, const Thing *thing, SampleKind kind, const Exchange **ret)
{
    Json *items = json_new_array();

    json_append(items, thing_item(trial, thing, thing_arguments(trial, thing, kind)));
    const Json *answers = trial_batch(trial, "/v1/plan", items, ret);
    return answers != NULL ? json_at(answers, 0) : NULL;
}

static bool expect_action(Trial *trial, const Json *item, const char *action,
                          const Exchange *exchange)
{
    const char *found = json_get_string(item, "action", "none");

    if (strcmp(found, action) == 0)
        return true;
    trial_fail(trial, exchange, "expected the plan to say '%s', found '%s'%s%.300s", action, found,
               json_get(item, "problem") != NULL ? ": " : "",
               json_get_string(json_get(item, "problem"), "detail", ""));
    return false;
}

void rule_plan_is_pure(Trial *trial)
{
    Thing *thing = thing_new(trial, SAMPLE_UPDATE), *never = thing_new(trial, SAMPLE_UPDATE);
    const Json *made = thing_make(trial, thing);
    size_t max =
        trial->bench->handshake != NULL
            ? (size_t)json_get_int(json_get(trial->bench->handshake, "limits"), "max_batch", 1)
            : 1;

    if (made == NULL)
        return;
    for (size_t done = 0; done < PLANS; done += 2) {
        Json *items = json_new_array();
        json_append(items, thing_item(trial, thing, thing_arguments(trial, thing, SAMPLE_UPDATE)));
        if (max > 1)
            json_append(items,
                        thing_item(trial, never, thing_arguments(trial, never, SAMPLE_DESIRED)));
        if (trial_batch(trial, "/v1/plan", items, NULL) == NULL)
            return;
    }
    if (!expect_same(trial, thing, made))
        return;
    const Exchange *exchange = trial_get(trial, "%s", never->path);
    REQUIRE(trial, exchange->status == 404 || exchange->status == 410, exchange,
            "what was only planned is there");
}

/* Every member of `planned` that is known is as it came. */
static void expect_came_true(Trial *trial, const Json *item, const Json *state,
                             const Exchange *exchange)
{
    const Json *planned = json_get(item, "planned");

    for (const Json *m = json_first(planned); m != NULL; m = json_next(m)) {
        const Json *found = json_get(state, json_key(m));
        if (json_mentions(m, "$unknown"))
            continue;
        REQUIRE(trial, found != NULL && json_equal(found, m), exchange,
                "the plan knew '%s', and another value came", json_key(m));
    }
}

void rule_plan_agrees_with_apply(Trial *trial)
{
    Thing *thing = thing_new(trial, SAMPLE_UPDATE);
    const Exchange *exchange = NULL;
    const Json *item = plan(trial, thing, SAMPLE_DESIRED, &exchange);

    if (item == NULL || !expect_action(trial, item, "create", exchange))
        return;
    const Json *made = thing_make(trial, thing);
    if (made == NULL)
        return;
    trial_compare(trial, exchange);
    expect_came_true(trial, item, json_get(made, "state"), trial->exchanges);
    item = plan(trial, thing, SAMPLE_UPDATE, &exchange);
    if (item == NULL || !expect_action(trial, item, "update", exchange))
        return;
    Mutation put = thing_put(trial, thing, thing_arguments(trial, thing, SAMPLE_UPDATE));
    const Json *changed = mutation_do(trial, &put);
    if (changed == NULL)
        return;
    trial_compare(trial, exchange);
    expect_came_true(trial, item, json_get(changed, "state"), trial->exchanges);
}

void rule_plan_after_apply_is_noop(Trial *trial)
{
    Thing *thing = thing_new(trial, SAMPLE_DESIRED);
    const Exchange *exchange = NULL;

    if (thing_make(trial, thing) == NULL)
        return;
    const Json *item = plan(trial, thing, SAMPLE_DESIRED, &exchange);
    if (item != NULL)
        expect_action(trial, item, "noop", exchange);
}

void rule_normalised_input_is_noop(Trial *trial)
{
    Thing *thing = thing_new(trial, SAMPLE_SAME);
    const Json *made = thing_make(trial, thing);
    Mutation put = thing_put(trial, thing, thing_arguments(trial, thing, SAMPLE_SAME));
    const Exchange *exchange = NULL;

    if (made == NULL)
        return;
    const Json *item = plan(trial, thing, SAMPLE_SAME, &exchange);
    if (item != NULL && expect_action(trial, item, "noop", exchange) &&
        mutation_do(trial, &put) != NULL)
        expect_same(trial, thing, made);
}

void rule_plan_says_replace(Trial *trial)
{
    Thing *thing = thing_new(trial, SAMPLE_REPLACE);
    const Exchange *exchange = NULL;

    if (thing_make(trial, thing) == NULL)
        return;
    const Json *item = plan(trial, thing, SAMPLE_REPLACE, &exchange);
    if (item == NULL || !expect_action(trial, item, "replace", exchange))
        return;
    const Json *because = json_get(item, "replace_because");
    REQUIRE(trial, json_string(json_at(because, 0), "")[0] == '/', exchange,
            "expected 'replace_because' to list pointers of what cannot change");
}

void rule_validate_is_pure(Trial *trial)
{
    Thing *good = thing_new(trial, SAMPLE_INVALID), *bad = thing_new(trial, SAMPLE_INVALID);
    const Exchange *exchange = NULL;
    const Json *answers[2];

    for (int i = 0; i < 2; i++) {
        Json *items = json_new_array();
        json_append(items, thing_item(trial, i == 0 ? good : bad,
                                      thing_arguments(trial, i == 0 ? good : bad,
                                                      i == 0 ? SAMPLE_DESIRED : SAMPLE_INVALID)));
        answers[i] = trial_batch(trial, "/v1/validate", items, &exchange);
        if (answers[i] == NULL)
            return;
    }
    REQUIRE(trial, json_get_bool(json_at(answers[0], 0), "valid", false), trial->exchanges->next,
            "expected valid arguments to be 'valid'");
    REQUIRE(trial, !json_get_bool(json_at(answers[1], 0), "valid", true), exchange,
            "expected arguments that are not valid not to be 'valid'");
    REQUIRE(trial, json_is_object(json_get(json_at(answers[1], 0), "problem")), exchange,
            "expected a 'problem' that says what is not valid");
    REQUIRE(trial, thing_is_absent(trial, good), trial->exchanges,
            "what was only validated is there");
}
