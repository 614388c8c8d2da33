/* Starting programs so that a crash of ours, at any instant, neither loses one nor makes two.
 *
 * The child waits, before it becomes the program, for a word over a pipe; the word is given once
 * its identity is durable in `identity_path`. If we die first the pipe ends and so does the child.
 * So whatever runs is in the file; what is in the file and does not run never began or has ended.
 *
 *      we ──fork──▶ child: own session, descriptors 0-2 only ··· waits
 *       │◀─────pid───┘
 *       ├─ identity file, fsync
 *       ├──go──▶ child: change user, chdir, exec ──▶ program
 *       │◀── end of file: it runs; or stage and errno: it does not */
#ifndef VED_LOCAL_SPAWN_H
#define VED_LOCAL_SPAWN_H

#include <stdbool.h>
#include <stdint.h>

#include "lang/base/buffer.h"
#include "lang/base/error.h"
#include "providers/local/identity.h"
#include "providers/local/privilege.h"

typedef struct SpawnOptions {
    char *const *argv;         /* NULL-terminated; looked for in PATH when without a slash */
    char *const *envp;         /* NULL: ours */
    const char *working_dir;   /* NULL: ours */
    const char *log_path;      /* stdout and stderr are appended; NULL: output_fd */
    const char *identity_path; /* NULL: not to be found again */
    const char *boot_id;
    const Runner *runner; /* NULL: as we are */
    int input_fd;         /* 0: /dev/null; stays the caller's */
    int output_fd;        /* where log_path is NULL; 0: /dev/null; stays the caller's */
    bool detached;        /* not our child: outlives us, reaped by init */
} SpawnOptions;

/* 0 once the program runs; `ret` is who it is. It leads a process group and session of its own. */
int spawn(const SpawnOptions *options, Identity *ret, Error *err);

/* Wait for a program that is our child; `stop` (may be NULL) is asked now and then and, like the
 * timeout, has the group killed. 0 with the wait status in `ret`, -ETIMEDOUT, or -ECANCELED. */
int spawn_wait(const Identity *child, int64_t timeout_ms, bool (*stop)(const void *),
               const void *context, int *ret);

/* Run a program to its end: `input` is its stdin, stdout and stderr go to `output` (at most its
 * ceiling). 0 with the wait status in `ret_status`. */
int spawn_command(const SpawnOptions *options, const char *input, int64_t timeout_ms,
                  Buffer *output, int *ret_status, Error *err);

/* "exited with status 1", "was killed by signal 9". The caller frees it. */
char *wait_status_text(int status);

/* The last lines of a text file, at most `size_max` bytes of printable ASCII; "" if there is none.
 * The caller frees it. */
char *log_tail(const char *path, size_t size_max);

#endif
