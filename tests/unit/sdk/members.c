#include "providers/sdk/members.h"

#include <criterion/criterion.h>
#include <string.h>

#include "lang/base/memory.h"

/* "KEY=VALUE;" of each member; "damaged" behind them if the text is no whole object. */
static void expect_members(const char *text, const char *expected)
{
    /* Without anything behind it, so that the sanitizer sees who reads on. */
    size_t size = strlen(text);
    cleanup(free) char *bytes = memory_alloc(size + 1);
    cleanup(buffer_deinit) Buffer found = {0};
    Member member;

    memcpy(bytes + 1, text, size);
    Members all = members_of(bytes + 1, size);
    while (members_next(&all, &member)) {
        buffer_add(&found, member.key, member.key_size);
        buffer_add_char(&found, '=');
        buffer_add(&found, member.value, member.size);
        buffer_add_char(&found, ';');
    }
    if (!members_are_whole(&all))
        buffer_add_string(&found, "damaged");
    cr_assert_str_eq(buffer_text(&found), expected, "%s: %s", text, buffer_text(&found));
}

Test(members, they_come_in_their_order)
{
    expect_members("{}", "");
    expect_members("{\"a\":1}", "a=1;");
    expect_members("{\"a\":-1.5e3,\"b\":null,\"c\":true}", "a=-1.5e3;b=null;c=true;");
}

Test(members, what_stands_in_a_value_is_passed_over)
{
    expect_members("{\"a\":{\"b\":[1,{\"c\":\"}\"}]},\"d\":[]}",
                   "a={\"b\":[1,{\"c\":\"}\"}]};d=[];");
    expect_members("{\"a\":\"\\\",\\\"b\\\":1\",\"c\":\"\\\\\"}",
                   "a=\"\\\",\\\"b\\\":1\";c=\"\\\\\";");
}

/* Cut off anywhere, nothing is read beyond the end, and it is said. */
Test(members, a_text_that_ends_in_the_middle_is_damaged)
{
    static const char text[] = "{\"a\":\"x\\\"y\",\"b\":[{\"c\":1}],\"d\":12}";

    for (size_t size = 0; size + 1 < sizeof text; size++) {
        cleanup(free) char *start = memory_copy_bytes(text, size);
        cleanup(free) char *bytes = memory_alloc(size + 1);
        memcpy(bytes, start, size);
        Members all = members_of(bytes, size);
        Member member;
        while (members_next(&all, &member))
            ;
        cr_expect_not(members_are_whole(&all), "%s", start);
    }
}

Test(members, what_is_no_object_has_none)
{
    expect_members("[1]", "damaged");
    expect_members("{", "damaged");
    expect_members("{\"a\"}", "damaged");
    expect_members("{\"a\":}", "damaged");
    expect_members("{\"a\":1,}", "a=1;damaged");
    expect_members("{\"a\":1 }", "a=1 ;");
    expect_members("{\"a\":\"}", "damaged");
    expect_members("{\"a\":[}", "a=[};damaged");
}

Test(members, values_are_read_by_their_kind)
{
    static const char text[] = "{\"s\":\"a\\u00e4\\n\",\"n\":42,\"l\":\"9223372036854775807\","
                               "\"t\":true,\"o\":{\"x\":1},\"z\":null}";
    Member member;

    cleanup(free) char *string = text_get_string(text, "s");
    cr_expect_str_eq(string, "a\u00e4\n");
    cr_assert(member_find(text, "n", &member));
    cr_expect_eq(member_int(&member, 0), 42);
    cr_expect_null(member_string(&member));
    cr_assert(member_find(text, "l", &member));
    cr_expect_eq(member_int(&member, 0), INT64_MAX);
    cr_expect(text_get_bool(text, "t", false));
    cr_assert(member_find(text, "o", &member));
    cr_expect_eq(member_int(&member, 7), 7);
    cleanup(free) char *object = member_text(&member);
    cr_expect_str_eq(object, "{\"x\":1}");
    cr_assert(member_find(text, "z", &member));
    cr_expect_null(member_text(&member));
    cr_expect_not(member_find(text, "y", &member));
    cr_expect_not(member_find(NULL, "y", &member));
}

Test(members, what_is_written_is_read)
{
    cleanup(buffer_deinit) Buffer text = {0};

    buffer_add_char(&text, '{');
    member_put_string(&text, "s", "\"\n");
    member_put_string(&text, "none", NULL);
    member_put_text(&text, "o", "{}");
    member_put_int(&text, "n", INT64_MAX);
    member_put_bool(&text, "b", false);
    buffer_add_char(&text, '}');
    cr_expect_str_eq(text.bytes,
                     "{\"s\":\"\\\"\\n\",\"o\":{},\"n\":\"9223372036854775807\",\"b\":false}");
}
