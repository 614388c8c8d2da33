/* Arbitrary bytes as a journal file.
 *
 *      clang -std=gnu17 -D_GNU_SOURCE -I. -g -O1 -fsanitize=fuzzer,address,undefined \
 *            tests/fuzz/journal_fuzz.c controller/host/journal*.c controller/host/cursor.c \
 *            lang/base/{buffer,error,file,hash,json,memory}.c -lcjson -lcrypto -lm -o journal_fuzz
 *      ./journal_fuzz -max_len=4096 tests/fuzz/corpus/journal
 *
 * The first byte chooses: odd, checksums are put right, so that what lies behind them is reached.
 * Whatever the bytes are, reading numbers the records from 1 without a gap; and what journal_open()
 * accepts reads back whole afterwards, with what is appended. */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "controller/host/cursor.h"
#include "controller/host/journal.h"
#include "controller/host/journal_line.h"
#include "lang/base/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char journal_path[64], torn_path[64];

static void remove_files(void)
{
    unlink(journal_path);
    unlink(torn_path);
}

static void name_files(void)
{
    if (journal_path[0] != '\0')
        return;
    snprintf(journal_path, sizeof journal_path, "/dev/shm/fuzz-%d.ndjson", (int)getpid());
    snprintf(torn_path, sizeof torn_path, "/dev/shm/fuzz-%d.torn", (int)getpid());
    atexit(remove_files);
}

static void checksums_repair(char *bytes, size_t size)
{
    char *end = bytes + size, *newline;
    JournalLine line;

    for (char *at = bytes; at < end && (newline = memchr(at, '\n', (size_t)(end - at))) != NULL;
         at = newline + 1)
        if (journal_line_parse(at, (size_t)(newline + 1 - at), &line) == LINE_BAD_CHECKSUM)
            crc_write(at + line.body_at - 1 - CRC_DIGITS, line.crc_found);
}

static void file_write(const char *bytes, size_t size)
{
    FILE *file = fopen(journal_path, "w");

    assert(file != NULL);
    assert(fwrite(bytes, 1, size, file) == size);
    assert(fclose(file) == 0);
}

static int check_record(void *user, const JournalRecord *record, Error *err)
{
    uint64_t *count = user;

    (void)err;
    assert(record->sequence == ++*count);
    assert(record->synced < record->sequence);
    assert(strlen(record->payload) <= record->size && record->payload[0] == '{');
    assert(record->payload[record->size - 1] == '}');
    return 0;
}

static int read_file(uint64_t *count)
{
    cleanup(journal_reader_close) JournalReader *reader = NULL;
    Error err = {0};

    assert(journal_reader_open(journal_path, 0, 0, &reader, &err) == 0);
    *count = 0;
    int code = journal_reader_visit(reader, check_record, count, &err);
    assert(code == JOURNAL_END || code == JOURNAL_TORN_TAIL ||
           (code == ERROR_STATE && err.message[0] != '\0'));
    return code;
}

static void open_and_append(int expected, uint64_t expected_count)
{
    Journal *journal = NULL;
    uint64_t count = 0;
    JournalOpen options = {.visit = check_record, .user = &count};
    int code = journal_open(journal_path, &options, NULL, &journal, NULL);

    assert(code == (expected == JOURNAL_END ? 0 : expected));
    if (code < 0)
        return;
    assert(count == expected_count);
    assert(journal_append(journal, "{\"type\":\"slice\"}", 16, NULL) == 0);
    assert(journal_commit(journal, NULL) == 0);
    journal_close(journal);
    assert(read_file(&count) == JOURNAL_END);
    assert(count == expected_count + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t count;

    if (size == 0)
        return 0;
    name_files();
    cleanup(free) char *bytes = memory_copy_bytes(data + 1, size - 1);
    if (data[0] & 1)
        checksums_repair(bytes, size - 1);
    file_write(bytes, size - 1);
    unlink(torn_path);
    int code = read_file(&count);
    open_and_append(code, count);
    return 0;
}
