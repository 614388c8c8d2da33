#include "keys.h"

#include <stdio.h>
#include <string.h>

static void digest_make(const Runtime *runtime, const char *what, uint64_t intent,
                        uint8_t ret[SHA256_SIZE])
{
    char text[256];
    int size = snprintf(text, sizeof text, "%s\n%llu\n%s\n%llu", runtime->lineage,
                        (unsigned long long)runtime->epoch, what, (unsigned long long)intent);

    sha256(text, (size_t)size, ret);
}

void uid_make(const Runtime *runtime, uint64_t intent, char ret[UID_SIZE])
{
    uint8_t digest[SHA256_SIZE];

    digest_make(runtime, "object", intent, digest);
    hex_encode(digest, 16, ret);
}

void op_make(const Runtime *runtime, const char *uid, uint64_t intent, char ret[OP_SIZE])
{
    uint8_t digest[SHA256_SIZE];
    char hex[33];

    digest_make(runtime, uid[0] != '\0' ? uid : "action", intent, digest);
    digest[6] = (uint8_t)((digest[6] & 0x0f) | 0x80); /* version 8 */
    digest[8] = (uint8_t)((digest[8] & 0x3f) | 0x80); /* variant of RFC 9562 */
    hex_encode(digest, 16, hex);
    snprintf(ret, OP_SIZE, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

uint64_t jitter(const Runtime *runtime, uint64_t slice, uint64_t limit)
{
    return limit == 0 ? 0 : hash_mix(hash_string(runtime->lineage) + slice) % limit;
}
