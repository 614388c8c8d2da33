/* ved resolve: somebody has looked, and says what became of an effect that nobody could tell. */
#include <stdlib.h>
#include <string.h>

#include "cmd/ved/edit_verb.h"
#include "lang/base/memory.h"

static int check_said(const Options *options, Error *err)
{
    if ((options->applied != NULL) != options->not_applied)
        return 0;
    return error_set(err, ERROR_USAGE,
                     "resolve: expected either --applied ID or --not-applied: ved resolve OP "
                     "--applied ID [FILE]");
}

static ExitReasons resolve(Invocation *invocation, const ManualEdit *edit)
{
    Ui *ui = invocation->ui;
    const Intent *intent;
    Error err = {0};

    if (manual_effect(invocation->stack->runtime, edit->address, &intent, &err) < 0)
        return fail(ui, &err);
    cleanup(free) char *id = text_clean(edit->external_id != NULL ? edit->external_id : "");
    cleanup(free) char *said = edit->external_id != NULL
                                   ? memory_format("it has taken hold [id=%s]", id)
                                   : memory_copy_string("it has not taken hold");
    cleanup(free) char *text = memory_format("%s: %s", intent->address, said);
    ui_out(ui, "  %s?%s %s  (%s) [op %s]\n", ui_color(ui, COLOR_MAGENTA), ui_color(ui, COLOR_OFF),
           intent->address, said, intent->op);
    if (edit_confirm(ui, invocation->options, &err) < 0 || edit_make(invocation, edit, &err) < 0)
        return fail(ui, &err);
    edit_event(ui, edit, text);
    ui_out(ui, "Resolved: 1 effect. `ved apply` goes on from there.\n");
    return 0;
}

ExitReasons verb_resolve(Ui *ui, const Options *options)
{
    cleanup(invocation_close) Invocation invocation = {0};
    Error err = {0};

    if (check_said(options, &err) < 0 ||
        edit_open(&invocation, ui, options,
                  "resolve: expected the key of an open effect: ved resolve OP --applied "
                  "ID|--not-applied [FILE]",
                  &err) < 0)
        return fail(ui, &err);
    ManualEdit edit = {
        .kind = MANUAL_RESOLVE, .address = options->args[0], .external_id = options->applied};
    return resolve(&invocation, &edit);
}
