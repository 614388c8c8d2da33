/* Which effect of its record an emission of a slice that is computed again means, and what becomes
 * of it. */
#include <criterion/criterion.h>

#include "tests/lib/core/world.h"

#define SLICE(body)                                                                                \
    "domain D { state { done: bool } goal G { predicate done }"                                    \
    " transition T { if !done { " body " done = true } } }"

static void edit(World *world, const char *program)
{
    Error err = {0};

    cr_assert(world_evolve(world, program, &err), "%s", err.message);
    world_run(world);
}

/* Made by one program, then edited into the other, which lasts. Returns the operations of the edit.
 */
static size_t operations_of(World *world, const char *edited)
{
    world_run(world);
    size_t before = world_operations(world, NULL);
    edit(world, edited);
    size_t after = world_operations(world, NULL);
    edit(world, edited);
    cr_expect_eq(world_operations(world, NULL), after, "the same once more asks for nothing");
    return after - before;
}

Test(fit, names_say_what_is_meant_in_any_order)
{
    World *world = world_new(SLICE("emit Infra.Make(name: \"a\", n: 1)"
                                   " emit Infra.Make(name: \"b\", n: 2)"
                                   " emit Infra.Make(name: \"c\", n: 3)"));

    cr_expect_eq(operations_of(world, SLICE("emit Infra.Make(name: \"c\", n: 3)"
                                            " emit Infra.Make(name: \"new\", n: 0)"
                                            " emit Infra.Make(name: \"a\", n: 1)"
                                            " emit Infra.Make(name: \"b\", n: 2)")),
                 1);
    world_expect_objects(world, "D.Make[\"a\"] ready\nD.Make[\"b\"] ready\nD.Make[\"c\"] ready\n"
                                "D.Make[\"new\"] ready\n");
    world_free(world);
}

Test(fit, one_name_at_two_providers_is_two_effects)
{
    World *world =
        world_new(SLICE("emit One.Make(name: \"a\", n: 1) emit Two.Make(name: \"a\", n: 2)"));

    cr_expect_eq(
        operations_of(world, SLICE("emit Two.Make(name: \"a\", n: 2) emit One.Make(name: \"a\", "
                                   "n: 1)")),
        0);
    world_free(world);
}

Test(fit, of_two_emissions_of_one_name_the_second_is_updated)
{
    World *world =
        world_new(SLICE("emit Infra.Make(name: \"a\", n: 1) emit Infra.Make(name: \"a\", n: 2)"));

    cr_expect_eq(operations_of(
                     world, SLICE("emit Infra.Make(name: \"a\", n: 1) emit Infra.Make(name: \"a\", "
                                  "n: 3)")),
                 1);
    cr_expect_str_eq(world_object(world, "D.Make[\"a\"]")->inputs, "{\"n\":3}");
    world_free(world);
}

Test(fit, a_name_that_is_emitted_once_more_has_the_last_arguments)
{
    World *world = world_new(SLICE("emit Infra.Make(name: \"a\", n: 1)"));

    operations_of(world,
                  SLICE("emit Infra.Make(name: \"a\", n: 2) emit Infra.Make(name: \"a\", n: 1)"));
    cr_expect_str_eq(world_object(world, "D.Make[\"a\"]")->inputs, "{\"n\":1}");
    cr_expect_eq(world_object(world, "D.Make[\"a\"]")->generation, 3);
    world_free(world);
}

Test(fit, a_name_that_is_emitted_once_more_goes_on_from_what_it_was)
{
    World *world = world_new(SLICE("emit Infra.Make(name: \"a\", n: 1)"));

    world_run(world);
    edit(world, SLICE("emit Infra.Make(name: \"a\", n: 2)"));
    cr_expect_eq(operations_of(world, SLICE("emit Infra.Make(name: \"a\", n: 2)"
                                            " emit Infra.Make(name: \"a\", n: 3)")),
                 1);
    cr_expect_str_eq(world_object(world, "D.Make[\"a\"]")->inputs, "{\"n\":3}");
    cr_expect_eq(world_object(world, "D.Make[\"a\"]")->generation, 3);
    world_free(world);
}

Test(fit, without_names_the_turn_at_the_place_says_what_is_meant)
{
    World *world = world_new(SLICE("for i in [1, 2, 3] { emit Infra.Make(n: i) }"));

    cr_expect_eq(operations_of(world, SLICE("for i in [1, 5, 3] { emit Infra.Make(n: i) }")), 1);
    cr_expect_str_eq(world_object(world, "D.T.Make[1]")->inputs, "{\"n\":5}");
    world_free(world);
}

#define RUN_AND_MAKE(n) SLICE("emit Infra.Run(n: " n ") emit Infra.Make(n: " n ")")

Test(fit, an_action_that_an_aborted_attempt_did_is_not_done_again)
{
    World *world = world_new(RUN_AND_MAKE("1"));

    world_action(world, "Infra.Run");
    world_run(world);
    world_fail_next(world, "Infra.Make", 1);
    edit(world, RUN_AND_MAKE("2"));
    cr_expect_eq(world_operations(world, "Infra.Run"), 2, "%s", world_trace(world));
    cr_expect_eq(world_operations(world, "Infra.Make"), 3, "%s", world_trace(world));
    edit(world, RUN_AND_MAKE("2"));
    cr_expect_eq(world_operations(world, NULL), 5);
    world_free(world);
}
