/* One process of the controller: `ved apply`, from opening the state to its orderly end, unless it
 * is killed before. */
#ifndef VED_TESTS_SIMULATE_LIFE_H
#define VED_TESTS_SIMULATE_LIFE_H

#include "tests/simulate/story.h"

typedef enum LifeEnd {
    LIFE_KILLED,
    LIFE_QUIET,   /* all is done */
    LIFE_STOPPED, /* by a signal, or its time was over */
    LIFE_FAILED,  /* by an error that it named: only when the disk has failed */
    LIFE_REFUSED  /* to begin, as the state is damaged */
} LifeEnd;

/* What a life is for. */
typedef struct LifeOptions {
    const Story *story;
    Program *program; /* compiled from the story's text; NULL: all is destroyed */
    bool is_last;     /* all must be as the story ends, and nothing be left to do */
} LifeOptions;

/* Run it in a process of its own and wait for its end. */
LifeEnd life_run(const LifeOptions *options);

/* The process is reading what the one before has left. */
bool life_recovers(void);

#endif
