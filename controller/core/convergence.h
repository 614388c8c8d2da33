/* Proves that domains loop: a configuration that comes again without anything from outside.
 *
 * Domains that have exchanged messages since the last input from outside them form a group; the
 * group's configuration is a sum of its members' digests, compared by Brent's method (R. P. Brent,
 * An improved Monte Carlo factorization algorithm, 1980) in constant memory. Derived state: never
 * stored, so after a restart the proof begins anew. */
#ifndef VED_CORE_CONVERGENCE_H
#define VED_CORE_CONVERGENCE_H

#include "controller/core/state.h"

typedef enum LoopKind {
    LOOP_NONE,
    LOOP_PROVED,    /* the configuration came again: oscillating */
    LOOP_REPEATING, /* it came again with effects whose answers were those of the turn before */
    LOOP_DIVERGING  /* --max-slices without input from outside: expressly not a proof */
} LoopKind;

/* A message went from one instance to another: they are one group from now on. `sender` is NULL if
 * it is gone. */
void convergence_spoke(Instance *receiver, Instance *sender);

/* Something came from outside: the instance's group is dissolved and its members may run again. */
void convergence_outside(Instance *instance);

/* A slice of the instance has committed; `answers` is a digest of its effects and their answers, 0
 * if it had none. When it closes a loop all members rest, their goals that were unmet in the cycle
 * are marked, and the kind is returned. */
LoopKind convergence_slice(Instance *instance, Digest128 answers, uint64_t max_slices);

/* A goal of the instance was found unmet. */
void convergence_unmet(Instance *instance, uint32_t goal);

/* How its group loops, for people: "oscillating"; it runs no more until something comes from
 * outside. NULL: nothing is proved of it. */
const char *convergence_rests(const Instance *instance);

/* The instance goes to sleep: alone, it is of no group any more, for only what is outside or time
 * can wake it. */
void convergence_sleep(Instance *instance);

#endif
