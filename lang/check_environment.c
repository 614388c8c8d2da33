/* Environments: which providers and nodes serve which domains, and what they may do there. */
#include <string.h>

#include "lang/check.h"

/* ---- deployments ---- */

static void declare_deploy(Checker *checker, const Deploy *deploy, Map *seen)
{
    Model *model = checker->model;

    checker->module = deploy->declared.module;
    ModelDomain *domain = check_domain_name(checker, deploy->domain, "V-ERR-020");
    if (deploy->environment.text == NULL)
        return;
    const Declaration *found =
        declaration_in(checker, &model->environment_names, deploy->environment.text);
    if (found == NULL) {
        check_unknown(checker, "V-ERR-020", "environment", deploy->environment,
                      &model->environment_names, NULL);
        return;
    }
    if (domain == NULL)
        return;
    const Deploy *first = map_put(seen, deploy->domain.text, (void *)deploy);
    if (first != NULL) {
        Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-021", deploy->domain.span,
                                     "domain '%s' is deployed twice", deploy->domain.text);
        check_note(checker, d, first->span, "the first time is here");
        d->consequence = "it can run in one environment only";
        return;
    }
    domain->environment = (int32_t)found->index;
}

void declare_environments(Checker *checker)
{
    Map seen = {0};

    for (const Deploy *deploy = checker->model->ast->deploys; deploy != NULL; deploy = deploy->next)
        declare_deploy(checker, deploy, &seen);
    map_deinit(&seen);
}

/* ---- what stands in them ---- */

static void environment_providers(Checker *checker, const Environment *tree,
                                  ProgramEnvironment *ret)
{
    size_t count = LIST_COUNT(EnvironmentProvider, tree->providers), i = 0;
    ProgramProvider *providers = arena_array(checker->arena, ProgramProvider, count);
    Map seen = {0};

    for (const EnvironmentProvider *p = tree->providers; p != NULL; p = p->next, i++) {
        providers[i] = (ProgramProvider){.name = p->name.text,
                                         .plugin = p->plugin.text,
                                         .config = value_null(),
                                         .span = p->span};
        if (p->config != NULL)
            check_constant(checker, p->config, STATIC_ANY, "the configuration of a provider",
                           (Span){0, 0}, &providers[i].config);
        const EnvironmentProvider *first =
            p->name.text != NULL ? map_put(&seen, p->name.text, (void *)p) : NULL;
        if (first != NULL)
            check_taken(checker, "provider", p->name, first->name.span);
    }
    map_deinit(&seen);
    ret->providers = providers;
    ret->provider_count = count;
}

static void environment_hosts(Checker *checker, const Environment *tree, ProgramEnvironment *ret)
{
    size_t count = LIST_COUNT(Argument, tree->hosts), i = 0;
    const char **hosts = arena_array(checker->arena, const char *, count);
    Value host;

    for (const Argument *a = tree->hosts; a != NULL; a = a->next)
        if (check_constant(checker, a->value, STATIC_STRING, "a host", (Span){0, 0}, &host))
            hosts[i++] = host.string->bytes;
    ret->hosts = hosts;
    ret->host_count = i;
}

void check_environments(Checker *checker)
{
    Model *model = checker->model;

    for (size_t i = 0; i < model->environment_count; i++) {
        const Environment *tree = model->environment_trees[i];
        checker->module = tree->declared.module;
        check_capabilities(checker, tree->capabilities);
        environment_providers(checker, tree, &model->environments[i]);
        environment_hosts(checker, tree, &model->environments[i]);
    }
}
