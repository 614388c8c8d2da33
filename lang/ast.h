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
#include "lang/type.h"

typedef struct Name {
    const char *text; /* NUL-terminated; NULL: absent */
    Span span;
} Name;

typedef enum TypeName {
    TYPE_INT,
    TYPE_FLOAT,
    TYPE_BOOL,
    TYPE_STRING,
    TYPE_DURATION,
    TYPE_SECRET,
    TYPE_ANY,
    TYPE_LIST, /* of `element` */
    TYPE_MAP,  /* from string to `element` */
    TYPE_NAMED /* a record or an enum */
} TypeName;

typedef struct TypeExpr {
    TypeName type;
    bool optional; /* T? */
    struct TypeExpr *element;
    Name name;
    Span span;
} TypeExpr;

/* ---- expressions ---- */

/* A tree takes many times as much memory as its text, so the kinds of its nodes are bytes. */
typedef enum __attribute__((packed)) ExprKind {
    EXPR_INT,
    EXPR_FLOAT,
    EXPR_BOOL,
    EXPR_NULL,
    EXPR_STRING, /* parts: literal text and "${expr}" in turn */
    EXPR_DURATION,
    EXPR_LIST,   /* [a, b] */
    EXPR_MAP,    /* {a: 1, "b": 2} */
    EXPR_NAME,   /* x, and state.x (then `from_state`) */
    EXPR_MEMBER, /* operand.member, of a record or an effect's result */
    EXPR_INDEX,  /* operand[index], of a list or map */
    EXPR_ENUM,   /* E::A */
    EXPR_CALL,   /* f(a): a function, a built-in one, or R(f: v): a record */
    EXPR_QUERY,  /* Infra.status("db"): a fact */
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

typedef struct Argument Argument;

/* One `key: value` of a map literal; a key that is a bare word has become a string. */
typedef struct MapItem {
    struct MapItem *next;
    Expr *key;
    Expr *value;
    Span span;
} MapItem;

/* What an EXPR_CALL means; found by the checker. */
typedef enum CallKind { CALL_UNKNOWN, CALL_FUNCTION, CALL_BUILTIN, CALL_RECORD } CallKind;

struct Expr {
    ExprKind kind;
    bool parenthesised; /* stood in its own ( ) in the source */
    /* These and `slot` are left zero by the parser: the checker's findings for the compiler. */
    uint8_t name_kind; /* EXPR_NAME: NameKind */
    uint8_t call_kind; /* EXPR_CALL: CallKind */
    StaticType static_type;
    StaticType wanted; /* where it is `any`: what its place asks for; STATIC_ERROR: nothing */
    uint32_t slot; /* EXPR_NAME: which field, local or constant; EXPR_MEMBER of a record, EXPR_ENUM:
                    * which member; EXPR_CALL: which function, built-in or record; EXPR_QUERY:
                    * index of the fact's use */
    Span span;
    Span inner; /* parenthesised: the span without its ( ) */
    union {
        int64_t integer; /* EXPR_INT; EXPR_DURATION in ms */
        double number;   /* EXPR_FLOAT */
        bool boolean;
        StringPart *parts;
        struct {
            const char *name;
            bool from_state;
        };
        struct {
            Expr *operand;
            union {
                Name member;
                Expr *index;
            };
        };
        Argument *items; /* EXPR_LIST: without names */
        MapItem *entries;
        struct {
            Name enumeration;
            Name constant;
        };
        struct {
            Name provider; /* EXPR_QUERY */
            Name callee;
            Argument *arguments;
        };
        struct {
            Operator operator;
            Span operator_span;
            Expr *left; /* the operand of a unary one */
            Expr *right;
        };
        Emit *emit;
    };
};

/* What an EXPR_NAME stands for; found by the checker. */
typedef enum NameKind { NAME_LOCAL, NAME_FIELD, NAME_CONSTANT, NAME_KEY, NAME_OLD } NameKind;

struct Argument {
    Argument *next;
    Name name; /* absent: positional */
    Expr *value;
    Span span;
    uint32_t place;  /* set by the checker: the parameter, event or record field it is for */
    StaticType type; /* set by the checker of calls and effects: what it becomes; 0: as it is */
};

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
    uint32_t error;   /* set by the checker: slot of `error` in the else block */
};

/* ---- statements ---- */

typedef enum __attribute__((packed)) StmtKind {
    STMT_LET,
    STMT_ASSIGN,
    STMT_IF,
    STMT_WHILE,
    STMT_FOR,
    STMT_MATCH,
    STMT_RETURN,
    STMT_EMIT,
    STMT_RELEASE,
    STMT_SEND,
    STMT_SPAWN,
    STMT_STOP,
    STMT_YIELD,
    STMT_PARALLEL,
    STMT_ELEVATE,
    STMT_FAIL,
    STMT_ERROR
} StmtKind;

typedef struct Stmt Stmt;

struct Block {
    Stmt *first;
    Span span; /* with its braces */
};

/* A, B => { }    _ => { } */
typedef struct MatchArm {
    struct MatchArm *next;
    Argument *patterns; /* constants without names; a bare enum member is an EXPR_NAME. NULL: `_` */
    Block *body;
    Span span;
} MatchArm;

/* One `[index]` or `.member` behind the variable that is assigned. */
typedef struct AssignStep {
    struct AssignStep *next;
    Expr *index; /* NULL: a member */
    Name member;
    Span span;
    StaticType of; /* set by the checker: type of what is stepped into */
    uint32_t slot; /* set by the checker: which member of a record */
} AssignStep;

typedef struct StartField {
    struct StartField *next;
    Name name;
    Expr *value;
    Span span;
} StartField;

struct Stmt {
    Stmt *next;
    StmtKind kind;
    /* Up to `transition` left zero by the parser; set by the checker. */
    bool is_field;          /* STMT_ASSIGN: a field of the domain, else a local */
    bool to_handler;        /* STMT_SEND: to `on message`, not to a transition */
    StaticType static_type; /* STMT_LET, STMT_ASSIGN: of what is set */
    uint32_t slot; /* STMT_LET, STMT_ASSIGN: which one; STMT_FOR: of `name`, `value_name` has the
                    * next; STMT_SEND, STMT_SPAWN: the domain */
    uint32_t transition; /* STMT_SEND: of the receiver; with to_handler: its handler */
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
            AssignStep *steps; /* NULL: the whole variable */
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
        struct {
            Name name;
            Name value_name; /* for key, value in map; absent otherwise */
            Expr *list;
            Block *body;
        } each;
        struct {
            Expr *subject;
            MatchArm *arms;
            Span body; /* with its braces */
        } match;
        Expr *value; /* STMT_RETURN */
        Emit *emit;  /* STMT_EMIT; STMT_RELEASE, of an effect */
        struct {
            bool high;
            bool to_self;
            Name domain; /* absent with to_self */
            Expr *key;   /* of a keyed domain; NULL: none written */
            Name transition;
            Argument *arguments;
        } send;
        struct {
            Name domain;
            Expr *key;
            StartField *fields;
            Span body; /* with its braces; empty: none */
        } spawn;
        Block *parallel;
        struct {
            Expr *reason;
            Block *body;
        } elevate;
        Expr *reason; /* STMT_FAIL */
    };
};

/* ---- declarations ---- */

typedef struct Parameter {
    struct Parameter *next;
    Name name;
    TypeExpr *type; /* NULL: in handlers, where the event fixes it */
    Span span;
} Parameter;

/* @allow(V-LNT-001, reason: "..."), on the item that carries it and all within */
typedef struct Allow {
    struct Allow *next;
    const char *code;
    const char *reason; /* NULL: none was written, which is reported */
    Span span;
} Allow;

/* Where a declaration stands and who may use it. */
typedef struct Declared {
    uint32_t module;
    bool exported;
    Allow *allows;
} Declared;

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
    Allow *allows;
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
    bool protect; /* @protect: what it made is not destroyed */
    Span protect_span;
    bool is_script; /* made of the statements of a script: they have no braces */
    Allow *allows;
    Slice *slices;
    Span body; /* with its braces */
    Span span;
} Transition;

typedef enum HandlerKind {
    HANDLER_EVENT,   /* on Event::E(a, b) { } */
    HANDLER_MESSAGE, /* on message M(a: int) { } */
    HANDLER_LOST,    /* on Infra.lost(r) { } */
    HANDLER_CHANGED, /* on Infra.changed(r) { } */
    HANDLER_FAILED   /* on Infra.failed(e) { } */
} HandlerKind;

typedef struct Handler {
    struct Handler *next;
    HandlerKind kind;
    Name event;    /* or the message's name */
    Name provider; /* HANDLER_LOST and after */
    Parameter *parameters;
    Allow *allows;
    Block *body;
    Span span;
} Handler;

typedef enum TimerKind {
    TIMER_EVERY, /* every 5m { } */
    TIMER_AFTER  /* after 30s when cond { } */
} TimerKind;

typedef struct Timer {
    struct Timer *next;
    TimerKind kind;
    int64_t interval_ms;
    Span interval_span;
    Expr *when; /* TIMER_AFTER */
    Allow *allows;
    Block *body;
    Span span;
} Timer;

typedef struct Invariant {
    struct Invariant *next;
    Name name; /* may be absent */
    Expr *predicate;
    Allow *allows;
    Span span;
} Invariant;

typedef struct Domain {
    struct Domain *next;
    Declared declared;
    Name name;
    Name key; /* domain D[key: string]; absent: one instance, without a key */
    Field *fields;
    Goal *goals;
    Transition *transitions;
    Handler *handlers;
    Timer *timers;
    Invariant *invariants;
    Capability *capabilities;
    bool has_capabilities;
    Span capability_span;
    ScopeDecl scope;
    bool has_version; /* @version N */
    uint32_t version; /* 1 where none is written */
    Span version_span;
    bool is_script; /* `main`: made of a file without a domain */
    bool has_state;
    Span state_span; /* of `state { }`, with its word */
    Span state_body; /* of its braces */
    Span body;       /* with its braces */
    Span span;       /* items that stand outside it may belong to the domain all the same */
} Domain;

typedef struct Start {
    struct Start *next;
    Name domain;
    Expr *key; /* of a keyed domain */
    StartField *fields;
    Span body; /* with its braces; empty: none */
    Span span;
} Start;

typedef struct System {
    struct System *next;
    Declared declared;
    Name name;
    Start *starts;
    Span body; /* with its braces */
    Span span;
} System;

/* ---- declarations outside of domains ---- */

typedef struct RecordDecl {
    struct RecordDecl *next;
    Declared declared;
    Name name;
    Field *fields; /* `initial` is the default of one that may be left out */
    Span body;
    Span span;
} RecordDecl;

typedef struct EnumMember {
    struct EnumMember *next;
    Name name;
} EnumMember;

typedef struct Enum {
    struct Enum *next;
    Declared declared;
    Name name;
    EnumMember *members;
    Span body;
    Span span;
} Enum;

typedef struct Const {
    struct Const *next;
    Declared declared;
    Name name;
    TypeExpr *type; /* NULL: inferred */
    Expr *value;
    Span span;
} Const;

typedef struct Function {
    struct Function *next;
    Declared declared;
    Name name;
    Parameter *parameters;
    TypeExpr *result;
    Block *body;
    Span span;
} Function;

/* event E(field: T)    event E retain none */
typedef struct EventDecl {
    struct EventDecl *next;
    Declared declared;
    Name name;
    Parameter *fields;
    bool has_fields; /* ( ) is written: the event has exactly these */
    bool retain_none;
    Span span;
} EventDecl;

/* effect name(params) -> type = Infra.Action; without `=` the action of that name */
typedef struct EffectDecl {
    struct EffectDecl *next;
    Declared declared;
    Name name;
    Parameter *parameters;
    TypeExpr *result; /* NULL: none written, `any` */
    Name provider;    /* of what it stands for; absent: looked for in every bound provider */
    Name action;      /* absent: the same name */
    Span span;
} EffectDecl;

/* import "net/base.ved" */
typedef struct Import {
    struct Import *next;
    Name path;
    uint32_t module;   /* that imports */
    uint32_t imported; /* set when the file has been found */
    Span span;
} Import;

/* provider Infra = "docker" { config } */
typedef struct EnvironmentProvider {
    struct EnvironmentProvider *next;
    Name name;
    Name plugin;
    Expr *config; /* an EXPR_MAP of constants; NULL: none written */
    Span span;
} EnvironmentProvider;

typedef struct Environment {
    struct Environment *next;
    Declared declared;
    Name name;
    EnvironmentProvider *providers;
    Argument *hosts; /* host = "...", without names */
    Capability *capabilities;
    bool has_capabilities;
    Span capability_span;
    Span body;
    Span span;
} Environment;

/* deploy D to E */
typedef struct Deploy {
    struct Deploy *next;
    Declared declared;
    Name domain;
    Name environment;
    Span span;
} Deploy;

/* migration D 1 -> 2 { f = old.f  g = 0 } */
typedef struct Migration {
    struct Migration *next;
    Declared declared;
    Name domain;
    uint32_t from;
    uint32_t to;
    Span versions; /* `1 -> 2` */
    StartField *fields;
    Span body;
    Span span;
} Migration;

/* Database.Boot_db.Infra.CreatePostgres; of `moved domain` the domain alone */
typedef struct MovedPlace {
    Name domain;
    Name where;  /* transition, handler or timer: "Boot_db", "Infra.lost" */
    Name effect; /* "CreatePostgres", "Infra.CreatePostgres" */
    Span span;
} MovedPlace;

/* moved A.T.E -> B.U.E    moved domain A -> B */
typedef struct Moved {
    struct Moved *next;
    Declared declared;
    bool is_domain;
    MovedPlace from;
    MovedPlace to;
    Span span;
} Moved;

/* The lines of a test's blocks. In expressions `D.field` is a domain's state, `D["k"].field` an
 * instance's, and `D.Goal` whether a goal is met. */
typedef enum TestStepKind {
    STEP_SET,        /* given: D.field = value */
    STEP_EFFECT,     /* simulate: effect Infra.Create { fail timeout } or { result {...} } */
    STEP_SEND,       /* simulate: send D T(args) */
    STEP_EMIT,       /* simulate: emit Broadcast(Event::E()) */
    STEP_RUN,        /* simulate: run 500 ticks, run 5m */
    STEP_CRASH,      /* simulate: crash */
    STEP_ALWAYS,     /* expect: always P */
    STEP_EVENTUALLY, /* expect: eventually P */
    STEP_WITHIN,     /* expect: within 500 ticks P */
    STEP_NEVER       /* expect: never P */
} TestStepKind;

typedef struct TestStep {
    struct TestStep *next;
    TestStepKind kind;
    Span span;
    Name domain; /* STEP_SET */
    Expr *key;   /* STEP_SET of a keyed domain */
    Name field;
    Expr *value;     /* STEP_SET; the condition of an expectation */
    Name provider;   /* STEP_EFFECT */
    Name effect;     /* STEP_EFFECT */
    bool fails;      /* STEP_EFFECT: `fail`; else `result` */
    Name failure;    /* its code */
    int64_t times;   /* fail CODE N: the first N calls; 0: every one */
    Expr *result;    /* STEP_EFFECT: an EXPR_MAP */
    Stmt *statement; /* STEP_SEND, STEP_EMIT */
    bool in_ticks;   /* STEP_RUN, STEP_WITHIN: slices, else milliseconds */
    int64_t limit;
} TestStep;

typedef struct Test {
    struct Test *next;
    Declared declared;
    Name name; /* the text */
    TestStep *given;
    TestStep *simulate;
    TestStep *expect;
    Span given_body, simulate_body, expect_body; /* with their braces; empty: not written */
    Span body;
    Span span;
} Test;

/* All declarations of a program, those of imported files included; a list has them in the order of
 * the source. */
typedef struct Ast {
    const Source *source;
    Import *imports;
    RecordDecl *records;
    Enum *enums;
    Const *constants;
    Function *functions;
    EventDecl *events;
    EffectDecl *effects;
    Domain *domains;
    System *systems;
    Environment *environments;
    Deploy *deploys;
    Migration *migrations;
    Moved *moves;
    Test *tests;
    Allow *allows; /* of the file: `@allow(...)` before anything else and followed by `;` */
} Ast;

/* Parse the whole source, going on after mistakes. What could be understood is in the result, also
 * when `diagnostics` has errors. A file without a domain is the script `main`: its state, goals and
 * transitions, and `Boot` of its statements. Nesting is limited to 200; deeper is one error, never
 * a stack overflow. */
Ast *parse(const Source *source, Arena *arena, Diagnostics *diagnostics);

/* The source in the manual's first form: comments kept, four spaces, 100 columns where possible.
 * Only for a source that parses without errors. */
void format_source(const Source *source, Buffer *ret);

/* The same of a source that may have errors: what the parser has to say is added to `diagnostics`.
 * False: there are errors, and nothing was written. */
bool format_or_report(const Source *source, Diagnostics *diagnostics, Buffer *ret);

#endif
