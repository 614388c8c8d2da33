/* Records of slices, as JSON text and back. */
#include <string.h>

#include "controller/core/origin.h"
#include "controller/core/record.h"
#include "lang/base/memory.h"

static void separate(Buffer *ret, size_t index)
{
    if (index > 0)
        buffer_add_char(ret, ',');
}

/* ---- writing ---- */

static void encode_fields(const Origin *origin, Buffer *ret)
{
    buffer_add_string(ret, ",\"state\":{");
    for (size_t i = 0; i < origin->field_count; i++) {
        separate(ret, i);
        json_put_string(ret, origin->field_names[i]);
        buffer_add_char(ret, ':');
        value_encode(ret, origin->fields[i]);
    }
    buffer_add_char(ret, '}');
}

static void encode_values(const char *key, const Value *values, size_t count, Buffer *ret)
{
    if (count == 0)
        return;
    member_begin(ret, key);
    values_encode(values, count, ret);
}

static void encode_effects(const Origin *origin, Buffer *ret)
{
    buffer_add_string(ret, ",\"effects\":[");
    for (size_t i = 0; i < origin->effect_count; i++) {
        const OriginEffect *effect = &origin->effects[i];
        separate(ret, i);
        buffer_add_string(ret, "{\"verb\":");
        json_put_string(ret, intent_verb_name(effect->verb));
        member_encode(ret, "effect", effect->effect);
        member_encode_count(ret, "site", effect->site);
        member_encode(ret, "name", effect->name);
        if (effect->uid[0] != '\0')
            member_encode(ret, "uid", effect->uid);
        member_encode_flag(ret, "released", effect->released);
        member_encode_json(ret, "arguments", effect->arguments);
        member_encode_json(ret, "result", effect->result);
        member_encode_flag(ret, "failed", effect->failed);
        member_encode(ret, "code", effect->code);
        member_encode(ret, "detail", effect->detail);
        buffer_add_char(ret, '}');
    }
    buffer_add_char(ret, ']');
}

static void encode_changes(const Origin *origin, Buffer *ret)
{
    buffer_add_string(ret, ",\"changes\":{");
    for (size_t i = 0; i < origin->change_count; i++) {
        separate(ret, i);
        json_put_string(ret, origin->changes[i].field);
        buffer_add_string(ret, ":{\"before\":");
        value_encode(ret, origin->changes[i].before);
        member_encode_digest(ret, "after", origin->changes[i].after);
        buffer_add_char(ret, '}');
    }
    buffer_add_char(ret, '}');
}

static void encode_staleness(const Origin *origin, Buffer *ret)
{
    if (!origin->stale)
        return;
    member_encode_flag(ret, "stale", true);
    member_encode_flag(ret, "unsaid", origin->unsaid);
    member_encode(ret, "because", origin->because);
    member_encode_number(ret, "failures", origin->failures);
    member_encode_number(ret, "due", origin->due_ms);
}

void origin_encode(const Instance *owner, const Origin *origin, Buffer *ret)
{
    buffer_add_format(ret, "{\"slice\":%llu,\"cause\":", (unsigned long long)origin->slice);
    cause_encode(owner, &origin->cause, ret);
    member_encode(ret, "where", origin->where);
    if (origin->trail != NULL)
        member_encode_number(ret, "trail", origin->trail->slice);
    encode_fields(origin, ret);
    encode_values("arguments", origin->arguments, origin->argument_count, ret);
    encode_values("locals", origin->locals, origin->local_count, ret);
    encode_effects(origin, ret);
    encode_changes(origin, ret);
    buffer_add_string(ret, ",\"said\":");
    emissions_encode(owner->runtime, origin->said, origin->said_count, ret);
    seen_facts_encode(&origin->facts, ret);
    member_encode_flag(ret, "vacant", origin->vacant);
    encode_staleness(origin, ret);
    buffer_add_char(ret, '}');
}

/* ---- reading ---- */

/* In a changed program the goal may have another name: only what was run matters then. */
static void decode_cause_leniently(const Instance *owner, const Json *json, Cause *ret)
{
    const Runtime *runtime = owner->runtime;
    const char *on = json_get_string(json, "on", NULL);
    const char *timer = json_get_string(json, "timer", NULL);
    int kind = cause_kind_find(json_get_string(json, "by", NULL));

    *ret = cause_of(kind < 0 ? CAUSE_BOOT : (CauseKind)kind);
    ret->yield = (uint32_t)json_get_int(json, "yield", 0);
    if (on != NULL) {
        ret->handler = handler_find(runtime, owner->domain_index, on);
    } else if (timer != NULL) {
        ret->timer = timer_find(runtime, owner->domain_index, timer);
    } else {
        ret->transition =
            domain_find_transition(owner->domain, json_get_string(json, "transition", ""));
        ret->step = (uint32_t)json_get_int(json, "step", 0);
        if (ret->transition >= 0 &&
            ret->step >= owner->domain->transitions[ret->transition].slice_count)
            ret->transition = -1;
    }
}

static Value *decode_values(const Json *json, Arena *arena, size_t *ret_count)
{
    Value *values = values_decode(arena, json, ret_count);

    return values_clone(values, *ret_count);
}

static void decode_fields(Origin *origin, const Json *json, Arena *arena)
{
    origin->field_names = memory_zero(json_count(json), sizeof(char *));
    origin->fields = memory_zero(json_count(json), sizeof(Value));
    for (const Json *m = json_first(json); m != NULL; m = json_next(m)) {
        origin->field_names[origin->field_count] = memory_copy_string(json_key(m));
        origin->fields[origin->field_count++] = value_clone(value_decode(arena, m));
    }
}

static int decode_effects(Origin *origin, const Json *json, Error *err)
{
    origin->effects = memory_zero(json_count(json), sizeof(OriginEffect));
    for (const Json *item = json_first(json); item != NULL; item = json_next(item)) {
        OriginEffect *effect = &origin->effects[origin->effect_count++];
        int verb = intent_verb_find(json_get_string(item, "verb", NULL));
        effect->effect = memory_copy_string(json_get_string(item, "effect", ""));
        effect->site = (uint32_t)json_get_int(item, "site", 0);
        effect->name = member_copy(item, "name");
        strncpy(effect->uid, json_get_string(item, "uid", ""), UID_SIZE - 1);
        effect->released = json_get_bool(item, "released", false);
        effect->arguments = member_copy_json(item, "arguments");
        effect->result = member_copy_json(item, "result");
        effect->failed = json_get_bool(item, "failed", false);
        effect->code = member_copy(item, "code");
        effect->detail = member_copy(item, "detail");
        if (verb < 0)
            return error_set(err, ERROR_STATE, "an effect of slice %llu with no known verb",
                             (unsigned long long)origin->slice);
        effect->verb = (IntentVerb)verb;
    }
    return 0;
}

static void decode_changes(Origin *origin, const Json *json, Arena *arena)
{
    origin->changes = memory_zero(json_count(json), sizeof(OriginChange));
    for (const Json *m = json_first(json); m != NULL; m = json_next(m))
        origin->changes[origin->change_count++] =
            (OriginChange){.field = memory_copy_string(json_key(m)),
                           .after = member_digest(m, "after"),
                           .before = value_clone(value_decode(arena, json_get(m, "before")))};
}

static int decode_said(Origin *origin, const Runtime *runtime, const Json *json, bool lenient,
                       Arena *arena, Error *err)
{
    Proposal said = {0};

    if (emissions_decode(runtime, json, lenient, arena, &said.emissions, &said.emission_count,
                         err) < 0)
        return ERROR_STATE;
    origin->said = proposal_emissions_clone(&said, &origin->said_count);
    return 0;
}

static void decode_staleness(Origin *origin, const Json *json)
{
    if (!json_get_bool(json, "stale", false))
        return;
    origin_stale(origin->owner, origin, json_get_string(json, "because", NULL));
    origin->unsaid = json_get_bool(json, "unsaid", false);
    origin->failures = (uint32_t)json_get_int(json, "failures", 0);
    origin->due_ms = (uint64_t)json_get_int(json, "due", 0);
}

int origin_decode(Instance *owner, const Json *json, bool lenient, Arena *arena, Error *err)
{
    Cause cause;

    if (lenient)
        decode_cause_leniently(owner, json_get(json, "cause"), &cause);
    else if (cause_decode(owner, json_get(json, "cause"), &cause, err) < 0)
        return ERROR_STATE;
    uint64_t slice = (uint64_t)json_get_int(json, "slice", 0);
    if (origin_find(owner, slice) != NULL)
        return error_set(err, ERROR_STATE, "the state has two records of slice %llu",
                         (unsigned long long)slice);
    Origin *origin = memory_zero(1, sizeof *origin);
    origin->slice = slice;
    origin->cause = cause;
    origin->where = memory_copy_string(json_get_string(json, "where", ""));
    origin_add(owner, origin);
    decode_fields(origin, json_get(json, "state"), arena);
    origin->arguments = decode_values(json_get(json, "arguments"), arena, &origin->argument_count);
    origin->locals = decode_values(json_get(json, "locals"), arena, &origin->local_count);
    decode_changes(origin, json_get(json, "changes"), arena);
    SeenFacts facts = seen_facts_decode(arena, json);
    seen_facts_add(&origin->facts, &facts);
    if (decode_effects(origin, json_get(json, "effects"), err) < 0 ||
        decode_said(origin, owner->runtime, json_get(json, "said"), lenient, arena, err) < 0)
        return ERROR_STATE;
    origin->vacant = json_get_bool(json, "vacant", false);
    decode_staleness(origin, json);
    return 0;
}
