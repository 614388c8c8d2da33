/* Well-formed UTF-8, as RFC 3629 has it: no surrogates, nothing longer than it need be. */
#ifndef VED_BASE_UTF8_H
#define VED_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"

/* Bytes of the sequence at the start of `text`, which has `size` of them, at least one; its code
 * point in `ret`. 0: it is none, and `ret` is untouched. */
size_t utf8_decode(const char *text, size_t size, uint32_t *ret);

bool utf8_is_valid(const char *text, size_t size);

/* Whether bytes from outside may stand in JSON: UTF-8 without a zero byte. */
bool text_fits_json(const Buffer *body);

#endif
