#include "providers/sdk/operation.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

#include "lang/base/memory.h"

static Operation *new_operation(void)
{
    Operation *operation = operation_new("op1", OPERATION_RUN);

    operation->type = memory_copy_string("Ping");
    return operation;
}

static Json *shown(const Operation *operation)
{
    cleanup(buffer_deinit) Buffer text = {0};
    Json *json = NULL;

    operation_put(&text, operation);
    cr_assert_eq(json_parse(text.bytes, text.size, &json, NULL), 0, "%s", text.bytes);
    return json;
}

Test(operation, an_end_that_is_not_durable_is_not_shown)
{
    cleanup(operation_free) Operation *operation = new_operation();

    operation->open = true;
    operation_move(operation, OPERATION_RUNNING);
    operation_move(operation, OPERATION_SUCCEEDED);
    operation->reply = memory_copy_string("{}");
    cleanup(json_free) Json *before = shown(operation);
    cr_assert_str_eq(json_get_string(before, "state", ""), "running");
    cr_assert_null(json_get(before, "result"));
    operation->open = false;
    cleanup(json_free) Json *after = shown(operation);
    cr_assert_str_eq(json_get_string(after, "state", ""), "succeeded");
    cr_assert_not_null(json_get(after, "result"));
}

Test(operation, progress_is_shown)
{
    cleanup(operation_free) Operation *operation = new_operation();

    operation_progress(operation, "creating", "disk");
    operation_external_id(operation, "i-1");
    cleanup(json_free) Json *json = shown(operation);
    cr_assert_str_eq(json_get_string(json, "state", ""), "pending");
    cr_assert_str_eq(json_get_string(json, "phase", ""), "creating");
    cr_assert_str_eq(json_get_string(json, "message", ""), "disk");
    cr_assert_str_eq(json_get_string(json, "external_id", ""), "i-1");
}

Test(operation, only_a_retryable_failure_may_be_repeated)
{
    cleanup(operation_free) Operation *operation = new_operation();

    operation_move(operation, OPERATION_RUNNING);
    operation_move(operation, OPERATION_FAILED);
    operation->problem = memory_copy_string("{}");
    cr_assert_not(operation_may_be_repeated(operation));
    free(operation->problem);
    operation->problem = memory_copy_string("{\"retryable\":true}");
    cr_assert(operation_may_be_repeated(operation));
}

Test(operation, a_success_is_final, .signal = SIGABRT)
{
    cleanup(operation_free) Operation *operation = new_operation();

    operation_move(operation, OPERATION_RUNNING);
    operation_move(operation, OPERATION_SUCCEEDED);
    operation_move(operation, OPERATION_PENDING);
}

Test(operation, kinds_are_read_as_they_are_written)
{
    OperationKind kind;

    cr_assert(operation_kind_parse(operation_kind_name(OPERATION_REMOVE), &kind));
    cr_assert_eq(kind, OPERATION_REMOVE);
    cr_assert_not(operation_kind_parse("nothing", &kind));
}

Test(operation, times_are_rfc_3339)
{
    char text[32];

    clock_text(1700000000123, text);
    cr_assert_str_eq(text, "2023-11-14T22:13:20.123Z");
}
