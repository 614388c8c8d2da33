/* What is durable of facts: one record says what was observed of one, the snapshot holds them all.
 */
#include <string.h>

#include "controller/core/record.h"
#include "lang/base/memory.h"

static void fact_write(const char *key, const char *arguments, const Value *value,
                       const char *reason, Buffer *ret)
{
    buffer_add_string(ret, "\"fact\":");
    json_put_string(ret, key);
    buffer_add_format(ret, ",\"arguments\":%s", arguments);
    if (value != NULL) {
        buffer_add_string(ret, ",\"value\":");
        value_encode(ret, *value);
    }
    member_encode(ret, "reason", reason);
}

void fact_record_encode(const Record *record, Buffer *ret)
{
    buffer_add_char(ret, ',');
    fact_write(record->fact, record->arguments, record->known ? &record->value : NULL, record->text,
               ret);
}

static void fact_parse(const Json *json, Arena *arena, Record *ret)
{
    cleanup(buffer_deinit) Buffer arguments = {0};
    const Json *value = json_get(json, "value");
    const char *reason = json_get_string(json, "reason", NULL);

    json_write(&arguments, json_get(json, "arguments"));
    ret->fact = arena_copy_string(arena, json_get_string(json, "fact", ""));
    ret->arguments = arena_copy_string(arena, buffer_text(&arguments));
    ret->known = value != NULL;
    if (ret->known)
        ret->value = value_decode(arena, value);
    ret->text = reason != NULL ? arena_copy_string(arena, reason) : NULL;
}

int fact_record_decode(const Json *json, Arena *arena, Record *ret, Error *err)
{
    if (!json_is_string(json_get(json, "fact")) || !json_is_object(json_get(json, "arguments")))
        return error_set(err, ERROR_STATE, "a 'fact' record without a fact and its arguments");
    fact_parse(json, arena, ret);
    return 0;
}

void fact_record_apply(Runtime *runtime, const Record *record)
{
    Fact *fact = fact_get(runtime, record->fact, record->arguments);

    if (record->known || record->text != NULL)
        fact_set(fact, record->known ? &record->value : NULL, record->text);
    else
        fact_forget(runtime, fact);
}

void facts_write(const Runtime *runtime, Buffer *ret)
{
    Arena arena = {0};
    Fact **facts;
    size_t count = facts_list(runtime, &arena, &facts);
    const char *separator = ",\"facts\":[{";

    for (size_t i = 0; i < count; i++) {
        if (!fact_was_observed(facts[i]))
            continue;
        buffer_add_string(ret, separator);
        fact_write(facts[i]->key, facts[i]->arguments, facts[i]->known ? &facts[i]->value : NULL,
                   facts[i]->reason, ret);
        buffer_add_char(ret, '}');
        separator = ",{";
    }
    if (separator[1] == '{')
        buffer_add_char(ret, ']');
    arena_deinit(&arena);
}

int facts_read(Runtime *runtime, const Json *list, Arena *arena, Error *err)
{
    for (const Json *item = json_first(list); item != NULL; item = json_next(item)) {
        Record record = {.type = RECORD_FACT};
        if (members_check(item, "a fact", "fact arguments value reason", err) < 0 ||
            fact_record_decode(item, arena, &record, err) < 0)
            return ERROR_STATE;
        fact_record_apply(runtime, &record);
    }
    return 0;
}
