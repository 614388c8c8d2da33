/* What the files of the engine share. Internal: others use engine.h. */
#ifndef VED_HOST_ENGINE_PRIVATE_H
#define VED_HOST_ENGINE_PRIVATE_H

#include "controller/host/engine.h"
#include "controller/host/fact_watch.h"
#include "controller/host/object_watch.h"
#include "controller/host/running.h"

#define STEPS_A_TURN 128

/* An answer that waits for the next turn. */
typedef struct Arrived {
    struct Arrived *next;
    uint64_t intent;
    bool applied;
    char *external_id;
    char *result;
    char *code;
    char *detail;
    char *trouble;
    CallTimes times; /* without `trouble` */
} Arrived;

typedef struct InFlight {
    struct InFlight *next, **link;
    Engine *engine;
    uint64_t intent;
    bool asked_first;
    uint64_t started_ms;
} InFlight;

typedef enum EngineMode { MODE_APPLY, MODE_SETTLE, MODE_DESTROY, MODE_CONTROL } EngineMode;

struct Engine {
    Stack *stack;
    EngineOptions options;
    EngineObserver observer;
    RuntimeOptions runtime_options;
    EngineMode mode;
    EngineCounts counts;
    Effects steps[STEPS_A_TURN];
    Arrived *inbox, **inbox_end;
    InFlight *in_flight;
    FactWatch *facts;
    ObjectWatch *objects; /* of a controller; NULL */
    RunningNote *note;    /* NULL: nothing is noted */
    RunningLeft left;     /* by the process before, until it is recorded */
    bool told_waiting;    /* since something was last recorded */
    LoopTimer *turn_timer, *timeout_timer, *grace_timer;
    uint64_t wall_start_ms;
    int64_t loop_start_ms;
    int signal_number;
    unsigned signal_count;
    bool abandoned;
    bool timed_out;
    bool ended; /* of a controller: nothing more is done */
    int failure_kind;
    Error error; /* code 0: none */
    /* observing */
    size_t batches;
    char *observe_error;
    int observe_kind;
};

/* One step of the core, its records appended; what it says is in `steps[index]`. False: they could
 * not be appended. */
bool engine_step(Engine *engine, size_t index, const Event *event);

/* Make what was appended durable; then it may be released. */
bool engine_commit(Engine *engine);

/* The records are durable: now it may be seen, first what happened, then what is begun. */
void engine_release(Engine *engine, const Effects *effects);

#endif
