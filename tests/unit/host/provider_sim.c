/* The client with the simulating provider as a real plugin process. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "lang/base/file.h"
#include "lang/base/memory.h"
#include "tests/lib/host/client_world.h"

#define BODY(op)                                                                                   \
    "{\"op\":\"" op "\",\"owner\":{\"lineage\":\"l\",\"stack\":\"s\",\"domain\":\"D\","            \
    "\"address\":\"D.E\"},\"generation\":1,\"schema_version\":1,\"effect\":\"Make\","              \
    "\"desired\":{\"size\":3},\"prior\":null,\"private\":null,\"secrets\":{},\"adopt\":null,"      \
    "\"timeout_s\":60}"
#define UID "0123456789abcdef0123456789abcdef"

static void sim_up(ClientWorld *world, const char *config)
{
    cleanup(json_free) Json *json = NULL;
    ProviderBinding binding = {.name = "P", .plugin = "sim"};
    Error err = {0};

    world_init(world);
    world_make_pool(world);
    if (config)
        cr_assert_eq(json_parse(config, strlen(config), &json, NULL), 0);
    binding.config = json;
    cr_assert_eq(provider_pool_add(world->pool, &binding, &err), 0, "%s", err.message);
    cr_assert_eq(provider_pool_start_and_wait(world->pool, &err), 0, "%s", err.message);
}

static ProviderCall sim_call(CallVerb verb, const char *op, const char *body)
{
    return (ProviderCall){.provider = "P",
                          .verb = verb,
                          .type = "Make",
                          .uid = UID,
                          .effect = "Make",
                          .op = op,
                          .body = body,
                          .body_size = strlen(body),
                          .timeout_ms = 15000};
}

/* How often the provider was really called. */
static size_t sim_calls(const ClientWorld *world)
{
    cleanup(free) char *path = memory_format("%s/data/sim/calls.ndjson", world->folder);
    cleanup(buffer_deinit) Buffer text = {0};
    size_t lines = 0;

    cr_assert_eq(file_read(path, 1 << 20, &text, NULL), 0);
    for (const char *c = buffer_text(&text); *c; c++)
        lines += *c == '\n';
    return lines;
}

Test(provider_sim, makes_and_deletes_an_object)
{
    ClientWorld world;
    ProviderCall put = sim_call(CALL_PUT, "00000000000000000000000000000001",
                                BODY("00000000000000000000000000000001"));
    ProviderCall delete = sim_call(CALL_DELETE, "00000000000000000000000000000002",
                                   "{\"op\":\"00000000000000000000000000000002\",\"owner\":"
                                   "{\"lineage\":\"l\",\"stack\":\"s\",\"domain\":\"D\","
                                   "\"address\":\"D.E\"},\"timeout_s\":60}");

    sim_up(&world, NULL);
    world_do(&world, &put);
    cr_assert_eq(world.answer.outcome, ANSWER_APPLIED, "%s: %s", world.answer.code,
                 world.answer.detail);
    cr_assert_not(world.answer.replayed);
    world_do(&world, &delete);
    cr_assert_eq(world.answer.outcome, ANSWER_APPLIED, "%s: %s", world.answer.code,
                 world.answer.detail);
    provider_pool_stop(world.pool);
    cr_assert_eq(sim_calls(&world), 2);
    world_deinit(&world);
}

Test(provider_sim, a_plugin_killed_in_the_middle_is_asked_and_does_it_once)
{
    ClientWorld world;
    ProviderStatus status;
    ProviderCall put = sim_call(CALL_PUT, "00000000000000000000000000000001",
                                BODY("00000000000000000000000000000001"));

    sim_up(&world, "{\"delay_ms\":400}");
    world_start(&world, &put);
    world_pass(&world, 150);
    cr_assert(provider_status(world.pool, "P", &status));
    cr_assert_gt(status.pid, 0);
    kill(status.pid, SIGKILL);
    world_wait(&world, 1);
    cr_assert_eq(world.answer.outcome, ANSWER_APPLIED, "%s: %s", world.answer.code,
                 world.answer.detail);
    world_deinit(&world);
}

Test(provider_sim, the_next_run_finds_the_outcome_by_asking)
{
    ClientWorld world;
    ProviderBinding binding = {.name = "P", .plugin = "sim"};
    ProviderCall put = sim_call(CALL_PUT, "00000000000000000000000000000001",
                                BODY("00000000000000000000000000000001"));
    Error err = {0};

    sim_up(&world, NULL);
    world_do(&world, &put);
    provider_pool_stop(world.pool);
    provider_pool_free(world.pool);
    world_make_pool(&world);
    cr_assert_eq(provider_pool_add(world.pool, &binding, &err), 0, "%s", err.message);
    cr_assert_eq(provider_pool_start_and_wait(world.pool, &err), 0, "%s", err.message);
    put.ask_first = true;
    world_do(&world, &put);
    cr_assert_eq(world.answer.outcome, ANSWER_APPLIED, "%s: %s", world.answer.code,
                 world.answer.detail);
    cr_assert_eq(world.answer.sendings, 0);
    cr_assert_eq(sim_calls(&world), 1);
    world_deinit(&world);
}

Test(provider_sim, failures_on_demand_are_final)
{
    ClientWorld world;
    ProviderCall put = sim_call(CALL_PUT, "00000000000000000000000000000001",
                                BODY("00000000000000000000000000000001"));

    sim_up(&world, "{\"fail_always\":[\"Make\"]}");
    world_do(&world, &put);
    cr_assert_eq(world.answer.outcome, ANSWER_FAILED, "%s: %s", world.answer.code,
                 world.answer.detail);
    cr_assert_eq(world.answer.kind, ERROR_FAILED);
    world_deinit(&world);
}

Test(provider_sim, two_names_of_one_plugin_share_its_process)
{
    ClientWorld world;
    ProviderBinding bindings[] = {{.name = "A", .plugin = "sim"}, {.name = "B", .plugin = "sim"}};
    ProviderStatus a, b;
    Error err = {0};

    world_init(&world);
    world_make_pool(&world);
    cr_assert_eq(provider_pool_add(world.pool, &bindings[0], &err), 0, "%s", err.message);
    cr_assert_eq(provider_pool_add(world.pool, &bindings[1], &err), 0, "%s", err.message);
    cr_assert_eq(provider_pool_start_and_wait(world.pool, &err), 0, "%s", err.message);
    cr_assert(provider_status(world.pool, "A", &a) && provider_status(world.pool, "B", &b));
    cr_assert_gt(a.pid, 0);
    cr_assert_eq(a.pid, b.pid);
    provider_pool_stop(world.pool);
    cr_assert_eq(kill(a.pid, 0), -1, "its process must have ended");
    world_deinit(&world);
}
