/* What the parts of passing a state on share. Only for evolution*.c.
 *
 * The state is written as a snapshot, what is called otherwise now is renamed in that, and the
 * successor is read from it. What follows is done to the successor: its shape, its parameters, and
 * what becomes of the objects. */
#ifndef VED_CORE_EVOLUTION_PRIVATE_H
#define VED_CORE_EVOLUTION_PRIVATE_H

#include "controller/core/evolution.h"
#include "controller/core/migration.h"
#include "controller/core/recompute.h"
#include "lang/base/macros.h"

typedef struct Passage {
    const Runtime *old;
    const Evolution *evolution;
    Runtime *new; /* the successor; NULL until the snapshot is read */
    EvolutionReport *report;
    int32_t *was; /* of each domain of the new program the one of the old that it was; -1: none */
    Json *withdrawn; /* what records of domains that are gone had said, as a list of messages */
    Arena arena;     /* of what is needed to the end */
    Arena scratch;   /* of one record */
    Map uses;        /* of the new program, by place: see use_find(); made when it is first asked */
    SourceIndex lines; /* of the new program; made when it is first asked */
    bool has_lines;
    const char *elsewhere; /* the first line that was edited; NULL: not asked yet */
} Passage;

/* One more sentence for people, on the heap; the report owns it. */
void passage_note(Passage *passage, char *sentence);

/* What went on as this instance; NULL: it is new. */
const Instance *instance_before(const Passage *passage, const Instance *instance);

/* The domain that goes on as that of the instance of before; NULL: it is gone. */
const ProgramDomain *domain_after(const Passage *passage, const Instance *before);

/* The text that the cause runs. */
Span cause_span(const ProgramDomain *domain, const Cause *cause);
bool same_text(const Program *a, Span in_a, const Program *b, Span in_b);

/* ---- evolution_moved.c: in the snapshot ---- */

void snapshot_rename(Passage *passage, Json *snapshot);

/* ---- evolution_shape.c ---- */

/* 0, or ERROR_PROGRAM: a field does not pass over. */
int shape_check(const Passage *passage, Error *err);

/* In the snapshot: what events and messages carry, by its names. */
void snapshot_reshape(Passage *passage, Json *snapshot);

/* Fields, and what records hold of them, by the migrations. */
int state_reshape(Passage *passage, Error *err);

/* What a slice or run behind a `yield` goes on with is of the same types in both. `was` and `is`
 * are the cause in the program of before and in that of now. */
bool locals_are_kept(const Instance *before, const Cause *was, const Instance *instance,
                     const Cause *is, size_t local_count);

/* What a record behind a `yield` goes on with, as the text has it now: of what `former`, the record
 * of before, has, by name. False: something is not there. */
bool origin_locals_pass(const Instance *before, const Origin *former, const Instance *instance,
                        Origin *origin);

/* ---- evolution_gone.c ---- */

/* In the snapshot: what is left of domains that the program has no more. Before
 * snapshot_reshape(). */
void snapshot_bury(Passage *passage, Json *snapshot);

/* In the successor: what they had said is withdrawn. 0 or ERROR_STATE. */
int withdraw_buried(Passage *passage, Error *err);

/* In the successor: those of them that own nothing are no more. */
void empty_graves_remove(Passage *passage);

/* ---- evolution_objects.c ---- */

/* Put every record to the new program. 0, ERROR_PROGRAM or ERROR_DENIED. */
int objects_pass(Passage *passage, Error *err);

/* What a record that is no more had said, by domain `from` (UINT32_MAX: one that is gone), is said
 * no more, unless somebody says it again: what nobody can say takes the records of those who
 * handled it along. */
void said_withdraw(Runtime *new, uint32_t from, const Emission *said);

/* ERROR_DENIED with a sentence if the object is protected; `would` is "destroy" or "replace". */
int object_check_protection(Passage *passage, const Object *object, const char *would, Error *err);

/* ---- evolution_because.c: for people ---- */

/* Why an emission is not what it was, and why an object is not emitted any more. */
const char *because_of_effect(Passage *passage, const Instance *owner, const Origin *origin,
                              const Recomputation *now, const RecomputedEffect *effect);
const char *because_of_slice(Passage *passage, const Instance *owner, const Origin *origin,
                             const Recomputation *now);

/* What the place was part of is not in the program; NULL: all of it is. */
const char *because_of_absence(Passage *passage, const Object *object);

/* What emits such an object in the new program: at its place, or – of one that has a name –
 * anywhere in its domain. NULL: nothing. */
const EffectUse *use_find(Passage *passage, const Object *object);

#endif
