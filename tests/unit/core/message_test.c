/* Messages: what they ask for, how they are told apart, and the authority they carry. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/lib/core/crash.h"

#define NAMED                                                                                      \
    "domain A { state { x: int } goal G { predicate x == 1 }"                                      \
    "  transition T { x += 1 send B Note(4, \"four\") send B Go() } }"                             \
    "domain B { state { n: int  t: string } on message Note(k: int, text: string) { n = k t = "    \
    "text "                                                                                        \
    "} transition Go { n += 10 } }"

Test(message, a_named_one_reaches_its_handler)
{
    World *world = world_new(NAMED);

    world_run(world);
    world_expect(world, "[    0] A: goal G; transition T\n"
                        "[    0] B: on message Note\n"
                        "[    0] B: message Go\n");
    world_expect_field(world, "B.n", "14");
    world_expect_field(world, "B.t", "four");
    world_free(world);
}

Test(message, a_named_one_makes_its_instance)
{
    World *world = world_new("domain A { state { x: int } goal G { predicate x == 1 }"
                             "  transition T { x += 1 send_high B[\"k\"] Note(4) } }"
                             "domain B[id: string] { state { n: int }"
                             "  on message Note(k: int) { n = k } }");

    world_run(world);
    world_expect_field(world, "B[\"k\"].n", "4");
    world_free(world);
}

Test(message, one_that_faults_becomes_a_dead_letter)
{
    World *world = world_new("domain A { state { x: int } goal G { predicate x == 1 }"
                             "  transition T { x += 1 send B Note(0) } }"
                             "domain B { state { n: int } on message Note(k: int) { n = 1 / k } }");

    world_run(world);
    cr_expect_eq(runtime_find(world_runtime(world), "B", NULL)->has->dead_letter_count, 1);
    world_free(world);
}

#define ELEVATED                                                                                   \
    "domain Low { scope { Namespace(\"a\") } state { x: int } goal G { predicate x == 1 }"         \
    "  transition T { x += 1 elevate \"it must\" { send High Go() } } }"                           \
    "domain High { scope { Tenant(\"t\") } state { n: int } transition Go { n += 1 } }"

Test(message, an_elevated_one_is_told_and_recorded_with_its_reason)
{
    World *world = world_new(ELEVATED);
    size_t found = 0;

    world_run(world);
    world_expect_field(world, "High.n", "1");
    cr_expect_not_null(strstr(world_trace(world), "Low: elevated it must\n"), "%s",
                       world_trace(world));
    for (size_t i = 0; i < world_records(world); i++)
        found += strstr(world_record(world, i), "\"elevated\":\"it must\"") != NULL;
    cr_expect_eq(found, 1);
    world_free(world);
}

Test(message, survives_a_crash_anywhere)
{
    crash_everywhere(NAMED, NULL);
    crash_everywhere(ELEVATED, NULL);
}

/* ---- records ---- */

static void expect_refused(World *world, const char *record, const char *sentence)
{
    Runtime *runtime = world_runtime(world);
    cleanup(json_free) Json *json = NULL;
    Arena arena = {0};
    Record decoded;
    Error err = {0};

    cr_assert_eq(json_parse_own(record, strlen(record), &json, &err), 0, "%s", err.message);
    cr_expect_eq(record_decode(runtime, json, &arena, &decoded, &err), ERROR_STATE);
    cr_expect_not_null(strstr(err.message, sentence), "%s", err.message);
    arena_deinit(&arena);
}

Test(message, a_record_with_a_member_nobody_knows_is_refused)
{
    World *world = world_new(NAMED);

    world_run(world);
    expect_refused(world, "{\"type\":\"end\",\"domain\":\"A\",\"why\":1}",
                   "a record of type 'end' has a member 'why', which this version of ved does not "
                   "know");
    expect_refused(world,
                   "{\"type\":\"slice\",\"domain\":\"A\",\"cause\":{\"by\":\"goal\",\"how\":1}}",
                   "a cause has a member 'how'");
    expect_refused(world,
                   "{\"type\":\"slice\",\"domain\":\"A\",\"cause\":{\"by\":\"goal\"},"
                   "\"out\":[{\"event\":\"E\",\"to\":1}]}",
                   "an output has a member 'to'");
    expect_refused(world,
                   "{\"type\":\"prepare\",\"domain\":\"A\",\"cause\":{\"by\":\"goal\"},"
                   "\"intents\":[{\"verb\":\"put\",\"x\":1}]}",
                   "an intent has a member 'x'");
    expect_refused(world, "{\"type\":\"end\",\"domain\":\"A\",\"key\":\"none\"}",
                   "domain 'A' with key none has not started");
    world_free(world);
}

/* As journals say it that were written before what goes without saying was left out. */
Test(message, a_record_that_says_all_in_its_older_words_is_read)
{
    static const char text[] =
        "{\"type\":\"slice\",\"at\":7,\"domain\":\"A\",\"slice\":9,\"cause\":{\"by\":\"goal\","
        "\"transition\":\"T\",\"step\":0,\"goal\":\"G\"},\"set\":{},\"out\":[{\"send\":\"B\","
        "\"message\":\"Note\",\"arguments\":[4,\"four\"]}]}";
    World *world = world_new(NAMED);
    Arena arena = {0};
    Record record;
    Error err = {0};

    world_run(world);
    cr_assert_eq(record_read(world_runtime(world), text, sizeof text - 1, &arena, &record, &err), 0,
                 "%s", err.message);
    cr_expect_eq(record.type, RECORD_SLICE);
    cr_expect_eq(record.time_ms, 7);
    cr_assert_eq(record.proposal.emission_count, 1);
    cr_expect(record.proposal.emissions[0].to_handler);
    cr_expect_eq(record.proposal.emissions[0].argument_count, 2);
    arena_deinit(&arena);
    world_free(world);
}
