/* What a program may ask of its providers, found out while none of them runs and without the
 * network: from the schemas that the stack's state keeps, and from plugins on this machine, which
 * print theirs. */
#ifndef VED_HOST_CATALOG_OFFLINE_H
#define VED_HOST_CATALOG_OFFLINE_H

#include "controller/host/config.h"
#include "lang/catalog.h"

typedef struct CatalogPlaces {
    const char *state_path; /* of the stack; need not exist */
    const char *plugin_dir; /* where ved-provider-NAME are */
} CatalogPlaces;

/* The catalog of the bindings, tentative; of providers that `program` does not use it knows
 * nothing. Appends one sentence, with a line end, to `ret_notes` for each one of which nothing
 * could be found out, and for each kept schema that could not be used. `config` must be complete.
 * The caller frees the catalog. */
Catalog *catalog_offline(const Program *program, const Config *config, const CatalogPlaces *places,
                         Buffer *ret_notes);

#endif
