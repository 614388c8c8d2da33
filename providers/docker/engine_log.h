/* What a container has written, and how engines send it: frames of an 8-byte header – stream
 * number, three zeros, size in network order – and so many bytes (Docker Engine API, "Stream
 * format"). */
#ifndef VED_DOCKER_ENGINE_LOG_H
#define VED_DOCKER_ENGINE_LOG_H

#include "providers/docker/engine_api.h"

/* Append the bytes of all frames to `ret`. What does not look like frames is taken as it is; a last
 * frame that was cut off, as far as it goes. */
void log_demultiplex(const char *bytes, size_t size, Buffer *ret);

/* The last so many lines, at most `size_max` bytes of them, fit for a message; "" if there is no
 * log. The caller frees it. */
char *engine_log_tail(EngineApi *api, const char *id, int lines, size_t size_max);

#endif
