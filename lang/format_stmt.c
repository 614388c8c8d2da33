/* Statements in the first form of the manual. */
#include "lang/format.h"

#include <string.h>

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

/* `prefix` is what stands before the effect: "emit ", "release " or "let x = emit ". Without a line
 * end. */
static void format_emit(Formatter *formatter, const char *prefix, const Emit *emit)
{
    Arena *arena = formatter->arena;
    FormatList arguments = argument_list(formatter, emit->arguments);
    const char *head = NULL, *tail = ")";

    switch (emit->kind) {
    case EMIT_EFFECT:
        head = arena_format(arena, "%s%s%s%s(", prefix,
                            emit->provider.text != NULL ? emit->provider.text : "",
                            emit->provider.text != NULL ? "." : "", emit->effect.text);
        break;
    case EMIT_BROADCAST:
        head = arena_format(arena, "%sBroadcast(Event::%s%s", prefix, emit->event.text,
                            arguments.count > 0 ? "(" : "");
        tail = arguments.count > 0 ? "))" : ")";
        break;
    case EMIT_LOG:
        head = arena_format(arena, "%sLog(", prefix);
        break;
    }
    format_list(formatter, head, &arguments,
                emit->otherwise != NULL ? arena_format(arena, "%s else", tail) : tail);
    if (emit->otherwise != NULL)
        format_block(formatter, emit->otherwise, emit->otherwise->span.end);
}

/* `D`, or `D["key"]`. */
const char *format_instance(Formatter *formatter, Name domain, const Expr *key)
{
    cleanup(buffer_deinit) Buffer text = {0};

    buffer_add_string(&text, domain.text);
    if (key != NULL) {
        buffer_add_char(&text, '[');
        format_expr(formatter, key, &text);
        buffer_add_char(&text, ']');
    }
    return arena_copy_string(formatter->arena, buffer_text(&text));
}

static void format_send(Formatter *formatter, const Stmt *stmt)
{
    FormatList arguments = argument_list(formatter, stmt->send.arguments);
    const char *receiver =
        stmt->send.to_self ? "self" : format_instance(formatter, stmt->send.domain, stmt->send.key);
    const char *head =
        arena_format(formatter->arena, "%s %s %s(", stmt->send.high ? "send_high" : "send",
                     receiver, stmt->send.transition.text);

    format_list(formatter, head, &arguments, ")");
}

void format_assignments(Formatter *formatter, const StartField *fields, Span body)
{
    if (fields == NULL && (body.end == 0 || !format_has_comments(formatter, body.end)))
        return;
    format_open(formatter, body.start);
    for (const StartField *f = fields; f != NULL; f = f->next) {
        format_lead(formatter, f->span.start, f->span.end);
        format_value(formatter, arena_format(formatter->arena, "%s = ", f->name.text), f->value, 0);
        format_line_end(formatter, f->span.end);
    }
    format_close(formatter, body.end);
}

/* ---- statements ---- */

static void format_let(Formatter *formatter, const Stmt *stmt)
{
    const Expr *value = stmt->let.value;
    const TypeExpr *type = stmt->let.type;
    bool emits = value->kind == EXPR_EMIT;
    const char *head = arena_format(
        formatter->arena, "let %s%s%s = %s", stmt->let.name.text, type != NULL ? ": " : "",
        type != NULL ? format_type(formatter, type) : "", emits ? "emit " : "");

    if (emits)
        format_emit(formatter, head, value->emit);
    else
        format_value(formatter, head, value, 0);
}

/* What is assigned: `m["k"].f`. */
static const char *assign_target(Formatter *formatter, const Stmt *stmt)
{
    cleanup(buffer_deinit) Buffer text = {0};

    buffer_add_format(&text, "%s%s", stmt->assign.from_state ? "state." : "",
                      stmt->assign.field.text);
    for (const AssignStep *step = stmt->assign.steps; step != NULL; step = step->next) {
        if (step->index == NULL) {
            buffer_add_format(&text, ".%s", step->member.text);
            continue;
        }
        buffer_add_char(&text, '[');
        format_expr(formatter, step->index, &text);
        buffer_add_char(&text, ']');
    }
    return arena_copy_string(formatter->arena, buffer_text(&text));
}

static void format_assign(Formatter *formatter, const Stmt *stmt)
{
    Operator operator= stmt->assign.operator;
    const char *head = arena_format(
        formatter->arena, "%s %s= ",
        assign_target(formatter, stmt), operator== OP_EQ ? "" : format_operator(operator));

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

static void format_for(Formatter *formatter, const Stmt *stmt)
{
    const char *second = stmt->each.value_name.text;
    const char *head = arena_format(formatter->arena, "for %s%s%s in ", stmt->each.name.text,
                                    second != NULL ? ", " : "", second != NULL ? second : "");

    format_value(formatter, head, stmt->each.list, strlen(" {"));
    format_block(formatter, stmt->each.body, stmt->each.body->span.end);
}

static void format_arm(Formatter *formatter, const MatchArm *arm)
{
    FormatList patterns = argument_list(formatter, arm->patterns);

    format_lead(formatter, arm->span.start, arm->body->span.start);
    if (patterns.count == 0)
        format_list_add(formatter, &patterns, "_", NULL);
    format_list(formatter, "", &patterns, " =>");
    format_block(formatter, arm->body, arm->body->span.end);
    format_line_end(formatter, arm->span.end);
}

static void format_match(Formatter *formatter, const Stmt *stmt)
{
    format_value(formatter, "match ", stmt->match.subject, strlen(" {"));
    format_open(formatter, stmt->match.body.start);
    for (const MatchArm *arm = stmt->match.arms; arm != NULL; arm = arm->next)
        format_arm(formatter, arm);
    format_close(formatter, stmt->match.body.end);
}

static void format_spawn(Formatter *formatter, const Stmt *stmt)
{
    format_indent(formatter, 0);
    format_text(formatter, "spawn ");
    format_text(formatter, format_instance(formatter, stmt->spawn.domain, stmt->spawn.key));
    format_assignments(formatter, stmt->spawn.fields, stmt->spawn.body);
}

static void format_word(Formatter *formatter, const char *word)
{
    format_indent(formatter, 0);
    format_text(formatter, word);
}

/* Where the part ends whose comments are moved before the statement. */
static uint32_t head_end(const Stmt *stmt)
{
    const Emit *emit = NULL;

    switch (stmt->kind) {
    case STMT_IF:
        return stmt->branch.then->span.start;
    case STMT_WHILE:
        return stmt->loop.body->span.start;
    case STMT_FOR:
        return stmt->each.body->span.start;
    case STMT_MATCH:
        return stmt->match.body.start;
    case STMT_PARALLEL:
        return stmt->parallel->span.start;
    case STMT_ELEVATE:
        return stmt->elevate.body->span.start;
    case STMT_SPAWN:
        return stmt->spawn.body.end != 0 ? stmt->spawn.body.start : stmt->span.end;
    case STMT_EMIT:
        emit = stmt->emit;
        break;
    case STMT_LET:
        if (stmt->let.value->kind == EXPR_EMIT)
            emit = stmt->let.value->emit;
        break;
    case STMT_ASSIGN:
    case STMT_RETURN:
    case STMT_RELEASE:
    case STMT_SEND:
    case STMT_STOP:
    case STMT_YIELD:
    case STMT_FAIL:
    case STMT_ERROR:
        break;
    }
    return emit != NULL && emit->otherwise != NULL ? emit->otherwise->span.start : stmt->span.end;
}

void format_statement(Formatter *formatter, const Stmt *stmt)
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
    case STMT_FOR:
        format_for(formatter, stmt);
        break;
    case STMT_MATCH:
        format_match(formatter, stmt);
        break;
    case STMT_RETURN:
        format_value(formatter, "return ", stmt->value, 0);
        break;
    case STMT_EMIT:
        format_emit(formatter, "emit ", stmt->emit);
        break;
    case STMT_RELEASE:
        format_emit(formatter, "release ", stmt->emit);
        break;
    case STMT_SEND:
        format_send(formatter, stmt);
        break;
    case STMT_SPAWN:
        format_spawn(formatter, stmt);
        break;
    case STMT_STOP:
        format_word(formatter, "stop");
        break;
    case STMT_YIELD:
        format_word(formatter, "yield");
        break;
    case STMT_PARALLEL:
        format_word(formatter, "parallel");
        format_block(formatter, stmt->parallel, stmt->parallel->span.end);
        break;
    case STMT_ELEVATE:
        format_value(formatter, "elevate ", stmt->elevate.reason, strlen(" {"));
        format_block(formatter, stmt->elevate.body, stmt->elevate.body->span.end);
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
