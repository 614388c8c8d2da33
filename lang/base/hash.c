#include "hash.h"

#include <stdlib.h>
#include <string.h>

/* SHA-256 by itself: the library's other way to it reads its configuration first and looks up what
 * providers there are, which is most of the time that checking a small program takes. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

uint64_t hash_bytes(const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    uint64_t hash = 0xcbf29ce484222325ULL;

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ at[i]) * 0x100000001b3ULL;
    return hash_mix(hash);
}

uint64_t hash_string(const char *text)
{
    return hash_bytes(text, strlen(text));
}

Digest128 digest128_bytes(const void *bytes, size_t size, uint64_t seed)
{
    const uint8_t *at = bytes;
    uint64_t low = seed ^ 0x9e3779b97f4a7c15ULL;
    uint64_t high = seed + 0xd1b54a32d192ed03ULL;

    for (; size >= 8; at += 8, size -= 8) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        low = hash_mix(low ^ word);
        high = hash_mix(high + word * 0x9fb21c651e98df25ULL);
    }
    uint64_t tail = size;
    for (size_t i = 0; i < size; i++)
        tail = tail << 8 | at[i];
    low = hash_mix(low ^ tail);
    high = hash_mix(high + tail * 0x9fb21c651e98df25ULL);
    return (Digest128)high << 64 | low;
}

/* Reflected polynomial 0x1EDC6F41, a byte at a time from a table made on first use. */
static uint32_t crc32c_portable(uint32_t crc, const uint8_t *at, size_t size)
{
    static uint32_t table[256];

    if (table[1] == 0)
        for (uint32_t i = 0; i < 256; i++) {
            uint32_t value = i;
            for (int bit = 0; bit < 8; bit++)
                value = value & 1 ? value >> 1 ^ 0x82f63b78U : value >> 1;
            table[i] = value;
        }
    for (size_t i = 0; i < size; i++)
        crc = crc >> 8 ^ table[(crc ^ at[i]) & 0xff];
    return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc32c_hardware(uint32_t crc, const uint8_t *at,
                                                                  size_t size)
{
    uint64_t wide = crc;

    for (; size >= 8; at += 8, size -= 8) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        wide = _mm_crc32_u64(wide, word);
    }
    crc = (uint32_t)wide;
    for (; size > 0; at++, size--)
        crc = _mm_crc32_u8(crc, *at);
    return crc;
}
#endif

uint32_t crc32c(uint32_t crc, const void *bytes, size_t size)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2"))
        return ~crc32c_hardware(~crc, bytes, size);
#endif
    return ~crc32c_portable(~crc, bytes, size);
}

void sha256(const void *bytes, size_t size, uint8_t ret[SHA256_SIZE])
{
    SHA256_CTX context;

    if (SHA256_Init(&context) != 1 || SHA256_Update(&context, bytes, size) != 1 ||
        SHA256_Final(ret, &context) != 1)
        abort(); /* a digest that is none would be taken for one; memory cannot be the reason */
}

void hex_encode(const uint8_t *bytes, size_t size, char *ret)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < size; i++) {
        ret[2 * i] = digits[bytes[i] >> 4];
        ret[2 * i + 1] = digits[bytes[i] & 15];
    }
    ret[2 * size] = '\0';
}
