#include "controller/host/secrets.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "lang/base/memory.h"

static Json *json_of(const char *text)
{
    Json *json = NULL;

    cr_assert_eq(json_parse(text, strlen(text), &json, NULL), 0);
    return json;
}

static void expect(Json *found, const char *expected)
{
    cleanup(free) char *text = json_text(found);

    cr_assert_str_eq(text, expected);
    json_free(found);
}

Test(secrets, what_a_provider_lists_of_its_reply_is_secret)
{
    cleanup(json_free) Json *reply =
        json_of("{\"state\":{\"a\":\"x\",\"b/~\":{\"c\":[1,\"y\"]},\"d\":{\"e\":7}},"
                "\"sensitive\":[\"/a\",\"/b~1~0/c/1\",\"/d/e\",\"/nowhere\"]}");
    Json *marked = secrets_mark_reply(reply);

    expect(json_detach(marked, "state"),
           "{\"a\":{\"$secret\":\"x\"},\"b/~\":{\"c\":[1,{\"$secret\":\"y\"}]},"
           "\"d\":{\"e\":{\"$secret\":\"7\"}}}");
    json_free(marked);
}

Test(secrets, what_the_provider_has_concealed_stays)
{
    cleanup(json_free) Json *reply =
        json_of("{\"state\":{\"a\":\"(sensitive)\"},\"sensitive\":[\"/a\"]}");

    expect(secrets_mark_reply(reply), "{\"state\":{\"a\":\"(sensitive)\"},\"sensitive\":[\"/a\"]}");
}

Test(secrets, neither_a_secret_nor_a_sealed_one_is_shown)
{
    cleanup(json_free) Json *value =
        json_of("[{\"$secret\":\"canary\"},{\"a\":{\"$sealed\":\"1:canary\"}},\"b\"]");

    expect(secrets_redact(value), "[\"(sensitive)\",{\"a\":\"(sensitive)\"},\"b\"]");
}
