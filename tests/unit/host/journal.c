#include "controller/host/journal.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "controller/host/journal_line.h"
#include "lang/base/file.h"
#include "lang/base/memory.h"
#include "tests/unit/host/scratch.h"

#define GROUPS 4
#define GROUP_RECORDS 3

static char *folder, *path;

static void begin(void)
{
    folder = scratch_make();
    path = scratch_path(folder, "journal-0.ndjson");
}

static void end(void)
{
    free(path);
    scratch_remove(folder);
}

TestSuite(journal, .init = begin, .fini = end);

/* What record `number` says; long ones among them so that lines differ. */
static void payload_make(uint64_t number, char *ret, size_t size)
{
    snprintf(ret, size, "{\"type\":\"slice\",\"number\":%llu,\"text\":\"%.*s{\\\"seq\\\":\"}",
             (unsigned long long)number, (int)(number * 7 % 23), "abcdefghijklmnopqrstuvwxyz");
}

static void append(Journal *journal)
{
    char payload[128];
    Error err = {0};

    payload_make(journal_next(journal), payload, sizeof payload);
    cr_assert_eq(journal_append(journal, payload, strlen(payload), &err), 0, "%s", err.message);
}

static void append_group(Journal *journal, int count)
{
    Error err = {0};

    for (int i = 0; i < count; i++)
        append(journal);
    cr_assert_eq(journal_commit(journal, &err), 0, "%s", err.message);
}

static Journal *create(void)
{
    Journal *journal = NULL;
    Error err = {0};

    cr_assert_eq(journal_create(path, 0, &journal, &err), 0, "%s", err.message);
    return journal;
}

/* Four groups of three records; returns where the last group begins. */
static off_t write_groups(bool sealed)
{
    Journal *journal = create();
    off_t last = 0;

    for (int i = 0; i < GROUPS; i++) {
        last = journal_size(journal);
        append_group(journal, GROUP_RECORDS);
    }
    if (sealed)
        last = journal_size(journal);
    if (sealed)
        cr_assert_eq(journal_seal(journal, NULL), 0);
    journal_close(journal);
    return last;
}

/* Records must be the ones that were written, from the first on. */
static int check_record(void *user, const JournalRecord *record, Error *err)
{
    uint64_t *count = user;
    char expected[128];

    (void)err;
    cr_assert_eq(record->sequence, *count + 1);
    *count = record->sequence;
    if (record->seal)
        return 0;
    payload_make(record->sequence, expected, sizeof expected);
    cr_assert_str_eq(record->payload, expected);
    cr_assert_eq(record->size, strlen(expected));
    return 0;
}

/* Read the file as it is: the outcome, and how many records came before it. */
static int read_all(uint64_t *ret_count, JournalTail *ret_tail, Error *err)
{
    cleanup(journal_reader_close) JournalReader *reader = NULL;

    *ret_count = 0;
    cr_assert_eq(journal_reader_open(path, 0, 0, &reader, err), 0);
    int code = journal_reader_visit(reader, check_record, ret_count, err);
    if (ret_tail != NULL)
        journal_reader_tail(reader, ret_tail);
    return code;
}

static int reopen(uint64_t *ret_count, JournalTail *tail, Journal **ret, Error *err)
{
    JournalOpen options = {.visit = check_record, .user = ret_count};

    *ret_count = 0;
    return journal_open(path, &options, tail, ret, err);
}

Test(journal, committed_records_are_read_back)
{
    uint64_t count;
    JournalTail tail;
    Error err = {0};

    write_groups(false);
    cr_assert_eq(read_all(&count, &tail, &err), JOURNAL_END, "%s", err.message);
    cr_assert_eq(count, GROUPS * GROUP_RECORDS);
    cr_assert_eq(tail.position, count);
    cr_assert_not(tail.sealed);
}

Test(journal, lines_are_as_documented)
{
    cleanup(buffer_deinit) Buffer text = {0};
    Journal *journal = create();

    cr_assert_eq(journal_append(journal, "{\"type\":\"slice\"}", 16, NULL), 0);
    cr_assert_eq(journal_append(journal, "{}", 2, NULL), 0);
    cr_assert_eq(journal_commit(journal, NULL), 0);
    cr_assert_eq(journal_seal(journal, NULL), 0);
    journal_close(journal);
    scratch_read(path, &text);
    cr_assert_str_eq(buffer_text(&text),
                     "{\"seq\":1,\"synced\":0,\"crc\":\"de53ee6c\",\"type\":\"slice\"}\n"
                     "{\"seq\":2,\"synced\":0,\"crc\":\"3d4f2ad3\"}\n"
                     "{\"seq\":3,\"synced\":2,\"crc\":\"df8e131a\",\"type\":\"seal\"}\n");
}

Test(journal, room_is_taken_ahead_and_given_back)
{
    Journal *journal = create();
    struct stat info;

    append_group(journal, 1);
    cr_assert_eq(stat(path, &info), 0);
    cr_assert_eq(info.st_size, JOURNAL_CHUNK);
    off_t size = journal_size(journal);
    journal_close(journal);
    cr_assert_eq(stat(path, &info), 0);
    cr_assert_eq(info.st_size, size);
}

Test(journal, what_was_not_committed_is_gone)
{
    Journal *journal = create();
    uint64_t count;

    append_group(journal, 2);
    append(journal);
    journal_close(journal);
    cr_assert_eq(read_all(&count, NULL, NULL), JOURNAL_END);
    cr_assert_eq(count, 2);
}

/* A flipped bit is damage where a later group vouches for the record, else it cuts. */
static void flip_each(off_t last_group, uint64_t kept)
{
    cleanup(buffer_deinit) Buffer text = {0};

    scratch_read(path, &text);
    for (size_t i = 0; i < text.size; i++)
        for (int bit = 0; bit < 8; bit++) {
            Error err = {0};
            uint64_t count;
            text.bytes[i] = (char)(text.bytes[i] ^ 1 << bit);
            scratch_write(path, text.bytes, text.size);
            int code = read_all(&count, NULL, &err);
            if ((off_t)i < last_group)
                cr_assert_eq(code, ERROR_STATE, "byte %zu bit %d: outcome %d", i, bit, code);
            else
                cr_assert(code == JOURNAL_TORN_TAIL && count >= kept, "byte %zu bit %d: %d", i, bit,
                          code);
            text.bytes[i] = (char)(text.bytes[i] ^ 1 << bit);
        }
}

Test(journal, every_flipped_bit_is_damage_or_cut)
{
    flip_each(write_groups(false), (GROUPS - 1) * GROUP_RECORDS);
}

Test(journal, every_flipped_bit_before_a_seal_is_damage)
{
    flip_each(write_groups(true), GROUPS * GROUP_RECORDS);
}

Test(journal, a_flipped_bit_in_unused_room_is_cut)
{
    cleanup(buffer_deinit) Buffer text = {0};
    char room[700] = {0};
    uint64_t count;

    write_groups(false);
    scratch_read(path, &text);
    size_t used = text.size;
    buffer_add(&text, room, sizeof room);
    for (size_t i = used; i < text.size; i++) {
        text.bytes[i] = 0x10;
        scratch_write(path, text.bytes, text.size);
        cr_assert_eq(read_all(&count, NULL, NULL), JOURNAL_TORN_TAIL);
        cr_assert_eq(count, GROUPS * GROUP_RECORDS);
        text.bytes[i] = 0;
    }
    scratch_write(path, text.bytes, text.size);
    cr_assert_eq(read_all(&count, NULL, NULL), JOURNAL_END);
}

Test(journal, truncated_anywhere_gives_a_prefix)
{
    cleanup(buffer_deinit) Buffer text = {0};
    uint64_t count, whole;

    write_groups(false);
    scratch_read(path, &text);
    for (size_t size = 0; size <= text.size; size++) {
        scratch_write(path, text.bytes, size);
        int code = read_all(&count, NULL, NULL);
        whole = 0;
        for (size_t i = 0; i < size; i++)
            whole += text.bytes[i] == '\n';
        cr_assert_eq(count, whole);
        bool at_line = size == 0 || text.bytes[size - 1] == '\n';
        cr_assert_eq(code, at_line ? JOURNAL_END : JOURNAL_TORN_TAIL);
    }
}

/* A disk may write the blocks of the last group in any order. */
Test(journal, any_hole_in_the_last_group_is_a_torn_tail)
{
    cleanup(buffer_deinit) Buffer text = {0};
    uint64_t count;
    off_t last = write_groups(false);

    scratch_read(path, &text);
    cleanup(free) char *damaged = memory_copy_bytes(text.bytes, text.size);
    for (size_t from = (size_t)last; from < text.size; from++)
        for (size_t size = 1; from + size <= text.size; size += 13) {
            memset(damaged + from, 0, size);
            scratch_write(path, damaged, text.size);
            int code = read_all(&count, NULL, NULL);
            /* Without its last byte on, the file may end between two records. */
            cr_assert(code == JOURNAL_TORN_TAIL ||
                      (code == JOURNAL_END && from + size == text.size));
            cr_assert(count >= (GROUPS - 1) * GROUP_RECORDS && count < GROUPS * GROUP_RECORDS);
            memcpy(damaged + from, text.bytes + from, size);
        }
}

Test(journal, torn_tail_is_cut_off_on_open_and_kept_aside)
{
    cleanup(buffer_deinit) Buffer text = {0};
    cleanup(free) char *aside = scratch_path(folder, "journal-0.torn");
    JournalTail tail;
    Journal *journal = NULL;
    uint64_t count;
    Error err = {0};

    write_groups(false);
    scratch_read(path, &text);
    scratch_write(path, text.bytes, text.size - 5);
    cr_assert_eq(reopen(&count, &tail, &journal, &err), JOURNAL_TORN_TAIL, "%s", err.message);
    cr_assert_eq(count, GROUPS * GROUP_RECORDS - 1);
    cr_assert_not_null(strstr(tail.torn_message, "line 12, byte "));
    cr_assert_not_null(strstr(tail.torn_message, path));
    size_t torn_size = (size_t)tail.torn_size;
    append_group(journal, 2);
    journal_close(journal);
    cr_assert_eq(reopen(&count, &tail, &journal, &err), 0, "%s", err.message);
    cr_assert_eq(count, GROUPS * GROUP_RECORDS + 1);
    journal_close(journal);

    cleanup(buffer_deinit) Buffer kept = {0};
    scratch_read(aside, &kept);
    cr_assert_eq(kept.size, torn_size + 1);
    cr_assert_eq(memcmp(kept.bytes, "{\"seq\":12,", 10), 0);
    cr_assert_eq(memcmp(kept.bytes, text.bytes + text.size - 5 - torn_size, torn_size), 0);
}

Test(journal, damage_names_file_line_byte_found_and_expected)
{
    cleanup(buffer_deinit) Buffer text = {0};
    cleanup(free) char *place = NULL;
    Journal *journal = NULL;
    uint64_t count;
    Error err = {0};

    write_groups(false);
    scratch_read(path, &text);
    const char *second = strchr(text.bytes, '\n') + 1;
    place = memory_format("journal '%s' line 2, byte %d: record 2 is damaged: checksum is ", path,
                          (int)(second - text.bytes));
    *strstr(text.bytes, "\"number\":2") = '_';
    scratch_write(path, text.bytes, text.size);
    cr_assert_eq(reopen(&count, NULL, &journal, &err), ERROR_STATE);
    cr_assert_eq(strncmp(err.message, place, strlen(place)), 0, "%s", err.message);
    cr_assert_not_null(strstr(err.message, ", expected "));
    cr_assert_not_null(strstr(err.message, "ved state repair"));
}

static void write_lines(const uint64_t (*numbers)[2], size_t count)
{
    cleanup(buffer_deinit) Buffer text = {0};
    char payload[128];

    for (size_t i = 0; i < count; i++) {
        payload_make(numbers[i][0], payload, sizeof payload);
        journal_line_put(&text, numbers[i][0], numbers[i][1], payload, strlen(payload));
    }
    scratch_write(path, text.bytes, text.size);
}

Test(journal, a_gap_in_the_numbers_is_damage)
{
    Error err = {0};
    uint64_t count;

    write_lines((const uint64_t[][2]){{1, 0}, {3, 1}}, 2);
    cr_assert_eq(read_all(&count, NULL, &err), ERROR_STATE);
    cr_assert_not_null(strstr(err.message, "sequence number is 3, expected 2"), "%s", err.message);
}

Test(journal, a_repeated_number_is_damage)
{
    Error err = {0};
    uint64_t count;

    write_lines((const uint64_t[][2]){{1, 0}, {1, 0}}, 2);
    cr_assert_eq(read_all(&count, NULL, &err), ERROR_STATE);
    cr_assert_not_null(strstr(err.message, "sequence number is 1, expected 2"), "%s", err.message);
}

Test(journal, a_group_that_vouches_for_too_much_is_damage)
{
    uint64_t count;

    write_lines((const uint64_t[][2]){{1, 0}, {2, 0}, {3, 1}}, 3);
    cr_assert_eq(read_all(&count, NULL, NULL), ERROR_STATE);
}

Test(journal, records_a_later_file_knows_of_must_be_there)
{
    JournalOpen options = {.synced = GROUPS * GROUP_RECORDS + 1};
    Journal *journal = NULL;
    Error err = {0};

    write_groups(false);
    cr_assert_eq(journal_open(path, &options, NULL, &journal, &err), ERROR_STATE);
    cr_assert_not_null(strstr(err.message, "ends after record 12, expected record 13"));
}

Test(journal, a_record_beyond_its_ceiling_is_refused_and_nothing_is_added)
{
    Journal *journal = create();
    size_t size = JOURNAL_RECORD_MAX + 1;
    cleanup(free) char *large = memory_alloc(size + 1);
    uint64_t count;
    Error err = {0};

    memset(large, ' ', size);
    large[0] = '{';
    large[size - 1] = '}';
    cr_assert_eq(journal_append(journal, large, size, &err), ERROR_STATE);
    cr_assert_not_null(strstr(err.message, "expected at most 67108864"));
    append_group(journal, 1);
    journal_close(journal);
    cr_assert_eq(read_all(&count, NULL, NULL), JOURNAL_END);
    cr_assert_eq(count, 1);
}

Test(journal, the_largest_record_is_read_back)
{
    Journal *journal = create();
    size_t size = JOURNAL_RECORD_MAX;
    cleanup(free) char *large = memory_alloc(size + 1);
    cleanup(journal_reader_close) JournalReader *reader = NULL;
    JournalRecord record;

    memset(large, ' ', size);
    large[0] = '{';
    large[size - 1] = '}';
    cr_assert_eq(journal_append(journal, large, size, NULL), 0);
    cr_assert_eq(journal_commit(journal, NULL), 0);
    journal_close(journal);
    cr_assert_eq(journal_reader_open(path, 0, 0, &reader, NULL), 0);
    cr_assert_eq(journal_reader_next(reader, &record, NULL), 0);
    cr_assert_eq(record.size, size);
    cr_assert_eq(memcmp(record.payload, large, size), 0);
}

Test(journal, a_failed_sync_is_never_tried_again)
{
    Journal *journal = create();
    Error err = {0};

    append_group(journal, 1);
    append(journal);
    scratch_fail_at(1, EIO);
    cr_assert_eq(journal_commit(journal, &err), -EIO);
    cr_assert(scratch_has_failed());
    cr_assert_eq(journal_position(journal), 1);
    cr_assert(journal_is_broken(journal));
    cr_assert_eq(journal_commit(journal, &err), ERROR_STATE);
    cr_assert_eq(journal_seal(journal, &err), ERROR_STATE);
    journal_close(journal);
}

static void begin_group(Journal *journal, int count)
{
    Error err = {0};

    for (int i = 0; i < count; i++)
        append(journal);
    cr_assert_eq(journal_begin_commit(journal, &err), 0, "%s", err.message);
}

Test(journal, the_next_group_is_collected_while_one_is_on_its_way)
{
    Journal *journal = create();
    JournalReader *reader;
    JournalRecord record;
    Error err = {0};
    uint64_t count;

    begin_group(journal, 2);
    cr_assert_eq(journal_position(journal), 0);
    cr_assert_eq(journal_next(journal), 3);
    begin_group(journal, 3);
    cr_assert_eq(journal_position(journal), 2);
    append(journal);
    cr_assert_eq(journal_commit(journal, &err), 0, "%s", err.message);
    cr_assert_not(journal_is_committing(journal));
    cr_assert_eq(journal_position(journal), 6);
    journal_close(journal);
    cr_assert_eq(read_all(&count, NULL, NULL), JOURNAL_END);
    cr_assert_eq(count, 6);
    /* Each says that the group before it was on disk. */
    static const uint64_t synced[] = {0, 0, 2, 2, 2, 5};
    cr_assert_eq(journal_reader_open(path, 0, 0, &reader, &err), 0);
    for (size_t i = 0; i < ARRAY_SIZE(synced); i++) {
        cr_assert_eq(journal_reader_next(reader, &record, &err), 0);
        cr_assert_eq(record.synced, synced[i]);
    }
    journal_reader_close(reader);
}

Test(journal, what_is_on_its_way_is_waited_for_at_the_end)
{
    Journal *journal = create();
    uint64_t count;

    begin_group(journal, 3);
    append(journal);
    journal_close(journal);
    cr_assert_eq(read_all(&count, NULL, NULL), JOURNAL_END);
    cr_assert_eq(count, 3);
}

Test(journal, a_failed_sync_on_the_way_is_told_to_whoever_comes_next)
{
    Journal *journal = create();
    Error err = {0};

    append_group(journal, 1);
    scratch_fail_at(1, EIO);
    begin_group(journal, 1);
    append(journal);
    cr_assert_eq(journal_begin_commit(journal, &err), -EIO);
    cr_assert_not_null(strstr(err.message, "fdatasync"), "%s", err.message);
    cr_assert(journal_is_broken(journal));
    cr_assert_eq(journal_position(journal), 1);
    cr_assert_eq(journal_commit(journal, &err), ERROR_STATE);
    cr_assert_eq(journal_begin_commit(journal, &err), ERROR_STATE);
    journal_close(journal);
}

Test(journal, without_preallocation_it_works_as_well)
{
    Journal *journal = create();
    uint64_t count;

    scratch_fail_at(1, EOPNOTSUPP);
    append_group(journal, 2);
    cr_assert(scratch_has_failed());
    append_group(journal, 2);
    journal_close(journal);
    cr_assert_eq(read_all(&count, NULL, NULL), JOURNAL_END);
    cr_assert_eq(count, 4);
}

Test(journal, a_full_disk_loses_nothing_and_passes)
{
    cleanup(free) char *filler = scratch_path(folder, "filler");
    char zeros[65536] = {0};
    Error err = {0};
    uint64_t count;
    int code = 0;

    if (!scratch_mount(folder, 256 << 10))
        cr_skip_test("mounting a small file system is not permitted");
    scratch_write(filler, zeros, sizeof zeros);
    Journal *journal = create();
    for (int i = 0; i < 10000 && code == 0; i++) {
        append(journal);
        append(journal);
        code = journal_commit(journal, &err);
    }
    cr_assert_eq(code, -ENOSPC);
    cr_assert_not_null(strstr(err.message, path), "%s", err.message);
    cr_assert_not_null(strstr(err.message, "No space left on device"), "%s", err.message);
    cr_assert_eq(read_all(&count, NULL, &err), JOURNAL_END, "%s", err.message);
    cr_assert_eq(count, journal_position(journal));
    cr_assert_eq(journal_commit(journal, &err), -ENOSPC);
    cr_assert_eq(unlink(filler), 0);
    cr_assert_eq(journal_commit(journal, &err), 0, "%s", err.message);
    cr_assert_eq(journal_position(journal), count + 2);
    journal_close(journal);
    cr_assert_eq(read_all(&count, NULL, &err), JOURNAL_END, "%s", err.message);
}

Test(journal, a_group_that_found_no_room_on_its_way_is_written_before_the_next)
{
    cleanup(free) char *filler = scratch_path(folder, "filler");
    char zeros[65536] = {0};
    Error err = {0};
    uint64_t count;
    int code = 0;

    if (!scratch_mount(folder, 256 << 10))
        cr_skip_test("mounting a small file system is not permitted");
    scratch_write(filler, zeros, sizeof zeros);
    Journal *journal = create();
    for (int i = 0; i < 10000 && code == 0; i++) {
        append(journal);
        append(journal);
        code = journal_begin_commit(journal, &err);
    }
    cr_assert_eq(code, -ENOSPC);
    cr_assert_not(journal_is_broken(journal));
    cr_assert_eq(read_all(&count, NULL, &err), JOURNAL_END, "%s", err.message);
    cr_assert_eq(count, journal_position(journal));
    cr_assert_eq(journal_commit(journal, &err), -ENOSPC);
    cr_assert_eq(unlink(filler), 0);
    cr_assert_eq(journal_commit(journal, &err), 0, "%s", err.message);
    cr_assert_eq(journal_position(journal), count + 4);
    journal_close(journal);
    cr_assert_eq(read_all(&count, NULL, &err), JOURNAL_END, "%s", err.message);
}

Test(journal, a_discarded_group_gives_its_numbers_back)
{
    Journal *journal = create();
    uint64_t count;

    append(journal);
    append(journal);
    journal_discard(journal);
    cr_assert_eq(journal_next(journal), 1);
    append_group(journal, 1);
    journal_close(journal);
    cr_assert_eq(read_all(&count, NULL, NULL), JOURNAL_END);
    cr_assert_eq(count, 1);
}

Test(journal, a_seal_is_written_once_and_records_may_follow)
{
    Journal *journal = NULL;
    JournalTail tail;
    uint64_t count;

    write_groups(true);
    cr_assert_eq(reopen(&count, &tail, &journal, NULL), 0);
    cr_assert(tail.sealed);
    cr_assert_eq(tail.position, GROUPS * GROUP_RECORDS + 1);
    cr_assert_eq(journal_seal(journal, NULL), 0);
    cr_assert_eq(journal_position(journal), tail.position);
    append_group(journal, 1);
    journal_close(journal);
    cr_assert_eq(reopen(&count, &tail, &journal, NULL), 0);
    cr_assert_not(tail.sealed);
    cr_assert_eq(count, GROUPS * GROUP_RECORDS + 2);
    journal_close(journal);
}

/* Append until killed; say after each commit up to where. */
static void append_for_ever(int says)
{
    Journal *journal = NULL;
    uint64_t count;

    if (reopen(&count, NULL, &journal, NULL) < 0)
        _exit(1);
    for (;;) {
        for (int i = 0; i < 3; i++)
            append(journal);
        if (journal_begin_commit(journal, NULL) < 0)
            _exit(1);
        append(journal);
        if (journal_commit(journal, NULL) < 0)
            _exit(1);
        uint64_t position = journal_position(journal);
        if (write(says, &position, sizeof position) != sizeof position)
            _exit(1);
    }
}

static pid_t start_appending(int *ret_says)
{
    int pipes[2];

    cr_assert_eq(pipe(pipes), 0);
    /* A short one keeps the writer close to what was read of it, and so at work; made short while
     * it is still empty. */
    cr_assert_geq(fcntl(pipes[1], F_SETPIPE_SZ, 4096), 0);
    pid_t child = fork();
    cr_assert_geq(child, 0);
    if (child == 0) {
        close(pipes[0]);
        append_for_ever(pipes[1]);
    }
    close(pipes[1]);
    *ret_says = pipes[0];
    return child;
}

/* Kill a process that appends after `delay_us`; returns what it last acknowledged. */
static uint64_t run_and_kill(unsigned delay_us)
{
    uint64_t position = 0, acknowledged = 0;
    int says, status;
    pid_t child = start_appending(&says);

    usleep(delay_us);
    kill(child, SIGKILL);
    while (read(says, &position, sizeof position) == sizeof position)
        acknowledged = position;
    close(says);
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFSIGNALED(status), "the appending process ended by itself");
    return acknowledged;
}

Test(journal, a_kill_at_any_time_loses_nothing_acknowledged, .timeout = 60)
{
    uint64_t count = 0, seen = 0;

    journal_close(create());
    for (unsigned i = 0; i < 25; i++) {
        uint64_t acknowledged = run_and_kill(2000 + i * 7919 % 30000);
        Error err = {0};
        int code = read_all(&count, NULL, &err);
        cr_assert(code == JOURNAL_END || code == JOURNAL_TORN_TAIL, "%s", err.message);
        cr_assert_geq(count, acknowledged);
        seen += acknowledged;
    }
    cr_assert_gt(seen, 0);
}

/* What is being written looks torn, never damaged. */
Test(journal, reading_beside_a_writer_finds_no_damage, .timeout = 60)
{
    uint64_t count = 0, said = 0;
    int says;

    journal_close(create());
    pid_t child = start_appending(&says);
    for (int i = 0; i < 300; i++) {
        Error err = {0};
        cr_assert_eq(read(says, &said, sizeof said), (ssize_t)sizeof said);
        int code = read_all(&count, NULL, &err);
        cr_assert(code == JOURNAL_END || code == JOURNAL_TORN_TAIL, "%s", err.message);
        cr_assert_geq(count, said);
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(says);
}
