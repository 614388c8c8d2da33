/* Small valid programs from a seed: one domain D with fields of every kind of value, a goal G, an
 * invariant, and a transition T without effects; with functions, constants, a record and an enum
 * that they use. */
#ifndef VED_TESTS_PROGRAM_MAKE_H
#define VED_TESTS_PROGRAM_MAKE_H

#include <stdint.h>

#include "lang/base/buffer.h"

/* The same seed always makes the same text. */
void program_make(uint64_t seed, Buffer *ret);

#endif
