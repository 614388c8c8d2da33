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

/* ---- expressions and statements (format_stmt.c) ---- */

void format_expr(Formatter *formatter, const Expr *expr, Buffer *ret); /* on one line */
const char *format_operator(Operator operator);
char *format_source_text(Formatter *formatter, Span span);
char *format_quoted(Formatter *formatter, const char *text);
const char *format_type(const TypeExpr *type);
void format_statements(Formatter *formatter, const Block *block);
/* ` { ... }` without a line end; comments before `end` are inside. */
void format_block(Formatter *formatter, const Block *block, uint32_t end);

#endif
