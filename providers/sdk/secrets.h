/* Secrets in a request: {"$secret":"id"} among its values, the text under that id beside them.
 *
 * Format: VPP/1, values. What is stored keeps the ids; only a provider's own call sees the text,
 * and nothing that it replies may carry it further. */
#ifndef VED_SDK_SECRETS_H
#define VED_SDK_SECRETS_H

#include "lang/base/json.h"

/* A copy of the values with the text of each secret; one whose id is not in `secrets` (may be NULL)
 * stays as it is. */
Json *secrets_resolve(const Json *values, const Json *secrets);

/* A copy of a reply in which the text of each secret is (sensitive). */
Json *secrets_conceal(const Json *reply, const Json *secrets);

/* Where a reply, a JSON text or NULL, has something concealed: the text of an array of JSON
 * pointers (RFC 6901), which the caller frees. */
char *secrets_pointers(const char *reply);

#endif
