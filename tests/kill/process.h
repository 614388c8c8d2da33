/* The programs under test, as processes: what the drivers share.
 *
 * Everything that is started here is waited for, or killed and waited for, by whoever started it.
 */
#ifndef VED_TESTS_PROCESS_H
#define VED_TESTS_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lang/base/buffer.h"
#include "lang/base/error.h"

/* How to start a program. Its standard output and error are appended to `log`. */
typedef struct ProcessStart {
    const char *program;
    char *const *arguments; /* ended by NULL; the first is the program's name */
    const char *log;
    const char *preload; /* NULL: nothing is preloaded */
    const char *name;    /* of an environment variable for what is preloaded */
    const char *value;
} ProcessStart;

/* -1 when there can be no more processes; a program that cannot be run ends with 126 or 127. */
pid_t process_start(const ProcessStart *start);

/* Wait for the end of `pid`, at most that long; -1: still running, else its exit code (128 + the
 * signal if it was killed). */
int process_wait(pid_t pid, int64_t wait_us);

/* The same, and kill it when the time is over. */
int process_end(pid_t pid, int64_t wait_us);

/* Run it to its end, at most 30 s, and append what it printed, which also goes to `log` anew.
 * ERROR_STATE and what it printed if it ends with another code than 0. */
int process_read(const ProcessStart *start, Buffer *ret, Error *err);

/* True once a record was written to this state folder: nothing was acknowledged before that, and no
 * verb has anything to look at. */
bool state_has_records(const char *state);

/* A file of `size` zeros that is mapped by whoever is told its path. */
int page_make(const char *path, size_t size, void **ret, Error *err);

int64_t now_ms(void);

/* xorshift; the state is never 0. */
uint64_t random_next(uint64_t *state);

#endif
