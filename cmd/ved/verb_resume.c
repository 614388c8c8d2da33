/* ved resume: a domain that is down runs again. */
#include <stdlib.h>

#include "cmd/ved/edit_verb.h"
#include "controller/core/crashes.h"
#include "lang/base/memory.h"

static ExitReasons resume(Invocation *invocation, const ManualEdit *edit)
{
    Ui *ui = invocation->ui;
    Instance *instance;
    Error err = {0};

    if (manual_instance(invocation->stack->runtime, edit->address, &instance, &err) < 0)
        return fail(ui, &err);
    cleanup(free) char *sentence = instance_stuck(instance);
    if (instance_is_down(instance))
        ui_out(ui, "  %s\n", sentence);
    if (edit_confirm(ui, invocation->options, &err) < 0 || edit_make(invocation, edit, &err) < 0)
        return fail(ui, &err);
    cleanup(free) char *text = memory_format("%s: runs again", edit->address);
    edit_event(ui, edit, text);
    ui_out(ui, "Resumed: %s runs again with the next `ved apply`.\n", edit->address);
    return 0;
}

ExitReasons verb_resume(Ui *ui, const Options *options)
{
    cleanup(invocation_close) Invocation invocation = {0};
    Error err = {0};

    if (edit_open(&invocation, ui, options, "resume: expected a domain: ved resume DOMAIN [FILE]",
                  &err) < 0)
        return fail(ui, &err);
    ManualEdit edit = {.kind = MANUAL_RESUME, .address = options->args[0]};
    return resume(&invocation, &edit);
}
