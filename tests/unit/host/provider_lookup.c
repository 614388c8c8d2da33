/* The one thing that is known outside by a name: asked for until the provider can say, and a no is
 * an answer. */
#include <criterion/criterion.h>
#include <string.h>

#include "lang/base/memory.h"
#include "tests/lib/host/client_world.h"

static void on_item(void *context, ProviderItem *items, size_t count)
{
    char **text = context;

    cr_assert_eq(count, 1);
    *text = items[0].reply != NULL ? json_text(items[0].reply) : take(items[0].error);
}

/* What came back; the caller frees it. */
static char *look_up(ClientWorld *world, const char *provider)
{
    cleanup(json_free) Json *question = json_new_object();
    char *text = NULL;

    json_set_string(question, "type", "T");
    json_set_string(question, "external_id", "x-1");
    provider_lookup(world->pool, provider, question, on_item, &text);
    cr_assert_null(text, "nothing is called back from inside");
    while (text == NULL)
        loop_run_once(world->loop);
    return text;
}

Test(provider_lookup, the_question_is_the_request_and_the_reply_the_answer)
{
    ClientWorld world;

    world_up(&world);
    world_script(&world, {.status = 200, .body = "{\"external_id\":\"x-1\",\"state\":{}}"});
    cleanup(free) char *text = look_up(&world, "P");
    cr_expect_str_eq(text, "{\"external_id\":\"x-1\",\"state\":{}}");
    cr_expect_not_null(
        strstr(faulty_server_last(world.server), "{\"type\":\"T\",\"external_id\":\"x-1\"}"));
    world_expect_log(&world, "POST /v1/lookup #1\n");
    world_deinit(&world);
}

Test(provider_lookup, a_no_is_an_answer)
{
    ClientWorld world;

    world_up(&world);
    world_script(&world, {.status = 404, .body = "{\"code\":\"NOT_FOUND\",\"detail\":\"none\"}"});
    cleanup(free) char *text = look_up(&world, "P");
    cr_expect_str_eq(text, "{\"code\":\"NOT_FOUND\",\"detail\":\"none\"}");
    world_deinit(&world);
}

Test(provider_lookup, what_passes_is_asked_again)
{
    ClientWorld world;

    world_up(&world);
    world_script(&world, {.status = 503}, {.kind = FAULT_DROP_READ},
                 {.status = 429, .body = "{\"retryable\":true}"},
                 {.status = 200, .body = "{\"external_id\":\"x-1\"}"});
    cleanup(free) char *text = look_up(&world, "P");
    cr_expect_str_eq(text, "{\"external_id\":\"x-1\"}");
    world_expect_log(&world, "POST /v1/lookup #1\nPOST /v1/lookup #1\nPOST /v1/lookup #1\n"
                             "POST /v1/lookup #1\n");
    world_deinit(&world);
}

Test(provider_lookup, an_unknown_provider_is_an_error)
{
    ClientWorld world;

    world_up(&world);
    cleanup(free) char *text = look_up(&world, "Q");
    cr_expect_str_eq(text, "no provider of that name is bound");
    world_deinit(&world);
}
