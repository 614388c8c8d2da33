#include "controller/host/rename.h"

#include <stdlib.h>
#include <string.h>

#include "lang/base/memory.h"

static int compare(const void *a, const void *b)
{
    return strcmp(((const Rename *)a)->to, ((const Rename *)b)->to);
}

void renames_find(const Runtime *before, const Runtime *after, Renames *ret)
{
    for (size_t i = 0; i < after->object_count; i++) {
        const Object *object = after->objects[i], *old = object_find(before, object->uid);
        if (old == NULL)
            continue;
        cleanup(free) char *from = object_address(old);
        cleanup(free) char *to = object_address(object);
        if (strcmp(from, to) == 0)
            continue;
        memory_reserve_one(ret->items, ret->count, ret->capacity);
        Rename *rename = &ret->items[ret->count++];
        *rename = (Rename){.from = take(from), .to = take(to)};
        memcpy(rename->uid, object->uid, UID_SIZE);
    }
    if (ret->count > 0)
        qsort(ret->items, ret->count, sizeof *ret->items, compare);
}

void renames_deinit(Renames *renames)
{
    for (size_t i = 0; i < renames->count; i++) {
        free(renames->items[i].from);
        free(renames->items[i].to);
    }
    free(renames->items);
    *renames = (Renames){0};
}
