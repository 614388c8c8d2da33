/* Wherever the journal ends, a successor comes to what an uninterrupted run comes to: the same
 * state, the same objects, and the provider was asked for the same operations. */
#include <criterion/criterion.h>
#include <string.h>

#include "lang/base/memory.h"
#include "tests/lib/core/crash.h"

static void database_fails_twice(World *world)
{
    world_fail_next(world, "Infra.CreatePostgres", 2);
}

Test(crash, two_provisioners)
{
    crash_everywhere(
        "domain Database { state { status: string } goal Ready { predicate status == \"ready\" }"
        "  transition Boot_db { step { if status == \"pending\" { emit Infra.CreatePostgres()"
        "    emit Broadcast(Event::DatabaseReady) status = \"ready\" } } } }"
        "domain App { state { db_ready: bool  app_status: string }"
        "  goal Live { predicate db_ready == true && app_status == \"running\" }"
        "  on Event::DatabaseReady { db_ready = true }"
        "  transition Boot_app { step { if db_ready == true && app_status != \"running\" {"
        "    emit Infra.StartAppContainer() app_status = \"running\" } } } }",
        database_fails_twice);
}

static void second_fails(World *world)
{
    world_let_pass(world, "Infra.ProvisionWorker", 1);
    world_fail_next(world, "Infra.ProvisionWorker", 2);
}

Test(crash, a_pool)
{
    crash_everywhere("domain Pool { state { workers: int } goal G { predicate workers == 3 }"
                     "  transition Grow { emit Infra.ProvisionWorker() workers += 1 } }",
                     second_fails);
}

static void start_fails(World *world)
{
    world_result(world, "Infra.Create", "{\"host\":\"db1\"}");
    world_fail_next(world, "Infra.Start", 2);
}

Test(crash, awaited_results_and_what_an_abort_left)
{
    crash_everywhere("domain D { state { url: string } goal G { predicate url != \"\" }"
                     "  transition T { let db = emit Infra.Create()"
                     "    let app = emit Infra.Start(host: db.host) url = \"${app.address}\" } }",
                     start_fails);
}

static void charge(World *world)
{
    world_action(world, "Infra.Charge");
    world_action(world, "Infra.Note");
    world_fail_next(world, "Infra.Ship", 2);
}

Test(crash, actions_are_done_once)
{
    crash_everywhere(
        "domain D { state { n: int  sum: string } goal G { predicate n == 2 }"
        "  transition T { let r = emit Infra.Charge(amount: n) emit Infra.Note(idempotency_key: "
        "\"k\") emit Infra.Ship() sum = \"${sum}${r.address}\" n += 1 } }",
        charge);
}

static void check_fails(World *world)
{
    world_fail_next(world, "Infra.Check", 1);
}

Test(crash, an_else_that_goes_on)
{
    crash_everywhere(
        "domain D { state { note: string } goal G { predicate note != \"\" }"
        "  transition T { emit Infra.Check() else { note = error.code } emit Infra.Then()"
        "    let x = emit Infra.Last() note = \"${note}${x.address}\" } }",
        check_fails);
}

static void do_fails_for_ever(World *world)
{
    world_fail_next(world, "Infra.Do", 1000);
}

Test(crash, a_goal_that_fails_and_its_fallback)
{
    crash_everywhere(
        "domain D { state { a: bool  sorry: int }"
        "  goal G { predicate a strategy { Do } terminate_after 3 retries backoff 1s fallback "
        "Sorry } transition Do { emit Infra.Do() a = true }"
        "  transition Sorry { slice one { sorry += 1 } slice two { emit Infra.Tell() sorry += 1 } "
        "} }",
        do_fails_for_ever);
}

Test(crash, a_goal_whose_time_is_limited)
{
    crash_everywhere("domain D { state { a: bool  sorry: int }"
                     "  goal G { predicate a strategy { Do } terminate_after 10s backoff 3s "
                     "fallback Sorry }"
                     "  transition Do { emit Infra.Do() a = true } transition Sorry { sorry += 1 } "
                     "}",
                     do_fails_for_ever);
}

Test(crash, a_handler_until_its_dead_letter)
{
    crash_everywhere("domain A { state { n: int } transition Boot { emit Infra.First() "
                     "  emit Broadcast(Event::Go(x: 3)) send B Hear } }"
                     "domain B { state { n: int } on Event::Go(x) { emit Infra.Do(x: x) n += x }"
                     "  transition Hear { n += 1 } }",
                     do_fails_for_ever);
}

Test(crash, messages_runs_and_high_ones)
{
    crash_everywhere(
        "domain A { state { n: int } goal G { predicate n == 3 }"
        "  transition T { n += 1 send B Work(n) send_high B Quick(n) } }"
        "domain B { state { order: string }"
        "  transition Work(x: int) { slice one { order = \"${order} ${x}\" emit Infra.Do(x: x) }"
        "    slice two { order = \"${order} ${x}'\" } }"
        "  transition Quick(x: int) { order = \"${order} q${x}\" } }",
        NULL);
}

static void worker_dies(World *world)
{
    world_lose_at(world, 1000, "Pool.Grow.ProvisionWorker[1]");
    world_lose_at(world, 1010, "Pool.Grow.ProvisionWorker[0]");
    world_lose_at(world, 1010, "Pool.Grow.ProvisionWorker[2]");
    world_let_pass(world, "Infra.ProvisionWorker", 3);
    world_fail_next(world, "Infra.ProvisionWorker", 2);
}

Test(crash, repairs)
{
    crash_everywhere("domain Pool { state { workers: int } goal G { predicate workers == 3 }"
                     "  transition Grow { emit Infra.ProvisionWorker() workers += 1 } }",
                     worker_dies);
}

static void server_has_net(World *world)
{
    world_defaults(world, "Infra.Server", "{\"net\":\"${resource.Net.address}\"}");
    world_fail_next(world, "Infra.Net", 1);
}

Test(crash, references_to_resources)
{
    crash_everywhere("domain Base { state { up: bool } goal G { predicate up }"
                     "  transition T { emit Infra.Net() up = true } }"
                     "domain App { state { up: bool } goal G { predicate up }"
                     "  transition T { let w = emit Infra.Wait() emit Infra.Server() up = true } }",
                     server_has_net);
}

Test(crash, faults_and_blocked_transitions)
{
    crash_everywhere("domain D { state { n: int  by: int } goal G { predicate n == 2 }"
                     "  transition Idle { emit Log(\"idle\") } transition T { n = 4 / by }"
                     "  on Event::By(x) { by = x } }"
                     "domain E { state { n: int } goal G { predicate n == 2 priority low }"
                     "  transition T { n += 1 emit Broadcast(Event::By(x: n)) } }",
                     NULL);
}

Test(crash, boot_with_several_slices)
{
    crash_everywhere(
        "domain D { state { n: int } goal G { predicate n == 12 }"
        "  transition Boot { slice one { n = 5 } slice two { emit Infra.Do() n += 5 } }"
        "  transition T { n += 1 } }",
        NULL);
}

/* A destroy is asked for again by whoever had asked for it; so the crashes are in the middle. */
Test(crash, destruction)
{
    const char *program = "domain Base { state { up: bool } goal G { predicate up }"
                          "  transition T { emit Infra.Net() emit Infra.Disk() up = true } }"
                          "domain App { state { up: bool } goal G { predicate up }"
                          "  transition T { emit Infra.Server() up = true } }";
    World *whole = world_new(program);

    world_run(whole);
    size_t begin = world_records(whole);
    world_destroy(whole);
    cleanup(free) char *outcome = world_outcome(whole);
    cr_assert_eq(world_operations(whole, NULL), 6);
    for (size_t records = begin; records < world_records(whole); records++)
        for (int variant = 0; variant < 4; variant++) {
            World *world = world_crashed(whole, records, variant & 1, variant & 2);
            world_destroy(world);
            cleanup(free) char *found = world_outcome(world);
            cr_assert_str_eq(found, outcome, "after %zu records: %s", records, world_trace(world));
            world_free(world);
        }
    world_free(whole);
}

/* The next run of a person, not of a controller: with a begin record of its own. */
Test(crash, another_run_comes_to_the_same_objects)
{
    World *whole = world_new("domain Pool { state { workers: int } goal G { predicate workers == 3 "
                             "} transition Grow { emit Infra.ProvisionWorker() workers += 1 } }");

    world_run(whole);
    for (size_t records = 0; records <= world_records(whole); records++) {
        World *world = world_crashed(whole, records, false, true);
        world_begin(world);
        world_run(world);
        cr_expect_eq(world_operations(world, NULL), 3);
        world_expect_field(world, "Pool.workers", "3");
        for (size_t i = 0; i < 3; i++)
            cr_expect_str_eq(world_operation(world, i), world_operation(whole, i));
        world_free(world);
    }
    world_free(whole);
}

Test(crash, a_second_crash_is_as_good_as_the_first)
{
    World *world = world_new("domain D { state { n: int } goal G { predicate n == 4 }"
                             "  transition T { let r = emit Infra.Do(n: n) n += 1 } }");

    for (uint64_t now = 5; now < 100; now += 5) {
        world_run_until(world, now);
        if (now % 10 == 5)
            world_recover(world);
        else
            world_restore(world);
    }
    world_run(world);
    world_expect_field(world, "D.n", "4");
    cr_expect_eq(world_operations(world, NULL), 4);
    world_free(world);
}

/* The database is there once it has been made; whoever asks is answered at once, so that asking
 * again takes no time. */
static void status_follows(World *world)
{
    world_fact_delay(world, 0);
    world_fact(world, "Infra.status(\"db\")", "\"absent\"");
    world_fact_at(world, 15, "Infra.status(\"db\")", "\"up\"");
    world_fact(world, "Infra.zone()", "\"a\"");
}

Test(crash, facts)
{
    crash_everywhere("domain Database { goal Up { predicate Infra.status(\"db\") == \"up\" }"
                     "  transition Make { let db = emit Infra.Create(zone: Infra.zone())"
                     "    emit Infra.Note(zone: Infra.zone(), of: db.address) } }"
                     "domain App { state { served: bool } goal Live { predicate served }"
                     "  transition Watch { if Infra.status(\"db\") == \"up\" { served = true } } }",
                     status_follows);
}
