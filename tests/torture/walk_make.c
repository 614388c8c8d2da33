/* Making a model, and what it is asked. */
#include <stdio.h>
#include <string.h>

#include "tests/torture/walk_edit.h"

/* ---- making ---- */

Emit emit_make(Editor *editor)
{
    Chance *chance = editor->chance;
    Emit emit = {.effect = (uint32_t)chance_below(chance, ZONE)};

    if (chance_one_in(chance, 2))
        emit.name = editor->model->next_id++;
    if (!chance_one_in(chance, 3))
        emit.number = chance_from(chance, 1, 5);
    emit.labelled = chance_one_in(chance, 3);
    emit.on_result = chance_one_in(chance, 2);
    emit.echoes = chance_one_in(chance, 3);
    return emit;
}

/* A unit that says an event which nobody in the domain hears, neither now nor before; 0: none. What
 * handled it before would not be heard again. */
static uint32_t source_find(const Editor *editor)
{
    const Model *model = editor->model;
    size_t d = chance_below(editor->chance, DOMAINS_MAX);
    const Unit *source = &model->domains[d].units[chance_below(editor->chance, UNITS_MAX)];

    if (!model->domains[d].exists || !source->speaks)
        return 0;
    for (size_t u = 0; u < UNITS_MAX; u++)
        if (editor->domain->units[u].source == source->id)
            return 0;
    for (size_t i = 0; i < DOMAINS_MAX && editor->before != NULL; i++)
        for (size_t u = 0; u < UNITS_MAX; u++)
            if (editor->before->domains[i].units[u].source == source->id)
                return 0;
    return source->id;
}

uint32_t after_find(const Editor *editor)
{
    const Unit *unit = &editor->domain->units[chance_below(editor->chance, UNITS_MAX)];

    /* those that stand after one stand after a lower one, so none waits for itself */
    return unit->id != 0 && unit_has_marker(unit) && unit->id < editor->unit->id ? unit->id : 0;
}

static void unit_kind_make(Editor *editor, Unit *unit)
{
    Chance *chance = editor->chance;

    switch (chance_below(chance, 6)) {
    case 0:
        unit->kind = UNIT_POOL;
        unit->exact = chance_one_in(chance, 2);
        break;
    case 1:
        unit->kind = UNIT_LOOP;
        break;
    case 2:
    case 3:
        unit->source = source_find(editor);
        if (unit->source != 0)
            unit->kind = chance_one_in(chance, 2) ? UNIT_WAITS : UNIT_HEARS;
        break;
    default:
        break;
    }
    unit->count = chance_from(chance, 1, 4);
}

void unit_make(Editor *editor, Unit *unit)
{
    Chance *chance = editor->chance;

    *unit = (Unit){.id = editor->model->next_id++, .kind = UNIT_ONCE};
    editor->unit = unit;
    unit_kind_make(editor, unit);
    unit->strategy = chance_one_in(chance, 3);
    unit->emit_count = chance_from(chance, 1, 3);
    for (uint32_t i = 0; i < unit->emit_count; i++)
        unit->emits[i] = emit_make(editor);
    unit->speaks = unit->kind != UNIT_POOL && unit->kind != UNIT_LOOP && !editor->domain->keyed &&
                   chance_one_in(chance, 2);
    unit->said = chance_from(chance, 1, 9);
    unit->acts = chance_one_in(chance, 6);
    unit->together = chance_one_in(chance, 6);
    unit->protect = unit->kind != UNIT_HEARS && chance_one_in(chance, 40);
    if (!unit->speaks && unit->kind != UNIT_HEARS && chance_one_in(chance, 3))
        unit->after = after_find(editor);
}

uint32_t name_free(const Editor *editor, bool fresh)
{
    const Model *model = editor->model;
    uint32_t first = (uint32_t)chance_below(editor->chance, NAMES_MAX);

    for (uint32_t i = 0; i < NAMES_MAX; i++) {
        uint32_t name = (first + i) % NAMES_MAX;
        bool used = fresh && model->versions[name] != 0;
        for (size_t d = 0; d < DOMAINS_MAX; d++)
            used |= (model->domains[d].exists && model->domains[d].name == name) ||
                    (editor->before != NULL && editor->before->domains[d].exists &&
                     editor->before->domains[d].name == name);
        if (!used)
            return name;
    }
    return NAMES_MAX;
}

bool has_zone(const Model *model)
{
    for (size_t d = 0; d < DOMAINS_MAX; d++)
        if (model->domains[d].exists && model->domains[d].is_zone)
            return true;
    return false;
}

static void zone_make(Editor *editor)
{
    Domain *domain = editor->domain;
    Unit *unit = &domain->units[0];

    domain->is_zone = true;
    domain->keyed = false;
    unit_make(editor, unit);
    unit->kind = UNIT_ONCE;
    unit->source = unit->after = 0;
    unit->emit_count = 1;
    unit->emits[0].effect = ZONE;
    unit->emits[0].name = 0;
}

void domain_make(Editor *editor, uint32_t name)
{
    Chance *chance = editor->chance;
    Domain *domain = editor->domain;

    *domain = (Domain){.exists = true,
                       .name = name,
                       .birth = editor->model->next_id++,
                       .keyed = chance_one_in(chance, 5),
                       .size = chance_from(chance, 1, 9),
                       .label = chance_from(chance, 1, 9)};
    for (size_t k = 0; k < KEYS_MAX; k++) {
        domain->started[k] = chance_one_in(chance, 2);
        domain->key_size[k] = chance_from(chance, 1, 9);
    }
    if (!has_zone(editor->model) && chance_one_in(chance, 4)) {
        zone_make(editor);
        return;
    }
    size_t units = 1 + chance_below(chance, 3);
    for (size_t u = 0; u < units; u++)
        unit_make(editor, &domain->units[u]);
}

void model_make(Model *model, Chance *chance)
{
    Buffer unsaid = {0};
    Editor editor = {.model = model, .chance = chance, .said = &unsaid};
    size_t domains = 1 + chance_below(chance, 3);

    *model = (Model){.next_id = 1};
    for (size_t d = 0; d < domains; d++) {
        editor.domain = &model->domains[d];
        domain_make(&editor, name_free(&editor, false));
    }
    for (size_t i = 0; i < EFFECTS_MAX; i++) {
        EffectModel *effect = &model->effects[i];
        effect->tier = (uint32_t)chance_below(chance, 3);
        effect->zoned = i != ZONE && has_zone(model) && chance_one_in(chance, 3);
        effect->size_is_immutable = chance_one_in(chance, 4);
        effect->label_is_immutable = chance_one_in(chance, 4);
        effect->create_first = chance_one_in(chance, 3);
    }
    versions_set(&editor);
    buffer_deinit(&unsaid);
}

/* ---- asking ---- */

bool model_protects(const Model *model)
{
    for (size_t i = 0; i < EFFECTS_MAX; i++)
        if (model->effects[i].protect)
            return true;
    for (size_t d = 0; d < DOMAINS_MAX; d++)
        for (size_t u = 0; u < UNITS_MAX && model->domains[d].exists; u++)
            if (model->domains[d].units[u].id != 0 && model->domains[d].units[u].protect)
                return true;
    return false;
}

bool model_may_lose(const Model *model, const char *where)
{
    char found[40];

    for (size_t d = 0; d < DOMAINS_MAX; d++)
        for (size_t u = 0; u < UNITS_MAX && model->domains[d].exists; u++) {
            const Unit *unit = &model->domains[d].units[u];
            unit_where(unit, found, sizeof found);
            if (unit->id != 0 && unit->kind == UNIT_POOL && strcmp(found, where) == 0)
                return false;
        }
    return true;
}
