#include "controller/host/state_chain.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "controller/host/state_dir.h"
#include "controller/host/state_verify.h"
#include "lang/base/file.h"
#include "lang/base/memory.h"
#include "tests/unit/host/scratch.h"

/* A whole state of many instances, and what changes of it. */
#define INSTANCES 1000

static char *scratch, *folder;
static StateDir *dir;

static StateDir *dir_open(const StateDirOptions *options)
{
    StateDir *opened = NULL;
    StateVisitor nobody = {0};
    StateRecovery recovery;
    Error err = {0};

    cr_assert_eq(state_dir_open(folder, options, &opened, &err), 0, "%s", err.message);
    cr_assert_geq(state_dir_recover(opened, &nobody, &recovery, &err), 0, "%s", err.message);
    return opened;
}

static void begin(void)
{
    static const StateDirOptions defaults = {.stack = "shop"};

    scratch = scratch_make();
    folder = scratch_path(scratch, "shop");
    dir = dir_open(&defaults);
    cr_assert_eq(state_dir_save_program(dir, 0, "domain A {}", 11, NULL), 0);
}

static void end(void)
{
    state_dir_close(dir);
    free(folder);
    scratch_remove(scratch);
}

TestSuite(state_chain, .init = begin, .fini = end);

static void record(void)
{
    cr_assert_eq(state_dir_append(dir, "{\"type\":\"slice\"}", 16, NULL), 0);
    cr_assert_eq(journal_commit(state_dir_journal(dir), NULL), 0);
}

/* `items` stand in the table of instances. */
static char *state_text(int number, const char *items)
{
    return memory_format("{\"number\":%d,\"trails\":[\n],\"domains\":[\n%s\n],\"objects\":[\n],"
                         "\"facts\":[]}",
                         number, items);
}

static void whole_keep(void)
{
    cleanup(buffer_deinit) Buffer items = {0};

    for (int i = 0; i < INSTANCES; i++)
        buffer_add_format(&items, "%s{\"domain\":\"A\",\"key\":\"%d\",\"n\":0}", i > 0 ? ",\n" : "",
                          i);
    cleanup(free) char *text = state_text(0, buffer_text(&items));
    record();
    cr_assert_eq(state_dir_rotate(dir, text, strlen(text), NULL), 0);
}

static void changes_keep_in_dir(int number, const char *items)
{
    cleanup(free) char *text = state_text(number, items);

    record();
    cr_assert(state_dir_takes_changes(dir, strlen(text)));
    cr_assert_eq(state_dir_rotate_changes(dir, text, strlen(text), NULL), 0);
}

static int text_take(void *user, uint64_t position, const char *state, size_t size, Error *err)
{
    (void)position;
    (void)err;
    buffer_reset(user);
    buffer_add(user, state, size);
    return 0;
}

static int state_read(uint64_t from, Buffer *ret, Error *err)
{
    StateVisitor visitor = {.on_checkpoint = text_take, .user = ret};
    StateRecovery recovery;

    return state_dir_read(dir, from, &visitor, &recovery, err);
}

Test(state_chain, changes_are_laid_over_their_base)
{
    cleanup(buffer_deinit) Buffer text = {0};
    Error err = {0};

    whole_keep();
    changes_keep_in_dir(1, "{\"domain\":\"A\",\"key\":\"3\",\"n\":1},\n"
                           "{\"domain\":\"B\",\"key\":\"new\",\"n\":1}");
    changes_keep_in_dir(2, "{\"domain\":\"A\",\"key\":\"4\",\"ended\":true},\n"
                           "{\"domain\":\"A\",\"key\":\"3\",\"n\":2}");
    cr_assert_eq(state_read(STATE_NEWEST, &text, &err), 0, "%s", err.message);
    cr_assert_eq(strncmp(text.bytes, "{\"number\":2,", 12), 0);
    cr_assert_not_null(strstr(text.bytes,
                              "\"key\":\"2\",\"n\":0},\n{\"domain\":\"A\",\"key\":\"3\","
                              "\"n\":2},\n{\"domain\":\"A\",\"key\":\"5\",\"n\":0}"));
    cr_assert_not_null(strstr(text.bytes, "\"key\":\"999\",\"n\":0},\n"
                                          "{\"domain\":\"B\",\"key\":\"new\",\"n\":1}\n],"));
    cr_assert_eq(state_read(2, &text, &err), 0, "%s", err.message);
    cr_assert_not_null(strstr(text.bytes, "\"key\":\"4\",\"n\":0}"));
}

Test(state_chain, what_ended_and_came_again_stands_behind)
{
    cleanup(buffer_deinit) Buffer text = {0};

    whole_keep();
    changes_keep_in_dir(1, "{\"domain\":\"A\",\"key\":\"4\",\"ended\":true},\n"
                           "{\"domain\":\"A\",\"key\":\"4\",\"n\":7}");
    cr_assert_eq(state_read(STATE_NEWEST, &text, NULL), 0);
    cr_assert_not_null(strstr(text.bytes, "\"key\":\"999\",\"n\":0},\n"
                                          "{\"domain\":\"A\",\"key\":\"4\",\"n\":7}\n],"));
    cr_assert_null(strstr(text.bytes, "\"key\":\"4\",\"n\":0}"));
}

Test(state_chain, the_seventeenth_is_whole)
{
    whole_keep();
    for (int i = 0; i < STATE_CHANGES_MAX; i++)
        changes_keep_in_dir(i, "{\"domain\":\"A\",\"key\":\"3\",\"n\":1}");
    record();
    cr_assert_not(state_dir_takes_changes(dir, 10));
}

Test(state_chain, changes_of_half_of_the_whole_are_none)
{
    cleanup(free) char *text = state_text(1, "");

    whole_keep();
    record();
    cr_assert(state_dir_takes_changes(dir, strlen(text)));
    cr_assert_not(state_dir_takes_changes(dir, (size_t)INSTANCES * 32));
}

Test(state_chain, a_successor_goes_on_with_it)
{
    static const StateDirOptions defaults = {.stack = "shop"};
    cleanup(buffer_deinit) Buffer text = {0};

    whole_keep();
    changes_keep_in_dir(1, "{\"domain\":\"A\",\"key\":\"3\",\"n\":1}");
    state_dir_close(dir);
    dir = dir_open(&defaults);
    changes_keep_in_dir(2, "{\"domain\":\"A\",\"key\":\"5\",\"n\":1}");
    cr_assert_eq(state_read(STATE_NEWEST, &text, NULL), 0);
    cr_assert_not_null(strstr(text.bytes, "\"key\":\"3\",\"n\":1}"));
    cr_assert_not_null(strstr(text.bytes, "\"key\":\"5\",\"n\":1}"));
}

static void expect_damage(const char *file, const char *message)
{
    StateFindings findings = {0};
    bool found = false;

    cr_assert_eq(state_verify(folder, &findings, NULL), 0);
    cr_assert(findings.damaged);
    for (size_t i = 0; i < findings.count; i++)
        if (strcmp(findings.items[i].name, file) == 0 && findings.items[i].message != NULL)
            found = strstr(findings.items[i].message, message) != NULL;
    cr_assert(found, "%s: %s", file, message);
    state_findings_deinit(&findings);
}

Test(state_chain, a_missing_base_is_damage)
{
    cleanup(free) char *base = scratch_path(folder, "checkpoint-1.json");
    cleanup(buffer_deinit) Buffer text = {0};
    Error err = {0};

    whole_keep();
    changes_keep_in_dir(1, "{\"domain\":\"A\",\"key\":\"3\",\"n\":1}");
    unlink(base);
    cr_assert_eq(state_read(STATE_NEWEST, &text, &err), ERROR_STATE);
    cr_assert_not_null(strstr(err.message, "checkpoint-1, which is not there"), "%s", err.message);
    expect_damage("checkpoint-2.json", "checkpoint-1, which is not there");
}

Test(state_chain, a_damaged_base_is_damage)
{
    cleanup(free) char *base = scratch_path(folder, "checkpoint-1.json");
    cleanup(buffer_deinit) Buffer text = {0}, state = {0};
    Error err = {0};

    whole_keep();
    changes_keep_in_dir(1, "{\"domain\":\"A\",\"key\":\"3\",\"n\":1}");
    scratch_read(base, &text);
    text.bytes[text.size / 2] ^= 1;
    scratch_write(base, text.bytes, text.size);
    cr_assert_eq(state_read(STATE_NEWEST, &state, &err), ERROR_STATE);
    cr_assert_not_null(strstr(err.message, base), "%s", err.message);
    expect_damage("checkpoint-1.json", "checksum is ");
}

Test(state_chain, a_base_that_is_needed_is_kept)
{
    static const StateDirOptions frugal = {.stack = "shop", .keep_bytes = 1};
    cleanup(free) char *base = scratch_path(folder, "checkpoint-1.json");
    cleanup(free) char *journal = scratch_path(folder, "journal-1.ndjson");
    cleanup(buffer_deinit) Buffer text = {0};
    uint64_t oldest = 0;

    state_dir_close(dir);
    dir = dir_open(&frugal);
    whole_keep();
    for (int i = 0; i < 5; i++)
        changes_keep_in_dir(i, "{\"domain\":\"A\",\"key\":\"3\",\"n\":1}");
    cr_assert(file_exists(base));
    cr_assert_not(file_exists(journal));
    cr_assert_eq(state_dir_oldest(dir, &oldest, NULL), 0);
    cr_assert_eq(oldest, 5);
    cr_assert_eq(state_read(oldest, &text, NULL), 0);
    whole_keep();
    whole_keep();
    cr_assert_not(file_exists(base));
}

Test(state_chain, yaml_is_laid_over_json)
{
    static const StateDirOptions yaml = {.stack = "shop", .format = STATE_YAML};
    cleanup(buffer_deinit) Buffer text = {0};
    Error err = {0};

    whole_keep();
    state_dir_close(dir);
    dir = dir_open(&yaml);
    changes_keep_in_dir(1, "{\"domain\":\"A\",\"key\":\"3\",\"n\":1}");
    cr_assert_eq(state_read(STATE_NEWEST, &text, &err), 0, "%s", err.message);
    cr_assert_not_null(strstr(text.bytes, "\"key\":\"3\",\"n\":1}"));
    cr_assert_not_null(strstr(text.bytes, "\"key\":\"4\",\"n\":0}"));
}

Test(state_chain, secrets_of_changes_are_sealed_and_opened)
{
    cleanup(free) char *path = scratch_path(folder, "checkpoint-2.json");
    cleanup(buffer_deinit) Buffer text = {0}, file = {0};
    Error err = {0};

    whole_keep();
    changes_keep_in_dir(1, "{\"domain\":\"A\",\"key\":\"3\",\"n\":{\"$secret\":\"hush\"}}");
    scratch_read(path, &file);
    cr_assert_null(strstr(file.bytes, "hush"));
    cr_assert_not_null(strstr(file.bytes, "\"base\": 1,\n"));
    cr_assert_eq(state_read(STATE_NEWEST, &text, &err), 0, "%s", err.message);
    cr_assert_not_null(strstr(text.bytes, "\"key\":\"3\",\"n\":{\"$secret\":\"hush\"}}"));
}
