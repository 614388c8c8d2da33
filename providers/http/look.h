/* How an object stands: what an answer shows of it, and the asking for it. */
#ifndef VED_HTTP_LOOK_H
#define VED_HTTP_LOOK_H

#include "providers/http/request.h"

typedef enum LookStatus { LOOK_FOUND, LOOK_ABSENT, LOOK_UNCHANGED } LookStatus;

typedef enum Readiness { READY, NOT_READY, BROKEN } Readiness;

typedef struct Look {
    LookStatus status;
    Json *document;
    Json *state; /* the result */
    char *etag;  /* NULL: none */
    Readiness readiness;
    char *reason; /* why it is not ready */
} Look;

void look_deinit(Look *look);
#define look_deinit_p look_deinit

/* What a condition says of a document; without a pointer: READY. */
Readiness condition_holds(const Condition *condition, const Json *document);

/* What a document shows of the object `id`: 0, or a negative code if it does not show all of it. It
 * is copied. */
int look_make(const ResourceSpec *resource, const char *id, const Json *document, const char *etag,
              Look *ret, Error *err);

/* Ask for the object that the scope's `id` names, by `read` or else in the list. `etag`: known
 * before, or NULL. 0, or -1 with the call's problem; the caller deinits `ret`. */
int look_at(Call *call, const ResourceSpec *resource, const char *etag, Look *ret);

/* The same for many that are asked for at once: in the list, where there is one. */
int look_among(Call *call, const ResourceSpec *resource, const char *etag, Look *ret);

#endif
