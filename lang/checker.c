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
#include "lang/program_index.h"

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
    if (checker->muted || is_aftermath(checker, span) ||
        (severity != SEVERITY_ERROR &&
         allows_silence(checker->model->allows, checker->model->allow_count, code, span.start)))
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

static bool is_of_declarations(const Model *model, const Map *names)
{
    return names == &model->names || names == &model->effect_names ||
           names == &model->environment_names;
}

/* A name that is declared, but not for this file. */
static bool name_is_hidden(Checker *checker, const char *what, Name name, const Map *names)
{
    const Declaration *other =
        is_of_declarations(checker->model, names) ? map_get(names, name.text) : NULL;

    return other != NULL && !check_visible(checker, name, what, other->declared, other->span);
}

void check_suggest(Checker *checker, Diagnostic *diagnostic, Span span,
                   const Suggestion *suggestion)
{
    if (suggestion->best == NULL)
        return;
    diagnostic->remedy = arena_format(checker->arena, "did you mean '%s'?", suggestion->best);
    diagnostic_edit(checker->model->diagnostics, diagnostic, span, "%s", suggestion->best);
}

void check_unknown(Checker *checker, const char *code, const char *what, Name name,
                   const Map *known, const Map *also_known)
{
    const Map *declared = strcmp(what, "name") == 0 ? &checker->model->names : known;

    if (checker->muted || checker->model->import_failed || declaration_is_lost(checker, name.span))
        return;
    if (name_is_hidden(checker, what, name, declared))
        return;
    Suggestion suggestion = suggest_begin(name.text);
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, code, name.span, "there is no %s '%.*s'",
                                 what, NAME_SHOWN_MAX, name.text);
    if (checker->model->diagnostics->dropped > 0)
        return; /* nobody would see the suggestion */
    if (known != NULL)
        suggest_try_map(&suggestion, known);
    if (also_known != NULL)
        suggest_try_map(&suggestion, also_known);
    if (declared != known)
        suggest_try_map(&suggestion, declared);
    if (suggestion.best == NULL)
        d->remedy = foreign_remedy(checker, name.text, strcmp(what, "name") == 0);
    check_suggest(checker, d, name.span, &suggestion);
}

/* One line of the source, for people: comments gone, white space as one space. */
const char *source_line(Checker *checker, Span span)
{
    const Source *source = checker->model->ast->source;
    Buffer text = {0};
    bool quoted = false, space = false;

    for (uint32_t i = span.start; i < span.end; i++) {
        const char *at = source->text + i;
        size_t left = span.end - i;
        if (!quoted && left >= 2 && at[0] == '/' && (at[1] == '/' || at[1] == '*')) {
            const char *stop = at[1] == '/' ? "\n" : "*/";
            const char *end = memmem(at + 2, left - 2, stop, strlen(stop));
            i = end == NULL ? span.end
                            : (uint32_t)(end - source->text) + (uint32_t)strlen(stop) - 1;
            space = true;
        } else if (!quoted && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')) {
            space = true;
        } else {
            if (space && text.size > 0)
                buffer_add_char(&text, ' ');
            space = false;
            buffer_add_char(&text, *at);
            if (quoted && *at == '\\' && left >= 2)
                buffer_add_char(&text, source->text[++i]);
            else if (*at == '"')
                quoted = !quoted;
        }
    }
    const char *result = arena_copy_bytes(checker->arena, buffer_text(&text), text.size);
    buffer_deinit(&text);
    return result;
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
        if (!event->emitted && event->handled) {
            d = check_report(checker, SEVERITY_WARNING, "V-WRN-026", event->handled_at,
                             "nobody broadcasts event '%s'", event->name);
            d->consequence = "this handler never runs";
            d->remedy = arena_format(checker->arena, "write emit Broadcast(Event::%s) in a slice",
                                     event->name);
        } else if (event->emitted && !event->handled) {
            d = check_report(checker, SEVERITY_WARNING, "V-WRN-027", event->emitted_at,
                             "nobody handles event '%s'", event->name);
            d->consequence = "the broadcast changes nothing";
            d->remedy =
                arena_format(checker->arena, "write `on Event::%s { }` in a domain", event->name);
        }
    }
}

/* What has to be known before any body can be looked at. */
static void declare_all(Checker *checker)
{
    declare_allows(checker);
    declare_names(checker);
    declare_types(checker);
    declare_domains(checker);
    declare_systems(checker);
    declare_environments(checker);
    declare_migrations(checker);
}

/* What may be said of a program that was read as a whole. */
static void check_whole(Checker *checker)
{
    check_comparisons(checker);
    warn_of_lonely_events(checker);
    if (checker->model->diagnostics->error_count > 0)
        return;
    check_hazards(checker);
    check_flow(checker);
}

/* Types are made wherever one is written, so this is known at the end. */
static void check_type_count(Checker *checker)
{
    if (checker->model->types->overflowed)
        check_report(checker, SEVERITY_ERROR, "V-ERR-029", (Span){0, 0},
                     "the program has more than %d types, with lists, maps and optionals of them",
                     TYPES_MAX);
}

void check(Ast *ast, TypeTable *types, Arena *arena, Diagnostics *diagnostics, Model *ret)
{
    Checker checker = {.model = ret,
                       .arena = arena,
                       .parse_diagnostics = diagnostics->count,
                       .incomplete = diagnostics->error_count > 0};

    *ret = (Model){.arena = arena, .ast = ast, .diagnostics = diagnostics, .types = types};
    declare_all(&checker);
    check_records(&checker);
    fields_zero(&checker);
    check_constants(&checker);
    events_collect(&checker);
    check_functions(&checker);
    check_bodies(&checker);
    check_goals(&checker);
    check_migrations(&checker);
    check_moves(&checker);
    check_first_values(&checker);
    check_starts(&checker);
    check_environments(&checker);
    check_tests(&checker);
    check_type_count(&checker);
    if (!checker.incomplete)
        check_whole(&checker);
    scope_deinit(&checker.scope);
    map_deinit(&checker.sites);
    arena_deinit(&checker.scratch);
}

void model_deinit(Model *model)
{
    for (size_t i = 0; i < model->domain_count; i++) {
        ModelDomain *domain = &model->domains[i];
        map_deinit(&domain->field_names);
        map_deinit(&domain->transition_names);
        map_deinit(&domain->message_names);
        for (size_t j = 0; j < domain->field_count; j++)
            map_deinit(&domain->facts[j].assigned_texts);
    }
    map_deinit(&model->domain_names);
    map_deinit(&model->names);
    map_deinit(&model->effect_names);
    map_deinit(&model->environment_names);
    map_deinit(&model->imports);
    map_deinit(&model->event_names);
    map_deinit(&model->move_sources);
}
