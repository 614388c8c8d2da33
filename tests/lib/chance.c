#include "tests/lib/chance.h"

uint64_t chance_next(Chance *chance)
{
    uint64_t z = chance->state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

size_t chance_below(Chance *chance, size_t limit)
{
    return limit == 0 ? 0 : (size_t)(chance_next(chance) % limit);
}

bool chance_one_in(Chance *chance, size_t times)
{
    return chance_below(chance, times) == 0;
}

uint32_t chance_from(Chance *chance, uint32_t from, uint32_t to)
{
    return from + (uint32_t)chance_below(chance, to - from + 1);
}

uint64_t chance_mix(uint64_t seed, uint64_t index)
{
    Chance chance = {seed * 0x2545f4914f6cdd1du + index * 0x9e3779b97f4a7c15u};

    return chance_next(&chance);
}
