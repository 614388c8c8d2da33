/* Writing a journal.
 *
 *      |<-------- durable -------->|<--- zeros, room taken in chunks --->|
 *      record record record record  0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
 *                                  ^ size                                ^ allocated
 *
 * A group is collected in memory, written at `size` and synced; only then does `size` move. With
 * the room taken beforehand a sync has no file size to write, which makes it about four times as
 * fast.
 *
 * A group may be on its way while the next is collected. What it came to is settled when somebody
 * waits for it, by the owner's thread: the other one only writes and syncs. */
#include "controller/host/journal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/host/journal_line.h"
#include "controller/host/worker.h"
#include "lang/base/buffer.h"
#include "lang/base/file.h"
#include "lang/base/memory.h"

#define SEAL "{\"type\":\"seal\"}"

/* What is written and synced as one. */
typedef struct Group {
    Buffer lines;
    uint64_t count; /* of records */
} Group;

struct Journal {
    char *path;
    int fd;
    Group group;     /* that is collected */
    Group on_way;    /* the one before it; no lines: there is none */
    bool is_on_way;  /* with the worker, and so are `allocated`, `can_allocate`, `sync_failed` */
    int way_code;    /* what it came to */
    Error way_error; /* likewise */
    Worker *worker;
    uint64_t position; /* last record that is known to be durable */
    off_t size;        /* of the records up to it */
    off_t allocated;   /* bytes of the file; what is beyond `size` is zeros */
    bool can_allocate; /* the file system knows how to */
    bool sync_failed;
    bool sealed; /* the last durable record is a seal */
    bool broken;
};

static Journal *journal_make(const char *path, int fd, const JournalTail *tail)
{
    Journal *journal = memory_zero(1, sizeof *journal);

    journal->path = memory_copy_string(path);
    journal->fd = fd;
    buffer_init(&journal->group.lines, JOURNAL_GROUP_MAX);
    buffer_init(&journal->on_way.lines, JOURNAL_GROUP_MAX);
    journal->worker = worker_new();
    journal->position = tail->position;
    journal->size = tail->size;
    journal->allocated = tail->size;
    journal->can_allocate = true;
    journal->sealed = tail->sealed;
    return journal;
}

/* The folder a path is in. The caller frees it. */
static char *path_folder(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (slash == NULL)
        return memory_copy_string(".");
    return memory_copy_bytes(path, slash == path ? 1 : (size_t)(slash - path));
}

static int name_sync(const char *path, Error *err)
{
    cleanup(free) char *folder = path_folder(path);

    return folder_sync(folder, err);
}

/* Keep the sentence, change the code. */
static int error_kind(Error *err, int code)
{
    if (err != NULL)
        err->code = code;
    return code;
}

int journal_create(const char *path, uint64_t position, Journal **ret, Error *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int code = 0;

    if (fd < 0)
        return error_errno(err, errno, "create journal '%s'", path);
    if (fsync(fd) < 0)
        code = error_errno(err, errno, "fsync");
    if (code == 0)
        code = name_sync(path, err);
    if (code < 0) {
        error_wrap(err, "journal '%s' was made, but is perhaps not on disk", path);
        close(fd);
        unlink(path);
        return error_kind(err, ERROR_STATE);
    }
    *ret = journal_make(path, fd, &(JournalTail){.position = position});
    return 0;
}

/* journal-17.ndjson -> journal-17.torn. The caller frees it. */
static char *torn_path(const char *path)
{
    static const char ending[] = ".ndjson";
    size_t size = strlen(path), ending_size = sizeof ending - 1;

    if (size > ending_size && strcmp(path + size - ending_size, ending) == 0)
        size -= ending_size;
    return memory_format("%.*s.torn", (int)size, path);
}

static int copy_range(int from, off_t offset, off_t size, int to, Error *err)
{
    char chunk[65536];

    while (size > 0) {
        size_t want = size < (off_t)sizeof chunk ? (size_t)size : sizeof chunk;
        ssize_t got = pread(from, chunk, want, offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_errno(err, errno, "read");
        if (got == 0)
            return 0;
        int code = fd_write_all(to, chunk, (size_t)got, err);
        if (code < 0)
            return code;
        offset += got;
        size -= got;
    }
    return 0;
}

/* A second crash in the same journal adds to the file of the first. */
static int torn_keep(const char *path, int fd, const JournalTail *tail, Error *err)
{
    cleanup(free) char *aside = torn_path(path);
    cleanup(fd_close) int to = open(aside, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    if (to < 0)
        return error_errno(err, errno, "create '%s' for the end of a torn journal", aside);
    if (copy_range(fd, tail->size, tail->torn_size, to, err) < 0 ||
        fd_write_all(to, "\n", 1, err) < 0)
        return error_wrap(err, "keep the end of torn journal '%s' in '%s'", path, aside);
    if (fsync(to) < 0)
        return error_errno(err, errno, "fsync '%s'", aside);
    return name_sync(path, err);
}

/* Write the same bytes again. After a sync that failed they may be in memory only, in pages that
 * are marked clean and that no sync would write. */
static int group_rewrite(int fd, off_t at, off_t end, Error *err)
{
    char chunk[65536];

    while (at < end) {
        size_t want = end - at < (off_t)sizeof chunk ? (size_t)(end - at) : sizeof chunk;
        ssize_t moved = pread(fd, chunk, want, at);
        if (moved > 0)
            moved = pwrite(fd, chunk, (size_t)moved, at);
        if (moved < 0 && errno == EINTR)
            continue;
        if (moved < 0)
            return error_errno(err, errno, "write its last group again");
        if (moved == 0)
            return 0;
        at += moved;
    }
    return 0;
}

/* Bring the file to what was read of it. The last group was perhaps not synced when the process
 * before ended, and its name perhaps not either. */
static int journal_settle(const char *path, int fd, const JournalTail *tail, Error *err)
{
    int code = tail->torn ? torn_keep(path, fd, tail, err) : 0;

    if (code == 0)
        code = group_rewrite(fd, tail->group_at, tail->size, err);
    if (code < 0)
        return error_wrap(err, "journal '%s'", path);
    if (ftruncate(fd, tail->size) < 0)
        return error_errno(err, errno, "cut journal '%s' back to %lld bytes", path,
                           (long long)tail->size);
    if (fsync(fd) < 0)
        return error_errno(err, errno, "fsync journal '%s'", path);
    return name_sync(path, err);
}

static int journal_read(const char *path, const JournalOpen *options, JournalTail *ret, Error *err)
{
    cleanup(journal_reader_close) JournalReader *reader = NULL;
    int code = journal_reader_open(path, options->position, options->synced, &reader, err);

    if (code < 0)
        return code;
    code = journal_reader_visit(reader, options->visit, options->user, err);
    journal_reader_tail(reader, ret);
    return code;
}

int journal_open(const char *path, const JournalOpen *options, JournalTail *ret_tail, Journal **ret,
                 Error *err)
{
    JournalTail tail;
    int outcome = journal_read(path, options, &tail, err);

    if (outcome != JOURNAL_END && outcome != JOURNAL_TORN_TAIL)
        return outcome;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return error_errno(err, errno, "open journal '%s' for writing", path);
    int code = journal_settle(path, fd, &tail, err);
    if (code < 0) {
        close(fd);
        return code;
    }
    *ret = journal_make(path, fd, &tail);
    if (ret_tail != NULL)
        *ret_tail = tail;
    return tail.torn ? JOURNAL_TORN_TAIL : 0;
}

/* ---- one group ---- */

/* Can the same be tried again later? */
static bool is_out_of_room(int errnum)
{
    return errnum == ENOSPC || errnum == EDQUOT || errnum == EFBIG;
}

static int allocate(int fd, off_t from, off_t to)
{
    int code;

    do {
        code = fallocate(fd, 0, from, to - from);
    } while (code < 0 && errno == EINTR);
    return code < 0 ? -errno : 0;
}

/* Take room for the group: a chunk, or just enough when the disk has no chunk left. */
static int group_reserve(Journal *journal, const Group *group, Error *err)
{
    off_t need = journal->size + (off_t)group->lines.size;
    off_t chunks = (need + JOURNAL_CHUNK - 1) / JOURNAL_CHUNK * JOURNAL_CHUNK;

    if (need <= journal->allocated || !journal->can_allocate)
        return 0;
    int code = allocate(journal->fd, journal->allocated, chunks);
    if (code == 0) {
        journal->allocated = chunks;
        return 0;
    }
    if (!is_out_of_room(-code)) {
        /* Not every file system can: then the group itself makes the file longer. */
        journal->can_allocate = false;
        return 0;
    }
    code = allocate(journal->fd, journal->allocated, need);
    if (code == 0) {
        journal->allocated = need;
        return 0;
    }
    return error_errno(err, -code, "journal '%s': no room for %zu bytes, make room on its disk",
                       journal->path, group->lines.size);
}

static int group_write(const Journal *journal, const Group *group, Error *err)
{
    size_t written = 0;

    while (written < group->lines.size) {
        ssize_t put = pwrite(journal->fd, group->lines.bytes + written, group->lines.size - written,
                             journal->size + (off_t)written);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return error_errno(err, errno, "write %zu bytes to journal '%s'", group->lines.size,
                               journal->path);
        written += (size_t)put;
    }
    return 0;
}

static int group_sync(Journal *journal, Error *err)
{
    if (fdatasync(journal->fd) == 0)
        return 0;
    journal->sync_failed = true;
    return error_errno(err, errno,
                       "fdatasync journal '%s' (not tried again: start again, which recovers "
                       "from what is on disk)",
                       journal->path);
}

/* Behind the durable records, on disk; what it comes to is settled by the owner. */
static int group_put(Journal *journal, const Group *group, Error *err)
{
    int code = group_reserve(journal, group, err);

    if (code == 0)
        code = group_write(journal, group, err);
    return code == 0 ? group_sync(journal, err) : code;
}

static void group_reset(Group *group)
{
    buffer_reset(&group->lines);
    group->count = 0;
}

/* What is half written is not left behind. Behind a failed sync nothing is to be done: the kernel
 * may have marked the pages clean, and a second one would lie. */
static void group_take_back(Journal *journal, int code)
{
    if (journal->sync_failed || ftruncate(journal->fd, journal->size) < 0 || !is_out_of_room(-code))
        journal->broken = true;
    if (!journal->sync_failed)
        journal->allocated = journal->size;
}

static int group_settle(Journal *journal, Group *group, int code)
{
    if (code < 0) {
        group_take_back(journal, code);
        return code;
    }
    journal->size += (off_t)group->lines.size;
    if (journal->allocated < journal->size)
        journal->allocated = journal->size;
    journal->position += group->count;
    journal->sealed = false;
    group_reset(group);
    return 0;
}

static int broken_set(const Journal *journal, Error *err)
{
    return error_set(err, ERROR_STATE,
                     "journal '%s' failed before and takes nothing any more: start again, which "
                     "recovers from what is on disk",
                     journal->path);
}

static int group_commit(Journal *journal, Group *group, Error *err)
{
    if (journal->broken)
        return broken_set(journal, err);
    if (group->lines.size == 0)
        return 0;
    return group_settle(journal, group, group_put(journal, group, err));
}

/* ---- the group on its way ---- */

static void way_go(void *context)
{
    Journal *journal = context;

    journal->way_code = group_put(journal, &journal->on_way, &journal->way_error);
}

/* Wait for it. */
static int way_settle(Journal *journal, Error *err)
{
    if (!journal->is_on_way)
        return 0;
    worker_wait(journal->worker);
    journal->is_on_way = false;
    int code = group_settle(journal, &journal->on_way, journal->way_code);
    if (code < 0 && err != NULL)
        *err = journal->way_error;
    return code;
}

int journal_begin_commit(Journal *journal, Error *err)
{
    int code = way_settle(journal, err);

    if (code == 0) /* it may have failed before, and be there still */
        code = group_commit(journal, &journal->on_way, err);
    if (code < 0 || journal->group.lines.size == 0)
        return code;
    Group empty = journal->on_way;
    journal->on_way = journal->group;
    journal->group = empty;
    journal->is_on_way = true;
    worker_begin(journal->worker, way_go, journal);
    return 0;
}

bool journal_is_committing(Journal *journal)
{
    return journal->is_on_way && !worker_is_done(journal->worker);
}

/* ---- the journal ---- */

void journal_close(Journal *journal)
{
    if (journal == NULL)
        return;
    way_settle(journal, NULL);
    worker_free(journal->worker);
    /* Zeros that stay behind are read as the end too: nothing is lost when this fails. */
    if (!journal->broken && journal->allocated > journal->size &&
        ftruncate(journal->fd, journal->size) < 0)
        journal->broken = true;
    close(journal->fd);
    buffer_deinit(&journal->group.lines);
    buffer_deinit(&journal->on_way.lines);
    free(journal->path);
    free(journal);
}

int journal_append(Journal *journal, const char *payload, size_t size, Error *err)
{
    if (size > JOURNAL_RECORD_MAX)
        return error_set(err, ERROR_STATE,
                         "journal '%s': record of %zu bytes, expected at most %zu: keep large "
                         "values out of the state",
                         journal->path, size, JOURNAL_RECORD_MAX);
    if (size + JOURNAL_HEAD_MAX > JOURNAL_GROUP_MAX - journal->group.lines.size)
        return error_set(err, ERROR_STATE,
                         "journal '%s': group of %zu bytes has no room for %zu more, expected at "
                         "most %zu: commit more often",
                         journal->path, journal->group.lines.size, size, JOURNAL_GROUP_MAX);
    /* Before this group is written, the one on its way is on disk. */
    journal_line_put(&journal->group.lines, journal_next(journal),
                     journal->position + journal->on_way.count, payload, size);
    journal->group.count++;
    return 0;
}

int journal_commit(Journal *journal, Error *err)
{
    int code = way_settle(journal, err);

    if (code == 0)
        code = group_commit(journal, &journal->on_way, err);
    return code == 0 ? group_commit(journal, &journal->group, err) : code;
}

void journal_discard(Journal *journal)
{
    group_reset(&journal->group);
}

int journal_seal(Journal *journal, Error *err)
{
    int code = journal_commit(journal, err);

    if (code < 0 || journal->sealed || journal->size == 0)
        return code;
    if ((code = journal_append(journal, SEAL, sizeof SEAL - 1, err)) < 0)
        return code;
    code = journal_commit(journal, err);
    if (code < 0)
        journal_discard(journal);
    else
        journal->sealed = true;
    return code;
}

void journal_break(Journal *journal)
{
    journal->broken = true;
}

uint64_t journal_next(const Journal *journal)
{
    return journal->position + journal->on_way.count + journal->group.count + 1;
}

uint64_t journal_position(const Journal *journal)
{
    return journal->position;
}

off_t journal_size(const Journal *journal)
{
    return journal->size;
}

bool journal_is_broken(const Journal *journal)
{
    return journal->broken;
}
