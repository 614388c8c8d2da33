/* Arbitrary bytes as a record of a plugin's journal.
 *
 * A checksum keeps anything away that was not written by the plugin, so what must hold is little:
 * no byte beside the text is read, and a record that is JSON, once it has been read, reads the same
 * for ever after. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "lang/base/json.h"
#include "lang/base/memory.h"
#include "providers/sdk/store_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void record_put(Buffer *ret, const StoreRecord *record)
{
    switch (record->kind) {
    case RECORD_BEGIN:
        store_record_put_begin(ret, record->operation);
        return;
    case RECORD_END:
        store_record_put_end(ret, record->operation, record->instance, record->removed);
        return;
    case RECORD_OPERATION:
        record->operation->made = record->instance;
        store_record_put_operation(ret, record->operation);
        return;
    case RECORD_INSTANCE:
        store_record_put_instance(ret, record->instance);
        return;
    case RECORD_FENCE:
        store_record_put_fence(ret, record->lineage, record->fence);
        return;
    }
}

/* Read a text and write what was read; false: it is no record. */
static bool pass(const char *text, size_t size, Buffer *ret)
{
    cleanup(store_record_deinit) StoreRecord record = {0};

    if (store_record_parse(text, size, &record, NULL) < 0)
        return false;
    record_put(ret, &record);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup(json_free) Json *json = NULL;
    cleanup(buffer_deinit) Buffer once = {0}, twice = {0};

    if (!pass((const char *)data, size, &once))
        return 0;
    if (json_parse((const char *)data, size, &json, NULL) < 0)
        return 0;
    assert(pass(once.bytes, once.size, &twice));
    assert(once.size == twice.size && memcmp(once.bytes, twice.bytes, once.size) == 0);
    return 0;
}
