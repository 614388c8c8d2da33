/* The provider of container engines: images, networks, volumes, containers, jobs and databases in
 * containers, over the Docker Engine API that Docker and Podman speak.
 *
 * The rule: what is made carries the label `ved.uid`, and is found again by it alone; the plugin
 * itself keeps nothing but the passwords it has made. */
#ifndef VED_DOCKER_DOCKER_H
#define VED_DOCKER_DOCKER_H

#include <stdatomic.h>

#include "lang/base/map.h"
#include "providers/docker/engine_api.h"
#include "providers/docker/engine_list.h"
#include "providers/sdk/request.h"

typedef struct Docker {
    Json *config;
    char *data_dir;
    EngineApi api;
    EngineList *list;
    Fetcher *probes; /* asks containers for their health; keeps no connection they would wait for */
    pthread_mutex_t networks;
    Map known_networks;   /* that were seen to exist */
    atomic_int coming_up; /* containers that are being made or looked after */
} Docker;

/* Its schema document. */
extern const char docker_schema[];

/* Fill `provider` for provider_main(); `docker` must outlive it. docker_deinit() accepts one that
 * was never opened. */
void docker_init(Docker *docker, Provider *provider);
void docker_deinit(Docker *docker);

/* The kinds of object, each by the same five functions. KIND(type, prefix of its functions) */
#define DOCKER_KINDS(KIND)                                                                         \
    KIND("container", container)                                                                   \
    KIND("network", network)                                                                       \
    KIND("volume", volume)                                                                         \
    KIND("postgres", postgres)                                                                     \
    KIND("image", image)

#define KIND(type, prefix)                                                                         \
    int prefix##_reconcile(Docker *docker, const ProviderRequest *request, ProviderReply *reply,   \
                           ProviderProblem *problem);                                              \
    int prefix##_remove(Docker *docker, const ProviderRequest *request, ProviderProblem *problem); \
    ObserveStatus prefix##_observe(Docker *docker, const ProviderRequest *request,                 \
                                   ProviderReply *reply, ProviderProblem *problem);                \
    void prefix##_predict(Docker *docker, const ProviderRequest *request, Json *planned);          \
    int prefix##_lookup(Docker *docker, const char *external_id, const char *search,               \
                        ProviderFinding *ret, ProviderProblem *problem);                           \
    int prefix##_validate(const Json *desired, ProviderProblem *problem);
DOCKER_KINDS(KIND)
#undef KIND

#endif
