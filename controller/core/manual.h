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
    MANUAL_IMPORT, /* what is known as `external_id` outside is put there, for the next emission of
                    * that place to take it over */
    MANUAL_REDELIVER, /* dead letters are put back: those of an instance, or the one of that number
                       */
    MANUAL_RESUME,    /* an instance that is down runs again */
    MANUAL_RESOLVE /* an open effect, by the begin of its key, has taken hold as `external_id`, or
                    * without one has not */
} ManualKind;

typedef struct ManualEdit {
    ManualKind kind;
    const char *address;
    const char *to;          /* MANUAL_MOVE */
    const char *external_id; /* MANUAL_IMPORT, RESOLVE: as its provider gave it */
    const char *outputs;     /* the same, JSON object; NULL: not known */
} ManualEdit;

/* Make one edit: `effects`, which is emptied first, then holds its records. ERROR_USAGE: there is
 * no such address, with the nearest one, or the edit does not fit what is there; ERROR_DENIED: the
 * object is protected. Then nothing has changed. */
int manual_edit(Runtime *runtime, const ManualEdit *edit, uint64_t now_ms, Effects *effects,
                Error *err);

/* The object at that address, or ERROR_USAGE with the nearest. */
int manual_find(const Runtime *runtime, const char *address, Object **ret, Error *err);

/* The instance that an address means. ERROR_USAGE: there is none. */
int manual_instance(const Runtime *runtime, const char *address, Instance **ret, Error *err);

/* What `ved redeliver WHAT` means: an instance, and one message of it, or 0 for all. ERROR_USAGE:
 * it has no dead letters, or there is no such thing. */
int manual_letters(const Runtime *runtime, const char *what, Instance **ret, uint64_t *ret_message,
                   Error *err);

/* The open effect whose key begins so. ERROR_USAGE: none does, or several do. */
int manual_effect(const Runtime *runtime, const char *op, const Intent **ret, Error *err);

/* Where an object at that address would stand, by the program and its bindings, and what it would
 * be: an emission is there, and no object. ERROR_USAGE with a sentence otherwise. */
int manual_seat(const Runtime *runtime, const char *address, Arena *arena, Seat *ret, Error *err);

#endif
