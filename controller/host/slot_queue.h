/* Who waits to send to a provider, in the order in which they may. Internal to the provider client.
 *
 * Those who share it take turns, whatever number of slots each of them waits for: a slot's rank is
 * the round it goes in, and a share has one slot in each. Within a round the lower number, which
 * was asked earlier, goes first. */
#ifndef VED_HOST_SLOT_QUEUE_H
#define VED_HOST_SLOT_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lang/base/map.h"

/* Part of whoever waits. `turn` is called from the loop, either with the slot held, or with the
 * endpoint down and no slot held. */
typedef struct Slot {
    struct Slot *next, *before; /* while waiting */
    uint64_t number, rank;
    const char *share; /* whose turns it takes; NULL: those of nobody in particular */
    bool again;        /* for a retry */
    bool waiting, held;
    void (*turn)(void *context);
    void *context;
} Slot;

/* All zero is an empty one. */
typedef struct SlotQueue {
    Slot *first, *last;
    size_t count;
    uint64_t round; /* of the slot that left last by its turn */
    Map shares;     /* name -> what waits for it */
} SlotQueue;

void slot_queue_deinit(SlotQueue *queue);

/* `slot`'s share must stay as it is while it waits. */
void slot_queue_add(SlotQueue *queue, Slot *slot);

/* It has its turn, or waits no longer. */
void slot_queue_take(SlotQueue *queue, Slot *slot);
void slot_queue_remove(SlotQueue *queue, Slot *slot);

#endif
