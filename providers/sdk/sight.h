/* A glance at a file, to be compared with a later one: device, inode, size, and the times of the
 * last change of content and of attributes.
 *
 * What is assumed: a file whose glance is the same is the same. The kernel moves the time of change
 * at every write, with a step of a few milliseconds; only a change of equal length within the same
 * step as ours goes unnoticed. */
#ifndef VED_SDK_SIGHT_H
#define VED_SDK_SIGHT_H

#include <stdbool.h>
#include <sys/stat.h>

#include "lang/base/json.h"

/* A text of it; the caller owns it. */
Json *sight_json(const struct stat *info);

/* Is the file still as it was? False if `sight` is no sight. */
bool sight_is_same(const Json *sight, const struct stat *info);

#endif
