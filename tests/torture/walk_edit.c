/* Editing a model. */
#include <string.h>

#include "tests/torture/walk_edit.h"

#define TRIES_MAX 40 /* to find something that can be edited so */

/* ---- an edit under way ---- */

static bool choose_domain(Editor *editor)
{
    editor->domain = &editor->model->domains[chance_below(editor->chance, DOMAINS_MAX)];
    return editor->domain->exists;
}

static bool choose_unit(Editor *editor)
{
    if (!choose_domain(editor))
        return false;
    editor->unit = &editor->domain->units[chance_below(editor->chance, UNITS_MAX)];
    return editor->unit->id != 0;
}

static Emit *choose_emit(Editor *editor)
{
    if (!choose_unit(editor))
        return NULL;
    return &editor->unit->emits[chance_below(editor->chance, editor->unit->emit_count)];
}

static void say(Editor *editor, const char *what)
{
    buffer_add_format(editor->said, " %s", what);
    if (editor->unit != NULL)
        buffer_add_format(editor->said, " %s.%u", domain_name(editor->domain), editor->unit->id);
    else if (editor->domain != NULL)
        buffer_add_format(editor->said, " %s", domain_name(editor->domain));
    buffer_add_char(editor->said, ';');
}

/* ---- taking away ---- */

static void unit_remove(Domain *domain, Unit *unit, bool keep_field)
{
    for (size_t i = 0; i < UNITS_MAX; i++)
        if (domain->units[i].after == unit->id)
            domain->units[i].after = 0;
    if (keep_field && unit->kind == UNIT_ONCE && domain->relic_count < RELICS_MAX)
        domain->relics[domain->relic_count++] = (Relic){unit->id, unit->marker};
    *unit = (Unit){0};
}

/* What the unit says is said no more: those who keep it in a field go with it. */
static void withdraw(Model *model, uint32_t id)
{
    for (size_t d = 0; d < DOMAINS_MAX; d++)
        for (size_t u = 0; u < UNITS_MAX; u++) {
            Unit *unit = &model->domains[d].units[u];
            if (!model->domains[d].exists || unit->kind != UNIT_WAITS || unit->source != id)
                continue;
            if (unit->speaks)
                withdraw(model, unit->id);
            unit_remove(&model->domains[d], unit, false);
        }
}

static void domain_withdraw(Model *model, const Domain *domain)
{
    for (size_t u = 0; u < UNITS_MAX; u++)
        if (domain->units[u].speaks)
            withdraw(model, domain->units[u].id);
}

/* ---- edits: each returns NULL where it cannot be done ---- */

typedef const char *Edit(Editor *editor);

static const char *edit_number(Editor *editor)
{
    Emit *emit = choose_emit(editor);

    if (emit == NULL)
        return NULL;
    emit->number = chance_from(editor->chance, 0, 5);
    return "another size in";
}

static const char *edit_name(Editor *editor)
{
    Emit *emit = choose_emit(editor);

    if (emit == NULL || emit->effect == ZONE)
        return NULL;
    emit->name = emit->name != 0 && chance_one_in(editor->chance, 2) ? 0 : editor->model->next_id++;
    return "another name in";
}

static const char *edit_effect(Editor *editor)
{
    Emit *emit = choose_emit(editor);

    if (emit == NULL || emit->effect == ZONE)
        return NULL;
    emit->effect = (uint32_t)chance_below(editor->chance, ZONE);
    return "another effect in";
}

static const char *edit_stand(Editor *editor)
{
    Emit *emit = choose_emit(editor);

    if (emit == NULL)
        return NULL;
    switch (chance_below(editor->chance, 5)) {
    case 0:
        editor->unit->acts = !editor->unit->acts;
        break;
    case 1:
        editor->unit->together = !editor->unit->together;
        break;
    case 2:
        emit->labelled = !emit->labelled;
        break;
    case 3:
        emit->on_result = !emit->on_result;
        break;
    default:
        emit->echoes = !emit->echoes;
    }
    return "other arguments in";
}

static void emit_insert(Unit *unit, uint32_t at, Emit emit)
{
    memmove(&unit->emits[at + 1], &unit->emits[at], (unit->emit_count - at) * sizeof emit);
    unit->emits[at] = emit;
    unit->emit_count++;
}

static Emit emit_take(Unit *unit, uint32_t at)
{
    Emit emit = unit->emits[at];

    unit->emit_count--;
    memmove(&unit->emits[at], &unit->emits[at + 1], (unit->emit_count - at) * sizeof emit);
    return emit;
}

static const char *edit_emit_more(Editor *editor)
{
    if (!choose_unit(editor) || editor->domain->is_zone || editor->unit->emit_count == EMITS_MAX)
        return NULL;
    uint32_t at = chance_from(editor->chance, 0, editor->unit->emit_count);
    emit_insert(editor->unit, at, emit_make(editor));
    return "an emission more in";
}

static const char *edit_emit_less(Editor *editor)
{
    if (!choose_unit(editor) || editor->unit->emit_count == 1)
        return NULL;
    emit_take(editor->unit, chance_from(editor->chance, 0, editor->unit->emit_count - 1));
    return "an emission less in";
}

static const char *edit_emit_order(Editor *editor)
{
    if (!choose_unit(editor) || editor->unit->emit_count == 1)
        return NULL;
    Emit emit =
        emit_take(editor->unit, chance_from(editor->chance, 0, editor->unit->emit_count - 1));
    emit_insert(editor->unit, chance_from(editor->chance, 0, editor->unit->emit_count), emit);
    return "another order in";
}

static const char *edit_emit_elsewhere(Editor *editor)
{
    if (!choose_unit(editor) || editor->unit->emit_count == 1)
        return NULL;
    Unit *to = &editor->domain->units[chance_below(editor->chance, UNITS_MAX)];
    if (to->id == 0 || to == editor->unit || to->emit_count == EMITS_MAX)
        return NULL;
    Emit emit =
        emit_take(editor->unit, chance_from(editor->chance, 0, editor->unit->emit_count - 1));
    emit_insert(to, chance_from(editor->chance, 0, to->emit_count), emit);
    return "an emission goes elsewhere from";
}

static const char *edit_parameter(Editor *editor)
{
    if (!choose_domain(editor))
        return NULL;
    if (chance_one_in(editor->chance, 2))
        editor->domain->label = chance_from(editor->chance, 1, 9);
    else
        editor->domain->size = chance_from(editor->chance, 1, 9);
    return "another parameter of";
}

static const char *edit_count(Editor *editor)
{
    if (!choose_unit(editor) ||
        (editor->unit->kind != UNIT_POOL && editor->unit->kind != UNIT_LOOP))
        return NULL;
    editor->unit->count = chance_from(editor->chance, editor->unit->kind == UNIT_LOOP, 5);
    return "another count of";
}

static const char *edit_key(Editor *editor)
{
    if (!choose_domain(editor) || !editor->domain->keyed)
        return NULL;
    size_t key = chance_below(editor->chance, KEYS_MAX);
    if (chance_one_in(editor->chance, 2))
        editor->domain->started[key] = !editor->domain->started[key];
    else
        editor->domain->key_size[key] = chance_from(editor->chance, 1, 9);
    return "other instances of";
}

static const char *edit_unit_more(Editor *editor)
{
    if (!choose_unit(editor)) {
        if (!editor->domain->exists || editor->domain->is_zone)
            return NULL;
        unit_make(editor, editor->unit);
        return "new:";
    }
    return NULL;
}

static const char *edit_unit_less(Editor *editor)
{
    if (!choose_unit(editor) || editor->domain->is_zone)
        return NULL;
    say(editor, "gone:");
    withdraw(editor->model, editor->unit->id);
    unit_remove(editor->domain, editor->unit, chance_one_in(editor->chance, 2));
    editor->unit = NULL;
    return "in";
}

/* The domain in the program before; NULL: it was not there, or its name is given anew. */
static const Domain *domain_before(const Editor *editor, const Domain *domain)
{
    const Domain *was = &editor->before->domains[domain - editor->model->domains];

    return was->exists && was->birth == domain->birth ? was : NULL;
}

/* Of the same id; NULL: none. */
static const Unit *unit_before(const Domain *was, const Unit *unit)
{
    for (size_t u = 0; u < UNITS_MAX; u++)
        if (unit->id != 0 && was->units[u].id == unit->id)
            return &was->units[u];
    return NULL;
}

/* What was emitted there before is what the moves of now can name. */
static bool same_effects(const Unit *a, const Unit *b)
{
    bool has[EFFECTS_MAX][2] = {{false}};

    for (uint32_t i = 0; i < a->emit_count; i++)
        has[a->emits[i].effect][0] = true;
    for (uint32_t i = 0; i < b->emit_count; i++)
        has[b->emits[i].effect][1] = true;
    for (size_t i = 0; i < EFFECTS_MAX; i++)
        if (has[i][0] != has[i][1])
            return false;
    return true;
}

static const char *edit_unit_name(Editor *editor)
{
    if (!choose_unit(editor) || editor->unit->kind == UNIT_HEARS)
        return NULL;
    editor->unit->title++;
    if (chance_one_in(editor->chance, 2))
        return "moved:";
    editor->unit->anew = true;
    return "renamed:";
}

static const char *edit_marker(Editor *editor)
{
    if (!choose_unit(editor) || !unit_has_marker(editor->unit))
        return NULL;
    editor->unit->marker++;
    return "migrated:";
}

static const char *edit_more_said(Editor *editor)
{
    if (!choose_unit(editor) || !editor->unit->speaks)
        return NULL;
    if (chance_one_in(editor->chance, 2))
        editor->unit->said++;
    else
        editor->unit->more = chance_from(editor->chance, 0, 2);
    return "more in the event of";
}

static const char *edit_after(Editor *editor)
{
    if (!choose_unit(editor) || editor->unit->speaks || editor->unit->kind == UNIT_HEARS)
        return NULL;
    editor->unit->after = after_find(editor);
    return "another guard of";
}

static const char *edit_protect(Editor *editor)
{
    if (!choose_unit(editor) || editor->unit->kind == UNIT_HEARS ||
        (!editor->unit->protect && !chance_one_in(editor->chance, 4)))
        return NULL;
    editor->unit->protect = !editor->unit->protect;
    return "protected or not:";
}

static const char *edit_unit_order(Editor *editor)
{
    if (!choose_unit(editor))
        return NULL;
    Unit *other = &editor->domain->units[chance_below(editor->chance, UNITS_MAX)];
    Unit spare = *other;
    *other = *editor->unit;
    *editor->unit = spare;
    editor->unit = other;
    return "another place in the text for";
}

static const char *edit_domain_more(Editor *editor)
{
    uint32_t name = name_free(editor, false);

    if (choose_domain(editor) || name == NAMES_MAX)
        return NULL;
    domain_make(editor, name);
    editor->unit = NULL;
    return "new:";
}

static void zone_gone(Model *model)
{
    for (size_t i = 0; i < EFFECTS_MAX; i++)
        model->effects[i].zoned = false;
}

static const char *edit_domain_less(Editor *editor)
{
    if (!choose_domain(editor))
        return NULL;
    say(editor, "gone:");
    domain_withdraw(editor->model, editor->domain);
    if (editor->domain->is_zone)
        zone_gone(editor->model);
    *editor->domain = (Domain){0};
    editor->domain = NULL;
    return "";
}

static const char *edit_domain_name(Editor *editor)
{
    if (!choose_domain(editor))
        return NULL;
    bool moves = chance_one_in(editor->chance, 2);
    uint32_t name = name_free(editor, moves);
    if (name == NAMES_MAX)
        return NULL;
    say(editor, moves ? "moved:" : "renamed:");
    editor->domain->name = name;
    if (!moves)
        editor->domain->birth = editor->model->next_id++;
    return "to";
}

static const char *edit_binding(Editor *editor)
{
    size_t index = chance_below(editor->chance, EFFECTS_MAX);
    EffectModel *effect = &editor->model->effects[index];

    switch (chance_below(editor->chance, 6)) {
    case 0:
        effect->size_is_immutable = !effect->size_is_immutable;
        return "(size is immutable or not)";
    case 1:
        effect->label_is_immutable = !effect->label_is_immutable;
        return "(label is immutable or not)";
    case 2:
        effect->create_first = !effect->create_first;
        return "(replacements come first or not)";
    case 3:
        if (index == ZONE || !has_zone(editor->model))
            return NULL;
        effect->zoned = !effect->zoned;
        return "(a binding refers to the zone or not)";
    case 4:
        if (!effect->protect && !chance_one_in(editor->chance, 8))
            return NULL;
        effect->protect = !effect->protect;
        return "(a binding protects or not)";
    default:
        effect->tier = chance_from(editor->chance, 0, 3);
        return "(another tier in a binding)";
    }
}

static Edit *const edits[] = {
    edit_number,     edit_number,      edit_name,        edit_effect,         edit_stand,
    edit_emit_more,  edit_emit_less,   edit_emit_order,  edit_emit_elsewhere, edit_parameter,
    edit_count,      edit_count,       edit_key,         edit_unit_more,      edit_unit_less,
    edit_unit_name,  edit_marker,      edit_more_said,   edit_after,          edit_protect,
    edit_unit_order, edit_domain_more, edit_domain_less, edit_domain_name,    edit_binding,
};

/* ---- versions ---- */

static bool field_is_kept(const Domain *domain, uint32_t id, uint32_t marker)
{
    for (size_t u = 0; u < UNITS_MAX; u++)
        if (domain->units[u].id == id)
            return domain->units[u].marker == marker;
    for (size_t i = 0; i < domain->relic_count; i++)
        if (domain->relics[i].id == id)
            return domain->relics[i].marker == marker;
    return false;
}

/* The fields that there are no more want a migration, and so do those with another name. */
static bool wants_migration(Domain *domain, const Domain *was)
{
    bool wants = false;
    Marking markings[RENAMED_MAX];
    size_t count = 0;

    for (size_t u = 0; u < UNITS_MAX; u++) {
        const Unit *old = &was->units[u];
        if (old->id == 0 || !unit_has_marker(old) || field_is_kept(domain, old->id, old->marker))
            continue;
        wants = true;
        for (size_t k = 0; k < UNITS_MAX; k++)
            if (domain->units[k].id == old->id && count < RENAMED_MAX)
                markings[count++] = (Marking){old->id, old->marker, domain->units[k].marker};
    }
    if (wants) {
        memcpy(domain->markings, markings, sizeof markings);
        domain->marking_count = count;
    }
    return wants;
}

void versions_set(Editor *editor)
{
    Model *model = editor->model;

    for (size_t d = 0; d < DOMAINS_MAX; d++) {
        Domain *domain = &model->domains[d];
        const Domain *was = editor->before != NULL ? domain_before(editor, domain) : NULL;
        if (!domain->exists)
            continue;
        if (was != NULL) {
            domain->version = was->version + wants_migration(domain, was);
        } else {
            domain->version = model->versions[domain->name] + 1;
            domain->marking_count = 0;
        }
        model->versions[domain->name] = domain->version;
    }
}

/* ---- moves ---- */

static void move_add(Model *model, Move move)
{
    if (model->move_count < MOVES_MAX)
        model->moves[model->move_count++] = move;
}

/* One for each of its effects. What does not make the same any more cannot be moved. */
static void unit_move(Model *model, const Domain *domain, const Domain *was, const Unit *unit)
{
    const Unit *old = unit_before(was, unit);
    bool moved[EFFECTS_MAX] = {false};

    if (old == NULL || old->title == unit->title || unit->anew || !same_effects(old, unit))
        return;
    for (uint32_t i = 0; i < unit->emit_count; i++) {
        uint32_t effect = unit->emits[i].effect;
        if (!moved[effect])
            move_add(model, (Move){.from_name = was->name,
                                   .to_name = domain->name,
                                   .id = unit->id,
                                   .from_title = old->title,
                                   .to_title = unit->title,
                                   .effect = effect});
        moved[effect] = true;
    }
}

/* The lines that carry identity from the program before to what has another name. */
static void moves_set(Editor *editor)
{
    Model *model = editor->model;

    for (size_t d = 0; d < DOMAINS_MAX; d++) {
        const Domain *domain = &model->domains[d];
        const Domain *was = domain_before(editor, domain);
        if (!domain->exists || was == NULL)
            continue;
        if (was->name != domain->name)
            move_add(model,
                     (Move){.is_domain = true, .from_name = was->name, .to_name = domain->name});
        for (size_t u = 0; u < UNITS_MAX; u++)
            if (domain->units[u].id != 0)
                unit_move(model, domain, was, &domain->units[u]);
    }
}

/* ---- all of it ---- */

void model_edit(Model *model, Chance *chance, Buffer *said)
{
    const Model before = *model;
    Editor editor = {.model = model, .before = &before, .chance = chance, .said = said};
    size_t wanted = 1 + chance_below(chance, 3);

    model->move_count = 0;
    for (size_t d = 0; d < DOMAINS_MAX; d++)
        for (size_t u = 0; u < UNITS_MAX; u++)
            model->domains[d].units[u].anew = false;
    for (int i = 0; i < TRIES_MAX && wanted > 0; i++) {
        editor.domain = NULL;
        editor.unit = NULL;
        const char *what = edits[chance_below(chance, ARRAY_SIZE(edits))](&editor);
        if (what == NULL)
            continue;
        if (what[0] == '(')
            editor.domain = NULL;
        say(&editor, what);
        wanted--;
    }
    moves_set(&editor);
    versions_set(&editor);
}
