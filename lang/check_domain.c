/* Domains: the tables of what stands in them. */
#include <string.h>

#include "lang/check.h"

/* A slice's registers are addressed with 16 bits, fields first; this leaves room for the others. */
#define FIELDS_MAX 30000

/* ---- state ---- */

static void declare_field(Checker *checker, ModelDomain *domain, const Field *field, size_t index)
{
    domain->fields[index] = (ProgramField){.name = field->name.text,
                                           .type = check_declared_type(checker, field->type),
                                           .span = field->span};
    domain->facts[index].comparisons_end = &domain->facts[index].comparisons;
    if (field->name.text == NULL || name_declare(&domain->field_names, field->name.text, index))
        return;
    int first = model_find(&domain->field_names, field->name.text);
    check_taken(checker, "field", field->name, domain->fields[first].span);
}

static void declare_fields(Checker *checker, ModelDomain *domain)
{
    size_t count = LIST_COUNT(Field, domain->ast->fields), i = 0;

    domain->fields = arena_array(checker->arena, ProgramField, count);
    domain->facts = arena_array(checker->arena, FieldFacts, count);
    domain->field_count = count;
    for (const Field *field = domain->ast->fields; field != NULL; field = field->next)
        declare_field(checker, domain, field, i++);
    if (count > FIELDS_MAX)
        check_report(checker, SEVERITY_ERROR, "V-ERR-029", domain->ast->name.span,
                     "domain '%s' has %zu fields, at most %d are possible", domain->ast->name.text,
                     count, FIELDS_MAX);
}

/* The key is seen like a field that nothing assigns. */
static void declare_key(Checker *checker, const ModelDomain *domain)
{
    Name key = domain->ast->key;
    int field = key.text != NULL ? model_find(&domain->field_names, key.text) : -1;

    if (field >= 0)
        check_taken(checker, "field", (Name){key.text, domain->fields[field].span}, key.span);
}

/* ---- transitions ---- */

static void declare_slices(Checker *checker, const Transition *tree, ProgramTransition *ret)
{
    size_t count = LIST_COUNT(Slice, tree->slices), i = 0;
    const char **names = arena_array(checker->arena, const char *, count);
    Map seen = {0};

    for (const Slice *slice = tree->slices; slice != NULL; slice = slice->next) {
        names[i++] = slice->name.text != NULL ? slice->name.text : "step";
        if (slice->name.text == NULL)
            continue;
        const Slice *first = map_put(&seen, slice->name.text, (void *)slice);
        if (first != NULL)
            check_taken(checker, "slice", slice->name, first->name.span);
    }
    map_deinit(&seen);
    ret->slice_names = names;
    ret->slice_count = count;
}

static void declare_transitions(Checker *checker, ModelDomain *domain)
{
    size_t count = LIST_COUNT(Transition, domain->ast->transitions), i = 0;

    domain->transitions = arena_array(checker->arena, ProgramTransition, count);
    domain->transition_trees = arena_array(checker->arena, const Transition *, count);
    domain->transition_count = count;
    for (const Transition *tree = domain->ast->transitions; tree != NULL; tree = tree->next, i++) {
        domain->transition_trees[i] = tree;
        domain->transitions[i] =
            (ProgramTransition){.name = tree->name.text,
                                .priority = tree->has_priority ? tree->priority : -1,
                                .protect = tree->protect,
                                .protect_span = tree->protect_span,
                                .span = tree->span};
        domain->transitions[i].parameters =
            check_parameters_declared(checker, tree->parameters, "transition", tree->name,
                                      &domain->transitions[i].parameter_count);
        declare_slices(checker, tree, &domain->transitions[i]);
        if (tree->name.text != NULL &&
            !name_declare(&domain->transition_names, tree->name.text, i)) {
            int first = model_find(&domain->transition_names, tree->name.text);
            check_taken(checker, "transition", tree->name,
                        domain->transition_trees[first]->name.span);
        }
    }
}

/* ---- handlers ---- */

static ProgramHandlerKind handler_kind(HandlerKind kind)
{
    switch (kind) {
    case HANDLER_EVENT:
        return ON_EVENT;
    case HANDLER_MESSAGE:
        return ON_MESSAGE;
    case HANDLER_LOST:
        return ON_LOST;
    case HANDLER_CHANGED:
        return ON_CHANGED;
    case HANDLER_FAILED:
        return ON_FAILED;
    }
    return ON_EVENT;
}

/* Of each kind: what its name is in messages. */
static const char *handler_text(HandlerKind kind)
{
    switch (kind) {
    case HANDLER_EVENT:
        return "handler of event";
    case HANDLER_MESSAGE:
        return "handler of message";
    case HANDLER_LOST:
        return "handler of what is lost at";
    case HANDLER_CHANGED:
        return "handler of what has changed at";
    case HANDLER_FAILED:
        return "handler of what has failed at";
    }
    return "handler";
}

/* A message runs a transition or a handler, and its name says which. */
static void declare_message(Checker *checker, ModelDomain *domain, const Handler *tree,
                            size_t index)
{
    int transition = model_find(&domain->transition_names, tree->event.text);

    name_declare(&domain->message_names, tree->event.text, index);
    if (transition < 0)
        return;
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-021", tree->event.span,
                                 "'%s' is a transition of this domain, too", tree->event.text);
    check_note(checker, d, domain->transition_trees[transition]->name.span, "it is declared here");
    d->consequence = "a message of that name could mean both";
    d->remedy = "rename one of them";
}

/* What records of the core call it. */
static const char *handler_where(Checker *checker, const Handler *tree)
{
    switch (tree->kind) {
    case HANDLER_EVENT:
    case HANDLER_MESSAGE:
        return tree->event.text;
    case HANDLER_LOST:
        return arena_format(checker->arena, "%s.lost", tree->provider.text);
    case HANDLER_CHANGED:
        return arena_format(checker->arena, "%s.changed", tree->provider.text);
    case HANDLER_FAILED:
        return arena_format(checker->arena, "%s.failed", tree->provider.text);
    }
    return NULL;
}

static void declare_handler(Checker *checker, ModelDomain *domain, const Handler *tree,
                            size_t index, Map *seen)
{
    ProgramHandler *handler = &domain->handlers[index];
    bool reports = tree->kind >= HANDLER_LOST;
    Name name = reports ? tree->provider : tree->event;

    *handler = (ProgramHandler){.kind = handler_kind(tree->kind),
                                .name = tree->kind == HANDLER_MESSAGE ? name.text : NULL,
                                .provider = reports ? name.text : NULL,
                                .where = name.text != NULL ? handler_where(checker, tree) : NULL,
                                .span = tree->span};
    domain->handler_trees[index] = tree;
    if (tree->kind == HANDLER_MESSAGE)
        handler->parameters = check_parameters_declared(checker, tree->parameters, "message", name,
                                                        &handler->parameter_count);
    if (name.text == NULL)
        return;
    const Handler *first =
        map_put(seen, arena_format(checker->arena, "%s %s", handler_text(tree->kind), name.text),
                (void *)tree);
    if (first != NULL)
        check_taken(checker, handler_text(tree->kind), name,
                    reports ? first->provider.span : first->event.span);
    else if (tree->kind == HANDLER_MESSAGE)
        declare_message(checker, domain, tree, index);
}

static void declare_handlers(Checker *checker, ModelDomain *domain)
{
    size_t count = LIST_COUNT(Handler, domain->ast->handlers), i = 0;
    Map seen = {0};

    domain->handlers = arena_array(checker->arena, ProgramHandler, count);
    domain->handler_trees = arena_array(checker->arena, const Handler *, count);
    domain->handler_count = count;
    for (const Handler *tree = domain->ast->handlers; tree != NULL; tree = tree->next)
        declare_handler(checker, domain, tree, i++, &seen);
    map_deinit(&seen);
}

/* ---- timers and invariants ---- */

/* As written, up to its body. */
static const char *timer_text(Checker *checker, const Timer *tree)
{
    uint32_t end = tree->body != NULL ? tree->body->span.start : tree->span.end;

    return source_line(checker, (Span){tree->span.start, end});
}

/* What records of the core call it; `seen` counts those of each name. */
static const char *timer_where(Checker *checker, const Timer *tree, Map *seen)
{
    cleanup(buffer_deinit) Buffer interval = {0};

    value_print(&interval, value_duration(tree->interval_ms));
    const char *name =
        arena_format(checker->arena, "%s_%s", tree->kind == TIMER_EVERY ? "every" : "after",
                     buffer_text(&interval));
    uintptr_t same = (uintptr_t)map_get(seen, name) + 1;
    map_put(seen, name, (void *)same);
    return same == 1 ? name : arena_format(checker->arena, "%s_%zu", name, (size_t)same);
}

static void declare_timers(Checker *checker, ModelDomain *domain)
{
    size_t count = LIST_COUNT(Timer, domain->ast->timers), i = 0;
    Map seen = {.borrows = true};

    domain->timers = arena_array(checker->arena, ProgramTimer, count);
    domain->timer_count = count;
    for (const Timer *tree = domain->ast->timers; tree != NULL; tree = tree->next) {
        domain->timers[i++] = (ProgramTimer){.repeats = tree->kind == TIMER_EVERY,
                                             .interval_ms = tree->interval_ms,
                                             .text = timer_text(checker, tree),
                                             .where = timer_where(checker, tree, &seen),
                                             .span = tree->span};
    }
    map_deinit(&seen);
}

static void declare_invariants(Checker *checker, ModelDomain *domain)
{
    size_t count = LIST_COUNT(Invariant, domain->ast->invariants), i = 0;
    Map seen = {0};

    domain->invariants = arena_array(checker->arena, ProgramInvariant, count);
    domain->invariant_count = count;
    for (const Invariant *tree = domain->ast->invariants; tree != NULL; tree = tree->next) {
        domain->invariants[i++] = (ProgramInvariant){.name = tree->name.text, .span = tree->span};
        if (tree->name.text == NULL)
            continue;
        const Invariant *first = map_put(&seen, tree->name.text, (void *)tree);
        if (first != NULL)
            check_taken(checker, "invariant", tree->name, first->name.span);
    }
    map_deinit(&seen);
}

/* ---- what the parser gave up ---- */

static bool span_has(Span span, uint32_t at)
{
    return at >= span.start && at <= span.end;
}

/* Whether a mistake is in none of the domain's bodies, and so perhaps in its state. */
static bool is_outside_bodies(const Domain *tree, uint32_t at)
{
    for (const Transition *t = tree->transitions; t != NULL; t = t->next)
        if (span_has(t->span, at))
            return false;
    for (const Handler *h = tree->handlers; h != NULL; h = h->next)
        if (span_has(h->span, at))
            return false;
    for (const Timer *timer = tree->timers; timer != NULL; timer = timer->next)
        if (span_has(timer->span, at))
            return false;
    for (const Goal *g = tree->goals; g != NULL; g = g->next)
        if (span_has(g->span, at))
            return false;
    return true;
}

static bool is_damaged(const Checker *checker, const Domain *tree)
{
    const Diagnostic *items = checker->model->diagnostics->items;

    for (size_t i = 0; i < checker->parse_diagnostics; i++)
        if (span_has(tree->span, items[i].span.start) &&
            is_outside_bodies(tree, items[i].span.start))
            return true;
    return false;
}

/* ---- all of them ---- */

static void declare_domain(Checker *checker, ModelDomain *domain)
{
    domain->boot = -1;
    domain->environment = -1;
    domain->damaged = is_damaged(checker, domain->ast);
    checker->module = domain->ast->declared.module;
    declare_fields(checker, domain);
    declare_key(checker, domain);
    declare_transitions(checker, domain);
    declare_handlers(checker, domain);
    declare_timers(checker, domain);
    declare_invariants(checker, domain);
}

/* What is imported is looked at, not run. */
static void check_no_script(Checker *checker, const Domain *tree)
{
    if (!tree->is_script || tree->declared.module == 0)
        return;
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-031", tree->span,
                                 "this file is imported, so it cannot be a script");
    d->remedy = "put its state, goals and statements into a domain";
}

void declare_domains(Checker *checker)
{
    Model *model = checker->model;
    size_t i = 0;

    model->domain_count = LIST_COUNT(Domain, model->ast->domains);
    model->domains = arena_array(checker->arena, ModelDomain, model->domain_count);
    for (Domain *tree = model->ast->domains; tree != NULL; tree = tree->next, i++) {
        model->domains[i].ast = tree;
        check_no_script(checker, tree);
        declare_domain(checker, &model->domains[i]);
        if (tree->name.text != NULL && !name_declare(&model->domain_names, tree->name.text, i)) {
            int first = model_find(&model->domain_names, tree->name.text);
            check_taken(checker, "domain", tree->name, model->domains[first].ast->name.span);
        }
    }
}

void fields_zero(Checker *checker)
{
    const Model *model = checker->model;

    for (size_t i = 0; i < model->domain_count; i++)
        for (size_t f = 0; f < model->domains[i].field_count; f++) {
            ProgramField *field = &model->domains[i].fields[f];
            field->initial = type_zero(model->types, field->type, checker->arena);
        }
}

ModelDomain *check_domain_name(Checker *checker, Name use, const char *code)
{
    Model *model = checker->model;
    int index = model_find(&model->domain_names, use.text);

    if (use.text == NULL)
        return NULL;
    if (index < 0) {
        check_unknown(checker, code, "domain", use, &model->domain_names, NULL);
        return NULL;
    }
    ModelDomain *domain = &model->domains[index];
    if (!check_visible(checker, use, "domain", &domain->ast->declared, domain->ast->name.span))
        return NULL;
    return domain;
}
