/* The form of requests: what is refused before anything is done, and what must not disturb. */
#include <string.h>

#include "controller/conformance/thing.h"
#include "lang/base/memory.h"

#define DEEP 64
#define TOO_DEEP 2000

/* A PUT of a new object that is not sent yet. */
typedef struct Attempt {
    Thing *thing;
    Mutation put;
} Attempt;

static Attempt attempt_new(Trial *trial)
{
    Attempt attempt = {.thing = thing_new(trial, SAMPLE_DESIRED)};

    attempt.put =
        thing_put(trial, attempt.thing, thing_arguments(trial, attempt.thing, SAMPLE_DESIRED));
    return attempt;
}

/* It is refused with that status and changes nothing. */
static bool expect_refused(Trial *trial, const Attempt *attempt, int status, const char *codes)
{
    const Exchange *exchange = mutation_send(trial, &attempt->put);

    return expect_problem(trial, exchange, status, codes) &&
           expect_nothing_made(trial, attempt->thing, &attempt->put);
}

void rule_digest_is_verified(Trial *trial)
{
    Attempt attempt = attempt_new(trial);

    attempt.put.digest =
        "Content-Digest: sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"; /* of nothing */
    expect_refused(trial, &attempt, 400, NULL);
}

void rule_key_is_needed(Trial *trial)
{
    Attempt attempt = attempt_new(trial);

    attempt.put.key = "";
    if (!expect_refused(trial, &attempt, 400, "IDEMPOTENCY_KEY_MISSING"))
        return;
    Mutation delete = thing_delete(trial, attempt.thing);
    delete.key = "";
    expect_problem(trial, mutation_send(trial, &delete), 400, "IDEMPOTENCY_KEY_MISSING");
}

void rule_body_is_bounded(Trial *trial)
{
    int64_t size_max =
        json_get_int(json_get(trial->bench->handshake, "limits"), "max_body_bytes", 0);
    Attempt attempt = attempt_new(trial);
    size_t size = attempt.put.body_size;

    REQUIRE(trial, size_max > 0 && size_max <= HTTP_BODY_MAX * 4, NULL,
            "limits.max_body_bytes is %lld", (long long)size_max);
    /* Spaces after the object make it too large, and nothing else of it is wrong. */
    char *body = arena_alloc(&trial->arena, (size_t)size_max + 2);
    memset(body, ' ', (size_t)size_max + 1);
    memcpy(body, attempt.put.body, size);
    attempt.put.body = body;
    attempt.put.body_size = (size_t)size_max + 1;
    expect_refused(trial, &attempt, 413, "TOO_LARGE");
}

/* The same request with another body. */
static void attempt_set_body(Trial *trial, Attempt *attempt, const char *body)
{
    attempt->put.body = arena_copy_string(&trial->arena, body);
    attempt->put.body_size = strlen(body);
}

void rule_body_is_json(Trial *trial)
{
    Attempt attempt = attempt_new(trial);
    const char *whole = attempt.put.body;
    cleanup(free) char *twice =
        memory_format("{\"op\":\"%s\",%s", attempt.put.op, attempt.put.body + 1);

    attempt.put.body_size--; /* without the last brace */
    if (!expect_refused(trial, &attempt, 400, NULL))
        return;
    attempt_set_body(trial, &attempt, twice);
    if (!expect_refused(trial, &attempt, 400, NULL))
        return;
    attempt_set_body(trial, &attempt, whole);
    attempt.put.media = "text/plain";
    expect_refused(trial, &attempt, 415, NULL);
}

void rule_unknown_members_are_ignored(Trial *trial)
{
    Thing *thing = thing_new(trial, SAMPLE_DESIRED);
    Json *more = json_new_object(), *nested = json_new_object();

    json_set_string(nested, "of", "a later version");
    json_set(more, "x_member_nobody_knows", nested);
    Mutation put =
        thing_put_with(trial, thing, thing_arguments(trial, thing, SAMPLE_DESIRED), more);
    put.precondition = "X-Header-Nobody-Knows: 1";
    if (mutation_do(trial, &put) != NULL)
        thing_read(trial, thing);
}

/* Each control character but NUL, DEL, the ends of lines that only Unicode has, and what needs two
 * units in UTF-16. */
static Json *text_of_controls(void)
{
    Buffer text = {0};

    buffer_add_string(&text, "begin ");
    for (int c = 1; c < ' '; c++)
        buffer_add_char(&text, (char)c);
    buffer_add_string(&text, "\x7f \"\\/ \xc2\x85 \xe2\x80\xa8 \xe2\x80\xa9 \xef\xbf\xbd "
                             "\xf0\x9f\x9a\x80 end");
    cleanup(free) char *owned = buffer_take(&text);
    return json_new_string(owned);
}

void rule_control_characters_survive(Trial *trial)
{
    Thing *thing = thing_new(trial, SAMPLE_TEXT);
    const char *name = json_get_string(thing->sample, sample_name(SAMPLE_TEXT), "");
    Json *desired = trial_own(trial, json_copy(thing_arguments(trial, thing, SAMPLE_DESIRED)));
    Json *text = text_of_controls();
    const Exchange *exchange;

    json_set(desired, name, text);
    Mutation put = thing_put(trial, thing, desired);
    if (mutation_do(trial, &put) == NULL ||
        (exchange = trial_get_ok(trial, "%s", thing->path)) == NULL)
        return;
    const Json *found = json_get(json_get(exchange->json, "state"), name);
    REQUIRE(trial, found == NULL || json_equal(found, text), exchange,
            "'%s' has come back as another text", name);
    if (!bench_has(trial->bench, "plan"))
        return;
    Json *items = json_new_array();
    json_append(items, thing_item(trial, thing, desired));
    const Json *plans = trial_batch(trial, "/v1/plan", items, &exchange);
    if (plans == NULL)
        return;
    REQUIRE(trial, strcmp(json_get_string(json_at(plans, 0), "action", ""), "noop") == 0, exchange,
            "after a PUT of '%s' with control characters a plan of the same is no noop", name);
}

/* {"a":{"a":... so many deep. */
static Json *nested(int depth)
{
    Json *json = json_new_object();

    while (--depth > 0) {
        Json *outer = json_new_object();
        json_add(outer, "a", json);
        json = outer;
    }
    return json;
}

void rule_deep_json_survives(Trial *trial)
{
    Thing *thing = thing_new(trial, SAMPLE_DESIRED);
    const Json *desired = thing_arguments(trial, thing, SAMPLE_DESIRED);
    Json *more = json_new_object();
    Buffer deep = {0};

    json_set(more, "x_deep", nested(DEEP - 1)); /* the body itself is one */
    Mutation put = thing_put_with(trial, thing, desired, more);
    if (mutation_do(trial, &put) == NULL)
        return;
    /* As text: no tree of ours is that deep. */
    put = thing_put(trial, thing, desired);
    buffer_add_format(&deep, "{\"x_deep\":");
    for (int i = 0; i < TOO_DEEP; i++)
        buffer_add_string(&deep, "{\"a\":");
    buffer_add_string(&deep, "1");
    for (int i = 0; i < TOO_DEEP; i++)
        buffer_add_char(&deep, '}');
    buffer_add_format(&deep, ",%s", put.body + 1);
    put.body_size = deep.size;
    cleanup(free) char *body = buffer_take(&deep);
    put.body = arena_copy_string(&trial->arena, body);
    if (expect_problem(trial, mutation_send(trial, &put), 400, NULL))
        thing_read(trial, thing);
}

void rule_half_a_request_does_nothing(Trial *trial)
{
    Attempt attempt = attempt_new(trial);

    attempt.put.break_after = attempt.put.body_size / 2;
    mutation_send(trial, &attempt.put);
    if (!expect_nothing_made(trial, attempt.thing, &attempt.put))
        return;
    attempt.put.break_after = 0;
    mutation_do(trial, &attempt.put);
}
