#include "providers/sdk/store_record.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

#include "lang/base/memory.h"

#define UID "9a000000000000000000000000000001"
#define INSTANCE                                                                                   \
    "{\"type\":\"A\",\"uid\":\"" UID "\",\"effect\":\"MakeA\",\"external_id\":\"i-1\","            \
    "\"owner\":{\"lineage\":\"L\"},\"desired\":{\"n\":[1,{\"m\":\"\\\"}\"}]},"                     \
    "\"state\":{\"id\":\"i-1\"},\"schema_version\":1,\"generation\":7,\"ready\":true,"             \
    "\"partial\":false,\"etag\":\"\\\"e\\\"\"}"
#define BEGINNING                                                                                  \
    "\"op\":\"op1\",\"client\":\"c\",\"digest\":\"d\",\"type\":\"A\",\"uid\":\"" UID "\","         \
    "\"effect\":\"MakeA\",\"lineage\":\"L\",\"address\":\"D.A\",\"kind\":\"reconcile\","           \
    "\"secrets\":false,\"at_ms\":5"
#define OPERATION                                                                                  \
    "{\"record\":\"operation\"," BEGINNING ",\"state\":\"succeeded\",\"status\":201,"              \
    "\"ended_ms\":9,\"instance\":" INSTANCE "}"

static int parse(const char *text, StoreRecord *ret, Error *err)
{
    return store_record_parse(text, strlen(text), ret, err);
}

Test(store_record, what_was_written_is_read)
{
    cleanup(store_record_deinit) StoreRecord record = {0};
    cleanup(buffer_deinit) Buffer again = {0};
    Error err = {0};

    cr_assert_eq(parse(OPERATION, &record, &err), 0, "%s", err.message);
    cr_expect_eq(record.kind, RECORD_OPERATION);
    cr_expect_eq(record.instance->generation, 7);
    cr_expect_str_eq(record.instance->etag, "\"e\"");
    record.operation->made = record.instance;
    store_record_put_operation(&again, record.operation);
    cr_expect_str_eq(again.bytes, OPERATION);
}

Test(store_record, an_end_says_what_has_gone)
{
    cleanup(store_record_deinit) StoreRecord record = {0};

    cr_assert_eq(parse("{\"record\":\"end\",\"op\":\"op1\",\"state\":\"failed\",\"status\":503,"
                       "\"ended_ms\":9,\"problem\":{\"code\":\"X\"},\"removed\":\"" UID "\"}",
                       &record, NULL),
                 0);
    cr_expect_eq(record.kind, RECORD_END);
    cr_expect_eq(record.operation->state, OPERATION_FAILED);
    cr_expect_str_eq(record.operation->problem, "{\"code\":\"X\"}");
    cr_expect_str_eq(record.removed, UID);
    cr_expect_null(record.instance);
}

Test(store_record, what_is_no_record_is_refused)
{
    static const char *const texts[] = {
        "",
        "[]",
        "{}",
        "{\"op\":\"op1\"}",
        "{\"record\":\"begin\"}",
        "{\"record\":\"begin\",\"op\":7}",
        "{\"record\":\"begin\",\"op\":\"op1\",\"kind\":\"run\"}",
        "{\"record\":\"begin\",\"op\":\"op1\",\"kind\":\"wonder\",\"digest\":\"d\",\"type\":\"A\"}",
        "{\"record\":\"instance\",\"instance\":{}}",
        "{\"record\":\"instance\",\"instance\":\"{\"}",
        "{\"record\":\"instance\",\"instance\":null}",
        "{\"record\":\"end\",\"op\":\"op1\",\"reply\":\"{\\\"warnings\\\":e]}\"}",
        "{\"record\":\"instance\",\"instance\":" INSTANCE,
        OPERATION "}",
    };

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        StoreRecord record;
        Error err = {0};
        cr_expect_lt(parse(texts[i], &record, &err), 0, "%s", texts[i]);
        cr_expect_neq(err.message[0], '\0');
    }
}

/* A checksum keeps such texts away; if one came all the same, no byte beside it would be read. */
Test(store_record, a_spoiled_record_is_read_or_refused)
{
    static const char spoilers[] = "{}[]\",:\\n0";
    size_t size = strlen(OPERATION), refused = 0;
    cleanup(free) char *bytes = memory_alloc(size);
    uint64_t random = 1;

    for (int round = 0; round < 20000; round++) {
        cleanup(store_record_deinit) StoreRecord record = {0};
        memcpy(bytes, OPERATION, size);
        for (int i = 0; i < 2; i++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            bytes[(random >> 33) % size] = spoilers[(random >> 20) % (sizeof spoilers - 1)];
        }
        refused += store_record_parse(bytes, size, &record, NULL) < 0;
    }
    cr_expect_gt(refused, 1000);
    cr_expect_lt(refused, 20000);
}
