#include "tests/lib/host/client_world.h"

#include <criterion/criterion.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "controller/host/tls_files.h"
#include "lang/base/file.h"
#include "lang/base/memory.h"

static char *program_folder(void)
{
    char path[PATH_MAX] = {0};

    cr_assert(readlink("/proc/self/exe", path, sizeof path - 1) > 0);
    return memory_copy_string(dirname(path));
}

void world_init(ClientWorld *world)
{
    cleanup(free) char *tls = NULL;
    cleanup(free) char *plugin = NULL;
    Error err = {0};

    *world = (ClientWorld){.folder = "/tmp/ved-client-XXXXXX"};
    cr_assert(mkdtemp(world->folder));
    world->plugin_dir = program_folder();
    cr_assert_eq(loop_new(&world->loop, &err), 0, "%s", err.message);
    tls = memory_format("%s/tls", world->folder);
    plugin = memory_format("%s/plugin", tls);
    cr_assert_eq(tls_files_make(tls, "test", &err), 0, "%s", err.message);
    world->server = faulty_server_new(world->loop, plugin);
}

static void world_forget_answer(ClientWorld *world)
{
    free(world->answer.external_id);
    free(world->answer.etag);
    free(world->answer.code);
    free(world->answer.detail);
    json_free(world->answer.private_data);
    json_free(world->answer.state);
    json_free(world->answer.sensitive);
    world->answer = (ProviderAnswer){0};
}

void world_deinit(ClientWorld *world)
{
    world_forget_answer(world);
    provider_pool_free(world->pool);
    faulty_server_free(world->server);
    loop_free(world->loop);
    folder_remove(world->folder, NULL);
    free(world->plugin_dir);
}

void world_make_pool(ClientWorld *world)
{
    cleanup(free) char *run = memory_format("%s/run", world->folder);
    cleanup(free) char *data = memory_format("%s/data", world->folder);
    ProviderPoolOptions options = {
        .run_dir = run,
        .plugin_dir = world->plugin_dir,
        .data_dir = data,
        .provider_timeout_ms = 15000,
        .seed = 1,
        .timing = {.deadline_ms = 2000,
                   .header_ms = 2000,
                   .idle_ms = 1000,
                   .poll_wait_s = 1,
                   .backoff_ms = 4,
                   .backoff_max_ms = 40,
                   .circuit_ms = 2000,
                   .cancel_ms = 1000,
                   .first_line_ms = 10000,
                   .restart_ms = 10},
    };
    Error err = {0};

    cr_assert_eq(provider_pool_new(world->loop, &options, &world->pool, &err), 0, "%s",
                 err.message);
}

void world_bind(ClientWorld *world, int concurrency, double rate_per_s)
{
    cleanup(free) char *ca = memory_format("%s/tls/client/ca.crt", world->folder);
    cleanup(free) char *cert = memory_format("%s/tls/client/tls.crt", world->folder);
    cleanup(free) char *key = memory_format("%s/tls/client/tls.key", world->folder);
    ProviderBinding binding = {.name = "P",
                               .plugin = faulty_server_url(world->server),
                               .tls_ca = ca,
                               .tls_cert = cert,
                               .tls_key = key,
                               .concurrency = concurrency,
                               .rate_per_s = rate_per_s};
    Error err = {0};

    cr_assert_eq(provider_pool_add(world->pool, &binding, &err), 0, "%s", err.message);
}

void world_up(ClientWorld *world)
{
    Error err = {0};

    world_init(world);
    world_make_pool(world);
    world_bind(world, 0, 0);
    cr_assert_eq(provider_pool_start_and_wait(world->pool, &err), 0, "%s", err.message);
}

ProviderCall world_call(CallVerb verb)
{
    static const char body[] = "{\"op\":\"op-1\",\"desired\":{\"size\":3}}";

    return (ProviderCall){.provider = "P",
                          .verb = verb,
                          .type = "T",
                          .uid = "u1",
                          .effect = "E",
                          .op = "op-1",
                          .body = body,
                          .body_size = sizeof body - 1,
                          .timeout_ms = 60000};
}

static void on_answer(void *context, ProviderAnswer *answer)
{
    ClientWorld *world = context;

    world_forget_answer(world);
    world->answer = *answer;
    /* Taken over: what is left behind must not be freed. */
    answer->external_id = answer->etag = answer->code = answer->detail = NULL;
    answer->private_data = answer->state = answer->sensitive = NULL;
    world->answers++;
}

uint64_t world_start(ClientWorld *world, const ProviderCall *call)
{
    return provider_call_start(world->pool, call, on_answer, world);
}

static void on_time(void *context)
{
    *(bool *)context = true;
}

void world_wait(ClientWorld *world, size_t count)
{
    bool late = false;
    LoopTimer *timer = loop_timer_new(world->loop, on_time, &late);

    loop_timer_set(timer, GUARD_MS);
    while (world->answers < count && !late)
        loop_run_once(world->loop);
    loop_timer_free(timer);
    cr_assert(world->answers >= count, "%zu answers after %d ms, expected %zu; requests:\n%s",
              world->answers, GUARD_MS, count, faulty_server_log(world->server));
}

const ProviderAnswer *world_do(ClientWorld *world, const ProviderCall *call)
{
    world_start(world, call);
    world_wait(world, world->answers + 1);
    return &world->answer;
}

void world_pass(ClientWorld *world, int64_t ms)
{
    bool late = false;
    LoopTimer *timer = loop_timer_new(world->loop, on_time, &late);

    loop_timer_set(timer, ms);
    while (!late)
        loop_run_once(world->loop);
    loop_timer_free(timer);
}

void world_wait_for_request(ClientWorld *world)
{
    for (int i = 0; i < GUARD_MS / 10 && !faulty_server_log(world->server)[0]; i++)
        world_pass(world, 10);
    cr_assert(faulty_server_log(world->server)[0], "no request arrived");
}

void world_expect_log(const ClientWorld *world, const char *expected)
{
    cr_assert_str_eq(faulty_server_log(world->server), expected);
}
