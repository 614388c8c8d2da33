#include <criterion/criterion.h>
#include <string.h>

#include "lang/base/json.h"

static Json *parsed(const char *text)
{
    Json *json = NULL;
    Error err = {0};

    cr_assert_eq(json_parse(text, strlen(text), &json, &err), 0, "%s", err.message);
    return json;
}

static void assert_refused(const char *text, size_t size, const char *sentence)
{
    Json *json = NULL;
    Error err = {0};

    cr_assert_eq(json_parse(text, size, &json, &err), ERROR_STATE);
    cr_assert_null(json);
    cr_assert_not_null(strstr(err.message, sentence), "'%s' is not in '%s'", sentence, err.message);
}

Test(json, what_is_not_strict_is_refused_with_its_place)
{
    assert_refused("{\"a\":1,}", 8, "line 1 column");
    assert_refused("{}\n x", 5, "line 2 column 2");
    assert_refused("", 0, "line 1 column 1");
    assert_refused("[1]\0", 4, "0x00");
    assert_refused("\"a\nb\"", 5, "raw control character 0x0a");
    assert_refused("[1, 1e400]", 10, "too large for a double");
    assert_refused("{\"a\":1,\"a\":2}", 13, "'a' stands twice");
    assert_refused("[\"\xc3\"]", 5, "line 1 column 3: not UTF-8");
    assert_refused("[\"\xc0\xaf\"]", 6, "not UTF-8");
    assert_refused("{\"\xed\xa0\x80\":1}", 9, "not UTF-8");
}

Test(json, what_is_beyond_ascii_stays_what_it_is)
{
    cleanup(json_free) Json *json = parsed("[\"\xc3\xa4\\n\xf0\x9f\x90\x98\"]");

    cr_assert_str_eq(json_string(json_at(json, 0), ""), "\xc3\xa4\n\xf0\x9f\x90\x98");
}

Test(json, numbers_are_written_as_json_writes_them)
{
    static const char *const wrong[] = {"01", "-", "+1", "1.", ".5", "-.5", "1e", "1e+", "0x10"};
    cleanup(json_free) Json *json = parsed("[0, -0, 10, -2.5e3, 123456789012345, 1e2]");

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_refused(wrong[i], strlen(wrong[i]), "not valid JSON");
    cr_assert_eq(json_int(json_at(json, 2), -1), 10);
    cr_assert_eq(json_int(json_at(json, 3), -1), -2500);
    cr_assert_eq(json_int(json_at(json, 4), -1), 123456789012345);
    cr_assert_eq(json_int(json_at(json, 5), -1), 100);
}

Test(json, escapes_mean_characters)
{
    static const char *const wrong[] = {
        "\"\\x\"", "\"\\u12\"", "\"\\ud83d\"", "\"\\ude00\"", "\"\\ud83d\\u0041\"", "\"\\", "\"a"};
    cleanup(json_free) Json *json = parsed("\"\\u00e9\\ud83d\\ude00\\n\\/\\\"\\u20ac\"");

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_refused(wrong[i], strlen(wrong[i]), "not valid JSON");
    cr_assert_str_eq(json_string(json, ""), "\xc3\xa9\xf0\x9f\x98\x80\n/\"\xe2\x82\xac");
}

Test(json, a_member_that_stands_twice_is_found_in_large_objects_too)
{
    Buffer text = {0};

    buffer_add_char(&text, '{');
    for (int i = 0; i < 100; i++)
        buffer_add_format(&text, "\"m%d\":%d,", i, i);
    size_t size = text.size;
    buffer_add_string(&text, "\"m100\":1}");
    json_free(parsed(buffer_text(&text)));
    text.size = size;
    buffer_add_string(&text, "\"m57\":1}");
    assert_refused(buffer_text(&text), text.size, "'m57' stands twice");
    buffer_deinit(&text);
}

Test(json, nesting_has_a_ceiling)
{
    char text[2 * JSON_DEPTH_MAX + 3];

    memset(text, '[', JSON_DEPTH_MAX);
    memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
    text[2 * (size_t)JSON_DEPTH_MAX] = '\0';
    json_free(parsed(text));
    memset(text, '[', JSON_DEPTH_MAX + 1);
    assert_refused(text, JSON_DEPTH_MAX + 1, "nested deeper");
}

Test(json, getters_say_otherwise_for_what_is_not_there_or_of_another_type)
{
    cleanup(json_free) Json *json = parsed("{\"s\":\"x\",\"n\":3,\"t\":true,\"f\":1.5}");

    cr_assert_str_eq(json_get_string(json, "s", "-"), "x");
    cr_assert_str_eq(json_get_string(json, "n", "-"), "-");
    cr_assert_eq(json_get_int(json, "n", -1), 3);
    cr_assert_eq(json_get_int(json, "f", -1), -1);
    cr_assert(json_get_bool(json, "t", false));
    cr_assert_not(json_get_bool(json, "missing", false));
    cr_assert_null(json_get(NULL, "x"));
    cr_assert_eq(json_count(NULL), 0);
}

Test(json, integers_beyond_doubles_travel_as_strings_of_digits)
{
    cleanup(json_free) Json *large = json_new_int(INT64_MAX);
    cleanup(json_free) Json *small = json_new_int(JSON_INTEGER_MAX);

    cr_assert(json_is_string(large));
    cr_assert_eq(json_int(large, 0), INT64_MAX);
    cr_assert(json_is_number(small));
    cr_assert_eq(json_int(small, 0), JSON_INTEGER_MAX);
    cleanup(json_free) Json *not_digits = json_new_string(" 1");
    cr_assert_not(json_is_int(not_digits));
}

Test(json, canonical_text_sorts_members_and_compact_text_keeps_them)
{
    cleanup(json_free) Json *json = parsed("{ \"b\": [1, {\"z\":0,\"y\":1}], \"a\": null }");
    cleanup(buffer_deinit) Buffer compact = {0};
    cleanup(buffer_deinit) Buffer canonical = {0};

    json_write(&compact, json);
    json_write_canonical(&canonical, json);
    cr_assert_str_eq(buffer_text(&compact), "{\"b\":[1,{\"z\":0,\"y\":1}],\"a\":null}");
    cr_assert_str_eq(buffer_text(&canonical), "{\"a\":null,\"b\":[1,{\"y\":1,\"z\":0}]}");
}

Test(json, trees_are_equal_whatever_the_order_of_members)
{
    cleanup(json_free) Json *a = parsed("{\"x\":1,\"y\":[true]}");
    cleanup(json_free) Json *b = parsed("{\"y\":[true],\"x\":1}");
    cleanup(json_free) Json *c = parsed("{\"y\":[false],\"x\":1}");

    cr_assert(json_equal(a, b));
    cr_assert_not(json_equal(a, c));
}

Test(json, quoted_text_escapes_what_it_must)
{
    cleanup(buffer_deinit) Buffer out = {0};

    json_put_string(&out, "a\"b\\c\n\x01\xc3\xa9");
    cr_assert_str_eq(buffer_text(&out), "\"a\\\"b\\\\c\\n\\u0001\xc3\xa9\"");
}
