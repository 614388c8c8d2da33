/* What a provider says of itself: its effects, their parameters, its queries (GET /v1/schema). What
 * the parameters and results are is looked up in a catalog, see catalog_make.h.
 *
 * Immutable once parsed; everything handed out lives as long as the schema. */
#ifndef VED_HOST_PROVIDER_SCHEMA_H
#define VED_HOST_PROVIDER_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lang/base/error.h"
#include "lang/base/json.h"

typedef enum SchemaKind {
    SCHEMA_INSTANCE, /* brings an object into being, which is observed and deleted later: PUT */
    SCHEMA_ACTION,   /* does something and leaves no object: POST */
} SchemaKind;

typedef struct SchemaEffect {
    const char *name; /* NULL for the entry that accepts any name */
    const char *type; /* of the instance; NULL: the effect's own name is the type */
    SchemaKind kind;
    const char **positional; /* parameter names in the order of unnamed arguments */
    size_t positional_count;
    const char **immutable; /* parameters of which another value needs another object */
    size_t immutable_count;
    const Json *result; /* schema of what it comes to; NULL: not said */
    int64_t typical_s;  /* 0: not said */
    int64_t timeout_s;  /* 0: not said */
} SchemaEffect;

typedef struct ProviderSchema ProviderSchema;

/* Takes over `document` on success only. ERROR_PROVIDER and a sentence if it is not a schema. */
int provider_schema_parse(Json *document, ProviderSchema **ret, Error *err);
void provider_schema_free(ProviderSchema *schema);
CLEANUP_DEFINE(ProviderSchema *, provider_schema_free);

/* The effect of that name, else the entry for any name, else NULL. */
const SchemaEffect *schema_effect(const ProviderSchema *schema, const char *name);

/* Effects in the order of the document, without the entry for any name; NULL past the end. */
const SchemaEffect *schema_effect_at(const ProviderSchema *schema, size_t index);

/* Whether an object of that type is replaced by making the new one before the old one goes. */
bool schema_creates_first(const ProviderSchema *schema, const char *type);

/* The entry of a query (a fact), else the one for any name; NULL: no such query. */
const Json *schema_query(const ProviderSchema *schema, const char *name);

/* The whole document; and the SHA-256 of its canonical text in hexadecimal, which a state records
 * so that `plan` can say the provider has changed. */
const Json *provider_schema_document(const ProviderSchema *schema);
const char *provider_schema_digest(const ProviderSchema *schema);

#endif
