/* Processes that run without us: found, and taken over.
 *
 * A process is taken over by its pid and must lead a process group, as whatever a shell or a
 * service manager starts does: what we end is a group, and a group that another process leads is
 * not ours to end. */
#ifndef VED_LOCAL_PROCESS_ADOPT_H
#define VED_LOCAL_PROCESS_ADOPT_H

#include "providers/local/process_spec.h"

typedef struct Adoption {
    Identity identity;
    char former_uid[UID_SIZE + 1]; /* of the object that has it so far; "": none */
} Adoption;

/* Who `request->adopt` is. Changes nothing. 0, or -1 with `problem`. */
int process_adopt(const Local *local, const ProviderRequest *request, const Json *arguments,
                  Adoption *ret, ProviderProblem *problem);

/* Does the process run what the arguments say, as far as /proc tells: its words, the variables
 * that are asked for, its folder? */
bool process_runs_as(pid_t pid, const ProcessSpec *spec, const Json *arguments);

/* As Provider.lookup(): by pid, or all whose command line has `search` in it. */
int process_find(const char *external_id, const char *search, ProviderFinding *ret,
                 ProviderProblem *problem);

#endif
