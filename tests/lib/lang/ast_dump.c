#include "tests/lib/lang/ast_dump.h"

#include <inttypes.h>

#define EACH(type, node, list) for (const type *node = (list); node != NULL; node = node->next)

static void put_name(Buffer *out, Name name)
{
    buffer_add_format(out, " %s", name.text != NULL ? name.text : "-");
}

static void put_emit(Buffer *out, const Emit *emit);
static void put_block(Buffer *out, const Block *block);
static void put_expr(Buffer *out, const Expr *expr);

static void put_parts(Buffer *out, const StringPart *parts)
{
    EACH(StringPart, part, parts)
    {
        if (part->expr != NULL) {
            buffer_add_char(out, '$');
            put_expr(out, part->expr);
        } else {
            buffer_add_format(out, "%zu:", part->size);
            buffer_add(out, part->text, part->size);
        }
    }
}

static void put_expr(Buffer *out, const Expr *expr)
{
    if (expr == NULL) {
        buffer_add_string(out, "(none)");
        return;
    }
    buffer_add_format(out, "(%d%s ", expr->kind, expr->parenthesised ? "p" : "");
    switch (expr->kind) {
    case EXPR_INT:
    case EXPR_DURATION:
        buffer_add_int(out, expr->integer);
        break;
    case EXPR_BOOL:
        buffer_add_int(out, expr->boolean);
        break;
    case EXPR_STRING:
        put_parts(out, expr->parts);
        break;
    case EXPR_NAME:
        buffer_add_format(out, "%s%s", expr->from_state ? "state." : "", expr->name);
        break;
    case EXPR_MEMBER:
        put_expr(out, expr->operand);
        put_name(out, expr->member);
        break;
    case EXPR_UNARY:
    case EXPR_BINARY:
        buffer_add_int(out, expr->operator);
        put_expr(out, expr->left);
        put_expr(out, expr->right);
        break;
    case EXPR_EMIT:
        put_emit(out, expr->emit);
        break;
    case EXPR_ERROR:
        break;
    }
    buffer_add_char(out, ')');
}

static void put_arguments(Buffer *out, const Argument *arguments)
{
    EACH(Argument, argument, arguments)
    {
        put_name(out, argument->name);
        put_expr(out, argument->value);
    }
}

static void put_emit(Buffer *out, const Emit *emit)
{
    buffer_add_format(out, "emit %d", emit->kind);
    put_name(out, emit->provider);
    put_name(out, emit->effect);
    put_name(out, emit->event);
    put_arguments(out, emit->arguments);
    put_block(out, emit->otherwise);
}

static void put_type(Buffer *out, const TypeExpr *type)
{
    buffer_add_format(out, " :%d", type != NULL ? (int)type->type : -1);
}

static void put_stmt(Buffer *out, const Stmt *stmt)
{
    buffer_add_format(out, "\n%d", stmt->kind);
    switch (stmt->kind) {
    case STMT_LET:
        put_name(out, stmt->let.name);
        put_type(out, stmt->let.type);
        put_expr(out, stmt->let.value);
        break;
    case STMT_ASSIGN:
        put_name(out, stmt->assign.field);
        buffer_add_format(out, " %d %d", stmt->assign.from_state, stmt->assign.operator);
        put_expr(out, stmt->assign.value);
        break;
    case STMT_IF:
        put_expr(out, stmt->branch.condition);
        put_block(out, stmt->branch.then);
        put_block(out, stmt->branch.otherwise);
        break;
    case STMT_WHILE:
        put_expr(out, stmt->loop.condition);
        put_block(out, stmt->loop.body);
        break;
    case STMT_EMIT:
        put_emit(out, stmt->emit);
        break;
    case STMT_SEND:
        buffer_add_format(out, " %d %d", stmt->send.high, stmt->send.to_self);
        put_name(out, stmt->send.domain);
        put_name(out, stmt->send.transition);
        put_arguments(out, stmt->send.arguments);
        break;
    case STMT_FAIL:
        put_expr(out, stmt->reason);
        break;
    case STMT_ERROR:
        break;
    }
}

static void put_block(Buffer *out, const Block *block)
{
    if (block == NULL)
        return;
    buffer_add_string(out, " {");
    EACH(Stmt, stmt, block->first) put_stmt(out, stmt);
    buffer_add_string(out, "}");
}

static void put_capabilities(Buffer *out, bool any, const Capability *list)
{
    buffer_add_format(out, "\ncapabilities %d", any);
    EACH(Capability, capability, list)
    {
        put_name(out, capability->name);
        put_name(out, capability->argument);
    }
}

static void put_goal(Buffer *out, const Goal *goal)
{
    buffer_add_string(out, "\ngoal");
    put_name(out, goal->name);
    put_expr(out, goal->predicate);
    buffer_add_format(out, " p%d %d s%d", goal->has_priority, goal->priority, goal->has_strategy);
    for (size_t i = 0; i < goal->strategy_count; i++)
        put_name(out, goal->strategy[i]);
    buffer_add_format(out, " t%d %" PRId64 " b%d %" PRId64 " %" PRId64, goal->terminate,
                      goal->terminate_limit, goal->has_backoff, goal->backoff_first_ms,
                      goal->backoff_cap_ms);
    put_name(out, goal->fallback);
}

static void put_parameters(Buffer *out, const Parameter *parameters)
{
    EACH(Parameter, parameter, parameters)
    {
        put_name(out, parameter->name);
        put_type(out, parameter->type);
    }
}

static void put_transition(Buffer *out, const Transition *transition)
{
    buffer_add_string(out, "\ntransition");
    put_name(out, transition->name);
    put_parameters(out, transition->parameters);
    buffer_add_format(out, " p%d %d", transition->has_priority, transition->priority);
    put_capabilities(out, transition->has_capabilities, transition->capabilities);
    EACH(Slice, slice, transition->slices)
    {
        put_name(out, slice->name);
        put_block(out, slice->body);
    }
}

static void put_domain(Buffer *out, const Domain *domain)
{
    buffer_add_string(out, "\ndomain");
    put_name(out, domain->name);
    buffer_add_format(out, " scope %d %s", domain->scope.level,
                      domain->scope.place != NULL ? domain->scope.place : "-");
    put_capabilities(out, domain->has_capabilities, domain->capabilities);
    EACH(Field, field, domain->fields)
    {
        put_name(out, field->name);
        put_type(out, field->type);
        put_expr(out, field->initial);
    }
    EACH(Goal, goal, domain->goals) put_goal(out, goal);
    EACH(Transition, transition, domain->transitions) put_transition(out, transition);
    EACH(Handler, handler, domain->handlers)
    {
        buffer_add_string(out, "\non");
        put_name(out, handler->event);
        put_parameters(out, handler->parameters);
        put_block(out, handler->body);
    }
    EACH(Invariant, invariant, domain->invariants)
    {
        buffer_add_string(out, "\ninvariant");
        put_name(out, invariant->name);
        put_expr(out, invariant->predicate);
    }
}

static void put_system(Buffer *out, const System *system)
{
    buffer_add_string(out, "\nsystem");
    put_name(out, system->name);
    EACH(Start, start, system->starts)
    {
        buffer_add_string(out, "\nstart");
        put_name(out, start->domain);
        EACH(StartField, field, start->fields)
        {
            put_name(out, field->name);
            put_expr(out, field->value);
        }
    }
}

void ast_dump(const Ast *ast, Buffer *ret)
{
    EACH(Domain, domain, ast->domains) put_domain(ret, domain);
    EACH(System, system, ast->systems) put_system(ret, system);
}
