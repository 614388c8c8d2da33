/* What the process says with its exit code: one table, and one function that decides. */
#ifndef VED_CMD_EXIT_CODE_H
#define VED_CMD_EXIT_CODE_H

#include <stdbool.h>
#include <stdint.h>

#include "lang/base/buffer.h"

typedef enum ExitReason {
#define EXIT(id, code, name, text) EXIT_##id,
#include "cmd/ved/exit_code.def"
#undef EXIT
    EXIT_REASON_COUNT
} ExitReason;

/* A set of reasons. */
typedef uint32_t ExitReasons;
#define EXIT_BIT(id) (1U << EXIT_##id)

/* The code of the gravest reason; 0 for none. */
int exit_code(ExitReasons reasons);
const char *exit_name(ExitReasons reasons);

/* The reason an ErrorKind or -errno stands for. */
ExitReasons exit_reason_of_error(int code);

/* The table, for `ved help exit-codes`. */
void exit_codes_print(Buffer *ret);

#endif
