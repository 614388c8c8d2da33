#include "tests/simulate/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ALIGNMENT 16

World *world;
Tally *tally;

/* ---- names ---- */

static const struct {
    const char *label, *text;
} points[] = {
#define POINT(name, label, text) {label, text},
#include "tests/simulate/point.def"
#undef POINT
};

static const char *const troubles[] = {
#define TROUBLE(name, label) label,
#include "tests/simulate/trouble.def"
#undef TROUBLE
};

static const struct {
    const char *label, *text;
} mutants[] = {
#define MUTANT(name, label, text) {label, text},
#include "tests/simulate/mutant.def"
#undef MUTANT
};

const char *point_label(Point point)
{
    return points[point].label;
}

const char *point_text(Point point)
{
    return points[point].text;
}

const char *trouble_label(Trouble trouble)
{
    return troubles[trouble];
}

const char *mutant_name(Mutant mutant)
{
    return mutants[mutant].label;
}

const char *mutant_text(Mutant mutant)
{
    return mutants[mutant].text;
}

/* ---- memory ---- */

static void *map(size_t size)
{
    void *memory =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (memory == MAP_FAILED) {
        perror("simulate: map memory");
        exit(74);
    }
    return memory;
}

void world_map(void)
{
    world = map(WORLD_SIZE);
}

static size_t aligned(size_t size)
{
    return (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

void *world_alloc(size_t size)
{
    char *block = (char *)world + world->used;

    if (aligned(size) > WORLD_SIZE - world->used) {
        fprintf(stderr, "simulate: seed %llu needs more memory than a run has\n",
                (unsigned long long)world->seed);
        abort();
    }
    world->used += aligned(size);
    return memset(block, 0, size); /* an earlier run may have been there */
}

char *world_copy(const void *bytes, size_t size)
{
    char *copy = world_alloc(size + 1);

    if (size > 0)
        memcpy(copy, bytes, size);
    return copy;
}

void world_begin(uint64_t seed, Mutant mutant, bool traces)
{
    *world = (World){.seed = seed,
                     .mutant = mutant,
                     .chance = {chance_mix(seed, 1)},
                     .calendar_ms = WALL_START_MS,
                     .traces = traces,
                     .used = aligned(sizeof *world)};
}

/* ---- telling ---- */

void world_trace(const char *format, ...)
{
    va_list args;

    if (!world->traces)
        return;
    printf("%8lld  ", (long long)world->now_ms);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    fflush(stdout);
}

void world_wrong(const char *format, ...)
{
    va_list args;

    if (world->wrong[0] == '\0') {
        va_start(args, format);
        vsnprintf(world->wrong, sizeof world->wrong, format, args);
        va_end(args);
        world_trace("WRONG: %s", world->wrong);
    }
    if (world->running)
        _exit(EXIT_KILLED);
}

/* ---- dying ---- */

static void kill_if(Point point)
{
    if (!world->running || world->kill_in == 0 || world->kill_at != point || --world->kill_in > 0)
        return;
    tally->kills++;
    tally->points[point]++;
    world_trace("killed: %s", point_text(point));
    _exit(EXIT_KILLED);
}

void world_step(void)
{
    kill_if(POINT_ANYWHERE);
}

void world_pass(Point point)
{
    if (!world->running)
        return;
    kill_if(point);
}

/* ---- trouble ---- */

void world_count(Trouble trouble)
{
    tally->troubles[trouble]++;
}

bool world_trouble(Trouble trouble, size_t times)
{
    if (world->calm || world->trouble_max == 0 || !chance_one_in(&world->chance, times))
        return false;
    world->trouble_max--;
    world_count(trouble);
    world_trace("trouble: %s", trouble_label(trouble));
    return true;
}

bool world_provider_dies(Point point)
{
    if (world->calm || world->trouble_max == 0 || !chance_one_in(&world->chance, 30))
        return false;
    world->trouble_max--;
    tally->points[point]++;
    world_trace("provider killed: %s", point_text(point));
    return true;
}

int64_t world_calendar_ms(void)
{
    return world->calendar_ms + world->now_ms;
}
