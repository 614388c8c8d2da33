/* Mailboxes that are full, dead letters, and domains in whose slices the process dies. */
#include <criterion/criterion.h>
#include <string.h>

#include "controller/core/apply.h"
#include "controller/core/crashes.h"
#include "controller/core/dead_letter.h"
#include "lang/base/memory.h"
#include "tests/lib/core/crash.h"
#include "tests/lib/core/world.h"

static Instance *instance_of(World *world, const char *domain)
{
    Instance *instance = runtime_find(world_runtime(world), domain, NULL);

    cr_assert_not_null(instance, "%s has not started", domain);
    return instance;
}

static void expect_trace(const World *world, const char *line)
{
    cr_expect_not_null(strstr(world_trace(world), line), "no '%s' in:\n%.2000s", line,
                       world_trace(world));
}

static void expect_no_trace(const World *world, const char *line)
{
    cr_expect_null(strstr(world_trace(world), line), "'%s' in:\n%.2000s", line, world_trace(world));
}

static bool edit(World *world, ManualKind kind, const char *address, Error *err)
{
    ManualEdit it = {.kind = kind, .address = address};

    return world_edit(world, &it, err);
}

/* ---- ceilings of mailboxes ---- */

/* Its own goal is more urgent than anything, and has to wait for its own mailbox. */
Test(backpressure, goals_of_a_domain_with_a_full_mailbox_are_put_off)
{
    World *world =
        world_new("domain A { state { n: int  acted: int  heard: int }"
                  "  transition Boot { for i in range(10000) { send self Hear } }"
                  "  goal G { predicate acted == 3 priority critical strategy { Act } }"
                  "  transition Act { emit Log(\"act after ${heard}\") acted += 1 }"
                  "  transition Hear { heard += 1 if n < 200 { n += 1 send self Hear } } }");

    world_unchecked(world);
    world_run(world);
    world_expect_field(world, "A.heard", "10200");
    expect_no_trace(world, "act after 64\n");
    expect_trace(world, "act after 201\n");
    world_free(world);
}

/* One message becomes ten thousand. */
Test(backpressure, a_handler_that_would_go_beyond_ten_times_the_ceiling_faults)
{
    World *world = world_new(
        "domain A { state { n: int } transition Boot { for i in range(12) { send self Pour } }"
        "  transition Pour { n += 1 for i in range(10000) { send_high B Hear } } }"
        "domain B { state { heard: int }"
        "  transition Boot { emit Infra.Wait() } transition Hear { heard += 1 } }");

    world_unchecked(world);
    world_delay(world, "Infra.Wait", 1000);
    world_run_until(world, 500);
    cr_expect_eq(mailbox_count(&instance_of(world, "B")->active->mailbox), MAILBOX_BEYOND);
    cr_expect_eq(instance_of(world, "A")->has->dead_letter_count, 2);
    expect_trace(world, "A: faulted message Pour: the mailbox of domain 'B' holds ten times its "
                        "ceiling of 10000\n");
    world_run(world);
    world_expect_field(world, "A.n", "10");
    world_expect_field(world, "B.heard", "100000");
    world_free(world);
}

/* The handler that is told of failures is slower than they come. */
Test(backpressure, reports_beyond_ten_times_the_ceiling_are_dead_letters)
{
    World *world =
        world_new("domain A { state { n: int } on Infra.lost(r) { n += 1 }"
                  "  goal G { predicate n >= 0 } transition Boot { emit Infra.Make() } }");

    world_run(world);
    Instance *owner = instance_of(world, "A");
    for (int i = 0; i < MAILBOX_BEYOND; i++)
        mailbox_put(&instance_wake(owner)->mailbox,
                    message_new(1000 + (uint64_t)i, MESSAGE_REPORT, 0, 0, true, NULL, 0));
    world_unchecked(world);
    cr_expect(report_has_room(world_object(world, "A.Boot.Make[0]")));
    report_object(world_object(world, "A.Boot.Make[0]"), ON_LOST);
    cr_expect_eq(mailbox_count(&owner->active->mailbox), MAILBOX_BEYOND);
    cr_expect_eq(owner->has->dead_letter_count, 1);
    instance_holdings(owner)->dead_letter_count--;
    message_free(owner->has->dead_letters[0].message);
    free(owner->has->dead_letters[0].reason);
    world_free(world);
}

#define DRAINS(sends)                                                                              \
    "transition Boot { for i in range(9990) { " sends " } }"                                       \
    "transition Hear { heard += 1 if heard < 10100 { " sends " } }"

static void expect_drained(const char *program, const char *const *domains, size_t count)
{
    World *world = world_new(program);
    size_t most = 0;

    world_unchecked(world);
    do {
        world_turn(world);
        for (size_t i = 0; i < count; i++) {
            size_t waits = mailbox_count(&instance_of(world, domains[i])->active->mailbox);
            most = waits > most ? waits : most;
        }
    } while (runtime_is_runnable(world_runtime(world)));
    cr_expect_geq(most, 9990);
    cr_expect_leq(most, MAILBOX_BEYOND);
    for (size_t i = 0; i < count; i++) {
        cleanup(free) char *heard = memory_format("%s.heard", domains[i]);
        cr_expect_eq(mailbox_count(&instance_of(world, domains[i])->active->mailbox), 0, "%s",
                     domains[i]);
        cr_expect_eq(instance_of(world, domains[i])->has->dead_letter_count, 0, "%s", domains[i]);
        world_expect_field(world, heard, "20089");
    }
    world_free(world);
}

Test(backpressure, a_domain_that_fills_its_own_mailbox_drains)
{
    static const char *const domains[] = {"A"};

    expect_drained("domain A { state { heard: int }" DRAINS("send self Hear") "}", domains, 1);
}

Test(backpressure, two_that_answer_each_other_at_the_ceiling_drain)
{
    static const char *const domains[] = {"A", "B"};

    expect_drained("domain A { state { heard: int }" DRAINS(
                       "send B Hear") "}"
                                      "domain B { state { heard: int }" DRAINS("send A Hear") "}",
                   domains, 2);
}

Test(backpressure, a_ring_of_full_mailboxes_drains)
{
    static const char *const domains[] = {"A", "B", "C", "D"};

    expect_drained(
        "domain A { state { heard: int }" DRAINS(
            "send B Hear") "}"
                           "domain B { state { heard: int }" DRAINS(
                               "send C Hear") "}"
                                              "domain C { state { heard: int }" DRAINS(
                                                  "send D Hear") "}"
                                                                 "domain D { state { heard: int "
                                                                 "}" DRAINS("send A Hear") "}",
        domains, 4);
}

/* ---- a flood ---- */

#define RING_SIZE 20

/* A ring in which every domain has a message all the time, and each says when it has had one; and,
 * if there is a flood, that beside it. All are as urgent as each other. */
static World *ring_new(bool flood)
{
    cleanup(buffer_deinit) Buffer text = {0};

    for (int i = 0; i < RING_SIZE; i++)
        buffer_add_format(&text,
                          "domain R%02d { state { hops: int }"
                          "  transition Boot { send R%02d Hop }"
                          "  transition Hop { hops += 1 if hops < 1500 { send R%02d Hop } } }\n",
                          i, (i + 1) % RING_SIZE, (i + 1) % RING_SIZE);
    if (flood)
        buffer_add_string(
            &text, "domain Flood { state { sent: int } goal Poured { predicate sent >= 20000 }"
                   "  transition Pour { sent += 1000 for i in range(1000) { send Sink Take } } }"
                   "domain Sink { state { taken: int } transition Take { taken += 1 } }");
    World *world = world_new(buffer_text(&text));
    world_unchecked(world);
    return world;
}

/* How many slices lay between two of R00, at the median. */
static uint64_t median_hop(const World *world)
{
    size_t gaps[512] = {0}, count = 0, seen = 0, since = 0;
    const char *line = world_trace(world);

    for (const char *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        since++;
        if (memmem(line, (size_t)(end - line), "R00: message Hop", 16) == NULL)
            continue;
        gaps[since < ARRAY_SIZE(gaps) ? since : ARRAY_SIZE(gaps) - 1]++;
        count++;
        since = 0;
    }
    cr_assert_geq(count, 1000);
    for (size_t i = 0; i < ARRAY_SIZE(gaps); i++)
        if ((seen += gaps[i]) > count / 2)
            return i;
    return 0;
}

static uint64_t ring_run(bool flood, size_t *ret_most)
{
    World *world = ring_new(flood);

    *ret_most = 0;
    do {
        world_turn(world);
        const Instance *sink = runtime_find(world_runtime(world), "Sink", NULL);
        if (sink != NULL && mailbox_count(&sink->active->mailbox) > *ret_most)
            *ret_most = mailbox_count(&sink->active->mailbox);
    } while (runtime_is_runnable(world_runtime(world)));
    uint64_t median = median_hop(world);
    world_expect_field(world, "R00.hops", "1500");
    if (flood)
        world_expect_field(world, "Sink.taken", "20000");
    world_free(world);
    return median;
}

Test(flood, the_median_hop_of_others_grows_by_less_than_a_fifth)
{
    size_t most;
    uint64_t alone = ring_run(false, &most), beside = ring_run(true, &most);

    cr_expect_eq(alone, RING_SIZE);
    cr_expect_leq(beside * 10, alone * 12, "%llu after %llu", (unsigned long long)beside,
                  (unsigned long long)alone);
    cr_expect_gt(most, 9000);
    cr_expect_leq(most, MAILBOX_CEILING + 1000, "the last slice that was let in had 1000");
}

/* ---- dead letters ---- */

#define POISON                                                                                     \
    "domain A { state { n: int } goal G { predicate n == %d priority critical }"                   \
    "  transition T { n += 1 send B Hear(n) } }"                                                   \
    "domain B { state { heard: int }"                                                              \
    "  transition Hear(x: int) { if heard == 0 { fail \"odd\" } heard += 1 } }"

static World *poison_new(int count)
{
    cleanup(free) char *text = memory_format(POISON, count);

    return world_new(text);
}

Test(dead_letters, a_domain_with_as_many_as_it_may_have_hears_nothing_more)
{
    World *world = poison_new(10007);

    world_unchecked(world);
    world_run(world);
    Instance *b = instance_of(world, "B");
    cr_expect_eq(b->has->dead_letter_count, DEAD_LETTERS_MAX);
    cr_expect_eq(mailbox_count(&b->active->mailbox), 7, "nothing is dropped: what comes waits");
    cr_expect_eq(b->has->dead_letters[0].message->arguments[0].integer, 1,
                 "not the oldest, either");
    cleanup(free) char *sentence = instance_stuck(b);
    cr_expect_not_null(strstr(sentence, "domain B hears nothing more: it has 10000 dead letters"));
    world_free(world);
}

Test(dead_letters, one_is_put_back_by_its_number)
{
    World *world = poison_new(3);
    Error err = {0};

    world_run(world);
    Instance *b = instance_of(world, "B");
    cr_assert_eq(b->has->dead_letter_count, 3);
    cleanup(free) char *number =
        memory_format("%llu", (unsigned long long)b->has->dead_letters[1].message->id);
    cr_assert(edit(world, MANUAL_REDELIVER, number, &err), "%s", err.message);
    cr_expect_eq(b->has->dead_letter_count, 2);
    cr_expect_eq(mailbox_count(&b->active->mailbox), 1);
    cr_expect_eq(mailbox_at(&b->active->mailbox, 0)->arguments[0].integer, 2);
    world_run(world);
    cr_expect_eq(instance_of(world, "B")->has->dead_letter_count, 3, "it faults again");
    world_free(world);
}

Test(dead_letters, all_of_a_domain_are_handled_once_its_program_is_mended)
{
    World *world = poison_new(3);
    Error err = {0};

    world_run(world);
    cr_assert(
        world_evolve(world,
                     "domain A { state { n: int } goal G { predicate n == 3 }"
                     "  transition T { n += 1 send B Hear(n) } }"
                     "domain B { state { heard: int } transition Hear(x: int) { heard += x } }",
                     &err),
        "%s", err.message);
    cr_assert(edit(world, MANUAL_REDELIVER, "B", &err), "%s", err.message);
    world_run(world);
    world_expect_field(world, "B.heard", "6");
    cr_expect_eq(instance_of(world, "B")->has->dead_letter_count, 0);
    world_free(world);
}

Test(dead_letters, what_is_not_there_is_not_put_back)
{
    World *world = poison_new(1);
    Error err = {0};

    world_run(world);
    cr_expect_not(edit(world, MANUAL_REDELIVER, "77", &err));
    cr_expect_not_null(strstr(err.message, "no dead letter has the number 77"), "%s", err.message);
    cr_expect_not(edit(world, MANUAL_REDELIVER, "A", &err));
    cr_expect_not_null(strstr(err.message, "'A' has no dead letters"), "%s", err.message);
    cr_expect_not(edit(world, MANUAL_REDELIVER, "C", &err));
    cr_expect_not_null(strstr(err.message, "no domain 'C'"), "%s", err.message);
    world_free(world);
}

Test(dead_letters, no_more_are_put_back_than_there_is_room_for)
{
    World *world = poison_new(10007);
    Error err = {0};

    world_unchecked(world);
    world_run(world);
    Instance *b = instance_of(world, "B");
    cr_assert(edit(world, MANUAL_REDELIVER, "B", &err), "%s", err.message);
    cr_expect_eq(mailbox_count(&b->active->mailbox), MAILBOX_CEILING);
    cr_expect_eq(b->has->dead_letter_count, 7);
    cr_expect_not(edit(world, MANUAL_REDELIVER, "B", &err));
    cr_expect_not_null(strstr(err.message, "the mailbox of 'B' is full"), "%s", err.message);
    world_free(world);
}

Test(dead_letters, of_a_timer_only_one_waits)
{
    World *world = world_new("domain A { state { n: int } every 1s { fail \"odd\" } }");
    Error err = {0};

    world_run_until(world, 2500);
    cr_assert_eq(instance_of(world, "A")->has->dead_letter_count, 2);
    cr_assert(edit(world, MANUAL_REDELIVER, "A", &err), "%s", err.message);
    cr_expect_eq(mailbox_count(&instance_of(world, "A")->active->mailbox), 1);
    cr_expect_eq(instance_of(world, "A")->has->dead_letter_count, 1);
    cr_expect_not(edit(world, MANUAL_REDELIVER, "A", &err));
    cr_expect_not_null(strstr(err.message, "waits in the mailbox already"), "%s", err.message);
    world_free(world);
}

/* ---- slices in which the process dies ---- */

#define KILLER                                                                                     \
    "domain A { state { n: int  told: int } goal G { predicate n == 2 } transition T { n += 1 }"   \
    "  transition Hear { told += 1 } }"                                                            \
    "domain Z { state { n: int } goal G { predicate n == 1 priority low }"                         \
    "  transition T { n = 1 send A Hear } }"

static void die(World *world, const char *domain, int times)
{
    for (int i = 0; i < times; i++) {
        world_died(world, domain, 0, true);
        world_move(world, world_now(world) + 20000 / 6);
    }
}

Test(crashes, a_first_one_is_tried_again_at_once)
{
    World *world = world_new(KILLER);

    world_turn(world);
    world_died(world, "A", 0, true);
    cr_expect_not(crashes_hold(instance_of(world, "A"), world_now(world)));
    expect_trace(world, "A: crashed signal 11\n");
    world_free(world);
}

Test(crashes, the_domain_alone_waits_for_its_backoff)
{
    World *world = world_new("domain A { state { n: int } goal G { predicate n == 2 }"
                             "  transition Boot { emit Infra.Slow() } transition T { n += 1 } }"
                             "domain Z { state { n: int } goal G { predicate n == 1 }"
                             "  transition Boot { emit Infra.Slow() } transition T { n = 1 } }");

    world_turn(world);
    world_died(world, "A", 0, true);
    world_died(world, "A", 0, true);
    cr_expect(crashes_hold(instance_of(world, "A"), world_now(world)));
    world_run_until(world, 100);
    world_expect_field(world, "Z.n", "1");
    world_expect_field(world, "A.n", "0");
    world_run(world);
    world_expect_field(world, "A.n", "2");
    cr_expect_geq(world_now(world), 500);
    world_free(world);
}

Test(crashes, five_restarts_within_a_minute_and_it_is_down)
{
    World *world = world_new(KILLER);

    world_turn(world);
    die(world, "A", 5);
    cr_expect_not(instance_is_down(instance_of(world, "A")));
    die(world, "A", 1);
    cr_expect(instance_is_down(instance_of(world, "A")));
    expect_trace(world, "A: down signal 11\n");
    world_free(world);
}

Test(crashes, those_of_more_than_a_minute_do_not_count)
{
    World *world = world_new(KILLER);

    world_turn(world);
    for (int i = 0; i < 20; i++) {
        world_died(world, "A", 0, true);
        world_move(world, world_now(world) + 13000);
    }
    cr_expect_not(instance_is_down(instance_of(world, "A")));
    world_free(world);
}

/* Who is killed from outside at any time is not suspected for that, as long as it comes on. */
Test(crashes, being_killed_counts_only_in_the_same_slice_again)
{
    World *world = world_new("domain A { state { n: int } goal G { predicate n == 5000 }"
                             "  transition T { n += 1 } }");

    world_unchecked(world);
    for (int i = 0; i < 9; i++) {
        world_turn(world);
        world_died(world, "A", 0, false);
        cr_expect_not(crashes_hold(instance_of(world, "A"), world_now(world)));
    }
    for (int i = 0; i < 5; i++)
        world_died(world, "A", 0, false);
    cr_expect(instance_is_down(instance_of(world, "A")));
    world_free(world);
}

static World *down_new(const char *program)
{
    World *world = world_new(program);

    world_turn(world);
    die(world, "A", 6);
    cr_assert(instance_is_down(instance_of(world, "A")));
    world_forget(world);
    return world;
}

#define WITH_SENDER                                                                                \
    "domain A { state { n: int  told: int } goal G { predicate n == 1 && told >= 0 }"              \
    "  transition Boot { emit Infra.Make() } transition T { n = 1 } on Event::Go { told += 1 }"    \
    "  transition Hear { told += 1 } every 1s { told += 100 } }"                                   \
    "domain Z { state { n: int  m: int } goal G { predicate n == 1 && m == 2 }"                    \
    "  transition Boot { emit Infra.Make() }"                                                      \
    "  transition T { n = 1 m = 2 send A Hear emit Broadcast(Event::Go()) } }"

Test(crashes, one_that_is_down_takes_nothing_and_others_go_on)
{
    World *world = down_new(WITH_SENDER);
    Instance *a = instance_of(world, "A");
    size_t waited = mailbox_count(&a->active->mailbox);

    world_run_until(world, world_now(world) + 10000);
    world_expect_field(world, "Z.n", "1");
    cr_expect_eq(mailbox_count(&a->active->mailbox), waited);
    cr_expect_eq(a->has->dead_letter_count, 2);
    cr_expect_str_eq(a->has->dead_letters[0].reason, "its domain is down");
    expect_trace(world, "A: dead letter\n");
    world_expect_field(world, "A.told", "0");
    world_free(world);
}

Test(crashes, when_the_dead_letters_of_one_that_is_down_are_full_the_sending_slice_faults)
{
    World *world = down_new("domain A { state { told: int } goal G { predicate told == 3 }"
                            "  transition T { emit Infra.Make() } transition Hear { told += 1 } }"
                            "domain Z { state { n: int } goal G { predicate n == 10001 }"
                            "  transition Boot { emit Infra.Make() }"
                            "  transition T { n += 1 send A Hear } }");

    world_unchecked(world);
    world_run(world);
    world_expect_field(world, "Z.n", "10000");
    world_expect_goal(world, "Z.G", "faulted");
    cr_expect_eq(instance_of(world, "A")->has->dead_letter_count, DEAD_LETTERS_MAX);
    expect_trace(world, "Z: faulted goal G; transition T: domain 'A' is down and has 10000 dead "
                        "letters");
    world_free(world);
}

Test(crashes, somebody_lets_it_run_again)
{
    World *world = down_new(WITH_SENDER);
    Error err = {0};

    cr_expect_not(edit(world, MANUAL_RESUME, "Z", &err));
    cr_expect_not_null(strstr(err.message, "'Z' is not down"), "%s", err.message);
    cr_assert(edit(world, MANUAL_RESUME, "A", &err), "%s", err.message);
    world_run_until(world, world_now(world) + 500);
    world_expect_field(world, "A.n", "1");
    world_free(world);
}

Test(crashes, it_stays_down_through_a_snapshot_and_runs_again_with_the_next_run)
{
    World *world = down_new(WITH_SENDER);

    world_restore(world);
    cr_expect(instance_is_down(instance_of(world, "A")));
    world_begin(world);
    cr_expect_not(instance_is_down(instance_of(world, "A")));
    world_run_until(world, world_now(world) + 500);
    world_expect_field(world, "A.n", "1");
    world_free(world);
}

Test(crashes, an_edit_lets_it_run_again)
{
    World *world = down_new(WITH_SENDER);
    Error err = {0};

    cr_assert(world_evolve(world, WITH_SENDER " domain New { state { n: int } }", &err), "%s",
              err.message);
    cr_expect_not(instance_is_down(instance_of(world, "A")));
    world_free(world);
}

Test(crashes, what_had_not_begun_durably_is_durable_before_it_is_tried_again)
{
    World *world = world_new("domain W[key: string] { state { n: int } transition Boot { n = 1 } }"
                             "domain A { state { n: int } goal G { predicate n == 3 }"
                             "  transition Boot { spawn W[\"a\"] } transition T { n += 1 } }");

    world_died(world, "A", 0, true); /* nothing had been durable: it is started for that */
    for (int i = 0; i < 4; i++)
        world_turn(world);
    world_expect_field(world, "A.n", "3");
    expect_trace(world, "A: crashed signal 11\n");
    world_free(world);
}

Test(crashes, a_suspect_that_is_not_there_yet_has_each_slice_durable_before_the_next)
{
    World *world = world_new("domain A { state { n: int } goal G { predicate n == 300 }"
                             "  transition T { n += 1 } }");

    world_begin(world);
    Runtime *runtime = world_runtime(world);
    runtime->suspect = 77;
    runtime->wary_slices = 3;
    for (uint64_t i = 1; i <= 3; i++) {
        cr_expect(runtime_is_wary(runtime));
        world_turn(world);
        cr_expect_eq(runtime->logical_time, i);
    }
    cr_expect_not(runtime_is_wary(runtime));
    world_run(world);
    world_expect_field(world, "A.n", "300");
    world_free(world);
}

/* ---- messages that kill ---- */

/* Boot has run, and its two messages wait. */
static World *fatal_new(void)
{
    World *world = world_new("domain A { state { heard: int } transition Boot {"
                             "    send self Hear(1) send self Hear(2) emit Infra.Slow() }"
                             "  transition Hear(x: int) { let a = emit Infra.Ask() heard += x } }");

    world_delay(world, "Infra.Ask", 100);
    world_run_until(world, 30);
    cr_assert_eq(mailbox_count(&instance_of(world, "A")->active->mailbox), 2);
    return world;
}

Test(crashes, a_message_that_kills_is_tried_again_five_times_and_then_a_dead_letter)
{
    World *world = fatal_new();
    uint64_t id = mailbox_at(&instance_of(world, "A")->active->mailbox, 0)->id;

    for (uint32_t i = 0; i < 5; i++) {
        world_died(world, "A", id, true);
        world_move(world, world_now(world) + 30000);
        cr_expect_eq(mailbox_at(&instance_of(world, "A")->active->mailbox, 0)->attempts, i + 1);
    }
    world_died(world, "A", id, true);
    Instance *a = instance_of(world, "A");
    cr_assert_eq(a->has->dead_letter_count, 1);
    cr_expect_eq(a->has->dead_letters[0].message->id, id);
    cr_expect_not(instance_is_down(a), "what killed is gone");
    cr_expect_null(a->active->pending);
    world_run(world);
    world_expect_field(world, "A.heard", "2");
    world_free(world);
}

Test(crashes, each_is_counted_in_a_record_before_it_is_tried_again)
{
    World *world = fatal_new();
    size_t records = world_records(world);

    world_died(world, "A", mailbox_at(&instance_of(world, "A")->active->mailbox, 0)->id, true);
    cr_assert_geq(world_records(world), records + 2);
    cr_expect_not_null(strstr(world_record(world, world_records(world) - 1), "\"type\":\"crash\""));
    world_free(world);
}

/* ---- effects whose outcome somebody tells ---- */

static World *doubt_new(void)
{
    World *world = world_new("domain A { state { id: string } goal G { predicate id != \"\" }"
                             "  transition T { emit Infra.Make() id = \"there\" } }");

    world_delay(world, "Infra.Make", 1000000);
    world_turn(world);
    cr_assert_eq(runtime_open_intents(world_runtime(world)), 1);
    return world;
}

static const char *open_op(World *world)
{
    return instance_of(world, "A")->active->pending->intents[0]->op;
}

Test(resolve, an_effect_has_taken_hold_as_somebody_says)
{
    World *world = doubt_new();
    ManualEdit it = {.kind = MANUAL_RESOLVE, .address = open_op(world), .external_id = "by-hand"};
    Error err = {0};

    cr_assert(world_edit(world, &it, &err), "%s", err.message);
    world_recover(world);
    world_run_until(world, 100);
    world_expect_field(world, "A.id", "there");
    cr_expect_str_eq(world_object(world, "A.T.Make[0]")->external_id, "by-hand");
    cr_expect_eq(world_operations(world, "Infra.Make"), 1);
    world_free(world);
}

Test(resolve, one_that_has_not_is_asked_for_anew)
{
    World *world = doubt_new();
    ManualEdit it = {.kind = MANUAL_RESOLVE, .address = open_op(world)};
    Error err = {0};

    world_delay(world, "Infra.Make", 20);
    cr_assert(world_edit(world, &it, &err), "%s", err.message);
    world_recover(world);
    world_run_until(world, 10000);
    world_expect_field(world, "A.id", "there");
    cr_expect_eq(world_operations(world, "Infra.Make"), 2);
    world_free(world);
}

Test(resolve, the_key_must_be_of_an_open_effect)
{
    World *world = doubt_new();
    Error err = {0};

    cr_expect_not(edit(world, MANUAL_RESOLVE, "abc", &err));
    cr_expect_not_null(strstr(err.message, "'abc' is too short"), "%s", err.message);
    cr_expect_not(edit(world, MANUAL_RESOLVE, "00000000-nothing", &err));
    cr_expect_not_null(strstr(err.message, "no open effect has a key that begins with"), "%s",
                       err.message);
    world_free(world);
}
