#include "providers/sdk/store.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "lang/base/file.h"
#include "lang/base/hash.h"
#include "lang/base/memory.h"

#define UID "9a000000000000000000000000000001"
#define OWNER "{\"lineage\":\"L\",\"address\":\"D.A\"}"
#define NOW_MS 1700000000000LL

static char folder[64];

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/ved-sdk-store.XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
}

static void remove_folder(void)
{
    cr_assert_eq(folder_remove(folder, NULL), 0);
}

TestSuite(store, .init = make_folder, .fini = remove_folder);

static Store *open_store(size_t compact_size)
{
    StoreOptions options = {.data_dir = folder, .compact_size = compact_size, .now_ms = NOW_MS};
    Store *store = NULL;
    Error err = {0};

    cr_assert_eq(store_open(&options, &store, &err), 0, "%s", err.message);
    return store;
}

static Json *parsed(const char *text)
{
    Json *json = NULL;

    cr_assert_eq(json_parse(text, strlen(text), &json, NULL), 0);
    return json;
}

static Operation *begin_for(Store *store, const char *op, const char *uid)
{
    Operation *operation = operation_new(op, OPERATION_RECONCILE);

    operation->lineage = memory_copy_string("L");
    operation->address = memory_copy_string("D.A");
    operation->request = memory_copy_string("{\"owner\":" OWNER ",\"desired\":{\"n\":1}}");
    operation->client = memory_copy_string("core");
    operation->digest = memory_copy_string("d1");
    operation->type = memory_copy_string("A");
    operation->uid = memory_copy_string(uid);
    operation->effect = memory_copy_string("MakeA");
    operation->created_ms = operation->updated_ms = NOW_MS;
    store_begin(store, operation);
    return operation;
}

static Operation *begin(Store *store, const char *op)
{
    return begin_for(store, op, UID);
}

static Instance *instance_of(const Operation *operation)
{
    Instance *instance = memory_zero(1, sizeof *instance);

    instance->type = memory_copy_string(operation->type);
    instance->uid = memory_copy_string(operation->uid);
    instance->effect = memory_copy_string(operation->effect);
    instance->owner = memory_copy_string(OWNER);
    instance->state = memory_copy_string("{\"id\":\"i-1\"}");
    instance->private = memory_copy_string("{\"kept\":true}");
    instance->ready = true;
    etag_of_text(instance->state, NULL, instance->etag);
    return instance;
}

static void succeed(Store *store, Operation *operation)
{
    operation_move(operation, OPERATION_RUNNING);
    StoreEnd end = {.state = OPERATION_SUCCEEDED, .status = 201, .now_ms = NOW_MS};
    end.instance = instance_of(operation);
    store_end(store, operation, &end);
}

static void fail(Store *store, Operation *operation)
{
    operation_move(operation, OPERATION_RUNNING);
    StoreEnd end = {.state = OPERATION_FAILED, .status = 503, .now_ms = NOW_MS};
    end.problem = memory_copy_string("{\"code\":\"UNAVAILABLE\",\"retryable\":true}");
    store_end(store, operation, &end);
}

static void sync_store(Store *store, int64_t now_ms)
{
    Error err = {0};

    cr_assert_eq(store_sync(store, now_ms, &err), 0, "%s", err.message);
}

Test(store, an_operation_begun_is_pending_after_a_crash)
{
    Store *store = open_store(0);
    begin(store, "op1");
    sync_store(store, NOW_MS);
    store_free(store);

    cleanup(store_free) Store *again = open_store(0);
    const Operation *operation = store_operation(again, "op1");
    cr_assert_not_null(operation);
    cr_assert_eq(operation->state, OPERATION_PENDING);
    cr_assert_str_eq(operation->digest, "d1");
    cr_assert_str_eq(operation->address, "D.A");
    cr_assert_str_eq(operation->request, "{\"owner\":" OWNER ",\"desired\":{\"n\":1}}");
}

Test(store, what_was_not_synced_is_forgotten_by_a_crash)
{
    Store *store = open_store(0);
    begin(store, "op1");
    store_free(store);

    cleanup(store_free) Store *again = open_store(0);
    cr_assert_null(store_operation(again, "op1"));
}

Test(store, an_end_and_its_instance_are_durable_together)
{
    Store *store = open_store(0);
    succeed(store, begin(store, "op1"));
    sync_store(store, NOW_MS);
    store_free(store);

    cleanup(store_free) Store *again = open_store(0);
    cr_assert_eq(store_operation(again, "op1")->state, OPERATION_SUCCEEDED);
    cr_assert_eq(store_operation(again, "op1")->status, 201);
    const Instance *instance = store_instance(again, UID);
    cr_assert_not_null(instance);
    cr_assert_str_eq(instance->state, "{\"id\":\"i-1\"}");
    cr_assert_str_eq(instance->private, "{\"kept\":true}");
}

Test(store, a_removed_instance_stays_removed)
{
    Store *store = open_store(0);
    succeed(store, begin(store, "op1"));
    Operation *removal = begin(store, "op2");
    operation_move(removal, OPERATION_RUNNING);
    StoreEnd end = {.state = OPERATION_SUCCEEDED, .status = 200, .removed = true};
    end.reply = memory_copy_string("{}");
    store_end(store, removal, &end);
    cr_assert_null(store_instance(store, UID));
    sync_store(store, NOW_MS);
    store_free(store);

    cleanup(store_free) Store *again = open_store(0);
    cr_assert_null(store_instance(again, UID));
}

Test(store, a_failed_operation_can_begin_again)
{
    Store *store = open_store(0);
    Operation *operation = begin(store, "op1");
    fail(store, operation);
    cr_assert(operation_may_be_repeated(operation));
    store_again(store, operation, NOW_MS);
    cr_assert_null(operation->problem);
    sync_store(store, NOW_MS);
    store_free(store);

    cleanup(store_free) Store *again = open_store(0);
    cr_assert_eq(store_operation(again, "op1")->state, OPERATION_PENDING);
}

Test(store, compaction_keeps_everything_that_counts)
{
    cleanup(free) char *path = memory_format("%s/journal.ndjson", folder);
    cleanup(buffer_deinit) Buffer file = {0};
    Store *store = open_store(1000);

    succeed(store, begin(store, "op1"));
    Operation *flaky = begin(store, "flaky");
    for (int i = 0; i < 50; i++) {
        fail(store, flaky);
        store_again(store, flaky, NOW_MS);
    }
    begin(store, "last");
    sync_store(store, NOW_MS);
    cr_assert_eq(file_read(path, 1 << 20, &file, NULL), 0);
    cr_assert_lt(file.size, 3000, "a hundred records were not compacted: %zu bytes", file.size);
    store_free(store);

    cleanup(store_free) Store *again = open_store(1000);
    cr_assert_eq(store_operation(again, "op1")->state, OPERATION_SUCCEEDED);
    cr_assert_eq(store_operation(again, "flaky")->state, OPERATION_PENDING);
    cr_assert_eq(store_operation(again, "last")->state, OPERATION_PENDING);
    cr_assert_not_null(store_instance(again, UID));
}

Test(store, compaction_drops_keys_older_than_their_ttl_but_no_unfinished_ones)
{
    cleanup(store_free) Store *store = open_store(1);
    int64_t later_ms = NOW_MS + ((int64_t)STORE_TTL_S + 1) * 1000;

    succeed(store, begin(store, "old"));
    begin(store, "unfinished");
    sync_store(store, NOW_MS);
    cr_assert_not_null(store_operation(store, "old"));
    for (int i = 0; i < 10; i++) {
        char op[16];
        snprintf(op, sizeof op, "new%d", i);
        begin(store, op);
    }
    sync_store(store, later_ms);
    cr_assert_null(store_operation(store, "old"));
    cr_assert_not_null(store_operation(store, "unfinished"));
    cr_assert_not_null(store_instance(store, UID));
}

Test(store, forgetting_keys_keeps_instances_and_traces_of_unfinished_ones)
{
    Store *store = open_store(0);
    begin(store, "op1");
    sync_store(store, NOW_MS);
    cr_assert_eq(store_forget_keys(store, NULL), 0);
    store_free(store);

    cleanup(store_free) Store *again = open_store(0);
    cr_assert_null(store_operation(again, "op1"));
    cr_assert_not_null(store_instance(again, UID));
    cr_assert(store_instance(again, UID)->partial);
}

Test(store, a_body_of_the_greatest_depth_comes_back)
{
    cleanup(buffer_deinit) Buffer text = {0};
    Store *store = open_store(0);

    /* 64 deep: the body's object and 63 arrays. */
    buffer_add_string(&text, "{\"desired\":");
    for (int i = 0; i < 63; i++)
        buffer_add_char(&text, '[');
    for (int i = 0; i < 63; i++)
        buffer_add_char(&text, ']');
    buffer_add_char(&text, '}');
    Operation *operation = begin(store, "op1");
    free(operation->request);
    operation->request = memory_copy_string(buffer_text(&text));
    fail(store, operation);
    store_again(store, operation, NOW_MS);
    sync_store(store, NOW_MS);
    store_free(store);

    cleanup(store_free) Store *again = open_store(0);
    cr_assert_str_eq(store_operation(again, "op1")->request, buffer_text(&text));
}

Test(store, private_data_survives_the_wire)
{
    static const char private[] = "{\"token\":\"\u00e4\\u0001\",\"n\":[1,2]}";
    cleanup(free) char *text = private_encode(private);
    cleanup(free) char *back = private_decode(text);

    cr_assert_str_eq(back, private);
    cr_assert_null(private_decode("not base64!"));
    cr_assert_null(private_decode(""));
}

Test(store, etags_differ_with_the_state_and_not_with_its_order)
{
    cleanup(json_free) Json *a = parsed("{\"x\":1,\"y\":2}"), *b = parsed("{\"y\":2,\"x\":1}");
    cleanup(json_free) Json *c = parsed("{\"x\":1,\"y\":3}");
    char tag_a[ETAG_SIZE], tag_b[ETAG_SIZE], tag_c[ETAG_SIZE], tag_d[ETAG_SIZE];

    etag_of(a, "i-1", tag_a);
    etag_of(b, "i-1", tag_b);
    etag_of(c, "i-1", tag_c);
    etag_of(a, "i-2", tag_d);
    cr_assert_str_eq(tag_a, tag_b);
    cr_assert_str_neq(tag_a, tag_c);
    cr_assert_str_neq(tag_a, tag_d);
}

Test(store, who_is_superseded_is_forgotten_with_the_same_record)
{
    Store *store = open_store(0);
    succeed(store, begin(store, "op1"));
    Operation *operation = begin_for(store, "op2", "9a000000000000000000000000000002");
    operation_move(operation, OPERATION_RUNNING);
    StoreEnd end = {.state = OPERATION_SUCCEEDED, .status = 201, .now_ms = NOW_MS};
    end.instance = instance_of(operation);
    end.superseded = UID;
    store_end(store, operation, &end);
    sync_store(store, NOW_MS);
    cr_expect_null(store_instance(store, UID));
    store_free(store);

    cleanup(store_free) Store *again = open_store(0);
    cr_expect_null(store_instance(again, UID));
    cr_expect_not_null(store_instance(again, "9a000000000000000000000000000002"));
}

static char *answer_of(const Store *store, const char *op)
{
    Buffer answer = {0};

    operation_put_answer(&answer, store_operation(store, op));
    return buffer_take(&answer);
}

static size_t journal_lines(void)
{
    cleanup(free) char *path = memory_format("%s/journal.ndjson", folder);
    cleanup(buffer_deinit) Buffer file = {0};
    size_t count = 0;

    cr_assert_eq(file_read(path, 1 << 26, &file, NULL), 0);
    for (size_t i = 0; i < file.size; i++)
        count += file.bytes[i] == '\n';
    return count;
}

Test(store, an_answer_is_the_same_after_a_restart)
{
    Store *store = open_store(0);
    succeed(store, begin(store, "op1"));
    sync_store(store, NOW_MS);
    cleanup(free) char *before = answer_of(store, "op1");
    store_free(store);

    cleanup(store_free) Store *again = open_store(0);
    cleanup(free) char *after = answer_of(again, "op1");
    cr_assert_str_eq(after, before);
    cr_assert_not_null(strstr(after, "\"op\":\"op1\""), "%s", after);
}

/* What an operation has answered stays, whatever becomes of the object. */
Test(store, an_answer_is_the_same_when_the_object_has_changed)
{
    Store *store = open_store(0);
    succeed(store, begin(store, "op1"));
    cleanup(free) char *before = answer_of(store, "op1");
    Operation *update = begin(store, "op2");
    operation_move(update, OPERATION_RUNNING);
    StoreEnd end = {.state = OPERATION_SUCCEEDED, .status = 200, .instance = instance_of(update)};
    free(end.instance->state);
    end.instance->state = memory_copy_string("{\"id\":\"i-2\"}");
    store_end(store, update, &end);
    sync_store(store, NOW_MS);
    cleanup(free) char *now = answer_of(store, "op1");
    cr_expect_str_eq(now, before);
    cr_assert_eq(store_forget_keys(store, NULL), 0);
    cr_assert_not_null(store_instance(store, UID));
    store_free(store);
}

Test(store, an_answer_is_the_same_when_the_object_has_gone_and_the_journal_was_compacted)
{
    Store *store = open_store(1);
    succeed(store, begin(store, "op1"));
    cleanup(free) char *before = answer_of(store, "op1");
    Operation *removal = begin(store, "op2");
    operation_move(removal, OPERATION_RUNNING);
    StoreEnd end = {.state = OPERATION_SUCCEEDED, .status = 200, .removed = true};
    end.now_ms = NOW_MS;
    end.reply = memory_copy_string("{}");
    store_end(store, removal, &end);
    sync_store(store, NOW_MS);
    cr_assert_eq(journal_lines(), 2);
    store_free(store);

    cleanup(store_free) Store *again = open_store(0);
    cleanup(free) char *after = answer_of(again, "op1");
    cr_expect_str_eq(after, before);
    cr_expect_null(store_instance(again, UID));
}

static void make_many(Store *store, int count)
{
    for (int i = 0; i < count; i++) {
        cleanup(free) char *op = memory_format("op%d", i), *uid = memory_format("9a%030d", i);
        succeed(store, begin_for(store, op, uid));
    }
    sync_store(store, NOW_MS);
}

Test(store, closing_leaves_one_record_for_each_object)
{
    Store *store = open_store((size_t)1 << 30);
    make_many(store, 1000);
    cr_assert_eq(journal_lines(), 2000);
    cr_assert_eq(store_close(store, NOW_MS, NULL), 0);
    store_free(store);
    cr_assert_eq(journal_lines(), 1000);

    cleanup(store_free) Store *again = open_store(0);
    cr_expect_eq(store_operation(again, "op999")->state, OPERATION_SUCCEEDED);
    cr_expect_not_null(store_instance(again, "9a000000000000000000000000000999"));
}

Test(store, opening_does_the_same_for_who_was_killed)
{
    Store *store = open_store((size_t)1 << 30);
    make_many(store, 1000);
    store_free(store);
    store_free(open_store(0));
    cr_assert_eq(journal_lines(), 1000);
}

Test(store, a_few_records_more_are_no_reason_to_write_all_again)
{
    Store *store = open_store(0);
    make_many(store, 1000);
    cr_assert_eq(store_close(store, NOW_MS, NULL), 0);
    begin(store, "one more");
    cr_assert_eq(store_close(store, NOW_MS, NULL), 0);
    store_free(store);
    cr_assert_eq(journal_lines(), 1001);

    cleanup(store_free) Store *again = open_store(0);
    cr_assert_eq(journal_lines(), 1001);
    cr_assert_not_null(store_operation(again, "one more"));
}

Test(store, the_highest_fence_of_each_lineage_is_remembered)
{
    Store *store = open_store(1);
    store_raise_fence(store, "L", 7);
    store_raise_fence(store, "L", 3);
    store_raise_fence(store, "M", 1);
    sync_store(store, NOW_MS);
    cr_assert_eq(journal_lines(), 2);
    store_free(store);

    cleanup(store_free) Store *again = open_store(0);
    cr_expect_eq(store_fence(again, "L"), 7);
    cr_expect_eq(store_fence(again, "M"), 1);
    cr_expect_eq(store_fence(again, "N"), 0);
}

Test(store, a_trace_is_known_after_a_restart)
{
    Store *store = open_store(0);
    Operation *operation = operation_new("op1", OPERATION_RUN);
    operation->digest = memory_copy_string("d1");
    operation->type = memory_copy_string("Ping");
    operation->traceparent = memory_copy_string("00-trace-parent-01");
    store_begin(store, operation);
    sync_store(store, NOW_MS);
    store_free(store);

    cleanup(store_free) Store *again = open_store(0);
    cr_expect_str_eq(store_operation(again, "op1")->traceparent, "00-trace-parent-01");
}

static void put_journal(const char *const records[], size_t count)
{
    cleanup(free) char *path = memory_format("%s/journal.ndjson", folder);
    cleanup(buffer_deinit) Buffer lines = {0};

    for (size_t i = 0; i < count; i++)
        buffer_add_format(&lines, "{\"crc\":\"%08x\",\"record\":%s}\n",
                          crc32c(0, records[i], strlen(records[i])), records[i]);
    cr_assert_eq(file_replace(path, lines.bytes, lines.size, 0600, NULL), 0);
}

/* Bodies were texts in strings once, and answers stood beside what they showed. */
Test(store, older_journals_are_read)
{
    static const char beginning[] =
        "{\"record\":\"begin\",\"op\":\"op1\",\"client\":\"c\",\"digest\":\"d\","
        "\"kind\":\"reconcile\",\"type\":\"A\",\"uid\":\"" UID "\",\"effect\":\"A\","
        "\"address\":\"D.A\",\"secrets\":false,\"at_ms\":5,"
        "\"request\":\"{\\\"owner\\\":{\\\"lineage\\\":\\\"L\\\"}}\"}";
    static const char ending[] =
        "{\"record\":\"end\",\"op\":\"op1\",\"state\":\"succeeded\",\"status\":201,\"at_ms\":9,"
        "\"reply\":\"{\\\"etag\\\":\\\"x\\\"}\",\"instance\":\"{\\\"type\\\":\\\"A\\\","
        "\\\"uid\\\":\\\"" UID "\\\",\\\"effect\\\":\\\"A\\\",\\\"owner\\\":null,"
        "\\\"desired\\\":{},\\\"state\\\":{\\\"n\\\":1},\\\"private\\\":null,"
        "\\\"schema_version\\\":1,\\\"generation\\\":3,\\\"ready\\\":true,\\\"partial\\\":false,"
        "\\\"etag\\\":\\\"\\\\\\\"e\\\\\\\"\\\"}\"}";
    static const char cut_off[] =
        "{\"record\":\"begin\",\"op\":\"op2\",\"digest\":\"d\",\"kind\":\"run\",\"type\":\"P\","
        "\"address\":\"D.P\",\"secrets\":true,\"at_ms\":6,\"request\":\"{\\\"owner\\\":{}}\"}";
    static const char *const records[] = {beginning, ending, cut_off};

    put_journal(records, ARRAY_SIZE(records));
    cleanup(store_free) Store *store = open_store(0);
    const Operation *made = store_operation(store, "op1"), *begun = store_operation(store, "op2");
    const Instance *instance = store_instance(store, UID);
    cleanup(free) char *answer = answer_of(store, "op1");
    cr_expect_str_eq(answer, "{\"etag\":\"x\"}");
    cr_expect_eq(made->state, OPERATION_SUCCEEDED);
    cr_expect_str_eq(made->lineage, "L");
    cr_expect_eq(made->updated_ms, 9);
    cr_expect_str_eq(instance->state, "{\"n\":1}");
    cr_expect_null(instance->owner);
    cr_expect_str_eq(instance->etag, "\"e\"");
    cr_expect_eq(instance->generation, 3);
    cr_expect_eq(begun->state, OPERATION_PENDING);
    cr_expect_str_eq(begun->request, "{\"owner\":{}}");
    cr_expect(begun->had_secrets);
}

Test(store, a_record_of_another_kind_is_refused)
{
    static const char *const records[] = {"{\"record\":\"wonder\",\"op\":\"op1\"}"};
    StoreOptions options = {.data_dir = folder};
    Store *store = NULL;
    Error err = {0};

    put_journal(records, 1);
    cr_assert_eq(store_open(&options, &store, &err), ERROR_STATE);
    cr_assert_not_null(strstr(err.message, "record 'wonder' is not known"), "%s", err.message);
}

Test(store, an_instance_in_a_new_shape_leaves_its_answer_as_it_was)
{
    cleanup(store_free) Store *store = open_store(0);
    Operation *operation = begin(store, "op1");
    succeed(store, operation);
    cleanup(buffer_deinit) Buffer before = {0}, after = {0};
    operation_put_answer(&before, operation);
    Instance *instance = store_instance(store, UID);
    cleanup(json_free) Json *state = parsed("{\"id\":\"i-1\",\"new\":true}");

    store_reshape(instance, 2, state);
    cr_assert_str_eq(instance->state, "{\"id\":\"i-1\",\"new\":true}");
    cr_assert_eq(instance->schema_version, 2);
    operation_put_answer(&after, operation);
    cr_assert_str_eq(after.bytes, before.bytes);
}
