/* Waiting for a container to serve: the engine's events say when it ends, and its health where the
 * engine looks after that; else it is asked now and then. */
#ifndef VED_DOCKER_CONTAINER_WAIT_H
#define VED_DOCKER_CONTAINER_WAIT_H

#include "providers/docker/container_make.h"

/* `facts` is brought up to date. 0, or -1: it has ended, or does not serve in time. */
int container_await(Docker *docker, const Wanted *wanted, ContainerFacts *facts,
                    ProviderProblem *problem);

/* "; the last lines of its log:\n...", or "". The caller frees it. */
char *container_log_words(Docker *docker, const char *id);

#endif
