/* What a container is to be, read from an effect's arguments, and the engine's body for it.
 *
 * Pure: nothing here asks an engine. Arguments that are not known yet, or are secret, are passed
 * over by container_spec_check() and must be resolved before container_spec_read(). */
#ifndef VED_DOCKER_CONTAINER_SPEC_H
#define VED_DOCKER_CONTAINER_SPEC_H

#include "providers/docker/object.h"

#define PORTS_MAX 64

typedef struct PortSpec {
    char host_ip[64]; /* "": every address */
    int host_port;    /* 0: a free one, chosen by the engine */
    int port;         /* in the container */
    char protocol[8];
} PortSpec;

typedef enum HealthKind { HEALTH_OF_LIFE, HEALTH_COMMAND, HEALTH_HTTP, HEALTH_TCP } HealthKind;

typedef struct HealthSpec {
    HealthKind kind;
    const Json *command; /* of HEALTH_COMMAND: a text for the shell, or words */
    const char *path;    /* of HEALTH_HTTP */
    int64_t interval_ms;
    int64_t timeout_ms;      /* for all of the waiting */
    int64_t start_period_ms; /* in which failures do not count */
    int retries;             /* failures in a row that end the waiting; 0: only the time does */
} HealthSpec;

/* What changes in place. 0: unlimited. */
typedef struct LimitsSpec {
    int64_t memory;
    int64_t nano_cpus;
    int64_t pids;
} LimitsSpec;

typedef struct RestartSpec {
    const char *name; /* static: the engine's word */
    int retries;
} RestartSpec;

typedef struct ContainerSpec {
    char name[OBJECT_NAME_SIZE];
    PortSpec ports[PORTS_MAX];
    size_t port_count;
    HealthSpec health;
    LimitsSpec limits;
    RestartSpec restart;
    int64_t stop_timeout_s;
    const Json *desired; /* the arguments; lent */
} ContainerSpec;

/* Is each argument well formed? 0, or -1 with a VALIDATION_FAILED problem that points at it. */
int container_spec_check(const Json *desired, ProviderProblem *problem);

/* The same, and read; `desired` must outlive `ret`. Without `name` in it `name` is the
 * container's. */
int container_spec_read(const Json *desired, const char *name, ContainerSpec *ret,
                        ProviderProblem *problem);

/* What the body needs beside the spec. */
typedef struct BodyContext {
    const Json *labels;
    const Json *ulimits; /* of the config, where the arguments have none; may be NULL */
    const char *runtime; /* may be NULL */
    const char *network; /* where the arguments name none */
    bool engine_checks;  /* the engine runs a health command itself */
    bool exports_port;   /* PORT is the first of the container's ports */
} BodyContext;

/* The body of POST /containers/create. The caller owns it. */
Json *container_spec_body(const ContainerSpec *spec, const BodyContext *context);

/* The networks it is on: those of the arguments, or else `otherwise`. The caller owns the array. */
Json *container_spec_networks(const ContainerSpec *spec, const char *otherwise);

/* SHA-256 of the arguments that cannot change in place, as they came, secrets by their names;
 * hexadecimal, in `ret`. */
#define SPEC_DIGEST_SIZE 65
void container_spec_digest(const Json *desired, char ret[SPEC_DIGEST_SIZE]);

/* "512m", "1.5g", 1048576 in bytes; 0 if it is none of that. */
int64_t memory_size_parse(const Json *value);

/* "8080:80", "127.0.0.1:8080:80/udp", 8080; false if it is none of that. */
bool port_parse(const Json *value, PortSpec *ret);

#endif
