/* What a program takes from its start to its end. */
#ifndef VED_TESTS_BENCH_RUN_H
#define VED_TESTS_BENCH_RUN_H

/* Run it without input and output and print the seconds of processor time that it and those it
 * waited for took, the seconds on the clock, and the largest one's peak memory in MB. 0 if it ended
 * with 0. `command` is a path and arguments, ended by NULL. */
int command_run(char **command);

#endif
