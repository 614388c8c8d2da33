/* What the checker's files share. Not for others: they include checker.h. */
#ifndef VED_LANG_CHECK_H
#define VED_LANG_CHECK_H

#include "lang/checker.h"
#include "lang/suggest.h"

#define CHECK_DEPTH_MAX                                                                            \
    1000 /* nested expressions and blocks, long chains of operators included                       \
          */

#define LIST_COUNT(type, list)                                                                     \
    __extension__({                                                                                \
        size_t count_ = 0;                                                                         \
        for (const type *item_ = (list); item_ != NULL; item_ = item_->next)                       \
            count_++;                                                                              \
        count_;                                                                                    \
    })

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

/* Whether a T? is known not to be null here; for check_narrow.c alone. */
typedef struct Narrowed {
    bool known;
    uint32_t since; /* so many `yield`s */
    uint32_t join, branch, in_branches;
} Narrowed;

typedef struct FieldFacts {
    bool assigned;
    bool given; /* instances of the domain may start with other values: `spawn` or `start` say so */
    bool assigned_other; /* something that is no constant is assigned */
    Map assigned_texts;  /* constants that are, encoded */
    Comparison *comparisons;
    Comparison **comparisons_end;
    const Expr *system_value;
    Span system_span;
    Narrowed narrowed;
} FieldFacts;

/* ---- locals (scope.c) ---- */

typedef enum LocalKind { LOCAL_LET, LOCAL_PARAMETER, LOCAL_ERROR, LOCAL_EACH } LocalKind;

typedef struct Local {
    const char *name;
    LocalKind kind;
    StaticType type;
    Span span;
    uint32_t slot;
    uint32_t loop_depth; /* loops around its declaration */
    bool dynamic;        /* its value may depend on state, message or result */
    size_t hidden;       /* the local of that name outside, index + 1 */
    uint32_t serial;     /* no other local ever has it */
    Narrowed narrowed;
} Local;

typedef struct Scope {
    Map names; /* to index + 1 */
    Local *locals;
    size_t count;
    size_t capacity;
    uint32_t next_slot;
    uint32_t serial;
} Scope;

Local *scope_find(Scope *scope, const char *name); /* NULL: none */
Local *scope_add(Scope *scope, Local local);       /* sets slot; valid until the next is added */
void scope_leave(Scope *scope, size_t count,
                 uint32_t next_slot); /* drop all but the first `count` */
void scope_deinit(Scope *scope);

/* ---- the checker itself ---- */

typedef enum CheckMode {
    CHECK_CONSTANT,  /* first values, constants, defaults, configuration */
    CHECK_PREDICATE, /* goals, invariants, `when` */
    CHECK_SLICE,     /* transitions, handlers, timers */
    CHECK_FUNCTION,  /* fn: parameters, locals, constants, other functions */
    CHECK_MIGRATION, /* constants and `old` */
    CHECK_TEST       /* tests: constants, and D.field, D["k"].field and D.Goal of all domains */
} CheckMode;

typedef struct Loop {
    struct Loop *outer;
    Map assigned; /* names its body assigns */
    bool yields;  /* its body has a `yield` */
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
    int32_t timer_index;
    const Transition *transition;
    Span body; /* of the transition or handler; empty in predicates */
    Scope scope;
    Loop *loop;
    uint32_t loop_depth;
    uint32_t depth;
    bool too_deep_said;
    Map sites;                     /* effect to its count in this transition or handler */
    uint32_t module;               /* whose names are visible */
    const ModelFunction *function; /* CHECK_FUNCTION */
    struct Narrowing *narrowing;   /* what is known of optionals here; see check_narrow.c */
    const Expr *chained;           /* the left side of a chain of `&&` or `||` that goes on */
    const Block *parallel;         /* the `parallel` block around, but for an `else` in it */
    bool in_parallel;              /* the same, and in such an `else` as well */
    uint32_t elevated;             /* `elevate` blocks around */
    const char *role;              /* CHECK_CONSTANT: "the first value of 'x'" */
    Arena scratch;                 /* where constants are computed */
    size_t constant_bytes;         /* that this has taken, beyond what the text explains */
} Checker;

/* ---- names that are declared outside of domains ---- */

/* What a name means in `checker->module`; NULL: it is not declared, or not visible there.
 * check_unknown() says so where a name exists that is not exported or not imported. What is found
 * counts as used. */
const Declaration *declaration_find(Checker *checker, const char *name);

/* The same of effects and environments: `names` is the model's map of them. */
const Declaration *declaration_in(Checker *checker, const Map *names, const char *name);

/* Whether a declaration is visible in `checker->module`; else it is reported at `use`, as `what`.
 */
bool check_visible(Checker *checker, Name use, const char *what, const Declared *declared,
                   Span where);

/* Let the record's members have their defaults, which may need constants, which may need records;
 * without effect where they are being computed. */
void record_complete(Checker *checker, StaticType record);

/* Report; the result may be completed until the next. Muted, it goes nowhere. */
Diagnostic *check_report(Checker *checker, Severity severity, const char *code, Span span,
                         const char *format, ...) PRINTF_LIKE(5, 6);
void check_note(Checker *checker, Diagnostic *diagnostic, Span span, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* Report an unknown name with the nearest of up to two maps of known ones (NULL: none). */
void check_unknown(Checker *checker, const char *code, const char *what, Name name,
                   const Map *known, const Map *also_known);

/* Offer what was found, if anything, in the place of `span`. */
void check_suggest(Checker *checker, Diagnostic *diagnostic, Span span,
                   const Suggestion *suggestion);

/* The type that is written; STATIC_ERROR if there is none, or the parser has refused it already. */
StaticType check_declared_type(Checker *checker, const TypeExpr *type);

/* The source on one line, without comments, for people. */
const char *source_line(Checker *checker, Span span);

/* Enter one level of nesting; false (and reported) if it is too deep. Pairs with depth--. */
bool check_descend(Checker *checker, Span span);

/* check_expr.c */
StaticType check_expr(Checker *checker, Expr *expr);

/* The same, where a value of type `wanted` would be welcome (STATIC_ERROR: any): literals become
 * one if they can. That it fits is for the caller to see. */
StaticType check_wanted(Checker *checker, Expr *expr, StaticType wanted);

/* The same, and it must fit `expected`; `role` names the place: "a condition". */
StaticType check_expect(Checker *checker, Expr *expr, StaticType expected, const char *role);

/* The same; `declared`, if not empty, is where the expected type is written. */
bool check_fits(Checker *checker, Expr *expr, StaticType expected, const char *role, Span declared);

/* `operand.member` of an operand of that type. */
StaticType check_member_of(Checker *checker, Expr *expr, StaticType type);

/* `value[index]` of a value of that type; `span` is all of it. */
StaticType check_index_of(Checker *checker, StaticType type, Expr *index, Span span);

void report_no_enum_member(Checker *checker, Name name, StaticType type);

/* The type that a variable made of this expression has; reported if its elements are not known. */
StaticType check_inferred(Checker *checker, const Expr *expr, const char *name);

/* check_operator.c */
StaticType check_binary(Checker *checker, Expr *expr);
StaticType check_unary(Checker *checker, Expr *expr);

/* The type of `left OP right`; STATIC_ERROR and false if there is no such operation. */
bool operation_type(const TypeTable *types, Operator op, StaticType left, StaticType right,
                    StaticType *ret);
const char *operator_text(Operator op);

/* An int literal where a float is wanted becomes one; the type it has then. */
StaticType check_literal_as(Checker *checker, Expr *expr, StaticType found, StaticType wanted);
bool expr_is_int_literal(const Expr *expr);
void expr_become_float(Expr *expr);

/* What to write where `wanted` was asked for; NULL: nothing comes to mind. */
const char *mismatch_remedy(Checker *checker, const Expr *expr, StaticType found,
                            StaticType wanted);

/* check_const.c. Whether it is made of literals and constants alone, and its value. */
bool expr_is_constant(const Expr *expr);
bool expr_constant_value(Checker *checker, const Expr *expr, Value *ret, const char **ret_fault);

/* The value of an expression that must be constant and of that type (STATIC_ERROR: any), as one of
 * it. False: reported, or it was not even written. `role` names the place: "the first value of
 * 'x'"; `declared`, if not empty, is where its type is written. */
bool check_constant(Checker *checker, Expr *expr, StaticType expected, const char *role,
                    Span declared, Value *ret);

/* All constants that nobody has asked for yet, and the one that is asked for. */
void check_constants(Checker *checker);
const ModelConst *constant_settle(Checker *checker, uint32_t index);

/* check_argument.c */
size_t argument_count(const Argument *arguments);
void check_values(Checker *checker, Argument *arguments);               /* types alone */
bool arguments_are_unique(Checker *checker, const Argument *arguments); /* no name twice */

bool argument_is(const Argument *argument, const char *name);
bool argument_is_identity(const Argument *argument); /* name: or idempotency_key: */

/* Something that takes arguments by name or by place: a function, a transition, a handler, an
 * effect. */
typedef struct Callee {
    const char *name;
    const ProgramParameter *parameters;
    size_t parameter_count;
    const Parameter *trees;
    Span span;      /* where it is declared */
    bool is_effect; /* takes name: and idempotency_key: besides; what may be null may be missing */
} Callee;

/* Types of the arguments, and each to its parameter (Argument.place): all by name, or all by
 * place. False: reported. `span` is what the arguments stand in. */
bool check_arguments(Checker *checker, Argument *arguments, const Callee *callee, Span span);

/* check_call.c */
StaticType check_call(Checker *checker, Expr *expr);
StaticType check_query(Checker *checker, Expr *expr);

/* check_function.c: bodies of functions. */
void check_functions(Checker *checker);
void check_return(Checker *checker, Stmt *stmt);

/* Whether nothing runs after it: it returns or fails on every path. */
bool block_ends(const Checker *checker, const Block *block);

/* check_match.c */
void check_match(Checker *checker, Stmt *stmt);

/* Whether some arm runs whatever the value is; for one that was checked. */
bool match_is_whole(const TypeTable *types, const Stmt *stmt);

/* check_narrow.c: optionals that are known not to be null. The type of a variable by what is
 * known; what a condition that holds, or does not, says; an assignment (of NULL: of no one knows
 * what); a name that is perhaps assigned; a `yield`. */
StaticType narrow_local(Checker *checker, const Local *local);
StaticType narrow_field(Checker *checker, uint32_t field);

/* What is compared with null may be so by its declaration, whatever is known of it. */
StaticType narrow_declared(Checker *checker, Expr *expr, StaticType type);

void narrow_by(Checker *checker, const Expr *condition, bool holds);
void narrow_subject(Checker *checker, const Expr *subject); /* it is not null */
void narrow_assign_local(Checker *checker, const Local *local, const Expr *value);
void narrow_assign_field(Checker *checker, uint32_t field, const Expr *value);
void narrow_forget(Checker *checker, const char *name);
void narrow_yield(Checker *checker);

/* What has been found out since the mark is taken back. */
size_t narrow_mark(Checker *checker);
void narrow_undo(Checker *checker, size_t mark);

/* The same, and kept for narrow_join(): after these branches, of which one runs, holds what holds
 * at the end of all that go on. */
typedef struct Branch {
    struct BranchEnd *changed;
    size_t count;
    bool ends; /* nothing runs after it */
} Branch;

Branch narrow_branch(Checker *checker, size_t mark, bool ends);
void narrow_join(Checker *checker, const Branch *branches, size_t count);

/* Whether its value may depend on state, message or results. */
bool expr_is_dynamic(Checker *checker, const Expr *expr);

/* Whether it may have another value in the next turn of the innermost loop. */
bool expr_varies(Checker *checker, const Expr *expr);

/* check_stmt.c */
void check_block(Checker *checker, Block *block);

/* A block that runs or does not: an `else`. */
void check_block_perhaps(Checker *checker, Block *block);

/* check_assign.c, check_loop.c */
void check_assign(Checker *checker, Stmt *stmt);
void check_while(Checker *checker, Stmt *stmt);
void check_for(Checker *checker, Stmt *stmt);

/* A new local, unless the name is taken; its slot, also if it is. */
uint32_t check_local(Checker *checker, Name name, Local local);

/* check_emit.c. The type of the result: `any`, or what a declared effect has; with an `else`, null
 * as well. */
StaticType check_emit(Checker *checker, Emit *emit, bool has_result);
void check_release(Checker *checker, Emit *emit);

/* check_send.c. `stop` is only of keyed domains. */
void check_send(Checker *checker, Stmt *stmt);
void check_spawn(Checker *checker, Stmt *stmt);
void check_stop(Checker *checker, const Stmt *stmt);

/* check_test.c: `D.field`, `D["k"].field`, `D.Goal` in a test (CHECK_TEST). False: it is none of
 * these, and neither reported nor typed. */
bool check_test_member(Checker *checker, Expr *expr, StaticType *ret);
void check_tests(Checker *checker);

/* check_event.c: the fields of events. */
void events_collect(Checker *checker);
ModelEvent *event_find(const Model *model, const char *name);
ModelEventField *event_field_find(ModelEvent *event, const char *name);

/* check_authority.c: scope and capabilities. */
void check_capabilities(Checker *checker, const Capability *capabilities);
void check_narrowing(Checker *checker, const Transition *transition);
void check_effect_allowed(Checker *checker, Span span, const char *effect); /* "Infra.Create" */
void check_send_allowed(Checker *checker, const Stmt *send, const ModelDomain *receiver);
void check_spawn_allowed(Checker *checker, const Stmt *spawn, const ModelDomain *domain);

/* check_import.c: what the files of a program see of each other. */
void declare_imports(Checker *checker);

/* check_name.c: the names of all files. */
void declare_names(Checker *checker);

/* Report that a name is taken. */
void check_taken(Checker *checker, const char *what, Name name, Span first);

/* Put a name into a map of indices; false: it is there. */
bool name_declare(Map *names, const char *name, size_t index);

/* check_type.c: the types that are written, records and enums. */
void declare_types(Checker *checker);
void check_records(Checker *checker);

/* The parameters of something declared, in the arena; `what` names it in messages: "transition". */
ProgramParameter *check_parameters_declared(Checker *checker, const Parameter *parameters,
                                            const char *what, Name name, size_t *ret_count);

/* check_domain.c: domains and what stands in them. */
void declare_domains(Checker *checker);

/* What fields without a first value start at; once records have their defaults. */
void fields_zero(Checker *checker);

/* The domain that is named in `checker->module`; NULL: there is none or it is not visible, which is
 * reported. */
ModelDomain *check_domain_name(Checker *checker, Name use, const char *code);

/* check_system.c: which domains exist, and with which first values. */
void declare_systems(Checker *checker);
void check_starts(Checker *checker);

/* Whether a key is written where one must be, and only there; it is checked to be a string. */
void check_key(Checker *checker, const ModelDomain *domain, Expr *key, Span span);
bool key_is_right(Checker *checker, const ModelDomain *domain, const Expr *key, Span span);

/* Instances may start with other values of these fields. */
void fields_are_given(ModelDomain *domain, const StartField *fields);

/* check_environment.c: where domains run, and with which providers. */
void declare_environments(Checker *checker);
void check_environments(Checker *checker);

/* check_migration.c */
void declare_migrations(Checker *checker);
void check_migrations(Checker *checker);

/* check_moved.c: what has another name than in an older state; once the bodies are checked. */
void check_moves(Checker *checker);

/* check_body.c: bodies and predicates. */
void check_bodies(Checker *checker);
void check_domain_bodies(Checker *checker, ModelDomain *domain);
void check_body_begin(Checker *checker, ModelDomain *domain);

/* check_goal.c */
void check_goals(Checker *checker);

/* check_allow.c: the annotations of all items. */
void declare_allows(Checker *checker);

/* infer.c */
void facts_assign(Checker *checker, uint32_t field, const Expr *value);
void facts_condition(Checker *checker, const Expr *condition, ComparisonPlace place);
void check_first_values(Checker *checker);
void check_comparisons(Checker *checker);

/* check_hazard.c: what will run and may hurt; for a program without errors. */
void check_hazards(Checker *checker);

/* check_flow.c: what nobody reaches, meets or uses; for a program without errors. */
void check_flow(Checker *checker);

#endif
