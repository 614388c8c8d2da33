/* What the files of the formatter share. For everyone else there is format_source() in ast.h.
 *
 * The formatter walks the tree and keeps the comments beside it, both in source order: before it
 * writes anything it puts out the comments that stood before it. Nothing may be written out of the
 * source's order, or comments would change their places. */
#ifndef VED_LANG_FORMAT_H
#define VED_LANG_FORMAT_H

#include "lang/ast.h"
#include "lang/lexer.h"

#define FORMAT_INDENT 4
#define FORMAT_COLUMNS 100

typedef struct Formatter {
    const Source *source;
    Arena *arena;
    Buffer *out;
    Comments comments;
    size_t next; /* comment that was not written yet */
    int indent;
    bool fresh; /* nothing was written yet in this body */
} Formatter;

/* ---- lines and comments (format.c) ---- */

/* What must come before something that begins at `start`: comments, a blank line if the author left
 * one, and the comments inside its head, up to `head_end`, which get lines of their own. */
void format_lead(Formatter *formatter, uint32_t start, uint32_t head_end);
void format_indent(Formatter *formatter, int more);
void format_text(Formatter *formatter, const char *text);
/* End the line of something that ended at `end`, with the comments behind it. */
void format_line_end(Formatter *formatter, uint32_t end);
/* ` {`, and `}` without a line end; between them the body, one level deeper. */
void format_open(Formatter *formatter, uint32_t brace);
void format_close(Formatter *formatter, uint32_t brace);
bool format_has_comments(const Formatter *formatter, uint32_t before);

/* ---- long lines (format_break.c) ---- */

/* `prefix` and an expression, broken at its operators where one line would be too long. The caller
 * writes `tail` columns behind it. */
void format_value(Formatter *formatter, const char *prefix, const Expr *expr, size_t tail);
void format_value_here(Formatter *formatter, const char *prefix, const Expr *expr,
                       size_t tail); /* without indentation */

/* prefix(a, b)suffix on one line, or an item a line. */
typedef struct FormatItem {
    const char *text;
    const Expr *value; /* follows the text; may be NULL */
} FormatItem;

typedef struct FormatList {
    FormatItem *items;
    size_t count;
    size_t capacity;
} FormatList;

void format_list_add(Formatter *formatter, FormatList *list, const char *text, const Expr *value);
void format_list(Formatter *formatter, const char *prefix, const FormatList *list,
                 const char *suffix);

/* ---- expressions on one line (format_expr.c) ---- */

void format_expr(Formatter *formatter, const Expr *expr, Buffer *ret);
void format_key(Formatter *formatter, const Expr *key, Buffer *ret); /* of a map */
void format_call_head(const Expr *expr, Buffer *ret);                /* `f(`, `Infra.status(` */
const char *format_operator(Operator operator);
char *format_source_text(Formatter *formatter, Span span);
char *format_quoted(Formatter *formatter, const char *text);
const char *format_type(Formatter *formatter, const TypeExpr *type);

/* ---- statements (format_stmt.c) ---- */

void format_statement(Formatter *formatter, const Stmt *stmt);
void format_statements(Formatter *formatter, const Block *block);
/* ` { ... }` without a line end; comments before `end` are inside. */
void format_block(Formatter *formatter, const Block *block, uint32_t end);
/* ` { f = v ... }` of a start, a spawn or a migration, without a line end; nothing where nothing is
 * inside. */
void format_assignments(Formatter *formatter, const StartField *fields, Span body);
const char *format_instance(Formatter *formatter, Name domain, const Expr *key);

/* ---- items of a domain (format_domain.c) ---- */

void format_goal(Formatter *formatter, const Goal *goal);
void format_invariant(Formatter *formatter, const Invariant *invariant);
void format_transition(Formatter *formatter, const Transition *transition);
void format_handler(Formatter *formatter, const Handler *handler);
void format_timer(Formatter *formatter, const Timer *timer);
void format_state(Formatter *formatter, const Domain *domain);
void format_scope(Formatter *formatter, const ScopeDecl *scope);
void format_capabilities(Formatter *formatter, const Capability *list, Span span);
/* `@allow(...)`; all of them, a line each. */
void format_allow(Formatter *formatter, const Allow *allow);
void format_allows(Formatter *formatter, const Allow *allows);
/* Fields with their first values or defaults, a line each. */
void format_fields(Formatter *formatter, const Field *fields);
/* head(a: T, b: U)tail; only the head and tail where there are none and `always` is false. */
void format_parameters(Formatter *formatter, const char *head, const Parameter *parameters,
                       bool always, const char *tail);

/* ---- items of a file, in the order of the source (format_file.c) ---- */

void format_file(Formatter *formatter, const Ast *ast);
void format_test(Formatter *formatter, const Test *test); /* format_test.c */
/* Comments that are left before `before`, a line each. */
void format_comments(Formatter *formatter, uint32_t before, bool blank_lines);
void format_blank_line(Formatter *formatter, uint32_t at); /* if the author left one before `at` */

#endif
