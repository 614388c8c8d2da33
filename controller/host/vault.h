/* Secrets at rest: every secret in a state folder's journal and checkpoints is sealed, AES-256-GCM,
 * with a key from elsewhere or, where none was named, one that the folder keeps in `secrets.key`.
 *
 * A value is sealed for its place – state, file, number, path – and opens in no other. Each vault
 * draws 128 bits by chance, derives from them and the key a key of its own, and counts what it
 * seals with it: no nonce is ever used twice with one key. The form is in docs/journal.md. */
#ifndef VED_HOST_VAULT_H
#define VED_HOST_VAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/host/key_source.h"
#include "lang/base/buffer.h"
#include "lang/base/error.h"

/* There is nothing to seal, or to open, in the text; nothing was appended. */
#define VAULT_NOTHING 1

#define VAULT_KEY_FILE "secrets.key"

typedef struct Vault Vault;

typedef struct VaultPlace {
    const char *lineage;
    const char *file;   /* "journal", "checkpoint" */
    uint64_t position;  /* the record's, or the checkpoint's */
    const char *within; /* path of the text that is given in the whole; NULL: it is the whole */
} VaultPlace;

/* Keys are read when they are first needed. `sources` (copied) may be NULL. Never fails. */
Vault *vault_new(const char *folder, const KeySources *sources);
void vault_free(Vault *vault);
CLEANUP_DEFINE(Vault *, vault_free);

/* Read the keys now; for those who are going to write. 0 or ERROR_STATE. */
int vault_load(Vault *vault, Error *err);

/* This process is a copy of one that goes on sealing with the same vault: no nonce may be used by
 * both, and no key be made here. */
void vault_part(Vault *vault);

/* Append the JSON text with its secrets sealed; without any key, one is made and kept. 0,
 * VAULT_NOTHING, or a failure. */
int vault_seal(Vault *vault, const VaultPlace *place, const char *text, size_t size, Buffer *ret,
               Error *err);

/* The way back; secrets that were never sealed stay as they are. ERROR_STATE: the key is not at
 * hand, or something was changed or moved. */
int vault_open(Vault *vault, const VaultPlace *place, const char *text, size_t size, Buffer *ret,
               Error *err);

/* From now on seal with another key: the one that is named, or a new one of the folder's own. What
 * was sealed before still opens. */
int vault_rotate(Vault *vault, Error *err);

/* All is sealed with the present key: forget the others that the folder keeps. */
int vault_settle(Vault *vault, Error *err);

/* 8 hexadecimal digits that name the key that is sealed with; "" before vault_load(), and where
 * there is none yet. */
const char *vault_key_name(const Vault *vault);

/* Where that key comes from, for people. */
const char *vault_key_origin(const Vault *vault);

#endif
