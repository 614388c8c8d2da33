#include <string.h>

#include <criterion/criterion.h>

#include "controller/conformance/shown.h"
#include "controller/conformance/suite.h"
#include "lang/base/memory.h"

static Exchange exchange_of(const char *headers, const char *body, const char *reply)
{
    Exchange exchange = {
        .method = (char *)"PUT",
        .url = (char *)"https://127.0.0.1:1/v1/instances/file/1",
        .request_headers = (char *)headers,
        .request_body = (char *)body,
        .request_size = strlen(body),
        .status = 500,
    };

    buffer_add_string(&exchange.headers, "HTTP/1.1 500 Oops\r\nEtag: \"1\"\r\n\r\n");
    buffer_add_string(&exchange.body, reply);
    return exchange;
}

/* What a failure that shows this exchange looks like as TAP; the caller frees it. */
static char *tap_of(Exchange *exchange)
{
    Trial trial = {.rule = rule_at(0), .exchanges = exchange};
    Buffer tap = {0};

    trial_fail(&trial, exchange, "expected %d \"things\"", 2);
    cleanup(json_free) Json *result = shown_result(&trial);
    tap_put(&tap, 7, result);
    buffer_deinit(&exchange->headers);
    buffer_deinit(&exchange->body);
    return buffer_take(&tap);
}

Test(shown, a_failure_names_its_rule_and_shows_request_and_reply)
{
    Exchange exchange = exchange_of("Ved-Fence: 1\n", "{\"a\":1}", "{\"b\":2}");
    cleanup(free) char *tap = tap_of(&exchange);

    cr_expect_eq(strncmp(tap, "not ok 7 - VPP-001 handshake-is-complete\n  ---\n", 47), 0, "%s",
                 tap);
    cr_expect_not_null(strstr(tap, "message: \"expected 2 \\\"things\\\"\"\n"), "%s", tap);
    cr_expect_not_null(strstr(tap, "        PUT /v1/instances/file/1\n        Ved-Fence: 1\n"));
    cr_expect_not_null(strstr(tap, "        {\"a\":1}\n"));
    cr_expect_not_null(strstr(tap, "        HTTP/1.1 500 Oops\n"));
    cr_expect_not_null(strstr(tap, "        {\"b\":2}\n"));
    cr_expect_str_eq(tap + strlen(tap) - 6, "  ...\n");
}

Test(shown, tokens_and_secrets_are_concealed)
{
    Exchange exchange =
        exchange_of("authorization: Bearer token-of-mine\n", "{\"secrets\":{\"s1\":\"hush-hush\"}}",
                    "{\"detail\":\"got hush-hush\"}");
    cleanup(free) char *tap = tap_of(&exchange);

    cr_expect_null(strstr(tap, "token-of-mine"), "%s", tap);
    cr_expect_null(strstr(tap, "hush-hush"), "%s", tap);
    cr_expect_not_null(strstr(tap, "Authorization: (concealed)"), "%s", tap);
}

Test(shown, a_large_body_is_cut_and_what_is_no_text_is_replaced)
{
    char large[5001];
    memset(large, 'x', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    large[0] = '\x1b';
    Exchange exchange = exchange_of("", large, large);
    cleanup(free) char *tap = tap_of(&exchange);

    cr_expect_lt(strlen(tap), 5000u);
    cr_expect_not_null(strstr(tap, "... (5000 bytes)"));
    cr_expect_null(strchr(tap, '\x1b'));
}

Test(shown, a_rule_that_cannot_be_tried_says_why)
{
    Trial trial = {.rule = rule_at(1)};
    cleanup(buffer_deinit) Buffer tap = {0};

    trial_skip(&trial, "this needs %s", "more");
    cleanup(json_free) Json *result = shown_result(&trial);
    tap_put(&tap, 2, result);
    cr_expect_str_eq(buffer_text(&tap), "ok 2 - VPP-002 keys-live-a-week # SKIP this needs more\n");
}

Test(trial, only_the_first_failure_is_kept)
{
    Trial trial = {.rule = rule_at(0)};

    trial_fail(&trial, NULL, "first");
    trial_fail(&trial, NULL, "second");
    cr_expect_str_eq(trial.why, "first");
    cr_expect_eq(trial.state, TRIAL_FAILED);
}
