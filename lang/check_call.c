/* Calls: of functions, of built-in ones, of records to build them; and queries. */
#include <string.h>

#include "lang/builtin.h"
#include "lang/check.h"

static const char *shown(const Checker *checker, StaticType type)
{
    return type_name(checker->model->types, type);
}

/* ---- functions ---- */

static StaticType check_function_call(Checker *checker, Expr *expr, uint32_t index)
{
    const ModelFunction *function = &checker->model->functions[index];
    const Callee callee = {.name = function->ast->name.text,
                           .parameters = function->parameters,
                           .parameter_count = function->parameter_count,
                           .trees = function->ast->parameters,
                           .span = function->ast->name.span};

    expr->call_kind = CALL_FUNCTION;
    expr->slot = index;
    check_arguments(checker, expr->arguments, &callee, expr->span);
    if (checker->mode != CHECK_CONSTANT)
        return function->result;
    check_report(checker, SEVERITY_ERROR, "V-ERR-026", expr->span,
                 "%s is constant, it cannot call '%s'",
                 checker->role != NULL ? checker->role : "this value", expr->callee.text);
    return STATIC_ERROR;
}

/* ---- built-in functions ---- */

static bool is_known_of_query(Checker *checker, const Expr *fact)
{
    if (fact == NULL || fact->kind == EXPR_QUERY || fact->static_type == STATIC_ERROR)
        return true;
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-022", fact->span,
                                 "`known` asks whether a fact has been observed, this is none");
    d->remedy = "write the query itself: known(Infra.status(\"...\"))";
    return false;
}

/* "int, string and bool" */
static const char *types_text(Checker *checker, const BuiltinArgument *arguments, size_t count)
{
    cleanup(buffer_deinit) Buffer text = {0};

    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buffer_add_string(&text, i + 1 < count ? ", " : " and ");
        buffer_add_string(&text, shown(checker, arguments[i].type));
    }
    return arena_copy_bytes(checker->arena, buffer_text(&text), text.size);
}

/* `wrong` is the argument that does not fit, and `found` its type. */
static void report_builtin_types(Checker *checker, Builtin builtin, const char *types,
                                 const Expr *wrong, StaticType found)
{
    const Type *type = type_of(checker->model->types, found);
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-022", wrong->span,
                                 "'%s' does not take %s", builtin_name(builtin), types);

    d->label = arena_format(checker->arena, "this is %s", type->name);
    d->remedy = type->kind == KIND_OPTIONAL ? mismatch_remedy(checker, wrong, found, type->element)
                                            : arena_format(checker->arena, "there is %s",
                                                           builtin_usage(builtin, checker->arena));
}

static bool builtin_count_fits(Checker *checker, const Expr *expr, Builtin builtin, size_t count)
{
    for (const Argument *a = expr->arguments; a != NULL; a = a->next)
        if (a->name.text != NULL) {
            Diagnostic *d =
                check_report(checker, SEVERITY_ERROR, "V-ERR-024", a->name.span,
                             "the arguments of '%s' have no names", builtin_name(builtin));
            d->remedy = arena_format(checker->arena, "leave '%s:' away", a->name.text);
            return false;
        }
    if (count <= BUILTIN_PARAMETERS_MAX && builtin_takes(builtin, count))
        return true;
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-024", expr->span,
                                 "'%s' does not take %zu argument%s", builtin_name(builtin), count,
                                 count == 1 ? "" : "s");
    d->remedy = arena_format(checker->arena, "there is %s", builtin_usage(builtin, checker->arena));
    return false;
}

static StaticType check_builtin_call(Checker *checker, Expr *expr, Builtin builtin)
{
    BuiltinArgument arguments[BUILTIN_PARAMETERS_MAX] = {0};
    Expr *given[BUILTIN_PARAMETERS_MAX] = {0};
    size_t count = argument_count(expr->arguments), i = 0, wrong;
    StaticType type;

    expr->call_kind = CALL_BUILTIN;
    expr->slot = builtin;
    check_values(checker, expr->arguments);
    if (!builtin_count_fits(checker, expr, builtin, count))
        return STATIC_ERROR;
    for (const Argument *a = expr->arguments; a != NULL; a = a->next, i++) {
        given[i] = a->value;
        arguments[i] =
            (BuiltinArgument){.type = a->value == NULL ? STATIC_ERROR : a->value->static_type,
                              .literal = expr_is_int_literal(a->value)};
    }
    if (builtin == BUILTIN_KNOWN && !is_known_of_query(checker, given[0]))
        return STATIC_ERROR;
    if (!builtin_type(builtin, checker->model->types, arguments, count, &type, &wrong)) {
        if (given[wrong] != NULL)
            report_builtin_types(checker, builtin, types_text(checker, arguments, count),
                                 given[wrong], arguments[wrong].type);
        return STATIC_ERROR;
    }
    for (i = 0; i < count; i++)
        if (arguments[i].as_float)
            check_literal_as(checker, given[i], STATIC_INT, STATIC_FLOAT);
    return type;
}

/* ---- records ---- */

static Span member_span(const ModelRecord *record, int member)
{
    const Field *field = record->ast->fields;

    while (field != NULL && member-- > 0)
        field = field->next;
    return field != NULL ? field->span : (Span){0, 0};
}

/* Whether every field without a default is given; else it is reported. */
static bool record_is_filled(Checker *checker, const Expr *expr, const ModelRecord *record,
                             const bool *given)
{
    const Type *type = type_of(checker->model->types, record->type);
    cleanup(buffer_deinit) Buffer names = {0};
    size_t count = 0;

    for (size_t i = 0; i < type->member_count; i++)
        if (!given[i] && !type->members[i].has_default)
            buffer_add_format(&names, "%s'%s'", count++ > 0 ? ", " : "", type->members[i].name);
    if (count == 0)
        return true;
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-024", expr->span,
                                 "field%s %s of '%s' %s missing", count == 1 ? "" : "s",
                                 buffer_text(&names), type->name, count == 1 ? "is" : "are");
    check_note(checker, d, record->ast->name.span, "it is declared here");
    d->remedy = "give it a value here, or a default where it is declared";
    return false;
}

static bool values_have_names(Checker *checker, const Argument *arguments, const Type *record)
{
    while (arguments != NULL && arguments->name.text != NULL)
        arguments = arguments->next;
    if (arguments == NULL)
        return true;
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-024", arguments->span,
                                 "the values of record '%s' need names", record->name);
    d->remedy = arena_format(checker->arena, "write %s(%s: ...)", record->name,
                             record->member_count > 0 ? record->members[0].name : "field");
    return false;
}

static int record_place(Checker *checker, const Argument *argument, const ModelRecord *record)
{
    const Type *type = type_of(checker->model->types, record->type);
    int member = type_member(checker->model->types, record->type, argument->name.text);

    if (member >= 0)
        return member;
    Suggestion suggestion = suggest_begin(argument->name.text);
    for (size_t i = 0; i < type->member_count; i++)
        suggest_try(&suggestion, type->members[i].name);
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-024", argument->name.span,
                                 "record '%s' has no field '%s'", type->name, argument->name.text);
    check_note(checker, d, record->ast->name.span, "it is declared here");
    check_suggest(checker, d, argument->name.span, &suggestion);
    return -1;
}

static bool check_record_value(Checker *checker, Argument *argument, const ModelRecord *record,
                               int place)
{
    const Type *type = type_of(checker->model->types, record->type);

    argument->place = (uint32_t)place;
    return check_fits(
        checker, argument->value, type->members[place].type,
        arena_format(checker->arena, "field '%s' of '%s'", argument->name.text, type->name),
        member_span(record, place));
}

static StaticType check_record_call(Checker *checker, Expr *expr, StaticType type)
{
    const ModelRecord *record = model_record(checker->model, type);
    const Type *of = type_of(checker->model->types, type);
    bool *given = arena_array(checker->arena, bool, of->member_count);
    bool fit = arguments_are_unique(checker, expr->arguments) &&
               values_have_names(checker, expr->arguments, of);

    expr->call_kind = CALL_RECORD;
    expr->slot = type;
    record_complete(checker, type);
    if (!fit) {
        check_values(checker, expr->arguments);
        return STATIC_ERROR;
    }
    for (Argument *a = expr->arguments; a != NULL; a = a->next) {
        int place = record_place(checker, a, record);
        if (place >= 0)
            given[place] = true;
        else
            check_expr(checker, a->value);
        fit = place >= 0 && check_record_value(checker, a, record, place) && fit;
    }
    return fit && record_is_filled(checker, expr, record, given) ? type : STATIC_ERROR;
}

/* ---- all of them ---- */

static StaticType check_declared_call(Checker *checker, Expr *expr, const Declaration *declaration)
{
    if (declaration->kind == DECLARED_FUNCTION)
        return check_function_call(checker, expr, declaration->index);
    if (declaration->kind == DECLARED_RECORD)
        return check_record_call(checker, expr, (StaticType)declaration->index);
    check_values(checker, expr->arguments);
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-020", expr->callee.span,
                                 "'%s' cannot be called, it is %s", expr->callee.text,
                                 declaration->kind == DECLARED_ENUM ? "an enum" : "a constant");
    check_note(checker, d, declaration->span, "it is declared here");
    return STATIC_ERROR;
}

/* The names of the built-in functions, for whoever misspells one. */
static void report_unknown_function(Checker *checker, const Expr *expr)
{
    Map builtins = {0};

    for (unsigned i = 0; i < BUILTIN_COUNT; i++)
        map_put(&builtins, builtin_name((Builtin)i), &builtins);
    check_unknown(checker, "V-ERR-020", "function", expr->callee, &checker->model->names,
                  &builtins);
    map_deinit(&builtins);
}

StaticType check_call(Checker *checker, Expr *expr)
{
    Builtin builtin;

    if (expr->callee.text == NULL) {
        check_values(checker, expr->arguments);
        return STATIC_ERROR;
    }
    if (builtin_find(expr->callee.text, &builtin))
        return check_builtin_call(checker, expr, builtin);
    const Declaration *declaration = declaration_find(checker, expr->callee.text);
    if (declaration != NULL)
        return check_declared_call(checker, expr, declaration);
    check_values(checker, expr->arguments);
    report_unknown_function(checker, expr);
    return STATIC_ERROR;
}

/* ---- queries ---- */

static bool query_is_allowed(Checker *checker, const Expr *expr)
{
    static const char *const where[] = {[CHECK_CONSTANT] = "a value that is constant",
                                        [CHECK_FUNCTION] = "a fn",
                                        [CHECK_MIGRATION] = "a migration",
                                        [CHECK_TEST] = "a test"};
    bool constant = checker->mode == CHECK_CONSTANT;

    if (checker->mode == CHECK_SLICE || checker->mode == CHECK_PREDICATE)
        return true;
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, constant ? "V-ERR-026" : "V-ERR-002",
                                 expr->span, "%s cannot read a fact", where[checker->mode]);
    if (checker->mode == CHECK_FUNCTION)
        d->remedy = "read the fact where the fn is called and pass it as an argument";
    else
        d->consequence = "facts are what goals, guards and slices look at";
    return false;
}

static void record_fact(Checker *checker, Expr *expr)
{
    Model *model = checker->model;
    const FactUse use = {expr->provider.text, expr->callee.text, checker->domain_index, expr->span};

    if (checker->muted || expr->provider.text == NULL || expr->callee.text == NULL)
        return;
    arena_reserve_one(checker->arena, model->facts, model->fact_count, model->fact_capacity);
    expr->slot = (uint32_t)model->fact_count;
    model->facts[model->fact_count++] = use;
}

/* Those without a name come first, as providers get them so. */
static void check_query_order(Checker *checker, const Expr *expr)
{
    for (const Argument *a = expr->arguments; a != NULL && a->next != NULL; a = a->next)
        if (a->name.text != NULL && a->next->name.text == NULL) {
            Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-024", a->next->span,
                                         "an argument without a name stands behind one with it");
            d->remedy = "put those without a name first";
            return;
        }
}

StaticType check_query(Checker *checker, Expr *expr)
{
    check_values(checker, expr->arguments);
    if (!query_is_allowed(checker, expr))
        return STATIC_ERROR;
    arguments_are_unique(checker, expr->arguments);
    check_query_order(checker, expr);
    record_fact(checker, expr);
    return STATIC_ANY;
}
