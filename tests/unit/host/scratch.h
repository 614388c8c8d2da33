/* A folder of its own for each test, and the n-th change to it failing or being the last.
 *
 * The calls by which files become durable pass through here in this binary: fsync, fdatasync,
 * rename, ftruncate, fallocate, unlink. Unarmed they are themselves. */
#ifndef VED_TESTS_HOST_SCRATCH_H
#define VED_TESTS_HOST_SCRATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "lang/base/buffer.h"

/* A new empty folder in memory; removed by scratch_remove(). The caller frees the path. */
char *scratch_make(void);
void scratch_remove(char *folder);

/* FOLDER/NAME; the caller frees it. */
char *scratch_path(const char *folder, const char *name);

void scratch_read(const char *path, Buffer *ret);
void scratch_write(const char *path, const void *bytes, size_t size);

/* Mount a file system of `size` bytes on the folder, seen by this process only; false: not allowed.
 */
bool scratch_mount(const char *folder, size_t size);

/* The `nth` call (1 is the next) ends the process as a crash would, leaving the call undone. */
void scratch_crash_at(int nth);

/* The `nth` call fails with `errnum`; 0 for `nth`: none does. */
void scratch_fail_at(int nth, int errnum);

/* Did an armed failure happen? */
bool scratch_has_failed(void);

#define SCRATCH_CRASH_STATUS 33

#endif
