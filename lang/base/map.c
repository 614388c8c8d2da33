#include "map.h"

#include <string.h>

#include "hash.h"
#include "memory.h"

/* So many entries are looked through one by one. */
#define SMALL_MAX 8

void map_deinit(Map *map)
{
    for (size_t i = 0; i < map->entry_count && !map->borrows; i++)
        free(map->entries[i].key);
    free(map->entries);
    free(map->slots);
    *map = (Map){.borrows = map->borrows};
}

static uint64_t word_mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * 0x9fb21c651e98df25ULL;
    return hash ^ hash >> 32;
}

/* Eight bytes at a time: of a long chain of products each would have to wait for the one before. */
static uint64_t key_hash(const char *key)
{
    uint64_t hash = 0, word = 0;
    unsigned shift = 0;

    for (; *key != '\0'; key++) {
        word |= (uint64_t)(unsigned char)*key << shift;
        shift += 8;
        if (shift == 64) {
            hash = word_mix(hash, word);
            word = 0;
            shift = 0;
        }
    }
    return word_mix(hash, word);
}

static void slot_take(Map *map, size_t index)
{
    size_t slot = map->entries[index].hash & (map->slot_count - 1);

    while (map->slots[slot] != 0)
        slot = (slot + 1) & (map->slot_count - 1);
    map->slots[slot] = (uint32_t)index + 1;
}

/* Drop removed entries, keeping the order, and double the slots when they are half full. A map that
 * is small then needs none. */
static void map_rebuild(Map *map)
{
    size_t kept = 0;

    for (size_t i = 0; i < map->entry_count; i++)
        if (map->entries[i].key != NULL)
            map->entries[kept++] = map->entries[i];
    map->entry_count = kept;
    if (kept < SMALL_MAX && map->slot_count == 0)
        return;
    while (map->slot_count < 16 || map->slot_count < kept * 4)
        map->slot_count = map->slot_count ? map->slot_count * 2 : 16;
    map->slots = memory_grow(map->slots, map->slot_count, sizeof *map->slots);
    memset(map->slots, 0, map->slot_count * sizeof *map->slots);
    for (size_t i = 0; i < kept; i++)
        slot_take(map, i);
}

static bool entry_is(const MapEntry *entry, const char *key, uint64_t hash)
{
    return entry->hash == hash && entry->key != NULL && strcmp(entry->key, key) == 0;
}

static MapEntry *map_find(const Map *map, const char *key, uint64_t hash)
{
    if (map->slot_count == 0) {
        for (size_t i = 0; i < map->entry_count; i++)
            if (entry_is(&map->entries[i], key, hash))
                return &map->entries[i];
        return NULL;
    }
    for (size_t slot = hash & (map->slot_count - 1); map->slots[slot] != 0;
         slot = (slot + 1) & (map->slot_count - 1)) {
        MapEntry *entry = &map->entries[map->slots[slot] - 1];
        if (entry_is(entry, key, hash))
            return entry;
    }
    return NULL;
}

void *map_get(const Map *map, const char *key)
{
    MapEntry *entry = map->count > 0 ? map_find(map, key, key_hash(key)) : NULL;

    return entry != NULL ? entry->value : NULL;
}

void *map_put(Map *map, const char *key, void *value)
{
    uint64_t hash = key_hash(key);
    MapEntry *entry = map_find(map, key, hash);

    if (entry != NULL) {
        void *previous = entry->value;
        entry->value = value;
        return previous;
    }
    if (map->entry_count >= SMALL_MAX && (map->entry_count + 1) * 2 > map->slot_count)
        map_rebuild(map);
    memory_reserve_one(map->entries, map->entry_count, map->entry_capacity);
    map->entries[map->entry_count++] =
        (MapEntry){map->borrows ? (char *)key : memory_copy_string(key), value, hash};
    map->count++;
    if (map->slot_count > 0)
        slot_take(map, map->entry_count - 1);
    return NULL;
}

void *map_remove(Map *map, const char *key)
{
    MapEntry *entry = map_find(map, key, key_hash(key));

    if (entry == NULL)
        return NULL;
    void *value = entry->value;
    if (!map->borrows)
        free(entry->key);
    entry->key = NULL;
    entry->value = NULL;
    map->count--;
    while (map->slot_count == 0 && map->entry_count > 0 &&
           map->entries[map->entry_count - 1].key == NULL)
        map->entry_count--; /* no slot knows of it */
    return value;
}

MapEntry *map_next(const Map *map, const MapEntry *entry)
{
    size_t at = entry == NULL ? 0 : (size_t)(entry - map->entries) + 1;

    while (at < map->entry_count && map->entries[at].key == NULL)
        at++;
    return at < map->entry_count ? &map->entries[at] : NULL;
}
