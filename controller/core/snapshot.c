#include "controller/core/snapshot.h"

#include <string.h>

#include "controller/core/crashes.h"
#include "controller/core/origin.h"
#include "lang/base/memory.h"

static void separate(Buffer *ret, size_t index)
{
    if (index > 0)
        buffer_add_char(ret, ',');
}

/* ,"key":[ or , before an item; what is empty is not written at all. */
static void list_item(Buffer *ret, const char *key, size_t index)
{
    if (index > 0) {
        buffer_add_char(ret, ',');
        return;
    }
    member_begin(ret, key);
    buffer_add_char(ret, '[');
}

static void list_end(Buffer *ret, size_t count)
{
    if (count > 0)
        buffer_add_char(ret, ']');
}

/* ---- writing ---- */

static void write_message(const Instance *instance, const Message *message, Buffer *ret)
{
    const Program *program = instance->runtime->program;

    buffer_add_string(ret, "{\"id\":");
    buffer_add_unsigned(ret, message->id);
    member_encode(ret, message_kind_name(message->kind), message_name(instance, message));
    member_encode(ret, "from", program->domains[message->from].name);
    member_encode_flag(ret, "high", message->high);
    member_encode_count(ret, "attempts", message->attempts);
    member_encode_count(ret, "due", message->due_ms);
    if (message->parent != NULL)
        member_encode_number(ret, "parent", message->parent->slice);
    member_encode_flag(ret, "travels", message->travels);
    member_encode_flag(ret, "unsaid", message->unsaid);
    if (message->former_count > 0) {
        member_begin(ret, "former");
        values_encode(message->former, message->former_count, ret);
    }
    if (message->argument_count > 0) {
        member_begin(ret, "arguments");
        values_encode(message->arguments, message->argument_count, ret);
    }
    buffer_add_char(ret, '}');
}

static void write_mailbox(const Instance *instance, Buffer *ret)
{
    const Message *message;
    size_t count = 0;

    for (; (message = mailbox_at(&instance->active->mailbox, count)) != NULL; count++) {
        list_item(ret, "mailbox", count);
        write_message(instance, message, ret);
    }
    list_end(ret, count);
    for (size_t i = 0; i < instance->has->dead_letter_count; i++) {
        list_item(ret, "dead_letters", i);
        buffer_add_string(ret, "{\"message\":");
        write_message(instance, instance->has->dead_letters[i].message, ret);
        member_encode(ret, "reason", instance->has->dead_letters[i].reason);
        buffer_add_char(ret, '}');
    }
    list_end(ret, instance->has->dead_letter_count);
    member_encode_count(ret, "high_in_row", instance->active->mailbox.high_in_row);
    member_encode_count(ret, "handlers_in_row", instance->handlers_in_row);
}

static void write_runs(const Instance *instance, Buffer *ret)
{
    for (size_t i = 0; i < instance->has->run_count; i++) {
        const Run *run = &instance->has->runs[i];
        Cause cause = cause_of(run->kind);
        list_item(ret, "runs", i);
        cause.transition = run->transition;
        cause.handler = run->handler;
        cause.timer = run->timer;
        cause.goal = run->goal;
        cause.step = run->next_step;
        cause.yield = run->yield;
        buffer_add_string(ret, "{\"next\":");
        cause_encode(instance, &cause, ret);
        member_encode(ret, "from", instance->runtime->program->domains[run->from].name);
        member_encode_digest(ret, "began", run->began);
        if (run->by != NULL)
            member_encode_number(ret, "after", run->by->slice);
        member_encode_count(ret, "attempts", run->attempts);
        member_encode_count(ret, "due", run->due_ms);
        member_begin(ret, "arguments");
        values_encode(run->arguments, run->argument_count, ret);
        member_begin(ret, "locals");
        values_encode(run->locals, run->local_count, ret);
        seen_facts_encode(&run->facts, ret);
        buffer_add_char(ret, '}');
    }
    list_end(ret, instance->has->run_count);
}

static void write_timers(const Instance *instance, Buffer *ret)
{
    const ProgramDomain *domain = instance->domain;
    cleanup(free) TimerChange *timers = memory_zero(domain->timer_count, sizeof *timers);

    if (domain->timer_count == 0)
        return;
    for (uint32_t i = 0; i < domain->timer_count; i++)
        timers[i] = (TimerChange){.timer = i,
                                  .armed = instance_timers(instance)[i].armed,
                                  .due_ms = instance_timers(instance)[i].due_ms};
    timers_encode(instance->runtime, instance->domain_index, timers, domain->timer_count, ret);
}

static void write_stopping(const Instance *instance, Buffer *ret)
{
    if (!instance->stopping)
        return;
    member_encode_flag(ret, "stopping", true);
    member_encode_count(ret, "stop_failures", instance->has->stop_failures);
    member_encode_count(ret, "stop_due", instance->has->stop_due_ms);
    member_encode_flag(ret, "stop_given_up", instance->has->stop_given_up);
}

/* Put what begins with a comma into an object called `name`; nothing if it is nothing. The first of
 * them opens the object `key`. */
static void mark_add(Buffer *ret, const char *key, size_t *count, const char *name,
                     const Buffer *members)
{
    if (members->size == 0)
        return;
    if ((*count)++ == 0) {
        member_begin(ret, key);
        buffer_add_char(ret, '{');
    } else {
        buffer_add_char(ret, ',');
    }
    json_put_string(ret, name);
    buffer_add_string(ret, ":{");
    buffer_add(ret, members->bytes + 1, members->size - 1);
    buffer_add_char(ret, '}');
}

static void mark_transition(const Instance *instance, size_t transition, Buffer *ret)
{
    const TransitionMark *mark = &instance->transitions[transition];

    member_encode_count(ret, "failures", mark->failures);
    if (mark->blocked && mark->blocked_version == instance->version) {
        member_encode_flag(ret, "blocked", true);
        seen_facts_encode(&mark->facts, ret);
    }
    member_encode_flag(ret, "faulted", mark->faulted);
    member_encode_count(ret, "due", mark->due_ms);
    member_encode_flag(ret, "given_up", mark->given_up);
    member_encode(ret, "reason", mark->reason);
}

static void mark_goal(const Instance *instance, size_t goal, Buffer *ret)
{
    const GoalMark *mark = &instance->goals[goal];

    member_encode_count(ret, "retries", mark->retries);
    member_encode_flag(ret, "failed", mark->failed);
    member_encode_flag(ret, "fallback_done", mark->fallback_done);
    member_encode_count(ret, "unmet_since", mark->unmet_since_ms);
    if (mark->last_transition >= 0)
        member_encode(ret, "last", instance->domain->transitions[mark->last_transition].name);
}

static void write_marks(const Instance *instance, Buffer *ret)
{
    cleanup(buffer_deinit) Buffer members = {0};
    size_t count = 0;

    for (size_t i = 0; i < instance->domain->transition_count; i++) {
        buffer_reset(&members);
        mark_transition(instance, i, &members);
        mark_add(ret, "transitions", &count, instance->domain->transitions[i].name, &members);
    }
    if (count > 0)
        buffer_add_char(ret, '}');
    count = 0;
    for (size_t i = 0; i < instance->domain->goal_count; i++) {
        buffer_reset(&members);
        mark_goal(instance, i, &members);
        mark_add(ret, "goals", &count, instance->domain->goals[i].name, &members);
    }
    if (count > 0)
        buffer_add_char(ret, '}');
}

static void write_pending(const Instance *instance, Buffer *ret)
{
    const Pending *pending = instance->active->pending;

    if (pending == NULL)
        return;
    buffer_add_format(
        ret, ",\"pending\":{\"slice\":%llu,\"cause\":", (unsigned long long)pending->slice);
    cause_encode(instance, &pending->cause, ret);
    proposal_encode(instance, &pending->proposal, ret);
    member_encode_flag(ret, "awaits", pending->awaits);
    member_encode_flag(ret, "outdated", pending->outdated);
    seen_facts_encode(&pending->facts, ret);
    buffer_add_string(ret, ",\"intents\":[");
    for (size_t i = 0; i < pending->intent_count; i++) {
        separate(ret, i);
        intent_encode(pending->intents[i], ret);
    }
    buffer_add_string(ret, "]}");
}

static void write_deeds(const Instance *instance, Buffer *ret)
{
    for (size_t i = 0; i < instance->has->deed_count; i++) {
        const Deed *deed = &instance->has->deeds[i];
        list_item(ret, "deeds", i);
        buffer_add_string(ret, "{\"place\":");
        json_put_string(ret, deed->place_key);
        member_encode(ret, "where", deed->where);
        member_encode_flag(ret, "keyed", deed->keyed);
        member_encode_count(ret, "message", deed->message);
        member_encode_flag(ret, "of_run", deed->of_run);
        member_encode_json(ret, "arguments", deed->arguments);
        member_encode_json(ret, "result", deed->result);
        buffer_add_char(ret, '}');
    }
    list_end(ret, instance->has->deed_count);
}

static void write_origins(const Instance *instance, Buffer *ret)
{
    for (size_t i = 0; i < instance->has->origin_count; i++) {
        list_item(ret, "origins", i);
        origin_encode(instance, instance->has->origins[i], ret);
    }
    list_end(ret, instance->has->origin_count);
}

static void write_instance(const Instance *instance, Buffer *ret)
{
    buffer_add_string(ret, "{\"domain\":");
    json_put_string(ret, instance->domain->name);
    member_encode(ret, "key", instance->key);
    member_encode_flag(ret, "gone", instance->is_gone);
    member_encode_count(ret, "started", instance->started);
    member_encode_flag(ret, "booted", instance->booted);
    write_stopping(instance, ret);
    buffer_add_string(ret, ",\"state\":{");
    for (size_t i = 0; i < instance->domain->field_count; i++) {
        separate(ret, i);
        json_put_string(ret, instance->domain->fields[i].name);
        buffer_add_char(ret, ':');
        value_encode(ret, instance->fields[i]);
    }
    buffer_add_char(ret, '}');
    member_encode(ret, "unlocked_by", instance->unlocked_by);
    if (instance->trail != NULL)
        member_encode_number(ret, "changed_by", instance->trail->slice);
    write_mailbox(instance, ret);
    write_runs(instance, ret);
    write_marks(instance, ret);
    crashes_encode(instance, ret);
    write_timers(instance, ret);
    write_pending(instance, ret);
    write_deeds(instance, ret);
    write_origins(instance, ret);
    buffer_add_char(ret, '}');
}

static void write_object(const Object *object, Buffer *ret)
{
    buffer_add_string(ret, "{\"uid\":");
    json_put_string(ret, object->uid);
    member_encode(ret, "state", object_state_name(object->state));
    if (object->before != OBJECT_WANTED)
        member_encode(ret, "before", object_state_name(object->before));
    member_encode_flag(ret, "exists", object->exists);
    member_encode(ret, "domain", object->owner->domain->name);
    member_encode(ret, "key", object->owner->key);
    member_encode_flag(ret, "gone", object->owner->is_gone);
    member_encode(ret, "where", object->place.where);
    member_encode(ret, "effect", object->place.effect);
    member_encode_count(ret, "site", object->place.site);
    member_encode_count(ret, "ordinal", object->ordinal);
    member_encode(ret, "name", object->name);
    member_encode(ret, "provider", object->provider);
    member_encode(ret, "action", object->action);
    member_encode(ret, "type", object->type);
    member_encode(ret, "external_id", object->external_id);
    member_encode_json(ret, "inputs", object->inputs);
    member_encode_json(ret, "outputs", object->outputs);
    member_encode(ret, "reason", object->reason);
    member_encode_count(ret, "rank", object->rank);
    member_encode_count(ret, "sequence", object->sequence);
    member_encode_count(ret, "generation", object->generation);
    member_encode_flag(ret, "replace", object->replace);
    member_encode_flag(ret, "by_hand", object->by_hand);
    member_encode_flag(ret, "condemned", object->condemned);
    member_encode(ret, "condemned_because", object->condemned_because);
    member_encode_count(ret, "repair_failures", object->repair_failures);
    member_encode_count(ret, "repair_due", object->repair_due_ms);
    if (object->origin != NULL)
        member_encode_number(ret, "origin", object->origin->slice);
    if (object->leaving != NULL) {
        buffer_add_string(ret, ",\"leaving\":");
        intent_encode(object->leaving, ret);
    }
    buffer_add_char(ret, '}');
}

static void write_system_starts(const Runtime *runtime, Buffer *ret)
{
    size_t count = 0;

    buffer_add_string(ret, ",\"system_starts\":[");
    for (const MapEntry *e = map_next(&runtime->system_starts, NULL); e != NULL;
         e = map_next(&runtime->system_starts, e)) {
        separate(ret, count++);
        json_put_string(ret, e->key);
    }
    buffer_add_char(ret, ']');
}

static void write_event(const Runtime *runtime, uint32_t event, const Value *arguments,
                        size_t count, Buffer *ret)
{
    buffer_add_string(ret, "{\"event\":");
    json_put_string(ret, runtime->program->events[event].name);
    buffer_add_string(ret, ",\"arguments\":");
    values_encode(arguments, count, ret);
}

static void write_said(const Runtime *runtime, Buffer *ret)
{
    buffer_add_string(ret, ",\"retained\":[");
    for (size_t i = 0; i < runtime->retained_count; i++) {
        const Retained *retained = &runtime->retained[i];
        separate(ret, i);
        write_event(runtime, retained->event, retained->arguments, retained->argument_count, ret);
        member_encode(ret, "domain", runtime->program->domains[retained->domain].name);
        if (retained->by != NULL)
            member_encode_number(ret, "parent", retained->by->slice);
        buffer_add_char(ret, '}');
    }
    buffer_add_string(ret, "],\"withdrawn\":[");
    for (size_t i = 0; i < runtime->withdrawn_count; i++) {
        const Withdrawn *withdrawn = &runtime->withdrawn[i];
        separate(ret, i);
        write_event(runtime, withdrawn->event, withdrawn->arguments, withdrawn->argument_count,
                    ret);
        member_encode_number(ret, "at", withdrawn->at);
        buffer_add_char(ret, '}');
    }
    buffer_add_char(ret, ']');
}

/* ---- lines ---- */

/* What makes lines of a state, one after the other in the same place. */
typedef struct Lines {
    const Runtime *runtime;
    const SnapshotOptions *options;
    StateLineVisit *visit;
    void *user;
    Buffer text;
    Error *err;
} Lines;

static int line_end(Lines *lines, bool is_item)
{
    StateLine line = {buffer_text(&lines->text), lines->text.size, is_item};
    int code = lines->visit(lines->user, &line, lines->err);

    buffer_reset(&lines->text);
    return code;
}

static void write_head(const Runtime *runtime, Buffer *ret)
{
    buffer_add_string(ret, "{\"lineage\":");
    json_put_string(ret, runtime->lineage);
    member_encode_number(ret, "epoch", runtime->epoch);
    member_encode_number(ret, "next_intent", runtime->next_intent);
    member_encode_number(ret, "next_message", runtime->next_message);
    member_encode_number(ret, "next_rank", runtime->next_rank);
    member_encode_number(ret, "next_sequence", runtime->next_sequence);
    member_encode_number(ret, "logical_time", runtime->logical_time);
    member_encode_number(ret, "time", runtime->time_ms);
    member_encode(ret, "boot_id", runtime->boot_id);
    member_encode(ret, "digest", runtime->program_digest);
    member_encode_flag(ret, "destroying", runtime->destroying);
}

/* The line of the frame that ends the table before, if there is one, and opens this one. */
static int table_begin(Lines *lines, SnapshotTable table)
{
    if (table == 0)
        write_head(lines->runtime, &lines->text);
    else
        buffer_add_char(&lines->text, ']');
    buffer_add_format(&lines->text, ",\"%s\":[", snapshot_table_name(table));
    return line_end(lines, false);
}

static int frame_end(Lines *lines)
{
    Buffer *text = &lines->text;

    buffer_add_char(text, ']');
    write_said(lines->runtime, text);
    write_system_starts(lines->runtime, text);
    facts_write(lines->runtime, text);
    if (lines->options->beside != NULL)
        buffer_add_string(text, lines->options->beside);
    buffer_add_char(text, '}');
    return line_end(lines, false);
}

static int trail_line(Lines *lines, const Trail *trail)
{
    trail_encode(trail, &lines->text);
    return line_end(lines, true);
}

static int instance_line(Lines *lines, const Instance *instance)
{
    write_instance(instance, &lines->text);
    return line_end(lines, true);
}

static int object_line(Lines *lines, const Object *object)
{
    write_object(object, &lines->text);
    return line_end(lines, true);
}

/* ---- all there is ---- */

static int all_trails(Lines *lines)
{
    const Trail *ring = &lines->runtime->trails;
    int code = 0;

    for (const Trail *t = ring->next; t != ring && code == 0; t = t->next)
        code = trail_line(lines, t);
    return code;
}

static int all_instances(Lines *lines)
{
    int code = 0;

    for (const Instance *i = instance_first(lines->runtime); i != NULL && code == 0;
         i = instance_next(i))
        code = instance_line(lines, i);
    return code;
}

static int all_objects(Lines *lines)
{
    int code = 0;

    for (size_t i = 0; i < lines->runtime->object_count && code == 0; i++)
        code = object_line(lines, lines->runtime->objects[i]);
    return code;
}

/* ---- what has changed ---- */

static int ended_lines(Lines *lines, SnapshotTable table)
{
    const Buffer *ended = &lines->options->changes->ended[table];
    LineReader reader = {.at = ended->bytes, .end = ended->bytes + ended->size};
    StateLine line;
    int code = 0;

    while (code == 0 && state_line_read(&reader, &line)) {
        line.is_item = true;
        code = lines->visit(lines->user, &line, lines->err);
    }
    return code;
}

/* Those that were thinned, and behind all that are kept the new ones, as they committed. */
static int changed_trails(Lines *lines)
{
    const Changes *changes = lines->options->changes;
    const Trail *ring = &lines->runtime->trails;
    const Trail *first =
        changes->first_new != NULL ? changes->first_new : changes_first_new(lines->runtime);
    int code = 0;

    for (size_t i = 0; i < changes->trail_count && code == 0; i++)
        code = trail_line(lines, changes->trails[i]);
    for (; first != ring && code == 0; first = first->next)
        code = trail_line(lines, first);
    return code;
}

/* As they stand among all. */
static int compare_places(const void *left, const void *right)
{
    const Instance *a = *(Instance *const *)left, *b = *(Instance *const *)right;

    if (a->domain_index != b->domain_index)
        return a->domain_index < b->domain_index ? -1 : 1;
    return a->born < b->born ? -1 : a->born > b->born;
}

static int compare_sequences(const void *left, const void *right)
{
    const Object *a = *(Object *const *)left, *b = *(Object *const *)right;

    return a->sequence < b->sequence ? -1 : a->sequence > b->sequence;
}

static int changed_instances(Lines *lines)
{
    const Changes *changes = lines->options->changes;
    size_t size = changes->instance_count * sizeof(Instance *);
    cleanup(free) Instance **instances = memory_alloc(size + 1);
    int code = 0;

    if (size > 0)
        memcpy(instances, changes->instances, size);
    qsort(instances, changes->instance_count, sizeof(Instance *), compare_places);
    for (size_t i = 0; i < changes->instance_count && code == 0; i++)
        code = instance_line(lines, instances[i]);
    return code;
}

/* All of the instances that have changed, by sequence. */
static Object **objects_of_changed(const Changes *changes, size_t *ret_count)
{
    Object **objects = NULL;
    size_t capacity = 0;

    *ret_count = 0;
    for (size_t i = 0; i < changes->instance_count; i++)
        for (Object *o = changes->instances[i]->has->first_object; o != NULL; o = o->owner_next) {
            memory_reserve_one(objects, *ret_count, capacity);
            objects[(*ret_count)++] = o;
        }
    if (*ret_count > 0)
        qsort(objects, *ret_count, sizeof(Object *), compare_sequences);
    return objects;
}

/* An instance may have many that are what they were. */
static int changed_objects(Lines *lines)
{
    size_t count;
    cleanup(free) Object **objects = objects_of_changed(lines->options->changes, &count);
    int code = 0;

    for (size_t i = 0; i < count && code == 0; i++) {
        write_object(objects[i], &lines->text);
        Digest128 digest = digest128_bytes(lines->text.bytes, lines->text.size, 1);
        if (digest == objects[i]->kept) {
            buffer_reset(&lines->text);
            continue;
        }
        objects[i]->kept = digest;
        code = line_end(lines, true);
    }
    return code;
}

typedef int TableWrite(Lines *lines);

static int tables_write(Lines *lines)
{
    static TableWrite *const all[] = {all_trails, all_instances, all_objects};
    static TableWrite *const changed[] = {changed_trails, changed_instances, changed_objects};
    int code = 0;

    for (SnapshotTable table = 0; table < TABLE_COUNT && code == 0; table++) {
        code = table_begin(lines, table);
        if (code == 0 && lines->options->changes != NULL)
            code = ended_lines(lines, table);
        if (code == 0)
            code = (lines->options->changes != NULL ? changed : all)[table](lines);
    }
    return code == 0 ? frame_end(lines) : code;
}

int snapshot_visit(const Runtime *runtime, const SnapshotOptions *options, StateLineVisit *visit,
                   void *user, Error *err)
{
    Lines lines = {
        .runtime = runtime, .options = options, .visit = visit, .user = user, .err = err};
    int code = tables_write(&lines);

    buffer_deinit(&lines.text);
    return code;
}

void snapshot_write(const Runtime *runtime, Buffer *ret)
{
    SnapshotOptions whole = {0};
    LineWriter writer = {.text = ret};

    snapshot_visit(runtime, &whole, state_line_write, &writer, NULL);
}
