#include <stdio.h>
#include <string.h>

#include "controller/core/crashes.h"
#include "controller/core/intent.h"
#include "controller/core/origin.h"
#include "controller/core/snapshot.h"
#include "lang/base/memory.h"

typedef struct Reader {
    Runtime *runtime;
    bool lenient;
    Arena arena;
    Error *err;
    TrailList trails;
} Reader;

static int missing(Reader *reader, const char *kind, const char *name)
{
    if (reader->lenient)
        return 0;
    return error_set(reader->err, ERROR_STATE,
                     "the state speaks of %s '%.100s', which its program does not have", kind,
                     name != NULL ? name : "");
}

/* The one that stands under that key, for its holder; NULL: none is kept. */
static Trail *read_trail(const Reader *reader, const Json *json, const char *key)
{
    return trail_hold(trails_find(&reader->trails, (uint64_t)json_get_int(json, key, 0)));
}

static void copy_string(const Json *json, const char *key, char **holder)
{
    string_set(holder, json_get_string(json, key, NULL));
}

static Value *clone_values(Reader *reader, const Json *json, size_t *ret_count)
{
    Value *values = values_decode(&reader->arena, json, ret_count);

    return values_clone(values, *ret_count);
}

static void read_seen_facts(Reader *reader, const Json *json, SeenFacts *ret)
{
    SeenFacts facts = seen_facts_decode(&reader->arena, json);

    seen_facts_add(ret, &facts);
}

/* ---- instances ---- */

static int read_fields(Reader *reader, Instance *instance, const Json *json)
{
    for (const Json *m = json_first(json); m != NULL; m = json_next(m)) {
        int field = domain_find_field(instance->domain, json_key(m));
        if (field < 0) {
            if (missing(reader, "field", json_key(m)) < 0)
                return ERROR_STATE;
            continue;
        }
        value_free(instance->fields[field]);
        instance->fields[field] = value_clone(value_decode(&reader->arena, m));
    }
    instance_fields_set(instance);
    return 0;
}

/* What the message is for; -1: the program has no such thing. */
static int message_target(const Reader *reader, const Instance *instance, MessageKind kind,
                          const char *name)
{
    switch (kind) {
    case MESSAGE_EVENT: {
        int event = program_find_event(reader->runtime->program, name);
        return event >= 0 && domain_find_handler(instance->domain, (uint32_t)event) < 0 ? -1
                                                                                        : event;
    }
    case MESSAGE_TRANSITION:
        return domain_find_transition(instance->domain, name);
    case MESSAGE_NAMED:
    case MESSAGE_REPORT:
        return handler_find(reader->runtime, instance->domain_index, name);
    case MESSAGE_TIMER:
        return timer_find(reader->runtime, instance->domain_index, name);
    }
    return -1;
}

static MessageKind message_kind(const Json *json)
{
    static const MessageKind kinds[] = {
#define MESSAGE(name, text) MESSAGE_##name,
#include "controller/core/message.def"
#undef MESSAGE
    };

    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (json_get(json, message_kind_name(kinds[i])) != NULL)
            return kinds[i];
    return MESSAGE_EVENT;
}

/* NULL: the program has no such thing. */
static Message *read_message(Reader *reader, Instance *instance, const Json *json)
{
    MessageKind kind = message_kind(json);
    int from = program_find_domain(reader->runtime->program, json_get_string(json, "from", ""));
    int target =
        message_target(reader, instance, kind, json_get_string(json, message_kind_name(kind), ""));
    size_t count;

    if (target < 0)
        return NULL;
    Value *arguments = values_decode(&reader->arena, json_get(json, "arguments"), &count);
    Message *message = message_new((uint64_t)json_get_int(json, "id", 0), kind, (uint32_t)target,
                                   from < 0 ? instance->domain_index : (uint32_t)from,
                                   json_get_bool(json, "high", false), arguments, count);
    message->attempts = (uint32_t)json_get_int(json, "attempts", 0);
    message->due_ms = (uint64_t)json_get_int(json, "due", 0);
    message->parent = read_trail(reader, json, "parent");
    if (json_get_bool(json, "travels", false) || json_get_bool(json, "unsaid", false)) {
        Value *former = values_decode(&reader->arena, json_get(json, "former"), &count);
        message_travel(message, former, count, json_get_bool(json, "unsaid", false));
    }
    return message;
}

static void mailbox_add(Instance *instance, Message *message)
{
    mailbox_put(&instance_wake(instance)->mailbox, message);
    if (message->kind == MESSAGE_TIMER)
        instance_timers(instance)[message->target].waits = true;
}

static int read_mailbox(Reader *reader, Instance *instance, const Json *json)
{
    const Json *list = json_get(json, "mailbox");

    for (const Json *item = json_first(list); item != NULL; item = json_next(item)) {
        Message *message = read_message(reader, instance, item);
        if (message != NULL)
            mailbox_add(instance, message);
        else if (missing(reader, "a message of domain", instance->domain->name) < 0)
            return ERROR_STATE;
    }
    list = json_get(json, "dead_letters");
    for (const Json *item = json_first(list); item != NULL; item = json_next(item)) {
        Message *message = read_message(reader, instance, json_get(item, "message"));
        if (message == NULL)
            continue;
        Holdings *holdings = instance_holdings(instance);
        memory_reserve_one(holdings->dead_letters, holdings->dead_letter_count,
                           holdings->dead_letter_capacity);
        holdings->dead_letters[holdings->dead_letter_count++] =
            (DeadLetter){message, memory_copy_string(json_get_string(item, "reason", ""))};
    }
    if (mailbox_count(&instance->active->mailbox) > 0)
        instance_wake(instance)->mailbox.high_in_row =
            (uint32_t)json_get_int(json, "high_in_row", 0);
    int64_t in_row = json_get_int(json, "handlers_in_row", 0);
    instance->handlers_in_row =
        (uint8_t)(in_row < HANDLERS_IN_ROW_MAX ? in_row : HANDLERS_IN_ROW_MAX);
    return 0;
}

static int read_run(Reader *reader, Instance *instance, const Json *json)
{
    int from = program_find_domain(reader->runtime->program, json_get_string(json, "from", ""));
    Cause next;

    if (cause_decode(instance, json_get(json, "next"), &next, reader->err) < 0)
        return reader->lenient ? 0 : ERROR_STATE;
    Run run = {.transition = next.transition,
               .handler = next.handler,
               .timer = next.timer,
               .next_step = next.step,
               .yield = next.yield,
               .goal = next.goal,
               .kind = next.kind,
               .from = from < 0 ? instance->domain_index : (uint32_t)from,
               .by = read_trail(reader, json, "after"),
               .began = member_digest(json, "began"),
               .attempts = (uint32_t)json_get_int(json, "attempts", 0),
               .due_ms = (uint64_t)json_get_int(json, "due", 0)};
    run.arguments = clone_values(reader, json_get(json, "arguments"), &run.argument_count);
    run.locals = clone_values(reader, json_get(json, "locals"), &run.local_count);
    read_seen_facts(reader, json, &run.facts);
    Holdings *holdings = instance_holdings(instance);
    memory_reserve_one(holdings->runs, holdings->run_count, holdings->run_capacity);
    holdings->runs[holdings->run_count++] = run;
    return 0;
}

static int read_runs(Reader *reader, Instance *instance, const Json *list)
{
    for (const Json *item = json_first(list); item != NULL; item = json_next(item))
        if (read_run(reader, instance, item) < 0)
            return ERROR_STATE;
    return 0;
}

static int read_timers(Reader *reader, Instance *instance, const Json *json)
{
    for (const Json *m = json_first(json); m != NULL; m = json_next(m)) {
        int timer = timer_find(reader->runtime, instance->domain_index, json_key(m));
        if (timer >= 0) {
            instance_timers(instance)[timer].armed = json_get_bool(m, "armed", false);
            instance_timers(instance)[timer].due_ms = (uint64_t)json_get_int(m, "due", 0);
        } else if (missing(reader, "timer", json_key(m)) < 0) {
            return ERROR_STATE;
        }
    }
    return 0;
}

static void read_marks(Reader *reader, Instance *instance, const Json *json)
{
    const Json *list = json_get(json, "transitions");

    for (const Json *m = json_first(list); m != NULL; m = json_next(m)) {
        int transition = domain_find_transition(instance->domain, json_key(m));
        if (transition < 0)
            continue;
        TransitionMark *mark = &instance->transitions[transition];
        mark->failures = (uint32_t)json_get_int(m, "failures", 0);
        mark->due_ms = (uint64_t)json_get_int(m, "due", 0);
        mark->given_up = json_get_bool(m, "given_up", false);
        if (!reader->lenient) { /* another program may do better */
            mark->blocked = json_get_bool(m, "blocked", false);
            mark->faulted = json_get_bool(m, "faulted", false);
            mark->blocked_version = instance->version;
            read_seen_facts(reader, m, &mark->facts);
            copy_string(m, "reason", &mark->reason);
        }
    }
    list = json_get(json, "goals");
    for (const Json *m = json_first(list); m != NULL; m = json_next(m)) {
        int goal = domain_find_goal(instance->domain, json_key(m));
        if (goal < 0)
            continue;
        GoalMark *mark = &instance->goals[goal];
        mark->retries = (uint32_t)json_get_int(m, "retries", 0);
        mark->failed = json_get_bool(m, "failed", false);
        mark->fallback_done = json_get_bool(m, "fallback_done", false);
        mark->unmet_since_ms = (uint64_t)json_get_int(m, "unmet_since", 0);
        mark->last_transition =
            domain_find_transition(instance->domain, json_get_string(m, "last", ""));
    }
}

static int read_intents(Reader *reader, Instance *instance, const Json *list)
{
    Pending *pending = instance->active->pending;

    pending->intents = memory_zero(json_count(list), sizeof(Intent *));
    for (const Json *item = json_first(list); item != NULL; item = json_next(item)) {
        Intent *intent;
        if (intent_decode(item, &intent, reader->err) < 0)
            return ERROR_STATE;
        intent->turn = intent_turn(pending->intents, pending->intent_count, intent);
        pending->intents[pending->intent_count++] = intent;
        intent_enter(instance, intent);
    }
    return 0;
}

static int read_pending(Reader *reader, Instance *instance, const Json *json)
{
    Proposal proposal;
    Cause cause;

    if (json == NULL)
        return 0;
    if (cause_decode(instance, json_get(json, "cause"), &cause, reader->err) < 0 ||
        proposal_decode(instance, json, &reader->arena, &proposal, reader->err) < 0)
        return ERROR_STATE;
    Pending *pending = memory_zero(1, sizeof *pending);
    pending->slice = (uint64_t)json_get_int(json, "slice", 0);
    pending->cause = cause;
    pending->awaits = json_get_bool(json, "awaits", false);
    pending->outdated = json_get_bool(json, "outdated", false);
    proposal_clone(&pending->proposal, &proposal);
    read_seen_facts(reader, json, &pending->facts);
    pending_set(instance, pending);
    return read_intents(reader, instance, json_get(json, "intents"));
}

static void read_deeds(Instance *instance, const Json *list)
{
    for (const Json *item = json_first(list); item != NULL; item = json_next(item)) {
        Deed deed = {.keyed = json_get_bool(item, "keyed", false),
                     .message = (uint64_t)json_get_int(item, "message", 0),
                     .of_run = json_get_bool(item, "of_run", false)};
        copy_string(item, "place", &deed.place_key);
        copy_string(item, "where", &deed.where);
        deed.arguments = member_copy_json(item, "arguments");
        deed.result = member_copy_json(item, "result");
        Holdings *holdings = instance_holdings(instance);
        memory_reserve_one(holdings->deeds, holdings->deed_count, holdings->deed_capacity);
        holdings->deeds[holdings->deed_count++] = deed;
    }
}

static int read_origins(Reader *reader, Instance *instance, const Json *list)
{
    for (const Json *item = json_first(list); item != NULL; item = json_next(item))
        if (origin_decode(instance, item, reader->lenient, &reader->arena, reader->err) < 0)
            return ERROR_STATE;
    for (const Json *item = json_first(list); item != NULL; item = json_next(item)) {
        Origin *origin = origin_find(instance, (uint64_t)json_get_int(item, "slice", 0));
        if (origin != NULL)
            origin->trail = read_trail(reader, item, "trail");
    }
    return 0;
}

/* Of one that is gone, it is made. -1: the program has no such thing. */
static int instance_domain(Reader *reader, const Json *json)
{
    Runtime *runtime = reader->runtime;
    const char *name = json_get_string(json, "domain", "");
    bool keyed = json_get(json, "key") != NULL;

    if (json_get_bool(json, "gone", false))
        return (int)runtime_gone_domain(runtime, name);
    int domain = program_find_domain(runtime->program, name);
    return domain >= 0 && (runtime->program->domains[domain].key != NULL) == keyed ? domain : -1;
}

static void read_stopping(Instance *instance, const Json *json)
{
    uint32_t failures = (uint32_t)json_get_int(json, "stop_failures", 0);

    instance->stopping = json_get_bool(json, "stopping", false);
    if (failures == 0)
        return;
    Holdings *holdings = instance_holdings(instance);
    holdings->stop_failures = failures;
    holdings->stop_due_ms = (uint64_t)json_get_int(json, "stop_due", 0);
    holdings->stop_given_up = json_get_bool(json, "stop_given_up", false);
}

static int read_instance(Reader *reader, const Json *json)
{
    int domain = instance_domain(reader, json);

    if (domain < 0)
        return missing(reader, "domain", json_get_string(json, "domain", ""));
    Instance *instance =
        instance_new(reader->runtime, (uint32_t)domain, json_get_string(json, "key", NULL));
    instance->started = (uint64_t)json_get_int(json, "started", 0);
    instance->booted = instance->booted || json_get_bool(json, "booted", false);
    read_stopping(instance, json);
    instance->unlocked_by =
        runtime_text(reader->runtime, json_get_string(json, "unlocked_by", NULL));
    instance->trail = read_trail(reader, json, "changed_by");
    if (read_fields(reader, instance, json_get(json, "state")) < 0 ||
        read_mailbox(reader, instance, json) < 0 ||
        read_runs(reader, instance, json_get(json, "runs")) < 0 ||
        read_timers(reader, instance, json_get(json, "timers")) < 0)
        return ERROR_STATE;
    read_marks(reader, instance, json);
    if (!reader->lenient) /* another program may do better */
        crashes_decode(instance, json_get(json, "crashes"));
    read_deeds(instance, json_get(json, "deeds"));
    if (read_origins(reader, instance, json_get(json, "origins")) < 0)
        return ERROR_STATE;
    return read_pending(reader, instance, json_get(json, "pending"));
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
        return missing(reader, "domain", json_get_string(json, "domain", ""));
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
            if (missing(reader, "event", name) < 0)
                return ERROR_STATE;
            continue;
        }
        Retained retained = {.event = (uint32_t)event,
                             .domain = (uint32_t)domain,
                             .by = read_trail(reader, item, "parent")};
        retained.arguments =
            clone_values(reader, json_get(item, "arguments"), &retained.argument_count);
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
        if (event < 0 && missing(reader, "event", name) < 0)
            return ERROR_STATE;
        if (event < 0)
            continue;
        Withdrawn withdrawn = {.at = (uint64_t)json_get_int(item, "at", 0),
                               .event = (uint32_t)event};
        withdrawn.arguments =
            clone_values(reader, json_get(item, "arguments"), &withdrawn.argument_count);
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

static int read_item(Reader *reader, SnapshotTable table, const Json *json)
{
    switch (table) {
    case TABLE_TRAILS:
        return trails_add(reader->runtime, json, &reader->trails, reader->err);
    case TABLE_DOMAINS:
        return read_instance(reader, json);
    case TABLE_OBJECTS:
        return read_object(reader, json);
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

int snapshot_read(Runtime *runtime, const Json *json, bool lenient, Error *err)
{
    cleanup(reader_deinit) Reader reader = {.runtime = runtime, .lenient = lenient, .err = err};

    read_counters(runtime, json);
    for (SnapshotTable table = 0; table < TABLE_COUNT; table++) {
        const Json *items = json_get(json, snapshot_table_name(table));
        for (const Json *m = json_first(items); m != NULL; m = json_next(m))
            if (read_item(&reader, table, m) < 0)
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
    cleanup(json_free) Json *json = NULL;

    if (!line->is_item)
        return put_frame(reader, line, err);
    reader->reader.err = err;
    if (reader->frame_lines == 0 || reader->frame_lines > TABLE_COUNT)
        return error_set(err, ERROR_STATE, "an item of the state that is of no table");
    if (json_parse_own(line->text, line->size, &json, err) < 0)
        return ERROR_STATE;
    int code = read_item(&reader->reader, (SnapshotTable)(reader->frame_lines - 1), json);
    arena_reset(&reader->reader.arena);
    return code;
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
