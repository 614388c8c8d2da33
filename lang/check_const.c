/* What can be said of a value before it is computed, and values that are computed at once: first
 * values, constants, defaults. */
#include <string.h>

#include "lang/check.h"
#include "lang/compiler.h"
#include "lang/vm.h"
#include "lang/walk.h"

/* ---- kinds of leaves ---- */

typedef bool LeafTest(Checker *checker, const Expr *leaf);

typedef struct LeafSearch {
    Checker *checker;
    LeafTest *test;
    bool found;
} LeafSearch;

static bool visit_leaf(Visitor *visitor, const Expr *expr)
{
    static const Expr mistake = {.kind = EXPR_ERROR};
    LeafSearch *search = visitor->context;

    if (search->found)
        return false;
    if (expr->static_type == STATIC_ERROR) { /* perhaps too deep to walk */
        search->found = search->test(search->checker, &mistake);
        return false;
    }
    search->found = search->test(search->checker, expr);
    return !search->found;
}

/* Is there a part of the expression for which `test` holds? */
static bool any_part(Checker *checker, const Expr *expr, LeafTest *test)
{
    LeafSearch search = {.checker = checker, .test = test};
    Visitor visitor = {.expr = visit_leaf, .context = &search};

    walk_expr(&visitor, expr);
    return search.found;
}

static bool leaf_is_computed(Checker *checker, const Expr *leaf)
{
    (void)checker;
    return (leaf->kind == EXPR_NAME && leaf->name_kind != NAME_CONSTANT) ||
           (leaf->kind == EXPR_CALL && leaf->call_kind == CALL_FUNCTION) ||
           leaf->kind == EXPR_QUERY || leaf->kind == EXPR_EMIT || leaf->kind == EXPR_ERROR;
}

static bool leaf_is_mistake(Checker *checker, const Expr *leaf)
{
    (void)checker;
    return leaf->kind == EXPR_ERROR;
}

bool expr_is_constant(const Expr *expr)
{
    return expr != NULL && !any_part(NULL, expr, leaf_is_computed);
}

static bool leaf_is_dynamic(Checker *checker, const Expr *leaf)
{
    if (leaf->kind == EXPR_EMIT || leaf->kind == EXPR_QUERY)
        return true;
    if (leaf->kind != EXPR_NAME || leaf->name_kind == NAME_CONSTANT)
        return false;
    const Local *local =
        leaf->name_kind == NAME_LOCAL ? scope_find(&checker->scope, leaf->name) : NULL;
    return local == NULL || local->dynamic;
}

bool expr_is_dynamic(Checker *checker, const Expr *expr)
{
    return any_part(checker, expr, leaf_is_dynamic);
}

static bool leaf_varies(Checker *checker, const Expr *leaf)
{
    if (leaf->kind == EXPR_QUERY)
        return false; /* the same fact all through the slice */
    if (leaf->kind != EXPR_NAME || leaf->name_kind == NAME_CONSTANT)
        return false;
    const Local *local =
        leaf->name_kind == NAME_LOCAL ? scope_find(&checker->scope, leaf->name) : NULL;
    return (local != NULL && local->loop_depth >= checker->loop_depth) ||
           map_get(&checker->loop->assigned, leaf->name) != NULL;
}

bool expr_varies(Checker *checker, const Expr *expr)
{
    return any_part(checker, expr, leaf_varies);
}

/* ---- values ---- */

/* The value of a literal that stays what it is; nearly all constants are that. */
static bool literal_value(Checker *checker, const Expr *expr, Value *ret)
{
    const StringPart *part;

    switch ((unsigned)expr->kind) {
    case EXPR_INT:
        *ret = value_int(expr->integer);
        return expr->static_type == STATIC_INT;
    case EXPR_BOOL:
        *ret = value_bool(expr->boolean);
        return expr->static_type == STATIC_BOOL;
    case EXPR_DURATION:
        *ret = value_duration(expr->integer);
        return expr->static_type == STATIC_DURATION;
    case EXPR_STRING:
        part = expr->parts;
        if (part != NULL && (part->text == NULL || part->next != NULL))
            return false;
        *ret = value_string(checker->arena, part != NULL ? part->text : "",
                            part != NULL ? part->size : 0);
        return expr->static_type == STATIC_STRING;
    default: /* the others are computed */
        return false;
    }
}

/* A constant may be large though its text is short: range(1000000). All of a program's take no more
 * than this, beside a multiple of their text. */
#define CONSTANT_BYTES_MAX (64u * 1024 * 1024)
#define BYTES_EXPLAINED(span) (1024 + 100 * (size_t)((span).end - (span).start))

static bool constants_are_spent(Checker *checker, const Expr *expr)
{
    size_t used = checker->scratch.used;

    if (used > BYTES_EXPLAINED(expr->span))
        checker->constant_bytes += used;
    return checker->constant_bytes > CONSTANT_BYTES_MAX;
}

bool expr_constant_value(Checker *checker, const Expr *expr, Value *ret, const char **ret_fault)
{
    Arena *scratch = &checker->scratch;
    const char *fault = "it is too large";
    Value value;

    if (literal_value(checker, expr, ret))
        return true;
    *ret_fault = "the constants of the program are too large in all";
    if (checker->constant_bytes > CONSTANT_BYTES_MAX)
        return false;
    arena_reset(scratch);
    const Code *code = compile_constant(scratch, checker->model, expr);
    bool computed = code != NULL &&
                    constant_evaluate(checker->model->ast->source, code, scratch, &value, &fault);
    if (constants_are_spent(checker, expr))
        return false;
    if (computed)
        *ret = value_copy(checker->arena, value);
    else
        *ret_fault = arena_copy_string(checker->arena, fault);
    return computed;
}

/* A fault without the place it begins with, which the diagnostic gives itself. */
static const char *fault_reason(const Checker *checker, const char *fault)
{
    const char *name = checker->model->ast->source->name;
    const char *colon =
        strncmp(fault, name, strlen(name)) == 0 ? strstr(fault + strlen(name), ": ") : NULL;

    return colon != NULL ? colon + 2 : fault;
}

static bool constant_is_valid(Checker *checker, const Expr *expr, const char *role)
{
    Diagnostic *d;

    if (expr_is_constant(expr))
        return true;
    if (any_part(checker, expr, leaf_is_mistake))
        return false;
    d = check_report(checker, SEVERITY_ERROR, "V-ERR-026", expr->span, "%s is not constant", role);
    d->remedy = "write a literal, a constant, or an expression of these";
    return false;
}

static bool constant_compute(Checker *checker, const Expr *expr, StaticType expected,
                             const char *role, Value *ret)
{
    const TypeTable *types = checker->model->types;
    const char *fault;

    if (!expr_constant_value(checker, expr, ret, &fault)) {
        check_report(checker, SEVERITY_ERROR, "V-ERR-026", expr->span, "%s cannot be computed: %s",
                     role, fault_reason(checker, fault));
        return false;
    }
    if (type_admit(types, expected, *ret, checker->arena, ret))
        return true;
    check_report(checker, SEVERITY_ERROR, "V-ERR-022", expr->span, "%s must be %s", role,
                 type_name(types, expected));
    return false;
}

bool check_constant(Checker *checker, Expr *expr, StaticType expected, const char *role,
                    Span declared, Value *ret)
{
    CheckMode mode = checker->mode;
    const char *outer = checker->role;

    if (expr == NULL)
        return false;
    checker->mode = CHECK_CONSTANT;
    checker->role = role;
    bool fits = check_fits(checker, expr, expected, role, declared);
    checker->mode = mode;
    checker->role = outer;
    return fits && constant_is_valid(checker, expr, role) &&
           constant_compute(checker, expr, expected, role, ret);
}

/* ---- constants ---- */

static void constant_compute_declared(Checker *checker, ModelConst *constant)
{
    Const *tree = constant->ast;
    const char *role = arena_format(checker->arena, "constant '%s'", tree->name.text);
    StaticType type = tree->type != NULL ? check_declared_type(checker, tree->type) : STATIC_ERROR;
    Span declared = tree->type != NULL ? tree->type->span : (Span){0, 0};

    if (!check_constant(checker, tree->value, type, role, declared, &constant->value))
        return;
    constant->type =
        tree->type != NULL ? type : check_inferred(checker, tree->value, tree->name.text);
}

static void report_circle(Checker *checker, const Const *tree)
{
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-026", tree->name.span,
                                 "constant '%s' is made of itself", tree->name.text);

    check_note(checker, d, tree->span, "to know it, it would have to be known already");
    d->remedy = "write one of the constants without the others";
}

const ModelConst *constant_settle(Checker *checker, uint32_t index)
{
    ModelConst *constant = &checker->model->constants[index];
    uint32_t module = checker->module;
    bool muted = checker->muted;

    if (constant->settled == SETTLED_UNDER_WAY)
        report_circle(checker, constant->ast);
    if (constant->settled != SETTLED_NOT)
        return constant;
    constant->settled = SETTLED_UNDER_WAY;
    checker->module = constant->ast->declared.module;
    checker->muted = false;
    if (check_descend(checker, constant->ast->span))
        constant_compute_declared(checker, constant);
    checker->depth--;
    checker->muted = muted;
    checker->module = module;
    constant->settled = SETTLED_YES;
    return constant;
}

void check_constants(Checker *checker)
{
    for (size_t i = 0; i < checker->model->constant_count; i++)
        constant_settle(checker, (uint32_t)i);
}
