/* Secrets in JSON: {"$secret":"text"} in what the stack keeps, {"$secret":"id"} on the wire with
 * the text beside it, (sensitive) for people.
 *
 * Format: VPP/1, values. The text must never reach an output, a log or an error. */
#ifndef VED_HOST_SECRETS_H
#define VED_HOST_SECRETS_H

#include "lang/base/json.h"

/* A copy in which each secret stands under an id; `into`, an object, gets id and text. The same
 * text of one lineage always has the same id, and another text another, so that a provider can tell
 * a change without keeping the text. */
Json *secrets_extract(const char *lineage, const Json *value, Json *into);

/* A copy of the "state" of a provider's reply, which lists in its "sensitive" what of it is a
 * secret: JSON pointers. What they lead to becomes one; what the provider has concealed itself
 * stays. */
Json *secrets_state_of(const Json *reply);

/* The same of any value of a reply, with those pointers (may be NULL). */
Json *secrets_mark(const Json *value, const Json *pointers);

/* A copy of the reply with that state. */
Json *secrets_mark_reply(const Json *reply);

/* A copy that may be shown. */
Json *secrets_redact(const Json *value);

#endif
