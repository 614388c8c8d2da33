#include "controller/host/state_salvage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/core/record.h"
#include "controller/host/checkpoint.h"
#include "controller/host/cursor.h"
#include "controller/host/journal.h"
#include "controller/host/journal_salvage.h"
#include "controller/host/record_words.h"
#include "controller/host/state_dir_private.h"
#include "controller/host/state_files.h"
#include "lang/base/file.h"
#include "lang/base/memory.h"

/* Records are appended to the new journal in groups of about so many bytes. */
#define GROUP_SIZE ((size_t)4 << 20)

void salvage_free(Salvage *salvage)
{
    if (salvage == NULL)
        return;
    for (size_t i = 0; i < salvage->count; i++)
        free(salvage->records[i].payload);
    free(salvage->records);
    free(salvage->checkpoints);
    free(salvage->folder);
    free(salvage);
}

static void newest_note(Salvage *salvage, uint64_t position)
{
    if (position > salvage->newest)
        salvage->newest = position;
}

/* ---- reading ---- */

/* What a newer ved wrote is no damage, and nothing of it may be thrown away. */
static int version_check(const char *path, Error *err)
{
    static const char *const before[] = {"{\n  \"format\": \"ved.checkpoint\",\n  \"version\": ",
                                         "format: ved.checkpoint\nversion: "};
    cleanup(buffer_deinit) Buffer text = {0};
    uint64_t version = 0;
    int code = file_read(path, CHECKPOINT_MAX, &text, err);

    if (code < 0)
        return code;
    for (size_t i = 0; i < ARRAY_SIZE(before); i++) {
        Cursor cursor = {buffer_text(&text), buffer_text(&text) + text.size};
        if (cursor_skip(&cursor, before[i]) && cursor_number(&cursor, &version) &&
            version > CHECKPOINT_VERSION)
            return error_set(err, ERROR_STATE,
                             "checkpoint '%s' has format version %llu, and this ved reads up to "
                             "%d: use the ved that wrote it or a newer one",
                             path, (unsigned long long)version, CHECKPOINT_VERSION);
    }
    return 0;
}

/* With all that it holds the changes of. */
static bool chain_is_whole(const Salvage *salvage, const StateFiles *files, const StateFile *file,
                           CheckpointHead *ret)
{
    StateChainKeys keys = {0};
    StateChain chain;

    if (state_chain_find(salvage->folder, files, file, &chain, NULL) < 0 ||
        state_chain_visit(&chain, &keys, NULL, NULL, NULL, NULL) < 0)
        return false;
    *ret = chain.head;
    return true;
}

static int read_checkpoint(Salvage *salvage, const StateFiles *files, const StateFile *file,
                           Error *err)
{
    cleanup(free) char *path = state_file_path(salvage->folder, file->kind, file->position);
    cleanup(buffer_deinit) Buffer program = {0};
    CheckpointHead head;
    int code = version_check(path, err);

    if (code < 0)
        return code;
    if (!chain_is_whole(salvage, files, file, &head) ||
        state_program_read(salvage->folder, head.program, &program, NULL) < 0)
        return 0;
    size_t count = salvage->checkpoint_count;
    if (count > 0 && salvage->checkpoints[count - 1] == file->position)
        return 0; /* in the other format */
    salvage->checkpoints =
        memory_grow(salvage->checkpoints, count + 1, sizeof *salvage->checkpoints);
    salvage->checkpoints[count] = file->position;
    salvage->checkpoint_count++;
    return 0;
}

typedef struct JournalLook {
    Salvage *salvage;
    uint64_t position;
} JournalLook;

static int take_line(void *user, const SalvagedLine *line, Error *err)
{
    JournalLook *look = user;
    Salvage *salvage = look->salvage;

    (void)err;
    memory_reserve_one(salvage->records, salvage->count, salvage->capacity);
    salvage->records[salvage->count++] = (SalvagedRecord){
        .sequence = line->is_good ? line->head.sequence : 0,
        .journal = look->position,
        .line = line->line,
        .payload = line->payload != NULL ? memory_copy_string(line->payload) : NULL,
        .size = line->payload_size,
    };
    if (line->is_good)
        newest_note(salvage, line->head.sequence);
    return 0;
}

static int read_file(Salvage *salvage, const StateFiles *files, const StateFile *file, Error *err)
{
    JournalLook look = {salvage, file->position};

    newest_note(salvage, file->position);
    if (state_file_is_checkpoint(file))
        return read_checkpoint(salvage, files, file, err);
    if (file->kind != STATE_FILE_JOURNAL)
        return 0;
    cleanup(free) char *path = state_file_path(salvage->folder, file->kind, file->position);
    return journal_salvage(path, 0, 1, take_line, &look, err);
}

static int record_compare(const void *left, const void *right)
{
    const SalvagedRecord *a = left, *b = right;

    if (a->sequence != b->sequence)
        return a->sequence < b->sequence ? -1 : 1;
    if (a->journal != b->journal)
        return a->journal < b->journal ? -1 : 1;
    return (a->line > b->line) - (a->line < b->line);
}

int salvage_read(const char *folder, Salvage **ret, Error *err)
{
    cleanup(salvage_free) Salvage *salvage = memory_zero(1, sizeof *salvage);
    cleanup(state_files_deinit) StateFiles files = {0};
    cleanup(buffer_deinit) Buffer program = {0};
    int code = state_files_list(folder, &files, err);

    salvage->folder = memory_copy_string(folder);
    for (size_t i = 0; code == 0 && i < files.count; i++)
        code = read_file(salvage, &files, &files.items[i], err);
    if (code < 0)
        return code;
    if (salvage->count > 0)
        qsort(salvage->records, salvage->count, sizeof *salvage->records, record_compare);
    salvage->has_beginning = state_program_read(folder, 0, &program, NULL) == 0;
    *ret = take(salvage);
    return 0;
}

/* ---- choosing ---- */

/* The last record that is reached from `position` without a gap, at most `until`. */
static uint64_t reach(const Salvage *salvage, uint64_t position, uint64_t until)
{
    for (size_t i = 0; i < salvage->count && position < until; i++)
        if (salvage->records[i].sequence == position + 1)
            position++;
    return position;
}

static bool leads_further(const SalvagePoint *point, bool has_best, const SalvagePoint *best)
{
    return !has_best || point->position > best->position ||
           (point->position == best->position && point->checkpoint >= best->checkpoint);
}

int salvage_point(const Salvage *salvage, uint64_t until, SalvagePoint *ret, Error *err)
{
    SalvagePoint best = {0};
    bool has_best = salvage->has_beginning;

    if (has_best)
        best.position = reach(salvage, 0, until);
    for (size_t i = 0; i < salvage->checkpoint_count; i++) {
        uint64_t position = salvage->checkpoints[i];
        if (position > until)
            break;
        SalvagePoint point = {true, position, reach(salvage, position, until)};
        if (leads_further(&point, has_best, &best))
            best = point;
        has_best = true;
    }
    if (until != SALVAGE_ALL && (!has_best || best.position != until))
        return error_set(err, ERROR_STATE,
                         "state '%s' has no position %llu: 'ved state history' lists those it has, "
                         "and what was before a restore or repair is in its folders epoch-N",
                         salvage->folder, (unsigned long long)until);
    if (!has_best)
        return error_set(err, ERROR_STATE,
                         "state '%s' has no checkpoint that can be read and names a program that "
                         "can be: use a backup, `ved state restore DIR`",
                         salvage->folder);
    *ret = best;
    return 0;
}

/* ---- building ---- */

static int file_take(const char *from, const char *to, Error *err)
{
    cleanup(buffer_deinit) Buffer text = {0};

    if (link(from, to) == 0)
        return 0;
    if (errno != EXDEV && errno != EPERM && errno != EMLINK)
        return error_errno(err, errno, "link '%s' to '%s'", from, to);
    int code = file_read(from, CHECKPOINT_MAX, &text, err);
    return code < 0 ? code : file_replace(to, buffer_text(&text), text.size, 0600, err);
}

/* If it is there. */
static int take_named(const Salvage *salvage, const char *into, const char *name, Error *err)
{
    cleanup(free) char *from = memory_format("%s/%s", salvage->folder, name);
    cleanup(free) char *to = memory_format("%s/%s", into, name);

    if (!file_exists(from))
        return 0;
    return file_take(from, to, err);
}

/* Checkpoints up to the point, as one may be made of several, and all programs. */
static int take_files(const Salvage *salvage, const SalvagePoint *point, const char *into,
                      Error *err)
{
    cleanup(state_files_deinit) StateFiles files = {0};
    int code = state_files_list(salvage->folder, &files, err);

    for (size_t i = 0; code == 0 && i < files.count; i++) {
        const StateFile *file = &files.items[i];
        bool is_before = state_file_is_checkpoint(file) && point->has_checkpoint &&
                         file->position <= point->checkpoint;
        if (!is_before && file->kind != STATE_FILE_PROGRAM)
            continue;
        cleanup(free) char *from = state_file_path(salvage->folder, file->kind, file->position);
        cleanup(free) char *to = state_file_path(into, file->kind, file->position);
        code = file_take(from, to, err);
    }
    return code;
}

static int append_records(const Salvage *salvage, const SalvagePoint *point, Journal *journal,
                          Error *err)
{
    uint64_t next = point->checkpoint + 1;
    size_t pending = 0;
    int code = 0;

    for (size_t i = 0; code == 0 && i < salvage->count && next <= point->position; i++) {
        const SalvagedRecord *record = &salvage->records[i];
        if (record->sequence != next)
            continue;
        code = journal_append(journal, record->payload, record->size, err);
        next++;
        pending += record->size;
        if (code == 0 && pending > GROUP_SIZE) {
            code = journal_commit(journal, err);
            pending = 0;
        }
    }
    return code < 0 ? code : journal_commit(journal, err);
}

int salvage_build(const Salvage *salvage, const SalvagePoint *point, const char *into, Error *err)
{
    cleanup(free) char *path = state_file_path(into, STATE_FILE_JOURNAL, point->checkpoint);
    cleanup(journal_close) Journal *journal = NULL;

    if (mkdir(into, 0700) < 0)
        return error_errno(err, errno, "make folder '%s'", into);
    int code = take_named(salvage, into, "stack.json", err);
    if (code == 0)
        code = take_named(salvage, into, VAULT_KEY_FILE, err);
    if (code == 0)
        code = take_files(salvage, point, into, err);
    if (code == 0)
        code = journal_create(path, point->checkpoint, &journal, err);
    return code < 0 ? code : append_records(salvage, point, journal, err);
}

/* ---- what is left ---- */

static uint64_t number_of(const SalvagedRecord *record)
{
    return record->sequence != 0 ? record->sequence : record->journal + record->line;
}

static Json *behind_make(const SalvagedRecord *record)
{
    cleanup(free) char *file =
        memory_format("journal-%llu.ndjson", (unsigned long long)record->journal);
    cleanup(buffer_deinit) Buffer words = {0};
    cleanup(json_free) Json *payload = NULL;
    Json *json = json_new_object();

    if (record->sequence == 0)
        buffer_add_string(&words, record->payload != NULL ? "damaged; it reads: " : "unreadable");
    if (record->payload != NULL &&
        json_parse_own(record->payload, record->size, &payload, NULL) == 0) {
        int64_t last_at = 0;
        record_unabridge(payload, &last_at);
        record_words(payload, &words);
    }
    json_set_int(json, "record", (int64_t)number_of(record));
    json_set_string(json, "file", file);
    json_set_int(json, "line", (int64_t)record->line);
    json_set_string(json, "words", buffer_text(&words));
    return json;
}

static int number_compare(const void *left, const void *right)
{
    uint64_t a = number_of(*(const SalvagedRecord *const *)left);
    uint64_t b = number_of(*(const SalvagedRecord *const *)right);

    return (a > b) - (a < b);
}

Json *salvage_behind(const Salvage *salvage, uint64_t position)
{
    cleanup(free) const SalvagedRecord **records =
        memory_alloc((salvage->count + 1) * sizeof *records);
    Json *list = json_new_array();
    size_t count = 0;

    for (size_t i = 0; i < salvage->count; i++)
        if (number_of(&salvage->records[i]) > position)
            records[count++] = &salvage->records[i];
    qsort(records, count, sizeof *records, number_compare);
    for (size_t i = 0; i < count; i++)
        json_append(list, behind_make(records[i]));
    return list;
}
