/* Instances that sleep: what they take, and that nothing is lost by it. */
#include <criterion/criterion.h>

#include "tests/lib/core/world.h"

#define SLEEPERS 9000

#define CROWD                                                                                      \
    "domain Maker { state { made: int } goal G { predicate made == 9000 }"                         \
    "  transition T { made += 1 send S[\"s${made}\"] Hello(made) } }"                              \
    "domain S[id: string] { state { heard: int  late: bool }"                                      \
    "  on message Hello(n: int) { heard += n }"                                                    \
    "  after 1d when heard > 0 { heard += 1000 late = true } }"

static World *crowd_new(void)
{
    World *world = world_new(CROWD);

    world_options(world)->timers = false;
    world_run(world);
    cr_assert_eq(instance_count(world_runtime(world)), SLEEPERS + 1);
    return world;
}

static size_t awake_count(const Runtime *runtime)
{
    size_t count = 0;

    for (const Instance *i = instance_first(runtime); i != NULL; i = instance_next(i))
        count += i->active != &ACTIVITY_NONE;
    return count;
}

Test(sleep, an_instance_is_small)
{
    cr_expect_leq(sizeof(Instance), 200);
    cr_expect_leq(sizeof(TimerMark), 16);
}

Test(sleep, of_those_that_have_nothing_to_do_nearly_all_sleep)
{
    World *world = crowd_new();

    cr_expect_lt(awake_count(world_runtime(world)), SLEEPERS / 2);
    cr_expect_eq(runtime_find(world_runtime(world), "S", "s1")->active, &ACTIVITY_NONE);
    cr_expect_eq(runtime_find(world_runtime(world), "S", "s1")->has, &HOLDINGS_NONE);
    world_free(world);
}

Test(sleep, after_a_restart_they_sleep_on)
{
    World *world = crowd_new();

    world_restore(world);
    world_run(world);
    cr_expect_lt(awake_count(world_runtime(world)), SLEEPERS / 2);
    world_expect_field(world, "S[\"s7\"].heard", "7");
    world_free(world);
}

/* A member of a loop that slept in between is a member still. */
Test(sleep, a_loop_through_one_that_sleeps_is_proved)
{
    World *world = world_new("domain A { state { up: bool } goal G { predicate false }"
                             "  transition T { up = !up send B[\"b\"] Hit() } }"
                             "domain B[id: string] { state { up: bool }"
                             "  on message Hit { up = !up } }");

    world_run(world);
    world_expect_goal(world, "A.G", "oscillating");
    world_free(world);
}
