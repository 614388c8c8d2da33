#include "providers/sdk/trace.h"

#include <criterion/criterion.h>

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define PARENT "00f067aa0ba902b7"

Test(trace, a_traceparent_of_the_first_version_is_one)
{
    cr_expect(traceparent_is_valid("00-" TRACE "-" PARENT "-01"));
    cr_expect(traceparent_is_valid("00-" TRACE "-" PARENT "-00"));
}

Test(trace, later_versions_may_say_more)
{
    cr_expect(traceparent_is_valid("01-" TRACE "-" PARENT "-01"));
    cr_expect(traceparent_is_valid("01-" TRACE "-" PARENT "-01-more"));
    cr_expect_not(traceparent_is_valid("01-" TRACE "-" PARENT "-01more"));
    cr_expect_not(traceparent_is_valid("00-" TRACE "-" PARENT "-01-more"));
}

Test(trace, anything_else_is_none)
{
    static const char *const texts[] = {
        "",
        "00",
        "00-" TRACE "-" PARENT,
        "00-" TRACE "-" PARENT "-1",
        "00-" TRACE "-" PARENT "-0X",
        "ff-" TRACE "-" PARENT "-01",
        "00_" TRACE "-" PARENT "-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-" PARENT "-01",
        "00-00000000000000000000000000000000-" PARENT "-01",
        "00-" TRACE "-0000000000000000-01",
    };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        cr_expect_not(traceparent_is_valid(texts[i]), "%s", texts[i]);
}
