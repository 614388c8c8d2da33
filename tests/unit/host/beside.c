#include "controller/host/beside.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* What a test sees of the end of a copy. */
typedef struct Ended {
    Loop *loop;
    Beside *beside;
    int value; /* that the copy works on */
    char word[16];
    int open_fd;
    int count, code;
    Error error;
} Ended;

static void done(void *context, int code, const Error *err)
{
    Ended *ended = context;

    ended->count++;
    ended->code = code;
    ended->error = *err;
    loop_stop(ended->loop);
}

static void start(Ended *ended, int (*work)(void *context, Error *err))
{
    BesideTask task = {work, done, ended, ended->word, sizeof ended->word};
    Error err = {0};

    cr_assert_eq(loop_new(&ended->loop, &err), 0);
    cr_assert_eq(beside_start(ended->loop, &task, &ended->beside, &err), 0, "%s", err.message);
}

static int say_value(void *context, Error *err)
{
    Ended *ended = context;

    (void)err;
    strcpy(ended->word, ended->value == 1 ? "one" : "another");
    ended->value = 3;
    return 0;
}

Test(beside, copy_sees_memory_as_it_was_and_gives_back_its_result_only)
{
    Ended ended = {.value = 1};

    start(&ended, say_value);
    ended.value = 2;
    loop_run(ended.loop);
    cr_assert_eq(ended.count, 1);
    cr_assert_eq(ended.code, 0);
    cr_assert_str_eq(ended.word, "one");
    cr_assert_eq(ended.value, 2);
    loop_free(ended.loop);
}

Test(beside, end_can_be_waited_for)
{
    Ended ended = {.value = 1};

    start(&ended, say_value);
    beside_await(ended.beside);
    cr_assert_eq(ended.count, 1);
    cr_assert_str_eq(ended.word, "one");
    loop_free(ended.loop);
}

static int fail(void *context, Error *err)
{
    (void)context;
    return error_set(err, ERROR_STATE, "no room");
}

Test(beside, failure_comes_back_with_its_sentence)
{
    Ended ended = {0};

    start(&ended, fail);
    beside_await(ended.beside);
    cr_assert_eq(ended.code, ERROR_STATE);
    cr_assert_str_eq(ended.error.message, "no room");
    loop_free(ended.loop);
}

static int die(void *context, Error *err)
{
    (void)context;
    (void)err;
    kill(getpid(), SIGKILL);
    return 0;
}

Test(beside, copy_that_is_killed_is_a_failure)
{
    Ended ended = {0};

    start(&ended, die);
    loop_run(ended.loop);
    cr_assert_eq(ended.count, 1);
    cr_assert_eq(ended.code, ERROR_STATE);
    cr_assert_str_eq(ended.error.message, "a copy of this process was killed by signal 9");
    loop_free(ended.loop);
}

static int look_at_file(void *context, Error *err)
{
    const Ended *ended = context;

    (void)err;
    return fcntl(ended->open_fd, F_GETFD) >= 0 ? 1 : 0;
}

Test(beside, copy_has_none_of_the_files_that_are_open)
{
    Ended ended = {.open_fd = fcntl(STDOUT_FILENO, F_DUPFD, 50)};

    cr_assert_geq(ended.open_fd, 50);
    start(&ended, look_at_file);
    beside_await(ended.beside);
    cr_assert_eq(ended.code, 0);
    close(ended.open_fd);
    loop_free(ended.loop);
}

static int sleep_long(void *context, Error *err)
{
    (void)context;
    (void)err;
    sleep(1000);
    return 0;
}

Test(beside, copy_that_is_given_up_is_ended_and_says_nothing, .timeout = 60)
{
    Ended ended = {0};

    start(&ended, sleep_long);
    beside_free(ended.beside);
    cr_assert_eq(ended.count, 0);
    loop_free(ended.loop);
}
