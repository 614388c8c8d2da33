/* The queue of instances by a number: in order whoever comes and goes. */
#include <criterion/criterion.h>

#include "controller/core/instance.h"
#include "controller/core/instance_queue.h"
#include "lang/base/hash.h"

#define COUNT 40

static Instance instances[COUNT];

static bool comes_before(const HeapItem *a, const HeapItem *b)
{
    return a->at != b->at ? a->at < b->at : a->instance < b->instance;
}

/* Its place stands where it is in no list, and its number where it is of no time. */
static void note_place(Instance *instance, uint32_t place)
{
    instance->change = place;
}

static const HeapKind KIND = {comes_before, note_place};

static void come(InstanceQueue *queue, Instance *instance, uint64_t at)
{
    instance->started = at;
    queue_add(queue, &KIND, (HeapItem){at, instance});
}

static Instance *least(void)
{
    Instance *first = NULL;

    for (size_t i = 0; i < COUNT; i++)
        if (instances[i].change != 0 && (first == NULL || instances[i].started < first->started))
            first = &instances[i];
    return first;
}

/* `back`: of so many numbers one is any of the last ones and not the next. */
static void come_and_go(uint64_t back)
{
    InstanceQueue queue = {0};
    uint64_t now = 0, chance = back;

    memset(instances, 0, sizeof instances);
    for (int step = 0; step < 20000; step++) {
        chance = hash_mix(chance + 1);
        Instance *instance = &instances[chance % COUNT];
        if (instance->change != 0)
            queue_take_out(&queue, &KIND, instance->change);
        else
            come(&queue, instance,
                 ++now > 60 && chance / COUNT % back == 0 ? now - chance / COUNT / back % 60 : now);
        cr_assert_eq(queue_is_empty(&queue), least() == NULL);
        if (!queue_is_empty(&queue))
            cr_assert_eq(queue_first(&queue, &KIND), least());
    }
    queue_deinit(&queue);
}

Test(queue, the_first_is_the_one_of_the_least_number_when_all_come_in_order)
{
    come_and_go(UINT64_MAX);
}

Test(queue, the_first_is_the_one_of_the_least_number_when_some_come_out_of_order)
{
    come_and_go(3);
    come_and_go(50);
}

Test(queue, one_that_stays_first_does_not_let_the_ring_grow_with_those_that_pass)
{
    InstanceQueue queue = {0};

    memset(instances, 0, sizeof instances);
    come(&queue, &instances[0], 1);
    for (uint64_t at = 2; at < 100000; at++) {
        come(&queue, &instances[at % 2 + 1], at);
        if (at > 2)
            queue_take_out(&queue, &KIND, instances[(at + 1) % 2 + 1].change);
    }
    cr_expect_eq(queue_first(&queue, &KIND), &instances[0]);
    cr_expect_eq(queue.count, 2);
    cr_expect_leq(queue.capacity, 16);
    queue_deinit(&queue);
}
