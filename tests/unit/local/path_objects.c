#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
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

Test(path_objects, path_of_a_file_cannot_change)
{
    write_file("old", "hello", "0644");
    cleanup(free) char *other =
        memory_format("{\"path\":\"%s/new\",\"content\":\"hello\"}", fixture.folder);
    cr_expect_eq(fixture_reconcile(&fixture, "file", UID_A, other), -1);
    cr_expect_str_eq(fixture.problem.code, "UNSUPPORTED_CHANGE");
    cr_expect_str_eq(fixture.problem.pointer, "/path");
    cr_expect(file_holds("old", "hello"));
    cr_expect_not(file_exists(fixture_path(&fixture, "new")));
    cr_expect_eq(fixture_remove(&fixture, "file", UID_A), 0);
    cr_expect_not(file_exists(fixture_path(&fixture, "old")));
    cr_expect_eq(fixture_remove(&fixture, "file", UID_A), 0, "deleting twice is fine");
}

Test(path_objects, relative_path_counts_from_where_it_was_first_said)
{
    const char *desired = "{\"path\":\"rel\",\"content\":\"x\"}";

    cr_assert_eq(chdir(fixture.folder), 0);
    cr_assert_eq(fixture_reconcile(&fixture, "file", UID_A, desired), 0);
    cr_assert_eq(chdir("/"), 0);
    cr_expect_eq(fixture_reconcile(&fixture, "file", UID_A, desired), 0, "%s",
                 fixture.problem.detail);
    cr_expect_str_eq(fixture_string(&fixture, "path"), fixture_path(&fixture, "rel"));
    cr_expect_not(file_exists("/rel"));
}

/* The refusal says who has it, and changes nothing. */
static void expect_refused(const char *code, const char *type, const char *uid, const char *name,
                           const char *who)
{
    cleanup(free) char *desired =
        memory_format("{\"path\":\"%s/%s\",\"content\":\"mine\"}", fixture.folder, name);

    cr_expect_eq(fixture_reconcile(&fixture, type, uid, desired), -1);
    cr_expect_str_eq(fixture.problem.code, code);
    cr_expect_str_eq(fixture.problem.outcome, "not_applied");
    cr_expect_str_eq(fixture.problem.pointer, "/path");
    cr_expect(strstr(fixture.problem.detail, who) != NULL, "%s", fixture.problem.detail);
    cr_expect_eq(fixture_observe(&fixture, type, uid), OBSERVE_ABSENT, "nothing is recorded");
}

Test(path_objects, what_stands_there_already_is_not_ours)
{
    cr_assert_eq(file_replace(fixture_path(&fixture, "f"), "theirs", 6, 0644, NULL), 0);
    expect_refused("NOT_OWNED", "file", UID_A, "f", "a file of 6 bytes that belongs to");
    expect_refused("NOT_OWNED", "directory", UID_A, "f", "a file of 6 bytes that belongs to");
    cr_expect(file_holds("f", "theirs"));
    cr_expect_eq(fixture_remove(&fixture, "file", UID_A), 0);
    cr_expect(file_holds("f", "theirs"), "what was refused is not deleted either");
    unlink(fixture_path(&fixture, "f"));
    write_file("f", "hello", "0644");
}

Test(path_objects, folder_that_stands_there_already_is_not_ours)
{
    cr_assert_eq(mkdir(fixture_path(&fixture, "d"), 0700), 0);
    expect_refused("NOT_OWNED", "directory", UID_A, "d", "a folder that belongs to");
    expect_refused("NOT_OWNED", "file", UID_A, "d", "a folder that belongs to");
    cr_expect_eq(info_of("d").st_mode & 07777, 0700);
    rmdir(fixture_path(&fixture, "d"));
}

Test(path_objects, path_of_another_object_is_refused_by_its_name)
{
    write_file("f", "hello", "0644");
    expect_refused("CLAIMED", "file", UID_B, "f", "file " UID_A ", made by Test.Boot.Effect");
    unlink(fixture_path(&fixture, "f"));
    expect_refused("CLAIMED", "file", UID_B, "f", "file " UID_A);
    expect_refused("CLAIMED", "directory", UID_B, "f", "file " UID_A);
    cr_expect_eq(fixture_remove(&fixture, "file", UID_A), 0);
    cleanup(free) char *desired =
        memory_format("{\"path\":\"%s/f\",\"content\":\"\"}", fixture.folder);
    cr_expect_eq(fixture_reconcile(&fixture, "file", UID_B, desired), 0, "free again: %s",
                 fixture.problem.detail);
}

Test(path_objects, what_is_lost_is_made_again)
{
    write_file("f", "hello", "0600");
    unlink(fixture_path(&fixture, "f"));
    cr_expect_eq(fixture_observe(&fixture, "file", UID_A), OBSERVE_ABSENT);
    write_file("f", "hello", "0600");
    cr_expect(file_holds("f", "hello"));
    unlink(fixture_path(&fixture, "f"));
    cr_expect_eq(fixture_remove(&fixture, "file", UID_A), 0, "and may be deleted when it is gone");
}

Test(path_objects, folder_in_the_place_of_a_file_is_left_alone)
{
    write_file("f", "hello", "0644");
    unlink(fixture_path(&fixture, "f"));
    cr_assert_eq(mkdir(fixture_path(&fixture, "f"), 0755), 0);
    cr_expect_eq(fixture_observe(&fixture, "file", UID_A), OBSERVE_ABSENT);
    cr_expect(strstr(fixture.reply.reason, "is a folder now") != NULL, "%s", fixture.reply.reason);
    cleanup(free) char *desired =
        memory_format("{\"path\":\"%s/f\",\"content\":\"hello\"}", fixture.folder);
    cr_expect_eq(fixture_reconcile(&fixture, "file", UID_A, desired), -1);
    cr_expect_str_eq(fixture.problem.code, "NOT_OWNED");
    cr_expect_eq(fixture_remove(&fixture, "file", UID_A), 0);
    cr_expect_eq(rmdir(fixture_path(&fixture, "f")), 0);
}

Test(path_objects, file_that_looks_the_same_is_not_read)
{
    write_file("f", "hello", "0644");
    fixture.remembers = true;
    cr_expect_eq(fixture_observe(&fixture, "file", UID_A), OBSERVE_FOUND);
    cr_expect_null(fixture.reply.state, "it is as before");
}

Test(path_objects, what_was_changed_from_outside_is_said)
{
    write_file("f", "hello", "0644");
    cr_assert_eq(file_replace(fixture_path(&fixture, "f"), "hullo", 5, 0644, NULL), 0);
    cr_assert_eq(chmod(fixture_path(&fixture, "f"), 0600), 0);
    fixture.remembers = true;
    cr_expect_eq(fixture_observe(&fixture, "file", UID_A), OBSERVE_FOUND);
    cr_expect(strstr(fixture.reply.reason, "digest was sha256:2cf24dba") != NULL, "%s",
              fixture.reply.reason);
    cr_expect(strstr(fixture.reply.reason, "mode was 0644 and is 0600") != NULL, "%s",
              fixture.reply.reason);
    cr_expect_str_eq(fixture_string(&fixture, "mode"), "0600");
}

static int adopt(const char *type, const char *uid, const char *external, const char *name)
{
    cleanup(free) char *desired =
        memory_format("{\"path\":\"%s/%s\",\"content\":\"mine\"}", fixture.folder, name);
    cleanup(free) char *id = memory_format("%s/%s", fixture.folder, external);

    fixture.adopt = id;
    return fixture_reconcile(&fixture, type, uid, desired);
}

Test(path_objects, file_is_taken_over_and_becomes_what_is_wanted)
{
    cr_assert_eq(file_replace(fixture_path(&fixture, "f"), "theirs", 6, 0600, NULL), 0);
    cr_expect_eq(adopt("file", UID_A, "f", "f"), 0, "%s", fixture.problem.detail);
    cr_expect(file_holds("f", "mine"));
    cr_expect_eq(info_of("f").st_mode & 07777, 0644);
    expect_refused("CLAIMED", "file", UID_B, "f", "file " UID_A);
    cr_expect_eq(fixture_remove(&fixture, "file", UID_A), 0);
    cr_expect_not(file_exists(fixture_path(&fixture, "f")));
}

Test(path_objects, folder_is_taken_over_with_what_is_in_it)
{
    cr_assert_eq(mkdir(fixture_path(&fixture, "d"), 0700), 0);
    cr_assert_eq(file_replace(fixture_path(&fixture, "d/f"), "x", 1, 0644, NULL), 0);
    cr_expect_eq(adopt("directory", UID_A, "d", "d"), 0, "%s", fixture.problem.detail);
    cr_expect_eq(info_of("d").st_mode & 07777, 0755);
    cr_expect(file_holds("d/f", "x"));
    unlink(fixture_path(&fixture, "d/f"));
}

Test(path_objects, what_cannot_be_taken_over_is_said)
{
    cr_expect_eq(adopt("file", UID_A, "none", "none"), -1);
    cr_expect_str_eq(fixture.problem.code, "NOT_FOUND");
    cr_assert_eq(mkdir(fixture_path(&fixture, "d"), 0700), 0);
    cr_expect_eq(adopt("file", UID_A, "d", "d"), -1);
    cr_expect(strstr(fixture.problem.detail, "is a folder; expected a file") != NULL, "%s",
              fixture.problem.detail);
    cr_expect_eq(adopt("directory", UID_A, "d", "other"), -1);
    cr_expect(strstr(fixture.problem.detail, "but path says") != NULL, "%s",
              fixture.problem.detail);
    cr_expect_eq(fixture_observe(&fixture, "directory", UID_A), OBSERVE_ABSENT);
    rmdir(fixture_path(&fixture, "d"));
}

Test(path_objects, who_had_a_file_that_is_taken_over_has_it_no_more)
{
    write_file("f", "hello", "0644");
    cr_expect_eq(adopt("file", UID_B, "f", "f"), 0, "%s", fixture.problem.detail);
    cr_expect(file_holds("f", "mine"));
    cr_expect_eq(fixture_observe(&fixture, "file", UID_A), OBSERVE_ABSENT);
    cr_expect_eq(fixture_remove(&fixture, "file", UID_A), 0);
    cr_expect(file_holds("f", "mine"), "the former owner deletes nothing");
    cr_expect_eq(fixture_observe(&fixture, "file", UID_B), OBSERVE_FOUND);
}

Test(path_objects, whatever_is_nobodys_is_taken_over_if_there_is_anything)
{
    cleanup(free) char *desired =
        memory_format("{\"path\":\"%s/f\",\"content\":\"mine\"}", fixture.folder);

    cr_assert_eq(file_replace(fixture_path(&fixture, "f"), "theirs", 6, 0600, NULL), 0);
    fixture.adopt = "";
    cr_expect_eq(fixture_reconcile(&fixture, "file", UID_A, desired), 0, "%s",
                 fixture.problem.detail);
    cr_expect(file_holds("f", "mine"));
    fixture.adopt = "";
    cr_expect_eq(fixture_reconcile(&fixture, "file", UID_B, desired), -1);
    cr_expect_str_eq(fixture.problem.code, "CLAIMED");
    cr_expect_eq(fixture_remove(&fixture, "file", UID_A), 0);
    fixture.adopt = "";
    cr_expect_eq(fixture_reconcile(&fixture, "file", UID_B, desired), 0, "nothing is there: %s",
                 fixture.problem.detail);
}

/* Killed anywhere between promise and file, what is there is ours to finish. */
Test(path_objects, making_that_was_cut_off_anywhere_is_finished)
{
    for (int delay_us = 0; delay_us < 3000; delay_us += 200) {
        pid_t plugin = fork();
        if (plugin == 0) {
            write_file("f", "hello", "0644");
            _exit(0);
        }
        usleep((useconds_t)delay_us);
        kill(plugin, SIGKILL);
        waitpid(plugin, NULL, 0);
        write_file("f", "hello", "0644");
        cr_expect(file_holds("f", "hello"), "killed after %d us", delay_us);
        cr_expect_eq(fixture_remove(&fixture, "file", UID_A), 0);
        cr_expect_not(file_exists(fixture_path(&fixture, "f")), "killed after %d us", delay_us);
    }
}

Test(path_objects, what_stands_outside_is_looked_up)
{
    cleanup(free) char *path = memory_copy_string(fixture_path(&fixture, "one.txt"));
    cleanup(free) char *pattern = memory_copy_string(fixture_path(&fixture, "*.txt"));

    cr_assert_eq(file_replace(path, "hello", 5, 0640, NULL), 0);
    cr_assert_eq(file_replace(fixture_path(&fixture, "two.txt"), "\xff", 1, 0640, NULL), 0);
    cr_assert_eq(fixture_lookup(&fixture, "file", path, NULL), 1);
    const ProviderFinding *found = &fixture.findings[0];
    cr_expect_str_eq(found->external_id, path);
    cr_expect_str_eq(json_get_string(found->desired, "path", ""), path);
    cr_expect_str_eq(json_get_string(found->desired, "content", ""), "hello");
    cr_expect_str_eq(json_get_string(found->desired, "mode", ""), "0640");
    cr_expect_eq(json_get_int(found->state, "size", 0), 5);
    cr_expect_eq(fixture_lookup(&fixture, "file", NULL, pattern), 2);
    cr_expect_eq(fixture_lookup(&fixture, "directory", NULL, pattern), 0);
    cr_expect_eq(fixture_lookup(&fixture, "directory", fixture.folder, NULL), 1);
    cr_expect_eq(fixture_lookup(&fixture, "file", "/no/such", NULL), 0);
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
