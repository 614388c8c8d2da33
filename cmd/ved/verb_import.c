/* ved import: what exists outside comes under the state, at a place of the program. */
#include <stdlib.h>
#include <string.h>

#include "cmd/ved/edit_verb.h"
#include "cmd/ved/engine_end.h"
#include "cmd/ved/progress.h"
#include "cmd/ved/render.h"
#include "lang/base/memory.h"

/* The place is of the program as it is given, so that has to take the state over first. */
static int seat_find(Stack *stack, const char *address, Arena *arena, Seat *ret, Error *err)
{
    Runtime *successor = NULL;

    if (!stack_is_passed_on(stack))
        return manual_seat(stack->runtime, address, arena, ret, err);
    int code = stack_successor(stack, &successor, err);
    if (code == 0)
        code = manual_seat(successor, address, arena, ret, err);
    if (code == 0) {
        ret->where = arena_copy_string(arena, ret->where);
        ret->effect = arena_copy_string(arena, ret->effect);
    }
    runtime_free(successor);
    return code;
}

/* What an earlier process had sent is asked about and awaited, as apply does before an edit. */
static ExitReasons settle(Invocation *invocation, Error *err)
{
    EngineOptions options = {.timeout_ms = invocation->options->timeout_ms};
    cleanup(progress_free) Progress *progress = progress_new(invocation->ui, invocation->stack);
    EngineObserver observer = progress_observer(progress);
    cleanup(engine_free) Engine *engine = engine_new(invocation->stack, &options, &observer);
    EngineEnd end = engine_settle(engine, err);

    if (end == ENGINE_FAILED)
        return fail(invocation->ui, err);
    return engine_end_reasons(engine, end);
}

static void say_imported(Ui *ui, const ManualEdit *edit, const Seat *seat)
{
    cleanup(free) char *id = text_clean(edit->external_id);
    cleanup(free) char *message = memory_format("%s: imported [id=%s]", edit->address, id);

    edit_event(ui, edit, message);
    ui_out(ui,
           "  = %s  (import; %s '%s')\n"
           "    The next emission of that place takes it over, and makes it what the program "
           "says.\n"
           "Imported: 1 object. Nothing in the world has changed; `ved plan` says what `ved apply` "
           "will.\n",
           edit->address, seat->effect, id);
}

static ExitReasons import(Invocation *invocation, ManualEdit *edit, const Json *found,
                          const Seat *seat)
{
    Ui *ui = invocation->ui;
    Stack *stack = invocation->stack;
    cleanup(free) char *outputs =
        json_is_object(json_get(found, "state")) ? json_text(json_get(found, "state")) : NULL;
    Error err = {0};

    edit->external_id = json_get_string(found, "external_id", edit->external_id);
    edit->outputs = outputs;
    if (edit_confirm(ui, invocation->options, &err) < 0)
        return fail(ui, &err);
    ExitReasons reasons = stack_is_passed_on(stack) ? settle(invocation, &err) : 0;
    if (reasons != 0)
        return reasons;
    if (stack_evolve(stack, &err) < 0 || edit_make(invocation, edit, &err) < 0)
        return fail(ui, &err);
    say_imported(ui, edit, seat);
    return 0;
}

static ExitReasons import_connected(Invocation *invocation, ManualEdit *edit, Arena *arena)
{
    cleanup(json_free) Json *found = NULL;
    Error err = {0};
    Seat seat = {0};
    int code = invocation_connect(invocation, &err);

    if (code == 0)
        code = seat_find(invocation->stack, edit->address, arena, &seat, &err);
    if (code == 0)
        code = stack_lookup(invocation->stack, &seat, edit->external_id, &found, &err);
    if (code < 0)
        return fail(invocation->ui, &err);
    if (code == STACK_INTERRUPTED)
        return invocation_stopped(invocation);
    return import(invocation, edit, found, &seat);
}

ExitReasons verb_import(Ui *ui, const Options *options)
{
    cleanup(invocation_close) Invocation invocation = {0};
    Arena arena = {0};
    Error err = {0};

    if (options->arg_count != 3) {
        error_set(&err, ERROR_USAGE,
                  "import: expected an address, what the object is known as, and a program: ved "
                  "import ADDR ID FILE");
        return fail(ui, &err);
    }
    ManualEdit edit = {
        .kind = MANUAL_IMPORT, .address = options->args[0], .external_id = options->args[1]};
    if (invocation_open(&invocation, ui, options, options->args[2], NULL, INVOCATION_CHANGE, &err) <
        0)
        return fail(ui, &err);
    ExitReasons reasons = import_connected(&invocation, &edit, &arena);
    arena_deinit(&arena);
    return reasons;
}
