/* One object's folder DATA/TYPE/UID and the record in it.
 *
 * The record (object.json) names what the object was asked to be, its port, and whether it ever
 * came up. It holds no argument in clear text, only salted digests, so no secret either. */
#ifndef VED_LOCAL_OBJECT_H
#define VED_LOCAL_OBJECT_H

#include <stdbool.h>

#include "lang/base/json.h"
#include "providers/local/local.h"

#define UID_SIZE 32

typedef struct Object {
    char *folder;
    Json *record;
} Object;

/* There is no record: the object was never begun, or is gone. */
#define OBJECT_NONE 1

/* Open the object of `type` and `uid`. 0; or OBJECT_NONE with an empty record, in which case the
 * folder may be missing. A uid that is not 32 hexadecimal digits is an error. */
int object_open(const Local *local, const char *type, const char *uid, Object *ret, Error *err);
void object_deinit(Object *object);
#define object_deinit_p object_deinit

/* Make the folder and write the record; durable when it returns 0. */
int object_save(Object *object, Error *err);

/* Delete the folder; the record last. */
int object_delete(Object *object, Error *err);

/* Give the folder of the object `from` to `to`, of the same type, which has none. Durable when it
 * returns 0. */
int object_move(const Local *local, const char *type, const char *from, const char *to, Error *err);

/* For each object of `type`: call `visit`, until it returns true. `uid` and `object` are lent.
 * Returns what the last call did. */
bool objects_visit(const Local *local, const char *type,
                   bool (*visit)(void *context, const char *uid, const Object *object),
                   void *context);

/* The path of something in the folder. The caller frees it. */
char *object_path(const Object *object, const char *name);

/* The port in the record; choose one that no other object keeps, and save, if there is none. */
int object_port(Local *local, Object *object, int *ret, Error *err);

/* The object came up once: from then on its arguments bind. */
bool object_is_established(const Object *object);

/* Digest every argument of `arguments` (resolved) into the record's "arguments". */
void object_set_arguments(Object *object, const Json *arguments);

/* The first argument, not named in the NULL-terminated `ignored`, that differs from the record's;
 * NULL: none. Valid as long as both are. */
const char *object_changed_argument(const Object *object, const Json *arguments,
                                    const char *const *ignored);

#endif
