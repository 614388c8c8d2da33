/* What each reply means, as a table: the protocol's error table and recovery rules. */
#include <criterion/criterion.h>
#include <string.h>

#include "controller/host/verdict.h"

typedef struct Case {
    const char *name;
    CallVerb verb;
    CallStep step;
    bool in_doubt, creates;
    HttpFailure failure;
    int status;
    const char *body;
    VerdictKind kind;
    CallStep next;
    VerdictDelay delay;
} Case;

static const Case cases[] = {
    {"sent, never arrived", CALL_PUT, STEP_SEND, true, false, HTTP_NOT_SENT, 0, NULL, VERDICT_NEXT,
     STEP_SEND, DELAY_BACKOFF},
    {"sent, lost", CALL_PUT, STEP_SEND, true, false, HTTP_LOST, 0, NULL, VERDICT_NEXT,
     STEP_ASK_OPERATION, DELAY_BACKOFF},
    {"sent, flood", CALL_ACTION, STEP_SEND, true, false, HTTP_TOO_LARGE, 200, NULL, VERDICT_NEXT,
     STEP_ASK_OPERATION, DELAY_BACKOFF},
    {"asked, lost", CALL_PUT, STEP_ASK_OPERATION, true, false, HTTP_LOST, 0, NULL, VERDICT_NEXT,
     STEP_ASK_OPERATION, DELAY_BACKOFF},
    {"accepted", CALL_PUT, STEP_SEND, true, false, HTTP_REPLIED, 202, NULL, VERDICT_NEXT,
     STEP_ASK_OPERATION, DELAY_NONE},
    {"partly done, may retry", CALL_PUT, STEP_SEND, true, false, HTTP_REPLIED, 500,
     "{\"outcome\":\"partial\",\"retryable\":true}", VERDICT_NEXT, STEP_SEND, DELAY_BACKOFF},
    {"partly done for good", CALL_PUT, STEP_SEND, true, false, HTTP_REPLIED, 500,
     "{\"outcome\":\"partial\",\"retryable\":false}", VERDICT_FAILED, 0, 0},
    {"gateway", CALL_ACTION, STEP_SEND, true, false, HTTP_REPLIED, 502, "<html>", VERDICT_NEXT,
     STEP_ASK_OPERATION, DELAY_BACKOFF},
    {"told to wait", CALL_PUT, STEP_SEND, true, false, HTTP_REPLIED, 503,
     "{\"outcome\":\"not_applied\",\"retry_after_ms\":700}", VERDICT_NEXT, STEP_SEND, DELAY_GIVEN},
    {"our own operation runs", CALL_PUT, STEP_SEND, true, false, HTTP_REPLIED, 409,
     "{\"code\":\"OPERATION_IN_PROGRESS\",\"op\":\"op-1\"}", VERDICT_NEXT, STEP_ASK_OPERATION,
     DELAY_NONE},
    {"another operation runs", CALL_PUT, STEP_SEND, true, false, HTTP_REPLIED, 409,
     "{\"code\":\"OPERATION_IN_PROGRESS\",\"op\":\"op-2\"}", VERDICT_NEXT, STEP_SEND,
     DELAY_BACKOFF},
    {"412 without the object", CALL_PUT, STEP_SEND, true, true, HTTP_REPLIED, 412, "{}",
     VERDICT_FAILED, 0, 0},
    {"412 to an update", CALL_PUT, STEP_SEND, true, false, HTTP_REPLIED, 412,
     "{\"current\":{\"uid\":\"u1\",\"state\":{}}}", VERDICT_FAILED, 0, 0},
    {"another object's result", CALL_PUT, STEP_SEND, true, false, HTTP_REPLIED, 200,
     "{\"uid\":\"u2\",\"state\":{}}", VERDICT_UNKNOWN, 0, 0},
    {"operation unknown to it, action", CALL_ACTION, STEP_ASK_OPERATION, true, false, HTTP_REPLIED,
     404, NULL, VERDICT_NEXT, STEP_SEND, DELAY_NONE},
    {"operation unknown to it, object", CALL_DELETE, STEP_ASK_OPERATION, true, false, HTTP_REPLIED,
     404, NULL, VERDICT_NEXT, STEP_ASK_INSTANCE, DELAY_NONE},
    {"asking fails", CALL_PUT, STEP_ASK_OPERATION, true, false, HTTP_REPLIED, 500, NULL,
     VERDICT_NEXT, STEP_ASK_OPERATION, DELAY_BACKOFF},
    {"asking is refused", CALL_PUT, STEP_ASK_OPERATION, true, false, HTTP_REPLIED, 403, NULL,
     VERDICT_UNKNOWN, 0, 0},
    {"operation failed", CALL_PUT, STEP_ASK_OPERATION, true, false, HTTP_REPLIED, 200,
     "{\"op\":\"op-1\",\"state\":\"failed\",\"problem\":{\"code\":\"X\"}}", VERDICT_FAILED, 0, 0},
    {"operation failed, may retry", CALL_PUT, STEP_ASK_OPERATION, true, false, HTTP_REPLIED, 200,
     "{\"op\":\"op-1\",\"state\":\"failed\",\"problem\":{\"retryable\":true}}", VERDICT_NEXT,
     STEP_SEND, DELAY_BACKOFF},
    {"operation failed, nobody knows how", CALL_PUT, STEP_ASK_OPERATION, true, false, HTTP_REPLIED,
     200, "{\"op\":\"op-1\",\"state\":\"failed\",\"problem\":{\"outcome\":\"unknown\"}}",
     VERDICT_UNKNOWN, 0, 0},
    {"the provider does not know", CALL_PUT, STEP_ASK_OPERATION, true, false, HTTP_REPLIED, 200,
     "{\"op\":\"op-1\",\"state\":\"unknown\"}", VERDICT_NEXT, STEP_ASK_OPERATION, DELAY_BACKOFF},
    {"deleted by a running delete", CALL_DELETE, STEP_ASK_INSTANCE, true, false, HTTP_REPLIED, 404,
     NULL, VERDICT_APPLIED, 0, 0},
    {"to delete and still there", CALL_DELETE, STEP_ASK_INSTANCE, true, false, HTTP_REPLIED, 200,
     "{\"uid\":\"u1\",\"state\":{}}", VERDICT_NEXT, STEP_SEND, DELAY_NONE},
    {"updated by this operation", CALL_PUT, STEP_ASK_INSTANCE, true, false, HTTP_REPLIED, 200,
     "{\"uid\":\"u1\",\"op\":\"op-1\",\"state\":{}}", VERDICT_APPLIED, 0, 0},
    {"cancelling answers nothing", CALL_PUT, STEP_CANCEL, true, false, HTTP_REPLIED, 404, NULL,
     VERDICT_NEXT, STEP_ASK_OPERATION, DELAY_NONE},
};

static void case_check(const Case *c)
{
    CallFacts facts = {.verb = c->verb,
                       .step = c->step,
                       .op = "op-1",
                       .uid = c->verb == CALL_ACTION ? NULL : "u1",
                       .creates = c->creates,
                       .in_doubt = c->in_doubt};
    HttpReply reply = {.failure = c->failure, .status = c->status, .retry_after_ms = -1};
    cleanup(json_free) Json *document = NULL;
    Verdict verdict;

    if (c->body)
        json_parse(c->body, strlen(c->body), &document, NULL);
    verdict_judge(&facts, &reply, document, &verdict);
    cr_assert_eq(verdict.kind, c->kind, "%s: kind %d", c->name, verdict.kind);
    if (c->kind != VERDICT_NEXT)
        return;
    cr_assert_eq(verdict.step, c->next, "%s: step %d", c->name, verdict.step);
    cr_assert_eq(verdict.delay, c->delay, "%s: delay %d", c->name, verdict.delay);
}

Test(verdict, follows_the_table)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        case_check(&cases[i]);
}

/* The rule of the protocol that no combination may break. */
Test(verdict, nothing_is_sent_after_a_lost_request_without_asking)
{
    static const HttpFailure failures[] = {HTTP_LOST, HTTP_TOO_LARGE};
    static const CallVerb verbs[] = {CALL_PUT, CALL_DELETE, CALL_ACTION};

    for (size_t f = 0; f < 2; f++) {
        for (size_t v = 0; v < 3; v++) {
            CallFacts facts = {
                .verb = verbs[v], .step = STEP_SEND, .op = "o", .uid = "u", .in_doubt = true};
            HttpReply reply = {.failure = failures[f], .retry_after_ms = -1};
            Verdict verdict;

            verdict_judge(&facts, &reply, NULL, &verdict);
            cr_assert_eq(verdict.kind, VERDICT_NEXT);
            cr_assert_eq(verdict.step, STEP_ASK_OPERATION);
        }
    }
}

Test(verdict, control_characters_and_bad_bytes_of_providers_are_replaced)
{
    static const struct {
        const char *given, *expected;
    } texts[] = {
        {"plain \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80",
         "plain \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80"},
        {"\x1b[31mred", "\xef\xbf\xbd[31mred"},
        {"a\xc2\x9b"
         "b",
         "a\xef\xbf\xbd"
         "b"},
        {"a\x7f", "a\xef\xbf\xbd"},
        {"\xff\xfe", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xed\xa0\x80", "\xef\xbf\xbd"},
        {"cut \xe2\x82", "cut \xef\xbf\xbd"},
    };
    char text[64];

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        text_make_harmless(texts[i].given, text, sizeof text);
        cr_assert_str_eq(text, texts[i].expected);
    }
    text_make_harmless("\xe2\x82\xac\xe2\x82\xac", text, 6);
    cr_assert_str_eq(text, "\xe2\x82\xac", "a character is not cut in two");
}
