#include "controller/host/vault.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "controller/host/tagged_text.h"
#include "lang/base/file.h"
#include "lang/base/memory.h"
#include "tests/unit/host/scratch.h"

#define HEX_KEY "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define OTHER_KEY "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static const VaultPlace place = {"0123456789abcdef", "journal", 17, NULL};
static char *scratch;
static Buffer sealed, opened;

static void begin(void)
{
    scratch = scratch_make();
}

static void end(void)
{
    buffer_deinit(&sealed);
    buffer_deinit(&opened);
    scratch_remove(scratch);
}

TestSuite(vault, .init = begin, .fini = end);
TestSuite(tagged_text, .init = begin, .fini = end);

static Vault *vault_of(const char *key)
{
    cleanup(free) char *path = scratch_path(scratch, key[0] == 'f' ? "other" : "key");
    KeySources sources = {.current.file = path};

    scratch_write(path, key, strlen(key));
    return vault_new(scratch, &sources);
}

static int seal(Vault *vault, const char *text)
{
    Error err = {0};

    buffer_reset(&sealed);
    int code = vault_seal(vault, &place, text, strlen(text), &sealed, &err);
    cr_assert_geq(code, 0, "%s", err.message);
    return code;
}

static int open_at(Vault *vault, const VaultPlace *at, Error *err)
{
    buffer_reset(&opened);
    return vault_open(vault, at, sealed.bytes, sealed.size, &opened, err);
}

/* ---- texts ---- */

static int say_path(void *user, const TaggedValue *value, Buffer *ret, Error *err)
{
    (void)user;
    (void)err;
    buffer_add_format(ret, "<%s %s %.*s>", value->is_sealed ? "sealed" : "secret", value->path,
                      (int)value->text_size, value->text);
    return 0;
}

static const char *paths(const char *text)
{
    buffer_reset(&opened);
    cr_assert_eq(tagged_text_exchange(text, strlen(text), say_path, NULL, &opened, NULL), 0);
    return buffer_text(&opened);
}

Test(tagged_text, each_value_is_exchanged_where_it_stands)
{
    cr_assert_str_eq(paths("{\"a\":{\"$secret\":\"x\"},\"b\":[1,{\"c\":{\"$sealed\":\"y\"}}]}"),
                     "{\"a\":<secret /a x>,\"b\":[1,{\"c\":<sealed /b/1/c y>}]}");
    cr_assert_str_eq(paths("{ \"a\" : {\n  \"$secret\" : \"x\\\"}\"\n } }"),
                     "{ \"a\" : <secret /a x\\\"}> }");
    cr_assert_str_eq(paths("[[{\"$secret\":\"\"},2],{\"k,\":\"v\",\"l\":{\"$secret\":\"z\"}}]"),
                     "[[<secret /0/0 >,2],{\"k,\":\"v\",\"l\":<secret /1/l z>}]");
}

Test(tagged_text, what_only_looks_like_one_stays)
{
    static const char *const texts[] = {
        "{\"a\":\"{\\\"$secret\\\":\\\"x\\\"}\"}",
        "{\"$secret\":1}",
        "{\"$secret\":\"x\",\"b\":1}",
        "[\"$secret\",\"$sealed\"]",
        "{\"$secret\":\"x\"",
        "{\"$secret\":\"x",
        "\"$sealed\"",
        "",
    };

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        cr_assert_str_eq(paths(texts[i]), texts[i]);
}

/* ---- sealing ---- */

#define TEXT "{\"a\":{\"$secret\":\"canary\"},\"b\":[{\"$secret\":\"canary\"}],\"c\":\"clear\"}"

Test(vault, what_is_sealed_opens_where_it_was)
{
    cleanup(vault_free) Vault *vault = vault_of(HEX_KEY);
    cleanup(vault_free) Vault *later = vault_of(HEX_KEY);

    cr_assert_eq(seal(vault, TEXT), 0);
    cr_assert_null(strstr(sealed.bytes, "canary"));
    cr_assert_not_null(strstr(sealed.bytes, "\"c\":\"clear\""));
    cr_assert_eq(open_at(later, &place, NULL), 0);
    cr_assert_str_eq(opened.bytes, TEXT);
}

Test(vault, text_without_secrets_is_left_alone)
{
    cleanup(vault_free) Vault *vault = vault_new(scratch, NULL);
    cleanup(free) char *key = scratch_path(scratch, VAULT_KEY_FILE);

    cr_assert_eq(seal(vault, "{\"a\":1}"), VAULT_NOTHING);
    cr_assert_eq(sealed.size, 0);
    cr_assert_not(file_exists(key));
}

Test(vault, no_other_place_is_the_same)
{
    cleanup(vault_free) Vault *vault = vault_of(HEX_KEY);
    const VaultPlace others[] = {{"0123456789abcdee", "journal", 17, NULL},
                                 {"0123456789abcdef", "checkpoint", 17, NULL},
                                 {"0123456789abcdef", "journal", 18, NULL}};

    cr_assert_eq(seal(vault, TEXT), 0);
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        cr_assert_eq(open_at(vault, &others[i], NULL), ERROR_STATE);
    char *a = strstr(sealed.bytes, "{\"$sealed\""), *b = strstr(a + 1, "{\"$sealed\"");
    size_t size = strcspn(a, "}");
    cr_assert_eq(size, strcspn(b, "}"));
    cleanup(free) char *first = memory_copy_bytes(a, size);
    memcpy(a, b, size);
    memcpy(b, first, size);
    Error err = {0};
    cr_assert_eq(open_at(vault, &place, &err), ERROR_STATE);
    cr_assert_not_null(strstr(err.message, "/a in journal 17"), "%s", err.message);
}

Test(vault, a_changed_byte_of_it_is_noticed)
{
    cleanup(vault_free) Vault *vault = vault_of(HEX_KEY);

    cr_assert_eq(seal(vault, "{\"a\":{\"$secret\":\"canary\"}}"), 0);
    size_t from = strlen("{\"a\":{\"$sealed\":\""), to = sealed.size - strlen("\"}}");
    for (size_t at = from; at < to; at++) {
        char was = sealed.bytes[at];
        sealed.bytes[at] = was == 'A' ? 'B' : was == '0' ? '1' : '0';
        cr_assert_eq(open_at(vault, &place, NULL), ERROR_STATE, "byte %zu", at);
        sealed.bytes[at] = was;
    }
    cr_assert_eq(open_at(vault, &place, NULL), 0);
}

/* RUN:COUNT of the first value. */
static void nonce_of(char ret[64])
{
    const char *run = strstr(sealed.bytes, "\":\"1:") + strlen("\":\"1:") + 9;

    snprintf(ret, 64, "%.*s", (int)(strcspn(run, ":") + 1 + strcspn(strchr(run, ':') + 1, ":")),
             run);
}

Test(vault, no_nonce_is_used_twice)
{
    enum { VAULTS = 20, VALUES = 20 };
    char seen[VAULTS * VALUES][64];
    size_t count = 0;

    for (int v = 0; v < VAULTS; v++) {
        cleanup(vault_free) Vault *vault = vault_of(HEX_KEY);
        for (int i = 0; i < VALUES; i++) {
            cr_assert_eq(seal(vault, "{\"$secret\":\"canary\"}"), 0);
            nonce_of(seen[count]);
            for (size_t k = 0; k < count; k++)
                cr_assert_str_neq(seen[k], seen[count]);
            count++;
        }
    }
}

Test(vault, what_a_provider_calls_sealed_comes_back_as_it_was)
{
    const char *text = "{\"a\":{\"$sealed\":\"1:nonsense\"}}";
    cleanup(vault_free) Vault *vault = vault_of(HEX_KEY);

    cr_assert_eq(seal(vault, text), 0);
    cr_assert_null(strstr(sealed.bytes, "nonsense"));
    cr_assert_eq(open_at(vault, &place, NULL), 0);
    cr_assert_str_eq(opened.bytes, text);
}

/* ---- keys ---- */

Test(vault, another_key_opens_nothing_and_the_right_one_is_named)
{
    cleanup(vault_free) Vault *vault = vault_of(HEX_KEY), *other = vault_of(OTHER_KEY);
    Error err = {0};

    cr_assert_eq(seal(vault, TEXT), 0);
    cr_assert_eq(open_at(other, &place, &err), ERROR_STATE);
    cr_assert_not_null(strstr(err.message, vault_key_name(vault)), "%s", err.message);
    cr_assert_not_null(strstr(err.message, "secrets.former"));
}

Test(vault, without_a_named_key_the_folder_has_one_for_its_owner_alone)
{
    cleanup(vault_free) Vault *vault = vault_new(scratch, NULL), *later = vault_new(scratch, NULL);
    cleanup(free) char *key = scratch_path(scratch, VAULT_KEY_FILE);
    struct stat info;

    cr_assert_eq(seal(vault, TEXT), 0);
    cr_assert_eq(stat(key, &info), 0);
    cr_assert_eq(info.st_mode & 0777, 0600);
    cr_assert_eq(open_at(later, &place, NULL), 0);
    cr_assert_str_eq(opened.bytes, TEXT);
}

Test(vault, rotated_it_opens_both_and_settled_only_the_new_one)
{
    cleanup(vault_free) Vault *vault = vault_new(scratch, NULL);

    cr_assert_eq(seal(vault, TEXT), 0);
    cleanup(free) char *before = memory_copy_string(buffer_text(&sealed));
    cr_assert_eq(vault_rotate(vault, NULL), 0);
    cr_assert_eq(open_at(vault, &place, NULL), 0);
    cr_assert_eq(seal(vault, TEXT), 0);
    cr_assert_eq(vault_settle(vault, NULL), 0);
    cleanup(vault_free) Vault *later = vault_new(scratch, NULL);
    cr_assert_eq(open_at(later, &place, NULL), 0);
    buffer_reset(&sealed);
    buffer_add_string(&sealed, before);
    cr_assert_eq(open_at(later, &place, NULL), ERROR_STATE);
}

static int read_key(KeySource source, Error *err)
{
    uint8_t key[SECRETS_KEY_SIZE] = {0};
    int code = key_source_read(&source, key, err);

    if (code == 0)
        for (int i = 0; i < SECRETS_KEY_SIZE; i++)
            cr_assert_eq(key[i], i);
    return code;
}

Test(vault, a_key_comes_from_a_file_a_variable_or_a_command)
{
    cleanup(free) char *path = scratch_path(scratch, "key");
    const char *base64 = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n";

    scratch_write(path, base64, strlen(base64));
    cr_assert_eq(read_key((KeySource){.file = path}, NULL), 0);
    cr_assert_eq(setenv("VED_TEST_KEY", " " HEX_KEY "\n", 1), 0);
    cr_assert_eq(read_key((KeySource){.env = "VED_TEST_KEY"}, NULL), 0);
    cr_assert_eq(read_key((KeySource){.command = "echo " HEX_KEY}, NULL), 0);
}

Test(vault, what_is_no_key_is_refused_without_being_said)
{
    Error err = {0};

    cr_assert_eq(setenv("VED_TEST_KEY", "canary", 1), 0);
    cr_assert_eq(read_key((KeySource){.env = "VED_TEST_KEY"}, &err), ERROR_STATE);
    cr_assert_null(strstr(err.message, "canary"));
    cr_assert_lt(read_key((KeySource){.env = "VED_TEST_NO_KEY"}, &err), 0);
    cr_assert_lt(read_key((KeySource){.command = "echo canary; exit 3"}, &err), 0);
    cr_assert_not_null(strstr(err.message, "code 3"), "%s", err.message);
    cr_assert_lt(read_key((KeySource){.command = "yes canary"}, &err), 0);
    cr_assert_null(strstr(err.message, "canary"));
    cr_assert_lt(read_key((KeySource){.file = "/nowhere"}, &err), 0);
}

/* KEY:RUN: of the sealed value. */
static char *sealed_run(void)
{
    const char *form = strstr(buffer_text(&sealed), "\"1:");

    return memory_copy_bytes(form + 3, 8 + 1 + 32);
}

Test(vault, copy_of_a_process_seals_in_a_run_of_its_own)
{
    cleanup(vault_free) Vault *vault = vault_of(HEX_KEY);
    Error err = {0};

    seal(vault, "{\"$secret\":\"a\"}");
    cleanup(free) char *first = sealed_run();
    vault_part(vault);
    seal(vault, "{\"$secret\":\"a\"}");
    cleanup(free) char *second = sealed_run();
    cr_assert_str_neq(first, second);
    cr_assert_eq(open_at(vault, &place, &err), 0, "%s", err.message);
}

Test(vault, copy_of_a_process_makes_no_key)
{
    cleanup(vault_free) Vault *vault = vault_new(scratch, NULL);
    static const char text[] = "{\"$secret\":\"a\"}";
    Error err = {0};

    vault_part(vault);
    cr_assert_eq(vault_seal(vault, &place, text, sizeof text - 1, &sealed, &err), ERROR_STATE);
    cleanup(free) char *path = scratch_path(scratch, VAULT_KEY_FILE);
    cr_assert_not(file_exists(path));
}
