#include "controller/host/query.h"

#include <criterion/criterion.h>
#include <string.h>

static const QueryMember members[] = {
    {"kind", QUERY_STRING}, {"domain", QUERY_STRING}, {"name", QUERY_STRING}, {"n", QUERY_INT},
    {"high", QUERY_BOOL},   {"state", QUERY_ANY},     {"inputs", QUERY_ANY},
};

static bool matches(const char *text, const char *row)
{
    cleanup(query_free) Query *query = NULL;
    cleanup(json_free) Json *json = NULL;
    Error err = {0};

    cr_assert_eq(query_new(text, members, sizeof members / sizeof *members, &query, &err), 0, "%s",
                 err.message);
    cr_assert_eq(json_parse(row, strlen(row), &json, &err), 0, "%s", err.message);
    return query_matches(query, json);
}

static void expect_refused(const char *text)
{
    cleanup(query_free) Query *query = NULL;
    Error err = {0};

    cr_expect_eq(query_new(text, members, sizeof members / sizeof *members, &query, &err),
                 ERROR_USAGE, "%s", text);
    cr_expect_not_null(strstr(err.message, "--query"), "%s", err.message);
}

#define LOST "{\"kind\":\"object\",\"domain\":\"App\",\"state\":\"lost\",\"n\":3}"
#define APP "{\"kind\":\"domain\",\"domain\":\"App\",\"state\":{\"workers\":4,\"tags\":[\"a\"]}}"

Test(query, words_of_the_language_are_members)
{
    cr_expect(matches("kind == 'object' && domain == 'App' && state == 'lost'", LOST));
    cr_expect_not(matches("kind == 'object' && domain == 'Shop'", LOST));
}

Test(query, single_and_double_quotes_hold_texts)
{
    cr_expect(matches("domain == \"App\"", LOST));
    cr_expect(matches("name == \"it's\"", "{\"name\":\"it's\"}"));
    cr_expect(matches("name == 'say \"x\"'", "{\"name\":\"say \\\"x\\\"\"}"));
    cr_expect(matches("name == 'it\\'s'", "{\"name\":\"it's\"}"));
}

Test(query, looks_into_values)
{
    cr_expect(matches("state.workers > 3 && state.tags[0] == 'a'", APP));
    cr_expect_not(matches("state.workers > 4", APP));
}

Test(query, a_member_behind_a_dot_is_one_of_the_value)
{
    cr_expect(matches("inputs.name == 'x' && name == ''", "{\"inputs\":{\"name\":\"x\"}}"));
}

Test(query, a_row_without_what_is_looked_into_does_not_match)
{
    cr_expect_not(matches("state.workers > 3", LOST));
    cr_expect_not(matches("inputs.port == 1", LOST));
    cr_expect(matches("n == 0 && not high && name == ''", APP));
}

Test(query, the_functions_of_the_language_are_there)
{
    cr_expect(matches("starts_with(domain, 'A') && len(domain) == 3", LOST));
}

Test(query, what_is_no_predicate_is_refused)
{
    expect_refused("kond == 'x'");
    expect_refused("1 + 1");
    expect_refused("kind = 'x'");
    expect_refused("kind == 3");
    expect_refused("'open");
    expect_refused("");
    expect_refused("true } goal Other { predicate true");
    expect_refused("true } transition T { n = 1");
}
