/* A world for walks: a provider that checks what it is asked, and processes that come and go over
 * one journal.
 *
 * One process at a time: world_enter() starts it from what is durable, world_leave() ends it well.
 * It is killed when its life is over; whatever is asked of it after that does nothing, so callers
 * look at `killed` and start another. What must never happen is kept in `wrong`, the first of it,
 * and ends everything. */
#ifndef VED_TESTS_TORTURE_WALK_WORLD_H
#define VED_TESTS_TORTURE_WALK_WORLD_H

#include "controller/core/runtime.h"
#include "tests/torture/walk_model.h"

/* Something that a provider has made. */
typedef struct Thing {
    char uid[UID_SIZE];
    char *address;
    char *effect;
    char *arguments;
    uint64_t birth; /* stands in its result; another one after a loss */
    bool exists;
    bool deleted; /* for ever */
} Thing;

/* What it answered under a key. */
typedef struct Deal {
    char op[OP_SIZE];
    char *line; /* verb, uid, arguments: the same under the same key */
    char *result;
    bool applied;
} Deal;

typedef struct Provider {
    Thing *things;
    size_t count, capacity;
    Deal *deals;
    size_t deal_count, deal_capacity;
    uint64_t next_birth;
    uint32_t failing; /* that many new calls fail */
} Provider;

typedef struct Flight {
    uint64_t intent;
    size_t deal;
    uint64_t due_ms;
} Flight;

typedef struct World {
    Provider provider;
    Chance chance;
    Model model; /* of the program in force */
    Program *program;
    Bindings *bindings;
    Runtime *runtime; /* NULL: no process runs */
    RuntimeOptions options;
    Effects effects;
    uint64_t now_ms;
    uint64_t life; /* the process is killed in its life-th step from now; 0: it is not */
    bool killed;
    bool turned;
    char *checkpoint; /* NULL: none yet */
    char **records;   /* since then */
    size_t record_count, record_capacity;
    Flight *flights;
    size_t flight_count, flight_capacity;
    bool traces;
    Buffer trace;
    Buffer wrong; /* "": nothing */
} World;

/* The program of the model must check, else that is what is wrong. */
void world_init(World *world, const Model *model, uint64_t seed);
void world_deinit(World *world);

/* A process takes over what is durable and looks which objects exist. */
void world_enter(World *world);

/* Awaits what was sent, and begins nothing. */
void world_settle(World *world);

/* Passes the state on to the model's program. False: it is refused, and `ret_denied` says whether
 * because of what is protected; or the process is killed. */
bool world_edit(World *world, const Model *model, bool *ret_denied);

/* Until nothing is left to do. */
void world_apply(World *world);
void world_leave(World *world);

/* One that may be lost is, without anybody being told. */
void world_lose(World *world);

/* What exists, a line each, in an order that is the same for the same objects; what is wrong with
 * it goes to `wrong`. To be asked while a process runs. */
void world_list(World *world, Buffer *ret);

/* What `plan` would ask for now, a line each; the process must not be used after it. */
void world_plan(World *world, Buffer *ret);

void world_wrong(World *world, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
