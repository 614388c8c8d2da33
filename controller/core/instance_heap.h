/* A heap of instances by a number each, the smallest first. Every instance knows its place, so that
 * it can leave from the middle.
 *
 * What comes first among equal numbers, and where an instance keeps its place, is said by a
 * HeapKind: a constant of whoever has the heap, so that its functions are called in line. A node
 * has four children: a heap of thousands is few levels deep, and what is compared lies together. */
#ifndef VED_CORE_INSTANCE_HEAP_H
#define VED_CORE_INSTANCE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lang/base/memory.h"

#define HEAP_CHILDREN 4
#define HEAP_KEPT 4096 /* items; an empty heap gives back what it has more than that */

typedef struct Instance Instance;

typedef struct HeapItem {
    uint64_t at;
    Instance *instance;
} HeapItem;

typedef struct InstanceHeap {
    HeapItem *items;
    size_t count, capacity;
} InstanceHeap;

typedef struct HeapKind {
    bool (*before)(const HeapItem *a, const HeapItem *b);
    void (*place)(Instance *instance, uint32_t place); /* from 1; 0: it is not there */
} HeapKind;

#define HEAP_INLINE static inline __attribute__((always_inline))

/* Only the item and its place: whoever calls it keeps the order. */
HEAP_INLINE void heap_put_at(InstanceHeap *heap, const HeapKind *kind, size_t index, HeapItem item)
{
    heap->items[index] = item;
    kind->place(item.instance, (uint32_t)(index + 1));
}

/* `item` goes to `index`, which is free, or as far up from there as it comes first. */
HEAP_INLINE void heap_rise(InstanceHeap *heap, const HeapKind *kind, size_t index, HeapItem item)
{
    while (index > 0) {
        size_t parent = (index - 1) / HEAP_CHILDREN;
        if (!kind->before(&item, &heap->items[parent]))
            break;
        heap_put_at(heap, kind, index, heap->items[parent]);
        index = parent;
    }
    heap_put_at(heap, kind, index, item);
}

/* The child that comes first; `count`: there is none. */
HEAP_INLINE size_t heap_first_child(const InstanceHeap *heap, const HeapKind *kind, size_t index)
{
    size_t first = index * HEAP_CHILDREN + 1, end = first + HEAP_CHILDREN;

    if (first >= heap->count)
        return heap->count;
    if (end > heap->count)
        end = heap->count;
    for (size_t child = first + 1; child < end; child++)
        if (kind->before(&heap->items[child], &heap->items[first]))
            first = child;
    return first;
}

HEAP_INLINE void heap_sink(InstanceHeap *heap, const HeapKind *kind, size_t index, HeapItem item)
{
    size_t child;

    while ((child = heap_first_child(heap, kind, index)) < heap->count &&
           kind->before(&heap->items[child], &item)) {
        heap_put_at(heap, kind, index, heap->items[child]);
        index = child;
    }
    heap_put_at(heap, kind, index, item);
}

/* Its instance is in this heap nowhere yet. */
HEAP_INLINE void heap_add(InstanceHeap *heap, const HeapKind *kind, HeapItem item)
{
    memory_reserve_one(heap->items, heap->count, heap->capacity);
    heap_rise(heap, kind, heap->count++, item);
}

/* Take out what stands in that place, from 1. */
HEAP_INLINE void heap_remove(InstanceHeap *heap, const HeapKind *kind, uint32_t place)
{
    size_t index = place - 1;
    HeapItem gone = heap->items[index], last = heap->items[--heap->count];

    kind->place(gone.instance, 0);
    if (index < heap->count) {
        if (index > 0 && kind->before(&last, &heap->items[(index - 1) / HEAP_CHILDREN]))
            heap_rise(heap, kind, index, last);
        else
            heap_sink(heap, kind, index, last);
    } else if (heap->count == 0 && heap->capacity > HEAP_KEPT) {
        free(heap->items);
        *heap = (InstanceHeap){0};
    }
}

static inline void heap_deinit(InstanceHeap *heap)
{
    free(heap->items);
    *heap = (InstanceHeap){0};
}

#endif
