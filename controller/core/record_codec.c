/* Records as JSON text and back. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "controller/core/record.h"
#include "lang/base/memory.h"

/* What every record may have; those that stand in a journal, its own three as well. */
#define COMMON_MEMBERS "type at domain key gone slice seq synced crc"

static const char *const record_names[] = {
#define RECORD(name, text, members) text,
#include "controller/core/record.def"
#undef RECORD
};

static const char *const record_members[] = {
#define RECORD(name, text, members) COMMON_MEMBERS " " members,
#include "controller/core/record.def"
#undef RECORD
};

const char *record_type_name(RecordType type)
{
    return record_names[type];
}

static int record_type_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(record_names); i++)
        if (name != NULL && strcmp(record_names[i], name) == 0)
            return (int)i;
    return -1;
}

/* ---- writing ---- */

static void encode_slice_parts(const Record *record, Buffer *ret)
{
    buffer_add_string(ret, ",\"cause\":");
    cause_encode(record->instance, &record->cause, ret);
    proposal_encode(record->instance, &record->proposal, ret);
    seen_facts_encode(&record->facts, ret);
}

static void encode_intents(const Record *record, Buffer *ret)
{
    buffer_add_string(ret, ",\"intents\":[");
    for (size_t i = 0; i < record->intent_count; i++) {
        if (i > 0)
            buffer_add_char(ret, ',');
        intent_encode(record->intents[i], ret);
    }
    buffer_add_char(ret, ']');
}

static void encode_times(const CallTimes *times, Buffer *ret)
{
    member_encode_count(ret, "durable", times->durable_ms);
    member_encode_count(ret, "sent", times->sent_ms);
    member_encode_count(ret, "answered", times->answered_ms);
    member_encode_count(ret, "sendings", times->sendings);
    member_encode(ret, "trouble", times->trouble);
}

static void encode_answer(const Record *record, Buffer *ret)
{
    member_encode_number(ret, "intent", record->intent);
    member_encode(ret, "outcome", outcome_name(record->outcome));
    member_encode(ret, "external_id", record->external_id);
    member_encode_json(ret, "result", record->result);
    member_encode(ret, "code", record->code);
    member_encode(ret, "text", record->text);
    encode_times(&record->times, ret);
}

static void encode_commit_parts(const Runtime *runtime, const Record *record, Buffer *ret)
{
    if (record->timer_count > 0)
        timers_encode(runtime, record->instance->domain_index, record->timers, record->timer_count,
                      ret);
    if (record->start_count == 0)
        return;
    buffer_add_string(ret, ",\"starts\":[");
    for (size_t i = 0; i < record->start_count; i++) {
        const InstanceStart *start = &record->starts[i];
        buffer_add_string(ret, i > 0 ? ",{\"domain\":" : "{\"domain\":");
        json_put_string(ret, runtime->program->domains[start->domain].name);
        member_encode(ret, "key", start->key);
        start_encode(runtime, start, ret);
        buffer_add_char(ret, '}');
    }
    buffer_add_char(ret, ']');
}

static void encode_whose(const Runtime *runtime, const Record *record, Buffer *ret)
{
    if (record->instance != NULL) {
        member_encode(ret, "domain", record->instance->domain->name);
        member_encode(ret, "key", record->instance->key);
        member_encode_flag(ret, "gone", record->instance->is_gone);
    } else if (record->type == RECORD_END) {
        member_encode(ret, "domain", runtime_domain(runtime, record->domain)->name);
        member_encode(ret, "key", record->key);
        member_encode_flag(ret, "gone", record->domain >= runtime->program->domain_count);
    }
}

static bool needs_instance(RecordType type)
{
    switch (type) {
    case RECORD_SLICE:
    case RECORD_PREPARE:
    case RECORD_COMMIT:
    case RECORD_ABORT:
    case RECORD_HEARD:
    case RECORD_FAULT:
    case RECORD_CRASH:
    case RECORD_TIMER:
    case RECORD_GOAL:
    case RECORD_MOVE:
    case RECORD_IMPORT:
    case RECORD_REDELIVER:
    case RECORD_RESUME:
        return true;
    case RECORD_BEGIN:
    case RECORD_START:
    case RECORD_ANSWER:
    case RECORD_OBSERVE:
    case RECORD_FACT:
    case RECORD_END:
    case RECORD_DESTROY:
    case RECORD_RESET:
    case RECORD_FORGET:
    case RECORD_MARK:
    case RECORD_ADOPT:
        return false;
    }
    return false;
}

void record_encode(const Runtime *runtime, const Record *record, Buffer *ret)
{
    assert(record->instance != NULL || !needs_instance(record->type));
    buffer_add_format(ret, "{\"type\":\"%s\"", record_names[record->type]);
    member_encode_number(ret, "at", record->time_ms);
    encode_whose(runtime, record, ret);
    if (record->slice != 0)
        member_encode_number(ret, "slice", record->slice);
    switch (record->type) {
    case RECORD_BEGIN:
        member_encode(ret, "digest", record->digest);
        member_encode(ret, "text", record->text);
        break;
    case RECORD_START:
        start_encode(runtime, record->starts, ret);
        member_encode_flag(ret, "by_system", record->by_system);
        break;
    case RECORD_END:
    case RECORD_RESET:
    case RECORD_RESUME:
        break;
    case RECORD_COMMIT:
    case RECORD_TIMER:
        encode_commit_parts(runtime, record, ret);
        break;
    case RECORD_PREPARE:
        encode_slice_parts(record, ret);
        encode_intents(record, ret);
        member_encode_flag(ret, "awaits", record->awaits);
        break;
    case RECORD_SLICE:
        encode_slice_parts(record, ret);
        encode_commit_parts(runtime, record, ret);
        break;
    case RECORD_ANSWER:
        encode_answer(record, ret);
        break;
    case RECORD_ABORT:
        member_encode_number(ret, "due", record->due_ms);
        member_encode(ret, "text", record->text);
        member_encode_flag(ret, "retry", record->retry);
        break;
    case RECORD_CRASH:
        if (record->has_cause) {
            buffer_add_string(ret, ",\"cause\":");
            cause_encode(record->instance, &record->cause, ret);
        }
        member_encode_count(ret, "due", record->due_ms);
        member_encode(ret, "text", record->text);
        member_encode_flag(ret, "retry", record->retry);
        break;
    case RECORD_REDELIVER:
        member_encode_number(ret, "message", record->message);
        break;
    case RECORD_HEARD:
        buffer_add_string(ret, ",\"cause\":");
        cause_encode(record->instance, &record->cause, ret);
        break;
    case RECORD_FAULT:
        buffer_add_string(ret, ",\"cause\":");
        cause_encode(record->instance, &record->cause, ret);
        seen_facts_encode(&record->facts, ret);
        member_encode(ret, "text", record->text);
        break;
    case RECORD_GOAL:
        member_encode(ret, "goal", record->instance->domain->goals[record->goal].name);
        buffer_add_format(ret, ",\"failed\":%s", record->failed ? "true" : "false");
        if (record->unmet_since_ms != 0)
            member_encode_number(ret, "unmet_since", record->unmet_since_ms);
        break;
    case RECORD_OBSERVE:
        member_encode(ret, "uid", record->uid);
        member_encode(ret, "object", object_state_name(record->object));
        member_encode_flag(ret, "changed", record->changed);
        member_encode(ret, "external_id", record->external_id);
        member_encode_json(ret, "result", record->result);
        member_encode(ret, "text", record->text);
        break;
    case RECORD_FACT:
        fact_record_encode(record, ret);
        break;
    case RECORD_DESTROY:
        encode_intents(record, ret);
        break;
    case RECORD_FORGET:
    case RECORD_MARK:
    case RECORD_MOVE:
    case RECORD_IMPORT:
    case RECORD_ADOPT:
        manual_record_encode(record, ret);
        break;
    }
    buffer_add_char(ret, '}');
}

/* ---- reading ---- */

static void intents_drop(Record *record)
{
    for (size_t i = 0; i < record->intent_count; i++)
        intent_free(record->intents[i]);
    record->intent_count = 0;
}

static int decode_intents(const Json *json, Arena *arena, Record *ret, Error *err)
{
    const Json *list = json_get(json, "intents");

    ret->intents = arena_array(arena, Intent *, json_count(list));
    for (const Json *item = json_first(list); item != NULL; item = json_next(item)) {
        if (intent_decode(item, &ret->intents[ret->intent_count], err) < 0) {
            intents_drop(ret);
            return ERROR_STATE;
        }
        ret->intent_count++;
    }
    return 0;
}

static const char *text_of(const Json *json, const char *key, Arena *arena)
{
    cleanup(free) char *text = member_copy_json(json, key);

    return text != NULL ? arena_copy_string(arena, text) : NULL;
}

static const char *string_of(const Json *json, const char *key, Arena *arena)
{
    const char *text = json_get_string(json, key, NULL);

    return text != NULL ? arena_copy_string(arena, text) : NULL;
}

static int decode_whose(Runtime *runtime, const Json *json, Arena *arena, Record *ret, Error *err)
{
    const char *name = json_get_string(json, "domain", NULL);

    if (name == NULL)
        return 0;
    int domain = runtime_domain_find(runtime, name, json_get_bool(json, "gone", false));
    if (domain < 0)
        return unknown_name(err, NULL, "domain", name);
    ret->domain = (uint32_t)domain;
    ret->key = string_of(json, "key", arena);
    ret->instance = instance_find(runtime, ret->domain, ret->key);
    if (ret->instance == NULL && ret->type != RECORD_START)
        return error_set(err, ERROR_STATE, "domain '%.100s'%s%.100s has not started", name,
                         ret->key != NULL ? " with key " : "", ret->key != NULL ? ret->key : "");
    return 0;
}

static int decode_goal(const Json *json, Record *ret, Error *err)
{
    const char *name = json_get_string(json, "goal", "");
    int goal = domain_find_goal(ret->instance->domain, name);

    if (goal < 0)
        return unknown_name(err, ret->instance->domain, "goal", name);
    ret->goal = (uint32_t)goal;
    ret->failed = json_get_bool(json, "failed", false);
    ret->unmet_since_ms = (uint64_t)json_get_int(json, "unmet_since", 0);
    return 0;
}

static int decode_start(Runtime *runtime, const Json *json, Arena *arena, Record *ret, Error *err)
{
    if (ret->instance != NULL || json_get(json, "domain") == NULL)
        return error_set(err, ERROR_STATE, "domain '%s' starts twice",
                         ret->instance ? ret->instance->domain->name : "");
    ret->starts = arena_new(arena, InstanceStart);
    ret->start_count = 1;
    ret->by_system = json_get_bool(json, "by_system", false);
    return start_decode(runtime, json, arena, ret->starts, err);
}

static int decode_commit_parts(Runtime *runtime, const Json *json, Arena *arena, Record *ret,
                               Error *err)
{
    const Json *starts = json_get(json, "starts");

    ret->starts = arena_array(arena, InstanceStart, json_count(starts));
    for (const Json *m = json_first(starts); m != NULL; m = json_next(m))
        if (members_check(m, "a start", "domain key set timers", err) < 0 ||
            start_decode(runtime, m, arena, &ret->starts[ret->start_count++], err) < 0)
            return ERROR_STATE;
    return timers_decode(runtime, ret->instance->domain_index, json_get(json, "timers"), arena,
                         &ret->timers, &ret->timer_count, err);
}

static int decode_cause(const Json *json, Record *ret, Error *err)
{
    if (cause_decode(ret->instance, json_get(json, "cause"), &ret->cause, err) < 0)
        return ERROR_STATE;
    if (ret->cause.kind == CAUSE_RUN && ret->cause.run >= ret->instance->has->run_count)
        return error_set(err, ERROR_STATE, "run %u of domain '%s' is not open", ret->cause.run,
                         ret->instance->domain->name);
    return 0;
}

static int decode_slice_parts(const Json *json, Arena *arena, Record *ret, Error *err)
{
    if (decode_cause(json, ret, err) < 0)
        return ERROR_STATE;
    ret->facts = seen_facts_decode(arena, json);
    return proposal_decode(ret->instance, json, arena, &ret->proposal, err);
}

static int decode_parts(Runtime *runtime, const Json *json, Arena *arena, Record *ret, Error *err)
{
    switch (ret->type) {
    case RECORD_START:
        return decode_start(runtime, json, arena, ret, err);
    case RECORD_SLICE:
        if (decode_slice_parts(json, arena, ret, err) < 0)
            return ERROR_STATE;
        return decode_commit_parts(runtime, json, arena, ret, err);
    case RECORD_COMMIT:
    case RECORD_TIMER:
        return decode_commit_parts(runtime, json, arena, ret, err);
    case RECORD_PREPARE:
        ret->awaits = json_get_bool(json, "awaits", false);
        if (decode_slice_parts(json, arena, ret, err) < 0)
            return ERROR_STATE;
        return decode_intents(json, arena, ret, err);
    case RECORD_FACT:
        return fact_record_decode(json, arena, ret, err);
    case RECORD_HEARD:
        return decode_cause(json, ret, err);
    case RECORD_CRASH:
        ret->has_cause = json_get(json, "cause") != NULL;
        return ret->has_cause ? decode_cause(json, ret, err) : 0;
    case RECORD_FAULT:
        ret->facts = seen_facts_decode(arena, json);
        return decode_cause(json, ret, err);
    case RECORD_GOAL:
        return decode_goal(json, ret, err);
    case RECORD_DESTROY:
        return decode_intents(json, arena, ret, err);
    case RECORD_MOVE:
    case RECORD_IMPORT:
        return seat_decode(json_get(json, "seat"), arena, &ret->seat, err);
    case RECORD_BEGIN:
    case RECORD_ANSWER:
    case RECORD_ABORT:
    case RECORD_OBSERVE:
    case RECORD_END:
    case RECORD_RESET:
    case RECORD_FORGET:
    case RECORD_MARK:
    case RECORD_REDELIVER:
    case RECORD_RESUME:
    case RECORD_ADOPT:
        return 0;
    }
    return 0;
}

static void decode_plain(const Json *json, Arena *arena, Record *ret)
{
    int state = object_state_find(json_get_string(json, "object", NULL));
    int outcome = outcome_find(json_get_string(json, "outcome", NULL));

    ret->time_ms = (uint64_t)json_get_int(json, "at", 0);
    ret->slice = (uint64_t)json_get_int(json, "slice", 0);
    ret->intent = (uint64_t)json_get_int(json, "intent", 0);
    ret->due_ms = (uint64_t)json_get_int(json, "due", 0);
    ret->message = (uint64_t)json_get_int(json, "message", 0);
    ret->retry = json_get_bool(json, "retry", false);
    ret->changed = json_get_bool(json, "changed", false);
    ret->outcome = outcome < 0 ? INTENT_OPEN : (IntentState)outcome;
    ret->object = state < 0 ? OBJECT_READY : (ObjectState)state;
    ret->external_id = string_of(json, "external_id", arena);
    ret->code = string_of(json, "code", arena);
    ret->text = string_of(json, "text", arena);
    ret->uid = string_of(json, "uid", arena);
    ret->digest = string_of(json, "digest", arena);
    ret->result = text_of(json, "result", arena);
}

int record_decode(Runtime *runtime, const Json *json, Arena *arena, Record *ret, Error *err)
{
    const char *name = json_get_string(json, "type", NULL);
    int type = record_type_find(name);
    char what[80];

    if (type < 0)
        return error_set(err, ERROR_STATE, "record of unknown type '%.50s'", name ? name : "");
    snprintf(what, sizeof what, "a record of type '%s'", name);
    if (members_check(json, what, record_members[type], err) < 0)
        return ERROR_STATE;
    *ret = (Record){.type = (RecordType)type, .cause = cause_of(CAUSE_BOOT)};
    decode_plain(json, arena, ret);
    if (decode_whose(runtime, json, arena, ret, err) < 0)
        return ERROR_STATE;
    if ((needs_instance(ret->type) || ret->type == RECORD_END) && ret->instance == NULL)
        return error_set(err, ERROR_STATE, "a '%s' record without a domain", name);
    return decode_parts(runtime, json, arena, ret, err);
}
