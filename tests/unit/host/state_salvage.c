#include "controller/host/state_salvage.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/host/state_dir.h"
#include "lang/base/memory.h"
#include "tests/unit/host/scratch.h"

static char *scratch, *folder, *clean;
static Salvage *salvage;
static SalvagePoint point;

static void begin(void)
{
    scratch = scratch_make();
    folder = scratch_path(scratch, "shop");
    clean = scratch_path(scratch, "clean");
}

static void end(void)
{
    salvage_free(salvage);
    salvage = NULL;
    free(folder);
    free(clean);
    scratch_remove(scratch);
}

TestSuite(state_salvage, .init = begin, .fini = end);

static void add(StateDir *dir, int count)
{
    for (int i = 0; i < count; i++) {
        cleanup(free) char *payload =
            memory_format("{\"type\":\"slice\",\"domain\":\"Shop\",\"slice\":%llu}",
                          (unsigned long long)journal_next(state_dir_journal(dir)));
        cr_assert_eq(journal_append(state_dir_journal(dir), payload, strlen(payload), NULL), 0);
        cr_assert_eq(journal_commit(state_dir_journal(dir), NULL), 0);
    }
}

static StateDir *open_dir(const char *path)
{
    StateDirOptions options = {.stack = "shop", .command = "ved apply shop.ved"};
    StateDir *dir = NULL;
    Error err = {0};

    cr_assert_eq(state_dir_open(path, &options, &dir, &err), 0, "%s", err.message);
    return dir;
}

/* journal-0 with records 1 to 4, checkpoint-4, journal-4 with 5 to 8. */
static void make(void)
{
    cleanup(state_dir_close) StateDir *dir = open_dir(folder);
    StateVisitor visitor = {0};
    StateRecovery recovery;

    cr_assert_eq(state_dir_recover(dir, &visitor, &recovery, NULL), 0);
    cr_assert_eq(state_dir_save_program(dir, 0, "domain Shop {}", 14, NULL), 0);
    add(dir, 4);
    cr_assert_eq(state_dir_rotate(dir, "{\"a\":1}", 7, NULL), 0);
    add(dir, 4);
}

/* Change a byte in the middle of the file's `line`. */
static void spoil(const char *name, int line)
{
    cleanup(buffer_deinit) Buffer text = {0};
    cleanup(free) char *path = scratch_path(folder, name);

    scratch_read(path, &text);
    char *at = text.bytes;
    for (int i = 1; i < line; i++)
        at = strchr(at, '\n') + 1;
    at[strcspn(at, "\n") / 2] ^= 1;
    scratch_write(path, text.bytes, text.size);
}

static void look(uint64_t until)
{
    Error err = {0};

    salvage_free(take(salvage));
    cr_assert_eq(salvage_read(folder, &salvage, &err), 0, "%s", err.message);
    cr_assert_eq(salvage_point(salvage, until, &point, &err), 0, "%s", err.message);
}

static int count_records(void *user, uint64_t sequence, const char *payload, size_t size,
                         Error *err)
{
    cleanup(json_free) Json *json = NULL;

    (void)user;
    cr_assert_eq(json_parse(payload, size, &json, err), 0);
    cr_assert_eq(json_get_int(json, "slice", 0), (int64_t)sequence);
    return 0;
}

/* The clean folder recovers to the point, and its records are those of before. */
static void expect_built(void)
{
    StateVisitor visitor = {.on_record = count_records};
    StateRecovery recovery;
    Error err = {0};

    cr_assert_eq(salvage_build(salvage, &point, clean, &err), 0, "%s", err.message);
    cleanup(state_dir_close) StateDir *dir = open_dir(clean);
    cr_assert_eq(state_dir_recover(dir, &visitor, &recovery, &err), 0, "%s", err.message);
    cr_assert_eq(recovery.position, point.position);
    cr_assert_eq(recovery.has_checkpoint, point.has_checkpoint);
    cr_assert_eq(recovery.record_count, point.position - point.checkpoint);
}

static void expect_point(uint64_t checkpoint, uint64_t position)
{
    cr_assert_eq(point.checkpoint, checkpoint);
    cr_assert_eq(point.position, position);
}

Test(state_salvage, a_whole_state_is_all_of_it)
{
    make();
    look(SALVAGE_ALL);
    expect_point(4, 8);
    expect_built();
    cleanup(json_free) Json *behind = salvage_behind(salvage, point.position);
    cr_assert_eq(json_count(behind), 0);
}

Test(state_salvage, it_goes_as_far_as_the_record_before_the_damage)
{
    make();
    spoil("journal-4.ndjson", 2);
    look(SALVAGE_ALL);
    expect_point(4, 5);
    expect_built();
    cleanup(json_free) Json *behind = salvage_behind(salvage, point.position);
    cr_assert_eq(json_count(behind), 3);
    cr_assert_eq(json_get_int(json_at(behind, 0), "record", 0), 6);
    cr_assert(strncmp(json_get_string(json_at(behind, 0), "words", ""), "damaged", 7) == 0);
    cr_assert_not_null(strstr(json_get_string(json_at(behind, 1), "words", ""), "slice 7 of Shop"));
}

Test(state_salvage, damage_before_the_newest_checkpoint_costs_nothing)
{
    make();
    spoil("journal-0.ndjson", 2);
    look(SALVAGE_ALL);
    expect_point(4, 8);
    expect_built();
}

Test(state_salvage, without_the_newest_checkpoint_the_records_before_it_lead_as_far)
{
    make();
    spoil("checkpoint-4.json", 7);
    look(SALVAGE_ALL);
    expect_point(0, 8);
    cr_assert_not(point.has_checkpoint);
    expect_built();
}

Test(state_salvage, of_two_ways_the_one_that_leads_further_is_taken)
{
    make();
    spoil("checkpoint-4.json", 7);
    spoil("journal-0.ndjson", 3);
    look(SALVAGE_ALL);
    expect_point(0, 2);
    expect_built();
}

Test(state_salvage, an_earlier_position_is_had_from_the_checkpoint_before_it)
{
    make();
    look(6);
    expect_point(4, 6);
    expect_built();
    look(3);
    expect_point(0, 3);
    cr_assert_lt(salvage_point(salvage, 9, &point, NULL), 0);
}

Test(state_salvage, without_its_program_a_checkpoint_is_no_state)
{
    cleanup(free) char *program = scratch_path(folder, "program-0.ved");
    Error err = {0};

    make();
    remove(program);
    cr_assert_eq(salvage_read(folder, &salvage, NULL), 0);
    cr_assert_eq(salvage_point(salvage, SALVAGE_ALL, &point, &err), ERROR_STATE);
    cr_assert_not_null(strstr(err.message, "backup"));
}

Test(state_salvage, what_a_newer_ved_wrote_is_not_taken_for_damage)
{
    cleanup(free) char *path = scratch_path(folder, "checkpoint-8.json");
    const char *text = "{\n  \"format\": \"ved.checkpoint\",\n  \"version\": 99,\n}\n";
    Error err = {0};

    make();
    scratch_write(path, text, strlen(text));
    cr_assert_eq(salvage_read(folder, &salvage, &err), ERROR_STATE);
    cr_assert_not_null(strstr(err.message, "version 99"));
}
