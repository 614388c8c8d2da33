#include "controller/host/effect_trace.h"

#include <string.h>

#include "controller/core/record.h"
#include "controller/host/timestamp.h"
#include "lang/base/memory.h"

#define PREFIX_MIN 6

static const char *const stage_names[] = {
#define STAGE(name, text) #name,
#include "controller/host/effect_stage.def"
#undef STAGE
};

static const char *const stage_meanings[] = {
#define STAGE(name, text) text,
#include "controller/host/effect_stage.def"
#undef STAGE
};

const char *effect_stage_name(EffectStage stage)
{
    return stage_names[stage];
}

const char *effect_stage_meaning(EffectStage stage)
{
    return stage_meanings[stage];
}

static void trace_deinit(EffectTrace *trace)
{
    free(trace->address);
    free(trace->effect);
    free(trace->verb);
    free(trace->op);
    free(trace->uid);
    free(trace->domain);
    free(trace->key);
    json_free(trace->cause);
    free(trace->trouble);
    free(trace->outcome);
    free(trace->external_id);
    free(trace->code);
    free(trace->text);
    free(trace->end);
}

void effect_traces_deinit(EffectTraces *traces)
{
    for (size_t i = 0; i < traces->count; i++)
        trace_deinit(&traces->items[i]);
    free(traces->items);
    *traces = (EffectTraces){0};
}

/* ---- finding ---- */

typedef struct Tracing {
    const char *which;
    EffectTraces *traces;
    int64_t last_at;
    uint64_t next_intent; /* what an adopted one is called from then on */
} Tracing;

/* A record of the journal, or the checkpoint, which has no number. */
typedef struct Entry {
    uint64_t sequence;
    uint64_t at_ms;
    const Json *json;
} Entry;

static bool is_type(const Entry *entry, RecordType type)
{
    return strcmp(json_get_string(entry->json, "type", ""), record_type_name(type)) == 0;
}

static bool is_meant(const Tracing *tracing, const Json *intent)
{
    const char *op = json_get_string(intent, "op", "");
    size_t length = strlen(tracing->which);

    return strcmp(json_get_string(intent, "address", ""), tracing->which) == 0 ||
           (json_get_string(intent, "uid", "")[0] != '\0' &&
            strcmp(json_get_string(intent, "uid", ""), tracing->which) == 0) ||
           (length >= PREFIX_MIN && strncmp(op, tracing->which, length) == 0);
}

static void reach(EffectTrace *trace, EffectStage stage, uint64_t at_ms, uint64_t sequence)
{
    if (!trace->stages[stage].reached)
        trace->stages[stage] = (StageTime){true, at_ms, sequence};
}

static void copy_string(char **holder, const Json *json, const char *key)
{
    string_set(holder, json_get_string(json, key, NULL));
}

static void answer_take(EffectTrace *trace, const Json *json)
{
    copy_string(&trace->outcome, json, "outcome");
    copy_string(&trace->external_id, json, "external_id");
    copy_string(&trace->code, json, "code");
    copy_string(&trace->trouble, json, "trouble");
    trace->sendings = (unsigned)json_get_int(json, "sendings", 0);
}

/* `of` has the slice, `entry` stands for the record. */
static void intent_emitted(Tracing *tracing, const Entry *entry, const Json *of, const Json *intent)
{
    EffectTraces *traces = tracing->traces;
    uint64_t number = (uint64_t)json_get_int(intent, "intent", 0);

    if (number >= tracing->next_intent)
        tracing->next_intent = number + 1;
    if (!is_meant(tracing, intent))
        return;
    memory_reserve_one(traces->items, traces->count, traces->capacity);
    EffectTrace *trace = &traces->items[traces->count++];
    *trace = (EffectTrace){.intent = number,
                           .slice = (uint64_t)json_get_int(of, "slice", 0),
                           .awaited = json_get_bool(of, "awaits", false)};
    copy_string(&trace->address, intent, "address");
    copy_string(&trace->effect, intent, "effect");
    copy_string(&trace->verb, intent, "verb");
    copy_string(&trace->op, intent, "op");
    copy_string(&trace->uid, intent, "uid");
    copy_string(&trace->domain, entry->json, "domain");
    copy_string(&trace->key, entry->json, "key");
    if (json_get(of, "cause") != NULL)
        trace->cause = json_copy(json_get(of, "cause"));
    cause_unabridge(trace->cause);
    reach(trace, STAGE_EMITTED, entry->at_ms, entry->sequence);
    reach(trace, STAGE_PERSISTED, 0, entry->sequence);
    answer_take(trace, intent);
    if (strcmp(json_get_string(intent, "outcome", outcome_name(INTENT_OPEN)),
               outcome_name(INTENT_OPEN)) != 0)
        reach(trace, STAGE_RECORDED, entry->at_ms, entry->sequence);
}

static void intents_emitted(Tracing *tracing, const Entry *entry, const Json *of)
{
    const Json *list = json_get(of, "intents");

    for (const Json *intent = json_first(list); intent != NULL; intent = json_next(intent))
        intent_emitted(tracing, entry, of, intent);
}

/* ---- what becomes of them ---- */

/* An answer that was there before the slice was computed further, or ended. */
static void slice_went_on(Tracing *tracing, const Entry *entry, const char *end)
{
    uint64_t slice = (uint64_t)json_get_int(entry->json, "slice", 0);

    for (size_t i = 0; i < tracing->traces->count; i++) {
        EffectTrace *trace = &tracing->traces->items[i];
        if (trace->slice != slice || slice == 0 || trace->end != NULL)
            continue;
        if (trace->stages[STAGE_RECORDED].reached && (trace->awaited || end != NULL))
            reach(trace, STAGE_DELIVERED, entry->at_ms, entry->sequence);
        if (end == NULL)
            continue;
        reach(trace, STAGE_CONSUMED, entry->at_ms, entry->sequence);
        string_set(&trace->end, end);
        if (trace->text == NULL)
            copy_string(&trace->text, entry->json, "text");
    }
}

static EffectTrace *open_intent(const Tracing *tracing, uint64_t intent)
{
    for (size_t i = tracing->traces->count; i-- > 0;)
        if (tracing->traces->items[i].intent == intent)
            return &tracing->traces->items[i];
    return NULL;
}

/* The destruction of an object by itself ends with its answer. */
static void answered(Tracing *tracing, const Entry *entry)
{
    const Json *json = entry->json;
    EffectTrace *trace = open_intent(tracing, (uint64_t)json_get_int(json, "intent", 0));

    if (trace == NULL)
        return;
    trace->stages[STAGE_PERSISTED].at_ms = (uint64_t)json_get_int(json, "durable", 0);
    if (json_get(json, "sent") != NULL)
        reach(trace, STAGE_EXECUTING, (uint64_t)json_get_int(json, "sent", 0), 0);
    reach(trace, STAGE_RECORDED, entry->at_ms, entry->sequence);
    answer_take(trace, json);
    copy_string(&trace->text, json, "text");
    if (trace->slice != 0)
        return;
    reach(trace, STAGE_DELIVERED, entry->at_ms, entry->sequence);
    reach(trace, STAGE_CONSUMED, entry->at_ms, entry->sequence);
    string_set(&trace->end, "answer");
}

/* Asked for once more, by another key: it is another intent of the same slice. */
static void adopted(Tracing *tracing, const Entry *entry)
{
    EffectTrace *trace = open_intent(tracing, (uint64_t)json_get_int(entry->json, "intent", 0));
    uint64_t number = tracing->next_intent++;

    if (trace != NULL)
        trace->intent = number;
}

static int on_record(void *user, uint64_t sequence, const char *payload, size_t size, Error *err)
{
    Tracing *tracing = user;
    cleanup(json_free) Json *json = NULL;

    if (json_parse_own(payload, size, &json, err) < 0)
        return error_wrap(err, "record %llu of the journal", (unsigned long long)sequence);
    record_unabridge(json, &tracing->last_at);
    Entry entry = {sequence, (uint64_t)tracing->last_at, json};
    if (is_type(&entry, RECORD_PREPARE)) {
        slice_went_on(tracing, &entry, NULL);
        intents_emitted(tracing, &entry, json);
    } else if (is_type(&entry, RECORD_DESTROY)) {
        intents_emitted(tracing, &entry, json);
    } else if (is_type(&entry, RECORD_ANSWER)) {
        answered(tracing, &entry);
    } else if (is_type(&entry, RECORD_ADOPT)) {
        adopted(tracing, &entry);
    } else if (is_type(&entry, RECORD_COMMIT) || is_type(&entry, RECORD_ABORT) ||
               is_type(&entry, RECORD_FAULT)) {
        slice_went_on(tracing, &entry, json_get_string(json, "type", ""));
    }
    return 0;
}

/* What was being performed when the kept journal begins. */
static int on_checkpoint(void *user, uint64_t position, const char *state, size_t size, Error *err)
{
    Tracing *tracing = user;
    cleanup(json_free) Json *json = NULL;

    (void)position;
    if (json_parse_own(state, size, &json, err) < 0)
        return ERROR_STATE;
    tracing->next_intent = (uint64_t)json_get_int(json, "next_intent", 1);
    const Json *list = json_get(json, "domains");
    for (const Json *m = json_first(list); m != NULL; m = json_next(m))
        intents_emitted(tracing, &(Entry){.json = m}, json_get(m, "pending"));
    list = json_get(json, "objects");
    for (const Json *m = json_first(list); m != NULL; m = json_next(m))
        if (json_get(m, "leaving") != NULL)
            intent_emitted(tracing, &(Entry){.json = m}, NULL, json_get(m, "leaving"));
    return 0;
}

int effect_traces_find(const StateDir *dir, const char *which, EffectTraces *ret, Error *err)
{
    Tracing tracing = {.which = which, .traces = ret, .next_intent = 1};
    StateVisitor visitor = {
        .on_checkpoint = on_checkpoint, .on_record = on_record, .user = &tracing};
    StateRecovery recovery;

    *ret = (EffectTraces){0};
    int code = state_dir_oldest(dir, &ret->since, err);
    if (code == 0)
        code = state_dir_read(dir, ret->since, &visitor, &recovery, err);
    return code < 0 ? code : 0;
}

/* ---- for machines ---- */

static void set_string(Json *json, const char *key, const char *text)
{
    if (text != NULL)
        json_set_string(json, key, text);
}

static Json *stages_json(const EffectTrace *trace)
{
    Json *list = json_new_array();
    uint64_t before = 0;

    for (EffectStage stage = 0; stage < STAGE_COUNT; stage++) {
        const StageTime *time = &trace->stages[stage];
        if (!time->reached)
            continue;
        Json *json = json_new_object();
        json_set_string(json, "stage", stage_names[stage]);
        if (time->at_ms != 0) {
            cleanup(buffer_deinit) Buffer at = {0};
            timestamp_add(&at, time->at_ms);
            json_set_string(json, "at", buffer_text(&at));
            if (before != 0 && time->at_ms >= before)
                json_set_int(json, "after_ms", (int64_t)(time->at_ms - before));
            before = time->at_ms;
        }
        if (time->sequence != 0)
            json_set_int(json, "sequence", (int64_t)time->sequence);
        json_append(list, json);
    }
    return list;
}

Json *effect_trace_json(const EffectTrace *trace)
{
    Json *json = json_new_object();

    set_string(json, "address", trace->address);
    set_string(json, "effect", trace->effect);
    set_string(json, "verb", trace->verb);
    set_string(json, "op", trace->op);
    if (trace->uid != NULL && trace->uid[0] != '\0')
        json_set_string(json, "uid", trace->uid);
    json_set_int(json, "intent", (int64_t)trace->intent);
    set_string(json, "domain", trace->domain);
    set_string(json, "key", trace->key);
    if (trace->slice != 0)
        json_set_int(json, "slice", (int64_t)trace->slice);
    if (trace->cause != NULL)
        json_set(json, "cause", json_copy(trace->cause));
    set_string(json, "outcome", trace->outcome);
    set_string(json, "external_id", trace->external_id);
    set_string(json, "code", trace->code);
    set_string(json, "text", trace->text);
    if (trace->sendings != 0)
        json_set_int(json, "sendings", trace->sendings);
    set_string(json, "trouble", trace->trouble);
    set_string(json, "end", trace->end);
    json_set(json, "stages", stages_json(trace));
    return json;
}
