/* What events and messages carry, where an edit has given it another type. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/lib/core/world.h"

static World *at_rest(const char *program)
{
    World *world = world_new(program);

    world_run(world);
    return world;
}

static void evolve(World *world, const char *program)
{
    Error err = {0};

    cr_assert(world_evolve(world, program, &err), "%s", err.message);
    world_run(world);
}

#define B(types)                                                                                   \
    "domain B { state { up: bool } goal Up { predicate up }"                                       \
    "  on Event::E(a) { emit Infra.Make(a) up = true }"                                            \
    "  on message M(b: " types ") { emit Infra.Note(b) } }"

#define A "domain A { state { n: int = 1 m: int } goal G { predicate m == 1 }"
#define SAY " transition T { emit Broadcast(Event::E(a: n)) send B M(n) m = 1 }"

#define MADE                                                                                       \
    "put B.E.Make[0] {\"first\":1}\n"                                                              \
    "put B.M.Note[0] {\"first\":1}\n"

Test(carried, what_may_be_null_now_is_what_it_was)
{
    World *world = at_rest(A SAY "}" B("int"));

    world_expect_calls(world, MADE);
    evolve(world, A SAY " transition U { emit Broadcast(Event::E(a: null)) } }" B("int?"));
    world_expect_calls(world, MADE);
    world_free(world);
}

Test(carried, what_is_a_fraction_now_is_as_great_as_it_was)
{
    World *world = at_rest(A SAY "}" B("int"));

    evolve(world, A SAY " transition U { emit Broadcast(Event::E(a: 1.5)) } }" B("float"));
    world_expect_calls(world, MADE);
    world_free(world);
}

Test(carried, a_message_that_waits_keeps_what_it_carries)
{
    World *world =
        world_new(A SAY "}"
                        "domain B { state { n: int } transition Boot { emit Infra.Slow() n "
                        "= 1 } on message M(b: int) { emit Infra.Note(b) } }");

    world_delay(world, "Infra.Slow", 100);
    world_run_until(world, 50);
    evolve(world, A SAY "}"
                        "domain B { state { n: int } transition Boot { emit Infra.Slow() n "
                        "= 1 } on message M(b: int?) { emit Infra.Note(b) } }");
    world_expect_calls(world, "put B.Boot.Slow[0] {}\nput B.M.Note[0] {\"first\":1}\n");
    world_free(world);
}

#define D(head, tail)                                                                              \
    "domain D { state { m: int } goal G { predicate m == 1 }"                                      \
    "  transition T { " head " yield " tail " m = 1 } }"

Test(carried, locals_behind_a_yield_go_by_their_names)
{
    World *world = at_rest(D("let a = 1 let b = 2", "emit Infra.Make(a)"));

    evolve(world, D("let b = 2 let a = 1", "emit Infra.Make(a)"));
    world_expect_calls(world, "put D.T.Make[0] {\"first\":1}\n");
    evolve(world, D("let a = 1", "emit Infra.Make(a)"));
    world_expect_calls(world, "put D.T.Make[0] {\"first\":1}\n");
    evolve(world, D("let size = 1", "emit Infra.Make(size + 1)"));
    world_expect_calls(world, "put D.T.Make[0] {\"first\":1}\n"
                              "put D.T.Make[0] {\"first\":2}\n");
    world_free(world);
}

Test(carried, a_local_behind_a_yield_that_was_not_kept_is_refused)
{
    World *world = at_rest(D("let a = 1", "emit Infra.Make(a)"));
    Error err = {0};

    cr_expect_not(world_evolve(world, D("let a = 1 let b = 2", "emit Infra.Make(a + b)"), &err));
    cr_expect_eq(err.code, ERROR_PROGRAM);
    cr_expect_not_null(strstr(err.message, "behind its `yield`"), "%s", err.message);
    world_expect_calls(world, "put D.T.Make[0] {\"first\":1}\n");
    world_free(world);
}
