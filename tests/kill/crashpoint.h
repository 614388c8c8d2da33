/* The page that preloaded programs and the driver that kills them share.
 *
 * It is a file mapped by all of them, so it still says where a process was after SIGKILL. Programs
 * only write their own `point`s, `passes` and `plugin_pid`; the driver writes the rest before it
 * starts a program. */
#ifndef VED_TESTS_CRASHPOINT_H
#define VED_TESTS_CRASHPOINT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define CRASH_MAP_ENVIRONMENT "VED_CRASH_MAP"

typedef enum CrashPoint {
#define CRASHPOINT(name, label, naps, text) CRASH_##name,
#include "tests/kill/crashpoint.def"
#undef CRASHPOINT
    CRASH_POINT_COUNT
} CrashPoint;

/* A checkpoint may be written beside the effects, so it has a place of its own. */
typedef enum CrashPlace {
    CRASH_PLACE_EFFECTS,
    CRASH_PLACE_CHECKPOINT,
    CRASH_PLACE_PLUGIN,
    CRASH_PLACE_COUNT
} CrashPlace;

typedef struct CrashMap {
    _Atomic int32_t point[CRASH_PLACE_COUNT];   /* CrashPoint */
    _Atomic uint64_t passes[CRASH_POINT_COUNT]; /* how often a point was entered */
    _Atomic int32_t plugin_pid;                 /* of the plugin started last */
    _Atomic bool ved_naps;                      /* else the plugin does */
    _Atomic uint32_t nap_min_us;                /* both 0: no naps */
    _Atomic uint32_t nap_max_us;
    _Atomic uint64_t random; /* state of the generator of the naps */
    _Atomic int32_t aim;     /* the point at which a program waits to be killed; 0: at none */
    _Atomic int32_t aim_in;  /* passes of it until then; negative: it waits there */
} CrashMap;

#endif
