/* What the records of edits by hand change. */
#include <assert.h>
#include <string.h>

#include "controller/core/convergence.h"
#include "controller/core/crashes.h"
#include "controller/core/dead_letter.h"
#include "controller/core/keys.h"
#include "controller/core/origin.h"
#include "controller/core/record.h"
#include "controller/core/turn.h"
#include "lang/base/memory.h"

/* Where the record of the slice that made the object speaks of it; NULL: nowhere. */
static OriginEffect *effect_of(const Object *object)
{
    Origin *origin = object->origin;

    for (size_t i = 0; origin != NULL && i < origin->effect_count; i++)
        if (strcmp(origin->effects[i].uid, object->uid) == 0)
            return &origin->effects[i];
    return NULL;
}

/* The record has no such object any more: computed again, its slice makes another one. */
static void origin_leave(Object *object)
{
    OriginEffect *effect = effect_of(object);

    if (effect != NULL)
        effect->uid[0] = '\0';
    origin_release(take(object->origin));
}

static void changed_from_outside(Instance *instance)
{
    convergence_outside(instance);
    instance_touch(instance);
    instance_changed(instance);
    objects_changed(instance->runtime);
}

static void apply_forget(Runtime *runtime, Object *object)
{
    Instance *owner = object->owner;

    if (object->origin != NULL)
        object->origin->vacant = true;
    origin_leave(object);
    object_remove(runtime, object);
    changed_from_outside(owner);
}

static void apply_mark(Object *object, const Record *record)
{
    object->replace = true;
    origin_stale(object->owner, object->origin, record->text);
    changed_from_outside(object->owner);
}

static void seat_take(Object *object, const Seat *seat)
{
    string_set(&object->place.where, seat->where);
    string_set(&object->place.effect, seat->effect);
    string_set(&object->name, seat->name);
    object->place.site = seat->site;
    object->ordinal = seat->ordinal;
}

/* In the same text the record of its slice goes along. In another one no slice has emitted it yet:
 * the first that does takes it up. One that nothing wanted any more is wanted there. */
static void apply_move(Object *object, const Record *record)
{
    const Seat *seat = &record->seat;
    Instance *before = object->owner;
    OriginEffect *effect = effect_of(object);

    if (before != record->instance || object->condemned ||
        strcmp(object->place.where, seat->where) != 0) {
        object_spare(object);
        origin_leave(object);
        object->by_hand = true;
        if (object->state == OBJECT_READY)
            object_move(object, OBJECT_LEFT);
        object_give(object, record->instance);
    } else if (effect != NULL) {
        effect->site = seat->site;
        string_set(&effect->name, seat->name);
    }
    object_rows_leave(object);
    seat_take(object, seat);
    object_rows_enter(object);
    changed_from_outside(before);
    changed_from_outside(object->owner);
}

/* Of the same text and site, without an object; a name is the same everywhere. */
static bool is_vacant_for(const Origin *origin, const OriginEffect *effect, const Object *object)
{
    if (effect->verb != INTENT_PUT || effect->uid[0] != '\0' ||
        strcmp(effect->effect, object->place.effect) != 0)
        return false;
    if (object->name != NULL)
        return effect->name != NULL && strcmp(effect->name, object->name) == 0;
    return effect->name == NULL && effect->site == object->place.site &&
           strcmp(origin->where, object->place.where) == 0;
}

static bool has_vacancy(const Origin *origin, const Object *object)
{
    for (size_t i = 0; i < origin->effect_count; i++)
        if (is_vacant_for(origin, &origin->effects[i], object))
            return true;
    return false;
}

/* A slice that had an object there takes the new one up when it is computed again. */
static void place_recompute(const Object *object)
{
    Instance *owner = object->owner;

    for (size_t i = 0; i < owner->has->origin_count; i++)
        if (has_vacancy(owner->has->origins[i], object)) {
            origin_stale(owner, owner->has->origins[i], "ved import");
            return;
        }
}

static void apply_import(Runtime *runtime, const Record *record)
{
    Object *object = memory_zero(1, sizeof *object);
    const Seat *seat = &record->seat;

    memcpy(object->uid, record->uid, strnlen(record->uid, UID_SIZE - 1));
    object->state = OBJECT_LEFT;
    object->before = OBJECT_LEFT;
    object->by_hand = true;
    object->owner = record->instance;
    object->sequence = runtime->next_sequence++;
    seat_take(object, seat);
    string_set(&object->provider, seat->provider);
    string_set(&object->action, seat->action);
    string_set(&object->type, seat->type);
    string_set(&object->external_id, record->external_id);
    string_set(&object->outputs, record->result);
    object_add(runtime, object);
    if (record->intent >= runtime->next_intent)
        runtime->next_intent = record->intent + 1;
    place_recompute(object);
    changed_from_outside(object->owner);
}

static int apply_adopt(Runtime *runtime, const Record *record, Error *err)
{
    Instance *owner;
    Intent *intent = intent_find(runtime, record->intent, &owner);

    if (intent == NULL || intent->state != INTENT_OPEN || intent->verb != INTENT_PUT)
        return error_set(err, ERROR_STATE, "intent %llu, which is not open, is to adopt",
                         (unsigned long long)record->intent);
    instance_changed(owner);
    intent_renumber(intent, runtime->next_intent++);
    intent->adopts = true;
    intent->was_asked = false;
    intent->recovered = false;
    op_make(owner, intent->uid, intent->number, intent->op);
    return 0;
}

static int apply_to_object(Runtime *runtime, const Record *record, Error *err)
{
    Object *object = object_find(runtime, record->uid != NULL ? record->uid : "");

    if (object == NULL || object->state == OBJECT_WANTED || object->leaving != NULL)
        return error_set(err, ERROR_STATE,
                         "an edit by hand of an object that is not there, or not "
                         "at rest");
    if (record->type == RECORD_FORGET)
        apply_forget(runtime, object);
    else if (record->type == RECORD_MOVE)
        apply_move(object, record);
    else if (object->origin != NULL)
        apply_mark(object, record);
    return 0;
}

/* As if it had just come: it is tried as often as any. */
static int apply_redeliver(Runtime *runtime, const Record *record, Error *err)
{
    Instance *instance = record->instance;
    Message *message = dead_letter_take(instance, record->message);

    if (message == NULL)
        return error_set(err, ERROR_STATE, "message %llu, which is no dead letter, is put back",
                         (unsigned long long)record->message);
    if (message->id == 0) /* of a rest, by an older version */
        message->id = runtime->next_message++;
    message->attempts = 0;
    message->due_ms = 0;
    if (message->kind == MESSAGE_TIMER)
        instance_timers(instance)[message->target].waits = true;
    mailbox_put(&instance_wake(instance)->mailbox, message);
    changed_from_outside(instance);
    return 0;
}

static int apply_resume(const Record *record)
{
    crashes_begin_again(record->instance);
    changed_from_outside(record->instance);
    return 0;
}

int manual_record_apply(Runtime *runtime, const Record *record, Error *err)
{
    if (record->type == RECORD_ADOPT)
        return apply_adopt(runtime, record, err);
    if (record->type == RECORD_REDELIVER)
        return apply_redeliver(runtime, record, err);
    if (record->type == RECORD_RESUME)
        return apply_resume(record);
    if (record->type != RECORD_IMPORT)
        return apply_to_object(runtime, record, err);
    if (record->uid == NULL || object_find(runtime, record->uid) != NULL)
        return error_set(err, ERROR_STATE, "an import of an object that is there already");
    apply_import(runtime, record);
    return 0;
}
