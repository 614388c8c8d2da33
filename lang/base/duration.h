/* Durations as people write them outside programs: a whole number and ms, s, m, h or d. */
#ifndef VED_BASE_DURATION_H
#define VED_BASE_DURATION_H

#include <stdbool.h>
#include <stdint.h>

#define DURATION_MAX_MS (3650LL * 24 * 3600 * 1000) /* ten years */

/* "250ms", "30s", "10m", "2h", "7d" in milliseconds; false for anything else, below zero, or beyond
 * DURATION_MAX_MS. */
bool duration_parse(const char *text, int64_t *ret_ms);

#endif
