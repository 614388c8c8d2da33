#include <string.h>

#include <criterion/criterion.h>

#include "controller/conformance/samples.h"
#include "lang/base/memory.h"

static Json *json_of(const char *text)
{
    Json *json = NULL;

    cr_assert_eq(json_parse(text, strlen(text), &json, NULL), 0, "%s", text);
    return json;
}

static void expect_json(const Json *found, const char *expected)
{
    cleanup(json_free) Json *wanted = json_of(expected);
    cleanup(free) char *text = found != NULL ? json_text(found) : NULL;

    cr_expect(found != NULL && json_equal(found, wanted), "found %s, expected %s",
              text != NULL ? text : "nothing", expected);
}

Test(samples, of_a_schema_have_what_is_required_and_a_change_of_it)
{
    cleanup(json_free) Json *schema =
        json_of("{\"effects\":{\"File\":{\"kind\":\"instance\",\"parameters\":{\"type\":\"object\","
                "\"required\":[\"path\",\"size\"],\"properties\":{"
                "\"path\":{\"type\":\"string\",\"x-ved-immutable\":true},"
                "\"size\":{\"type\":\"integer\",\"minimum\":3},"
                "\"mode\":{\"enum\":[\"a\",\"b\"]}}}},\"Go\":{\"kind\":\"action\"}}}");
    cleanup(json_free) Json *samples = samples_of_schema(schema);
    const Json *effect = samples_find(samples, SAMPLE_DESIRED);

    cr_assert_not_null(effect);
    cr_expect_str_eq(json_key(effect), "File");
    expect_json(json_get(effect, "desired"), "{\"path\":\"ved-${n}\",\"size\":3}");
    expect_json(json_get(effect, "update"), "{\"path\":\"ved-${n}\",\"size\":4}");
    expect_json(json_get(effect, "replace"), "{\"path\":\"ved-${n}-other\",\"size\":3}");
    expect_json(json_get(effect, "invalid"), "{\"size\":3}");
    cr_expect_null(samples_find(samples, SAMPLE_SLOW));
}

Test(samples, of_a_schema_that_takes_anything_are_of_a_thing)
{
    cleanup(json_free) Json *schema = json_of("{\"effects\":{},\"any\":{\"kind\":\"instance\"}}");
    cleanup(json_free) Json *samples = samples_of_schema(schema);

    cr_expect_not_null(samples_find(samples, SAMPLE_UPDATE));
    cr_expect_not_null(samples_find(samples, SAMPLE_TEXT));
}

Test(samples, examples_defaults_and_bounds_of_a_schema_are_used)
{
    cleanup(json_free) Json *schema =
        json_of("{\"effects\":{\"E\":{\"parameters\":{\"required\":[\"a\",\"b\",\"c\",\"d\",\"e\"],"
                "\"properties\":{\"a\":{\"examples\":[\"x\",\"y\"]},\"b\":{\"default\":7},"
                "\"c\":{\"type\":\"array\"},\"d\":{\"type\":\"object\",\"required\":[\"n\"],"
                "\"properties\":{\"n\":{\"type\":\"boolean\"}}},\"e\":{\"const\":\"k\"}}}}}}");
    cleanup(json_free) Json *samples = samples_of_schema(schema);
    const Json *effect = samples_find(samples, SAMPLE_DESIRED);

    expect_json(json_get(effect, "desired"),
                "{\"a\":\"x\",\"b\":7,\"c\":[],\"d\":{\"n\":false},\"e\":\"k\"}");
    expect_json(json_get(effect, "update"),
                "{\"a\":\"y\",\"b\":7,\"c\":[],\"d\":{\"n\":false},\"e\":\"k\"}");
}

Test(samples, are_filled_in_wherever_a_text_stands)
{
    cleanup(json_free) Json *arguments =
        json_of("{\"path\":\"${dir}/f-${n}\",\"list\":[\"${n}\",1],\"$\":\"$n ${x}\"}");
    cleanup(json_free) Json *filled = sample_fill(arguments, 12, "/d");

    expect_json(filled, "{\"path\":\"/d/f-12\",\"list\":[\"12\",1],\"$\":\"$n ${x}\"}");
}
