/* A queue of instances by a number each, the smallest first, where who comes mostly has the largest
 * of all: so it is a ring to whose end they are put, and a heap of those that belong before it.
 *
 * An instance that leaves from the middle of the ring leaves a hole, which goes when one of the
 * ends comes to it; the first and the last place of a ring are never holes. As with the heap, what
 * comes first among equal numbers, and where an instance keeps its place, is said by a HeapKind. */
#ifndef VED_CORE_INSTANCE_QUEUE_H
#define VED_CORE_INSTANCE_QUEUE_H

#include "controller/core/instance_heap.h"

typedef struct InstanceQueue {
    HeapItem *items;  /* the ring; a hole has no instance */
    size_t capacity;  /* 0, or a power of two */
    size_t head, end; /* of it, modulo the capacity; end - head places are in use */
    size_t count;     /* in it, without holes */
    InstanceHeap others;
} InstanceQueue;

#define QUEUE_IN_RING (UINT32_C(1) << 31) /* set in the place of one that stands in the ring */

HEAP_INLINE HeapItem *queue_slot(const InstanceQueue *queue, size_t index)
{
    return &queue->items[index & (queue->capacity - 1)];
}

HEAP_INLINE bool queue_is_empty(const InstanceQueue *queue)
{
    return queue->count == 0 && queue->others.count == 0;
}

HEAP_INLINE void queue_put_at(InstanceQueue *queue, const HeapKind *kind, size_t index,
                              HeapItem item)
{
    size_t slot = index & (queue->capacity - 1);

    queue->items[slot] = item;
    kind->place(item.instance, QUEUE_IN_RING | (uint32_t)slot);
}

/* The ring is full: it becomes twice as large, or loses its holes where it is mostly holes. */
static inline void queue_make_room(InstanceQueue *queue, const HeapKind *kind)
{
    InstanceQueue old = *queue;

    if (queue->count * 2 >= queue->capacity)
        queue->capacity = queue->capacity != 0 ? queue->capacity * 2 : 8;
    queue->items = memory_alloc(queue->capacity * sizeof *queue->items);
    queue->head = queue->end = 0;
    for (size_t i = old.head; i != old.end; i++)
        if (queue_slot(&old, i)->instance != NULL)
            queue_put_at(queue, kind, queue->end++, *queue_slot(&old, i));
    free(old.items);
}

/* Its instance is in this queue nowhere yet. */
HEAP_INLINE void queue_add(InstanceQueue *queue, const HeapKind *kind, HeapItem item)
{
    if (queue->count > 0 && kind->before(&item, queue_slot(queue, queue->end - 1))) {
        heap_add(&queue->others, kind, item);
        return;
    }
    if (queue->end - queue->head == queue->capacity)
        queue_make_room(queue, kind);
    queue_put_at(queue, kind, queue->end++, item);
    queue->count++;
}

/* The one that comes first of a queue that is not empty. */
HEAP_INLINE Instance *queue_first(const InstanceQueue *queue, const HeapKind *kind)
{
    const HeapItem *first = queue->count > 0 ? queue_slot(queue, queue->head) : NULL;

    if (first == NULL || (queue->others.count > 0 && kind->before(&queue->others.items[0], first)))
        first = &queue->others.items[0];
    return first->instance;
}

static inline void queue_deinit(InstanceQueue *queue)
{
    free(queue->items);
    heap_deinit(&queue->others);
    *queue = (InstanceQueue){0};
}

/* Take out what stands in that place. */
HEAP_INLINE void queue_take_out(InstanceQueue *queue, const HeapKind *kind, uint32_t place)
{
    if ((place & QUEUE_IN_RING) == 0) {
        heap_remove(&queue->others, kind, place);
        return;
    }
    HeapItem *gone = &queue->items[place & ~QUEUE_IN_RING];

    kind->place(gone->instance, 0);
    gone->instance = NULL;
    queue->count--;
    while (queue->head != queue->end && queue_slot(queue, queue->head)->instance == NULL)
        queue->head++;
    while (queue->head != queue->end && queue_slot(queue, queue->end - 1)->instance == NULL)
        queue->end--;
    if (queue->count == 0 && queue->capacity > HEAP_KEPT) {
        free(queue->items);
        *queue = (InstanceQueue){.others = queue->others};
    }
}

#endif
