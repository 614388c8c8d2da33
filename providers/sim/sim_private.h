/* What the parts of the simulating provider share: its state, and the objects, which are files.
 *
 *   DATA/objects/UID.json   {"uid","effect","address","created_by","changed_by"?,"id"?,"desired"}
 *   DATA/outside/NAME.json  {"effect","desired"}: what is nobody's, for tests to put there
 *   DATA/calls.ndjson       every call that arrived
 *   DATA/effects.ndjson     every change of this world, once, by the key of the operation
 *   DATA/facts.json         what queries answer, before the config
 *   DATA/fail.json          what fails while it stands there
 *   DATA/lose               what is to be lost at the next request
 *
 * Many threads call at once; an object's file is touched by one call of its uid at a time. */
#ifndef VED_SIM_PRIVATE_H
#define VED_SIM_PRIVATE_H

#include <pthread.h>

#include "lang/base/map.h"
#include "providers/sim/sim.h"

#define OBJECT_SIZE_MAX ((size_t)16 << 20)

typedef struct Sim {
    char *data_dir;
    char *lose_path; /* looked for at every request */
    char *schema;
    Json *config;
    int calls_fd, effects_fd;
    pthread_mutex_t lock; /* for the log of calls and the counts */
    Map counts;           /* effect -> how many calls reached us, in the pointer itself */
} Sim;

/* ---- the schema ---- */

/* Any effect makes an object of its own type, except the actions of the config; what the config
 * says of an effect's changes stands in an entry of its own. The caller frees it. */
char *sim_schema(const Json *config);

/* ---- objects ---- */

/* The effect that is wanted, or that has the type's name. */
const char *effect_of(const ProviderRequest *request);

/* As the world outside calls it; `object` may be NULL. The caller frees it. */
char *object_id(const Json *object, const char *uid);
char *object_path(const Sim *sim, const char *uid);

/* What an effect's results are: its arguments and what the config adds. `id` and `uid` may be NULL:
 * what depends on them is {"$unknown":{}}. */
Json *object_state(const Sim *sim, const char *id, const char *uid, const char *effect,
                   const Json *desired);

/* 0 with NULL if there is no such file. */
int object_read(const Sim *sim, const char *uid, Json **ret, Error *err);

/* What an operation has done to the world: "create", "update", "remove", "run", or NULL, nothing.
 */
typedef struct Deed {
    const char *did;
    bool before; /* by a call that was cut off, it may be */
} Deed;

/* Make it, or make it as is wanted; `ret` is the object. */
int object_make(const Sim *sim, const ProviderRequest *request, Json **ret, Deed *ret_deed,
                Error *err);

/* Called for each object, which is lent, until it returns true. */
typedef bool ObjectVisit(void *context, const char *uid, const Json *object);

/* What the last call returned, or a negative error. */
int objects_visit(const Sim *sim, ObjectVisit *visit, void *context, Error *err);

/* Before the object of a new uid is made: take over what the request adopts; else refuse if
 * something stands outside under the same `name`. 0, or -1 with `problem`. */
int object_arrive(const Sim *sim, const ProviderRequest *request, ProviderProblem *problem);

/* As Provider.lookup(). */
int object_find(const Sim *sim, const char *type, const char *external_id, const char *search,
                ProviderFinding *ret, ProviderProblem *problem);

/* ---- counting ---- */

/* Open the two logs, and count the calls in them if the config asks for it. */
int calls_open(Sim *sim, Error *err);

/* Write the call down before anything is done about it; `ret` is how many there were of its effect,
 * this one included. 0, or -1 with `problem`. */
int call_log(Sim *sim, const char *kind, const ProviderRequest *request, size_t *ret,
             ProviderProblem *problem);

/* Write down what was done, if anything was, and unless that was done before: so that each
 * operation has one line however often the plugin dies. 0, or -1 with `problem`. */
int effect_note(Sim *sim, Deed deed, const ProviderRequest *request, ProviderProblem *problem);

/* ---- what goes wrong from outside ---- */

/* Lose what DATA/lose names, a line each: a uid, an address, or an effect for all it has made. */
void losses_happen(const Sim *sim);

/* DATA/fail.json: {"EFFECT or ADDRESS": "why"}. 0, or -1 with `problem`. */
int fail_as_told(const Sim *sim, const ProviderRequest *request, ProviderProblem *problem);

#endif
