/* A failure as one sentence, outermost first, and a code that says of what kind it is.
 *
 * A function that can fail takes an `Error *` and returns 0, a positive outcome of its own, or a
 * negative code: -errno, or one of the kinds below. Outputs are untouched on failure. `err` may be
 * NULL where the caller does not care why. */
#ifndef VED_BASE_ERROR_H
#define VED_BASE_ERROR_H

#include "macros.h"

/* What a failure means to the one function that picks the exit code (cli: exit codes). */
typedef enum ErrorKind {
    ERROR_FAILED = -10001,   /* an effect or an evaluation failed for good: 1 */
    ERROR_DENIED = -10003,   /* a policy or protect rule refused: 3 */
    ERROR_STALE = -10004,    /* saved plan, lineage, epoch or program does not fit: 4 */
    ERROR_DECLINED = -10007, /* approval refused or missing: 7 */
    ERROR_USAGE = -10064,    /* wrong flags: 64 */
    ERROR_PROGRAM = -10065,  /* program or bindings do not check: 65 */
    ERROR_PROVIDER = -10069, /* provider unreachable or contract violated: 69 */
    ERROR_INTERNAL = -10070, /* a defect of ours: 70 */
    ERROR_STATE = -10074,    /* state unreadable, damaged, disk full: 74; so is every -errno */
    ERROR_LOCKED = -10075,   /* state held by someone else: 75 */
    ERROR_AUTH = -10077,     /* 401 or 403: 77 */
} ErrorKind;

typedef struct Error {
    int code;
    char message[2048];
} Error;

/* Set code and sentence; return the code. */
int error_set(Error *err, int code, const char *format, ...) PRINTF_LIKE(3, 4);

/* The same for a system call's `errnum`: appends ": " and its text; returns -errnum. */
int error_errno(Error *err, int errnum, const char *format, ...) PRINTF_LIKE(3, 4);

/* Put "WHAT: " before the sentence; return the code that is already there. */
int error_wrap(Error *err, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
