/* What people and machines see while effects run: begun, still running, done. */
#ifndef VED_CMD_PROGRESS_H
#define VED_CMD_PROGRESS_H

#include "cmd/ved/ui.h"
#include "controller/host/engine.h"

typedef struct Progress Progress;

/* Tells through `ui`; every 10 s says what still runs, and what went wrong if it is tried again.
 * The stack must outlive it. */
Progress *progress_new(Ui *ui, const Stack *stack);
void progress_free(Progress *progress);
CLEANUP_DEFINE(Progress *, progress_free);

/* To be given to the engine. */
EngineObserver progress_observer(Progress *progress);

#endif
