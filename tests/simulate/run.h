/* One run: a story, and processes that are killed over it until one comes to its end. */
#ifndef VED_TESTS_SIMULATE_RUN_H
#define VED_TESTS_SIMULATE_RUN_H

#include "tests/simulate/world.h"

/* True if all was as it must be; else why not is in `world->wrong`. */
bool run(uint64_t seed, Mutant mutant, bool traces);

#endif
