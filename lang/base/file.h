/* Files: reading whole ones with a ceiling, replacing them so that a crash leaves the old or the
 * new.
 *
 * Not for the core, which has no files. */
#ifndef VED_BASE_FILE_H
#define VED_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <unistd.h>

#include "buffer.h"
#include "error.h"

static inline void fd_close(int fd)
{
    if (fd >= 0)
        close(fd);
}
CLEANUP_DEFINE(int, fd_close);

/* Append the whole file to `ret`; more than `size_max` bytes is an error. */
int file_read(const char *path, size_t size_max, Buffer *ret, Error *err);

/* Write all bytes, going on after short writes and signals. */
int fd_write_all(int fd, const void *bytes, size_t size, Error *err);

/* Make a new file beside `path`, fsync it, rename it over `path`, fsync the folder. */
int file_replace(const char *path, const void *bytes, size_t size, mode_t mode, Error *err);

/* The same for what is not in memory as a whole: write to `fd`, then commit. */
typedef struct FileReplacement {
    char *path, *aside;
    int fd;
} FileReplacement;

/* After a failure, and at any time instead of file_replace_commit(), file_replace_abandon(). */
int file_replace_begin(const char *path, mode_t mode, FileReplacement *ret, Error *err);

/* Ends the replacement whatever comes of it. */
int file_replace_commit(FileReplacement *replacement, Error *err);

/* Nothing is replaced. `= {.fd = -1}`, and one that has ended, are accepted. */
void file_replace_abandon(FileReplacement *replacement);
#define file_replace_abandon_p file_replace_abandon

/* fsync a folder, so that names made or removed in it survive a crash. */
int folder_sync(const char *path, Error *err);

/* Make a folder and what is missing above it; existing ones are fine. */
int folder_make(const char *path, mode_t mode, Error *err);

/* Remove a folder and all below it without following links or leaving the file system. */
int folder_remove(const char *path, Error *err);

bool file_exists(const char *path);

#endif
