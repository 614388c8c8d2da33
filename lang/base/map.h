/* Strings to pointers: open addressing, insertion order kept, so iterating is deterministic.
 *
 * Keys are copied, unless the map borrows them; values belong to the caller. */
#ifndef VED_BASE_MAP_H
#define VED_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct MapEntry {
    char *key; /* NULL: removed */
    void *value;
    uint64_t hash;
} MapEntry;

typedef struct Map {
    MapEntry *entries; /* in the order of insertion, removed ones with a NULL key */
    size_t entry_count;
    size_t entry_capacity;
    uint32_t *slots; /* index into entries + 1; 0: free; none while there are few entries */
    size_t slot_count;
    size_t count;
    bool borrows; /* keys stay the caller's and outlive the map */
} Map;

/* `= {0}` is an empty map; `= {.borrows = true}` one that does not copy its keys. */
void map_deinit(Map *map);
void *map_get(const Map *map, const char *key); /* NULL: not there */

/* Put or replace; returns the value that was there, or NULL. */
void *map_put(Map *map, const char *key, void *value);

/* Returns the value that was there, or NULL. */
void *map_remove(Map *map, const char *key);

/* for (MapEntry *e = map_next(&map, NULL); e; e = map_next(&map, e)): insertion order. */
MapEntry *map_next(const Map *map, const MapEntry *entry);

#define map_deinit_p map_deinit

#endif
