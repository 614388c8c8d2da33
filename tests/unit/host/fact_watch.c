/* Facts asked of a provider that misbehaves. */
#include "controller/host/fact_watch.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "lang/base/memory.h"
#include "tests/lib/host/client_world.h"

typedef struct Watched {
    ClientWorld client;
    Stack stack; /* as much of one as facts need */
    FactWatch *watch;
    Event event; /* the last taken */
} Watched;

static void on_wake(void *context)
{
    (void)context;
}

static void watch_up(Watched *watched, int64_t resync_ms)
{
    *watched = (Watched){.event = {0}};
    world_init(&watched->client);
    world_make_pool(&watched->client);
    world_bind(&watched->client, 0, 0);
    faulty_server_set_schema(
        watched->client.server,
        "{\"effects\":{},\"queries\":{\"status\":{\"positional\":[\"name\"]}}}");
    Error err = {0};
    cr_assert_eq(provider_pool_start_and_wait(watched->client.pool, &err), 0, "%s", err.message);
    watched->stack =
        (Stack){.loop = watched->client.loop, .pool = watched->client.pool, .config = config_new()};
    config_bind(watched->stack.config, "P", "faulty");
    config_provider(watched->stack.config, "P")->resync_ms = resync_ms;
    watched->watch = fact_watch_new(&watched->stack, on_wake, NULL);
}

static void watch_down(Watched *watched)
{
    fact_watch_free(watched->watch);
    config_free(watched->stack.config);
    world_deinit(&watched->client);
}

static void ask(Watched *watched, const char *provider)
{
    const FactQuery query = {"P.status(\"db\")", provider, "status",
                             "{\"0\":\"db\",\"zone\":\"a\"}"};

    fact_watch_ask(watched->watch, &query, 1);
}

static const Event *taken(Watched *watched)
{
    while (!fact_watch_next(watched->watch, &watched->event))
        loop_run_once(watched->client.loop);
    return &watched->event;
}

static void expect_unknown(Watched *watched, const char *reason)
{
    const Event *event = taken(watched);

    cr_expect_eq(event->type, EVENT_FACT);
    cr_expect_str_eq(event->fact, "P.status(\"db\")");
    cr_expect_not(event->applied);
    cr_expect(strstr(event->detail, reason) != NULL, "'%s' does not say '%s'", event->detail,
              reason);
}

Test(fact_watch, asks_by_the_names_of_the_schema_and_hands_the_value_over)
{
    Watched watched;

    watch_up(&watched, 30000);
    world_script(&watched.client, {.status = 200, .body = "{\"items\":[{\"value\":[1,\"up\"]}]}"});
    ask(&watched, "P");
    cr_expect_eq(fact_watch_open(watched.watch), 1);
    const Event *event = taken(&watched);
    cr_expect(event->applied);
    cr_expect_str_eq(event->result, "[1,\"up\"]");
    cr_expect_eq(fact_watch_open(watched.watch), 0);
    world_expect_log(&watched.client, "POST /v1/query #1\n");
    cr_expect(
        strstr(faulty_server_last(watched.client.server),
               "{\"items\":[{\"query\":\"status\",\"args\":{\"name\":\"db\",\"zone\":\"a\"}}]}") !=
        NULL);
    watch_down(&watched);
}

Test(fact_watch, what_the_provider_cannot_say_is_unknown_with_its_reason)
{
    Watched watched;

    watch_up(&watched, 30000);
    world_script(&watched.client,
                 {.status = 200, .body = "{\"items\":[{\"unknown\":\"no \\u0007 net\"}]}"},
                 {.status = 400, .body = "{\"title\":\"Bad\",\"detail\":\"what?\"}"},
                 {.status = 200, .body = "{\"items\":[]}"});
    ask(&watched, "P");
    expect_unknown(&watched, "no ");
    cr_expect_null(strchr(watched.event.detail, '\a'), "a control character passes");
    ask(&watched, "P");
    expect_unknown(&watched, "status 400: what?");
    ask(&watched, "P");
    expect_unknown(&watched, "no answer for it");
    watch_down(&watched);
}

Test(fact_watch, what_passes_is_asked_again)
{
    Watched watched;

    watch_up(&watched, 30000);
    world_script(&watched.client, {.kind = FAULT_DROP_READ}, {.kind = FAULT_GARBAGE},
                 {.status = 503}, {.status = 200, .body = "{\"items\":[{\"value\":false}]}"});
    ask(&watched, "P");
    cr_expect_str_eq(taken(&watched)->result, "false");
    watch_down(&watched);
}

Test(fact_watch, a_flood_is_no_value)
{
    Watched watched;
    char *body = memory_alloc(FACT_VALUE_MAX + 100);

    watch_up(&watched, 30000);
    int length = sprintf(body, "{\"items\":[{\"value\":\"");
    memset(body + length, 'x', FACT_VALUE_MAX);
    strcpy(body + length + FACT_VALUE_MAX, "\"}]}");
    world_script(&watched.client, {.kind = FAULT_HUGE}, {.status = 200, .body = body});
    ask(&watched, "P");
    taken(&watched);
    cr_expect_not(watched.event.applied);
    ask(&watched, "P");
    expect_unknown(&watched, "its value has 262146 bytes, at most 262144 are taken");
    watch_down(&watched);
    free(body);
}

Test(fact_watch, a_name_that_nobody_bound_is_answered)
{
    Watched watched;

    watch_up(&watched, 30000);
    ask(&watched, "Q");
    expect_unknown(&watched, "no provider Q is bound");
    watch_down(&watched);
}

Test(fact_watch, what_is_abandoned_is_answered_at_once)
{
    Watched watched;

    watch_up(&watched, 30000);
    world_script(&watched.client, {.kind = FAULT_SILENT});
    ask(&watched, "P");
    world_wait_for_request(&watched.client);
    fact_watch_abandon(watched.watch);
    expect_unknown(&watched, "this process stops");
    watch_down(&watched);
}

Test(fact_watch, who_stops_watching_is_not_called)
{
    Watched watched;

    watch_up(&watched, 30000);
    world_script(&watched.client, {.status = 200, .body = "{\"items\":[{\"value\":1}]}"});
    ask(&watched, "P");
    fact_watch_free(take(watched.watch));
    world_pass(&watched.client, 100);
    watch_down(&watched);
}

Test(fact_watch, facts_are_due_again_and_again_while_it_is_wanted)
{
    Watched watched;

    watch_up(&watched, 30);
    world_script(&watched.client, {.status = 200, .body = "{\"items\":[{\"value\":1}]}"});
    ask(&watched, "P");
    taken(&watched);
    fact_watch_poll(watched.watch, true);
    for (int i = 0; i < 3; i++) {
        cr_expect_eq(taken(&watched)->type, EVENT_FACTS_DUE);
        cr_expect_str_eq(watched.event.provider, "P");
    }
    fact_watch_poll(watched.watch, false);
    world_pass(&watched.client, 100);
    cr_expect_not(fact_watch_has_next(watched.watch));
    watch_down(&watched);
}

/* ---- how long is waited ---- */

static void on_items(void *context, ProviderItem *items, size_t count)
{
    char **error = context;

    cr_assert_eq(count, 1);
    *error = take(items[0].error);
}

Test(fact_watch, a_question_has_its_own_time)
{
    ClientWorld world;
    cleanup(json_free) Json *items = json_new_array();
    cleanup(free) char *error = NULL;

    world_up(&world);
    world_script(&world, {.kind = FAULT_SILENT});
    json_append(items, json_new_object());
    provider_query(world.pool, "P", items, 300, on_items, &error);
    while (error == NULL)
        loop_run_once(world.loop);
    cr_expect_str_eq(error, "the provider did not answer within 300 ms");
    world_deinit(&world);
}
