/* One container of ours: made if it is not there, started if it does not run, waited for, removed.
 *
 * The rule: it may be called again after a death anywhere. It looks by uid what is there, and the
 * engine refuses a second container of the same name. */
#ifndef VED_DOCKER_CONTAINER_MAKE_H
#define VED_DOCKER_CONTAINER_MAKE_H

#include "providers/docker/container_spec.h"
#include "providers/docker/docker.h"
#include "providers/docker/network.h"

typedef struct Wanted {
    const ProviderRequest *request;
    Json *desired; /* arguments with their secrets */
    ContainerSpec spec;
    Json *labels;
    char network[NETWORK_NAME_SIZE]; /* the one where the arguments name none */
    bool exports_port;
    bool keeps_failed; /* one that did not come up is left, as it is worth more than a new one */
    /* Does it serve? Asked now and then instead of what `spec` says. May be NULL. */
    bool (*is_ready)(Docker *docker, const struct Wanted *wanted, const ContainerFacts *facts);
} Wanted;

/* Read a request; `kind` is what a name begins with. 0, or -1 with a VALIDATION_FAILED problem. */
int wanted_init(Docker *docker, const ProviderRequest *request, const char *kind, Wanted *ret,
                ProviderProblem *problem);
void wanted_deinit(Wanted *wanted);
#define wanted_deinit_p wanted_deinit

/* Bring it about and wait until it serves: 0 with what it is now, or -1. */
int container_ensure(Docker *docker, const Wanted *wanted, ContainerFacts *ret,
                     ProviderProblem *problem);

/* Stop it within its time and remove it, its anonymous volumes left. One that has gone is fine. */
int container_end(Docker *docker, const char *id, int64_t stop_timeout_s, ProviderProblem *problem);

/* Create it without starting it: 0 with its id, which the caller frees, or -1. */
int container_create(Docker *docker, const Wanted *wanted, char **ret_id, ProviderProblem *problem);

/* Start it; -1 with what the engine says and its log. */
int container_start(Docker *docker, const char *id, const char *name, ProviderProblem *problem);

#endif
