/* Edits of a state by hand: for what people know and no program can say – that an object is not
 * Ved's business any more, that it is to be made anew, that it is the one which the program means
 * now, that there is one already.
 *
 * Each is a record like all others (record.def), decided here and applied by record_apply(). The
 * rule for the host is that of runtime_step(): what is in `effects` must be durable before anybody
 * is told. */
#ifndef VED_CORE_MANUAL_H
#define VED_CORE_MANUAL_H

#include "controller/core/runtime.h"

typedef enum ManualKind {
    MANUAL_FORGET,  /* the state does not own the object any more; it stays in the world */
    MANUAL_REPLACE, /* its slice is computed again, and makes another one in its place */
    MANUAL_MOVE, /* it has the address `to` from now on; or all of an instance's objects are another
                  * instance's */
    MANUAL_IMPORT /* what is known as `external_id` outside is put there, for the next emission of
                   * that place to take it over */
} ManualKind;

typedef struct ManualEdit {
    ManualKind kind;
    const char *address;
    const char *to;          /* MANUAL_MOVE */
    const char *external_id; /* MANUAL_IMPORT: as its provider gave it */
    const char *outputs;     /* MANUAL_IMPORT: JSON object likewise; NULL: not known */
} ManualEdit;

/* Make one edit: `effects`, which is emptied first, then holds its records. ERROR_USAGE: there is
 * no such address, with the nearest one, or the edit does not fit what is there; ERROR_DENIED: the
 * object is protected. Then nothing has changed. */
int manual_edit(Runtime *runtime, const ManualEdit *edit, uint64_t now_ms, Effects *effects,
                Error *err);

/* The object at that address, or ERROR_USAGE with the nearest. */
int manual_find(const Runtime *runtime, const char *address, Object **ret, Error *err);

/* Where an object at that address would stand, by the program and its bindings, and what it would
 * be: an emission is there, and no object. ERROR_USAGE with a sentence otherwise. */
int manual_seat(const Runtime *runtime, const char *address, Arena *arena, Seat *ret, Error *err);

#endif
