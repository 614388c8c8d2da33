#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "lang/base/file.h"
#include "lang/base/memory.h"
#include "tests/lib/local/fixture.h"

static Fixture fixture;

static void setup(void)
{
    fixture_init(&fixture, NULL);
}

static void teardown(void)
{
    fixture_deinit(&fixture);
}

TestSuite(path_objects, .init = setup, .fini = teardown);

static void write_file(const char *name, const char *content, const char *mode)
{
    cleanup(free) char *desired =
        memory_format("{\"path\":\"%s/%s\",\"content\":\"%s\",\"mode\":\"%s\"}", fixture.folder,
                      name, content, mode);

    cr_assert_eq(fixture_reconcile(&fixture, "file", UID_A, desired), 0, "%s",
                 fixture.problem.detail);
}

static int make_folder(const char *name)
{
    cleanup(free) char *desired = memory_format("{\"path\":\"%s/%s\"}", fixture.folder, name);

    return fixture_reconcile(&fixture, "directory", UID_A, desired);
}

static bool file_holds(const char *name, const char *content)
{
    cleanup(buffer_deinit) Buffer text = {0};

    return file_read(fixture_path(&fixture, name), 4096, &text, NULL) == 0 &&
           strcmp(buffer_text(&text), content) == 0;
}

static struct stat info_of(const char *name)
{
    struct stat info;

    cr_assert_eq(stat(fixture_path(&fixture, name), &info), 0);
    return info;
}

Test(path_objects, file_has_content_mode_and_digest)
{
    umask(077);
    write_file("f", "hello", "0664");
    cr_expect(file_holds("f", "hello"));
    cr_expect_eq(info_of("f").st_mode & 07777, 0664, "whatever the umask");
    /* printf hello | sha256sum */
    cr_expect_str_eq(fixture_string(&fixture, "digest"),
                     "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
    cr_expect_str_eq(fixture_string(&fixture, "path"), fixture_path(&fixture, "f"));
}

Test(path_objects, writing_the_same_again_leaves_the_file_alone)
{
    write_file("f", "hello", "0644");
    ino_t before = info_of("f").st_ino;
    write_file("f", "hello", "0644");
    cr_expect_eq(info_of("f").st_ino, before);
    write_file("f", "hullo", "0644");
    cr_expect_neq(info_of("f").st_ino, before, "changed content replaces the file");
    cr_expect(file_holds("f", "hullo"));
}

Test(path_objects, file_that_was_changed_is_found_with_its_present_digest)
{
    write_file("f", "hello", "0644");
    cleanup(free) char *digest = memory_copy_string(fixture_string(&fixture, "digest"));
    cr_assert_eq(file_replace(fixture_path(&fixture, "f"), "other", 5, 0644, NULL), 0);
    cr_expect_eq(fixture_observe(&fixture, "file", UID_A), OBSERVE_FOUND);
    cr_expect_str_neq(fixture_string(&fixture, "digest"), digest);
    unlink(fixture_path(&fixture, "f"));
    cr_expect_eq(fixture_observe(&fixture, "file", UID_A), OBSERVE_ABSENT);
    cr_expect(strstr(fixture.reply.reason, "does not exist") != NULL, "%s", fixture.reply.reason);
}

Test(path_objects, file_moves_when_its_path_changes)
{
    write_file("old", "hello", "0644");
    write_file("new", "hello", "0644");
    cr_expect(file_holds("new", "hello"));
    cr_expect_not(file_exists(fixture_path(&fixture, "old")));
    cr_expect_eq(fixture_remove(&fixture, "file", UID_A), 0);
    cr_expect_not(file_exists(fixture_path(&fixture, "new")));
    cr_expect_eq(fixture_remove(&fixture, "file", UID_A), 0, "deleting twice is fine");
}

Test(path_objects, file_below_a_missing_folder_fails_and_says_where)
{
    cr_expect_eq(fixture_reconcile(&fixture, "file", UID_A,
                                   "{\"path\":\"/no/such/folder/f\",\"content\":\"\"}"),
                 -1);
    cr_expect(strstr(fixture.problem.detail, "'/no/such/folder/f") != NULL, "%s",
              fixture.problem.detail);
}

Test(path_objects, folder_is_deleted_only_when_empty)
{
    cr_assert_eq(make_folder("a/b"), 0, "%s", fixture.problem.detail);
    cr_expect_eq(fixture_observe(&fixture, "directory", UID_A), OBSERVE_FOUND);
    cr_expect_eq(make_folder("a/b"), 0);
    cr_assert_eq(file_replace(fixture_path(&fixture, "a/b/f"), "", 0, 0644, NULL), 0);
    cr_expect_eq(fixture_remove(&fixture, "directory", UID_A), -1);
    cr_expect(strstr(fixture.problem.detail, "not empty") != NULL, "%s", fixture.problem.detail);
    unlink(fixture_path(&fixture, "a/b/f"));
    cr_expect_eq(fixture_remove(&fixture, "directory", UID_A), 0);
    cr_expect_not(file_exists(fixture_path(&fixture, "a/b")));
    cr_expect_eq(fixture_observe(&fixture, "directory", UID_A), OBSERVE_ABSENT);
}

Test(path_objects, folder_that_became_a_file_is_absent)
{
    cr_assert_eq(make_folder("a"), 0);
    rmdir(fixture_path(&fixture, "a"));
    cr_assert_eq(file_replace(fixture_path(&fixture, "a"), "", 0, 0644, NULL), 0);
    cr_expect_eq(fixture_observe(&fixture, "directory", UID_A), OBSERVE_ABSENT);
    unlink(fixture_path(&fixture, "a"));
}

Test(path_objects, modes_that_are_none_are_refused)
{
    cr_expect_eq(fixture_validate(&fixture, "WriteFile", "{\"path\":\"x\",\"mode\":\"0999\"}"), -1);
    cr_expect_str_eq(fixture.problem.pointer, "/mode");
    cr_expect_eq(fixture_validate(&fixture, "CreateDirectory", "{\"path\":\"\"}"), -1);
    cr_expect_str_eq(fixture.problem.pointer, "/path");
    cr_expect_eq(fixture_validate(&fixture, "WriteFile", "{\"path\":\"x\",\"mode\":\"0600\"}"), 0);
}
