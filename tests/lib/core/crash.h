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

/* One crash; see world_crashed(). */
typedef struct Crash {
    size_t records;
    bool from_snapshot;
    bool sent;
} Crash;

/* What is expected of the successor's world when it has come to its end. */
typedef void CrashCheck(World *world, const Crash *crash, void *context);

/* Check each successor that takes over from the world – which has come to its end, or was run until
 * that time (0: by itself) – at a number of records that is a multiple of `apart`. */
void crash_each(const World *finished, uint64_t end_ms, size_t apart, CrashCheck *check,
                void *context);

#endif
