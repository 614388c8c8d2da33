/* Which providers come up, and what is done about those that do not. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "lang/base/file.h"
#include "lang/base/memory.h"
#include "tests/lib/host/client_world.h"

static int start_with(const char *handshake, const char *schema, Error *err)
{
    ClientWorld world;
    int r;

    world_init(&world);
    world_make_pool(&world);
    world_bind(&world, 0, 0);
    if (handshake)
        faulty_server_set_handshake(world.server, handshake);
    if (schema)
        faulty_server_set_schema(world.server, schema);
    r = provider_pool_start_and_wait(world.pool, err);
    world_deinit(&world);
    return r;
}

Test(provider_start, refuses_a_provider_of_another_major)
{
    Error err = {0};

    cr_assert_eq(start_with("{\"protocol\":{\"versions\":[\"2.0\"]},"
                            "\"idempotency\":{\"ttl_s\":2592000}}",
                            NULL, &err),
                 ERROR_PROVIDER);
    cr_assert(strstr(err.message, "no protocol version 1.x"), "%s", err.message);
}

Test(provider_start, refuses_a_provider_that_forgets_keys_within_a_week)
{
    Error err = {0};

    cr_assert_eq(start_with("{\"protocol\":{\"versions\":[\"1.0\"]},"
                            "\"idempotency\":{\"ttl_s\":604799}}",
                            NULL, &err),
                 ERROR_PROVIDER);
    cr_assert(strstr(err.message, "604799 s, expected at least 604800"), "%s", err.message);
}

Test(provider_start, refuses_a_schema_that_is_none)
{
    Error err = {0};

    cr_assert_eq(start_with(NULL, "{\"effects\":{\"E\":{\"kind\":\"magic\"}}}", &err),
                 ERROR_PROVIDER);
    cr_assert(strstr(err.message, "effect 'E': kind is 'magic'"), "%s", err.message);
}

Test(provider_start, a_plugin_that_keeps_dying_takes_its_provider_down)
{
    ClientWorld world;
    ProviderStatus status;
    ProviderCall call = world_call(CALL_PUT);
    char path[128];
    ProviderBinding binding = {.name = "P", .plugin = path};
    Error err = {0};

    world_init(&world);
    world_make_pool(&world);
    snprintf(path, sizeof path, "%s/plugin", world.folder);
    cr_assert_eq(file_replace(path, "#!/bin/sh\nexit 7\n", 17, 0700, &err), 0, "%s", err.message);
    cr_assert_eq(provider_pool_add(world.pool, &binding, &err), 0, "%s", err.message);
    cr_assert_eq(provider_pool_start_and_wait(world.pool, &err), ERROR_PROVIDER);
    cr_assert(strstr(err.message, "provider 'P': plugin '"), "%s", err.message);
    cr_assert(strstr(err.message, "ended with code 7, 5 times within 60 s"), "%s", err.message);
    cr_assert(provider_status(world.pool, "P", &status));
    cr_assert_eq(status.state, PROVIDER_DOWN);
    world_do(&world, &call);
    cr_assert_eq(world.answer.outcome, ANSWER_FAILED);
    cr_assert_eq(world.answer.kind, ERROR_PROVIDER);
    call.ask_first = true;
    world_do(&world, &call);
    cr_assert_eq(world.answer.outcome, ANSWER_UNKNOWN, "it may have been sent by an earlier run");
    world_deinit(&world);
}

/* 16 slots, halved by the refusal of the first; the rest is never answered and shows how many are
 * left. One comes back with each round of successes, of which there are none here. */
Test(provider_start, a_throttled_provider_gets_half_as_much_at_once)
{
    ClientWorld world;
    ProviderCall call = world_call(CALL_PUT);
    Fault faults[33] = {{.status = 429, .headers = "Retry-After: 9\r\n"}};
    ProviderStatus status;

    world_up(&world);
    for (size_t i = 1; i < 33; i++)
        faults[i].kind = FAULT_SILENT;
    faulty_server_script(world.server, faults, 33);
    world_start(&world, &call);
    WORLD_UNTIL(&world, provider_call_trouble(world.pool, call.op) != NULL);
    for (size_t i = 0; i < 32; i++)
        world_start(&world, &call);
    WORLD_UNTIL(&world, provider_status(world.pool, "P", &status) && status.running >= 8);
    world_pass(&world, 60);
    cr_assert(provider_status(world.pool, "P", &status));
    cr_assert_eq(status.running, 8);
    world_deinit(&world);
}

Test(provider_start, plain_http_is_refused)
{
    ClientWorld world;
    ProviderBinding binding = {.name = "Q", .plugin = "http://127.0.0.1:1"};
    Error err = {0};

    world_init(&world);
    world_make_pool(&world);
    cr_assert_eq(provider_pool_add(world.pool, &binding, &err), ERROR_USAGE);
    world_deinit(&world);
}
