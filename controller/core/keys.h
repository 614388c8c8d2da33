/* Names that the core gives before anything is asked of a provider (provider-protocol:
 * idempotency). */
#ifndef VED_CORE_KEYS_H
#define VED_CORE_KEYS_H

#include "controller/core/state.h"

/* The uid of a new object: 128 bits of SHA-256(lineage, epoch, intent number). */
void uid_make(const Runtime *runtime, uint64_t intent, char ret[UID_SIZE]);

/* The key of an operation: UUID version 8 (RFC 9562) from SHA-256(lineage, epoch, uid, intent). */
void op_make(const Runtime *runtime, const char *uid, uint64_t intent, char ret[OP_SIZE]);

/* A number below `limit` that is the same whenever the same slice asks: full jitter without state.
 */
uint64_t jitter(const Runtime *runtime, uint64_t slice, uint64_t limit);

#endif
