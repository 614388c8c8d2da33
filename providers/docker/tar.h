/* A folder as a tar archive: POSIX ustar (IEEE Std 1003.1, pax), files, folders and symbolic links,
 * in the order of their names, owned by root. */
#ifndef VED_DOCKER_TAR_H
#define VED_DOCKER_TAR_H

#include "lang/base/hash.h"
#include "lang/base/error.h"

#define TAR_FILES_MAX 100000
#define TAR_SIZE_MAX ((int64_t)4 << 30)

/* Write the folder's content to the new file `path`. */
int tar_write(const char *folder, const char *path, Error *err);

/* A digest of the folder without reading its files: of their names, modes, sizes and times of
 * change; hexadecimal. */
int tar_glance(const char *folder, char ret[2 * SHA256_SIZE + 1], Error *err);

#endif
