#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lang/base/file.h"
#include "lang/base/memory.h"

static char folder[64];

static void make_folder(void)
{
    strcpy(folder, "/tmp/ved-file-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
}

static void remove_folder(void)
{
    folder_remove(folder, NULL);
}

TestSuite(file, .init = make_folder, .fini = remove_folder);

Test(file, a_replaced_file_has_the_new_bytes_and_mode_and_leaves_nothing_beside_it)
{
    cleanup(free) char *path = memory_format("%s/f", folder);
    cleanup(buffer_deinit) Buffer text = {0};
    struct stat status;
    Error err = {0};

    cr_assert_eq(file_replace(path, "old text", 8, 0644, &err), 0, "%s", err.message);
    cr_assert_eq(file_replace(path, "new", 3, 0600, &err), 0, "%s", err.message);
    cr_assert_eq(file_read(path, 100, &text, &err), 0, "%s", err.message);
    cr_assert_str_eq(buffer_text(&text), "new");
    cr_assert_eq(stat(path, &status), 0);
    cr_assert_eq(status.st_mode & 0777, 0600);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(rmdir(folder), 0, "something was left in the folder");
}

Test(file, reading_past_the_ceiling_is_an_error)
{
    cleanup(free) char *path = memory_format("%s/f", folder);
    cleanup(buffer_deinit) Buffer text = {0};
    Error err = {0};

    cr_assert_eq(file_replace(path, "12345", 5, 0644, &err), 0);
    cr_assert_lt(file_read(path, 4, &text, &err), 0);
    cr_assert_not_null(strstr(err.message, path));
    cr_assert_eq(file_read(path, 5, &text, &err), 0, "%s", err.message);
}

Test(file, a_missing_file_is_named)
{
    cleanup(free) char *path = memory_format("%s/missing", folder);
    cleanup(buffer_deinit) Buffer text = {0};
    Error err = {0};

    cr_assert_not(file_exists(path));
    cr_assert_eq(file_read(path, 10, &text, &err), -ENOENT);
    cr_assert_not_null(strstr(err.message, path));
}

Test(file, folders_are_made_with_their_parents_and_again_without_complaint)
{
    cleanup(free) char *path = memory_format("%s/a/b/c", folder);
    Error err = {0};

    cr_assert_eq(folder_make(path, 0755, &err), 0, "%s", err.message);
    cr_assert_eq(folder_make(path, 0755, &err), 0, "%s", err.message);
    cr_assert(file_exists(path));
}

Test(file, removing_a_folder_does_not_follow_links)
{
    cleanup(free) char *inner = memory_format("%s/inner", folder);
    cleanup(free) char *link = memory_format("%s/inner/link", folder);
    cleanup(free) char *kept = memory_format("%s/kept", folder);
    Error err = {0};

    cr_assert_eq(folder_make(inner, 0755, &err), 0);
    cr_assert_eq(file_replace(kept, "x", 1, 0644, &err), 0);
    cr_assert_eq(symlink(folder, link), 0);
    cr_assert_eq(folder_remove(inner, &err), 0, "%s", err.message);
    cr_assert_not(file_exists(inner));
    cr_assert(file_exists(kept));
}
