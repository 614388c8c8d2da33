/* Long calls that engines answer by a stream of JSON objects: pulls, builds, loads. What fails in
 * them is told in the stream, under a status of 200. */
#ifndef VED_DOCKER_PROGRESS_H
#define VED_DOCKER_PROGRESS_H

#include "providers/docker/engine_api.h"
#include "providers/sdk/request.h"

/* Do the call; its `chunk` and `context` are not the caller's. 0 when the stream has ended well,
 * with its last "aux" or, of a build or load, last line of text in `ret_last` (may be NULL; the
 * caller frees it). */
int progress_call(EngineApi *api, const ApiCall *call, const ProviderRequest *request,
                  char **ret_last, ProviderProblem *problem);

#endif
