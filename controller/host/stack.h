/* One stack at one run: its program, its state folder, its providers, and the core's runtime over
 * them.
 *
 *      stack_open()     the state folder, locked, and what it holds
 *      stack_connect()  providers started, effects bound, the state passed on if the program
 * changed engine_...       (engine.h) apply and destroy stack_free()
 *
 * Opened read-only it writes nothing at all outside memory but what plugins keep below the state.
 */
#ifndef VED_HOST_STACK_H
#define VED_HOST_STACK_H

#include "controller/core/evolution.h"
#include "controller/core/runtime.h"
#include "controller/host/beside.h"
#include "controller/host/bind.h"
#include "controller/host/config.h"
#include "controller/host/rename.h"
#include "controller/host/provider_client.h"
#include "controller/host/state_dir.h"

/* The end of a clean run is reached long before; a journal this long is folded into a checkpoint.
 */
#define STACK_JOURNAL_MAX ((off_t)8 << 20)
/* So long it may become while the one before is folded; then that is waited for. */
#define STACK_JOURNAL_WAIT (4 * STACK_JOURNAL_MAX)

typedef struct StackOptions {
    const char *name;        /* the stack's; NULL: whatever the folder says */
    const char *state_path;  /* of its state folder */
    const char *command;     /* the command line, for lock holders' messages */
    const char *plugin_dir;  /* where ved-provider-NAME are */
    const char *const *sets; /* D.field=value */
    size_t set_count;
    Loop *loop; /* one that others use, too, and that outlives the stack: signals are
                   told with stack_signal() then; NULL: one of its own, with signals */
    bool read_only;
    bool exclusive; /* read-only, and still held against others: their plugins cannot run twice */
    int64_t lock_timeout_ms;
    int64_t provider_timeout_ms;
    StateFormat format;
} StackOptions;

typedef struct Stack {
    Loop *loop;
    StateDir *dir;
    ProviderPool *pool;
    Program *program;     /* in force; may be the one given or the one the state belongs to */
    Program *old_program; /* the one the state belonged to, while it is passed on */
    Config *config;
    Bindings bindings;
    Runtime *runtime;
    EvolutionReport report; /* of stack_evolve() */
    Renames renames;        /* likewise */
    Json *plugins;          /* provider name -> plugin, as the state's objects were made with */
    Map guarded;            /* uids of what was protected when the run began: protection.h */
    Value **first_values;   /* [domain][field] */
    Arena arena;
    char *name;
    char *state_path;
    char digest[65]; /* of program, bindings and parameters of this run */
    char boot_id[64];
    StateRecovery recovery;
    Beside *copy;           /* of the process, that writes a checkpoint; NULL: none does */
    StateRotation rotation; /* that it is of */
    Changes handed;         /* that it is of, while it is made */
    bool copy_has_failed;
    int signal_number;             /* SIGINT or SIGTERM that came since stack_connect(); 0: none */
    LoopSignalCallback *on_signal; /* who is told of it, instead of stopping the loop; NULL */
    void *on_signal_context;
    int lock; /* of an exclusive read-only stack; else -1 */
    bool owns_loop;
    bool watches_signals;
    bool is_new;   /* there was no state */
    bool as_it_is; /* opened without a program: only what the state holds needs providers */
    bool parted;   /* objects go on with a plugin that their provider's name is not bound to now */
    bool changed;  /* program, bindings or parameters differ from what the state belongs to */
} Stack;

/* Lock (unless read-only), recover. `program` and `config` are taken over on success; `program`
 * NULL: the one the state belongs to, else ERROR_STATE. */
int stack_open(const StackOptions *options, Program *program, Config *config, Stack **ret,
               Error *err);

/* Start the providers that the program or the state's objects need and bind the effects. What is
 * wrong with effects goes to `diagnostics` (then ERROR_PROGRAM with an empty sentence). Objects
 * that were made with another plugin than their provider's name means now get a name of their own
 * in the runtime, so that they are replaced. */
/* From stack_connect() on SIGINT and SIGTERM do not end the process: this is its outcome if one
 * came, and later ones are for `on_signal`. */
#define STACK_INTERRUPTED 1
int stack_connect(Stack *stack, const StackOptions *options, Diagnostics *diagnostics, Error *err);

/* A signal to end came; only for a stack whose loop is not its own. */
void stack_signal(Stack *stack, int signal_number);

/* stack_evolve() would pass a state on to another program, bindings or parameters. */
static inline bool stack_is_passed_on(const Stack *stack)
{
    return !stack->is_new && (stack->changed || stack->old_program != NULL);
}

/* Pass the state on to the run's program, bindings and parameters, if they differ; the journal
 * begins anew. Nothing may be performed at the moment. */
int stack_evolve(Stack *stack, Error *err);

/* The same in memory only: what the state would be passed on as. What there is to tell is in
 * `report`. The stack's own runtime is untouched. */
int stack_successor(Stack *stack, Runtime **ret, Error *err);

/* The state of a checkpoint: all that the runtime holds, and what plugins its names mean. It is as
 * the stack is when it is written. */
StateSource stack_state(const Stack *stack);

/* Fold the journal into a checkpoint: of what has changed since the one before, where that is
 * little, or of all. */
int stack_checkpoint(Stack *stack, Error *err);

/* The same beside what goes on; returns before it is there. Where a copy of the process is not to
 * be had, or the last one failed, it is done at once. */
int stack_checkpoint_beside(Stack *stack, Error *err);

/* The providers of the state's objects and open intents, each once. `ret` is an array of names that
 * the runtime owns; the caller frees the array. */
size_t stack_providers(const Stack *stack, const char ***ret);

void stack_free(Stack *stack);
CLEANUP_DEFINE(Stack *, stack_free);

#endif
