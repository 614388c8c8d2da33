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

TestSuite(state_dir, .init = begin, .fini = end);

Test(state_dir, a_new_folder_is_private_and_remembers_its_stack)
{
    StateDir *dir = open_dir(&defaults);
    struct stat info;

    cr_assert_eq(stat(folder, &info), 0);
    cr_assert_eq(info.st_mode & 0777, 0700);
    cr_assert_str_eq(state_dir_stack(dir), "shop");
    cr_assert_eq(strlen(state_dir_lineage(dir)), 32);
    cleanup(free) char *lineage = memory_copy_string(state_dir_lineage(dir));
    state_dir_close(dir);
    dir = open_dir(&(StateDirOptions){0});
    cr_assert_str_eq(state_dir_stack(dir), "shop");
    cr_assert_str_eq(state_dir_lineage(dir), lineage);
    state_dir_close(dir);
}

Test(state_dir, another_stack_is_refused_with_what_to_use)
{
    Error err = {0};

    state_dir_close(open_dir(&defaults));
    cr_assert_eq(refused(&(StateDirOptions){.stack = "web"}, &err), ERROR_STALE);
    cr_assert_not_null(strstr(err.message, "belongs to stack \"shop\", expected \"web\""));
    cr_assert_not_null(strstr(err.message, "--state DIR"));
}

Test(state_dir, newer_version_is_refused)
{
    cleanup(free) char *file = scratch_path(folder, "stack.json");
    const char *text = "{\"format\":\"ved.state\",\"version\":2,\"stack\":\"shop\",\"more\":1}";
    Error err = {0};

    state_dir_close(open_dir(&defaults));
    scratch_write(file, text, strlen(text));
    cr_assert_eq(refused(&defaults, &err), ERROR_STATE);
    cr_assert_not_null(strstr(err.message, "has format version 2, and this ved reads up to 1"));
}

Test(state_dir, a_damaged_stack_file_is_refused)
{
    cleanup(free) char *file = scratch_path(folder, "stack.json");
    Error err = {0};

    state_dir_close(open_dir(&defaults));
    scratch_write(file, "{\"format\":", 10);
    cr_assert_eq(refused(&defaults, &err), ERROR_STATE);
    cr_assert_not_null(strstr(err.message, file), "%s", err.message);
}

Test(state_dir, a_state_that_lost_its_stack_file_is_not_taken_for_new)
{
    Error err = {0};

    fill(3, 0);
    drop("stack.json");
    cr_assert_eq(refused(&defaults, &err), ERROR_STATE);
    cr_assert_not_null(strstr(err.message, "no stack.json"), "%s", err.message);
}

Test(state_dir, a_missing_folder_is_not_made_for_reading)
{
    Error err = {0};

    cr_assert_eq(refused(&(StateDirOptions){.stack = "shop", .read_only = true}, &err),
                 ERROR_STATE);
    cr_assert_not_null(strstr(err.message, "does not exist"), "%s", err.message);
    cr_assert_not(file_exists(folder));
}

/* Run in a child: open the folder, say so, hold it for `hold_ms`, or until killed. */
static pid_t hold(int hold_ms)
{
    int pipes[2];
    char byte = 'x';

    cr_assert_eq(pipe(pipes), 0);
    pid_t child = fork();
    cr_assert_geq(child, 0);
    if (child == 0) {
        StateDir *dir = NULL;
        if (state_dir_open(folder, &defaults, &dir, NULL) < 0 || write(pipes[1], &byte, 1) != 1)
            _exit(1);
        usleep((useconds_t)hold_ms * 1000);
        _exit(0);
    }
    close(pipes[1]);
    cr_assert_eq(read(pipes[0], &byte, 1), 1);
    close(pipes[0]);
    return child;
}

Test(state_dir, a_second_process_is_told_who_holds_it)
{
    Error err = {0};
    pid_t holder = hold(20000);
    cleanup(free) char *who = memory_format("is held by pid %d on host ", (int)holder);

    cr_assert_eq(refused(&defaults, &err), ERROR_LOCKED);
    cr_assert_not_null(strstr(err.message, who), "%s", err.message);
    cr_assert_not_null(strstr(err.message, "(ved apply shop.ved) since 20"), "%s", err.message);
    cr_assert_not_null(strstr(err.message, "--lock-timeout 30s"));
    kill(holder, SIGKILL);
    waitpid(holder, NULL, 0);
    state_dir_close(open_dir(&defaults));
}

Test(state_dir, lock_timeout_waits_for_the_holder)
{
    StateDirOptions patient = defaults;
    pid_t holder = hold(300);

    cr_assert_eq(refused(&defaults, NULL), ERROR_LOCKED);
    patient.lock_timeout_ms = 10000;
    state_dir_close(open_dir(&patient));
    waitpid(holder, NULL, 0);
}

Test(state_dir, lock_timeout_ends)
{
    StateDirOptions patient = defaults;
    pid_t holder = hold(20000);

    patient.lock_timeout_ms = 100;
    cr_assert_eq(refused(&patient, NULL), ERROR_LOCKED);
    kill(holder, SIGKILL);
    waitpid(holder, NULL, 0);
}

static uint64_t folder_print(void)
{
    cleanup(free) char *command = memory_format("cd '%s' && ls -l --time-style=+%%s.%%N", folder);
    FILE *list = popen(command, "r");
    uint64_t print = 5381;

    cr_assert_not_null(list);
    for (int c; (c = fgetc(list)) != EOF;)
        print = print * 33 + (uint64_t)c;
    pclose(list);
    return print;
}

Test(state_dir, reading_needs_no_lock_and_writes_nothing)
{
    StateDirOptions reading = {.read_only = true};
    cleanup(free) char *leftover = scratch_path(folder, "checkpoint-9.json.new");
    cleanup(free) char *journal = scratch_path(folder, "journal-0.ndjson");
    Model model;
    StateRecovery recovery;
    StateVisitor each = visitor(&model);

    fill(4, 0);
    cr_assert_eq(truncate(journal, 150), 0);
    pid_t holder = hold(20000);
    scratch_write(leftover, "x", 1);
    uint64_t before = folder_print();
    StateDir *dir = open_dir(&reading);
    cr_assert_eq(state_dir_recover(dir, &each, &recovery, NULL), STATE_TORN_TAIL);
    cr_assert_null(state_dir_journal(dir));
    cr_assert_gt(model.records, 0);
    state_dir_close(dir);
    cr_assert_eq(folder_print(), before);
    kill(holder, SIGKILL);
    waitpid(holder, NULL, 0);
}

/* As another user: 0 when opening is refused with a sentence that has `words`. */
static int refused_to_others(const char *words)
{
    pid_t child = fork();
    int status;

    cr_assert_geq(child, 0);
    if (child == 0) {
        StateDir *dir = NULL;
        Error err = {0};
        if (setgid(65534) < 0 || setuid(65534) < 0)
            _exit(2);
        int code = state_dir_open(folder, &defaults, &dir, &err);
        _exit(code == -EACCES && strstr(err.message, words) != NULL ? 0 : 1);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    return WEXITSTATUS(status);
}

Test(state_dir, what_cannot_be_read_is_named_with_what_to_do)
{
    cleanup(free) char *file = scratch_path(folder, "stack.json");
    cleanup(free) char *above = scratch_path(scratch, ".ved");

    if (geteuid() != 0)
        cr_skip_test("only root can become another user");
    state_dir_close(open_dir(&defaults));
    chmod(scratch, 0755);
    chmod(above, 0755);
    cr_assert_eq(refused_to_others(folder), 0);
    chmod(folder, 0777);
    cr_assert_eq(refused_to_others(file), 0);
    cr_assert_eq(refused_to_others("uid 65534"), 0);
}
