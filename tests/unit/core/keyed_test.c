/* Instances of keyed domains: how they come into being, are told apart, and end. */
#include <criterion/criterion.h>
#include <string.h>

#include "lang/base/memory.h"
#include "tests/lib/core/crash.h"

#define WORKERS                                                                                    \
    "domain Pool { state { asked: int } goal G { predicate asked == 2 }"                           \
    "  transition Ask { asked += 1 send W[\"w${asked}\"] Work(asked * 10) } }"                     \
    "domain W[id: string] { state { done: int  name: string }"                                     \
    "  transition Work(n: int) { name = id done += n } }"

Test(keyed, the_first_message_for_a_key_makes_its_instance)
{
    World *world = world_new(WORKERS);

    world_run(world);
    world_expect(world, "[    0] Pool: goal G; transition Ask\n"
                        "[    0] Pool: goal G; transition Ask\n"
                        "[    0] W[\"w1\"]: message Work\n"
                        "[    0] W[\"w2\"]: message Work\n");
    world_expect_field(world, "W[\"w1\"].done", "10");
    world_expect_field(world, "W[\"w2\"].done", "20");
    world_expect_field(world, "W[\"w2\"].name", "w2");
    cr_expect_eq(instance_count(world_runtime(world)), 3);
    world_free(world);
}

Test(keyed, none_exists_before_anything_is_said_to_it)
{
    World *world = world_new("domain W[id: string] { state { n: int } transition T { n = 1 } }"
                             "domain A { state { x: int } goal G { predicate x == 1 }"
                             "  transition T { x = 1 } }");

    world_run(world);
    cr_expect_null(runtime_find(world_runtime(world), "W", "a"));
    cr_expect_eq(instance_count(world_runtime(world)), 1);
    world_free(world);
}

#define SPAWN                                                                                      \
    "domain A { state { x: int } goal G { predicate x == 2 }"                                      \
    "  transition T { x += 1 spawn W[\"a\"] { n = x * 7 } } }"                                     \
    "domain W[id: string] { state { n: int  m: int = 5  boots: int }"                              \
    "  transition Boot { boots += 1 } }"

Test(keyed, spawn_gives_first_values_and_does_nothing_if_it_exists)
{
    World *world = world_new(SPAWN);

    world_run(world);
    world_expect_field(world, "W[\"a\"].n", "7");
    world_expect_field(world, "W[\"a\"].m", "5");
    world_expect_field(world, "W[\"a\"].boots", "1");
    world_free(world);
}

Test(keyed, system_starts_instances_with_values)
{
    World *world = world_new("domain W[id: string] { state { n: int  m: int = 5 }"
                             "  goal G { predicate m == n } transition T { m = n } }"
                             "system S { start domain W[\"a\"] { n = 3 } start domain W[\"b\"] }");

    world_run(world);
    world_expect_field(world, "W[\"a\"].m", "3");
    world_expect_field(world, "W[\"b\"].m", "0");
    world_free(world);
}

Test(keyed, an_event_goes_to_every_instance_that_exists)
{
    World *world = world_new("event Tick retain none\n"
                             "domain A { state { x: int } goal G { predicate x == 3 }"
                             "  transition T { x += 1 if x == 2 { emit Broadcast(Event::Tick) }"
                             "    spawn W[\"w${x}\"] { } } }"
                             "domain W[id: string] { state { heard: int }"
                             "  on Event::Tick { heard += 1 } }");

    world_run(world);
    world_expect_field(world, "W[\"w1\"].heard", "1");
    world_expect_field(world, "W[\"w2\"].heard", "0");
    world_expect_field(world, "W[\"w3\"].heard", "0");
    world_free(world);
}

Test(keyed, one_that_starts_later_hears_what_was_last_said)
{
    World *world = world_new("domain A { state { x: int } goal G { predicate x == 3 }"
                             "  transition T { x += 1 emit Broadcast(Event::Tick(n: x))"
                             "    if x == 2 { spawn W[\"w\"] { } } } }"
                             "domain W[id: string] { state { sum: int }"
                             "  on Event::Tick(n) { sum = sum * 10 + n } }");

    world_run(world);
    world_expect_field(world, "W[\"w\"].sum", "23");
    world_free(world);
}

Test(keyed, a_message_to_itself_stays_in_its_instance)
{
    World *world =
        world_new("domain A { state { x: int } goal G { predicate x == 2 }"
                  "  transition T { x += 1 send W[\"k${x}\"] Go(x) } }"
                  "domain W[id: string] { state { n: int }"
                  "  transition Go(by: int) { n += by if n < 10 { send self Go(by) } } }");

    world_run(world);
    world_expect_field(world, "W[\"k1\"].n", "10");
    world_expect_field(world, "W[\"k2\"].n", "10");
    world_free(world);
}

#define OWNERS                                                                                     \
    "domain A { state { x: int } goal G { predicate x == 2 }"                                      \
    "  transition T { x += 1 send W[\"k${x}\"] Make() } }"                                         \
    "domain W[id: string] { state { n: int }"                                                      \
    "  transition Make { emit Infra.Create(id) emit Infra.Volume(name: \"data\") n += 1 }"         \
    "  transition Quit { stop } }"

Test(keyed, objects_belong_to_their_instance)
{
    World *world = world_new(OWNERS);

    world_run(world);
    world_expect_objects(world, "W[\"k1\"].Make.Create[0] ready\n"
                                "W[\"k1\"].Volume[\"data\"] ready\n"
                                "W[\"k2\"].Make.Create[0] ready\n"
                                "W[\"k2\"].Volume[\"data\"] ready\n");
    world_free(world);
}

/* ---- stop ---- */

#define STOPS                                                                                      \
    "domain A { state { x: int } goal G { predicate x == 3 }"                                      \
    "  transition T { x += 1 if x == 1 { send W[\"k\"] Make() } if x == 2 { send W[\"k\"] Quit()"  \
    "    send W[\"k\"] Note() } if x == 3 { send W[\"k\"] Note() } } }"                            \
    "domain W[id: string] { state { n: int }"                                                      \
    "  transition Make { emit Infra.Create() emit Infra.Volume() n += 1 }"                         \
    "  transition Note { n += 100 emit Log(\"noted ${n}\") }"                                      \
    "  transition Quit { n += 10 stop } }"

Test(keyed, a_stopped_instance_gives_back_what_it_has_and_is_gone)
{
    World *world = world_new(STOPS);

    world_run_until(world, 1);
    world_run(world);
    world_expect_objects(world, "");
    world_expect_calls(world, "put W[\"k\"].Make.Create[0] {}\n"
                              "put W[\"k\"].Make.Volume[0] {}\n"
                              "delete W[\"k\"].Make.Volume[0] {}\n"
                              "delete W[\"k\"].Make.Create[0] {}\n");
    cr_expect_null(runtime_find(world_runtime(world), "W", "k"));
    cr_expect_not_null(strstr(world_trace(world), "W[\"k\"]: stopped\n"));
    cr_expect_not_null(strstr(world_trace(world), "log noted 111\n"),
                       "what waited was handled first:\n%s", world_trace(world));
    world_free(world);
}

Test(keyed, a_later_message_makes_it_anew)
{
    World *world = world_new("domain A { state { x: int } goal G { predicate x == 30 }"
                             "  transition T { x += 1 if x == 1 { send W[\"k\"] Quit() }"
                             "    if x == 30 { send W[\"k\"] Note() } } }"
                             "domain W[id: string] { state { n: int }"
                             "  transition Note { n += 1 } transition Quit { n = 50 stop } }");

    world_run(world);
    world_expect_field(world, "W[\"k\"].n", "1");
    world_free(world);
}

Test(keyed, a_release_that_fails_is_tried_again)
{
    World *world = world_new("domain A { state { x: int } goal G { predicate x == 1 }"
                             "  transition T { x += 1 send W[\"k\"] Make() } }"
                             "domain W[id: string] { state { n: int }"
                             "  transition Make { emit Infra.Create() stop } }");

    world_let_pass(world, "Infra.Create", 1);
    world_fail_next(world, "Infra.Create", 2);
    world_run(world);
    cr_expect_null(runtime_find(world_runtime(world), "W", "k"));
    cr_expect_eq(world_operations(world, NULL), 4, "made once, released at the third try");
    world_free(world);
}

/* ---- crashes ---- */

Test(keyed, survives_a_crash_anywhere)
{
    crash_everywhere(WORKERS, NULL);
    crash_everywhere(SPAWN, NULL);
    crash_everywhere(OWNERS, NULL);
    crash_everywhere(STOPS, NULL);
}

Test(keyed, system_starts_an_instance_once)
{
    World *world = world_new("domain W[id: string] { state { n: int } goal G { predicate n == 1 }"
                             "  transition T { n = 1 stop } }"
                             "system S { start domain W[\"a\"] }");

    world_run(world);
    world_restore(world);
    world_begin(world);
    world_run(world);
    cr_expect_eq(instance_count(world_runtime(world)), 0);
    world_free(world);
}

Test(keyed, order_between_instances_is_by_key)
{
    World *world = world_new(
        "domain A { state { x: int } goal G { predicate x == 1 }"
        "  transition T { x += 1 send W[\"b\"] Go() send W[\"c\"] Go() send W[\"a\"] Go() } }"
        "domain W[id: string] { state { n: int } transition Go { n += 1 } }");

    world_run(world);
    world_expect(world, "[    0] A: goal G; transition T\n"
                        "[    0] W[\"a\"]: message Go\n"
                        "[    0] W[\"b\"]: message Go\n"
                        "[    0] W[\"c\"]: message Go\n");
    world_free(world);
}

Test(keyed, too_long_a_key_is_a_fault)
{
    cleanup(free) char *text =
        memory_format("domain A { state { x: int } goal G { predicate x == 1 }"
                      "  transition T { x += 1 spawn W[\"%01030d\"] { } } }"
                      "domain W[id: string] { state { n: int } }",
                      7);
    World *world = world_new(text);

    world_run(world);
    cr_expect_not_null(strstr(world_trace(world), "has 1030 bytes: expected at most 1024"), "%s",
                       world_trace(world));
    cr_expect_eq(instance_count(world_runtime(world)), 1);
    world_free(world);
}

/* ---- at the edges ---- */

#define LATE                                                                                       \
    "domain A { state { x: int } goal G { predicate x == 2 }"                                      \
    "  transition T { x += 1 if x == 1 { send W[\"k\"] Make() } else { emit Infra.Wait()"          \
    "    send W[\"k\"] Note() } } }"                                                               \
    "domain W[id: string] { state { n: int }"                                                      \
    "  transition Make { emit Infra.Create() n += 1 stop }"                                        \
    "  transition Note { n += 10 emit Log(\"noted ${n}\") } }"

static void release_takes_long(World *world)
{
    world_delay(world, "Infra.Create", 100);
    world_delay(world, "Infra.Wait", 150);
}

Test(keyed, one_that_is_ending_hears_what_still_comes)
{
    World *world = world_new(LATE);

    release_takes_long(world);
    world_run(world);
    cr_expect_not_null(strstr(world_trace(world), "[  200] W[\"k\"]: message Note\n"
                                                  "[  200] W[\"k\"]: log noted 11\n"
                                                  "[  200] W[\"k\"]: stopped\n"),
                       "%s", world_trace(world));
    world_free(world);
    crash_everywhere(LATE, release_takes_long);
}

Test(keyed, two_instances_that_loop_are_proved_to)
{
    World *world =
        world_new("domain W[id: string] { state { n: int } goal G { predicate n == 2 }"
                  "  transition Go(to: string) { n = 1 - n send W[to] Go(id) } }"
                  "system S { start domain W[\"a\"] start domain W[\"b\"] start domain A }"
                  "domain A { state { x: int } goal G { predicate x == 1 }"
                  "  transition T { x = 1 send W[\"a\"] Go(\"b\") } }");

    world_run(world);
    cr_expect_not_null(strstr(world_trace(world), "loops, oscillating"), "%s", world_trace(world));
    cr_expect(convergence_rests(runtime_find(world_runtime(world), "W", "a")) != NULL);
    cr_expect(convergence_rests(runtime_find(world_runtime(world), "W", "b")) != NULL);
    world_free(world);
}

#define ASKS                                                                                       \
    "domain A { state { x: int } goal G { predicate x == 2 }"                                      \
    "  transition T { x += 1 send W[\"k${x}\"] Go() } }"

static World *evolved(const char *first, const char *second)
{
    World *world = world_new(first);
    Error err = {0};

    world_run(world);
    cr_assert(world_evolve(world, second, &err), "%s", err.message);
    world_run(world);
    return world;
}

Test(keyed, of_a_domain_that_is_gone_every_instance_ends_with_its_objects)
{
    World *world = evolved(OWNERS, "domain A { state { x: int } goal G { predicate x == 2 }"
                                   "  transition T { x += 1 } }");

    world_expect_objects(world, "");
    cr_expect_eq(instance_count(world_runtime(world)), 1);
    world_free(world);
}

Test(keyed, a_domain_that_loses_its_key_is_another)
{
    World *world = evolved(ASKS "domain W[id: string] { state { n: int } transition Go { n = 1 } }",
                           "domain A { state { x: int } goal G { predicate x == 2 }"
                           "  transition T { x += 1 } }"
                           "domain W { state { n: int } transition Go { n = 1 } }");

    cr_expect_null(runtime_find(world_runtime(world), "W", "k1"));
    world_free(world);
}

#define POOL                                                                                       \
    "domain W[id: string] { state { size: int  n: int } goal G { predicate n == 1 }"               \
    "  transition Go { emit Infra.Make(size: size) n = 1 } }"

Test(keyed, one_that_system_does_not_start_any_more_stops)
{
    World *world = evolved(POOL "system S { start domain W[\"a\"] start domain W[\"b\"] }",
                           POOL "system S { start domain W[\"b\"] }");

    world_expect_objects(world, "W[\"b\"].Go.Make[0] ready\n");
    cr_expect_null(runtime_find(world_runtime(world), "W", "a"));
    world_free(world);
}

Test(keyed, one_that_system_starts_takes_other_parameters_over)
{
    World *world = evolved(POOL "system S { start domain W[\"a\"] { size = 1 } }",
                           POOL "system S { start domain W[\"a\"] { size = 2 } }");

    world_expect_calls(world, "put W[\"a\"].Go.Make[0] {\"size\":1}\n"
                              "put W[\"a\"].Go.Make[0] {\"size\":2}\n");
    world_free(world);
}

Test(keyed, a_changed_program_keeps_what_an_instance_began_with)
{
    World *world = world_new("domain A { state { x: int } goal G { predicate x == 1 }"
                             "  transition T { x += 1 spawn W[\"k\"] { size = 7 } } }"
                             "domain W[id: string] { state { size: int  n: int }"
                             "  transition Go { n = size } }");
    Error err = {0};

    world_run(world);
    cr_assert(world_evolve(world,
                           "domain A { state { x: int } goal G { predicate x == 1 }"
                           "  transition T { x += 1 spawn W[\"k\"] { size = 8 } } }"
                           "domain W[id: string] { state { size: int  n: int }"
                           "  goal G { predicate n == size } transition Go { n = size } }",
                           &err),
              "%s", err.message);
    world_run(world);
    world_expect_field(world, "W[\"k\"].n", "7");
    world_free(world);
}

Test(keyed, a_start_that_system_has_later_is_made_later)
{
    World *world = world_new("domain W[id: string] { state { n: int } }"
                             "system S { start domain W[\"a\"] }");
    Error err = {0};

    world_run(world);
    cr_assert(world_evolve(world,
                           "domain W[id: string] { state { n: int } }"
                           "system S { start domain W[\"a\"] start domain W[\"b\"] { n = 4 } }",
                           &err),
              "%s", err.message);
    world_run(world);
    world_expect_field(world, "W[\"b\"].n", "4");
    cr_expect_eq(instance_count(world_runtime(world)), 2);
    world_free(world);
}

Test(keyed, a_destroy_forgets_all_instances_and_starts_them_again)
{
    World *world = world_new("domain W[id: string] { state { n: int } goal G { predicate n == 1 }"
                             "  transition T { emit Infra.Create() n = 1 } }"
                             "system S { start domain W[\"a\"] }");

    world_run(world);
    world_destroy(world);
    cr_expect_eq(instance_count(world_runtime(world)), 0);
    world_run(world);
    world_expect_objects(world, "W[\"a\"].T.Create[0] ready\n");
    world_free(world);
}
