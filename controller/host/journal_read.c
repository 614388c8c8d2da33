/* Reading a journal.
 *
 * A record that is no good is either the crash's (its group was never synced) or damage (it was).
 * What tells them apart stands behind it: every record says up to which number all was on disk
 * before its group was written. So from the first bad record on the rest of the file is searched
 * for any good line that vouches for the bad one.
 *
 *      good  good  BAD   ?  ?  good(synced >= number of BAD)   damage: refuse
 *      good  good  BAD   ?  ?  zeros                           torn: cut here
 *
 * The search looks at every place a line may begin, not only behind newlines, because the damaged
 * byte may have been a newline. */
#include "controller/host/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "controller/host/journal_line.h"
#include "lang/base/file.h"
#include "lang/base/memory.h"

#define READ_STEP ((size_t)256 << 10)
#define LINE_MAX_SIZE (JOURNAL_RECORD_MAX + JOURNAL_HEAD_MAX)

/* Outcomes of looking for the next line. */
#define LINE_WHOLE 0
#define LINE_UNENDED 1 /* the file ends, or the ceiling is reached, before a newline */

struct JournalReader {
    char *path;
    int fd;
    uint64_t floor;  /* known from elsewhere: on disk up to here */
    uint64_t synced; /* what the last good record says */
    uint64_t line;   /* lines read */
    char *bytes;     /* a window of the file: [start, end) */
    size_t capacity;
    size_t start;
    size_t end;
    off_t offset; /* in the file, of `start` */
    int outcome;  /* 0 until the end was seen */
    JournalTail tail;
};

int journal_reader_open(const char *path, uint64_t position, uint64_t synced, JournalReader **ret,
                        Error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return error_errno(err, errno, "open journal '%s'", path);
    JournalReader *reader = memory_zero(1, sizeof *reader);
    reader->path = memory_copy_string(path);
    reader->fd = fd;
    reader->floor = synced;
    reader->synced = position;
    reader->tail.position = position;
    *ret = reader;
    return 0;
}

void journal_reader_close(JournalReader *reader)
{
    if (reader == NULL)
        return;
    fd_close(reader->fd);
    free(reader->path);
    free(reader->bytes);
    free(reader);
}

void journal_reader_tail(const JournalReader *reader, JournalTail *ret)
{
    *ret = reader->tail;
}

static int read_at(const JournalReader *reader, void *bytes, size_t size, off_t offset, size_t *ret,
                   Error *err)
{
    ssize_t got;

    do {
        got = pread(reader->fd, bytes, size, offset);
    } while (got < 0 && errno == EINTR);
    if (got < 0)
        return error_errno(err, errno, "read journal '%s' at byte %lld", reader->path,
                           (long long)offset);
    *ret = (size_t)got;
    return 0;
}

/* Read more behind the window; `*ret` is 0 at the end of the file. */
static int window_fill(JournalReader *reader, size_t *ret, Error *err)
{
    if (reader->capacity - reader->end < READ_STEP && reader->start > 0) {
        memmove(reader->bytes, reader->bytes + reader->start, reader->end - reader->start);
        reader->end -= reader->start;
        reader->start = 0;
    }
    if (reader->capacity - reader->end < READ_STEP) {
        size_t capacity = reader->capacity * 2 + READ_STEP;
        reader->bytes = memory_grow(reader->bytes, capacity, 1);
        reader->capacity = capacity;
    }
    off_t at = reader->offset + (off_t)(reader->end - reader->start);
    int code = read_at(reader, reader->bytes + reader->end, READ_STEP, at, ret, err);
    if (code == 0)
        reader->end += *ret;
    return code;
}

static void window_skip(JournalReader *reader, size_t size)
{
    reader->start += size;
    reader->offset += (off_t)size;
}

/* Forget what was read: look at the file again from `offset` on. */
static void window_move(JournalReader *reader, off_t offset)
{
    reader->start = 0;
    reader->end = 0;
    reader->offset = offset;
}

/* Have a line, or what there is of one, at the start of the window. */
static int window_line(JournalReader *reader, size_t *ret_size, Error *err)
{
    size_t searched = 0;

    for (;;) {
        size_t size = reader->end - reader->start, got = 0;
        const char *from = size > 0 ? reader->bytes + reader->start : NULL;
        const char *newline =
            size > searched ? memchr(from + searched, '\n', size - searched) : NULL;
        *ret_size = newline != NULL ? (size_t)(newline - from) + 1 : size;
        if (newline != NULL && *ret_size <= LINE_MAX_SIZE)
            return LINE_WHOLE;
        if (size > LINE_MAX_SIZE)
            return LINE_UNENDED;
        searched = size;
        int code = window_fill(reader, &got, err);
        if (code < 0)
            return code;
        if (got == 0)
            return LINE_UNENDED;
    }
}

static bool all_zero(const char *bytes, size_t size)
{
    return size == 0 || (bytes[0] == '\0' && memcmp(bytes, bytes + 1, size - 1) == 0);
}

/* Where the last byte that is not zero ends, from `offset` on: `offset` itself when all is zero. */
static int file_used_until(const JournalReader *reader, off_t offset, off_t *ret, Error *err)
{
    char chunk[16384];
    size_t got = 0;
    int code;

    *ret = offset;
    while ((code = read_at(reader, chunk, sizeof chunk, offset, &got, err)) == 0 && got > 0) {
        for (size_t i = all_zero(chunk, got) ? 0 : got; i > 0; i--)
            if (chunk[i - 1] != '\0') {
                *ret = offset + (off_t)i;
                break;
            }
        offset += (off_t)got;
    }
    return code;
}

static const char *find_text(const char *from, const char *end, const char *text)
{
    return from < end ? memmem(from, (size_t)(end - from), text, strlen(text)) : NULL;
}

/* Does a good record that begins anywhere in these bytes and ends with them vouch for `number`? */
static uint64_t line_vouches(const char *line, size_t size, uint64_t number)
{
    const char *end = line + size;
    JournalLine parsed;

    for (const char *at = find_text(line, end, JOURNAL_LINE_START); at != NULL;
         at = find_text(at + 1, end, JOURNAL_LINE_START))
        if (journal_line_parse(at, (size_t)(end - at), &parsed) == LINE_GOOD &&
            parsed.synced >= number)
            return parsed.sequence;
    return 0;
}

/* Search the rest of the file for a record that vouches for `number`; `*ret` 0: there is none. */
static int find_voucher(JournalReader *reader, uint64_t number, uint64_t *ret, Error *err)
{
    off_t offset = reader->offset;
    int code;

    *ret = 0;
    do {
        size_t size = 0;
        code = window_line(reader, &size, err);
        if (code == LINE_WHOLE)
            *ret = line_vouches(reader->bytes + reader->start, size, number);
        if (size == 0)
            break;
        window_skip(reader, size);
    } while (code >= 0 && *ret == 0);
    window_move(reader, offset);
    return code < 0 ? code : 0;
}

/* What is wrong with the line at the window's start, as far as it can be told from itself. */
typedef struct Fault {
    JournalLineVerdict verdict;
    JournalLine line;
    bool unended;
} Fault;

static void fault_describe(const Fault *fault, char *text, size_t size)
{
    if (fault->unended)
        snprintf(text, size, "no end of line was found, expected one");
    else if (fault->verdict == LINE_BAD_CHECKSUM)
        snprintf(text, size, "checksum is %08x, expected %08x", fault->line.crc_found,
                 fault->line.crc_expected);
    else
        snprintf(text, size,
                 "found other bytes where {\"seq\":N,\"synced\":N,\"crc\":\"...\" and "
                 "a closing } were expected");
}

#define REMEDY "nothing runs until 'ved state repair' is told what to do; the file is kept as it is"

static int damage_set(const JournalReader *reader, const Fault *fault, uint64_t voucher, Error *err)
{
    char what[160], proof[96] = "a later file";

    fault_describe(fault, what, sizeof what);
    if (voucher != 0)
        snprintf(proof, sizeof proof, "record %llu after it", (unsigned long long)voucher);
    return error_set(err, ERROR_STATE,
                     "journal '%s' line %llu, byte %lld: record %llu is damaged: %s; %s shows that "
                     "it was on disk: " REMEDY,
                     reader->path, (unsigned long long)reader->line + 1, (long long)reader->offset,
                     (unsigned long long)reader->tail.position + 1, what, proof);
}

static int end_torn(JournalReader *reader, const Fault *fault, Error *err)
{
    JournalTail *tail = &reader->tail;
    char what[160];
    off_t used = 0;
    int code = file_used_until(reader, reader->offset, &used, err);

    if (code < 0)
        return code;
    fault_describe(fault, what, sizeof what);
    tail->torn = true;
    tail->torn_size = used - reader->offset;
    snprintf(tail->torn_message, sizeof tail->torn_message,
             "journal '%.200s' line %llu, byte %lld: the last group is half written (%s): %lld "
             "bytes that were never acknowledged are left out after record %llu",
             reader->path, (unsigned long long)reader->line + 1, (long long)reader->offset, what,
             (long long)tail->torn_size, (unsigned long long)tail->position);
    return reader->outcome = JOURNAL_TORN_TAIL;
}

/* Read a good line's numbers against those before it. */
static int sequence_check(const JournalReader *reader, const JournalLine *line, Error *err)
{
    uint64_t last = reader->tail.position;

    if (line->sequence == last + 1 && (line->synced == reader->synced || line->synced == last))
        return 0;
    if (line->sequence == last + 1)
        return error_set(err, ERROR_STATE,
                         "journal '%s' line %llu, byte %lld: record %llu says that record %llu was "
                         "the last on disk, expected %llu or %llu: " REMEDY,
                         reader->path, (unsigned long long)reader->line + 1,
                         (long long)reader->offset, (unsigned long long)line->sequence,
                         (unsigned long long)line->synced, (unsigned long long)reader->synced,
                         (unsigned long long)last);
    return error_set(err, ERROR_STATE,
                     "journal '%s' line %llu, byte %lld: sequence number is %llu, expected %llu "
                     "(checksum %08x is right): " REMEDY,
                     reader->path, (unsigned long long)reader->line + 1, (long long)reader->offset,
                     (unsigned long long)line->sequence, (unsigned long long)last + 1,
                     line->crc_found);
}

/* Make the text of the payload in place: what follows the head with '{' for the comma. */
static void record_take(JournalReader *reader, const JournalLine *line, size_t size,
                        JournalRecord *ret)
{
    static const char seal[] = "{\"type\":\"seal\"}";
    char *text = reader->bytes + reader->start;
    size_t payload_at = text[line->body_at] == ',' ? line->body_at : line->body_at - 1;

    if (line->synced == reader->tail.position)
        reader->tail.group_at = reader->offset;
    text[payload_at] = '{';
    text[size - 1] = '\0';
    *ret = (JournalRecord){.sequence = line->sequence,
                           .synced = line->synced,
                           .payload = text + payload_at,
                           .size = size - 1 - payload_at,
                           .line = reader->line + 1,
                           .offset = reader->offset};
    ret->seal = ret->size == sizeof seal - 1 && memcmp(ret->payload, seal, ret->size) == 0;
    window_skip(reader, size);
    reader->synced = line->synced;
    reader->line++;
    reader->tail.position = line->sequence;
    reader->tail.count++;
    reader->tail.size = reader->offset;
    reader->tail.sealed = ret->seal;
}

/* Zeros to the end are room that was taken and not used. 1: that is what is here. */
static int at_end(JournalReader *reader, Error *err)
{
    size_t got = 1;
    off_t used = 0;
    int code = reader->start == reader->end ? window_fill(reader, &got, err) : 0;

    if (code < 0 || got == 0)
        return code < 0 ? code : 1;
    if (reader->bytes[reader->start] != '\0')
        return 0;
    code = file_used_until(reader, reader->offset, &used, err);
    return code < 0 ? code : used == reader->offset;
}

/* 1: the line at the window's start is good; 0: it is not, see `ret_fault`. */
static int line_judge(JournalReader *reader, size_t *ret_size, Fault *ret_fault, Error *err)
{
    int code = window_line(reader, ret_size, err);

    if (code < 0)
        return code;
    *ret_fault = (Fault){.verdict = LINE_NO_RECORD, .unended = code == LINE_UNENDED};
    if (!ret_fault->unended)
        ret_fault->verdict =
            journal_line_parse(reader->bytes + reader->start, *ret_size, &ret_fault->line);
    return ret_fault->verdict == LINE_GOOD;
}

/* The line is no good: 0 when a second look finds it good after all, else torn or damaged. */
static int judge_again(JournalReader *reader, size_t *ret_size, Fault *fault, Error *err)
{
    uint64_t number = reader->tail.position + 1, voucher = 0;
    int code = find_voucher(reader, number, &voucher, err);

    if (code < 0)
        return code;
    if (voucher == 0 && reader->floor < number)
        return end_torn(reader, fault, err);
    /* Another process may have been writing it while it was read: a record that is vouched for is
     * on disk by now, so a second look decides. */
    code = line_judge(reader, ret_size, fault, err);
    if (code < 0)
        return code;
    return code == 1 ? 0 : damage_set(reader, fault, voucher, err);
}

/* Records that a later file knows of have to be here. */
static int end_reached(JournalReader *reader, Error *err)
{
    if (reader->tail.position < reader->floor)
        return error_set(err, ERROR_STATE,
                         "journal '%s' line %llu, byte %lld: ends after record %llu, expected "
                         "record %llu, which a later file shows was on disk: " REMEDY,
                         reader->path, (unsigned long long)reader->line + 1,
                         (long long)reader->offset, (unsigned long long)reader->tail.position,
                         (unsigned long long)reader->floor);
    return reader->outcome = JOURNAL_END;
}

int journal_reader_next(JournalReader *reader, JournalRecord *ret, Error *err)
{
    Fault fault;
    size_t size = 0;
    int code;

    if (reader->outcome != 0)
        return reader->outcome;
    code = at_end(reader, err);
    if (code != 0)
        return code < 0 ? code : end_reached(reader, err);
    code = line_judge(reader, &size, &fault, err);
    if (code == 0)
        code = judge_again(reader, &size, &fault, err);
    if (code < 0 || code == JOURNAL_TORN_TAIL)
        return code;
    code = sequence_check(reader, &fault.line, err);
    if (code == 0)
        record_take(reader, &fault.line, size, ret);
    return code;
}

int journal_reader_visit(JournalReader *reader, JournalVisit *visit, void *user, Error *err)
{
    JournalRecord record;
    int code;

    while ((code = journal_reader_next(reader, &record, err)) == 0)
        if (visit != NULL && (code = visit(user, &record, err)) != 0)
            break;
    return code;
}
