/* The lock of a state directory: held by one process, and saying which to whoever finds it held.
 *
 * It is a lock on the open file, so it goes with the process that holds it, however that ends; the
 * text in the file only informs. */
#ifndef VED_HOST_STATE_LOCK_H
#define VED_HOST_STATE_LOCK_H

#include <stdint.h>

#include "lang/base/error.h"

/* Take `folder`/lock, trying for `timeout_ms`. ERROR_LOCKED names the holder. The caller hands the
 * descriptor to state_lock_release(). */
int state_lock_take(const char *folder, const char *command, int64_t timeout_ms, int *ret_fd,
                    Error *err);

/* Let go; -1 is fine. */
void state_lock_release(int fd);

#endif
