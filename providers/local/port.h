/* TCP ports of this machine.
 *
 * A port found free is free only until somebody takes it: whoever uses it must be ready to be told
 * that it is in use. */
#ifndef VED_LOCAL_PORT_H
#define VED_LOCAL_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "lang/base/error.h"

#define PORT_MAX 65535

/* Nobody listens on the port of 127.0.0.1 and we may. */
bool port_is_free(int port);

/* Somebody accepts connections there within `timeout_ms`. `host` is a numeric address or a name. */
bool port_accepts(const char *host, int port, int64_t timeout_ms);

/* Who listens on the port: "process 123 (python3)", as far as /proc lets us see it; NULL where it
 * does not. The caller frees it. */
char *port_owner(int port);

/* A free port below the range the kernel takes for outgoing connections, so that it is likely to be
 * free after a restart as well; `claimed` says whether it is kept for somebody. */
int port_choose(bool (*claimed)(int port, const void *context), const void *context, int *ret,
                Error *err);

#endif
