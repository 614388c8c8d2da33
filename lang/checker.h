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
    const Handler **handler_trees;
    size_t handler_count;
    ProgramTimer *timers;
    size_t timer_count;
    ProgramInvariant *invariants;
    size_t invariant_count;
    ProgramMigration *migrations; /* by `from` */
    const Migration **migration_trees;
    size_t migration_count;
    size_t migration_capacity;
    int32_t boot;
    int32_t environment;
    bool started;
    bool types_events; /* it broadcasts values, whose types fix those of an event's fields */
    bool damaged;      /* the parser gave something up in it, outside of all bodies */
    Map field_names;   /* name to index + 1 */
    Map transition_names;
    Map message_names;        /* of `on message`, to the handler's index + 1 */
    struct FieldFacts *facts; /* one for each field */
} ModelDomain;

typedef struct ModelEventField {
    const char *name;
    StaticType type;
    bool typed; /* a declaration or some use has fixed the type */
    Span span;  /* the place that fixed it */
} ModelEventField;

typedef struct ModelEvent {
    const char *name;
    const EventDecl *declared; /* NULL: its uses agree on its fields */
    ModelEventField *fields;   /* sorted by name */
    size_t field_count;
    bool emitted;
    bool handled;
    bool unnamed; /* a broadcast of it has values without names, and was reported */
    Span emitted_at;
    Span handled_at;
} ModelEvent;

/* How far the value of a constant, or the defaults of a record, are found out. */
typedef enum Settled { SETTLED_NOT, SETTLED_UNDER_WAY, SETTLED_YES } Settled;

typedef struct ModelRecord {
    RecordDecl *ast;
    StaticType type;
    TypeMember *members; /* those of the type; their defaults are there once it is settled */
    Settled settled;
} ModelRecord;

typedef struct ModelEnum {
    Enum *ast;
    StaticType type;
} ModelEnum;

typedef struct ModelConst {
    Const *ast;
    StaticType type; /* these two: once it is settled */
    Value value;
    Settled settled;
} ModelConst;

typedef struct ModelFunction {
    Function *ast;
    const ProgramParameter *parameters;
    size_t parameter_count;
    StaticType result;
} ModelFunction;

typedef struct ModelEffect {
    EffectDecl *ast;
    const ProgramParameter *parameters;
    size_t parameter_count;
    StaticType result;
} ModelEffect;

/* What a name that is declared outside of domains stands for. Constants, functions, records and
 * enums share one name space of each file; effects and environments have their own; those of
 * domains and events are the same in all files. */
typedef enum DeclarationKind {
    DECLARED_CONSTANT,
    DECLARED_FUNCTION,
    DECLARED_RECORD,
    DECLARED_ENUM,
    DECLARED_EFFECT,
    DECLARED_ENVIRONMENT
} DeclarationKind;

typedef struct Declaration {
    DeclarationKind kind;
    uint32_t index; /* into the table of its kind; of a record or an enum its StaticType */
    const char *name;
    Span span; /* of its name, where it is declared */
    const Declared *declared;
    bool used;                /* something names it */
    bool clashes;             /* another file exports the name to one that imports both */
    struct Declaration *next; /* of the same name, in another file */
} Declaration;

typedef struct Model {
    Arena *arena;
    const Ast *ast;
    Diagnostics *diagnostics;
    TypeTable *types;
    ModelDomain *domains;
    size_t domain_count;
    Map domain_names; /* name to index + 1 */
    ModelRecord *records;
    size_t record_count;
    ModelEnum *enums;
    size_t enum_count;
    ModelConst *constants;
    size_t constant_count;
    ModelFunction *functions;
    size_t function_count;
    ModelEffect *effects;
    size_t effect_count;
    ProgramEnvironment *environments;
    const Environment **environment_trees;
    size_t environment_count;
    Map names; /* of constants, functions, records and enums, to Declaration */
    Map effect_names;
    Map environment_names;
    Map imports;        /* "importer imported", by number, to Import */
    ModelEvent *events; /* in the order of declaration, then of first use */
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
    FactUse *facts; /* in source order */
    size_t fact_count;
    size_t fact_capacity;
    ProgramStart *starts;
    size_t start_count;
    ProgramMove *moves; /* in source order */
    size_t move_count;
    Map move_sources; /* see MoveTable */
    ProgramAllow *allows;
    size_t allow_count;
    size_t allow_capacity;
    bool has_system;
    bool import_failed; /* a file is missing, so that names of it may be */
} Model;

/* Check a tree. `*ret` is in the arena but for its maps: give it to model_deinit(). */
void check(Ast *ast, TypeTable *types, Arena *arena, Diagnostics *diagnostics, Model *ret);
void model_deinit(Model *model);

/* The index behind a name in one of the maps of numbers above, or -1. */
int model_find(const Map *names, const char *name);

/* The record or enum that is that type. */
ModelRecord *model_record(const Model *model, StaticType type);

#endif
