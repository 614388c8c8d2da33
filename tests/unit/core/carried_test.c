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
