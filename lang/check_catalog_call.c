/* Whom an effect or a query asks, and whether its arguments are what is taken there. */
#include <string.h>

#include "lang/base/memory.h"
#include "lang/check_catalog.h"

/* ---- whom a use asks ---- */

#define SLIP_MAX 2 /* letters; more, and it is rather another name */

static Suggestion name_alike(const Map *known, const char *name)
{
    Suggestion suggestion = suggest_begin(name);

    suggest_try_map(&suggestion, known);
    return suggestion;
}

/* A program may come before its bindings: what is no slip of the pen is then somebody else's. */
static bool is_yet_to_be_bound(CatalogPass *pass, const CatalogUse *asked, const char *provider,
                               const Suggestion *alike, Span span)
{
    bool is_slip = alike->best != NULL && alike->distance <= SLIP_MAX;

    if (!pass->catalog->tentative || !asked->assumed || is_slip)
        return false;
    if (program_allows(pass->program, "V-WRN-030", span.start))
        return true;
    Diagnostic *d = diagnostics_add(pass->diagnostics, SEVERITY_WARNING, "V-WRN-030", span,
                                    "nobody has bound a provider of %s",
                                    use_name(pass, provider, alike->wanted));
    d->consequence = "what it takes and gives is not checked, and `ved plan` refuses it";
    if (provider != NULL)
        d->remedy = arena_format(
            pass->arena, "bind %s in the binding file; `--provider %s=sim` tries without one",
            provider, provider);
    else
        d->remedy = "bind one in the binding file, or name the provider";
    return true;
}

static void report_missing_effect(CatalogPass *pass, const EffectUse *use, const CatalogUse *asked,
                                  const CatalogEntry *entry)
{
    const CatalogProvider *provider = asked->provider;
    const char *name = entry != NULL ? entry->action : use->effect;
    Suggestion alike = name_alike(&provider->effects, name);

    if (is_yet_to_be_bound(pass, asked, use->provider, &alike, use->span))
        return;
    Diagnostic *d = diagnostics_add(pass->diagnostics, SEVERITY_ERROR, CATALOG_CODE, use->span,
                                    "provider %s (plugin %s) has no effect %s", provider->name,
                                    provider->plugin, name);
    d->consequence = "the effect could never be performed, so nothing is run";
    d->remedy = alike.best != NULL
                    ? arena_format(pass->arena,
                                   "did you mean %s? Or bind %s to an action in the binding file",
                                   alike.best, use->effect)
                    : arena_format(pass->arena,
                                   "bind %s to one of the provider's actions, or the provider to "
                                   "another plugin (`--provider %s=sim` tries without one)",
                                   use->effect, provider->name);
}

/* Nobody has the effect, or several have. */
static void report_not_one(CatalogPass *pass, const EffectUse *use, const CatalogUse *asked)
{
    const Suggestion alike = suggest_begin(use->effect);

    if (asked->count == 0 && is_yet_to_be_bound(pass, asked, NULL, &alike, use->span))
        return;
    Diagnostic *d = diagnostics_add(pass->diagnostics, SEVERITY_ERROR, CATALOG_CODE, use->span,
                                    asked->count == 0 ? "no bound provider has an effect %s"
                                                      : "more than one bound provider has %s",
                                    use->effect);
    d->consequence = "Ved cannot tell whom to ask, so nothing is run";
    d->remedy = "name the provider: `emit Infra.Effect(...)`";
}

/* NULL: nothing may be said of it, or it is reported. */
static const CatalogEntry *effect_entry(CatalogPass *pass, uint32_t index)
{
    const EffectUse *use = &pass->program->effects[index];
    const CatalogUse *asked = &pass->catalog->effects[index];

    if (asked->count > 1 || (asked->count == 0 && !asked->open)) {
        report_not_one(pass, use, asked);
        return NULL;
    }
    if (asked->provider == NULL || !asked->provider->known)
        return NULL;
    const CatalogEntry *entry = catalog_effect(asked->provider, use->effect);
    if (entry != NULL && !entry->missing)
        return entry;
    report_missing_effect(pass, use, asked, entry);
    return NULL;
}

/* The same of a query. */
static const CatalogEntry *query_entry(CatalogPass *pass, uint32_t index)
{
    const FactUse *use = &pass->program->facts[index];
    const CatalogUse *asked = &pass->catalog->queries[index];
    const CatalogProvider *provider = asked->provider;

    if (provider == NULL || !provider->known)
        return NULL;
    const CatalogEntry *entry = catalog_query(provider, use->query);
    if (entry != NULL)
        return entry;
    Suggestion alike = name_alike(&provider->queries, use->query);
    if (is_yet_to_be_bound(pass, asked, use->provider, &alike, use->span))
        return NULL;
    Diagnostic *d = diagnostics_add(pass->diagnostics, SEVERITY_ERROR, CATALOG_CODE, use->span,
                                    "provider %s (plugin %s) has no query %s", provider->name,
                                    provider->plugin, use->query);
    d->consequence = "the fact could never be observed, so what reads it would wait for ever";
    d->remedy = alike.best != NULL ? arena_format(pass->arena, "did you mean %s?", alike.best)
                                   : "bind the provider to a plugin that has it";
    return NULL;
}

/* ---- arguments ---- */

/* What is being given: "parameter 'health.http' of Infra.RunProcess". */
typedef struct Target {
    const char *path; /* NULL: the parameters themselves */
    const char *of;
} Target;

static Target target_member(CatalogPass *pass, const Target *target, const char *name)
{
    const char *path =
        target->path != NULL ? arena_format(pass->arena, "%s.%s", target->path, name) : name;

    return (Target){path, target->of};
}

static void report_no_parameter(CatalogPass *pass, const Target *target, const CatalogType *type,
                                Span span)
{
    const char *name = strrchr(target->path, '.');
    Diagnostic *d = diagnostics_add(pass->diagnostics, SEVERITY_ERROR, CATALOG_CODE, span,
                                    "%s has no parameter '%s'", target->of, target->path);

    d->consequence = "the provider would refuse it, so nothing is run";
    remedy_member(pass, d, type, name != NULL ? name + 1 : target->path);
}

static void report_misfit(CatalogPass *pass, const Target *target, const CatalogType *wanted,
                          const char *found, Span span)
{
    Diagnostic *d = diagnostics_add(pass->diagnostics, SEVERITY_ERROR, CATALOG_CODE, span,
                                    "parameter '%s' of %s is %s, found %s", target->path,
                                    target->of, type_text(pass, wanted), found);

    d->label = arena_format(pass->arena, "this is %s", found);
    d->consequence = "the provider would refuse it, so nothing is run";
}

/* `name:` and `idempotency_key:` of an effect say which object or deed is meant. */
static bool says_which(const char *name)
{
    return name != NULL && (strcmp(name, "name") == 0 || strcmp(name, "idempotency_key") == 0);
}

static const char *missing_remedy(CatalogPass *pass, const Target *target, const char *name)
{
    if (target->path != NULL)
        return arena_format(pass->arena, "write `%s: ...` into the map", name);
    if (says_which(name))
        return arena_format(pass->arena,
                            "give it without its name: `%s:` says which object is meant and is "
                            "not handed over",
                            name);
    return arena_format(pass->arena,
                        "write `%s: ...`, or give it under `actions:` in the binding file", name);
}

static void report_missing(CatalogPass *pass, const Target *target, const CatalogMember *member,
                           Span span)
{
    Target missing = target_member(pass, target, member->name);
    Diagnostic *d = diagnostics_add(pass->diagnostics, SEVERITY_ERROR, CATALOG_CODE, span,
                                    "%s needs the parameter '%s', which is %s", target->of,
                                    missing.path, type_text(pass, member->type));
    d->consequence = "the provider would refuse it, so nothing is run";
    d->remedy = missing_remedy(pass, target, member->name);
}

static void report_missing_members(CatalogPass *pass, const Target *target, const CatalogType *type,
                                   const bool *given, Span span)
{
    for (size_t i = 0; i < type->member_count; i++)
        if (type->members[i].required && !type->members[i].given && !given[i])
            report_missing(pass, target, &type->members[i], span);
}

static void check_value(CatalogPass *pass, const Target *target, const CatalogType *wanted,
                        const Expr *expr);

/* One `name: value`; marks what is given of the members. */
static void check_named(CatalogPass *pass, const Target *object, const CatalogType *type,
                        const char *name, const Expr *value, Span span, bool *given)
{
    Target target = target_member(pass, object, name);
    const CatalogMember *member = catalog_member(type, name);

    if (member != NULL)
        given[member - type->members] = true;
    if (member != NULL || type->others != NULL)
        check_value(pass, &target, member != NULL ? member->type : type->others, value);
    else
        report_no_parameter(pass, &target, type, span);
}

static void check_map(CatalogPass *pass, const Target *target, const CatalogType *type,
                      const Expr *expr)
{
    cleanup(free) bool *given = memory_zero(type->member_count + 1, sizeof *given);
    bool all_known = true;

    for (const MapItem *item = expr->entries; item != NULL; item = item->next) {
        const char *name = constant_text(item->key);
        all_known &= name != NULL;
        if (name != NULL)
            check_named(pass, target, type, name, item->value, item->span, given);
    }
    if (all_known)
        report_missing_members(pass, target, type, given, expr->span);
}

/* What the program writes, down to the parts of lists and maps. */
static void check_value(CatalogPass *pass, const Target *target, const CatalogType *wanted,
                        const Expr *expr)
{
    const TypeTable *types = &pass->program->types;
    Result result = catalog_result(pass, expr);
    const char *text = constant_text(expr);

    if (expr == NULL || wanted->kinds == CATALOG_ANY_KIND)
        return;
    if (result.type != NULL) {
        if (!catalog_types_meet(result.type, wanted))
            report_misfit(pass, target, wanted, type_text(pass, result.type), expr->span);
    } else if (expr->kind == EXPR_MAP && (wanted->kinds & CATALOG_OBJECT) != 0) {
        check_map(pass, target, wanted, expr);
    } else if (expr->kind == EXPR_LIST && (wanted->kinds & CATALOG_LIST) != 0) {
        for (const Argument *item = expr->items; item != NULL; item = item->next)
            check_value(pass, target, wanted->element, item->value);
    } else if (text != NULL && (wanted->kinds & CATALOG_STRING) != 0) {
        if (!catalog_has_choice(wanted, text))
            report_misfit(pass, target, wanted, arena_format(pass->arena, "\"%s\"", text),
                          expr->span);
    } else if (!catalog_takes(types, wanted, expr->static_type)) {
        report_misfit(pass, target, wanted, type_name(types, expr->static_type), expr->span);
    }
}

/* ---- calls ---- */

static void report_one_more(CatalogPass *pass, const Target *target, const CatalogEntry *entry,
                            Span span)
{
    diagnostics_add(pass->diagnostics, SEVERITY_ERROR, CATALOG_CODE, span,
                    "%s takes %zu arguments without a name, found one more", target->of,
                    entry->positional_count)
        ->remedy = entry->parameters->member_count > 0
                       ? arena_format(pass->arena, "name the argument; there is: %s",
                                      members_text(pass, entry->parameters))
                       : "name the argument: `parameter: value`";
}

typedef struct Call {
    Target target;
    const CatalogEntry *entry;
    const Argument *arguments;
    const char *const *names; /* of them, by the provider; NULL: as they are written */
    bool is_effect;           /* then those that say which object is meant are not handed over */
    Span span;
} Call;

static void check_call_arguments(CatalogPass *pass, const Call *call)
{
    const CatalogEntry *entry = call->entry;
    const CatalogType *parameters = entry->parameters;
    cleanup(free) bool *given = memory_zero(parameters->member_count + 1, sizeof *given);
    size_t index = 0, position = 0;

    for (const Argument *a = call->arguments; a != NULL; a = a->next) {
        if (call->is_effect && says_which(a->name.text))
            continue;
        const char *name = call->names != NULL ? call->names[index] : a->name.text;
        index++;
        if (name == NULL && position == entry->positional_count) {
            report_one_more(pass, &call->target, entry, a->span);
            return;
        }
        if (name == NULL)
            name = entry->positional[position++];
        check_named(pass, &call->target, parameters, name, a->value, a->span, given);
    }
    report_missing_members(pass, &call->target, parameters, given, call->span);
}

static void report_stray(CatalogPass *pass, const Target *target, const CatalogEntry *entry,
                         Span span)
{
    Diagnostic *d = diagnostics_add(pass->diagnostics, SEVERITY_ERROR, CATALOG_CODE, span,
                                    "the binding gives %s '%s', which is no parameter of it",
                                    target->of, entry->stray);

    d->consequence = "the provider would refuse it, so nothing is run";
    remedy_member(pass, d, entry->parameters, entry->stray);
}

void check_effect_use(CatalogPass *pass, const Emit *emit)
{
    const EffectUse *use = &pass->program->effects[emit->target];
    const CatalogEntry *entry = effect_entry(pass, emit->target);

    if (entry == NULL || use->releases)
        return;
    const Call call = {.target = {.of = use_name(pass, use->provider, use->effect)},
                       .entry = entry,
                       .arguments = emit->arguments,
                       .names = use->argument_names,
                       .is_effect = true,
                       .span = use->span};
    if (entry->stray != NULL)
        report_stray(pass, &call.target, entry, use->span);
    check_call_arguments(pass, &call);
}

/* A query that lists no parameters takes what it is given. */
void check_query_use(CatalogPass *pass, const Expr *expr)
{
    const FactUse *use = &pass->program->facts[expr->slot];
    const CatalogEntry *entry = query_entry(pass, expr->slot);

    if (entry == NULL || (entry->positional_count == 0 && entry->parameters->member_count == 0))
        return;
    const Call call = {.target = {.of = use_name(pass, use->provider, use->query)},
                       .entry = entry,
                       .arguments = expr->arguments,
                       .span = expr->span};
    check_call_arguments(pass, &call);
}
