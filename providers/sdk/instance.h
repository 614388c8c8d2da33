/* What the kit remembers of an object a provider made: whose it is, what was wanted, how it was
 * when the provider last said so.
 *
 * The rule: an instance that is `partial` may or may not exist outside; it can be removed and
 * repaired, but is never shown as the object its client asked for. */
#ifndef VED_SDK_INSTANCE_H
#define VED_SDK_INSTANCE_H

#include "providers/sdk/members.h"
#include "providers/sdk/provider.h"

#define ETAG_SIZE 24

typedef struct Instance {
    char *type;
    char *uid;
    char *effect;
    char *external_id; /* NULL: none */
    char *reason;      /* why it is not ready; NULL: none given */
    char *owner;       /* this and the next four are JSON texts; NULL: none */
    char *desired;
    char *state;
    char *private;
    char *sensitive; /* pointers into the state, of what is secret; NULL: only what is concealed */
    int64_t schema_version;
    int64_t generation;
    bool ready;
    bool partial;                  /* the call that made it failed half way */
    char etag[ETAG_SIZE];          /* with its quotes */
    char observed_etag[ETAG_SIZE]; /* of the last observation, not stored; "": it was not there */
    bool is_observed;              /* there has been one */
    struct Operation *maker;       /* whose answer it is: see Operation.made; NULL: nobody's */
} Instance;

void instance_free(Instance *instance);

/* The tag of how it was when it was last looked at; "": it was not there. */
static inline const char *instance_etag_known(const Instance *instance)
{
    return instance->is_observed ? instance->observed_etag : instance->etag;
}

/* As it is stored; and back, from all of `members`. A negative code: no object, or a member is
 * missing. The caller owns the result. */
void instance_put(Buffer *ret, const Instance *instance);
int instance_parse(Members *members, Instance **ret, Error *err);

/* The body of a 200 or 201 as JSON text, to the operation `op`; NULL: to nobody's. */
void instance_put_representation(Buffer *ret, const Instance *instance, const char *op);

/* The tag of an object in this state: equal states, equal tags. */
void etag_of(const Json *state, const char *external_id, char ret[ETAG_SIZE]);
void etag_of_text(const char *state, const char *external_id, char ret[ETAG_SIZE]);

/* `private`, a JSON text, as the wire carries it: in base64; and back (NULL: not that). The caller
 * frees it. */
char *private_encode(const char *private);
char *private_decode(const char *text);

CLEANUP_DEFINE(Instance *, instance_free);

#endif
