/* The order of the rounds: declarations; the fields of events; bodies and predicates; first values,
 * which need to know what the bodies assign; goals. */
#include "lang/checker.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lang/base/memory.h"
#include "lang/check.h"

#define NAME_SHOWN_MAX 200

/* What the parser could not read it has reported; what follows from that mistake is no news. */
static bool is_aftermath(const Checker *checker, Span span)
{
    for (size_t i = 0; i < checker->parse_diagnostics; i++) {
        Span mistake = checker->model->diagnostics->items[i].span;
        /* one place further: `n is 1` is no int that somebody took for a condition */
        if (mistake.start <= span.end + 1 && span.start <= mistake.end)
            return true;
    }
    return false;
}

Diagnostic *check_report(Checker *checker, Severity severity, const char *code, Span span,
                         const char *format, ...)
{
    char text[1024];
    va_list args;

    checker->spare = (Diagnostic){0};
    if (checker->muted || is_aftermath(checker, span))
        return &checker->spare;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return diagnostics_add(checker->model->diagnostics, severity, code, span, "%s", text);
}

void check_note(Checker *checker, Diagnostic *diagnostic, Span span, const char *format, ...)
{
    char text[1024];
    va_list args;

    if (diagnostic == &checker->spare)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    diagnostic_note(checker->model->diagnostics, diagnostic, span, "%s", text);
}

/* A name that the parser may not have reached the declaration of: it gave something up in this body
 * before it, or in the domain outside of all bodies. */
static bool declaration_is_lost(const Checker *checker, Span name)
{
    const Diagnostic *items = checker->model->diagnostics->items;

    for (size_t i = 0; i < checker->parse_diagnostics; i++)
        if (items[i].span.start >= checker->body.start && items[i].span.start <= name.start &&
            checker->body.end != 0)
            return true;
    return checker->domain != NULL && checker->domain->damaged;
}

/* Words for values that other languages have, and what a bare name may have been meant for. */
static const char *foreign_remedy(Checker *checker, const char *name, bool is_value)
{
    if (strcasecmp(name, "true") == 0 || strcasecmp(name, "yes") == 0)
        return "write `true`";
    if (strcasecmp(name, "false") == 0 || strcasecmp(name, "no") == 0)
        return "write `false`";
    if (strcasecmp(name, "none") == 0 || strcasecmp(name, "nil") == 0)
        return "a field always has a value: \"\", 0 or false say that there is nothing";
    if (model_find(&checker->model->domain_names, name) >= 0)
        return arena_format(checker->arena,
                            "domains share nothing: let '%s' broadcast what others want to know",
                            name);
    return is_value ? arena_format(checker->arena, "if a text is meant, write \"%s\"", name) : NULL;
}

void check_unknown(Checker *checker, const char *code, const char *what, Name name,
                   const Map *known, const Map *also_known)
{
    if (checker->muted || declaration_is_lost(checker, name.span))
        return;
    Suggestion suggestion = suggest_begin(name.text);
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, code, name.span, "there is no %s '%.*s'",
                                 what, NAME_SHOWN_MAX, name.text);
    if (checker->model->diagnostics->dropped > 0)
        return; /* nobody would see the suggestion */
    suggest_try_map(&suggestion, known);
    if (also_known != NULL)
        suggest_try_map(&suggestion, also_known);
    if (suggestion.best == NULL)
        d->remedy = foreign_remedy(checker, name.text, strcmp(what, "name") == 0);
    else
        d->remedy = arena_format(checker->arena, "did you mean '%s'?", suggestion.best);
}

StaticType check_declared_type(Checker *checker, const TypeExpr *type)
{
    const Diagnostics *diagnostics = checker->model->diagnostics;

    if (type == NULL)
        return STATIC_ERROR;
    for (size_t i = 0; i < checker->parse_diagnostics; i++)
        if (diagnostics->items[i].span.start >= type->span.start &&
            diagnostics->items[i].span.start <= type->span.end)
            return STATIC_ERROR;
    return static_type_of_expr(type);
}

bool check_descend(Checker *checker, Span span)
{
    checker->depth++;
    if (checker->depth <= CHECK_DEPTH_MAX)
        return true;
    if (!checker->too_deep_said) {
        Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-029", span,
                                     "more than %d operators or blocks are nested or chained here",
                                     CHECK_DEPTH_MAX);
        d->remedy = "keep parts of it in `let`s, or split the slice";
        checker->too_deep_said = !checker->muted;
    }
    return false;
}

int model_find(const Map *names, const char *name)
{
    return name == NULL ? -1 : (int)(uintptr_t)map_get(names, name) - 1;
}

static void warn_of_lonely_events(Checker *checker)
{
    Model *model = checker->model;

    for (size_t i = 0; i < model->event_count; i++) {
        const ModelEvent *event = &model->events[i];
        Diagnostic *d;
        if (!event->emitted) {
            d = check_report(checker, SEVERITY_WARNING, "V-WRN-026", event->handled_at,
                             "nobody broadcasts event '%s'", event->name);
            d->consequence = "this handler never runs";
            d->remedy = arena_format(checker->arena, "write emit Broadcast(Event::%s) in a slice",
                                     event->name);
        } else if (!event->handled) {
            d = check_report(checker, SEVERITY_WARNING, "V-WRN-027", event->emitted_at,
                             "nobody handles event '%s'", event->name);
            d->consequence = "the broadcast changes nothing";
            d->remedy =
                arena_format(checker->arena, "write `on Event::%s { }` in a domain", event->name);
        }
    }
}

void check(Ast *ast, Arena *arena, Diagnostics *diagnostics, Model *ret)
{
    Checker checker = {.model = ret,
                       .arena = arena,
                       .parse_diagnostics = diagnostics->count,
                       .incomplete = diagnostics->error_count > 0};

    *ret = (Model){.arena = arena, .ast = ast, .diagnostics = diagnostics};
    declare_domains(&checker);
    events_collect(&checker);
    check_bodies(&checker);
    check_goals(&checker);
    check_first_values(&checker);
    if (!checker.incomplete) {
        check_comparisons(&checker);
        warn_of_lonely_events(&checker);
    }
    if (diagnostics->error_count == 0)
        check_hazards(&checker);
    scope_deinit(&checker.scope);
    map_deinit(&checker.sites);
}

void model_deinit(Model *model)
{
    for (size_t i = 0; i < model->domain_count; i++) {
        ModelDomain *domain = &model->domains[i];
        map_deinit(&domain->field_names);
        map_deinit(&domain->transition_names);
        for (size_t j = 0; j < domain->field_count; j++)
            map_deinit(&domain->facts[j].assigned_texts);
    }
    map_deinit(&model->domain_names);
    map_deinit(&model->event_names);
}
