/* The fields of events: declared, or what their uses agree on.
 *
 * The rule: a broadcast names every value it carries; all broadcasts of an event name the same
 * fields, those of its declaration if it has any; a handler names those it wants, in any order. So
 * a handler binds by name and never by place. An event that nobody broadcasts has the fields its
 * handlers name.
 *
 * Types flow from broadcasts to handlers and, through what handlers broadcast in turn, on to other
 * events. A few muted rounds over all bodies carry them along; what a longer chain would still have
 * brought, and what only feeds itself, is `any` and checked when it is used. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lang/check.h"
#include "lang/walk.h"

#define TYPE_ROUNDS_MAX 8

ModelEvent *event_find(const Model *model, const char *name)
{
    int index = model_find(&model->event_names, name);

    return index < 0 ? NULL : &model->events[index];
}

ModelEventField *event_field_find(ModelEvent *event, const char *name)
{
    size_t low = 0, high = event->field_count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(event->fields[middle].name, name);
        if (order == 0)
            return &event->fields[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static ModelEvent *event_add(Checker *checker, Name name)
{
    Model *model = checker->model;

    assert(model->events != NULL || model->event_count == 0);
    arena_reserve_one(checker->arena, model->events, model->event_count, model->event_capacity);
    assert(model->events != NULL);
    ModelEvent *event = &model->events[model->event_count++];
    *event = (ModelEvent){.name = name.text};
    map_put(&model->event_names, name.text, (void *)(uintptr_t)model->event_count);
    return event;
}

/* An event is one in all files, but a declared one is only known where it is visible. */
static ModelEvent *event_meet(Checker *checker, Name name)
{
    ModelEvent *event = event_find(checker->model, name.text);

    if (event == NULL)
        return event_add(checker, name);
    if (event->declared != NULL)
        check_visible(checker, name, "event", &event->declared->declared,
                      event->declared->name.span);
    return event;
}

static int compare_fields(const void *a, const void *b)
{
    return strcmp(((const ModelEventField *)a)->name, ((const ModelEventField *)b)->name);
}

/* Sort fields and drop repeated names; `fields` becomes the event's. */
static void event_set_fields(ModelEvent *event, ModelEventField *fields, size_t count)
{
    size_t kept = 0;

    if (count > 0)
        qsort(fields, count, sizeof *fields, compare_fields);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || strcmp(fields[kept - 1].name, fields[i].name) != 0)
            fields[kept++] = fields[i];
    event->fields = fields;
    event->field_count = kept;
}

/* ---- declarations ---- */

static void declare_fields(Checker *checker, ModelEvent *event)
{
    size_t count = LIST_COUNT(Parameter, event->declared->fields), i = 0;
    ModelEventField *fields = arena_array(checker->arena, ModelEventField, count);
    Map seen = {.borrows = true};

    for (const Parameter *p = event->declared->fields; p != NULL; p = p->next) {
        if (p->name.text == NULL)
            continue;
        const Parameter *first = map_put(&seen, p->name.text, (void *)p);
        if (first != NULL)
            check_taken(checker, "field", p->name, first->span);
        fields[i++] = (ModelEventField){.name = p->name.text,
                                        .type = check_declared_type(checker, p->type),
                                        .typed = true,
                                        .span = p->span};
    }
    map_deinit(&seen);
    event_set_fields(event, fields, i);
}

static void declare_event(Checker *checker, const EventDecl *tree)
{
    ModelEvent *event = event_find(checker->model, tree->name.text);

    if (tree->name.text == NULL)
        return;
    if (event != NULL) {
        check_taken(checker, "event", tree->name, event->declared->name.span);
        return;
    }
    checker->module = tree->declared.module;
    event = event_add(checker, tree->name);
    event->declared = tree;
    if (tree->has_fields)
        declare_fields(checker, event);
}

static bool has_declared_fields(const ModelEvent *event)
{
    return event->declared != NULL && event->declared->has_fields;
}

/* ---- broadcasts ---- */

static bool arguments_are_named(Checker *checker, const Emit *emit)
{
    for (const Argument *a = emit->arguments; a != NULL; a = a->next)
        if (a->name.text == NULL) {
            Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-024", a->span,
                                         "a value of event '%s' has no name", emit->event.text);
            d->consequence = "handlers take the values of an event by their names";
            d->remedy =
                arena_format(checker->arena, "write Event::%s(NAME: ...)", emit->event.text);
            return false;
        }
    return true;
}

static ModelEventField *emit_fields(Checker *checker, const Emit *emit, size_t *ret_count)
{
    size_t count = 0, capacity = 0;
    ModelEventField *fields = NULL;

    for (const Argument *a = emit->arguments; a != NULL; a = a->next) {
        arena_reserve_one(checker->arena, fields, count, capacity);
        fields[count++] = (ModelEventField){.name = a->name.text, .span = a->span};
    }
    *ret_count = count;
    return fields;
}

/* Both lists are sorted; a field that one has and the other has not is a disagreement. */
static void compare_shape(Checker *checker, const ModelEvent *event, const ModelEvent *other,
                          Span span)
{
    size_t i = 0, j = 0;

    while (i < event->field_count && j < other->field_count &&
           strcmp(event->fields[i].name, other->fields[j].name) == 0) {
        i++;
        j++;
    }
    bool lacks =
        i < event->field_count &&
        (j == other->field_count || strcmp(event->fields[i].name, other->fields[j].name) < 0);
    if (!lacks && j == other->field_count)
        return;
    Diagnostic *d =
        check_report(checker, SEVERITY_ERROR, "V-ERR-025", span,
                     lacks ? "event '%s' is broadcast without its field '%s'"
                           : "event '%s' is broadcast with '%s', elsewhere without it",
                     event->name, lacks ? event->fields[i].name : other->fields[j].name);
    if (has_declared_fields(event)) {
        check_note(checker, d, event->declared->name.span, "its fields are declared here");
        d->remedy = "give exactly the declared fields";
    } else {
        check_note(checker, d, event->emitted_at, "the first broadcast is here");
        d->remedy = "give the same fields in every broadcast of an event";
    }
}

static void collect_broadcast(Checker *checker, const Emit *emit)
{
    size_t count;

    if (emit->event.text == NULL)
        return;
    ModelEvent *event = event_meet(checker, emit->event);
    if (emit->arguments != NULL && !has_declared_fields(event))
        checker->domain->types_events = true;
    bool named = arguments_are_named(checker, emit);
    if (named) {
        ModelEvent shape = {.name = event->name};
        ModelEventField *fields = emit_fields(checker, emit, &count);
        event_set_fields(&shape, fields, count);
        if (event->emitted || has_declared_fields(event)) {
            compare_shape(checker, event, &shape, emit->span);
        } else {
            event->fields = shape.fields;
            event->field_count = shape.field_count;
        }
    }
    event->unnamed = event->unnamed || !named;
    if (!event->emitted)
        event->emitted_at = emit->span;
    event->emitted = true;
}

static bool visit_emit(Visitor *visitor, const Emit *emit)
{
    if (emit->kind == EMIT_BROADCAST)
        collect_broadcast(visitor->context, emit);
    return true;
}

/* ---- handlers ---- */

static void handler_names_known(Checker *checker, ModelEvent *event, const Handler *handler)
{
    for (const Parameter *p = handler->parameters; p != NULL; p = p->next)
        if (p->name.text != NULL && event_field_find(event, p->name.text) == NULL) {
            Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-025", p->span,
                                         "event '%s' has no field '%s'", event->name, p->name.text);
            if (has_declared_fields(event))
                check_note(checker, d, event->declared->name.span, "it is declared here");
            else
                check_note(checker, d, event->emitted_at, "it is broadcast here");
            d->remedy = "a handler takes the values of an event by their names";
        }
}

static void handler_adds_fields(Checker *checker, ModelEvent *event, const Handler *handler)
{
    size_t count = event->field_count, capacity = count;
    ModelEventField *fields = event->fields;

    for (const Parameter *p = handler->parameters; p != NULL; p = p->next) {
        if (p->name.text == NULL)
            continue;
        arena_reserve_one(checker->arena, fields, count, capacity);
        fields[count++] = (ModelEventField){.name = p->name.text, .span = p->span};
    }
    if (count > event->field_count)
        event_set_fields(event, fields, count);
}

static void collect_handler(Checker *checker, const Handler *handler)
{
    if (handler->kind != HANDLER_EVENT || handler->event.text == NULL)
        return;
    ModelEvent *event = event_meet(checker, handler->event);
    if (!event->handled)
        event->handled_at = handler->span;
    event->handled = true;
    if (has_declared_fields(event) || (event->emitted && !event->unnamed))
        handler_names_known(checker, event, handler);
    else
        handler_adds_fields(checker, event, handler);
}

/* ---- both ---- */

static void settle_types(Model *model)
{
    for (size_t i = 0; i < model->event_count; i++)
        for (size_t j = 0; j < model->events[i].field_count; j++) {
            ModelEventField *field = &model->events[i].fields[j];
            if (!field->typed)
                field->type = STATIC_ANY;
            field->typed = true;
        }
}

/* Only broadcasts of values fix types, so nothing else is looked at. */
static void carry_types(Checker *checker)
{
    Model *model = checker->model;

    checker->muted = true;
    checker->events_moved = true;
    for (int round = 0; round < TYPE_ROUNDS_MAX && checker->events_moved; round++) {
        checker->events_moved = false;
        for (size_t i = 0; i < model->domain_count; i++)
            if (model->domains[i].types_events)
                check_domain_bodies(checker, &model->domains[i]);
    }
    checker->muted = false;
}

void events_collect(Checker *checker)
{
    Model *model = checker->model;
    Visitor visitor = {.emit = visit_emit, .expr = walk_emissions_only, .context = checker};

    model->event_names.borrows = true;
    for (const EventDecl *tree = model->ast->events; tree != NULL; tree = tree->next)
        declare_event(checker, tree);
    for (size_t i = 0; i < model->domain_count; i++) {
        checker->domain = &model->domains[i];
        checker->module = checker->domain->ast->declared.module;
        walk_domain(&visitor, checker->domain->ast);
    }
    checker->domain = NULL;
    for (const Domain *domain = model->ast->domains; domain != NULL; domain = domain->next) {
        checker->module = domain->declared.module;
        for (const Handler *h = domain->handlers; h != NULL; h = h->next)
            collect_handler(checker, h);
    }
    carry_types(checker);
    settle_types(model);
}
