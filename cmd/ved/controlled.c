#include "cmd/ved/controlled.h"

#include <signal.h>
#include <string.h>

#include "cmd/ved/engine_end.h"
#include "cmd/ved/render.h"
#include "lang/base/memory.h"

void controlled_init(Controlled *controlled, Ui *ui, const Options *options, const char *file,
                     Loop *loop)
{
    *controlled =
        (Controlled){.ui = ui_part(ui, file), .options = options, .file = file, .loop = loop};
}

static void failed(Controlled *controlled, const Error *err)
{
    controlled->reasons |= fail(&controlled->ui, err);
}

static void stack_leave(Controlled *controlled)
{
    engine_free(take(controlled->engine));
    progress_free(take(controlled->progress));
    invocation_close(&controlled->invocation);
    controlled->ui.stack = controlled->file;
}

/* ---- beginning ---- */

static void engine_make(Controlled *controlled)
{
    const Options *options = controlled->options;
    EngineOptions engine = {
        .max_slices = options->max_slices, .adopt = options->adopt, .notes_slices = true};

    controlled->progress = progress_new(&controlled->ui, controlled->invocation.stack);
    EngineObserver observer = progress_observer(controlled->progress);
    controlled->engine = engine_new(controlled->invocation.stack, &engine, &observer);
}

/* What is asked first while another program, or none, is in force. */
static int settle(Controlled *controlled, Error *err)
{
    const Stack *stack = controlled->invocation.stack;
    EngineEnd end = engine_observe(controlled->engine, err);

    if (end == ENGINE_QUIET && (stack->changed || stack->old_program != NULL))
        end = engine_settle(controlled->engine, err);
    if (end == ENGINE_FAILED)
        return err->code;
    return end == ENGINE_QUIET ? 0 : STACK_INTERRUPTED;
}

static int take_over(Controlled *controlled, Error *err)
{
    Stack *stack = controlled->invocation.stack;

    engine_make(controlled);
    Approval approval = {
        .invocation = &controlled->invocation, .engine = controlled->engine, .unattended = true};
    int code = approval_check_edit(&approval, err);
    if (code == 0)
        code = settle(controlled, err);
    if (code == 0)
        code = approval_get(&approval, false, err);
    if (code != 0)
        return code;
    return stack_evolve(stack, err);
}

/* Open what is given or stands in the files, up to where it runs. */
static int begin(Controlled *controlled, const InvocationGiven *given, Error *err)
{
    Invocation *invocation = &controlled->invocation;

    if (invocation_open_given(invocation, &controlled->ui, controlled->options, controlled->file,
                              given, err) < 0)
        return err->code;
    controlled->ui.stack = invocation->name;
    loop_go_on(controlled->loop);
    int code =
        controlled->signal_number != 0 ? STACK_INTERRUPTED : invocation_connect(invocation, err);
    if (code == 0)
        code = take_over(controlled, err);
    if (code != 0)
        return code;
    render_notes(&controlled->ui, invocation->stack->report.notes,
                 invocation->stack->report.note_count);
    engine_control(controlled->engine);
    return 0;
}

void controlled_start(Controlled *controlled)
{
    const InvocationGiven given = {.loop = controlled->loop};
    Error err = {0};
    int code = begin(controlled, &given, &err);

    if (code == 0) {
        ui_event(&controlled->ui, "started", "info", NULL, "runs from '%s'", controlled->file);
        return;
    }
    if (code < 0)
        failed(controlled, &err);
    stack_leave(controlled);
}

/* ---- reading anew ---- */

static void refused(Controlled *controlled, const Error *err)
{
    ui_error(&controlled->ui, err);
    ui_event(&controlled->ui, "reload_refused", "error", NULL,
             "'%s' is not taken: what runs goes on as it is", controlled->file);
}

static bool is_same(const Stack *stack, const Program *program, const Config *config)
{
    const char *before = stack->config->text, *now = config->text;
    bool same_bindings = before == NULL || now == NULL ? before == now : strcmp(before, now) == 0;

    return same_bindings && strcmp(stack->program->digest, program->digest) == 0;
}

/* What can be seen without touching what runs. */
static int read_anew(Controlled *controlled, InvocationGiven *ret, Error *err)
{
    cleanup(invocation_close) Invocation places = {0};
    Ui *ui = &controlled->ui;
    int code = program_read(ui, controlled->file, &ret->program, err);

    if (code == 0)
        code =
            invocation_find(&places, ui, controlled->options, controlled->file, &ret->config, err);
    if (code == 0)
        code =
            invocation_check_effects(ui, controlled->options, controlled->file, ret->program, err);
    return code;
}

static void given_free(InvocationGiven *given)
{
    program_free(given->program);
    config_free(given->config);
    *given = (InvocationGiven){0};
}
#define given_free_p given_free

/* What runs, to go back to. */
static int keep(const Controlled *controlled, InvocationGiven *ret, Error *err)
{
    const Stack *stack = controlled->invocation.stack;
    const Source *source = &stack->program->source;

    ret->loop = controlled->loop;
    ret->program = program_compile(source->name, source->text, source->size);
    return config_again(stack->config, &ret->config, err);
}

/* As an orderly stop: what was sent is awaited, the state is folded and closed. */
static int rest(Controlled *controlled, Error *err)
{
    EngineEnd end = engine_settle(controlled->engine, err);

    if (end == ENGINE_FAILED || engine_finish(controlled->engine, err) < 0)
        return err->code;
    stack_leave(controlled);
    return end == ENGINE_QUIET ? 0 : STACK_INTERRUPTED;
}

static int exchange(Controlled *controlled, InvocationGiven *given)
{
    cleanup(given_free) InvocationGiven before = {0};
    Error err = {0};
    int code = keep(controlled, &before, &err);

    if (code == 0)
        code = rest(controlled, &err);
    if (code != 0) {
        failed(controlled, &err);
        stack_leave(controlled);
        return -1;
    }
    given->loop = controlled->loop;
    code = begin(controlled, given, &err);
    *given = (InvocationGiven){0};
    if (code == 0)
        return 0;
    if (code < 0)
        refused(controlled, &err);
    stack_leave(controlled);
    if (code == STACK_INTERRUPTED)
        return -1;
    code = begin(controlled, &before, &err);
    before = (InvocationGiven){0};
    if (code < 0)
        failed(controlled, &err);
    if (code != 0)
        stack_leave(controlled);
    return -1;
}

int controlled_reload(Controlled *controlled)
{
    cleanup(given_free) InvocationGiven given = {0};
    Error err = {0};

    if (controlled->engine == NULL)
        return -1;
    if (read_anew(controlled, &given, &err) < 0) {
        refused(controlled, &err);
        return -1;
    }
    if (is_same(controlled->invocation.stack, given.program, given.config))
        return 1;
    int code = exchange(controlled, &given);
    if (code == 0)
        ui_event(&controlled->ui, "reloaded", "info", NULL, "goes on with '%s' as it is now",
                 controlled->file);
    return code;
}

/* ---- while it runs ---- */

void controlled_look(Controlled *controlled)
{
    if (controlled->engine != NULL)
        engine_look(controlled->engine, true);
}

void controlled_signal(Controlled *controlled, int signal_number)
{
    controlled->signal_number = signal_number;
    if (controlled->invocation.stack != NULL)
        stack_signal(controlled->invocation.stack, signal_number);
}

static void end(Controlled *controlled, EngineEnd how, const Error *failure)
{
    Error err = {0};

    if (how == ENGINE_FAILED)
        failed(controlled, failure);
    else if (engine_finish(controlled->engine, &err) < 0)
        failed(controlled, &err);
    controlled->reasons |= engine_end_reasons(controlled->engine, how);
    ui_event(&controlled->ui, "stopped", "info", NULL, "has come to rest");
    stack_leave(controlled);
}

bool controlled_runs(Controlled *controlled)
{
    Error failure = {0};
    EngineEnd how;

    if (controlled->engine != NULL && engine_has_ended(controlled->engine, &how, &failure))
        end(controlled, how, &failure);
    return controlled->engine != NULL;
}

void controlled_close(Controlled *controlled)
{
    stack_leave(controlled);
}
