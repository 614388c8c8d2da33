#include "object_row.h"

#include <string.h>

#include "controller/core/state.h"
#include "lang/base/memory.h"

const char *effect_short(const char *effect)
{
    const char *dot = strrchr(effect, '.');

    return dot != NULL ? dot + 1 : effect;
}

/* What the objects of a row share. */
typedef struct ObjectRowKey {
    ObjectRowKind kind;
    const Instance *owner; /* NULL: of any */
    const char *effect;
    const char *where; /* NULL: wherever */
    const char *name;  /* NULL: none, or whichever */
    uint64_t hash;
} ObjectRowKey;

static ObjectRowKey key_hashed(ObjectRowKey key)
{
    uint64_t hash = hash_string(key.effect) + (uint64_t)(uintptr_t)key.owner;

    if (key.name != NULL)
        hash = hash_mix(hash) + hash_string(key.name);
    else if (key.where != NULL)
        hash = hash_mix(hash + 1) + hash_string(key.where);
    key.hash = hash_mix(hash);
    return key;
}

static ObjectRowKey key_named(const Instance *owner, const char *effect, const char *name)
{
    return key_hashed(
        (ObjectRowKey){.kind = ROW_ADDRESS, .owner = owner, .effect = effect, .name = name});
}

static ObjectRowKey key_unnamed(const Instance *owner, const char *where, const char *effect)
{
    return key_hashed(
        (ObjectRowKey){.kind = ROW_ADDRESS, .owner = owner, .effect = effect, .where = where});
}

static ObjectRowKey key_of_effect(const char *base)
{
    return key_hashed((ObjectRowKey){.kind = ROW_EFFECT, .effect = base});
}

static ObjectRowKey key_of(const Object *object, ObjectRowKind kind)
{
    if (kind == ROW_EFFECT)
        return key_of_effect(effect_short(object->place.effect));
    if (object->name != NULL)
        return key_named(object->owner, object->place.effect, object->name);
    return key_unnamed(object->owner, object->place.where, object->place.effect);
}

static bool row_is(const ObjectRow *row, const ObjectRowKey *key)
{
    const Object *object = row->first;

    if (row->hash != key->hash)
        return false;
    if (key->kind == ROW_EFFECT)
        return strcmp(effect_short(object->place.effect), key->effect) == 0;
    if (object->owner != key->owner || strcmp(object->place.effect, key->effect) != 0 ||
        (object->name == NULL) != (key->name == NULL))
        return false;
    return key->name != NULL ? strcmp(object->name, key->name) == 0
                             : strcmp(object->place.where, key->where) == 0;
}

/* ---- tables ---- */

static ObjectRow **bucket_of(const ObjectRowTable *table, uint64_t hash)
{
    return &table->buckets[hash & (table->bucket_count - 1)];
}

static ObjectRow *row_find(const ObjectRowTable *table, const ObjectRowKey *key)
{
    ObjectRow *row = table->count > 0 ? *bucket_of(table, key->hash) : NULL;

    while (row != NULL && !row_is(row, key))
        row = row->bucket_next;
    return row;
}

static void table_put(ObjectRowTable *table, ObjectRow *row)
{
    ObjectRow **bucket = bucket_of(table, row->hash);

    row->bucket_next = *bucket;
    *bucket = row;
}

static void table_grow(ObjectRowTable *table)
{
    ObjectRowTable grown = {.bucket_count = table->bucket_count > 0 ? table->bucket_count * 2 : 16,
                            .count = table->count};

    grown.buckets = memory_zero(grown.bucket_count, sizeof(ObjectRow *));
    for (size_t i = 0; i < table->bucket_count; i++)
        for (ObjectRow *row = table->buckets[i], *next; row != NULL; row = next) {
            next = row->bucket_next;
            table_put(&grown, row);
        }
    free(table->buckets);
    *table = grown;
}

static ObjectRow *row_of(ObjectRowTable *table, const ObjectRowKey *key)
{
    ObjectRow *row = row_find(table, key);

    if (row != NULL)
        return row;
    if (table->count == table->bucket_count)
        table_grow(table);
    row = memory_zero(1, sizeof *row);
    row->hash = key->hash;
    table_put(table, row);
    table->count++;
    return row;
}

static void row_drop(ObjectRowTable *table, ObjectRow *row)
{
    ObjectRow **at = bucket_of(table, row->hash);

    while (*at != row)
        at = &(*at)->bucket_next;
    *at = row->bucket_next;
    table->count--;
    free(row->holders);
    free(row);
}

ObjectRow *object_rows_next(const ObjectRowTable *table, const ObjectRow *row)
{
    size_t bucket = row != NULL ? (row->hash & (table->bucket_count - 1)) + 1 : 0;

    if (row != NULL && row->bucket_next != NULL)
        return row->bucket_next;
    while (bucket < table->bucket_count && table->buckets[bucket] == NULL)
        bucket++;
    return bucket < table->bucket_count ? table->buckets[bucket] : NULL;
}

void object_rows_deinit(ObjectRowTable *table)
{
    for (size_t i = 0; i < table->bucket_count; i++)
        while (table->buckets[i] != NULL)
            row_drop(table, table->buckets[i]);
    free(table->buckets);
    *table = (ObjectRowTable){0};
}

/* ---- numbers ---- */

static void number_count(ObjectRow *row, const Object *object)
{
    if (object->ordinal < row->holder_count)
        row->holders[object->ordinal]++;
}

static void number_release(ObjectRow *row, const Object *object)
{
    if (object->ordinal < row->holder_count && --row->holders[object->ordinal] == 0 &&
        object->ordinal < row->free_from)
        row->free_from = object->ordinal;
}

/* One of the first count + 1 numbers is free: only those need to be counted. */
static void numbers_count(ObjectRow *row)
{
    row->holder_count = 2 * (row->count + 1);
    free(row->holders);
    row->holders = memory_zero(row->holder_count, sizeof *row->holders);
    row->free_from = 0;
    for (const Object *object = row->first; object != NULL; object = object->rows[ROW_ADDRESS].next)
        number_count(row, object);
}

uint32_t object_row_number(ObjectRow *row)
{
    if (row == NULL)
        return 0;
    if (row->holder_count <= row->count)
        numbers_count(row);
    while (row->holders[row->free_from] > 0)
        row->free_from++;
    return row->free_from;
}

/* ---- an object's place in a row ---- */

/* Nearly always behind the last: it is the newest. */
static void link_in(ObjectRow *row, Object *object, ObjectRowKind kind)
{
    ObjectRowLink *link = &object->rows[kind];

    link->row = row;
    link->previous = row->last;
    while (link->previous != NULL && link->previous->sequence > object->sequence)
        link->previous = link->previous->rows[kind].previous;
    link->next = link->previous != NULL ? link->previous->rows[kind].next : row->first;
    *(link->next != NULL ? &link->next->rows[kind].previous : &row->last) = object;
    *(link->previous != NULL ? &link->previous->rows[kind].next : &row->first) = object;
    row->count++;
}

static void link_out(ObjectRow *row, Object *object, ObjectRowKind kind)
{
    ObjectRowLink *link = &object->rows[kind];

    *(link->next != NULL ? &link->next->rows[kind].previous : &row->last) = link->previous;
    *(link->previous != NULL ? &link->previous->rows[kind].next : &row->first) = link->next;
    *link = (ObjectRowLink){0};
    row->count--;
}

void object_rows_enter(Object *object)
{
    Runtime *runtime = object->owner->runtime;

    for (ObjectRowKind kind = 0; kind < ROW_COUNT; kind++) {
        ObjectRowKey key = key_of(object, kind);
        link_in(row_of(&runtime->rows[kind], &key), object, kind);
    }
    number_count(object->rows[ROW_ADDRESS].row, object);
}

void object_rows_leave(Object *object)
{
    Runtime *runtime = object->owner->runtime;

    number_release(object->rows[ROW_ADDRESS].row, object);
    for (ObjectRowKind kind = 0; kind < ROW_COUNT; kind++) {
        ObjectRow *row = object->rows[kind].row;
        link_out(row, object, kind);
        if (row->count == 0)
            row_drop(&runtime->rows[kind], row);
    }
}

/* ---- finding ---- */

ObjectRow *object_row_named(const Instance *owner, const char *effect, const char *name)
{
    ObjectRowKey key = key_named(owner, effect, name);

    return row_find(&owner->runtime->rows[ROW_ADDRESS], &key);
}

ObjectRow *object_row_unnamed(const Instance *owner, const char *where, const char *effect)
{
    ObjectRowKey key = key_unnamed(owner, where, effect);

    return row_find(&owner->runtime->rows[ROW_ADDRESS], &key);
}

ObjectRow *object_row_of_effect(const Runtime *runtime, const char *base)
{
    ObjectRowKey key = key_of_effect(base);

    return row_find(&runtime->rows[ROW_EFFECT], &key);
}
