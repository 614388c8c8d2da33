/* What the two files of expressions share: parser_expr.c and parser_literal.c. */
#ifndef VED_LANG_PARSER_EXPR_H
#define VED_LANG_PARSER_EXPR_H

#include "lang/parser.h"

Expr *expr_new(Parser *parser, ExprKind kind, uint32_t start); /* from `start` to here */

/* Every function that makes an expression leaves the height of its tree in `parser->height`. */
void height_set(Parser *parser, uint32_t height); /* one level above operands of at most `height` */
void height_raise(Parser *parser, uint32_t *height); /* to that of the expression made last */

/* An expression between brackets, where `{` is a map again, also in a head. */
Expr *parse_inner(Parser *parser, const char *what);
/* The `]` that ends what `what` says; after a mistake inside, what stands before it, too. */
void close_bracket(Parser *parser, const char *what);

/* At their first tokens. */
Expr *literal_integer(Parser *parser);
Expr *literal_fraction(Parser *parser);
Expr *literal_string(Parser *parser);
Expr *literal_list(Parser *parser);

#endif
