/* What the files that show plans share. Internal: others use render.h. */
#ifndef VED_CMD_RENDER_PRIVATE_H
#define VED_CMD_RENDER_PRIVATE_H

#include "cmd/ved/render.h"

/* What is said of an action. */
typedef struct PlanWords {
    const char *symbol;
    const char *color;
    const char *phrase;
    const char *name;       /* in the machine's stream */
    const char *actions[2]; /* in the plan as one object; the second may be NULL */
} PlanWords;

extern const PlanWords plan_words[];

/* The JSON of a text that the state keeps, with its secrets; null where there is none. */
Json *json_of_own(const char *text);

void render_goals(Ui *ui, const Runtime *runtime);

/* What the program's author has silenced, and why. */
void render_allowed(Ui *ui, const Program *program);

#endif
