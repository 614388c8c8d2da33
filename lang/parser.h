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
#define PARSE_LOOKAHEAD 3

typedef struct Parser {
    Lexer lexer;
    const Source *source;
    Arena *arena;
    Diagnostics *diagnostics;
    Token ahead[PARSE_LOOKAHEAD]; /* ahead[0] is the current token */
    size_t ahead_count;
    uint32_t previous_end; /* of the token last taken */
    uint64_t taken;        /* tokens so far: who must make progress compares */
    uint32_t depth;        /* of blocks and expressions that are open */
    uint32_t height;       /* of the expression parsed last */
    bool panicking;
    bool brace_reported; /* a `}` that closes nothing: one report a file */
    bool given_up;       /* nested too deeply: the rest is not read */
} Parser;

/* parse(), keeping the comments if `comments` is not NULL. */
Ast *parse_with_comments(const Source *source, Arena *arena, Diagnostics *diagnostics,
                         Comments *comments);

/* ---- tokens (parser.c) ---- */

/* The current token, or one `distance` after it. */
const Token *parser_peek(Parser *parser, size_t distance);
TokenKind parser_kind(Parser *parser);
Token parser_take(Parser *parser);
bool parser_at(Parser *parser, TokenKind kind);
bool parser_accept(Parser *parser, TokenKind kind);
bool parser_at_name(Parser *parser, const char *text); /* a name that is no reserved word */
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
/* A spelling of another dialect (V-ERR-010). Does not start panicking. */
void parser_refuse_spelling(Parser *parser, Span span, const char *spelling, const char *remedy);
/* A construct that is not there yet (V-ERR-011). Does not start panicking: skip it next. */
void parser_refuse(Parser *parser, Span span, const char *construct);
/* The same for what has no word of its own: "a list literal". */
void parser_refuse_phrase(Parser *parser, Span span, const char *phrase);
/* One level deeper; false, reported and the rest given up, past the limit. */
bool parser_deeper(Parser *parser);

/* ---- recovery (parser.c) ---- */

void parser_skip_balanced(Parser *parser);  /* one token, or all from a bracket to its partner */
void parser_skip_construct(Parser *parser); /* the current word and what belongs to it */
void parser_skip_to_item(Parser *parser);   /* next item keyword or closing brace */
void parser_skip_to_statement(Parser *parser);

/* Take the `)` that ends what `what` says; after a mistake inside, what stands before it, too. */
void parser_close_paren(Parser *parser, const char *what);

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
/* The type's name in this language. */
const char *hint_type(Parser *parser);
/* `var x = ...`: a `let` in other words. */
bool hint_is_let(Parser *parser);

/* ---- grammar ---- */

Expr *parse_expr(Parser *parser, const char *what); /* parser_expr.c */
Expr *parse_condition(Parser *parser, const char *after);
Argument *parse_arguments(Parser *parser);             /* from ( to ) */
Block *parse_block(Parser *parser, const char *after); /* parser_stmt.c */
void parse_statements(Parser *parser, Block *block);
Emit *parse_emit(Parser *parser);
TypeExpr *parse_type(Parser *parser); /* parser_decl.c */

/* @name(...) that stand before an item. */
typedef struct Annotations {
    uint32_t start; /* of the first one, or of the item */
    bool any;
    bool has_priority;
    uint8_t priority;
    Span priority_span; /* of the value */
    Span priority_whole;
    ScopeDecl scope; /* with an empty span: none */
} Annotations;

Annotations parse_annotations(Parser *parser);

/* A domain that grows: where the next item of each list goes. */
typedef struct DomainLists {
    Domain *domain;
    Goal **goals;
    Transition **transitions;
    Handler **handlers;
    Invariant **invariants;
} DomainLists;

DomainLists domain_lists(Domain *domain); /* of an empty domain */

/* One item of a domain, at its word; or what stands in its place is reported, and either skipped or
 * turned into the word that was meant. */
void parse_domain_item(Parser *parser, DomainLists *lists, const Annotations *annotations);
Domain *parse_domain(Parser *parser, const Annotations *annotations);
System *parse_system(Parser *parser);                             /* parser_system.c */
Goal *parse_goal(Parser *parser, const Annotations *annotations); /* parser_goal.c */

/* critical high normal low background, or 0 to 255, in `ret`. */
bool parse_priority(Parser *parser, uint8_t *ret);

#define list_append(tail, node)                                                                    \
    do {                                                                                           \
        *(tail) = (node);                                                                          \
        (tail) = &(node)->next;                                                                    \
    } while (0)

#endif
