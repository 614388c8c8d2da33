/* A program made by chance, and what has to have come of it when all is quiet, whatever went wrong
 * on the way.
 *
 * A story has some acts. Each is a few domains that keep to themselves and do something whose end
 * is certain: they count, and what arrives out of order or twice they count, too. What they do
 * outside is numbered, so that the world can tell what was done, how often and in which order. */
#ifndef VED_TESTS_SIMULATE_STORY_H
#define VED_TESTS_SIMULATE_STORY_H

#include "controller/core/runtime.h"
#include "lang/base/buffer.h"
#include "tests/lib/chance.h"

/* A field has that value in the end. */
typedef struct FieldEnd {
    char domain[32];
    char field[32];
    char value[512]; /* as JSON */
} FieldEnd;

/* Whoever it is, its deeds have the numbers from 1 to `count`, in order, each once. */
typedef struct DeedEnd {
    char who[32];
    int64_t count;
} DeedEnd;

/* One object with that tag exists. */
typedef struct ThingEnd {
    char tag[32];
} ThingEnd;

/* Messages to that domain are given up. */
typedef struct DeadEnd {
    char domain[32];
    size_t count;
} DeadEnd;

#define STORY_ENDS_MAX 64

typedef struct Story {
    Buffer text;  /* as it begins */
    Buffer grown; /* as it is from some process on: with more acts, or the same */
    FieldEnd fields[STORY_ENDS_MAX];
    DeedEnd deeds[STORY_ENDS_MAX];
    ThingEnd things[STORY_ENDS_MAX];
    DeadEnd dead[STORY_ENDS_MAX];
    size_t field_count, deed_count, thing_count, dead_count;
    unsigned risks;   /* that many calls of `Risk` are refused */
    unsigned forbids; /* `Forbid` is tried so often, and always refused */
    int64_t ready_ms; /* from when on `Infra.ready` is true */
    bool may_lose;    /* objects may be lost: each is made again */
} Story;

void story_make(Story *story, Chance *chance);
void story_deinit(Story *story);

/* Whether it has ended as it must, else what is wrong goes to the world. */
void story_check(const Story *story, const Runtime *runtime);

/* The same after all was destroyed, at whatever moment. */
void story_check_destroyed(const Story *story, const Runtime *runtime);

#endif
