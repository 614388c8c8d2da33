/* What an engine says about one container, read from any of its shapes.
 *
 * The rule: an engine's answer is from outside. What is missing or of another type is left empty,
 * never believed. */
#ifndef VED_DOCKER_CONTAINER_FACTS_H
#define VED_DOCKER_CONTAINER_FACTS_H

#include <stdbool.h>

#include "lang/base/json.h"

#define LABEL_UID "ved.uid"
#define LABEL_LINEAGE "ved.lineage"
#define LABEL_ADDRESS "ved.address"
#define LABEL_EFFECT "ved.effect"
#define LABEL_DIGEST "ved.desired"

typedef enum ContainerState {
#define CONTAINER_STATE(name, text) CONTAINER_##name,
#include "providers/docker/container_state.def"
#undef CONTAINER_STATE
} ContainerState;

typedef enum HealthState { HEALTH_UNTOLD, HEALTH_STARTING, HEALTH_GOOD, HEALTH_BAD } HealthState;

typedef struct ContainerFacts {
    char *id;       /* 64 hexadecimal digits */
    char *name;     /* without the slash */
    char *image;    /* as the engine calls it */
    Json *labels;   /* texts by name */
    Json *ports;    /* published: {"80/tcp": 8080} */
    Json *networks; /* names */
    char *address;  /* on the first of them; "" */
    ContainerState state;
    int exit_code; /* of one that has ended, where it was told; else -1 */
    HealthState health;
    int64_t start_took_ms; /* by us; 0: we did not */
    bool is_stale;         /* an event said that something is other than it is here */
} ContainerFacts;

void container_facts_deinit(ContainerFacts *facts);
#define container_facts_deinit_p container_facts_deinit
ContainerFacts container_facts_copy(const ContainerFacts *facts);

/* One element of GET /containers/json; false: it has no id. */
bool container_facts_from_list(const Json *element, ContainerFacts *ret);

/* GET /containers/ID/json. */
bool container_facts_from_inspect(const Json *answer, ContainerFacts *ret);

/* One of its labels; "" if it has none of that name. */
const char *container_label(const ContainerFacts *facts, const char *name);

const char *container_state_name(ContainerState state);

#endif
