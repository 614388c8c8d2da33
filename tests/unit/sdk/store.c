#include "providers/sdk/store.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "lang/base/file.h"
#include "lang/base/memory.h"

#define UID "9a000000000000000000000000000001"
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

static Operation *begin(Store *store, const char *op)
{
    Operation *operation = operation_new(
        op, OPERATION_RECONCILE,
        parsed("{\"owner\":{\"lineage\":\"L\",\"address\":\"D.A\"},\"desired\":{\"n\":1}}"));

    operation->client = memory_copy_string("core");
    operation->digest = memory_copy_string("d1");
    operation->type = memory_copy_string("A");
    operation->uid = memory_copy_string(UID);
    operation->effect = memory_copy_string("MakeA");
    operation->created_ms = operation->updated_ms = NOW_MS;
    store_begin(store, operation);
    return operation;
}

static Instance *instance_of(const Operation *operation)
{
    Instance *instance = memory_zero(1, sizeof *instance);

    instance->type = memory_copy_string(operation->type);
    instance->uid = memory_copy_string(operation->uid);
    instance->effect = memory_copy_string(operation->effect);
    instance->owner = json_copy(json_get(operation->request, "owner"));
    instance->state = parsed("{\"id\":\"i-1\"}");
    instance->private = parsed("{\"kept\":true}");
    instance->ready = true;
    etag_of(instance->state, NULL, instance->etag);
    return instance;
}

static void succeed(Store *store, Operation *operation)
{
    operation_move(operation, OPERATION_RUNNING);
    StoreEnd end = {.state = OPERATION_SUCCEEDED, .status = 201, .now_ms = NOW_MS};
    end.reply = parsed("{\"outcome\":\"applied\"}");
    end.instance = instance_of(operation);
    store_end(store, operation, &end);
}

static void fail(Store *store, Operation *operation)
{
    operation_move(operation, OPERATION_RUNNING);
    StoreEnd end = {.state = OPERATION_FAILED, .status = 503, .now_ms = NOW_MS};
    end.problem = parsed("{\"code\":\"UNAVAILABLE\",\"retryable\":true}");
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
    cr_assert_str_eq(operation_address(operation), "D.A");
    cr_assert_eq(json_get_int(json_get(operation->request, "desired"), "n", 0), 1);
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
    cr_assert_str_eq(json_get_string(instance->state, "id", ""), "i-1");
    cr_assert(json_get_bool(instance->private, "kept", false));
}

Test(store, a_removed_instance_stays_removed)
{
    Store *store = open_store(0);
    succeed(store, begin(store, "op1"));
    Operation *removal = begin(store, "op2");
    operation_move(removal, OPERATION_RUNNING);
    StoreEnd end = {.state = OPERATION_SUCCEEDED, .status = 200, .removed = true};
    end.reply = json_new_object();
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
    json_free(operation->request);
    operation->request = parsed(buffer_text(&text));
    fail(store, operation);
    store_again(store, operation, NOW_MS);
    sync_store(store, NOW_MS);
    store_free(store);

    cleanup(store_free) Store *again = open_store(0);
    cleanup(free) char *back = json_text(store_operation(again, "op1")->request);
    cr_assert_str_eq(back, buffer_text(&text));
}

Test(store, private_data_survives_the_wire)
{
    cleanup(json_free) Json *private = parsed("{\"token\":\"\\u00e4\\u0001\",\"n\":[1,2]}");
    cleanup(free) char *text = private_encode(private);
    cleanup(json_free) Json *back = private_decode(text);

    cr_assert(json_equal(private, back));
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
    Operation *operation = begin(store, "op2");
    free(operation->uid);
    operation->uid = memory_copy_string("9a000000000000000000000000000002");
    operation_move(operation, OPERATION_RUNNING);
    StoreEnd end = {.state = OPERATION_SUCCEEDED, .status = 201, .now_ms = NOW_MS};
    end.reply = parsed("{}");
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
