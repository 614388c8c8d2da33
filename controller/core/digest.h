/* One name for a whole state: two runtimes have the same digest if and only if their snapshots are
 * the same bytes, which those of equal states are, whichever compiler made the program.
 *
 * It takes time in proportion to the state: for verifying, not for every turn. */
#ifndef VED_CORE_DIGEST_H
#define VED_CORE_DIGEST_H

#include "controller/core/state.h"

#define STATE_DIGEST_SIZE 65 /* 64 hexadecimal digits and NUL */

/* SHA-256 over snapshot_write(). */
void state_digest(const Runtime *runtime, char ret[STATE_DIGEST_SIZE]);

#endif
