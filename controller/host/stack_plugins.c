#include "controller/host/stack_plugins.h"

#include <string.h>

#include "controller/host/protection.h"
#include "lang/base/memory.h"

bool stack_needs(const Stack *stack, const char *name)
{
    const char **names;
    size_t count = stack_providers(stack, &names);
    const ProviderConfig *provider = config_provider(stack->config, name);
    bool found = !stack->as_it_is && provider != NULL &&
                 config_is_used(stack->config, stack->program, provider);

    for (size_t i = 0; i < count; i++)
        found |= strcmp(names[i], name) == 0;
    free(names);
    return found;
}

/* What a name is bound to, as the state keeps it: the plugin, or that with what it needs to run,
 * and what is protected by `protection`, which is taken over and may be NULL. */
static Json *plugin_note(const ProviderConfig *provider, Json *protection)
{
    Json *note;

    if (provider->config == NULL && provider->tls_ca == NULL && provider->token_file == NULL &&
        protection == NULL)
        return json_new_string(provider->plugin);
    note = json_new_object();
    json_set_string(note, "plugin", provider->plugin);
    if (provider->config != NULL)
        json_set(note, "config", json_copy(provider->config));
    if (provider->tls_ca != NULL)
        json_set_string(note, "ca", provider->tls_ca);
    if (provider->tls_cert != NULL)
        json_set_string(note, "cert", provider->tls_cert);
    if (provider->tls_key != NULL)
        json_set_string(note, "key", provider->tls_key);
    if (provider->token_file != NULL)
        json_set_string(note, "token_file", provider->token_file);
    if (protection != NULL)
        json_set(note, "protect", protection);
    return note;
}

static const char *plugin_noted(const Json *note)
{
    return json_is_string(note) ? json_string(note, NULL) : json_get_string(note, "plugin", NULL);
}

static void path_bind(char **ret, const Json *note, const char *key)
{
    const char *path = json_get_string(note, key, NULL);

    free(*ret);
    *ret = path != NULL ? memory_copy_string(path) : NULL;
}

/* As it was noted; nothing noted is `local`. */
static void plugin_bind(Config *config, const char *name, const Json *note)
{
    const char *plugin = note != NULL ? plugin_noted(note) : NULL;

    config_bind(config, name, plugin != NULL ? plugin : "local");
    ProviderConfig *provider = config_provider(config, name);
    if (!json_is_object(note))
        return;
    json_free(provider->config);
    provider->config =
        json_get(note, "config") != NULL ? json_copy(json_get(note, "config")) : NULL;
    path_bind(&provider->tls_ca, note, "ca");
    path_bind(&provider->tls_cert, note, "cert");
    path_bind(&provider->tls_key, note, "key");
    path_bind(&provider->token_file, note, "token_file");
}

/* The name under which objects of a plugin go on that the program's name is not bound to any more:
 * "Infra@local". */
static char *name_apart(const char *name, const char *plugin)
{
    return memory_format("%.*s@%s", (int)strcspn(name, "@"), name, plugin);
}

/* Which name the objects of this one have in this run: the same, while it is bound to the plugin
 * that made them. The caller frees it. */
static char *name_of_run(const Stack *stack, const char *name, const char *made)
{
    cleanup(free) char *base = memory_format("%.*s", (int)strcspn(name, "@"), name);
    const ProviderConfig *now = config_provider(stack->config, base);
    bool is_free = now == NULL || (stack->as_it_is && !now->is_written);

    if (is_free || made == NULL)
        return memory_copy_string(name);
    return strcmp(now->plugin, made) == 0 ? take(base) : name_apart(name, made);
}

void stack_plugins_part(Stack *stack)
{
    const char **names;
    size_t count = stack_providers(stack, &names);

    for (size_t i = 0; i < count; i++) {
        cleanup(free) char *name = memory_copy_string(names[i]);
        const Json *note = json_get(stack->plugins, name);
        cleanup(free) char *used =
            name_of_run(stack, name, note != NULL ? plugin_noted(note) : NULL);
        const ProviderConfig *now = config_provider(stack->config, used);
        if (now == NULL || (stack->as_it_is && !now->is_written))
            plugin_bind(stack->config, used, note);
        if (strcmp(used, name) == 0)
            continue;
        provider_rename(stack->runtime, name, used);
        stack->parted = true;
    }
    free(names);
}

/* As it is, a state is protected by what it was; a program is by the bindings of its run. */
static Json *protection_of_run(const Stack *stack, const ProviderConfig *provider)
{
    if (!stack->as_it_is)
        return protection_note(provider);
    const Json *before = json_get(json_get(stack->plugins, provider->name), "protect");
    return before != NULL ? json_copy(before) : NULL;
}

void stack_plugins_remember(Stack *stack)
{
    if (stack->plugins == NULL)
        stack->plugins = json_new_object();
    for (size_t i = 0; i < stack->config->provider_count; i++) {
        const ProviderConfig *provider = &stack->config->providers[i];
        if (stack_needs(stack, provider->name))
            json_set(stack->plugins, provider->name,
                     plugin_note(provider, protection_of_run(stack, provider)));
    }
}
