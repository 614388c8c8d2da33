#include "keys.h"

#include <stdio.h>
#include <string.h>

#include "lang/base/buffer.h"

static void digest_make(const Instance *owner, const char *what, uint64_t intent,
                        uint8_t ret[SHA256_SIZE])
{
    cleanup(buffer_deinit) Buffer text = {0};

    buffer_add_format(&text, "%s\n%llu\n%s\n%llu", owner->runtime->lineage,
                      (unsigned long long)owner->runtime->epoch, what, (unsigned long long)intent);
    if (owner->key != NULL)
        buffer_add_format(&text, "\n%s\n%s", owner->domain->name, owner->key);
    sha256(buffer_text(&text), text.size, ret);
}

void uid_make(const Instance *owner, uint64_t intent, char ret[UID_SIZE])
{
    uint8_t digest[SHA256_SIZE];

    digest_make(owner, "object", intent, digest);
    hex_encode(digest, 16, ret);
}

void op_make(const Instance *owner, const char *uid, uint64_t intent, char ret[OP_SIZE])
{
    uint8_t digest[SHA256_SIZE];
    char hex[33];

    digest_make(owner, uid[0] != '\0' ? uid : "action", intent, digest);
    digest[6] = (uint8_t)((digest[6] & 0x0f) | 0x80); /* version 8 */
    digest[8] = (uint8_t)((digest[8] & 0x3f) | 0x80); /* variant of RFC 9562 */
    hex_encode(digest, 16, hex);
    snprintf(ret, OP_SIZE, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

uint64_t jitter(const Runtime *runtime, uint64_t slice, uint64_t limit)
{
    return limit == 0 ? 0 : hash_mix(hash_string(runtime->lineage) + slice) % limit;
}
