/* flip [SEED]: every bit of every file of a state folder is turned over, one at a time, and what
 * then is read is held against what was written.
 *
 * It must be refused. Two things may be lost instead, and must be said to be: the last group of a
 * process that crashed, and the mark of an orderly stop. Nothing may ever be read that was not
 * written. Of a file of more than a MiB a sample is taken, chosen by the seed. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "controller/host/checkpoint.h"
#include "controller/host/state_dir.h"
#include "controller/host/state_files.h"
#include "controller/host/state_verify.h"
#include "lang/base/file.h"
#include "lang/base/hash.h"
#include "lang/base/memory.h"

#define WHOLE_UP_TO ((off_t)1 << 20)
#define SAMPLES 400
#define RECORDS_MAX 4096
#define PROGRAM "domain Shop { state { n: int } }"

typedef struct Folder {
    char *path;
    uint64_t records[RECORDS_MAX]; /* hash of the payload of each, by its number less 1 */
    uint64_t last;                 /* the number of the last one */
    uint64_t before_last_group;    /* so many may never be lost */
    uint64_t state;                /* hash of the newest checkpoint's */
    bool sealed;
} Folder;

typedef struct Reading {
    const Folder *folder;
    uint64_t last;
    bool misread;
} Reading;

static uint64_t seed = 1;
static uint64_t flips, refused, torn, wrong;

static uint64_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    return seed ^= seed << 17;
}

static void must(int code, const Error *err)
{
    if (code >= 0)
        return;
    fprintf(stderr, "flip: %s\n", err->message);
    exit(1);
}

/* ---- a folder ---- */

static void append(Folder *folder, StateDir *dir, size_t filler)
{
    uint64_t number = journal_next(state_dir_journal(dir));
    cleanup(free) char *fill = memory_zero(filler + 1, 1);
    Error err;

    memset(fill, 'x', filler);
    cleanup(free) char *payload =
        memory_format("{\"type\":\"slice\",\"at\":1795400397988,\"domain\":\"Shop\",\"slice\":%llu,"
                      "\"set\":{\"n\":%llu,\"text\":\"{\\\"seq\\\":%llu,%s\"}}",
                      (unsigned long long)number, (unsigned long long)next_random() % 1000,
                      (unsigned long long)number, fill);
    must(journal_append(state_dir_journal(dir), payload, strlen(payload), &err), &err);
    folder->records[number - 1] = hash_string(payload);
    folder->last = number;
}

/* Groups of one to three records. */
static void write_groups(Folder *folder, StateDir *dir, int groups, size_t filler)
{
    Error err;

    for (int i = 0; i < groups; i++) {
        folder->before_last_group = journal_position(state_dir_journal(dir));
        for (int k = 0; k <= i % 3; k++)
            append(folder, dir, filler);
        must(journal_commit(state_dir_journal(dir), &err), &err);
    }
}

/* A state of so many instances, or what has changed in it: a line for each. */
static char *state_make(int instances)
{
    cleanup(buffer_deinit) Buffer text = {0};

    buffer_add_string(&text, "{\"epoch\":1,\"trails\":[\n],\"domains\":[\n");
    for (int i = 0; i < instances; i++)
        buffer_add_format(&text,
                          "%s{\"domain\":\"Shop\",\"key\":\"%d\",\"state\":{\"n\":%llu,\"text\":"
                          "\"a: \\\"b\\\"\"}}",
                          i > 0 ? ",\n" : "", 5 * i, (unsigned long long)next_random() % 1000);
    buffer_add_string(&text, "\n],\"objects\":[\n],\"facts\":[]}");
    return memory_copy_string(buffer_text(&text));
}

static void write_checkpoint(Folder *folder, StateDir *dir, int instances)
{
    Error err;
    cleanup(free) char *state = state_make(instances);

    must(state_dir_rotate(dir, state, strlen(state), &err), &err);
    folder->before_last_group = folder->last;
}

static void write_changes(Folder *folder, StateDir *dir, int instances)
{
    Error err;
    cleanup(free) char *changes = state_make(instances);

    if (!state_dir_takes_changes(dir, strlen(changes)))
        must(error_set(&err, ERROR_STATE, "a checkpoint of changes is not taken"), &err);
    must(state_dir_rotate_changes(dir, changes, strlen(changes), &err), &err);
    folder->before_last_group = folder->last;
}

/* Room that was taken and not used, as a crash leaves it. */
static void leave_room(const Folder *folder, uint64_t position)
{
    cleanup(free) char *path = state_file_path(folder->path, STATE_FILE_JOURNAL, position);
    cleanup(fd_close) int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    static const char zeros[512];
    Error err;

    must(fd_write_all(fd, zeros, sizeof zeros, &err), &err);
}

typedef struct Shape {
    const char *name;
    StateFormat format;
    bool sealed;
    size_t filler; /* bytes more in each record of the last journal */
    int changes;   /* the last two checkpoints are of so many changed instances; 0: whole */
} Shape;

static void folder_write(Folder *folder, const Shape *shape)
{
    StateDirOptions options = {.stack = "shop", .command = "flip", .format = shape->format};
    cleanup(state_dir_close) StateDir *dir = NULL;
    StateVisitor nobody = {0};
    StateRecovery recovery;
    Error err;

    must(state_dir_open(folder->path, &options, &dir, &err), &err);
    must(state_dir_recover(dir, &nobody, &recovery, &err), &err);
    must(state_dir_save_program(dir, 0, PROGRAM, strlen(PROGRAM), &err), &err);
    write_groups(folder, dir, 4, 0);
    write_checkpoint(folder, dir, shape->changes > 0 ? 10 * shape->changes : 1);
    for (int i = 0; i < 2; i++) {
        write_groups(folder, dir, shape->changes > 0 ? 1 : 2, 0);
        if (shape->changes > 0)
            write_changes(folder, dir, shape->changes);
        else
            write_checkpoint(folder, dir, 1);
    }
    uint64_t position = folder->last;
    write_groups(folder, dir, 6, shape->filler);
    folder->sealed = shape->sealed;
    if (shape->sealed)
        must(state_dir_seal(dir, &err), &err);
    state_dir_close(take(dir));
    if (!shape->sealed)
        leave_room(folder, position);
}

/* ---- reading it ---- */

static int on_checkpoint(void *user, uint64_t position, const char *state, size_t size, Error *err)
{
    Reading *reading = user;

    (void)err;
    (void)size;
    reading->last = position;
    if (reading->folder->state != 0 && hash_string(state) != reading->folder->state)
        reading->misread = true;
    return 0;
}

static int on_record(void *user, uint64_t sequence, const char *payload, size_t size, Error *err)
{
    Reading *reading = user;

    (void)err;
    if (sequence != reading->last + 1 || sequence > reading->folder->last ||
        strlen(payload) != size || hash_string(payload) != reading->folder->records[sequence - 1])
        reading->misread = true;
    reading->last = sequence;
    return 0;
}

static int folder_read(const Folder *folder, uint64_t from, Reading *ret)
{
    StateDirOptions options = {.stack = "shop", .read_only = true};
    StateVisitor visitor = {.on_checkpoint = on_checkpoint, .on_record = on_record, .user = ret};
    cleanup(state_dir_close) StateDir *dir = NULL;
    StateRecovery recovery;

    *ret = (Reading){.folder = folder};
    int code = state_dir_open(folder->path, &options, &dir, NULL);
    return code < 0 ? code : state_dir_read(dir, from, &visitor, &recovery, NULL);
}

/* What `ved state verify` says: 1 torn, negative damaged. */
static int folder_verify(const Folder *folder)
{
    cleanup(state_findings_deinit) StateFindings findings = {0};
    bool is_torn = false;
    int code = state_verify(folder->path, &findings, NULL);

    for (size_t i = 0; i < findings.count; i++)
        is_torn |= findings.items[i].health == HEALTH_TORN;
    return code < 0 || findings.damaged ? -1 : is_torn;
}

/* ---- flipping ---- */

static void complain(const char *file, off_t at, int bit, const char *what)
{
    if (wrong++ < 20)
        printf("not ok %s, byte %lld, bit %d: %s\n", file, (long long)at, bit, what);
}

/* `is_last`: of the journal that a crash may have torn. */
static void judge(const Folder *folder, const char *file, off_t at, int bit, bool is_last)
{
    Reading all, newest;
    int from_start = folder_read(folder, 0, &all);
    int from_newest = folder_read(folder, STATE_NEWEST, &newest);
    int verified = folder_verify(folder);
    uint64_t kept = folder->sealed ? folder->last : folder->before_last_group;

    flips++;
    if (all.misread || newest.misread)
        complain(file, at, bit, "what was read was never written");
    if (verified == 0)
        complain(file, at, bit, "verify finds it whole");
    else if (verified < 0)
        refused++;
    else
        torn++;
    if (verified <= 0 && !is_last)
        return;
    if (verified == STATE_TORN_TAIL && (!is_last || newest.last < kept))
        complain(file, at, bit, "records are lost that were acknowledged");
    if (from_start != from_newest && (from_start >= 0 || from_newest >= 0))
        complain(file, at, bit, "recovery and reading disagree");
    if ((from_newest < 0) != (verified < 0))
        complain(file, at, bit, "recovery and verify disagree");
}

static void flip_at(const Folder *folder, int fd, const char *file, off_t at, int bit, bool is_last)
{
    unsigned char byte, flipped;
    Error err;

    if (pread(fd, &byte, 1, at) != 1)
        must(error_errno(&err, errno, "read '%s'", file), &err);
    flipped = byte ^ (unsigned char)(1U << bit);
    if (pwrite(fd, &flipped, 1, at) != 1)
        must(error_errno(&err, errno, "write '%s'", file), &err);
    judge(folder, file, at, bit, is_last);
    if (pwrite(fd, &byte, 1, at) != 1)
        must(error_errno(&err, errno, "write '%s'", file), &err);
}

static void flip_file(const Folder *folder, const char *path, bool is_last)
{
    cleanup(fd_close) int fd = open(path, O_RDWR | O_CLOEXEC);
    off_t size = lseek(fd, 0, SEEK_END);

    if (size > WHOLE_UP_TO) {
        for (int i = 0; i < SAMPLES; i++)
            flip_at(folder, fd, path, (off_t)(next_random() % (uint64_t)size),
                    (int)(next_random() % 8), is_last);
        return;
    }
    for (off_t at = 0; at < size; at++)
        for (int bit = 0; bit < 8; bit++)
            flip_at(folder, fd, path, at, bit, is_last);
}

static int remember(void *user, uint64_t position, const char *state, size_t size, Error *err)
{
    Folder *folder = user;

    (void)err;
    (void)position;
    (void)size;
    folder->state = hash_string(state);
    return 0;
}

/* The newest checkpoint, read while nothing is wrong. */
static void state_remember(Folder *folder)
{
    StateDirOptions options = {.stack = "shop", .read_only = true};
    StateVisitor visitor = {.on_checkpoint = remember, .user = folder};
    cleanup(state_dir_close) StateDir *dir = NULL;
    StateRecovery recovery;
    Error err;

    must(state_dir_open(folder->path, &options, &dir, &err), &err);
    must(state_dir_read(dir, STATE_NEWEST, &visitor, &recovery, &err), &err);
}

/* How many checkpoints in the folder are of changes. */
static int changes_count(const Folder *folder, const StateFiles *files)
{
    int count = 0;

    for (size_t i = 0; i < files->count; i++) {
        CheckpointHead head = {0};
        cleanup(free) char *path =
            state_file_path(folder->path, files->items[i].kind, files->items[i].position);
        if (state_file_is_checkpoint(&files->items[i]) &&
            checkpoint_read_head(path, &head, NULL) == 0)
            count += head.has_base;
    }
    return count;
}

static void flip_shape(const char *scratch, const Shape *shape, bool only_last)
{
    Folder folder = {.path = memory_format("%s/%s", scratch, shape->name)};
    cleanup(state_files_deinit) StateFiles files = {0};
    cleanup(free) char *stack = memory_format("%s/stack.json", folder.path);
    Error err;

    folder_write(&folder, shape);
    state_remember(&folder);
    must(state_files_list(folder.path, &files, &err), &err);
    const StateFile *last = state_files_last(&files, STATE_FILE_JOURNAL, UINT64_MAX);
    if (folder_verify(&folder) != 0)
        complain(folder.path, 0, 0, "before any flip it is not whole");
    if (changes_count(&folder, &files) != (shape->changes > 0 ? 2 : 0))
        complain(folder.path, 0, 0, "there are not the checkpoints of changes that were written");
    if (!only_last)
        flip_file(&folder, stack, false);
    for (size_t i = 0; i < files.count; i++) {
        cleanup(free) char *path =
            state_file_path(folder.path, files.items[i].kind, files.items[i].position);
        if (!only_last || &files.items[i] == last)
            flip_file(&folder, path, &files.items[i] == last);
    }
    free(folder.path);
}

int main(int argc, char **argv)
{
    static const Shape shapes[] = {
        {"crashed", STATE_JSON, false, 0, 0},
        {"sealed", STATE_YAML, true, 0, 0},
        {"changes", STATE_JSON, false, 0, 2},
    };
    static const Shape large = {"large", STATE_JSON, false, 150000, 0};
    char scratch[] = "/tmp/ved-flip.XXXXXX";

    if (argc > 1)
        seed = strtoull(argv[1], NULL, 10);
    if (seed == 0 || mkdtemp(scratch) == NULL) {
        fprintf(stderr, "flip: a seed is a number above 0, and /tmp must be writable\n");
        return 1;
    }
    for (size_t i = 0; i < ARRAY_SIZE(shapes); i++)
        flip_shape(scratch, &shapes[i], false);
    flip_shape(scratch, &large, true);
    folder_remove(scratch, NULL);
    printf("%s flips: %llu bits, %llu refused, %llu in what a crash or a stop left last\n",
           wrong == 0 ? "ok" : "not ok", (unsigned long long)flips, (unsigned long long)refused,
           (unsigned long long)torn);
    return wrong == 0 ? 0 : 1;
}
