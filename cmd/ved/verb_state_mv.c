/* ved state mv: an object, or all of a domain, gets another address. */
#include <stdlib.h>
#include <string.h>

#include "cmd/ved/edit_verb.h"
#include "lang/base/memory.h"

ExitReasons verb_state_mv(Ui *ui, const Options *options)
{
    cleanup(invocation_close) Invocation invocation = {0};
    Error err = {0};

    if (options->arg_count < 2 || options->arg_count > 3) {
        error_set(&err, ERROR_USAGE,
                  "state mv: expected two addresses: ved state mv FROM TO [FILE]");
        return fail(ui, &err);
    }
    ManualEdit edit = {.kind = MANUAL_MOVE, .address = options->args[0], .to = options->args[1]};
    if (invocation_open_state(&invocation, ui, options,
                              options->arg_count == 3 ? options->args[2] : NULL, INVOCATION_CHANGE,
                              &err) < 0)
        return fail(ui, &err);
    ui_out(ui, "  > %s -> %s  (renamed)\n", edit.address, edit.to);
    if (edit_confirm(ui, options, &err) < 0 || edit_make(&invocation, &edit, &err) < 0)
        return fail(ui, &err);
    cleanup(free) char *message = memory_format("%s: is %s now", edit.address, edit.to);
    edit_event(ui, &edit, message);
    ui_out(ui, "Moved. Nothing in the world has changed.\n");
    return 0;
}
