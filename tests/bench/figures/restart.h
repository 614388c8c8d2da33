/* How long a controller takes from its start to what it does first. */
#ifndef VED_BENCH_RESTART_H
#define VED_BENCH_RESTART_H

/* Start the program, which goes on with the state folder, and kill it as soon as a slice of its own
 * stands in a journal: prints the milliseconds until then, by the clock and by the processor.
 * `command` is a path and arguments, ended by NULL. 0, or 1 with a sentence on standard error. */
int restart_measure(const char *folder, char **command);

#endif
