/* Names that are declared outside of domains: a table of each kind, and who has which name. */
#include <string.h>

#include "lang/builtin.h"
#include "lang/check.h"

void check_taken(Checker *checker, const char *what, Name name, Span first)
{
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-021", name.span,
                                 "%s '%s' is declared twice", what, name.text);

    check_note(checker, d, first, "the first is here");
    d->remedy = "rename one of them, or remove it";
}

bool name_declare(Map *names, const char *name, size_t index)
{
    if (map_get(names, name) != NULL)
        return false;
    names->borrows = true; /* the tree has them */
    map_put(names, name, (void *)(uintptr_t)(index + 1));
    return true;
}

/* ---- who has which name ---- */

static const char *kind_text(DeclarationKind kind)
{
    switch (kind) {
    case DECLARED_CONSTANT:
        return "constant";
    case DECLARED_FUNCTION:
        return "function";
    case DECLARED_RECORD:
        return "record";
    case DECLARED_ENUM:
        return "enum";
    case DECLARED_EFFECT:
        return "effect";
    case DECLARED_ENVIRONMENT:
        return "environment";
    }
    return "?";
}

static bool is_builtin(Checker *checker, Name name)
{
    Builtin builtin;

    if (!builtin_find(name.text, &builtin))
        return false;
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-021", name.span,
                                 "'%s' is a function that every program has", name.text);
    d->remedy = "choose another name";
    return true;
}

static void declare(Checker *checker, Map *names, DeclarationKind kind, uint32_t index, Name name,
                    const Declared *declared)
{
    if (name.text == NULL || (names == &checker->model->names && is_builtin(checker, name)))
        return;
    Declaration *others = map_get(names, name.text);
    for (const Declaration *d = others; d != NULL; d = d->next)
        if (d->declared->module == declared->module) {
            check_taken(checker, kind_text(kind), name, d->span);
            return;
        }
    Declaration *declaration = arena_new(checker->arena, Declaration);
    *declaration = (Declaration){.kind = kind,
                                 .index = index,
                                 .name = name.text,
                                 .span = name.span,
                                 .declared = declared,
                                 .next = others};
    map_put(names, name.text, declaration);
}

/* ---- one table each ---- */

static const char *type_text(Name name)
{
    return name.text != NULL ? name.text : "?";
}

static StaticType new_type(Checker *checker, TypeKind kind, Name name)
{
    return type_declare(checker->model->types, kind, type_text(name));
}

static void declare_records(Checker *checker)
{
    Model *model = checker->model;
    size_t i = 0;

    model->record_count = LIST_COUNT(RecordDecl, model->ast->records);
    model->records = arena_array(checker->arena, ModelRecord, model->record_count);
    for (RecordDecl *tree = model->ast->records; tree != NULL; tree = tree->next, i++) {
        StaticType type = new_type(checker, KIND_RECORD, tree->name);
        model->records[i] = (ModelRecord){.ast = tree, .type = type};
        declare(checker, &model->names, DECLARED_RECORD, type, tree->name, &tree->declared);
    }
}

static void declare_enums(Checker *checker)
{
    Model *model = checker->model;
    size_t i = 0;

    model->enum_count = LIST_COUNT(Enum, model->ast->enums);
    model->enums = arena_array(checker->arena, ModelEnum, model->enum_count);
    for (Enum *tree = model->ast->enums; tree != NULL; tree = tree->next, i++) {
        StaticType type = new_type(checker, KIND_ENUM, tree->name);
        model->enums[i] = (ModelEnum){.ast = tree, .type = type};
        declare(checker, &model->names, DECLARED_ENUM, type, tree->name, &tree->declared);
    }
}

static void declare_constants(Checker *checker)
{
    Model *model = checker->model;
    uint32_t i = 0;

    model->constant_count = LIST_COUNT(Const, model->ast->constants);
    model->constants = arena_array(checker->arena, ModelConst, model->constant_count);
    for (Const *tree = model->ast->constants; tree != NULL; tree = tree->next, i++) {
        model->constants[i].ast = tree;
        declare(checker, &model->names, DECLARED_CONSTANT, i, tree->name, &tree->declared);
    }
}

static void declare_functions(Checker *checker)
{
    Model *model = checker->model;
    uint32_t i = 0;

    model->function_count = LIST_COUNT(Function, model->ast->functions);
    model->functions = arena_array(checker->arena, ModelFunction, model->function_count);
    for (Function *tree = model->ast->functions; tree != NULL; tree = tree->next, i++) {
        model->functions[i].ast = tree;
        declare(checker, &model->names, DECLARED_FUNCTION, i, tree->name, &tree->declared);
    }
}

static void declare_effects(Checker *checker)
{
    Model *model = checker->model;
    uint32_t i = 0;

    model->effect_count = LIST_COUNT(EffectDecl, model->ast->effects);
    model->effects = arena_array(checker->arena, ModelEffect, model->effect_count);
    for (EffectDecl *tree = model->ast->effects; tree != NULL; tree = tree->next, i++) {
        model->effects[i].ast = tree;
        declare(checker, &model->effect_names, DECLARED_EFFECT, i, tree->name, &tree->declared);
    }
}

static void declare_environment_names(Checker *checker)
{
    Model *model = checker->model;
    uint32_t i = 0;

    model->environment_count = LIST_COUNT(Environment, model->ast->environments);
    model->environments = arena_array(checker->arena, ProgramEnvironment, model->environment_count);
    model->environment_trees =
        arena_array(checker->arena, const Environment *, model->environment_count);
    for (Environment *tree = model->ast->environments; tree != NULL; tree = tree->next, i++) {
        model->environment_trees[i] = tree;
        model->environments[i] = (ProgramEnvironment){.name = tree->name.text, .span = tree->span};
        declare(checker, &model->environment_names, DECLARED_ENVIRONMENT, i, tree->name,
                &tree->declared);
    }
}

void declare_names(Checker *checker)
{
    declare_imports(checker);
    declare_records(checker);
    declare_enums(checker);
    declare_constants(checker);
    declare_functions(checker);
    declare_effects(checker);
    declare_environment_names(checker);
}
