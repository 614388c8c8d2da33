/* The types that are written, and what records, enums, functions and effects are made of. */
#include <string.h>

#include "lang/check.h"

/* A slice's registers are addressed with 16 bits; a call's stand in a row. */
#define PARAMETERS_MAX 200
#define MEMBERS_MAX 10000

/* ---- what is written ---- */

static StaticType named_type(Checker *checker, Name name)
{
    Model *model = checker->model;
    const Declaration *found = declaration_find(checker, name.text);

    if (found == NULL) {
        check_unknown(checker, "V-ERR-020", "type", name, &model->names, NULL);
        return STATIC_ERROR;
    }
    if (found->kind == DECLARED_RECORD || found->kind == DECLARED_ENUM)
        return (StaticType)found->index;
    Diagnostic *d =
        check_report(checker, SEVERITY_ERROR, "V-ERR-020", name.span, "'%s' is no type", name.text);
    check_note(checker, d, found->span, "it is declared here");
    return STATIC_ERROR;
}

/* A list or a map of something; of a mistake it is one as well. */
static StaticType type_of_elements(Checker *checker, const TypeExpr *type)
{
    TypeTable *types = checker->model->types;
    StaticType element = check_declared_type(checker, type->element);

    if (element == STATIC_ERROR)
        return STATIC_ERROR;
    return type->type == TYPE_LIST ? type_list(types, element) : type_map(types, element);
}

static StaticType composed_type(Checker *checker, const TypeExpr *type)
{
    switch (type->type) {
    case TYPE_INT:
        return STATIC_INT;
    case TYPE_FLOAT:
        return STATIC_FLOAT;
    case TYPE_BOOL:
        return STATIC_BOOL;
    case TYPE_STRING:
        return STATIC_STRING;
    case TYPE_DURATION:
        return STATIC_DURATION;
    case TYPE_SECRET:
        return STATIC_SECRET;
    case TYPE_ANY:
        return STATIC_ANY;
    case TYPE_LIST:
    case TYPE_MAP:
        return type_of_elements(checker, type);
    case TYPE_NAMED:
        return type->name.text != NULL ? named_type(checker, type->name) : STATIC_ERROR;
    }
    return STATIC_ERROR;
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
    StaticType result = composed_type(checker, type);
    return type->optional && result != STATIC_ERROR ? type_optional(checker->model->types, result)
                                                    : result;
}

/* ---- parameters ---- */

ProgramParameter *check_parameters_declared(Checker *checker, const Parameter *parameters,
                                            const char *what, Name name, size_t *ret_count)
{
    size_t count = LIST_COUNT(Parameter, parameters), i = 0;
    ProgramParameter *result = arena_array(checker->arena, ProgramParameter, count);

    for (const Parameter *p = parameters; p != NULL; p = p->next)
        result[i++] =
            (ProgramParameter){.name = p->name.text, .type = check_declared_type(checker, p->type)};
    *ret_count = count;
    if (count > PARAMETERS_MAX)
        check_report(checker, SEVERITY_ERROR, "V-ERR-029", name.span,
                     "%s '%s' has %zu parameters, at most %d are possible", what, name.text, count,
                     PARAMETERS_MAX);
    return result;
}

static void unique_parameters(Checker *checker, const Parameter *parameters)
{
    Map seen = {0};

    for (const Parameter *p = parameters; p != NULL; p = p->next) {
        const Parameter *first =
            p->name.text != NULL ? map_put(&seen, p->name.text, (void *)p) : NULL;
        if (first != NULL)
            check_taken(checker, "parameter", p->name, first->span);
    }
    map_deinit(&seen);
}

static void declare_signatures(Checker *checker)
{
    Model *model = checker->model;

    for (size_t i = 0; i < model->function_count; i++) {
        ModelFunction *function = &model->functions[i];
        checker->module = function->ast->declared.module;
        function->parameters =
            check_parameters_declared(checker, function->ast->parameters, "function",
                                      function->ast->name, &function->parameter_count);
        function->result = check_declared_type(checker, function->ast->result);
    }
    for (size_t i = 0; i < model->effect_count; i++) {
        ModelEffect *effect = &model->effects[i];
        checker->module = effect->ast->declared.module;
        effect->parameters = check_parameters_declared(checker, effect->ast->parameters, "effect",
                                                       effect->ast->name, &effect->parameter_count);
        unique_parameters(checker, effect->ast->parameters);
        effect->result = effect->ast->result != NULL
                             ? check_declared_type(checker, effect->ast->result)
                             : STATIC_ANY;
    }
}

/* ---- enums ---- */

static void enum_members(Checker *checker, const ModelEnum *declared)
{
    size_t count = LIST_COUNT(EnumMember, declared->ast->members), i = 0;
    TypeMember *members = arena_array(checker->arena, TypeMember, count);
    Map seen = {0};

    for (const EnumMember *m = declared->ast->members; m != NULL; m = m->next) {
        if (m->name.text == NULL)
            continue;
        const EnumMember *first = map_put(&seen, m->name.text, (void *)m);
        if (first != NULL)
            check_taken(checker, "member", m->name, first->name.span);
        else
            members[i++].name = m->name.text;
    }
    map_deinit(&seen);
    type_set_members(checker->model->types, declared->type, members, i);
    if (count > MEMBERS_MAX)
        check_report(checker, SEVERITY_ERROR, "V-ERR-029", declared->ast->name.span,
                     "enum '%s' has %zu members, at most %d are possible", declared->ast->name.text,
                     count, MEMBERS_MAX);
}

/* ---- records ---- */

static void record_members(Checker *checker, ModelRecord *record)
{
    size_t count = LIST_COUNT(Field, record->ast->fields), i = 0;
    Map seen = {0};

    record->members = arena_array(checker->arena, TypeMember, count);
    checker->module = record->ast->declared.module;
    for (const Field *field = record->ast->fields; field != NULL; field = field->next, i++) {
        record->members[i] = (TypeMember){.name = field->name.text != NULL ? field->name.text : "?",
                                          .type = check_declared_type(checker, field->type),
                                          .has_default = field->initial != NULL};
        const Field *first =
            field->name.text != NULL ? map_put(&seen, field->name.text, (void *)field) : NULL;
        if (first != NULL)
            check_taken(checker, "field", field->name, first->name.span);
    }
    map_deinit(&seen);
    type_set_members(checker->model->types, record->type, record->members, count);
    if (count > MEMBERS_MAX)
        check_report(checker, SEVERITY_ERROR, "V-ERR-029", record->ast->name.span,
                     "record '%s' has %zu fields, at most %d are possible", record->ast->name.text,
                     count, MEMBERS_MAX);
}

ModelRecord *model_record(const Model *model, StaticType type)
{
    size_t low = 0, high = model->record_count;

    while (low < high) { /* types are numbered in the order of declaration */
        size_t middle = (low + high) / 2;
        if (model->records[middle].type == type)
            return &model->records[middle];
        if (model->records[middle].type < type)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* ---- records that would never end ---- */

typedef struct RecordWalk {
    Checker *checker;
    uint32_t *heights; /* of each record: how many stand in each other; 0: not known yet */
    uint32_t depth;
    bool reported;
} RecordWalk;

#define RECORD_NESTING_MAX 50
#define HEIGHT_OPEN UINT32_MAX /* its members are being looked at */

static void report_endless(Checker *checker, const Field *field, const ModelRecord *record)
{
    const char *name = record->ast->name.text;
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-032", field->span,
                                 "a '%s' would hold another one, without end", name);

    check_note(checker, d, record->ast->name.span, "'%s' is declared here", name);
    d->remedy = arena_format(checker->arena, "write %s?, list<%s> or map<%s>, which may be empty",
                             name, name, name);
}

static void report_nesting(RecordWalk *walk, const ModelRecord *record)
{
    if (!walk->reported)
        check_report(walk->checker, SEVERITY_ERROR, "V-ERR-029", record->ast->name.span,
                     "more than %d records stand in each other", RECORD_NESTING_MAX);
    walk->reported = true;
}

static uint32_t walk_record(RecordWalk *walk, const ModelRecord *record);

static uint32_t walk_member(RecordWalk *walk, const Field *field, StaticType type)
{
    const Model *model = walk->checker->model;
    const ModelRecord *inner =
        type_kind(model->types, type) == KIND_RECORD ? model_record(model, type) : NULL;

    if (inner == NULL)
        return 0;
    if (walk->heights[inner - model->records] != HEIGHT_OPEN)
        return walk_record(walk, inner);
    report_endless(walk->checker, field, inner);
    return 0;
}

static uint32_t walk_record(RecordWalk *walk, const ModelRecord *record)
{
    uint32_t *height = &walk->heights[record - walk->checker->model->records], tallest = 0;
    size_t i = 0;

    if (*height > 0)
        return *height;
    *height = HEIGHT_OPEN;
    if (++walk->depth <= RECORD_NESTING_MAX)
        for (const Field *field = record->ast->fields; field != NULL; field = field->next) {
            uint32_t inner = walk_member(walk, field, record->members[i++].type);
            tallest = inner > tallest ? inner : tallest;
        }
    if (walk->depth > RECORD_NESTING_MAX || tallest >= RECORD_NESTING_MAX)
        report_nesting(walk, record);
    walk->depth--;
    return *height = tallest + 1;
}

static void check_nesting(Checker *checker)
{
    const Model *model = checker->model;
    RecordWalk walk = {.checker = checker,
                       .heights = arena_array(checker->arena, uint32_t, model->record_count)};

    for (size_t i = 0; i < model->record_count; i++)
        walk_record(&walk, &model->records[i]);
}

void declare_types(Checker *checker)
{
    Model *model = checker->model;

    for (size_t i = 0; i < model->enum_count; i++)
        enum_members(checker, &model->enums[i]);
    for (size_t i = 0; i < model->record_count; i++)
        record_members(checker, &model->records[i]);
    check_nesting(checker);
    declare_signatures(checker);
}

/* ---- defaults ---- */

/* Records within come first, for their zero values are part of this one's. */
static void complete_member(Checker *checker, Field *field, TypeMember *member)
{
    TypeTable *types = checker->model->types;

    if (type_kind(types, member->type) == KIND_RECORD)
        record_complete(checker, member->type);
    Value value = type_zero(types, member->type, checker->arena);
    if (field->initial != NULL)
        check_constant(checker, field->initial, member->type,
                       arena_format(checker->arena, "the default of '%s'", member->name),
                       field->span, &value);
    member->initial = value;
}

void record_complete(Checker *checker, StaticType type)
{
    ModelRecord *record = model_record(checker->model, type);
    uint32_t module = checker->module;
    size_t i = 0;

    if (record == NULL || record->settled != SETTLED_NOT)
        return;
    record->settled = SETTLED_UNDER_WAY;
    checker->module = record->ast->declared.module;
    for (Field *field = record->ast->fields; field != NULL; field = field->next)
        complete_member(checker, field, &record->members[i++]);
    checker->module = module;
    record->settled = SETTLED_YES;
}

void check_records(Checker *checker)
{
    for (size_t i = 0; i < checker->model->record_count; i++)
        record_complete(checker, checker->model->records[i].type);
}
