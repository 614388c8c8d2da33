/* What the verbs have in common that work on the files of a state folder: finding it, and putting
 * another state in its place. */
#ifndef VED_CMD_STATE_VERB_H
#define VED_CMD_STATE_VERB_H

#include "cmd/ved/invocation.h"
#include "controller/host/state_epoch.h"
#include "controller/host/state_salvage.h"

/* Where the state is, by the flags and the program that may be named behind `args` other arguments,
 * all of which must be there. `usage` is the command line that was expected. The caller frees the
 * path. */
int state_verb_find(Ui *ui, const Options *options, int args, const char *usage, char **ret,
                    Error *err);

/* The same with all that is found on the way. The caller closes the invocation, also after a
 * failure; its stack is not open. */
int state_verb_begin(Invocation *ret, Ui *ui, const Options *options, int args, const char *usage,
                     Error *err);

/* Open the folder for change, without recovering it. */
int state_verb_lock(const Invocation *invocation, StateDir **ret, Error *err);

/* Open a state for reading, wherever it is. */
int state_verb_open(const Invocation *invocation, const char *path, Stack **ret, Error *err);

/* The same of a point that was salvaged: `ret_scratch` is a folder that is made in that of `dir`
 * and that the caller removes, also after a failure, and frees. */
int state_verb_open_point(const Invocation *invocation, const StateDir *dir, const Salvage *salvage,
                          const SalvagePoint *point, char **ret_scratch, Stack **ret, Error *err);

/* Put `source` in the place of what `dir` holds, audited as `edit`. */
int state_verb_replace(const Invocation *invocation, const char *edit, StateDir *dir, Stack *source,
                       NewEpoch *ret, Error *err);

/* The records that are left behind, the first of them one by one. */
void state_verb_print_behind(Ui *ui, const Json *behind);

#endif
