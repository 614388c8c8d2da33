/* A slice with effects is several records, and may be about the whole of a provider's time apart
 * from its commit; others stand between. What is not yet over is held in `open`, and joins the list
 * when it is. */
#include "controller/host/state_history.h"

#include <string.h>
#include <time.h>

#include "controller/core/record.h"
#include "controller/host/secrets.h"
#include "lang/base/memory.h"

typedef struct History {
    const HistoryOptions *options;
    Json **items; /* those that are over; the first `start` are given up already */
    size_t start, count, capacity;
    Json **open;
    size_t open_count, open_capacity;
    int64_t last_at;
} History;

static void history_deinit(History *history)
{
    for (size_t i = history->start; i < history->count; i++)
        json_free(history->items[i]);
    for (size_t i = 0; i < history->open_count; i++)
        json_free(history->open[i]);
    free(history->items);
    free(history->open);
}
#define history_deinit_p history_deinit

static bool is_type(const Json *record, RecordType type)
{
    return strcmp(json_get_string(record, "type", ""), record_type_name(type)) == 0;
}

/* ---- entries ---- */

static void put_time(Json *entry, int64_t at_ms)
{
    time_t seconds = (time_t)(at_ms / 1000);
    struct tm parts;
    char text[40];

    gmtime_r(&seconds, &parts);
    size_t length = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    cleanup(free) char *whole = memory_format("%.*s.%03dZ", (int)length, text, (int)(at_ms % 1000));
    json_set_string(entry, "at", whole);
}

static void copy_member(Json *entry, const Json *record, const char *from, const char *to)
{
    const Json *member = json_get(record, from);

    if (member != NULL)
        json_set(entry, to, secrets_redact(member));
}

static void copy_names(Json *entry, const Json *emissions)
{
    static const char *const kinds[] = {"event", "send", "spawn", "transition"};
    Json *names = json_new_array();

    for (const Json *m = json_first(emissions); m != NULL; m = json_next(m))
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
            if (json_get_string(m, kinds[i], NULL) != NULL) {
                json_append(names, json_new_string(json_get_string(m, kinds[i], "")));
                break;
            }
    if (json_count(names) > 0)
        json_set(entry, "said", names);
    else
        json_free(names);
}

static Json *effects_of(Json *entry)
{
    if (json_get(entry, "effects") == NULL)
        json_set(entry, "effects", json_new_array());
    return json_get(entry, "effects");
}

static void add_effects(Json *entry, const Json *intents)
{
    for (const Json *m = json_first(intents); m != NULL; m = json_next(m)) {
        Json *effect = json_new_object();
        copy_member(effect, m, "address", "address");
        copy_member(effect, m, "verb", "verb");
        copy_member(effect, m, "intent", "intent");
        copy_member(effect, m, "outcome", "outcome");
        copy_member(effect, m, "external_id", "external_id");
        json_append(effects_of(entry), effect);
    }
}

/* What the record says is what the entry says now. */
static void entry_take(Json *entry, uint64_t sequence, const Json *record)
{
    static const char *const members[] = {"type", "domain", "key",  "slice",  "cause",      "text",
                                          "uid",  "goal",   "fact", "object", "external_id"};

    json_set_int(entry, "sequence", (int64_t)sequence);
    put_time(entry, json_get_int(record, "at", 0));
    for (size_t i = 0; i < ARRAY_SIZE(members); i++)
        copy_member(entry, record, members[i], members[i]);
    if (json_count(json_get(record, "set")) > 0)
        copy_member(entry, record, "set", "changes");
    copy_names(entry, json_get(record, "out"));
    add_effects(entry, json_get(record, "intents"));
}

static Json *entry_new(uint64_t sequence, const Json *record)
{
    Json *entry = json_new_object();

    entry_take(entry, sequence, record);
    return entry;
}

/* ---- the list ---- */

static bool is_wanted(const History *history, const Json *entry)
{
    const char *domain = history->options->domain;

    return domain == NULL || strcmp(json_get_string(entry, "domain", ""), domain) == 0;
}

static void history_add(History *history, Json *entry)
{
    size_t limit = history->options->limit;

    if (!is_wanted(history, entry)) {
        json_free(entry);
        return;
    }
    memory_reserve_one(history->items, history->count, history->capacity);
    history->items[history->count++] = entry;
    if (limit == 0 || history->count - history->start <= limit)
        return;
    json_free(history->items[history->start++]);
    if (history->start < limit)
        return;
    memmove(history->items, history->items + history->start, limit * sizeof *history->items);
    history->count = limit;
    history->start = 0;
}

/* That of the slice; NULL: its beginning is not kept. */
static Json *open_of_slice(const History *history, int64_t slice, size_t *ret)
{
    for (*ret = 0; *ret < history->open_count; (*ret)++)
        if (json_get_int(history->open[*ret], "slice", 0) == slice)
            return history->open[*ret];
    return NULL;
}

static Json *effect_of_intent(const Json *entry, int64_t intent)
{
    for (Json *m = json_first(json_get(entry, "effects")); m != NULL; m = json_next(m))
        if (json_get_int(m, "intent", 0) == intent)
            return m;
    return NULL;
}

static void open_add(History *history, Json *entry)
{
    memory_reserve_one(history->open, history->open_count, history->open_capacity);
    history->open[history->open_count++] = entry;
}

static Json *open_take(History *history, size_t at)
{
    Json *entry = history->open[at];

    memmove(history->open + at, history->open + at + 1,
            (--history->open_count - at) * sizeof *history->open);
    return entry;
}

/* ---- records ---- */

/* A slice goes on: what it says now takes the place of what it had said, but for its effects. */
static void on_prepare(History *history, uint64_t sequence, const Json *record)
{
    size_t at;
    Json *entry = open_of_slice(history, json_get_int(record, "slice", 0), &at);

    if (entry != NULL)
        entry_take(entry, sequence, record);
    else
        open_add(history, entry_new(sequence, record));
}

static void on_slice_end(History *history, uint64_t sequence, const Json *record)
{
    size_t at;
    Json *entry = open_of_slice(history, json_get_int(record, "slice", 0), &at);

    if (entry == NULL) {
        history_add(history, entry_new(sequence, record));
        return;
    }
    entry_take(entry, sequence, record);
    history_add(history, open_take(history, at));
}

/* The destruction of an object for itself is over with its answer; a slice has its commit. */
static void on_answer(History *history, uint64_t sequence, const Json *record)
{
    int64_t intent = json_get_int(record, "intent", 0);

    for (size_t i = 0; i < history->open_count; i++) {
        Json *entry = history->open[i], *effect = effect_of_intent(entry, intent);
        if (effect == NULL)
            continue;
        copy_member(effect, record, "outcome", "outcome");
        copy_member(effect, record, "external_id", "external_id");
        copy_member(effect, record, "text", "text");
        if (!is_type(entry, RECORD_DESTROY))
            return;
        json_set_int(entry, "sequence", (int64_t)sequence);
        put_time(entry, json_get_int(record, "at", 0));
        history_add(history, open_take(history, i));
        return;
    }
}

static int on_record(void *user, uint64_t sequence, const char *payload, size_t size, Error *err)
{
    History *history = user;
    cleanup(json_free) Json *record = NULL;

    if (json_parse_own(payload, size, &record, err) < 0)
        return error_wrap(err, "record %llu of the journal", (unsigned long long)sequence);
    record_unabridge(record, &history->last_at);
    if (is_type(record, RECORD_PREPARE))
        on_prepare(history, sequence, record);
    else if (is_type(record, RECORD_COMMIT) || is_type(record, RECORD_ABORT))
        on_slice_end(history, sequence, record);
    else if (is_type(record, RECORD_ANSWER))
        on_answer(history, sequence, record);
    else if (is_type(record, RECORD_DESTROY) && json_count(json_get(record, "intents")) > 0)
        open_add(history, entry_new(sequence, record));
    else
        history_add(history, entry_new(sequence, record));
    return 0;
}

static Json *history_take(History *history)
{
    Json *list = json_new_array();

    while (history->open_count > 0) {
        Json *entry = open_take(history, 0);
        json_set_bool(entry, "open", true);
        history_add(history, entry);
    }
    while (history->start < history->count)
        json_append(list, history->items[history->start++]);
    return list;
}

int state_history(const StateDir *dir, const HistoryOptions *options, Json **ret, Error *err)
{
    cleanup(history_deinit) History history = {.options = options};
    StateVisitor visitor = {.on_record = on_record, .user = &history};
    StateRecovery recovery;
    uint64_t oldest = 0;
    int code = state_dir_oldest(dir, &oldest, err);

    if (code == 0)
        code = state_dir_read(dir, oldest, &visitor, &recovery, err);
    if (code < 0)
        return code;
    *ret = history_take(&history);
    return 0;
}
