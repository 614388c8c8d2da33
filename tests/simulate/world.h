/* The world of one run: all that outlives a process of the controller, and the one clock.
 *
 * A process of the controller is a real process, forked, and killed by _exit() wherever the run
 * wants it: of its memory nothing is left. What survives – disk, network, provider, time – lies in
 * memory that all processes of a worker share, is taken from it with world_alloc(), is never freed
 * alone, and all goes when the next run begins.
 *
 * The one rule: nothing here may depend on anything but the seed. */
#ifndef VED_TESTS_SIMULATE_WORLD_H
#define VED_TESTS_SIMULATE_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lang/base/macros.h"
#include "tests/lib/chance.h"

#define WORLD_SIZE ((size_t)1 << 30) /* reserved, not used */
#define EXIT_KILLED 99               /* of a process that was killed where the run wanted it */
#define WALL_START_MS 1700000000000  /* what the calendar says when a run begins */

typedef enum Point {
#define POINT(name, label, text) POINT_##name,
#include "tests/simulate/point.def"
#undef POINT
    POINT_COUNT
} Point;

typedef enum Trouble {
#define TROUBLE(name, label) TROUBLE_##name,
#include "tests/simulate/trouble.def"
#undef TROUBLE
    TROUBLE_COUNT
} Trouble;

typedef enum Mutant {
#define MUTANT(name, label, text) MUTANT_##name,
#include "tests/simulate/mutant.def"
#undef MUTANT
    MUTANT_COUNT
} Mutant;

typedef struct Disk Disk;
typedef struct Network Network;
typedef struct Provider Provider;
typedef struct Witness Witness;

typedef struct World {
    uint64_t seed;
    Mutant mutant;
    Chance chance;
    int64_t now_ms;       /* since the run began */
    int64_t calendar_ms;  /* what the calendar is ahead of that */
    unsigned life;        /* number of the process, from 1 */
    bool running;         /* a process runs */
    bool calm;            /* nothing goes wrong any more */
    unsigned trouble_max; /* so much may still go wrong */
    bool damaged;         /* so is the state: it may be refused, and not be taken for whole */
    bool disk_trouble;    /* in this life the disk has failed: it may end with an error */
    /* the end of this life, if it is to be killed */
    Point kill_at;
    uint32_t kill_in;   /* so many passings; 0: it is not killed */
    uint32_t full_in;   /* the disk is full after so many calls; 0: it does not fill up */
    uint64_t passed_on; /* up to this record the state was another program's, if not that of now */
    Disk *disk;
    Network *network;
    Provider *provider;
    Witness *witness;
    bool traces;
    char wrong[2048]; /* "": nothing */
    size_t used;      /* of the memory */
} World;

/* What a worker tells of all its runs. */
typedef struct Tally {
    uint64_t runs, lives, kills, requests, records;
    uint64_t points[POINT_COUNT];
    uint64_t troubles[TROUBLE_COUNT];
} Tally;

extern World *world;
extern Tally *tally;

/* Make the memory of a worker; once a process. */
void world_map(void);

/* Everything anew. */
void world_begin(uint64_t seed, Mutant mutant, bool traces);

/* Zeros, aligned; until the next run. */
void *world_alloc(size_t size);
char *world_copy(const void *bytes, size_t size); /* ends in NUL */

/* Something must not be: the first such sentence is kept, and the process, if one runs, ends. */
void world_wrong(const char *format, ...) PRINTF_LIKE(1, 2);

/* A line of the trace, if there is one. */
void world_trace(const char *format, ...) PRINTF_LIKE(1, 2);

/* The process comes by a call that can be its last, or by a named place. */
void world_step(void);
void world_pass(Point point);

/* Whether a provider is killed at this place. */
bool world_provider_dies(Point point);

/* Whether this goes wrong now, `times` to one against it; it is counted then. */
bool world_trouble(Trouble trouble, size_t times);
void world_count(Trouble trouble);

/* What the calendar says. */
int64_t world_calendar_ms(void);

const char *point_label(Point point);
const char *point_text(Point point);
const char *trouble_label(Trouble trouble);
const char *mutant_name(Mutant mutant);
const char *mutant_text(Mutant mutant);

#endif
