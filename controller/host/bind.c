#include "bind.h"

#include <string.h>

#include "lang/base/hash.h"
#include "lang/base/memory.h"
#include "lang/suggest.h"

#define TIMEOUT_DEFAULT_MS 600000

typedef struct Binder {
    const Program *program;
    const Config *config;
    const ProviderPool *pool;
    Diagnostics *diagnostics;
    const EffectUse *use;
} Binder;

/* The provider's name of an effect, and what the file says of it (may be NULL). */
static const char *action_name(const ProviderConfig *provider, const char *effect,
                               const ActionConfig **ret_action)
{
    *ret_action = config_action(provider, effect);
    return *ret_action != NULL ? (*ret_action)->action : effect;
}

static const SchemaEffect *effect_of(const Binder *binder, const ProviderConfig *provider)
{
    const ActionConfig *action;
    const ProviderSchema *schema = provider_schema(binder->pool, provider->name);

    return schema != NULL
               ? schema_effect(schema, action_name(provider, binder->use->effect, &action))
               : NULL;
}

/* The provider of a bare effect: the one that has it. */
static const ProviderConfig *provider_search(Binder *binder)
{
    const ProviderConfig *found = NULL;
    size_t count = 0;

    for (size_t i = 0; i < binder->config->provider_count; i++) {
        const ProviderConfig *provider = &binder->config->providers[i];
        if (config_is_visible(binder->config, binder->program, binder->use->domain, provider) &&
            effect_of(binder, provider) != NULL) {
            found = provider;
            count++;
        }
    }
    if (count == 1)
        return found;
    Diagnostic *diagnostic = diagnostics_add(
        binder->diagnostics, SEVERITY_ERROR, "V-ERR-004", binder->use->span,
        count == 0 ? "no bound provider has an effect %s" : "more than one bound provider has %s",
        binder->use->effect);
    diagnostic->consequence = "Ved cannot tell whom to ask, so nothing is run";
    diagnostic->remedy = "name the provider: `emit Infra.Effect(...)`";
    return NULL;
}

/* The effect of the schema that is spelt most alike; NULL: none comes near. */
static const char *effect_alike(const ProviderSchema *schema, const char *name)
{
    Suggestion suggestion = suggest_begin(name);
    const SchemaEffect *effect;

    for (size_t i = 0; (effect = schema_effect_at(schema, i)) != NULL; i++)
        suggest_try(&suggestion, effect->name);
    return suggestion.best;
}

static void report_effect(Binder *binder, const ProviderConfig *provider, const char *name)
{
    const ProviderSchema *schema = provider_schema(binder->pool, provider->name);
    const char *alike = schema != NULL ? effect_alike(schema, name) : NULL;
    Arena *arena = binder->diagnostics->arena;
    Diagnostic *diagnostic = diagnostics_add(
        binder->diagnostics, SEVERITY_ERROR, "V-ERR-004", binder->use->span,
        "provider %s (plugin %s) has no effect %s", provider->name, provider->plugin, name);

    diagnostic->consequence = "the effect could never be performed, so nothing is run";
    diagnostic->remedy =
        alike != NULL
            ? arena_format(arena, "did you mean %s? Or bind %s to an action in the binding file",
                           alike, binder->use->effect)
            : arena_format(arena,
                           "bind %s to one of the provider's actions, or the provider to "
                           "another plugin (`--provider %s=sim` tries without one)",
                           binder->use->effect, provider->name);
}

static void check_parameters(Binder *binder, const SchemaEffect *effect, const char *action)
{
    const EffectUse *use = binder->use;
    size_t positional = 0;

    for (size_t i = 0; i < use->argument_count; i++) {
        const char *name = use->argument_names[i];
        if (name == NULL && positional < effect->positional_count)
            name = effect->positional[positional];
        positional += use->argument_names[i] == NULL;
        if (name == NULL) {
            diagnostics_add(binder->diagnostics, SEVERITY_ERROR, "V-ERR-004", use->span,
                            "%s takes %zu arguments without a name, found one more", action,
                            effect->positional_count)
                ->remedy = "name the argument: `parameter: value`";
        } else if (!schema_effect_takes(effect, name)) {
            diagnostics_add(binder->diagnostics, SEVERITY_ERROR, "V-ERR-004", use->span,
                            "%s has no parameter %s", action, name)
                ->remedy = "see the provider's parameters in the manual, or its schema";
        }
    }
}

static void bind_parameters(const SchemaEffect *effect, BoundEffect *ret)
{
    ret->positional = memory_zero(effect->positional_count, sizeof(char *));
    for (size_t i = 0; i < effect->positional_count; i++)
        ret->positional[ret->positional_count++] = memory_copy_string(effect->positional[i]);
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

static void bind_effect(Binder *binder, BoundEffect *ret)
{
    const EffectUse *use = binder->use;
    const ActionConfig *action;
    const ProviderConfig *provider =
        use->provider != NULL
            ? config_provider_in(binder->config, binder->program, use->domain, use->provider)
            : provider_search(binder);
    if (provider == NULL)
        return;
    const char *name = action_name(provider, use->effect, &action);
    const ProviderSchema *schema = provider_schema(binder->pool, provider->name);
    const SchemaEffect *effect = schema != NULL ? schema_effect(schema, name) : NULL;
    if (effect == NULL) {
        report_effect(binder, provider, name);
        return;
    }
    check_parameters(binder, effect, name);
    ret->provider = memory_copy_string(provider->name);
    ret->action = memory_copy_string(name);
    ret->is_action = effect->kind == SCHEMA_ACTION;
    if (!ret->is_action)
        ret->type = memory_copy_string(effect->type != NULL ? effect->type : name);
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
        buffer_add_char(&text, '\n');
    }
    sha256(buffer_text(&text), text.size, digest);
    hex_encode(digest, SHA256_SIZE, bindings->digest);
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
        if (emits(program, provider->name, NULL)) {
            report_actions(program, provider, ret);
            continue;
        }
        cleanup(free) char *hint = did_you_mean(program, provider->name, true);
        buffer_add_format(ret, "providers.%s: the program has no effect of provider %s%s\n",
                          provider->name, provider->name, hint);
    }
}

int bind_program(const Program *program, const Config *config, const ProviderPool *pool,
                 Diagnostics *diagnostics, Bindings *ret)
{
    Binder binder = {program, config, pool, diagnostics, NULL};

    *ret = (Bindings){.effect_count = program->effect_count};
    ret->effects = memory_zero(program->effect_count, sizeof *ret->effects);
    for (size_t i = 0; i < program->effect_count; i++) {
        binder.use = &program->effects[i];
        bind_effect(&binder, &ret->effects[i]);
    }
    bindings_digest(ret, config);
    return diagnostics->error_count > 0 ? ERROR_PROGRAM : 0;
}
