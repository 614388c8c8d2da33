/* As whom a server runs that refuses to run as root.
 *
 * The data it works on must belong to that user; if it lies below a folder that user may not enter,
 * the child keeps one capability, to look into folders (CAP_DAC_READ_SEARCH), and none else. */
#ifndef VED_LOCAL_PRIVILEGE_H
#define VED_LOCAL_PRIVILEGE_H

#include <stdbool.h>
#include <sys/types.h>

#include "lang/base/error.h"

typedef struct Runner {
    bool switches;     /* false: runs as we do */
    bool needs_search; /* some folder above the data is closed to the user */
    uid_t uid;
    gid_t gid;
} Runner;

/* The user for a server whose files lie in `folder`, an existing absolute path: ourselves unless we
 * are root; then `postgres` if there is such a user, else `nobody`. */
int runner_find(const char *folder, Runner *ret, Error *err);

/* Give a file or folder to the user of the server; nothing to do when it runs as we do. */
int runner_own(const Runner *runner, const char *path, Error *err);

/* Become that user; only in a child between fork and exec: it makes system calls and nothing else.
 * 0 or -errno. */
int runner_become(const Runner *runner);

#endif
