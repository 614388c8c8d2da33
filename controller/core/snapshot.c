#include "snapshot.h"

#include <string.h>

#include "lang/base/memory.h"

static void number(Buffer *ret, const char *key, uint64_t value)
{
    buffer_add_format(ret, ",\"%s\":%llu", key, (unsigned long long)value);
}

static void flag(Buffer *ret, const char *key, bool value)
{
    if (value)
        buffer_add_format(ret, ",\"%s\":true", key);
}

static void raw(Buffer *ret, const char *key, const char *json)
{
    if (json != NULL)
        buffer_add_format(ret, ",\"%s\":%s", key, json);
}

static void separate(Buffer *ret, size_t index)
{
    if (index > 0)
        buffer_add_char(ret, ',');
}

/* ---- writing ---- */

static void write_message(const Instance *instance, const Message *message, Buffer *ret)
{
    const Program *program = instance->runtime->program;

    buffer_add_format(ret, "{\"id\":%llu", (unsigned long long)message->id);
    if (message->is_event)
        member_encode(ret, "event", program->events[message->target].name);
    else
        member_encode(ret, "transition", instance->domain->transitions[message->target].name);
    member_encode(ret, "from", program->domains[message->from].name);
    flag(ret, "high", message->high);
    number(ret, "attempts", message->attempts);
    if (message->due_ms != 0)
        number(ret, "due", message->due_ms);
    number(ret, "parent", message->parent);
    buffer_add_string(ret, ",\"arguments\":");
    values_encode(message->arguments, message->argument_count, ret);
    buffer_add_char(ret, '}');
}

static void write_mailbox(const Instance *instance, Buffer *ret)
{
    const Message *message;

    buffer_add_string(ret, ",\"mailbox\":[");
    for (size_t i = 0; (message = mailbox_at(&instance->mailbox, i)) != NULL; i++) {
        separate(ret, i);
        write_message(instance, message, ret);
    }
    buffer_add_string(ret, "],\"dead_letters\":[");
    for (size_t i = 0; i < instance->dead_letter_count; i++) {
        separate(ret, i);
        buffer_add_string(ret, "{\"message\":");
        write_message(instance, instance->dead_letters[i].message, ret);
        member_encode(ret, "reason", instance->dead_letters[i].reason);
        buffer_add_char(ret, '}');
    }
    buffer_add_char(ret, ']');
    number(ret, "high_in_row", instance->mailbox.high_in_row);
    number(ret, "handlers_in_row", instance->handlers_in_row);
}

static void write_digest(Buffer *ret, const char *key, Digest128 digest)
{
    buffer_add_format(ret, ",\"%s\":\"%016llx%016llx\"", key, (unsigned long long)(digest >> 64),
                      (unsigned long long)digest);
}

static void write_runs(const Instance *instance, Buffer *ret)
{
    static const char *const kinds[] = {"boot", "goal", "message", "run", "fallback", "repair"};

    buffer_add_string(ret, ",\"runs\":[");
    for (size_t i = 0; i < instance->run_count; i++) {
        const Run *run = &instance->runs[i];
        separate(ret, i);
        buffer_add_format(ret, "{\"kind\":\"%s\"", kinds[run->kind]);
        member_encode(ret, "transition", instance->domain->transitions[run->transition].name);
        number(ret, "next", run->next_step);
        if (run->goal >= 0)
            member_encode(ret, "goal", instance->domain->goals[run->goal].name);
        write_digest(ret, "began", run->began);
        buffer_add_string(ret, ",\"arguments\":");
        values_encode(run->arguments, run->argument_count, ret);
        buffer_add_char(ret, '}');
    }
    buffer_add_char(ret, ']');
}

static void write_marks(const Instance *instance, Buffer *ret)
{
    buffer_add_string(ret, ",\"transitions\":{");
    for (size_t i = 0; i < instance->domain->transition_count; i++) {
        const TransitionMark *mark = &instance->transitions[i];
        separate(ret, i);
        json_put_string(ret, instance->domain->transitions[i].name);
        buffer_add_format(ret, ":{\"failures\":%u", mark->failures);
        flag(ret, "blocked", mark->blocked && mark->blocked_version == instance->version);
        flag(ret, "faulted", mark->faulted);
        number(ret, "due", mark->due_ms);
        flag(ret, "given_up", mark->given_up);
        member_encode(ret, "reason", mark->reason);
        buffer_add_char(ret, '}');
    }
    buffer_add_string(ret, "},\"goals\":{");
    for (size_t i = 0; i < instance->domain->goal_count; i++) {
        const GoalMark *mark = &instance->goals[i];
        separate(ret, i);
        json_put_string(ret, instance->domain->goals[i].name);
        buffer_add_format(ret, ":{\"retries\":%u", mark->retries);
        flag(ret, "failed", mark->failed);
        flag(ret, "fallback_done", mark->fallback_done);
        number(ret, "unmet_since", mark->unmet_since_ms);
        if (mark->last_transition >= 0)
            member_encode(ret, "last", instance->domain->transitions[mark->last_transition].name);
        buffer_add_char(ret, '}');
    }
    buffer_add_char(ret, '}');
}

static void write_pending(const Instance *instance, Buffer *ret)
{
    const Pending *pending = instance->pending;

    if (pending == NULL)
        return;
    buffer_add_format(
        ret, ",\"pending\":{\"slice\":%llu,\"cause\":", (unsigned long long)pending->slice);
    cause_encode(instance, &pending->cause, ret);
    buffer_add_string(ret, ",\"set\":");
    changes_encode(instance, pending->changes, pending->change_count, ret);
    buffer_add_string(ret, ",\"out\":");
    emissions_encode(instance->runtime, pending->emissions, pending->emission_count, ret);
    flag(ret, "awaits", pending->awaits);
    buffer_add_string(ret, ",\"intents\":[");
    for (size_t i = 0; i < pending->intent_count; i++) {
        separate(ret, i);
        intent_encode(pending->intents[i], ret);
    }
    buffer_add_string(ret, "]}");
}

static void write_deeds(const Instance *instance, Buffer *ret)
{
    buffer_add_string(ret, ",\"deeds\":[");
    for (size_t i = 0; i < instance->deed_count; i++) {
        const Deed *deed = &instance->deeds[i];
        separate(ret, i);
        buffer_add_string(ret, "{\"place\":");
        json_put_string(ret, deed->place_key);
        member_encode(ret, "where", deed->where);
        flag(ret, "keyed", deed->keyed);
        raw(ret, "arguments", deed->arguments);
        raw(ret, "result", deed->result);
        buffer_add_char(ret, '}');
    }
    buffer_add_char(ret, ']');
}

static void write_instance(const Instance *instance, Buffer *ret)
{
    buffer_add_string(ret, "{\"domain\":");
    json_put_string(ret, instance->domain->name);
    flag(ret, "booted", instance->booted);
    buffer_add_string(ret, ",\"state\":{");
    for (size_t i = 0; i < instance->domain->field_count; i++) {
        separate(ret, i);
        json_put_string(ret, instance->domain->fields[i].name);
        buffer_add_char(ret, ':');
        value_encode(ret, instance->fields[i]);
    }
    buffer_add_char(ret, '}');
    member_encode(ret, "unlocked_by", instance->unlocked_by);
    write_mailbox(instance, ret);
    write_runs(instance, ret);
    write_marks(instance, ret);
    write_pending(instance, ret);
    write_deeds(instance, ret);
    buffer_add_char(ret, '}');
}

static void write_origin(const Instance *instance, const Origin *origin, Buffer *ret)
{
    buffer_add_format(ret, "{\"slice\":%llu,\"cause\":", (unsigned long long)origin->slice);
    cause_encode(instance, &origin->cause, ret);
    member_encode(ret, "where", origin->where);
    buffer_add_string(ret, ",\"state\":{");
    for (size_t i = 0; i < origin->field_count; i++) {
        separate(ret, i);
        json_put_string(ret, origin->field_names[i]);
        buffer_add_char(ret, ':');
        value_encode(ret, origin->fields[i]);
    }
    buffer_add_string(ret, "},\"arguments\":");
    values_encode(origin->arguments, origin->argument_count, ret);
    buffer_add_string(ret, ",\"results\":[");
    for (size_t i = 0; i < origin->result_count; i++) {
        separate(ret, i);
        buffer_add_format(ret, "{\"failed\":%s", origin->failed[i] ? "true" : "false");
        raw(ret, "result", origin->results[i]);
        buffer_add_char(ret, '}');
    }
    buffer_add_string(ret, "]}");
}

static void write_object(const Object *object, Buffer *ret)
{
    buffer_add_format(ret, "{\"uid\":\"%s\",\"state\":\"%s\",\"before\":\"%s\"", object->uid,
                      object_state_name(object->state), object_state_name(object->before));
    flag(ret, "exists", object->exists);
    member_encode(ret, "domain", object->owner->domain->name);
    member_encode(ret, "where", object->place.where);
    member_encode(ret, "effect", object->place.effect);
    number(ret, "site", object->place.site);
    number(ret, "ordinal", object->ordinal);
    member_encode(ret, "name", object->name);
    member_encode(ret, "provider", object->provider);
    member_encode(ret, "action", object->action);
    member_encode(ret, "type", object->type);
    member_encode(ret, "external_id", object->external_id);
    raw(ret, "inputs", object->inputs);
    raw(ret, "outputs", object->outputs);
    member_encode(ret, "reason", object->reason);
    number(ret, "rank", object->rank);
    number(ret, "sequence", object->sequence);
    number(ret, "generation", object->generation);
    number(ret, "repair_failures", object->repair_failures);
    number(ret, "repair_due", object->repair_due_ms);
    if (object->origin != NULL)
        number(ret, "origin", object->origin->slice);
    if (object->leaving != NULL) {
        buffer_add_string(ret, ",\"leaving\":");
        intent_encode(object->leaving, ret);
    }
    buffer_add_char(ret, '}');
}

/* Each origin once, in the order of the objects that point at them. */
static void write_origins(const Runtime *runtime, Buffer *ret)
{
    size_t count = 0;

    buffer_add_string(ret, ",\"origins\":[");
    for (size_t i = 0; i < runtime->object_count; i++) {
        const Origin *origin = runtime->objects[i]->origin;
        bool written = origin == NULL;
        for (size_t k = 0; k < i && !written; k++)
            written = runtime->objects[k]->origin == origin;
        if (written)
            continue;
        separate(ret, count++);
        write_origin(runtime->objects[i]->owner, origin, ret);
    }
    buffer_add_char(ret, ']');
}

void snapshot_write(const Runtime *runtime, Buffer *ret)
{
    buffer_add_string(ret, "{\"lineage\":");
    json_put_string(ret, runtime->lineage);
    number(ret, "epoch", runtime->epoch);
    number(ret, "next_intent", runtime->next_intent);
    number(ret, "next_message", runtime->next_message);
    number(ret, "next_rank", runtime->next_rank);
    number(ret, "next_sequence", runtime->next_sequence);
    number(ret, "logical_time", runtime->logical_time);
    number(ret, "time", runtime->time_ms);
    member_encode(ret, "boot_id", runtime->boot_id);
    member_encode(ret, "digest", runtime->program_digest);
    flag(ret, "destroying", runtime->destroying);
    buffer_add_string(ret, ",\"domains\":[");
    for (size_t i = 0; i < runtime->instance_count; i++) {
        separate(ret, i);
        write_instance(runtime->instances[i], ret);
    }
    buffer_add_string(ret, "],\"objects\":[");
    for (size_t i = 0; i < runtime->object_count; i++) {
        separate(ret, i);
        write_object(runtime->objects[i], ret);
    }
    buffer_add_char(ret, ']');
    write_origins(runtime, ret);
    buffer_add_string(ret, ",\"retained\":[");
    for (size_t i = 0; i < runtime->retained_count; i++) {
        const Retained *retained = &runtime->retained[i];
        separate(ret, i);
        buffer_add_string(ret, "{\"event\":");
        json_put_string(ret, runtime->program->events[retained->event].name);
        member_encode(ret, "domain", runtime->program->domains[retained->domain].name);
        buffer_add_string(ret, ",\"arguments\":");
        values_encode(retained->arguments, retained->argument_count, ret);
        buffer_add_char(ret, '}');
    }
    buffer_add_string(ret, "]}");
}
