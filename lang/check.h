/* What the checker's files share. Not for others: they include checker.h. */
#ifndef VED_LANG_CHECK_H
#define VED_LANG_CHECK_H

#include "lang/checker.h"
#include "lang/suggest.h"

#define CHECK_DEPTH_MAX                                                                            \
    1000 /* nested expressions and blocks, long chains of operators included                       \
          */

/* ---- what is known of a field, for first values and unreachable comparisons (infer.c) ---- */

typedef enum ComparisonPlace { IN_TRANSITION, IN_HANDLER, IN_GOAL } ComparisonPlace;

/* `field == literal` in a guard or a goal. */
typedef struct Comparison {
    struct Comparison *next;
    const char *text; /* the literal, encoded */
    Value value;
    ComparisonPlace place;
    Span span;
} Comparison;

typedef struct FieldFacts {
    bool assigned;
    bool assigned_other; /* something that is no constant is assigned */
    Map assigned_texts;  /* constants that are, encoded */
    Comparison *comparisons;
    Comparison **comparisons_end;
    const Expr *system_value;
    Span system_span;
} FieldFacts;

/* ---- locals (scope.c) ---- */

typedef enum LocalKind { LOCAL_LET, LOCAL_PARAMETER, LOCAL_ERROR } LocalKind;

typedef struct Local {
    const char *name;
    LocalKind kind;
    StaticType type;
    Span span;
    uint32_t slot;
    uint32_t loop_depth; /* loops around its declaration */
    bool dynamic;        /* its value may depend on state, message or result */
    size_t hidden;       /* the local of that name outside, index + 1 */
} Local;

typedef struct Scope {
    Map names; /* to index + 1 */
    Local *locals;
    size_t count;
    size_t capacity;
    uint32_t next_slot;
} Scope;

Local *scope_find(Scope *scope, const char *name); /* NULL: none */
Local *scope_add(Scope *scope, Local local);       /* sets slot; valid until the next is added */
void scope_leave(Scope *scope, size_t count,
                 uint32_t next_slot); /* drop all but the first `count` */
void scope_deinit(Scope *scope);

/* ---- the checker itself ---- */

typedef enum CheckMode {
    CHECK_CONSTANT,  /* first values */
    CHECK_PREDICATE, /* goals and invariants */
    CHECK_SLICE
} CheckMode;

typedef struct Loop {
    struct Loop *outer;
    Map assigned; /* names its body assigns */
} Loop;

typedef struct Checker {
    Model *model;
    Arena *arena;
    size_t parse_diagnostics; /* what the parser had to say, first in the list */
    bool incomplete;          /* the parser left things out, so "nobody does it" cannot be said */
    bool muted;               /* a round that only types events: nothing is reported or recorded */
    bool events_moved;        /* in this round an event field got a type */
    Diagnostic spare;
    CheckMode mode;
    ModelDomain *domain;
    uint32_t domain_index;
    int32_t transition_index;
    int32_t handler_index;
    const Transition *transition;
    Span body; /* of the transition or handler; empty in predicates */
    Scope scope;
    Loop *loop;
    uint32_t loop_depth;
    uint32_t depth;
    bool too_deep_said;
    Map sites; /* effect to its count in this transition or handler */
} Checker;

/* Report; the result may be completed until the next. Muted, it goes nowhere. */
Diagnostic *check_report(Checker *checker, Severity severity, const char *code, Span span,
                         const char *format, ...) PRINTF_LIKE(5, 6);
void check_note(Checker *checker, Diagnostic *diagnostic, Span span, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* Report an unknown name with the nearest of up to two maps of known ones (NULL: none). */
void check_unknown(Checker *checker, const char *code, const char *what, Name name,
                   const Map *known, const Map *also_known);

/* The type that is written; STATIC_ERROR if there is none, or the parser has refused it already. */
StaticType check_declared_type(Checker *checker, const TypeExpr *type);

/* Enter one level of nesting; false (and reported) if it is too deep. Pairs with depth--. */
bool check_descend(Checker *checker, Span span);

/* check_expr.c */
StaticType check_expr(Checker *checker, Expr *expr);

/* The same, and it must fit `expected`; `role` names the place: "a condition". */
StaticType check_expect(Checker *checker, Expr *expr, StaticType expected, const char *role);

/* The type of `left OP right`; STATIC_ERROR and false if there is no such operation. */
bool operation_type(Operator op, StaticType left, StaticType right, StaticType *ret);
const char *operator_text(Operator op);

/* What to write where `wanted` was asked for; NULL: nothing comes to mind. */
const char *mismatch_remedy(const Expr *expr, StaticType found, StaticType wanted);

/* Whether it is made of literals alone, and its value. */
bool expr_is_constant(const Expr *expr);
bool expr_constant_value(Checker *checker, const Expr *expr, Value *ret, const char **ret_fault);

/* Whether its value may depend on state, message or results. */
bool expr_is_dynamic(Checker *checker, const Expr *expr);

/* Whether it may have another value in the next turn of the innermost loop. */
bool expr_varies(Checker *checker, const Expr *expr);

/* check_stmt.c */
void check_block(Checker *checker, Block *block);

/* check_emit.c */
void check_emit(Checker *checker, Emit *emit, bool has_result);
void check_send(Checker *checker, Stmt *stmt);

/* check_event.c: the fields of events. */
void events_collect(Checker *checker);
ModelEvent *event_find(const Model *model, const char *name);
ModelEventField *event_field_find(ModelEvent *event, const char *name);

/* check_authority.c: scope and capabilities. */
void check_capabilities(Checker *checker, const Capability *capabilities);
void check_narrowing(Checker *checker, const Transition *transition);
void check_effect_allowed(Checker *checker, const Emit *emit);
void check_send_allowed(Checker *checker, const Stmt *send, const ModelDomain *receiver);

/* check_decl.c */
void declare_domains(Checker *checker);
void check_bodies(Checker *checker);
void check_goals(Checker *checker);

/* infer.c */
void facts_assign(Checker *checker, uint32_t field, const Expr *value);
void facts_condition(Checker *checker, const Expr *condition, ComparisonPlace place);
void check_first_values(Checker *checker);
void check_comparisons(Checker *checker);

/* check_hazard.c: what will run and may hurt; for a program without errors. */
void check_hazards(Checker *checker);

#endif
