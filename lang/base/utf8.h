/* Bytes from outside that are to stand in JSON, which json_parse() does not look at. */
#ifndef VED_BASE_UTF8_H
#define VED_BASE_UTF8_H

#include <stdbool.h>

#include "buffer.h"

/* Is it UTF-8 (RFC 3629) without a zero byte? */
bool text_fits_json(const Buffer *body);

#endif
