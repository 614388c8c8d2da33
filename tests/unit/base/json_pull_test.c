#include <criterion/criterion.h>
#include <string.h>

#include "lang/base/json_pull.h"

static const JsonWord words[] = {JSON_WORD("one"), JSON_WORD("two"), JSON_WORD("unmet_since"),
                                 JSON_WORD("four")};

/* What the text's keys are, and whether it was read to its end. */
static bool keys_read(const char *text, char *found, const char **ret_other)
{
    static Arena arena;
    JsonPull pull = json_pull(text, strlen(text));
    JsonKeys keys = {.words = words, .count = ARRAY_SIZE(words)};

    *found = '\0';
    *ret_other = NULL;
    for (bool more = json_pull_open(&pull, '{'); more; more = json_pull_more(&pull, '}')) {
        int key = json_pull_key(&pull, &keys, &arena, ret_other);
        if (key < 0)
            break;
        strcat(found, (char[]){(char)('0' + key), '\0'});
        json_pull_skip(&pull);
    }
    return json_pull_done(&pull);
}

Test(json_pull, keys_come_in_any_order)
{
    char found[8];
    const char *other;

    cr_expect(keys_read("{\"four\":{\"a\":[1,\"]\"]},\"one\":1,\"two\":null}", found, &other));
    cr_expect_str_eq(found, "301");
    cr_expect(keys_read(" { \"t\\u0077o\" : [ ] , \"unmet_since\" : \"\\\"}\" } ", found, &other));
    cr_expect_str_eq(found, "12");
    cr_expect(keys_read("{}", found, &other));
    cr_expect_str_eq(found, "");
}

Test(json_pull, a_key_that_is_unknown_is_named_and_one_that_comes_twice_refused)
{
    char found[8];
    const char *other;

    cr_expect(!keys_read("{\"one\":1,\"onetwo\":2}", found, &other));
    cr_expect_str_eq(other, "onetwo");
    cr_expect(!keys_read("{\"a key that is longer than any of the words\":2}", found, &other));
    cr_expect_str_eq(other, "a key that is longer than any of the words");
    cr_expect(!keys_read("{\"one\":1,\"two\":2,\"one\":3}", found, &other));
    cr_expect_null(other);
}

Test(json_pull, what_is_no_object_is_refused)
{
    static const char *const texts[] = {"",
                                        "{",
                                        "{\"one\"",
                                        "{\"one\":",
                                        "{\"one\":1",
                                        "{\"one\":1,",
                                        "{\"one\":1,}",
                                        "{\"one\" 1}",
                                        "{one:1}",
                                        "{\"one\":1}}",
                                        "{\"one\":\"a}",
                                        "{\"one\":\"a\\",
                                        "{\"one\":[1}",
                                        "[1]",
                                        "{\"one\":,\"two\":1}"};
    char found[8];
    const char *other;

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        cr_expect(!keys_read(texts[i], found, &other), "%s", texts[i]);
}

Test(json_pull, texts_are_those_of_a_tree)
{
    static const char *const texts[] = {"\"\"", "\"a\"", "\"0123456789abcdef\"",
                                        "\"0123456789abcde\\\"f\\n\\u00e4\\ud83d\\ude00\"",
                                        "\"\xc3\xa4 and more than sixteen bytes without an end\""};
    Arena arena = {0};

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        cleanup(json_free) Json *json = NULL;
        JsonPull pull = json_pull(texts[i], strlen(texts[i]));
        cr_assert_eq(json_parse_own(texts[i], strlen(texts[i]), &json, NULL), 0);
        cr_expect_str_eq(json_pull_string(&pull, &arena), json_string(json, NULL));
        cr_expect(json_pull_done(&pull));
    }
    arena_deinit(&arena);
}

Test(json_pull, texts_that_are_none_are_refused)
{
    static const char *const texts[] = {
        "\"a", "\"a\\\"", "a", "\"a\nb\"", "\"\\x\"", "\"\\ud800\"", "\"0123456789abcdefg\x01\""};
    Arena arena = {0};

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        JsonPull pull = json_pull(texts[i], strlen(texts[i]));
        cr_expect_str_eq(json_pull_string(&pull, &arena), "");
        cr_expect(!json_pull_done(&pull), "%s", texts[i]);
    }
    arena_deinit(&arena);
}

Test(json_pull, counts_are_whole_and_within_their_bounds)
{
    static const char *const refused[] = {
        "", "-1", "01", "1.0", "1e3", "9007199254740992", "\"1\"", "99999999999999999999999", "x"};
    JsonPull most = json_pull("9007199254740991", 16), none = json_pull("0", 1);

    cr_expect_eq(json_pull_count(&most), 9007199254740991);
    cr_expect(json_pull_done(&most));
    cr_expect_eq(json_pull_count(&none), 0);
    cr_expect(json_pull_done(&none));
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        JsonPull pull = json_pull(refused[i], strlen(refused[i]));
        cr_expect_eq(json_pull_count(&pull), 0);
        cr_expect(!json_pull_done(&pull), "%s", refused[i]);
    }
}

Test(json_pull, counts_of_any_length_are_read_to_the_first_byte_that_is_no_digit)
{
    static const char digits[] = "1234567890123456,";
    uint64_t wanted = 0;

    for (size_t size = 1; size <= 16; size++) {
        JsonPull alone = json_pull(digits, size);
        wanted = wanted * 10 + (uint64_t)(digits[size - 1] - '0');
        if (wanted > 9007199254740991)
            break;
        cr_expect_eq(json_pull_count(&alone), wanted);
        cr_expect(json_pull_done(&alone));
        for (int byte = 1; byte < 256; byte++) {
            char text[32] = {0};
            memcpy(text, digits, size);
            memset(text + size, byte, 12);
            JsonPull pull = json_pull(text, size + 12);
            if ((byte >= '0' && byte <= '9') || strchr(".eE", byte) != NULL)
                continue;
            cr_expect_eq(json_pull_count(&pull), wanted, "%d behind %zu", byte, size);
            cr_expect_eq(pull.at, text + size);
        }
    }
}

Test(json_pull, a_text_is_that_text_only_as_a_whole_and_without_escapes)
{
    static const char *const others[] = {"\"Count", "\"Coun\"", "\"Counts\"",     "Count",
                                         "7",       "",         "\"C\\u006funt\""};
    JsonPull is = json_pull("\"Count\",", 8), quote = json_pull("\"a\\\"", 5);

    cr_expect(json_pull_is(&is, "Count"));
    cr_expect_eq(*is.at, ',');
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        JsonPull pull = json_pull(others[i], strlen(others[i]));
        cr_expect_not(json_pull_is(&pull, "Count"), "%s", others[i]);
        cr_expect_eq(pull.at, others[i]);
        cr_expect_not(pull.failed);
    }
    cr_expect_not(json_pull_is(&quote, "a\\"));
}

Test(json_pull, numbers_are_those_of_a_tree)
{
    static const char *const texts[] = {"0",
                                        "-0",
                                        "-7",
                                        "3.5",
                                        "1e2",
                                        "9007199254740991",
                                        "-9007199254740991",
                                        "9007199254740993",
                                        "1e300"};

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        cleanup(json_free) Json *json = NULL;
        JsonPull pull = json_pull(texts[i], strlen(texts[i]));
        int64_t whole = 0;
        double number = 0;
        cr_assert_eq(json_parse_own(texts[i], strlen(texts[i]), &json, NULL), 0);
        bool is_whole = json_pull_number(&pull, &whole, &number);
        cr_expect_eq(is_whole, json_is_int(json), "%s", texts[i]);
        if (is_whole)
            cr_expect_eq(whole, json_int(json, -1), "%s", texts[i]);
        else
            cr_expect_eq(number, json_number(json, -1), "%s", texts[i]);
        cr_expect(json_pull_done(&pull));
    }
}

Test(json_pull, what_is_passed_over_can_be_read_later)
{
    const char *text = "[{\"a\":[\"]}\",{}]},7]";
    JsonPull pull = json_pull(text, strlen(text));

    cr_assert(json_pull_open(&pull, '['));
    JsonPull first = json_pull_skip(&pull);
    cr_assert(json_pull_more(&pull, ']'));
    cr_expect_eq(json_pull_count(&pull), 7);
    cr_expect(!json_pull_more(&pull, ']'));
    cr_expect(json_pull_done(&pull));
    cleanup(json_free) Json *json = json_pull_tree(&first);
    cr_expect_eq(json_count(json_get(json, "a")), 2);
    cr_expect(json_pull_done(&first));
}

Test(json_pull, nothing_is_nested_too_deep)
{
    char text[1024];
    size_t depth = JSON_DEPTH_OWN_MAX + 1;

    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    JsonPull pull = json_pull(text, 2 * depth);
    json_pull_skip(&pull);
    cr_expect(pull.failed);
    JsonPull less = json_pull(text + 1, 2 * (depth - 1));
    json_pull_skip(&less);
    cr_expect(json_pull_done(&less));
}
