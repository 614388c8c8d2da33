/* What the verbs that edit a state by hand have in common: asking, the edit itself, and the words
 * about it. */
#ifndef VED_CMD_EDIT_VERB_H
#define VED_CMD_EDIT_VERB_H

#include "cmd/ved/invocation.h"
#include "controller/host/state_edit.h"

/* Open the state for an edit. The arguments are what is edited and, if it is said, the file that
 * says where the state is; ERROR_USAGE and `usage`, a whole sentence, when there are fewer or more.
 */
int edit_open(Invocation *invocation, Ui *ui, const Options *options, const char *usage,
              Error *err);

/* On a terminal, and without --auto-approve, only `yes` is yes. ERROR_DECLINED: nothing was done.
 */
int edit_confirm(Ui *ui, const Options *options, Error *err);

/* Make the edit durable, and close the state in order. */
int edit_make(const Invocation *invocation, const ManualEdit *edit, Error *err);

/* The machine's event of an edit that was made, with `message` for people. */
void edit_event(Ui *ui, const ManualEdit *edit, const char *message);

#endif
