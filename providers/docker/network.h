/* The network that containers are on where the program names none: made with the first of them,
 * gone with the last. */
#ifndef VED_DOCKER_NETWORK_H
#define VED_DOCKER_NETWORK_H

#include "providers/docker/docker.h"

#define NETWORK_NAME_SIZE 128

/* Its name: the config's, or one of the lineage's own. */
void network_default_name(const Docker *docker, const char *lineage, char ret[NETWORK_NAME_SIZE]);

/* It exists when this returns 0. One that exists and is not ours is used and left alone. */
int network_ensure_default(Docker *docker, const ProviderRequest *request, const char *name,
                           ProviderProblem *problem);

/* It was seen to be missing: the next network_ensure_default() makes it again. */
void network_forget(Docker *docker, const char *name);

/* A container of this lineage has gone from it: if it was the last, so has the network. */
int network_release_default(Docker *docker, const char *lineage, const char *name,
                            ProviderProblem *problem);

/* Put a container on a network, or take it off; that it is so already is fine. */
int network_connect(Docker *docker, const char *network, const char *id, const Json *aliases,
                    ProviderProblem *problem);
int network_disconnect(Docker *docker, const char *network, const char *id,
                       ProviderProblem *problem);

#endif
