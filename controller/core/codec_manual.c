/* Records of edits by hand as JSON text and back. */
#include "controller/core/record.h"

static void seat_encode(const Seat *seat, Buffer *ret)
{
    buffer_add_string(ret, ",\"seat\":{\"where\":");
    json_put_string(ret, seat->where);
    member_encode(ret, "effect", seat->effect);
    member_encode_number(ret, "site", seat->site);
    member_encode_number(ret, "ordinal", seat->ordinal);
    member_encode(ret, "name", seat->name);
    member_encode(ret, "provider", seat->provider);
    member_encode(ret, "action", seat->action);
    member_encode(ret, "type", seat->type);
    buffer_add_char(ret, '}');
}

void manual_record_encode(const Record *record, Buffer *ret)
{
    member_encode(ret, "uid", record->uid);
    if (record->intent != 0)
        member_encode_number(ret, "intent", record->intent);
    member_encode(ret, "text", record->text);
    member_encode(ret, "external_id", record->external_id);
    member_encode_json(ret, "result", record->result);
    if (record->seat.where != NULL)
        seat_encode(&record->seat, ret);
}

static const char *string_of(const Json *json, const char *key, Arena *arena)
{
    const char *text = json_get_string(json, key, NULL);

    return text != NULL ? arena_copy_string(arena, text) : NULL;
}

int seat_decode(const Json *json, Arena *arena, Seat *ret, Error *err)
{
    if (members_check(json, "a place", "where effect site ordinal name provider action type", err) <
        0)
        return ERROR_STATE;
    *ret = (Seat){.where = string_of(json, "where", arena),
                  .effect = string_of(json, "effect", arena),
                  .site = (uint32_t)json_get_int(json, "site", 0),
                  .ordinal = (uint32_t)json_get_int(json, "ordinal", 0),
                  .name = string_of(json, "name", arena),
                  .provider = string_of(json, "provider", arena),
                  .action = string_of(json, "action", arena),
                  .type = string_of(json, "type", arena)};
    if (ret->where == NULL || ret->effect == NULL)
        return error_set(err, ERROR_STATE, "an edit by hand without a place");
    return 0;
}
