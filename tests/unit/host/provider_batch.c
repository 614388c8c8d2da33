/* Questions in batches. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "lang/base/file.h"
#include "lang/base/memory.h"
#include "tests/lib/host/client_world.h"

typedef struct Replies {
    char *text[4];
    size_t count, batches;
} Replies;

static void on_items(void *context, ProviderItem *items, size_t count)
{
    Replies *replies = context;

    replies->batches++;
    replies->count = count;
    for (size_t i = 0; i < count; i++)
        replies->text[i] = items[i].reply ? json_text(items[i].reply) : items[i].error;
    for (size_t i = 0; i < count; i++)
        if (!items[i].reply)
            items[i].error = NULL;
}

static void ask_three(ClientWorld *world, Replies *replies)
{
    cleanup(json_free) Json *items = NULL;
    const char *text = "[{\"type\":\"T\",\"uid\":\"a\"},{\"type\":\"T\",\"uid\":\"b\"},"
                       "{\"type\":\"T\",\"uid\":\"c\"}]";

    cr_assert_eq(json_parse(text, strlen(text), &items, NULL), 0);
    provider_observe(world->pool, "P", items, on_items, replies);
    while (replies->batches == 0)
        loop_run_once(world->loop);
}

Test(provider_batch, observations_are_split_and_put_together_by_uid)
{
    ClientWorld world;
    Replies replies = {0};
    Error err = {0};

    world_init(&world);
    world_make_pool(&world);
    world_bind(&world, 1, 0);
    faulty_server_set_handshake(world.server,
                                "{\"protocol\":{\"versions\":[\"1.0\"]},\"limits\":{"
                                "\"max_batch\":2},\"idempotency\":{\"ttl_s\":2592000}}");
    cr_assert_eq(provider_pool_start_and_wait(world.pool, &err), 0, "%s", err.message);
    world_script(&world,
                 {.status = 200,
                  .body = "{\"items\":[{\"uid\":\"b\",\"status\":\"absent\"},"
                          "{\"uid\":\"a\",\"status\":\"found\"}]}"},
                 {.status = 503},
                 {.status = 200, .body = "{\"items\":[{\"uid\":\"c\",\"status\":\"error\"}]}"});
    ask_three(&world, &replies);
    cr_assert_eq(replies.count, 3);
    cr_assert_str_eq(replies.text[0], "{\"uid\":\"a\",\"status\":\"found\"}");
    cr_assert_str_eq(replies.text[1], "{\"uid\":\"b\",\"status\":\"absent\"}");
    cr_assert_str_eq(replies.text[2], "{\"uid\":\"c\",\"status\":\"error\"}");
    world_expect_log(&world, "POST /v1/observe #1\n"
                             "POST /v1/observe #2\n"
                             "POST /v1/observe #2\n");
    for (size_t i = 0; i < 3; i++)
        free(replies.text[i]);
    world_deinit(&world);
}

Test(provider_batch, what_an_observation_leaves_out_is_an_error_and_not_absent)
{
    ClientWorld world;
    Replies replies = {0};

    world_up(&world);
    world_script(&world, {.status = 200, .body = "{\"items\":[{\"uid\":\"b\"}]}"});
    ask_three(&world, &replies);
    cr_assert_str_eq(replies.text[0], "the provider gave no answer for it");
    cr_assert_str_eq(replies.text[1], "{\"uid\":\"b\"}");
    for (size_t i = 0; i < 3; i++)
        free(replies.text[i]);
    world_deinit(&world);
}

Test(provider_batch, what_is_too_large_is_asked_in_halves)
{
    ClientWorld world;
    Replies replies = {0};

    world_up(&world);
    world_script(
        &world, {.status = 413, .body = "{\"code\":\"TOO_LARGE\",\"outcome\":\"not_applied\"}"},
        {.status = 200, .body = "{\"items\":[{\"uid\":\"a\",\"status\":\"found\"}]}"},
        {.status = 413, .body = "{\"code\":\"TOO_LARGE\",\"outcome\":\"not_applied\"}"},
        {.status = 200, .body = "{\"items\":[{\"uid\":\"b\",\"status\":\"absent\"}]}"},
        {.status = 413, .body = "{\"detail\":\"far too large\",\"outcome\":\"not_applied\"}"});
    ask_three(&world, &replies);
    cr_assert_str_eq(replies.text[0], "{\"uid\":\"a\",\"status\":\"found\"}");
    cr_assert_str_eq(replies.text[1], "{\"uid\":\"b\",\"status\":\"absent\"}");
    cr_assert_str_eq(replies.text[2], "the provider answered with status 413: far too large");
    for (size_t i = 0; i < 3; i++)
        free(replies.text[i]);
    world_deinit(&world);
}
