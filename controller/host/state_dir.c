/* The order of writes, so that a crash between any two of them leaves a folder that recovers:
 *
 *      rotation at N:  checkpoint-N (aside, sync, rename, sync folder)
 *                      journal-N (empty, sync, sync folder)
 *                      delete the oldest
 *
 * Without journal-N the one before goes on past N, and recovery skips what checkpoint-N holds. So
 * the records after a position are in the last journal that begins at or before it and in all
 * later ones, each of which begins where the one before ends. */
#include "controller/host/state_dir.h"

#include <assert.h>
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/host/cursor.h"
#include "controller/host/state_files.h"
#include "controller/host/state_lock.h"
#include "lang/base/file.h"
#include "lang/base/hash.h"
#include "lang/base/json.h"
#include "lang/base/memory.h"

#define STACK_FORMAT "ved.state"
#define STACK_TEXT_MAX 65536

struct StateDir {
    char *path;
    char *stack;
    char *lineage;
    bool read_only;
    StateFormat format;
    uint64_t keep_bytes;
    int lock;
    Journal *journal;
    uint64_t journal_start; /* N of the journal's name */
    bool has_checkpoint;
    uint64_t program_in_force; /* what the newest checkpoint names */
    uint64_t program_next;     /* what the next one will name */
};

/* --- opening --- */

static int stack_refuse(const char *path, const char *found, const char *expected, Error *err)
{
    return error_set(err, ERROR_STALE,
                     "state '%s' belongs to stack \"%s\", expected \"%s\": use --state DIR with "
                     "another folder, or give this stack the name \"%s\" (stack: in ved.yaml)",
                     path, found, expected, found);
}

static int stack_version_check(const char *file, const Json *json, Error *err)
{
    const char *format = json_get_string(json, "format", "");
    int64_t version = json_get_int(json, "version", 0);

    if (strcmp(format, STACK_FORMAT) != 0)
        return error_set(err, ERROR_STATE,
                         "state file '%s': format is \"%s\", expected \"" STACK_FORMAT
                         "\": this is no state folder, use --state DIR with another",
                         file, format);
    if (version > STATE_VERSION)
        return error_set(err, ERROR_STATE,
                         "state file '%s' has format version %lld, and this ved reads up to %d: "
                         "use the ved that wrote it or a newer one",
                         file, (long long)version, STATE_VERSION);
    if (version < 1 || json_get_string(json, "stack", NULL) == NULL ||
        json_get_string(json, "lineage", NULL) == NULL)
        return error_set(err, ERROR_STATE,
                         "state file '%s' is damaged: expected a version of 1 or more, a stack and "
                         "a lineage: put it back from a backup",
                         file);
    return 0;
}

static void stack_encode(const char *stack, const char *lineage, Buffer *ret)
{
    cleanup(json_free) Json *json = json_new_object();

    json_set_string(json, "format", STACK_FORMAT);
    json_set_int(json, "version", STATE_VERSION);
    json_set_string(json, "stack", stack);
    json_set_string(json, "lineage", lineage);
    json_set_string(json, "crc32c", "........");
    json_write_pretty(ret, json);
    buffer_add_char(ret, '\n');
    size_t digits_at = ret->size - strlen("........\"\n}\n");
    crc_write(ret->bytes + digits_at, crc_around(ret->bytes, ret->size, digits_at));
}

/* The file is held against what it would be written as: every byte counts. */
static int stack_bytes_check(const char *file, const Json *json, const Buffer *text, Error *err)
{
    cleanup(buffer_deinit) Buffer expected = {0};
    size_t at = 0;

    stack_encode(json_get_string(json, "stack", ""), json_get_string(json, "lineage", ""),
                 &expected);
    while (at < text->size && at < expected.size && text->bytes[at] == expected.bytes[at])
        at++;
    if (at == text->size && at == expected.size)
        return 0;
    return error_set(err, ERROR_STATE,
                     "state file '%s' byte %zu: checksum is \"%s\", expected that of the other "
                     "bytes: the file is damaged or was edited, put it back from a backup",
                     file, at, json_get_string(json, "crc32c", ""));
}

/* Read stack.json and hold the stack's name against it. */
static int stack_read(StateDir *dir, const char *file, const char *stack, Error *err)
{
    cleanup(buffer_deinit) Buffer text = {0};
    cleanup(json_free) Json *json = NULL;
    int code = file_read(file, STACK_TEXT_MAX, &text, err);

    if (code < 0)
        return code;
    if (json_parse(buffer_text(&text), text.size, &json, err) < 0) {
        error_wrap(err, "state file '%s' is damaged, put it back from a backup", file);
        if (err != NULL)
            err->code = ERROR_STATE;
        return ERROR_STATE;
    }
    if ((code = stack_version_check(file, json, err)) < 0 ||
        (code = stack_bytes_check(file, json, &text, err)) < 0)
        return code;
    const char *found = json_get_string(json, "stack", "");
    if (stack != NULL && strcmp(found, stack) != 0)
        return stack_refuse(dir->path, found, stack, err);
    dir->stack = memory_copy_string(found);
    dir->lineage = memory_copy_string(json_get_string(json, "lineage", ""));
    return 0;
}

static int lineage_make(char ret[33], Error *err)
{
    uint8_t bytes[16];

    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return error_errno(err, errno, "get random bytes for a lineage");
    hex_encode(bytes, sizeof bytes, ret);
    return 0;
}

static int stack_write(StateDir *dir, const char *file, const char *stack, Error *err)
{
    cleanup(buffer_deinit) Buffer text = {0};
    char lineage[33];
    int code = lineage_make(lineage, err);

    if (code < 0)
        return code;
    stack_encode(stack, lineage, &text);
    if ((code = file_replace(file, text.bytes, text.size, 0600, err)) < 0)
        return error_wrap(err, "make state '%s'", dir->path);
    dir->stack = memory_copy_string(stack);
    dir->lineage = memory_copy_string(lineage);
    return 0;
}

/* A folder without stack.json is a new one; with journals in it, it is one that lost it. */
static int stack_make(StateDir *dir, const char *file, const char *stack, Error *err)
{
    cleanup(state_files_deinit) StateFiles files = {0};
    int code = state_files_list(dir->path, &files, err);

    if (code < 0)
        return code;
    if (files.count > 0)
        return error_set(err, ERROR_STATE,
                         "state '%s' has checkpoints or journals but no stack.json, expected one: "
                         "put it back from a backup, or use --state DIR with another folder",
                         dir->path);
    if (dir->read_only || stack == NULL)
        return error_set(err, ERROR_STATE,
                         "state '%s' is empty: run 'ved apply' first, or use --state DIR",
                         dir->path);
    return stack_write(dir, file, stack, err);
}

/* Make a folder and what is missing above it so that a crash cannot take them back. */
static int folder_make_durable(const char *path, Error *err)
{
    cleanup(free) char *copy = memory_copy_string(path);
    const char *above = dirname(copy);

    if (file_exists(path))
        return 0;
    int code = folder_make_durable(above, err);
    if (code < 0)
        return code;
    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return error_errno(err, errno, "make state folder '%s'", path);
    return folder_sync(above, err);
}

static int folder_check(const char *path, const StateDirOptions *options, Error *err)
{
    struct stat info;

    if (!options->read_only && options->stack != NULL) {
        int code = folder_make_durable(path, err);
        if (code < 0)
            return code;
    }
    int missing = stat(path, &info) < 0 ? errno : 0;
    if (missing == ENOENT)
        return error_set(err, ERROR_STATE,
                         "state '%s' does not exist: run 'ved apply' first, or use --state DIR",
                         path);
    if (missing != 0)
        return error_errno(err, missing, "state folder '%s'", path);
    if (!S_ISDIR(info.st_mode))
        return error_errno(err, ENOTDIR, "state '%s': use --state DIR with a folder", path);
    if (access(path, options->read_only ? R_OK | X_OK : R_OK | W_OK | X_OK) < 0)
        return error_errno(err, errno, "state folder '%s'", path);
    return 0;
}

/* Say what to do about a file that may not be used; returns `code`. */
static int access_explain(const StateDir *dir, int code, Error *err)
{
    if (err == NULL || (code != -EACCES && code != -EPERM && code != -EROFS))
        return code;
    cleanup(free) char *what = memory_copy_string(err->message);
    return error_set(err, code,
                     "%s: let uid %u %s it (chown, chmod), or use --state DIR with another folder",
                     what, (unsigned)geteuid(), dir->read_only ? "read" : "read and write");
}

/* A wrong folder is refused before waiting for its lock; what is made is made under the lock. */
static int dir_prepare(StateDir *dir, const StateDirOptions *options, Error *err)
{
    cleanup(free) char *file = memory_format("%s/stack.json", dir->path);
    int code = folder_check(dir->path, options, err);

    if (code == 0 && file_exists(file))
        code = stack_read(dir, file, options->stack, err);
    if (code == 0 && !dir->read_only)
        code =
            state_lock_take(dir->path, options->command, options->lock_timeout_ms, &dir->lock, err);
    if (code == 0 && dir->stack == NULL)
        code = file_exists(file) ? stack_read(dir, file, options->stack, err)
                                 : stack_make(dir, file, options->stack, err);
    if (code == 0 && !dir->read_only)
        code = state_files_clean(dir->path, err);
    return code;
}

int state_dir_open(const char *path, const StateDirOptions *options, StateDir **ret, Error *err)
{
    cleanup(state_dir_close) StateDir *dir = memory_zero(1, sizeof *dir);

    dir->path = memory_copy_string(path);
    dir->read_only = options->read_only;
    dir->format = options->format;
    dir->keep_bytes = options->keep_bytes != 0 ? options->keep_bytes : STATE_KEEP_DEFAULT;
    dir->lock = -1;
    int code = access_explain(dir, dir_prepare(dir, options, err), err);
    if (code < 0)
        return code;
    *ret = take(dir);
    return 0;
}

void state_dir_close(StateDir *dir)
{
    if (dir == NULL)
        return;
    journal_close(dir->journal);
    state_lock_release(dir->lock);
    free(dir->path);
    free(dir->stack);
    free(dir->lineage);
    free(dir);
}

const char *state_dir_path(const StateDir *dir)
{
    return dir->path;
}

const char *state_dir_stack(const StateDir *dir)
{
    return dir->stack;
}

const char *state_dir_lineage(const StateDir *dir)
{
    return dir->lineage;
}

Journal *state_dir_journal(StateDir *dir)
{
    return dir->journal;
}

/* --- recovery --- */

/* One reading of the folder. */
typedef struct Walk {
    const StateDir *dir;
    const StateVisitor *visitor;
    StateFiles files;
    uint64_t program; /* what the checkpoint names */
    uint64_t newest;  /* position of the newest checkpoint: all up to it was on disk */
    StateRecovery recovery;
} Walk;

static void walk_deinit(Walk *walk)
{
    state_files_deinit(&walk->files);
}
#define walk_deinit_p walk_deinit

static const StateFile *walk_find_checkpoint(const Walk *walk, uint64_t from)
{
    const StateFile *file = state_files_last_checkpoint(&walk->files, from);

    return file != NULL && (from == STATE_NEWEST || file->position == from) ? file : NULL;
}

static int walk_read_checkpoint(Walk *walk, const StateFile *file, Error *err)
{
    cleanup(free) char *path = state_file_path(walk->dir->path, file->kind, file->position);
    cleanup(buffer_deinit) Buffer state = {0};
    CheckpointHead head;
    int code = checkpoint_read(path, &head, &state, err);

    if (code < 0)
        return code;
    if (head.position != file->position)
        return error_set(err, ERROR_STATE,
                         "checkpoint '%s': position is %llu, expected %llu as in its name: give it "
                         "back its name",
                         path, (unsigned long long)head.position,
                         (unsigned long long)file->position);
    walk->program = head.program;
    walk->recovery.has_checkpoint = true;
    walk->recovery.checkpoint_position = head.position;
    walk->recovery.position = head.position;
    if (walk->visitor->on_checkpoint == NULL)
        return 0;
    return walk->visitor->on_checkpoint(walk->visitor->user, head.position, buffer_text(&state),
                                        state.size, err);
}

static int walk_begin(Walk *walk, uint64_t from, Error *err)
{
    int code = state_files_list(walk->dir->path, &walk->files, err);

    if (code < 0)
        return code;
    const StateFile *newest = state_files_last_checkpoint(&walk->files, UINT64_MAX);
    walk->newest = newest != NULL ? newest->position : 0;
    const StateFile *file = walk_find_checkpoint(walk, from);
    if (file != NULL)
        return walk_read_checkpoint(walk, file, err);
    if (from != 0 && from != STATE_NEWEST)
        return error_set(err, ERROR_STATE,
                         "state '%s' has no checkpoint of position %llu: 'ved state history' lists "
                         "those it has",
                         walk->dir->path, (unsigned long long)from);
    return 0;
}

/* Records that the checkpoint holds already, and seals, are passed over. */
static int walk_on_record(void *user, const JournalRecord *record, Error *err)
{
    Walk *walk = user;

    if (record->sequence <= walk->recovery.position)
        return 0;
    walk->recovery.position = record->sequence;
    walk->recovery.sealed = record->seal;
    if (record->seal)
        return 0;
    walk->recovery.record_count++;
    if (walk->visitor->on_record == NULL)
        return 0;
    return walk->visitor->on_record(walk->visitor->user, record->sequence, record->payload,
                                    record->size, err);
}

static void walk_take_tail(Walk *walk, const JournalTail *tail)
{
    walk->recovery.torn = tail->torn;
    if (tail->torn)
        memcpy(walk->recovery.torn_message, tail->torn_message, sizeof tail->torn_message);
}

/* Read one journal without writing; `next` is where the one after it begins, or NULL. */
static int walk_read_journal(Walk *walk, const StateFile *file, const StateFile *next, Error *err)
{
    cleanup(free) char *path = state_file_path(walk->dir->path, STATE_FILE_JOURNAL, file->position);
    cleanup(journal_reader_close) JournalReader *reader = NULL;
    uint64_t known = next != NULL ? next->position : walk->newest;
    JournalTail tail;
    int code = journal_reader_open(path, file->position, known, &reader, err);

    if (code < 0)
        return code;
    code = journal_reader_visit(reader, walk_on_record, walk, err);
    journal_reader_tail(reader, &tail);
    if (code != JOURNAL_END && code != JOURNAL_TORN_TAIL)
        return code;
    if (next == NULL)
        walk_take_tail(walk, &tail);
    else if (tail.position != next->position)
        return error_set(
            err, ERROR_STATE,
            "journal '%s' line %llu: ends with record %llu, expected %llu, after which "
            "the next journal begins: nothing runs until 'ved state repair' is told "
            "what to do",
            path, (unsigned long long)tail.count, (unsigned long long)tail.position,
            (unsigned long long)next->position);
    return 0;
}

static const StateFile *next_journal(const Walk *walk, const StateFile *file)
{
    const StateFile *end = walk->files.items + walk->files.count;

    for (file++; file < end; file++)
        if (file->kind == STATE_FILE_JOURNAL)
            return file;
    return NULL;
}

/* The journal that has the first record to read; NULL when there is no journal at all. */
static int walk_first_journal(const Walk *walk, const StateFile **ret, Error *err)
{
    uint64_t position = walk->recovery.position;
    const StateFile *any = state_files_last(&walk->files, STATE_FILE_JOURNAL, UINT64_MAX);

    *ret = state_files_last(&walk->files, STATE_FILE_JOURNAL, position);
    if (*ret == NULL && any != NULL)
        return error_set(
            err, ERROR_STATE,
            "state '%s' has no journal with record %llu, expected one of position %llu "
            "or below (the last is journal-%llu.ndjson): put it back from a backup, or "
            "see 'ved state repair'",
            walk->dir->path, (unsigned long long)position + 1, (unsigned long long)position,
            (unsigned long long)any->position);
    return 0;
}

/* Read journals from `first` to the end, but the last, which is handed back. */
static int walk_to_last(Walk *walk, const StateFile *first, const StateFile **ret, Error *err)
{
    const StateFile *file = first, *next;

    while ((next = next_journal(walk, file)) != NULL) {
        int code = walk_read_journal(walk, file, next, err);
        if (code != 0)
            return code;
        file = next;
    }
    *ret = file;
    return 0;
}

static int walk_all(Walk *walk, uint64_t from, const StateFile **ret_last, Error *err)
{
    const StateFile *first = NULL;
    int code = walk_begin(walk, from, err);

    *ret_last = NULL;
    if (code != 0)
        return code;
    code = walk_first_journal(walk, &first, err);
    if (code != 0 || first == NULL)
        return code;
    return walk_to_last(walk, first, ret_last, err);
}

int state_dir_read(const StateDir *dir, uint64_t from, const StateVisitor *visitor,
                   StateRecovery *ret, Error *err)
{
    cleanup(walk_deinit) Walk walk = {.dir = dir, .visitor = visitor};
    const StateFile *last;
    int code = walk_all(&walk, from, &last, err);

    if (code == 0 && last != NULL)
        code = walk_read_journal(&walk, last, NULL, err);
    if (code != 0)
        return access_explain(dir, code, err);
    *ret = walk.recovery;
    return walk.recovery.torn ? STATE_TORN_TAIL : 0;
}

/* Open the last journal for appending, reading its records on the way; make one if there is none.
 */
static int recover_journal(StateDir *dir, Walk *walk, const StateFile *last, Error *err)
{
    uint64_t position = last != NULL ? last->position : walk->recovery.position;
    cleanup(free) char *path = state_file_path(dir->path, STATE_FILE_JOURNAL, position);
    JournalOpen options = {
        .position = position, .synced = walk->newest, .visit = walk_on_record, .user = walk};
    JournalTail tail = {0};
    int code = last != NULL ? journal_open(path, &options, &tail, &dir->journal, err)
                            : journal_create(path, position, &dir->journal, err);

    if (code < 0 || (code > 0 && code != JOURNAL_TORN_TAIL))
        return code;
    dir->journal_start = position;
    walk_take_tail(walk, &tail);
    return 0;
}

int state_dir_recover(StateDir *dir, const StateVisitor *visitor, StateRecovery *ret, Error *err)
{
    cleanup(walk_deinit) Walk walk = {.dir = dir, .visitor = visitor};
    const StateFile *last;

    assert(dir->journal == NULL);
    int code = walk_all(&walk, STATE_NEWEST, &last, err);
    if (code == 0 && !dir->read_only)
        code = recover_journal(dir, &walk, last, err);
    else if (code == 0 && last != NULL)
        code = walk_read_journal(&walk, last, NULL, err);
    if (code != 0)
        return access_explain(dir, code, err);
    dir->has_checkpoint = walk.recovery.has_checkpoint;
    dir->program_in_force = walk.program;
    dir->program_next = walk.program;
    *ret = walk.recovery;
    return walk.recovery.torn ? STATE_TORN_TAIL : 0;
}

int state_dir_oldest(const StateDir *dir, uint64_t *ret, Error *err)
{
    cleanup(state_files_deinit) StateFiles files = {0};
    int code = state_files_list(dir->path, &files, err);

    if (code < 0)
        return code;
    *ret = 0;
    for (size_t i = 0; i < files.count; i++) {
        const StateFile *file = &files.items[i];
        bool is_first = file->kind == STATE_FILE_JOURNAL && file->position == 0;
        if (!is_first && !state_file_is_checkpoint(file))
            continue;
        *ret = file->position;
        break;
    }
    return 0;
}

/* --- rotation --- */

/* The lowest position to keep: the last two checkpoints' always, older ones' while there is room.
 */
static uint64_t keep_from(const StateFiles *files, uint64_t keep_bytes)
{
    uint64_t taken = 0, keep = UINT64_MAX;
    int checkpoints = 0;

    for (size_t i = files->count; i > 0; i--) {
        const StateFile *file = &files->items[i - 1];
        taken += file->size;
        if (checkpoints >= 2 && taken > keep_bytes)
            return keep;
        if (!state_file_is_checkpoint(file) || file->position == keep)
            continue;
        checkpoints++;
        keep = file->position;
    }
    return 0;
}

/* Programs are kept from the one that the oldest kept checkpoint names. */
static uint64_t keep_programs_from(const StateDir *dir, const StateFiles *files, uint64_t keep)
{
    const StateFile *file = state_files_last_checkpoint(files, keep);
    CheckpointHead head;

    if (file == NULL)
        return 0;
    cleanup(free) char *path = state_file_path(dir->path, file->kind, file->position);
    return checkpoint_read_head(path, &head, NULL) == 0 ? head.program : 0;
}

/* Delete the oldest files. One that cannot be deleted is in nobody's way: the next time will do. */
static void dir_prune(const StateDir *dir)
{
    cleanup(state_files_deinit) StateFiles files = {0};

    if (state_files_list(dir->path, &files, NULL) < 0)
        return;
    uint64_t keep = keep_from(&files, dir->keep_bytes);
    const StateFile *journal = state_files_last(&files, STATE_FILE_JOURNAL, keep);
    uint64_t keep_journals = journal != NULL ? journal->position : 0;
    if (files.count == 0 || files.items[0].position >= keep)
        return;
    uint64_t keep_programs = keep_programs_from(dir, &files, keep);
    for (size_t i = 0; i < files.count; i++) {
        const StateFile *file = &files.items[i];
        uint64_t from = file->kind == STATE_FILE_PROGRAM ? keep_programs : keep_journals;
        if (file->position >= (state_file_is_checkpoint(file) ? keep : from))
            continue;
        cleanup(free) char *path = state_file_path(dir->path, file->kind, file->position);
        unlink(path);
    }
}

/* Go on in a new journal. */
static int journal_switch(StateDir *dir, uint64_t position, Error *err)
{
    cleanup(free) char *path = state_file_path(dir->path, STATE_FILE_JOURNAL, position);
    Journal *fresh = NULL;
    int code = journal_create(path, position, &fresh, err);

    if (code < 0) {
        /* A name that may or may not be on disk: going on in the old file could make two journals
         * of the same records. */
        if (code == ERROR_STATE)
            journal_break(dir->journal);
        return code;
    }
    journal_close(dir->journal);
    dir->journal = fresh;
    dir->journal_start = position;
    return 0;
}

int state_dir_rotate(StateDir *dir, const char *state, size_t size, Error *err)
{
    CheckpointHead head = {.position = journal_position(dir->journal),
                           .program = dir->program_next};

    assert(journal_next(dir->journal) == head.position + 1);
    /* Nothing is pending: this only asks whether the journal may still be believed. */
    int code = journal_commit(dir->journal, err);
    if (code == 0)
        code = checkpoint_write(dir->path, dir->format, &head, state, size, err);
    if (code < 0)
        return code;
    dir->has_checkpoint = true;
    dir->program_in_force = head.program;
    if (dir->journal_start != head.position && (code = journal_switch(dir, head.position, err)) < 0)
        return code;
    dir_prune(dir);
    return 0;
}

int state_dir_seal(StateDir *dir, Error *err)
{
    return dir->journal != NULL ? journal_seal(dir->journal, err) : 0;
}

/* --- the program --- */

/* The last line of a program's file is a comment that vouches for all before it. */
#define PROGRAM_SEAL "\n// crc32c "
#define PROGRAM_SEAL_SIZE (sizeof PROGRAM_SEAL - 1 + CRC_DIGITS + 1)

static void program_encode(const char *text, size_t size, Buffer *ret)
{
    char digits[CRC_DIGITS];

    crc_write(digits, crc32c(0, text, size));
    buffer_add(ret, text, size);
    buffer_add_string(ret, PROGRAM_SEAL);
    buffer_add(ret, digits, sizeof digits);
    buffer_add_char(ret, '\n');
}

/* Cut the last line off `text` if it is the one that program_encode() would write. */
static int program_decode(const char *path, Buffer *text, Error *err)
{
    cleanup(buffer_deinit) Buffer expected = {0};
    size_t size = text->size > PROGRAM_SEAL_SIZE ? text->size - PROGRAM_SEAL_SIZE : 0;

    program_encode(buffer_text(text), size, &expected);
    if (expected.size != text->size ||
        memcmp(expected.bytes + size, text->bytes + size, PROGRAM_SEAL_SIZE) != 0)
        return error_set(err, ERROR_STATE,
                         "program '%s' is damaged or was edited: expected as its last line "
                         "\"%.*s\", the checksum of what stands before: put it back from a backup",
                         path, (int)PROGRAM_SEAL_SIZE - 2, expected.bytes + size + 1);
    text->size = size;
    text->bytes[size] = '\0';
    return 0;
}

/* 1: the file is there with other bytes. */
static int program_differs(const char *path, const Buffer *encoded, Error *err)
{
    cleanup(buffer_deinit) Buffer old = {0};

    if (!file_exists(path))
        return 0;
    int code = file_read(path, STATE_PROGRAM_MAX + PROGRAM_SEAL_SIZE, &old, err);
    if (code < 0)
        return code;
    return old.size != encoded->size || memcmp(buffer_text(&old), encoded->bytes, old.size) != 0;
}

int state_dir_save_program(StateDir *dir, uint64_t position, const char *text, size_t size,
                           Error *err)
{
    cleanup(free) char *path = state_file_path(dir->path, STATE_FILE_PROGRAM, position);
    cleanup(buffer_deinit) Buffer encoded = {0};

    assert(dir->journal != NULL && position == journal_position(dir->journal));
    if (size > STATE_PROGRAM_MAX)
        return error_set(err, ERROR_STATE, "program '%s' has %zu bytes, expected at most %zu", path,
                         size, STATE_PROGRAM_MAX);
    program_encode(text, size, &encoded);
    int code = program_differs(path, &encoded, err);
    if (code < 0)
        return code;
    if (code == 1 && position == dir->program_in_force && (dir->has_checkpoint || position > 0))
        return error_set(err, ERROR_STATE,
                         "program '%s' is in force with another text: expected a record of the "
                         "change before it is saved",
                         path);
    code = file_replace(path, encoded.bytes, encoded.size, 0600, err);
    if (code < 0)
        return error_wrap(err, "save program");
    dir->program_next = position;
    return 0;
}

/* Which program is in force is said by the newest checkpoint, recovered or not. */
static int program_position(const StateDir *dir, bool *ret_checkpoint, uint64_t *ret, Error *err)
{
    cleanup(state_files_deinit) StateFiles files = {0};
    CheckpointHead head = {0};
    int code = state_files_list(dir->path, &files, err);

    if (code < 0)
        return code;
    const StateFile *newest = state_files_last_checkpoint(&files, UINT64_MAX);
    if (newest != NULL) {
        cleanup(free) char *path = state_file_path(dir->path, newest->kind, newest->position);
        if ((code = checkpoint_read_head(path, &head, err)) < 0)
            return code;
    }
    *ret_checkpoint = newest != NULL;
    *ret = head.program;
    return 0;
}

int state_dir_load_program(const StateDir *dir, Buffer *ret, Error *err)
{
    cleanup(buffer_deinit) Buffer text = {0};
    uint64_t position = 0;
    bool has_checkpoint = false;
    int code = program_position(dir, &has_checkpoint, &position, err);

    if (code < 0)
        return access_explain(dir, code, err);
    cleanup(free) char *path = state_file_path(dir->path, STATE_FILE_PROGRAM, position);
    if (!file_exists(path) && !has_checkpoint)
        return STATE_NO_PROGRAM;
    code = file_read(path, STATE_PROGRAM_MAX + PROGRAM_SEAL_SIZE, &text, err);
    if (code < 0)
        return access_explain(dir, error_wrap(err, "load the program the newest checkpoint names"),
                              err);
    if ((code = program_decode(path, &text, err)) < 0)
        return code;
    buffer_add(ret, text.bytes, text.size);
    return 0;
}
