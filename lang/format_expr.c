/* Expressions on one line. */
#include "lang/format.h"

#include <string.h>

#include "lang/lexer.h"

/* ---- texts ---- */

char *format_source_text(Formatter *formatter, Span span)
{
    return arena_copy_bytes(formatter->arena, formatter->source->text + span.start,
                            span.end - span.start);
}

char *format_quoted(Formatter *formatter, const char *text)
{
    cleanup(buffer_deinit) Buffer out = {0};

    buffer_add_char(&out, '"');
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            buffer_add_format(&out, "\\%c", *text);
        else if (*text == '\n' || *text == '\t')
            buffer_add_string(&out, *text == '\n' ? "\\n" : "\\t");
        else if ((unsigned char)*text < 0x20 || (*text == '$' && text[1] == '{'))
            buffer_add_format(&out, "\\u{%x}", (unsigned)*text);
        else
            buffer_add_char(&out, *text);
    }
    buffer_add_char(&out, '"');
    return arena_copy_string(formatter->arena, buffer_text(&out));
}

/* ---- types ---- */

static const char *type_text(Formatter *formatter, const TypeExpr *type)
{
    switch (type->type) {
    case TYPE_INT:
        return "int";
    case TYPE_FLOAT:
        return "float";
    case TYPE_BOOL:
        return "bool";
    case TYPE_STRING:
        return "string";
    case TYPE_DURATION:
        return "duration";
    case TYPE_SECRET:
        return "secret";
    case TYPE_ANY:
        return "any";
    case TYPE_LIST:
        return arena_format(formatter->arena, "list<%s>", format_type(formatter, type->element));
    case TYPE_MAP:
        return arena_format(formatter->arena, "map<%s>", format_type(formatter, type->element));
    case TYPE_NAMED:
        return type->name.text;
    }
    return "";
}

const char *format_type(Formatter *formatter, const TypeExpr *type)
{
    const char *text = type_text(formatter, type);

    return type->optional ? arena_format(formatter->arena, "%s?", text) : text;
}

/* ---- expressions ---- */

const char *format_operator(Operator operator)
{
    static const char *const texts[] = {
        [OP_OR] = "||", [OP_AND] = "&&", [OP_EQ] = "==", [OP_NE] = "!=", [OP_LT] = "<",
        [OP_LE] = "<=", [OP_GT] = ">",   [OP_GE] = ">=", [OP_ADD] = "+", [OP_SUB] = "-",
        [OP_MUL] = "*", [OP_DIV] = "/",  [OP_MOD] = "%", [OP_NOT] = "!", [OP_NEG] = "-",
    };

    return texts[operator];
}

static void put_expr(Formatter *formatter, Buffer *out, const Expr *expr);

/* Literals keep the author's spelling: 1_000, 90m, "\u{e9}". */
static void put_literal(Formatter *formatter, Buffer *out, const Expr *expr)
{
    Span span = expr->parenthesised ? expr->inner : expr->span;

    if (expr->kind == EXPR_INT && expr->integer == INT64_MIN)
        buffer_add_int(out, expr->integer); /* its sign may stand apart from it in the source */
    else
        buffer_add(out, formatter->source->text + span.start, span.end - span.start);
}

static void put_string(Formatter *formatter, Buffer *out, const Expr *expr)
{
    buffer_add_char(out, '"');
    for (const StringPart *part = expr->parts; part != NULL; part = part->next) {
        if (part->expr == NULL) {
            buffer_add(out, formatter->source->text + part->span.start,
                       part->span.end - part->span.start);
        } else {
            buffer_add_string(out, "${");
            put_expr(formatter, out, part->expr);
            buffer_add_string(out, "}");
        }
    }
    buffer_add_char(out, '"');
}

static void put_arguments(Formatter *formatter, Buffer *out, const Argument *arguments)
{
    for (const Argument *a = arguments; a != NULL; a = a->next) {
        if (a->name.text != NULL)
            buffer_add_format(out, "%s: ", a->name.text);
        put_expr(formatter, out, a->value);
        if (a->next != NULL)
            buffer_add_string(out, ", ");
    }
}

static bool is_word(const char *text)
{
    bool digit = text[0] >= '0' && text[0] <= '9';

    if (text[0] == '\0' || digit)
        return false;
    for (; *text != '\0'; text++)
        if (!(*text == '_' || (*text >= '0' && *text <= '9') || (*text >= 'a' && *text <= 'z') ||
              (*text >= 'A' && *text <= 'Z')))
            return false;
    return true;
}

/* A key that is a word stands bare, with or without quotes in the source. */
void format_key(Formatter *formatter, const Expr *key, Buffer *ret)
{
    const StringPart *part = key->parts;
    bool literal = key->kind == EXPR_STRING && !key->parenthesised && part != NULL &&
                   part->next == NULL && part->text != NULL;

    if (literal && is_word(part->text))
        buffer_add_string(ret, part->text);
    else
        put_expr(formatter, ret, key);
}

static void put_map(Formatter *formatter, Buffer *out, const MapItem *entries)
{
    buffer_add_char(out, '{');
    for (const MapItem *entry = entries; entry != NULL; entry = entry->next) {
        format_key(formatter, entry->key, out);
        buffer_add_string(out, ": ");
        put_expr(formatter, out, entry->value);
        if (entry->next != NULL)
            buffer_add_string(out, ", ");
    }
    buffer_add_char(out, '}');
}

void format_call_head(const Expr *expr, Buffer *ret)
{
    if (expr->kind == EXPR_QUERY)
        buffer_add_format(ret, "%s.", expr->provider.text);
    buffer_add_format(ret, "%s(", expr->callee.text);
}

/* Between its operands, with a blank on either side. */
static void put_operator(Buffer *out, Operator operator)
{
    const char *text = format_operator(operator);
    const char spaced[] = {' ', text[0], text[1] != '\0' ? text[1] : ' ', ' '};

    buffer_add(out, spaced, text[1] != '\0' ? 4 : 3);
}

static void put_bare(Formatter *formatter, Buffer *out, const Expr *expr)
{
    switch (expr->kind) {
    case EXPR_INT:
    case EXPR_FLOAT:
    case EXPR_DURATION:
        put_literal(formatter, out, expr);
        break;
    case EXPR_BOOL:
        buffer_add_string(out, expr->boolean ? "true" : "false");
        break;
    case EXPR_NULL:
        buffer_add_string(out, "null");
        break;
    case EXPR_STRING:
        put_string(formatter, out, expr);
        break;
    case EXPR_LIST:
        buffer_add_char(out, '[');
        put_arguments(formatter, out, expr->items);
        buffer_add_char(out, ']');
        break;
    case EXPR_MAP:
        put_map(formatter, out, expr->entries);
        break;
    case EXPR_NAME:
        if (expr->from_state)
            buffer_add_string(out, "state.");
        buffer_add_string(out, expr->name);
        break;
    case EXPR_MEMBER:
        put_expr(formatter, out, expr->operand);
        buffer_add_format(out, ".%s", expr->member.text);
        break;
    case EXPR_INDEX:
        put_expr(formatter, out, expr->operand);
        buffer_add_char(out, '[');
        put_expr(formatter, out, expr->index);
        buffer_add_char(out, ']');
        break;
    case EXPR_ENUM:
        buffer_add_format(out, "%s::%s", expr->enumeration.text, expr->constant.text);
        break;
    case EXPR_CALL:
    case EXPR_QUERY:
        format_call_head(expr, out);
        put_arguments(formatter, out, expr->arguments);
        buffer_add_char(out, ')');
        break;
    case EXPR_UNARY:
        buffer_add_string(out, format_operator(expr->operator));
        put_expr(formatter, out, expr->left);
        break;
    case EXPR_BINARY:
        put_expr(formatter, out, expr->left);
        put_operator(out, expr->operator);
        put_expr(formatter, out, expr->right);
        break;
    case EXPR_EMIT: /* format_let writes it */
    case EXPR_ERROR:
        break;
    }
}

static void put_expr(Formatter *formatter, Buffer *out, const Expr *expr)
{
    if (out->overflowed)
        return; /* it does not fit on the line: what is left of it needs no look */
    if (expr->parenthesised)
        buffer_add_char(out, '(');
    put_bare(formatter, out, expr);
    if (expr->parenthesised)
        buffer_add_char(out, ')');
}

void format_expr(Formatter *formatter, const Expr *expr, Buffer *ret)
{
    put_expr(formatter, ret, expr);
}
