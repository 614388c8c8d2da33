#include "providers/local/identity.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "lang/base/file.h"

Test(identity, process_is_alive_until_it_ends)
{
    pid_t pid = fork();
    Identity identity;

    if (pid == 0)
        for (;;)
            pause();
    cr_assert_eq(identity_of(pid, "boot", &identity, NULL), 0);
    cr_expect_eq(identity_status(&identity, "boot"), IDENTITY_ALIVE);
    cr_expect_not(identity_wait(&identity, "boot", 50));
    kill(pid, SIGKILL);
    cr_expect(identity_wait(&identity, "boot", 2000), "a zombie counts as ended");
    cr_expect_eq(identity_status(&identity, "boot"), IDENTITY_EXITED);
    waitpid(pid, NULL, 0);
}

Test(identity, same_pid_with_other_start_time_is_somebody_else)
{
    Identity identity;

    cr_assert_eq(identity_of(getpid(), "boot", &identity, NULL), 0);
    identity.start_time++;
    cr_expect_eq(identity_status(&identity, "boot"), IDENTITY_EXITED);
}

Test(identity, nothing_survives_a_restart_of_the_machine)
{
    Identity identity;

    cr_assert_eq(identity_of(getpid(), "boot", &identity, NULL), 0);
    cr_expect_eq(identity_status(&identity, "later boot"), IDENTITY_REBOOTED);
    cr_expect_eq(group_signal(&identity, "later boot", "VED_UID=x", 0), 0);
}

Test(identity, file_gives_back_what_was_saved)
{
    char path[] = "/tmp/ved-identity-XXXXXX";
    Identity saved, loaded;

    close(mkstemp(path));
    cr_assert_eq(identity_of(getpid(), "boot", &saved, NULL), 0);
    cr_assert_eq(identity_save(path, &saved, NULL), 0);
    cr_assert_eq(identity_load(path, &loaded, NULL), 0);
    cr_expect_eq(loaded.pid, saved.pid);
    cr_expect_eq(loaded.start_time, saved.start_time);
    cr_expect_str_eq(loaded.boot_id, "boot");
    unlink(path);
    cr_expect_eq(identity_load(path, &loaded, NULL), IDENTITY_NONE);
}

Test(identity, damaged_file_is_an_error_and_not_nobody)
{
    char path[] = "/tmp/ved-identity-XXXXXX";
    Identity loaded;
    Error err = {0};

    close(mkstemp(path));
    cr_assert_eq(file_replace(path, "{\"pid\":", 7, 0600, NULL), 0);
    cr_expect_lt(identity_load(path, &loaded, &err), 0);
    cr_expect(strstr(err.message, path) != NULL, "%s", err.message);
    unlink(path);
}
