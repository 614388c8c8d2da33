/* What this machine does at most, measured here and now: the limits that figures stand beside. Each
 * prints one line of numbers and returns 0, or says on standard error why it could not. */
#ifndef VED_BENCH_LIMITS_H
#define VED_BENCH_LIMITS_H

#include <stddef.h>

/* Seconds of a clock that never jumps. */
double clock_s(void);

/* Write `size` bytes behind one another into space of a file in `folder` that was taken and written
 * before, with fdatasync after each: syncs a second, MB a second, the median and the 99th
 * percentile of one in milliseconds. */
int limit_sync(const char *folder, size_t size);

/* Read the file and take its CRC-32C: MB a second. */
int limit_read(const char *path);

/* One state of 64 bytes, changed by a function that is called through a pointer: millions a second.
 */
int limit_slices(void);

/* Domains in a ring, each a struct with a queue of messages, and a queue of those that have one; a
 * thousand messages go round: millions of messages a second. */
int limit_ring(size_t domains);

/* Start the program, again and again, without input and output: the median and the least
 * milliseconds until it has ended. `command` is a path and arguments, ended by NULL. */
int limit_start(char **command);

#endif
