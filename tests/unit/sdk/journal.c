#include "providers/sdk/journal.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "lang/base/file.h"
#include "lang/base/json.h"
#include "lang/base/memory.h"

static char folder[64];
static char path[96];

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/ved-sdk-journal.XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/journal.ndjson", folder);
}

static void remove_folder(void)
{
    cr_assert_eq(folder_remove(folder, NULL), 0);
}

TestSuite(journal, .init = make_folder, .fini = remove_folder);

/* The numbers of the records visited, in their order: "1 2 3 ". */
static int visit(void *context, const char *text, size_t size, Error *err)
{
    cleanup(json_free) Json *record = NULL;

    cr_assert_eq(json_parse(text, size, &record, err), 0);
    buffer_add_format(context, "%d ", (int)json_get_int(record, "n", -1));
    return 0;
}

static Journal *reopen(Buffer *seen, int *ret_code, Error *err)
{
    Journal *journal = NULL;

    buffer_reset(seen);
    *ret_code = journal_open(path, visit, seen, &journal, err);
    return journal;
}

static char *record_text(int n)
{
    cleanup(json_free) Json *record = json_new_object();

    json_set_int(record, "n", n);
    json_set_string(record, "text", "line\nbreak \"quoted\"");
    return json_text(record);
}

static void append(Journal *journal, int n)
{
    cleanup(free) char *record = record_text(n);

    journal_append(journal, record, strlen(record));
}

static void write_records(int count)
{
    cleanup(buffer_deinit) Buffer seen = {0};
    int code;
    cleanup(journal_free) Journal *journal = reopen(&seen, &code, NULL);

    for (int n = 1; n <= count; n++)
        append(journal, n);
    cr_assert_eq(journal_sync(journal, NULL), 0);
}

static void write_bytes(int flags, off_t at, const char *bytes)
{
    int fd = open(path, O_WRONLY | flags);

    cr_assert_geq(fd, 0);
    if (at >= 0)
        lseek(fd, at, SEEK_SET);
    cr_assert_eq(write(fd, bytes, strlen(bytes)), (ssize_t)strlen(bytes));
    close(fd);
}

static void expect_records(const char *expected, int expected_code)
{
    cleanup(buffer_deinit) Buffer seen = {0};
    Error err = {0};
    int code;
    cleanup(journal_free) Journal *journal = reopen(&seen, &code, &err);

    cr_assert_not_null(journal, "%s", err.message);
    cr_assert_eq(code, expected_code);
    cr_assert_str_eq(buffer_text(&seen), expected);
}

Test(journal, records_come_back_in_order)
{
    write_records(3);
    expect_records("1 2 3 ", 0);
}

Test(journal, what_was_not_synced_is_not_there)
{
    cleanup(buffer_deinit) Buffer seen = {0};
    int code;
    cleanup(journal_free) Journal *journal = reopen(&seen, &code, NULL);

    append(journal, 1);
    expect_records("", 0);
}

Test(journal, torn_tail_is_cut_off_on_open)
{
    write_records(2);
    write_bytes(O_APPEND, -1, "{\"crc\":\"0000");
    expect_records("1 2 ", JOURNAL_TORN_TAIL);
    expect_records("1 2 ", 0);
}

Test(journal, every_length_of_a_torn_record_is_cut_off)
{
    cleanup(buffer_deinit) Buffer whole = {0};

    write_records(1);
    size_t first_size = 0;
    cr_assert_eq(file_read(path, 1 << 20, &whole, NULL), 0);
    first_size = whole.size;
    buffer_reset(&whole);
    write_records(1); /* a second record, the same */
    cr_assert_eq(file_read(path, 1 << 20, &whole, NULL), 0);
    cr_assert_eq(whole.size, 2 * first_size);
    for (size_t size = first_size + 1; size < whole.size; size++) {
        cr_assert_eq(file_replace(path, whole.bytes, size, 0600, NULL), 0);
        expect_records("1 ", JOURNAL_TORN_TAIL);
    }
}

Test(journal, damage_before_whole_records_is_refused)
{
    cleanup(buffer_deinit) Buffer seen = {0};
    Error err = {0};
    int code;

    write_records(3);
    write_bytes(0, 30, "#");
    Journal *journal = reopen(&seen, &code, &err);
    cr_assert_null(journal);
    cr_assert_eq(code, ERROR_STATE);
    cr_assert_not_null(strstr(err.message, "byte 0 is damaged"), "%s", err.message);
}

Test(journal, a_damaged_last_record_is_cut_off)
{
    cleanup(buffer_deinit) Buffer whole = {0};

    write_records(2);
    cr_assert_eq(file_read(path, 1 << 20, &whole, NULL), 0);
    write_bytes(0, (off_t)whole.size - 5, "#");
    expect_records("1 ", JOURNAL_TORN_TAIL);
}

/* The records n, n - 1, ... 1. */
static bool next_left(void *context, Buffer *ret)
{
    int *left = context;
    cleanup(free) char *record = record_text(*left);

    if (*left == 0)
        return false;
    buffer_add_string(ret, record);
    --*left;
    return true;
}

Test(journal, replacing_leaves_the_new_records_and_appends_after_them)
{
    cleanup(buffer_deinit) Buffer seen = {0};
    int code, left = 2;

    write_records(5);
    cleanup(journal_free) Journal *journal = reopen(&seen, &code, NULL);
    cr_assert_eq(journal_replace(journal, next_left, &left, NULL), 0);
    append(journal, 10);
    cr_assert_eq(journal_sync(journal, NULL), 0);
    expect_records("2 1 10 ", 0);
}

Test(journal, lines_of_any_length_are_read_whole)
{
    static const size_t sizes[] = {1, 1 << 10, (256 << 10) - 30, 256 << 10, 1 << 20};
    cleanup(buffer_deinit) Buffer seen = {0}, text = {0};
    int code;
    cleanup(journal_free) Journal *journal = reopen(&seen, &code, NULL);

    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        buffer_reset(&text);
        buffer_add_format(&text, "{\"n\":%d,\"x\":\"", (int)i);
        for (size_t j = 0; j < sizes[i]; j++)
            buffer_add_char(&text, 'x');
        buffer_add_string(&text, "\"}");
        journal_append(journal, text.bytes, text.size);
    }
    cr_assert_eq(journal_sync(journal, NULL), 0);
    expect_records("0 1 2 3 4 ", 0);
    write_bytes(0, -1, "#");
    cr_assert_null(reopen(&seen, &code, NULL));
    cr_assert_eq(code, ERROR_STATE);
}
