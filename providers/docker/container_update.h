/* What changes in a container while it runs: its name, its limits, its restart policy, and the
 * networks it is on. */
#ifndef VED_DOCKER_CONTAINER_UPDATE_H
#define VED_DOCKER_CONTAINER_UPDATE_H

#include "providers/docker/container_make.h"

typedef struct ContainerChanges {
    bool name;
    bool limits;
    bool restart;
    bool needs_new; /* a limit is to go, which no engine takes away */
    Json *connect;  /* names of networks */
    Json *disconnect;
} ContainerChanges;

/* Compare what the engine says of a container (GET /containers/ID/json) with what is wanted. Pure.
 * The caller deinits. */
ContainerChanges container_changes(const Json *inspected, const ContainerSpec *spec,
                                   const char *default_network);
void container_changes_deinit(ContainerChanges *changes);
#define container_changes_deinit_p container_changes_deinit

/* The body of an update: of Docker's API, or of Podman's own, which has no restart policy. The
 * caller owns it. */
Json *container_update_body(const ContainerSpec *spec, const ContainerChanges *changes,
                            bool of_podman);

/* Make the running container what is wanted; `facts` is brought up to date. 0, -1, or
 * CONTAINER_NEEDS_NEW: only another one can be that. */
#define CONTAINER_NEEDS_NEW 1
int container_update(Docker *docker, const Wanted *wanted, ContainerFacts *facts,
                     ProviderProblem *problem);

#endif
