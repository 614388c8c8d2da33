/* `test` blocks: what they name is there, and their values and conditions have the right types. */
#include <stdio.h>
#include <string.h>

#include "lang/check.h"

/* ---- D.field, D["k"].field, D.Goal ---- */

/* The domain that `D` or `D["k"]` names; false: it is neither. */
static bool domain_named(Checker *checker, Expr *expr, ModelDomain **ret)
{
    Expr *key = expr->kind == EXPR_INDEX ? expr->index : NULL;
    const Expr *name = key != NULL ? expr->operand : expr;

    if (name == NULL || name->kind != EXPR_NAME || name->from_state ||
        declaration_find(checker, name->name) != NULL)
        return false;
    *ret = check_domain_name(checker, (Name){name->name, name->span}, "V-ERR-020");
    if (*ret != NULL)
        check_key(checker, *ret, key, name->span);
    return true;
}

static bool has_goal(const ModelDomain *domain, const char *name)
{
    for (size_t i = 0; i < domain->goal_count; i++)
        if (domain->goals[i].name != NULL && strcmp(domain->goals[i].name, name) == 0)
            return true;
    return false;
}

bool check_test_member(Checker *checker, Expr *expr, StaticType *ret)
{
    ModelDomain *domain;

    *ret = STATIC_ERROR;
    if (expr->operand == NULL || expr->member.text == NULL ||
        !domain_named(checker, expr->operand, &domain))
        return false;
    if (domain == NULL)
        return true;
    int field = model_find(&domain->field_names, expr->member.text);
    if (field >= 0)
        *ret = domain->fields[field].type;
    else if (has_goal(domain, expr->member.text))
        *ret = STATIC_BOOL;
    else
        check_unknown(checker, "V-ERR-020",
                      arena_format(checker->arena, "field or goal of '%s'", domain->ast->name.text),
                      expr->member, &domain->field_names, NULL);
    return true;
}

/* ---- steps ---- */

static void check_set(Checker *checker, const TestStep *step)
{
    const ModelDomain *domain = check_domain_name(checker, step->domain, "V-ERR-020");
    Value value;

    if (domain == NULL || step->field.text == NULL)
        return;
    check_key(checker, domain, step->key, step->domain.span);
    int field = model_find(&domain->field_names, step->field.text);
    if (field < 0) {
        check_unknown(checker, "V-ERR-020",
                      arena_format(checker->arena, "field of '%s'", domain->ast->name.text),
                      step->field, &domain->field_names, NULL);
        return;
    }
    check_constant(checker, step->value, domain->fields[field].type,
                   arena_format(checker->arena, "the value of '%s'", step->field.text),
                   domain->fields[field].span, &value);
}

/* Those that some text of the program emits: "Infra.Create", and "Create" of any provider. */
static void collect_effects(const Model *model, Map *ret)
{
    char name[512];

    for (size_t i = 0; i < model->use_count; i++) {
        const EffectUse *use = &model->uses[i];
        snprintf(name, sizeof name, "%s.%s", use->provider != NULL ? use->provider : "",
                 use->effect);
        if (!use->releases)
            map_put(ret, use->provider != NULL ? name : use->effect, ret);
    }
    for (const EffectDecl *tree = model->ast->effects; tree != NULL; tree = tree->next)
        if (tree->name.text != NULL)
            map_put(ret, tree->name.text, ret);
}

static void check_effect_step(Checker *checker, const TestStep *step, const Map *effects)
{
    Value result;

    if (step->effect.text == NULL)
        return;
    const char *name =
        step->provider.text != NULL
            ? arena_format(checker->arena, "%s.%s", step->provider.text, step->effect.text)
            : step->effect.text;
    if (map_get(effects, name) == NULL && map_get(effects, step->effect.text) == NULL) {
        uint32_t start =
            step->provider.text != NULL ? step->provider.span.start : step->effect.span.start;
        check_unknown(checker, "V-ERR-020", "effect in this program",
                      (Name){name, {start, step->effect.span.end}}, effects, NULL);
    }
    if (step->result != NULL)
        check_constant(checker, step->result, STATIC_ANY, "the result of an effect", (Span){0, 0},
                       &result);
}

static void check_event_step(Checker *checker, const TestStep *step)
{
    bool emits = step->statement != NULL && step->statement->kind == STMT_EMIT;
    Emit *emit = emits ? step->statement->emit : NULL;

    if (emit == NULL || emit->kind != EMIT_BROADCAST || emit->event.text == NULL)
        return;
    if (event_find(checker->model, emit->event.text) == NULL) {
        check_unknown(checker, "V-ERR-020", "event", emit->event, &checker->model->event_names,
                      NULL);
        return;
    }
    check_emit(checker, emit, false);
}

static void check_step(Checker *checker, TestStep *step, const Map *effects)
{
    switch (step->kind) {
    case STEP_SET:
        check_set(checker, step);
        break;
    case STEP_EFFECT:
        check_effect_step(checker, step, effects);
        break;
    case STEP_SEND:
        if (step->statement != NULL && step->statement->kind == STMT_SEND)
            check_send(checker, step->statement);
        break;
    case STEP_EMIT:
        check_event_step(checker, step);
        break;
    case STEP_ALWAYS:
    case STEP_EVENTUALLY:
    case STEP_WITHIN:
    case STEP_NEVER:
        check_expect(checker, step->value, STATIC_BOOL, "what a test expects");
        break;
    case STEP_RUN:
    case STEP_CRASH:
        break;
    }
}

static void check_steps(Checker *checker, TestStep *steps, const Map *effects)
{
    for (TestStep *step = steps; step != NULL; step = step->next)
        check_step(checker, step, effects);
}

void check_tests(Checker *checker)
{
    Map names = {0}, effects = {0};

    if (checker->model->ast->tests != NULL)
        collect_effects(checker->model, &effects);
    for (Test *test = checker->model->ast->tests; test != NULL; test = test->next) {
        const Test *first = test->name.text != NULL ? map_put(&names, test->name.text, test) : NULL;
        if (first != NULL)
            check_taken(checker, "test", test->name, first->name.span);
        check_body_begin(checker, NULL);
        checker->mode = CHECK_TEST;
        checker->module = test->declared.module;
        checker->body = test->span;
        check_steps(checker, test->given, &effects);
        check_steps(checker, test->simulate, &effects);
        check_steps(checker, test->expect, &effects);
    }
    map_deinit(&names);
    map_deinit(&effects);
}
