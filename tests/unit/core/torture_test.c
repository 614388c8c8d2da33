/* What could be lost or done twice where two features meet. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/lib/core/crash.h"

/* ---- release ---- */

static void check_fails_once(World *world)
{
    world_fail_next(world, "Infra.Check", 1);
}

#define BRIEFLY                                                                                    \
    "domain D { state { n: int } goal G { predicate n == 1 }"                                      \
    "  transition T { n += 1 emit Infra.A() release Infra.A() emit Infra.Check() } }"

Test(torture, what_an_attempt_made_and_released_is_released_again_by_the_next)
{
    World *world = world_new(BRIEFLY);

    check_fails_once(world);
    world_run(world);
    world_expect_objects(world, "D.T.Check[0] ready\n");
    world_free(world);
    crash_everywhere(BRIEFLY, check_fails_once);
}

#define LEFT_OVER                                                                                  \
    "domain D { state { n: int } goal G { predicate n == 2 }"                                      \
    "  transition T { n += 1 emit Infra.A() emit Infra.Check() if n == 2 { release Infra.A() } } " \
    "}"

static void second_check_fails(World *world)
{
    world_let_pass(world, "Infra.Check", 1);
    world_fail_next(world, "Infra.Check", 1);
}

Test(torture, what_an_attempt_left_and_the_next_took_up_is_the_newest)
{
    World *world = world_new(LEFT_OVER);

    second_check_fails(world);
    world_run(world);
    world_expect_objects(world, "D.T.A[0] ready\nD.T.Check[0] ready\nD.T.Check[1] ready\n");
    world_free(world);
    crash_everywhere(LEFT_OVER, second_check_fails);
}

#define IN_A_LOOP                                                                                  \
    "domain D { state { n: int } goal G { predicate n == 3 }"                                      \
    "  transition T { n += 1 emit Infra.A() if n == 3 { for i in range(2) { release Infra.A() }"   \
    "    emit Infra.Check() } } }"

Test(torture, a_loop_of_releases_that_is_tried_again_releases_as_many)
{
    World *world = world_new(IN_A_LOOP);

    check_fails_once(world);
    world_run(world);
    world_expect_objects(world, "D.T.A[0] ready\nD.T.Check[0] ready\n");
    world_free(world);
    crash_everywhere(IN_A_LOOP, check_fails_once);
}

#define RECONCILED                                                                                 \
    "domain D { state { n: int } goal G { predicate n == 2 }"                                      \
    "  transition T { n += 1 emit Infra.A(name: \"x\") if n == 2 { emit Infra.Check()"             \
    "    release Infra.A(name: \"x\") } } }"

Test(torture, what_an_aborted_attempt_wanted_and_would_have_released_stays_what_it_was)
{
    World *world = world_new(RECONCILED);

    check_fails_once(world);
    world_run_until(world, 61);
    world_expect_objects(world, "D.A[\"x\"] ready\n");
    world_run(world);
    world_expect_objects(world, "D.T.Check[0] ready\n");
    world_free(world);
    crash_everywhere(RECONCILED, check_fails_once);
}

#define REFUSED                                                                                    \
    "domain D { state { n: int } goal G { predicate n == 2 }"                                      \
    "  transition T { n += 1 emit Infra.A() else { n += 0 }"                                       \
    "    if n == 2 { release Infra.A() } } }"

static void second_a_fails(World *world)
{
    world_let_pass(world, "Infra.A", 1);
    world_fail_next(world, "Infra.A", 1);
}

Test(torture, what_was_never_made_is_not_the_newest)
{
    World *world = world_new(REFUSED);

    second_a_fails(world);
    world_run(world);
    world_expect_objects(world, "");
    world_expect_calls(world, "put D.T.A[0] {}\nput D.T.A[1] {}\ndelete D.T.A[0] {}\n");
    world_free(world);
    crash_everywhere(REFUSED, second_a_fails);
}

/* ---- half-performed slices that wait ---- */

#define RECEIVER                                                                                   \
    "domain R { state { n: int } transition Count(x: int) {"                                       \
    "    if x == 0 { emit Infra.Slow() } n += 1 } }"                                               \
    "domain Fill { state { n: int } goal G { predicate n == 2 }"                                   \
    "  transition T { n += 1 for i in range(5000) { send R Count(i + n - 1) } } }"                 \
    "domain Late { state { n: int } goal G { predicate n == 1 }"                                   \
    "  transition T { let w = emit Infra.Wait() n = 1 send R Count(1) } }"

/* It has got its result, and waits for room in a mailbox that empties by slices without effects. */
Test(torture, a_half_performed_slice_that_waited_for_room_goes_on)
{
    World *world = world_new(RECEIVER);

    world_unchecked(world);
    world_delay(world, "Infra.Wait", 100);
    world_delay(world, "Infra.Slow", 200);
    world_run(world);
    world_expect_field(world, "Late.n", "1");
    world_expect_field(world, "R.n", "10001");
    world_free(world);
}

/* Base has made the net and waits for a fact; what it commits with is what App waits for, and
 * nothing else happens any more. */
Test(torture, a_half_performed_slice_that_waited_for_another_one_goes_on)
{
    World *world = world_new("domain App { state { up: bool } goal G { predicate up }"
                             "  transition T { let w = emit Infra.Wait() emit Infra.Server() "
                             "    up = true } }"
                             "domain Base { state { up: bool } goal G { predicate up }"
                             "  transition T { let n = emit Infra.Net()"
                             "    if Infra.status(\"net\") == \"up\" { up = true } } }");

    world_defaults(world, "Infra.Server", "{\"net\":\"${resource.Net.address}\"}");
    world_fact(world, "Infra.status(\"net\")", "\"up\"");
    world_fact_delay(world, 500);
    world_run(world);
    world_expect_field(world, "App.up", "true");
    world_free(world);
}

/* ---- deeds ---- */

static void charge_and_ship(World *world)
{
    world_action(world, "Infra.Charge");
    world_let_pass(world, "Infra.Ship", 0);
    world_fail_next(world, "Infra.Ship", 1);
}

#define OVERTAKEN                                                                                  \
    "domain A { state { n: int } goal G { predicate n == 2 }"                                      \
    "  transition T { n += 1 if n == 1 { send B Buy(1) } else { let w = emit Infra.Wait()"         \
    "    send_high B Buy(2) } } }"                                                                 \
    "domain B { state { sum: int }"                                                                \
    "  transition Buy(x: int) { emit Infra.Charge(x: x) emit Infra.Ship() sum += x } }"

Test(torture, an_attempt_that_is_overtaken_keeps_what_it_has_done)
{
    World *world = world_new(OVERTAKEN);

    charge_and_ship(world);
    world_delay(world, "Infra.Wait", 70);
    world_run(world);
    world_expect_field(world, "B.sum", "3");
    cr_expect_eq(world_operations(world, "Infra.Charge"), 2);
    world_free(world);
    crash_everywhere(OVERTAKEN, charge_and_ship);
}

#define INTERLEAVED                                                                                \
    "domain A { state { n: int } goal G { predicate n == 2 }"                                      \
    "  transition T { n += 1 emit Broadcast(Event::Order(x: n)) } }"                               \
    "domain B { state { sum: int }"                                                                \
    "  on Event::Order(x) { emit Infra.Charge(x: x) if x == 2 { emit Infra.Ship() } "              \
    "    yield sum += x } }"

Test(torture, a_rest_that_ends_leaves_what_the_next_attempt_has_done)
{
    World *world = world_new(INTERLEAVED);

    charge_and_ship(world);
    world_run(world);
    world_expect_field(world, "B.sum", "3");
    cr_expect_eq(world_operations(world, "Infra.Charge"), 2);
    world_free(world);
    crash_everywhere(INTERLEAVED, charge_and_ship);
}

#define RESTS                                                                                      \
    "domain A { state { n: int } goal G { predicate n == 2 }"                                      \
    "  transition T { n += 1 if n == 2 { let w = emit Infra.Wait() }"                              \
    "    emit Broadcast(Event::Order(x: n)) } }"                                                   \
    "domain B { state { sum: int }"                                                                \
    "  on Event::Order(x) { if x == 1 { yield emit Infra.Charge(x: x) emit Infra.Ship() }"         \
    "    sum += x } }"

Test(torture, one_that_ends_at_once_leaves_what_a_rest_has_done)
{
    World *world = world_new(RESTS);

    charge_and_ship(world);
    world_delay(world, "Infra.Wait", 60);
    world_run(world);
    world_expect_field(world, "B.sum", "3");
    cr_expect_eq(world_operations(world, "Infra.Charge"), 1);
    world_free(world);
    crash_everywhere(RESTS, charge_and_ship);
}

/* ---- instances ---- */

#define BOTH_MAKE_IT                                                                               \
    "event Told(n: int)\n"                                                                         \
    "domain A { state { n: int } goal G { predicate n == 2 }"                                      \
    "  transition T { n += 1 emit Infra.Do() emit Broadcast(Event::Told(n: n))"                    \
    "    spawn W[\"k\"] { from = 1 } send W[\"k\"] Work(n) send W[\"j\"] Work(n)"                  \
    "    emit Broadcast(Event::Told(n: n + 10)) } }"                                               \
    "domain B { state { n: int } goal G { predicate n == 2 }"                                      \
    "  transition T { n += 1 send W[\"k\"] Work(n * 100) let x = emit Infra.Do() "                 \
    "    spawn W[\"k\"] { from = 2 } send W[\"j\"] Quit() send W[\"j\"] Work(n * 100) } }"         \
    "domain W[id: string] { state { from: int  sum: int  told: int }"                              \
    "  transition Boot { emit Infra.Up(id) }"                                                      \
    "  on Event::Told(n) { told = told * 100 + n }"                                                \
    "  transition Work(n: int) { emit Infra.Work() sum += n } transition Quit { stop } }"

static void some_fail(World *world)
{
    world_delay(world, "Infra.Do", 45);
    world_let_pass(world, "Infra.Work", 1);
    world_fail_next(world, "Infra.Work", 2);
}

Test(torture, several_make_the_same_instances_while_they_perform)
{
    World *world = world_new(BOTH_MAKE_IT);

    some_fail(world);
    world_run(world);
    world_expect_field(world, "W[\"k\"].sum", "303");
    world_free(world);
    crash_everywhere(BOTH_MAKE_IT, some_fail);
}

#define TIMED                                                                                      \
    "domain W[id: string] { state { n: int  late: bool  rest: int }"                               \
    "  every 300ms { n += 1 emit Infra.Tick() yield rest += 1 late = rest % 2 == 1"                \
    "    if n == 7 { stop } }"                                                                     \
    "  after 100ms when late { emit Infra.Late(n) else { rest += 100 } yield emit Infra.Then() "   \
    "    send self Note() } transition Note { n += 10 } }"                                         \
    "domain A { every 700ms { send W[\"a\"] Note() parallel { emit Infra.A() "                     \
    "    emit Infra.B() else { emit Infra.C() } } yield emit Infra.Pause() spawn W[\"b\"] { n = "  \
    "3 } } }"

static void timed_fail(World *world)
{
    world_let_pass(world, "Infra.Tick", 1);
    world_fail_next(world, "Infra.Tick", 1);
    world_fail_next(world, "Infra.Late", 2);
    world_fail_next(world, "Infra.B", 2);
    world_delay(world, "Infra.A", 120);
    world_delay(world, "Infra.Pause", 37);
}

Test(torture, timers_that_yield_stop_and_fail_survive_a_crash_anywhere, .timeout = 60)
{
    crash_everywhere_until(TIMED, timed_fail, 4000);
}

/* ---- what a slice sends to itself while it performs ---- */

/* Its own mailbox, which nobody else empties. */
Test(torture, a_half_performed_slice_does_not_wait_for_room_with_itself)
{
    World *world =
        world_new("domain R { state { n: int  up: bool } goal G { predicate up }"
                  "  transition T { let w = emit Infra.Wait() up = true send self Count() }"
                  "  transition Count { n += 1 } }"
                  "domain Fill { state { n: int } goal G { predicate n == 2 }"
                  "  transition T { let w = emit Infra.Short() n += 1"
                  "    for i in range(5000) { send R Count() } } }");

    world_unchecked(world);
    world_delay(world, "Infra.Wait", 100);
    world_run(world);
    world_expect_field(world, "R.up", "true");
    world_expect_field(world, "R.n", "10001");
    world_free(world);
}

/* ---- the clock ---- */

/* Another process whose clock is behind that of the one before. */
Test(torture, a_goals_time_is_not_over_because_the_clock_was_set_back)
{
    World *world = world_new("domain D { state { a: bool } goal G { predicate a strategy { Do }"
                             "  terminate_after 10s backoff 1s }"
                             "  transition Do { emit Infra.Do() a = true } }");
    Effects effects;

    world_fail_next(world, "Infra.Do", 1000);
    world_run_until(world, 3000);
    effects_init(&effects);
    Event back = {.type = EVENT_BEGIN, .now_ms = 10};
    runtime_step(world_runtime(world), world_options(world), &back, &effects);
    world_expect_goal(world, "D.G", "unmet");
    effects_deinit(&effects);
    world_free(world);
}

/* ---- names ---- */

Test(torture, keys_with_every_character_are_told_apart)
{
    const char *program =
        "domain A { state { n: int } goal G { predicate n == 1 } transition T { n += 1"
        "  for k in [\"\", \" \", \"a\\\"]\", \"a\\\\\", \"ä\", \"a.b[0]\", \"a\\n\"] {"
        "    send W[k] Work() spawn W[k] { n = 100 } send W[k] Work() } } }"
        "domain W[id: string] { state { n: int } transition Work { emit Infra.Do(id) n += 1 } }";
    World *world = world_new(program);

    world_run(world);
    cr_expect_eq(instance_count(world_runtime(world)), 8);
    cr_expect_eq(world_operations(world, "Infra.Do"), 14);
    world_expect_field(world, "W[\"\"].n", "2");
    world_free(world);
    crash_everywhere(program, NULL);
}

/* ---- changed programs ---- */

static void do_fails_four_times(World *world)
{
    world_fail_next(world, "Infra.Do", 4);
}

/* Nothing has failed the fifth time: the program was to be changed. */
Test(torture, a_message_whose_last_try_is_cut_short_by_an_edit_is_not_lost)
{
    World *world =
        world_new("domain A { state { n: int } transition Boot { emit Broadcast(Event::Go(x: 3)) } "
                  "} domain B { state { n: int } on Event::Go(x) { emit Infra.First() "
                  "  emit Infra.Do(x: x) n += x } }");
    Instance *b;

    do_fails_four_times(world);
    while (world_operations(world, "Infra.First") < 5)
        world_run_until(world, world_now(world) + 5);
    b = runtime_find(world_runtime(world), "B", NULL);
    world_options(world)->settling = true;
    world_run(world);
    cr_expect_null(b->active->pending);
    cr_expect_eq(mailbox_count(&b->active->mailbox), 1);
    cr_expect_eq(b->has->dead_letter_count, 0);
    world_options(world)->settling = false;
    world_begin(world);
    world_run(world);
    world_expect_field(world, "B.n", "3");
    world_free(world);
}

#define BEHIND_A_YIELD(record)                                                                     \
    "record R { " record " }"                                                                      \
    "domain D { state { s: int } transition Boot { send self Go() }"                               \
    "  on message Go() { let r = R(a: 7, b: 1) yield emit Infra.Do() s = r.a } }"

Test(torture, a_rest_ends_whose_locals_have_another_shape)
{
    World *world = world_new(BEHIND_A_YIELD("a: int  b: int"));
    Error err = {0};

    world_fail_next(world, "Infra.Do", 1);
    world_run_until(world, 25);
    cr_assert_eq(runtime_find(world_runtime(world), "D", NULL)->has->run_count, 1);
    cr_assert(world_evolve(world, BEHIND_A_YIELD("b: int  a: int"), &err), "%s", err.message);
    world_run(world);
    world_expect_field(world, "D.s", "0");
    world_free(world);
}

#define TWO_RESTS(other)                                                                           \
    other "domain D { state { s: int } transition Boot { send self Go(1) send self Go(2) }"        \
          "  on message Go(x: int) { if x == 1 { yield } let y = [x] yield emit Infra.Do()"        \
          "    s = s * 10 + y[0] } }"

/* Each of them is somewhere else in the same text. */
Test(torture, two_rests_go_on_after_an_edit)
{
    World *world = world_new(TWO_RESTS(""));
    Error err = {0};

    world_fail_next(world, "Infra.Do", 1);
    world_run_until(world, 25);
    cr_assert(world_evolve(world, TWO_RESTS("record Q { z: int } "), &err), "%s", err.message);
    world_run(world);
    world_expect_field(world, "D.s", "12");
    world_free(world);
}

Test(torture, a_rest_goes_on_where_only_others_have_changed)
{
    World *world = world_new(BEHIND_A_YIELD("a: int  b: int"));
    Error err = {0};

    world_fail_next(world, "Infra.Do", 1);
    world_run_until(world, 25);
    cr_assert(world_evolve(world,
                           "record Q { z: int } const LIMIT = 3 " BEHIND_A_YIELD("a: int  b: int"),
                           &err),
              "%s", err.message);
    world_run(world);
    world_expect_field(world, "D.s", "7");
    world_free(world);
}

#define SEEN_OVER_A_YIELD                                                                          \
    "domain D { state { s: string } goal G { predicate s == \"a b\" }"                             \
    "  transition T { let first = Infra.zone() let x = emit Infra.Do(zone: first) yield"           \
    "    emit Infra.Then(zone: Infra.zone()) s = \"${first} ${Infra.zone()}\" } }"

static void zone_changes(World *world)
{
    world_fact_delay(world, 0);
    world_fact(world, "Infra.zone()", "\"a\"");
    world_fact_at(world, 10, "Infra.zone()", "\"b\"");
    world_fail_next(world, "Infra.Then", 1);
}

/* While it performs it sees what it began with, behind the yield what is now. */
Test(torture, a_fact_that_changes_while_a_slice_performs)
{
    World *world = world_new(SEEN_OVER_A_YIELD);

    zone_changes(world);
    world_run(world);
    world_expect_field(world, "D.s", "a b");
    world_free(world);
    crash_everywhere(SEEN_OVER_A_YIELD, zone_changes);
}

#define AGAIN                                                                                      \
    "domain A { state { n: int } goal G { predicate n == 4 }"                                      \
    "  transition T { n += 1 let w = emit Infra.Wait() emit Broadcast(Event::Now(n: n))"           \
    "    if n == 2 { send W[\"k\"] Quit() } spawn W[\"k\"] { from = n } } }"                       \
    "domain W[id: string] { state { from: int  heard: string }"                                    \
    "  transition Boot { emit Infra.Up(from: from) }"                                              \
    "  on Event::Now(n) { heard = \"${heard} ${n}\" emit Infra.Hear(n: n) }"                       \
    "  transition Quit { emit Infra.Bye() stop } }"

static void hearing_fails(World *world)
{
    world_delay(world, "Infra.Wait", 150);
    world_let_pass(world, "Infra.Up", 1);
    world_fail_next(world, "Infra.Up", 1);
    world_let_pass(world, "Infra.Hear", 1);
    world_fail_next(world, "Infra.Hear", 1);
    world_fail_next(world, "Infra.Bye", 2);
}

Test(torture, an_instance_that_ends_and_comes_again_hears_each_event_once)
{
    crash_everywhere(AGAIN, hearing_fails);
}

/* ---- ceilings ---- */

#define WIDE                                                                                       \
    "domain A { state { n: int } goal G { predicate n == 1 }"                                      \
    "  transition T { let w = emit Infra.Do() for i in range(3) { spawn W[\"${i}\"] { n = i }"     \
    "    send W[\"${i}\"] Work(i) } for i in range(9990) { send W[\"0\"] Work(1) } n = 1 } }"      \
    "domain W[id: string] { state { n: int } transition Work(x: int) { n += x } }"

/* 9,997 outputs, which begin three instances. */
Test(torture, a_slice_with_nearly_as_many_outputs_as_it_may_have)
{
    World *world = world_new(WIDE);

    world_unchecked(world);
    world_run(world);
    world_expect_field(world, "W[\"0\"].n", "9990");
    world_expect_field(world, "W[\"2\"].n", "4");
    world_free(world);
}

#define TOGETHER                                                                                   \
    "domain A { state { n: int } goal G { predicate n == 2 }"                                      \
    "  transition T { n += 1 emit Broadcast(Event::Go(x: n)) } }"                                  \
    "domain B { state { n: int  s: string }"                                                       \
    "  on Event::Go(x) { emit Infra.Pay(x: x) parallel { emit Infra.A(x) else { emit Infra.C()"    \
    "    s = \"${s} ${error.code}\" } if x == 2 { emit Infra.B() } let z = emit Infra.D() }"       \
    "    yield release Infra.D() emit Infra.E() n += x s = \"${s} ${z.address}\" } }"

static void together_fails(World *world)
{
    world_action(world, "Infra.Pay");
    world_delay(world, "Infra.A", 50);
    world_delay(world, "Infra.D", 90);
    world_fail_next(world, "Infra.A", 2);
    world_fail_next(world, "Infra.B", 2);
    world_fail_next(world, "Infra.E", 2);
}

Test(torture, a_block_that_fails_in_a_handler_that_yields)
{
    World *world = world_new(TOGETHER);

    together_fails(world);
    world_run(world);
    world_expect_field(world, "B.n", "3");
    cr_expect_eq(world_operations(world, "Infra.Pay"), 2);
    world_free(world);
    crash_everywhere(TOGETHER, together_fails);
}
