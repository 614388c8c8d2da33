/* All containers of ours, known by one list and kept up to date by one stream of events.
 *
 * The rule: what is found here is as new as the last event, which may be late. Nothing is created
 * because a container is not found here without the engine having the last word: it refuses a
 * second one of the same name, and every name of ours is made of the uid or said by the program. */
#ifndef VED_DOCKER_ENGINE_LIST_H
#define VED_DOCKER_ENGINE_LIST_H

#include "providers/docker/container_facts.h"
#include "providers/docker/engine_api.h"

typedef struct EngineList EngineList;

/* There is no such container. */
#define CONTAINER_NONE 1

/* `provider` is told of what changes from outside. */
EngineList *engine_list_new(EngineApi *api, Provider *provider);

/* Ends the stream. */
void engine_list_free(EngineList *list);
CLEANUP_DEFINE(EngineList *, engine_list_free);

/* The container of that uid: 0 with a copy that the caller deinits, CONTAINER_NONE, or -1. */
int engine_list_find(EngineList *list, const char *uid, ContainerFacts *ret,
                     ProviderProblem *problem);

/* Look at one container itself, ours or not, by id or name. The same outcomes. */
int engine_list_inspect(EngineList *list, const char *id, ContainerFacts *ret,
                        ProviderProblem *problem);

/* Call `visit` for each, until it returns true. 0, or -1. */
int engine_list_visit(EngineList *list, bool (*visit)(void *context, const ContainerFacts *facts),
                      void *context, ProviderProblem *problem);

/* What we have done ourselves, so that nobody needs to ask: a container is as `facts` says now, or
 * is gone. */
void engine_list_put(EngineList *list, const ContainerFacts *facts);
void engine_list_drop(EngineList *list, const char *id);

/* Wait until an event says that the container with that id has changed in state or health, at most
 * so long; true: it has, or has gone. */
bool engine_list_await(EngineList *list, const char *id, int64_t timeout_ms);

#endif
