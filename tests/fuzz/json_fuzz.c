/* Any bytes: what parses is written in every form and read back as an equal tree. */
#include <stdint.h>
#include <stdlib.h>

#include "lang/base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_read_back(const Json *json, void (*write)(Buffer *, const Json *))
{
    cleanup(buffer_deinit) Buffer text = {0};
    cleanup(json_free) Json *again = NULL;

    write(&text, json);
    if (json_parse(buffer_text(&text), text.size, &again, NULL) < 0 || !json_equal(json, again))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup(json_free) Json *json = NULL;
    Error err;

    if (json_parse((const char *)data, size, &json, &err) < 0)
        return 0;
    must_read_back(json, json_write);
    must_read_back(json, json_write_canonical);
    must_read_back(json, json_write_pretty);
    return 0;
}
