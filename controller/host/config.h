/* What is said outside the program: which plugin each provider name means, and what its actions
 * mean there. Read from a binding file (kind: Bindings); a name nobody bound is `local`. */
#ifndef VED_HOST_CONFIG_H
#define VED_HOST_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/host/key_source.h"
#include "lang/base/error.h"
#include "lang/base/json.h"
#include "lang/program.h"

#define CONFIG_RESYNC_MS 30000
#define CONFIG_SIZE_MAX ((size_t)4 << 20)

typedef struct ActionConfig {
    char *effect;   /* as in the program */
    char *action;   /* the provider's; the same unless the file says another */
    Json *defaults; /* an object */
    bool protect;   /* nothing may destroy what it makes */
} ActionConfig;

typedef struct ProviderConfig {
    char *name;
    char *plugin;
    Json *config; /* an object or NULL */
    char *tls_ca, *tls_cert, *tls_key, *token_file;
    int concurrency;
    double rate_per_s;
    int64_t timeout_ms;
    int64_t resync_ms; /* how often its facts are observed again; CONFIG_RESYNC_MS */
    bool allow_short_ttl;
    bool is_written; /* in the file or by --provider, not by default */
    ActionConfig *actions;
    size_t action_count;
} ProviderConfig;

typedef struct Config {
    char *path;  /* of the file; NULL: none */
    char *text;  /* what was in it, likewise */
    char *stack; /* NULL: not said */
    KeySources keys;
    ProviderConfig *providers;
    size_t provider_count;
} Config;

/* Read a binding file. ERROR_PROGRAM with file, place, expected and found when it is not one. */
int config_load(const char *path, Config **ret, Error *err);

/* What the file said then, read once more: without what was added since. */
int config_again(const Config *config, Config **ret, Error *err);

/* No file. */
Config *config_new(void);
void config_free(Config *config);
CLEANUP_DEFINE(Config *, config_free);

/* `--provider NAME=PLUGIN`: binds the name, keeping what the file says of its actions. */
void config_bind(Config *config, const char *name, const char *plugin);

/* Add what the program's environments say of their providers, each named "Environment.Provider",
 * and the default for every provider name of the program that is not bound. ERROR_PROGRAM: an
 * environment says what no binding may. */
int config_complete(Config *config, const Program *program, Error *err);

/* What a provider's name means in a domain: its environment's provider of that name, else the one
 * that is bound for all. NULL: not bound. */
ProviderConfig *config_provider_in(const Config *config, const Program *program, uint32_t domain,
                                   const char *name);

/* Whether it is what its name means in that domain. */
bool config_is_visible(const Config *config, const Program *program, uint32_t domain,
                       const ProviderConfig *provider);

/* Whether the effects or facts of the program may need that provider. */
bool config_is_used(const Config *config, const Program *program, const ProviderConfig *provider);

ProviderConfig *config_provider(const Config *config, const char *name); /* NULL: not bound */
const ActionConfig *config_action(const ProviderConfig *provider, const char *effect);

#endif
