#include "providers/http/pointer.h"

#include <criterion/criterion.h>
#include <string.h>

static const char document[] =
    "{\"a\":{\"b/c\":[10,20],\"m~n\":1,\"\":2},\"01\":3,\"list\":[{\"x\":null}]}";

static void expect(const char *pointer, const char *expected)
{
    cleanup(json_free) Json *json = NULL;

    cr_assert_eq(json_parse(document, strlen(document), &json, NULL), 0);
    const Json *found = pointer_get(json, pointer);
    if (expected == NULL) {
        cr_expect_null(found, "%s", pointer);
        return;
    }
    cr_assert_not_null(found, "%s", pointer);
    char *text = json_text(found);
    cr_expect_str_eq(text, expected);
    free(text);
}

Test(pointer, follows_members_elements_and_escapes)
{
    expect("/a/b~1c/1", "20");
    expect("/a/m~0n", "1");
    expect("/a/", "2");
    expect("/01", "3");
    expect("/list/0/x", "null");
}

Test(pointer, what_is_not_there_is_nothing)
{
    expect("/b", NULL);
    expect("/a/b~1c/2", NULL);
    expect("/a/b~1c/01", NULL);
    expect("/a/b~1c/-1", NULL);
    expect("/a/b~1c/-", NULL);
    expect("/a/b~1c/99999999999999999999", NULL);
    expect("/01/x", NULL);
    cr_expect_null(pointer_get(NULL, "/a"));
}

Test(pointer, is_checked_before_it_is_used)
{
    char longest[POINTER_SIZE_MAX + 1];
    Error err;

    cr_expect_eq(pointer_check("", &err), 0);
    cr_expect_eq(pointer_check("/a~0~1", &err), 0);
    cr_expect_lt(pointer_check("a", &err), 0);
    cr_expect_lt(pointer_check("/a~2", &err), 0);
    cr_expect_lt(pointer_check("/a~", &err), 0);
    memset(longest, 'x', sizeof longest);
    longest[0] = '/';
    longest[sizeof longest - 1] = '\0';
    cr_expect_eq(pointer_check(longest, &err), 0);
    cleanup(json_free) Json *json = json_new_object();
    cr_expect_null(pointer_get(json, longest));
}
