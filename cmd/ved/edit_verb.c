#include "cmd/ved/edit_verb.h"

#include <string.h>
#include <unistd.h>

int edit_open(Invocation *invocation, Ui *ui, const Options *options, const char *usage, Error *err)
{
    if (options->arg_count < 1 || options->arg_count > 2)
        return error_set(err, ERROR_USAGE, "%s", usage);
    return invocation_open_state(invocation, ui, options,
                                 options->arg_count == 2 ? options->args[1] : NULL,
                                 INVOCATION_CHANGE, err);
}

int edit_confirm(Ui *ui, const Options *options, Error *err)
{
    char line[64];

    if (options->auto_approve || options->json || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return 0;
    ui_out(ui, "\nDo you want Ved to do this? Only 'yes' is taken for yes: ");
    fflush(stdout);
    if (fgets(line, sizeof line, stdin) != NULL && strcmp(line, "yes\n") == 0)
        return 0;
    return error_set(err, ERROR_DECLINED, "declined: nothing was done");
}

int edit_make(const Invocation *invocation, const ManualEdit *edit, Error *err)
{
    if (stack_edit(invocation->stack, edit, invocation->options->command, err) < 0)
        return err->code;
    return stack_edit_finish(invocation->stack, err);
}

static void put_if(Json *json, const char *key, const char *text)
{
    if (text != NULL)
        json_set_string(json, key, text);
}

void edit_event(Ui *ui, const ManualEdit *edit, const char *message)
{
    Json *json = json_new_object(), *resource = json_new_object();

    json_set_string(resource, "addr", edit->address);
    json_set(json, "resource", resource);
    json_set_string(json, "edit", manual_kind_name(edit->kind));
    put_if(json, "to", edit->to);
    put_if(json, "external_id", edit->external_id);
    ui_event(ui, "state_edited", "info", json, "%s", message);
}
