#include "providers/docker/tar.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lang/base/file.h"
#include "lang/base/memory.h"

static char folder[64], archive[80];
static Error err;

static void put(const char *name, const char *content)
{
    cleanup(free) char *path = memory_format("%s/%s", folder, name);

    cr_assert_eq(file_replace(path, content, strlen(content), 0640, &err), 0, "%s", err.message);
}

static void setup(void)
{
    snprintf(folder, sizeof folder, "/tmp/ved-tar.XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    snprintf(archive, sizeof archive, "%s.tar", folder);
}

static void teardown(void)
{
    unlink(archive);
    cr_assert_eq(folder_remove(folder, NULL), 0);
}

TestSuite(tar, .init = setup, .fini = teardown);

/* What the machine's own tar makes of it. */
static char *listed(const char *options)
{
    cleanup(free) char *command = memory_format("tar %s %s 2>&1", options, archive);
    Buffer text = {0};
    char block[4096];
    FILE *pipe = popen(command, "re");

    for (size_t got; (got = fread(block, 1, sizeof block, pipe)) > 0;)
        buffer_add(&text, block, got);
    cr_assert_eq(pclose(pipe), 0, "%s", buffer_text(&text));
    return buffer_take(&text);
}

Test(tar, another_tar_reads_it)
{
    char deep[160];

    snprintf(deep, sizeof deep, "%s/sub", folder);
    mkdir(deep, 0755);
    memset(deep, 'n', sizeof deep);
    memcpy(deep, "sub/", 4);
    deep[90] = '\0';
    put("a", "content of a");
    put(deep, "long");
    cleanup(free) char *link = memory_format("%s/link", folder);
    cr_assert_eq(symlink("a", link), 0);
    cr_assert_eq(tar_write(folder, archive, &err), 0, "%s", err.message);
    cleanup(free) char *names = listed("-tf"), *about = listed("--numeric-owner -tvf");
    cleanup(free) char *content = listed("-xO a -f");
    cr_expect_eq(strncmp(names, "a\nlink\nsub/\nsub/nnn", 19), 0, "%s", names);
    cr_expect_not_null(strstr(about, "-rw-r----- 0/0"), "%s", about);
    cr_expect_not_null(strstr(about, "link -> a"), "%s", about);
    cr_expect_str_eq(content, "content of a");
}

Test(tar, long_paths_are_split_and_too_long_names_refused)
{
    char name[130], path[300];

    memset(name, 'd', 99);
    name[99] = '\0';
    snprintf(path, sizeof path, "%s/%s", folder, name);
    mkdir(path, 0755);
    snprintf(path, sizeof path, "%s/file", name);
    put(path, "x");
    cr_assert_eq(tar_write(folder, archive, &err), 0, "%s", err.message);
    cleanup(free) char *names = listed("-tf");
    cr_expect_not_null(strstr(names, "d/file\n"), "%s", names);
    memset(name, 'e', 120);
    name[120] = '\0';
    put(name, "x");
    cr_expect_lt(tar_write(folder, archive, &err), 0);
    cr_expect_not_null(strstr(err.message, "too long"), "%s", err.message);
}

Test(tar, glance_changes_with_what_it_looks_at)
{
    char first[2 * SHA256_SIZE + 1], same[2 * SHA256_SIZE + 1], other[2 * SHA256_SIZE + 1];

    put("a", "1");
    cr_assert_eq(tar_glance(folder, first, &err), 0);
    cr_assert_eq(tar_glance(folder, same, &err), 0);
    cr_expect_str_eq(first, same);
    put("a", "22");
    cr_assert_eq(tar_glance(folder, other, &err), 0);
    cr_expect_str_neq(first, other);
    cr_expect_lt(tar_glance("/nonexistent", other, &err), 0);
}
