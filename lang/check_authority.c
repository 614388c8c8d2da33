/* Who may do what to whom: capabilities, and the lattice of scopes. */
#include <assert.h>
#include <string.h>

#include "lang/check.h"

/* ---- capabilities ---- */

static bool capability_is(const Capability *capability, const char *name)
{
    return capability->name.text != NULL && strcmp(capability->name.text, name) == 0;
}

static const Capability *capability_find(const Capability *list, const char *name)
{
    while (list != NULL && !capability_is(list, name))
        list = list->next;
    return list;
}

/* A pattern is `Infra.CreatePostgres`, `Infra.*` or `*`; `wanted` may be a pattern itself, and is
 * covered by a wider one. */
static bool pattern_covers(const char *pattern, const char *wanted)
{
    size_t size = strlen(pattern);

    if (strcmp(pattern, "*") == 0 || strcmp(pattern, wanted) == 0)
        return true;
    return size >= 2 && strcmp(pattern + size - 2, ".*") == 0 &&
           strncmp(pattern, wanted, size - 1) == 0;
}

static bool allows_effect(const Capability *list, const char *wanted)
{
    for (const Capability *c = list; c != NULL; c = c->next)
        if (capability_is(c, "effect") && c->argument.text != NULL &&
            pattern_covers(c->argument.text, wanted))
            return true;
    return false;
}

/* `messaging` alone allows every receiver; with `send_to`, only those that are listed. */
static bool allows_receiver(const Capability *list, const char *domain)
{
    assert(domain != NULL);
    if (capability_find(list, "send_to") == NULL)
        return true;
    for (const Capability *c = list; c != NULL; c = c->next)
        if (capability_is(c, "send_to") && c->argument.text != NULL &&
            strcmp(c->argument.text, domain) == 0)
            return true;
    return false;
}

static void report_bad_capability(Checker *checker, const Capability *c, const char *wrong)
{
    Diagnostic *d =
        check_report(checker, SEVERITY_ERROR, "V-ERR-028", c->span, "%s '%s'", wrong, c->name.text);

    d->remedy = "write messaging, send_to:DOMAIN, effect:PROVIDER.NAME, effect:PROVIDER.* or spawn";
}

void check_capabilities(Checker *checker, const Capability *capabilities)
{
    const Map *domains = &checker->model->domain_names;

    for (const Capability *c = capabilities; c != NULL; c = c->next) {
        if (c->name.text == NULL)
            continue;
        bool bare = capability_is(c, "messaging") || capability_is(c, "spawn");
        bool pair = capability_is(c, "send_to") || capability_is(c, "effect");
        if (!bare && !pair)
            report_bad_capability(checker, c, "there is no capability");
        else if (bare && c->argument.text != NULL)
            report_bad_capability(checker, c, "nothing stands after capability");
        else if (pair && c->argument.text == NULL)
            report_bad_capability(checker, c, "what it is for is missing after capability");
        else if (capability_is(c, "send_to") && model_find(domains, c->argument.text) < 0)
            check_unknown(checker, "V-ERR-020", "domain", c->argument, domains, NULL);
    }
}

static bool is_within(const Capability *c, const Capability *domain)
{
    if (capability_is(c, "effect"))
        return c->argument.text == NULL || allows_effect(domain, c->argument.text);
    if (capability_is(c, "send_to"))
        return c->argument.text == NULL || (capability_find(domain, "messaging") != NULL &&
                                            allows_receiver(domain, c->argument.text));
    return c->name.text == NULL || capability_find(domain, c->name.text) != NULL;
}

void check_narrowing(Checker *checker, const Transition *transition)
{
    const Domain *domain = checker->domain->ast;

    if (!domain->has_capabilities)
        return;
    for (const Capability *c = transition->capabilities; c != NULL; c = c->next) {
        if (is_within(c, domain->capabilities))
            continue;
        Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-028", c->span,
                                     "transition '%s' claims a capability that domain '%s' has not",
                                     transition->name.text, domain->name.text);
        if (domain->capabilities != NULL)
            check_note(checker, d, domain->capabilities->span, "the domain's begin here");
        d->remedy = "a transition can only narrow: add it to the domain's, or leave it away";
    }
}

/* ---- asking ---- */

/* Whether a list of capabilities has what is wanted. */
typedef bool AllowTest(const Capability *list, const char *wanted);

/* "transition 'T'", "domain 'D'" or "environment 'E'": who has not what is wanted; NULL: nobody
 * objects. A transition can only have less than its domain, and so can an environment. */
static const char *who_denies(Checker *checker, AllowTest *test, const char *wanted)
{
    const Domain *domain = checker->domain->ast;
    const Transition *transition = checker->transition;
    int32_t index = checker->domain->environment;
    const Environment *environment = index >= 0 ? checker->model->environment_trees[index] : NULL;

    if (domain->has_capabilities && !test(domain->capabilities, wanted))
        return arena_format(checker->arena, "domain '%s'", domain->name.text);
    if (transition != NULL && transition->has_capabilities &&
        !test(transition->capabilities, wanted))
        return arena_format(checker->arena, "transition '%s'", transition->name.text);
    if (environment != NULL && environment->has_capabilities &&
        !test(environment->capabilities, wanted))
        return arena_format(checker->arena, "environment '%s' that it is deployed to",
                            environment->name.text);
    return NULL;
}

/* False: it is denied, which is reported as `what`, with the capability that would allow it; both
 * are followed by what is wanted, if that has a name. */
static bool check_allowed(Checker *checker, AllowTest *test, const char *wanted, Span span,
                          const char *what, const char *capability)
{
    bool named = wanted != NULL;
    const char *denies = who_denies(checker, test, wanted);

    if (denies == NULL)
        return true;
    Diagnostic *d =
        check_report(checker, SEVERITY_ERROR, "V-ERR-001", span,
                     named ? "%s has no capability for %s '%s'" : "%s has no capability for %s",
                     denies, what, wanted);
    d->consequence = "with a `capability` block there is only what it lists";
    d->remedy = arena_format(checker->arena, named ? "add %s:%s" : "add %s", capability, wanted);
    return false;
}

void check_effect_allowed(Checker *checker, Span span, const char *effect)
{
    check_allowed(checker, allows_effect, effect, span, "effect", "effect");
}

/* ---- scopes ---- */

static ScopeLevel scope_level(const Domain *domain)
{
    return domain->scope.level == SCOPE_DEFAULT ? SCOPE_NAMESPACE : domain->scope.level;
}

static bool scope_same(const Domain *a, const Domain *b)
{
    const char *left = a->scope.place, *right = b->scope.place;

    return scope_level(a) == scope_level(b) &&
           (left == right || (left != NULL && right != NULL && strcmp(left, right) == 0));
}

static const char *scope_text(Checker *checker, const Domain *domain)
{
    static const char *const levels[] = {
        [SCOPE_DEFAULT] = "Namespace",   [SCOPE_ROOT] = "root",
        [SCOPE_TENANT] = "Tenant",       [SCOPE_ENVIRONMENT] = "Environment",
        [SCOPE_WORKSPACE] = "Workspace", [SCOPE_TARGET] = "Target",
        [SCOPE_CONTEXT] = "Context",     [SCOPE_NAMESPACE] = "Namespace",
    };
    const char *level = levels[scope_level(domain)];

    if (domain->scope.place == NULL)
        return level;
    return arena_format(checker->arena, "%s(\"%s\")", level, domain->scope.place);
}

static void check_scope(Checker *checker, const Stmt *stmt, const Domain *receiver)
{
    const Domain *sender = checker->domain->ast;

    if (checker->elevated > 0 || scope_same(sender, receiver) ||
        scope_level(sender) < scope_level(receiver))
        return;
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-001", stmt->span,
                                 "'%s' in %s may not command '%s' in %s", sender->name.text,
                                 scope_text(checker, sender), receiver->name.text,
                                 scope_text(checker, receiver));
    check_note(checker, d, receiver->name.span, "the receiver is declared here");
    d->consequence = "a message runs a transition, which is allowed downward and within one scope";
    d->remedy = "broadcast an event that the receiver handles, or say why it must be so: "
                "elevate \"reason\" { ... }";
}

static bool allows_messaging(const Capability *list, const char *unused)
{
    (void)unused;
    return capability_find(list, "messaging") != NULL;
}

static bool allows_spawn(const Capability *list, const char *unused)
{
    (void)unused;
    return capability_find(list, "spawn") != NULL;
}

void check_send_allowed(Checker *checker, const Stmt *send, const ModelDomain *receiver)
{
    const char *name = receiver->ast->name.text;

    if (check_allowed(checker, allows_messaging, NULL, send->span, "sending", "messaging") &&
        (send->send.to_self ||
         check_allowed(checker, allows_receiver, name, send->span, "sending to", "send_to")))
        check_scope(checker, send, receiver->ast);
}

void check_spawn_allowed(Checker *checker, const Stmt *spawn, const ModelDomain *domain)
{
    if (check_allowed(checker, allows_spawn, NULL, spawn->span, "spawning", "spawn"))
        check_scope(checker, spawn, domain->ast);
}
