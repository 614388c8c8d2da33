/* Plans and resources as text for people. Symbols are those people know from other plan tools;
 * every symbol has its verb beside it. */
#ifndef VED_CMD_RENDER_H
#define VED_CMD_RENDER_H

#include "cmd/ved/ui.h"
#include "controller/host/planner.h"

/* The plan with its causes, the goals it leads to, and the closing line. */
void render_plan(Ui *ui, const Plan *plan, const Runtime *predicted, bool destroy);

/* The same as events of the machine's stream. */
void render_plan_events(Ui *ui, const Plan *plan);

/* How many slices the state has, and its digest; takes time in proportion to the state. */
void render_digest(Ui *ui, const Runtime *runtime);

/* The plan as one object, keys as people's policies know them. */
Json *plan_json(const Stack *stack, const Plan *plan, uint64_t position);

/* Back from that object: only what apply needs to hold a run against it. */
bool plan_allows(const Json *plan, const char *address, const char *action, const char *arguments);

/* How the stack's objects can be reached: addresses with their urls and logs. */
void render_reach(Ui *ui, const Runtime *runtime);

/* How many effects it has, in the counting of its summary. */
unsigned plan_size(const Plan *plan);

/* What is to be told beside it, one line each. */
void render_notes(Ui *ui, char *const *notes, size_t count);

/* Each domain that has not begun and each goal that is not met, in one sentence; how many of them
 * count for convergence. `stopped`: by a signal, so that what merely was not reached has no other
 * reason. */
size_t render_unmet_goals(Ui *ui, const Runtime *runtime, bool stopped);

/* What an edit, or another result, asks for and did not get; and the domains that nothing more
 * comes of by itself. Each is said as a warning; how many there are. */
size_t render_undone(Ui *ui, const Runtime *runtime);
size_t render_stuck(Ui *ui, const Runtime *runtime);

/* Warn of each object that an attempt left, or that somebody put there by hand. */
void render_left(Ui *ui, const Runtime *runtime);

/* The JSON of a text that the state keeps; null where there is none. The caller frees it. */
Json *json_of_text(const char *text);

#endif
