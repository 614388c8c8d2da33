/* The hashes of the project: fast ones for tables and configurations, CRC-32C for records on disk,
 * SHA-256 for identities. All are functions of their input alone, equal on every machine. */
#ifndef VED_BASE_HASH_H
#define VED_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* 64-bit FNV-1a with a final mix (MurmurHash3's). Not against an adversary. */
uint64_t hash_bytes(const void *bytes, size_t size);
uint64_t hash_string(const char *text);

/* MurmurHash3's 64-bit finaliser: spreads every input bit over all output bits. */
static inline uint64_t hash_mix(uint64_t value)
{
    value ^= value >> 33;
    value *= 0xff51afd7ed558ccdULL;
    value ^= value >> 33;
    value *= 0xc4ceb9fe1a85ec53ULL;
    value ^= value >> 33;
    return value;
}

/* 128-bit values that are added, so that a part can change without hashing the whole again. */
typedef unsigned __int128 Digest128;
Digest128 digest128_bytes(const void *bytes, size_t size, uint64_t seed);

/* CRC-32C (Castagnoli, RFC 3720 appendix B.4), continuing from `crc` (0 to begin). */
uint32_t crc32c(uint32_t crc, const void *bytes, size_t size);

#define SHA256_SIZE 32
void sha256(const void *bytes, size_t size, uint8_t ret[SHA256_SIZE]);

/* Lower-case hexadecimal with a terminating NUL: `ret` holds 2 * size + 1. */
void hex_encode(const uint8_t *bytes, size_t size, char *ret);

#endif
