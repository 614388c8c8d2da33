/* Known answers: RFC 3720 B.4 for CRC-32C, FIPS 180-2 for SHA-256. */
#include <criterion/criterion.h>
#include <string.h>

#include "lang/base/hash.h"

static const char *sha256_hex(const char *text, size_t size)
{
    static char hex[2 * SHA256_SIZE + 1];
    uint8_t digest[SHA256_SIZE];

    sha256(text, size, digest);
    hex_encode(digest, sizeof digest, hex);
    return hex;
}

Test(hash, crc32c_gives_the_known_answers)
{
    uint8_t bytes[32];

    cr_assert_eq(crc32c(0, "123456789", 9), 0xe3069283u);
    memset(bytes, 0, sizeof bytes);
    cr_assert_eq(crc32c(0, bytes, sizeof bytes), 0x8a9136aau);
    memset(bytes, 0xff, sizeof bytes);
    cr_assert_eq(crc32c(0, bytes, sizeof bytes), 0x62a8ab43u);
    for (uint8_t i = 0; i < sizeof bytes; i++)
        bytes[i] = i;
    cr_assert_eq(crc32c(0, bytes, sizeof bytes), 0x46dd794eu);
    cr_assert_eq(crc32c(0, "", 0), 0);
}

Test(hash, crc32c_goes_on_from_any_place)
{
    const char *text = "the quick brown fox jumps over the lazy dog";
    size_t size = strlen(text);
    uint32_t whole = crc32c(0, text, size);

    for (size_t cut = 0; cut <= size; cut++)
        cr_assert_eq(crc32c(crc32c(0, text, cut), text + cut, size - cut), whole);
}

Test(hash, sha256_gives_the_known_answers)
{
    cr_assert_str_eq(sha256_hex("", 0),
                     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    cr_assert_str_eq(sha256_hex("abc", 3),
                     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    cr_assert_str_eq(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56),
                     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

Test(hash, equal_text_has_equal_hashes_and_one_bit_changes_them)
{
    cr_assert_eq(hash_string("abc"), hash_bytes("abcd", 3));
    cr_assert_neq(hash_string("abc"), hash_string("abb"));
    cr_assert_neq(hash_mix(1), hash_mix(2));
    cr_assert(digest128_bytes("12345678a", 9, 1) != digest128_bytes("12345678b", 9, 1));
    cr_assert(digest128_bytes("12345678a", 9, 1) != digest128_bytes("12345678a", 9, 2));
    cr_assert(digest128_bytes("a", 1, 0) != digest128_bytes("a\0", 2, 0));
}

Test(hash, hexadecimal_is_lower_case_and_ends_in_nul)
{
    char hex[7];

    hex_encode((const uint8_t[]){0x00, 0xab, 0xf0}, 3, hex);
    cr_assert_str_eq(hex, "00abf0");
}
