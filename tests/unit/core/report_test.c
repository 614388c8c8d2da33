/* What the runtime tells handlers about effects: failed, lost, changed. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/lib/core/crash.h"

#define FAILED                                                                                     \
    "domain D { state { n: int  code: string  where: string  times: int }"                         \
    "  goal G { predicate n == 1 } transition T { emit Infra.Create() n = 1 }"                     \
    "  on Infra.failed(e) { times += 1 code = e.code where = e.address } }"

static void create_fails_twice(World *world)
{
    world_fail_next(world, "Infra.Create", 2);
}

Test(report, each_failed_attempt_is_told)
{
    World *world = world_new(FAILED);

    create_fails_twice(world);
    world_run(world);
    world_expect_field(world, "D.times", "2");
    world_expect_field(world, "D.code", "INJECTED");
    world_expect_field(world, "D.where", "D.T.Create[0]");
    world_expect_field(world, "D.n", "1");
    world_free(world);
}

Test(report, a_failure_that_is_handled_is_none)
{
    World *world = world_new("domain D { state { n: int  times: int }"
                             "  goal G { predicate n == 1 }"
                             "  transition T { emit Infra.Create() else { } n = 1 }"
                             "  on Infra.failed(e) { times += 1 } }");

    world_fail_next(world, "Infra.Create", 1);
    world_run(world);
    world_expect_field(world, "D.times", "0");
    world_free(world);
}

Test(report, a_handler_of_failures_is_not_told_of_its_own)
{
    World *world = world_new("domain D { state { n: int  times: int } goal G { predicate n == 1 }"
                             "  transition T { emit Infra.Create() n = 1 }"
                             "  on Infra.failed(e) { emit Infra.Tell() times += 1 } }");

    world_fail_next(world, "Infra.Create", 1);
    world_fail_next(world, "Infra.Tell", 5);
    world_run(world);
    cr_expect_eq(world_operations(world, "Infra.Tell"), 5, "tried five times, then a dead letter");
    cr_expect_eq(runtime_find(world_runtime(world), "D", NULL)->has->dead_letter_count, 1);
    world_expect_field(world, "D.n", "1");
    world_free(world);
}

#define LOST                                                                                       \
    "domain D { state { n: int  name: string  seen: int } goal G { predicate n >= 1 }"             \
    "  transition T { emit Infra.Create(size: 4) n += 1 }"                                         \
    "  on Infra.lost(r) { seen += r.inputs.size name = r.address } }"

static void lose_it(World *world)
{
    world_lose_at(world, 1000, "D.T.Create[0]");
}

Test(report, a_lost_object_is_told_before_it_is_repaired)
{
    World *world = world_new(LOST);

    lose_it(world);
    world_run(world);
    world_expect_field(world, "D.seen", "4");
    world_expect_field(world, "D.name", "D.T.Create[0]");
    world_expect_objects(world, "D.T.Create[0] ready\n");
    const char *heard = strstr(world_trace(world), "D: on Infra.lost\n");
    const char *repaired = strstr(world_trace(world), "D: repair of what was lost\n");
    cr_assert(heard != NULL && repaired != NULL && heard < repaired, "%s", world_trace(world));
    world_free(world);
}

Test(report, what_the_handler_makes_again_is_not_repaired)
{
    World *world = world_new("domain D { state { n: int } goal G { predicate n == 1 }"
                             "  transition T { emit Infra.Create(name: \"db\") n = 1 }"
                             "  on Infra.lost(r) { emit Infra.Create(name: r.name) } }");

    world_lose_at(world, 1000, "D.Create[\"db\"]");
    world_run(world);
    world_expect_objects(world, "D.Create[\"db\"] ready\n");
    cr_expect_null(strstr(world_trace(world), "repair"), "%s", world_trace(world));
    cr_expect_eq(world_operations(world, "Infra.Create"), 2);
    world_free(world);
}

Test(report, what_the_handler_releases_is_not_repaired)
{
    World *world = world_new("domain D { state { n: int } goal G { predicate n == 1 }"
                             "  transition T { emit Infra.Create(name: \"db\") n = 1 }"
                             "  on Infra.lost(r) { release Infra.Create(name: r.name) } }");

    world_lose_at(world, 1000, "D.Create[\"db\"]");
    world_run(world);
    world_expect_objects(world, "");
    world_free(world);
}

Test(report, a_changed_object_is_told_with_what_it_is_now)
{
    World *world = world_new("domain D { state { n: int  port: int } goal G { predicate n == 1 }"
                             "  transition T { emit Infra.Create() n = 1 }"
                             "  on Infra.changed(r) { port = r.outputs.port } }");

    world_run(world);
    world_forget(world);
    world_change_now(world, "D.T.Create[0]", "{\"port\":5433}");
    world_run(world);
    world_expect_field(world, "D.port", "5433");
    world_expect(world, "[   20] D: changed D.T.Create[0]\n[   20] D: on Infra.changed\n");
    world_free(world);
}

Test(report, it_overtakes_what_waits)
{
    World *world = world_new(
        "domain A { state { x: int } goal G { predicate x == 1 }"
        "  transition T { x += 1 send D Go() send D Go() } }"
        "domain D { state { log: string } transition Go { emit Infra.Create() log = \"${log}g\" }"
        "  on Infra.failed(e) { log = \"${log}f\" } }");

    world_fail_next(world, "Infra.Create", 1);
    world_run(world);
    world_expect_field(world, "D.log", "fgg");
    world_free(world);
}

Test(report, survives_a_crash_anywhere)
{
    crash_everywhere(FAILED, create_fails_twice);
    crash_everywhere(LOST, lose_it);
}
