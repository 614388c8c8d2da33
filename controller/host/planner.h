/* Predicts what an apply or a destroy would do: the same core over a copy of the state, with
 * effects that succeed at once and results that are unknown, but for what the provider says of them
 * beforehand. Writes nothing. */
#ifndef VED_HOST_PLANNER_H
#define VED_HOST_PLANNER_H

#include "controller/host/stack.h"

/* A plan of more effects than these has predicted something without an end. An item takes up to
 * some 2 KB beside its arguments. */
#define PLAN_EFFECTS_MAX 50000
#define PLAN_TIMERS_MAX 1000

typedef enum PlanAction {
    PLAN_CREATE,
    PLAN_RECREATE, /* what was lost is made again */
    PLAN_UPDATE,
    PLAN_REPLACE, /* destroyed, and another made in its place */
    PLAN_DESTROY,
    PLAN_IMPORT, /* what was named by hand is taken over */
    PLAN_RUN,    /* an action, which leaves no object */
    PLAN_RENAME, /* by `moved`: another address, nothing to do */
    PLAN_NOOP    /* reconciled, and already so */
} PlanAction;

typedef struct PlanItem {
    PlanAction action;
    char *address;
    char *from;   /* PLAN_RENAME: the address so far */
    char *domain; /* of the program, without a key */
    char *where;  /* transition, handler or timer, as records name it */
    char *place;  /* the effect as the program writes it: "Infra.CreatePostgres" */
    char *name;   /* NULL: it has none */
    char *provider;
    char *effect; /* the provider's name of it */
    char *type;   /* NULL for actions */
    char *uid;    /* "" for actions; of the one to be made for PLAN_REPLACE */
    char *op;
    char *external_id;  /* NULL: none yet */
    char *arguments;    /* canonical JSON; NULL for destructions */
    char *before;       /* the arguments so far: PLAN_UPDATE, REPLACE, DESTROY; NULL: not known */
    char **forces;      /* PLAN_REPLACE: the arguments that it is because of */
    size_t force_count; /* 0: another provider, action or type */
    bool create_first;  /* PLAN_REPLACE: the new one is made before the old one goes */
    bool by_edit;       /* DESTROY, REPLACE: the program does not say so itself */
    char *cause;        /* "goal Ready; transition Boot_db", "edit at shop.ved:12" */
    char *after;        /* "event DatabaseReady from Database": what unlocked it; NULL */
    char *reason;       /* PLAN_RECREATE: why it is lost; NULL */
} PlanItem;

typedef struct Plan {
    PlanItem *items; /* in the order it would happen */
    size_t count, capacity;
    unsigned add, change, destroy, run; /* what is replaced is in `add` and `destroy` */
    unsigned imported;
    unsigned by_edit; /* how many are destroyed or replaced so */
    bool has_slices;  /* there is something to compute, if only without effects */
    bool truncated;   /* the prediction ended at one of the ceilings */
    char **notes;     /* sentences: what ended early, what loops, what may have moved */
    size_t note_count, note_capacity;
    char *refusal; /* the first thing that a provider says it will not do; NULL: nothing */
} Plan;

/* The stack must be connected (and evolved in memory). Its runtime is the copy: predicting changes
 * it, so nothing else may be done with the stack afterwards. The caller frees with plan_free(). */
Plan *plan_apply(Stack *stack, uint64_t max_slices, uint64_t now_ms);
Plan *plan_destroy(Stack *stack);

/* As far as a process before may have sent effects under another program: predict that they
 * succeed. */
void plan_settle(Stack *stack);

void plan_free(Plan *plan);
CLEANUP_DEFINE(Plan *, plan_free);

/* 0, or ERROR_FAILED with what a provider will not do. */
int plan_validate(const Plan *plan, Error *err);

#endif
