#include "providers/sdk/journal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "lang/base/file.h"
#include "lang/base/hash.h"
#include "lang/base/memory.h"

#define CHUNK_SIZE ((size_t)256 << 10)
#define LINE_SIZE_MAX ((size_t)256 << 20) /* bodies have a ceiling far below */

static const char head[] = "{\"crc\":\"";
static const char middle[] = "\",\"record\":";
#define CRC_DIGITS 8
#define HEAD_SIZE (sizeof head - 1)
#define RECORD_AT (HEAD_SIZE + CRC_DIGITS + sizeof middle - 1)

struct Journal {
    char *path;
    int fd;
    size_t size;
    Buffer group;
};

/* ---- lines ---- */

static void crc_digits(uint32_t crc, char ret[CRC_DIGITS])
{
    for (int i = CRC_DIGITS - 1; i >= 0; i--, crc >>= 4)
        ret[i] = "0123456789abcdef"[crc & 15];
}

static void encode(Buffer *ret, const char *record, size_t size)
{
    char crc[CRC_DIGITS];

    crc_digits(crc32c(0, record, size), crc);
    buffer_add(ret, head, HEAD_SIZE);
    buffer_add(ret, crc, CRC_DIGITS);
    buffer_add(ret, middle, sizeof middle - 1);
    buffer_add(ret, record, size);
    buffer_add(ret, "}\n", 2);
}

/* A line without its newline -> the record in it; NULL if it is not whole. */
static const char *decode(const char *line, size_t size, size_t *ret_size)
{
    char crc[CRC_DIGITS];

    if (size < RECORD_AT + 1 || memcmp(line, head, HEAD_SIZE) != 0 || line[size - 1] != '}')
        return NULL;
    if (memcmp(line + HEAD_SIZE + CRC_DIGITS, middle, sizeof middle - 1) != 0)
        return NULL;
    *ret_size = size - RECORD_AT - 1;
    crc_digits(crc32c(0, line + RECORD_AT, *ret_size), crc);
    return memcmp(crc, line + HEAD_SIZE, CRC_DIGITS) == 0 ? line + RECORD_AT : NULL;
}

/* ---- reading ---- */

/* A file line by line, however long it is, without keeping more of it than a line and a chunk. */
typedef struct LineReader {
    const char *path;
    int fd;
    Buffer bytes; /* from the file; lines before `at` have been handed out */
    size_t at;
    size_t offset; /* in the file, of `at` */
    bool ended;
} LineReader;

static int reader_fill(LineReader *reader, Error *err)
{
    size_t rest = reader->bytes.size - reader->at;
    cleanup(free) char *chunk = memory_alloc(CHUNK_SIZE);
    ssize_t got;

    if (rest > LINE_SIZE_MAX)
        return error_set(err, ERROR_STATE,
                         "journal '%s': the line at byte %zu is longer than %zu bytes",
                         reader->path, reader->offset, LINE_SIZE_MAX);
    do
        got = read(reader->fd, chunk, CHUNK_SIZE);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return error_errno(err, errno, "read '%s'", reader->path);
    reader->ended = got == 0;
    if (reader->bytes.bytes != NULL)
        memmove(reader->bytes.bytes, reader->bytes.bytes + reader->at, rest);
    reader->bytes.size = rest;
    reader->at = 0;
    buffer_add(&reader->bytes, chunk, (size_t)got);
    return 0;
}

/* The next line without its newline, lent until the next call; `*ret` NULL: none is left that has
 * its newline. `*ret_size` is then what stands there all the same. */
static int reader_next(LineReader *reader, const char **ret, size_t *ret_size, Error *err)
{
    size_t looked = reader->at;

    for (;;) {
        const char *bytes = buffer_text(&reader->bytes), *start = bytes + reader->at;
        const char *newline = memchr(bytes + looked, '\n', reader->bytes.size - looked);
        *ret_size = newline != NULL ? (size_t)(newline - start) : reader->bytes.size - reader->at;
        *ret = newline != NULL ? start : NULL;
        if (newline != NULL) {
            reader->at += *ret_size + 1;
            reader->offset += *ret_size + 1;
        }
        if (newline != NULL || reader->ended)
            return 0;
        looked = *ret_size;
        int code = reader_fill(reader, err);
        if (code < 0)
            return code;
    }
}

/* What is left has no whole record. */
static int expect_no_more(LineReader *reader, size_t damaged_at, Error *err)
{
    const char *line;
    size_t size;
    int code;

    while ((code = reader_next(reader, &line, &size, err)) == 0 && line != NULL)
        if (decode(line, size, &size) != NULL)
            return error_set(err, ERROR_STATE,
                             "journal '%s': the record at byte %zu is damaged and whole ones"
                             " follow; restore the file from a backup",
                             reader->path, damaged_at);
    return code;
}

/* Visit the whole records; `ret_size` is where the good part ends, `ret_torn` whether there is
 * more. */
static int journal_read(LineReader *reader, JournalVisit visit, void *context, size_t *ret_size,
                        bool *ret_torn, Error *err)
{
    const char *line, *record;
    size_t size;
    int code;

    for (;;) {
        *ret_size = reader->offset;
        if ((code = reader_next(reader, &line, &size, err)) < 0)
            return code;
        *ret_torn = size > 0 || line != NULL;
        if (line == NULL)
            return 0;
        if ((record = decode(line, size, &size)) == NULL)
            return expect_no_more(reader, *ret_size, err);
        if ((code = visit(context, record, size, err)) < 0)
            return error_wrap(err, "journal '%s': record at byte %zu", reader->path, *ret_size);
    }
}

static int journal_cut(int fd, const char *path, size_t size, Error *err)
{
    if (ftruncate(fd, (off_t)size) < 0)
        return error_errno(err, errno, "truncate '%s'", path);
    if (fsync(fd) < 0)
        return error_errno(err, errno, "fsync '%s'", path);
    return 0;
}

static int sync_folder_of(const char *path, Error *err)
{
    cleanup(free) char *folder = memory_copy_string(path);
    char *slash = strrchr(folder, '/');

    if (slash == NULL)
        return folder_sync(".", err);
    slash[slash == folder] = '\0';
    return folder_sync(folder, err);
}

int journal_open(const char *path, JournalVisit visit, void *context, Journal **ret, Error *err)
{
    bool is_new = !file_exists(path), is_torn = false;
    size_t size = 0;
    int code = 0;

    cleanup(fd_close) int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        return error_errno(err, errno, "open '%s'", path);
    if (is_new && (code = sync_folder_of(path, err)) < 0)
        return code;
    LineReader reader = {.path = path, .fd = fd};
    code = journal_read(&reader, visit, context, &size, &is_torn, err);
    buffer_deinit(&reader.bytes);
    if (code < 0 || (is_torn && (code = journal_cut(fd, path, size, err)) < 0))
        return code;
    Journal *journal = memory_zero(1, sizeof *journal);
    journal->path = memory_copy_string(path);
    journal->fd = fd;
    journal->size = size;
    fd = -1;
    *ret = journal;
    return is_torn ? JOURNAL_TORN_TAIL : 0;
}

void journal_free(Journal *journal)
{
    if (journal == NULL)
        return;
    fd_close(journal->fd);
    buffer_deinit(&journal->group);
    free(journal->path);
    free(journal);
}

void journal_append(Journal *journal, const char *record, size_t size)
{
    encode(&journal->group, record, size);
}

int journal_sync(Journal *journal, Error *err)
{
    int code;

    if (journal->group.size == 0)
        return 0;
    code = fd_write_all(journal->fd, journal->group.bytes, journal->group.size, err);
    if (code < 0)
        return error_wrap(err, "journal '%s'", journal->path);
    if (fdatasync(journal->fd) < 0)
        return error_errno(err, errno, "journal '%s': fdatasync", journal->path);
    journal->size += journal->group.size;
    buffer_reset(&journal->group);
    return 0;
}

size_t journal_size(const Journal *journal)
{
    return journal->size;
}

/* Write all records of `source` to `fd`, a chunk at a time, and fsync it. */
static int write_records(int fd, JournalSource source, void *context, size_t *ret_size, Error *err)
{
    cleanup(buffer_deinit) Buffer lines = {0}, record = {0};
    bool more = true;
    int code = 0;

    while (code == 0 && more) {
        buffer_reset(&record);
        more = source(context, &record);
        if (more)
            encode(&lines, record.bytes, record.size);
        if (more && lines.size < CHUNK_SIZE)
            continue;
        code = fd_write_all(fd, buffer_text(&lines), lines.size, err);
        *ret_size += lines.size;
        buffer_reset(&lines);
    }
    if (code == 0 && fsync(fd) < 0)
        code = error_errno(err, errno, "fsync");
    return code;
}

int journal_replace(Journal *journal, JournalSource source, void *context, Error *err)
{
    cleanup(free) char *aside = memory_format("%s.new", journal->path);
    cleanup(fd_close) int fd = open(aside, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    size_t size = 0;
    int code;

    assert(journal->group.size == 0);
    if (fd < 0)
        return error_errno(err, errno, "create '%s'", aside);
    if ((code = write_records(fd, source, context, &size, err)) < 0) {
        unlink(aside);
        return error_wrap(err, "compact journal '%s'", journal->path);
    }
    if (rename(aside, journal->path) < 0)
        return error_errno(err, errno, "rename '%s' to '%s'", aside, journal->path);
    if ((code = sync_folder_of(journal->path, err)) < 0)
        return code;
    fd_close(journal->fd);
    journal->fd = fd;
    journal->size = size;
    fd = -1;
    return 0;
}
