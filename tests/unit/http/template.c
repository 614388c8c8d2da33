#include "providers/http/template.h"

#include <criterion/criterion.h>
#include <string.h>

#include "lang/base/memory.h"

#define SCOPE                                                                                      \
    "{\"name\":\"a b/c\",\"size\":3,\"on\":true,\"none\":null,\"labels\":{\"app\":\"x\"},"         \
    "\"list\":[1],\"dots\":\"..\",\"line\":\"a\\r\\nX: y\",\"word\":\"\\u00fc&=\","                \
    "\"hidden\":{\"$secret\":\"s1\"}}"

static Json *json_of(const char *text)
{
    Json *json = NULL;
    Error err = {0};

    cr_assert_eq(json_parse(text, strlen(text), &json, &err), 0, "%s", err.message);
    return json;
}

static void expect(const char *template, TemplatePlace place, const char *expected)
{
    cleanup(json_free) Json *scope = json_of(SCOPE);
    cleanup(buffer_deinit) Buffer text = {0};
    Error err = {0};

    cr_assert_eq(template_text(template, scope, place, &text, &err), 0, "%s: %s", template,
                 err.message);
    cr_expect_str_eq(buffer_text(&text), expected);
}

static void expect_error(const char *template, TemplatePlace place, const char *expected)
{
    cleanup(json_free) Json *scope = json_of(SCOPE);
    cleanup(buffer_deinit) Buffer text = {0};
    Error err = {0};

    cr_assert_lt(template_text(template, scope, place, &text, &err), 0, "%s", template);
    cr_expect(strstr(err.message, expected) != NULL, "%s", err.message);
}

Test(template, fills_in_values_and_keeps_the_rest)
{
    expect("", PLACE_TEXT, "");
    expect("plain $ {x}", PLACE_TEXT, "plain $ {x}");
    expect("<${name}> ${size} ${on} ${labels.app}", PLACE_TEXT, "<a b/c> 3 true x");
    expect("$${name} costs $5", PLACE_TEXT, "${name} costs $5");
}

Test(template, encodes_as_the_place_demands)
{
    expect("/x/${name}?q=${word}", PLACE_URL, "/x/a%20b%2Fc?q=%C3%BC%26%3D");
    expect("/x/${name|path}", PLACE_URL, "/x/a%20b/c");
    expect("v ${name}", PLACE_HEADER, "v a b/c");
    expect("${name|base64}", PLACE_TEXT, "YSBiL2M=");
    expect("${labels|json}", PLACE_TEXT, "{\"app\":\"x\"}");
}

Test(template, refuses_what_would_mean_something_else_there)
{
    expect_error("/x/${dots}", PLACE_URL, "cannot stand in the path");
    expect_error("/x/${name|path}/${dots|path}", PLACE_URL, "cannot stand in the path");
    expect_error("${line}", PLACE_HEADER, "control character");
    expect_error("${labels}", PLACE_TEXT, "'|json' writes anything");
    expect_error("${hidden}", PLACE_TEXT, "was not sent along");
    expect_error("${nothing}", PLACE_TEXT, "has no value");
    expect_error("${none}", PLACE_TEXT, "has no value");
}

Test(template, refuses_what_is_no_name)
{
    expect_error("${", PLACE_TEXT, "closing brace");
    expect_error("${}", PLACE_TEXT, "expected a name");
    expect_error("${a b}", PLACE_TEXT, "expected a name");
    expect_error("${a..b}", PLACE_TEXT, "expected a name");
    expect_error("${size|upper}", PLACE_TEXT, "expected |base64");
}

Test(template, leaves_out_what_an_optional_value_is_missing_of)
{
    cleanup(json_free) Json *scope = json_of(SCOPE);
    cleanup(buffer_deinit) Buffer text = {0};

    cr_assert_eq(template_text("a ${nothing?}", scope, PLACE_TEXT, &text, NULL), TEMPLATE_LEFT_OUT);
}

static void expect_body(const char *body_text, const char *expected)
{
    cleanup(json_free) Json *scope = json_of(SCOPE), *body = json_of(body_text), *filled = NULL;
    Error err = {0};

    cr_assert_eq(template_json(body, scope, &filled, &err), 0, "%s", err.message);
    cleanup(free) char *text = json_text(filled);
    cr_expect_str_eq(text, expected);
}

Test(template, gives_a_body_the_types_of_its_values)
{
    expect_body("{\"a\":\"${size}\",\"b\":\"${size}!\",\"c\":[\"${labels}\",\"${on}\",null,7]}",
                "{\"a\":3,\"b\":\"3!\",\"c\":[{\"app\":\"x\"},true,null,7]}");
    expect_body("{\"a\":\"${nothing?}\",\"b\":[\"x ${nothing?}\",1],\"c\":{\"d\":\"${none?}\"}}",
                "{\"b\":[1],\"c\":{}}");
}

Test(template, a_body_with_a_mistake_in_it_is_an_error)
{
    cleanup(json_free) Json *scope = json_of("{}"), *body = json_of("[\"${x|upper}\"]"),
                            *filled = NULL;

    cr_assert_lt(template_json(body, scope, &filled, NULL), 0);
    cr_assert_null(filled);
}

Test(template, a_body_that_is_nothing_but_a_missing_value_is_an_error)
{
    cleanup(json_free) Json *scope = json_of("{}"), *body = json_of("\"${x?}\""), *filled = NULL;

    cr_assert_lt(template_json(body, scope, &filled, NULL), 0);
    cr_assert_null(filled);
}
