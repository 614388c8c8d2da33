/* Which object a path of this machine belongs to, asked by the path.
 *
 *   DATA/claims/SHA-256 of the path ──symlink──▶ TYPE/UID
 *
 * The rule: an object's record names the path before the claim is taken, and goes after it. So a
 * claim of an object whose record does not name the path is nobody's, and is taken over. */
#ifndef VED_LOCAL_CLAIM_H
#define VED_LOCAL_CLAIM_H

#include "providers/local/object.h"

#define CLAIM_TYPE_SIZE 32

/* Who holds a path. */
typedef struct Claimant {
    char type[CLAIM_TYPE_SIZE];
    char uid[UID_SIZE + 1];
    char *address; /* of the emission that made it; the caller frees it */
} Claimant;

/* claim_take(): another object holds it. */
#define CLAIM_TAKEN 1

/* 0: it is the object's now, or was; CLAIM_TAKEN with `ret` filled. */
int claim_take(const Local *local, const char *path, const char *type, const char *uid,
               Claimant *ret, Error *err);

/* Who holds it? False: nobody. */
bool claim_find(const Local *local, const char *path, Claimant *ret);

/* Give it back; not one that is another object's by now. */
void claim_drop(const Local *local, const char *path, const char *type, const char *uid);

#endif
