#include "controller/host/slot_queue.h"

#include <stdlib.h>

#include "lang/base/memory.h"

/* One of those who take turns. */
typedef struct Share {
    uint64_t rank; /* of its last slot */
    size_t waiting;
} Share;

static const char *share_name(const Slot *slot)
{
    return slot->share != NULL ? slot->share : "";
}

static Share *share_join(SlotQueue *queue, const Slot *slot)
{
    Share *share = map_get(&queue->shares, share_name(slot));

    if (share == NULL) {
        share = memory_zero(1, sizeof *share);
        share->rank = queue->round;
        map_put(&queue->shares, share_name(slot), share);
    }
    share->waiting++;
    return share;
}

static void share_leave(SlotQueue *queue, const Slot *slot)
{
    Share *share = map_get(&queue->shares, share_name(slot));

    if (--share->waiting > 0)
        return;
    map_remove(&queue->shares, share_name(slot));
    free(share);
}

static bool goes_before(const Slot *slot, const Slot *other)
{
    return slot->rank != other->rank ? slot->rank < other->rank : slot->number < other->number;
}

void slot_queue_add(SlotQueue *queue, Slot *slot)
{
    Share *share = share_join(queue, slot);
    Slot *before = queue->last;

    if (share->rank < queue->round)
        share->rank = queue->round;
    slot->rank = ++share->rank;
    while (before != NULL && goes_before(slot, before))
        before = before->before;
    slot->before = before;
    slot->next = before != NULL ? before->next : queue->first;
    *(before != NULL ? &before->next : &queue->first) = slot;
    *(slot->next != NULL ? &slot->next->before : &queue->last) = slot;
    slot->waiting = true;
    queue->count++;
}

void slot_queue_remove(SlotQueue *queue, Slot *slot)
{
    *(slot->before != NULL ? &slot->before->next : &queue->first) = slot->next;
    *(slot->next != NULL ? &slot->next->before : &queue->last) = slot->before;
    slot->waiting = false;
    queue->count--;
    share_leave(queue, slot);
}

void slot_queue_take(SlotQueue *queue, Slot *slot)
{
    queue->round = slot->rank;
    slot_queue_remove(queue, slot);
}

void slot_queue_deinit(SlotQueue *queue)
{
    while (queue->first != NULL)
        slot_queue_remove(queue, queue->first);
    map_deinit(&queue->shares);
}
