#include "providers/sdk/schema.h"

#include <criterion/criterion.h>
#include <string.h>

#include "lang/base/memory.h"

static const char document[] =
    "{\"effects\":{"
    "\"CreateServer\":{\"kind\":\"instance\",\"type\":\"server\",\"parameters\":{\"type\":"
    "\"object\","
    "\"additionalProperties\":false,\"required\":[\"name\"],\"properties\":{"
    "\"name\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":8},"
    "\"size\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":9},"
    "\"kind\":{\"enum\":[\"small\",\"large\"]},"
    "\"zone\":{\"type\":\"string\",\"x-ved-immutable\":true},"
    "\"ports\":{\"type\":\"array\",\"items\":{\"type\":[\"integer\",\"null\"]}},"
    "\"env\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}}}}},"
    "\"Ping\":{\"kind\":\"action\"}},"
    "\"types\":{\"server\":{\"schema_version\":3}}}";

static Schema *open_schema(const char *text)
{
    Schema *schema = NULL;
    Error err = {0};

    cr_assert_eq(schema_new(text, &schema, &err), 0, "%s", err.message);
    return schema;
}

/* The pointer of the first fault in the arguments; "" if they fit. */
static void expect_fault(const char *arguments, const char *pointer, const char *detail)
{
    cleanup(schema_free) Schema *schema = open_schema(document);
    const Json *effect = schema_effect(schema, "CreateServer");
    cleanup(json_free) Json *value = NULL;
    ProviderProblem problem = {0};

    cr_assert_eq(json_parse(arguments, strlen(arguments), &value, NULL), 0);
    int code = schema_check(json_get(effect, "parameters"), value, &problem);
    cr_assert_eq(code, -1, "%s fits", arguments);
    cr_assert_str_eq(problem.code, "VALIDATION_FAILED");
    cr_assert_str_eq(problem.outcome, "not_applied");
    cr_assert_str_eq(problem.pointer, pointer);
    cr_assert_not_null(strstr(problem.detail, detail), "%s", problem.detail);
}

static void expect_fit(const char *arguments)
{
    cleanup(schema_free) Schema *schema = open_schema(document);
    const Json *effect = schema_effect(schema, "CreateServer");
    cleanup(json_free) Json *value = NULL;
    ProviderProblem problem = {0};

    cr_assert_eq(json_parse(arguments, strlen(arguments), &value, NULL), 0);
    cr_assert_eq(schema_check(json_get(effect, "parameters"), value, &problem), 0, "%s: %s",
                 arguments, problem.detail);
}

Test(schema, arguments_that_fit_pass)
{
    expect_fit("{\"name\":\"a\"}");
    expect_fit("{\"name\":\"a\",\"size\":9,\"kind\":\"large\",\"ports\":[80,null],"
               "\"env\":{\"A\":\"b\"}}");
}

Test(schema, faults_are_pointed_at)
{
    expect_fault("{}", "/name", "required");
    expect_fault("{\"name\":7}", "/name", "expected string, found integer");
    expect_fault("{\"name\":\"a\",\"size\":1.5}", "/size", "expected integer, found number");
    expect_fault("{\"name\":\"a\",\"size\":10}", "/size", "from 1 to 9");
    expect_fault("{\"name\":\"\"}", "/name", "1 to 8 bytes");
    expect_fault("{\"name\":\"a\",\"kind\":\"huge\"}", "/kind", "[\"small\",\"large\"]");
    expect_fault("{\"name\":\"a\",\"ports\":[80,\"x\"]}", "/ports/1", "found string");
    expect_fault("{\"name\":\"a\",\"env\":{\"a/b~c\":1}}", "/env/a~1b~0c", "expected string");
    expect_fault("{\"name\":\"a\",\"nmae\":1}", "/nmae", "no such parameter");
    expect_fault("[]", "/", "expected object, found array");
}

Test(schema, unknown_and_secret_values_fit_everywhere)
{
    expect_fit("{\"name\":{\"$secret\":\"s1\"},\"size\":{\"$unknown\":{\"type\":\"integer\"}}}");
}

Test(schema, effects_are_found_by_name_and_by_type)
{
    cleanup(schema_free) Schema *schema = open_schema(document);

    cr_assert(schema_effect_is_action(schema_effect(schema, "Ping")));
    cr_assert_not(schema_effect_is_action(schema_effect(schema, "CreateServer")));
    cr_assert_null(schema_effect(schema, "Nothing"));
    cr_assert_str_eq(schema_effect_of_type(schema, "server"), "CreateServer");
    cr_assert_null(schema_effect_of_type(schema, "Ping"));
    cr_assert_eq(schema_version_of(schema, "server"), 3);
    cr_assert_eq(schema_version_of(schema, "other"), 1);
}

Test(schema, any_stands_for_every_name)
{
    cleanup(schema_free) Schema *schema = open_schema("{\"any\":{\"kind\":\"instance\"}}");

    cr_assert_not_null(schema_effect(schema, "Whatever"));
    cr_assert_str_eq(schema_type_of(schema_effect(schema, "Whatever"), "Whatever"), "Whatever");
    cr_assert_str_eq(schema_effect_of_type(schema, "Whatever"), "Whatever");
}

Test(schema, immutable_changes_are_listed)
{
    cleanup(schema_free) Schema *schema = open_schema(document);
    cleanup(json_free) Json *before = json_new_object(), *after = json_new_object();
    cleanup(json_free) Json *same = json_new_array(), *changed = json_new_array();

    json_set_string(before, "zone", "a");
    json_set_string(before, "name", "x");
    json_set_string(after, "zone", "a");
    json_set_string(after, "name", "y");
    schema_immutable_changes(schema_effect(schema, "CreateServer"), before, after, same);
    cr_assert_eq(json_count(same), 0);
    json_set_string(after, "zone", "b");
    schema_immutable_changes(schema_effect(schema, "CreateServer"), before, after, changed);
    cr_assert_eq(json_count(changed), 1);
    cr_assert_str_eq(json_string(json_at(changed, 0), ""), "/zone");
}

static const char changeable[] =
    "{\"effects\":{\"E\":{\"result\":{\"properties\":{\"id\":{},\"url\":{}}},\"parameters\":"
    "{\"properties\":{\"zone\":{\"x-ved-immutable\":true,\"default\":\"a\"},"
    "\"size\":{\"x-ved-disruptive\":true},\"name\":{}}}}}}";

static Json *parse(const char *text)
{
    Json *json = NULL;

    cr_assert_eq(json_parse(text, strlen(text), &json, NULL), 0, "%s", text);
    return json;
}

Test(schema, changes_are_told_apart_by_what_they_take)
{
    static const struct {
        const char *before, *after;
        bool changed, immutable, disruptive;
    } cases[] = {
        {"{}", "{}", false, false, false},
        {"{}", "{\"zone\":\"a\"}", false, false, false},
        {"{\"zone\":\"a\"}", "{}", false, false, false},
        {"{\"zone\":\"b\"}", "{}", true, true, false},
        {"{}", "{\"zone\":\"b\"}", true, true, false},
        {"{\"zone\":\"a\"}", "{\"zone\":{\"$unknown\":{}}}", true, true, false},
        {"{\"size\":1}", "{\"size\":2}", true, false, true},
        {"{\"size\":1}", "{}", true, false, true},
        {"{\"name\":\"x\"}", "{\"name\":\"y\"}", true, false, false},
        {"{\"other\":1}", "{}", true, false, false},
    };
    cleanup(schema_free) Schema *schema = open_schema(changeable);
    const Json *effect = schema_effect(schema, "E");

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        cleanup(json_free) Json *before = parse(cases[i].before), *after = parse(cases[i].after);
        cleanup(json_free) Json *immutable = json_new_array();
        schema_immutable_changes(effect, before, after, immutable);
        cr_expect_eq(schema_is_changed(effect, before, after), cases[i].changed, "%zu", i);
        cr_expect_eq(json_count(immutable) > 0, cases[i].immutable, "%zu", i);
        cr_expect_eq(schema_is_disruptive(effect, before, after), cases[i].disruptive, "%zu", i);
    }
}

Test(schema, a_result_is_unknown_member_by_member)
{
    cleanup(schema_free) Schema *schema = open_schema(changeable);
    cleanup(json_free) Json *result = schema_unknown_result(schema_effect(schema, "E"));
    cleanup(free) char *text = json_text(result);

    cr_expect_str_eq(text, "{\"id\":{\"$unknown\":{}},\"url\":{\"$unknown\":{}}}");
}

Test(schema, etag_is_that_of_the_document)
{
    cleanup(schema_free) Schema *a = open_schema("{\"any\":{}}"),
                                *b = open_schema("{ \"any\":{} }");
    cleanup(schema_free) Schema *c = open_schema(document);

    cr_assert_str_eq(schema_etag(a), schema_etag(b));
    cr_assert_str_neq(schema_etag(a), schema_etag(c));
}

Test(schema, a_text_that_is_no_schema_is_refused)
{
    Schema *schema = NULL;
    Error err = {0};

    cr_assert_lt(schema_new("{", &schema, &err), 0);
    cr_assert_lt(schema_new("[]", &schema, &err), 0);
    cr_assert_null(schema);
}
