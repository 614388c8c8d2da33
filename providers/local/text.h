/* Bytes from outside that are to stand in JSON. */
#ifndef VED_LOCAL_TEXT_H
#define VED_LOCAL_TEXT_H

#include <stdbool.h>

#include "lang/base/buffer.h"

/* Is it UTF-8 without a zero byte? */
bool text_fits_json(const Buffer *body);

#endif
