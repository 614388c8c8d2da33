#include <criterion/criterion.h>
#include <string.h>

#include "providers/sdk/members.h"
#include "providers/sdk/schema.h"

static const char document[] =
    "{\"effects\":{\"E\":{\"parameters\":{\"properties\":{"
    "\"host\":{\"x-ved-normalize\":\"case\"},\"policy\":{\"x-ved-normalize\":\"json\"},"
    "\"net\":{\"x-ved-normalize\":\"cidr\"},\"tags\":{\"x-ved-set\":true},\"list\":{},"
    "\"hosts\":{\"x-ved-set\":true,\"items\":{\"x-ved-normalize\":\"case\"}},"
    "\"rule\":{\"properties\":{\"net\":{\"x-ved-normalize\":\"cidr\"}}}}}}}}";

/* Is the argument another one if its value is `after` instead of `before`? */
static bool changes(const char *before, const char *after)
{
    Schema *schema = NULL;

    cr_assert_eq(schema_new(document, &schema, NULL), 0);
    cleanup(json_free) Json *old = text_json(before), *new = text_json(after);
    cr_assert(old != NULL && new != NULL, "%s %s", before, after);
    bool is_changed = schema_is_changed(schema_effect(schema, "E"), old, new);
    schema_free(schema);
    return is_changed;
}

static void expect_same(const char *before, const char *after)
{
    cr_expect_not(changes(before, after), "%s %s", before, after);
    cr_expect_not(changes(after, before), "%s %s", after, before);
}

static void expect_other(const char *before, const char *after)
{
    cr_expect(changes(before, after), "%s %s", before, after);
}

Test(schema_change, of_case_is_none_where_case_does_not_count)
{
    expect_same("{\"host\":\"DB.Example\"}", "{\"host\":\"db.example\"}");
    expect_other("{\"host\":\"db\"}", "{\"host\":\"dc\"}");
    expect_other("{\"other\":\"A\"}", "{\"other\":\"a\"}");
}

Test(schema_change, of_spelling_is_none_in_json)
{
    expect_same("{\"policy\":\"{\\\"a\\\":1,\\\"b\\\":2}\"}",
                "{\"policy\":\"{ \\\"b\\\": 2, \\\"a\\\": 1 }\"}");
    expect_other("{\"policy\":\"{\\\"a\\\":1}\"}", "{\"policy\":\"{\\\"a\\\":2}\"}");
    expect_other("{\"policy\":\"{\"}", "{\"policy\":\"{ \"}");
}

Test(schema_change, within_a_block_of_addresses_is_none)
{
    expect_same("{\"net\":\"10.1.2.3/8\"}", "{\"net\":\"10.0.0.0/8\"}");
    expect_same("{\"net\":\"fd00:0:0::1/64\"}", "{\"net\":\"FD00::/64\"}");
    expect_same("{\"net\":\"10.0.0.1/0\"}", "{\"net\":\"0.0.0.0/0\"}");
    expect_other("{\"net\":\"10.0.0.0/8\"}", "{\"net\":\"10.0.0.0/9\"}");
    expect_other("{\"net\":\"10.0.0.0/8\"}", "{\"net\":\"11.0.0.0/8\"}");
    expect_other("{\"net\":\"10.0.0.0/33\"}", "{\"net\":\"10.0.0.1/33\"}");
    expect_other("{\"net\":\"10.0.0.0/8x\"}", "{\"net\":\"10.0.0.1/8x\"}");
    expect_other("{\"net\":\"10.0.0\"}", "{\"net\":\"10.0.0.0\"}");
}

Test(schema_change, of_order_is_none_in_a_set)
{
    expect_same("{\"tags\":[1,2,3]}", "{\"tags\":[3,1,2]}");
    expect_same("{\"hosts\":[\"A\",\"b\"]}", "{\"hosts\":[\"B\",\"a\"]}");
    expect_other("{\"tags\":[1,2]}", "{\"tags\":[1,2,3]}");
    expect_other("{\"tags\":[1,2,3]}", "{\"tags\":[1,2]}");
    expect_other("{\"list\":[1,2]}", "{\"list\":[2,1]}");
}

Test(schema_change, is_looked_for_inside_of_objects)
{
    expect_same("{\"rule\":{\"net\":\"10.0.0.1/8\"}}", "{\"rule\":{\"net\":\"10.0.0.0/8\"}}");
    expect_other("{\"rule\":{\"net\":\"10.0.0.1/8\",\"n\":1}}",
                 "{\"rule\":{\"net\":\"10.0.0.0/8\",\"m\":1}}");
}
