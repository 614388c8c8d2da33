/* Numbers by chance, from a seed: the same seed gives the same ones on every machine (splitmix64,
 * public domain, Vigna).
 *
 * For tests that make what they try. Whatever else is random in such a test cannot be found again.
 */
#ifndef VED_TESTS_LIB_CHANCE_H
#define VED_TESTS_LIB_CHANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Chance {
    uint64_t state;
} Chance;

uint64_t chance_next(Chance *chance);
size_t chance_below(Chance *chance, size_t limit); /* 0 if the limit is 0 */
bool chance_one_in(Chance *chance, size_t times);
uint32_t chance_from(Chance *chance, uint32_t from, uint32_t to); /* both included */

/* The seed of the index-th of many. */
uint64_t chance_mix(uint64_t seed, uint64_t index);

#endif
