#include "providers/sdk/rate_limit.h"

#include <criterion/criterion.h>

Test(rate_limit, of_none_lets_all_through)
{
    RateLimit limit = rate_limit(0, 5);

    for (int i = 0; i < 1000; i++)
        cr_assert_eq(rate_limit_take(&limit, 5), 0);
}

Test(rate_limit, takes_what_two_seconds_allow_and_then_says_when)
{
    RateLimit limit = rate_limit(10, 1000);

    for (int i = 0; i < 20; i++)
        cr_assert_eq(rate_limit_take(&limit, 1000), 0);
    int64_t wait_ms = rate_limit_take(&limit, 1000);
    cr_assert(wait_ms >= 100 && wait_ms <= 101);
    cr_assert_gt(rate_limit_take(&limit, 1000 + wait_ms / 2), 0);
    cr_assert_eq(rate_limit_take(&limit, 1000 + wait_ms), 0);
}

Test(rate_limit, saves_up_no_more_than_that)
{
    RateLimit limit = rate_limit(10, 0);
    int count = 0;

    while (rate_limit_take(&limit, 3600000) == 0)
        count++;
    cr_assert_eq(count, 20);
}

Test(rate_limit, below_one_a_second_still_lets_one_through)
{
    RateLimit limit = rate_limit(0.1, 0);

    cr_assert_eq(rate_limit_take(&limit, 0), 0);
    cr_assert_gt(rate_limit_take(&limit, 5000), 4000);
    cr_assert_eq(rate_limit_take(&limit, 10001), 0);
}

Test(rate_limit, a_clock_that_goes_back_gives_nothing)
{
    RateLimit limit = rate_limit(1, 100000);

    rate_limit_take(&limit, 100000);
    rate_limit_take(&limit, 100000);
    cr_assert_gt(rate_limit_take(&limit, 50000), 0);
    cr_assert_gt(rate_limit_take(&limit, 50500), 0);
}
