/* What could be lost or done twice where two features meet. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/lib/core/crash.h"

/* ---- release ---- */

static void check_fails_once(World *world)
{
    world_fail_next(world, "Infra.Check", 1);
}

#define BRIEFLY                                                                                    \
    "domain D { state { n: int } goal G { predicate n == 1 }"                                      \
    "  transition T { n += 1 emit Infra.A() release Infra.A() emit Infra.Check() } }"

Test(torture, what_an_attempt_made_and_released_is_released_again_by_the_next)
{
    World *world = world_new(BRIEFLY);

    check_fails_once(world);
    world_run(world);
    world_expect_objects(world, "D.T.Check[0] ready\n");
    world_free(world);
    crash_everywhere(BRIEFLY, check_fails_once);
}

#define LEFT_OVER                                                                                  \
    "domain D { state { n: int } goal G { predicate n == 2 }"                                      \
    "  transition T { n += 1 emit Infra.A() emit Infra.Check() if n == 2 { release Infra.A() } } " \
    "}"

static void second_check_fails(World *world)
{
    world_let_pass(world, "Infra.Check", 1);
    world_fail_next(world, "Infra.Check", 1);
}

Test(torture, what_an_attempt_left_and_the_next_took_up_is_the_newest)
{
    World *world = world_new(LEFT_OVER);

    second_check_fails(world);
    world_run(world);
    world_expect_objects(world, "D.T.A[0] ready\nD.T.Check[0] ready\nD.T.Check[1] ready\n");
    world_free(world);
    crash_everywhere(LEFT_OVER, second_check_fails);
}

#define IN_A_LOOP                                                                                  \
    "domain D { state { n: int } goal G { predicate n == 3 }"                                      \
    "  transition T { n += 1 emit Infra.A() if n == 3 { for i in range(2) { release Infra.A() }"   \
    "    emit Infra.Check() } } }"

Test(torture, a_loop_of_releases_that_is_tried_again_releases_as_many)
{
    World *world = world_new(IN_A_LOOP);

    check_fails_once(world);
    world_run(world);
    world_expect_objects(world, "D.T.A[0] ready\nD.T.Check[0] ready\n");
    world_free(world);
    crash_everywhere(IN_A_LOOP, check_fails_once);
}

#define RECONCILED                                                                                 \
    "domain D { state { n: int } goal G { predicate n == 2 }"                                      \
    "  transition T { n += 1 emit Infra.A(name: \"x\") if n == 2 { emit Infra.Check()"             \
    "    release Infra.A(name: \"x\") } } }"

Test(torture, what_an_aborted_attempt_wanted_and_would_have_released_stays_what_it_was)
{
    World *world = world_new(RECONCILED);

    check_fails_once(world);
    world_run_until(world, 61);
    world_expect_objects(world, "D.A[\"x\"] ready\n");
    world_run(world);
    world_expect_objects(world, "D.T.Check[0] ready\n");
    world_free(world);
    crash_everywhere(RECONCILED, check_fails_once);
}

#define REFUSED                                                                                    \
    "domain D { state { n: int } goal G { predicate n == 2 }"                                      \
    "  transition T { n += 1 emit Infra.A() else { n += 0 }"                                       \
    "    if n == 2 { release Infra.A() } } }"

static void second_a_fails(World *world)
{
    world_let_pass(world, "Infra.A", 1);
    world_fail_next(world, "Infra.A", 1);
}

Test(torture, what_was_never_made_is_not_the_newest)
{
    World *world = world_new(REFUSED);

    second_a_fails(world);
    world_run(world);
    world_expect_objects(world, "");
    world_expect_calls(world, "put D.T.A[0] {}\nput D.T.A[1] {}\ndelete D.T.A[0] {}\n");
    world_free(world);
    crash_everywhere(REFUSED, second_a_fails);
}

/* ---- half-performed slices that wait ---- */

#define RECEIVER                                                                                   \
    "domain R { state { n: int } transition Count(x: int) {"                                       \
    "    if x == 0 { emit Infra.Slow() } n += 1 } }"                                               \
    "domain Fill { state { n: int } goal G { predicate n == 2 }"                                   \
    "  transition T { n += 1 for i in range(5000) { send R Count(i + n - 1) } } }"                 \
    "domain Late { state { n: int } goal G { predicate n == 1 }"                                   \
    "  transition T { let w = emit Infra.Wait() n = 1 send R Count(1) } }"

/* It has got its result, and waits for room in a mailbox that empties by slices without effects. */
Test(torture, a_half_performed_slice_that_waited_for_room_goes_on)
{
    World *world = world_new(RECEIVER);

    world_unchecked(world);
    world_delay(world, "Infra.Wait", 100);
    world_delay(world, "Infra.Slow", 200);
    world_run(world);
    world_expect_field(world, "Late.n", "1");
    world_expect_field(world, "R.n", "10001");
    world_free(world);
}

/* Base has made the net and waits for a fact; what it commits with is what App waits for, and
 * nothing else happens any more. */
Test(torture, a_half_performed_slice_that_waited_for_another_one_goes_on)
{
    World *world = world_new("domain App { state { up: bool } goal G { predicate up }"
                             "  transition T { let w = emit Infra.Wait() emit Infra.Server() "
                             "    up = true } }"
                             "domain Base { state { up: bool } goal G { predicate up }"
                             "  transition T { let n = emit Infra.Net()"
                             "    if Infra.status(\"net\") == \"up\" { up = true } } }");

    world_defaults(world, "Infra.Server", "{\"net\":\"${resource.Net.address}\"}");
    world_fact(world, "Infra.status(\"net\")", "\"up\"");
    world_fact_delay(world, 500);
    world_run(world);
    world_expect_field(world, "App.up", "true");
    world_free(world);
}
