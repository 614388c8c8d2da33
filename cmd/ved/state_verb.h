/* What the verbs have in common that work on the files of a state folder, without its program. */
#ifndef VED_CMD_STATE_VERB_H
#define VED_CMD_STATE_VERB_H

#include "cmd/ved/invocation.h"

/* Where the state is, by the flags and the program that may be named behind `args` other arguments,
 * all of which must be there. `usage` is the command line that was expected. The caller frees the
 * path. */
int state_verb_find(Ui *ui, const Options *options, int args, const char *usage, char **ret,
                    Error *err);

#endif
