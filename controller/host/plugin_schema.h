/* What a plugin on this machine says of itself without being started: `PLUGIN --schema` prints its
 * schema and ends. */
#ifndef VED_HOST_PLUGIN_SCHEMA_H
#define VED_HOST_PLUGIN_SCHEMA_H

#include <stdint.h>

#include "controller/host/provider_schema.h"

/* More than the protocol allows a schema to have. */
#define PLUGIN_SCHEMA_SIZE_MAX ((size_t)8 << 20)

/* Run the program, for at most `limit_ms`, and read what it prints; `config` is JSON text or NULL.
 * The caller frees the schema. ERROR_PROVIDER or -errno with a sentence when it does not end in
 * time, fails, or prints anything else; it is killed with its process group then. */
int plugin_schema_ask(const char *program, const char *config, int64_t limit_ms,
                      ProviderSchema **ret, Error *err);

#endif
