/* What the files of the planner share. Internal: others use planner.h. */
#ifndef VED_HOST_PLANNER_PRIVATE_H
#define VED_HOST_PLANNER_PRIVATE_H

#include "controller/host/planner.h"
#include "lang/base/map.h"

/* ---- planner_item.c: what calls mean ---- */

/* A plan while it is made. */
typedef struct PlanMaking {
    Stack *stack;
    Plan *plan;
    Map destroyed; /* uid -> item + 1, of what an edit destroys */
    Map made;      /* the same of what is made in the place of that uid */
    Map stopping;  /* labels of instances that stop before anything has run: an edit's doing */
} PlanMaking;

/* Before anything is predicted. */
void plan_making_init(PlanMaking *making, Stack *stack, Plan *plan);
void plan_making_deinit(PlanMaking *making);

/* The call, which has just been handed out for `owner`, becomes an item, or with an earlier one a
 * replacement. */
void plan_call(PlanMaking *making, const Instance *owner, const Intent *intent);

PlanItem *plan_item_add(Plan *plan);

/* Nothing follows: count. */
void plan_count(Plan *plan);

/* Takes the text over. */
void plan_note(Plan *plan, char *text);

/* ---- planner_move.c ---- */

/* Objects that have another address since the state was passed on: to be called first. */
void plan_renames(const Stack *stack, Plan *plan);

/* Where what goes may only have been renamed: notes with the lines that would say so. */
void plan_propose_moves(const Runtime *runtime, Plan *plan);

/* ---- planner_question.c: what the providers say of it ---- */

/* Questions for the providers' plan endpoints, asked together. */
typedef struct PlanQuestions {
    Stack *stack;
    Map providers; /* name -> QuestionList */
    size_t open;
    void (*answered)(void *context, uint64_t tag, ProviderItem *item);
    void *context;
} PlanQuestions;

typedef struct PlanQuestion {
    const char *provider;
    const char *effect; /* the provider's name of it */
    const char *type;   /* NULL: of none */
    const char *uid;
    const char *arguments;
    const char *prior; /* what is recorded of the object, JSON; NULL: nothing */
} PlanQuestion;

/* It is up and says what an effect would come to. */
bool provider_plans(const Stack *stack, const char *provider);

/* False: its arguments are none that can be asked with. */
bool plan_question_add(PlanQuestions *questions, const PlanQuestion *question, uint64_t tag);

/* Ask all that were added, and hand each reply to `answered`. Runs the loop until then. */
void plan_questions_ask(PlanQuestions *questions);
void plan_questions_deinit(PlanQuestions *questions);

/* ---- planner_foresee.c: results before they are ---- */

typedef struct Foresight Foresight;

/* What it learns that providers refuse is noted in the plan. */
Foresight *foresight_new(Stack *stack, Plan *plan);
void foresight_free(Foresight *foresight);

/* The intent was handed out: it, and others of its slice, will be asked about with the next
 * questions, where that helps. */
void foresight_consider(Foresight *foresight, const Instance *owner, const Intent *intent);

/* What the intent will come to, JSON with {"$unknown":{}} for what nobody knows; all that were
 * considered are asked about together. May run the loop. Valid until the next call. */
const char *foresight_result(Foresight *foresight, uint64_t intent);

#endif
