/* Versions of a domain's state, and the steps from one to the next. */
#include <stdlib.h>
#include <string.h>

#include "lang/check.h"
#include "lang/walk.h"

/* ---- the chain ---- */

static int compare_migrations(const void *a, const void *b)
{
    const Migration *left = *(const Migration *const *)a, *right = *(const Migration *const *)b;

    return left->from != right->from ? (left->from < right->from ? -1 : 1)
                                     : (left->span.start < right->span.start ? -1 : 1);
}

static void report_gap(Checker *checker, const ModelDomain *domain, Span span, uint32_t from,
                       uint32_t to)
{
    const char *name = domain->ast->name.text;
    Diagnostic *d =
        check_report(checker, SEVERITY_ERROR, "V-ERR-034", span,
                     "nothing leads from version %u of '%s' to version %u", from, name, to);

    check_note(checker, d,
               domain->ast->has_version ? domain->ast->version_span : domain->ast->name.span,
               "'%s' is of version %u here", name, domain->ast->version);
    d->consequence = "a state of an older version could not be brought to this one";
    d->remedy = arena_format(checker->arena, "write migration %s %u -> %u { }", name, from, to);
}

static void check_chain(Checker *checker, const ModelDomain *domain)
{
    uint32_t version = domain->ast->version;

    for (size_t i = 0; i < domain->migration_count; i++) {
        const Migration *m = domain->migration_trees[i];
        uint32_t next =
            i + 1 < domain->migration_count ? domain->migration_trees[i + 1]->from : version;
        if (m->to <= m->from || m->to > version) {
            Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-034", m->versions,
                                         m->to <= m->from ? "a migration leads to a later version"
                                                          : "the domain has no version %u",
                                         m->to);
            check_note(checker, d, domain->ast->name.span, "'%s' is of version %u",
                       domain->ast->name.text, version);
            d->remedy = arena_format(checker->arena,
                                     "write migration %s %u -> %u, and @version %u "
                                     "in the domain",
                                     domain->ast->name.text, m->from, m->from + 1, m->from + 1);
        } else if (next == m->from && i + 1 < domain->migration_count) {
            check_taken(checker, "the migration of",
                        (Name){domain->ast->name.text, domain->migration_trees[i + 1]->versions},
                        m->versions);
        } else if (m->to != next) {
            report_gap(checker, domain, m->versions, m->to, next);
        }
    }
}

static void domain_migrations(Checker *checker, ModelDomain *domain)
{
    size_t count = domain->migration_count;

    domain->migrations = arena_array(checker->arena, ProgramMigration, count);
    if (count > 1)
        qsort(domain->migration_trees, count, sizeof *domain->migration_trees, compare_migrations);
    for (size_t i = 0; i < count; i++) {
        const Migration *tree = domain->migration_trees[i];
        domain->migrations[i] =
            (ProgramMigration){.from = tree->from, .to = tree->to, .span = tree->span};
    }
    check_chain(checker, domain);
}

void declare_migrations(Checker *checker)
{
    Model *model = checker->model;

    for (const Migration *tree = model->ast->migrations; tree != NULL; tree = tree->next) {
        checker->module = tree->declared.module;
        ModelDomain *domain = check_domain_name(checker, tree->domain, "V-ERR-020");
        if (domain == NULL)
            continue;
        arena_reserve_one(checker->arena, domain->migration_trees, domain->migration_count,
                          domain->migration_capacity);
        domain->migration_trees[domain->migration_count++] = tree;
    }
    for (size_t i = 0; i < model->domain_count; i++)
        if (model->domains[i].migration_count > 0)
            domain_migrations(checker, &model->domains[i]);
}

/* ---- nulls that nobody expects ---- */

/* `old.f`, where f is a field of the domain that may be null: its index. */
static int optional_of_old(const Checker *checker, const Expr *expr)
{
    const ModelDomain *domain = checker->domain;

    if (expr->kind != EXPR_MEMBER || expr->operand == NULL || expr->operand->kind != EXPR_NAME ||
        expr->operand->name_kind != NAME_OLD)
        return -1;
    int field = model_find(&domain->field_names, expr->member.text);
    bool optional =
        field >= 0 && type_kind(checker->model->types, domain->fields[field].type) == KIND_OPTIONAL;
    return optional ? field : -1;
}

/* What takes a null as well as anything else, or asks about it. */
static bool expects_null(const Expr *expr)
{
    return (expr->kind == EXPR_BINARY && (expr->operator== OP_EQ || expr->operator== OP_NE)) ||
           expr->kind == EXPR_CALL || expr->kind == EXPR_STRING || expr->kind == EXPR_LIST ||
           expr->kind == EXPR_MAP;
}

static bool visit_old(Visitor *visitor, const Expr *expr)
{
    Checker *checker = visitor->context;
    int field = optional_of_old(checker, expr);

    if (expects_null(expr))
        return false;
    if (field < 0)
        return true;
    Diagnostic *d = check_report(checker, SEVERITY_LINT, "V-LNT-004", expr->span,
                                 "'old.%s' may be null, which this migration does not expect",
                                 expr->member.text);
    check_note(checker, d, checker->domain->fields[field].span, "the field may be null");
    d->consequence = "a state with null in it could not be brought to this version";
    d->remedy = arena_format(checker->arena, "say what a null becomes: value_or(old.%s, ...)",
                             expr->member.text);
    return false;
}

static void lint_nulls(Checker *checker, const Expr *value, StaticType wanted)
{
    Visitor visitor = {.expr = visit_old, .context = checker};

    if (type_kind(checker->model->types, wanted) == KIND_OPTIONAL &&
        optional_of_old(checker, value) >= 0)
        return;
    walk_expr(&visitor, value);
}

/* ---- the steps ---- */

static void check_field(Checker *checker, const StartField *field, Map *seen)
{
    const ModelDomain *domain = checker->domain;
    int index = model_find(&domain->field_names, field->name.text);

    if (field->name.text == NULL)
        return;
    if (index < 0) {
        check_unknown(checker, "V-ERR-020", "field", field->name, &domain->field_names, NULL);
        return;
    }
    const StartField *first = map_put(seen, field->name.text, (void *)field);
    if (first != NULL)
        check_taken(checker, "the value of", field->name, first->name.span);
    const char *role = arena_format(checker->arena, "the value of '%s'", field->name.text);
    StaticType type = domain->fields[index].type;
    if (check_expect(checker, field->value, type, role) != STATIC_ERROR && field->value != NULL)
        lint_nulls(checker, field->value, type);
}

static void check_migration(Checker *checker, ModelDomain *domain, size_t index)
{
    const Migration *tree = domain->migration_trees[index];
    size_t count = LIST_COUNT(StartField, tree->fields), i = 0;
    const char **names = arena_array(checker->arena, const char *, count);
    Map seen = {0};

    check_body_begin(checker, domain);
    checker->mode = CHECK_MIGRATION;
    checker->module = tree->declared.module;
    checker->body = tree->span;
    for (const StartField *field = tree->fields; field != NULL; field = field->next) {
        names[i++] = field->name.text;
        check_field(checker, field, &seen);
    }
    map_deinit(&seen);
    domain->migrations[index].fields = names;
    domain->migrations[index].field_count = count;
}

void check_migrations(Checker *checker)
{
    Model *model = checker->model;

    for (size_t i = 0; i < model->domain_count; i++)
        for (size_t m = 0; m < model->domains[i].migration_count; m++)
            check_migration(checker, &model->domains[i], m);
}
