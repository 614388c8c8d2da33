/* ved forget: the state owns an object no more, and the object stays. */
#include <stdlib.h>
#include <string.h>

#include "cmd/ved/edit_verb.h"
#include "lang/base/memory.h"

/* What it is, for people: its name outside, if it has one. */
static char *outside_name(const Object *object)
{
    return text_clean(object->external_id != NULL ? object->external_id : object->place.effect);
}

/* What an emission that is reached again will come to. */
static void say_what_follows(Ui *ui, const Object *object)
{
    ui_out(ui, "    Its slice makes another one only if a goal leads there again, or an edit makes "
               "it be computed again");
    if (object->type != NULL)
        ui_out(ui, ";\n    `ved import` puts it under the state again");
    ui_out(ui, ".\n");
}

static ExitReasons forget(Invocation *invocation, const ManualEdit *edit)
{
    Ui *ui = invocation->ui;
    Object *object;
    Error err = {0};

    if (manual_find(invocation->stack->runtime, edit->address, &object, &err) < 0)
        return fail(ui, &err);
    cleanup(free) char *name = outside_name(object);
    cleanup(free) char *message = memory_format("%s: forgotten [id=%s]", edit->address, name);
    ui_out(ui, "  %s.%s %s  (forget; %s stays as it is)\n", ui_color(ui, COLOR_RED),
           ui_color(ui, COLOR_OFF), edit->address, name);
    say_what_follows(ui, object);
    if (edit_confirm(ui, invocation->options, &err) < 0 || edit_make(invocation, edit, &err) < 0)
        return fail(ui, &err);
    edit_event(ui, edit, message);
    ui_out(ui, "Forgotten: 1 object. Nothing in the world has changed.\n");
    return 0;
}

ExitReasons verb_forget(Ui *ui, const Options *options)
{
    cleanup(invocation_close) Invocation invocation = {0};
    Error err = {0};

    if (edit_open(&invocation, ui, options, "forget: expected an address: ved forget ADDR [FILE]",
                  &err) < 0)
        return fail(ui, &err);
    ManualEdit edit = {.kind = MANUAL_FORGET, .address = options->args[0]};
    return forget(&invocation, &edit);
}
