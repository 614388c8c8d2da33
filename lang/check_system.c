/* `system`: which domains and instances there are from the beginning, and their first values. */
#include <string.h>

#include "lang/check.h"

bool key_is_right(Checker *checker, const ModelDomain *domain, const Expr *key, Span span)
{
    const char *name = domain->ast->name.text;
    bool keyed = domain->ast->key.text != NULL;
    Diagnostic *d;

    if (keyed == (key != NULL))
        return true;
    if (keyed) {
        d = check_report(checker, SEVERITY_ERROR, "V-ERR-033", span,
                         "domain '%s' has an instance for each key: which one is meant?", name);
        d->remedy = arena_format(checker->arena, "write %s[\"...\"]", name);
    } else {
        d = check_report(checker, SEVERITY_ERROR, "V-ERR-033", key->span,
                         "domain '%s' has no key, there is one of it", name);
        d->remedy = arena_format(checker->arena,
                                 "write %s without a key, or declare it as domain "
                                 "%s[key: string]",
                                 name, name);
    }
    check_note(checker, d, domain->ast->name.span, "it is declared here");
    return false;
}

void check_key(Checker *checker, const ModelDomain *domain, Expr *key, Span span)
{
    if (key_is_right(checker, domain, key, span) && key != NULL)
        check_expect(checker, key, STATIC_STRING, "a key");
}

/* ---- starts ---- */

static void report_twice(Checker *checker, const Start *start, const char *key, Span first)
{
    Name name = start->domain;

    if (key != NULL)
        name.text = arena_format(checker->arena, "%s[\"%s\"]", name.text, key);
    check_taken(checker, "the start of domain", name, first);
}

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
        check_taken(checker, "the first value of", field->name, facts->system_span);
    facts->system_value = field->value;
    facts->system_span = field->name.span;
}

void fields_are_given(ModelDomain *domain, const StartField *fields)
{
    for (const StartField *field = fields; field != NULL; field = field->next) {
        int index = model_find(&domain->field_names, field->name.text);
        if (index >= 0)
            domain->facts[index].given = true;
    }
}

/* A domain without a key takes its first values from here; those of instances are looked at when
 * the first values of all fields are known. */
static void declare_start(Checker *checker, const Start *start, Map *seen)
{
    ModelDomain *domain = check_domain_name(checker, start->domain, "V-ERR-020");

    if (domain == NULL || !key_is_right(checker, domain, start->key, start->domain.span))
        return;
    if (start->key != NULL) {
        checker->model->start_count++;
        fields_are_given(domain, start->fields);
        return;
    }
    const Start *first = map_put(seen, start->domain.text, (void *)start);
    if (first != NULL)
        report_twice(checker, start, NULL, first->domain.span);
    domain->started = true;
    for (const StartField *field = start->fields; field != NULL; field = field->next)
        declare_start_field(checker, domain, field);
}

static void report_second(Checker *checker, const System *second, const System *first)
{
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-016", second->name.span,
                                 "a second `system` in one program");

    check_note(checker, d, first->name.span, "the first is here");
    d->consequence = "which domains exist is said in one place";
    d->remedy = "put the starts of both into one";
}

void declare_systems(Checker *checker)
{
    Model *model = checker->model;
    Map seen = {0};

    model->has_system = model->ast->systems != NULL;
    for (size_t i = 0; i < model->domain_count; i++)
        model->domains[i].started = !model->has_system && model->domains[i].ast->key.text == NULL;
    for (const System *system = model->ast->systems; system != NULL; system = system->next) {
        checker->module = system->declared.module;
        if (system != model->ast->systems)
            report_second(checker, system, model->ast->systems);
        for (const Start *start = system->starts; start != NULL; start = start->next)
            declare_start(checker, start, &seen);
    }
    map_deinit(&seen);
}

/* ---- instances ---- */

static void start_field(Checker *checker, const ModelDomain *domain, const StartField *field,
                        Value *values, Map *seen)
{
    int index = model_find(&domain->field_names, field->name.text);

    if (field->name.text == NULL)
        return;
    if (index < 0) {
        check_unknown(checker, "V-ERR-020", "field", field->name, &domain->field_names, NULL);
        return;
    }
    const StartField *first = map_put(seen, field->name.text, (void *)field);
    if (first != NULL)
        check_taken(checker, "the first value of", field->name, first->name.span);
    check_constant(checker, field->value, domain->fields[index].type,
                   arena_format(checker->arena, "the first value of '%s'", field->name.text),
                   domain->fields[index].span, &values[index]);
}

static void check_start(Checker *checker, const Start *start, Map *keys)
{
    Model *model = checker->model;
    int index = model_find(&model->domain_names, start->domain.text);
    Value key, *values;
    Map seen = {0};

    if (start->key == NULL || index < 0 || model->domains[index].ast->key.text == NULL)
        return;
    const ModelDomain *domain = &model->domains[index];
    values = arena_array(checker->arena, Value, domain->field_count);
    for (size_t i = 0; i < domain->field_count; i++)
        values[i] = domain->fields[i].initial;
    for (const StartField *field = start->fields; field != NULL; field = field->next)
        start_field(checker, domain, field, values, &seen);
    map_deinit(&seen);
    if (!check_constant(checker, start->key, STATIC_STRING, "a key", (Span){0, 0}, &key))
        return;
    const char *address = arena_format(checker->arena, "%d %s", index, key.string->bytes);
    const Start *first = map_put(keys, address, (void *)start);
    if (first != NULL)
        report_twice(checker, start, key.string->bytes, first->domain.span);
    model->starts[model->start_count++] = (ProgramStart){
        .domain = (uint32_t)index, .key = key.string, .fields = values, .span = start->span};
}

void check_starts(Checker *checker)
{
    Model *model = checker->model;
    Map keys = {0};

    model->starts = arena_array(checker->arena, ProgramStart, model->start_count);
    model->start_count = 0;
    for (const System *system = model->ast->systems; system != NULL; system = system->next) {
        checker->module = system->declared.module;
        for (const Start *start = system->starts; start != NULL; start = start->next)
            check_start(checker, start, &keys);
    }
    map_deinit(&keys);
}
