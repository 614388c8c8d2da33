#include <criterion/criterion.h>
#include <string.h>

#include "lang/base/yaml.h"

static void assert_reads(const char *yaml, const char *json_text)
{
    cleanup(json_free) Json *json = NULL;
    cleanup(json_free) Json *expected = NULL;
    Error err = {0};

    cr_assert_eq(yaml_parse(yaml, strlen(yaml), &json, &err), 0, "%s", err.message);
    cr_assert_eq(json_parse(json_text, strlen(json_text), &expected, &err), 0, "%s", err.message);
    cr_assert(json_equal(json, expected), "%s", yaml);
}

static void assert_refused(const char *yaml, const char *sentence)
{
    Json *json = NULL;
    Error err = {0};

    cr_assert_eq(yaml_parse(yaml, strlen(yaml), &json, &err), ERROR_STATE, "%s", yaml);
    cr_assert_null(json);
    cr_assert_not_null(strstr(err.message, sentence), "'%s' is not in '%s'", sentence, err.message);
}

Test(yaml, plain_scalars_follow_the_core_schema)
{
    assert_reads("[1, -2, 0x1f, 0o17, 1.5, 1e3, .5, true, False, null, ~]",
                 "[1, -2, 31, 15, 1.5, 1000, 0.5, true, false, null, null]");
    assert_reads("[yes, no, on, 1.2.3, 1_000, 0x, '', -, 12e]",
                 "[\"yes\", \"no\", \"on\", \"1.2.3\", \"1_000\", \"0x\", \"\", \"-\", \"12e\"]");
}

Test(yaml, quoted_scalars_are_strings)
{
    assert_reads("a: \"1\"\nb: 'true'\nc: |\n  x\n  y\n",
                 "{\"a\":\"1\",\"b\":\"true\",\"c\":\"x\\ny\\n\"}");
}

Test(yaml, integers_beyond_doubles_become_strings_of_digits)
{
    assert_reads("9223372036854775807", "\"9223372036854775807\"");
    assert_reads("99999999999999999999", "\"99999999999999999999\"");
}

Test(yaml, anchors_aliases_tags_and_repeated_keys_are_refused)
{
    assert_refused("a: &x 1\n", "line 1 column 4: anchors");
    assert_refused("a: *x\n", "aliases");
    assert_refused("a: !!str 1\n", "tags");
    assert_refused("a: 1\nb: 2\na: 3\n", "line 3 column 1: this key stands twice");
    assert_refused("[a]: 1\n", "a key must be a string");
}

Test(yaml, one_document_and_no_more)
{
    assert_refused("", "no document");
    assert_refused("a: 1\n---\nb: 2\n", "only one document");
    assert_refused("a: [1\n", "line");
}

Test(yaml, nesting_has_a_ceiling)
{
    char text[YAML_DEPTH_MAX + 2] = {0};

    memset(text, '[', YAML_DEPTH_MAX + 1);
    assert_refused(text, "nested too deeply");
}

Test(yaml, what_is_written_reads_back_equal)
{
    const char *text = "{\"plain\":\"a/b.c\",\"empty\":\"\",\"no\":\"no\",\"digits\":\"12\","
                       "\"odd\":\"a: b # c \\u2028 \\u0085 \\ufeff \\n\\t\\\\ \\\"\","
                       "\"list\":[[1,[2]],[],{},{\"k\":[{\"a\":null,\"b\":true}]}],\"f\":-1.25}";
    cleanup(json_free) Json *json = NULL;
    cleanup(buffer_deinit) Buffer out = {0};

    cr_assert_eq(json_parse(text, strlen(text), &json, NULL), 0);
    yaml_write(&out, json);
    assert_reads(buffer_text(&out), text);
}

Test(yaml, a_tree_is_written_in_block_style)
{
    cleanup(json_free) Json *json = NULL;
    cleanup(buffer_deinit) Buffer out = {0};
    const char *text = "{\"a\":{\"b\":[1,{\"c\":\"x y\",\"d\":[]}]}}";

    cr_assert_eq(json_parse(text, strlen(text), &json, NULL), 0);
    yaml_write(&out, json);
    cr_assert_str_eq(buffer_text(&out), "a:\n  b:\n    - 1\n    - c: \"x y\"\n      d: []\n");
}
