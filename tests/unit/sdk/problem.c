#include "providers/sdk/problem.h"

#include <criterion/criterion.h>

Test(problem, has_all_members_of_the_protocol)
{
    ProviderProblem problem = {0};

    cr_assert_eq(provider_problem(&problem, "UNAVAILABLE", "not_applied", true, "try %d", 7), -1);
    cleanup(json_free) Json *json = problem_json(&problem);
    cr_assert_str_eq(json_get_string(json, "type", ""), "https://ved.dev/problems/unavailable");
    cr_assert_eq(json_get_int(json, "status", 0), 503);
    cr_assert_str_eq(json_get_string(json, "code", ""), "UNAVAILABLE");
    cr_assert_str_eq(json_get_string(json, "outcome", ""), "not_applied");
    cr_assert_str_eq(json_get_string(json, "detail", ""), "try 7");
    cr_assert(json_get_bool(json, "retryable", false));
    cr_assert_gt(json_get_int(json, "retry_after_ms", 0), 0);
    cr_assert_null(json_get(json, "errors"));
}

Test(problem, points_at_the_argument_at_fault)
{
    ProviderProblem problem = {.code = "VALIDATION_FAILED", .pointer = "/name", .detail = "bad"};
    cleanup(json_free) Json *json = problem_json(&problem);
    const Json *error = json_at(json_get(json, "errors"), 0);

    cr_assert_str_eq(json_get_string(error, "pointer", ""), "/name");
    cr_assert_str_eq(json_get_string(error, "code", ""), "VALIDATION_FAILED");
}

Test(problem, without_an_outcome_it_is_unknown)
{
    ProviderProblem problem = {.code = "INTERNAL"};
    cleanup(json_free) Json *json = problem_json(&problem);

    cr_assert_str_eq(json_get_string(json, "outcome", ""), "unknown");
}

Test(problem, a_code_nobody_knows_is_internal)
{
    ProviderProblem problem = {.code = "MADE_UP", .outcome = "not_applied"};
    cleanup(json_free) Json *json = problem_json(&problem);

    cr_assert_eq(problem_status("MADE_UP"), 500);
    cr_assert_eq(problem_status(NULL), 500);
    cr_assert_str_eq(json_get_string(json, "code", ""), "INTERNAL");
}

Test(problem, statuses_are_those_of_the_protocol)
{
    cr_assert_eq(problem_status("IDEMPOTENCY_KEY_REUSED"), 422);
    cr_assert_eq(problem_status("IDEMPOTENCY_KEY_MISSING"), 400);
    cr_assert_eq(problem_status("OPERATION_IN_PROGRESS"), 409);
    cr_assert_eq(problem_status("ETAG_MISMATCH"), 412);
    cr_assert_eq(problem_status("TOO_LARGE"), 413);
    cr_assert_eq(problem_status("THROTTLED"), 429);
}
