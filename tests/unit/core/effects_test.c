/* A slice is a transaction with its effects. */
#include <criterion/criterion.h>
#include <string.h>

#include "lang/base/memory.h"
#include "tests/lib/core/world.h"

#define PROVISIONERS                                                                               \
    "domain Database { state { status: string }"                                                   \
    "  goal Ready { predicate status == \"ready\" backoff 1s }"                                    \
    "  transition Boot_db { step { if status == \"pending\" { emit Infra.CreatePostgres()"         \
    "    emit Broadcast(Event::DatabaseReady) status = \"ready\" } } } }"                          \
    "domain App { state { db_ready: bool  app_status: string }"                                    \
    "  goal Live { predicate db_ready == true && app_status == \"running\" }"                      \
    "  on Event::DatabaseReady { db_ready = true }"                                                \
    "  transition Boot_app { step { if db_ready == true && app_status != \"running\" {"            \
    "    emit Infra.StartAppContainer() app_status = \"running\" } } } }"

/* The event goes out once the database exists, never before. */
Test(effects, two_provisioners_come_up_in_order)
{
    World *world = world_new(PROVISIONERS);

    world_run(world);
    world_expect(world, "[    0] App: goal Live; transition Boot_app\n"
                        "[    0] put Database.Boot_db.CreatePostgres[0]\n"
                        "[   20] Database: goal Ready; transition Boot_db\n"
                        "[   20] Database: event DatabaseReady\n"
                        "[   20] App: on event DatabaseReady\n"
                        "[   20] put App.Boot_app.StartAppContainer[0]\n"
                        "[   40] App: goal Live; transition Boot_app\n");
    world_expect_goal(world, "Database.Ready", "met");
    world_expect_goal(world, "App.Live", "met");
    world_free(world);
}

Test(effects, a_failed_effect_leaves_the_state_and_sends_nothing)
{
    World *world = world_new(PROVISIONERS);

    world_fail_next(world, "Infra.CreatePostgres", 1);
    world_run_until(world, 500);
    world_expect(world,
                 "[    0] App: goal Live; transition Boot_app\n"
                 "[    0] put Database.Boot_db.CreatePostgres[0]\n"
                 "[   20] Database: aborted goal Ready; transition Boot_db: "
                 "Database.Boot_db.CreatePostgres[0] failed: INJECTED: it was told to fail -> "
                 "retry in 1000\n");
    world_expect_field(world, "Database.status", "pending");
    world_expect_field(world, "App.db_ready", "false");
    world_expect_objects(world, "");
    cleanup(free) char *sentence =
        goal_explain(runtime_find(world_runtime(world), "Database", NULL), 0);
    cr_expect_str_eq(sentence, "goal Database.Ready is unmet because "
                               "Database.Boot_db.CreatePostgres[0] failed: INJECTED: it was told "
                               "to fail");
    world_run(world);
    world_expect_goal(world, "App.Live", "met");
    world_free(world);
}

Test(effects, effects_of_a_slice_are_performed_one_after_the_other)
{
    World *world = world_new("domain D { state { done: bool } goal G { predicate done }"
                             "  transition T { emit Infra.One() emit Infra.Two(5, \"x\")"
                             "    emit Infra.Three(size: 3) done = true } }");

    world_delay(world, "Infra.One", 50);
    world_run(world);
    world_expect(world, "[    0] put D.T.One[0]\n"
                        "[   50] put D.T.Two[0]\n"
                        "[   70] put D.T.Three[0]\n"
                        "[   90] D: goal G; transition T\n");
    world_expect_calls(world, "put D.T.One[0] {}\n"
                              "put D.T.Two[0] {\"first\":5,\"second\":\"x\"}\n"
                              "put D.T.Three[0] {\"size\":3}\n");
    world_free(world);
}

Test(effects, other_domains_go_on_while_a_slice_performs)
{
    World *world = world_new("domain A { state { done: bool } goal G { predicate done }"
                             "  transition T { emit Infra.Slow() done = true } }"
                             "domain B { state { n: int } goal G { predicate n == 2 }"
                             "  transition T { emit Infra.Quick() n += 1 } }");

    world_delay(world, "Infra.Slow", 1000);
    world_run(world);
    world_expect(world, "[    0] put A.T.Slow[0]\n"
                        "[    0] put B.T.Quick[0]\n"
                        "[   20] B: goal G; transition T\n"
                        "[   20] put B.T.Quick[1]\n"
                        "[   40] B: goal G; transition T\n"
                        "[ 1000] A: goal G; transition T\n");
    world_free(world);
}

Test(effects, a_message_waits_while_its_domain_performs)
{
    World *world = world_new("domain A { state { done: bool  heard: bool }"
                             "  goal G { predicate done strategy { T } priority high }"
                             "  transition T { emit Infra.Slow() done = !heard }"
                             "  transition Hear { heard = true } }"
                             "domain B { state { n: int } transition Boot { emit Infra.Quick() "
                             "send A Hear } }");

    world_delay(world, "Infra.Slow", 100);
    world_run(world);
    world_expect(world, "[    0] put B.Boot.Quick[0]\n"
                        "[    0] put A.T.Slow[0]\n"
                        "[   20] B: transition Boot\n"
                        "[  100] A: goal G; transition T\n"
                        "[  100] A: message Hear\n");
    world_expect_field(world, "A.done", "true");
    world_free(world);
}

Test(effects, an_awaited_result_resumes_the_slice)
{
    World *world = world_new(
        "domain D { state { url: string  n: int } goal G { predicate url != \"\" }"
        "  transition T { n += 1 let db = emit Infra.Create(name: \"main\")"
        "    let app = emit Infra.Start(host: db.host) url = \"${db.host}:${app.port}\" } }");

    world_result(world, "Infra.Create", "{\"host\":\"db1\"}");
    world_result(world, "Infra.Start", "{\"port\":8080}");
    world_run(world);
    world_expect(world, "[    0] put D.Create[\"main\"]\n"
                        "[   20] put D.T.Start[0]\n"
                        "[   40] D: goal G; transition T\n");
    world_expect_field(world, "D.url", "db1:8080");
    world_expect_field(world, "D.n", "1");
    world_expect_calls(world, "put D.Create[\"main\"] {}\nput D.T.Start[0] {\"host\":\"db1\"}\n");
    world_free(world);
}

Test(effects, a_slice_resumes_on_the_message_it_began_with)
{
    World *world = world_new(
        "domain A { state { n: int } transition Boot { send B Take(1) emit Infra.Wait() send_high "
        "B Take(2) } transition T { n = 1 } }"
        "domain C { state { n: int } transition Boot { send B Take(1) } }"
        "domain B { state { got: string }"
        "  transition Take(x: int) { let r = emit Infra.Look(x: x) got = \"${got} ${x}\" } }");

    world_delay(world, "Infra.Look", 100);
    world_run(world);
    world_expect_field(world, "B.got", " 1 2 1");
    world_expect_calls(world, "put A.Boot.Wait[0] {}\n"
                              "put B.Take.Look[0] {\"x\":1}\n"
                              "put B.Take.Look[1] {\"x\":2}\n"
                              "put B.Take.Look[2] {\"x\":1}\n");
    world_free(world);
}

Test(effects, an_else_handles_the_failure_and_the_slice_goes_on)
{
    World *world = world_new(
        "domain D { state { note: string } goal G { predicate note != \"\" }"
        "  transition T { emit Infra.Do() else { note = \"${error.code}: ${error.message}\" }"
        "    emit Infra.Then() } }");

    world_fail_next(world, "Infra.Do", 1);
    world_run(world);
    world_expect_field(world, "D.note", "INJECTED: it was told to fail");
    world_expect_objects(world, "D.T.Then[0] ready\n");
    world_free(world);
}

Test(effects, an_else_that_gives_up_aborts_by_a_fault)
{
    World *world = world_new("domain D { state { n: int } goal G { predicate n == 1 }"
                             "  transition T { emit Infra.Do() else { fail \"no: ${error.code}\" }"
                             "    n = 1 } }");

    world_fail_next(world, "Infra.Do", 1);
    world_run(world);
    world_expect_goal(world, "D.G", "faulted");
    world_expect_objects(world, "");
    world_free(world);
}

Test(effects, each_attempt_is_a_new_operation)
{
    World *world = world_new("domain D { state { n: int } goal G { predicate n == 1 backoff 1s }"
                             "  transition T { emit Infra.Do() n = 1 } }");

    world_fail_next(world, "Infra.Do", 2);
    world_run(world);
    cr_assert_eq(world_operations(world, NULL), 3);
    cr_expect_str_neq(world_operation(world, 0), world_operation(world, 1));
    cr_expect_str_neq(world_operation(world, 1), world_operation(world, 2));
    world_free(world);
}

Test(effects, an_action_is_not_done_again_after_an_abort)
{
    World *world = world_new("domain D { state { n: int } goal G { predicate n > 0 backoff 1s }"
                             "  transition T { let r = emit Infra.Charge(amount: 5) emit "
                             "Infra.Ship() n = r.number } }");

    world_action(world, "Infra.Charge");
    world_result(world, "Infra.Charge", "{\"number\":17}");
    world_fail_next(world, "Infra.Ship", 2);
    world_run(world);
    cr_expect_eq(world_operations(world, "Infra.Charge"), 1);
    cr_expect_eq(world_operations(world, "Infra.Ship"), 3);
    world_expect_field(world, "D.n", "17");
    world_free(world);
}

Test(effects, an_action_is_done_again_once_its_run_has_committed)
{
    World *world = world_new("domain D { state { n: int } goal G { predicate n == 3 }"
                             "  transition T { emit Infra.Charge(amount: 5) n += 1 } }");

    world_action(world, "Infra.Charge");
    world_run(world);
    cr_expect_eq(world_operations(world, "Infra.Charge"), 3);
    world_free(world);
}

Test(effects, an_action_with_other_arguments_is_another_deed)
{
    World *world = world_new(
        "domain D { state { n: int  price: int = 5 } goal G { predicate n == 1 backoff 1s }"
        "  transition T { emit Infra.Charge(amount: price) emit Infra.Ship() n = 1 }"
        "  on Event::Price(x) { price = x } }"
        "domain E { state { n: int } transition Boot { emit Infra.Wait() emit "
        "Broadcast(Event::Price(x: 6)) } transition T { emit Infra.Wait() emit "
        "Broadcast(Event::Price(x: 5)) n = 1 } goal G { predicate n == 1 } }");

    world_action(world, "Infra.Charge");
    world_delay(world, "Infra.Wait", 1500);
    world_fail_next(world, "Infra.Ship", 4);
    world_run(world);
    /* 5 at first, 6 after 1.5 s, and 5 again after 3 s: done already in this attempt */
    cr_expect_eq(world_operations(world, "Infra.Charge"), 2);
    world_free(world);
}

Test(effects, two_open_runs_of_a_transition_each_do_their_action)
{
    World *world =
        world_new("domain A { state { n: int } transition Boot { send B Pay(5) send B Pay(5) } }"
                  "domain B { state { n: int } transition Pay(x: int) {"
                  "  slice one { emit Infra.Charge(amount: x) } slice two { n += x } } }");

    world_action(world, "Infra.Charge");
    world_run(world);
    cr_expect_eq(world_operations(world, "Infra.Charge"), 2);
    world_expect_field(world, "B.n", "10");
    world_free(world);
}

Test(effects, an_action_with_an_idempotency_key_is_done_once)
{
    World *world = world_new(
        "domain D { state { n: int  sum: int } goal G { predicate n == 3 }"
        "  transition T { let r = emit Infra.Charge(amount: 5, idempotency_key: \"order-1\")"
        "    sum += r.number n += 1 } }");

    world_action(world, "Infra.Charge");
    world_result(world, "Infra.Charge", "{\"number\":7}");
    world_run(world);
    cr_expect_eq(world_operations(world, "Infra.Charge"), 1);
    world_expect_field(world, "D.sum", "21");
    world_free(world);
}

Test(effects, an_idempotency_key_with_other_arguments_is_a_fault)
{
    World *world = world_new(
        "domain D { state { n: int } goal G { predicate n == 3 }"
        "  transition T { emit Infra.Charge(amount: n, idempotency_key: \"order-1\") n += 1 } }");

    world_action(world, "Infra.Charge");
    world_run(world);
    cr_expect_eq(world_operations(world, "Infra.Charge"), 1);
    world_expect_goal(world, "D.G", "faulted");
    cr_expect_not_null(strstr(world_trace(world), "was done with other arguments"));
    world_free(world);
}

Test(effects, an_idempotency_key_says_which_object_is_meant)
{
    World *world = world_new(
        "domain D { state { n: int } goal G { predicate n == 3 }"
        "  transition T { emit Infra.Make(size: n, idempotency_key: \"main\") n += 1 } }");

    world_run(world);
    world_expect_objects(world, "D.Make[\"main\"] ready\n");
    cr_expect_eq(world_operations(world, NULL), 3, "reconciled each time");
    world_free(world);
}

Test(effects, what_was_done_before_a_fault_is_not_done_again)
{
    World *world =
        world_new("domain D { state { n: int  fixed: bool } goal G { predicate n == 1 }"
                  "  transition T { let r = emit Infra.Charge() if !fixed { fail \"odd\" } n = 1 }"
                  "  on Event::Fix { fixed = true } }"
                  "domain E { state { n: int } goal G { predicate n == 1 }"
                  "  transition T { emit Infra.Wait() emit Broadcast(Event::Fix) n = 1 } }");

    world_action(world, "Infra.Charge");
    world_delay(world, "Infra.Wait", 500);
    world_run(world);
    world_expect_goal(world, "D.G", "met");
    cr_expect_eq(world_operations(world, "Infra.Charge"), 1);
    world_free(world);
}

#define HANDLER                                                                                    \
    "domain A { state { n: int } transition Boot { emit Broadcast(Event::Go) } }"                  \
    "domain B { state { n: int } on Event::Go { emit Infra.Do() n += 1 } }"

Test(effects, a_handler_that_fails_keeps_its_message_and_is_tried_again)
{
    World *world = world_new(HANDLER);

    world_fail_next(world, "Infra.Do", 2);
    world_run(world);
    cr_expect_eq(world_operations(world, "Infra.Do"), 3);
    world_expect_field(world, "B.n", "1");
    cr_expect_eq(runtime_find(world_runtime(world), "B", NULL)->has->dead_letter_count, 0);
    world_free(world);
}

Test(effects, a_handler_that_fails_five_times_gives_its_message_to_the_dead_letters)
{
    World *world = world_new(HANDLER);

    world_fail_next(world, "Infra.Do", 100);
    world_run(world);
    cr_expect_eq(world_operations(world, "Infra.Do"), 5);
    const Instance *instance = runtime_find(world_runtime(world), "B", NULL);
    cr_assert_eq(instance->has->dead_letter_count, 1);
    cr_expect_str_eq(instance->has->dead_letters[0].reason,
                     "B.Go.Do[0] failed: INJECTED: it was told to fail");
    cr_expect_eq(mailbox_count(&instance->active->mailbox), 0);
    cr_expect_gt(world_now(world), 100 + 1000, "the delays grow");
    world_free(world);
}

Test(effects, a_high_message_is_heard_while_a_failed_one_waits)
{
    World *world = world_new(
        "domain A { state { n: int } transition Boot { send B Slow emit Infra.Wait() "
        "send_high B Quick } transition T { send B Slow n = 1 } goal G { predicate n == 1 } }"
        "domain B { state { order: string }"
        "  transition Slow { emit Infra.Do() order = \"${order} slow\" }"
        "  transition Quick { order = \"${order} quick\" } }");

    world_delay(world, "Infra.Wait", 30);
    world_delay(world, "Infra.Do", 40);
    world_fail_next(world, "Infra.Do", 3);
    world_run(world);
    world_expect_field(world, "B.order", " quick slow slow");
    cr_expect_eq(runtime_find(world_runtime(world), "B", NULL)->has->dead_letter_count, 0);
    world_free(world);
}

Test(effects, a_lost_process_asks_with_the_same_key)
{
    World *world = world_new(PROVISIONERS);

    world_run_until(world, 10);
    world_recover(world);
    world_run(world);
    world_expect(world, "[    0] App: goal Live; transition Boot_app\n"
                        "[    0] put Database.Boot_db.CreatePostgres[0]\n"
                        "[   10] put Database.Boot_db.CreatePostgres[0] (same key)\n"
                        "[   20] Database: goal Ready; transition Boot_db\n"
                        "[   20] Database: event DatabaseReady\n"
                        "[   20] App: on event DatabaseReady\n"
                        "[   20] put App.Boot_app.StartAppContainer[0]\n"
                        "[   40] App: goal Live; transition Boot_app\n");
    cr_expect_eq(world_operations(world, NULL), 2);
    world_free(world);
}

Test(effects, settling_finishes_what_was_sent_and_begins_nothing)
{
    World *world = world_new("domain D { state { n: int } goal G { predicate n == 2 }"
                             "  transition T { emit Infra.One() emit Infra.Two() n += 1 } }"
                             "domain E { state { n: int } goal G { predicate n == 2 }"
                             "  transition T { emit Infra.Three() n += 1 } }");

    world_run_until(world, 10);
    world_options(world)->settling = true;
    world_restore(world);
    world_run(world);
    world_expect_field(world, "D.n", "0");
    world_expect_field(world, "E.n", "1");
    world_expect_objects(world, "D.T.One[0] left\nE.T.Three[0] ready\n");
    cr_expect_eq(world_operations(world, NULL), 2);
    world_options(world)->settling = false;
    world_begin(world);
    world_run(world);
    world_expect_objects(world, "D.T.One[0] ready\nE.T.Three[0] ready\nD.T.Two[0] ready\n"
                                "E.T.Three[1] ready\nD.T.One[1] ready\nD.T.Two[1] ready\n");
    world_free(world);
}
