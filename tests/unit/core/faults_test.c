/* Slices that fault, mailboxes that fill, domains that loop. */
#include <criterion/criterion.h>
#include <string.h>

#include "lang/base/memory.h"
#include "controller/core/dead_letter.h"
#include "tests/lib/core/world.h"

Test(faults, a_transition_that_faults_is_blocked_and_others_go_on)
{
    World *world = world_new("domain D { state { n: int } goal G { predicate n == 1 }"
                             "  transition T { n = 1 send E Hear fail \"odd\" } }"
                             "domain E { state { n: int } goal G { predicate n == 1 }"
                             "  transition T { n = 1 } transition Hear { n = 5 } }");

    world_run(world);
    cr_expect_not_null(strstr(world_trace(world), "D: faulted goal G; transition T: "));
    world_expect_goal(world, "D.G", "faulted");
    world_expect_goal(world, "E.G", "met");
    world_expect_field(world, "D.n", "0");
    cr_expect_eq(world_records(world), 4, "two starts, a fault, a slice: not tried again");
    world_free(world);
}

Test(faults, another_transition_may_serve_the_goal)
{
    World *world = world_new("domain D { state { n: int } goal G { predicate n == 1 }"
                             "  transition T { n = 4 / n } transition U { n = 1 } }");

    world_run(world);
    world_expect_goal(world, "D.G", "met");
    world_free(world);
}

Test(faults, a_change_of_state_lets_it_try_again)
{
    World *world = world_new("domain D { state { n: int  by: int } goal G { predicate n == 2 }"
                             "  transition T { n = 4 / by } on Event::By(x) { by = x } }"
                             "domain E { state { n: int } goal G { predicate n == 1 priority low }"
                             "  transition T { n = 1 emit Broadcast(Event::By(x: 2)) } }");

    world_run(world);
    world_expect_goal(world, "D.G", "met");
    world_free(world);
}

Test(faults, a_handler_that_faults_gives_its_message_to_the_dead_letters)
{
    World *world = world_new("domain A { state { n: int } transition Boot {"
                             "  send B Take(0) send B Take(2) } }"
                             "domain B { state { n: int } transition Take(x: int) { n = 8 / x } }");

    world_run(world);
    const Instance *instance = runtime_find(world_runtime(world), "B", NULL);
    cr_assert_eq(instance->has->dead_letter_count, 1);
    cr_expect_not_null(strstr(instance->has->dead_letters[0].reason, "stack.ved:1:"));
    world_expect_field(world, "B.n", "4");
    cr_expect_eq(mailbox_count(&instance->active->mailbox), 0);
    world_free(world);
}

Test(faults, a_broken_invariant_discards_the_slice)
{
    World *world = world_new("domain D { state { n: int } goal G { predicate n == 3 }"
                             "  invariant Small { n <= 2 } transition T { n += 1 } }");

    world_run(world);
    world_expect_field(world, "D.n", "2");
    world_expect_goal(world, "D.G", "faulted");
    world_free(world);
}

Test(faults, an_invariant_is_not_checked_on_the_first_values)
{
    World *world =
        world_new("domain D { state { n: int = 9 } goal G { predicate n == 2 }"
                  "  invariant Small { n <= 2 } transition T { n = 2 } transition U { n += 1 } }");

    world_run(world);
    world_expect_goal(world, "D.G", "met");
    world_free(world);
}

Test(faults, overflow_is_a_fault_and_never_wraps)
{
    World *world = world_new("domain D { state { n: int = 9223372036854775807 }"
                             "  goal G { predicate n < 0 } transition T { n += 1 } }");

    world_run(world);
    world_expect_field(world, "D.n", "9223372036854775807");
    world_expect_goal(world, "D.G", "faulted");
    world_free(world);
}

Test(faults, a_fallback_that_faults_has_not_been_done)
{
    World *world =
        world_new("domain D { state { n: int } goal G { predicate n == 9 strategy { Do }"
                  "  terminate_after 1 retries backoff 1s fallback Back }"
                  "  transition Do { emit Infra.Do() n = 9 }"
                  "  transition Back { slice one { n = 1 } slice two { fail \"odd\" } } }");

    world_fail_next(world, "Infra.Do", 10);
    world_run(world);
    world_expect_field(world, "D.n", "1");
    cr_expect_not(runtime_find(world_runtime(world), "D", NULL)->goals[0].fallback_done);
    world_free(world);
}

Test(faults, what_a_faulted_slice_made_is_taken_up)
{
    World *world =
        world_new("domain D { state { n: int  ok: bool } goal G { predicate n == 1 }"
                  "  transition T { let r = emit Infra.Make() if !ok { fail \"odd\" } n = 1 }"
                  "  on Event::Ok { ok = true } }"
                  "domain E { state { n: int } goal G { predicate n == 1 }"
                  "  transition T { emit Infra.Wait() n = 1 emit Broadcast(Event::Ok) } }");

    world_delay(world, "Infra.Wait", 100);
    world_run_until(world, 50);
    world_expect_objects(world, "D.T.Make[0] left\nE.T.Wait[0] wanted\n");
    world_run(world);
    world_expect_objects(world, "D.T.Make[0] ready\nE.T.Wait[0] ready\n");
    world_free(world);
}

/* ---- mailboxes ---- */

static Message *message(uint64_t id, bool high)
{
    Value value = value_int((int64_t)id);

    return message_new(id, false, 0, 0, high, &value, 1);
}

Test(mailbox, finds_what_is_being_handled_behind_a_high_one)
{
    Mailbox mailbox = {0};

    mailbox_put(&mailbox, message(1, false));
    mailbox_put(&mailbox, message(2, true));
    cr_expect_eq(mailbox_peek(&mailbox)->id, 2);
    cr_expect_eq(mailbox_find(&mailbox, 1)->id, 1);
    cr_expect_null(mailbox_find(&mailbox, 3));
    cr_expect_null(mailbox_find(&mailbox, 0));
    message_free(mailbox_take(&mailbox, 1));
    cr_expect_eq(mailbox_count(&mailbox), 1);
    mailbox_deinit(&mailbox);
}

Test(mailbox, its_digest_says_what_waits_and_not_how_it_came_to)
{
    Mailbox a = {0}, b = {0};

    for (uint64_t id = 1; id <= 40; id++) {
        mailbox_put(&a, message(id, false));
        if (id == 20)
            lane_digest(&a.normal); /* it is kept up to date from here on */
    }
    for (uint64_t id = 1; id <= 17; id++)
        message_free(mailbox_take(&a, id));
    for (uint64_t id = 18; id <= 40; id++)
        mailbox_put(&b, message(id, false));
    cr_expect(lane_digest(&a.normal) == lane_digest(&b.normal));
    for (uint64_t id = 18; id <= 37; id++) {
        message_free(mailbox_take(&a, id));
        message_free(mailbox_take(&b, id));
    }
    cr_expect(lane_digest(&a.normal) == lane_digest(&b.normal));
    message_free(mailbox_take(&a, 38));
    cr_expect(lane_digest(&a.normal) != lane_digest(&b.normal));
    mailbox_deinit(&a);
    mailbox_deinit(&b);
}

static void run_and_watch(World *world, const char *domain, size_t *ret_most)
{
    *ret_most = 0;
    world_unchecked(world);
    do {
        world_turn(world);
        size_t count =
            mailbox_count(&runtime_find(world_runtime(world), domain, NULL)->active->mailbox);
        if (count > *ret_most)
            *ret_most = count;
    } while (runtime_is_runnable(world_runtime(world)));
}

Test(mailbox, a_full_one_puts_the_sending_goal_off_until_there_is_room)
{
    World *world = world_new("domain A { state { n: int } goal G { predicate n == 10050 priority "
                             "critical } transition T { n += 1 send B Hear } }"
                             "domain B { state { heard: int } transition Hear { heard += 1 } }");
    size_t most;

    run_and_watch(world, "B", &most);
    cr_expect_gt(most, 9000);
    cr_expect_leq(most, MAILBOX_CEILING);
    world_expect_field(world, "A.n", "10050");
    world_expect_field(world, "B.heard", "10050");
    world_free(world);
}

Test(mailbox, a_handler_that_faults_makes_room_too)
{
    World *world = world_new("domain A { state { n: int } goal G { predicate n == 10050 priority "
                             "critical } transition T { n += 1 send B Hear } }"
                             "domain B { state { heard: int } transition Hear { fail \"odd\" } }");
    size_t most;

    run_and_watch(world, "B", &most);
    world_expect_field(world, "A.n", "10050");
    cr_expect_eq(runtime_find(world_runtime(world), "B", NULL)->has->dead_letter_count,
                 DEAD_LETTERS_MAX);
    world_free(world);
}

Test(mailbox, two_full_ones_do_not_wait_for_each_other)
{
    World *world =
        world_new("domain A { state { n: int  heard: int } goal G { predicate n == 10050"
                  "  strategy { T } } transition T { n += 1 send B Hear }"
                  "  transition Boot { let i = 0 while i < 10000 { send B Hear i += 1 } }"
                  "  transition Hear { heard += 1 } }"
                  "domain B { state { n: int  heard: int } goal G { predicate n == 10050"
                  "  strategy { T } } transition T { n += 1 send A Hear }"
                  "  transition Boot { let i = 0 while i < 10000 { send A Hear i += 1 } }"
                  "  transition Hear { heard += 1 } }");
    size_t most;

    run_and_watch(world, "B", &most);
    world_expect_field(world, "A.heard", "20050");
    world_expect_field(world, "B.heard", "20050");
    world_expect_goal(world, "A.G", "met");
    world_free(world);
}

/* ---- loops ---- */

static size_t count_text(const World *world, const char *text)
{
    size_t count = 0;

    for (const char *at = world_trace(world); (at = strstr(at, text)) != NULL; at++)
        count++;
    return count;
}

#define FIGHT                                                                                      \
    "domain D { state { x: int  peace: bool }"                                                     \
    "  goal One { predicate x == 1 || peace strategy { Up } }"                                     \
    "  goal Zero { predicate x == 0 || peace strategy { Down } }"                                  \
    "  transition Up { x = 1 } transition Down { x = 0 } on Event::Peace { peace = true } }"

Test(loops, two_goals_that_fight_are_proved_to_oscillate)
{
    World *world = world_new(FIGHT);

    world_run(world);
    cr_expect_eq(count_text(world, "D: loops, oscillating"), 1);
    world_expect_goal(world, "D.One", "oscillating");
    world_expect_goal(world, "D.Zero", "oscillating");
    cr_expect_lt(world_runtime(world)->logical_time, 20);
    cleanup(free) char *sentence = goal_explain(runtime_find(world_runtime(world), "D", NULL), 0);
    cr_expect_not_null(strstr(sentence, "goal D.One oscillates"), "%s", sentence);
    world_free(world);
}

Test(loops, a_goal_that_was_met_all_along_does_not_oscillate)
{
    World *world = world_new("domain D { state { x: int }"
                             "  goal Fine { predicate x < 5 strategy { Up } }"
                             "  goal One { predicate x == 1 strategy { Up } }"
                             "  goal Zero { predicate x == 0 strategy { Down } }"
                             "  transition Up { x = 1 } transition Down { x = 0 } }");

    world_run(world);
    world_expect_goal(world, "D.Fine", "met");
    world_expect_goal(world, "D.One", "oscillating");
    world_free(world);
}

Test(loops, something_from_outside_ends_the_rest)
{
    World *world = world_new(FIGHT "domain E { state { n: int } goal G { predicate n == 1 }"
                                   "  transition T { emit Infra.Wait() n = 1 emit "
                                   "Broadcast(Event::Peace) } }");

    world_delay(world, "Infra.Wait", 1000);
    world_run_until(world, 500);
    world_expect_goal(world, "D.One", "oscillating");
    world_run(world);
    world_expect_goal(world, "D.One", "met");
    world_expect_goal(world, "D.Zero", "met");
    world_free(world);
}

Test(loops, a_ring_of_messages_that_goes_on_for_ever_is_proved)
{
    World *world = world_new("domain A { state { n: int } transition Boot { send B Ping }"
                             "  transition Pong { send B Ping } }"
                             "domain B { state { n: int } transition Ping { send C Pass } }"
                             "domain C { state { n: int } transition Pass { send A Pong } }");

    world_run(world);
    cr_expect_eq(count_text(world, "loops, oscillating"), 1);
    cr_expect(convergence_rests(runtime_find(world_runtime(world), "A", NULL)) != NULL);
    cr_expect(convergence_rests(runtime_find(world_runtime(world), "C", NULL)) != NULL);
    world_free(world);
}

Test(loops, slow_progress_is_no_loop)
{
    World *world = world_new("domain D { state { n: int  phase: int }"
                             "  goal G { predicate n == 3000 }"
                             "  transition T { phase = (phase + 1) % 7 if phase == 0 { n += 10 } } "
                             "}");

    world_unchecked(world);
    world_run(world);
    world_expect_goal(world, "D.G", "met");
    cr_expect_eq(world_runtime(world)->logical_time, 2100);
    cr_expect_eq(count_text(world, "loops"), 0);
    world_free(world);
}

Test(loops, a_mailbox_that_fills_is_no_configuration_that_comes_again)
{
    World *world = world_new(
        "domain A { state { x: int  halt: bool }"
        "  goal One { predicate x == 1 || halt strategy { Up } priority critical }"
        "  goal Zero { predicate x == 0 || halt strategy { Down } priority critical }"
        "  transition Up { x = 1 send B Count } transition Down { x = 0 send B Count }"
        "  transition Stop { halt = true } }"
        "domain B { state { n: int } transition Count { n += 1 if n == 3 { send A Stop } } }");

    world_unchecked(world);
    world_run(world);
    world_expect_goal(world, "A.One", "met");
    world_expect_goal(world, "A.Zero", "met");
    cr_expect_eq(count_text(world, "loops"), 0);
    world_free(world);
}

Test(loops, a_cycle_with_effects_and_the_same_answers_is_repeating)
{
    World *world = world_new("domain D { state { x: int }"
                             "  goal One { predicate x == 1 strategy { Up } }"
                             "  goal Zero { predicate x == 0 strategy { Down } }"
                             "  transition Up { emit Infra.Do(name: \"it\", to: 1) x = 1 }"
                             "  transition Down { emit Infra.Do(name: \"it\", to: 0) x = 0 } }");

    world_run(world);
    cr_expect_eq(count_text(world, "D: loops, repeating"), 1);
    world_expect_goal(world, "D.One", "oscillating");
    world_free(world);
}

Test(loops, a_cycle_whose_effects_differ_is_not_repeating)
{
    World *world = world_new("domain D { state { x: int }"
                             "  goal One { predicate x == 1 strategy { Up } }"
                             "  goal Zero { predicate x == 0 strategy { Down } }"
                             "  transition Up { emit Infra.Do() x = 1 }"
                             "  transition Down { x = 0 } }");

    world_run_until(world, 1000);
    cr_expect_eq(count_text(world, "loops"), 0);
    cr_expect_gt(world_operations(world, NULL), 40);
    world_free(world);
}

Test(loops, the_ceiling_of_slices_is_called_diverging_and_is_no_proof)
{
    World *world = world_new("domain Ring { state { actual: int  wanted: int }"
                             "  goal Sync { predicate actual == wanted strategy { Ping } }"
                             "  transition Boot { wanted = -3 }"
                             "  transition Ping { actual = actual + 1 send Peer Pong } }"
                             "domain Peer { state { pongs: int } transition Pong { pongs += 1 } }");

    world_options(world)->max_slices = 300;
    world_run(world);
    cr_expect_eq(count_text(world, "loops, diverging"), 1);
    world_expect_goal(world, "Ring.Sync", "oscillating");
    cleanup(free) char *sentence =
        goal_explain(runtime_find(world_runtime(world), "Ring", NULL), 0);
    cr_expect_not_null(strstr(sentence, "not a proof"), "%s", sentence);
    world_free(world);
}

Test(loops, a_domain_on_its_own_does_not_rest_with_those_that_loop)
{
    World *world = world_new(FIGHT "domain E { state { n: int } goal G { predicate n == 200 }"
                                   "  transition T { n += 1 } }");

    world_run(world);
    world_expect_goal(world, "D.One", "oscillating");
    world_expect_goal(world, "E.G", "met");
    world_free(world);
}

Test(loops, an_answer_ends_the_rest_of_the_domain_that_waited_for_it)
{
    World *world =
        world_new("domain A { state { done: bool } goal G { predicate done strategy { T } }"
                  "  transition Boot { send B Go } "
                  "  transition T { emit Infra.Slow() done = true send B Stop } }"
                  "domain B { state { x: int  halt: bool }"
                  "  goal One { predicate x == 1 || halt strategy { Up } }"
                  "  goal Zero { predicate x == 0 || halt strategy { Down } }"
                  "  transition Go { x = 1 } transition Stop { halt = true }"
                  "  transition Up { x = 1 } transition Down { x = 0 } }");

    world_delay(world, "Infra.Slow", 1000);
    world_run_until(world, 500);
    world_expect_goal(world, "B.One", "oscillating");
    world_run(world);
    world_expect_goal(world, "B.One", "met");
    world_expect_goal(world, "A.G", "met");
    world_free(world);
}
