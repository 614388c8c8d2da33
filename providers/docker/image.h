/* Images: pulled from a registry, loaded from a file, built from a folder. */
#ifndef VED_DOCKER_IMAGE_H
#define VED_DOCKER_IMAGE_H

#include "providers/docker/docker.h"

/* Pull `reference` with the config's credentials for its registry. 0 when the engine has it. */
int image_pull(Docker *docker, const ProviderRequest *request, const char *reference,
               const Json *credentials, ProviderProblem *problem);

/* The parts of "registry:5000/name:tag" or "name@sha256:...": the caller frees both. Without a tag
 * it is "latest". */
void image_reference_split(const char *reference, char **ret_name, char **ret_tag);

/* The host of its registry; "docker.io" where it names none. The caller frees it. */
char *image_registry(const char *reference);

#endif
