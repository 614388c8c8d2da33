#include "lang/walk.h"

static bool walk_enter(Visitor *visitor)
{
    return ++visitor->depth <= WALK_DEPTH_MAX;
}

static void walk_arguments(Visitor *visitor, const Argument *arguments)
{
    for (const Argument *a = arguments; a != NULL; a = a->next)
        walk_expr(visitor, a->value);
}

/* ---- expressions ---- */

bool walk_emissions_only(Visitor *visitor, const Expr *expr)
{
    (void)visitor;
    return expr->kind == EXPR_EMIT;
}

void walk_expr(Visitor *visitor, const Expr *expr)
{
    if (expr == NULL)
        return;
    if (walk_enter(visitor) && (visitor->expr == NULL || visitor->expr(visitor, expr)))
        walk_expr_parts(visitor, expr);
    visitor->depth--;
}

static void walk_text(Visitor *visitor, const Expr *expr)
{
    for (const StringPart *part = expr->parts; part != NULL; part = part->next)
        if (part->text == NULL)
            walk_expr(visitor, part->expr);
}

static void walk_map(Visitor *visitor, const Expr *expr)
{
    for (const MapItem *entry = expr->entries; entry != NULL; entry = entry->next) {
        walk_expr(visitor, entry->key);
        walk_expr(visitor, entry->value);
    }
}

void walk_expr_parts(Visitor *visitor, const Expr *expr)
{
    switch (expr->kind) {
    case EXPR_STRING:
        walk_text(visitor, expr);
        break;
    case EXPR_LIST:
        walk_arguments(visitor, expr->items);
        break;
    case EXPR_MAP:
        walk_map(visitor, expr);
        break;
    case EXPR_MEMBER:
        walk_expr(visitor, expr->operand);
        break;
    case EXPR_INDEX:
        walk_expr(visitor, expr->operand);
        walk_expr(visitor, expr->index);
        break;
    case EXPR_CALL:
    case EXPR_QUERY:
        walk_arguments(visitor, expr->arguments);
        break;
    case EXPR_UNARY:
        walk_expr(visitor, expr->left);
        break;
    case EXPR_BINARY:
        walk_expr(visitor, expr->left);
        walk_expr(visitor, expr->right);
        break;
    case EXPR_EMIT:
        walk_emit(visitor, expr->emit);
        break;
    case EXPR_INT:
    case EXPR_FLOAT:
    case EXPR_BOOL:
    case EXPR_NULL:
    case EXPR_DURATION:
    case EXPR_NAME:
    case EXPR_ENUM:
    case EXPR_ERROR:
        break;
    }
}

/* ---- emissions ---- */

void walk_emit(Visitor *visitor, const Emit *emit)
{
    if (emit == NULL)
        return;
    if (visitor->emit == NULL || visitor->emit(visitor, emit))
        walk_emit_parts(visitor, emit);
}

void walk_emit_parts(Visitor *visitor, const Emit *emit)
{
    walk_arguments(visitor, emit->arguments);
    walk_block(visitor, emit->otherwise);
}

/* ---- statements ---- */

static void walk_fields(Visitor *visitor, const StartField *fields)
{
    for (const StartField *field = fields; field != NULL; field = field->next)
        walk_expr(visitor, field->value);
}

static void walk_match(Visitor *visitor, const Stmt *stmt)
{
    walk_expr(visitor, stmt->match.subject);
    for (const MatchArm *arm = stmt->match.arms; arm != NULL; arm = arm->next) {
        walk_arguments(visitor, arm->patterns);
        walk_block(visitor, arm->body);
    }
}

static void walk_assign(Visitor *visitor, const Stmt *stmt)
{
    for (const AssignStep *step = stmt->assign.steps; step != NULL; step = step->next)
        walk_expr(visitor, step->index);
    walk_expr(visitor, stmt->assign.value);
}

void walk_stmt_parts(Visitor *visitor, const Stmt *stmt)
{
    switch (stmt->kind) {
    case STMT_LET:
        walk_expr(visitor, stmt->let.value);
        break;
    case STMT_ASSIGN:
        walk_assign(visitor, stmt);
        break;
    case STMT_IF:
        walk_expr(visitor, stmt->branch.condition);
        walk_block(visitor, stmt->branch.then);
        walk_block(visitor, stmt->branch.otherwise);
        break;
    case STMT_WHILE:
        walk_expr(visitor, stmt->loop.condition);
        walk_block(visitor, stmt->loop.body);
        break;
    case STMT_FOR:
        walk_expr(visitor, stmt->each.list);
        walk_block(visitor, stmt->each.body);
        break;
    case STMT_MATCH:
        walk_match(visitor, stmt);
        break;
    case STMT_RETURN:
        walk_expr(visitor, stmt->value);
        break;
    case STMT_EMIT:
    case STMT_RELEASE:
        walk_emit(visitor, stmt->emit);
        break;
    case STMT_SEND:
        walk_expr(visitor, stmt->send.key);
        walk_arguments(visitor, stmt->send.arguments);
        break;
    case STMT_SPAWN:
        walk_expr(visitor, stmt->spawn.key);
        walk_fields(visitor, stmt->spawn.fields);
        break;
    case STMT_PARALLEL:
        walk_block(visitor, stmt->parallel);
        break;
    case STMT_ELEVATE:
        walk_expr(visitor, stmt->elevate.reason);
        walk_block(visitor, stmt->elevate.body);
        break;
    case STMT_FAIL:
        walk_expr(visitor, stmt->reason);
        break;
    case STMT_STOP:
    case STMT_YIELD:
    case STMT_ERROR:
        break;
    }
}

void walk_block(Visitor *visitor, const Block *block)
{
    if (block == NULL)
        return;
    if (walk_enter(visitor) && (visitor->block == NULL || visitor->block(visitor, block)))
        walk_block_parts(visitor, block);
    visitor->depth--;
}

void walk_block_parts(Visitor *visitor, const Block *block)
{
    for (const Stmt *stmt = block->first; stmt != NULL; stmt = stmt->next)
        if (visitor->stmt == NULL || visitor->stmt(visitor, stmt))
            walk_stmt_parts(visitor, stmt);
}

/* ---- domains ---- */

void walk_domain(Visitor *visitor, const Domain *domain)
{
    for (const Transition *t = domain->transitions; t != NULL; t = t->next)
        for (const Slice *slice = t->slices; slice != NULL; slice = slice->next)
            walk_block(visitor, slice->body);
    for (const Handler *h = domain->handlers; h != NULL; h = h->next)
        walk_block(visitor, h->body);
    for (const Timer *timer = domain->timers; timer != NULL; timer = timer->next) {
        walk_expr(visitor, timer->when);
        walk_block(visitor, timer->body);
    }
    for (const Goal *goal = domain->goals; goal != NULL; goal = goal->next)
        walk_expr(visitor, goal->predicate);
    for (const Invariant *invariant = domain->invariants; invariant != NULL;
         invariant = invariant->next)
        walk_expr(visitor, invariant->predicate);
}
