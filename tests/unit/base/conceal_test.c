#include "lang/base/conceal.h"

#include <criterion/criterion.h>
#include <string.h>

static void expect(const char *text, const char *expected)
{
    char copy[64];
    Json *secrets = json_new_object();

    json_set_string(secrets, "1", "canary");
    json_set_string(secrets, "2", "abc");
    strcpy(copy, text);
    conceal(copy, secrets);
    cr_assert_str_eq(copy, expected);
    json_free(secrets);
}

Test(conceal, each_occurrence_of_a_secret_is_overwritten)
{
    expect("canary", "******");
    expect("open '/canary/canary.new': no", "open '/******/******.new': no");
    expect("nothing here", "nothing here");
    expect("", "");
}

Test(conceal, so_is_the_beginning_of_one_that_was_cut)
{
    expect("open '/cana", "open '/****");
    expect("open '/canar", "open '/*****");
    expect("a can", "a can");
}

Test(conceal, what_is_too_short_to_be_one_is_left)
{
    expect("abc abcabc", "abc abcabc");
}
