/* What a plugin writes to its standard error: DATA/plugin.log. */
#ifndef VED_HOST_PLUGIN_LOG_H
#define VED_HOST_PLUGIN_LOG_H

#include "lang/base/error.h"

/* Open it for appending; one that has grown large is put aside first. The descriptor is above 2;
 * -errno. */
int plugin_log_open(const char *data_dir, Error *err);

/* The last line without its time, cut to some hundred bytes; "" if there is none. The caller frees
 * it. */
char *plugin_log_last(const char *data_dir);

/* The same of any open file; -1: none. */
char *plugin_last_words(int fd);

#endif
