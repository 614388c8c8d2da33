/* yield: a slice commits here, and what follows runs later with the locals it had. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/lib/core/crash.h"

#define COUNTS                                                                                     \
    "domain D { state { n: int  sum: int } goal G { predicate n == 3 }"                            \
    "  transition T { let by = 10 for i in range(3) { n += 1 sum += by * i yield } } }"            \
    "domain E { state { heard: int } on message Ping() { heard += 1 } }"

Test(yield, a_loop_goes_on_where_it_was)
{
    World *world = world_new(COUNTS);

    world_run(world);
    world_expect(world, "[    0] D: goal G; transition T\n"
                        "[    0] D: goal G; transition T\n"
                        "[    0] D: goal G; transition T\n"
                        "[    0] D: goal G; transition T\n");
    world_expect_field(world, "D.n", "3");
    world_expect_field(world, "D.sum", "30");
    cr_expect_eq(runtime_find(world_runtime(world), "D", NULL)->has->run_count, 0);
    world_free(world);
}

Test(yield, what_it_did_before_is_visible)
{
    World *world = world_new("domain A { state { x: int } goal G { predicate x == 2 }"
                             "  transition T { x = 1 send B Say() yield x = 2 } }"
                             "domain B { state { n: int } transition Say { n += 1"
                             "  emit Log(\"said\") yield n += 1 } }");

    world_run(world);
    world_expect_field(world, "B.n", "2");
    cr_expect_not_null(strstr(world_trace(world), "log said"));
    world_free(world);
}

#define HANDLER                                                                                    \
    "domain A { state { x: int } goal G { predicate x == 2 }"                                      \
    "  transition T { x += 1 send B Note(x) } }"                                                   \
    "domain B { state { log: string }"                                                             \
    "  on message Note(k: int) { let twice = k * 2 log = \"${log}a${k}\" yield"                    \
    "    emit Infra.Create(k) log = \"${log}b${twice}\" yield log = \"${log}c${k}\" } }"

/* Its message is handled with the first commit; others are heard before it goes on. */
Test(yield, a_handler_goes_on_as_a_run)
{
    World *world = world_new(HANDLER);

    world_run(world);
    world_expect_field(world, "B.log", "a1a2b2c1b4c2");
    world_free(world);
}

Test(yield, a_handlers_rest_that_fails_is_tried_five_times)
{
    World *world = world_new(HANDLER);

    world_fail_next(world, "Infra.Create", 5);
    world_run(world);
    const Instance *instance = runtime_find(world_runtime(world), "B", NULL);
    cr_expect_eq(instance->has->run_count, 0);
    cr_assert_eq(instance->has->dead_letter_count, 1);
    cr_expect_eq(instance->has->dead_letters[0].message->kind, MESSAGE_NAMED);
    cr_expect_eq(instance->has->dead_letters[0].message->arguments[0].integer, 1);
    world_expect_field(world, "B.log", "a1a2b4c2");
    world_free(world);
}

Test(yield, a_handlers_rest_that_faults_is_a_dead_letter)
{
    World *world = world_new("domain A { state { x: int } goal G { predicate x == 1 }"
                             "  transition T { x += 1 send B Note(0) } }"
                             "domain B { state { n: int } on message Note(k: int) { n = 5 yield"
                             "    n = 1 / k } }");

    world_run(world);
    cr_expect_eq(runtime_find(world_runtime(world), "B", NULL)->has->dead_letter_count, 1);
    world_expect_field(world, "B.n", "5");
    world_free(world);
}

Test(yield, in_a_timer)
{
    World *world = world_new("domain D { state { n: int } every 10s { n += 1 yield n += 10 } }");

    world_run_until(world, 21000);
    world_expect_field(world, "D.n", "22");
    world_free(world);
}

Test(yield, a_failed_slice_starts_again_behind_its_yield)
{
    World *world = world_new("domain D { state { n: int } goal G { predicate n == 12 }"
                             "  transition T { n += 1 yield let r = emit Infra.Create() n += 11 } "
                             "}");

    world_fail_next(world, "Infra.Create", 2);
    world_run(world);
    world_expect_field(world, "D.n", "12");
    world_expect_objects(world, "D.T.Create[0] ready\n");
    world_free(world);
}

#define HALF_DONE "domain D { state { n: int } goal G { predicate n == 11 }"

Test(yield, a_changed_text_ends_what_is_half_done)
{
    const char *rest[] = {"  transition T { n = 1 yield emit Infra.A() n = 11 } transition U { } }",
                          "  transition T { n = 1 yield emit Infra.A() n = 11  } }"};

    for (size_t i = 0; i < 2; i++) {
        World *world =
            world_new(HALF_DONE "  transition T { n = 1 yield emit Infra.A() n = 11 } }");
        char program[300];
        Error err;
        world_delay(world, "Infra.A", 100);
        world_fail_next(world, "Infra.A", 1);
        world_run_until(world, 150);
        cr_assert_eq(runtime_find(world_runtime(world), "D", NULL)->has->run_count, 1);
        snprintf(program, sizeof program, "%s%s", HALF_DONE, rest[i]);
        cr_assert(world_evolve(world, program, &err), "%s", err.message);
        cr_expect_eq(runtime_find(world_runtime(world), "D", NULL)->has->run_count, i == 0 ? 1 : 0);
        world_free(world);
    }
}

static void create_fails(World *world)
{
    world_fail_next(world, "Infra.Create", 2);
}

Test(yield, survives_a_crash_anywhere)
{
    crash_everywhere(COUNTS, NULL);
    crash_everywhere(HANDLER, create_fails);
}
