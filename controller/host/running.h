/* Which slice is being computed, kept where it outlives the process: the file `running` in the
 * state folder, mapped into memory.
 *
 * The rule: it is a note, never synced and no part of the state. A process that dies in a slice, by
 * whatever signal, leaves it behind, and its successor learns from it which domain not to trust. A
 * power cut may leave anything; at most a domain is suspected once. */
#ifndef VED_HOST_RUNNING_H
#define VED_HOST_RUNNING_H

#include "controller/core/state.h"
#include "lang/base/macros.h"

typedef struct RunningNote RunningNote;

/* What a process that died has left. */
typedef struct RunningLeft {
    SliceNote slice;   /* its instance is 0: it was computing none */
    int signal_number; /* by which it ended itself; 0: it was killed */
} RunningLeft;

/* Read what the process before has left, and begin anew. From then on the signals of a process that
 * fails – SIGSEGV, SIGABRT and the like – are noted before they do what they would have done. NULL:
 * there is no room or right for it, and it is done without. One at a time. */
RunningNote *running_note_open(const char *state_path, RunningLeft *ret_left);

/* Where the core writes. */
SliceNote *running_note_slice(RunningNote *note);

/* The end in order: the file is removed. */
void running_note_close(RunningNote *note);
CLEANUP_DEFINE(RunningNote *, running_note_close);

#endif
