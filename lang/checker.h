/* Names, types, authority and first values: what the parser cannot see.
 *
 * Fills in the places of the tree kept for it and makes the tables of the program, with everything
 * but code. Mistakes become diagnostics; a mistake's type fits everything, so one mistake is one
 * diagnostic. The tables are only complete if there was none. */
#ifndef VED_LANG_CHECKER_H
#define VED_LANG_CHECKER_H

#include "lang/ast.h"
#include "lang/base/map.h"
#include "lang/program.h"
#include "lang/type.h"

/* A domain's tables, index by index as its declarations stand in the tree. */
typedef struct ModelDomain {
    Domain *ast;
    ProgramField *fields;
    size_t field_count;
    ProgramGoal *goals;
    size_t goal_count;
    ProgramTransition *transitions;
    const Transition **transition_trees;
    size_t transition_count;
    ProgramHandler *handlers;
    size_t handler_count;
    ProgramInvariant *invariants;
    size_t invariant_count;
    int32_t boot;
    bool started;
    bool damaged;    /* the parser gave something up in it, outside of all bodies */
    Map field_names; /* name to index + 1 */
    Map transition_names;
    struct FieldFacts *facts; /* one for each field */
} ModelDomain;

typedef struct ModelEventField {
    const char *name;
    StaticType type;
    bool typed; /* some use has fixed the type */
    Span span;  /* the use that fixed it */
} ModelEventField;

typedef struct ModelEvent {
    const char *name;
    ModelEventField *fields; /* sorted by name */
    size_t field_count;
    bool emitted;
    bool handled;
    bool unnamed; /* a broadcast of it has values without names, and was reported */
    Span emitted_at;
    Span handled_at;
} ModelEvent;

typedef struct Model {
    Arena *arena;
    const Ast *ast;
    Diagnostics *diagnostics;
    ModelDomain *domains;
    size_t domain_count;
    Map domain_names;   /* name to index + 1 */
    ModelEvent *events; /* in the order of first use */
    size_t event_count;
    size_t event_capacity;
    Map event_names;
    EffectUse *uses; /* in source order */
    size_t use_count;
    size_t use_capacity;
    BroadcastUse *broadcasts; /* in source order */
    size_t broadcast_count;
    size_t broadcast_capacity;
    MessageUse *messages; /* in source order */
    size_t message_count;
    size_t message_capacity;
    bool has_system;
} Model;

/* Check a tree. `*ret` is in the arena but for its maps: give it to model_deinit(). */
void check(Ast *ast, Arena *arena, Diagnostics *diagnostics, Model *ret);
void model_deinit(Model *model);

/* The index behind a name in one of the maps above, or -1. */
int model_find(const Map *names, const char *name);

#endif
