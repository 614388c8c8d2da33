#include <criterion/criterion.h>
#include <string.h>

#include "controller/host/retry_budget.h"
#include "controller/host/slot_queue.h"

/* ---- turns ---- */

static Slot slot_of(uint64_t number, const char *share)
{
    return (Slot){.number = number, .share = share};
}

/* Give turns until none waits; the numbers, in order, as letters from 'a'. */
static void turns(SlotQueue *queue, char *ret)
{
    while (queue->first != NULL) {
        Slot *slot = queue->first;
        slot_queue_take(queue, slot);
        *ret++ = (char)('a' + slot->number);
    }
    *ret = '\0';
}

Test(slot_queue, one_share_goes_in_the_order_of_numbers)
{
    SlotQueue queue = {0};
    Slot slots[] = {slot_of(0, "A"), slot_of(1, "A"), slot_of(2, "A")};
    char order[8];

    for (size_t i = 0; i < 3; i++)
        slot_queue_add(&queue, &slots[i]);
    turns(&queue, order);
    cr_assert_str_eq(order, "abc");
    slot_queue_deinit(&queue);
}

Test(slot_queue, a_flood_of_one_share_does_not_keep_the_others_waiting)
{
    SlotQueue queue = {0};
    Slot slots[] = {slot_of(0, "A"), slot_of(1, "A"), slot_of(2, "A"), slot_of(3, "A"),
                    slot_of(4, "B"), slot_of(5, "B"), slot_of(6, NULL)};
    char order[8];

    for (size_t i = 0; i < 7; i++)
        slot_queue_add(&queue, &slots[i]);
    turns(&queue, order);
    cr_assert_str_eq(order, "aegbfcd");
    slot_queue_deinit(&queue);
}

Test(slot_queue, who_was_away_gets_nothing_for_that)
{
    SlotQueue queue = {0};
    Slot slots[] = {slot_of(0, "A"), slot_of(1, "A"), slot_of(2, "A"),
                    slot_of(3, "B"), slot_of(4, "B"), slot_of(5, "B")};
    char order[8];

    for (size_t i = 0; i < 3; i++)
        slot_queue_add(&queue, &slots[i]);
    slot_queue_take(&queue, queue.first);
    slot_queue_take(&queue, queue.first);
    for (size_t i = 3; i < 6; i++)
        slot_queue_add(&queue, &slots[i]);
    turns(&queue, order);
    cr_assert_str_eq(order, "cdef");
    slot_queue_deinit(&queue);
}

Test(slot_queue, who_waits_no_longer_is_not_given_a_turn)
{
    SlotQueue queue = {0};
    Slot slots[] = {slot_of(0, "A"), slot_of(1, "B"), slot_of(2, "C")};
    char order[8];

    for (size_t i = 0; i < 3; i++)
        slot_queue_add(&queue, &slots[i]);
    slot_queue_remove(&queue, &slots[1]);
    cr_assert_not(slots[1].waiting);
    cr_assert_eq(queue.count, 2);
    turns(&queue, order);
    cr_assert_str_eq(order, "ac");
    slot_queue_deinit(&queue);
}

/* ---- the budget ---- */

static int retries_now(RetryBudget *budget, int64_t now_ms)
{
    int count = 0;

    for (; retry_budget_delay_ms(budget, now_ms) == 0; count++)
        retry_budget_take(budget);
    return count;
}

Test(retry_budget, a_small_burst_is_free)
{
    RetryBudget budget = retry_budget(5000);

    cr_assert_eq(retries_now(&budget, 5000), RETRY_BURST);
}

Test(retry_budget, beyond_the_burst_retries_are_a_fifth_of_the_calls)
{
    RetryBudget budget = retry_budget(0);
    int retries = retries_now(&budget, 0) - RETRY_BURST;

    for (int call = 0; call < 1000; call++) {
        retry_budget_earn(&budget);
        retries += retries_now(&budget, 0);
    }
    cr_assert_leq(retries, 200);
    cr_assert_geq(retries, 198);
}

Test(retry_budget, without_calls_there_is_one_a_second)
{
    RetryBudget budget = retry_budget(0);

    retries_now(&budget, 0);
    int64_t delay_ms = retry_budget_delay_ms(&budget, 0);
    cr_assert_gt(delay_ms, 990);
    cr_assert_leq(delay_ms, 1001);
    cr_assert_eq(retries_now(&budget, delay_ms), 1);
    cr_assert_eq(retries_now(&budget, delay_ms + 10 * RETRY_EVERY_MS), 10);
}

Test(retry_budget, no_more_than_a_burst_is_saved_up)
{
    RetryBudget budget = retry_budget(0);

    for (int call = 0; call < 1000; call++)
        retry_budget_earn(&budget);
    cr_assert_eq(retries_now(&budget, 3600000), RETRY_BURST);
}
