/* What the verbs have in common that work on the files of a state folder: finding it, and putting
 * another state in its place. */
#ifndef VED_CMD_STATE_VERB_H
#define VED_CMD_STATE_VERB_H

#include "cmd/ved/invocation.h"
#include "controller/host/state_epoch.h"
#include "controller/host/state_salvage.h"

/* A state folder, and where the keys of its secrets come from. */
typedef struct StatePlace {
    char *path;
    KeySources keys;
} StatePlace;

void state_place_deinit(StatePlace *place);
#define state_place_deinit_p state_place_deinit

/* Where the state is, by the flags and the program that may be named behind `args` other arguments,
 * all of which must be there. `usage` is the command line that was expected. The caller calls
 * state_place_deinit(). */
int state_verb_find(Ui *ui, const Options *options, int args, const char *usage, StatePlace *ret,
                    Error *err);

/* A verb at work on a state folder. */
typedef struct StateInvocation {
    Ui *ui;
    const Options *options;
    StatePlace place;
    char *plugin_dir;
} StateInvocation;

/* The same for the functions below. The caller closes it, also after a failure. */
int state_verb_begin(StateInvocation *ret, Ui *ui, const Options *options, int args,
                     const char *usage, Error *err);
void state_invocation_close(StateInvocation *invocation);
#define state_invocation_close_p state_invocation_close

/* Open the folder for change, without recovering it. */
int state_verb_lock(const StateInvocation *invocation, StateDir **ret, Error *err);

/* Open a state for reading, wherever it is. */
int state_verb_open(const StateInvocation *invocation, const char *path, Stack **ret, Error *err);

/* The same of a point that was salvaged: `ret_scratch` is a folder that is made in that of `dir`
 * and that the caller removes, also after a failure, and frees. */
int state_verb_open_point(const StateInvocation *invocation, const StateDir *dir,
                          const Salvage *salvage, const SalvagePoint *point, char **ret_scratch,
                          Stack **ret, Error *err);

/* Put `source` in the place of what `dir` holds, audited as `edit`. */
int state_verb_replace(const StateInvocation *invocation, const char *edit, StateDir *dir,
                       Stack *source, NewEpoch *ret, Error *err);

/* The records that are left behind, the first of them one by one. */
void state_verb_print_behind(Ui *ui, const Json *behind);

#endif
