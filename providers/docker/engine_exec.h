/* A command in a container that runs. */
#ifndef VED_DOCKER_ENGINE_EXEC_H
#define VED_DOCKER_ENGINE_EXEC_H

#include "providers/docker/engine_api.h"

typedef struct ExecCall {
    const char *id;    /* of the container */
    const Json *words; /* the command */
    const Json *env;   /* lines NAME=VALUE; NULL: none */
    const char *user;  /* NULL: the container's */
    int64_t timeout_ms;
} ExecCall;

/* 0 with its exit code and, appended to `output` (may be NULL), what it wrote; or -1. */
int engine_exec(EngineApi *api, const ExecCall *call, Buffer *output, int *ret_exit_code,
                ProviderProblem *problem);

#endif
