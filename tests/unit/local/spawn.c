#include "providers/local/spawn.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "lang/base/file.h"
#include "lang/base/memory.h"

static char folder[64];

static void make_folder(void)
{
    strcpy(folder, "/tmp/ved-spawn-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
}

static void remove_folder(void)
{
    folder_remove(folder, NULL);
}

TestSuite(spawn, .init = make_folder, .fini = remove_folder);

static char *path_of(const char *name)
{
    return memory_format("%s/%s", folder, name);
}

static int run_shell(const char *script, Buffer *output)
{
    char *argv[] = {"/bin/sh", "-c", (char *)script, NULL};
    SpawnOptions options = {.argv = argv};
    int status = -1;
    Error err;

    cr_assert_eq(spawn_command(&options, "input", 5000, output, &status, &err), 0, "%s",
                 err.message);
    return status;
}

Test(spawn, identity_is_in_the_file_before_the_program_runs)
{
    cleanup(free) char *identity = path_of("identity.json"), *log = path_of("log");
    cleanup(free) char *script = memory_format("cat %s; echo \" $$\"", identity);
    char *argv[] = {"/bin/sh", "-c", script, NULL};
    SpawnOptions options = {
        .argv = argv, .log_path = log, .identity_path = identity, .boot_id = "b"};
    cleanup(buffer_deinit) Buffer text = {0};
    Identity child;
    int status;

    cr_assert_eq(spawn(&options, &child, NULL), 0);
    cr_assert_eq(spawn_wait(&child, 5000, NULL, NULL, &status), 0);
    cr_assert_eq(file_read(log, 4096, &text, NULL), 0);
    cleanup(free) char *expected = memory_format("{\"pid\":%d,", (int)child.pid);
    cleanup(free) char *own = memory_format(" %d\n", (int)child.pid);
    cr_expect(strstr(buffer_text(&text), expected) != NULL, "%s", buffer_text(&text));
    cr_expect(strstr(buffer_text(&text), own) != NULL, "%s", buffer_text(&text));
}

Test(spawn, program_never_runs_when_its_identity_cannot_be_kept)
{
    cleanup(free) char *identity = path_of("missing/identity.json"), *ran = path_of("ran");
    char *argv[] = {"/usr/bin/touch", ran, NULL};
    SpawnOptions options = {.argv = argv, .identity_path = identity, .detached = true};
    Identity child;
    Error err;

    cr_expect_lt(spawn(&options, &child, &err), 0);
    monotonic_sleep_ms(300);
    cr_expect_not(file_exists(ran));
}

Test(spawn, detached_program_is_not_our_child_and_leads_its_group)
{
    cleanup(free) char *identity = path_of("identity.json");
    char *argv[] = {"/bin/sleep", "30", NULL};
    SpawnOptions options = {
        .argv = argv, .identity_path = identity, .boot_id = "b", .detached = true};
    Identity child;
    ProcessStat stat;

    cr_assert_eq(spawn(&options, &child, NULL), 0);
    cr_expect_lt(waitpid(-1, NULL, WNOHANG), 0, "no child of ours is left");
    cr_assert(process_stat_read(child.pid, &stat));
    cr_expect_eq(stat.group, child.pid);
    cr_expect_eq(getsid(child.pid), child.pid);
    cr_expect_eq(group_signal(&child, "b", "VED_UID=x", SIGKILL), 1);
    cr_expect(identity_wait(&child, "b", 2000));
}

Test(spawn, program_inherits_three_descriptors_and_default_signals)
{
    cleanup(buffer_deinit) Buffer output = {0};

    signal(SIGTERM, SIG_IGN);
    cr_expect_gt(dup2(0, 77), 0);
    cr_expect_eq(
        run_shell("ls /proc/self/fd | tr '\\n' ' '; grep SigIgn /proc/self/status", &output), 0);
    /* The fourth is the folder that ls reads. */
    const char *mask = strstr(buffer_text(&output), "0 1 2 3 SigIgn:");
    cr_assert_not_null(mask, "%s", buffer_text(&output));
    /* Signals 32 and 33 are the C library's own: nobody can change what was inherited of them. */
    cr_expect_eq(strtoull(mask + strlen("0 1 2 3 SigIgn:"), NULL, 16) & ~(3ULL << 31), 0, "%s",
                 mask);
}

Test(spawn, missing_program_says_so)
{
    char *argv[] = {"/no/such/program", NULL};
    SpawnOptions options = {.argv = argv, .detached = true};
    Identity child;
    Error err = {0};

    cr_expect_lt(spawn(&options, &child, &err), 0);
    cr_expect(strstr(err.message, "'/no/such/program': No such file") != NULL, "%s", err.message);
}

Test(spawn, missing_working_folder_says_so)
{
    char *argv[] = {"/bin/true", NULL};
    SpawnOptions options = {.argv = argv, .working_dir = "/no/such/folder"};
    Identity child;
    Error err = {0};

    cr_expect_lt(spawn(&options, &child, &err), 0);
    cr_expect(strstr(err.message, "enter working folder '/no/such/folder'") != NULL, "%s",
              err.message);
}

Test(spawn, command_gets_input_and_gives_output_and_status)
{
    cleanup(buffer_deinit) Buffer output = {0};

    int status = run_shell("cat; echo; echo error >&2; exit 3", &output);
    cr_expect_str_eq(buffer_text(&output), "input\nerror\n");
    cleanup(free) char *text = wait_status_text(status);
    cr_expect_str_eq(text, "exited with status 3");
}

Test(spawn, wait_ends_a_program_that_takes_too_long)
{
    char *argv[] = {"/bin/sleep", "30", NULL};
    SpawnOptions options = {.argv = argv};
    Identity child;
    int status;

    cr_assert_eq(spawn(&options, &child, NULL), 0);
    int64_t start = monotonic_now_ms();
    cr_expect_eq(spawn_wait(&child, 100, NULL, NULL, &status), -ETIMEDOUT);
    cr_expect_lt(monotonic_now_ms() - start, 5000);
    cr_expect(WIFSIGNALED(status));
}

Test(spawn, tail_has_whole_last_lines_in_plain_characters)
{
    cleanup(free) char *log = path_of("log");

    cr_assert_eq(file_replace(log, "first line\nsecond\nthi\x1b\xffrd\n", 26, 0600, NULL), 0);
    cleanup(free) char *tail = log_tail(log, 12);
    cleanup(free) char *all = log_tail(log, 100);
    cr_expect_str_eq(tail, "thi??rd");
    cr_expect_str_eq(all, "first line\nsecond\nthi??rd");
}
