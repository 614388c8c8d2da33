/* What a program may ask of its providers, made of the bindings and of the providers' schemas.
 *
 * Parameters and results are described by the subset of JSON Schema that providers/sdk/schema.h
 * names; what goes beyond it says nothing, so everything fits. An object that lists properties has
 * no others unless it says so. */
#ifndef VED_HOST_CATALOG_MAKE_H
#define VED_HOST_CATALOG_MAKE_H

#include "controller/host/config.h"
#include "controller/host/provider_schema.h"
#include "lang/catalog.h"

/* The schema of a bound provider; NULL: it is not known. */
typedef const ProviderSchema *SchemaOf(void *context, const ProviderConfig *provider);

/* The catalog of all bindings: an effect stands in it under the name the program uses, with the
 * parameters that its binding gives it marked as given. `config` must be complete. The caller frees
 * it. */
Catalog *catalog_make(const Program *program, const Config *config, SchemaOf *schema_of,
                      void *context);

#endif
