/* Timers: when they are due, what arms them, and what a restart makes of them. */
#include <criterion/criterion.h>
#include <string.h>

#include "lang/base/memory.h"
#include "tests/lib/core/crash.h"

Test(timer, every_is_due_each_interval_after_the_start)
{
    World *world = world_new("domain D { state { n: int } every 5s { n += 1 } }");

    world_run_until(world, 16000);
    world_expect(world, "[ 5000] D: timer every_5s\n"
                        "[10000] D: timer every_5s\n"
                        "[15000] D: timer every_5s\n");
    world_expect_field(world, "D.n", "3");
    world_free(world);
}

/* The end of a step late: what was due meanwhile is one turn, and the next is due in the rhythm of
 * the first. */
Test(timer, turns_missed_are_one_turn)
{
    World *world = world_new("domain D { state { n: int } every 5s { n += 1 } }");

    world_turn(world);
    world_move(world, 23000);
    world_run_until(world, 26000);
    world_expect(world, "[23000] D: timer every_5s\n"
                        "[25000] D: timer every_5s\n");
    world_free(world);
}

Test(timer, no_second_message_while_the_first_waits)
{
    World *world = world_new("domain D { state { n: int } every 1s { emit Infra.Slow() n += 1 } }");

    world_delay(world, "Infra.Slow", 3500);
    world_run_until(world, 5000);
    world_expect_calls(world, "put D.every_1s.Slow[0] {}\nput D.every_1s.Slow[1] {}\n");
    cr_expect_eq(mailbox_count(&runtime_find(world_runtime(world), "D", NULL)->active->mailbox), 1);
    world_free(world);
}

#define AFTER                                                                                      \
    "domain D { state { armed: bool  fired: int  steps: int } goal G { predicate steps == 3 }"     \
    "  after 3s when armed { fired += 1 }"                                                         \
    "  every 2s { steps += 1 armed = steps != 2 } transition Boot { armed = true } }"

/* Armed at 0, 4000 and at 6000 already; disarmed at 4000 before it was due again. */
Test(timer, after_is_due_once_per_arming)
{
    World *world = world_new(AFTER);

    world_run_until(world, 20000);
    world_forget(world);
    world_expect_field(world, "D.fired", "2");
    world_free(world);
}

Test(timer, a_condition_that_ends_disarms)
{
    World *world = world_new("domain D { state { hot: bool = true  n: int }"
                             "  after 3s when hot { n += 1 } every 2s { hot = false } }");

    world_run_until(world, 30000);
    world_expect_field(world, "D.n", "0");
    world_free(world);
}

Test(timer, an_apply_does_not_wait_for_every_nor_fires_it)
{
    World *world = world_new("domain D { state { n: int } goal G { predicate n == 1 }"
                             "  every 1s { n += 10 } transition T { n = 1 } }");

    world_options(world)->timers = false;
    world_run(world);
    world_expect_field(world, "D.n", "1");
    cr_expect_eq(runtime_next_wake(world_runtime(world)), 0);
    world_free(world);
}

Test(timer, an_apply_waits_for_after_in_a_domain_with_an_unmet_goal)
{
    World *world = world_new("domain D { state { n: int } goal G { predicate n == 1 }"
                             "  after 30s when n == 0 { n = 1 } }"
                             "domain E { state { n: int } after 30s when n == 0 { n = 1 } }");

    world_options(world)->timers = false;
    world_turn(world);
    cr_expect_eq(runtime_next_wake(world_runtime(world)), 30000);
    world_run(world);
    world_expect_goal(world, "D.G", "met");
    world_free(world);
}

Test(timer, instances_have_their_own)
{
    World *world = world_new("domain A { state { x: int } every 3s { x += 1"
                             "  if x <= 2 { spawn W[\"w${x}\"] { } } } }"
                             "domain W[id: string] { state { n: int } every 2s { n += 1 } }");

    world_run_until(world, 8500);
    world_expect_field(world, "W[\"w1\"].n", "2");
    world_expect_field(world, "W[\"w2\"].n", "1");
    world_free(world);
}

Test(timer, a_stopped_instance_has_none)
{
    World *world = world_new("domain A { state { x: int } goal G { predicate x == 1 }"
                             "  transition T { x += 1 spawn W[\"w\"] { } } }"
                             "domain W[id: string] { state { n: int } every 2s { stop } }");

    world_run(world);
    cr_expect_null(runtime_find(world_runtime(world), "W", "w"));
    cr_expect_eq(world_now(world), 2000);
    world_free(world);
}

Test(timer, survives_a_crash_anywhere)
{
    crash_everywhere_until("domain D { state { n: int  fired: int } every 3s { n += 1"
                           "    if n == 2 { emit Infra.Create() } }"
                           "  after 4s when n == 1 { fired += 1 } }",
                           NULL, 10500);
}

Test(timer, a_changed_program_arms_what_is_new)
{
    World *world = world_new("domain D { state { n: int } every 5s { n += 1 } }");
    Error err;

    world_run_until(world, 6000);
    cr_assert(
        world_evolve(
            world, "domain D { state { n: int } every 5s { n += 1 } every 3s { n += 100 } }", &err),
        "%s", err.message);
    world_run_until(world, 10500);
    world_expect_field(world, "D.n", "102");
    world_free(world);
}

Test(timer, an_unmet_goal_says_what_it_waits_for)
{
    World *world = world_new("domain D { state { n: int } goal G { predicate n == 1 }"
                             "  after 30s when n == 0 { n = 1 } }");

    world_turn(world);
    cleanup(free) char *sentence = goal_explain(runtime_find(world_runtime(world), "D", NULL), 0);
    cr_expect_str_eq(sentence, "goal D.G waits for `after 30s when n == 0`");
    world_free(world);
}
