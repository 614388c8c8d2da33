/* Arguments and what they are given to: all by name, or all by place. */
#include <string.h>

#include "lang/check.h"

size_t argument_count(const Argument *arguments)
{
    size_t count = 0;

    for (const Argument *a = arguments; a != NULL; a = a->next)
        count++;
    return count;
}

bool argument_is(const Argument *argument, const char *name)
{
    return argument->name.text != NULL && strcmp(argument->name.text, name) == 0;
}

bool argument_is_identity(const Argument *argument)
{
    return argument_is(argument, "name") || argument_is(argument, "idempotency_key");
}

void check_values(Checker *checker, Argument *arguments)
{
    for (Argument *a = arguments; a != NULL; a = a->next)
        check_expr(checker, a->value);
}

bool arguments_are_unique(Checker *checker, const Argument *arguments)
{
    Map seen = {.borrows = true};
    bool unique = true;

    if (arguments == NULL || arguments->next == NULL)
        return true;
    for (const Argument *a = arguments; a != NULL; a = a->next) {
        if (a->name.text == NULL)
            continue;
        const Argument *first = map_put(&seen, a->name.text, (void *)a);
        if (first == NULL)
            continue;
        Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-024", a->name.span,
                                     "argument '%s' is given twice", a->name.text);
        check_note(checker, d, first->name.span, "it is given here");
        unique = false;
    }
    map_deinit(&seen);
    return unique;
}

/* ---- each to its parameter ---- */

/* Not what says which object an effect means. */
static bool is_for_parameter(const Callee *callee, const Argument *argument)
{
    return !callee->is_effect || !argument_is_identity(argument);
}

/* Mixing names and places could fill one parameter twice and another never. */
static bool arguments_are_uniform(Checker *checker, const Argument *arguments, const Callee *callee)
{
    const Argument *first = NULL;

    for (const Argument *a = arguments; a != NULL; a = a->next) {
        if (!is_for_parameter(callee, a))
            continue;
        if (first == NULL)
            first = a;
        if ((a->name.text == NULL) == (first->name.text == NULL))
            continue;
        Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-024", a->span,
                                     "some arguments have names and some have none");
        d->remedy =
            arena_format(checker->arena, "name all arguments of '%s', or none", callee->name);
        return false;
    }
    return true;
}

/* The parameter that is not given, or -1. What may be null need not be given to an effect. */
static int parameter_missing(const Checker *checker, const Callee *callee, const bool *given)
{
    for (size_t i = 0; i < callee->parameter_count; i++) {
        StaticType type = callee->parameters[i].type;
        bool optional =
            callee->is_effect &&
            (type_kind(checker->model->types, type) == KIND_OPTIONAL || type == STATIC_ANY);
        if (!given[i] && !optional)
            return (int)i;
    }
    return -1;
}

static void report_count(Checker *checker, const Callee *callee, size_t found, Span span)
{
    Diagnostic *d = check_report(
        checker, SEVERITY_ERROR, "V-ERR-024", span, "'%s' takes %zu argument%s, found %zu",
        callee->name, callee->parameter_count, callee->parameter_count == 1 ? "" : "s", found);

    check_note(checker, d, callee->span, "it is declared here");
}

static int parameter_index(const Callee *callee, const char *name)
{
    for (size_t i = 0; i < callee->parameter_count; i++)
        if (callee->parameters[i].name != NULL && strcmp(callee->parameters[i].name, name) == 0)
            return (int)i;
    return -1;
}

static Span parameter_span(const Callee *callee, int index)
{
    const Parameter *p = callee->trees;

    while (p != NULL && index-- > 0)
        p = p->next;
    return p != NULL ? p->span : (Span){0, 0};
}

/* False: reported. */
static bool check_argument(Checker *checker, Argument *a, const Callee *callee, size_t ordinal,
                           bool *given)
{
    int place = a->name.text != NULL ? parameter_index(callee, a->name.text) : (int)ordinal;

    if (place < 0) {
        Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-024", a->name.span,
                                     "'%s' has no parameter '%s'", callee->name, a->name.text);
        check_note(checker, d, callee->span, "it is declared here");
        check_expr(checker, a->value);
        return false;
    }
    const ProgramParameter *parameter = &callee->parameters[place];
    a->place = (uint32_t)place;
    a->type = parameter->type;
    given[place] = true;
    return check_fits(
        checker, a->value, parameter->type,
        arena_format(checker->arena, "parameter '%s' of '%s'", parameter->name, callee->name),
        parameter_span(callee, place));
}

static size_t count_for_parameters(const Argument *arguments, const Callee *callee)
{
    size_t count = 0;

    for (const Argument *a = arguments; a != NULL; a = a->next)
        count += is_for_parameter(callee, a);
    return count;
}

bool check_arguments(Checker *checker, Argument *arguments, const Callee *callee, Span span)
{
    size_t count = count_for_parameters(arguments, callee), ordinal = 0;
    bool fit = arguments_are_unique(checker, arguments) &&
               arguments_are_uniform(checker, arguments, callee);
    bool few = callee->is_effect && count < callee->parameter_count;

    if (fit && count != callee->parameter_count && !few) {
        report_count(checker, callee, count, span);
        fit = false;
    }
    if (!fit) {
        check_values(checker, arguments);
        return false;
    }
    bool *given = arena_array(checker->arena, bool, callee->parameter_count);
    for (Argument *a = arguments; a != NULL; a = a->next)
        if (is_for_parameter(callee, a))
            fit = check_argument(checker, a, callee, ordinal++, given) && fit;
        else
            check_fits(checker, a->value, STATIC_STRING, a->name.text, (Span){0, 0});
    int missing = fit ? parameter_missing(checker, callee, given) : -1;
    if (missing < 0)
        return fit;
    Diagnostic *d =
        check_report(checker, SEVERITY_ERROR, "V-ERR-024", span, "'%s' is not given its '%s'",
                     callee->name, callee->parameters[missing].name);
    check_note(checker, d, callee->span, "it is declared here");
    return false;
}
