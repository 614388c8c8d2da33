#include "map.h"

#include <string.h>

#include "hash.h"
#include "memory.h"

void map_deinit(Map *map)
{
    for (size_t i = 0; i < map->entry_count; i++)
        free(map->entries[i].key);
    free(map->entries);
    free(map->slots);
    *map = (Map){0};
}

static void slots_fill(Map *map)
{
    memset(map->slots, 0, map->slot_count * sizeof *map->slots);
    for (size_t i = 0; i < map->entry_count; i++) {
        size_t slot = map->entries[i].hash & (map->slot_count - 1);
        while (map->slots[slot] != 0)
            slot = (slot + 1) & (map->slot_count - 1);
        map->slots[slot] = (uint32_t)i + 1;
    }
}

/* Drop removed entries, keeping the order, and double the slots when they are half full. */
static void map_rebuild(Map *map)
{
    size_t kept = 0;

    for (size_t i = 0; i < map->entry_count; i++)
        if (map->entries[i].key != NULL)
            map->entries[kept++] = map->entries[i];
    map->entry_count = kept;
    while (map->slot_count < 16 || map->slot_count < kept * 4)
        map->slot_count = map->slot_count ? map->slot_count * 2 : 16;
    map->slots = memory_grow(map->slots, map->slot_count, sizeof *map->slots);
    slots_fill(map);
}

static MapEntry *map_find(const Map *map, const char *key, uint64_t hash)
{
    if (map->slot_count == 0)
        return NULL;
    for (size_t slot = hash & (map->slot_count - 1); map->slots[slot] != 0;
         slot = (slot + 1) & (map->slot_count - 1)) {
        MapEntry *entry = &map->entries[map->slots[slot] - 1];
        if (entry->hash == hash && entry->key != NULL && strcmp(entry->key, key) == 0)
            return entry;
    }
    return NULL;
}

void *map_get(const Map *map, const char *key)
{
    MapEntry *entry = map_find(map, key, hash_string(key));

    return entry != NULL ? entry->value : NULL;
}

void *map_put(Map *map, const char *key, void *value)
{
    uint64_t hash = hash_string(key);
    MapEntry *entry = map_find(map, key, hash);

    if (entry != NULL) {
        void *previous = entry->value;
        entry->value = value;
        return previous;
    }
    if ((map->entry_count + 1) * 2 > map->slot_count)
        map_rebuild(map);
    memory_reserve_one(map->entries, map->entry_count, map->entry_capacity);
    map->entries[map->entry_count++] = (MapEntry){memory_copy_string(key), value, hash};
    map->count++;
    size_t slot = hash & (map->slot_count - 1);
    while (map->slots[slot] != 0)
        slot = (slot + 1) & (map->slot_count - 1);
    map->slots[slot] = (uint32_t)map->entry_count;
    return NULL;
}

void *map_remove(Map *map, const char *key)
{
    MapEntry *entry = map_find(map, key, hash_string(key));

    if (entry == NULL)
        return NULL;
    void *value = entry->value;
    free(entry->key);
    entry->key = NULL;
    entry->value = NULL;
    map->count--;
    return value;
}

MapEntry *map_next(const Map *map, const MapEntry *entry)
{
    size_t at = entry == NULL ? 0 : (size_t)(entry - map->entries) + 1;

    while (at < map->entry_count && map->entries[at].key == NULL)
        at++;
    return at < map->entry_count ? &map->entries[at] : NULL;
}
