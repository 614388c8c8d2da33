#include "providers/sdk/engine.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "lang/base/file.h"
#include "lang/base/memory.h"

#define TRACEPARENT "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

/* A plugin without a wire: requests go in by engine_submit(), and turns are made by hand. */
static char folder[64];
static struct event_base *base;
static Schema *schema;
static Store *store;
static Engine *engine;
static Feed *feed;
static Json *config;
static char seen_traceparent[128]; /* by the last call of the provider */
static int run_count;

static int run(Provider *provider, const ProviderRequest *request, ProviderReply *reply,
               ProviderProblem *problem)
{
    (void)provider, (void)problem;
    const char *trace = request->traceparent != NULL ? request->traceparent : "none";
    snprintf(seen_traceparent, sizeof seen_traceparent, "%s", trace);
    run_count++;
    reply->state = json_new_object();
    return 0;
}

static Provider provider = {.name = "test",
                            .version = "1",
                            .schema = "{\"effects\":{\"Ping\":{\"kind\":\"action\"}}}",
                            .run = run};

static void on_end(void *context, Operation *operation)
{
    (void)context, (void)operation;
    event_base_loopbreak(base);
}

static void start(void)
{
    StoreOptions store_options = {.data_dir = folder};
    EngineOptions options = {
        .provider = &provider, .config = config, .base = base, .ended = on_end};
    Error err = {0};

    cr_assert_eq(store_open(&store_options, &store, &err), 0, "%s", err.message);
    cr_assert_eq(schema_new(provider.schema, &schema, &err), 0, "%s", err.message);
    cr_assert_eq(feed_new(&feed, &err), 0, "%s", err.message);
    options.feed = feed;
    options.store = store;
    options.schema = schema;
    cr_assert_eq(engine_new(&options, &engine, &err), 0, "%s", err.message);
}

static void stop(void)
{
    engine_free(engine);
    feed_free(feed);
    schema_free(schema);
    store_free(store);
}

static void setup(void)
{
    snprintf(folder, sizeof folder, "/tmp/ved-sdk-engine.XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    base = event_base_new();
    config = json_new_object();
    run_count = 0;
    start();
}

static void teardown(void)
{
    stop();
    event_base_free(base);
    json_free(config);
    cr_assert_eq(folder_remove(folder, NULL), 0);
}

TestSuite(engine, .init = setup, .fini = teardown, .timeout = 30);

/* One turn for what was submitted: whatever can be made durable is. */
static void turn(void)
{
    event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

/* 0, ENGINE_REPLAYED, or -1; `ret_code` is the refusal's. */
static int ping(const char *op, const char *lineage, int64_t fence, const char *traceparent,
                const char **ret_code)
{
    cleanup(free) char *text = memory_format(
        "{\"op\":\"%s\",\"owner\":{\"lineage\":\"%s\",\"address\":\"D.P\"},\"arguments\":{}}", op,
        lineage);
    cleanup(json_free) Json *body = NULL;
    Operation *operation = NULL;
    Refusal refusal;

    cr_assert_eq(json_parse(text, strlen(text), &body, NULL), 0);
    Mutation mutation = {.kind = OPERATION_RUN,
                         .type = "Ping",
                         .key = op,
                         .digest = text,
                         .client = "core",
                         .fence = fence,
                         .traceparent = traceparent,
                         .body = body};
    int code = engine_submit(engine, &mutation, &operation, &refusal);
    *ret_code = code < 0 ? refusal.problem.code : "";
    return code;
}

static void expect_ping(const char *op, const char *lineage, int64_t fence, const char *expected)
{
    const char *code;

    ping(op, lineage, fence, NULL, &code);
    cr_expect_str_eq(code, expected, "%s of %s with fence %d: '%s'", op, lineage, (int)fence, code);
}

Test(engine, a_request_of_an_older_fence_is_refused)
{
    expect_ping("op1", "L", 2, "");
    expect_ping("op2", "L", 1, "STALE_FENCE");
    expect_ping("op3", "L", 2, "");
    expect_ping("op4", "L", 3, "");
    expect_ping("op5", "L", 2, "STALE_FENCE");
    cr_expect_null(store_operation(store, "op2"), "what is refused is not remembered");
}

Test(engine, who_sends_no_fence_is_older_than_any)
{
    expect_ping("op1", "L", 0, "");
    expect_ping("op2", "L", 1, "");
    expect_ping("op3", "L", 0, "STALE_FENCE");
}

Test(engine, each_lineage_has_a_fence_of_its_own)
{
    expect_ping("op1", "L", 5, "");
    expect_ping("op2", "M", 1, "");
    expect_ping("op3", "M", 0, "STALE_FENCE");
}

Test(engine, an_older_fence_is_not_even_answered_from_memory)
{
    const char *code;

    expect_ping("op1", "L", 1, "");
    event_base_dispatch(base);
    cr_expect_eq(ping("op1", "L", 1, NULL, &code), ENGINE_REPLAYED);
    expect_ping("op2", "L", 2, "");
    expect_ping("op1", "L", 1, "STALE_FENCE");
    cr_expect_eq(ping("op1", "L", 2, NULL, &code), ENGINE_REPLAYED);
}

/* Also one whose request was an old one, so that the next turn has no operation to begin. */
Test(engine, a_fence_outlives_the_plugin)
{
    const char *code;

    expect_ping("op1", "L", 1, "");
    event_base_dispatch(base);
    cr_expect_eq(ping("op1", "L", 7, NULL, &code), ENGINE_REPLAYED);
    turn();
    stop();
    start();
    expect_ping("op2", "L", 6, "STALE_FENCE");
    expect_ping("op3", "L", 7, "");
}

Test(engine, a_trace_reaches_the_provider)
{
    const char *code;

    cr_assert_eq(ping("op1", "L", 0, TRACEPARENT, &code), 0);
    event_base_dispatch(base);
    cr_expect_str_eq(seen_traceparent, TRACEPARENT);
    cr_assert_eq(ping("op2", "L", 0, NULL, &code), 0);
    event_base_dispatch(base);
    cr_expect_str_eq(seen_traceparent, "none");
    cr_expect_eq(run_count, 2);
}

/* The process that resumes it knows no request, only the journal. */
Test(engine, a_trace_is_passed_on_by_who_resumes_the_operation)
{
    const char *code;

    cr_assert_eq(ping("op1", "L", 0, TRACEPARENT, &code), 0);
    cr_assert_eq(store_sync(store, 0, NULL), 0);
    stop();
    start();
    engine_resume(engine);
    event_base_dispatch(base);
    cr_expect_str_eq(seen_traceparent, TRACEPARENT);
    cr_expect_eq(run_count, 1);
}
