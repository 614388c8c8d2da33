#include "providers/http/envelope.h"

#include <criterion/criterion.h>
#include <string.h>

#include "lang/base/memory.h"

#define BASE "\"base_url\":\"https://api.example:8443/v1\""

static Site *site;
static Call call;
static ProviderProblem problem;

static void begin(const char *config_text, const char *scope_text)
{
    cleanup(json_free) Json *tree = NULL;
    HttpConfig *config = NULL;
    Error err = {0};

    cr_assert_eq(json_parse(config_text, strlen(config_text), &tree, &err), 0, "%s", err.message);
    cr_assert_eq(http_config_read(tree, &config, &err), 0, "%s", err.message);
    site = site_new(config);
    problem = (ProviderProblem){0};
    call_begin(&call, site, NULL, &problem);
    json_free(call.scope);
    cr_assert_eq(json_parse(scope_text, strlen(scope_text), &call.scope, &err), 0);
}

static void fini(void)
{
    call_deinit(&call);
    site_free(site);
    site = NULL;
}

TestSuite(envelope, .fini = fini);

static void expect_followed(const char *url, const char *expected)
{
    cleanup(free) char *found = envelope_follow(&call, url);

    if (expected != NULL)
        cr_expect_str_eq(found != NULL ? found : "nothing", expected);
    else
        cr_expect_null(found, "%s", url);
}

Test(envelope, only_the_api_itself_is_followed)
{
    begin("{" BASE "}", "{}");
    expect_followed("/v1/x?page=2", "https://api.example:8443/v1/x?page=2");
    expect_followed("https://api.example:8443/x", "https://api.example:8443/x");
    expect_followed("HTTPS://API.example:8443?x", "HTTPS://API.example:8443?x");
    expect_followed("//evil.example/x", NULL);
    expect_followed("https://api.example:8443.evil.example/", NULL);
    expect_followed("https://api.example:8443@evil.example/", NULL);
    expect_followed("https://api.example/x", NULL);
    expect_followed("http://api.example:8443/x", NULL);
    expect_followed("file:///etc/passwd", NULL);
    expect_followed("/a b", NULL);
    expect_followed("/a\r\nX: y", NULL);
    expect_followed("", NULL);
    cr_expect_str_eq(problem.code, "UPSTREAM");
}

static Json *json_of(const char *text)
{
    Json *json = NULL;

    cr_assert_eq(json_parse(text, strlen(text), &json, NULL), 0);
    return json;
}

/* Everything of a request, credentials too, in one text. */
static void expect_envelope(const RequestSpec *spec, const Conditions *conditions,
                            const char *expected)
{
    static const Conditions none = {0};
    cleanup(envelope_deinit) Envelope envelope = {0};

    cr_assert_eq(envelope_fill(&call, spec, conditions != NULL ? conditions : &none, &envelope), 0,
                 "%s", problem.detail);
    cleanup(free) char *headers = json_text(envelope.headers);
    cleanup(free) char *found = memory_format("%s %s %s", envelope.url, headers,
                                              envelope.body != NULL ? envelope.body : "-");
    cr_expect_str_eq(found, expected);
}

Test(envelope, a_request_is_filled_in)
{
    cleanup(json_free) Json *query = json_of("{\"a\":\"${x}&\",\"b\":\"${no?}\",\"n\":5}");
    cleanup(json_free) Json *headers = json_of("{\"X-A\":\"${x}\",\"X-B\":\"${no?}\"}");
    cleanup(json_free) Json *body = json_of("{\"x\":\"${x}\"}");
    RequestSpec spec = {.at = "t",
                        .method = "POST",
                        .path = "/p/${x}",
                        .query = query,
                        .headers = headers,
                        .body = body};

    begin("{" BASE ",\"headers\":{\"accept\":\"text/x\"}}", "{\"x\":\"1 2\"}");
    expect_envelope(&spec, NULL,
                    "https://api.example:8443/v1/p/1%202?a=1%202%26&n=5 "
                    "{\"Content-Type\":\"application/json\",\"accept\":\"text/x\",\"X-A\":\"1 2\"} "
                    "{\"x\":\"1 2\"}");
}

Test(envelope, a_form_is_encoded)
{
    cleanup(json_free) Json *form = json_of("{\"a b\":\"${x}\",\"c\":\"${no?}\",\"d\":true}");
    RequestSpec spec = {.at = "t", .method = "POST", .path = "/", .form = form};

    begin("{" BASE "}", "{\"x\":\"ü&\"}");
    expect_envelope(&spec, NULL,
                    "https://api.example:8443/v1/ {\"Accept\":\"application/json\","
                    "\"Content-Type\":\"application/x-www-form-urlencoded\"} "
                    "a%20b=%C3%BC%26&d=true");
}

Test(envelope, a_text_of_another_type_is_sent_as_it_is)
{
    cleanup(json_free) Json *headers = json_of("{\"content-type\":\"text/plain\"}");
    cleanup(json_free) Json *body = json_of("\"say ${x}\"");
    RequestSpec spec = {.at = "t", .method = "PUT", .path = "/", .headers = headers, .body = body};

    begin("{" BASE "}", "{\"x\":\"\\\"hi\\\"\"}");
    expect_envelope(&spec, NULL,
                    "https://api.example:8443/v1/ {\"Accept\":\"application/json\","
                    "\"content-type\":\"text/plain\"} say \"hi\"");
}

Test(envelope, a_named_url_is_asked_with_the_same_credentials_and_no_body)
{
    cleanup(json_free) Json *body = json_of("{}");
    RequestSpec spec = {.at = "t", .method = "POST", .path = "/", .body = body};
    Conditions conditions = {.url = "/v1/next?x=1"};

    begin("{" BASE ",\"auth\":{\"query\":{\"name\":\"key\",\"value\":\"s&cret\"}}}", "{}");
    expect_envelope(&spec, &conditions,
                    "https://api.example:8443/v1/next?x=1&key=s%26cret "
                    "{\"Accept\":\"application/json\"} -");
}

Test(envelope, what_is_shown_has_no_query)
{
    cleanup(envelope_deinit) Envelope envelope = {0};
    RequestSpec spec = {.at = "t", .method = "GET", .path = "/x?a=1"};

    begin("{" BASE ",\"auth\":{\"query\":{\"name\":\"key\",\"value\":\"secret\"}}}", "{}");
    cr_assert_eq(envelope_fill(&call, &spec, &(Conditions){0}, &envelope), 0);
    cr_expect_str_eq(envelope.shown, "GET https://api.example:8443/v1/x");
}

Test(envelope, the_operations_key_goes_with_what_changes_something)
{
    RequestSpec get = {.at = "t", .method = "GET", .path = "/"};
    RequestSpec post = {.at = "t", .method = "POST", .path = "/"};

    begin("{" BASE ",\"idempotency\":{\"header\":\"Idempotency-Key\"}}", "{}");
    call.key = "k1";
    expect_envelope(&get, NULL, "https://api.example:8443/v1/ {\"Accept\":\"application/json\"} -");
    expect_envelope(&post, NULL,
                    "https://api.example:8443/v1/ {\"Accept\":\"application/json\","
                    "\"Idempotency-Key\":\"k1\"} -");
}

Test(envelope, credentials_that_cannot_be_read_are_a_problem)
{
    cleanup(envelope_deinit) Envelope envelope = {0};
    RequestSpec spec = {.at = "t", .method = "GET", .path = "/"};

    begin("{" BASE ",\"auth\":{\"bearer\":{\"token_file\":\"/nowhere/token\"}}}", "{}");
    cr_assert_eq(envelope_fill(&call, &spec, &(Conditions){0}, &envelope), -1);
    cr_expect_str_eq(problem.code, "UNAUTHENTICATED");
    cr_expect_str_eq(problem.outcome, "not_applied");
}

Test(envelope, arguments_that_cannot_stand_there_are_refused)
{
    cleanup(envelope_deinit) Envelope envelope = {0};
    RequestSpec spec = {.at = "resources.A.create", .method = "GET", .path = "/x/${x}"};

    begin("{" BASE "}", "{\"x\":\"..\"}");
    cr_assert_eq(envelope_fill(&call, &spec, &(Conditions){0}, &envelope), -1);
    cr_expect_str_eq(problem.code, "VALIDATION_FAILED");
    cr_expect(strstr(problem.detail, "resources.A.create.path: '${x}' is '..'") != NULL, "%s",
              problem.detail);
    cr_expect_eq(request_try(&call, &spec), -1);
}

Test(envelope, a_pace_lets_a_burst_through_and_then_keeps_it)
{
    begin("{" BASE ",\"rate\":\"10/s\",\"burst\":3}", "{}");
    for (int i = 0; i < 3; i++)
        cr_expect_eq(site_pace_ms(site), 0);
    int64_t first = site_pace_ms(site), second = site_pace_ms(site);
    cr_expect(first > 0 && first <= 101, "%lld", (long long)first);
    cr_expect(second > first && second <= 201, "%lld", (long long)second);
}
