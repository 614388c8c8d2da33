/* Why an object is there, or is not any more. */
#include <stdio.h>
#include <string.h>

#include "controller/core/address.h"
#include "controller/host/why_private.h"
#include "lang/base/memory.h"

static bool is_meant(Inquiry *inquiry)
{
    Address address;
    Error err;

    return address_parse(inquiry->what, &inquiry->arena, &address, &err) == 0 &&
           address.effect != NULL;
}

static const Object *object_now(const Inquiry *inquiry, const Runtime *runtime)
{
    for (size_t i = 0; i < runtime->object_count; i++) {
        cleanup(free) char *address = object_address(runtime->objects[i]);
        if (strcmp(address, inquiry->what) == 0)
            return runtime->objects[i];
    }
    return NULL;
}

static void on_state(Inquiry *inquiry, const Retrace *retrace)
{
    const Object *object = object_now(inquiry, retrace->runtime);

    string_set(&inquiry->uid, object != NULL ? object->uid : NULL);
    inquiry->found |= object != NULL;
}

static bool is_it(const Inquiry *inquiry, const char *uid)
{
    return inquiry->uid != NULL && uid != NULL && strcmp(inquiry->uid, uid) == 0;
}

static const char *number_key(char text[24], uint64_t number)
{
    snprintf(text, 24, "%llu", (unsigned long long)number);
    return text;
}

static const char *verb_words(const Runtime *runtime, const Intent *intent)
{
    switch (intent->verb) {
    case INTENT_ACTION:
        return "to be run";
    case INTENT_DELETE:
        return "to be destroyed";
    case INTENT_PUT:
        break;
    }
    const Object *object = object_find(runtime, intent->uid);
    return object == NULL || !object->exists ? "to be made" : "to be made as it is to be now";
}

/* The record is applied, which has settled where its intents stand. */
static void intents_take(Inquiry *inquiry, const Retrace *retrace, uint64_t sequence,
                         const Record *record)
{
    for (size_t i = 0; i < record->intent_count; i++) {
        const Intent *intent = record->intents[i];
        char key[24];
        if (!is_it(inquiry, intent->uid) &&
            (intent->address == NULL || strcmp(intent->address, inquiry->what) != 0))
            continue;
        inquiry->found = true;
        if (intent->verb == INTENT_PUT)
            string_set(&inquiry->uid, intent->uid);
        map_put(&inquiry->intents, number_key(key, intent->number), inquiry);
        char *text =
            record->slice != 0
                ? memory_format("slice %llu wants it %s", (unsigned long long)record->slice,
                                verb_words(retrace->runtime, intent))
                : memory_format("destroy wants it %s", verb_words(retrace->runtime, intent));
        why_event(inquiry, sequence, record->time_ms, text)->slice = record->slice;
    }
}

static void answer_take(Inquiry *inquiry, uint64_t sequence, const Record *record)
{
    char key[24];

    if (map_remove(&inquiry->intents, number_key(key, record->intent)) == NULL)
        return;
    bool applied = record->outcome == INTENT_APPLIED;
    why_event(inquiry, sequence, record->time_ms,
              memory_format("its provider: %s%s%s", applied ? "done" : "failed",
                            record->text != NULL && record->text[0] != '\0' ? ": " : "",
                            record->text != NULL ? record->text : ""));
}

static void observe_take(Inquiry *inquiry, uint64_t sequence, const Record *record)
{
    const char *words = record->object == OBJECT_LOST ? "its provider has lost it"
                        : record->changed             ? "its provider has changed it"
                                                      : "its provider has it";

    why_event(inquiry, sequence, record->time_ms,
              memory_format("%s%s%s", words, record->text != NULL ? ": " : "",
                            record->text != NULL ? record->text : ""));
}

static void by_hand(Inquiry *inquiry, uint64_t sequence, const Record *record, const char *words)
{
    why_event(inquiry, sequence, record->time_ms, memory_format("by hand: %s", words));
}

static void on_record(Inquiry *inquiry, const Retrace *retrace, uint64_t sequence,
                      const Record *record)
{
    (void)retrace;
    if (record->type == RECORD_ANSWER)
        answer_take(inquiry, sequence, record);
    if (!is_it(inquiry, record->uid))
        return;
    if (record->type == RECORD_OBSERVE)
        observe_take(inquiry, sequence, record);
    else if (record->type == RECORD_FORGET)
        by_hand(inquiry, sequence, record, "forgotten");
    else if (record->type == RECORD_MARK)
        by_hand(inquiry, sequence, record, "to be replaced");
    else if (record->type == RECORD_MOVE)
        by_hand(inquiry, sequence, record, "it has another address");
}

static void on_applied(Inquiry *inquiry, const Retrace *retrace, uint64_t sequence,
                       const Record *record)
{
    intents_take(inquiry, retrace, sequence, record);
    if (record->type != RECORD_MOVE && record->type != RECORD_IMPORT)
        return;
    on_state(inquiry, retrace);
    if (is_it(inquiry, record->uid))
        by_hand(inquiry, sequence, record,
                record->type == RECORD_MOVE ? "it has this address" : "it is imported");
}

static uint64_t last_slice(const Why *why)
{
    for (size_t i = why->event_count; i-- > 0;)
        if (why->events[i].slice != 0)
            return why->events[i].slice;
    return 0;
}

static int conclude(Inquiry *inquiry, const Retrace *retrace, Error *err)
{
    const Object *object = object_now(inquiry, retrace->runtime);
    Why *why = inquiry->why;

    if (!inquiry->found)
        return error_set(err, ERROR_USAGE,
                         "there is no '%s', and the journal, which is kept behind record %llu, "
                         "knows of none: `ved get resources` lists what there is",
                         inquiry->what, (unsigned long long)why->since);
    why->subject =
        object != NULL
            ? memory_format("%s, which is %s", inquiry->what,
                            object->condemned ? "condemned" : object_state_name(object->state))
            : memory_format("%s, which is not there any more", inquiry->what);
    uint64_t slice = object != NULL && object->origin != NULL && object->origin->trail != NULL
                         ? object->origin->trail->slice
                         : last_slice(why);
    why_follow(inquiry, retrace, slice);
    return 0;
}

const Subject why_of_object = {is_meant, on_state, on_record, on_applied, conclude};
