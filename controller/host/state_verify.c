#include "controller/host/state_verify.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "controller/host/checkpoint.h"
#include "controller/host/journal.h"
#include "controller/host/journal_salvage.h"
#include "controller/host/state_dir_private.h"
#include "controller/host/state_files.h"
#include "lang/base/file.h"
#include "lang/base/memory.h"

const char *file_health_name(FileHealth health)
{
    static const char *const names[] = {
#define HEALTH(id, name) name,
#include "controller/host/state_health.def"
#undef HEALTH
    };
    return names[health];
}

void state_findings_deinit(StateFindings *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        free(findings->items[i].name);
        free(findings->items[i].message);
    }
    free(findings->items);
    *findings = (StateFindings){0};
}

/* One look at a folder. */
typedef struct Look {
    const char *folder;
    StateFiles files;
    StateFindings *findings;
} Look;

static FileFinding *finding_add(Look *look, const char *path, const char *kind)
{
    StateFindings *findings = look->findings;
    struct stat info = {0};

    memory_reserve_one(findings->items, findings->count, findings->capacity);
    FileFinding *finding = &findings->items[findings->count++];
    if (stat(path, &info) < 0)
        info.st_size = 0;
    *finding = (FileFinding){.name = memory_copy_string(path + strlen(look->folder) + 1),
                             .kind = kind,
                             .bytes = (uint64_t)info.st_size};
    return finding;
}

static void damage_note(Look *look, FileFinding *finding, const char *message)
{
    finding->health = HEALTH_DAMAGED;
    free(finding->message);
    finding->message = memory_copy_string(message);
    look->findings->damaged = true;
}

/* ---- each kind of file ---- */

static void look_at_stack(Look *look)
{
    cleanup(free) char *path = memory_format("%s/stack.json", look->folder);
    cleanup(state_dir_close) StateDir *dir = NULL;
    StateDirOptions options = {.read_only = true, .is_raw = true};
    FileFinding *finding = finding_add(look, path, "stack");
    Error err = {0};

    if (state_dir_open(look->folder, &options, &dir, &err) < 0)
        damage_note(look, finding, err.message);
}

static void look_at_program(Look *look, FileFinding *finding)
{
    cleanup(buffer_deinit) Buffer text = {0};
    Error err = {0};

    if (state_program_read(look->folder, finding->position, &text, &err) < 0)
        damage_note(look, finding, err.message);
}

/* The program that it names must be there as well. */
static void look_at_checkpoint(Look *look, FileFinding *finding, const StateFile *file,
                               const char *path)
{
    cleanup(buffer_deinit) Buffer state = {0};
    cleanup(json_free) Json *json = NULL;
    CheckpointHead head = {0};
    StateChain chain;
    Error err = {0};

    if (checkpoint_read(path, &head, &state, &err) < 0 ||
        state_checkpoint_name_check(path, &head, finding->position, &err) < 0 ||
        json_parse_own(buffer_text(&state), state.size, &json, &err) < 0) {
        damage_note(look, finding, err.message);
        return;
    }
    finding->program = head.program;
    finding->has_base = head.has_base;
    finding->base = head.base;
    cleanup(free) char *program = state_file_path(look->folder, STATE_FILE_PROGRAM, head.program);
    if (!file_exists(program)) {
        cleanup(free) char *message = memory_format(
            "checkpoint '%s' names the program '%s', which is not there: put it back from a backup",
            path, program);
        damage_note(look, finding, message);
    } else if (state_chain_find(look->folder, &look->files, file, &chain, &err) < 0) {
        damage_note(look, finding, err.message); /* what it holds the changes of */
    }
}

/* The first line that is no good, if that is what is at the place. */
static int locate(void *user, const SalvagedLine *line, Error *err)
{
    FileFinding *finding = user;

    (void)err;
    if ((uint64_t)line->offset == finding->byte && !line->is_good && line->head.body_at > 0) {
        snprintf(finding->expected, sizeof finding->expected, "%08x", line->head.crc_expected);
        snprintf(finding->found, sizeof finding->found, "%08x", line->head.crc_found);
    }
    return 1;
}

static void tail_note(FileFinding *finding, const char *path, const JournalTail *tail)
{
    finding->is_located = true;
    finding->line = tail->count + 1;
    finding->byte = (uint64_t)tail->size;
    journal_salvage(path, tail->size, tail->count + 1, locate, finding, NULL);
}

/* What later files know to have been on disk: the start of the next journal, the newest checkpoint.
 */
static uint64_t known_after(const Look *look, uint64_t position, bool *ret_has_next)
{
    const StateFile *newest = state_files_last_checkpoint(&look->files, UINT64_MAX);

    for (size_t i = 0; i < look->files.count; i++) {
        const StateFile *file = &look->files.items[i];
        *ret_has_next = file->kind == STATE_FILE_JOURNAL && file->position > position;
        if (*ret_has_next)
            return file->position;
    }
    return newest != NULL ? newest->position : 0;
}

static int read_all(const char *path, uint64_t position, uint64_t known, JournalTail *ret,
                    Error *err)
{
    cleanup(journal_reader_close) JournalReader *reader = NULL;
    int code = journal_reader_open(path, position, known, &reader, err);

    *ret = (JournalTail){.position = position};
    if (code < 0)
        return code;
    code = journal_reader_visit(reader, NULL, NULL, err);
    journal_reader_tail(reader, ret);
    return code;
}

static void look_at_journal(Look *look, FileFinding *finding, const char *path)
{
    bool has_next = false;
    uint64_t known = known_after(look, finding->position, &has_next);
    JournalTail tail;
    Error err = {0};
    int code = read_all(path, finding->position, known, &tail, &err);

    finding->records = tail.count;
    finding->last = tail.position;
    finding->sealed = tail.sealed;
    if (code == JOURNAL_TORN_TAIL) {
        finding->health = HEALTH_TORN;
        finding->message = memory_copy_string(tail.torn_message);
    } else if (code < 0) {
        damage_note(look, finding, err.message);
    } else if (has_next && tail.position > known) {
        cleanup(free) char *message =
            memory_format("journal '%s' goes on to record %llu, and the next one begins after %llu",
                          path, (unsigned long long)tail.position, (unsigned long long)known);
        damage_note(look, finding, message);
    }
    if (finding->health != HEALTH_WHOLE)
        tail_note(finding, path, &tail);
}

/* A file may be gone by now: whoever has the folder open has rotated. */
static void look_at(Look *look, const StateFile *file)
{
    cleanup(free) char *path = state_file_path(look->folder, file->kind, file->position);
    static const char *const kinds[] = {
        [STATE_FILE_CHECKPOINT_JSON] = "checkpoint",
        [STATE_FILE_CHECKPOINT_YAML] = "checkpoint",
        [STATE_FILE_JOURNAL] = "journal",
        [STATE_FILE_TORN] = "torn",
        [STATE_FILE_PROGRAM] = "program",
    };

    if (!file_exists(path))
        return;
    FileFinding *finding = finding_add(look, path, kinds[file->kind]);
    finding->position = file->position;
    switch (file->kind) {
    case STATE_FILE_CHECKPOINT_JSON:
    case STATE_FILE_CHECKPOINT_YAML:
        look_at_checkpoint(look, finding, file, path);
        return;
    case STATE_FILE_JOURNAL:
        look_at_journal(look, finding, path);
        return;
    case STATE_FILE_PROGRAM:
        look_at_program(look, finding);
        return;
    case STATE_FILE_TORN:
        return; /* what was cut off: kept for people, and never read */
    }
}

int state_verify(const char *folder, StateFindings *ret, Error *err)
{
    StateFindings findings = {0};
    Look look = {.folder = folder, .findings = &findings};
    int code = state_files_list(folder, &look.files, err);

    if (code < 0)
        return code;
    look_at_stack(&look);
    for (size_t i = 0; i < look.files.count; i++)
        look_at(&look, &look.files.items[i]);
    state_files_deinit(&look.files);
    *ret = findings;
    return 0;
}

Json *file_finding_json(const FileFinding *finding)
{
    Json *json = json_new_object();
    bool is_journal = strcmp(finding->kind, "journal") == 0;

    json_set_string(json, "file", finding->name);
    json_set_string(json, "kind", finding->kind);
    json_set_string(json, "health", file_health_name(finding->health));
    json_set_int(json, "bytes", (int64_t)finding->bytes);
    if (strcmp(finding->kind, "stack") != 0)
        json_set_int(json, "position", (int64_t)finding->position);
    if (strcmp(finding->kind, "checkpoint") == 0)
        json_set_int(json, "program", (int64_t)finding->program);
    if (finding->has_base)
        json_set_int(json, "base", (int64_t)finding->base);
    if (is_journal) {
        json_set_int(json, "records", (int64_t)finding->records);
        json_set_int(json, "last", (int64_t)finding->last);
        json_set_bool(json, "sealed", finding->sealed);
    }
    if (finding->is_located) {
        json_set_int(json, "line", (int64_t)finding->line);
        json_set_int(json, "byte", (int64_t)finding->byte);
    }
    if (finding->expected[0] != '\0') {
        json_set_string(json, "expected", finding->expected);
        json_set_string(json, "found", finding->found);
    }
    if (finding->message != NULL)
        json_set_string(json, "message", finding->message);
    return json;
}
