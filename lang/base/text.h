/* printf() into a given place, fast where it is easy.
 *
 * The compiler makes a text for almost every name and every line it writes, and nearly all of them
 * are strings put together. */
#ifndef VED_BASE_TEXT_H
#define VED_BASE_TEXT_H

#include <stdarg.h>
#include <stddef.h>

#include "macros.h"

/* As vsnprintf(): at most `size` bytes with the NUL, returns how many it would be without it. */
size_t text_format(char *ret, size_t size, const char *format, va_list args) PRINTF_LIKE(3, 0);

#endif
