/* parallel: effects that are performed together. */
#include <criterion/criterion.h>

#include "tests/lib/core/crash.h"

#define TOGETHER                                                                                   \
    "domain D { state { t: string } goal G { predicate t != \"\" }"                                \
    "  transition T { emit Infra.First() parallel { let a = emit Infra.A() let b = emit Infra.B()" \
    "    emit Infra.C() } emit Infra.Last() t = \"${a.address} ${b.address}\" } }"

static void different_delays(World *world)
{
    world_delay(world, "Infra.A", 300);
    world_delay(world, "Infra.B", 100);
    world_delay(world, "Infra.C", 200);
}

Test(parallel, its_effects_start_together_and_end_together)
{
    World *world = world_new(TOGETHER);

    different_delays(world);
    world_run(world);
    world_expect(world, "[    0] put D.T.First[0]\n"
                        "[   20] put D.T.A[0]\n"
                        "[   20] put D.T.B[0]\n"
                        "[   20] put D.T.C[0]\n"
                        "[  320] put D.T.Last[0]\n"
                        "[  340] D: goal G; transition T\n");
    world_expect_field(world, "D.t", "Infra.A Infra.B");
    world_free(world);
}

Test(parallel, a_failure_waits_for_the_others)
{
    World *world = world_new(TOGETHER);

    different_delays(world);
    world_fail_next(world, "Infra.B", 1);
    world_run_until(world, 400);
    world_expect(world,
                 "[    0] put D.T.First[0]\n"
                 "[   20] put D.T.A[0]\n"
                 "[   20] put D.T.B[0]\n"
                 "[   20] put D.T.C[0]\n"
                 "[  320] D: aborted goal G; transition T: D.T.B[0] failed: INJECTED: it was "
                 "told to fail -> retry in 762\n");
    world_expect_objects(world, "D.T.First[0] left\nD.T.A[0] left\nD.T.C[0] left\n");
    world_run(world);
    world_expect_field(world, "D.t", "Infra.A Infra.B");
    world_free(world);
}

Test(parallel, results_are_in_the_order_of_the_text)
{
    World *world = world_new("domain D { state { t: string  k: int } goal G { predicate t != \"\" }"
                             "  transition T { parallel { for i in range(3) { emit Infra.A(i) }"
                             "    let z = emit Infra.B() } t = z.address } }");

    world_delay(world, "Infra.A", 90);
    world_run(world);
    world_expect_calls(world, "put D.T.A[0] {\"first\":0}\n"
                              "put D.T.A[1] {\"first\":1}\n"
                              "put D.T.A[2] {\"first\":2}\n"
                              "put D.T.B[0] {}\n");
    world_expect_field(world, "D.t", "Infra.B");
    world_free(world);
}

#define HANDLED                                                                                    \
    "domain D { state { t: string } goal G { predicate t != \"\" }"                                \
    "  transition T { parallel { emit Infra.A() else { emit Infra.Instead() }"                     \
    "    let b = emit Infra.B() } t = b.address } }"

static void a_fails(World *world)
{
    world_fail_next(world, "Infra.A", 1);
}

Test(parallel, an_else_runs_when_all_are_answered)
{
    World *world = world_new(HANDLED);

    a_fails(world);
    world_delay(world, "Infra.B", 200);
    world_run(world);
    world_expect(world, "[    0] put D.T.A[0]\n"
                        "[    0] put D.T.B[0]\n"
                        "[  200] put D.T.Instead[0]\n"
                        "[  220] D: goal G; transition T\n");
    world_free(world);
}

static void b_fails(World *world)
{
    different_delays(world);
    world_fail_next(world, "Infra.B", 1);
}

Test(parallel, survives_a_crash_anywhere)
{
    crash_everywhere(TOGETHER, different_delays);
    crash_everywhere(TOGETHER, b_fails);
    crash_everywhere(HANDLED, a_fails);
}
