/* What leaves a slice for the outside: effects, events and log lines. */
#include <string.h>

#include "lang/check.h"

/* ---- which effect is meant ---- */

/* What `emit` and `release` name: a declared effect, or what a provider calls it. */
typedef struct Meant {
    const ModelEffect *declared; /* NULL: none */
    const char *provider;        /* NULL: any */
    const char *effect;
} Meant;

static Meant effect_meant(Checker *checker, const Emit *emit)
{
    Model *model = checker->model;
    Meant meant = {.provider = emit->provider.text, .effect = emit->effect.text};

    if (meant.provider != NULL)
        return meant;
    const Declaration *found = declaration_in(checker, &model->effect_names, meant.effect);
    if (found == NULL) {
        const Declaration *other = map_get(&model->effect_names, meant.effect);
        if (other != NULL)
            check_visible(checker, emit->effect, "effect", other->declared, other->span);
        return meant;
    }
    meant.declared = &model->effects[found->index];
    meant.provider = meant.declared->ast->provider.text;
    if (meant.declared->ast->action.text != NULL)
        meant.effect = meant.declared->ast->action.text;
    return meant;
}

static const char *meant_text(Checker *checker, const Meant *meant)
{
    return meant->provider != NULL
               ? arena_format(checker->arena, "%s.%s", meant->provider, meant->effect)
               : meant->effect;
}

/* ---- uses ---- */

/* The n of "n-th emit of the effect `key` in this transition's, handler's or timer's text". */
static uint32_t site_number(Checker *checker, const char *key)
{
    uintptr_t number = (uintptr_t)map_get(&checker->sites, key);

    map_put(&checker->sites, key, (void *)(number + 1));
    return (uint32_t)number;
}

static void record_use(Checker *checker, Emit *emit, const Meant *meant, EffectUse use)
{
    Model *model = checker->model;
    const char **names = arena_array(checker->arena, const char *, argument_count(emit->arguments));

    use.provider = meant->provider;
    use.effect = meant->effect;
    use.domain = checker->domain_index;
    use.transition = checker->transition_index;
    use.handler = checker->handler_index;
    use.timer = checker->timer_index;
    use.argument_names = names;
    use.span = emit->span;
    for (const Argument *a = emit->arguments; a != NULL; a = a->next) {
        if (argument_is(a, "name"))
            use.has_name = true;
        else if (argument_is(a, "idempotency_key"))
            use.has_key = true;
        else
            names[use.argument_count++] = a->name.text;
    }
    arena_reserve_one(checker->arena, model->uses, model->use_count, model->use_capacity);
    emit->target = (uint32_t)model->use_count;
    model->uses[model->use_count++] = use;
}

/* ---- names that mean the same object more than once ---- */

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
        if (!argument_is_identity(a))
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

/* Objects of different instances are different, but what a provider is told is one name. */
static void lint_instances(Checker *checker, const Emit *emit)
{
    if (checker->loop != NULL || checker->domain->ast->key.text == NULL)
        return;
    for (const Argument *a = emit->arguments; a != NULL; a = a->next) {
        if (!argument_is_identity(a) || a->value == NULL || a->value->static_type == STATIC_ERROR ||
            expr_is_dynamic(checker, a->value))
            continue;
        Diagnostic *d = check_report(checker, SEVERITY_LINT, "V-LNT-001", a->span,
                                     "'%s' is the same in every instance of '%s'", a->name.text,
                                     checker->domain->ast->name.text);
        d->consequence = "the provider is asked for the same name once by each of them";
        d->remedy = arena_format(checker->arena, "put the key into it: %s: \"...${%s}\"",
                                 a->name.text, checker->domain->ast->key.text);
    }
}

/* ---- effects ---- */

/* The parameters that are given by place get the names that the provider knows them by. */
static void name_arguments(Emit *emit, const ModelEffect *declared)
{
    for (Argument *a = emit->arguments; a != NULL; a = a->next)
        if (a->name.text == NULL)
            a->name.text = declared->parameters[a->place].name;
}

static void check_effect_arguments(Checker *checker, Emit *emit, const Meant *meant)
{
    const ModelEffect *declared = meant->declared;

    if (declared != NULL) {
        const Callee callee = {.name = declared->ast->name.text,
                               .parameters = declared->parameters,
                               .parameter_count = declared->parameter_count,
                               .trees = declared->ast->parameters,
                               .span = declared->ast->name.span,
                               .is_effect = true};
        if (check_arguments(checker, emit->arguments, &callee, emit->span))
            name_arguments(emit, declared);
        return;
    }
    arguments_are_unique(checker, emit->arguments);
    for (Argument *a = emit->arguments; a != NULL; a = a->next)
        if (argument_is_identity(a))
            check_expect(checker, a->value, STATIC_STRING, a->name.text);
        else
            check_wanted(checker, a->value, STATIC_ANY);
}

static StaticType check_effect(Checker *checker, Emit *emit, bool has_result)
{
    if (emit->effect.text == NULL) {
        check_values(checker, emit->arguments);
        return STATIC_ANY;
    }
    const Meant meant = effect_meant(checker, emit);
    const char *text = meant_text(checker, &meant);
    check_effect_arguments(checker, emit, &meant);
    check_effect_allowed(checker, emit->span, text);
    lint_loop(checker, emit);
    lint_instances(checker, emit);
    if (!checker->muted)
        record_use(checker, emit, &meant,
                   (EffectUse){.site = site_number(checker, text),
                               .awaited = has_result || emit->otherwise != NULL});
    StaticType result = meant.declared != NULL ? meant.declared->result : STATIC_ANY;
    return emit->otherwise != NULL && result != STATIC_ERROR
               ? type_optional(checker->model->types, result)
               : result;
}

void check_release(Checker *checker, Emit *emit)
{
    if (emit == NULL || emit->effect.text == NULL)
        return;
    const Meant meant = effect_meant(checker, emit);
    arguments_are_unique(checker, emit->arguments);
    for (Argument *a = emit->arguments; a != NULL; a = a->next) {
        check_expect(checker, a->value, STATIC_STRING, "the name of an object");
        if (argument_is(a, "name"))
            continue;
        Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-024", a->span,
                                     "`release` takes nothing but the name of an object");
        d->remedy = arena_format(checker->arena, "write release %s(), or name: with its name",
                                 meant_text(checker, &meant));
    }
    check_effect_allowed(checker, emit->span, meant_text(checker, &meant));
    if (!checker->muted)
        record_use(checker, emit, &meant, (EffectUse){.releases = true});
}

/* ---- events ---- */

static void report_field_types(Checker *checker, const Argument *argument,
                               const ModelEventField *field, const char *event, StaticType found)
{
    const TypeTable *types = checker->model->types;
    Diagnostic *d =
        check_report(checker, SEVERITY_ERROR, "V-ERR-025", argument->span,
                     "field '%s' of event '%s' is %s here and %s elsewhere", field->name, event,
                     type_name(types, found), type_name(types, field->type));

    check_note(checker, d, field->span, "here it is %s", type_name(types, field->type));
    d->remedy = "give the field one type in every broadcast";
}

/* The type that carries both; STATIC_ERROR: there is none. */
static StaticType field_join(Checker *checker, StaticType known, StaticType found)
{
    TypeTable *types = checker->model->types;
    StaticType type;

    if (known == STATIC_ANY || found == STATIC_ANY)
        return STATIC_ANY;
    if (known == STATIC_NULL || found == STATIC_NULL)
        return type_optional(types, known == STATIC_NULL ? found : known);
    if (type_join(types, known, found, &type))
        return type;
    if (type_fits(types, found, known))
        return known;
    return type_fits(types, known, found) ? found : STATIC_ERROR;
}

/* A use fixes the type of a field that has none yet, and widens it where it must. */
static void event_field_meet(Checker *checker, ModelEventField *field, const Argument *argument,
                             StaticType found)
{
    if (found == STATIC_ERROR)
        return;
    StaticType type = field->typed ? field_join(checker, field->type, found) : found;
    if (type == STATIC_ERROR || (field->typed && type == field->type))
        return;
    field->type = type;
    field->typed = true;
    field->span = argument->span;
    checker->events_moved = true;
}

static void record_broadcast(Checker *checker, const Emit *emit)
{
    Model *model = checker->model;
    const BroadcastUse use = {emit->target, checker->domain_index, emit->span};

    if (checker->muted || checker->mode == CHECK_TEST)
        return;
    arena_reserve_one(checker->arena, model->broadcasts, model->broadcast_count,
                      model->broadcast_capacity);
    model->broadcasts[model->broadcast_count++] = use;
}

static void check_event_value(Checker *checker, ModelEvent *event, Argument *a)
{
    ModelEventField *field = a->name.text != NULL ? event_field_find(event, a->name.text) : NULL;

    if (field == NULL) {
        check_expr(checker, a->value);
        return;
    }
    a->place = (uint32_t)(field - event->fields);
    if (event->declared != NULL && event->declared->has_fields) {
        check_fits(
            checker, a->value, field->type,
            arena_format(checker->arena, "field '%s' of event '%s'", field->name, event->name),
            field->span);
        return;
    }
    StaticType found = check_wanted(checker, a->value, field->typed ? field->type : STATIC_ERROR);
    if (checker->muted)
        event_field_meet(checker, field, a, found);
    else if (!type_fits(checker->model->types, found, field->type))
        report_field_types(checker, a, field, event->name, found);
}

static void check_broadcast(Checker *checker, Emit *emit)
{
    ModelEvent *event =
        emit->event.text != NULL ? event_find(checker->model, emit->event.text) : NULL;

    arguments_are_unique(checker, emit->arguments);
    if (event == NULL) {
        check_values(checker, emit->arguments);
        return;
    }
    emit->target = (uint32_t)(event - checker->model->events);
    record_broadcast(checker, emit);
    for (Argument *a = emit->arguments; a != NULL; a = a->next)
        check_event_value(checker, event, a);
}

/* ---- log lines ---- */

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
    check_block_perhaps(checker, emit->otherwise);
    scope_leave(&checker->scope, count, next_slot);
}

StaticType check_emit(Checker *checker, Emit *emit, bool has_result)
{
    StaticType result = STATIC_ANY;

    if (emit == NULL)
        return STATIC_ERROR;
    switch (emit->kind) {
    case EMIT_EFFECT:
        result = check_effect(checker, emit, has_result);
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
    return result;
}
