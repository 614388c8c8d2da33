#include <string.h>

#include "controller/core/intent.h"
#include "controller/core/origin.h"
#include "controller/core/snapshot.h"
#include "controller/core/snapshot_reader.h"
#include "lang/base/memory.h"

int reader_missing(Reader *reader, const char *kind, const char *name)
{
    if (reader->lenient)
        return 0;
    return error_set(reader->err, ERROR_STATE,
                     "the state speaks of %s '%.100s', which its program does not have", kind,
                     name != NULL ? name : "");
}

Trail *reader_trail(const Reader *reader, uint64_t slice)
{
    return trail_hold(trails_find(&reader->trails, slice));
}

static void copy_string(const Json *json, const char *key, char **holder)
{
    string_set(holder, json_get_string(json, key, NULL));
}

Value *reader_values(Reader *reader, const Json *json, size_t *ret_count)
{
    Value *values = values_decode(&reader->arena, json, ret_count);

    return values_clone(values, *ret_count);
}

/* ---- objects ---- */

static ObjectState read_object_state(const Json *json, const char *key, ObjectState otherwise)
{
    int state = object_state_find(json_get_string(json, key, NULL));

    return state < 0 ? otherwise : (ObjectState)state;
}

static Instance *object_owner(const Runtime *runtime, const Json *json)
{
    int domain = runtime_domain_find(runtime, json_get_string(json, "domain", ""),
                                     json_get_bool(json, "gone", false));

    return domain < 0
               ? NULL
               : instance_find(runtime, (uint32_t)domain, json_get_string(json, "key", NULL));
}

static int read_object(Reader *reader, const Json *json)
{
    Runtime *runtime = reader->runtime;
    Instance *owner = object_owner(runtime, json);

    if (owner == NULL)
        return reader_missing(reader, "domain", json_get_string(json, "domain", ""));
    Object *object = memory_zero(1, sizeof *object);
    strncpy(object->uid, json_get_string(json, "uid", ""), UID_SIZE - 1);
    object->state = read_object_state(json, "state", OBJECT_READY);
    object->condemned = json_get_bool(json, "condemned", false);
    object->owner = owner;
    object->place.where = memory_copy_string(json_get_string(json, "where", ""));
    object->place.effect = memory_copy_string(json_get_string(json, "effect", ""));
    object->place.site = (uint32_t)json_get_int(json, "site", 0);
    object->ordinal = (uint32_t)json_get_int(json, "ordinal", 0);
    copy_string(json, "name", &object->name);
    object->sequence = (uint64_t)json_get_int(json, "sequence", 0);
    object_add(runtime, object);
    object->before = read_object_state(json, "before", OBJECT_WANTED);
    object->exists = json_get_bool(json, "exists", false);
    copy_string(json, "provider", &object->provider);
    copy_string(json, "action", &object->action);
    copy_string(json, "type", &object->type);
    copy_string(json, "external_id", &object->external_id);
    object->inputs = member_copy_json(json, "inputs");
    object->outputs = member_copy_json(json, "outputs");
    copy_string(json, "reason", &object->reason);
    object->rank = (uint64_t)json_get_int(json, "rank", 0);
    object->generation = (uint64_t)json_get_int(json, "generation", 0);
    object->replace = json_get_bool(json, "replace", false);
    object->by_hand = json_get_bool(json, "by_hand", false);
    copy_string(json, "condemned_because", &object->condemned_because);
    object->repair_failures = (uint32_t)json_get_int(json, "repair_failures", 0);
    object->repair_due_ms = (uint64_t)json_get_int(json, "repair_due", 0);
    object->origin = origin_find(owner, (uint64_t)json_get_int(json, "origin", 0));
    if (object->origin != NULL)
        object->origin->references++;
    if (json_get(json, "leaving") == NULL)
        return 0;
    if (intent_decode(json_get(json, "leaving"), &object->leaving, reader->err) < 0)
        return ERROR_STATE;
    intent_enter(owner, object->leaving);
    return 0;
}

static int read_retained(Reader *reader, const Json *list)
{
    Runtime *runtime = reader->runtime;

    for (const Json *item = json_first(list); item != NULL; item = json_next(item)) {
        const char *name = json_get_string(item, "event", "");
        int event = program_find_event(runtime->program, name);
        int domain = program_find_domain(runtime->program, json_get_string(item, "domain", ""));
        if (event >= 0 && !runtime->program->events[event].retained)
            continue;
        if (event < 0 || domain < 0) {
            if (reader_missing(reader, "event", name) < 0)
                return ERROR_STATE;
            continue;
        }
        Retained retained = {.event = (uint32_t)event,
                             .domain = (uint32_t)domain,
                             .by = reader_trail(reader, (uint64_t)json_get_int(item, "parent", 0))};
        retained.arguments =
            reader_values(reader, json_get(item, "arguments"), &retained.argument_count);
        memory_reserve_one(runtime->retained, runtime->retained_count, runtime->retained_capacity);
        runtime->retained[runtime->retained_count++] = retained;
    }
    return 0;
}

static int read_withdrawn(Reader *reader, const Json *list)
{
    Runtime *runtime = reader->runtime;

    for (const Json *item = json_first(list); item != NULL; item = json_next(item)) {
        const char *name = json_get_string(item, "event", "");
        int event = program_find_event(runtime->program, name);
        if (event < 0 && reader_missing(reader, "event", name) < 0)
            return ERROR_STATE;
        if (event < 0)
            continue;
        Withdrawn withdrawn = {.at = (uint64_t)json_get_int(item, "at", 0),
                               .event = (uint32_t)event};
        withdrawn.arguments =
            reader_values(reader, json_get(item, "arguments"), &withdrawn.argument_count);
        memory_reserve_one(runtime->withdrawn, runtime->withdrawn_count,
                           runtime->withdrawn_capacity);
        runtime->withdrawn[runtime->withdrawn_count++] = withdrawn;
    }
    return 0;
}

/* Those that the program has no more are forgotten: if they come back, they are new. */
static void read_system_starts(Reader *reader, const Json *list)
{
    const Program *program = reader->runtime->program;

    for (const Json *item = json_first(list); item != NULL; item = json_next(item))
        for (size_t i = 0; i < program->start_count; i++) {
            const ProgramStart *start = &program->starts[i];
            cleanup(free) char *label =
                instance_label_of(&program->domains[start->domain], start->key->bytes);
            if (strcmp(label, json_string(item, "")) == 0)
                map_put(&reader->runtime->system_starts, label, reader->runtime);
        }
}

static void read_counters(Runtime *runtime, const Json *json)
{
    strncpy(runtime->lineage, json_get_string(json, "lineage", ""), UID_SIZE - 1);
    strncpy(runtime->boot_id, json_get_string(json, "boot_id", ""), sizeof runtime->boot_id - 1);
    runtime->epoch = (uint64_t)json_get_int(json, "epoch", 1);
    runtime->next_intent = (uint64_t)json_get_int(json, "next_intent", 1);
    runtime->next_message = (uint64_t)json_get_int(json, "next_message", 1);
    runtime->next_rank = (uint64_t)json_get_int(json, "next_rank", 1);
    runtime->next_sequence = (uint64_t)json_get_int(json, "next_sequence", 1);
    runtime->logical_time = (uint64_t)json_get_int(json, "logical_time", 0);
    runtime->time_ms = (uint64_t)json_get_int(json, "time", 0);
    runtime->destroying = json_get_bool(json, "destroying", false);
    string_set(&runtime->program_digest, json_get_string(json, "digest", NULL));
}

/* ---- the whole ---- */

/* Objects are few beside the others. */
static int read_object_line(Reader *reader, JsonPull *pull)
{
    cleanup(json_free) Json *json = NULL;
    size_t size = (size_t)(pull->end - pull->at);

    return json_parse_own(pull->at, size, &json, reader->err) < 0 ? ERROR_STATE
                                                                  : read_object(reader, json);
}

static int read_item(Reader *reader, SnapshotTable table, JsonPull pull)
{
    arena_reset(&reader->arena);
    switch (table) {
    case TABLE_TRAILS:
        return trails_add(reader->runtime, &pull, &reader->arena, &reader->trails, reader->err);
    case TABLE_DOMAINS:
        return reader_instance(reader, pull);
    case TABLE_OBJECTS:
        return read_object_line(reader, &pull);
    case TABLE_COUNT:
        break;
    }
    return error_set(reader->err, ERROR_STATE, "an item of the state that is of no table");
}

static void table_end(Reader *reader, SnapshotTable table)
{
    if (table == TABLE_TRAILS)
        trails_link(&reader->trails);
    if (table != TABLE_OBJECTS)
        return;
    for (Instance *i = instance_first(reader->runtime); i != NULL; i = instance_next(i))
        origins_prune(i);
}

/* What stands beside the tables, after them. */
static int read_frame(Reader *reader, const Json *json)
{
    read_counters(reader->runtime, json);
    if (read_retained(reader, json_get(json, "retained")) < 0 ||
        read_withdrawn(reader, json_get(json, "withdrawn")) < 0 ||
        facts_read(reader->runtime, json_get(json, "facts"), &reader->arena, reader->err) < 0)
        return ERROR_STATE;
    read_system_starts(reader, json_get(json, "system_starts"));
    return 0;
}

static void reader_deinit(Reader *reader)
{
    trails_release(&reader->trails);
    arena_deinit(&reader->arena);
}
#define reader_deinit_p reader_deinit

static int read_table(Reader *reader, SnapshotTable table, const Json *items)
{
    cleanup(buffer_deinit) Buffer text = {0};
    int code = 0;

    for (const Json *item = json_first(items); item != NULL && code == 0; item = json_next(item)) {
        buffer_reset(&text);
        json_write(&text, item);
        code = read_item(reader, table, json_pull(text.bytes, text.size));
    }
    return code;
}

int snapshot_read(Runtime *runtime, const Json *json, bool lenient, Error *err)
{
    cleanup(reader_deinit) Reader reader = {.runtime = runtime, .lenient = lenient, .err = err};

    read_counters(runtime, json);
    for (SnapshotTable table = 0; table < TABLE_COUNT; table++) {
        if (read_table(&reader, table, json_get(json, snapshot_table_name(table))) < 0)
            return ERROR_STATE;
        table_end(&reader, table);
    }
    return read_frame(&reader, json);
}

/* ---- line by line ---- */

struct SnapshotReader {
    Reader reader;
    Buffer frame;
    size_t frame_lines; /* the table that is open is the one before */
};

SnapshotReader *snapshot_reader_new(Runtime *runtime)
{
    SnapshotReader *reader = memory_zero(1, sizeof *reader);

    reader->reader.runtime = runtime;
    return reader;
}

void snapshot_reader_free(SnapshotReader *reader)
{
    if (reader == NULL)
        return;
    reader_deinit(&reader->reader);
    buffer_deinit(&reader->frame);
    free(reader);
}

/* The frame is small, and made sense of as a whole. */
static int put_frame(SnapshotReader *reader, const StateLine *line, Error *err)
{
    if (reader->frame_lines > TABLE_COUNT)
        return error_set(err, ERROR_STATE, "the state has more than its tables");
    buffer_add(&reader->frame, line->text, line->size);
    if (reader->frame_lines > 0)
        table_end(&reader->reader, (SnapshotTable)(reader->frame_lines - 1));
    reader->frame_lines++;
    return 0;
}

int snapshot_reader_put(void *user, const StateLine *line, Error *err)
{
    SnapshotReader *reader = user;

    if (!line->is_item)
        return put_frame(reader, line, err);
    reader->reader.err = err;
    if (reader->frame_lines == 0 || reader->frame_lines > TABLE_COUNT)
        return error_set(err, ERROR_STATE, "an item of the state that is of no table");
    return read_item(&reader->reader, (SnapshotTable)(reader->frame_lines - 1),
                     json_pull(line->text, line->size));
}

int snapshot_reader_finish(SnapshotReader *reader, Json **ret_frame, Error *err)
{
    cleanup(json_free) Json *frame = NULL;

    reader->reader.err = err;
    if (json_parse_own(buffer_text(&reader->frame), reader->frame.size, &frame, err) < 0 ||
        read_frame(&reader->reader, frame) < 0)
        return ERROR_STATE;
    changes_keep(reader->reader.runtime);
    if (ret_frame != NULL)
        *ret_frame = take(frame);
    return 0;
}
