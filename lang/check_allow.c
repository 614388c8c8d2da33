/* `@allow(CODE, reason: "...")`: warnings and lints that are not wanted inside an item. */
#include <string.h>

#include "lang/check.h"
#include "lang/program_index.h"
#include "lang/suggest.h"

/* ---- collecting ---- */

static void collect_one(Checker *checker, const Allow *allow, Span where)
{
    Model *model = checker->model;

    if (allow->code == NULL)
        return;
    arena_reserve_one(checker->arena, model->allows, model->allow_count, model->allow_capacity);
    model->allows[model->allow_count++] = (ProgramAllow){
        .code = allow->code, .reason = allow->reason, .span = allow->span, .where = where};
}

static void collect(Checker *checker, const Allow *allows, Span where)
{
    for (const Allow *allow = allows; allow != NULL; allow = allow->next)
        collect_one(checker, allow, where);
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

    for (const Allow *allow = ast->allows; allow != NULL; allow = allow->next)
        collect_one(checker, allow, source_file_span(ast->source, allow->span.start));
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
    COLLECT_ALL(Moved, ast->moves);
    COLLECT_ALL(Test, ast->tests);
}

/* ---- the annotations themselves ---- */

static bool is_silenceable(const char *code)
{
    return strncmp(code, "V-WRN-", 6) == 0 || strncmp(code, "V-LNT-", 6) == 0;
}

static void report_code(Checker *checker, const ProgramAllow *allow)
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

static void check_allow(Checker *checker, const ProgramAllow *allow)
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
    allows_sort(model->allows, model->allow_count);
    for (size_t i = 0; i < model->allow_count; i++)
        check_allow(checker, &model->allows[i]);
}
