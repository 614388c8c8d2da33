#include "providers/sdk/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "lang/base/file.h"
#include "lang/base/hash.h"
#include "lang/base/memory.h"

#define JOURNAL_SIZE_MAX ((size_t)1 << 30)

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

void journal_encode(Buffer *ret, const Json *record)
{
    cleanup(free) char *text = json_text(record);

    buffer_add_format(ret, "%s%08x%s", head, crc32c(0, text, strlen(text)), middle);
    buffer_add_string(ret, text);
    buffer_add_string(ret, "}\n");
}

/* A line without its newline -> the record; NULL if it is not whole. */
static Json *journal_decode(const char *line, size_t size)
{
    char crc[CRC_DIGITS + 1];
    Json *record = NULL;

    if (size < RECORD_AT + 1 || memcmp(line, head, HEAD_SIZE) != 0 || line[size - 1] != '}')
        return NULL;
    if (memcmp(line + HEAD_SIZE + CRC_DIGITS, middle, sizeof middle - 1) != 0)
        return NULL;
    const char *text = line + RECORD_AT;
    size_t text_size = size - RECORD_AT - 1;
    snprintf(crc, sizeof crc, "%08x", crc32c(0, text, text_size));
    if (memcmp(crc, line + HEAD_SIZE, CRC_DIGITS) != 0)
        return NULL;
    if (json_parse(text, text_size, &record, NULL) < 0)
        return NULL;
    return record;
}

static bool has_whole_record(const char *at, const char *end)
{
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        if (newline == NULL)
            return false;
        cleanup(json_free) Json *record = journal_decode(at, (size_t)(newline - at));
        if (record != NULL)
            return true;
        at = newline + 1;
    }
    return false;
}

/* Visit the whole records; `ret_size` is where the good part ends. */
static int journal_read(const char *path, const Buffer *file, JournalVisit visit, void *context,
                        size_t *ret_size, Error *err)
{
    const char *start = buffer_text(file), *end = start + file->size, *at = start;

    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t line_size = newline != NULL ? (size_t)(newline - at) : 0;
        cleanup(json_free) Json *record = newline ? journal_decode(at, line_size) : NULL;
        if (record == NULL && newline != NULL && has_whole_record(newline + 1, end))
            return error_set(
                err, ERROR_STATE,
                "journal '%s': the record at byte %zu is damaged and whole ones follow;"
                " restore the file from a backup",
                path, (size_t)(at - start));
        if (record == NULL)
            break;
        int code = visit(context, record, err);
        if (code < 0)
            return error_wrap(err, "journal '%s': record at byte %zu", path, (size_t)(at - start));
        at = newline + 1;
    }
    *ret_size = (size_t)(at - start);
    return 0;
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
    cleanup(buffer_deinit) Buffer file = {0};
    bool is_new = !file_exists(path);
    size_t size = 0;
    int code = 0;

    cleanup(fd_close) int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        return error_errno(err, errno, "open '%s'", path);
    if (is_new && (code = sync_folder_of(path, err)) < 0)
        return code;
    if ((code = file_read(path, JOURNAL_SIZE_MAX, &file, err)) < 0)
        return code;
    if ((code = journal_read(path, &file, visit, context, &size, err)) < 0)
        return code;
    if (size < file.size && (code = journal_cut(fd, path, size, err)) < 0)
        return code;
    Journal *journal = memory_zero(1, sizeof *journal);
    journal->path = memory_copy_string(path);
    journal->fd = fd;
    journal->size = size;
    fd = -1;
    *ret = journal;
    return size < file.size ? JOURNAL_TORN_TAIL : 0;
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

void journal_append(Journal *journal, const Json *record)
{
    journal_encode(&journal->group, record);
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

int journal_replace(Journal *journal, const Buffer *lines, Error *err)
{
    int code = file_replace(journal->path, buffer_text(lines), lines->size, 0600, err);

    if (code < 0)
        return error_wrap(err, "compact journal '%s'", journal->path);
    int fd = open(journal->path, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (fd < 0)
        return error_errno(err, errno, "open '%s'", journal->path);
    fd_close(journal->fd);
    journal->fd = fd;
    journal->size = lines->size;
    return 0;
}
