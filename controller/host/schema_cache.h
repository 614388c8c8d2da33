/* Schemas that providers gave, kept in the state folder so that programs can be checked while no
 * provider runs: STATE/schemas/PLUGIN-KEY.json, one for each plugin and config.
 *
 * Only a copy of what can be asked again: a file that cannot be read or believed is as good as
 * none. */
#ifndef VED_HOST_SCHEMA_CACHE_H
#define VED_HOST_SCHEMA_CACHE_H

#include "controller/host/config.h"
#include "controller/host/provider_schema.h"

/* There is no file of it. */
#define SCHEMA_CACHE_NONE 1
/* It is there, but the plugin's program has changed since. */
#define SCHEMA_CACHE_OLD 2

/* Whose schema. */
typedef struct SchemaCacheKey {
    const char *state_path;         /* of the stack */
    const ProviderConfig *provider; /* its plugin and config count */
    const char *program;            /* of the plugin; NULL: it is a URL */
} SchemaCacheKey;

/* Keep a schema and the plugin's version of it, atomically and only if it differs from what is
 * there. */
int schema_cache_write(const SchemaCacheKey *key, const char *vendor_version,
                       const ProviderSchema *schema, Error *err);

/* The schema that was kept, freed by the caller: 0; SCHEMA_CACHE_OLD, also with a schema;
 * SCHEMA_CACHE_NONE; or a negative code with a sentence for a file that is damaged or too large.
 * One whose program is gone is not old. */
int schema_cache_read(const SchemaCacheKey *key, ProviderSchema **ret, Error *err);

#endif
