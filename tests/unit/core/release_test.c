/* release: an object is given back within a slice, in order with its effects. */
#include <criterion/criterion.h>

#include "tests/lib/core/crash.h"

#define POOL                                                                                       \
    "domain Pool { state { workers: int  wanted: int = 3 } goal G { predicate workers == wanted }" \
    "  transition Grow { if workers < wanted { emit Infra.Worker() workers += 1"                   \
    "    if workers == 3 { wanted = 1 } } else { release Infra.Worker() workers -= 1 } } }"

Test(release, the_newest_goes_first)
{
    World *world = world_new(POOL);

    world_run(world);
    world_expect_objects(world, "Pool.Grow.Worker[0] ready\n");
    world_expect_calls(world, "put Pool.Grow.Worker[0] {}\n"
                              "put Pool.Grow.Worker[1] {}\n"
                              "put Pool.Grow.Worker[2] {}\n"
                              "delete Pool.Grow.Worker[2] {}\n"
                              "delete Pool.Grow.Worker[1] {}\n");
    world_free(world);
}

Test(release, the_named_one_goes)
{
    World *world =
        world_new("domain D { state { n: int } goal G { predicate n == 2 }"
                  "  transition T { n += 1 if n == 1 { emit Infra.Db(name: \"a\")"
                  "    emit Infra.Db(name: \"b\") } else { release Infra.Db(name: \"a\") "
                  "} } }");

    world_run(world);
    world_expect_objects(world, "D.Db[\"b\"] ready\n");
    world_free(world);
}

Test(release, of_nothing_is_nothing)
{
    World *world = world_new("domain D { state { n: int } goal G { predicate n == 1 }"
                             "  transition T { n += 1 release Infra.Db() release Infra.Db(name: "
                             "\"a\") } }");

    world_run(world);
    world_expect_field(world, "D.n", "1");
    world_expect_calls(world, "");
    world_free(world);
}

Test(release, stands_in_order_with_the_effects)
{
    World *world = world_new("domain D { state { n: int } goal G { predicate n == 1 }"
                             "  transition T { n += 1 emit Infra.A() release Infra.A() emit "
                             "Infra.B() emit Infra.A() } }");

    world_run(world);
    world_expect_calls(world, "put D.T.A[0] {}\n"
                              "delete D.T.A[0] {}\n"
                              "put D.T.B[0] {}\n"
                              "put D.T.A[1] {}\n");
    world_expect_objects(world, "D.T.B[0] ready\nD.T.A[1] ready\n");
    world_free(world);
}

Test(release, between_awaited_results)
{
    World *world =
        world_new("domain D { state { n: int  t: string } goal G { predicate n == 1 }"
                  "  transition T { let a = emit Infra.A() release Infra.A()"
                  "    let b = emit Infra.B() n += 1 t = \"${a.address} ${b.address}\" } "
                  "}");

    world_run(world);
    world_expect_field(world, "D.t", "Infra.A Infra.B");
    world_expect_objects(world, "D.T.B[0] ready\n");
    world_free(world);
}

#define REPLACES                                                                                   \
    "domain D { state { n: int } goal G { predicate n == 3 }"                                      \
    "  transition T { if n < 2 { emit Infra.Worker() } else { release Infra.Worker() emit "        \
    "Infra.Check() } n += 1 } }"

static void check_fails_twice(World *world)
{
    world_fail_next(world, "Infra.Check", 2);
}

/* Tried again, the slice does not release a second one. */
Test(release, is_done_once_however_often_the_slice_is_tried)
{
    World *world = world_new(REPLACES);

    check_fails_twice(world);
    world_run(world);
    world_expect_objects(world, "D.T.Worker[0] ready\nD.T.Check[0] ready\n");
    world_free(world);
}

static void release_fails(World *world)
{
    world_let_pass(world, "Infra.Worker", 3);
    world_fail_next(world, "Infra.Worker", 1);
}

Test(release, one_that_fails_aborts_the_slice_and_leaves_the_object)
{
    World *world = world_new(POOL);

    release_fails(world);
    world_run_until(world, 80);
    world_expect_objects(world, "Pool.Grow.Worker[0] ready\n"
                                "Pool.Grow.Worker[1] ready\n"
                                "Pool.Grow.Worker[2] ready\n");
    world_run(world);
    world_expect_objects(world, "Pool.Grow.Worker[0] ready\n");
    world_free(world);
}

Test(release, survives_a_crash_anywhere)
{
    crash_everywhere(POOL, release_fails);
    crash_everywhere(REPLACES, check_fails_twice);
}
