/* RunJob: a container that runs to its end, whose output and exit code are the result.
 *
 * The rule: a job runs once. Its container is named after the operation's key, and what came of it
 * is on disk before the container goes. */
#ifndef VED_DOCKER_JOB_H
#define VED_DOCKER_JOB_H

#include "providers/docker/docker.h"

int job_validate(const Json *desired, ProviderProblem *problem);
int job_run(Docker *docker, const ProviderRequest *request, ProviderReply *reply,
            ProviderProblem *problem);

/* Delete what is kept of jobs whose keys nobody asks for any more. */
void job_forget_old(const Docker *docker);

#endif
