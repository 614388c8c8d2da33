/* An object of a resource, from what is known of it to what is wanted.
 *
 * The rule: whatever a killed predecessor has begun is found – by the note, by the operation's URL,
 * by `find` – before anything is made; and what was sent once and cannot be found is never sent
 * again unless the API does once what comes twice. */
#ifndef VED_HTTP_OBJECT_H
#define VED_HTTP_OBJECT_H

#include "providers/http/look.h"

typedef struct Object {
    Call call;
    const ResourceSpec *resource;
    const ProviderRequest *request;
    Json *private;     /* of the last reply; NULL: none */
    Json *note;        /* NULL: nothing was begun */
    Json *at;          /* the parameters by which it is found */
    bool begun_before; /* an earlier request to make it may have been sent */
    char *digest;      /* of what is wanted; NULL: nothing is */
    Look look;         /* how it stands now */
} Object;

/* Put together what is known. 0, or -1 with the problem; the caller deinits it in either case. */
int object_begin(Object *object, Site *site, const ResourceSpec *resource,
                 const ProviderRequest *request, ProviderProblem *problem);
void object_deinit(Object *object);
#define object_deinit_p object_deinit

/* The id that is known; NULL: none is. */
const char *object_id(const Object *object);

/* As Provider.reconcile() and the others. */
int object_reconcile(Object *object, ProviderReply *reply);
int object_remove(Object *object);
ObserveStatus object_observe(Object *object, ProviderReply *reply);

/* ---- object_make.c ---- */

/* Make it, whatever was begun before. 0 with `look` filled, or -1 with the problem. */
int object_create(Object *object);

/* It was begun before: find out what came of it, and finish it. */
int object_resume(Object *object);

/* Find it by what it carries. 0 with its id in the scope and `look` filled, or without an id if
 * there is none; -1 with the problem. */
int object_search(Object *object);

/* ---- object.c, for object_make.c ---- */

/* It is there, or comes: wait until it is as it should be. `document` is what the last answer shows
 * of it, or NULL. */
int object_settle(Object *object, const Json *document, const char *etag);

/* Bring what exists to what is wanted. */
int object_update(Object *object);

/* The id is known from now on. */
void object_set_id(Object *object, const char *id);

#endif
