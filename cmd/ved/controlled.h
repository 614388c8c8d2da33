/* One stack under control: opened, passed on to its program, and run for ever on a loop that it
 * shares with others; and read anew when its files have changed.
 *
 * The rule: controlled_start() and controlled_reload() run the loop while they wait, so they are
 * called from no callback. Other stacks go on meanwhile. */
#ifndef VED_CMD_CONTROLLED_H
#define VED_CMD_CONTROLLED_H

#include "cmd/ved/approval.h"
#include "cmd/ved/progress.h"

typedef struct Controlled {
    Ui ui; /* the stack's part of the whole one */
    const Options *options;
    const char *file;
    Loop *loop;
    Invocation invocation;
    Progress *progress;
    Engine *engine; /* NULL: it does not run */
    ExitReasons reasons;
    int signal_number; /* to stop by; 0: none came */
} Controlled;

/* `file` and `options` outlive it. */
void controlled_init(Controlled *controlled, Ui *ui, const Options *options, const char *file,
                     Loop *loop);

/* Open and begin. What is wrong is told, and counted among its reasons; then it does not run. */
void controlled_start(Controlled *controlled);

/* Read program and bindings anew, and go on with them. One that cannot be, or that nobody has
 * agreed to, is refused, told and leaves what runs as it is: -1. 1: nothing has changed. */
int controlled_reload(Controlled *controlled);

/* Look at all objects at once. */
void controlled_look(Controlled *controlled);

/* A signal to end, the second and third of which are more urgent: see engine.h. */
void controlled_signal(Controlled *controlled, int signal_number);

/* Whether it runs. One that has come to its end is brought to rest: its state is folded and closed.
 */
bool controlled_runs(Controlled *controlled);

void controlled_close(Controlled *controlled);

#endif
