/* What is read back of a state folder, however it was left. */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "controller/host/state_files.h"
#include "tests/unit/host/state_model.h"

TestSuite(state_recover, .init = begin, .fini = end);

Test(state_recover, recovery_gives_the_checkpoint_and_the_records_after_it)
{
    Model model;
    StateRecovery recovery;

    fill(25, 10);
    StateDir *dir = recover(&model, &recovery);
    cr_assert_eq(model.checkpoint, 20);
    cr_assert_eq(model.records, 5);
    cr_assert_eq(model.sum, 25 * 26 / 2);
    cr_assert_eq(recovery.position, 25);
    cr_assert_eq(recovery.checkpoint_position, 20);
    cr_assert_not(recovery.torn);
    state_dir_close(dir);
}

Test(state_recover, seals_take_a_number_but_are_nobodys_record)
{
    Model model;
    StateRecovery recovery;
    StateDir *dir = recover(&model, &recovery);

    cr_assert_eq(add(dir, 1, NULL), 0);
    cr_assert_eq(state_dir_seal(dir, NULL), 0);
    state_dir_close(dir);
    dir = recover(&model, &recovery);
    cr_assert_eq(model.records, 1);
    cr_assert_eq(recovery.position, 2);
    cr_assert(recovery.sealed);
    cr_assert_eq(add(dir, 1, NULL), 0);
    state_dir_close(dir);
    state_dir_close(recover(&model, &recovery));
    cr_assert_eq(model.sum, 2);
    cr_assert_not(recovery.sealed);
}

Test(state_recover, a_torn_tail_is_left_out_and_said)
{
    cleanup(free) char *journal = scratch_path(folder, "journal-0.ndjson");
    cleanup(buffer_deinit) Buffer text = {0};
    Model model;
    StateRecovery recovery;

    fill(5, 0);
    scratch_read(journal, &text);
    scratch_write(journal, text.bytes, text.size - 3);
    state_dir_close(recover(&model, &recovery));
    cr_assert(recovery.torn);
    cr_assert_eq(recovery.position, 4);
    cr_assert_not_null(strstr(recovery.torn_message, journal));
    cr_assert(has("journal-0.torn"));
    state_dir_close(recover(&model, &recovery));
    cr_assert_not(recovery.torn);
}

Test(state_recover, a_checkpoint_whose_journal_was_not_made_yet_recovers)
{
    Model model;
    StateRecovery recovery;

    fill(10, 10);
    drop("journal-10.ndjson");
    StateDir *dir = recover(&model, &recovery);
    cr_assert_eq(model.sum, 55);
    cr_assert_eq(model.records, 0);
    cr_assert_eq(add(dir, 11, NULL), 0);
    state_dir_close(dir);
    state_dir_close(recover(&model, &recovery));
    cr_assert_eq(model.sum, 66);
    cr_assert_eq(recovery.position, 11);
}

Test(state_recover, leftovers_of_an_interrupted_write_are_removed)
{
    cleanup(free) char *leftover = scratch_path(folder, "checkpoint-10.json.new");
    Model model;
    StateRecovery recovery;

    fill(10, 0);
    scratch_write(leftover, "{\"half", 6);
    state_dir_close(recover(&model, &recovery));
    cr_assert_eq(model.sum, 55);
    cr_assert_not(file_exists(leftover));
}

Test(state_recover, without_its_newest_checkpoint_the_journals_lead_there)
{
    Model model;
    StateRecovery recovery;

    fill(25, 10);
    drop("checkpoint-20.json");
    state_dir_close(recover(&model, &recovery));
    cr_assert_eq(model.checkpoint, 10);
    cr_assert_eq(model.records, 15);
    cr_assert_eq(model.sum, 325);
}

Test(state_recover, a_missing_journal_is_damage)
{
    Error err = {0};

    fill(25, 10);
    drop("checkpoint-20.json");
    drop("journal-10.ndjson");
    cr_assert_eq(recovery_refused(&err), ERROR_STATE);
    cr_assert_not_null(strstr(err.message, "journal"), "%s", err.message);
}

Test(state_recover, damage_in_an_older_journal_is_no_torn_tail)
{
    cleanup(free) char *journal = scratch_path(folder, "journal-10.ndjson");
    cleanup(buffer_deinit) Buffer text = {0};
    Error err = {0};

    fill(25, 10);
    drop("checkpoint-20.json");
    scratch_read(journal, &text);
    text.bytes[text.size - 5] ^= 1;
    scratch_write(journal, text.bytes, text.size);
    cr_assert_eq(recovery_refused(&err), ERROR_STATE);
    cr_assert_not_null(strstr(err.message, "record 20 is damaged"), "%s", err.message);
}

Test(state_recover, a_damaged_newest_checkpoint_is_refused)
{
    cleanup(free) char *file = scratch_path(folder, "checkpoint-20.json");
    cleanup(buffer_deinit) Buffer text = {0};
    Error err = {0};

    fill(25, 10);
    scratch_read(file, &text);
    text.bytes[text.size - 6] ^= 1;
    scratch_write(file, text.bytes, text.size);
    cr_assert_eq(recovery_refused(&err), ERROR_STATE);
    cr_assert_not_null(strstr(err.message, file), "%s", err.message);
}

Test(state_recover, a_renamed_checkpoint_is_refused)
{
    cleanup(free) char *from = scratch_path(folder, "checkpoint-20.json");
    cleanup(free) char *to = scratch_path(folder, "checkpoint-22.json");
    Error err = {0};

    fill(25, 10);
    cr_assert_eq(rename(from, to), 0);
    cr_assert_eq(recovery_refused(&err), ERROR_STATE);
    cr_assert_not_null(strstr(err.message, "position is 20, expected 22"), "%s", err.message);
}

typedef struct Text {
    const char *bytes;
    size_t size;
} Text;

static int text_put(void *source, StateLineVisit *visit, void *user, Error *err)
{
    const Text *text = source;

    return state_lines_visit(text->bytes, text->size, visit, user, err);
}

Test(state_recover, older_checkpoints_can_be_read_from)
{
    StateDirOptions reading = {.read_only = true};
    Model model;
    StateRecovery recovery;
    StateVisitor each;
    uint64_t oldest;
    Error err = {0};

    begin_with_program("first");
    fill(35, 10);
    StateDir *dir = open_dir(&reading);
    cr_assert_eq(state_dir_oldest(dir, &oldest, NULL), 0);
    cr_assert_eq(oldest, 0);
    for (uint64_t from = 0; from <= 30; from += 10) {
        each = visitor(&model);
        cr_assert_eq(state_dir_read(dir, from, &each, &recovery, &err), 0, "%s", err.message);
        cr_assert_eq(model.records, 35 - from);
        cr_assert_eq(model.sum, 35 * 36 / 2);
    }
    cr_assert_eq(state_dir_read(dir, 15, &each, &recovery, &err), ERROR_STATE);
    state_dir_close(dir);
}

/* As a copy of the process does it, in this one. */
static int copy_checkpoint(StateDir *dir, StateRotation *rotation, long long sum)
{
    cleanup(free) char *state = memory_format("{\"sum\":%lld}", sum);
    Text text = {state, strlen(state)};

    return state_dir_rotate_copy(dir, &(StateSource){text_put, &text}, false, rotation, NULL);
}

Test(state_recover, a_journal_goes_on_while_the_checkpoint_it_begins_with_is_written)
{
    StateRotation rotation;
    StateRecovery recovery;
    Model model;

    fill(10, 10);
    StateDir *dir = recover(&model, &recovery);
    cr_assert_eq(add(dir, 11, NULL), 0);
    cr_assert_eq(state_dir_rotate_begin(dir, &rotation, NULL), 0);
    cr_assert_eq(rotation.head.position, 11);
    cr_assert(has("journal-11.ndjson"));
    cr_assert_eq(copy_checkpoint(dir, &rotation, 66), 0);
    cr_assert_eq(add(dir, 12, NULL), 0);
    state_dir_rotate_end(dir, &rotation);
    cr_assert_not(state_dir_takes_changes(dir, rotation.size));
    cr_assert(state_dir_takes_changes(dir, 0));
    state_dir_close(dir);
    state_dir_close(recover(&model, &recovery));
    cr_assert_eq(model.sum, 78);
    cr_assert_eq(model.checkpoint, 11);
}

Test(state_recover, a_journal_whose_checkpoint_was_not_written_goes_on_from_the_one_before)
{
    StateRotation rotation;
    StateRecovery recovery;
    Model model;
    uint64_t oldest = 99;

    begin_with_program("first");
    fill(10, 10);
    StateDir *dir = recover(&model, &recovery);
    cr_assert_eq(add(dir, 11, NULL), 0);
    cr_assert_eq(state_dir_rotate_begin(dir, &rotation, NULL), 0);
    cr_assert_eq(add(dir, 12, NULL), 0);
    state_dir_close(dir); /* and the copy is gone with the process */
    dir = recover(&model, &recovery);
    cr_assert_eq(model.sum, 78);
    cr_assert_eq(model.checkpoint, 10);
    cr_assert_eq(state_dir_oldest(dir, &oldest, NULL), 0);
    cr_assert_eq(oldest, 0);
    cr_assert_eq(rotate(dir, model.sum, NULL), 0);
    state_dir_close(dir);
    state_dir_close(recover(&model, &recovery));
    cr_assert_eq(model.checkpoint, 12);
}

Test(state_recover, old_files_go_when_there_are_more_than_to_keep)
{
    StateDirOptions frugal = defaults;
    Model model;
    StateRecovery recovery;
    StateVisitor each = visitor(&model);

    frugal.keep_bytes = 1;
    fill(25, 10);
    StateDir *dir = open_dir(&frugal);
    cr_assert_geq(state_dir_recover(dir, &each, &recovery, NULL), 0);
    cr_assert_eq(state_dir_save_program(dir, 25, "new", 3, NULL), 0);
    cr_assert_eq(rotate(dir, model.sum, NULL), 0);
    state_dir_close(dir);
    cr_assert(has("checkpoint-25.json") && has("journal-25.ndjson") && has("program-25.ved"));
    cr_assert(has("checkpoint-20.json") && has("journal-20.ndjson"));
    cr_assert_not(has("checkpoint-10.json") || has("journal-10.ndjson") || has("journal-0.ndjson"));
    state_dir_close(recover(&model, &recovery));
    cr_assert_eq(model.sum, 325);
}

static void check_program(StateDir *dir, const char *expected)
{
    cleanup(buffer_deinit) Buffer text = {0};
    Error err = {0};

    cr_assert_eq(state_dir_load_program(dir, &text, &err), 0, "%s", err.message);
    cr_assert_str_eq(buffer_text(&text), expected);
}

Test(state_recover, the_program_is_the_one_the_newest_checkpoint_names)
{
    cleanup(buffer_deinit) Buffer none = {0};
    Model model;
    StateRecovery recovery;
    StateDir *dir = recover(&model, &recovery);

    cr_assert_eq(state_dir_load_program(dir, &none, NULL), STATE_NO_PROGRAM);
    cr_assert_eq(state_dir_save_program(dir, 0, "typo", 4, NULL), 0);
    cr_assert_eq(state_dir_save_program(dir, 0, "first", 5, NULL), 0);
    check_program(dir, "first");
    cr_assert_eq(add(dir, 1, NULL), 0);
    cr_assert_eq(state_dir_save_program(dir, 1, "second", 6, NULL), 0);
    state_dir_close(dir);

    dir = recover(&model, &recovery);
    check_program(dir, "first");
    cr_assert_eq(state_dir_save_program(dir, 1, "second", 6, NULL), 0);
    cr_assert_eq(rotate(dir, 1, NULL), 0);
    check_program(dir, "second");
    state_dir_close(dir);

    dir = recover(&model, &recovery);
    check_program(dir, "second");
    cr_assert_eq(state_dir_save_program(dir, 1, "second", 6, NULL), 0);
    cr_assert_eq(state_dir_save_program(dir, 1, "third", 5, NULL), ERROR_STATE);
    state_dir_close(dir);
}

/* What a crash may do: add records and rotate, again and again, from what was recovered. */
static void work(int says)
{
    Model model;
    StateRecovery recovery;
    StateDir *dir = recover(&model, &recovery);
    Error err = {0};

    for (int i = 0; i < 6; i++) {
        if (add(dir, 1, &err) < 0)
            _exit(1);
        model.sum++;
        if (write(says, &model.sum, sizeof model.sum) != sizeof model.sum)
            _exit(1);
        if (i % 2 == 1 && rotate(dir, model.sum, &err) < 0)
            _exit(1);
    }
    state_dir_close(dir);
}

/* Work in a child that ends at its `nth` change to a file: its exit status and last words. */
static int work_until(int nth, long long *ret_said)
{
    int pipes[2], status;
    long long said;

    cr_assert_eq(pipe(pipes), 0);
    pid_t child = fork();
    cr_assert_geq(child, 0);
    if (child == 0) {
        scratch_crash_at(nth);
        work(pipes[1]);
        _exit(0);
    }
    close(pipes[1]);
    while (read(pipes[0], &said, sizeof said) == sizeof said)
        *ret_said = said;
    close(pipes[0]);
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

Test(state_recover, a_crash_at_any_change_to_a_file_recovers, .timeout = 60)
{
    int crashes = 0;

    for (int nth = 1;; nth++) {
        long long said = 0;
        Model model;
        StateRecovery recovery;
        folder_remove(folder, NULL);
        int status = work_until(nth, &said);
        state_dir_close(recover(&model, &recovery));
        cr_assert(model.sum == said || model.sum == said + 1, "crash %d: %lld after %lld", nth,
                  model.sum, said);
        cr_assert_eq(recovery.position, (uint64_t)model.sum);
        if (status == 0)
            break;
        cr_assert_eq(status, SCRATCH_CRASH_STATUS);
        crashes++;
    }
    cr_assert_gt(crashes, 20);
}

Test(state_recover, a_failure_at_any_change_to_a_file_loses_nothing, .timeout = 60)
{
    for (int nth = 1;; nth++) {
        Model model;
        StateRecovery recovery;
        Error err = {0};
        folder_remove(folder, NULL);
        StateDir *dir = recover(&model, &recovery);
        long long acknowledged = 0;
        scratch_fail_at(nth, ENOSPC);
        for (int i = 0; i < 6; i++) {
            if (add(dir, 1, &err) == 0)
                acknowledged = (long long)journal_position(state_dir_journal(dir));
            else
                cr_assert_not_null(strstr(err.message, folder), "%s", err.message);
            if (journal_next(state_dir_journal(dir)) ==
                    journal_position(state_dir_journal(dir)) + 1 &&
                rotate(dir, acknowledged, &err) < 0)
                cr_assert_not_null(strstr(err.message, folder), "%s", err.message);
        }
        bool failed = scratch_has_failed();
        scratch_fail_at(0, 0);
        state_dir_close(dir);
        state_dir_close(recover(&model, &recovery));
        cr_assert_geq(model.sum, acknowledged, "failure %d", nth);
        if (!failed)
            break;
    }
}

Test(state_recover, a_full_disk_at_a_checkpoint_says_so_and_loses_nothing)
{
    cleanup(free) char *filler = scratch_path(scratch, "filler");
    char zeros[4096] = {0};
    Model model;
    StateRecovery recovery;
    Error err = {0};

    if (!scratch_mount(scratch, 2 << 20))
        cr_skip_test("mounting a small file system is not permitted");
    StateDir *dir = recover(&model, &recovery);
    cr_assert_eq(add(dir, 7, NULL), 0);
    FILE *file = fopen(filler, "w");
    cr_assert_not_null(file);
    setbuf(file, NULL);
    while (fwrite(zeros, 1, sizeof zeros, file) == sizeof zeros)
        ;
    fclose(file);
    cr_assert_eq(rotate(dir, 7, &err), -ENOSPC);
    cr_assert_not_null(strstr(err.message, folder), "%s", err.message);
    cr_assert_not_null(strstr(err.message, "No space left on device"), "%s", err.message);
    cr_assert_eq(add(dir, 8, &err), 0, "room was taken ahead: %s", err.message);
    state_dir_close(dir);
    dir = recover(&model, &recovery);
    cr_assert_eq(model.sum, 15);
    cr_assert_eq(unlink(filler), 0);
    cr_assert_eq(rotate(dir, 15, &err), 0, "%s", err.message);
    state_dir_close(dir);
}

Test(state_recover, an_unreadable_journal_is_named_with_what_to_do)
{
    cleanup(free) char *journal = scratch_path(folder, "journal-0.ndjson");
    cleanup(free) char *above = scratch_path(scratch, ".ved");
    cleanup(free) char *file = scratch_path(folder, "stack.json");
    StateDirOptions reading = {.read_only = true};
    int status;

    if (geteuid() != 0)
        cr_skip_test("only root can become another user");
    fill(3, 0);
    chmod(scratch, 0755);
    chmod(above, 0755);
    chmod(folder, 0755);
    chmod(file, 0644);
    pid_t child = fork();
    cr_assert_geq(child, 0);
    if (child == 0) {
        StateRecovery recovery;
        StateDir *dir = NULL;
        Model model;
        Error err = {0};
        StateVisitor each = visitor(&model);
        if (setgid(65534) < 0 || setuid(65534) < 0 ||
            state_dir_open(folder, &reading, &dir, &err) < 0)
            _exit(2);
        bool named = state_dir_recover(dir, &each, &recovery, &err) == -EACCES &&
                     strstr(err.message, journal) != NULL &&
                     strstr(err.message, "let uid 65534 read it") != NULL;
        state_dir_close(dir);
        _exit(named ? 0 : 1);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(WEXITSTATUS(status), 0);
}

Test(state_recover, a_file_is_no_folder)
{
    Error err = {0};

    free(folder);
    folder = scratch_path(scratch, "file");
    scratch_write(folder, "x", 1);
    cr_assert_eq(refused(&defaults, &err), -ENOTDIR);
    cr_assert_not_null(strstr(err.message, folder), "%s", err.message);
}

Test(state_recover, after_a_failed_sync_no_checkpoint_is_written)
{
    Model model;
    StateRecovery recovery;
    Error err = {0};
    StateDir *dir = recover(&model, &recovery);

    cr_assert_eq(add(dir, 1, NULL), 0);
    scratch_fail_at(1, EIO);
    cr_assert_eq(add(dir, 2, NULL), -EIO);
    journal_discard(state_dir_journal(dir));
    cr_assert_eq(rotate(dir, 3, &err), ERROR_STATE);
    cr_assert_not(has("checkpoint-1.json"));
    state_dir_close(dir);
    state_dir_close(recover(&model, &recovery));
    cr_assert(model.sum == 1 || model.sum == 3);
}

Test(state_recover, the_program_in_force_is_known_before_recovery)
{
    Model model;
    StateRecovery recovery;
    StateDir *dir = recover(&model, &recovery);

    cr_assert_eq(state_dir_save_program(dir, 0, "first", 5, NULL), 0);
    cr_assert_eq(add(dir, 1, NULL), 0);
    cr_assert_eq(state_dir_save_program(dir, 1, "second", 6, NULL), 0);
    cr_assert_eq(rotate(dir, 1, NULL), 0);
    state_dir_close(dir);
    dir = open_dir(&defaults);
    check_program(dir, "second");
    state_dir_close(dir);
}

/* Each byte of a small file changed in turn; the file is put back afterwards. */
static void each_changed_byte_is_noticed(const char *name, const char *words)
{
    cleanup(free) char *file = scratch_path(folder, name);
    cleanup(buffer_deinit) Buffer text = {0};
    Error err = {0};

    cr_assert_eq(file_read(file, 65536, &text, &err), 0, "%s", err.message);
    for (size_t i = 0; i < text.size; i++) {
        cleanup(buffer_deinit) Buffer program = {0};
        StateDir *dir = NULL;
        text.bytes[i] ^= 1;
        scratch_write(file, text.bytes, text.size);
        int code = state_dir_open(folder, &defaults, &dir, &err);
        if (code == 0)
            code = state_dir_load_program(dir, &program, &err);
        state_dir_close(dir);
        cr_assert_lt(code, 0, "byte %zu", i);
        if (code == ERROR_STATE)
            cr_assert_not_null(strstr(err.message, words), "byte %zu: %s", i, err.message);
        text.bytes[i] ^= 1;
    }
    scratch_write(file, text.bytes, text.size);
}

Test(state_recover, each_changed_byte_of_stack_and_program_is_noticed)
{
    Model model;
    StateRecovery recovery;
    StateDir *dir = recover(&model, &recovery);

    cr_assert_eq(state_dir_save_program(dir, 0, "domain D { }\n", 13, NULL), 0);
    state_dir_close(dir);
    each_changed_byte_is_noticed("stack.json", "stack.json");
    each_changed_byte_is_noticed("program-0.ved", "program-0.ved");
    dir = open_dir(&defaults);
    check_program(dir, "domain D { }\n");
    state_dir_close(dir);
}
