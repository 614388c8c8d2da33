/* Declarations: the tables of names, and what stands in them. */
#include <string.h>

#include "lang/check.h"

#define LIST_COUNT(type, list)                                                                     \
    __extension__({                                                                                \
        size_t count_ = 0;                                                                         \
        for (const type *item_ = (list); item_ != NULL; item_ = item_->next)                       \
            count_++;                                                                              \
        count_;                                                                                    \
    })

/* A slice's registers are addressed with 16 bits, fields first; this leaves room for the others. */
#define FIELDS_MAX 30000
#define PARAMETERS_MAX 200

static void report_taken(Checker *checker, const char *what, Name name, Span first)
{
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-021", name.span,
                                 "%s '%s' is declared twice", what, name.text);

    check_note(checker, d, first, "the first is here");
    d->remedy = "rename one of them, or remove it";
}

/* Put a name into a map of indices; false and reported if it is there. `spans` gives the place of
 * each index. */
static bool name_declare(Map *names, const char *name, size_t index)
{
    if (map_get(names, name) != NULL)
        return false;
    map_put(names, name, (void *)(uintptr_t)(index + 1));
    return true;
}

/* ---- one domain ---- */

static Value zero_value(Arena *arena, FieldType type)
{
    switch (type) {
    case FIELD_INT:
        return value_int(0);
    case FIELD_BOOL:
        return value_bool(false);
    case FIELD_STRING:
        return value_string(arena, "", 0);
    case FIELD_DURATION:
        return value_duration(0);
    case FIELD_ANY:
        return value_null();
    }
    return value_null();
}

static void declare_fields(Checker *checker, ModelDomain *domain)
{
    size_t count = LIST_COUNT(Field, domain->ast->fields), i = 0;

    domain->fields = arena_array(checker->arena, ProgramField, count);
    domain->facts = arena_array(checker->arena, FieldFacts, count);
    domain->field_count = count;
    for (const Field *field = domain->ast->fields; field != NULL; field = field->next, i++) {
        FieldType type = static_type_to_field(check_declared_type(checker, field->type));
        domain->fields[i] = (ProgramField){.name = field->name.text,
                                           .type = type,
                                           .initial = zero_value(checker->arena, type),
                                           .span = field->span};
        domain->facts[i].comparisons_end = &domain->facts[i].comparisons;
        if (field->name.text != NULL && !name_declare(&domain->field_names, field->name.text, i)) {
            int first = model_find(&domain->field_names, field->name.text);
            report_taken(checker, "field", field->name, domain->fields[first].span);
        }
    }
    if (count > FIELDS_MAX)
        check_report(checker, SEVERITY_ERROR, "V-ERR-029", domain->ast->name.span,
                     "domain '%s' has %zu fields, at most %d are possible", domain->ast->name.text,
                     count, FIELDS_MAX);
}

static void declare_parameters(Checker *checker, const Transition *tree, ProgramTransition *ret)
{
    size_t count = LIST_COUNT(Parameter, tree->parameters), i = 0;
    ProgramParameter *parameters = arena_array(checker->arena, ProgramParameter, count);

    for (const Parameter *p = tree->parameters; p != NULL; p = p->next)
        parameters[i++] =
            (ProgramParameter){.name = p->name.text,
                               .type = static_type_to_field(check_declared_type(checker, p->type))};
    ret->parameters = parameters;
    ret->parameter_count = count;
    if (count > PARAMETERS_MAX)
        check_report(checker, SEVERITY_ERROR, "V-ERR-029", tree->name.span,
                     "transition '%s' has %zu parameters, at most %d are possible", tree->name.text,
                     count, PARAMETERS_MAX);
}

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
            report_taken(checker, "slice", slice->name, first->name.span);
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
                                .span = tree->span};
        declare_parameters(checker, tree, &domain->transitions[i]);
        declare_slices(checker, tree, &domain->transitions[i]);
        if (tree->name.text != NULL &&
            !name_declare(&domain->transition_names, tree->name.text, i)) {
            int first = model_find(&domain->transition_names, tree->name.text);
            report_taken(checker, "transition", tree->name,
                         domain->transition_trees[first]->name.span);
        }
    }
}

static void declare_handlers(Checker *checker, ModelDomain *domain)
{
    size_t count = LIST_COUNT(Handler, domain->ast->handlers), i = 0;
    Map seen = {0};

    domain->handlers = arena_array(checker->arena, ProgramHandler, count);
    domain->handler_count = count;
    for (const Handler *handler = domain->ast->handlers; handler != NULL; handler = handler->next) {
        domain->handlers[i++] = (ProgramHandler){.span = handler->span};
        if (handler->event.text == NULL)
            continue;
        const Handler *first = map_put(&seen, handler->event.text, (void *)handler);
        if (first != NULL)
            report_taken(checker, "handler of event", handler->event, first->event.span);
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
            report_taken(checker, "invariant", tree->name, first->name.span);
    }
    map_deinit(&seen);
}

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

static void declare_domain(Checker *checker, ModelDomain *domain)
{
    domain->boot = -1;
    domain->damaged = is_damaged(checker, domain->ast);
    declare_fields(checker, domain);
    declare_transitions(checker, domain);
    declare_handlers(checker, domain);
    declare_invariants(checker, domain);
}

/* ---- systems ---- */

static void declare_start_field(Checker *checker, ModelDomain *domain, const StartField *field)
{
    int index = model_find(&domain->field_names, field->name.text);

    if (field->name.text == NULL)
        return;
    if (index < 0) {
        check_unknown(checker, "V-ERR-020", "field", field->name, &domain->field_names, NULL);
        return;
    }
    FieldFacts *facts = &domain->facts[index];
    if (facts->system_value != NULL)
        report_taken(checker, "the first value of", field->name, facts->system_span);
    facts->system_value = field->value;
    facts->system_span = field->name.span;
}

static void declare_start(Checker *checker, const Start *start, Map *seen)
{
    Model *model = checker->model;
    int index = model_find(&model->domain_names, start->domain.text);

    if (start->domain.text == NULL)
        return;
    if (index < 0) {
        check_unknown(checker, "V-ERR-020", "domain", start->domain, &model->domain_names, NULL);
        return;
    }
    const Start *first = map_put(seen, start->domain.text, (void *)start);
    if (first != NULL)
        report_taken(checker, "the start of domain", start->domain, first->domain.span);
    model->domains[index].started = true;
    for (const StartField *field = start->fields; field != NULL; field = field->next)
        declare_start_field(checker, &model->domains[index], field);
}

static void declare_systems(Checker *checker)
{
    Model *model = checker->model;
    Map seen = {0};

    model->has_system = model->ast->systems != NULL;
    for (size_t i = 0; i < model->domain_count; i++)
        model->domains[i].started = !model->has_system;
    for (const System *system = model->ast->systems; system != NULL; system = system->next)
        for (const Start *start = system->starts; start != NULL; start = start->next)
            declare_start(checker, start, &seen);
    map_deinit(&seen);
}

void declare_domains(Checker *checker)
{
    Model *model = checker->model;
    size_t i = 0;

    model->domain_count = LIST_COUNT(Domain, model->ast->domains);
    model->domains = arena_array(checker->arena, ModelDomain, model->domain_count);
    for (Domain *tree = model->ast->domains; tree != NULL; tree = tree->next, i++) {
        model->domains[i].ast = tree;
        declare_domain(checker, &model->domains[i]);
        if (tree->name.text != NULL && !name_declare(&model->domain_names, tree->name.text, i)) {
            int first = model_find(&model->domain_names, tree->name.text);
            report_taken(checker, "domain", tree->name, model->domains[first].ast->name.span);
        }
    }
    declare_systems(checker);
}

/* ---- bodies ---- */

static void body_begin(Checker *checker, int32_t transition, int32_t handler)
{
    checker->mode = CHECK_SLICE;
    checker->body = (Span){0, 0};
    checker->transition_index = transition;
    checker->handler_index = handler;
    checker->transition = transition >= 0 ? checker->domain->transition_trees[transition] : NULL;
    scope_leave(&checker->scope, 0, 0);
    map_deinit(&checker->sites);
}

static void parameter_add(Checker *checker, const Parameter *p, StaticType type)
{
    const Local *taken = scope_find(&checker->scope, p->name.text);
    int field = model_find(&checker->domain->field_names, p->name.text);

    if (taken != NULL)
        report_taken(checker, "parameter", p->name, taken->span);
    if (field >= 0) {
        Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-021", p->name.span,
                                     "'%s' would hide the field of that name", p->name.text);
        check_note(checker, d, checker->domain->fields[field].span, "the field is declared here");
        d->remedy = "choose another name";
    }
    scope_add(&checker->scope, (Local){.name = p->name.text,
                                       .kind = LOCAL_PARAMETER,
                                       .type = type,
                                       .span = p->span,
                                       .dynamic = true});
}

static void check_transition(Checker *checker, size_t index)
{
    const Transition *tree = checker->domain->transition_trees[index];

    body_begin(checker, (int32_t)index, -1);
    checker->body = tree->span;
    check_capabilities(checker, tree->capabilities);
    check_narrowing(checker, tree);
    for (const Parameter *p = tree->parameters; p != NULL; p = p->next)
        if (p->name.text != NULL)
            parameter_add(checker, p, check_declared_type(checker, p->type));
    for (const Slice *slice = tree->slices; slice != NULL; slice = slice->next)
        check_block(checker, slice->body);
}

/* A name binds to the field of the event: its slot is the field's, whatever the order of names. */
static void check_handler(Checker *checker, const Handler *handler, size_t index)
{
    ModelEvent *event =
        handler->event.text != NULL ? event_find(checker->model, handler->event.text) : NULL;

    body_begin(checker, -1, (int32_t)index);
    checker->body = handler->span;
    if (event == NULL)
        return;
    if (!checker->muted)
        checker->domain->handlers[index].event = (uint32_t)(event - checker->model->events);
    for (const Parameter *p = handler->parameters; p != NULL; p = p->next) {
        if (p->name.text == NULL)
            continue;
        ModelEventField *field = event_field_find(event, p->name.text);
        StaticType known = field != NULL && field->typed ? field->type : STATIC_ERROR;
        checker->scope.next_slot = field != NULL ? (uint32_t)(field - event->fields) : 0;
        parameter_add(checker, p, known);
    }
    checker->scope.next_slot = (uint32_t)event->field_count;
    check_block(checker, handler->body);
}

/* One line of the source, for people: comments gone, white space as one space. */
static const char *predicate_text(Checker *checker, const Expr *expr)
{
    const Source *source = checker->model->ast->source;
    Buffer text = {0};
    bool quoted = false, space = false;

    if (expr == NULL)
        return "";
    for (uint32_t i = expr->span.start; i < expr->span.end; i++) {
        const char *at = source->text + i;
        size_t left = expr->span.end - i;
        if (!quoted && left >= 2 && at[0] == '/' && (at[1] == '/' || at[1] == '*')) {
            const char *stop = at[1] == '/' ? "\n" : "*/";
            const char *end = memmem(at + 2, left - 2, stop, strlen(stop));
            i = end == NULL ? expr->span.end
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

static void check_predicates(Checker *checker)
{
    ModelDomain *domain = checker->domain;
    size_t i = 0;

    body_begin(checker, -1, -1);
    checker->mode = CHECK_PREDICATE;
    for (Goal *goal = domain->ast->goals; goal != NULL; goal = goal->next) {
        check_expect(checker, goal->predicate, STATIC_BOOL, "a predicate");
        facts_condition(checker, goal->predicate, IN_GOAL);
    }
    for (Invariant *invariant = domain->ast->invariants; invariant != NULL;
         invariant = invariant->next) {
        check_expect(checker, invariant->predicate, STATIC_BOOL, "an invariant");
        domain->invariants[i++].text = predicate_text(checker, invariant->predicate);
    }
}

void check_bodies(Checker *checker)
{
    Model *model = checker->model;

    for (size_t i = 0; i < model->domain_count; i++) {
        size_t index = 0;
        checker->domain = &model->domains[i];
        checker->domain_index = (uint32_t)i;
        checker->transition = NULL;
        check_capabilities(checker, checker->domain->ast->capabilities);
        for (size_t t = 0; t < checker->domain->transition_count; t++)
            check_transition(checker, t);
        for (const Handler *h = checker->domain->ast->handlers; h != NULL; h = h->next)
            check_handler(checker, h, index++);
        if (!checker->muted)
            check_predicates(checker);
    }
}

/* ---- goals ---- */

static int goal_transition(Checker *checker, Name name, const char *role)
{
    ModelDomain *domain = checker->domain;
    int index = model_find(&domain->transition_names, name.text);

    if (name.text == NULL)
        return -1;
    if (index < 0) {
        check_unknown(checker, "V-ERR-023", "transition", name, &domain->transition_names, NULL);
        return -1;
    }
    if (domain->transitions[index].parameter_count > 0) {
        Diagnostic *d =
            check_report(checker, SEVERITY_ERROR, "V-ERR-023", name.span,
                         "'%s' takes parameters, so it cannot be a %s", name.text, role);
        check_note(checker, d, domain->transition_trees[index]->name.span, "it is declared here");
        d->consequence = "nobody would give it their values";
    }
    return index;
}

static void goal_strategy(Checker *checker, const Goal *tree, ProgramGoal *goal, bool *in_strategy)
{
    uint32_t *transitions = arena_array(checker->arena, uint32_t, tree->strategy_count);
    size_t count = 0;

    for (size_t i = 0; i < tree->strategy_count; i++) {
        int index = goal_transition(checker, tree->strategy[i], "strategy");
        if (index < 0)
            continue;
        transitions[count++] = (uint32_t)index;
        in_strategy[index] = true;
    }
    goal->transitions = transitions;
    goal->transition_count = count;
    goal->has_strategy = tree->has_strategy;
    goal->fallback = goal_transition(checker, tree->fallback, "fallback");
    if (goal->fallback >= 0)
        in_strategy[goal->fallback] = true;
}

/* Those that serve a goal without a strategy: no parameters, not Boot, in nobody's strategy or
 * fallback. */
static void default_strategy(Checker *checker, const bool *in_strategy)
{
    ModelDomain *domain = checker->domain;
    uint32_t *transitions = arena_array(checker->arena, uint32_t, domain->transition_count);
    size_t count = 0;

    for (size_t i = 0; i < domain->transition_count; i++)
        if (domain->transitions[i].parameter_count == 0 && !in_strategy[i] &&
            domain->transitions[i].name != NULL && strcmp(domain->transitions[i].name, "Boot") != 0)
            transitions[count++] = (uint32_t)i;
    for (size_t i = 0; i < domain->goal_count; i++) {
        if (domain->goals[i].has_strategy)
            continue;
        domain->goals[i].transitions = transitions;
        domain->goals[i].transition_count = count;
    }
}

static ProgramTerminate goal_terminate(TerminateKind kind)
{
    switch (kind) {
    case TERMINATE_NEVER:
        return GOAL_NEVER;
    case TERMINATE_RETRIES:
        return GOAL_RETRIES;
    case TERMINATE_AFTER:
        return GOAL_AFTER;
    }
    return GOAL_NEVER;
}

#define PRIORITY_NORMAL 100
#define BACKOFF_FIRST_MS 1000
#define BACKOFF_CAP_MS 300000

static ProgramGoal goal_make(Checker *checker, const Goal *tree, size_t ordinal)
{
    const char *name = tree->name.text != NULL ? tree->name.text
                                               : arena_format(checker->arena, "goal_%zu", ordinal);

    return (ProgramGoal){
        .name = name,
        .text = predicate_text(checker, tree->predicate),
        .priority = tree->has_priority ? tree->priority : PRIORITY_NORMAL,
        .terminate = goal_terminate(tree->terminate),
        .terminate_limit = tree->terminate_limit,
        .backoff_first_ms = tree->has_backoff ? tree->backoff_first_ms : BACKOFF_FIRST_MS,
        .backoff_cap_ms = tree->has_backoff ? tree->backoff_cap_ms : BACKOFF_CAP_MS,
        .fallback = -1,
        .span = tree->span};
}

static void domain_goals(Checker *checker, ModelDomain *domain)
{
    size_t count = LIST_COUNT(Goal, domain->ast->goals), i = 0;
    bool *in_strategy = arena_array(checker->arena, bool, domain->transition_count);
    Map names = {0};

    domain->goals = arena_array(checker->arena, ProgramGoal, count);
    domain->goal_count = count;
    for (const Goal *tree = domain->ast->goals; tree != NULL; tree = tree->next, i++) {
        domain->goals[i] = goal_make(checker, tree, i + 1);
        const Goal *first = map_put(&names, domain->goals[i].name, (void *)tree);
        if (first != NULL)
            report_taken(checker, "goal",
                         (Name){domain->goals[i].name,
                                tree->name.text != NULL ? tree->name.span : tree->span},
                         first->name.text != NULL ? first->name.span : first->span);
        goal_strategy(checker, tree, &domain->goals[i], in_strategy);
    }
    map_deinit(&names);
    default_strategy(checker, in_strategy);
    int boot = model_find(&domain->transition_names, "Boot");
    if (boot < 0 || in_strategy[boot])
        return;
    domain->boot = boot;
    domain->transitions[boot].is_boot = true;
    if (domain->transitions[boot].parameter_count > 0)
        check_report(checker, SEVERITY_ERROR, "V-ERR-024",
                     domain->transition_trees[boot]->name.span,
                     "'Boot' takes parameters, but nobody gives them at the start");
}

void check_goals(Checker *checker)
{
    for (size_t i = 0; i < checker->model->domain_count; i++) {
        checker->domain = &checker->model->domains[i];
        domain_goals(checker, checker->domain);
    }
}
