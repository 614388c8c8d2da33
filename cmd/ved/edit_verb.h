/* What the verbs that edit a state by hand have in common: asking, the edit itself, and the words
 * about it. */
#ifndef VED_CMD_EDIT_VERB_H
#define VED_CMD_EDIT_VERB_H

#include "cmd/ved/invocation.h"
#include "controller/host/state_edit.h"

/* On a terminal, and without --auto-approve, only `yes` is yes. ERROR_DECLINED: nothing was done.
 */
int edit_confirm(Ui *ui, const Options *options, Error *err);

/* Make the edit durable, and close the state in order. */
int edit_make(const Invocation *invocation, const ManualEdit *edit, Error *err);

/* The machine's event of an edit that was made, with `message` for people. */
void edit_event(Ui *ui, const ManualEdit *edit, const char *message);

#endif
