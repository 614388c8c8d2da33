#include "controller/host/observation.h"

#include <string.h>

#include "controller/core/object.h"
#include "lang/base/memory.h"

static bool can_be_asked_about(const Object *object, const char *provider)
{
    return object->exists && strcmp(object->provider, provider) == 0 &&
           object->state != OBJECT_LEAVING && object->state != OBJECT_WANTED;
}

Json *observation_question(const Runtime *runtime, const char *provider, const Map *only)
{
    Json *items = json_new_array();

    for (size_t i = 0; i < runtime->object_count; i++) {
        const Object *object = runtime->objects[i];
        if (!can_be_asked_about(object, provider) ||
            (only != NULL && map_get(only, object->uid) == NULL))
            continue;
        Json *item = json_new_object();
        json_set_string(item, "type", object->type != NULL ? object->type : "");
        json_set_string(item, "uid", object->uid);
        json_append(items, item);
    }
    return items;
}

static bool outputs_differ(const Object *object, const Json *state)
{
    cleanup(json_free) Json *outputs = NULL;

    return object->outputs == NULL ||
           json_parse_own(object->outputs, strlen(object->outputs), &outputs, NULL) < 0 ||
           !json_equal(outputs, state);
}

static ObservationKind found_read(const Object *object, const Json *reply, Observation *ret)
{
    const Json *state = json_get(reply, "state");
    cleanup(buffer_deinit) Buffer text = {0};

    if (object->state == OBJECT_LOST)
        return OBSERVATION_BACK;
    if (state == NULL || !outputs_differ(object, state))
        return OBSERVATION_SAME;
    ret->is_heard = object_hears_changes(object);
    if (!ret->is_heard)
        return OBSERVATION_OTHER;
    json_write_canonical(&text, state);
    ret->result = memory_copy_string(buffer_text(&text));
    string_set(&ret->external_id, json_get_string(reply, "external_id", object->external_id));
    return OBSERVATION_OTHER;
}

ObservationKind observation_read(const Runtime *runtime, const ProviderItem *item, Observation *ret,
                                 const char **ret_trouble)
{
    const char *status = json_get_string(item->reply, "status", "error");
    const char *reason = json_get_string(item->reply, "reason", NULL);
    const Object *object = object_find(runtime, json_get_string(item->reply, "uid", ""));

    *ret = (Observation){.kind = OBSERVATION_SAME};
    if (strcmp(status, "error") == 0) {
        *ret_trouble = item->error != NULL ? item->error
                       : reason != NULL    ? reason
                                           : "no reason given";
        return ret->kind = OBSERVATION_TROUBLE;
    }
    if (object == NULL || strcmp(status, "unchanged") == 0)
        return ret->kind;
    memcpy(ret->uid, object->uid, UID_SIZE);
    string_set(&ret->reason, reason);
    if (strcmp(status, "absent") != 0)
        return ret->kind = found_read(object, item->reply, ret);
    return ret->kind = object->state == OBJECT_LOST ? OBSERVATION_SAME : OBSERVATION_GONE;
}

void observation_deinit(Observation *observation)
{
    free(observation->reason);
    free(observation->external_id);
    free(observation->result);
    *observation = (Observation){0};
}

Event observation_event(const Observation *observation)
{
    bool is_gone = observation->kind == OBSERVATION_GONE;
    bool is_other = observation->kind == OBSERVATION_OTHER;

    return (Event){.type = is_other && !observation->is_heard ? EVENT_DRIFTED : EVENT_OBSERVED,
                   .uid = observation->uid,
                   .lost = is_gone,
                   .changed = is_other,
                   .detail = observation->reason,
                   .external_id = observation->external_id,
                   .result = observation->result};
}
