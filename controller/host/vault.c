/* A sealed value, in its place in the text:
 *
 *      {"$sealed":"1:KEY:RUN:COUNT:BYTES"}
 *
 * KEY names the key, RUN is what the vault drew by chance, COUNT the number of the value in it,
 * BYTES base64 of the ciphertext and its tag. What is encrypted is the whole object as it stood. */
#include "controller/host/vault.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "controller/host/cursor.h"
#include "controller/host/tagged_text.h"
#include "lang/base/file.h"
#include "lang/base/hash.h"
#include "lang/base/memory.h"

#define FORM "1:"
#define NAME_DIGITS 8
#define RUN_SIZE 16
#define RUN_DIGITS (2 * RUN_SIZE)
#define NONCE_SIZE 12
#define TAG_SIZE 16
#define KEY_FILE_MAX 65536
#define OF_ITS_OWN "the folder's own"

typedef struct VaultKey {
    uint8_t bytes[SECRETS_KEY_SIZE];
    char name[NAME_DIGITS + 1];
    bool is_own; /* of the folder's key file */
} VaultKey;

/* The key that one vault sealed with. */
typedef struct RunKey {
    const VaultKey *of; /* NULL: none yet */
    char run[RUN_DIGITS + 1];
    uint8_t bytes[SECRETS_KEY_SIZE];
} RunKey;

struct Vault {
    char *path; /* of the folder's key file */
    KeySources sources;
    bool is_loaded;
    VaultKey **keys; /* the one to seal with first, if `has_current` */
    size_t key_count;
    bool has_current;
    bool is_parted; /* the vault of a copy of the process */
    RunKey sealing; /* of our own */
    uint64_t sealed_count;
    RunKey opening; /* the last one that was needed */
};

Vault *vault_new(const char *folder, const KeySources *sources)
{
    Vault *vault = memory_zero(1, sizeof *vault);

    vault->path = memory_format("%s/" VAULT_KEY_FILE, folder);
    if (sources != NULL)
        key_sources_copy(sources, &vault->sources);
    return vault;
}

void vault_free(Vault *vault)
{
    if (vault == NULL)
        return;
    for (size_t i = 0; i < vault->key_count; i++) {
        explicit_bzero(vault->keys[i], sizeof *vault->keys[i]);
        free(vault->keys[i]);
    }
    explicit_bzero(&vault->sealing, sizeof vault->sealing);
    explicit_bzero(&vault->opening, sizeof vault->opening);
    key_sources_deinit(&vault->sources);
    free(vault->keys);
    free(vault->path);
    free(vault);
}

const char *vault_key_name(const Vault *vault)
{
    return vault->has_current ? vault->keys[0]->name : "";
}

const char *vault_key_origin(const Vault *vault)
{
    const KeySource *source = &vault->sources.current;

    return source->file != NULL      ? source->file
           : source->env != NULL     ? source->env
           : source->command != NULL ? "a command"
                                     : OF_ITS_OWN;
}

/* ---- keys ---- */

static void key_add(Vault *vault, const uint8_t bytes[SECRETS_KEY_SIZE], bool is_own, bool first)
{
    uint8_t named[SECRETS_KEY_SIZE + 1] = {'k'}, digest[SHA256_SIZE];
    char digits[2 * SHA256_SIZE + 1];
    VaultKey *key = memory_zero(1, sizeof *key);

    memcpy(key->bytes, bytes, SECRETS_KEY_SIZE);
    memcpy(named + 1, bytes, SECRETS_KEY_SIZE);
    sha256(named, sizeof named, digest);
    hex_encode(digest, sizeof digest, digits);
    memcpy(key->name, digits, NAME_DIGITS);
    key->is_own = is_own;
    vault->keys = memory_grow(vault->keys, vault->key_count + 1, sizeof(VaultKey *));
    if (first)
        memmove(vault->keys + 1, vault->keys, vault->key_count * sizeof(VaultKey *));
    vault->keys[first ? 0 : vault->key_count] = key;
    vault->key_count++;
    explicit_bzero(named, sizeof named);
}

/* The folder's own: a key a line, the one to seal with first. */
static int own_keys_read(Vault *vault, Error *err)
{
    cleanup(buffer_deinit) Buffer text = {0};
    uint8_t key[SECRETS_KEY_SIZE];
    char *rest = NULL;

    if (!file_exists(vault->path))
        return 0;
    int code = file_read(vault->path, KEY_FILE_MAX, &text, err);
    for (char *line = code == 0 ? strtok_r(text.bytes, "\n", &rest) : NULL;
         code == 0 && line != NULL; line = strtok_r(NULL, "\n", &rest))
        if ((code = key_parse(line, vault->path, key, err)) == 0)
            key_add(vault, key, true, false);
    if (text.bytes != NULL)
        explicit_bzero(text.bytes, text.size);
    return code;
}

static int named_key_read(Vault *vault, const KeySource *source, Error *err)
{
    uint8_t key[SECRETS_KEY_SIZE];
    int code = key_source_read(source, key, err);

    if (code == 0)
        key_add(vault, key, false, false);
    explicit_bzero(key, sizeof key);
    return code;
}

int vault_load(Vault *vault, Error *err)
{
    bool is_named = key_source_is_set(&vault->sources.current);
    int code = 0;

    if (vault->is_loaded)
        return 0;
    if (is_named)
        code = named_key_read(vault, &vault->sources.current, err);
    if (code == 0)
        code = own_keys_read(vault, err);
    vault->has_current = code == 0 && vault->key_count > 0;
    for (size_t i = 0; code == 0 && i < vault->sources.former_count; i++)
        code = named_key_read(vault, &vault->sources.former[i], err);
    if (code < 0)
        return err != NULL ? err->code = ERROR_STATE : ERROR_STATE;
    vault->is_loaded = true;
    return 0;
}

/* Write the folder's own keys, those but the first only with `all`; none left: no file either. */
static int own_keys_write(const Vault *vault, bool all, Error *err)
{
    cleanup(buffer_deinit) Buffer text = {0};
    char digits[2 * SECRETS_KEY_SIZE + 1];

    for (size_t i = 0; i < vault->key_count; i++) {
        if (!vault->keys[i]->is_own || (i > 0 && !all))
            continue;
        hex_encode(vault->keys[i]->bytes, SECRETS_KEY_SIZE, digits);
        buffer_add_format(&text, "%s\n", digits);
    }
    explicit_bzero(digits, sizeof digits);
    if (text.size == 0) {
        if (unlink(vault->path) < 0 && errno != ENOENT)
            return error_errno(err, errno, "remove '%s'", vault->path);
        return 0;
    }
    int code = file_replace(vault->path, text.bytes, text.size, 0600, err);
    explicit_bzero(text.bytes, text.size);
    return code < 0 ? error_wrap(err, "keep the key of secrets") : 0;
}

static int random_take(void *bytes, size_t size, Error *err)
{
    if (getrandom(bytes, size, 0) != (ssize_t)size)
        return error_errno(err, errno, "get random bytes for secrets");
    return 0;
}

/* A key of the folder's own, durable before anything is sealed with it. */
static int own_key_make(Vault *vault, Error *err)
{
    uint8_t key[SECRETS_KEY_SIZE];
    int code = random_take(key, sizeof key, err);

    if (code < 0)
        return code;
    key_add(vault, key, true, true);
    explicit_bzero(key, sizeof key);
    vault->has_current = true;
    return own_keys_write(vault, true, err);
}

int vault_rotate(Vault *vault, Error *err)
{
    int code = vault_load(vault, err);

    vault->sealing.of = NULL;
    if (code < 0 || key_source_is_set(&vault->sources.current))
        return code;
    return own_key_make(vault, err);
}

void vault_part(Vault *vault)
{
    vault->sealing.of = NULL; /* the next seals in a run of its own */
    vault->is_parted = true;
}

int vault_settle(Vault *vault, Error *err)
{
    return own_keys_write(vault, false, err);
}

/* ---- one value ---- */

static void run_key_make(const VaultKey *of, const char *run, RunKey *ret)
{
    static const char label[] = "ved secrets 1 ";
    char text[sizeof label + RUN_DIGITS];
    unsigned size = 0;

    if (ret->of == of && strcmp(ret->run, run) == 0)
        return;
    int length = snprintf(text, sizeof text, "%s%s", label, run);
    ret->of = of;
    memcpy(ret->run, run, RUN_DIGITS + 1);
    HMAC(EVP_sha256(), of->bytes, SECRETS_KEY_SIZE, (const uint8_t *)text, (size_t)length,
         ret->bytes, &size);
}

/* What a value belongs to: authenticated with it, and not in it. */
static void place_text(const VaultPlace *place, const char *path, Buffer *ret)
{
    buffer_add_format(ret, "%s\n%s\n%llu\n%s%s", place->lineage, place->file,
                      (unsigned long long)place->position,
                      place->within != NULL ? place->within : "", path);
}

static void nonce_make(uint64_t count, uint8_t ret[NONCE_SIZE])
{
    memset(ret, 0, NONCE_SIZE);
    for (int i = 0; i < 8; i++)
        ret[NONCE_SIZE - 1 - i] = (uint8_t)(count >> (8 * i));
}

typedef struct Sealing {
    Vault *vault;
    const VaultPlace *place;
} Sealing;

/* Append ciphertext and tag, in base64. */
static bool encrypt(const RunKey *key, uint64_t count, const Buffer *place,
                    const TaggedValue *value, Buffer *ret)
{
    cleanup(free) uint8_t *bytes = memory_alloc(value->object_size + TAG_SIZE);
    cleanup(free) char *text = memory_alloc((value->object_size + TAG_SIZE) / 3 * 4 + 8);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    uint8_t nonce[NONCE_SIZE];
    int size = 0, rest = 0;

    nonce_make(count, nonce);
    bool done = EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, key->bytes, nonce) == 1 &&
                EVP_EncryptUpdate(context, NULL, &rest, (const uint8_t *)place->bytes,
                                  (int)place->size) == 1 &&
                EVP_EncryptUpdate(context, bytes, &size, (const uint8_t *)value->object,
                                  (int)value->object_size) == 1 &&
                EVP_EncryptFinal_ex(context, bytes + size, &rest) == 1 &&
                EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, TAG_SIZE, bytes + size) == 1;
    EVP_CIPHER_CTX_free(context);
    if (done)
        buffer_add(ret, text, (size_t)EVP_EncodeBlock((uint8_t *)text, bytes, size + TAG_SIZE));
    return done;
}

static int run_begin(Vault *vault, Error *err)
{
    uint8_t random[RUN_SIZE];
    char run[RUN_DIGITS + 1];

    if (!vault->has_current) {
        int code =
            vault->is_parted
                ? error_set(err, ERROR_STATE, "there is no key of secrets yet in '%s'", vault->path)
                : own_key_make(vault, err);
        if (code < 0)
            return code;
    }
    if (vault->sealing.of == vault->keys[0])
        return 0;
    int code = random_take(random, sizeof random, err);
    if (code < 0)
        return code;
    hex_encode(random, sizeof random, run);
    run_key_make(vault->keys[0], run, &vault->sealing);
    vault->sealed_count = 0;
    return 0;
}

static int seal_value(void *user, const TaggedValue *value, Buffer *ret, Error *err)
{
    const Sealing *sealing = user;
    Vault *vault = sealing->vault;
    cleanup(buffer_deinit) Buffer place = {0};

    place_text(sealing->place, value->path, &place);
    uint64_t count = ++vault->sealed_count;
    buffer_add_format(ret, "{\"$sealed\":\"" FORM "%s:%s:%llu:", vault->sealing.of->name,
                      vault->sealing.run, (unsigned long long)count);
    if (value->object_size > INT32_MAX / 2 || !encrypt(&vault->sealing, count, &place, value, ret))
        return error_set(err, ERROR_INTERNAL, "a secret at %s could not be sealed", value->path);
    buffer_add_string(ret, "\"}");
    return 0;
}

int vault_seal(Vault *vault, const VaultPlace *place, const char *text, size_t size, Buffer *ret,
               Error *err)
{
    Sealing sealing = {vault, place};

    if (!tagged_text_has(text, size, false) && !tagged_text_has(text, size, true))
        return VAULT_NOTHING;
    int code = vault_load(vault, err);
    if (code == 0)
        code = run_begin(vault, err);
    return code < 0 ? code : tagged_text_exchange(text, size, seal_value, &sealing, ret, err);
}

/* ---- opening ---- */

typedef struct SealedText {
    char key[NAME_DIGITS + 1];
    char run[RUN_DIGITS + 1];
    uint64_t count;
    const char *bytes;
    size_t size;
} SealedText;

static bool take_digits(Cursor *cursor, char *ret, size_t count)
{
    if ((size_t)(cursor->end - cursor->at) < count)
        return false;
    memcpy(ret, cursor->at, count);
    ret[count] = '\0';
    cursor->at += count;
    return strspn(ret, "0123456789abcdef") == count && cursor_skip(cursor, ":");
}

/* Base64 has '/', which JSON text may write as "\/"; ours does not. */
static bool sealed_parse(const TaggedValue *value, SealedText *ret)
{
    Cursor cursor = {value->text, value->text + value->text_size};

    if (!cursor_skip(&cursor, FORM) || !take_digits(&cursor, ret->key, NAME_DIGITS) ||
        !take_digits(&cursor, ret->run, RUN_DIGITS) || !cursor_number(&cursor, &ret->count) ||
        !cursor_skip(&cursor, ":"))
        return false;
    ret->bytes = cursor.at;
    ret->size = (size_t)(cursor.end - cursor.at);
    return ret->size >= 4 && ret->size % 4 == 0 && ret->size < INT32_MAX / 2;
}

static const VaultKey *key_find(const Vault *vault, const char *name)
{
    for (size_t i = 0; i < vault->key_count; i++)
        if (strcmp(vault->keys[i]->name, name) == 0)
            return vault->keys[i];
    return NULL;
}

static size_t padding(const SealedText *sealed)
{
    return (size_t)(sealed->bytes[sealed->size - 1] == '=') +
           (size_t)(sealed->bytes[sealed->size - 2] == '=');
}

static bool decrypt(const RunKey *key, const SealedText *sealed, const Buffer *place, Buffer *ret)
{
    cleanup(free) uint8_t *bytes = memory_alloc(sealed->size);
    cleanup(free) uint8_t *clear = memory_alloc(sealed->size);
    uint8_t nonce[NONCE_SIZE];
    int size = EVP_DecodeBlock(bytes, (const uint8_t *)sealed->bytes, (int)sealed->size);
    int written = 0, rest = 0;

    size -= (int)padding(sealed);
    if (size < TAG_SIZE)
        return false;
    nonce_make(sealed->count, nonce);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    bool done = EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), NULL, key->bytes, nonce) == 1 &&
                EVP_DecryptUpdate(context, NULL, &rest, (const uint8_t *)place->bytes,
                                  (int)place->size) == 1 &&
                EVP_DecryptUpdate(context, clear, &written, bytes, size - TAG_SIZE) == 1 &&
                EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, TAG_SIZE,
                                    bytes + size - TAG_SIZE) == 1 &&
                EVP_DecryptFinal_ex(context, clear + written, &rest) == 1;
    EVP_CIPHER_CTX_free(context);
    if (done)
        buffer_add(ret, clear, (size_t)written);
    explicit_bzero(clear, sealed->size);
    return done;
}

static int key_missing(const Vault *vault, const SealedText *sealed, const char *path, Error *err)
{
    return error_set(err, ERROR_STATE,
                     "the secret at %s is sealed with the key %s, which is not at hand: name it in "
                     "ved.yaml as secrets.key or among secrets.former, or put '%s' back",
                     path, sealed->key, vault->path);
}

static int open_value(void *user, const TaggedValue *value, Buffer *ret, Error *err)
{
    const Sealing *sealing = user;
    Vault *vault = sealing->vault;
    cleanup(buffer_deinit) Buffer place = {0};
    SealedText sealed;

    if (!value->is_sealed) {
        buffer_add(ret, value->object, value->object_size);
        return 0;
    }
    place_text(sealing->place, value->path, &place);
    bool is_sealed = sealed_parse(value, &sealed);
    const VaultKey *key = is_sealed ? key_find(vault, sealed.key) : NULL;
    if (is_sealed && key == NULL)
        return key_missing(vault, &sealed, value->path, err);
    if (is_sealed)
        run_key_make(key, sealed.run, &vault->opening);
    if (!is_sealed || !decrypt(&vault->opening, &sealed, &place, ret))
        return error_set(err, ERROR_STATE,
                         "the secret at %s in %s %llu was changed, or sealed for another place: "
                         "nothing is made of it",
                         value->path, sealing->place->file,
                         (unsigned long long)sealing->place->position);
    return 0;
}

int vault_open(Vault *vault, const VaultPlace *place, const char *text, size_t size, Buffer *ret,
               Error *err)
{
    Sealing sealing = {vault, place};

    if (!tagged_text_has(text, size, true))
        return VAULT_NOTHING;
    int code = vault_load(vault, err);
    return code < 0 ? code : tagged_text_exchange(text, size, open_value, &sealing, ret, err);
}
