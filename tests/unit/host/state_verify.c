#include "controller/host/state_verify.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/host/state_dir.h"
#include "lang/base/memory.h"
#include "tests/unit/host/scratch.h"

static char *scratch, *folder;
static StateFindings findings;

static void begin(void)
{
    scratch = scratch_make();
    folder = scratch_path(scratch, "shop");
    findings = (StateFindings){0};
}

static void end(void)
{
    state_findings_deinit(&findings);
    free(folder);
    scratch_remove(scratch);
}

TestSuite(state_verify, .init = begin, .fini = end);

static void add(StateDir *dir, int count)
{
    static const char payload[] = "{\"type\":\"slice\",\"at\":1,\"domain\":\"Shop\"}";

    for (int i = 0; i < count; i++) {
        cr_assert_eq(journal_append(state_dir_journal(dir), payload, sizeof payload - 1, NULL), 0);
        cr_assert_eq(journal_commit(state_dir_journal(dir), NULL), 0);
    }
}

/* journal-0 with records 1 to 4, checkpoint-4 of program-0, journal-4 with 5 to 7 and a seal. */
static void make(void)
{
    StateDirOptions options = {.stack = "shop", .command = "ved apply shop.ved"};
    cleanup(state_dir_close) StateDir *dir = NULL;
    StateVisitor visitor = {0};
    StateRecovery recovery;
    Error err = {0};

    cr_assert_eq(state_dir_open(folder, &options, &dir, &err), 0, "%s", err.message);
    cr_assert_eq(state_dir_recover(dir, &visitor, &recovery, &err), 0, "%s", err.message);
    cr_assert_eq(state_dir_save_program(dir, 0, "domain Shop {}", 14, &err), 0);
    add(dir, 4);
    cr_assert_eq(state_dir_rotate(dir, "{\"a\":1}", 7, &err), 0, "%s", err.message);
    add(dir, 3);
    cr_assert_eq(state_dir_seal(dir, &err), 0);
}

static void verify(void)
{
    Error err = {0};

    state_findings_deinit(&findings);
    cr_assert_eq(state_verify(folder, &findings, &err), 0, "%s", err.message);
}

static const FileFinding *finding(const char *name)
{
    for (size_t i = 0; i < findings.count; i++)
        if (strcmp(findings.items[i].name, name) == 0)
            return &findings.items[i];
    cr_assert(false, "no finding about %s", name);
    return NULL;
}

/* Change the `nth` last byte of a file, or cut it there. */
static void spoil(const char *name, size_t nth_last, bool cut)
{
    cleanup(buffer_deinit) Buffer text = {0};
    cleanup(free) char *path = scratch_path(folder, name);

    scratch_read(path, &text);
    text.bytes[text.size - nth_last] ^= 1;
    scratch_write(path, text.bytes, cut ? text.size - nth_last : text.size);
}

static void expect_only_damaged(const char *name, const char *words)
{
    verify();
    cr_assert(findings.damaged);
    cr_assert_eq(finding(name)->health, HEALTH_DAMAGED);
    cr_assert_not_null(strstr(finding(name)->message, words), "%s", finding(name)->message);
    for (size_t i = 0; i < findings.count; i++)
        if (strcmp(findings.items[i].name, name) != 0)
            cr_expect_eq(findings.items[i].health, HEALTH_WHOLE, "%s", findings.items[i].name);
}

Test(state_verify, a_whole_folder_is_said_file_by_file)
{
    make();
    verify();
    cr_assert_not(findings.damaged);
    cr_assert_eq(findings.count, 5);
    cr_assert_str_eq(findings.items[0].name, "stack.json");
    for (size_t i = 0; i < findings.count; i++)
        cr_assert_eq(findings.items[i].health, HEALTH_WHOLE);
    cr_assert_eq(finding("journal-0.ndjson")->records, 4);
    cr_assert_eq(finding("journal-4.ndjson")->last, 8);
    cr_assert(finding("journal-4.ndjson")->sealed);
    cr_assert_eq(finding("checkpoint-4.json")->position, 4);
}

Test(state_verify, each_damaged_file_is_named_and_the_others_are_whole)
{
    static const char *const names[] = {"stack.json", "program-0.ved", "checkpoint-4.json",
                                        "journal-0.ndjson", "journal-4.ndjson"};
    static const char *const words[] = {"checksum", "checksum", "checksum is", "record 4",
                                        "record 7"};

    make();
    for (size_t i = 0; i < 5; i++) {
        size_t at = i == 4 ? 80 : 8;
        spoil(names[i], at, false);
        expect_only_damaged(names[i], words[i]);
        spoil(names[i], at, false);
    }
    verify();
    cr_assert_not(findings.damaged);
}

Test(state_verify, damage_of_a_journal_has_line_byte_and_both_checksums)
{
    make();
    spoil("journal-0.ndjson", 8, false);
    verify();
    const FileFinding *journal = finding("journal-0.ndjson");
    cr_assert(journal->is_located);
    cr_assert_eq(journal->line, 4);
    cr_assert_eq(journal->records, 3);
    cr_assert_eq(strlen(journal->expected), 8);
    cr_assert_eq(strlen(journal->found), 8);
    cr_assert_str_neq(journal->expected, journal->found);
}

Test(state_verify, a_half_written_last_group_is_torn_and_no_damage)
{
    make();
    spoil("journal-4.ndjson", 3, true);
    verify();
    cr_assert_not(findings.damaged);
    cr_assert_eq(finding("journal-4.ndjson")->health, HEALTH_TORN);
    cr_assert_eq(finding("journal-4.ndjson")->last, 7);
}

Test(state_verify, a_journal_that_ends_before_the_next_begins_is_damaged)
{
    make();
    spoil("journal-0.ndjson", 1, true);
    spoil("journal-0.ndjson", 60, true);
    expect_only_damaged("journal-0.ndjson", "record 4");
}

Test(state_verify, a_checkpoint_without_its_program_is_damaged)
{
    cleanup(free) char *program = scratch_path(folder, "program-0.ved");

    make();
    remove(program);
    expect_only_damaged("checkpoint-4.json", "which is not there");
}
