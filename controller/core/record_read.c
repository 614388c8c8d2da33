/* Records read back from JSON text.
 *
 * First the members are found, wherever they stand; then they are read in the order in which one
 * needs what another says: whose record it is, then the names that are that domain's. What nearly
 * every record has is read where it stands, the rest from a tree of the record. */
#include <stdio.h>
#include <string.h>

#include "controller/core/members.h"
#include "controller/core/record.h"
#include "lang/base/memory.h"

typedef enum MemberName {
#define MEMBER(name) MEMBER_##name,
#include "controller/core/member.def"
#undef MEMBER
    MEMBER_COUNT
} MemberName;

static const JsonWord member_words[] = {
#define MEMBER(name) JSON_WORD(#name),
#include "controller/core/member.def"
#undef MEMBER
};

_Static_assert(MEMBER_COUNT <= MEMBERS_MAX, "a bit each");

#define COMMON_MEMBERS                                                                             \
    (UINT64_C(1) << MEMBER_type | UINT64_C(1) << MEMBER_at | UINT64_C(1) << MEMBER_domain |        \
     UINT64_C(1) << MEMBER_key | UINT64_C(1) << MEMBER_gone | UINT64_C(1) << MEMBER_slice)

static const uint64_t type_members[] = {
#define RECORD(name, text, members) COMMON_MEMBERS | members,
#include "controller/core/record.def"
#undef RECORD
};

/* A record that is being read. */
typedef struct RecordReading {
    Runtime *runtime;
    Arena *arena;
    const char *text;
    size_t size;
    const char *type; /* its name, once it was read */
    Members members;
    Json *tree; /* once something was read from it */
    Error *err;
} RecordReading;

static void reading_init(RecordReading *reading, Runtime *runtime, Arena *arena, Error *err)
{
    members_init(&reading->members, member_words, MEMBER_COUNT, arena);
    reading->runtime = runtime;
    reading->arena = arena;
    reading->type = NULL;
    reading->tree = NULL;
    reading->err = err;
}

static void reading_deinit(RecordReading *reading)
{
    json_free(reading->tree);
}
#define reading_deinit_p reading_deinit

/* ---- members ---- */

static JsonPull *member(RecordReading *reading, MemberName name)
{
    return members_get(&reading->members, name);
}

static uint64_t count_of(RecordReading *reading, MemberName name)
{
    return members_number(&reading->members, name);
}

static bool flag_of(RecordReading *reading, MemberName name)
{
    return members_flag(&reading->members, name);
}

static const char *string_of(RecordReading *reading, MemberName name)
{
    return members_string(&reading->members, name);
}

static const char *json_of(RecordReading *reading, MemberName name)
{
    cleanup(json_free) Json *tree = members_tree(&reading->members, name);
    cleanup(buffer_deinit) Buffer text = {0};

    if (tree == NULL)
        return NULL;
    json_write(&text, tree);
    return arena_copy_bytes(reading->arena, text.bytes, text.size);
}

static int member_refuse(RecordReading *reading, const char *name)
{
    char what[80] = "a record";

    if (reading->type == NULL && member(reading, MEMBER_type) != NULL)
        reading->type = string_of(reading, MEMBER_type);
    if (reading->type != NULL)
        snprintf(what, sizeof what, "a record of type '%.40s'", reading->type);
    return member_unknown(reading->err, what, name);
}

static int find_members(RecordReading *reading)
{
    const char *other;

    return members_find(&reading->members, json_pull(reading->text, reading->size), &other)
               ? 0
               : member_refuse(reading, other);
}

/* The whole record as a tree; NULL, with a sentence: it is none. */
static const Json *tree_of(RecordReading *reading)
{
    if (reading->tree == NULL)
        json_parse_own(reading->text, reading->size, &reading->tree, reading->err);
    return reading->tree;
}

/* Was what was read of the members as it must be? */
static int check_members(RecordReading *reading)
{
    const char *failed = members_done(&reading->members);

    return failed == NULL ? 0 : member_refuse(reading, failed);
}

/* ---- parts ---- */

static int read_type(RecordReading *reading, RecordType *ret)
{
    const char *name = reading->type = string_of(reading, MEMBER_type);

    if (name == NULL && member(reading, MEMBER_slice) != NULL)
        name = record_type_name(RECORD_SLICE);
    for (size_t i = 0; name != NULL && i < ARRAY_SIZE(type_members); i++)
        if (strcmp(record_type_name((RecordType)i), name) == 0) {
            *ret = (RecordType)i;
            return 0;
        }
    return error_set(reading->err, ERROR_STATE, "record of unknown type '%.50s'",
                     name != NULL ? name : "");
}

static int members_allowed(RecordReading *reading, RecordType type)
{
    uint64_t others = reading->members.seen & ~type_members[type];

    return others == 0 ? 0 : member_refuse(reading, member_words[__builtin_ctzll(others)].text);
}

static int read_whose(RecordReading *reading, Record *ret)
{
    const char *name = string_of(reading, MEMBER_domain);

    if (name == NULL)
        return 0;
    int domain = runtime_domain_find(reading->runtime, name, flag_of(reading, MEMBER_gone));
    if (domain < 0)
        return unknown_name(reading->err, NULL, "domain", name);
    ret->domain = (uint32_t)domain;
    ret->key = string_of(reading, MEMBER_key);
    ret->instance = instance_find(reading->runtime, ret->domain, ret->key);
    if (ret->instance == NULL && ret->type != RECORD_START)
        return error_set(reading->err, ERROR_STATE, "domain '%.100s'%s%.100s has not started", name,
                         ret->key != NULL ? " with key " : "", ret->key != NULL ? ret->key : "");
    return 0;
}

static int read_cause(RecordReading *reading, Record *ret)
{
    JsonPull *pull = member(reading, MEMBER_cause), none = json_pull("{}", 2);

    if (cause_pull(ret->instance, pull != NULL ? pull : &none, reading->arena, &ret->cause,
                   reading->err) < 0)
        return ERROR_STATE;
    if (ret->cause.kind == CAUSE_MESSAGE && ret->cause.message == 0) {
        const Message *next = mailbox_peek(&ret->instance->active->mailbox);
        if (next == NULL)
            return error_set(reading->err, ERROR_STATE, "no message waits for domain '%s'",
                             ret->instance->domain->name);
        ret->cause.message = next->id;
    }
    if (ret->cause.kind == CAUSE_RUN && ret->cause.run >= ret->instance->has->run_count)
        return error_set(reading->err, ERROR_STATE, "run %u of domain '%s' is not open",
                         ret->cause.run, ret->instance->domain->name);
    return 0;
}

static int read_facts(RecordReading *reading, Record *ret)
{
    if (member(reading, MEMBER_facts) == NULL)
        return 0;
    const Json *tree = tree_of(reading);
    if (tree == NULL)
        return ERROR_STATE;
    ret->facts = seen_facts_decode(reading->arena, tree);
    return 0;
}

static int read_computed(RecordReading *reading, Record *ret)
{
    ProposalParts parts = {.set = member(reading, MEMBER_set),
                           .left = member(reading, MEMBER_left),
                           .reads = member(reading, MEMBER_reads),
                           .out = member(reading, MEMBER_out),
                           .yield = member(reading, MEMBER_yield),
                           .locals = member(reading, MEMBER_locals)};

    if (read_cause(reading, ret) < 0 || read_facts(reading, ret) < 0)
        return ERROR_STATE;
    return proposal_pull(ret->instance, &parts, reading->arena, &ret->proposal, reading->err);
}

static int read_timers(RecordReading *reading, Record *ret)
{
    JsonPull *timers = member(reading, MEMBER_timers);

    return timers == NULL
               ? 0
               : timers_pull(reading->runtime, ret->instance->domain_index, timers, false,
                             reading->arena, &ret->timers, &ret->timer_count, reading->err);
}

static int read_commit(RecordReading *reading, Record *ret)
{
    JsonPull *starts = member(reading, MEMBER_starts);

    if (starts != NULL && starts_pull(reading->runtime, starts, reading->arena, &ret->starts,
                                      &ret->start_count, reading->err) < 0)
        return ERROR_STATE;
    return read_timers(reading, ret);
}

static int read_start(RecordReading *reading, Record *ret)
{
    if (ret->instance != NULL || member(reading, MEMBER_domain) == NULL)
        return error_set(reading->err, ERROR_STATE, "domain '%s' starts twice",
                         ret->instance ? ret->instance->domain->name : "");
    StartParts parts = {.domain = runtime_domain(reading->runtime, ret->domain)->name,
                        .key = ret->key,
                        .set = member(reading, MEMBER_set),
                        .timers = member(reading, MEMBER_timers)};
    ret->starts = arena_new(reading->arena, InstanceStart);
    ret->start_count = 1;
    ret->by_system = flag_of(reading, MEMBER_by_system);
    return start_pull(reading->runtime, &parts, reading->arena, ret->starts, reading->err);
}

static void intents_drop(Record *record)
{
    for (size_t i = 0; i < record->intent_count; i++)
        intent_free(record->intents[i]);
    record->intent_count = 0;
}

static int read_intents(RecordReading *reading, Record *ret)
{
    const Json *list = json_get(tree_of(reading), "intents");

    if (reading->tree == NULL)
        return ERROR_STATE;
    ret->intents = arena_array(reading->arena, Intent *, json_count(list));
    for (const Json *item = json_first(list); item != NULL; item = json_next(item)) {
        if (intent_decode(item, &ret->intents[ret->intent_count], reading->err) < 0) {
            intents_drop(ret);
            return ERROR_STATE;
        }
        ret->intent_count++;
    }
    return 0;
}

static void read_put_off(RecordReading *reading, Record *ret)
{
    ret->due_ms = count_of(reading, MEMBER_due);
    ret->text = string_of(reading, MEMBER_text);
    ret->retry = flag_of(reading, MEMBER_retry);
}

static int read_goal(RecordReading *reading, Record *ret)
{
    const char *name = string_of(reading, MEMBER_goal);
    int goal = domain_find_goal(ret->instance->domain, name != NULL ? name : "");

    if (goal < 0)
        return unknown_name(reading->err, ret->instance->domain, "goal", name);
    ret->goal = (uint32_t)goal;
    ret->failed = flag_of(reading, MEMBER_failed);
    ret->unmet_since_ms = count_of(reading, MEMBER_unmet_since);
    return 0;
}

static void read_observation(RecordReading *reading, Record *ret)
{
    int state = object_state_find(string_of(reading, MEMBER_object));

    ret->object = state < 0 ? OBJECT_READY : (ObjectState)state;
    ret->uid = string_of(reading, MEMBER_uid);
    ret->changed = flag_of(reading, MEMBER_changed);
    ret->external_id = string_of(reading, MEMBER_external_id);
    ret->result = json_of(reading, MEMBER_result);
    ret->text = string_of(reading, MEMBER_text);
}

static void read_answer(RecordReading *reading, Record *ret)
{
    int outcome = outcome_find(string_of(reading, MEMBER_outcome));

    ret->outcome = outcome < 0 ? INTENT_OPEN : (IntentState)outcome;
    ret->intent = count_of(reading, MEMBER_intent);
    ret->external_id = string_of(reading, MEMBER_external_id);
    ret->result = json_of(reading, MEMBER_result);
    ret->code = string_of(reading, MEMBER_code);
    ret->text = string_of(reading, MEMBER_text);
    ret->times = (CallTimes){.durable_ms = count_of(reading, MEMBER_durable),
                             .sent_ms = count_of(reading, MEMBER_sent),
                             .answered_ms = count_of(reading, MEMBER_answered),
                             .sendings = (uint32_t)count_of(reading, MEMBER_sendings),
                             .trouble = string_of(reading, MEMBER_trouble)};
}

static int read_seat(RecordReading *reading, Record *ret)
{
    const Json *tree = tree_of(reading);

    if (tree == NULL)
        return ERROR_STATE;
    ret->uid = string_of(reading, MEMBER_uid);
    ret->intent = count_of(reading, MEMBER_intent);
    ret->external_id = string_of(reading, MEMBER_external_id);
    ret->result = json_of(reading, MEMBER_result);
    return seat_decode(json_get(tree, "seat"), reading->arena, &ret->seat, reading->err);
}

static int read_fact(RecordReading *reading, Record *ret)
{
    const Json *tree = tree_of(reading);

    return tree != NULL ? fact_record_decode(tree, reading->arena, ret, reading->err) : ERROR_STATE;
}

static int read_parts(RecordReading *reading, Record *ret)
{
    switch (ret->type) {
    case RECORD_START:
        return read_start(reading, ret);
    case RECORD_SLICE:
        return read_computed(reading, ret) < 0 ? ERROR_STATE : read_commit(reading, ret);
    case RECORD_COMMIT:
    case RECORD_TIMER:
        return read_commit(reading, ret);
    case RECORD_PREPARE:
        ret->awaits = flag_of(reading, MEMBER_awaits);
        return read_computed(reading, ret) < 0 ? ERROR_STATE : read_intents(reading, ret);
    case RECORD_FACT:
        return read_fact(reading, ret);
    case RECORD_HEARD:
        return read_cause(reading, ret);
    case RECORD_FAULT:
        ret->text = string_of(reading, MEMBER_text);
        return read_facts(reading, ret) < 0 ? ERROR_STATE : read_cause(reading, ret);
    case RECORD_CRASH:
        read_put_off(reading, ret);
        ret->has_cause = member(reading, MEMBER_cause) != NULL;
        return ret->has_cause ? read_cause(reading, ret) : 0;
    case RECORD_GOAL:
        return read_goal(reading, ret);
    case RECORD_DESTROY:
        return read_intents(reading, ret);
    case RECORD_MOVE:
    case RECORD_IMPORT:
        return read_seat(reading, ret);
    case RECORD_BEGIN:
        ret->digest = string_of(reading, MEMBER_digest);
        ret->text = string_of(reading, MEMBER_text);
        ret->plugins = json_of(reading, MEMBER_plugins);
        return 0;
    case RECORD_ANSWER:
        read_answer(reading, ret);
        return 0;
    case RECORD_ABORT:
        read_put_off(reading, ret);
        return 0;
    case RECORD_OBSERVE:
        read_observation(reading, ret);
        return 0;
    case RECORD_FORGET:
    case RECORD_MARK:
        ret->uid = string_of(reading, MEMBER_uid);
        ret->text = string_of(reading, MEMBER_text);
        return 0;
    case RECORD_ADOPT:
        ret->intent = count_of(reading, MEMBER_intent);
        return 0;
    case RECORD_REDELIVER:
        ret->message = count_of(reading, MEMBER_message);
        return 0;
    case RECORD_END:
    case RECORD_RESET:
    case RECORD_RESUME:
        return 0;
    }
    return 0;
}

int record_read(Runtime *runtime, const char *text, size_t size, Arena *arena, Record *ret,
                Error *err)
{
    cleanup(reading_deinit) RecordReading reading;
    RecordType type = RECORD_SLICE;

    reading_init(&reading, runtime, arena, err);
    reading.text = text;
    reading.size = size;
    if (find_members(&reading) < 0 || read_type(&reading, &type) < 0 ||
        members_allowed(&reading, type) < 0)
        return ERROR_STATE;
    *ret = (Record){.type = type,
                    .time_ms = member(&reading, MEMBER_at) != NULL ? count_of(&reading, MEMBER_at)
                                                                   : runtime->record_ms,
                    .slice = count_of(&reading, MEMBER_slice),
                    .cause = cause_of(CAUSE_BOOT)};
    if (read_whose(&reading, ret) < 0)
        return ERROR_STATE;
    if ((record_needs_instance(type) || type == RECORD_END) && ret->instance == NULL)
        return error_set(err, ERROR_STATE, "a '%s' record without a domain",
                         record_type_name(type));
    if (read_parts(&reading, ret) < 0)
        return ERROR_STATE;
    if (check_members(&reading) == 0)
        return 0;
    intents_drop(ret);
    return ERROR_STATE;
}

int record_decode(Runtime *runtime, const Json *json, Arena *arena, Record *ret, Error *err)
{
    cleanup(buffer_deinit) Buffer text = {0};

    json_write(&text, json);
    return record_read(runtime, buffer_text(&text), text.size, arena, ret, err);
}
