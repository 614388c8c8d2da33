/* Bodies and predicates of domains: what each is checked with. */
#include <string.h>

#include "lang/check.h"

void check_body_begin(Checker *checker, ModelDomain *domain)
{
    checker->mode = CHECK_SLICE;
    checker->body = (Span){0, 0};
    checker->domain = domain;
    checker->domain_index =
        domain != NULL ? (uint32_t)(domain - checker->model->domains) : UINT32_MAX;
    checker->transition_index = -1;
    checker->handler_index = -1;
    checker->timer_index = -1;
    checker->transition = NULL;
    checker->function = NULL;
    if (domain != NULL)
        checker->module = domain->ast->declared.module;
    scope_leave(&checker->scope, 0, 0);
    map_deinit(&checker->sites);
    checker->sites.borrows = true;
}

/* ---- parameters ---- */

static void report_hidden(Checker *checker, Name name, const char *what, Span declared)
{
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-021", name.span,
                                 "'%s' would hide the %s of that name", name.text, what);

    check_note(checker, d, declared, "the %s is declared here", what);
    d->remedy = "choose another name";
}

/* It may have a field's name, as whoever declares the event or message chose it: the field is then
 * `state.name`. */
static void parameter_add(Checker *checker, const Parameter *p, StaticType type)
{
    const Domain *tree = checker->domain->ast;
    const Local *taken = scope_find(&checker->scope, p->name.text);

    if (taken != NULL)
        check_taken(checker, "parameter", p->name, taken->span);
    if (tree->key.text != NULL && strcmp(tree->key.text, p->name.text) == 0)
        report_hidden(checker, p->name, "key", tree->key.span);
    scope_add(&checker->scope, (Local){.name = p->name.text,
                                       .kind = LOCAL_PARAMETER,
                                       .type = type,
                                       .span = p->span,
                                       .dynamic = true});
}

static void parameters_add(Checker *checker, const Parameter *parameters,
                           const ProgramParameter *declared)
{
    for (const Parameter *p = parameters; p != NULL; p = p->next, declared++)
        if (p->name.text != NULL)
            parameter_add(checker, p, declared->type);
        else
            checker->scope.next_slot++;
}

/* ---- bodies ---- */

static void check_transition(Checker *checker, ModelDomain *domain, size_t index)
{
    const Transition *tree = domain->transition_trees[index];

    check_body_begin(checker, domain);
    checker->transition_index = (int32_t)index;
    checker->transition = tree;
    checker->body = tree->span;
    check_capabilities(checker, tree->capabilities);
    check_narrowing(checker, tree);
    parameters_add(checker, tree->parameters, domain->transitions[index].parameters);
    for (const Slice *slice = tree->slices; slice != NULL; slice = slice->next)
        check_block(checker, slice->body);
}

/* A name binds to the field of the event: its slot is the field's, whatever the order of names. */
static bool bind_event(Checker *checker, const Handler *tree, ProgramHandler *handler)
{
    ModelEvent *event =
        tree->event.text != NULL ? event_find(checker->model, tree->event.text) : NULL;

    if (event == NULL)
        return false;
    handler->event = (uint32_t)(event - checker->model->events);
    for (const Parameter *p = tree->parameters; p != NULL; p = p->next) {
        if (p->name.text == NULL)
            continue;
        ModelEventField *field = event_field_find(event, p->name.text);
        StaticType known = field != NULL && field->typed ? field->type : STATIC_ERROR;
        checker->scope.next_slot = field != NULL ? (uint32_t)(field - event->fields) : 0;
        parameter_add(checker, p, known);
    }
    checker->scope.next_slot = (uint32_t)event->field_count;
    return true;
}

/* What the runtime reports is one object. */
static void bind_report(Checker *checker, const Handler *tree, ProgramHandler *handler)
{
    const Parameter *p = tree->parameters;
    ProgramParameter *parameter = arena_new(checker->arena, ProgramParameter);

    *parameter = (ProgramParameter){.name = p != NULL && p->name.text != NULL ? p->name.text : "r",
                                    .type = STATIC_ANY};
    handler->parameters = parameter;
    handler->parameter_count = 1;
    if (p != NULL && p->name.text != NULL)
        parameter_add(checker, p, STATIC_ANY);
    checker->scope.next_slot = 1;
    if (p == NULL || p->next == NULL)
        return;
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-024", p->next->span,
                                 "this handler gets one object with everything in it");
    d->remedy = tree->kind == HANDLER_FAILED
                    ? "take one name, and read NAME.code, NAME.message, NAME.effect, NAME.address"
                    : "take one name, and read NAME.address, NAME.name, NAME.outputs, NAME.reason";
}

static void check_handler(Checker *checker, ModelDomain *domain, size_t index)
{
    const Handler *tree = domain->handler_trees[index];
    ProgramHandler *handler = &domain->handlers[index];

    check_body_begin(checker, domain);
    checker->handler_index = (int32_t)index;
    checker->body = tree->span;
    switch (handler->kind) {
    case ON_EVENT:
        if (!bind_event(checker, tree, handler))
            return;
        break;
    case ON_MESSAGE:
        parameters_add(checker, tree->parameters, handler->parameters);
        break;
    case ON_LOST:
    case ON_CHANGED:
    case ON_FAILED:
        bind_report(checker, tree, handler);
        break;
    }
    check_block(checker, tree->body);
}

static void check_timer(Checker *checker, ModelDomain *domain, const Timer *tree, size_t index)
{
    check_body_begin(checker, domain);
    checker->timer_index = (int32_t)index;
    checker->body = tree->span;
    check_block(checker, tree->body);
}

/* ---- predicates ---- */

static void check_predicates(Checker *checker, ModelDomain *domain)
{
    size_t i = 0;

    check_body_begin(checker, domain);
    checker->mode = CHECK_PREDICATE;
    for (Goal *goal = domain->ast->goals; goal != NULL; goal = goal->next) {
        check_expect(checker, goal->predicate, STATIC_BOOL, "a predicate");
        facts_condition(checker, goal->predicate, IN_GOAL);
    }
    for (Invariant *invariant = domain->ast->invariants; invariant != NULL;
         invariant = invariant->next) {
        check_expect(checker, invariant->predicate, STATIC_BOOL, "an invariant");
        if (invariant->predicate != NULL)
            domain->invariants[i].text = source_line(checker, invariant->predicate->span);
        i++;
    }
    for (Timer *timer = domain->ast->timers; timer != NULL; timer = timer->next)
        if (timer->when != NULL) {
            check_expect(checker, timer->when, STATIC_BOOL, "what a timer waits for");
            facts_condition(checker, timer->when, IN_HANDLER);
        }
}

void check_domain_bodies(Checker *checker, ModelDomain *domain)
{
    size_t timer = 0;

    check_body_begin(checker, domain);
    check_capabilities(checker, domain->ast->capabilities);
    for (size_t i = 0; i < domain->transition_count; i++)
        check_transition(checker, domain, i);
    for (size_t i = 0; i < domain->handler_count; i++)
        check_handler(checker, domain, i);
    for (const Timer *tree = domain->ast->timers; tree != NULL; tree = tree->next)
        check_timer(checker, domain, tree, timer++);
    if (!checker->muted)
        check_predicates(checker, domain);
}

void check_bodies(Checker *checker)
{
    for (size_t i = 0; i < checker->model->domain_count; i++)
        check_domain_bodies(checker, &checker->model->domains[i]);
}
