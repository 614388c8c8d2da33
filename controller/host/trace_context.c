#include "controller/host/trace_context.h"

#include <string.h>

#include "lang/base/hash.h"
#include "lang/base/memory.h"

#define TRACE_SIZE 16
#define SPAN_SIZE 8

/* The first `size` bytes of the text's SHA-256, in hexadecimal. */
static void digest_text(const char *text, size_t size, char *ret)
{
    uint8_t digest[SHA256_SIZE];

    sha256(text, strlen(text), digest);
    hex_encode(digest, size, ret);
}

char *traceparent_header(const char *op, uint64_t process, int sending)
{
    cleanup(free) char *sent =
        memory_format("%s %llu %d", op, (unsigned long long)process, sending);
    char trace[2 * TRACE_SIZE + 1], span[2 * SPAN_SIZE + 1];

    digest_text(op, TRACE_SIZE, trace);
    digest_text(sent, SPAN_SIZE, span);
    return memory_format("traceparent: 00-%s-%s-01", trace, span);
}
