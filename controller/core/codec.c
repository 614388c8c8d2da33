/* The parts that records and snapshots share, as JSON text and back; proposals, the largest, are in
 * proposal_codec.c. Everything is named – domains,
 * fields, transitions, events –, so that a journal reads well and survives a recompiled program. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "controller/core/record.h"
#include "lang/base/memory.h"

static const char *const cause_names[] = {
#define CAUSE(name, text) text,
#include "controller/core/cause.def"
#undef CAUSE
};
static const char *const verb_names[] = {"put", "action", "delete"};
static const char *const outcome_names[] = {"open", "applied", "failed", "recalled"};
static const char *const state_names[] = {"wanted", "ready", "lost", "left", "leaving"};

static int name_find(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (name != NULL && strcmp(names[i], name) == 0)
            return (int)i;
    return -1;
}

const char *cause_kind_name(CauseKind kind)
{
    return cause_names[kind];
}

int cause_kind_find(const char *name)
{
    return name_find(cause_names, ARRAY_SIZE(cause_names), name);
}

const char *object_state_name(ObjectState state)
{
    return state_names[state];
}

int object_state_find(const char *name)
{
    return name_find(state_names, ARRAY_SIZE(state_names), name);
}

const char *intent_verb_name(IntentVerb verb)
{
    return verb_names[verb];
}

int intent_verb_find(const char *name)
{
    return name_find(verb_names, ARRAY_SIZE(verb_names), name);
}

const char *outcome_name(IntentState state)
{
    return outcome_names[state];
}

int outcome_find(const char *name)
{
    return name_find(outcome_names, ARRAY_SIZE(outcome_names), name);
}

/* ---- members ---- */

/* Keys are words of ours: nothing in them is to be escaped. */
void member_begin(Buffer *ret, const char *key)
{
    size_t size = strlen(key);
    char *to = buffer_room(ret, size + 4);

    if (to == NULL)
        return;
    to = mempcpy(to, ",\"", 2);
    to = mempcpy(to, key, size);
    mempcpy(to, "\":", 2);
    buffer_took(ret, size + 4);
}

void member_encode(Buffer *ret, const char *key, const char *text)
{
    if (text == NULL)
        return;
    member_begin(ret, key);
    json_put_string(ret, text);
}

void member_encode_flag(Buffer *ret, const char *key, bool flag)
{
    if (!flag)
        return;
    member_begin(ret, key);
    buffer_add_string(ret, "true");
}

void member_encode_number(Buffer *ret, const char *key, uint64_t number)
{
    member_begin(ret, key);
    buffer_add_unsigned(ret, number);
}

void member_encode_count(Buffer *ret, const char *key, uint64_t number)
{
    if (number != 0)
        member_encode_number(ret, key, number);
}

void member_encode_json(Buffer *ret, const char *key, const char *json)
{
    if (json == NULL)
        return;
    member_begin(ret, key);
    buffer_add_string(ret, json);
}

void member_encode_digest(Buffer *ret, const char *key, Digest128 digest)
{
    buffer_add_format(ret, ",\"%s\":\"%016llx%016llx\"", key, (unsigned long long)(digest >> 64),
                      (unsigned long long)digest);
}

Digest128 member_digest(const Json *json, const char *key)
{
    unsigned long long high = 0, low = 0;

    sscanf(json_get_string(json, key, ""), "%16llx%16llx", &high, &low);
    return (Digest128)high << 64 | low;
}

char *member_copy(const Json *json, const char *key)
{
    const char *text = json_get_string(json, key, NULL);

    return text != NULL ? memory_copy_string(text) : NULL;
}

char *member_copy_json(const Json *json, const char *key)
{
    const Json *member = json_get(json, key);
    Buffer text = {0};

    if (member == NULL)
        return NULL;
    json_write(&text, member);
    return buffer_take(&text);
}

JsonPull member_pull(const Json *json, Arena *arena)
{
    cleanup(buffer_deinit) Buffer text = {0};

    if (json == NULL)
        return json_pull("null", 4);
    json_write(&text, json);
    return json_pull(arena_copy_bytes(arena, text.bytes, text.size), text.size);
}

int member_unknown(Error *err, const char *what, const char *name)
{
    if (name == NULL)
        return error_set(err, ERROR_STATE, "%s is not as it must be: no JSON, or a member twice",
                         what);
    return error_set(err, ERROR_STATE,
                     "%s has a member '%.50s', which this version of ved does not know: it was "
                     "written by a newer one, or changed",
                     what, name);
}

static bool is_word_of(const char *words, const char *word)
{
    size_t size = strlen(word);

    for (const char *at = words; size > 0 && (at = strstr(at, word)) != NULL; at += size)
        if ((at == words || at[-1] == ' ') && (at[size] == ' ' || at[size] == '\0'))
            return true;
    return false;
}

int members_check(const Json *object, const char *what, const char *known, Error *err)
{
    for (const Json *m = json_first(object); m != NULL; m = json_next(m))
        if (!is_word_of(known, json_key(m)))
            return member_unknown(err, what, json_key(m));
    return 0;
}

int unknown_name(Error *err, const ProgramDomain *domain, const char *kind, const char *name)
{
    if (domain == NULL)
        return error_set(err, ERROR_STATE,
                         "the state speaks of %s '%.100s', which its program does not have", kind,
                         name ? name : "");
    return error_set(
        err, ERROR_STATE,
        "the state speaks of %s '%.100s' of domain '%s', which its program does not have", kind,
        name ? name : "", domain->name);
}

void values_encode(const Value *values, size_t count, Buffer *ret)
{
    buffer_add_char(ret, '[');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buffer_add_char(ret, ',');
        value_encode(ret, values[i]);
    }
    buffer_add_char(ret, ']');
}

Value *values_decode(Arena *arena, const Json *json, size_t *ret_count)
{
    size_t count = json_count(json), i = 0;
    Value *values = arena_array(arena, Value, count);

    for (const Json *item = json_first(json); item != NULL; item = json_next(item))
        values[i++] = value_decode(arena, item);
    *ret_count = count;
    return values;
}

Value *values_pull(Arena *arena, JsonPull *pull, size_t *ret_count)
{
    Value *values = NULL;
    size_t count = 0, capacity = 0;

    for (bool more = json_pull_open(pull, '['); more; more = json_pull_more(pull, ']')) {
        arena_reserve_one(arena, values, count, capacity);
        values[count++] = value_pull(arena, pull);
    }
    *ret_count = count;
    return values;
}

/* ---- causes ---- */

/* What a cause is that does not say `by`. */
static CauseKind cause_kind_plain(bool has_goal)
{
    return has_goal ? CAUSE_GOAL : CAUSE_MESSAGE;
}

void cause_encode(const Instance *instance, const Cause *cause, Buffer *ret)
{
    const ProgramDomain *domain = instance->domain;

    size_t start = ret->size;

    if (cause->kind != cause_kind_plain(cause->goal >= 0))
        member_encode(ret, "by", cause_names[cause->kind]);
    if (cause->transition >= 0) {
        member_encode(ret, "transition", domain->transitions[cause->transition].name);
        member_encode_count(ret, "step", cause->step);
    }
    if (cause->handler >= 0)
        member_encode(ret, "on", cause_where(instance, cause));
    if (cause->timer >= 0)
        member_encode(ret, "timer", cause_where(instance, cause));
    if (cause->yield != 0)
        member_encode_number(ret, "yield", cause->yield);
    if (cause->goal >= 0)
        member_encode(ret, "goal", domain->goals[cause->goal].name);
    if (cause->kind == CAUSE_RUN)
        member_encode_number(ret, "run", cause->run);
    if (cause->message != 0)
        member_encode_number(ret, "message", cause->message);
    if (cause->origin != 0)
        member_encode_number(ret, "origin", cause->origin);
    if (ret->size == start)
        buffer_add_char(ret, '{');
    else
        ret->bytes[start] = '{'; /* for the comma */
    buffer_add_char(ret, '}');
}

/* The names of a cause; NULL: not there. */
typedef struct CauseNames {
    const char *by, *transition, *on, *timer, *goal;
} CauseNames;

static int cause_find_names(const Instance *instance, const CauseNames *names, Cause *cause,
                            Error *err)
{
    const ProgramDomain *domain = instance->domain;

    if (names->transition != NULL &&
        (cause->transition = domain_find_transition(domain, names->transition)) < 0)
        return unknown_name(err, domain, "transition", names->transition);
    if (names->on != NULL &&
        (cause->handler = handler_find(instance->runtime, instance->domain_index, names->on)) < 0)
        return unknown_name(err, domain, "handler", names->on);
    if (names->timer != NULL &&
        (cause->timer = timer_find(instance->runtime, instance->domain_index, names->timer)) < 0)
        return unknown_name(err, domain, "timer", names->timer);
    if (names->goal != NULL && (cause->goal = domain_find_goal(domain, names->goal)) < 0)
        return unknown_name(err, domain, "goal", names->goal);
    if (cause->transition >= 0 && cause->step >= domain->transitions[cause->transition].slice_count)
        return unknown_name(err, domain, "a step of transition", names->transition);
    return 0;
}

#define CAUSE_MEMBERS(X)                                                                           \
    X(by) X(transition) X(step) X(on) X(timer) X(yield) X(goal) X(run) X(message) X(origin)

typedef enum CauseMember {
#define X(name) CAUSE_MEMBER_##name,
    CAUSE_MEMBERS(X)
#undef X
} CauseMember;

static const JsonWord cause_members[] = {
#define X(name) JSON_WORD(#name),
    CAUSE_MEMBERS(X)
#undef X
};

static void cause_pull_member(JsonPull *pull, CauseMember member, Arena *arena, CauseNames *names,
                              Cause *ret)
{
    switch (member) {
    case CAUSE_MEMBER_by:
        names->by = json_pull_string(pull, arena);
        return;
    case CAUSE_MEMBER_transition:
        names->transition = json_pull_string(pull, arena);
        return;
    case CAUSE_MEMBER_step:
        ret->step = (uint32_t)json_pull_count(pull);
        return;
    case CAUSE_MEMBER_on:
        names->on = json_pull_string(pull, arena);
        return;
    case CAUSE_MEMBER_timer:
        names->timer = json_pull_string(pull, arena);
        return;
    case CAUSE_MEMBER_yield:
        ret->yield = (uint32_t)json_pull_count(pull);
        return;
    case CAUSE_MEMBER_goal:
        names->goal = json_pull_string(pull, arena);
        return;
    case CAUSE_MEMBER_run:
        ret->run = (uint32_t)json_pull_count(pull);
        return;
    case CAUSE_MEMBER_message:
        ret->message = json_pull_count(pull);
        return;
    case CAUSE_MEMBER_origin:
        ret->origin = json_pull_count(pull);
        return;
    }
}

int cause_pull(const Instance *instance, JsonPull *pull, Arena *arena, Cause *ret, Error *err)
{
    JsonKeys keys = {.words = cause_members, .count = ARRAY_SIZE(cause_members)};
    const char *other = NULL;
    CauseNames names = {0};

    *ret = cause_of(CAUSE_BOOT);
    for (bool more = json_pull_open(pull, '{'); more; more = json_pull_more(pull, '}')) {
        int key = json_pull_key(pull, &keys, arena, &other);
        if (key >= 0)
            cause_pull_member(pull, (CauseMember)key, arena, &names, ret);
    }
    if (pull->failed)
        return member_unknown(err, "a cause", other);
    int kind =
        names.by != NULL ? cause_kind_find(names.by) : (int)cause_kind_plain(names.goal != NULL);
    if (kind < 0)
        return error_set(err, ERROR_STATE, "a cause of no known kind");
    ret->kind = (CauseKind)kind;
    return cause_find_names(instance, &names, ret, err);
}

int cause_decode(const Instance *instance, const Json *json, Cause *ret, Error *err)
{
    Arena arena = {0};
    JsonPull pull = member_pull(json, &arena);
    int code = cause_pull(instance, &pull, &arena, ret, err);

    arena_deinit(&arena);
    return code;
}

/* ---- timers and starts ---- */

void timers_encode(const Runtime *runtime, uint32_t domain, const TimerChange *timers, size_t count,
                   Buffer *ret)
{
    buffer_add_string(ret, ",\"timers\":{");
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buffer_add_char(ret, ',');
        json_put_string(ret, runtime->domains[domain].timers[timers[i].timer]);
        buffer_add_format(ret, ":{\"armed\":%s", timers[i].armed ? "true" : "false");
        if (timers[i].due_ms != 0)
            member_encode_number(ret, "due", timers[i].due_ms);
        member_encode_flag(ret, "fires", timers[i].fires);
        buffer_add_char(ret, '}');
    }
    buffer_add_char(ret, '}');
}

static int timer_pull(JsonPull *pull, Arena *arena, TimerChange *ret, Error *err)
{
    enum { ARMED, DUE, FIRES };
    static const JsonWord words[] = {JSON_WORD("armed"), JSON_WORD("due"), JSON_WORD("fires")};
    JsonKeys keys = {.words = words, .count = ARRAY_SIZE(words)};
    const char *other = NULL;

    for (bool more = json_pull_open(pull, '{'); more; more = json_pull_more(pull, '}')) {
        int key = json_pull_key(pull, &keys, arena, &other);
        if (key == ARMED)
            ret->armed = json_pull_bool(pull);
        else if (key == DUE)
            ret->due_ms = json_pull_count(pull);
        else if (key == FIRES)
            ret->fires = json_pull_bool(pull);
    }
    return pull->failed ? member_unknown(err, "a timer", other) : 0;
}

int timers_pull(const Runtime *runtime, uint32_t domain, JsonPull *pull, bool lenient, Arena *arena,
                TimerChange **ret, size_t *ret_count, Error *err)
{
    TimerChange *timers = NULL;
    size_t count = 0, capacity = 0, size;

    for (bool more = json_pull_open(pull, '{'); more; more = json_pull_more(pull, '}')) {
        const char *name = json_pull_name(pull, arena, &size);
        int timer = timer_find(runtime, domain, name);
        TimerChange change = {.timer = (uint32_t)timer};
        if (timer < 0 && !lenient)
            return unknown_name(err, runtime_domain(runtime, domain), "timer", name);
        if (timer_pull(pull, arena, &change, err) < 0)
            return ERROR_STATE;
        if (timer < 0)
            continue;
        arena_reserve_one(arena, timers, count, capacity);
        timers[count++] = change;
    }
    *ret = timers;
    *ret_count = count;
    return 0;
}

void start_encode(const Runtime *runtime, const InstanceStart *start, Buffer *ret)
{
    const ProgramDomain *domain = &runtime->program->domains[start->domain];

    buffer_add_string(ret, ",\"set\":{");
    for (size_t i = 0; i < domain->field_count; i++) {
        if (i > 0)
            buffer_add_char(ret, ',');
        json_put_string(ret, domain->fields[i].name);
        buffer_add_char(ret, ':');
        value_encode(ret, start->fields[i]);
    }
    buffer_add_char(ret, '}');
    if (start->timer_count > 0)
        timers_encode(runtime, start->domain, start->timers, start->timer_count, ret);
}

static int start_pull_fields(const ProgramDomain *domain, JsonPull *pull, Arena *arena,
                             InstanceStart *ret, Error *err)
{
    FieldChange *changes = NULL;
    size_t count = 0;

    if (pull != NULL && field_changes_pull(domain, pull, arena, &changes, &count, err) < 0)
        return ERROR_STATE;
    ret->fields = arena_array(arena, Value, domain->field_count);
    for (size_t i = 0; i < domain->field_count; i++)
        ret->fields[i] = domain->fields[i].initial;
    for (size_t i = 0; i < count; i++)
        ret->fields[changes[i].field] = changes[i].value;
    return 0;
}

int start_pull(const Runtime *runtime, const StartParts *parts, Arena *arena, InstanceStart *ret,
               Error *err)
{
    const char *name = parts->domain != NULL ? parts->domain : "";
    int index = program_find_domain(runtime->program, name);

    if (index < 0)
        return unknown_name(err, NULL, "domain", name);
    const ProgramDomain *domain = &runtime->program->domains[index];
    if ((domain->key != NULL) != (parts->key != NULL))
        return error_set(err, ERROR_STATE, "an instance of domain '%s' begins %s a key", name,
                         parts->key != NULL ? "with" : "without");
    *ret = (InstanceStart){.domain = (uint32_t)index, .key = parts->key};
    if (start_pull_fields(domain, parts->set, arena, ret, err) < 0)
        return ERROR_STATE;
    return parts->timers == NULL ? 0
                                 : timers_pull(runtime, ret->domain, parts->timers, false, arena,
                                               &ret->timers, &ret->timer_count, err);
}

static int start_pull_item(const Runtime *runtime, JsonPull *pull, Arena *arena, InstanceStart *ret,
                           Error *err)
{
    enum { DOMAIN_NAME, KEY, SET, TIMERS };
    static const JsonWord words[] = {JSON_WORD("domain"), JSON_WORD("key"), JSON_WORD("set"),
                                     JSON_WORD("timers")};
    JsonKeys keys = {.words = words, .count = ARRAY_SIZE(words)};
    JsonPull values[ARRAY_SIZE(words)];
    const char *other = NULL;
    int key;

    for (bool more = json_pull_open(pull, '{'); more; more = json_pull_more(pull, '}'))
        if ((key = json_pull_key(pull, &keys, arena, &other)) >= 0)
            values[key] = json_pull_skip(pull);
    if (pull->failed)
        return member_unknown(err, "a start", other);
#define PART(name) (keys.seen >> (name)&1 ? &values[name] : NULL)
    StartParts parts = {.set = PART(SET), .timers = PART(TIMERS)};
    if (PART(DOMAIN_NAME) != NULL)
        parts.domain = json_pull_string(PART(DOMAIN_NAME), arena);
    if (PART(KEY) != NULL)
        parts.key = json_pull_string(PART(KEY), arena);
#undef PART
    return start_pull(runtime, &parts, arena, ret, err);
}

int starts_pull(const Runtime *runtime, JsonPull *pull, Arena *arena, InstanceStart **ret,
                size_t *ret_count, Error *err)
{
    InstanceStart *starts = NULL;
    size_t count = 0, capacity = 0;

    for (bool more = json_pull_open(pull, '['); more; more = json_pull_more(pull, ']')) {
        arena_reserve_one(arena, starts, count, capacity);
        if (start_pull_item(runtime, pull, arena, &starts[count++], err) < 0)
            return ERROR_STATE;
    }
    *ret = starts;
    *ret_count = count;
    return 0;
}

/* ---- intents ---- */

void intent_encode(const Intent *intent, Buffer *ret)
{
    buffer_add_format(ret, "{\"intent\":%llu,\"verb\":\"%s\"", (unsigned long long)intent->number,
                      verb_names[intent->verb]);
    if (intent->uid[0] != '\0')
        member_encode(ret, "uid", intent->uid);
    member_encode(ret, "op", intent->op);
    member_encode(ret, "address", intent->address);
    member_encode(ret, "provider", intent->provider);
    member_encode(ret, "action", intent->action);
    member_encode(ret, "type", intent->type);
    member_encode(ret, "where", intent->place.where);
    member_encode(ret, "effect", intent->place.effect);
    member_encode_number(ret, "site", intent->place.site);
    member_encode(ret, "name", intent->name);
    member_encode(ret, "key", intent->key);
    member_encode_flag(ret, "handled", intent->handled);
    member_encode_flag(ret, "released", intent->released);
    member_encode_flag(ret, "adopts", intent->adopts);
    if (intent->group != 0)
        member_encode_number(ret, "group", intent->group);
    if (intent->replaces[0] != '\0')
        member_encode(ret, "replaces", intent->replaces);
    member_encode_number(ret, "timeout_ms", (uint64_t)intent->timeout_ms);
    member_encode_number(ret, "generation", intent->generation);
    member_encode_json(ret, "arguments", intent->arguments);
    if (intent->state != INTENT_OPEN) {
        member_encode(ret, "outcome", outcome_names[intent->state]);
        member_encode(ret, "external_id", intent->external_id);
        member_encode_json(ret, "result", intent->result);
        member_encode(ret, "code", intent->code);
        member_encode(ret, "detail", intent->detail);
    }
    buffer_add_char(ret, '}');
}

static Intent *intent_decode_members(const Json *json)
{
    Intent *intent = memory_zero(1, sizeof *intent);

    intent->number = (uint64_t)json_get_int(json, "intent", 0);
    strncpy(intent->uid, json_get_string(json, "uid", ""), UID_SIZE - 1);
    strncpy(intent->op, json_get_string(json, "op", ""), OP_SIZE - 1);
    intent->address = member_copy(json, "address");
    intent->provider = member_copy(json, "provider");
    intent->action = member_copy(json, "action");
    intent->type = member_copy(json, "type");
    intent->place.where = member_copy(json, "where");
    intent->place.effect = member_copy(json, "effect");
    intent->place.site = (uint32_t)json_get_int(json, "site", 0);
    intent->name = member_copy(json, "name");
    intent->key = member_copy(json, "key");
    intent->handled = json_get_bool(json, "handled", false);
    intent->released = json_get_bool(json, "released", false);
    intent->adopts = json_get_bool(json, "adopts", false);
    intent->group = (uint32_t)json_get_int(json, "group", 0);
    strncpy(intent->replaces, json_get_string(json, "replaces", ""), UID_SIZE - 1);
    intent->timeout_ms = json_get_int(json, "timeout_ms", 0);
    intent->generation = (uint64_t)json_get_int(json, "generation", 1);
    intent->arguments = member_copy_json(json, "arguments");
    intent->external_id = member_copy(json, "external_id");
    intent->result = member_copy_json(json, "result");
    intent->code = member_copy(json, "code");
    intent->detail = member_copy(json, "detail");
    return intent;
}

int intent_decode(const Json *json, Intent **ret, Error *err)
{
    int verb = intent_verb_find(json_get_string(json, "verb", NULL));
    int outcome = outcome_find(json_get_string(json, "outcome", "open"));

    if (verb < 0 || outcome < 0)
        return error_set(err, ERROR_STATE, "an intent of no known verb or outcome");
    if (members_check(json, "an intent",
                      "intent verb uid op address provider action type where effect site name key "
                      "handled released adopts group replaces timeout_ms generation arguments "
                      "outcome external_id "
                      "result code detail",
                      err) < 0)
        return ERROR_STATE;
    *ret = intent_decode_members(json);
    (*ret)->verb = (IntentVerb)verb;
    (*ret)->state = (IntentState)outcome;
    return 0;
}
