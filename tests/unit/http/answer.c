#include "providers/http/answer.h"

#include <criterion/criterion.h>
#include <string.h>

#include "lang/base/memory.h"
#include "providers/http/find.h"
#include "providers/http/look.h"

static Answer answer;

static void fini(void)
{
    answer_deinit(&answer);
}

TestSuite(answer, .fini = fini);

static void take_body(const char *body, size_t size, const char *document)
{
    FetchResponse response = {.status = 200, .headers = json_new_object()};

    buffer_add(&response.body, body, size);
    answer_deinit(&answer);
    answer_take(&answer, &response, document);
    fetch_response_deinit(&response);
}

static void take_text(const char *body)
{
    take_body(body, strlen(body), "");
}

Test(answer, json_is_a_document_and_any_other_text_is_itself)
{
    take_body("{\"data\":{\"id\":7}}", 17, "/data");
    cr_expect_eq(json_get_int(answer.document, "id", 0), 7);
    take_text("hello\n");
    cr_expect_str_eq(json_string(answer.document, ""), "hello\n");
    take_text("");
    cr_expect_null(answer.document);
    take_body("\xff\xfe", 2, "");
    cr_expect_null(answer.document);
    take_body("a\0b", 3, "");
    cr_expect_null(answer.document);
}

static void expect_message(const char *body, const char *pointer, const char *expected)
{
    take_text(body);
    cleanup(free) char *message = answer_message(&answer, pointer);
    cr_expect_str_eq(message, expected);
}

Test(answer, says_what_went_wrong_in_one_line)
{
    expect_message("{\"error\":{\"message\":\"no\\nroom\\u001b\"}}", NULL, "no room ");
    expect_message("{\"errors\":[{\"detail\":\"a\"}]}", NULL, "a");
    expect_message("{\"why\":{\"a\":1}}", "/why", "{\"a\":1}");
    expect_message("{\"x\":1}", NULL, "");
    expect_message("<html>", NULL, "<html>");
    expect_message("", NULL, "");
}

Test(answer, a_long_message_is_cut_between_characters)
{
    cleanup(buffer_deinit) Buffer text = {0};

    for (int i = 0; i < 200; i++)
        buffer_add_string(&text, "\xc3\xa4");
    buffer_add_char(&text, '.');
    take_text(buffer_text(&text));
    cleanup(free) char *message = answer_message(&answer, NULL);
    cr_expect_eq(strlen(message), 303);
    cr_expect_str_eq(message + 298, "\xc3\xa4...");
}

static void expect_problem(int status, bool harmless, const char *code, const char *outcome,
                           bool retryable)
{
    ProviderProblem problem = {0};

    answer_problem(status, harmless, "POST https://a/x", "why", &problem);
    cr_expect_str_eq(problem.code, code);
    cr_expect_str_eq(problem.outcome, outcome);
    cr_expect_eq(problem.retryable, retryable);
    cr_expect(strstr(problem.detail, "why") != NULL);
}

Test(answer, a_status_says_whether_anything_happened)
{
    expect_problem(422, false, "VALIDATION_FAILED", "not_applied", false);
    expect_problem(401, false, "UNAUTHENTICATED", "not_applied", false);
    expect_problem(429, true, "THROTTLED", "not_applied", true);
    expect_problem(409, false, "UNAVAILABLE", "not_applied", true);
    expect_problem(302, false, "UPSTREAM", "not_applied", false);
    expect_problem(500, false, "UPSTREAM", "unknown", false);
    expect_problem(500, true, "UNAVAILABLE", "not_applied", true);
}

/* ---- results ---- */

static char *extract(ResultSpec spec, const char *document_text)
{
    cleanup(json_free) Json *document = NULL, *state = json_new_object();
    Results results = {&spec, 1};
    Error err = {0};

    cr_assert_eq(json_parse(document_text, strlen(document_text), &document, NULL), 0);
    if (results_extract(&results, document, state, &err) < 0)
        return memory_copy_string(err.message);
    return json_text(state);
}

static void expect_result(ResultSpec spec, const char *document, const char *expected)
{
    cleanup(free) char *found = extract(spec, document);

    spec.name = "r";
    cr_expect(strstr(found, expected) != NULL, "expected '%s', found '%s'", expected, found);
}

Test(answer, results_are_members_of_the_document)
{
    expect_result((ResultSpec){.name = "r", .pointer = "/a/0"}, "{\"a\":[5]}", "{\"r\":5}");
    expect_result((ResultSpec){.name = "r", .pointer = "/a", .type = "string"}, "{\"a\":5}",
                  "{\"r\":\"5\"}");
    expect_result((ResultSpec){.name = "r", .pointer = "/a", .type = "integer"}, "{\"a\":\"x\"}",
                  "is no integer");
    expect_result((ResultSpec){.name = "r", .pointer = "/b"}, "{}", "the answer has no '/b'");
    expect_result((ResultSpec){.name = "r", .pointer = "/b", .optional = true}, "{}", "{}");
}

Test(answer, what_is_sensitive_goes_no_further)
{
    expect_result((ResultSpec){.name = "r", .pointer = "/key", .sensitive = true},
                  "{\"key\":\"abc\"}", "{\"r\":\"(sensitive)\"}");
}

Test(answer, base64_is_read)
{
    ResultSpec spec = {.name = "r", .pointer = "/v", .base64 = true};

    expect_result(spec, "{\"v\":\"aGVsbG8=\"}", "{\"r\":\"hello\"}");
    expect_result(spec, "{\"v\":\"aGVsbG8\"}", "no text in Base64");
    expect_result(spec, "{\"v\":\"!!!!\"}", "no text in Base64");
    expect_result(spec, "{\"v\":\"/////w==\"}", "no text in Base64");
    expect_result(spec, "{\"v\":\"\"}", "{\"r\":\"\"}");
    expect_result(spec, "{\"v\":7}", "no text in Base64");
}

Test(answer, what_does_not_show_all_of_an_object_is_no_look_at_it)
{
    ResultSpec spec = {.name = "r", .pointer = "/b"};
    ResourceSpec resource = {.effect = "A", .results = {&spec, 1}};
    cleanup(json_free) Json *document = json_new_object();
    cleanup(look_deinit) Look look = {0};

    cr_expect_lt(look_make(&resource, "1", document, NULL, &look, NULL), 0);
    cr_expect_null(look.state);
    json_set_int(document, "b", 5);
    cr_assert_eq(look_make(&resource, "1", document, "\"e\"", &look, NULL), 0);
    cr_expect_eq(json_get_int(look.state, "r", 0), 5);
    cr_expect_str_eq(look.etag, "\"e\"");
}

/* ---- conditions ---- */

static Readiness holds(const char *document_text)
{
    static const char sets[] = "[[\"up\",true],[\"broken\"]]";
    cleanup(json_free) Json *document = NULL, *values = NULL;

    cr_assert_eq(json_parse(document_text, strlen(document_text), &document, NULL), 0);
    cr_assert_eq(json_parse(sets, strlen(sets), &values, NULL), 0);
    Condition condition = {"/s", json_at(values, 0), json_at(values, 1)};
    return condition_holds(&condition, document);
}

Test(answer, a_condition_is_met_failed_or_waits)
{
    cr_expect_eq(holds("{\"s\":\"up\"}"), READY);
    cr_expect_eq(holds("{\"s\":true}"), READY);
    cr_expect_eq(holds("{\"s\":\"broken\"}"), BROKEN);
    cr_expect_eq(holds("{\"s\":\"coming\"}"), NOT_READY);
    cr_expect_eq(holds("{}"), NOT_READY);
    cr_expect_eq(condition_holds(&(Condition){0}, NULL), READY);
}
