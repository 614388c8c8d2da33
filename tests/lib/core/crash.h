/* Crashes at every place where a journal can end. */
#ifndef VED_TESTS_CORE_CRASH_H
#define VED_TESTS_CORE_CRASH_H

#include "tests/lib/core/world.h"

/* Run the program – told by `script` (may be NULL) how its provider behaves – to its end; then, for
 * each number of records and each way of reading them, let a successor take over and expect it to
 * come to the same state, the same objects, and the same operations. */
void crash_everywhere(const char *program, void (*script)(World *world));

/* The same for a run that does not end by itself: until that time. */
void crash_everywhere_until(const char *program, void (*script)(World *world), uint64_t end_ms);

#endif
