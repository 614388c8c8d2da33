/* What a plugin says about itself: one line each on stderr. Never a secret, an argument or a state.
 */
#ifndef VED_SDK_LOG_H
#define VED_SDK_LOG_H

#include "lang/base/macros.h"

/* Time, text, newline, in one write; control characters become '?'. */
void log_line(const char *format, ...) PRINTF_LIKE(1, 2);

/* Lines of this thread between the two are written together, at most LOG_HELD_MAX bytes late. */
#define LOG_HELD_MAX 16384
void log_hold(void);
void log_release(void);

#endif
