#include "providers/http/page.h"

#include <criterion/criterion.h>
#include <string.h>

#include "lang/base/memory.h"

static PageWalk walk;
static ListSpec spec;

static void fini(void)
{
    page_walk_deinit(&walk);
    walk = (PageWalk){0};
}

TestSuite(page, .fini = fini);

static void begin(ListSpec of)
{
    spec = of;
    spec.request.at = "list";
    if (spec.pages_max == 0)
        spec.pages_max = 10;
    walk = (PageWalk){.spec = &spec};
}

/* What the page that comes next is asked for by. */
static void expect_query(const char *expected)
{
    cleanup(json_free) Json *query = page_query(&walk);
    cleanup(free) char *text = json_text(query);

    cr_expect_str_eq(text, expected);
}

static int next(const char *body_text, const char *link, size_t count)
{
    cleanup(json_free) Json *body = NULL;

    cr_assert_eq(json_parse(body_text, strlen(body_text), &body, NULL), 0);
    return page_next(&walk, body, link, count, NULL);
}

Test(page, a_list_without_pages_has_one)
{
    begin((ListSpec){.next = NEXT_NONE});
    expect_query("{}");
    cr_expect_eq(next("{}", NULL, 3), 0);
}

Test(page, numbers_go_on_while_pages_are_full)
{
    begin((ListSpec){.next = NEXT_PAGE,
                     .parameter = "page",
                     .first = 1,
                     .size_parameter = "per_page",
                     .size = 2});
    expect_query("{\"page\":1,\"per_page\":2}");
    cr_expect_eq(next("{}", NULL, 2), PAGE_MORE);
    expect_query("{\"page\":2,\"per_page\":2}");
    cr_expect_eq(next("{}", NULL, 1), 0);
}

Test(page, without_a_size_an_empty_page_is_the_last)
{
    begin((ListSpec){.next = NEXT_PAGE, .parameter = "p", .first = 0});
    expect_query("{\"p\":0}");
    cr_expect_eq(next("{}", NULL, 1), PAGE_MORE);
    expect_query("{\"p\":1}");
    cr_expect_eq(next("{}", NULL, 0), 0);
}

Test(page, offsets_count_items)
{
    begin((ListSpec){.next = NEXT_OFFSET, .parameter = "offset"});
    expect_query("{\"offset\":0}");
    cr_expect_eq(next("{}", NULL, 3), PAGE_MORE);
    expect_query("{\"offset\":3}");
    cr_expect_eq(next("{}", NULL, 2), PAGE_MORE);
    expect_query("{\"offset\":5}");
}

Test(page, a_cursor_is_handed_back_until_there_is_none)
{
    begin((ListSpec){.next = NEXT_CURSOR, .pointer = "/meta/cursor", .parameter = "after"});
    expect_query("{}");
    cr_expect_eq(next("{\"meta\":{\"cursor\":17}}", NULL, 3), PAGE_MORE);
    expect_query("{\"after\":\"17\"}");
    cr_expect_null(page_url(&walk));
    cr_expect_eq(next("{\"meta\":{\"cursor\":\"\"}}", NULL, 3), 0);
}

Test(page, a_url_in_the_body_is_asked_next)
{
    begin((ListSpec){.next = NEXT_POINTER, .pointer = "/next"});
    cr_expect_null(page_url(&walk));
    cr_expect_eq(next("{\"next\":\"/v1/x?after=2\"}", NULL, 2), PAGE_MORE);
    cr_expect_str_eq(page_url(&walk), "/v1/x?after=2");
    cr_expect_eq(next("{\"next\":null}", NULL, 2), 0);
}

Test(page, a_page_that_names_itself_is_an_error)
{
    begin((ListSpec){.next = NEXT_POINTER, .pointer = "/next"});
    cr_expect_eq(next("{\"next\":\"/a\"}", NULL, 2), PAGE_MORE);
    cr_expect_lt(next("{\"next\":\"/a\"}", NULL, 2), 0);
}

Test(page, more_pages_than_allowed_are_an_error)
{
    begin((ListSpec){.next = NEXT_PAGE, .parameter = "p", .pages_max = 2});
    cr_expect_eq(next("{}", NULL, 1), PAGE_MORE);
    cr_expect_lt(next("{}", NULL, 1), 0);
}

static void expect_link(const char *link, const char *expected)
{
    cleanup(free) char *found = link_next(link);

    if (expected == NULL)
        cr_expect_null(found, "%s", link);
    else
        cr_expect_str_eq(found != NULL ? found : "nothing", expected);
}

Test(page, the_header_link_is_read_as_it_is_written)
{
    expect_link("<http://h/x?page=2>; rel=\"next\", <http://h/x?page=9>; rel=\"last\"",
                "http://h/x?page=2");
    expect_link("<http://h/a,b>; title=\"a,b;c\"; rel=\"prev\", </y>;rel=next", "/y");
    expect_link("</y>; REL=\"last next\"", "/y");
    expect_link("</y>; rel=\"nextish\"", NULL);
    expect_link("</y>; title=\"rel=next\"", NULL);
    expect_link("</y", NULL);
    expect_link("", NULL);
    expect_link(NULL, NULL);
}
