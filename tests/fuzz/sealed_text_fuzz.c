/* Any bytes: exchanged for themselves, tagged values leave the text as it is; what is JSON is
 * sealed to JSON without a secret in it, and opened it is what it was. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "controller/host/tagged_text.h"
#include "controller/host/vault.h"
#include "lang/base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int keep(void *user, const TaggedValue *value, Buffer *ret, Error *err)
{
    (void)user;
    (void)err;
    buffer_add(ret, value->object, value->object_size);
    return 0;
}

static bool is_same(const Buffer *found, const char *text, size_t size)
{
    return found->size == size && (size == 0 || memcmp(found->bytes, text, size) == 0);
}

static Vault *vault_make(void)
{
    static char name[] = "VED_FUZZ_KEY";
    static const KeySources sources = {.current.env = name};

    setenv(name, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", 1);
    return vault_new("/nowhere", &sources);
}

static void must_open(const char *text, size_t size)
{
    const VaultPlace place = {"lineage", "journal", 1, NULL};
    cleanup(vault_free) Vault *vault = vault_make();
    cleanup(buffer_deinit) Buffer sealed = {0}, opened = {0};
    cleanup(json_free) Json *json = NULL;

    if (vault_seal(vault, &place, text, size, &sealed, NULL) == VAULT_NOTHING)
        return;
    if (json_parse(buffer_text(&sealed), sealed.size, &json, NULL) < 0)
        abort();
    int code = vault_open(vault, &place, buffer_text(&sealed), sealed.size, &opened, NULL);
    if (code == VAULT_NOTHING ? !is_same(&sealed, text, size)
                              : code < 0 || !is_same(&opened, text, size))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    cleanup(buffer_deinit) Buffer copy = {0};
    cleanup(json_free) Json *json = NULL;

    if (tagged_text_exchange(text, size, keep, NULL, &copy, NULL) != 0 ||
        !is_same(&copy, text, size))
        abort();
    if (json_parse(text, size, &json, NULL) == 0)
        must_open(text, size);
    return 0;
}
