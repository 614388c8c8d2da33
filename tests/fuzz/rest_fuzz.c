/* A binding of the provider `http`, and what an API answers: any bytes are read or refused, and
 * what is read comes to a schema. Between the two stands a zero byte. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lang/base/memory.h"
#include "providers/http/answer.h"
#include "providers/http/page.h"
#include "providers/http/schema.h"
#include "providers/http/template.h"
#include "providers/sdk/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A binding that is accepted has a schema that the kit accepts. */
static void read_binding(const char *text, size_t size)
{
    cleanup(json_free) Json *tree = NULL;
    cleanup(http_config_free) HttpConfig *config = NULL;
    cleanup(schema_free) Schema *schema = NULL;
    Error err;

    if (json_parse(text, size, &tree, &err) < 0 || http_config_read(tree, &config, &err) < 0)
        return;
    cleanup(free) char *document = http_schema(config);
    if (schema_new(document, &schema, &err) < 0)
        abort();
}

static void read_answer(const char *bytes, size_t size)
{
    FetchResponse response = {.status = 500, .headers = json_new_object()};
    cleanup(answer_deinit) Answer answer = {0};

    buffer_add(&response.body, bytes, size);
    answer_take(&answer, &response, "");
    cleanup(free) char *message = answer_message(&answer, NULL);
    if (strpbrk(message, "\r\n") != NULL)
        abort();
    fetch_response_deinit(&response);
}

static void read_texts(const char *text)
{
    cleanup(json_free) Json *scope = json_new_object();
    cleanup(buffer_deinit) Buffer filled = {0};
    cleanup(free) char *next = link_next(text);

    if (next != NULL && strstr(text, next) == NULL)
        abort();
    json_set_string(scope, "a", "x/../y\r");
    for (TemplatePlace place = PLACE_URL; place <= PLACE_TEXT; place++) {
        buffer_reset(&filled);
        template_text(text, scope, place, &filled, NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup(free) char *text = memory_copy_bytes(data, size);
    const char *zero = memchr(text, '\0', size);
    size_t first = zero != NULL ? (size_t)(zero - text) : size;

    read_binding(text, first);
    read_texts(text);
    if (zero != NULL)
        read_answer(zero + 1, size - first - 1);
    return 0;
}
