/* What the files of the parser share. For everyone else there is parse() in ast.h.
 *
 * Errors: a mistake is reported once and sets `panicking`; while that is set nothing more is
 * reported and the functions run to their ends on what they find. Whoever owns a list of items or
 * statements then skips to the next one and clears it. So every loop over tokens must stop at
 * TOKEN_END and make progress without relying on reports. */
#ifndef VED_LANG_PARSER_H
#define VED_LANG_PARSER_H

#include "lang/ast.h"
#include "lang/lexer.h"

#define PARSE_DEPTH_MAX 200
#define PARSE_LOOKAHEAD 4

typedef struct Parser {
    Lexer lexer;
    const Source *source;
    Arena *arena;
    Diagnostics *diagnostics;
    struct AstLists *lists; /* where the next declaration of each kind goes */
    struct ForeignType **foreign_types;
    uint32_t module;                  /* index of the file that is read */
    Token ahead[PARSE_LOOKAHEAD + 1]; /* ahead[0] is the current token */
    size_t ahead_count;
    uint32_t previous_end; /* of the token last taken */
    uint64_t taken;        /* tokens so far: who must make progress compares */
    uint32_t depth;        /* of blocks and expressions that are open */
    uint32_t height;       /* of the expression parsed last */
    bool imports_over;     /* something else than an import has stood in this file */
    bool in_domain;        /* between the braces of one */
    bool no_map;           /* in a head, whose `{` begins its body and no map */
    bool panicking;
    bool brace_reported; /* a `}` that closes nothing: one report a file */
    bool brace_lost;     /* a `}` was taken for another, or is missing: reported */
    bool given_up;       /* nested too deeply: the rest is not read */
} Parser;

/* parse(), keeping the comments if `comments` is not NULL. */
Ast *parse_with_comments(const Source *source, Arena *arena, Diagnostics *diagnostics,
                         Comments *comments);

/* ---- tokens (parser.c) ---- */

/* Every token is looked at many times before it is taken, so all of this is inline, but for what it
 * leaves to do: read as far as the token `distance` after the current one. */
void parser_read(Parser *parser, size_t distance);

/* The current token, or one `distance` after it. */
static inline const Token *parser_peek(Parser *parser, size_t distance)
{
    if (parser->ahead_count <= distance)
        parser_read(parser, distance);
    return &parser->ahead[distance];
}

static inline TokenKind parser_kind(Parser *parser)
{
    return parser->given_up ? TOKEN_END : parser_peek(parser, 0)->kind;
}

static inline Token parser_take(Parser *parser)
{
    Token token = *parser_peek(parser, 0);

    parser->previous_end = token.span.end;
    parser->taken++;
    parser->ahead_count--;
    for (size_t i = 0; i < parser->ahead_count; i++)
        parser->ahead[i] = parser->ahead[i + 1];
    return token;
}

static inline bool parser_at(Parser *parser, TokenKind kind)
{
    return parser_kind(parser) == kind;
}

static inline bool parser_accept(Parser *parser, TokenKind kind)
{
    if (!parser_at(parser, kind))
        return false;
    parser_take(parser);
    return true;
}

bool parser_at_name(Parser *parser, const char *text);    /* a name that is no reserved word */
bool parser_on_same_line(Parser *parser, TokenKind kind); /* at it, without a line break before */
void parser_split_greater(Parser *parser); /* a `>=` that is here becomes `>` and `=` */
bool token_is(const Parser *parser, const Token *token, const char *text);
char *token_copy(Parser *parser, const Token *token);

/* Take a token or report what was expected: "`(` after the name". False: not there. */
bool parser_expect(Parser *parser, TokenKind kind, const char *what);

/* A name that is no reserved word; reported if absent. `any_word`: reserved words are names here.
 */
Name parser_name(Parser *parser, const char *what);
Name parser_any_word(Parser *parser, const char *what);

Span span_to_here(const Parser *parser, uint32_t start);

/* ---- reports (parser.c) ---- */

/* "expected WHAT, found ..." at the current token. NULL while panicking; else may be completed. */
Diagnostic *parser_expected(Parser *parser, const char *what);
/* The same with what to write instead; `remedy` may be NULL. */
void parser_expected_but(Parser *parser, const char *what, const char *remedy);
/* A stretch of the source as a message shows it: on one line, cut where it is long. */
const char *parser_source_text(Parser *parser, Span span);
/* The same for what should have followed the token before: if that ended its line, the place is its
 * end. */
Diagnostic *parser_expected_next(Parser *parser, const char *what);
/* Any error; starts panicking. NULL while panicking. */
Diagnostic *parser_error(Parser *parser, const char *code, Span span, const char *format, ...)
    PRINTF_LIKE(4, 5);
/* A spelling of another dialect (V-ERR-010). Does not start panicking. NULL while panicking. */
Diagnostic *parser_refuse_spelling(Parser *parser, Span span, const char *spelling,
                                   const char *remedy);
/* What may stand once stands here again (V-ERR-016). Does not start panicking. */
void parser_second_time(Parser *parser, Span first, Span second, const char *what);
/* A number outside of its range (V-ERR-017). Does not start panicking. */
void parser_out_of_range(Parser *parser, Span span, const char *what, const char *remedy);
/* One level deeper; false, reported and the rest given up, past the limit. */
bool parser_deeper(Parser *parser);

/* ---- recovery (parser.c) ---- */

bool parser_begins_item(Parser *parser); /* of a domain or of the file */

/* The mistake that was reported is over. At the end of the file it is not: whatever is missing
 * there would be no news. */
void parser_go_on(Parser *parser);
void parser_skip_balanced(Parser *parser);  /* one token, or all from a bracket to its partner */
void parser_skip_construct(Parser *parser); /* the current word and what belongs to it */
void parser_skip_to_item(Parser *parser);   /* next item keyword or closing brace */
void parser_skip_to_statement(Parser *parser);

/* Take the `)` that ends what `what` says; after a mistake inside, what stands before it, too. */
void parser_close_paren(Parser *parser, const char *what);

/* After a mistake: what stands before the closing bracket, and it, if it is in this statement. */
void parser_skip_to_close(Parser *parser, TokenKind close);

/* Take the `{` of a body, or report that it is missing, and with it that its `}` is no news. */
bool parser_open_brace(Parser *parser, const char *after);
/* The same report for a `{` that is known to be missing, with what to write. */
void parser_open_missing(Parser *parser, const char *what, const char *remedy);

/* Take the `}` of a body that was opened at `open`, or report that it is missing. */
void parser_close_brace(Parser *parser, Span open);

/* A misspelt word: if the current name is near a reserved word of `roles`, report it and go on as
 * if that had been written. */
bool parser_mend_word(Parser *parser, const char *expected, unsigned roles);
void parser_separators(Parser *parser, bool commas); /* `;`, and `,` */

/* ---- what is known from other languages (parser_hint.c) ---- */

/* What to write instead of what stands here, for the report; NULL: nothing comes to mind. */
const char *hint_statement(Parser *parser);
const char *hint_item(Parser *parser);
const char *hint_file(Parser *parser);
const char *hint_condition(Parser *parser);                   /* behind a condition */
const char *hint_operand(Parser *parser, TokenKind operator); /* behind an operator */
const char *hint_send(Parser *parser, const char *domain); /* where a transition's name belongs */
/* The nearest of the names to the one that stands here; NULL: none is near, or none stands here. */
const char *hint_nearest(Parser *parser, const char *const *names, size_t count);
/* The type's name in this language. */
const char *hint_type(Parser *parser);
const char *hint_container(Parser *parser); /* the same for `Array<...>` */
/* `var x = ...`: a `let` in other words. */
bool hint_is_let(Parser *parser);

/* ---- types (parser_type.c) ---- */

/* The name of another language's type, which is a mistake if no record or enum is called so. */
typedef struct ForeignType {
    struct ForeignType *next;
    TypeExpr *type;
    const char *meant;
} ForeignType;

TypeExpr *parse_type(Parser *parser);

/* `int n` where `n: int` belongs: reported, and taken as that. */
bool at_type_before_name(Parser *parser);
void type_before_name(Parser *parser, Name *ret_name, TypeExpr **ret_type);

/* When all declarations are known: report them, and make them what was meant. */
void foreign_types_settle(Diagnostics *diagnostics, const Ast *ast, const ForeignType *foreign);

/* ---- expressions (parser_expr.c) ---- */

Expr *parse_expr(Parser *parser, const char *what);
/* What stands in a head, before a `{` that begins a body. `after`: the head's word. */
Expr *parse_head_expr(Parser *parser, const char *what);
Expr *parse_condition(Parser *parser, const char *after);
Argument *parse_arguments(Parser *parser);         /* from ( to ) */
Expr *parse_map(Parser *parser, bool commas);      /* { key: value, ... }, at its `{` */
Expr *parse_key(Parser *parser);                   /* ["k"], if it is there */
Name parse_text(Parser *parser, const char *what); /* a string without holes, as a name */

/* A whole number from 1 to `most`, or reported and 1. */
uint32_t parse_count(Parser *parser, const char *what, uint32_t most);
int64_t parse_duration(Parser *parser, const char *what, Span *ret_span);

/* ---- statements (parser_stmt.c, parser_output.c) ---- */

Block *parse_block(Parser *parser, const char *after);
void parse_statements(Parser *parser, Block *block);
/* One statement, or what stands in its place is reported and skipped. */
Stmt *parse_statement(Parser *parser);
bool at_statement(Parser *parser);
Stmt *stmt_new(Parser *parser, StmtKind kind); /* at its first token */

Emit *parse_emit(Parser *parser);
Stmt *parse_send(Parser *parser);
Stmt *parse_release(Parser *parser);
Stmt *parse_spawn(Parser *parser);
/* Infra.Create, or Create: then `ret_provider` stays absent. */
void parse_effect_name(Parser *parser, const char *what, Name *ret_provider, Name *ret_effect);

/* ---- annotations (parser_annotation.c) ---- */

typedef enum AnnotationKind {
#define ANNOTATION(name, text, belongs) ANNOTATION_##name,
#include "lang/annotation.def"
    ANNOTATION_COUNT
} AnnotationKind;

/* @name(...) that stand before an item. */
typedef struct Annotations {
    uint32_t start; /* of the first one, or of the item */
    bool any;
    Span spans[ANNOTATION_COUNT]; /* empty: it is not there */
    uint8_t priority;
    Span priority_value;
    ScopeDecl scope;
    uint32_t version;
    Allow *allows;
} Annotations;

Annotations parse_annotations(Parser *parser);
/* Those that stand before the one that `kinds` (bits 1 << kind) does not allow are reported. */
void annotations_restrict(Parser *parser, const Annotations *annotations, unsigned kinds);
bool annotations_have(const Annotations *annotations, AnnotationKind kind);
void annotations_add(Parser *parser, Annotations *annotations); /* more of them */
/* At the beginning of a file: `@allow(...);` is of all that stands in it. One without the `;` is of
 * the first item, and returned. */
Annotations parse_file_allows(Parser *parser);
ScopeDecl parse_scope(Parser *parser); /* scope ..., at its word */

/* ---- domains (parser_domain.c, parser_goal.c, parser_transition.c) ---- */

/* A domain that grows: where the next item of each list goes. */
typedef struct DomainLists {
    Domain *domain;
    Goal **goals;
    Transition **transitions;
    Handler **handlers;
    Timer **timers;
    Invariant **invariants;
} DomainLists;

DomainLists domain_lists(Domain *domain); /* of an empty domain */

/* One item of a domain, at its word; or what stands in its place is reported, and either skipped or
 * turned into the word that was meant. */
void parse_domain_item(Parser *parser, DomainLists *lists, const Annotations *annotations);
/* Take out of the annotations what is about the domain that they stand in. */
void domain_annotate(Parser *parser, Domain *domain, Annotations *annotations);
Domain *parse_domain(Parser *parser, const Annotations *annotations);

Goal *parse_goal(Parser *parser, const Annotations *annotations);
/* critical high normal low background, or 0 to 255, in `ret`. */
bool parse_priority(Parser *parser, uint8_t *ret);

Transition *parse_transition(Parser *parser, const Annotations *annotations);
Handler *parse_handler(Parser *parser, const Annotations *annotations); /* NULL: refused */
Timer *parse_timer(Parser *parser, const Annotations *annotations);
/* From ( to ), if they are there. `untyped`: what to write instead of the type that stands behind a
 * name; NULL: each has one. */
Parameter *parse_parameters(Parser *parser, const char *untyped);
Span parse_capabilities(Parser *parser, Capability **tail); /* capability { ... }, at its word */

/* name: type = value, in a state or a record. */
Field *parse_field(Parser *parser);
/* { field field }, at the `{`, behind the fields in `tail`. Returns the span of the braces. */
Span parse_fields(Parser *parser, Field **tail);

/* After a mistake: on to the `}` of the innermost body, if it is there before the next item. */
void parser_skip_to_brace(Parser *parser);

/* ---- declarations (parser_decl.c, parser_environment.c, parser_system.c, parser_test.c) ---- */

typedef struct AstLists {
    Import **imports;
    RecordDecl **records;
    Enum **enums;
    Const **constants;
    Function **functions;
    EventDecl **events;
    EffectDecl **effects;
    Domain **domains;
    System **systems;
    Environment **environments;
    Deploy **deploys;
    Migration **migrations;
    Moved **moves;
    Test **tests;
    Allow **allows;
} AstLists;

AstLists ast_lists(Ast *ast); /* of an empty tree */

/* One declaration, at its word; domains and systems, too. It goes to its list in the tree. */
void parse_declaration(Parser *parser, const Annotations *annotations);
bool at_declaration(Parser *parser);
/* A spelling of another dialect: reported and skipped. */
bool declaration_refused(Parser *parser);

System *parse_system(Parser *parser);
/* { f = v }, at the `{`; in start, spawn and migration. Returns the span of the braces. */
Span parse_start_fields(Parser *parser, StartField **tail);
Environment *parse_environment(Parser *parser);
Test *parse_test(Parser *parser);

#define list_append(tail, node)                                                                    \
    do {                                                                                           \
        *(tail) = (node);                                                                          \
        (tail) = &(node)->next;                                                                    \
    } while (0)

#endif
