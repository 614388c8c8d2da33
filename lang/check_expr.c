/* Types of expressions, bottom up; what a place asks for goes down to literals. */
#include <string.h>

#include "lang/check.h"

static const char *shown(const Checker *checker, StaticType type)
{
    return type_name(checker->model->types, type);
}

static const Type *type_at(const Checker *checker, StaticType type)
{
    return type_of(checker->model->types, type);
}

static bool is_open(StaticType type)
{
    return type == STATIC_ANY || type == STATIC_ERROR;
}

/* ---- names ---- */

static StaticType name_bound(Expr *expr, NameKind kind, uint32_t slot, StaticType type)
{
    expr->name_kind = (uint8_t)kind;
    expr->slot = slot;
    return type;
}

/* `old`, and nothing else but constants. */
static bool is_old(const Checker *checker, const Expr *expr)
{
    return checker->mode == CHECK_MIGRATION && !expr->from_state && strcmp(expr->name, "old") == 0;
}

static bool reads_state(CheckMode mode)
{
    return mode == CHECK_SLICE || mode == CHECK_PREDICATE;
}

static bool find_variable(Checker *checker, Expr *expr, StaticType *ret)
{
    const ModelDomain *domain = reads_state(checker->mode) ? checker->domain : NULL;
    const Local *local = expr->from_state || checker->mode == CHECK_CONSTANT
                             ? NULL
                             : scope_find(&checker->scope, expr->name);
    int field = domain != NULL ? model_find(&domain->field_names, expr->name) : -1;
    bool found = true;

    if (local != NULL)
        *ret = name_bound(expr, NAME_LOCAL, local->slot, narrow_local(checker, local));
    else if (field >= 0)
        *ret =
            name_bound(expr, NAME_FIELD, (uint32_t)field, narrow_field(checker, (uint32_t)field));
    else if (is_old(checker, expr))
        *ret = name_bound(expr, NAME_OLD, 0, STATIC_ANY);
    else if (domain != NULL && !expr->from_state && domain->ast->key.text != NULL &&
             strcmp(domain->ast->key.text, expr->name) == 0)
        *ret = name_bound(expr, NAME_KEY, 0, STATIC_STRING);
    else
        found = false;
    return found;
}

static StaticType declared_name(Checker *checker, Expr *expr, const Declaration *declaration)
{
    static const char *const what[] = {[DECLARED_FUNCTION] = "a function",
                                       [DECLARED_RECORD] = "a record",
                                       [DECLARED_ENUM] = "an enum"};

    if (declaration->kind == DECLARED_CONSTANT)
        return name_bound(expr, NAME_CONSTANT, declaration->index,
                          constant_settle(checker, declaration->index)->type);
    if (declaration->kind > DECLARED_ENUM)
        return STATIC_ERROR;
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-020", expr->span,
                                 "'%s' is %s, not a value", expr->name, what[declaration->kind]);
    check_note(checker, d, declaration->span, "it is declared here");
    d->remedy = declaration->kind == DECLARED_FUNCTION
                    ? arena_format(checker->arena, "call it: %s(...)", expr->name)
                : declaration->kind == DECLARED_RECORD
                    ? arena_format(checker->arena, "build one: %s(...)", expr->name)
                    : arena_format(checker->arena, "write a member of it: %s::...", expr->name);
    return STATIC_ERROR;
}

/* Whether some domain has a field of that name. */
#define DOMAINS_LOOKED_AT 1000

static bool names_a_field(const Checker *checker, const char *name)
{
    const Model *model = checker->model;

    for (size_t i = 0; i < model->domain_count && i < DOMAINS_LOOKED_AT; i++)
        if (model_find(&model->domains[i].field_names, name) >= 0)
            return true;
    return false;
}

/* A name of the state where the state cannot be seen. False: it is no such name. */
static bool report_unseen(Checker *checker, const Expr *expr)
{
    bool local = !expr->from_state && scope_find(&checker->scope, expr->name) != NULL;
    Diagnostic *d;

    if (!expr->from_state && !local && !names_a_field(checker, expr->name))
        return false;
    if (checker->mode == CHECK_CONSTANT) {
        d = check_report(checker, SEVERITY_ERROR, "V-ERR-026", expr->span,
                         "%s is constant, it cannot read '%s'",
                         checker->role != NULL ? checker->role : "this value", expr->name);
        d->remedy = "write a literal, a constant, or an expression of these";
        return true;
    }
    if (checker->mode == CHECK_FUNCTION) {
        d = check_report(checker, SEVERITY_ERROR, "V-ERR-020", expr->span,
                         "a fn does not see the state, so it has no '%s'", expr->name);
        d->remedy = arena_format(
            checker->arena, "make '%s' a parameter and pass the field as an argument", expr->name);
        return true;
    }
    if (checker->mode == CHECK_MIGRATION) {
        d = check_report(checker, SEVERITY_ERROR, "V-ERR-020", expr->span,
                         "a migration sees only the state of before, so it has no '%s'",
                         expr->name);
        d->remedy = arena_format(checker->arena, "write old.%s", expr->name);
        return true;
    }
    return false;
}

static void report_unknown_name(Checker *checker, const Expr *expr)
{
    const Map *fields = reads_state(checker->mode) && checker->domain != NULL
                            ? &checker->domain->field_names
                            : NULL;
    const Map *locals = expr->from_state ? NULL : &checker->scope.names;

    if (!reads_state(checker->mode) && report_unseen(checker, expr))
        return;
    check_unknown(checker, "V-ERR-020", expr->from_state ? "field" : "name",
                  (Name){expr->name, expr->span}, fields != NULL ? fields : locals,
                  fields != NULL ? locals : NULL);
}

static StaticType check_name(Checker *checker, Expr *expr)
{
    const Declaration *declaration;
    StaticType type;

    if (find_variable(checker, expr, &type))
        return type;
    declaration = expr->from_state ? NULL : declaration_find(checker, expr->name);
    if (declaration != NULL)
        return declared_name(checker, expr, declaration);
    report_unknown_name(checker, expr);
    return STATIC_ERROR;
}

/* ---- lists and maps ---- */

/* The one type of the items so far, with one more; STATIC_ERROR before the first. False: it has
 * another, which is reported, or one that is a mistake. */
static bool item_meet(Checker *checker, Expr *item, StaticType found, const Expr *first,
                      const char *what, StaticType *type)
{
    TypeTable *types = checker->model->types;
    StaticType before = *type;

    if (found == STATIC_ERROR)
        return false;
    if (before == STATIC_ERROR)
        *type = found;
    found = check_literal_as(checker, item, found, before);
    if (before == STATIC_ERROR || type_join(types, before, found, type))
        return true;
    if (before == STATIC_NULL || found == STATIC_NULL) {
        *type = type_optional(types, before == STATIC_NULL ? found : before);
        return true;
    }
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-022", item->span,
                                 "%s are of one type, this one is %s and the first is %s", what,
                                 shown(checker, found), shown(checker, before));
    check_note(checker, d, first->span, "the first is here");
    d->remedy = mismatch_remedy(checker, item, found, before);
    return false;
}

/* What is asked of the items of a literal, or STATIC_ERROR. */
static StaticType wanted_element(const Checker *checker, StaticType wanted, TypeKind kind)
{
    const Type *type = type_at(checker, wanted);

    if (wanted == STATIC_ANY) /* of all kinds, as JSON has them */
        return STATIC_ANY;
    if (type->kind == KIND_OPTIONAL)
        type = type_at(checker, type->element);
    return type->kind == kind ? type->element : STATIC_ERROR;
}

static bool check_item(Checker *checker, Expr *item, StaticType wanted, const char *what)
{
    return item == NULL || check_fits(checker, item, wanted, what, (Span){0, 0});
}

/* The numbers before a float are floats as well. */
static void items_become_float(Checker *checker, Argument *items)
{
    for (Argument *item = items; item != NULL; item = item->next)
        if (item->value != NULL)
            check_literal_as(checker, item->value, item->value->static_type, STATIC_FLOAT);
}

static bool has_float(const Argument *items)
{
    for (const Argument *item = items; item != NULL; item = item->next)
        if (item->value != NULL && item->value->kind == EXPR_FLOAT)
            return true;
    return false;
}

static StaticType check_list(Checker *checker, Expr *expr, StaticType wanted)
{
    StaticType element = wanted_element(checker, wanted, KIND_LIST), type = STATIC_ERROR;

    if (element != STATIC_ERROR) {
        bool fit = true;
        for (Argument *item = expr->items; item != NULL; item = item->next)
            fit = check_item(checker, item->value, element, "an item of this list") && fit;
        return fit ? type_list(checker->model->types, element) : STATIC_ERROR;
    }
    for (Argument *item = expr->items; item != NULL; item = item->next)
        check_expr(checker, item->value);
    if (has_float(expr->items))
        items_become_float(checker, expr->items);
    for (Argument *item = expr->items; item != NULL; item = item->next)
        if (item->value != NULL && !item_meet(checker, item->value, item->value->static_type,
                                              expr->items->value, "the items of a list", &type))
            return STATIC_ERROR;
    return type_list(checker->model->types, type);
}

static void check_map_keys(Checker *checker, const Expr *expr)
{
    Map seen = {.borrows = true};

    for (MapItem *entry = expr->entries; entry != NULL; entry = entry->next) {
        const Expr *key = entry->key;
        check_expect(checker, entry->key, STATIC_STRING, "a key of a map");
        if (key == NULL || key->kind != EXPR_STRING || key->parts == NULL ||
            key->parts->text == NULL || key->parts->next != NULL)
            continue;
        const MapItem *first = map_put(&seen, key->parts->text, entry);
        if (first == NULL)
            continue;
        Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-016", key->span,
                                     "key \"%s\" is given twice", key->parts->text);
        check_note(checker, d, first->key->span, "it is given here");
    }
    map_deinit(&seen);
}

static StaticType check_map(Checker *checker, Expr *expr, StaticType wanted)
{
    StaticType element = wanted_element(checker, wanted, KIND_MAP), type = element;
    bool known = element != STATIC_ERROR, fit = true;

    check_map_keys(checker, expr);
    for (MapItem *entry = expr->entries; entry != NULL; entry = entry->next)
        if (entry->value == NULL)
            continue;
        else if (known)
            fit = check_item(checker, entry->value, element, "a value of this map") && fit;
        else
            fit = item_meet(checker, entry->value, check_expr(checker, entry->value),
                            expr->entries->value, "the values of a map", &type) &&
                  fit;
    return fit ? type_map(checker->model->types, type) : STATIC_ERROR;
}

/* ---- parts of values ---- */

/* A part is asked of something that may be null. */
static bool report_null_operand(Checker *checker, const Expr *expr, StaticType type)
{
    const Type *optional = type_at(checker, type);

    if (optional->kind != KIND_OPTIONAL)
        return false;
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-022", expr->operand->span,
                                 "this may be null: it is %s", optional->name);
    d->remedy = mismatch_remedy(checker, expr->operand, type, optional->element);
    return true;
}

static StaticType report_no_member(Checker *checker, const Expr *expr, StaticType type)
{
    Suggestion suggestion = suggest_begin(expr->member.text);
    const Type *record = type_at(checker, type);
    const ModelRecord *declared = model_record(checker->model, type);
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-020", expr->member.span,
                                 "record '%s' has no field '%s'", record->name, expr->member.text);

    for (size_t i = 0; i < record->member_count; i++)
        suggest_try(&suggestion, record->members[i].name);
    if (declared != NULL)
        check_note(checker, d, declared->ast->name.span, "it is declared here");
    check_suggest(checker, d, expr->member.span, &suggestion);
    return STATIC_ERROR;
}

StaticType check_member_of(Checker *checker, Expr *expr, StaticType type)
{
    TypeKind kind = type_at(checker, type)->kind;

    if (is_open(type) || expr->member.text == NULL)
        return is_open(type) ? type : STATIC_ERROR;
    if (kind == KIND_RECORD) {
        int member = type_member(checker->model->types, type, expr->member.text);
        if (member < 0)
            return report_no_member(checker, expr, type);
        expr->slot = (uint32_t)member;
        return type_at(checker, type)->members[member].type;
    }
    if (report_null_operand(checker, expr, type))
        return STATIC_ERROR;
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-022", expr->span,
                                 "'.%s' asks for a record or an effect's result, found %s",
                                 expr->member.text, shown(checker, type));
    if (kind == KIND_MAP)
        d->remedy =
            arena_format(checker->arena, "a map has keys: write [\"%s\"]", expr->member.text);
    else
        d->consequence = "only records and what an effect answers have members";
    return STATIC_ERROR;
}

static StaticType check_member(Checker *checker, Expr *expr)
{
    StaticType type;

    if (checker->mode == CHECK_TEST && check_test_member(checker, expr, &type))
        return type;
    return check_member_of(checker, expr, check_expr(checker, expr->operand));
}

StaticType check_index_of(Checker *checker, StaticType type, Expr *index, Span span)
{
    const Type *of = type_at(checker, type);

    if (of->kind == KIND_LIST) {
        check_expect(checker, index, STATIC_INT, "the index of a list");
        return of->element;
    }
    if (of->kind == KIND_MAP) {
        check_expect(checker, index, STATIC_STRING, "the key of a map");
        return of->element;
    }
    StaticType found = check_expr(checker, index);
    if (type == STATIC_ERROR || found == STATIC_ERROR)
        return STATIC_ERROR;
    if (type == STATIC_ANY) {
        if (found != STATIC_INT && found != STATIC_STRING && found != STATIC_ANY)
            check_report(checker, SEVERITY_ERROR, "V-ERR-022", index->span,
                         "an index is int, a key is string, found %s", shown(checker, found));
        return STATIC_ANY;
    }
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-022", span,
                                 "`[ ]` asks for a list or a map, found %s", shown(checker, type));
    if (type == STATIC_STRING)
        d->remedy = "a part of a text is part(text, from, to)";
    else if (of->kind == KIND_RECORD)
        d->remedy = "a field of a record is written with a point: value.field";
    return STATIC_ERROR;
}

static StaticType check_index(Checker *checker, Expr *expr)
{
    StaticType type = check_expr(checker, expr->operand);

    if (report_null_operand(checker, expr, type)) {
        check_expr(checker, expr->index);
        return STATIC_ERROR;
    }
    return check_index_of(checker, type, expr->index, expr->span);
}

/* ---- enums ---- */

#define MEMBERS_LISTED 8

static const char *members_listed(Checker *checker, const Type *of)
{
    const char *text = "its members are";

    for (size_t i = 0; i < of->member_count && i < MEMBERS_LISTED; i++)
        text = arena_format(checker->arena, "%s%s %s", text, i > 0 ? "," : "", of->members[i].name);
    return of->member_count <= MEMBERS_LISTED ? text : arena_format(checker->arena, "%s ...", text);
}

void report_no_enum_member(Checker *checker, Name name, StaticType type)
{
    Suggestion suggestion = suggest_begin(name.text);
    const Type *of = type_at(checker, type);
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-020", name.span,
                                 "enum '%s' has no member '%s'", of->name, name.text);

    for (size_t i = 0; i < of->member_count; i++)
        suggest_try(&suggestion, of->members[i].name);
    if (suggestion.best == NULL)
        d->remedy = members_listed(checker, of);
    check_suggest(checker, d, name.span, &suggestion);
}

static StaticType check_enum(Checker *checker, Expr *expr)
{
    const Declaration *declaration = declaration_find(checker, expr->enumeration.text);

    if (declaration == NULL) {
        check_unknown(checker, "V-ERR-020", "enum", expr->enumeration, &checker->model->names,
                      NULL);
        return STATIC_ERROR;
    }
    if (declaration->kind != DECLARED_ENUM) {
        Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-020", expr->enumeration.span,
                                     "'%s' is no enum", expr->enumeration.text);
        check_note(checker, d, declaration->span, "it is declared here");
        return STATIC_ERROR;
    }
    if (expr->constant.text == NULL)
        return STATIC_ERROR;
    StaticType type = (StaticType)declaration->index;
    int member = type_member(checker->model->types, type, expr->constant.text);
    if (member < 0) {
        report_no_enum_member(checker, expr->constant, type);
        return STATIC_ERROR;
    }
    expr->slot = (uint32_t)member;
    return type;
}

/* ---- all of them ---- */

static bool is_secret(const Checker *checker, StaticType type)
{
    const Type *of = type_at(checker, type);

    return type == STATIC_SECRET || (of->kind == KIND_OPTIONAL && of->element == STATIC_SECRET);
}

static StaticType check_parts(Checker *checker, Expr *expr)
{
    StaticType type = STATIC_STRING;

    for (StringPart *part = expr->parts; part != NULL; part = part->next)
        if (part->text == NULL && is_secret(checker, check_expr(checker, part->expr)))
            type = STATIC_SECRET;
    return type;
}

static StaticType check_kind(Checker *checker, Expr *expr, StaticType wanted)
{
    switch (expr->kind) {
    case EXPR_INT:
        return STATIC_INT;
    case EXPR_FLOAT:
        return STATIC_FLOAT;
    case EXPR_BOOL:
        return STATIC_BOOL;
    case EXPR_NULL:
        return STATIC_NULL;
    case EXPR_STRING:
        return check_parts(checker, expr);
    case EXPR_DURATION:
        return STATIC_DURATION;
    case EXPR_LIST:
        return check_list(checker, expr, wanted);
    case EXPR_MAP:
        return check_map(checker, expr, wanted);
    case EXPR_NAME:
        return check_name(checker, expr);
    case EXPR_MEMBER:
        return check_member(checker, expr);
    case EXPR_INDEX:
        return check_index(checker, expr);
    case EXPR_ENUM:
        return check_enum(checker, expr);
    case EXPR_CALL:
        return check_call(checker, expr);
    case EXPR_QUERY:
        return check_query(checker, expr);
    case EXPR_UNARY:
        return check_unary(checker, expr);
    case EXPR_BINARY:
        return check_binary(checker, expr);
    case EXPR_EMIT: /* elsewhere than in a `let`: the parser has refused it */
    case EXPR_ERROR:
        return STATIC_ERROR;
    }
    return STATIC_ERROR;
}

StaticType check_wanted(Checker *checker, Expr *expr, StaticType wanted)
{
    if (expr == NULL)
        return STATIC_ERROR;
    StaticType type = STATIC_ERROR;
    if (check_descend(checker, expr->span))
        type = check_kind(checker, expr, wanted);
    checker->depth--;
    expr->static_type = check_literal_as(checker, expr, type, wanted);
    return expr->static_type;
}

StaticType check_expr(Checker *checker, Expr *expr)
{
    return check_wanted(checker, expr, STATIC_ERROR);
}

bool check_fits(Checker *checker, Expr *expr, StaticType expected, const char *role, Span declared)
{
    StaticType type = check_wanted(checker, expr, expected);

    if (type == STATIC_ANY)
        expr->wanted = expected;
    if (type_fits(checker->model->types, type, expected))
        return type != STATIC_ERROR;
    Diagnostic *d =
        check_report(checker, SEVERITY_ERROR, "V-ERR-022", expr->span, "%s must be %s, found %s",
                     role, shown(checker, expected), shown(checker, type));
    d->label = arena_format(checker->arena, "this is %s", shown(checker, type));
    d->remedy = mismatch_remedy(checker, expr, type, expected);
    if (declared.end > 0)
        check_note(checker, d, declared, "it is declared %s here", shown(checker, expected));
    return false;
}

StaticType check_expect(Checker *checker, Expr *expr, StaticType expected, const char *role)
{
    bool fits = check_fits(checker, expr, expected, role, (Span){0, 0});

    return fits ? expr->static_type : STATIC_ERROR;
}

/* Whether some part of it is not known: the elements of `[]`, what `null` would be otherwise. */
static bool is_unsettled(const Checker *checker, StaticType type)
{
    const Type *of = type_at(checker, type);

    while (of->kind == KIND_LIST || of->kind == KIND_MAP) {
        type = of->element;
        of = type_at(checker, type);
        if (type == STATIC_ERROR)
            return true;
    }
    return type == STATIC_NULL;
}

StaticType check_inferred(Checker *checker, const Expr *expr, const char *name)
{
    if (expr == NULL || !is_unsettled(checker, expr->static_type))
        return expr != NULL ? expr->static_type : STATIC_ERROR;
    StaticType type = expr->static_type;
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-022", expr->span,
                                 "the type of '%s' is not known from %s", name,
                                 type == STATIC_NULL ? "null alone" : shown(checker, type));
    d->remedy =
        type == STATIC_NULL
            ? arena_format(checker->arena, "write the type: %s: string? = null", name)
            : arena_format(checker->arena, "write the type: %s: %s = ...", name,
                           type_at(checker, type)->kind == KIND_MAP ? "map<int>" : "list<int>");
    return STATIC_ERROR;
}
