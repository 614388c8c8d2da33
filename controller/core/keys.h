/* Names that the core gives before anything is asked of a provider (provider-protocol:
 * idempotency). */
#ifndef VED_CORE_KEYS_H
#define VED_CORE_KEYS_H

#include "controller/core/state.h"

/* The uid of a new object of the instance: 128 bits of SHA-256(lineage, epoch, key, intent number).
 */
void uid_make(const Instance *owner, uint64_t intent, char ret[UID_SIZE]);

/* The key of an operation: UUID version 8 (RFC 9562) from SHA-256(lineage, epoch, uid, intent); of
 * an action, which has no uid, with the instance's key. */
void op_make(const Instance *owner, const char *uid, uint64_t intent, char ret[OP_SIZE]);

/* A number below `limit` that is the same whenever the same slice asks: full jitter without state.
 */
uint64_t jitter(const Runtime *runtime, uint64_t slice, uint64_t limit);

#endif
