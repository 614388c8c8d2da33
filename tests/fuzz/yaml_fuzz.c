/* Any bytes: what parses as YAML is written as YAML and read back as an equal tree. */
#include <stdint.h>
#include <stdlib.h>

#include "lang/base/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup(json_free) Json *json = NULL;
    cleanup(json_free) Json *again = NULL;
    cleanup(buffer_deinit) Buffer text = {0};
    Error err;

    if (yaml_parse((const char *)data, size, &json, &err) < 0)
        return 0;
    yaml_write(&text, json);
    if (yaml_parse(buffer_text(&text), text.size, &again, &err) < 0 || !json_equal(json, again))
        abort();
    return 0;
}
