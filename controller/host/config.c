#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "lang/base/duration.h"
#include "lang/base/file.h"
#include "lang/base/memory.h"
#include "lang/base/yaml.h"

#define API_VERSION "ved.dev/v1"

/* Unbound, the sample application finds the stack's database by itself. */
#define APP_DEFAULTS "{\"env\":{\"DATABASE_URL\":\"${resource.CreatePostgres.url?}\"}}"

static void provider_deinit(ProviderConfig *provider)
{
    for (size_t i = 0; i < provider->action_count; i++) {
        free(provider->actions[i].effect);
        free(provider->actions[i].action);
        json_free(provider->actions[i].defaults);
    }
    free(provider->actions);
    free(provider->name);
    free(provider->plugin);
    free(provider->tls_ca);
    free(provider->tls_cert);
    free(provider->tls_key);
    free(provider->token_file);
    json_free(provider->config);
}

void config_free(Config *config)
{
    if (config == NULL)
        return;
    for (size_t i = 0; i < config->provider_count; i++)
        provider_deinit(&config->providers[i]);
    free(config->providers);
    key_sources_deinit(&config->keys);
    free(config->path);
    free(config->text);
    free(config->stack);
    free(config);
}

Config *config_new(void)
{
    return memory_zero(1, sizeof(Config));
}

ProviderConfig *config_provider(const Config *config, const char *name)
{
    for (size_t i = 0; i < config->provider_count; i++)
        if (strcmp(config->providers[i].name, name) == 0)
            return &config->providers[i];
    return NULL;
}

const ActionConfig *config_action(const ProviderConfig *provider, const char *effect)
{
    for (size_t i = 0; i < provider->action_count; i++)
        if (strcmp(provider->actions[i].effect, effect) == 0)
            return &provider->actions[i];
    return NULL;
}

static ProviderConfig *provider_add(Config *config, const char *name)
{
    config->providers =
        memory_grow(config->providers, config->provider_count + 1, sizeof *config->providers);
    ProviderConfig *provider = &config->providers[config->provider_count++];
    *provider = (ProviderConfig){.name = memory_copy_string(name), .resync_ms = CONFIG_RESYNC_MS};
    return provider;
}

static ActionConfig *action_add(ProviderConfig *provider, const char *effect)
{
    provider->actions =
        memory_grow(provider->actions, provider->action_count + 1, sizeof *provider->actions);
    ActionConfig *action = &provider->actions[provider->action_count++];
    *action = (ActionConfig){.effect = memory_copy_string(effect)};
    return action;
}

/* ---- reading ---- */

typedef struct Place {
    const char *kind; /* "bindings", or "program" for what an environment says */
    const char *file;
    const char *path; /* providers.Infra.limits */
    Error *err;
} Place;

static int bad(const Place *place, const char *key, const char *expected)
{
    return error_set(place->err, ERROR_PROGRAM, "%s '%s': %s%s%s: expected %s", place->kind,
                     place->file, place->path, place->path[0] != '\0' && key[0] != '\0' ? "." : "",
                     key, expected);
}

/* Every member must be one of `known`, separated by spaces: a misspelt one must not be ignored. */
static int check_members(const Place *place, const Json *json, const char *known)
{
    for (const Json *m = json_first(json); m != NULL; m = json_next(m)) {
        const char *key = json_key(m), *at = known;
        size_t length = strlen(key);
        while ((at = strstr(at, key)) != NULL &&
               ((at != known && at[-1] != ' ') || (at[length] != ' ' && at[length] != '\0')))
            at += length;
        if (at == NULL || length == 0)
            return error_set(place->err, ERROR_PROGRAM,
                             "%s '%s': %s%s%s is not known here: expected one of %s", place->kind,
                             place->file, place->path, place->path[0] != '\0' ? "." : "", key,
                             known);
    }
    return 0;
}

static int read_string(const Place *place, const Json *json, const char *key, char **ret)
{
    const Json *member = json_get(json, key);

    if (member == NULL)
        return 0;
    if (!json_is_string(member) || json_string(member, "")[0] == '\0')
        return bad(place, key, "a text");
    *ret = memory_copy_string(json_string(member, ""));
    return 0;
}

/* "250ms", "30s", "10m", "2h" */
static int read_duration(const Place *place, const Json *json, const char *key, int64_t *ret)
{
    const char *text = json_get_string(json, key, NULL);

    if (json_get(json, key) == NULL)
        return 0;
    if (text == NULL || !duration_parse(text, ret) || *ret == 0)
        return bad(place, key, "a duration such as 10m");
    return 0;
}

/* 50/s, 600/m, or a number a second */
static int read_rate(const Place *place, const Json *json, double *ret)
{
    const Json *member = json_get(json, "rate");
    const char *text = json_string(member, NULL);
    char *end = NULL;

    if (member == NULL)
        return 0;
    *ret = text != NULL ? strtod(text, &end) : json_number(member, 0);
    if (text != NULL && strcmp(end, "/m") == 0)
        *ret /= 60;
    else if (text != NULL && strcmp(end, "/s") != 0)
        *ret = 0;
    return *ret > 0 ? 0 : bad(place, "rate", "a rate such as 50/s");
}

static int read_limits(const Place *parent, const Json *json, ProviderConfig *provider)
{
    cleanup(free) char *path = memory_format("%s.limits", parent->path);
    Place place = {parent->kind, parent->file, path, parent->err};

    if (json == NULL)
        return 0;
    if (!json_is_object(json))
        return bad(&place, "", "a mapping with concurrency, rate, timeout, resync");
    if (check_members(&place, json, "concurrency rate timeout resync") < 0)
        return ERROR_PROGRAM;
    int64_t concurrency = json_get_int(json, "concurrency", 0);
    if (json_get(json, "concurrency") != NULL && (concurrency < 1 || concurrency > 10000))
        return bad(&place, "concurrency", "a number from 1 to 10000");
    provider->concurrency = (int)concurrency;
    if (read_rate(&place, json, &provider->rate_per_s) < 0 ||
        read_duration(&place, json, "resync", &provider->resync_ms) < 0)
        return ERROR_PROGRAM;
    return read_duration(&place, json, "timeout", &provider->timeout_ms);
}

static int read_tls(const Place *parent, const Json *json, ProviderConfig *provider)
{
    cleanup(free) char *path = memory_format("%s.tls", parent->path);
    Place place = {parent->kind, parent->file, path, parent->err};

    if (json == NULL)
        return 0;
    if (!json_is_object(json))
        return bad(&place, "", "a mapping with ca, cert, key");
    if (check_members(&place, json, "ca cert key token_file") < 0 ||
        read_string(&place, json, "ca", &provider->tls_ca) < 0 ||
        read_string(&place, json, "cert", &provider->tls_cert) < 0 ||
        read_string(&place, json, "key", &provider->tls_key) < 0)
        return ERROR_PROGRAM;
    return read_string(&place, json, "token_file", &provider->token_file);
}

/* What stands beside an action's parameters and is none of them. */
static int read_action(const Place *place, ActionConfig *action)
{
    cleanup(json_free) Json *other = json_detach(action->defaults, "action");
    cleanup(json_free) Json *protect = json_detach(action->defaults, "protect");

    action->action = memory_copy_string(json_string(other, action->effect));
    action->protect = json_bool(protect, false);
    if (other != NULL && !json_is_string(other))
        return bad(place, action->effect, "the name of an action after `action:`");
    if (protect != NULL && !json_is_bool(protect))
        return bad(place, action->effect, "true or false after `protect:`");
    return 0;
}

static int read_actions(const Place *parent, const Json *json, ProviderConfig *provider)
{
    cleanup(free) char *path = memory_format("%s.actions", parent->path);
    Place place = {parent->kind, parent->file, path, parent->err};

    if (json == NULL)
        return 0;
    if (!json_is_object(json))
        return bad(&place, "", "a mapping of effects");
    for (const Json *m = json_first(json); m != NULL; m = json_next(m)) {
        if (!json_is_object(m) && !json_is_null(m))
            return bad(&place, json_key(m), "a mapping of parameters");
        ActionConfig *action = action_add(provider, json_key(m));
        action->defaults = json_is_object(m) ? json_copy(m) : json_new_object();
        if (read_action(&place, action) < 0)
            return ERROR_PROGRAM;
    }
    return 0;
}

/* What is said of a provider, at `place`. */
static int read_provider(const Place *place, const char *name, const Json *json, Config *config)
{
    if (!json_is_object(json))
        return bad(place, "", "a mapping with plugin, config, limits, actions");
    if (check_members(place, json, "plugin config tls limits actions allow_short_ttl") < 0)
        return ERROR_PROGRAM;
    if (json_get(json, "config") != NULL && !json_is_object(json_get(json, "config")))
        return bad(place, "config", "a mapping");
    if (json_get(json, "allow_short_ttl") != NULL &&
        !json_is_bool(json_get(json, "allow_short_ttl")))
        return bad(place, "allow_short_ttl", "true or false");
    ProviderConfig *provider = provider_add(config, name);
    provider->is_written = true;
    provider->allow_short_ttl = json_get_bool(json, "allow_short_ttl", false);
    if (json_get(json, "config") != NULL)
        provider->config = json_copy(json_get(json, "config"));
    if (read_string(place, json, "plugin", &provider->plugin) < 0 ||
        read_tls(place, json_get(json, "tls"), provider) < 0 ||
        read_limits(place, json_get(json, "limits"), provider) < 0)
        return ERROR_PROGRAM;
    if (provider->plugin == NULL)
        provider->plugin = memory_copy_string("local");
    return read_actions(place, json_get(json, "actions"), provider);
}

static int read_providers(const char *file, const Json *providers, Config *config, Error *err)
{
    for (const Json *m = json_first(providers); m != NULL; m = json_next(m)) {
        cleanup(free) char *path = memory_format("providers.%s", json_key(m));
        Place place = {"bindings", file, path, err};
        if (read_provider(&place, json_key(m), m, config) < 0)
            return ERROR_PROGRAM;
    }
    return 0;
}

/* Where one key comes from. A file is where the folder of the bindings says. */
static int read_key(const Place *place, const Json *json, KeySource *ret)
{
    const char *slash = strrchr(place->file, '/');

    if (!json_is_object(json) || json_count(json) != 1)
        return bad(place, "", "one of file, env and command");
    if (check_members(place, json, "file env command") < 0 ||
        read_string(place, json, "file", &ret->file) < 0 ||
        read_string(place, json, "env", &ret->env) < 0 ||
        read_string(place, json, "command", &ret->command) < 0)
        return ERROR_PROGRAM;
    if (ret->file == NULL || ret->file[0] == '/' || slash == NULL)
        return 0;
    cleanup(free) char *name = ret->file;
    ret->file = memory_format("%.*s/%s", (int)(slash - place->file), place->file, name);
    return 0;
}

static int read_secrets(const char *file, const Json *json, KeySources *ret, Error *err)
{
    Place place = {"bindings", file, "secrets", err};
    Place current = {"bindings", file, "secrets.key", err};
    Place former = {"bindings", file, "secrets.former", err};
    const Json *list = json_get(json, "former");

    if (json == NULL)
        return 0;
    if (!json_is_object(json))
        return bad(&place, "", "a mapping with key, former");
    if (check_members(&place, json, "key former") < 0)
        return ERROR_PROGRAM;
    if (json_get(json, "key") != NULL &&
        read_key(&current, json_get(json, "key"), &ret->current) < 0)
        return ERROR_PROGRAM;
    if (list != NULL && !json_is_array(list))
        return bad(&former, "", "a list of keys");
    ret->former = memory_zero(json_count(list) + 1, sizeof *ret->former);
    for (const Json *m = json_first(list); m != NULL; m = json_next(m))
        if (read_key(&former, m, &ret->former[ret->former_count++]) < 0)
            return ERROR_PROGRAM;
    return 0;
}

static int read_document(const char *file, const Json *json, Config *config, Error *err)
{
    Place place = {"bindings", file, "", err};

    if (!json_is_object(json))
        return bad(&place, "the document", "a mapping with apiVersion, kind, providers");
    if (check_members(&place, json, "apiVersion kind stack secrets providers") < 0)
        return ERROR_PROGRAM;
    if (strcmp(json_get_string(json, "apiVersion", ""), API_VERSION) != 0)
        return bad(&place, "apiVersion", API_VERSION);
    if (strcmp(json_get_string(json, "kind", ""), "Bindings") != 0)
        return bad(&place, "kind", "Bindings");
    if (read_string(&place, json, "stack", &config->stack) < 0 ||
        read_secrets(file, json_get(json, "secrets"), &config->keys, err) < 0)
        return ERROR_PROGRAM;
    const Json *providers = json_get(json, "providers");
    if (providers != NULL && !json_is_object(providers))
        return bad(&place, "providers", "a mapping of provider names");
    return read_providers(file, providers, config, err);
}

static int config_read(const char *path, const char *text, Config **ret, Error *err)
{
    cleanup(json_free) Json *json = NULL;
    cleanup(config_free) Config *config = config_new();

    if (yaml_parse(text, strlen(text), &json, err) < 0) {
        error_wrap(err, "bindings '%s'", path);
        return err->code = ERROR_PROGRAM;
    }
    if (read_document(path, json, config, err) < 0)
        return ERROR_PROGRAM;
    config->path = memory_copy_string(path);
    config->text = memory_copy_string(text);
    *ret = take(config);
    return 0;
}

int config_load(const char *path, Config **ret, Error *err)
{
    cleanup(buffer_deinit) Buffer text = {0};

    if (file_read(path, CONFIG_SIZE_MAX, &text, err) < 0) {
        error_wrap(err, "bindings");
        return err->code = ERROR_PROGRAM;
    }
    if (strlen(buffer_text(&text)) != text.size)
        return error_set(err, ERROR_PROGRAM, "bindings '%s': expected text, found a byte that is 0",
                         path);
    return config_read(path, buffer_text(&text), ret, err);
}

int config_again(const Config *config, Config **ret, Error *err)
{
    if (config->text != NULL)
        return config_read(config->path, config->text, ret, err);
    *ret = config_new();
    return 0;
}

/* ---- defaults ---- */

void config_bind(Config *config, const char *name, const char *plugin)
{
    ProviderConfig *provider = config_provider(config, name);

    if (provider == NULL)
        provider = provider_add(config, name);
    free(provider->plugin);
    provider->plugin = memory_copy_string(plugin);
    provider->is_written = true;
}

static void app_default(ProviderConfig *provider)
{
    if (strcmp(provider->plugin, "local") != 0 ||
        config_action(provider, "StartAppContainer") != NULL)
        return;
    ActionConfig *action = action_add(provider, "StartAppContainer");
    action->action = memory_copy_string("StartAppContainer");
    json_parse(APP_DEFAULTS, strlen(APP_DEFAULTS), &action->defaults, NULL);
}

/* ---- what the program's environments say ---- */

static char *environment_name(const ProgramEnvironment *environment, const char *provider)
{
    return memory_format("%s.%s", environment->name, provider);
}

/* In braces stands what a binding file says of a provider, but for the plugin. */
static int environment_provider(Config *config, const Program *program,
                                const ProgramEnvironment *environment,
                                const ProgramProvider *provider, Error *err)
{
    cleanup(free) char *name = environment_name(environment, provider->name);
    cleanup(free) char *path =
        memory_format("environment %s: provider %s", environment->name, provider->name);
    cleanup(buffer_deinit) Buffer text = {0};
    cleanup(json_free) Json *json = NULL;
    Place place = {"program", program->source.name, path, err};

    if (config_provider(config, name) != NULL)
        return 0; /* the binding file names it, too, and it decides */
    if (provider->config.type == VALUE_OBJECT)
        value_write_json(&text, provider->config);
    else
        buffer_add_string(&text, "{}");
    if (json_parse(buffer_text(&text), text.size, &json, err) < 0)
        return err->code = ERROR_PROGRAM;
    if (json_get(json, "plugin") != NULL)
        return bad(&place, "plugin", "no plugin in the braces, it stands before them");
    json_set(json, "plugin", json_new_string(provider->plugin));
    return read_provider(&place, name, json, config);
}

static int environments_add(Config *config, const Program *program, Error *err)
{
    for (size_t i = 0; i < program->environment_count; i++) {
        const ProgramEnvironment *environment = &program->environments[i];
        for (size_t k = 0; k < environment->provider_count; k++)
            if (environment_provider(config, program, environment, &environment->providers[k],
                                     err) < 0)
                return ERROR_PROGRAM;
    }
    return 0;
}

ProviderConfig *config_provider_in(const Config *config, const Program *program, uint32_t domain,
                                   const char *name)
{
    int32_t environment =
        domain < program->domain_count ? program->domains[domain].environment : -1;

    if (environment >= 0) {
        cleanup(free) char *own = environment_name(&program->environments[environment], name);
        ProviderConfig *provider = config_provider(config, own);
        if (provider != NULL)
            return provider;
    }
    return config_provider(config, name);
}

bool config_is_visible(const Config *config, const Program *program, uint32_t domain,
                       const ProviderConfig *provider)
{
    const char *dot = strchr(provider->name, '.');

    return config_provider_in(config, program, domain, dot != NULL ? dot + 1 : provider->name) ==
           provider;
}

bool config_is_used(const Config *config, const Program *program, const ProviderConfig *provider)
{
    for (size_t i = 0; i < program->effect_count; i++) {
        const EffectUse *use = &program->effects[i];
        if (use->provider == NULL ||
            config_provider_in(config, program, use->domain, use->provider) == provider)
            return true;
    }
    for (size_t i = 0; i < program->fact_count; i++) {
        const FactUse *use = &program->facts[i];
        if (config_provider_in(config, program, use->domain, use->provider) == provider)
            return true;
    }
    return false;
}

/* ---- all of it ---- */

static void default_add(Config *config, const Program *program, uint32_t domain, const char *name)
{
    if (config_provider_in(config, program, domain, name) == NULL)
        provider_add(config, name)->plugin = memory_copy_string("local");
}

int config_complete(Config *config, const Program *program, Error *err)
{
    if (environments_add(config, program, err) < 0)
        return ERROR_PROGRAM;
    for (size_t i = 0; i < program->effect_count; i++) {
        const EffectUse *use = &program->effects[i];
        if (use->provider != NULL)
            default_add(config, program, use->domain, use->provider);
        else if (config->provider_count == 0) /* a bare effect with nothing bound at all */
            default_add(config, program, use->domain, "Infra");
    }
    for (size_t i = 0; i < program->fact_count; i++)
        default_add(config, program, program->facts[i].domain, program->facts[i].provider);
    for (size_t i = 0; i < config->provider_count; i++)
        app_default(&config->providers[i]);
    return 0;
}
