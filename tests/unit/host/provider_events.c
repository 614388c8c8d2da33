/* The change feed, from the simulating provider as a real plugin process. */
#include "controller/host/provider_events.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "lang/base/memory.h"
#include "tests/lib/host/client_world.h"

#define UID "0123456789abcdef0123456789abcdef"

/* What was told, a word each: "lost changed:UID". */
typedef struct Heard {
    Buffer words;
    size_t count;
    ProviderEvents *stops; /* itself, with the next word; NULL: nobody */
} Heard;

static void on_told(void *context, const ProviderEvent *event)
{
    static const char *const names[] = {"changed", "gone", "lost", "silent"};
    Heard *heard = context;

    buffer_add_format(&heard->words, "%s%s%s%s", heard->count++ > 0 ? " " : "", names[event->kind],
                      event->uid ? ":" : "", event->uid ? event->uid : "");
    provider_events_stop(take(heard->stops));
}

static void sim_up(ClientWorld *world)
{
    ProviderBinding binding = {.name = "P", .plugin = "sim"};
    Error err = {0};

    world_init(world);
    world_make_pool(world);
    cr_assert_eq(provider_pool_add(world->pool, &binding, &err), 0, "%s", err.message);
    cr_assert_eq(provider_pool_start_and_wait(world->pool, &err), 0, "%s", err.message);
}

static void change(ClientWorld *world, CallVerb verb, const char *op)
{
    cleanup(free) char *body = memory_format(
        "{\"op\":\"%s\",\"owner\":{\"lineage\":\"l\"},\"effect\":\"Make\",\"desired\":{}}", op);
    ProviderCall call = {.provider = "P",
                         .verb = verb,
                         .type = "Make",
                         .uid = UID,
                         .effect = "Make",
                         .op = op,
                         .body = body,
                         .body_size = strlen(body),
                         .timeout_ms = 15000};

    world_do(world, &call);
    cr_assert_eq(world->answer.outcome, ANSWER_APPLIED, "%s: %s", world->answer.code,
                 world->answer.detail);
}

static void expect_heard(ClientWorld *world, Heard *heard, size_t count, const char *words)
{
    WORLD_UNTIL(world, heard->count >= count);
    cr_assert_str_eq(buffer_text(&heard->words), words);
}

Test(provider_events, tells_what_changes_until_it_is_stopped)
{
    ClientWorld world;
    Heard heard = {0};

    sim_up(&world);
    ProviderEvents *events = provider_events_listen(world.pool, "P", on_told, &heard);
    expect_heard(&world, &heard, 1, "lost");
    change(&world, CALL_PUT, "op-1");
    expect_heard(&world, &heard, 2, "lost changed:" UID);
    change(&world, CALL_DELETE, "op-2");
    expect_heard(&world, &heard, 3, "lost changed:" UID " gone:" UID);
    provider_events_stop(events);
    change(&world, CALL_PUT, "op-3");
    world_pass(&world, 100);
    cr_assert_eq(heard.count, 3);
    buffer_deinit(&heard.words);
    world_deinit(&world);
}

Test(provider_events, says_that_all_is_lost_when_the_plugin_was_started_anew)
{
    ClientWorld world;
    ProviderStatus status;
    Heard heard = {0};

    sim_up(&world);
    provider_events_listen(world.pool, "P", on_told, &heard);
    expect_heard(&world, &heard, 1, "lost");
    cr_assert(provider_status(world.pool, "P", &status));
    kill(status.pid, SIGKILL);
    expect_heard(&world, &heard, 2, "lost lost");
    change(&world, CALL_PUT, "op-1");
    expect_heard(&world, &heard, 3, "lost lost changed:" UID);
    buffer_deinit(&heard.words);
    world_deinit(&world); /* which stops it */
}

Test(provider_events, may_be_stopped_by_who_is_told)
{
    ClientWorld world;
    Heard heard = {0};

    sim_up(&world);
    heard.stops = provider_events_listen(world.pool, "P", on_told, &heard);
    expect_heard(&world, &heard, 1, "lost");
    world_pass(&world, 50);
    buffer_deinit(&heard.words);
    world_deinit(&world);
}

Test(provider_events, of_a_provider_without_a_feed_are_none)
{
    ClientWorld world;
    Heard heard = {0};

    world_up(&world);
    world_script(&world, {.status = 404, .body = "{\"code\":\"NOT_FOUND\"}"});
    ProviderEvents *events = provider_events_listen(world.pool, "P", on_told, &heard);
    expect_heard(&world, &heard, 1, "silent");
    world_pass(&world, 50);
    world_expect_log(&world, "GET /v1/events\n");
    provider_events_stop(events);
    buffer_deinit(&heard.words);
    world_deinit(&world);
}

Test(provider_events, are_asked_for_again_when_an_answer_is_lost)
{
    ClientWorld world;
    Heard heard = {0};

    world_up(&world);
    world_script(&world, {.status = 200, .body = "{\"items\":[],\"cursor\":\"a b\"}"},
                 {.status = 503, .body = "{}"}, {.status = 200, .body = "{\"items\":7}"},
                 {.status = 200,
                  .body = "{\"items\":[{\"change\":\"new\",\"type\":\"T\"}],\"cursor\":\"c\"}"},
                 {.status = 410, .body = "{}"}, {.status = 404, .body = "{}"});
    ProviderEvents *events = provider_events_listen(world.pool, "P", on_told, &heard);
    expect_heard(&world, &heard, 3, "lost changed silent");
    provider_events_stop(events);
    buffer_deinit(&heard.words);
    world_deinit(&world);
}

Test(provider_events, of_an_unknown_provider_cannot_be_listened_to)
{
    ClientWorld world;

    world_up(&world);
    cr_assert_null(provider_events_listen(world.pool, "Q", on_told, NULL));
    world_deinit(&world);
}
