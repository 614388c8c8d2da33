/* First values, and comparisons that can never hold.
 *
 * A field starts at what `system` gives it, else at its initialiser, else at its zero value. The
 * one inference: a string field with neither starts at the one literal that an `if` of some
 * transition asks for with `==`, that nothing in the domain assigns to it, and that no goal
 * compares it with. A state with no way in must be the first one.
 *
 * `==` counts wherever a condition's truth can hang on it: at its top and in the operands of && and
 * ||, not below `!`. */
#include <string.h>

#include "lang/check.h"
#include "lang/walk.h"

/* ---- collecting ---- */

static const char *literal_text(Checker *checker, Value value)
{
    Buffer buffer = {0};

    value_encode(&buffer, value);
    const char *text = arena_copy_bytes(checker->arena, buffer_text(&buffer), buffer.size);
    buffer_deinit(&buffer);
    return text;
}

static bool constant_of(Checker *checker, const Expr *expr, Value *ret)
{
    const char *fault;

    return expr_is_constant(expr) && expr_constant_value(checker, expr, ret, &fault);
}

void facts_assign(Checker *checker, uint32_t field, const Expr *value)
{
    FieldFacts *facts = &checker->domain->facts[field];
    Value constant;

    if (checker->muted)
        return;
    facts->assigned = true;
    facts->assigned_texts.borrows = true;
    if (value != NULL && constant_of(checker, value, &constant))
        map_put(&facts->assigned_texts, literal_text(checker, constant), facts);
    else
        facts->assigned_other = true;
}

static bool is_field(const Expr *expr)
{
    return expr != NULL && expr->kind == EXPR_NAME && expr->name_kind == NAME_FIELD;
}

static void note_comparison(Checker *checker, const Expr *expr, ComparisonPlace place)
{
    bool left = is_field(expr->left);
    const Expr *name = left ? expr->left : expr->right;
    const Expr *other = left ? expr->right : expr->left;
    Value value;

    if (!is_field(name) || name->static_type == STATIC_ERROR ||
        !constant_of(checker, other, &value))
        return;
    FieldFacts *facts = &checker->domain->facts[name->slot];
    Comparison *comparison = arena_new(checker->arena, Comparison);
    *comparison = (Comparison){
        .text = literal_text(checker, value), .value = value, .place = place, .span = expr->span};
    *facts->comparisons_end = comparison;
    facts->comparisons_end = &comparison->next;
}

void facts_condition(Checker *checker, const Expr *condition, ComparisonPlace place)
{
    if (checker->muted || condition == NULL || condition->kind != EXPR_BINARY ||
        condition->static_type == STATIC_ERROR)
        return;
    Operator with = condition->operator;
    if (with == OP_AND || with == OP_OR) {
        facts_condition(checker, condition->left, place);
        facts_condition(checker, condition->right, place);
    } else if (with == OP_EQ) {
        note_comparison(checker, condition, place);
    }
}

/* ---- the inference ---- */

static bool is_named_by_goal(const FieldFacts *facts, const char *text)
{
    for (const Comparison *c = facts->comparisons; c != NULL; c = c->next)
        if (c->place == IN_GOAL && strcmp(c->text, text) == 0)
            return true;
    return false;
}

/* Fields of a goal's size have few literals; a field with very many has no one first state anyway.
 */
#define COMPARISONS_LOOKED_AT 1000

/* The literals that could be the first value: the first of them, and another if there is one. */
static void find_candidates(const FieldFacts *facts, const Comparison **ret_first,
                            const Comparison **ret_other)
{
    size_t looked_at = 0;

    *ret_first = NULL;
    *ret_other = NULL;
    for (const Comparison *c = facts->comparisons; c != NULL; c = c->next) {
        if (++looked_at > COMPARISONS_LOOKED_AT)
            return;
        if (c->place != IN_TRANSITION || map_get(&facts->assigned_texts, c->text) != NULL ||
            is_named_by_goal(facts, c->text))
            continue;
        if (*ret_first == NULL)
            *ret_first = c;
        else if (strcmp((*ret_first)->text, c->text) != 0 && *ret_other == NULL)
            *ret_other = c;
    }
}

static void report_inferred(Checker *checker, const ProgramField *field, const Comparison *guard)
{
    Diagnostic *d = check_report(checker, SEVERITY_NOTE, "V-NTE-001", field->span,
                                 "'%s' starts as %s", field->name, guard->text);

    check_note(checker, d, guard->span,
               "this guard asks for it, nothing assigns it, and no goal names it");
    d->remedy =
        arena_format(checker->arena, "to say so, write %s: string = %s", field->name, guard->text);
    diagnostic_edit(checker->model->diagnostics, d, (Span){field->span.end, field->span.end},
                    " = %s", guard->text);
}

static void report_ambiguous(Checker *checker, const ProgramField *field, const Comparison *first,
                             const Comparison *other)
{
    Diagnostic *d = check_report(checker, SEVERITY_WARNING, "V-WRN-023", field->span,
                                 "'%s' is compared with %s and %s, which nothing assigns",
                                 field->name, first->text, other->text);

    check_note(checker, d, first->span, "one of them stands here");
    check_note(checker, d, other->span, "the other here");
    d->consequence = "either could be its first value, so it starts as \"\"";
    d->remedy = arena_format(checker->arena, "write the one that is meant: %s: string = %s",
                             field->name, first->text);
}

/* Returns whether the field was dealt with, so that its comparisons need no further word. */
static void infer_first_value(Checker *checker, ProgramField *field, FieldFacts *facts)
{
    const Comparison *first, *other;

    find_candidates(facts, &first, &other);
    if (first == NULL)
        return;
    if (other != NULL) {
        report_ambiguous(checker, field, first, other);
        facts->assigned_other = true; /* one word about it is enough */
        return;
    }
    if (first->value.string->size == 0)
        return; /* so it starts anyway */
    field->initial = first->value;
    field->inferred = true;
    report_inferred(checker, field, first);
}

static void written_value(Checker *checker, ProgramField *field, const Expr *tree)
{
    Expr *expr = (Expr *)tree; /* the checker writes its findings into the tree */
    Value value;

    if (expr == NULL)
        return;
    const char *role = arena_format(checker->arena, "the first value of '%s'", field->name);
    if (check_constant(checker, expr, field->type, role, field->span, &value))
        field->initial = value;
}

static void field_first_value(Checker *checker, ProgramField *field, FieldFacts *facts,
                              const Field *tree)
{
    bool written = tree->initial != NULL || facts->system_value != NULL;

    field->parameter = !facts->assigned;
    written_value(checker, field, tree->initial);
    written_value(checker, field, facts->system_value);
    if (!written && field->type == STATIC_STRING && !checker->incomplete)
        infer_first_value(checker, field, facts);
}

void check_first_values(Checker *checker)
{
    Model *model = checker->model;

    for (size_t i = 0; i < model->domain_count; i++) {
        ModelDomain *domain = &model->domains[i];
        size_t j = 0;
        checker->domain = domain;
        checker->module = domain->ast->declared.module;
        for (const Field *tree = domain->ast->fields; tree != NULL; tree = tree->next, j++)
            field_first_value(checker, &domain->fields[j], &domain->facts[j], tree);
    }
}

/* ---- comparisons that never hold ---- */

/* As the program writes it. */
static const char *shown_value(Checker *checker, const ProgramField *field, Value value)
{
    const Type *type = type_of(checker->model->types, field->type);
    cleanup(buffer_deinit) Buffer text = {0};

    if (type->kind == KIND_OPTIONAL)
        type = type_of(checker->model->types, type->element);
    if (type->kind == KIND_ENUM && value.type == VALUE_STRING)
        return arena_format(checker->arena, "%s::%s", type->name, value.string->bytes);
    if (value.type == VALUE_STRING)
        value_write_json(&text, value);
    else
        value_print(&text, value);
    return arena_copy_bytes(checker->arena, buffer_text(&text), text.size);
}

static void check_field_comparisons(Checker *checker, const ProgramField *field,
                                    const FieldFacts *facts)
{
    if (!facts->assigned || facts->assigned_other || facts->given || facts->comparisons == NULL)
        return; /* a parameter may be given any value, and so may a computed one */
    const char *initial = literal_text(checker, field->initial);
    for (const Comparison *c = facts->comparisons; c != NULL; c = c->next) {
        if (map_get(&facts->assigned_texts, c->text) != NULL || strcmp(initial, c->text) == 0)
            continue;
        const char *never = shown_value(checker, field, c->value);
        Diagnostic *d = check_report(checker, SEVERITY_WARNING, "V-WRN-023", c->span,
                                     "'%s' is never %s", field->name, never);
        check_note(checker, d, field->span, "it starts as %s and nothing assigns %s",
                   shown_value(checker, field, field->initial), never);
        d->consequence = c->place == IN_GOAL ? "this part of the goal never holds"
                                             : "this part of the condition never holds";
    }
}

/* What a goal reads: of the state, and what others may change. */
typedef struct GoalReads {
    const ModelDomain *domain;
    bool something;
    bool changing;
} GoalReads;

static bool visit_read(Visitor *visitor, const Expr *expr)
{
    GoalReads *reads = visitor->context;

    if (expr->static_type == STATIC_ERROR || expr->kind == EXPR_QUERY)
        reads->changing = true;
    else if (expr->kind == EXPR_NAME && expr->name_kind != NAME_CONSTANT)
        reads->something = true;
    if (is_field(expr))
        reads->changing = reads->changing || reads->domain->facts[expr->slot].assigned;
    return !reads->changing;
}

/* A goal of parameters alone: no slice can change whether it is met. */
static void check_goal_moves(Checker *checker, const ModelDomain *domain, const Goal *goal)
{
    GoalReads reads = {.domain = domain};
    Visitor visitor = {.expr = visit_read, .context = &reads};

    walk_expr(&visitor, goal->predicate);
    if (reads.changing || !reads.something || goal->predicate == NULL)
        return;
    Diagnostic *d = check_report(checker, SEVERITY_WARNING, "V-WRN-023", goal->predicate->span,
                                 "nothing assigns what this goal reads");
    d->consequence = "no slice can meet it or break it";
    d->remedy = "assign a field of it in a transition or a handler";
}

void check_comparisons(Checker *checker)
{
    Model *model = checker->model;

    for (size_t i = 0; i < model->domain_count; i++) {
        ModelDomain *domain = &model->domains[i];
        for (size_t j = 0; j < domain->field_count; j++)
            check_field_comparisons(checker, &domain->fields[j], &domain->facts[j]);
        for (const Goal *goal = domain->ast->goals; goal != NULL; goal = goal->next)
            check_goal_moves(checker, domain, goal);
    }
}
