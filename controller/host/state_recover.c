/* Reading a folder: the newest checkpoint, or another one, and the records after it.
 *
 * The records after a position are in the last journal that begins at or before it and in all later
 * ones, each of which begins where the one before ends. */
#include "controller/host/state_dir_private.h"

#include <assert.h>
#include <string.h>

#include "controller/host/state_files.h"
#include "lang/base/memory.h"

/* One reading of the folder. */
typedef struct Walk {
    const StateDir *dir;
    const StateVisitor *visitor;
    StateFiles files;
    uint64_t program; /* what the checkpoint names */
    uint64_t newest;  /* position of the newest checkpoint: all up to it was on disk */
    StateChain chain; /* of the checkpoint; of none without one */
    StateChainSize chain_size;
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

typedef struct Text {
    const char *bytes;
    size_t size;
} Text;

/* Have the secrets of what goes to the visitor opened, in `buffer`, if it has any. */
static int text_open(const Walk *walk, const VaultPlace *place, Text *text, Buffer *buffer,
                     Error *err)
{
    if (walk->dir->is_raw)
        return 0;
    int code = vault_open(walk->dir->vault, place, text->bytes, text->size, buffer, err);
    if (code == 0)
        *text = (Text){buffer_text(buffer), buffer->size};
    return code < 0 ? code : 0;
}

int state_checkpoint_name_check(const char *path, const CheckpointHead *head, uint64_t position,
                                Error *err)
{
    if (head->position == position)
        return 0;
    return error_set(err, ERROR_STATE,
                     "checkpoint '%s': position is %llu, expected %llu as in its name: give it "
                     "back its name",
                     path, (unsigned long long)head->position, (unsigned long long)position);
}

/* The lines of the state, for a visitor who wants them as one text. */
static int checkpoint_text(Walk *walk, const StateChainKeys *keys, Error *err)
{
    const StateVisitor *visitor = walk->visitor;
    cleanup(buffer_deinit) Buffer text = {0};
    LineWriter writer = {.text = &text};
    int code =
        state_chain_visit(&walk->chain, keys, state_line_write, &writer, &walk->chain_size, err);

    return code != 0 ? code
                     : visitor->on_checkpoint(visitor->user, walk->chain.head.position,
                                              buffer_text(&text), text.size, err);
}

static int checkpoint_hand_over(Walk *walk, Error *err)
{
    const StateVisitor *visitor = walk->visitor;
    StateChainKeys keys = {walk->dir->is_raw ? NULL : walk->dir->vault, walk->dir->lineage};

    if (visitor->on_line == NULL && visitor->on_checkpoint != NULL)
        return checkpoint_text(walk, &keys, err);
    int code = state_chain_visit(&walk->chain, &keys, visitor->on_line, visitor->user,
                                 &walk->chain_size, err);
    if (code != 0 || visitor->on_checkpoint == NULL)
        return code;
    return visitor->on_checkpoint(visitor->user, walk->chain.head.position, NULL, 0, err);
}

static int walk_read_checkpoint(Walk *walk, const StateFile *file, Error *err)
{
    int code = state_chain_find(walk->dir->path, &walk->files, file, &walk->chain, err);

    if (code < 0)
        return code;
    walk->program = walk->chain.head.program;
    walk->recovery.has_checkpoint = true;
    walk->recovery.checkpoint_position = walk->chain.head.position;
    walk->recovery.position = walk->chain.head.position;
    return checkpoint_hand_over(walk, err);
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
    VaultPlace place = {walk->dir->lineage, "journal", record->sequence, NULL};
    Text text = {record->payload, record->size};
    cleanup(buffer_deinit) Buffer opened = {0};
    int code = text_open(walk, &place, &text, &opened, err);
    return code < 0 ? code
                    : walk->visitor->on_record(walk->visitor->user, record->sequence, text.bytes,
                                               text.size, err);
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
        return state_dir_explain(dir, code, err);
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
        return state_dir_explain(dir, code, err);
    dir->has_checkpoint = walk.recovery.has_checkpoint;
    dir->checkpoint = walk.recovery.checkpoint_position;
    dir->changes_count = walk.chain.count > 0 ? walk.chain.count - 1 : 0;
    dir->chain = walk.chain_size;
    dir->program_in_force = walk.program;
    dir->program_next = walk.program;
    *ret = walk.recovery;
    return walk.recovery.torn ? STATE_TORN_TAIL : 0;
}

/* Whether the records before that journal's end are those of a history that is whole: each journal
 * goes on from the one before, the first from a program. Where the checkpoint that it begins with
 * is gone, so was perhaps what the first of them goes on from; and one by which another program
 * took over leaves that program. */
static bool history_reaches(const StateFiles *files, size_t journal)
{
    const StateFile *file = &files->items[journal];
    const StateFile *program = state_files_last(files, STATE_FILE_PROGRAM, file->position);
    bool takes_over = program != NULL && program->position == file->position;

    if (file->position == 0)
        return takes_over;
    if (journal > 0 && state_file_is_checkpoint(file - 1) && (file - 1)->position == file->position)
        return true;
    return !takes_over && state_files_last(files, STATE_FILE_JOURNAL, file->position - 1) != NULL;
}

/* Where the oldest journal begins: checkpoints below are kept for those that hold changes of them.
 */
static uint64_t first_journal(const StateFiles *files)
{
    for (size_t i = 0; i < files->count; i++)
        if (files->items[i].kind == STATE_FILE_JOURNAL)
            return files->items[i].position;
    return 0;
}

int state_dir_oldest(const StateDir *dir, uint64_t *ret, Error *err)
{
    cleanup(state_files_deinit) StateFiles files = {0};
    int code = state_files_list(dir->path, &files, err);

    if (code < 0)
        return code;
    *ret = 0;
    uint64_t records = first_journal(&files);
    for (size_t i = files.count; i > 0; i--) {
        const StateFile *file = &files.items[i - 1];
        if (file->kind == STATE_FILE_JOURNAL && !history_reaches(&files, i - 1))
            break;
        bool is_start =
            file->kind == STATE_FILE_JOURNAL ? file->position == 0 : state_file_is_checkpoint(file);
        if (is_start && file->position >= records)
            *ret = file->position;
    }
    return 0;
}
