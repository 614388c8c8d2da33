/* Effects, queries and their results against what the bound providers offer.
 *
 * A pass of its own over a program that is right by itself: to the checker and in code a result is
 * `any`, whatever a schema says of it. Here each expression that comes from a result is followed
 * back to the schema: which members it has, and whether it can be what it is used as. Locals that
 * are assigned again are let go, as is everything that passes through a field. */
#include <string.h>

#include "lang/base/memory.h"
#include "lang/check_catalog.h"
#include "lang/walk.h"

#define NAMES_SHOWN_MAX 8

/* ---- locals ---- */

static void local_add(CatalogPass *pass, const char *name, Result result)
{
    size_t count = pass->scope.count;

    if (name == NULL)
        return;
    if (map_get(&pass->assigned, name) != NULL)
        result.type = NULL;
    memory_reserve_one(pass->results, count, pass->result_capacity);
    pass->results[count] = result;
    scope_add(&pass->scope, (Local){.name = name});
}

static bool note_assignment(Visitor *visitor, const Stmt *stmt)
{
    CatalogPass *pass = visitor->context;

    if (stmt->kind == STMT_ASSIGN && !stmt->is_field)
        map_put(&pass->assigned, stmt->assign.field.text, pass);
    return true;
}

static void begin_body(CatalogPass *pass, const Block *block)
{
    Visitor visitor = {.stmt = note_assignment, .context = pass};

    map_deinit(&pass->assigned);
    pass->assigned = (Map){0};
    scope_leave(&pass->scope, 0, 0);
    walk_block(&visitor, block);
}

/* ---- texts ---- */

const char *use_name(CatalogPass *pass, const char *provider, const char *name)
{
    return provider != NULL ? arena_format(pass->arena, "%s.%s", provider, name) : name;
}

const char *members_text(CatalogPass *pass, const CatalogType *type)
{
    cleanup(buffer_deinit) Buffer text = {0};

    for (size_t i = 0; i < type->member_count && i < NAMES_SHOWN_MAX; i++)
        buffer_add_format(&text, "%s%s", i > 0 ? ", " : "", type->members[i].name);
    if (type->member_count > NAMES_SHOWN_MAX)
        buffer_add_string(&text, ", ...");
    return arena_copy_string(pass->arena, buffer_text(&text));
}

void remedy_member(CatalogPass *pass, Diagnostic *diagnostic, const CatalogType *type,
                   const char *wanted)
{
    Suggestion suggestion = suggest_begin(wanted);

    for (size_t i = 0; i < type->member_count; i++)
        suggest_try(&suggestion, type->members[i].name);
    if (suggestion.best != NULL)
        diagnostic->remedy = arena_format(pass->arena, "did you mean %s?", suggestion.best);
    else if (type->member_count > 0)
        diagnostic->remedy = arena_format(pass->arena, "there is: %s", members_text(pass, type));
    else
        diagnostic->remedy = "it has none";
}

/* ---- what an expression is by the schemas ---- */

static const CatalogType *effect_result(const CatalogPass *pass, uint32_t index)
{
    const CatalogProvider *provider = pass->catalog->effects[index].provider;
    const CatalogEntry *entry =
        provider != NULL ? catalog_effect(provider, pass->program->effects[index].effect) : NULL;

    return entry != NULL ? entry->result : NULL;
}

static const CatalogType *query_result(const CatalogPass *pass, uint32_t index)
{
    const CatalogProvider *provider = pass->catalog->queries[index].provider;
    const CatalogEntry *entry =
        provider != NULL ? catalog_query(provider, pass->program->facts[index].query) : NULL;

    return entry != NULL ? entry->result : NULL;
}

static Result result_of_use(CatalogPass *pass, const CatalogType *type, const char *provider,
                            const char *name, Span span)
{
    return (Result){.type = type, .source = use_name(pass, provider, name), .origin = span};
}

const char *constant_text(const Expr *expr)
{
    const StringPart *part = expr != NULL && expr->kind == EXPR_STRING ? expr->parts : NULL;

    return part != NULL && part->next == NULL ? part->text : NULL;
}

static Result result_of_index(CatalogPass *pass, const Expr *expr)
{
    Result result = catalog_result(pass, expr->operand);
    const char *key = constant_text(expr->index);

    if (result.type == NULL)
        return result;
    if (result.type->kinds == CATALOG_LIST)
        result.type = result.type->element;
    else if (result.type->kinds == CATALOG_OBJECT && key != NULL)
        result.type = catalog_member_type(result.type, key);
    else
        result.type = NULL;
    return result;
}

Result catalog_result(CatalogPass *pass, const Expr *expr)
{
    Result result = {0};

    if (expr == NULL || expr->static_type != STATIC_ANY)
        return result;
    if (expr->kind == EXPR_NAME && expr->name_kind == NAME_LOCAL) {
        const Local *local = scope_find(&pass->scope, expr->name);
        return local != NULL ? pass->results[local - pass->scope.locals] : result;
    }
    if (expr->kind == EXPR_EMIT && expr->emit->kind == EMIT_EFFECT) {
        const EffectUse *use = &pass->program->effects[expr->emit->target];
        return result_of_use(pass, effect_result(pass, expr->emit->target), use->provider,
                             use->effect, use->span);
    }
    if (expr->kind == EXPR_QUERY) {
        const FactUse *use = &pass->program->facts[expr->slot];
        return result_of_use(pass, query_result(pass, expr->slot), use->provider, use->query,
                             use->span);
    }
    if (expr->kind == EXPR_INDEX)
        return result_of_index(pass, expr);
    if (expr->kind != EXPR_MEMBER)
        return result;
    result = catalog_result(pass, expr->operand);
    if (result.type != NULL)
        result.type = catalog_member_type(result.type, expr->member.text);
    return result;
}

const char *type_text(CatalogPass *pass, const CatalogType *type)
{
    cleanup(buffer_deinit) Buffer text = {0};

    catalog_type_print(&text, type);
    return arena_copy_string(pass->arena, buffer_text(&text));
}

static const char *source_text(CatalogPass *pass, Span span)
{
    const char *text = pass->program->source.text + span.start;

    return arena_copy_bytes(pass->arena, text, span.end - span.start);
}

static void note_origin(CatalogPass *pass, Diagnostic *diagnostic, const Result *result)
{
    diagnostic_note(pass->diagnostics, diagnostic, result->origin,
                    "it is what the schema says of %s", result->source);
}

/* ---- uses of results ---- */

static void check_member(CatalogPass *pass, const Expr *operand, const char *name, Span span)
{
    Result result = catalog_result(pass, operand);

    if (result.type == NULL || catalog_member_type(result.type, name) != NULL)
        return;
    const char *text = source_text(pass, operand->span);
    Diagnostic *d;
    if ((result.type->kinds & CATALOG_OBJECT) == 0) {
        d = diagnostics_add(pass->diagnostics, SEVERITY_ERROR, CATALOG_CODE, span,
                            "'%s' is %s, it has no members", text, type_text(pass, result.type));
    } else {
        d = diagnostics_add(pass->diagnostics, SEVERITY_ERROR, CATALOG_CODE, span,
                            "'%s' has no member '%s'", text, name);
        remedy_member(pass, d, result.type, name);
    }
    note_origin(pass, d, &result);
}

/* A constant key is a member; any other needs a list or a map. */
static void check_index(CatalogPass *pass, const Expr *expr)
{
    Result result = catalog_result(pass, expr->operand);
    const char *key = constant_text(expr->index);

    if (key != NULL)
        check_member(pass, expr->operand, key, expr->index->span);
    if (key != NULL || result.type == NULL ||
        (result.type->kinds & (CATALOG_LIST | CATALOG_OBJECT)) != 0)
        return;
    Diagnostic *d =
        diagnostics_add(pass->diagnostics, SEVERITY_ERROR, CATALOG_CODE, expr->operand->span,
                        "'%s' is %s, which has no `[ ]`", source_text(pass, expr->operand->span),
                        type_text(pass, result.type));
    note_origin(pass, d, &result);
}

static void check_used_as(CatalogPass *pass, const Expr *expr, StaticType wanted)
{
    const TypeTable *types = &pass->program->types;

    if (wanted == STATIC_ERROR || wanted == STATIC_ANY)
        return;
    Result result = catalog_result(pass, expr);
    if (result.type == NULL || catalog_gives(types, result.type, wanted))
        return;
    const char *found = type_text(pass, result.type);
    Diagnostic *d = diagnostics_add(pass->diagnostics, SEVERITY_ERROR, CATALOG_CODE, expr->span,
                                    "'%s' is %s, expected %s", source_text(pass, expr->span), found,
                                    type_name(types, wanted));
    d->consequence = "the slice would fault here";
    note_origin(pass, d, &result);
}

/* A declared effect says itself what it gives. */
static void check_declared_result(CatalogPass *pass, const Expr *expr)
{
    const TypeTable *types = &pass->program->types;
    const CatalogType *result = effect_result(pass, expr->emit->target);
    const EffectUse *use = &pass->program->effects[expr->emit->target];

    if (result == NULL || catalog_gives(types, result, expr->static_type))
        return;
    Diagnostic *d = diagnostics_add(pass->diagnostics, SEVERITY_ERROR, CATALOG_CODE, expr->span,
                                    "%s gives %s, it is declared to give %s",
                                    use_name(pass, use->provider, use->effect),
                                    type_text(pass, result), type_name(types, expr->static_type));
    d->consequence = "the slice would fault once it has been performed";
}

/* ---- operators ---- */

#define CANDIDATES_MAX 6

/* The static types that a value can have when it comes. */
static size_t candidates(StaticType type, const Result *result, StaticType ret[CANDIDATES_MAX])
{
    static const struct {
        unsigned kind;
        StaticType type;
    } plain[] = {{CATALOG_NULL, STATIC_NULL},
                 {CATALOG_BOOL, STATIC_BOOL},
                 {CATALOG_INTEGER, STATIC_INT},
                 {CATALOG_NUMBER, STATIC_FLOAT},
                 {CATALOG_STRING, STATIC_STRING}};
    size_t count = 0;

    if (result->type == NULL || (result->type->kinds & (CATALOG_LIST | CATALOG_OBJECT)) != 0) {
        ret[count++] = type;
        return count;
    }
    for (size_t i = 0; i < ARRAY_SIZE(plain); i++)
        if ((result->type->kinds & plain[i].kind) != 0)
            ret[count++] = plain[i].type;
    return count;
}

/* One side of an operator: an expression, or what is assigned to. */
typedef struct Side {
    StaticType type;
    Result result;
} Side;

static Side side_of(CatalogPass *pass, const Expr *expr)
{
    return (Side){expr->static_type, catalog_result(pass, expr)};
}

static bool can_operate(const CatalogPass *pass, Operator op, const Side *left, const Side *right)
{
    StaticType lefts[CANDIDATES_MAX], rights[CANDIDATES_MAX], ignored;
    size_t left_count = candidates(left->type, &left->result, lefts);
    size_t right_count = candidates(right->type, &right->result, rights);

    for (size_t i = 0; i < left_count; i++)
        for (size_t j = 0; j < right_count; j++)
            if (operation_type(&pass->program->types, op, lefts[i], rights[j], &ignored))
                return true;
    return false;
}

static const char *side_text(CatalogPass *pass, const Side *side)
{
    return side->result.type != NULL ? type_text(pass, side->result.type)
                                     : type_name(&pass->program->types, side->type);
}

/* Whatever a schema says, one may ask whether there is a value. */
static void check_operator(CatalogPass *pass, Operator op, Side left, Side right, Span span)
{
    bool is_known = left.result.type != NULL || right.result.type != NULL;

    if (!is_known || left.type == STATIC_NULL || right.type == STATIC_NULL ||
        can_operate(pass, op, &left, &right))
        return;
    Diagnostic *d = diagnostics_add(pass->diagnostics, SEVERITY_ERROR, CATALOG_CODE, span,
                                    "`%s` does not take %s and %s", operator_text(op),
                                    side_text(pass, &left), side_text(pass, &right));
    if (left.result.type != NULL)
        note_origin(pass, d, &left.result);
    if (right.result.type != NULL)
        note_origin(pass, d, &right.result);
}

/* ---- the walk ---- */

static bool on_expr(Visitor *visitor, const Expr *expr)
{
    CatalogPass *pass = visitor->context;

    check_used_as(pass, expr, expr->wanted);
    if (expr->kind == EXPR_MEMBER)
        check_member(pass, expr->operand, expr->member.text, expr->member.span);
    else if (expr->kind == EXPR_INDEX)
        check_index(pass, expr);
    else if (expr->kind == EXPR_QUERY)
        check_query_use(pass, expr);
    else if (expr->kind == EXPR_BINARY)
        check_operator(pass, expr->operator, side_of(pass, expr->left), side_of(pass, expr->right),
                       expr->span);
    else if (expr->kind == EXPR_EMIT && expr->emit->kind == EMIT_EFFECT)
        check_declared_result(pass, expr);
    return true;
}

static void check_fields(CatalogPass *pass, const Emit *emit)
{
    const ProgramEvent *event = &pass->program->events[emit->target];

    for (const Argument *a = emit->arguments; a != NULL; a = a->next)
        check_used_as(pass, a->value, event->fields[a->place].type);
}

static void check_assignment(CatalogPass *pass, const Stmt *stmt)
{
    const Expr *value = stmt->assign.value;

    if (stmt->assign.operator== OP_EQ)
        check_used_as(pass, value, stmt->static_type);
    else
        check_operator(pass, stmt->assign.operator,(Side){.type = stmt->static_type},
                       side_of(pass, value), stmt->span);
}

/* In an `else`, `error` is another value than a local of that name outside. */
static bool on_emit(Visitor *visitor, const Emit *emit)
{
    CatalogPass *pass = visitor->context;
    size_t count = pass->scope.count;

    if (emit->kind == EMIT_EFFECT)
        check_effect_use(pass, emit);
    else if (emit->kind == EMIT_BROADCAST)
        check_fields(pass, emit);
    if (emit->otherwise == NULL)
        return true;
    local_add(pass, "error", (Result){0});
    walk_emit_parts(visitor, emit);
    scope_leave(&pass->scope, count, 0);
    return false;
}

static bool on_block(Visitor *visitor, const Block *block)
{
    CatalogPass *pass = visitor->context;

    if (visitor->depth == 1)
        begin_body(pass, block);
    size_t count = pass->scope.count;
    walk_block_parts(visitor, block);
    scope_leave(&pass->scope, count, 0);
    return false;
}

static void walk_each(Visitor *visitor, const Stmt *stmt)
{
    CatalogPass *pass = visitor->context;
    size_t count = pass->scope.count;
    Result list = catalog_result(pass, stmt->each.list), item = list, none = {0};
    bool is_list = list.type != NULL && list.type->kinds == CATALOG_LIST;

    item.type = is_list ? list.type->element : NULL;
    walk_expr(visitor, stmt->each.list);
    local_add(pass, stmt->each.name.text, item);
    local_add(pass, stmt->each.value_name.text, none);
    walk_block(visitor, stmt->each.body);
    scope_leave(&pass->scope, count, 0);
}

static bool on_stmt(Visitor *visitor, const Stmt *stmt)
{
    CatalogPass *pass = visitor->context;

    if (stmt->kind == STMT_FOR) {
        walk_each(visitor, stmt);
        return false;
    }
    if (stmt->kind == STMT_PARALLEL) { /* what it makes is there after it */
        walk_block_parts(visitor, stmt->parallel);
        return false;
    }
    if (stmt->kind == STMT_ASSIGN)
        check_assignment(pass, stmt);
    if (stmt->kind != STMT_LET)
        return true;
    check_used_as(pass, stmt->let.value, stmt->static_type);
    walk_stmt_parts(visitor, stmt);
    Result result = catalog_result(pass, stmt->let.value);
    if (stmt->static_type != STATIC_ANY)
        result.type = NULL;
    local_add(pass, stmt->let.name.text, result);
    return false;
}

void program_check_effects(const Program *program, const Catalog *catalog, Diagnostics *diagnostics)
{
    CatalogPass pass = {.program = program,
                        .catalog = catalog,
                        .diagnostics = diagnostics,
                        .arena = diagnostics->arena};
    Visitor visitor = {
        .stmt = on_stmt, .block = on_block, .emit = on_emit, .expr = on_expr, .context = &pass};

    if (!program->valid)
        return;
    for (const Domain *domain = program->ast->domains; domain != NULL; domain = domain->next)
        walk_domain(&visitor, domain);
    for (const Function *function = program->ast->functions; function != NULL;
         function = function->next)
        walk_block(&visitor, function->body);
    scope_deinit(&pass.scope);
    map_deinit(&pass.assigned);
    free(pass.results);
}
