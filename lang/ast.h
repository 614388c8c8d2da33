/* The tree the parser makes of a file, in source order, with the span of everything.
 *
 * Spellings that mean the same become the same node; where the formatter needs the author's layout
 * it has the spans and the comments. All nodes live in the arena given to the parser. Lists are
 * linked through `next`. */
#ifndef VED_LANG_AST_H
#define VED_LANG_AST_H

#include <stdbool.h>
#include <stdint.h>

#include "lang/base/arena.h"
#include "lang/base/buffer.h"
#include "lang/diagnostic.h"
#include "lang/source.h"

typedef struct Name {
    const char *text; /* NUL-terminated; NULL: absent */
    Span span;
} Name;

typedef enum TypeName { TYPE_INT, TYPE_BOOL, TYPE_STRING, TYPE_DURATION } TypeName;

typedef struct TypeExpr {
    TypeName type;
    Span span;
} TypeExpr;

/* ---- expressions ---- */

typedef enum ExprKind {
    EXPR_INT,
    EXPR_BOOL,
    EXPR_STRING, /* parts: literal text and "${expr}" in turn */
    EXPR_DURATION,
    EXPR_NAME,   /* x, and state.x (then `from_state`) */
    EXPR_MEMBER, /* operand.member, of an effect's result */
    EXPR_UNARY,
    EXPR_BINARY,
    EXPR_EMIT, /* only as the whole initialiser of a `let` */
    EXPR_ERROR /* what could not be parsed; already reported */
} ExprKind;

typedef enum Operator {
    OP_OR,
    OP_AND,
    OP_EQ,
    OP_NE,
    OP_LT,
    OP_LE,
    OP_GT,
    OP_GE,
    OP_ADD,
    OP_SUB,
    OP_MUL,
    OP_DIV,
    OP_MOD,
    OP_NOT, /* unary */
    OP_NEG  /* unary */
} Operator;

typedef struct Expr Expr;
typedef struct Emit Emit;
typedef struct Block Block;

typedef struct StringPart {
    struct StringPart *next;
    const char *text; /* unescaped literal, or NULL: `expr` */
    size_t size;
    Expr *expr;
    Span span;
} StringPart;

struct Expr {
    ExprKind kind;
    Span span;
    union {
        int64_t integer; /* EXPR_INT; EXPR_DURATION in ms */
        bool boolean;
        StringPart *parts;
        struct {
            const char *name;
            bool from_state;
        };
        struct {
            Expr *operand;
            Name member;
        };
        struct {
            Operator operator;
            Span operator_span;
            Expr *left; /* the operand of a unary one */
            Expr *right;
        };
        Emit *emit;
    };
    bool parenthesised; /* stood in its own ( ) in the source */
    Span inner;         /* if so: the span without them */
    /* Left zero by the parser; the checker's findings for the compiler. */
    uint8_t static_type; /* StaticType */
    bool is_field;       /* EXPR_NAME: a field of the domain, else a local */
    uint32_t slot;       /* EXPR_NAME: which one */
};

typedef struct Argument {
    struct Argument *next;
    Name name; /* absent: positional */
    Expr *value;
    Span span;
    uint32_t place; /* set by the checker: the parameter or event field it is for */
} Argument;

/* emit Infra.CreatePostgres(a, name: "x", idempotency_key: k) else { }
 * emit Broadcast(Event::E(x: 1))    emit Log("...") */
typedef enum EmitKind { EMIT_EFFECT, EMIT_BROADCAST, EMIT_LOG } EmitKind;

struct Emit {
    EmitKind kind;
    Span span;
    Name provider; /* absent: looked for in every bound provider */
    Name effect;
    Name event; /* EMIT_BROADCAST */
    Argument *arguments;
    Block *otherwise; /* else { }, or NULL */
    uint32_t target;  /* set by the checker: index of the effect's use, or of the event */
};

/* ---- statements ---- */

typedef enum StmtKind {
    STMT_LET,
    STMT_ASSIGN,
    STMT_IF,
    STMT_WHILE,
    STMT_EMIT,
    STMT_SEND,
    STMT_FAIL,
    STMT_ERROR
} StmtKind;

typedef struct Stmt Stmt;

struct Block {
    Stmt *first;
    Span span; /* with its braces */
};

struct Stmt {
    Stmt *next;
    StmtKind kind;
    Span span;
    union {
        struct {
            Name name;
            TypeExpr *type; /* NULL: inferred */
            Expr *value;
        } let;
        struct {
            Name field;
            bool from_state;
            Operator operator; /* OP_ADD, OP_SUB, OP_MUL for += -= *=; OP_EQ for plain = */
            Expr *value;
        } assign;
        struct {
            Expr *condition;
            Block *then;
            Block *otherwise; /* NULL; a block of one STMT_IF for else if */
        } branch;
        struct {
            Expr *condition;
            Block *body;
        } loop;
        Emit *emit;
        struct {
            bool high;
            bool to_self;
            Name domain; /* absent with to_self */
            Name transition;
            Argument *arguments;
        } send;
        Expr *reason; /* STMT_FAIL */
    };
    /* Left zero by the parser; set by the checker. */
    bool is_field;       /* STMT_ASSIGN: a field of the domain, else a local */
    uint8_t static_type; /* STMT_LET, STMT_ASSIGN: of what is set */
    uint32_t slot;       /* STMT_LET, STMT_ASSIGN: which one; STMT_SEND: the receiver */
    uint32_t transition; /* STMT_SEND: of the receiver */
};

/* ---- declarations ---- */

typedef struct Parameter {
    struct Parameter *next;
    Name name;
    TypeExpr *type; /* NULL: in handlers, where the event fixes it */
    Span span;
} Parameter;

typedef struct Field {
    struct Field *next;
    Name name;
    TypeExpr *type;
    Expr *initial; /* NULL: none written */
    Span span;
} Field;

/* messaging, send_to:Peer, effect:Infra.*, spawn */
typedef struct Capability {
    struct Capability *next;
    Name name;     /* messaging, send_to, effect, spawn */
    Name argument; /* Peer; Infra.* whole */
    Span span;
} Capability;

typedef enum ScopeLevel {
    SCOPE_DEFAULT, /* none, or `scope { domain }` */
    SCOPE_ROOT,
    SCOPE_TENANT,
    SCOPE_ENVIRONMENT,
    SCOPE_WORKSPACE,
    SCOPE_TARGET,
    SCOPE_CONTEXT,
    SCOPE_NAMESPACE
} ScopeLevel;

typedef struct ScopeDecl {
    ScopeLevel level;
    const char *place; /* Workspace("payments"); NULL: the default path's */
    Span span;
} ScopeDecl;

typedef enum TerminateKind { TERMINATE_NEVER, TERMINATE_RETRIES, TERMINATE_AFTER } TerminateKind;

/* The parts of a goal; where each stands is in Goal.parts. */
typedef enum GoalPart {
    GOAL_PART_PREDICATE,
    GOAL_PART_PRIORITY,
    GOAL_PART_STRATEGY,
    GOAL_PART_TERMINATE,
    GOAL_PART_BACKOFF,
    GOAL_PART_FALLBACK,
    GOAL_PART_COUNT
} GoalPart;

typedef struct Goal {
    struct Goal *next;
    Name name; /* absent: anonymous; the checker names it after its place */
    Expr *predicate;
    bool has_priority;
    uint8_t priority;
    Span priority_span;
    Name *strategy; /* array in the arena */
    size_t strategy_count;
    bool has_strategy;
    TerminateKind terminate;
    int64_t terminate_limit; /* retries, or ms */
    Span terminate_span;     /* of its number or duration */
    /* backoff 5s: always so long; backoff 1s to 5m: doubling with jitter */
    bool has_backoff;
    int64_t backoff_first_ms;
    int64_t backoff_cap_ms;
    Span backoff_first_span;
    Span backoff_cap_span; /* empty: none written */
    Name fallback;
    Span parts[GOAL_PART_COUNT]; /* with their words; empty: not written */
    Span body;                   /* with its braces; empty: none */
    Span span;
} Goal;

typedef struct Slice {
    struct Slice *next;
    Name name; /* absent: step */
    Block *body;
    bool bare; /* the transition's own braces are its braces */
    Span span;
} Slice;

typedef struct Transition {
    struct Transition *next;
    Name name;
    Parameter *parameters;
    Capability *capabilities;
    bool has_capabilities;
    Span capability_span;
    bool has_priority; /* @priority(...) */
    uint8_t priority;
    Span priority_span;
    Slice *slices;
    Span body; /* with its braces */
    Span span;
} Transition;

typedef struct Handler {
    struct Handler *next;
    Name event; /* on Event::E */
    Parameter *parameters;
    Block *body;
    Span span;
} Handler;

typedef struct Invariant {
    struct Invariant *next;
    Name name; /* may be absent */
    Expr *predicate;
    Span span;
} Invariant;

typedef struct Domain {
    struct Domain *next;
    Name name;
    Field *fields;
    Goal *goals;
    Transition *transitions;
    Handler *handlers;
    Invariant *invariants;
    Capability *capabilities;
    bool has_capabilities;
    Span capability_span;
    ScopeDecl scope;
    bool has_state;
    Span state_span; /* of `state { }`, with its word */
    Span state_body; /* of its braces */
    Span body;       /* with its braces */
    Span span;       /* items that stand outside it may belong to the domain all the same */
} Domain;

typedef struct StartField {
    struct StartField *next;
    Name name;
    Expr *value;
    Span span;
} StartField;

typedef struct Start {
    struct Start *next;
    Name domain;
    StartField *fields;
    Span body; /* with its braces; empty: none */
    Span span;
} Start;

typedef struct System {
    struct System *next;
    Name name;
    Start *starts;
    Span body; /* with its braces */
    Span span;
} System;

typedef struct Ast {
    const Source *source;
    Domain *domains;
    System *systems;
} Ast;

/* Parse the whole source, going on after mistakes. What could be understood is in the result, also
 * when `diagnostics` has errors. Constructs of the full language that are not there yet are refused
 * by name. Nesting is limited to 200; deeper is one error, never a stack overflow. */
Ast *parse(const Source *source, Arena *arena, Diagnostics *diagnostics);

/* The source in the manual's first form: comments kept, four spaces, 100 columns where possible.
 * Only for a source that parses without errors. */
void format_source(const Source *source, Buffer *ret);

#endif
