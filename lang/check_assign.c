/* Assignments: to variables, and to what stands in them. */
#include "lang/check.h"

/* What is assigned to. */
typedef struct Target {
    Local *local; /* NULL: a field */
    uint32_t field;
    StaticType type; /* of what is set, behind all steps */
    Span declared;
} Target;

/* ---- the variable ---- */

static void report_fixed(Checker *checker, Name name, const char *what, Span declared,
                         const char *remedy)
{
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-027", name.span,
                                 "'%s' %s and cannot be assigned", name.text, what);

    if (declared.end > 0)
        check_note(checker, d, declared, "it is declared here");
    d->remedy = remedy;
}

static void report_fixed_local(Checker *checker, Name name, const Local *local)
{
    const char *remedy =
        arena_format(checker->arena, "make a local of it: `let my_%s = %s`", name.text, name.text);

    if (checker->domain != NULL && model_find(&checker->domain->field_names, name.text) >= 0)
        remedy = arena_format(checker->arena, "the field of that name is `state.%s`", name.text);
    if (local->kind == LOCAL_EACH)
        report_fixed(checker, name, "is what the loop goes through", local->span, remedy);
    else if (local->kind == LOCAL_ERROR)
        report_fixed(checker, name, "is what has failed", local->span, remedy);
    else if (checker->mode == CHECK_FUNCTION)
        report_fixed(checker, name, "is a parameter", local->span, remedy);
    else
        report_fixed(checker, name, "came with the message", local->span, remedy);
}

/* A name that is known, but is no variable. False: it is not even that. */
static bool report_no_variable(Checker *checker, const Stmt *stmt)
{
    Name name = stmt->assign.field;
    Expr expr = {.kind = EXPR_NAME, .span = name.span, .name = name.text};

    if (stmt->assign.from_state || (checker->mode == CHECK_SLICE && checker->domain == NULL))
        return false;
    const Declaration *declaration = declaration_find(checker, name.text);
    if (checker->domain != NULL && checker->domain->ast->key.text != NULL &&
        strcmp(checker->domain->ast->key.text, name.text) == 0) {
        report_fixed(checker, name, "is the key of this instance", checker->domain->ast->key.span,
                     NULL);
        return true;
    }
    if (declaration != NULL && declaration->kind == DECLARED_CONSTANT) {
        report_fixed(checker, name, "is a constant", declaration->span,
                     "keep what changes in a field or a `let`");
        return true;
    }
    if (checker->mode != CHECK_FUNCTION)
        return false;
    return check_expr(checker, &expr) == STATIC_ERROR;
}

static bool find_target(Checker *checker, Stmt *stmt, Target *ret)
{
    Name name = stmt->assign.field;
    ModelDomain *domain = checker->mode == CHECK_SLICE ? checker->domain : NULL;
    const Map *fields = domain != NULL ? &domain->field_names : NULL;
    int field = domain != NULL ? model_find(fields, name.text) : -1;

    ret->local = stmt->assign.from_state ? NULL : scope_find(&checker->scope, name.text);
    stmt->is_field = ret->local == NULL && field >= 0;
    if (ret->local != NULL) {
        stmt->slot = ret->local->slot;
        ret->declared = ret->local->span;
        ret->type =
            stmt->assign.steps != NULL ? narrow_local(checker, ret->local) : ret->local->type;
        if (ret->local->kind == LOCAL_LET)
            return true;
        report_fixed_local(checker, name, ret->local);
        ret->type = STATIC_ERROR;
        return true;
    }
    if (field < 0) {
        if (!report_no_variable(checker, stmt))
            check_unknown(checker, "V-ERR-020", domain != NULL ? "field" : "local", name,
                          &checker->scope.names, fields);
        return false;
    }
    ret->field = stmt->slot = (uint32_t)field;
    ret->declared = domain->fields[field].span;
    ret->type =
        stmt->assign.steps != NULL ? narrow_field(checker, ret->field) : domain->fields[field].type;
    return true;
}

/* ---- steps into it ---- */

static StaticType step_member(Checker *checker, AssignStep *step, StaticType type)
{
    /* As the expression of the same form, with the step's own operand. */
    Expr operand = {.kind = EXPR_ERROR, .span = step->span, .static_type = type};
    Expr member = {
        .kind = EXPR_MEMBER, .span = step->span, .operand = &operand, .member = step->member};
    StaticType result = check_member_of(checker, &member, type);

    step->slot = member.slot;
    return result;
}

/* The type of what the steps lead to; STATIC_ERROR: reported. */
static StaticType check_steps(Checker *checker, AssignStep *steps, StaticType type)
{
    const TypeTable *types = checker->model->types;

    for (AssignStep *step = steps; step != NULL; step = step->next) {
        step->of = type;
        if (type == STATIC_ANY) {
            Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-027", step->span,
                                         "what stands in a value of type any cannot be assigned");
            d->remedy = "keep it in a record, a list or a map, which have known types";
            type = STATIC_ERROR;
        }
        if (type_kind(types, type) == KIND_OPTIONAL) {
            check_report(checker, SEVERITY_ERROR, "V-ERR-022", step->span,
                         "this may be null: it is %s", type_name(types, type))
                ->remedy = "assign it where it is known not to be null: `if x != null { }`";
            type = STATIC_ERROR;
        }
        type = step->index != NULL    ? check_index_of(checker, type, step->index, step->span)
               : type == STATIC_ERROR ? type
                                      : step_member(checker, step, type);
    }
    return type;
}

/* ---- the value ---- */

static void report_assigned(Checker *checker, const Stmt *stmt, const Target *target,
                            StaticType found)
{
    const TypeTable *types = checker->model->types;
    bool plain = stmt->assign.operator== OP_EQ, whole = stmt->assign.steps == NULL;
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-022", stmt->assign.value->span,
                                 plain ? "%s'%s' is %s, it cannot become %s"
                                       : "%s'%s' is %s, it cannot be changed by %s",
                                 whole ? "" : "this part of ", stmt->assign.field.text,
                                 type_name(types, target->type), type_name(types, found));

    d->label = arena_format(checker->arena, "this is %s", type_name(types, found));
    if (found != target->type)
        d->remedy = mismatch_remedy(checker, stmt->assign.value, found, target->type);
    check_note(checker, d, target->declared, "'%s' is declared here", stmt->assign.field.text);
}

static bool value_fits(Checker *checker, const Stmt *stmt, StaticType target, StaticType found)
{
    const TypeTable *types = checker->model->types;
    StaticType result;

    if (stmt->assign.operator== OP_EQ)
        return type_fits(types, found, target);
    return operation_type(types, stmt->assign.operator, target, found, &result) &&
           type_fits(types, result, target);
}

/* What later statements know of the variable. */
static void note_assigned(Checker *checker, const Stmt *stmt, Target *target)
{
    bool whole = stmt->assign.steps == NULL && stmt->assign.operator== OP_EQ;
    const Expr *value = stmt->assign.value;

    if (target->local != NULL) {
        target->local->dynamic = target->local->dynamic || expr_is_dynamic(checker, value);
        if (stmt->assign.steps == NULL)
            narrow_assign_local(checker, target->local, value);
        return;
    }
    facts_assign(checker, target->field, whole ? value : NULL);
    if (stmt->assign.steps == NULL)
        narrow_assign_field(checker, target->field, value);
}

void check_assign(Checker *checker, Stmt *stmt)
{
    Target target = {0};

    stmt->is_field = false;
    if (stmt->assign.field.text == NULL || !find_target(checker, stmt, &target)) {
        check_expr(checker, stmt->assign.value);
        for (AssignStep *step = stmt->assign.steps; step != NULL; step = step->next)
            check_expr(checker, step->index);
        return;
    }
    target.type = check_steps(checker, stmt->assign.steps, target.type);
    stmt->static_type = target.type;
    StaticType found = check_wanted(checker, stmt->assign.value, target.type);
    if (found != STATIC_ERROR && target.type != STATIC_ERROR &&
        !value_fits(checker, stmt, target.type, found))
        report_assigned(checker, stmt, &target, found);
    note_assigned(checker, stmt, &target);
}
