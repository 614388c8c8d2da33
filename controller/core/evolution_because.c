/* Why something is not as it was, in words: the binding, the parameter, the line, the resource. */
#include <string.h>

#include "controller/core/evolution_private.h"
#include "controller/core/origin.h"
#include "lang/base/json.h"
#include "lang/base/memory.h"

/* ---- lines ---- */

static const char *line_of(Passage *passage, uint32_t offset)
{
    if (!passage->has_lines)
        source_index_init(&passage->lines, &passage->evolution->program->source);
    passage->has_lines = true;
    SourcePlace place = source_index_place(&passage->lines, offset);
    return arena_format(&passage->arena, "%s:%u", place.file, place.line);
}

static const char *edit_at(Passage *passage, uint32_t offset)
{
    return arena_format(&passage->arena, "edit at %s", line_of(passage, offset));
}

/* ---- what emits an object ---- */

typedef struct UseList {
    uint32_t *items;
    size_t count, capacity;
} UseList;

static const char *effect_base(const char *effect)
{
    const char *dot = strchr(effect, '.');

    return dot != NULL ? dot + 1 : effect;
}

static char *key_of_place(Arena *arena, uint32_t domain, const char *where, const char *effect,
                          uint32_t site)
{
    return arena_format(arena, "%u %s %s %u", domain, where, effect_base(effect), site);
}

static char *key_of_effect(Arena *arena, uint32_t domain, const char *effect)
{
    return arena_format(arena, "%u %s", domain, effect_base(effect));
}

static void use_add(Passage *passage, char *key, uint32_t use)
{
    UseList *list = map_get(&passage->uses, key);

    if (list == NULL) {
        list = arena_new(&passage->arena, UseList);
        map_put(&passage->uses, key, list);
    }
    arena_reserve_one(&passage->arena, list->items, list->count, list->capacity);
    list->items[list->count++] = use;
}

static void uses_make(Passage *passage)
{
    const Program *program = passage->evolution->program;

    for (uint32_t i = 0; i < program->effect_count; i++) {
        const EffectUse *use = &program->effects[i];
        if (use->releases)
            continue;
        use_add(passage,
                key_of_place(&passage->arena, use->domain, effect_use_where(program, use),
                             use->effect, use->site),
                i);
        use_add(passage, key_of_effect(&passage->arena, use->domain, use->effect), i);
    }
}

const EffectUse *use_find(Passage *passage, const Object *object)
{
    const Program *program = passage->evolution->program;
    uint32_t domain = object->owner->domain_index;
    Arena *arena = &passage->scratch;

    if (passage->uses.count == 0)
        uses_make(passage);
    const UseList *list =
        map_get(&passage->uses, object->name != NULL
                                    ? key_of_effect(arena, domain, object->place.effect)
                                    : key_of_place(arena, domain, object->place.where,
                                                   object->place.effect, object->place.site));
    for (size_t i = 0; list != NULL && i < list->count; i++)
        if (effect_is_of_use(&program->effects[list->items[i]], object->place.effect))
            return &program->effects[list->items[i]];
    return NULL;
}

/* ---- what has changed ---- */

/* A parameter that the slice has read and that has another value now; NULL: none. */
static const char *changed_parameter(Passage *passage, const Instance *owner,
                                     const Recomputation *now)
{
    const Instance *before = instance_before(passage, owner);
    const ProgramDomain *domain = owner->domain;

    for (size_t i = 0; now->result.reads != NULL && i < domain->field_count; i++) {
        if (!now->result.reads[i] || !domain->fields[i].parameter)
            continue;
        int was = domain_find_field(before->domain, domain->fields[i].name);
        if (was < 0 || !value_equal(before->fields[was], owner->fields[i]))
            return arena_format(&passage->arena, "parameter %s.%s", domain->name,
                                domain->fields[i].name);
    }
    return NULL;
}

/* The first byte in the new text that the old one does not have there; the end of it where
 * something was taken away. */
static uint32_t first_difference(const Program *was, Span in_was, const Program *is, Span in_is)
{
    uint32_t at = 0;

    while (in_was.start + at < in_was.end && in_is.start + at < in_is.end &&
           was->source.text[in_was.start + at] == is->source.text[in_is.start + at])
        at++;
    return in_is.start + at < in_is.end ? in_is.start + at : in_is.end - 1;
}

/* The line that was edited in what the slice runs; `at`: where what has changed is emitted,
 * SIZE_MAX: nowhere. NULL: that text is as it was. */
static const char *changed_text(Passage *passage, const Instance *owner, const Origin *origin,
                                size_t at)
{
    const Program *was = passage->old->program, *is = passage->evolution->program;
    const Instance *before = instance_before(passage, owner);
    const Origin *former = before != NULL ? origin_find(before, origin->slice) : NULL;

    if (former == NULL || !origin_has_text(former))
        return NULL;
    Span in_was = cause_span(before->domain, &former->cause);
    Span in_is = cause_span(owner->domain, &origin->cause);
    if (same_text(was, in_was, is, in_is))
        return NULL;
    return edit_at(passage,
                   at != SIZE_MAX ? (uint32_t)at : first_difference(was, in_was, is, in_is));
}

/* It is what the text of functions and types, or what it stands on, makes of it. */
static const char *changed_elsewhere(Passage *passage)
{
    const Program *was = passage->old->program, *is = passage->evolution->program;
    Span in_was = {0, (uint32_t)was->source.size}, in_is = {0, (uint32_t)is->source.size};

    if (strcmp(was->digest, is->digest) == 0)
        return "what it depends on";
    if (passage->elsewhere == NULL)
        passage->elsewhere = edit_at(passage, first_difference(was, in_was, is, in_is));
    return passage->elsewhere;
}

const char *because_of_slice(Passage *passage, const Instance *owner, const Origin *origin,
                             const Recomputation *now)
{
    const char *because = changed_parameter(passage, owner, now);

    if (because == NULL)
        because = changed_text(passage, owner, origin, SIZE_MAX);
    return because != NULL ? because : changed_elsewhere(passage);
}

/* ---- of one effect ---- */

/* The program says that argument, and not its binding. */
static bool is_written(const BoundEffect *bound, const Output *output, const char *name)
{
    size_t position = 0;

    for (size_t i = 0; i < output->argument_count; i++) {
        const char *written = output->arguments[i].name;
        if (written == NULL && position < bound->positional_count)
            written = bound->positional[position++];
        if (written != NULL && strcmp(written, name) == 0)
            return true;
    }
    return false;
}

/* The first argument that differs; NULL: none does. */
static const char *changed_argument(Arena *arena, const char *before, const char *after)
{
    cleanup(json_free) Json *old = NULL, *new = NULL;

    if (before == NULL || after == NULL || json_parse_own(before, strlen(before), &old, NULL) < 0 ||
        json_parse_own(after, strlen(after), &new, NULL) < 0)
        return NULL;
    for (const Json *m = json_first(new); m != NULL; m = json_next(m))
        if (json_get(old, json_key(m)) == NULL || !json_equal(json_get(old, json_key(m)), m))
            return arena_copy_string(arena, json_key(m));
    for (const Json *m = json_first(old); m != NULL; m = json_next(m))
        if (json_get(new, json_key(m)) == NULL)
            return arena_copy_string(arena, json_key(m));
    return NULL;
}

/* The resource whose result the binding passes on there; NULL: none. */
static const char *referred_resource(Arena *arena, const BoundEffect *bound, const char *argument)
{
    const Json *value = json_get(bound->defaults, argument);
    cleanup(free) char *text = value != NULL ? json_text(value) : NULL;
    const char *open = text != NULL ? strstr(text, "${resource.") : NULL;

    if (open == NULL)
        return NULL;
    open += strlen("${resource.");
    return arena_copy_bytes(arena, open, strcspn(open, ".}"));
}

static const char *because_of_binding(Passage *passage, const RecomputedEffect *effect,
                                      const char *argument)
{
    const BoundEffect *bound = &passage->evolution->bindings->effects[effect->output->use];
    const char *resource = referred_resource(&passage->arena, bound, argument);

    if (resource != NULL)
        return arena_format(&passage->arena, "resource %s", resource);
    return arena_format(&passage->arena, "binding of %s: %s", effect->known->effect, argument);
}

const char *because_of_effect(Passage *passage, const Instance *owner, const Origin *origin,
                              const Recomputation *now, const RecomputedEffect *effect)
{
    const Program *program = passage->evolution->program;
    const BoundEffect *bound = &passage->evolution->bindings->effects[effect->output->use];
    const char *argument =
        effect->object != NULL
            ? changed_argument(&passage->scratch, effect->object->inputs, effect->arguments)
            : NULL;
    const char *because = NULL;

    if (effect->object != NULL && argument == NULL)
        return arena_format(&passage->arena, "binding of %s", effect->known->effect);
    if (argument == NULL || is_written(bound, effect->output, argument))
        because = changed_parameter(passage, owner, now);
    if (because == NULL)
        because =
            changed_text(passage, owner, origin, program->effects[effect->output->use].span.start);
    if (because == NULL && argument != NULL && !is_written(bound, effect->output, argument))
        because = because_of_binding(passage, effect, argument);
    return because != NULL ? because : changed_elsewhere(passage);
}

/* ---- of what is gone ---- */

static const char *because_of_burial(Passage *passage, const Instance *owner)
{
    const Program *program = passage->evolution->program;
    const char *name = owner->domain->name;
    int index = program_find_domain(program, name);
    const ProgramDomain *domain = index >= 0 ? &program->domains[index] : NULL;
    const char *what = domain == NULL ? "is gone"
                       : (domain->key != NULL) == (owner->key != NULL)
                           ? "is not started by `system` any more"
                       : domain->key != NULL ? "has a key now"
                                             : "has no key any more";

    return arena_format(&passage->arena, "domain %s %s", name, what);
}

const char *because_of_absence(Passage *passage, const Object *object)
{
    const Instance *owner = object->owner;
    const char *where = object->place.where;

    if (owner->is_gone)
        return because_of_burial(passage, owner);
    if (use_find(passage, object) != NULL)
        return NULL;
    if (domain_find_transition(owner->domain, where) < 0 &&
        handler_find(owner->runtime, owner->domain_index, where) < 0 &&
        timer_find(owner->runtime, owner->domain_index, where) < 0)
        return arena_format(&passage->arena, "%s.%s is gone", owner->domain->name, where);
    return arena_format(&passage->arena, "%s.%s does not emit it any more", owner->domain->name,
                        where);
}
