/* What is known of optionals: `x != null` makes a T of a T?, until x is assigned.
 *
 * Whether a variable is known not to be null is kept with it. Each change goes on a trail, so that
 * a branch can be taken back; where branches meet again, what holds in all that get there holds.
 * Fields are known only until the next `yield`, as others may assign them meanwhile. */
#include "lang/check.h"

typedef struct Variable {
    bool is_field;
    uint32_t index;  /* of the field or local */
    uint32_t serial; /* of the local: its place may be another's by then */
} Variable;

typedef struct Change {
    Variable variable;
    Narrowed before;
} Change;

typedef struct Narrowing {
    Change *trail;
    size_t count, capacity;
    uint32_t yields; /* so far, and 1 */
    uint32_t joins;  /* so far */
} Narrowing;

static Narrowing *narrowing_of(Checker *checker)
{
    if (checker->narrowing == NULL) {
        checker->narrowing = arena_new(checker->arena, Narrowing);
        checker->narrowing->yields = 1;
    }
    return checker->narrowing;
}

/* ---- variables ---- */

/* NULL: it is gone. */
static Narrowed *variable_state(Checker *checker, Variable variable)
{
    if (variable.is_field)
        return &checker->domain->facts[variable.index].narrowed;
    if (variable.index >= checker->scope.count)
        return NULL;
    Local *local = &checker->scope.locals[variable.index];
    return local->serial == variable.serial ? &local->narrowed : NULL;
}

static Variable local_variable(Checker *checker, const Local *local)
{
    return (Variable){.index = (uint32_t)(local - checker->scope.locals), .serial = local->serial};
}

static bool is_known(Checker *checker, Variable variable)
{
    const Narrowed *state = variable_state(checker, variable);

    return state != NULL && state->known &&
           (!variable.is_field || state->since == narrowing_of(checker)->yields);
}

static void variable_set(Checker *checker, Variable variable, bool known)
{
    Narrowing *narrowing = narrowing_of(checker);
    Narrowed *state = variable_state(checker, variable);

    if (state == NULL || is_known(checker, variable) == known)
        return;
    arena_reserve_one(checker->arena, narrowing->trail, narrowing->count, narrowing->capacity);
    narrowing->trail[narrowing->count++] = (Change){variable, *state};
    state->known = known;
    state->since = narrowing->yields;
}

/* The variable that an expression is, if it may be null at all. */
static bool variable_of(Checker *checker, const Expr *expr, Variable *ret)
{
    const TypeTable *types = checker->model->types;

    if (expr == NULL || expr->kind != EXPR_NAME || expr->static_type == STATIC_ERROR)
        return false;
    if (expr->name_kind == NAME_FIELD) {
        *ret = (Variable){.is_field = true, .index = expr->slot};
        return type_kind(types, checker->domain->fields[expr->slot].type) == KIND_OPTIONAL;
    }
    const Local *local =
        expr->name_kind == NAME_LOCAL ? scope_find(&checker->scope, expr->name) : NULL;
    if (local == NULL || type_kind(types, local->type) != KIND_OPTIONAL)
        return false;
    *ret = local_variable(checker, local);
    return true;
}

StaticType narrow_local(Checker *checker, const Local *local)
{
    const Type *type = type_of(checker->model->types, local->type);

    return type->kind == KIND_OPTIONAL && is_known(checker, local_variable(checker, local))
               ? type->element
               : local->type;
}

StaticType narrow_field(Checker *checker, uint32_t field)
{
    StaticType declared = checker->domain->fields[field].type;
    const Type *type = type_of(checker->model->types, declared);

    return type->kind == KIND_OPTIONAL && is_known(checker, (Variable){true, field, 0})
               ? type->element
               : declared;
}

StaticType narrow_declared(Checker *checker, Expr *expr, StaticType type)
{
    Variable variable;

    if (!variable_of(checker, expr, &variable))
        return type;
    expr->static_type = variable.is_field ? checker->domain->fields[variable.index].type
                                          : checker->scope.locals[variable.index].type;
    return expr->static_type;
}

/* ---- what changes it ---- */

static bool is_never_null(const Checker *checker, const Expr *expr)
{
    StaticType type = expr->static_type;

    return type != STATIC_ERROR && type != STATIC_NULL && type != STATIC_ANY &&
           type_kind(checker->model->types, type) != KIND_OPTIONAL;
}

/* `variable OP other`: not null, as it differs from null or is the same as what is not. */
static void narrow_comparison(Checker *checker, const Expr *variable, const Expr *other, bool equal)
{
    Variable known;

    if (other == NULL || !variable_of(checker, variable, &known))
        return;
    if (equal ? is_never_null(checker, other) : other->kind == EXPR_NULL)
        variable_set(checker, known, true);
}

void narrow_by(Checker *checker, const Expr *condition, bool holds)
{
    if (condition == NULL || condition->static_type == STATIC_ERROR)
        return;
    if (condition->kind == EXPR_UNARY && condition->operator== OP_NOT)
        narrow_by(checker, condition->left, !holds);
    if (condition->kind != EXPR_BINARY)
        return;
    Operator with = condition->operator;
    if (with == (holds ? OP_AND : OP_OR)) {
        narrow_by(checker, condition->left, holds);
        narrow_by(checker, condition->right, holds);
    } else if (with == OP_EQ || with == OP_NE) {
        bool equal = (with == OP_EQ) == holds;
        narrow_comparison(checker, condition->left, condition->right, equal);
        narrow_comparison(checker, condition->right, condition->left, equal);
    }
}

void narrow_subject(Checker *checker, const Expr *subject)
{
    Variable variable;

    if (variable_of(checker, subject, &variable))
        variable_set(checker, variable, true);
}

void narrow_assign_local(Checker *checker, const Local *local, const Expr *value)
{
    if (type_kind(checker->model->types, local->type) == KIND_OPTIONAL)
        variable_set(checker, local_variable(checker, local),
                     value != NULL && is_never_null(checker, value));
}

void narrow_assign_field(Checker *checker, uint32_t field, const Expr *value)
{
    if (type_kind(checker->model->types, checker->domain->fields[field].type) == KIND_OPTIONAL)
        variable_set(checker, (Variable){true, field, 0},
                     value != NULL && is_never_null(checker, value));
}

void narrow_forget(Checker *checker, const char *name)
{
    const Local *local = scope_find(&checker->scope, name);
    int field = local == NULL && checker->domain != NULL
                    ? model_find(&checker->domain->field_names, name)
                    : -1;

    if (local != NULL)
        narrow_assign_local(checker, local, NULL);
    else if (field >= 0)
        narrow_assign_field(checker, (uint32_t)field, NULL);
}

void narrow_yield(Checker *checker)
{
    narrowing_of(checker)->yields++;
}

/* ---- branches ---- */

size_t narrow_mark(Checker *checker)
{
    return narrowing_of(checker)->count;
}

void narrow_undo(Checker *checker, size_t mark)
{
    Narrowing *narrowing = narrowing_of(checker);

    while (narrowing->count > mark) {
        const Change *change = &narrowing->trail[--narrowing->count];
        Narrowed *state = variable_state(checker, change->variable);
        if (state != NULL) {
            state->known = change->before.known;
            state->since = change->before.since;
        }
    }
}

struct BranchEnd {
    Variable variable;
    bool known;
};

Branch narrow_branch(Checker *checker, size_t mark, bool ends)
{
    const Narrowing *narrowing = narrowing_of(checker);
    size_t count = narrowing->count - mark;
    Branch branch = {.ends = ends};

    if (count > 0 && !ends) {
        branch.changed = arena_array(checker->arena, struct BranchEnd, count);
        branch.count = count;
    }
    for (size_t i = 0; i < branch.count; i++) {
        Variable variable = narrowing->trail[mark + i].variable;
        branch.changed[i] = (struct BranchEnd){variable, is_known(checker, variable)};
    }
    narrow_undo(checker, mark);
    return branch;
}

/* Count for each variable the branches at whose end it is known; what is not known in one of them
 * is not known after them. */
static void join_branch(Checker *checker, const Branch *branch, uint32_t join, uint32_t number)
{
    for (size_t i = 0; i < branch->count; i++) {
        const struct BranchEnd *end = &branch->changed[i];
        Narrowed *state = variable_state(checker, end->variable);
        if (state == NULL)
            continue;
        if (state->join != join) {
            state->join = join;
            state->in_branches = 0;
            state->branch = 0;
        }
        if (end->known && state->branch != number)
            state->in_branches++;
        if (end->known)
            state->branch = number;
        else
            variable_set(checker, end->variable, false);
    }
}

void narrow_join(Checker *checker, const Branch *branches, size_t count)
{
    Narrowing *narrowing = narrowing_of(checker);
    uint32_t join = ++narrowing->joins, open = 0;

    for (size_t i = 0; i < count; i++)
        if (!branches[i].ends) {
            open++;
            join_branch(checker, &branches[i], join, (uint32_t)i + 1);
        }
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < branches[i].count; j++) {
            Variable variable = branches[i].changed[j].variable;
            const Narrowed *state = variable_state(checker, variable);
            if (state != NULL && state->in_branches == open)
                variable_set(checker, variable, true);
        }
}
