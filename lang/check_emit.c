/* What leaves a slice: effects, events, log lines and messages, and their arguments. */
#include <string.h>

#include "lang/check.h"

/* ---- arguments ---- */

static size_t argument_count(const Argument *arguments)
{
    size_t count = 0;

    for (const Argument *a = arguments; a != NULL; a = a->next)
        count++;
    return count;
}

static void check_values(Checker *checker, Argument *arguments)
{
    for (Argument *a = arguments; a != NULL; a = a->next)
        check_expr(checker, a->value);
}

static bool names_are_unique(Checker *checker, const Argument *arguments)
{
    Map seen = {0};
    bool unique = true;

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

/* ---- effects ---- */

static bool argument_is(const Argument *argument, const char *name)
{
    return argument->name.text != NULL && strcmp(argument->name.text, name) == 0;
}

/* The n of "n-th emit of that effect in this transition's or handler's text". */
static uint32_t site_number(Checker *checker, const Emit *emit)
{
    const char *provider = emit->provider.text != NULL ? emit->provider.text : "";
    const char *key = arena_format(checker->arena, "%s.%s", provider, emit->effect.text);
    uintptr_t number = (uintptr_t)map_get(&checker->sites, key);

    map_put(&checker->sites, key, (void *)(number + 1));
    return (uint32_t)number;
}

static void record_use(Checker *checker, Emit *emit, bool has_result)
{
    Model *model = checker->model;
    size_t count = argument_count(emit->arguments), kept = 0;
    const char **names = arena_array(checker->arena, const char *, count);
    EffectUse use = {.provider = emit->provider.text,
                     .effect = emit->effect.text,
                     .domain = checker->domain_index,
                     .transition = checker->transition_index,
                     .handler = checker->handler_index,
                     .site = site_number(checker, emit),
                     .argument_names = names,
                     .awaited = has_result || emit->otherwise != NULL,
                     .span = emit->span};

    for (const Argument *a = emit->arguments; a != NULL; a = a->next) {
        if (argument_is(a, "name"))
            use.has_name = true;
        else if (argument_is(a, "idempotency_key"))
            use.has_key = true;
        else
            names[kept++] = a->name.text;
    }
    use.argument_count = kept;
    arena_reserve_one(checker->arena, model->uses, model->use_count, model->use_capacity);
    emit->target = (uint32_t)model->use_count;
    model->uses[model->use_count++] = use;
}

static void lint_constant_identity(Checker *checker, const Argument *argument)
{
    if (argument->value == NULL || argument->value->static_type == STATIC_ERROR ||
        expr_varies(checker, argument->value))
        return;
    Diagnostic *d = check_report(checker, SEVERITY_LINT, "V-LNT-001", argument->span,
                                 "'%s' is the same in every turn of the loop", argument->name.text);
    d->consequence = "every turn means the same object or deed, so only one of them takes effect";
    d->remedy = arena_format(checker->arena, "put what changes into it: %s: \"...${i}\"",
                             argument->name.text);
}

static void lint_loop(Checker *checker, const Emit *emit)
{
    bool named = false;

    if (checker->loop == NULL)
        return;
    for (const Argument *a = emit->arguments; a != NULL; a = a->next) {
        if (!argument_is(a, "name") && !argument_is(a, "idempotency_key"))
            continue;
        named = true;
        lint_constant_identity(checker, a);
    }
    if (named)
        return;
    Diagnostic *d = check_report(checker, SEVERITY_LINT, "V-LNT-005", emit->span,
                                 "an unnamed emission of '%s' in a loop", emit->effect.text);
    d->consequence = "which object a turn means depends on how many turns there were before";
    d->remedy = "give each a name: name: \"...${i}\"";
}

static void check_effect(Checker *checker, Emit *emit, bool has_result)
{
    names_are_unique(checker, emit->arguments);
    for (Argument *a = emit->arguments; a != NULL; a = a->next) {
        if (argument_is(a, "name") || argument_is(a, "idempotency_key"))
            check_expect(checker, a->value, STATIC_STRING, a->name.text);
        else
            check_expr(checker, a->value);
    }
    if (emit->effect.text == NULL)
        return;
    check_effect_allowed(checker, emit);
    lint_loop(checker, emit);
    if (!checker->muted)
        record_use(checker, emit, has_result);
}

/* ---- events and log lines ---- */

static void report_field_types(Checker *checker, const Argument *argument,
                               const ModelEventField *field, const char *event, StaticType found)
{
    Diagnostic *d =
        check_report(checker, SEVERITY_ERROR, "V-ERR-025", argument->span,
                     "field '%s' of event '%s' is %s here and %s elsewhere", field->name, event,
                     static_type_name(found), static_type_name(field->type));

    check_note(checker, d, field->span, "here it is %s", static_type_name(field->type));
    d->remedy = "give the field one type in every broadcast";
}

/* A use fixes the type of a field that has none yet, and widens it to `any` if it carries a result.
 */
static void event_field_meet(Checker *checker, ModelEvent *event, const Argument *argument,
                             StaticType found)
{
    ModelEventField *field = event_field_find(event, argument->name.text);

    if (field == NULL || found == STATIC_ERROR)
        return;
    if (!field->typed || (found == STATIC_ANY && field->type != STATIC_ANY)) {
        field->type = found;
        field->typed = true;
        field->span = argument->span;
        checker->events_moved = true;
    } else if (!static_type_fits(found, field->type)) {
        report_field_types(checker, argument, field, event->name, found);
    }
}

static void record_broadcast(Checker *checker, const Emit *emit)
{
    Model *model = checker->model;
    const BroadcastUse use = {emit->target, checker->domain_index, emit->span};

    if (checker->muted)
        return;
    arena_reserve_one(checker->arena, model->broadcasts, model->broadcast_count,
                      model->broadcast_capacity);
    model->broadcasts[model->broadcast_count++] = use;
}

static void check_broadcast(Checker *checker, Emit *emit)
{
    ModelEvent *event =
        emit->event.text != NULL ? event_find(checker->model, emit->event.text) : NULL;

    names_are_unique(checker, emit->arguments);
    check_values(checker, emit->arguments);
    if (event == NULL)
        return;
    emit->target = (uint32_t)(event - checker->model->events);
    record_broadcast(checker, emit);
    for (Argument *a = emit->arguments; a != NULL; a = a->next) {
        if (a->name.text == NULL || a->value == NULL)
            continue;
        const ModelEventField *field = event_field_find(event, a->name.text);
        if (field != NULL)
            a->place = (uint32_t)(field - event->fields);
        event_field_meet(checker, event, a, (StaticType)a->value->static_type);
    }
}

static void check_log(Checker *checker, Emit *emit)
{
    size_t count = argument_count(emit->arguments);

    check_values(checker, emit->arguments);
    if (count == 1 && emit->arguments->name.text == NULL)
        return;
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-024", emit->span,
                                 "`Log` takes one unnamed value, found %zu arguments%s", count,
                                 count == 1 ? " with a name" : "");
    d->remedy = "write emit Log(\"... ${value} ...\")";
}

static void check_no_result(Checker *checker, const Emit *emit, bool has_result)
{
    if (!has_result)
        return;
    Diagnostic *d =
        check_report(checker, SEVERITY_ERROR, "V-ERR-024", emit->span, "%s has no result to keep",
                     emit->kind == EMIT_LOG ? "a log line" : "a broadcast");
    d->remedy = "write it without `let`";
}

/* ---- the else block ---- */

/* In it, `error` has the members code and message of the failure. */
static void check_otherwise(Checker *checker, Emit *emit)
{
    size_t count = checker->scope.count;
    uint32_t next_slot = checker->scope.next_slot;
    Local error = {.name = "error",
                   .kind = LOCAL_ERROR,
                   .type = STATIC_ANY,
                   .span = emit->span,
                   .loop_depth = checker->loop_depth,
                   .dynamic = true};

    emit->error = scope_add(&checker->scope, error)->slot;
    check_block(checker, emit->otherwise);
    scope_leave(&checker->scope, count, next_slot);
}

void check_emit(Checker *checker, Emit *emit, bool has_result)
{
    if (emit == NULL)
        return;
    switch (emit->kind) {
    case EMIT_EFFECT:
        check_effect(checker, emit, has_result);
        break;
    case EMIT_BROADCAST:
        check_broadcast(checker, emit);
        check_no_result(checker, emit, has_result);
        break;
    case EMIT_LOG:
        check_log(checker, emit);
        check_no_result(checker, emit, has_result);
        break;
    }
    if (emit->otherwise != NULL)
        check_otherwise(checker, emit);
}

/* ---- messages ---- */

static const Parameter *parameter_at(const Parameter *parameter, size_t index)
{
    while (parameter != NULL && index-- > 0)
        parameter = parameter->next;
    return parameter;
}

static int parameter_index(const ProgramTransition *transition, const char *name)
{
    for (size_t i = 0; i < transition->parameter_count; i++)
        if (transition->parameters[i].name != NULL &&
            strcmp(transition->parameters[i].name, name) == 0)
            return (int)i;
    return -1;
}

static void check_parameter_type(Checker *checker, Argument *argument,
                                 const ProgramTransition *transition, const Parameter *parameter)
{
    StaticType found =
        argument->value == NULL ? STATIC_ERROR : (StaticType)argument->value->static_type;
    StaticType expected = static_type_of_expr(parameter->type);

    if (static_type_fits(found, expected))
        return;
    Diagnostic *d =
        check_report(checker, SEVERITY_ERROR, "V-ERR-022", argument->span,
                     "parameter '%s' of '%s' is %s, found %s", parameter->name.text,
                     transition->name, static_type_name(expected), static_type_name(found));
    check_note(checker, d, parameter->span, "it is declared here");
}

static void report_argument_count(Checker *checker, const Stmt *stmt,
                                  const ProgramTransition *transition, size_t found)
{
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-024", stmt->span,
                                 "'%s' takes %zu argument%s, found %zu", transition->name,
                                 transition->parameter_count,
                                 transition->parameter_count == 1 ? "" : "s", found);

    check_note(checker, d, transition->span, "it is declared here");
}

/* Each argument to its parameter: by name, or by its place among all. */
static void check_parameters(Checker *checker, Stmt *stmt, const ModelDomain *receiver)
{
    const ProgramTransition *transition = &receiver->transitions[stmt->transition];
    const Transition *tree = receiver->transition_trees[stmt->transition];
    size_t count = argument_count(stmt->send.arguments), place = 0;

    if (!names_are_unique(checker, stmt->send.arguments))
        return;
    if (count != transition->parameter_count) {
        report_argument_count(checker, stmt, transition, count);
        return;
    }
    for (Argument *a = stmt->send.arguments; a != NULL; a = a->next, place++) {
        int index = a->name.text != NULL ? parameter_index(transition, a->name.text) : (int)place;
        if (index < 0) {
            Diagnostic *d =
                check_report(checker, SEVERITY_ERROR, "V-ERR-024", a->name.span,
                             "'%s' has no parameter '%s'", transition->name, a->name.text);
            check_note(checker, d, transition->span, "it is declared here");
            continue;
        }
        a->place = (uint32_t)index;
        check_parameter_type(checker, a, transition, parameter_at(tree->parameters, (size_t)index));
    }
}

/* Mixing names and places could fill one parameter twice and another never. */
static bool arguments_are_uniform(Checker *checker, const Argument *arguments)
{
    for (const Argument *a = arguments; a != NULL && a->next != NULL; a = a->next)
        if ((a->name.text == NULL) != (a->next->name.text == NULL)) {
            Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-024", a->next->span,
                                         "some arguments have names and some have none");
            d->remedy = "name all of a message's arguments, or none";
            return false;
        }
    return true;
}

static ModelDomain *send_receiver(Checker *checker, Stmt *stmt)
{
    Model *model = checker->model;

    if (stmt->send.to_self)
        return checker->domain;
    if (stmt->send.domain.text == NULL)
        return NULL;
    int index = model_find(&model->domain_names, stmt->send.domain.text);
    if (index >= 0)
        return &model->domains[index];
    check_unknown(checker, "V-ERR-005", "domain", stmt->send.domain, &model->domain_names, NULL);
    return NULL;
}

static void check_started(Checker *checker, const Stmt *stmt, const ModelDomain *receiver)
{
    if (receiver->started || stmt->send.to_self)
        return;
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-006", stmt->send.domain.span,
                                 "`system` does not start domain '%s'", receiver->ast->name.text);
    check_note(checker, d, receiver->ast->name.span, "it is declared here");
    d->consequence = "the message would wait for ever";
    d->remedy = arena_format(checker->arena, "add `start domain %s { }` to the system",
                             receiver->ast->name.text);
}

static void record_message(Checker *checker, const Stmt *stmt)
{
    Model *model = checker->model;
    const MessageUse use = {checker->domain_index, stmt->slot, stmt->transition, stmt->span};

    if (checker->muted)
        return;
    arena_reserve_one(checker->arena, model->messages, model->message_count,
                      model->message_capacity);
    model->messages[model->message_count++] = use;
}

void check_send(Checker *checker, Stmt *stmt)
{
    ModelDomain *receiver = send_receiver(checker, stmt);

    check_values(checker, stmt->send.arguments);
    if (receiver == NULL || stmt->send.transition.text == NULL)
        return;
    int transition = model_find(&receiver->transition_names, stmt->send.transition.text);
    if (transition < 0) {
        check_unknown(
            checker, "V-ERR-005",
            arena_format(checker->arena, "transition of domain '%s'", receiver->ast->name.text),
            stmt->send.transition, &receiver->transition_names, NULL);
        return;
    }
    stmt->slot = (uint32_t)(receiver - checker->model->domains);
    stmt->transition = (uint32_t)transition;
    record_message(checker, stmt);
    check_started(checker, stmt, receiver);
    check_send_allowed(checker, stmt, receiver);
    if (arguments_are_uniform(checker, stmt->send.arguments))
        check_parameters(checker, stmt, receiver);
}
