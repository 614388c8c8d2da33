/* Open intents by their numbers. */
#include <string.h>

#include "controller/core/state.h"
#include "lang/base/memory.h"

static Intent **bucket_of(const IntentTable *table, uint64_t number)
{
    return &table->buckets[number & (table->bucket_count - 1)];
}

static void table_put(IntentTable *table, Intent *intent)
{
    Intent **bucket = bucket_of(table, intent->number);

    intent->bucket_next = *bucket;
    *bucket = intent;
}

static void table_grow(IntentTable *table)
{
    IntentTable grown = {.bucket_count = table->bucket_count > 0 ? table->bucket_count * 2 : 16,
                         .count = table->count};

    grown.buckets = memory_zero(grown.bucket_count, sizeof(Intent *));
    for (size_t i = 0; i < table->bucket_count; i++)
        for (Intent *intent = table->buckets[i], *next; intent != NULL; intent = next) {
            next = intent->bucket_next;
            table_put(&grown, intent);
        }
    free(table->buckets);
    *table = grown;
}

void intent_enter(Instance *owner, Intent *intent)
{
    IntentTable *table = &owner->runtime->intents;

    if (table->count == table->bucket_count)
        table_grow(table);
    table_put(table, intent);
    table->count++;
    intent->owner = owner;
}

static void intent_leave(Intent *intent)
{
    IntentTable *table = &intent->owner->runtime->intents;
    Intent **at = bucket_of(table, intent->number);

    while (*at != intent)
        at = &(*at)->bucket_next;
    *at = intent->bucket_next;
    table->count--;
}

void intent_renumber(Intent *intent, uint64_t number)
{
    intent_leave(intent);
    intent->number = number;
    intent_enter(intent->owner, intent);
}

Intent *intent_find(const Runtime *runtime, uint64_t number, Instance **ret_owner)
{
    const IntentTable *table = &runtime->intents;
    Intent *intent = table->count > 0 ? *bucket_of(table, number) : NULL;

    while (intent != NULL && intent->number != number)
        intent = intent->bucket_next;
    *ret_owner = intent != NULL ? intent->owner : NULL;
    return intent;
}

bool intent_is_of_slice(const Instance *owner, const Intent *intent)
{
    const Object *object = object_find(owner->runtime, intent->uid);

    return object == NULL || object->leaving != intent;
}

void place_deinit(Place *place)
{
    free(place->where);
    free(place->effect);
}

void intent_free(Intent *intent)
{
    if (intent == NULL)
        return;
    if (intent->owner != NULL)
        intent_leave(intent);
    place_deinit(&intent->place);
    free(intent->address);
    free(intent->provider);
    free(intent->action);
    free(intent->type);
    free(intent->arguments);
    free(intent->name);
    free(intent->key);
    free(intent->external_id);
    free(intent->result);
    free(intent->code);
    free(intent->detail);
    free(intent);
}

void pending_free(Pending *pending)
{
    if (pending == NULL)
        return;
    proposal_deinit(&pending->proposal);
    for (size_t i = 0; i < pending->intent_count; i++)
        intent_free(pending->intents[i]);
    free(pending->intents);
    earlier_free(pending->earlier);
    seen_facts_deinit(&pending->facts);
    free(pending);
}
