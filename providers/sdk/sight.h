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

#define SIGHT_SIZE 160

/* A text of it. */
void sight_text(const struct stat *info, char ret[SIGHT_SIZE]);
Json *sight_json(const struct stat *info);

/* Is the file still as it was? `sight` is the text; false if it is none, or NULL. */
bool sight_is_same(const char *sight, const struct stat *info);

#endif
