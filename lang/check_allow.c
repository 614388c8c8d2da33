/* `@allow(CODE, reason: "...")`: warnings and lints that are not wanted inside an item. */
#include <stdlib.h>
#include <string.h>

#include "lang/check.h"
#include "lang/suggest.h"

/* One annotation, and the item that it stands on. Items stand in each other or apart. */
struct Allowed {
    const Allow *tree;
    Span where;
    const struct Allowed *outer; /* of the same code, on what is around the item */
};

/* ---- collecting ---- */

static void collect(Checker *checker, const Allow *allows, Span where)
{
    Model *model = checker->model;

    for (const Allow *allow = allows; allow != NULL; allow = allow->next) {
        if (allow->code == NULL)
            continue;
        arena_reserve_one(checker->arena, model->allowed, model->allow_count,
                          model->allow_capacity);
        model->allowed[model->allow_count++] = (Allowed){.tree = allow, .where = where};
    }
}

static void collect_domain(Checker *checker, const Domain *domain)
{
    collect(checker, domain->declared.allows, domain->span);
    for (const Goal *goal = domain->goals; goal != NULL; goal = goal->next)
        collect(checker, goal->allows, goal->span);
    for (const Transition *t = domain->transitions; t != NULL; t = t->next)
        collect(checker, t->allows, t->span);
    for (const Handler *h = domain->handlers; h != NULL; h = h->next)
        collect(checker, h->allows, h->span);
    for (const Timer *timer = domain->timers; timer != NULL; timer = timer->next)
        collect(checker, timer->allows, timer->span);
}

/* Those of a file hold in all of it. */
static void collect_files(Checker *checker)
{
    const Ast *ast = checker->model->ast;

    for (const Allow *allow = ast->allows; allow != NULL; allow = allow->next) {
        Span where = source_file_span(ast->source, allow->span.start);
        Allow *kept = arena_new(checker->arena, Allow);
        *kept = *allow;
        kept->next = NULL;
        collect(checker, kept, where);
    }
}

#define COLLECT_ALL(type, list)                                                                    \
    do {                                                                                           \
        for (const type *item_ = (list); item_ != NULL; item_ = item_->next)                       \
            collect(checker, item_->declared.allows, item_->span);                                 \
    } while (0)

static void collect_all(Checker *checker)
{
    const Ast *ast = checker->model->ast;

    collect_files(checker);
    for (const Domain *domain = ast->domains; domain != NULL; domain = domain->next)
        collect_domain(checker, domain);
    COLLECT_ALL(RecordDecl, ast->records);
    COLLECT_ALL(Enum, ast->enums);
    COLLECT_ALL(Const, ast->constants);
    COLLECT_ALL(Function, ast->functions);
    COLLECT_ALL(EventDecl, ast->events);
    COLLECT_ALL(EffectDecl, ast->effects);
    COLLECT_ALL(System, ast->systems);
    COLLECT_ALL(Environment, ast->environments);
    COLLECT_ALL(Deploy, ast->deploys);
    COLLECT_ALL(Migration, ast->migrations);
    COLLECT_ALL(Test, ast->tests);
}

/* By code, then place, what is around before what is inside. */
static int compare_allowed(const void *a, const void *b)
{
    const Allowed *left = a, *right = b;
    int order = strcmp(left->tree->code, right->tree->code);

    if (order != 0)
        return order;
    if (left->where.start != right->where.start)
        return left->where.start < right->where.start ? -1 : 1;
    return left->where.end > right->where.end ? -1 : left->where.end < right->where.end;
}

static bool is_around(const Allowed *outer, const Allowed *inner)
{
    return strcmp(outer->tree->code, inner->tree->code) == 0 &&
           outer->where.end >= inner->where.end;
}

static void find_outer(Model *model)
{
    for (size_t i = 1; i < model->allow_count; i++) {
        const Allowed *outer = &model->allowed[i - 1];
        while (outer != NULL && !is_around(outer, &model->allowed[i]))
            outer = outer->outer;
        model->allowed[i].outer = outer;
    }
}

/* ---- asking ---- */

bool is_silenced(const Model *model, const char *code, uint32_t at)
{
    size_t low = 0, high = model->allow_count;

    while (low < high) { /* the last of the code that begins before */
        size_t middle = (low + high) / 2;
        const Allowed *allowed = &model->allowed[middle];
        int order = strcmp(allowed->tree->code, code);
        if (order < 0 || (order == 0 && allowed->where.start <= at))
            low = middle + 1;
        else
            high = middle;
    }
    const Allowed *found = low > 0 ? &model->allowed[low - 1] : NULL;
    if (found == NULL || strcmp(found->tree->code, code) != 0)
        return false;
    while (found != NULL && (at < found->where.start || at > found->where.end))
        found = found->outer;
    return found != NULL;
}

/* ---- the annotations themselves ---- */

static bool is_silenceable(const char *code)
{
    return strncmp(code, "V-WRN-", 6) == 0 || strncmp(code, "V-LNT-", 6) == 0;
}

static void report_code(Checker *checker, const Allow *allow)
{
    bool known = code_meaning(allow->code) != NULL;
    Suggestion suggestion = suggest_begin(allow->code);
    Diagnostic *d =
        check_report(checker, SEVERITY_ERROR, "V-ERR-038", allow->span,
                     known ? "'%s' cannot be allowed" : "there is no code '%s'", allow->code);

    d->remedy = "only warnings and lints can: V-WRN-... and V-LNT-...";
    if (known)
        return;
    code_suggest(&suggestion);
    if (suggestion.best != NULL)
        d->remedy = arena_format(checker->arena, "did you mean '%s'?", suggestion.best);
}

static void check_allow(Checker *checker, const Allow *allow)
{
    if (code_meaning(allow->code) == NULL || !is_silenceable(allow->code)) {
        report_code(checker, allow);
        return;
    }
    if (allow->reason != NULL)
        return;
    Diagnostic *d = check_report(checker, SEVERITY_LINT, "V-LNT-006", allow->span,
                                 "nobody says why '%s' is allowed here", allow->code);
    d->consequence = "whoever reads `ved plan` cannot tell whether it still holds";
    d->remedy = arena_format(checker->arena, "write @allow(%s, reason: \"...\")", allow->code);
}

void declare_allows(Checker *checker)
{
    Model *model = checker->model;

    collect_all(checker);
    if (model->allow_count > 1)
        qsort(model->allowed, model->allow_count, sizeof *model->allowed, compare_allowed);
    find_outer(model);
    model->allows = arena_array(checker->arena, ProgramAllow, model->allow_count);
    for (size_t i = 0; i < model->allow_count; i++) {
        const Allowed *allowed = &model->allowed[i];
        model->allows[i] = (ProgramAllow){.code = allowed->tree->code,
                                          .reason = allowed->tree->reason,
                                          .span = allowed->tree->span,
                                          .where = allowed->where};
        check_allow(checker, allowed->tree);
    }
}
