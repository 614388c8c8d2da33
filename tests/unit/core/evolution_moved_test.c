/* `moved` lines: what has another name now is what it was. */
#include <criterion/criterion.h>
#include <string.h>

#include "lang/base/memory.h"
#include "tests/lib/core/world.h"

#define STORE                                                                                      \
    "{ state { n: int  at: string } goal G { predicate n == 2 }"                                   \
    " transition T { let db = emit Infra.Make(size: n) at = db.address n += 1 } }"

static World *world_made(const char *program)
{
    World *world = world_new(program);

    world_run(world);
    world_forget(world);
    return world;
}

static void evolve(World *world, const char *program)
{
    Error err = {0};

    cr_assert(world_evolve(world, program, &err), "%s", err.message);
}

static void expect_nothing_to_do(World *world)
{
    size_t operations = world_operations(world, NULL);

    world_run(world);
    cr_expect_eq(world_operations(world, NULL), operations, "something was asked for");
}

Test(evolution_moved, a_domain_keeps_its_state_objects_and_records)
{
    World *world = world_made("domain A " STORE);

    evolve(world, "moved domain A -> B\ndomain B " STORE);
    world_expect_objects(world, "B.T.Make[0] ready\nB.T.Make[1] ready\n");
    world_expect_field(world, "B.n", "2");
    cr_expect_eq(runtime_find(world_runtime(world), "B", NULL)->has->origin_count, 2);
    expect_nothing_to_do(world);
    world_free(world);
}

Test(evolution_moved, without_the_line_a_renamed_domain_is_another)
{
    World *world = world_made("domain A " STORE);

    evolve(world, "domain B " STORE);
    world_run(world);
    world_expect_objects(world, "B.T.Make[0] ready\nB.T.Make[1] ready\n");
    cr_expect_eq(world_operations(world, NULL), 6, "two made, two destroyed, two made");
    world_free(world);
}

Test(evolution_moved, a_line_whose_left_side_is_not_there_does_nothing)
{
    World *world = world_made("domain B " STORE);

    evolve(world, "moved domain A -> B\ndomain B " STORE);
    expect_nothing_to_do(world);
    world_expect_objects(world, "B.T.Make[0] ready\nB.T.Make[1] ready\n");
    world_free(world);
}

Test(evolution_moved, a_domain_that_moved_and_changed_shape_migrates)
{
    World *world = world_made("domain A " STORE);

    evolve(world, "moved domain A -> B\n"
                  "@version 2\ndomain B { state { m: int  at: string } goal G { predicate m == 2 }"
                  " transition T { let db = emit Infra.Make(size: m) at = db.address m += 1 } }\n"
                  "migration B 1 -> 2 { m = old.n }");
    expect_nothing_to_do(world);
    world_expect_field(world, "B.m", "2");
    world_free(world);
}

Test(evolution_moved, a_renamed_transition_takes_its_objects_and_records_along)
{
    const char *before = "domain D { state { n: int } goal G { predicate n == 2 }"
                         " transition T { emit Infra.Make(size: n) n += 1 } }";
    const char *after = "moved D.T.Infra.Make -> D.U.Infra.Make\n"
                        "domain D { state { n: int } goal G { predicate n == 2 }"
                        " transition U { emit Infra.Make(size: n) n += 1 } }";
    World *world = world_made(before);

    evolve(world, after);
    world_expect_objects(world, "D.U.Make[0] ready\nD.U.Make[1] ready\n");
    expect_nothing_to_do(world);
    world_restore(world);
    expect_nothing_to_do(world);
    world_free(world);
}

Test(evolution_moved, what_moves_to_another_domain_is_taken_up_there)
{
    const char *before = "domain D { state { n: int } goal G { predicate n == 1 }"
                         " transition T { emit Infra.Make(size: 4) n += 1 } }";
    const char *after = "moved D.T.Infra.Make -> E.U.Infra.Make\n"
                        "domain D { state { n: int } goal G { predicate n == 1 }"
                        " transition T { n += 1 } }"
                        "domain E { state { m: int } goal G { predicate m == 1 }"
                        " transition U { emit Infra.Make(size: 4) m += 1 } }";
    World *world = world_made(before);
    cleanup(free) char *uid = memory_copy_string(world_runtime(world)->objects[0]->uid);

    evolve(world, after);
    world_expect_objects(world, "E.U.Make[0] left\n");
    world_run(world);
    world_expect_objects(world, "E.U.Make[0] ready\n");
    cr_expect_str_eq(world_runtime(world)->objects[0]->uid, uid);
    world_expect_field(world, "E.m", "1");
    world_free(world);
}

Test(evolution_moved, two_domains_that_live_do_not_become_one)
{
    World *world = world_made("domain A " STORE " domain B " STORE);
    cleanup(free) char *before = world_outcome(world);
    Error err = {0};

    cr_assert_not(world_evolve(world, "moved domain A -> B\ndomain B " STORE, &err));
    cr_expect_eq(err.code, ERROR_PROGRAM);
    cr_expect_not_null(strstr(err.message, "`moved domain A -> B`: the state has '"), "%s",
                       err.message);
    cleanup(free) char *after = world_outcome(world);
    cr_expect_str_eq(before, after, "something was touched");
    world_free(world);
}
