/* What the verbs that work on a stack have in common: program, bindings and state found from the
 * command line, opened and connected. */
#ifndef VED_CMD_INVOCATION_H
#define VED_CMD_INVOCATION_H

#include "cmd/ved/options.h"
#include "cmd/ved/ui.h"
#include "controller/host/stack.h"

typedef struct Invocation {
    Ui *ui;
    const Options *options;
    char *folder; /* of the stack file, or the one the verb was called in */
    char *name;   /* of the stack */
    char *state_path;
    char *plugin_dir;
    StackOptions stack_options;
    Stack *stack;
} Invocation;

/* What the verb does with the state. Only one process at a time plans or changes it: both use its
 * providers. */
typedef enum InvocationUse { INVOCATION_LOOK, INVOCATION_PLAN, INVOCATION_CHANGE } InvocationUse;

/* Read and check the program at `file`; diagnostics are shown. ERROR_PROGRAM: it does not check. */
int program_read(Ui *ui, const char *file, Program **ret, Error *err);

/* Find the bindings, the stack's name, its state and the plugins' folder, by the command line and
 * the place of `file` (may be NULL). Opens nothing. The caller frees the bindings, and closes the
 * invocation also after a failure. */
int invocation_find(Invocation *invocation, Ui *ui, const Options *options, const char *file,
                    Config **ret, Error *err);

/* Find everything and open the stack of a program file. `program` may be given instead of read (a
 * saved plan's); it is taken over either way. */
int invocation_open(Invocation *invocation, Ui *ui, const Options *options, const char *file,
                    Program *program, InvocationUse use, Error *err);

/* What is given instead of found; each may be NULL. Program and bindings are taken over. */
typedef struct InvocationGiven {
    Program *program;
    Config *config;
    Loop *loop; /* that the stack shares with others: see StackOptions */
} InvocationGiven;

/* The same, with INVOCATION_CHANGE. */
int invocation_open_given(Invocation *invocation, Ui *ui, const Options *options, const char *file,
                          const InvocationGiven *given, Error *err);

/* Check effects and facts of a program by the bindings that would be used, without starting any
 * provider: by what their plugins are known to say of themselves. Diagnostics are shown. */
int invocation_check_effects(Ui *ui, const Options *options, const char *file,
                             const Program *program, Error *err);

/* The same for verbs that act on a state as it is: the state's own program is used, whatever the
 * file says now; `file` only says where the state is. */
int invocation_open_state(Invocation *invocation, Ui *ui, const Options *options, const char *file,
                          InvocationUse use, Error *err);

/* Start providers and bind. 0, STACK_INTERRUPTED, or a failure that has been shown as diagnostics.
 */
int invocation_connect(Invocation *invocation, Error *err);

/* A signal came before anything was begun: say so, and the reason it stands for. */
ExitReasons invocation_stopped(Invocation *invocation);

/* Where the built-in plugins are; the caller frees it. */
char *plugin_folder(void);

void invocation_close(Invocation *invocation);
#define invocation_close_p invocation_close

/* ---- the verbs; each returns the reasons for its exit code ---- */

typedef ExitReasons VerbFunction(Ui *ui, const Options *options);
VerbFunction verb_check, verb_fmt, verb_lint, verb_fix, verb_plan, verb_apply, verb_destroy,
    verb_drift, verb_import, verb_replace, verb_forget, verb_get, verb_state, verb_state_mv,
    verb_state_verify, verb_state_history, verb_state_repair, verb_state_restore, verb_state_rekey,
    verb_show, verb_graph, verb_explain, verb_inspect, verb_replay, verb_trace_effect, verb_why,
    verb_redeliver, verb_resume, verb_resolve, verb_provider_check, verb_provider_list,
    verb_provider_schema, verb_controller;

/* Call the function for each file of the command line, and join its reasons; without any file the
 * command line is wrong, and `usage` says what was expected. */
typedef ExitReasons FileFunction(Ui *ui, const Options *options, const char *file);
ExitReasons each_file(Ui *ui, const Options *options, const char *usage, FileFunction *function);

/* Show the error and give the reason it stands for. */
ExitReasons fail(Ui *ui, const Error *err);

#endif
