/* Which object an emission means, what becomes of lost ones, and the end of all of them. */
#include <criterion/criterion.h>
#include <string.h>

#include "controller/core/keys.h"
#include "lang/base/memory.h"
#include "tests/lib/core/world.h"

#define POOL                                                                                       \
    "domain Pool { state { workers: int } goal G { predicate workers == 3 backoff 1s }"            \
    "  transition Grow { emit Infra.ProvisionWorker() workers += 1 } }"

Test(objects, a_pool_of_three_has_three)
{
    World *world = world_new(POOL);

    world_run(world);
    world_expect_objects(world, "Pool.Grow.ProvisionWorker[0] ready\n"
                                "Pool.Grow.ProvisionWorker[1] ready\n"
                                "Pool.Grow.ProvisionWorker[2] ready\n");
    cr_expect_eq(world_operations(world, NULL), 3);
    world_free(world);
}

Test(objects, a_pool_whose_count_nothing_assigns_makes_one_and_sleeps)
{
    World *world =
        world_new("domain Pool { state { workers: int } goal G { predicate workers == 5 }"
                  "  transition Grow { emit Infra.ProvisionWorker() } }");

    world_run(world);
    world_expect_objects(world, "Pool.Grow.ProvisionWorker[0] ready\n");
    world_expect_goal(world, "Pool.G", "blocked");
    cr_expect_not(runtime_is_runnable(world_runtime(world)));
    cr_expect_eq(runtime_next_wake(world_runtime(world)), 0);
    world_free(world);
}

Test(objects, several_emissions_of_one_place_in_a_slice_are_several_objects)
{
    World *world = world_new("domain D { state { done: bool } goal G { predicate done }"
                             "  transition T { let i = 0 while i < 3 { emit Infra.Make(n: i) i += "
                             "1 } done = true } }");

    world_run(world);
    world_expect_calls(world, "put D.T.Make[0] {\"n\":0}\nput D.T.Make[1] {\"n\":1}\n"
                              "put D.T.Make[2] {\"n\":2}\n");
    world_free(world);
}

Test(objects, a_name_means_the_same_object_again)
{
    World *world = world_new("domain D { state { n: int } goal G { predicate n == 2 }"
                             "  transition T { n += 1 emit Infra.Make(name: \"main\", size: n) } "
                             "}");

    world_run(world);
    world_expect_objects(world, "D.Make[\"main\"] ready\n");
    world_expect_calls(world, "put D.Make[\"main\"] {\"size\":1}\n"
                              "put D.Make[\"main\"] {\"size\":2}\n");
    cr_expect_str_neq(world_operation(world, 0), world_operation(world, 1));
    cr_expect_eq(world_object(world, "D.Make[\"main\"]")->generation, 2);
    cr_expect_str_eq(world_object(world, "D.Make[\"main\"]")->inputs, "{\"size\":2}");
    world_free(world);
}

Test(objects, a_name_emitted_twice_in_one_slice_is_one_object)
{
    World *world = world_new("domain D { state { n: int } goal G { predicate n == 1 }"
                             "  transition T { emit Infra.Make(name: \"main\", size: 1)"
                             "    emit Infra.Make(name: \"main\", size: 2) else { n = 0 } n = 1 } "
                             "}");

    world_let_pass(world, "Infra.Make", 1);
    world_fail_next(world, "Infra.Make", 1);
    world_run(world);
    world_expect_objects(world, "D.Make[\"main\"] ready\n");
    cr_expect_str_eq(world_object(world, "D.Make[\"main\"]")->inputs, "{\"size\":1}");
    world_free(world);
}

Test(objects, the_same_name_in_two_domains_is_two_objects)
{
    World *world = world_new("domain A { state { n: int } goal G { predicate n == 1 }"
                             "  transition T { n += 1 emit Infra.Make(name: \"main\") } }"
                             "domain B { state { n: int } goal G { predicate n == 1 }"
                             "  transition T { n += 1 emit Infra.Make(name: \"main\") } }");

    world_run(world);
    world_expect_objects(world, "A.Make[\"main\"] ready\nB.Make[\"main\"] ready\n");
    world_free(world);
}

Test(objects, what_an_aborted_attempt_made_is_taken_up_and_no_second_made)
{
    World *world = world_new(
        "domain D { state { n: int  size: int = 1 } goal G { predicate n == 1 backoff 1s }"
        "  transition T { emit Infra.Make(size: size) emit Infra.Check() n = 1 }"
        "  on Event::Bigger { size = 2 } }"
        "domain E { state { n: int } goal G { predicate n == 1 }"
        "  transition T { emit Infra.Wait() emit Broadcast(Event::Bigger) n = 1 } }");

    world_delay(world, "Infra.Wait", 500);
    world_fail_next(world, "Infra.Check", 2);
    world_run_until(world, 600);
    world_expect_objects(world, "D.T.Make[0] left\nE.T.Wait[0] ready\n");
    world_run(world);
    world_expect_objects(world, "D.T.Make[0] ready\nE.T.Wait[0] ready\nD.T.Check[0] ready\n");
    cr_expect_eq(world_operations(world, "Infra.Make"), 3, "asked for in each attempt");
    cr_expect_str_eq(world_object(world, "D.T.Make[0]")->inputs, "{\"size\":2}");
    world_free(world);
}

Test(objects, what_failed_to_be_made_is_no_object)
{
    World *world = world_new(POOL);

    world_fail_next(world, "Infra.ProvisionWorker", 1);
    world_run_until(world, 30);
    world_expect_objects(world, "");
    world_run(world);
    world_expect_objects(world, "Pool.Grow.ProvisionWorker[0] ready\n"
                                "Pool.Grow.ProvisionWorker[1] ready\n"
                                "Pool.Grow.ProvisionWorker[2] ready\n");
    world_free(world);
}

Test(objects, a_failed_update_leaves_the_object_ready)
{
    World *world =
        world_new("domain D { state { n: int } goal G { predicate n == 2 backoff 1s }"
                  "  transition T { emit Infra.Make(name: \"main\", size: n) n += 1 } }");

    world_let_pass(world, "Infra.Make", 1);
    world_fail_next(world, "Infra.Make", 1);
    world_run_until(world, 500);
    world_expect_objects(world, "D.Make[\"main\"] ready\n");
    cr_expect_str_eq(world_object(world, "D.Make[\"main\"]")->inputs, "{\"size\":0}");
    world_free(world);
}

/* A worker that died is the one that the next emission replaces. */
Test(objects, a_lost_object_of_the_place_is_taken_before_a_new_one)
{
    World *world = world_new("domain Pool { state { workers: int  heard: int }"
                             "  goal G { predicate workers == 3 }"
                             "  transition Grow { emit Infra.ProvisionWorker() workers += 1 } }");

    world_delay(world, "Infra.ProvisionWorker", 100);
    world_lose_at(world, 150, "Pool.Grow.ProvisionWorker[0]");
    world_run(world);
    world_expect(world, "[    0] put Pool.Grow.ProvisionWorker[0]\n"
                        "[  100] Pool: goal G; transition Grow\n"
                        "[  100] put Pool.Grow.ProvisionWorker[1]\n"
                        "[  150] Pool: lost Pool.Grow.ProvisionWorker[0]\n"
                        "[  200] Pool: goal G; transition Grow\n"
                        "[  200] put Pool.Grow.ProvisionWorker[0]\n"
                        "[  300] Pool: goal G; transition Grow\n");
    world_expect_objects(world, "Pool.Grow.ProvisionWorker[0] ready\n"
                                "Pool.Grow.ProvisionWorker[1] ready\n");
    world_free(world);
}

Test(objects, a_lost_object_is_made_again_when_its_domain_is_idle)
{
    World *world = world_new(POOL);

    world_lose_at(world, 1000, "Pool.Grow.ProvisionWorker[1]");
    world_run_until(world, 999);
    world_forget(world);
    world_run(world);
    world_expect(world, "[ 1000] Pool: lost Pool.Grow.ProvisionWorker[1]\n"
                        "[ 1000] put Pool.Grow.ProvisionWorker[1]\n"
                        "[ 1020] Pool: repair of what was lost\n");
    world_expect_objects(world, "Pool.Grow.ProvisionWorker[0] ready\n"
                                "Pool.Grow.ProvisionWorker[1] ready\n"
                                "Pool.Grow.ProvisionWorker[2] ready\n");
    cr_expect_eq(world_operations(world, NULL), 4);
    cr_expect_eq(world_object(world, "Pool.Grow.ProvisionWorker[1]")->rank, 2);
    world_free(world);
}

Test(objects, one_that_is_there_again_is_not_made_again)
{
    World *world =
        world_new("domain D { state { n: int } goal G { predicate n == 2 strategy { T U } }"
                  "  transition T { if n == 0 { emit Infra.Make() n = 1 } }"
                  "  transition U { emit Infra.Slow() n = 2 } }");

    world_delay(world, "Infra.Slow", 1000);
    world_lose_at(world, 100, "D.T.Make[0]");
    world_find_at(world, 200, "D.T.Make[0]");
    world_run(world);
    cr_expect_eq(world_operations(world, "Infra.Make"), 1);
    world_expect_objects(world, "D.T.Make[0] ready\nD.U.Slow[0] ready\n");
    world_free(world);
}

#define CHAIN                                                                                      \
    "domain Base { state { up: bool } goal G { predicate up }"                                     \
    "  transition T { emit Infra.Net() emit Broadcast(Event::Net) up = true } }"                   \
    "domain App { state { net: bool  up: bool } goal G { predicate up }"                           \
    "  on Event::Net { net = true } transition T { if net { emit Infra.Server() up = true } } }"

Test(objects, lost_objects_are_made_again_from_the_lowest_rank_up)
{
    World *world = world_new(CHAIN);

    world_lose_at(world, 1000, "App.T.Server[0]");
    world_lose_at(world, 1000, "Base.T.Net[0]");
    world_delay(world, "Infra.Server", 100);
    world_run_until(world, 999);
    world_forget(world);
    world_run(world);
    world_expect(world, "[ 1000] App: lost App.T.Server[0]\n"
                        "[ 1000] put App.T.Server[0]\n"
                        "[ 1000] Base: lost Base.T.Net[0]\n"
                        "[ 1000] put Base.T.Net[0]\n"
                        "[ 1020] Base: repair of what was lost\n"
                        "[ 1100] App: repair of what was lost\n");
    world_free(world);
}

Test(objects, a_repair_waits_for_that_of_a_lower_rank)
{
    World *world = world_new(CHAIN);

    world_lose_at(world, 1000, "Base.T.Net[0]");
    world_lose_at(world, 1010, "App.T.Server[0]");
    world_run_until(world, 999);
    world_forget(world);
    world_run(world);
    world_expect(world, "[ 1000] Base: lost Base.T.Net[0]\n"
                        "[ 1000] put Base.T.Net[0]\n"
                        "[ 1010] App: lost App.T.Server[0]\n"
                        "[ 1020] Base: repair of what was lost\n"
                        "[ 1020] put App.T.Server[0]\n"
                        "[ 1040] App: repair of what was lost\n");
    world_free(world);
}

Test(objects, a_repair_that_fails_is_tried_again_with_growing_delays)
{
    World *world = world_new(POOL);

    world_lose_at(world, 1000, "Pool.Grow.ProvisionWorker[1]");
    world_let_pass(world, "Infra.ProvisionWorker", 3);
    world_fail_next(world, "Infra.ProvisionWorker", 12);
    world_run_until(world, 999);
    world_run(world);
    world_expect_objects(world, "Pool.Grow.ProvisionWorker[0] ready\n"
                                "Pool.Grow.ProvisionWorker[1] ready\n"
                                "Pool.Grow.ProvisionWorker[2] ready\n");
    cr_expect_eq(world_operations(world, NULL), 3 + 12 + 1);
    cr_expect_gt(world_now(world), 60000, "%llu", (unsigned long long)world_now(world));
    world_free(world);
}

/* ---- bindings that refer to results ---- */

#define REFERRING                                                                                  \
    "domain Base { state { up: bool } goal G { predicate up }"                                     \
    "  transition T { emit Infra.Net() up = true } }"                                              \
    "domain App { state { up: bool } goal G { predicate up }"                                      \
    "  transition T { emit Infra.Server() up = true } }"

Test(objects, a_reference_waits_for_its_resource)
{
    World *world = world_new(REFERRING);

    world_defaults(world, "Infra.Server",
                   "{\"net\":\"${resource.Net.id}\",\"url\":\"http://${resource.Net.host}/\"}");
    world_result(world, "Infra.Net", "{\"id\":7,\"host\":\"n1\"}");
    world_run(world);
    world_expect_calls(world, "put Base.T.Net[0] {}\n"
                              "put App.T.Server[0] {\"net\":7,\"url\":\"http://n1/\"}\n");
    world_free(world);
}

Test(objects, an_unmet_goal_says_which_resource_it_waits_for)
{
    World *world = world_new(REFERRING);

    world_defaults(world, "Infra.Server", "{\"net\":\"${resource.Nothing.id}\"}");
    world_run(world);
    world_expect_goal(world, "App.G", "unmet");
    cleanup(free) char *sentence = goal_explain(runtime_find(world_runtime(world), "App", NULL), 0);
    cr_expect_not_null(strstr(sentence, "waits for a resource of effect Nothing"), "%s", sentence);
    cr_expect_not(runtime_is_runnable(world_runtime(world)));
    world_free(world);
}

Test(objects, an_optional_reference_is_left_out_while_there_is_none)
{
    World *world = world_new(REFERRING);

    world_defaults(world, "Infra.Server", "{\"net\":\"${resource.Nothing.id?}\",\"size\":1}");
    world_run(world);
    cr_expect_str_eq(world_object(world, "App.T.Server[0]")->inputs, "{\"size\":1}");
    world_free(world);
}

Test(objects, a_reference_to_one_of_several_faults)
{
    World *world = world_new(
        "domain Base { state { n: int } goal G { predicate n == 2 }"
        "  transition T { emit Infra.Net() n += 1 if n == 2 { emit Broadcast(Event::Up) } } }"
        "domain App { state { go: bool  up: bool } goal G { predicate up }"
        "  transition T { if go { emit Infra.Server() up = true } } on Event::Up { go = true } }");

    world_defaults(world, "Infra.Server", "{\"net\":\"${resource.Net.id}\"}");
    world_result(world, "Infra.Net", "{\"id\":7}");
    world_run(world);
    world_expect_goal(world, "App.G", "faulted");
    cr_expect_not_null(strstr(world_trace(world), "has 2 objects of that effect"), "%s",
                       world_trace(world));
    world_free(world);
}

Test(objects, a_reference_to_a_field_that_is_not_there_faults)
{
    World *world = world_new(REFERRING);

    world_defaults(world, "Infra.Server", "{\"net\":\"${resource.Net.id}\"}");
    world_result(world, "Infra.Net", "{\"host\":\"n1\"}");
    world_run(world);
    world_expect_goal(world, "App.G", "faulted");
    cr_expect_not_null(strstr(world_trace(world), "the result of Net has no field 'id'"), "%s",
                       world_trace(world));
    world_free(world);
}

Test(objects, a_domain_that_waits_for_a_resource_hears)
{
    World *world =
        world_new("domain App { state { up: bool  heard: bool } goal G { predicate up }"
                  "  transition T { emit Infra.Server() up = true } on Event::Hi { heard = true } }"
                  "domain Other { state { n: int } goal G { predicate n == 1 priority low }"
                  "  transition T { n = 1 emit Broadcast(Event::Hi) } }");

    world_defaults(world, "Infra.Server", "{\"net\":\"${resource.Nothing.id}\"}");
    world_run(world);
    world_expect_field(world, "App.heard", "true");
    world_expect_field(world, "App.up", "false");
    world_free(world);
}

Test(objects, what_waits_for_a_lost_object_goes_on_when_it_is_there_again)
{
    World *world =
        world_new("domain Base { state { n: int } goal G { predicate n == 2 strategy { T U } }"
                  "  transition T { if n == 0 { emit Infra.Net() n = 1 } }"
                  "  transition U { emit Infra.Slow() n = 2 } }"
                  "domain App { state { up: bool } goal G { predicate up }"
                  "  transition T { emit Infra.Wait() emit Infra.Wait() up = true }"
                  "  transition Boot { let w = emit Infra.Wait() emit Infra.Server() } }");

    world_defaults(world, "Infra.Server", "{\"net\":\"${resource.Net.address}\"}");
    world_delay(world, "Infra.Slow", 10000);
    world_delay(world, "Infra.Wait", 200);
    world_lose_at(world, 100, "Base.T.Net[0]");
    world_find_at(world, 500, "Base.T.Net[0]");
    world_run_until(world, 499);
    cr_expect_null(world_object(world, "App.Boot.Server[0]"));
    world_run_until(world, 600);
    cr_expect_not_null(world_object(world, "App.Boot.Server[0]"));
    world_free(world);
}

/* ---- destroying ---- */

Test(objects, destruction_goes_from_the_highest_rank_down)
{
    World *world = world_new(CHAIN);

    world_run(world);
    world_forget(world);
    world_destroy(world);
    world_expect(world, "[   40] delete App.T.Server[0]\n"
                        "[   60] App: removed App.T.Server[0]\n"
                        "[   60] delete Base.T.Net[0]\n"
                        "[   80] Base: removed Base.T.Net[0]\n");
    world_expect_objects(world, "");
    cr_expect_eq(instance_count(world_runtime(world)), 0);
    world_free(world);
}

Test(objects, what_an_aborted_attempt_left_is_destroyed_too)
{
    World *world = world_new("domain D { state { n: int } goal G { predicate n == 1 backoff 1h }"
                             "  transition T { emit Infra.Make() emit Infra.Check() n = 1 } }");

    world_fail_next(world, "Infra.Check", 1);
    world_run_until(world, 1000);
    world_expect_objects(world, "D.T.Make[0] left\n");
    world_destroy(world);
    world_expect_objects(world, "");
    cr_expect_eq(world_operations(world, NULL), 3);
    world_free(world);
}

Test(objects, after_a_destroy_all_starts_over_and_numbers_go_on)
{
    World *world = world_new(POOL);

    world_run(world);
    uint64_t next = world_runtime(world)->next_intent;
    world_destroy(world);
    cr_expect_eq(world_runtime(world)->next_intent, next + 3);
    world_run(world);
    world_expect_field(world, "Pool.workers", "3");
    cr_assert_eq(world_operations(world, NULL), 9);
    for (size_t i = 0; i < 9; i++)
        for (size_t k = 0; k < i; k++)
            cr_expect_str_neq(world_operation(world, i), world_operation(world, k));
    world_free(world);
}

Test(objects, a_destruction_that_fails_stops_and_is_tried_again_by_the_next_run)
{
    World *world = world_new(CHAIN);

    world_run(world);
    world_fail_next(world, "Infra.Server", 1);
    world_destroy(world);
    world_expect_objects(world, "Base.T.Net[0] ready\nApp.T.Server[0] ready\n");
    world_begin(world);
    world_destroy(world);
    world_expect_objects(world, "");
    world_free(world);
}

Test(objects, an_interrupted_destruction_is_finished_before_anything_starts_over)
{
    World *world = world_new(CHAIN);

    world_run(world);
    world_fail_next(world, "Infra.Server", 1);
    world_destroy(world);
    world_restore(world);
    world_begin(world);
    world_forget(world);
    world_run(world);
    cr_expect_eq(strncmp(world_trace(world), "[   60] delete App.T.Server[0]\n", 31), 0, "%s",
                 world_trace(world));
    world_expect_goal(world, "App.G", "met");
    world_expect_objects(world, "Base.T.Net[0] ready\nApp.T.Server[0] ready\n");
    cr_expect_eq(world_operations(world, "Infra.Server"), 4);
    world_free(world);
}

Test(objects, destruction_waits_for_a_slice_that_is_being_performed)
{
    World *world = world_new(POOL);

    world_run_until(world, 30);
    world_destroy(world);
    world_expect_objects(world, "");
    cr_expect_eq(world_operations(world, NULL), 4, "two made, two destroyed");
    world_free(world);
}

/* ---- names of what is asked ---- */

Test(keys, are_stable_and_distinct)
{
    World *world = world_new(POOL);
    const Instance *pool;
    Instance sharded;
    char uid[UID_SIZE], again[UID_SIZE], other[UID_SIZE], op[OP_SIZE], other_op[OP_SIZE];

    world_run(world);
    pool = runtime_find(world_runtime(world), "Pool", NULL);
    sharded = *pool;
    sharded.key = "a";
    uid_make(pool, 1, uid);
    uid_make(pool, 1, again);
    uid_make(pool, 2, other);
    cr_expect_str_eq(uid, again);
    cr_expect_str_neq(uid, other);
    cr_expect_eq(strlen(uid), 32);
    uid_make(&sharded, 1, other);
    cr_expect_str_neq(uid, other, "an instance's key is part of it");
    op_make(pool, uid, 1, op);
    op_make(pool, uid, 2, other_op);
    cr_expect_str_neq(op, other_op);
    op_make(pool, other, 1, other_op);
    cr_expect_str_neq(op, other_op);
    op_make(pool, "", 1, other_op);
    cr_expect_str_neq(op, other_op);
    world_free(world);
}

Test(keys, operations_are_uuids_of_version_8)
{
    World *world = world_new(POOL);

    world_run(world);
    for (size_t i = 0; i < 3; i++) {
        const char *op = world_operation(world, i);
        cr_expect_eq(strlen(op), 36);
        cr_expect_eq(op[14], '8');
        cr_expect_not_null(strchr("89ab", op[19]));
    }
    world_free(world);
}

/* Written down once: a changed derivation would ask for everything a second time. */
Test(keys, the_derivation_does_not_change)
{
    World *world = world_new(POOL);

    world_run(world);
    cr_expect_str_eq(world_object(world, "Pool.Grow.ProvisionWorker[0]")->uid,
                     "ff9c7ef94b1fd8e26af52e022f6ca488");
    cr_expect_str_eq(world_operation(world, 0), "0d0f2c2b-e72d-8a71-bac7-e1c9709b34b2");
    world_free(world);
}

Test(keys, lineage_and_epoch_are_part_of_them)
{
    World *world = world_new(POOL);
    Runtime *runtime = world_runtime(world);
    char uid[UID_SIZE], other[UID_SIZE];

    world_run(world);
    const Instance *pool = runtime_find(runtime, "Pool", NULL);
    uid_make(pool, 1, uid);
    runtime->epoch++;
    uid_make(pool, 1, other);
    cr_expect_str_neq(uid, other);
    runtime->epoch--;
    runtime->lineage[0] = 'f';
    uid_make(pool, 1, other);
    cr_expect_str_neq(uid, other);
    world_free(world);
}

Test(keys, jitter_stays_below_its_limit_and_spreads)
{
    World *world = world_new(POOL);
    const Runtime *runtime = world_runtime(world);
    size_t halves[2] = {0};

    for (uint64_t slice = 1; slice <= 1000; slice++) {
        cr_assert_lt(jitter(runtime, slice, 100), 100);
        halves[jitter(runtime, slice, 100) >= 50]++;
    }
    cr_expect_gt(halves[0], 400);
    cr_expect_gt(halves[1], 400);
    cr_expect_eq(jitter(runtime, 1, 0), 0);
    world_free(world);
}
