#include "controller/host/bind.h"

#include <string.h>

#include "controller/host/catalog_make.h"
#include "lang/base/hash.h"
#include "lang/base/memory.h"
#include "lang/suggest.h"

#define TIMEOUT_DEFAULT_MS 600000

typedef struct Binder {
    const Config *config;
    const ProviderPool *pool;
    Diagnostics *diagnostics;
    const EffectUse *use;
} Binder;

static const ProviderSchema *schema_of(void *context, const ProviderConfig *provider)
{
    return context != NULL ? provider_schema(context, provider->name) : NULL;
}

static char **names_copy(const char **names, size_t count, size_t *ret_count)
{
    char **copy = memory_zero(count, sizeof(char *));

    for (size_t i = 0; i < count; i++)
        copy[i] = memory_copy_string(names[i]);
    *ret_count = count;
    return copy;
}

static void bind_parameters(const SchemaEffect *effect, BoundEffect *ret)
{
    ret->positional =
        names_copy(effect->positional, effect->positional_count, &ret->positional_count);
    ret->immutable = names_copy(effect->immutable, effect->immutable_count, &ret->immutable_count);
}

/* The binding's own word counts; else the default, or longer if the schema says so. */
static int64_t timeout_of(const ProviderConfig *provider, const SchemaEffect *effect)
{
    if (provider->timeout_ms != 0)
        return provider->timeout_ms;
    return effect->timeout_s * 1000 > TIMEOUT_DEFAULT_MS ? effect->timeout_s * 1000
                                                         : TIMEOUT_DEFAULT_MS;
}

/* Only the schema tells an action from an object, which a later attempt takes up again. */
static void warn_of_unnamed_action(Binder *binder, const char *name)
{
    const EffectUse *use = binder->use;

    if (use->has_name || use->has_key || !use->failure_follows)
        return;
    Diagnostic *diagnostic = diagnostics_add(binder->diagnostics, SEVERITY_WARNING, "V-WRN-021",
                                             use->span, "%s is done without a name", name);
    diagnostic->consequence = "if what follows in this slice fails, it is done again with the next "
                              "attempt, should its arguments have changed by then";
    diagnostic->remedy =
        "say which deed it is: `idempotency_key: \"...\"`; or put it last, or in a "
        "slice of its own";
}

static void bind_effect(Binder *binder, const CatalogProvider *asked, BoundEffect *ret)
{
    const EffectUse *use = binder->use;
    const ProviderConfig *provider = config_provider(binder->config, asked->name);
    const ActionConfig *action = config_action(provider, use->effect);
    const char *name = action != NULL ? action->action : use->effect;
    const ProviderSchema *schema = provider_schema(binder->pool, provider->name);
    const SchemaEffect *effect = schema_effect(schema, name);

    ret->provider = memory_copy_string(provider->name);
    ret->action = memory_copy_string(name);
    ret->is_action = effect->kind == SCHEMA_ACTION;
    if (!ret->is_action)
        ret->type = memory_copy_string(effect->type != NULL ? effect->type : name);
    ret->create_first = !ret->is_action && schema_creates_first(schema, ret->type);
    ret->protect = action != NULL && action->protect;
    ret->defaults = action != NULL ? json_copy(action->defaults) : NULL;
    if (ret->defaults != NULL && use->has_name)
        json_free(json_detach(ret->defaults, "name"));
    ret->timeout_ms = timeout_of(provider, effect);
    bind_parameters(effect, ret);
    if (ret->is_action)
        warn_of_unnamed_action(binder, name);
}

static void bindings_digest(Bindings *bindings, const Config *config)
{
    cleanup(buffer_deinit) Buffer text = {0};
    uint8_t digest[SHA256_SIZE];

    for (size_t i = 0; i < bindings->effect_count; i++) {
        const BoundEffect *effect = &bindings->effects[i];
        const ProviderConfig *provider =
            effect->provider != NULL ? config_provider(config, effect->provider) : NULL;
        buffer_add_format(&text, "%s %s %s ", effect->provider ? effect->provider : "",
                          provider != NULL ? provider->plugin : "",
                          effect->action ? effect->action : "");
        if (effect->defaults != NULL)
            json_write_canonical(&text, effect->defaults);
        if (effect->protect)
            buffer_add_string(&text, " protected");
        buffer_add_char(&text, '\n');
    }
    for (size_t i = 0; i < bindings->fact_count; i++)
        buffer_add_format(&text, "? %s %s\n", bindings->fact_providers[i],
                          config_provider(config, bindings->fact_providers[i])->plugin);
    sha256(buffer_text(&text), text.size, digest);
    hex_encode(digest, SHA256_SIZE, bindings->digest);
}

static void bind_facts(const Program *program, const Catalog *catalog, Bindings *ret)
{
    ret->fact_providers = memory_zero(program->fact_count, sizeof *ret->fact_providers);
    for (size_t i = 0; i < program->fact_count; i++)
        ret->fact_providers[ret->fact_count++] =
            memory_copy_string(catalog->queries[i].provider->name);
}

/* ---- what fits nothing ---- */

static bool emits(const Program *program, const char *provider, const char *effect)
{
    for (size_t i = 0; i < program->effect_count; i++) {
        const EffectUse *use = &program->effects[i];
        bool is_asked =
            provider == NULL || use->provider == NULL || strcmp(use->provider, provider) == 0;
        if (is_asked && (effect == NULL || strcmp(use->effect, effect) == 0))
            return true;
    }
    return false;
}

static bool asks(const Program *program, const char *provider)
{
    for (size_t i = 0; i < program->fact_count; i++)
        if (strcmp(program->facts[i].provider, provider) == 0)
            return true;
    return false;
}

/* What the program emits that is spelt most alike; "" where nothing comes near. */
static char *did_you_mean(const Program *program, const char *name, bool is_provider)
{
    Suggestion suggestion = suggest_begin(name);

    for (size_t i = 0; i < program->effect_count; i++) {
        const EffectUse *use = &program->effects[i];
        const char *known = is_provider ? use->provider : use->effect;
        if (known != NULL)
            suggest_try(&suggestion, known);
    }
    return suggestion.best != NULL ? memory_format(": did you mean %s?", suggestion.best)
                                   : memory_copy_string("");
}

static void report_reference(const Program *program, const char *place, const char *text,
                             Buffer *ret)
{
    static const char begin[] = "${resource.";

    for (const char *at = strstr(text, "${"); at != NULL; at = strstr(at + 2, "${")) {
        size_t length = strcspn(at, "}");
        bool is_reference = strncmp(at, begin, sizeof begin - 1) == 0;
        const char *effect = at + (is_reference ? sizeof begin - 1 : 2);
        size_t effect_size = strcspn(effect, ".?} ");
        if (!is_reference) {
            if (effect[effect_size] == '.') /* no shell's either */
                buffer_add_format(ret,
                                  "%s: '%.*s}' is left as it is: expected "
                                  "${resource.EFFECT.field}\n",
                                  place, (int)length, at);
            continue;
        }
        cleanup(free) char *name = memory_copy_bytes(effect, effect_size);
        if (at[length] == '\0' || effect[effect_size] != '.') {
            buffer_add_format(ret,
                              "%s: '%.*s' is left as it is: expected "
                              "${resource.EFFECT.field}\n",
                              place, (int)length, at);
        } else if (!emits(program, NULL, name)) {
            cleanup(free) char *hint = did_you_mean(program, name, false);
            buffer_add_format(ret, "%s: the program never emits %s%s\n", place, name, hint);
        }
    }
}

static void report_references(const Program *program, const char *place, const Json *value,
                              Buffer *ret)
{
    if (json_is_string(value))
        report_reference(program, place, json_string(value, ""), ret);
    for (const Json *m = json_first(value); m != NULL; m = json_next(m))
        report_references(program, place, m, ret);
}

static void report_actions(const Program *program, const ProviderConfig *provider, Buffer *ret)
{
    for (size_t i = 0; i < provider->action_count; i++) {
        const ActionConfig *action = &provider->actions[i];
        cleanup(free) char *place =
            memory_format("providers.%s.actions.%s", provider->name, action->effect);
        if (emits(program, provider->name, action->effect)) {
            report_references(program, place, action->defaults, ret);
            continue;
        }
        cleanup(free) char *hint = did_you_mean(program, action->effect, false);
        buffer_add_format(ret, "%s: the program never emits %s.%s%s\n", place, provider->name,
                          action->effect, hint);
    }
}

void bind_misfits(const Program *program, const Config *config, Buffer *ret)
{
    for (size_t i = 0; i < config->provider_count; i++) {
        const ProviderConfig *provider = &config->providers[i];
        if (!provider->is_written)
            continue;
        if (emits(program, provider->name, NULL) || asks(program, provider->name)) {
            report_actions(program, provider, ret);
            continue;
        }
        cleanup(free) char *hint = did_you_mean(program, provider->name, true);
        buffer_add_format(ret, "providers.%s: the program has no effect or fact of provider %s%s\n",
                          provider->name, provider->name, hint);
    }
}

int bind_program(const Program *program, const Config *config, ProviderPool *pool,
                 Diagnostics *diagnostics, Bindings *ret)
{
    cleanup(catalog_free) Catalog *catalog = catalog_make(program, config, schema_of, pool);
    Binder binder = {config, pool, diagnostics, NULL};

    program_check_effects(program, catalog, diagnostics);
    if (diagnostics->error_count > 0)
        return ERROR_PROGRAM;
    *ret = (Bindings){.effect_count = program->effect_count};
    ret->effects = memory_zero(program->effect_count, sizeof *ret->effects);
    for (size_t i = 0; i < program->effect_count; i++) {
        binder.use = &program->effects[i];
        bind_effect(&binder, catalog->effects[i].provider, &ret->effects[i]);
    }
    bind_facts(program, catalog, ret);
    bindings_digest(ret, config);
    return 0;
}
