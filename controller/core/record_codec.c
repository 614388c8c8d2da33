/* Records as JSON text; back: record_read.c. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "controller/core/record.h"
#include "lang/base/memory.h"

static const char *const record_names[] = {
#define RECORD(name, text, members) text,
#include "controller/core/record.def"
#undef RECORD
};

const char *record_type_name(RecordType type)
{
    return record_names[type];
}

static void encode_cause(const Record *record, Buffer *ret)
{
    Cause cause = record->cause;

    if (record->hears_next)
        cause.message = 0;
    member_begin(ret, "cause");
    cause_encode(record->instance, &cause, ret);
}

static void encode_slice_parts(const Record *record, Buffer *ret)
{
    encode_cause(record, ret);
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

bool record_needs_instance(RecordType type)
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

/* A slice is known by its number; every other record says its type. */
static void encode_head(const Record *record, Buffer *ret)
{
    size_t start = ret->size;

    if (record->type != RECORD_SLICE || record->slice == 0)
        member_encode(ret, "type", record_names[record->type]);
    member_encode_count(ret, "slice", record->slice);
    ret->bytes[start] = '{'; /* for the comma */
    if (!record->same_time)
        member_encode_number(ret, "at", record->time_ms);
}

void record_abridge(Record *record, bool follows)
{
    const Message *next = record->instance != NULL && record->cause.kind == CAUSE_MESSAGE &&
                                  record->cause.message != 0
                              ? mailbox_peek(&record->instance->active->mailbox)
                              : NULL;

    record->same_time = follows;
    record->hears_next = next != NULL && next->id == record->cause.message;
}

void record_encode(const Runtime *runtime, const Record *record, Buffer *ret)
{
    assert(record->instance != NULL || !record_needs_instance(record->type));
    encode_head(record, ret);
    encode_whose(runtime, record, ret);
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
            encode_cause(record, ret);
        }
        member_encode_count(ret, "due", record->due_ms);
        member_encode(ret, "text", record->text);
        member_encode_flag(ret, "retry", record->retry);
        break;
    case RECORD_REDELIVER:
        member_encode_number(ret, "message", record->message);
        break;
    case RECORD_HEARD:
        encode_cause(record, ret);
        break;
    case RECORD_FAULT:
        encode_cause(record, ret);
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

/* ---- as they stand ---- */

void cause_unabridge(Json *cause)
{
    bool has_goal = json_get(cause, "goal") != NULL;

    if (json_is_object(cause) && json_get(cause, "by") == NULL)
        json_set_string(cause, "by", cause_kind_name(has_goal ? CAUSE_GOAL : CAUSE_MESSAGE));
}

void record_unabridge(Json *record, int64_t *last_at)
{
    if (json_get(record, "type") == NULL)
        json_set_string(record, "type", record_names[RECORD_SLICE]);
    if (json_get(record, "at") == NULL)
        json_set_int(record, "at", *last_at);
    *last_at = json_get_int(record, "at", 0);
    cause_unabridge(json_get(record, "cause"));
}
