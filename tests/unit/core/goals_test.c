/* Which transition serves a goal, and what becomes of goals. */
#include <criterion/criterion.h>
#include <string.h>

#include "lang/base/memory.h"
#include "tests/lib/core/world.h"

Test(goals, a_strategy_is_tried_in_its_order_not_that_of_the_text)
{
    World *world = world_new("domain D { state { n: int }"
                             "  goal G { predicate n == 3 strategy { Third First } }"
                             "  transition First { n += 1 } transition Third { n += 1 } }");

    world_run(world);
    world_expect(world, "[    0] D: goal G; transition Third\n"
                        "[    0] D: goal G; transition Third\n"
                        "[    0] D: goal G; transition Third\n");
    world_free(world);
}

Test(goals, a_strategy_passes_over_what_is_blocked)
{
    World *world = world_new("domain D { state { n: int }"
                             "  goal G { predicate n == 2 strategy { Idle Up } }"
                             "  transition Idle { if n > 5 { n = 0 } } transition Up { n += 1 } }");

    world_run(world);
    world_expect(world, "[    0] D: goal G; transition Idle\n"
                        "[    0] D: goal G; transition Up\n"
                        "[    0] D: goal G; transition Idle\n"
                        "[    0] D: goal G; transition Up\n");
    world_expect_goal(world, "D.G", "met");
    world_free(world);
}

Test(goals, a_strategy_waits_for_what_was_aborted)
{
    World *world =
        world_new("domain D { state { a: bool  b: bool }"
                  "  goal G { predicate a || b strategy { First Second } backoff 5s }"
                  "  transition First { emit Infra.Do() a = true } transition Second { b = true } "
                  "}");

    world_fail_next(world, "Infra.Do", 1);
    world_run(world);
    world_expect_field(world, "D.a", "true");
    world_expect_field(world, "D.b", "false");
    cr_expect_eq(world_now(world), 5040);
    world_free(world);
}

Test(goals, without_a_strategy_the_next_in_the_text_has_its_turn)
{
    World *world = world_new("domain D { state { n: int }"
                             "  goal G { predicate n == 4 }"
                             "  transition One { n += 1 } transition Two { n += 1 }"
                             "  transition Three { n += 1 } }");

    world_run(world);
    world_expect(world, "[    0] D: goal G; transition One\n"
                        "[    0] D: goal G; transition Two\n"
                        "[    0] D: goal G; transition Three\n"
                        "[    0] D: goal G; transition One\n");
    world_free(world);
}

Test(goals, rotation_tries_another_while_one_waits_for_its_backoff)
{
    World *world = world_new("domain D { state { n: int }"
                             "  goal G { predicate n == 1 backoff 5s }"
                             "  transition One { emit Infra.Do() n = 1 } transition Two { n = 1 } "
                             "}");

    world_fail_next(world, "Infra.Do", 1);
    world_run(world);
    cr_expect_eq(world_now(world), 20);
    world_expect_goal(world, "D.G", "met");
    world_free(world);
}

Test(goals, what_is_in_another_strategy_or_takes_parameters_serves_no_other_goal)
{
    World *world = world_new("domain D { state { n: int  m: int }"
                             "  goal G { predicate n == 1 } goal H { predicate m == 1 strategy "
                             "{ Up } }"
                             "  transition Up { m = 1 } transition By(x: int) { n = x } }");

    world_run(world);
    world_expect(world, "[    0] D: goal H; transition Up\n");
    world_expect_goal(world, "D.G", "blocked");
    world_expect_goal(world, "D.H", "met");
    world_free(world);
}

Test(goals, the_most_urgent_unmet_goal_is_served_then_in_source_order)
{
    World *world = world_new(
        "domain D { state { a: bool  b: bool  c: bool }"
        "  goal A { predicate a strategy { Do_a } } goal B { predicate b strategy { Do_b } }"
        "  goal C { predicate c strategy { Do_c } priority high }"
        "  transition Do_a { a = true } transition Do_b { b = true }"
        "  transition Do_c { c = true } }");

    world_run(world);
    world_expect(world, "[    0] D: goal C; transition Do_c\n"
                        "[    0] D: goal A; transition Do_a\n"
                        "[    0] D: goal B; transition Do_b\n");
    world_free(world);
}

Test(goals, a_priority_on_a_transition_replaces_that_of_its_goal)
{
    World *world = world_new(
        "domain D { state { a: bool  b: bool }"
        "  goal A { predicate a strategy { Do_a } } goal B { predicate b strategy { Do_b } }"
        "  transition Do_a { a = true } @priority(critical) transition Do_b { b = true } }"
        "domain E { state { a: bool } goal A { predicate a priority high }"
        "  transition Do_a { a = true } }");

    world_run(world);
    world_expect(world, "[    0] D: goal B; transition Do_b\n"
                        "[    0] E: goal A; transition Do_a\n"
                        "[    0] D: goal A; transition Do_a\n");
    world_free(world);
}

Test(goals, background_goals_are_served_last)
{
    World *world = world_new("domain D { state { a: bool  b: bool }"
                             "  goal A { predicate a strategy { Do_a } priority background }"
                             "  goal B { predicate b strategy { Do_b } priority low }"
                             "  transition Do_a { a = true } transition Do_b { b = true } }");

    world_run(world);
    world_expect(world, "[    0] D: goal B; transition Do_b\n"
                        "[    0] D: goal A; transition Do_a\n");
    world_free(world);
}

Test(goals, a_transition_that_changes_nothing_is_blocked_whatever_it_sent)
{
    World *world = world_new("domain D { state { n: int } goal G { predicate n == 1 } "
                             "  transition T { emit Log(\"tried\") } }");

    world_run(world);
    world_expect(world, "[    0] D: goal G; transition T\n[    0] D: log tried\n");
    world_expect_goal(world, "D.G", "blocked");
    world_free(world);
}

Test(goals, a_change_of_state_unblocks)
{
    World *world =
        world_new("domain D { state { n: int  open: bool } goal G { predicate n == 1 } "
                  "  transition T { if open { n = 1 } } transition Open(x: int) { open = true } }"
                  "domain E { state { n: int } goal G { predicate n == 1 priority low }"
                  "  transition T { n = 1 send D Open(1) } }");

    world_run(world);
    world_expect(world, "[    0] D: goal G; transition T\n"
                        "[    0] E: goal G; transition T\n"
                        "[    0] D: message Open\n"
                        "[    0] D: goal G; transition T\n");
    world_expect_goal(world, "D.G", "met");
    world_free(world);
}

Test(goals, a_run_of_several_slices_is_blocked_only_if_the_whole_changed_nothing)
{
    World *world = world_new(
        "domain D { state { n: int  m: int } goal G { predicate n == 9 strategy { Up_and_down "
        "Up } } "
        "  transition Up_and_down { slice up { n += 1 } slice down { n -= 1 } }"
        "  transition Up { n += 3 } }");

    world_run(world);
    world_expect(world, "[    0] D: goal G; transition Up_and_down\n"
                        "[    0] D: goal G; transition Up_and_down\n"
                        "[    0] D: goal G; transition Up\n"
                        "[    0] D: goal G; transition Up_and_down\n"
                        "[    0] D: goal G; transition Up_and_down\n"
                        "[    0] D: goal G; transition Up\n"
                        "[    0] D: goal G; transition Up_and_down\n"
                        "[    0] D: goal G; transition Up_and_down\n"
                        "[    0] D: goal G; transition Up\n");
    world_expect_goal(world, "D.G", "met");
    world_free(world);
}

Test(goals, a_goal_with_no_transition_is_blocked_and_says_so)
{
    World *world = world_new("domain D { state { n: int } goal G { predicate n == 1 } }");

    world_run(world);
    world_expect_goal(world, "D.G", "blocked");
    cleanup(free) char *sentence = goal_explain(runtime_find(world_runtime(world), "D", NULL), 0);
    cr_expect_str_eq(sentence, "goal D.G has no transition that serves it: n == 1");
    world_free(world);
}

Test(goals, an_unmet_goal_says_which_event_it_waits_for)
{
    World *world =
        world_new("domain D { state { n: int } goal G { predicate n == 1 } on Event::Go { n = 1 } "
                  "  transition T { if n == 5 { n = 0 } } }"
                  "domain E { state { n: int } transition T { emit Broadcast(Event::Go) } }");

    world_run(world);
    world_expect_goal(world, "D.G", "blocked");
    cleanup(free) char *sentence = goal_explain(runtime_find(world_runtime(world), "D", NULL), 0);
    cr_expect_str_eq(sentence, "goal D.G waits for event Go, which has not been sent");
    world_free(world);
}

Test(goals, terminate_after_retries_fails_the_goal_and_runs_the_fallback_once)
{
    World *world = world_new(
        "domain D { state { a: bool  sorry: int }"
        "  goal G { predicate a strategy { Do } terminate_after 3 retries backoff 1s fallback "
        "Sorry }"
        "  transition Do { emit Infra.Do() a = true } transition Sorry { sorry += 1 } }");

    world_fail_next(world, "Infra.Do", 100);
    world_run(world);
    world_expect(
        world,
        "[    0] put D.Do.Do[0]\n"
        "[   20] D: aborted goal G; transition Do: D.Do.Do[0] failed: INJECTED: it was told to "
        "fail -> retry in 1000\n"
        "[ 1020] put D.Do.Do[0]\n"
        "[ 1040] D: aborted goal G; transition Do: D.Do.Do[0] failed: INJECTED: it was told to "
        "fail -> retry in 1000\n"
        "[ 2040] put D.Do.Do[0]\n"
        "[ 2060] D: aborted goal G; transition Do: D.Do.Do[0] failed: INJECTED: it was told to "
        "fail -> given up\n"
        "[ 2060] D: failed goal G\n"
        "[ 2060] D: fallback of goal G; transition Sorry\n");
    world_expect_goal(world, "D.G", "failed");
    world_expect_field(world, "D.sorry", "1");
    world_free(world);
}

Test(goals, a_failed_goal_is_tried_again_by_the_next_run)
{
    World *world = world_new(
        "domain D { state { a: bool } goal G { predicate a terminate_after 2 retries backoff 1s }"
        "  transition Do { emit Infra.Do() a = true } }");

    world_fail_next(world, "Infra.Do", 2);
    world_run(world);
    world_expect_goal(world, "D.G", "failed");
    world_begin(world);
    world_run(world);
    world_expect_goal(world, "D.G", "met");
    world_free(world);
}

Test(goals, a_failed_goal_that_comes_true_is_met_and_may_fail_again)
{
    World *world = world_new(
        "domain D { state { a: bool } goal G { predicate a strategy { Do } terminate_after 2 "
        "retries backoff 1s fallback Fix } "
        "  transition Do { emit Infra.Do() } transition Fix { a = true } }");

    world_fail_next(world, "Infra.Do", 2);
    world_run(world);
    world_expect_goal(world, "D.G", "met");
    cr_expect_not(runtime_find(world_runtime(world), "D", NULL)->goals[0].failed);
    cr_expect_eq(runtime_find(world_runtime(world), "D", NULL)->goals[0].retries, 0);
    world_free(world);
}

Test(goals, success_resets_the_retries)
{
    World *world = world_new("domain D { state { n: int  want: int = 2 }"
                             "  goal G { predicate n == want terminate_after 3 retries backoff 1s }"
                             "  transition Do { emit Infra.Do() n += 1 }"
                             "  on Event::More { want = 3 } }"
                             "domain E { state { n: int } goal G { predicate n == 1 }"
                             "  transition T { emit Infra.Wait() n = 1 emit "
                             "Broadcast(Event::More) } }");

    world_delay(world, "Infra.Wait", 60000);
    world_let_pass(world, "Infra.Do", 1);
    world_fail_next(world, "Infra.Do", 2);
    world_run_until(world, 50000);
    world_expect_goal(world, "D.G", "met");
    cr_expect_eq(runtime_find(world_runtime(world), "D", NULL)->goals[0].retries, 0);
    world_fail_next(world, "Infra.Do", 0);
    world_run(world);
    world_expect_goal(world, "D.G", "met");
    world_expect_field(world, "D.n", "3");
    world_free(world);
}

Test(goals, terminate_after_a_time_fails_the_goal_while_it_is_tried)
{
    World *world = world_new(
        "domain D { state { a: bool  sorry: bool }"
        "  goal G { predicate a strategy { Do } terminate_after 10s backoff 4s fallback Sorry }"
        "  transition Do { emit Infra.Do() a = true } transition Sorry { sorry = true } }");

    world_fail_next(world, "Infra.Do", 100);
    world_run(world);
    world_expect_goal(world, "D.G", "failed");
    world_expect_field(world, "D.sorry", "true");
    cr_expect_eq(world_operations(world, "Infra.Do"), 3, "at 0, 4020 and 8040: 12060 is too late");
    world_free(world);
}

Test(goals, the_limited_time_goes_on_in_a_successor)
{
    World *world = world_new(
        "domain D { state { a: bool } goal G { predicate a terminate_after 10s backoff 4s }"
        "  transition Do { emit Infra.Do() a = true } }");

    world_fail_next(world, "Infra.Do", 100);
    world_run_until(world, 7000);
    world_recover(world);
    world_run(world);
    world_expect_goal(world, "D.G", "failed");
    cr_expect_eq(world_operations(world, "Infra.Do"), 3);
    world_free(world);
}

static uint64_t delay_of(const World *world, size_t nth)
{
    int64_t last_at = 0;

    for (size_t i = 0; i < world_records(world); i++) {
        cleanup(json_free) Json *json = NULL;
        json_parse_own(world_record(world, i), strlen(world_record(world, i)), &json, NULL);
        record_unabridge(json, &last_at);
        if (strcmp(json_get_string(json, "type", ""), "abort") == 0 && nth-- == 0)
            return (uint64_t)(json_get_int(json, "due", 0) - json_get_int(json, "at", 0));
    }
    cr_assert(false, "there are fewer aborts");
    return 0;
}

#define RETRIES(policy)                                                                            \
    "domain D { state { a: bool } goal G { predicate a " policy " }"                               \
    "  transition Do { emit Infra.Do() a = true } }"

Test(goals, the_default_backoff_doubles_to_five_minutes_with_jitter)
{
    World *world = world_new(RETRIES(""));
    uint64_t sum = 0;

    world_fail_next(world, "Infra.Do", 40);
    world_run(world);
    for (size_t i = 0; i < 40; i++) {
        uint64_t limit = i < 9 ? 1000ULL << i : 300000;
        cr_expect_leq(delay_of(world, i), limit < 300000 ? limit : 300000);
        cr_expect_geq(delay_of(world, i), 1);
        sum += i >= 9 ? delay_of(world, i) : 0;
    }
    cr_expect(sum / 31 > 75000 && sum / 31 < 225000, "full jitter: half the cap on average");
    world_free(world);
}

Test(goals, a_fixed_backoff_has_no_jitter)
{
    World *world = world_new(RETRIES("backoff 7s"));

    world_fail_next(world, "Infra.Do", 4);
    world_run(world);
    for (size_t i = 0; i < 4; i++)
        cr_expect_eq(delay_of(world, i), 7000);
    world_free(world);
}

Test(goals, a_backoff_with_a_range_grows_to_its_cap)
{
    World *world = world_new(RETRIES("backoff 2s to 10s"));

    world_fail_next(world, "Infra.Do", 30);
    world_run(world);
    cr_expect_leq(delay_of(world, 0), 2000);
    cr_expect_leq(delay_of(world, 1), 4000);
    for (size_t i = 0; i < 30; i++)
        cr_expect_leq(delay_of(world, i), 10000);
    world_free(world);
}

Test(goals, jitter_is_the_same_for_the_same_stack)
{
    World *one = world_new(RETRIES("")), *other = world_new(RETRIES(""));

    world_fail_next(one, "Infra.Do", 5);
    world_fail_next(other, "Infra.Do", 5);
    world_run(one);
    world_run_until(other, 1000);
    world_recover(other);
    world_run(other);
    for (size_t i = 0; i < 5; i++)
        cr_expect_eq(delay_of(one, i), delay_of(other, i));
    cr_expect_neq(delay_of(one, 3), delay_of(one, 4));
    world_free(one);
    world_free(other);
}

Test(goals, apply_gives_a_failed_effect_up_and_the_next_run_tries_again)
{
    World *world = world_new(RETRIES("backoff 1s"));

    world_options(world)->retry_failed = false;
    world_fail_next(world, "Infra.Do", 1);
    world_run(world);
    cr_expect_eq(world_operations(world, NULL), 1);
    world_expect_goal(world, "D.G", "unmet");
    world_begin(world);
    world_run(world);
    world_expect_goal(world, "D.G", "met");
    world_free(world);
}
