#include "providers/sdk/upgrade.h"

#include <criterion/criterion.h>
#include <string.h>

#include "lang/base/memory.h"
#include "providers/sdk/members.h"

/* Version 2 calls `name` what 1 called `title`; version 3 counts what was a text. */
static int upgrade(Provider *provider, const char *type, int64_t from, Json *state,
                   ProviderProblem *problem)
{
    (void)provider, (void)type;
    if (from == 1)
        json_set(state, "name", json_detach(state, "title"));
    if (from != 2)
        return 0;
    if (!json_is_string(json_get(state, "size")))
        return provider_problem(problem, "VALIDATION_FAILED", "not_applied", false, "no size");
    int64_t size = json_int(json_get(state, "size"), 0);
    json_set_int(state, "size", size);
    return 0;
}

static Provider provider = {
    .name = "test",
    .schema = "{\"effects\":{\"Make\":{\"type\":\"thing\"}},\"types\":{\"thing\":"
              "{\"schema_version\":3}}}",
    .upgrade = upgrade,
};

static Schema *open_schema(void)
{
    Schema *schema = NULL;

    cr_assert_eq(schema_new(provider.schema, &schema, NULL), 0);
    return schema;
}

/* The answer as text; or the code of the problem. The caller frees it. */
static char *ask(const char *question)
{
    cleanup(schema_free) Schema *schema = open_schema();
    cleanup(json_free) Json *json = text_json(question), *reply = NULL;
    EngineOptions options = {.provider = &provider, .schema = schema};
    ProviderProblem problem = {0};

    cr_assert_not_null(json);
    if (upgrade_answer(&options, json, &reply, &problem) < 0)
        return memory_copy_string(problem.code);
    return json_text(reply);
}

static void expect(const char *question, const char *answer)
{
    cleanup(free) char *got = ask(question);

    cr_assert_str_eq(got, answer);
}

Test(upgrade, goes_step_by_step_to_the_present)
{
    expect("{\"type\":\"thing\",\"schema_version\":1,\"state\":{\"title\":\"a\",\"size\":\"7\"}}",
           "{\"type\":\"thing\",\"schema_version\":3,\"state\":{\"size\":7,\"name\":\"a\"}}");
    expect("{\"type\":\"thing\",\"schema_version\":2,\"state\":{\"name\":\"a\",\"size\":\"7\"}}",
           "{\"type\":\"thing\",\"schema_version\":3,\"state\":{\"name\":\"a\",\"size\":7}}");
}

Test(upgrade, of_the_present_is_the_same)
{
    const char *present = "{\"type\":\"thing\",\"schema_version\":3,\"state\":{\"size\":7}}";

    expect(present, present);
}

Test(upgrade, refuses_what_is_later_than_it_knows)
{
    expect("{\"type\":\"thing\",\"schema_version\":4,\"state\":{}}", "STATE_FROM_FUTURE");
}

Test(upgrade, refuses_what_is_no_state)
{
    expect("{\"type\":\"thing\",\"schema_version\":2,\"state\":{}}", "VALIDATION_FAILED");
    expect("{\"type\":\"other\",\"schema_version\":1,\"state\":{}}", "VALIDATION_FAILED");
    expect("{\"type\":\"thing\",\"state\":{}}", "INVALID_REQUEST");
    expect("{\"type\":\"thing\",\"schema_version\":0,\"state\":{}}", "INVALID_REQUEST");
    expect("{\"type\":\"thing\",\"schema_version\":1,\"state\":7}", "INVALID_REQUEST");
}
