/* Slices computed again from their records. */
#include <criterion/criterion.h>
#include <string.h>

#include "controller/core/digest.h"
#include "controller/core/replay.h"
#include "lang/base/memory.h"
#include "tests/lib/core/world.h"

typedef struct Count {
    size_t same, applies, other;
    char *text; /* of the first that comes to something else */
} Count;

static void replay_one(Runtime *runtime, const char *payload, Count *count)
{
    cleanup(json_free) Json *json = NULL;
    Arena arena = {0};
    Record record;
    const char *text = NULL;
    Error err = {0};

    cr_assert_eq(json_parse_own(payload, strlen(payload), &json, &err), 0, "%s", err.message);
    cr_assert_eq(record_decode(runtime, json, &arena, &record, &err), 0, "%s", err.message);
    switch (record_replay(&record, &arena, &text)) {
    case REPLAY_APPLIES:
        count->applies++;
        break;
    case REPLAY_SAME:
        count->same++;
        break;
    case REPLAY_OTHER:
        count->other++;
        if (count->text == NULL)
            count->text = memory_copy_string(text);
        break;
    }
    cr_assert_eq(record_apply(runtime, &record, &err), 0, "%s", err.message);
    arena_deinit(&arena);
}

/* `other` in the place of `text` in each record, if it is there. */
static Count replay(World *world, const char *text, const char *other)
{
    Runtime *live = world_runtime(world);
    cleanup(runtime_free) Runtime *runtime = runtime_new(live->program, NULL, WORLD_LINEAGE);
    Count count = {0};

    for (size_t i = 0; i < world_records(world); i++) {
        const char *record = world_record(world, i);
        const char *at = text != NULL ? strstr(record, text) : NULL;
        cleanup(free) char *changed = at != NULL ? memory_format("%.*s%s%s", (int)(at - record),
                                                                 record, other, at + strlen(text))
                                                 : memory_copy_string(record);
        replay_one(runtime, changed, &count);
    }
    if (text == NULL) {
        char expected[STATE_DIGEST_SIZE], found[STATE_DIGEST_SIZE];
        state_digest(live, expected);
        state_digest(runtime, found);
        cr_expect_str_eq(found, expected);
    }
    return count;
}

#define WORK                                                                                       \
    "domain A { state { n: int  id: string  ok: bool } goal G { predicate n == 3 && ok }"          \
    "  transition T { n += 1 let r = emit Infra.Make(n, name: \"m${n}\") id = r.address"           \
    "    if n == 3 { send B Note(n) emit Infra.Check(n) else { ok = false } ok = true }"           \
    "    emit Log(\"at ${n}\") } }"                                                                \
    "domain B { state { k: int } on message Note(v: int) { k = v / (v - 3 + k) } }"

Test(replay, what_a_run_recorded_is_computed_again)
{
    World *world = world_new(WORK);

    world_action(world, "Infra.Check");
    world_fail_next(world, "Infra.Make", 1);
    world_run(world);
    Count count = replay(world, NULL, NULL);
    cr_expect_eq(count.other, 0, "%s", count.text);
    cr_expect_gt(count.same, 6);
    cr_expect_gt(count.applies, 6);
    world_free(world);
}

Test(replay, another_value_is_found_with_both)
{
    World *world = world_new(WORK);

    world_run(world);
    Count count = replay(world, "\"set\":{\"n\":2", "\"set\":{\"n\":5");
    cr_expect_gt(count.other, 0);
    cr_assert_not_null(count.text);
    cr_expect_not_null(strstr(count.text, "of A: recorded"), "%s", count.text);
    cr_expect_not_null(strstr(count.text, "recorded n = 5"), "%s", count.text);
    cr_expect_not_null(strstr(count.text, "computed n = 2"), "%s", count.text);
    free(count.text);
    world_free(world);
}

Test(replay, a_secret_that_differs_is_not_shown)
{
    World *world = world_new("domain A { state { n: int  pass: secret } goal G { predicate n == 1 }"
                             "  transition T { pass = \"canary-1\" n = 1 } }");

    world_run(world);
    Count count = replay(world, "canary-1", "canary-2");
    cr_assert_not_null(count.text);
    cr_expect_null(strstr(count.text, "canary"), "%s", count.text);
    cr_expect_not_null(strstr(count.text, "(sensitive)"), "%s", count.text);
    free(count.text);
    world_free(world);
}

Test(replay, another_message_is_found)
{
    World *world = world_new(WORK);

    world_run(world);
    Count count = replay(world, "\"args\":[3]}],", "\"args\":[4]}],");
    cr_expect_gt(count.other, 0);
    free(count.text);
    world_free(world);
}

Test(replay, another_effect_is_found)
{
    World *world = world_new(WORK);

    world_run(world);
    Count count = replay(world, "\"name\":\"m2\"", "\"name\":\"m9\"");
    cr_expect_gt(count.other, 0);
    free(count.text);
    world_free(world);
}

Test(replay, a_fact_is_seen_as_it_was_read)
{
    World *world = world_new("domain A { state { n: int } goal G { predicate n == 1 }"
                             "  transition T { if Infra.status(\"db\") == \"up\" { n = 1 } } }");

    world_fact(world, "Infra.status(\"db\")", "\"down\"");
    world_fact_at(world, 5000, "Infra.status(\"db\")", "\"up\"");
    world_run(world);
    Count count = replay(world, NULL, NULL);
    cr_expect_eq(count.other, 0, "%s", count.text);
    cr_expect_gt(count.same, 0);
    world_free(world);
}

Test(replay, equal_states_have_equal_digests_and_others_do_not)
{
    World *a = world_new(WORK), *b = world_new(WORK);
    char first[STATE_DIGEST_SIZE], second[STATE_DIGEST_SIZE];

    world_run(a);
    world_run(b);
    state_digest(world_runtime(a), first);
    state_digest(world_runtime(b), second);
    cr_expect_str_eq(first, second);
    world_destroy(b);
    state_digest(world_runtime(b), second);
    cr_expect_str_neq(first, second);
    world_free(a);
    world_free(b);
}
