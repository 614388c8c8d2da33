/* The client against a provider that misbehaves: the log of requests is the assertion. "#1" twice
 * in a log is the same bytes under the same key. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "lang/base/file.h"
#include "tests/lib/host/client_world.h"

#define DONE                                                                                       \
    {                                                                                              \
        .status = 201, .body = "{\"uid\":\"u1\",\"external_id\":\"x-1\",\"etag\":\"\\\"5\\\"\","   \
                               "\"state\":{\"port\":5432},\"private\":\"p\",\"ready\":true,"       \
                               "\"op\":\"op-1\",\"outcome\":\"applied\"}"                          \
    }
#define NOT_FOUND                                                                                  \
    {                                                                                              \
        .status = 404, .body = "{\"code\":\"NOT_FOUND\",\"outcome\":\"not_applied\"}"              \
    }
#define OPERATION(state)                                                                           \
    {                                                                                              \
        .status = 200, .body = "{\"op\":\"op-1\",\"state\":\"" state "\",\"poll_ms\":5}"           \
    }
#define SUCCEEDED                                                                                  \
    {                                                                                              \
        .status = 200, .body = "{\"op\":\"op-1\",\"state\":\"succeeded\",\"result\":{"             \
                               "\"uid\":\"u1\",\"state\":{\"port\":1},\"outcome\":\"applied\"}}"   \
    }

Test(provider_client, applies_and_hands_over_the_result)
{
    ClientWorld world;
    ProviderCall call = world_call(CALL_PUT);
    const ProviderAnswer *answer;

    world_up(&world);
    world_script(&world, DONE);
    answer = world_do(&world, &call);
    cr_assert_eq(answer->outcome, ANSWER_APPLIED);
    cr_assert_str_eq(answer->external_id, "x-1");
    cr_assert_str_eq(answer->etag, "\"5\"");
    cr_assert_eq(json_get_int(answer->state, "port", 0), 5432);
    cr_assert_str_eq(json_string(answer->private_data, ""), "p");
    cr_assert(answer->ready);
    cr_assert_eq(answer->sendings, 1);
    cr_assert_eq(answer->http_status, 201);
    world_expect_log(&world, "PUT /v1/instances/T/u1 #1\n");
    world_deinit(&world);
}

Test(provider_client, a_mutation_carries_key_digest_and_deadline)
{
    ClientWorld world;
    ProviderCall call = world_call(CALL_PUT);
    const char *sent;

    world_up(&world);
    world_script(&world, DONE);
    call.etag = "\"4\"";
    world_do(&world, &call);
    sent = faulty_server_last(world.server);
    cr_assert(strstr(sent, "Idempotency-Key: \"op-1\"\r\n"));
    cr_assert(
        strstr(sent, "Content-Digest: sha-256=:jz9vpanwZPXoLWkRG3hyO7Qb7Iv0QYbtsK4DyvCT3aA=:\r\n"),
        "%s", sent);
    cr_assert(strstr(sent, "Ved-Deadline-Ms: 2000\r\n"));
    cr_assert(strstr(sent, "Ved-Protocol: 1.0\r\n"));
    cr_assert(strstr(sent, "If-Match: \"4\"\r\n"));
    cr_assert(strstr(sent, "\r\n\r\n{\"op\":\"op-1\",\"desired\":{\"size\":3}}"));
    world_deinit(&world);
}

Test(provider_client, what_never_arrived_is_sent_again_at_once)
{
    ClientWorld world;
    ProviderCall call = world_call(CALL_PUT);

    world_up(&world);
    world_script(&world, {.kind = FAULT_DROP_UNREAD}, {.kind = FAULT_DROP_UNREAD}, DONE);
    cr_assert_eq(world_do(&world, &call)->outcome, ANSWER_APPLIED);
    world_expect_log(&world, "(dropped)\n"
                             "(dropped)\n"
                             "PUT /v1/instances/T/u1 #1\n");
    world_deinit(&world);
}

/* The request goes out on a connection that was used before: libcurl would repeat it by itself. */
Test(provider_client, a_lost_answer_is_asked_for_before_anything_is_sent_again)
{
    ClientWorld world;
    ProviderCall call = world_call(CALL_PUT);

    world_up(&world);
    world_script(&world, {.kind = FAULT_DROP_READ}, SUCCEEDED);
    cr_assert_eq(world_do(&world, &call)->outcome, ANSWER_APPLIED);
    cr_assert_eq(world.answer.sendings, 1);
    world_expect_log(&world, "PUT /v1/instances/T/u1 #1\n"
                             "GET /v1/operations/op-1\n");
    world_deinit(&world);
}

Test(provider_client, the_same_bytes_go_again_when_operation_and_object_are_unknown)
{
    ClientWorld world;
    ProviderCall call = world_call(CALL_PUT);

    world_up(&world);
    world_script(&world, {.kind = FAULT_DROP_READ}, NOT_FOUND, NOT_FOUND, DONE);
    cr_assert_eq(world_do(&world, &call)->outcome, ANSWER_APPLIED);
    cr_assert_eq(world.answer.sendings, 2);
    world_expect_log(&world, "PUT /v1/instances/T/u1 #1\n"
                             "GET /v1/operations/op-1\n"
                             "GET /v1/instances/T/u1\n"
                             "PUT /v1/instances/T/u1 #1\n");
    world_deinit(&world);
}

Test(provider_client, an_object_that_did_not_exist_before_is_taken_when_found)
{
    ClientWorld world;
    ProviderCall call = world_call(CALL_PUT);

    world_up(&world);
    call.creates = true;
    world_script(&world, {.kind = FAULT_DROP_READ}, NOT_FOUND,
                 {.status = 200, .body = "{\"uid\":\"u1\",\"state\":{\"port\":7}}"});
    cr_assert_eq(world_do(&world, &call)->outcome, ANSWER_APPLIED);
    cr_assert_eq(json_get_int(world.answer.state, "port", 0), 7);
    cr_assert_eq(world.answer.sendings, 1);
    world_deinit(&world);
}

Test(provider_client, an_update_is_sent_again_though_its_object_is_found)
{
    ClientWorld world;
    ProviderCall call = world_call(CALL_PUT);

    world_up(&world);
    world_script(&world, {.kind = FAULT_DROP_READ}, NOT_FOUND,
                 {.status = 200, .body = "{\"uid\":\"u1\",\"op\":\"op-0\",\"state\":{}}"}, DONE);
    cr_assert_eq(world_do(&world, &call)->outcome, ANSWER_APPLIED);
    cr_assert_eq(world.answer.sendings, 2);
    world_deinit(&world);
}

Test(provider_client, after_a_restart_the_outcome_is_asked_for_first)
{
    ClientWorld world;
    ProviderCall call = world_call(CALL_ACTION);

    world_up(&world);
    call.ask_first = true;
    world_script(&world, SUCCEEDED);
    cr_assert_eq(world_do(&world, &call)->outcome, ANSWER_APPLIED);
    cr_assert_eq(world.answer.sendings, 0);
    world_expect_log(&world, "GET /v1/operations/op-1\n");
    world_deinit(&world);
}

Test(provider_client, an_action_nobody_knows_after_a_restart_is_sent)
{
    ClientWorld world;
    ProviderCall call = world_call(CALL_ACTION);

    world_up(&world);
    call.ask_first = true;
    world_script(&world, NOT_FOUND, DONE);
    call.uid = NULL;
    cr_assert_eq(world_do(&world, &call)->outcome, ANSWER_APPLIED);
    world_expect_log(&world, "GET /v1/operations/op-1\n"
                             "POST /v1/actions/E #1\n");
    world_deinit(&world);
}

Test(provider_client, a_running_operation_is_polled_to_its_end)
{
    ClientWorld world;
    ProviderCall call = world_call(CALL_PUT);

    world_up(&world);
    world_script(&world, {.status = 202, .headers = "Retry-After: 5\r\n"}, OPERATION("running"),
                 OPERATION("running"), SUCCEEDED);
    cr_assert_eq(world_do(&world, &call)->outcome, ANSWER_APPLIED);
    world_expect_log(&world, "PUT /v1/instances/T/u1 #1\n"
                             "GET /v1/operations/op-1\n"
                             "GET /v1/operations/op-1\n"
                             "GET /v1/operations/op-1\n");
    world_deinit(&world);
}

Test(provider_client, a_server_error_without_outcome_is_unknown_and_asked_about)
{
    ClientWorld world;
    ProviderCall call = world_call(CALL_PUT);

    world_up(&world);
    world_script(&world, {.status = 500, .body = "oops"}, SUCCEEDED);
    cr_assert_eq(world_do(&world, &call)->outcome, ANSWER_APPLIED);
    world_expect_log(&world, "PUT /v1/instances/T/u1 #1\n"
                             "GET /v1/operations/op-1\n");
    world_deinit(&world);
}

Test(provider_client, a_server_error_that_changed_nothing_is_sent_again)
{
    ClientWorld world;
    ProviderCall call = world_call(CALL_PUT);

    world_up(&world);
    world_script(&world,
                 {.status = 503, .body = "{\"code\":\"UNAVAILABLE\",\"outcome\":\"not_applied\"}"},
                 DONE);
    cr_assert_eq(world_do(&world, &call)->outcome, ANSWER_APPLIED);
    world_expect_log(&world, "PUT /v1/instances/T/u1 #1\n"
                             "PUT /v1/instances/T/u1 #1\n");
    world_deinit(&world);
}

Test(provider_client, what_is_tried_again_says_why)
{
    ClientWorld world;
    ProviderCall call = world_call(CALL_PUT);

    world_up(&world);
    world_script(&world,
                 {.status = 503,
                  .body = "{\"code\":\"UNAVAILABLE\",\"outcome\":\"not_applied\","
                          "\"detail\":\"the disk is full\",\"retry_after_ms\":60000}"},
                 DONE);
    world_start(&world, &call);
    cr_expect_null(provider_call_trouble(world.pool, "op-1"));
    WORLD_UNTIL(&world, provider_call_trouble(world.pool, "op-1") != NULL);
    const char *trouble = provider_call_trouble(world.pool, "op-1");
    cr_assert_not_null(trouble);
    cr_expect(strstr(trouble, "the disk is full") != NULL, "%s", trouble);
    cr_expect_null(provider_call_trouble(world.pool, "op-2"));
    world_deinit(&world);
}

Test(provider_client, garbage_silence_stalls_and_floods_are_all_asked_about)
{
    static const FaultKind kinds[] = {FAULT_GARBAGE, FAULT_SILENT, FAULT_STALL, FAULT_HUGE,
                                      FAULT_HEADERS};
    ClientWorld world;
    ProviderCall call = world_call(CALL_PUT);

    world_up(&world);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        world_script(&world, {.kind = kinds[i]}, SUCCEEDED);
        cr_assert_eq(world_do(&world, &call)->outcome, ANSWER_APPLIED, "fault %zu", i);
        cr_assert_eq(world.answer.sendings, 1, "fault %zu", i);
        cr_assert_eq(json_get_int(world.answer.state, "port", 0), 1, "fault %zu", i);
    }
    world_deinit(&world);
}

Test(provider_client, success_without_json_is_not_believed)
{
    ClientWorld world;
    ProviderCall call = world_call(CALL_PUT);

    world_up(&world);
    world_script(&world, {.status = 200, .body = "<html>"}, SUCCEEDED);
    cr_assert_eq(world_do(&world, &call)->outcome, ANSWER_APPLIED);
    cr_assert_eq(json_get_int(world.answer.state, "port", 0), 1);
    world_deinit(&world);
}

Test(provider_client, deleting_what_is_not_there_has_succeeded)
{
    static const int statuses[] = {404, 410, 204};
    ClientWorld world;
    ProviderCall call = world_call(CALL_DELETE);

    world_up(&world);
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        world_script(&world, {.status = statuses[i]});
        cr_assert_eq(world_do(&world, &call)->outcome, ANSWER_APPLIED, "%d", statuses[i]);
    }
    world_deinit(&world);
}

Test(provider_client, refusals_are_final_and_of_their_kind)
{
    static const struct {
        int status;
        const char *code;
        int kind;
    } cases[] = {
        {400, "INVALID_REQUEST", ERROR_PROVIDER},  {401, "UNAUTHENTICATED", ERROR_AUTH},
        {403, "PERMISSION_DENIED", ERROR_AUTH},    {404, "NOT_FOUND", ERROR_PROVIDER},
        {409, "NOT_OWNED", ERROR_FAILED},          {409, "STALE_FENCE", ERROR_STALE},
        {412, "ETAG_MISMATCH", ERROR_FAILED},      {415, "UNSUPPORTED_MEDIA", ERROR_PROVIDER},
        {422, "VALIDATION_FAILED", ERROR_FAILED},  {422, "IDEMPOTENCY_KEY_REUSED", ERROR_STALE},
        {302, "INVALID_RESPONSE", ERROR_PROVIDER},
    };
    ClientWorld world;
    ProviderCall call = world_call(CALL_PUT);
    char body[128];

    world_up(&world);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(body, sizeof body, "{\"code\":\"%s\",\"detail\":\"a\\u001b[2Jb\"}", cases[i].code);
        world_script(&world, {.status = cases[i].status, .body = body});
        world_do(&world, &call);
        cr_assert_eq(world.answer.outcome, ANSWER_FAILED, "%s", cases[i].code);
        cr_assert_eq(world.answer.kind, cases[i].kind, "%s: %d", cases[i].code, world.answer.kind);
        cr_assert_str_eq(world.answer.code, cases[i].code);
        if (cases[i].status != 302)
            cr_assert_str_eq(world.answer.detail, "a\xef\xbf\xbd[2Jb");
    }
    world_deinit(&world);
}

Test(provider_client, a_precondition_that_fails_hands_over_the_object_that_is_there)
{
    ClientWorld world;
    ProviderCall call = world_call(CALL_PUT);

    world_up(&world);
    call.creates = true;
    world_script(&world, {.status = 412,
                          .body = "{\"code\":\"ETAG_MISMATCH\",\"current\":{\"uid\":\"u1\","
                                  "\"external_id\":\"x-9\",\"state\":{\"port\":9}}}"});
    cr_assert_eq(world_do(&world, &call)->outcome, ANSWER_APPLIED);
    cr_assert_str_eq(world.answer.external_id, "x-9");
    cr_assert(strstr(faulty_server_last(world.server), "If-None-Match: *\r\n"));
    world_deinit(&world);
}

Test(provider_client, throttling_waits_as_long_as_it_is_told_to)
{
    ClientWorld world;
    ProviderCall call = world_call(CALL_PUT);
    int64_t began_ms;

    world_up(&world);
    began_ms = loop_now_ms(world.loop);
    world_script(&world, {.status = 429, .headers = "Retry-After: 1\r\n"}, DONE);
    cr_assert_eq(world_do(&world, &call)->outcome, ANSWER_APPLIED);
    cr_assert_geq(loop_now_ms(world.loop) - began_ms, 990);
    world_deinit(&world);
}

Test(provider_client, an_answer_from_memory_is_marked)
{
    ClientWorld world;
    ProviderCall call = world_call(CALL_PUT);

    world_up(&world);
    world_script(&world, {.status = 200,
                          .headers = "Idempotency-Replayed: true\r\n",
                          .body = "{\"uid\":\"u1\",\"state\":{}}"});
    cr_assert(world_do(&world, &call)->replayed);
    cr_assert_eq(world.answer.sendings, 1);
    world_deinit(&world);
}

Test(provider_client, when_time_is_up_the_operation_is_cancelled_and_asked_about)
{
    ClientWorld world;
    ProviderCall call = world_call(CALL_PUT);

    world_up(&world);
    call.timeout_ms = 2500;
    world_script(&world, {.status = 202},
                 {.status = 200,
                  .body = "{\"op\":\"op-1\",\"state\":\"running\","
                          "\"poll_ms\":10000,\"external_id\":\"x-4\"}"},
                 {.status = 202}, OPERATION("cancelled"));
    world_do(&world, &call);
    cr_assert_eq(world.answer.outcome, ANSWER_CANCELLED);
    cr_assert_str_eq(world.answer.external_id, "x-4");
    world_expect_log(&world, "PUT /v1/instances/T/u1 #1\n"
                             "GET /v1/operations/op-1\n"
                             "POST /v1/operations/op-1:cancel\n"
                             "GET /v1/operations/op-1\n");
    world_deinit(&world);
}

Test(provider_client, an_outcome_nobody_can_tell_is_unknown)
{
    ClientWorld world;
    ProviderCall call = world_call(CALL_PUT);

    world_up(&world);
    call.timeout_ms = 1500;
    world_script(&world, {.kind = FAULT_SILENT});
    world_do(&world, &call);
    cr_assert_eq(world.answer.outcome, ANSWER_UNKNOWN);
    cr_assert_str_eq(world.answer.code, "OUTCOME_UNKNOWN");
    cr_assert(strstr(faulty_server_log(world.server), "PUT /v1/instances/T/u1 #1\n"
                                                      "POST /v1/operations/op-1:cancel\n"
                                                      "GET /v1/operations/op-1\n") != NULL);
    world_deinit(&world);
}

Test(provider_client, what_only_ever_was_refused_in_time_has_failed)
{
    ClientWorld world;
    ProviderCall call = world_call(CALL_PUT);

    /* The time ends while the next try is awaited, however slow this machine is just now. */
    world_up(&world);
    world_script(&world, (Fault){.status = 503,
                                 .body = "{\"outcome\":\"not_applied\",\"detail\":"
                                         "\"maintenance\",\"retry_after_ms\":60000}"});
    call.timeout_ms = 3000;
    world_do(&world, &call);
    cr_assert_eq(world.answer.outcome, ANSWER_FAILED);
    cr_assert_str_eq(world.answer.code, "DEADLINE_EXCEEDED");
    cr_assert(strstr(world.answer.detail, "maintenance"));
    cr_assert(!strstr(faulty_server_log(world.server), "cancel"));
    world_deinit(&world);
}

Test(provider_client, cancelling_what_was_not_sent_sends_nothing)
{
    ClientWorld world;
    ProviderCall call = world_call(CALL_PUT);

    world_up(&world);
    provider_call_cancel(world.pool, world_start(&world, &call));
    cr_assert_eq(world.answers, 0);
    world_wait(&world, 1);
    cr_assert_eq(world.answer.outcome, ANSWER_CANCELLED);
    world_expect_log(&world, "");
    world_deinit(&world);
}

Test(provider_client, abandoned_calls_are_answered_and_left_alone)
{
    ClientWorld world;
    ProviderCall call = world_call(CALL_PUT);

    world_up(&world);
    world_script(&world, {.kind = FAULT_SILENT});
    world_start(&world, &call);
    world_wait_for_request(&world);
    cr_assert_eq(provider_pool_pending(world.pool), 1);
    provider_calls_abandon(world.pool);
    world_wait(&world, 1);
    cr_assert_eq(world.answer.outcome, ANSWER_ABANDONED);
    cr_assert_eq(provider_pool_pending(world.pool), 0);
    world_expect_log(&world, "PUT /v1/instances/T/u1 #1\n");
    world_deinit(&world);
}

Test(provider_client, an_unbound_name_fails_the_call_from_the_loop)
{
    ClientWorld world;
    ProviderCall call = world_call(CALL_PUT);

    world_up(&world);
    call.provider = "Nobody";
    world_start(&world, &call);
    cr_assert_eq(world.answers, 0);
    world_wait(&world, 1);
    cr_assert_eq(world.answer.kind, ERROR_PROVIDER);
    world_deinit(&world);
}

Test(provider_client, no_more_requests_at_once_than_allowed)
{
    ClientWorld world;
    ProviderCall call = world_call(CALL_PUT);
    Fault faults[20];
    Error err = {0};

    world_init(&world);
    world_make_pool(&world);
    world_bind(&world, 3, 0);
    cr_assert_eq(provider_pool_start_and_wait(world.pool, &err), 0, "%s", err.message);
    for (size_t i = 0; i < 20; i++)
        faults[i] = (Fault)DONE;
    faulty_server_script(world.server, faults, 20);
    for (size_t i = 0; i < 20; i++)
        world_start(&world, &call);
    world_wait(&world, 20);
    cr_assert_leq(faulty_server_peak(world.server), 3);
    world_deinit(&world);
}

Test(provider_client, the_rate_limit_spreads_what_goes_beyond_its_burst)
{
    ClientWorld world;
    ProviderCall call = world_call(CALL_PUT);
    Fault faults[15];
    Error err = {0};
    int64_t began_ms;

    world_init(&world);
    world_make_pool(&world);
    world_bind(&world, 0, 10);
    cr_assert_eq(provider_pool_start_and_wait(world.pool, &err), 0, "%s", err.message);
    for (size_t i = 0; i < 15; i++)
        faults[i] = (Fault)DONE;
    faulty_server_script(world.server, faults, 15);
    began_ms = loop_now_ms(world.loop);
    for (size_t i = 0; i < 15; i++)
        world_start(&world, &call);
    world_wait(&world, 15);
    cr_assert_geq(loop_now_ms(world.loop) - began_ms, 400);
    world_deinit(&world);
}

Test(provider_client, the_circuit_stays_open_while_the_provider_is_not_ready)
{
    ClientWorld world;
    ProviderCall call = world_call(CALL_PUT);
    ProviderStatus status;

    world_up(&world);
    faulty_server_set_health(world.server, "{\"ready\":false,\"reason\":\"no disk\"}");
    world_script(&world, {.kind = FAULT_DROP_UNREAD}, {.kind = FAULT_DROP_UNREAD},
                 {.kind = FAULT_DROP_UNREAD}, {.kind = FAULT_DROP_UNREAD},
                 {.kind = FAULT_DROP_UNREAD}, DONE);
    world_start(&world, &call);
    WORLD_UNTIL(&world,
                provider_status(world.pool, "P", &status) && strcmp(status.reason, "no disk") == 0);
    cr_assert_eq(status.state, PROVIDER_CIRCUIT_OPEN);
    cr_assert_eq(world.answers, 0);
    faulty_server_set_health(world.server, "{\"ready\":true}");
    world_wait(&world, 1);
    cr_assert_eq(world.answer.outcome, ANSWER_APPLIED);
    world_deinit(&world);
}

Test(provider_client, the_circuit_opens_after_five_failures_and_closes_on_success)
{
    ClientWorld world;
    ProviderCall call = world_call(CALL_PUT);
    ProviderStatus status;
    int64_t began_ms;

    world_up(&world);
    began_ms = loop_now_ms(world.loop);
    world_script(&world, {.kind = FAULT_DROP_UNREAD}, {.kind = FAULT_DROP_UNREAD},
                 {.kind = FAULT_DROP_UNREAD}, {.kind = FAULT_DROP_UNREAD},
                 {.kind = FAULT_DROP_UNREAD}, DONE);
    world_start(&world, &call);
    WORLD_UNTIL(&world,
                provider_status(world.pool, "P", &status) && status.state == PROVIDER_CIRCUIT_OPEN);
    world_wait(&world, 1);
    cr_assert_eq(world.answer.outcome, ANSWER_APPLIED);
    cr_assert_geq(loop_now_ms(world.loop) - began_ms, 2000);
    cr_assert(provider_status(world.pool, "P", &status));
    cr_assert_eq(status.state, PROVIDER_UP);
    world_deinit(&world);
}
