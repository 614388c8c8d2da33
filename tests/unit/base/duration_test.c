#include <criterion/criterion.h>

#include "lang/base/duration.h"

Test(duration, each_unit_is_known)
{
    int64_t ms = 0;

    cr_expect(duration_parse("250ms", &ms) && ms == 250);
    cr_expect(duration_parse("30s", &ms) && ms == 30000);
    cr_expect(duration_parse("10m", &ms) && ms == 600000);
    cr_expect(duration_parse("2h", &ms) && ms == 7200000);
    cr_expect(duration_parse("7d", &ms) && ms == 604800000);
    cr_expect(duration_parse("0s", &ms) && ms == 0);
}

Test(duration, anything_else_is_refused_and_leaves_the_result)
{
    static const char *const wrong[] = {
        "", "5", "s", "-1s", " 1s", "1 s", "1S", "1.5s", "1sec", "3651d", "99999999999999999999s"};
    int64_t ms = 7;

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        cr_expect_not(duration_parse(wrong[i], &ms), "'%s'", wrong[i]);
    cr_expect_eq(ms, 7);
    cr_expect(duration_parse("3650d", &ms) && ms == DURATION_MAX_MS);
}
