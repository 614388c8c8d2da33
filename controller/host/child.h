/* Starting a program as a child process: its standard streams are the caller's choice and nothing
 * else of ours reaches it.
 *
 * It is in a process group of its own, so that Ctrl-C at the terminal reaches us and not it, with
 * no signal blocked or ignored. Whoever starts one reaps it by pid. */
#ifndef VED_HOST_CHILD_H
#define VED_HOST_CHILD_H

#include <stddef.h>
#include <sys/types.h>

typedef struct ChildStreams {
    int in, out, err; /* each above 2: they are copied onto 0, 1 and 2 */
} ChildStreams;

/* A pipe whose ends are above 2 whatever the caller has closed, and close on exec. 0, or -errno
 * with -1 for both. */
int child_pipe(int ret[2]);

/* `fd` itself if it is above 2, else a copy that is, and `fd` is closed; -errno on failure. Of a
 * negative `fd`: that. */
int child_stream(int fd);

/* `arguments` begin with the path of the program and end with NULL. 0 with the pid in `ret`, or
 * -errno. */
int child_start(char *const arguments[], const ChildStreams *streams, pid_t *ret);

/* How it ended, by waitpid()'s status, as the end of a sentence: "ended with code 3". */
void child_end_describe(int status, char *ret, size_t size);

#endif
