/* Expressions and statements in the first form of the manual. */
#include "lang/format.h"

#include <string.h>

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

const char *format_type(const TypeExpr *type)
{
    switch (type->type) {
    case TYPE_INT:
        return "int";
    case TYPE_BOOL:
        return "bool";
    case TYPE_STRING:
        return "string";
    case TYPE_DURATION:
        return "duration";
    }
    return "";
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

static void put_bare(Formatter *formatter, Buffer *out, const Expr *expr)
{
    switch (expr->kind) {
    case EXPR_INT:
    case EXPR_DURATION:
        put_literal(formatter, out, expr);
        break;
    case EXPR_BOOL:
        buffer_add_string(out, expr->boolean ? "true" : "false");
        break;
    case EXPR_STRING:
        put_string(formatter, out, expr);
        break;
    case EXPR_NAME:
        buffer_add_format(out, "%s%s", expr->from_state ? "state." : "", expr->name);
        break;
    case EXPR_MEMBER:
        put_expr(formatter, out, expr->operand);
        buffer_add_format(out, ".%s", expr->member.text);
        break;
    case EXPR_UNARY:
        buffer_add_string(out, format_operator(expr->operator));
        put_expr(formatter, out, expr->left);
        break;
    case EXPR_BINARY:
        put_expr(formatter, out, expr->left);
        buffer_add_format(out, " %s ", format_operator(expr->operator));
        put_expr(formatter, out, expr->right);
        break;
    case EXPR_EMIT: /* format_let writes it */
    case EXPR_ERROR:
        break;
    }
}

static void put_expr(Formatter *formatter, Buffer *out, const Expr *expr)
{
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

/* ---- emit and send ---- */

static FormatList argument_list(Formatter *formatter, const Argument *arguments)
{
    FormatList list = {0};

    for (const Argument *a = arguments; a != NULL; a = a->next) {
        const char *name = a->name.text;
        format_list_add(formatter, &list,
                        name != NULL ? arena_format(formatter->arena, "%s: ", name) : "", a->value);
    }
    return list;
}

/* `prefix` is "" or "let x = ". Without a line end. */
static void format_emit(Formatter *formatter, const char *prefix, const Emit *emit)
{
    Arena *arena = formatter->arena;
    FormatList arguments = argument_list(formatter, emit->arguments);
    const char *head = NULL, *tail = ")";

    switch (emit->kind) {
    case EMIT_EFFECT:
        head = arena_format(arena, "%semit %s%s%s(", prefix,
                            emit->provider.text != NULL ? emit->provider.text : "",
                            emit->provider.text != NULL ? "." : "", emit->effect.text);
        break;
    case EMIT_BROADCAST:
        head = arena_format(arena, "%semit Broadcast(Event::%s%s", prefix, emit->event.text,
                            arguments.count > 0 ? "(" : "");
        tail = arguments.count > 0 ? "))" : ")";
        break;
    case EMIT_LOG:
        head = arena_format(arena, "%semit Log(", prefix);
        break;
    }
    format_list(formatter, head, &arguments,
                emit->otherwise != NULL ? arena_format(arena, "%s else", tail) : tail);
    if (emit->otherwise != NULL)
        format_block(formatter, emit->otherwise, emit->otherwise->span.end);
}

static void format_send(Formatter *formatter, const Stmt *stmt)
{
    FormatList arguments = argument_list(formatter, stmt->send.arguments);
    const char *head = arena_format(
        formatter->arena, "%s %s %s(", stmt->send.high ? "send_high" : "send",
        stmt->send.to_self ? "self" : stmt->send.domain.text, stmt->send.transition.text);

    format_list(formatter, head, &arguments, ")");
}

/* ---- statements ---- */

static void format_let(Formatter *formatter, const Stmt *stmt)
{
    const Expr *value = stmt->let.value;
    const TypeExpr *type = stmt->let.type;
    const char *head =
        arena_format(formatter->arena, "let %s%s%s = ", stmt->let.name.text,
                     type != NULL ? ": " : "", type != NULL ? format_type(type) : "");

    if (value->kind == EXPR_EMIT)
        format_emit(formatter, head, value->emit);
    else
        format_value(formatter, head, value, 0);
}

static void format_assign(Formatter *formatter, const Stmt *stmt)
{
    Operator operator= stmt->assign.operator;
    const char *head =
        arena_format(formatter->arena, "%s%s %s= ", stmt->assign.from_state ? "state." : "",
                     stmt->assign.field.text, operator== OP_EQ ? "" : format_operator(operator));

    format_value(formatter, head, stmt->assign.value, 0);
}

static bool is_else_if(const Block *otherwise)
{
    return otherwise != NULL && otherwise->first != NULL && otherwise->first->kind == STMT_IF &&
           otherwise->span.start == otherwise->first->span.start;
}

/* Comments between `}` and the next `{` belong to the end of the block before. */
static uint32_t branch_end(const Block *then, const Block *otherwise)
{
    if (otherwise == NULL)
        return then->span.end;
    return is_else_if(otherwise) ? otherwise->first->branch.then->span.start
                                 : otherwise->span.start;
}

static void format_if(Formatter *formatter, const Stmt *stmt)
{
    format_indent(formatter, 0);
    for (;;) {
        const Block *otherwise = stmt->branch.otherwise;
        format_value_here(formatter, "if ", stmt->branch.condition, strlen(" {"));
        format_block(formatter, stmt->branch.then, branch_end(stmt->branch.then, otherwise));
        if (otherwise == NULL)
            return;
        if (!is_else_if(otherwise)) {
            format_text(formatter, " else");
            format_block(formatter, otherwise, otherwise->span.end);
            return;
        }
        format_text(formatter, " else ");
        stmt = otherwise->first;
    }
}

/* Where the part ends whose comments are moved before the statement. */
static uint32_t head_end(const Stmt *stmt)
{
    const Emit *emit = NULL;

    if (stmt->kind == STMT_IF)
        return stmt->branch.then->span.start;
    if (stmt->kind == STMT_WHILE)
        return stmt->loop.body->span.start;
    if (stmt->kind == STMT_EMIT)
        emit = stmt->emit;
    else if (stmt->kind == STMT_LET && stmt->let.value->kind == EXPR_EMIT)
        emit = stmt->let.value->emit;
    return emit != NULL && emit->otherwise != NULL ? emit->otherwise->span.start : stmt->span.end;
}

static void format_statement(Formatter *formatter, const Stmt *stmt)
{
    format_lead(formatter, stmt->span.start, head_end(stmt));
    switch (stmt->kind) {
    case STMT_LET:
        format_let(formatter, stmt);
        break;
    case STMT_ASSIGN:
        format_assign(formatter, stmt);
        break;
    case STMT_IF:
        format_if(formatter, stmt);
        break;
    case STMT_WHILE:
        format_value(formatter, "while ", stmt->loop.condition, strlen(" {"));
        format_block(formatter, stmt->loop.body, stmt->loop.body->span.end);
        break;
    case STMT_EMIT:
        format_emit(formatter, "", stmt->emit);
        break;
    case STMT_SEND:
        format_send(formatter, stmt);
        break;
    case STMT_FAIL:
        format_value(formatter, "fail ", stmt->reason, 0);
        break;
    case STMT_ERROR:
        break;
    }
    format_line_end(formatter, stmt->span.end);
}

void format_statements(Formatter *formatter, const Block *block)
{
    for (const Stmt *stmt = block->first; stmt != NULL; stmt = stmt->next)
        format_statement(formatter, stmt);
}

void format_block(Formatter *formatter, const Block *block, uint32_t end)
{
    if (block->first == NULL && !format_has_comments(formatter, end)) {
        format_text(formatter, " { }");
        return;
    }
    format_open(formatter, block->span.start);
    format_statements(formatter, block);
    format_close(formatter, end);
}
