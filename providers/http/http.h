/* Any REST API as a provider: which requests make, read, change and remove an object is said in the
 * binding, in the provider's `config`; see docs/providers.md.
 *
 * DATA/begun/UID are notes of objects that are being made; see note.h. */
#ifndef VED_HTTP_HTTP_H
#define VED_HTTP_HTTP_H

#include "providers/sdk/provider.h"

/* Fill `ret`; http_provider_deinit() frees what its describe() and open() made. */
void http_provider_init(Provider *ret);
void http_provider_deinit(Provider *provider);

#endif
