#include "providers/sdk/sight.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <utime.h>

#include "lang/base/file.h"

static char path[64];
static struct stat before;

static void setup(void)
{
    snprintf(path, sizeof path, "/tmp/ved-sight.XXXXXX");
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    close(fd);
    cr_assert_eq(stat(path, &before), 0);
}

static void teardown(void)
{
    unlink(path);
}

TestSuite(sight, .init = setup, .fini = teardown);

static bool is_same(void)
{
    char sight[SIGHT_SIZE];
    struct stat now;

    sight_text(&before, sight);
    cr_assert_eq(stat(path, &now), 0);
    return sight_is_same(sight, &now);
}

Test(sight, a_file_left_alone_looks_the_same)
{
    cr_expect(is_same());
}

Test(sight, another_file_in_its_place_looks_different)
{
    cr_assert_eq(file_replace(path, "", 0, 0600, NULL), 0);
    cr_expect_not(is_same());
}

Test(sight, another_length_looks_different)
{
    cr_assert_eq(truncate(path, 1), 0);
    cr_expect_not(is_same());
}

Test(sight, a_change_shows_although_the_time_of_the_content_was_set_back)
{
    struct utimbuf times = {.actime = before.st_atime, .modtime = before.st_mtime};

    usleep(20000);
    cr_assert_eq(chmod(path, 0644), 0);
    cr_assert_eq(utime(path, &times), 0);
    cr_expect_not(is_same());
}

Test(sight, it_is_written_as_it_always_was)
{
    struct stat info = {.st_dev = 0xfe00, .st_ino = 0xc60837, .st_size = 178};
    char text[SIGHT_SIZE];

    info.st_mtim = (struct timespec){1795400827, 9740394};
    info.st_ctim = (struct timespec){1795400828, 0};
    sight_text(&info, text);
    cr_expect_str_eq(text, "fe00.c60837 178 1795400827.009740394 1795400828.000000000");
}

Test(sight, what_is_no_sight_is_like_nothing)
{
    cr_expect_not(sight_is_same(NULL, &before));
}
