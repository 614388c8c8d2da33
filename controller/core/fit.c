/* An emission is known by its effect and its name, or by its place in the text; of several that are
 * called the same the first that is left is meant. As long as the slice does what it did, the n-th
 * emission is the n-th of the record, and nothing needs to be looked up. From then on what is left
 * of the record hangs in chains, one for each name or place:
 *
 *   heads["Make 7"] ──▶ effects[3] ──next──▶ effects[5] ──next──▶ NULL */
#include "fit.h"

#include <string.h>

#include "controller/core/intent.h"
#include "lang/base/memory.h"

void fitting_begin(Fitting *ret, const Runtime *runtime, Origin *origin)
{
    *ret = (Fitting){.runtime = runtime, .origin = origin, .in_order = true};
}

void fitting_deinit(Fitting *fitting)
{
    map_deinit(&fitting->heads);
    free(fitting->next);
    buffer_deinit(&fitting->name);
    buffer_deinit(&fitting->key);
}

/* ---- what an emission is called ---- */

/* "Provider.Effect" is made of these two. */
static bool is_effect(const char *text, const char *provider, const char *effect)
{
    size_t length = strlen(provider);

    return strncmp(text, provider, length) == 0 && text[length] == '.' &&
           strcmp(text + length + 1, effect) == 0;
}

static const char *effect_base(const char *effect)
{
    const char *dot = strchr(effect, '.');

    return dot != NULL ? dot + 1 : effect;
}

bool effect_is_of_use(const EffectUse *use, const char *effect)
{
    if (use->provider == NULL)
        return strcmp(effect_base(effect), use->effect) == 0;
    return is_effect(effect, use->provider, use->effect);
}

/* What says which object or deed is meant; NULL: nothing does. */
static const char *output_name(Fitting *fitting, const Output *output)
{
    Value name = output->name.type != VALUE_NULL ? output->name : output->key;

    if (name.type == VALUE_NULL)
        return NULL;
    buffer_reset(&fitting->name);
    value_print(&fitting->name, name);
    return buffer_text(&fitting->name);
}

static bool is_called(const EffectUse *use, const char *name, const OriginEffect *known)
{
    if (!effect_is_of_use(use, known->effect))
        return false;
    return name == NULL || known->name == NULL ? name == known->name && use->site == known->site
                                               : strcmp(name, known->name) == 0;
}

/* The same for an emission and its effect of the record. The provider is not in it: what is bound
 * to another one is the same emission. */
static const char *chain_key(Fitting *fitting, const char *effect, uint32_t site, const char *name)
{
    buffer_reset(&fitting->key);
    if (name != NULL)
        buffer_add_format(&fitting->key, "%s \"%s", effect, name);
    else
        buffer_add_format(&fitting->key, "%s %u", effect, site);
    return buffer_text(&fitting->key);
}

/* ---- which effect of the record is meant ---- */

/* From here on the slice does something else than it did. */
static void order_ends(Fitting *fitting)
{
    const Origin *origin = fitting->origin;

    fitting->in_order = false;
    fitting->next = memory_zero(origin->effect_count, sizeof *fitting->next);
    for (size_t i = origin->effect_count; i-- > fitting->passed;) {
        OriginEffect *known = &origin->effects[i];
        const char *key = chain_key(fitting, effect_base(known->effect), known->site, known->name);
        fitting->next[i] = map_put(&fitting->heads, key, known);
    }
}

/* Two providers may have an effect of that name: not each one of a chain is meant. */
static OriginEffect *chain_take(Fitting *fitting, const EffectUse *use, const char *name)
{
    const char *key = chain_key(fitting, use->effect, use->site, name);
    OriginEffect *known = map_get(&fitting->heads, key), *before = NULL;

    while (known != NULL && !is_called(use, name, known)) {
        before = known;
        known = fitting->next[known - fitting->origin->effects];
    }
    if (known == NULL)
        return NULL;
    OriginEffect *next = fitting->next[known - fitting->origin->effects];
    if (before != NULL)
        fitting->next[before - fitting->origin->effects] = next;
    else
        map_put(&fitting->heads, key, next);
    return known;
}

static OriginEffect *known_take(Fitting *fitting, const Output *output)
{
    const Origin *origin = fitting->origin;
    const EffectUse *use = &fitting->runtime->program->effects[output->use];
    const char *name = output_name(fitting, output);
    size_t at = fitting->passed;
    OriginEffect *known = NULL;

    if (fitting->in_order && at < origin->effect_count &&
        is_called(use, name, &origin->effects[at])) {
        known = &origin->effects[at];
    } else {
        if (fitting->in_order)
            order_ends(fitting);
        known = chain_take(fitting, use, name);
    }
    fitting->passed++;
    return known;
}

void fitting_pass(Fitting *fitting, const Output *output)
{
    if (output->kind == OUTPUT_EFFECT)
        known_take(fitting, output);
}

/* ---- what the record says of it ---- */

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL || strcmp(a, b) == 0;
}

static bool is_bound_alike(const BoundEffect *bound, const Object *object)
{
    return strcmp(bound->provider, object->provider) == 0 &&
           strcmp(bound->action, object->action) == 0 &&
           (bound->type == NULL) == (object->type == NULL) && same_text(bound->type, object->type);
}

bool effect_replaces(const BoundEffect *bound, const Object *object, const char *arguments)
{
    return object->replace || !is_bound_alike(bound, object) ||
           (arguments != NULL && arguments_force_replacement(bound, object->inputs, arguments));
}

/* Only what has a name is emitted more than once. */
static void overtaken_mark(Origin *origin)
{
    Map last = {.borrows = true};

    for (size_t i = 0; i < origin->effect_count; i++) {
        OriginEffect *effect = &origin->effects[i];
        if (effect->name == NULL || effect->uid[0] == '\0')
            continue;
        OriginEffect *before = map_put(&last, effect->uid, effect);
        if (before != NULL)
            before->overtaken = true;
    }
    map_deinit(&last);
    origin->overtaken_known = true;
}

/* With which arguments it was emitted is not known any more. */
static bool is_overtaken(Origin *origin, const OriginEffect *known)
{
    if (!origin->overtaken_known)
        overtaken_mark(origin);
    return known->overtaken;
}

/* Nothing is known of an object that is not there, nor of a deed that has become an object. */
static bool is_known(const Fitted *fitted, const BoundEffect *bound)
{
    const OriginEffect *known = fitted->known;

    if (known == NULL || (known->verb == INTENT_ACTION) != bound->is_action)
        return false;
    if (known->verb == INTENT_ACTION || known->failed)
        return true;
    return fitted->object != NULL ? !fitted->object->condemned : known->released;
}

static EffectFit fit_of_object(const Fitting *fitting, const BoundEffect *bound,
                               const Fitted *fitted, const char *arguments)
{
    const Object *object = fitted->object;

    if (object == NULL || object->origin != fitting->origin ||
        is_overtaken(fitting->origin, fitted->known))
        return FIT_APART;
    return arguments != NULL && same_text(arguments, object->inputs) &&
                   !effect_replaces(bound, object, NULL)
               ? FIT_SAME
               : FIT_OTHER;
}

static EffectFit fit_of(const Fitting *fitting, const BoundEffect *bound, const Fitted *fitted,
                        const char *arguments)
{
    const OriginEffect *known = fitted->known;

    if (known->verb == INTENT_PUT && !known->failed)
        return fit_of_object(fitting, bound, fitted, arguments);
    if (known->verb == INTENT_ACTION && arguments == NULL)
        return FIT_OTHER;
    return same_text(known->arguments, arguments) ? FIT_SAME : FIT_OTHER;
}

Fitted fitting_next(Fitting *fitting, const Output *output, const char *arguments)
{
    const BoundEffect *bound = &fitting->runtime->bindings->effects[output->use];
    Fitted fitted = {.known = known_take(fitting, output)};

    if (fitted.known != NULL && fitted.known->verb == INTENT_PUT)
        fitted.object = object_find(fitting->runtime, fitted.known->uid);
    if (!is_known(&fitted, bound))
        return (Fitted){.fit = FIT_NEW};
    fitted.fit = fit_of(fitting, bound, &fitted, arguments);
    return fitted;
}
