/* What is said of a container to those who asked: its result, whether it is there; and how it goes.
 */
#ifndef VED_DOCKER_CONTAINER_VIEW_H
#define VED_DOCKER_CONTAINER_VIEW_H

#include "providers/docker/container_make.h"

/* The result. `private` (a JSON text or NULL) says which of its ports is the first. The caller owns
 * it. */
Json *container_view_state(const Docker *docker, const char *private, const ContainerFacts *facts);

/* Fill a reply with result, name, and what is to be remembered. */
void container_view_reply(const Docker *docker, const Wanted *wanted, const ContainerFacts *facts,
                          ProviderReply *reply);

/* Find the container of a request: by its uid, or, where it was taken over, by its id. The outcomes
 * of engine_list_find(). */
int container_view_find(Docker *docker, const ProviderRequest *request, ContainerFacts *ret,
                        ProviderProblem *problem);

/* Is it there? OBSERVE_FOUND with `facts`, or a reason in the reply. */
ObserveStatus container_view_observe(Docker *docker, const ProviderRequest *request,
                                     ContainerFacts *facts, ProviderReply *reply,
                                     ProviderProblem *problem);

/* Remove the container, and with the last one the network. */
int container_view_remove(Docker *docker, const ProviderRequest *request, ProviderProblem *problem);

#endif
